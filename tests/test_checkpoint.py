"""A fit that was ended goes on to the model of a fit that never was, or says why it cannot."""

from __future__ import annotations

import errno
import json
import logging
import random
import re
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from torch import nn

from synthwgan import (
    MLP,
    Checkpoint,
    EarlyStopping,
    GANOverSampler,
    Optimizer,
    Style,
    WGANGPImputer,
    WGANGPSynthesizer,
)
from synthwgan import checkpoint as checkpoint_module
from synthwgan import fitted as fitted_module
from synthwgan import synthesizer as synthesizer_module
from synthwgan.io import model as model_module
from synthwgan.io.model import digest
from synthwgan.rules import Unique
from synthwgan.sampling.boosting import RejectionPlan
from synthwgan.training.conditional import ConditionalStep
from synthwgan.training.step import TrainingStep

WHOLE_ROWS, CONDITIONS = "whole rows", "conditions"
CALIBRATION = "calibration: making the distribution of each column exact"
REJECTION = "rejection: learning which drawn rows to keep"


class Ended(Exception):
    """What ends a fit in these tests."""


@pytest.fixture(autouse=True, scope="module")
def fits_are_hasty(hasty: None) -> None:
    """Let no test wait for a calibration that it does not look at."""


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    number = rng.normal(size=90)
    return pd.DataFrame(
        {
            "key": [f"k{number:03d}" for number in rng.permutation(90)],
            "number": np.where(rng.random(90) < 0.2, np.nan, number),
            "label": np.where(number > 0, "a", rng.choice(["b", "c"], 90)),
        }
    )


@pytest.fixture(scope="module")
def settings(quick: dict[str, Any]) -> dict[str, Any]:
    return quick | {"max_steps": 12, "calibrate": True}


@pytest.fixture(scope="module")
def expected(settings, table) -> WGANGPSynthesizer:
    """The model of a fit that was never ended."""
    return fit(settings, table)


def end_at(phase: str, step: int) -> Callable[[dict[str, Any]], None]:
    def end(figures: dict[str, Any]) -> None:
        if figures["phase"] == phase and figures["step"] >= step:
            raise Ended

    return end


def fit(settings: dict[str, Any], table: Any, checkpoint: Any = None, **how: Any):
    return WGANGPSynthesizer(**settings).fit(table, checkpoint=checkpoint, **how)


def ended(settings: dict[str, Any], table: Any, checkpoint: Any, phase: str, step: int) -> None:
    with pytest.raises(Ended):
        fit(settings, table, checkpoint, callbacks=[end_at(phase, step)])


def check_same(found: WGANGPSynthesizer, expected: WGANGPSynthesizer) -> None:
    assert found.digest_ == expected.digest_
    histories = [model.history_.drop(columns="seconds") for model in (found, expected)]
    pd.testing.assert_frame_equal(*histories)
    seconds = found.history_.groupby("phase", sort=False)["seconds"]
    assert all(of_phase.is_monotonic_increasing for _, of_phase in seconds)
    rows = [model.sample(40, random_state=0) for model in (found, expected)]
    pd.testing.assert_frame_equal(*rows)
    assert found.acceptance_rate_ == expected.acceptance_rate_


# The same model


def noisy(n_in: int, n_out: int) -> nn.Module:
    """A generator that draws in training, as it can from the global state only."""
    return nn.Sequential(nn.Linear(n_in, 16), nn.Dropout(0.5), nn.Linear(16, n_out))


class CountingSGD(torch.optim.SGD):
    """An optimizer of one's own that remembers a number beside the weights."""

    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            group["n_steps"] = group.get("n_steps", 0) + 1
            group["lr"] = group["lr"] / group["n_steps"]
        super().step(closure)


FITS = {
    "default": {},
    "early stopping": {
        "early_stopping": EarlyStopping(patience=50),
        "objective": "wgan",
        "critic": MLP(width=16, packing=2, instance_noise=0.1, minibatch_features=4),
    },
    "style": {"generator": Style(latent_dim=8, width=16), "optimizer": Optimizer("NAdam")},
    "networks of one's own": {"generator": noisy, "objective": "relativistic"},
    "an optimizer of one's own": {"optimizer": lambda weights, lr: CountingSGD(weights, lr, 0.5)},
}


@pytest.mark.parametrize("name", FITS)
def test_a_fit_that_is_ended_in_training_goes_on_to_the_same_model(settings, table, tmp_path, name):
    settings, path = settings | FITS[name], tmp_path / "fit.ckpt"
    for phase, step in [(WHOLE_ROWS, 3), (WHOLE_ROWS, 9), (CONDITIONS, 3)]:
        ended(settings, table, path, phase, step)
    check_same(fit(settings, table, path), fit(settings, table))


def test_a_checkpoint_at_each_step_changes_nothing(settings, table, expected, tmp_path):
    found = fit(settings, table, Checkpoint(tmp_path / "fit.ckpt", every=0))
    check_same(found, expected)


def test_what_comes_after_training_is_done_again(settings, table, tmp_path, monkeypatch):
    table = pd.concat([table] * 12, ignore_index=True)
    settings = settings | {"rejection": 1, "batch_size": 64}
    path, expected = tmp_path / "fit.ckpt", fit(settings, table)

    def end(*arguments: Any, **options: Any) -> None:
        raise Ended

    for function in ("make_sampler", "make_conditional_sampler", "add_rejection"):
        with monkeypatch.context() as patched, pytest.raises(Ended):
            patched.setattr(synthesizer_module, function, end)
            fit(settings, table, path)
        monkeypatch.setattr("synthwgan.training.step.TrainingStep.__call__", end)
    check_same(fit(settings, table, path), expected)


def test_a_phase_that_ended_is_in_the_file_before_anything_else(
    settings, table, expected, tmp_path, monkeypatch
):
    """What a kill would find then: the next phase, or the calibration, and no step before it."""
    path, found = tmp_path / "fit.ckpt", []

    def copying(kind: type[TrainingStep]) -> None:
        def averaged(step: TrainingStep) -> nn.ModuleDict:
            found.append(shutil.copy(path, tmp_path / f"{len(found)}.ckpt"))
            return plain(step)

        plain = kind.averaged
        patched.setattr(kind, "averaged", averaged)

    with monkeypatch.context() as patched:
        copying(TrainingStep)
        copying(ConditionalStep)
        fit(settings, table, Checkpoint(path, every=1e9))
    learnt_again: list[list[str]] = []
    for each in found:
        phases: list[str] = []
        how = {"callbacks": [lambda figures, phases=phases: phases.append(figures["phase"])]}
        check_same(fit(settings, table, each, **how), expected)
        learnt_again.append(sorted(set(phases)))
    assert learnt_again == [[CONDITIONS], []]


def test_a_fit_without_a_seed_goes_on_with_the_one_it_drew(settings, table, tmp_path):
    settings, path = settings | {"random_state": None}, tmp_path / "fit.ckpt"
    ended(settings, table, path, WHOLE_ROWS, 5)
    shutil.copy(path, tmp_path / "copy.ckpt")
    found = fit(settings, table, path)
    check_same(fit(settings, table, tmp_path / "copy.ckpt"), found)


def test_ctrl_c_keeps_the_model_and_the_checkpoint(settings, table, expected, tmp_path):
    def interrupt(figures: dict[str, Any]) -> None:
        if figures["step"] == 7:
            raise KeyboardInterrupt

    checkpoint = Checkpoint(tmp_path / "fit.ckpt")
    with pytest.warns(UserWarning, match="ended at step 7 of whole rows"):
        model = fit(settings, table, checkpoint, callbacks=[interrupt])
    assert model.n_iter_ == 7 and not checkpoint.is_complete
    check_same(fit(settings, table, checkpoint), expected)
    assert checkpoint.is_complete


def test_a_detective_goes_on_too(settings, table, tmp_path, monkeypatch):
    """It held rows out, looked at them with noise of its own, and began stages."""
    monkeypatch.setattr("synthwgan.training.config.auto_max_steps", lambda n_rows: 20)
    monkeypatch.setattr("synthwgan.training.pace.MIN_GAIN", -1.0)
    monkeypatch.setattr("synthwgan.training.pace.MAX_NEARER", 1.0)
    monkeypatch.setattr("synthwgan.training.pace.MAX_FACTOR", 2)
    settings = settings | {"max_steps": "auto", "conditional": False, "batch_size": 64}
    table, path = pd.concat([table] * 12, ignore_index=True), tmp_path / "fit.ckpt"
    for step in (4, 10, 16):
        ended(settings, table, path, WHOLE_ROWS, step)
    expected = fit(settings, table)
    assert expected.n_iter_ > 20 and expected.history_["detective"].count() > 6
    check_same(fit(settings, table, path), expected)


def test_a_target_given_apart_and_an_array_go_on(settings, table, tmp_path):
    X, y = table[["number"]].to_numpy(), table["label"]
    for arguments in ((table[["number"]], y), (X,)):
        path = tmp_path / f"{len(arguments)}.ckpt"
        with pytest.raises(Ended):
            WGANGPSynthesizer(**settings).fit(
                *arguments, checkpoint=path, callbacks=[end_at(WHOLE_ROWS, 4)]
            )
        found = WGANGPSynthesizer(**settings).fit(*arguments, checkpoint=path)
        assert found.digest_ == WGANGPSynthesizer(**settings).fit(*arguments).digest_


def resampled(path: Any, table: pd.DataFrame, settings: dict[str, Any]) -> Any:
    settings = settings | {"random_state": None}
    sampler = GANOverSampler(synthesizer=WGANGPSynthesizer(**settings), random_state=0)
    more, classes = sampler.fit_resample(table[["number"]], table["label"], checkpoint=path)
    return more.assign(label=classes)


def filled(path: Any, table: pd.DataFrame, settings: dict[str, Any]) -> Any:
    settings = settings | {"random_state": None}
    imputer = WGANGPImputer(synthesizer=WGANGPSynthesizer(**settings), random_state=0, n_draws=2)
    filled = imputer.fit_transform(table, checkpoint=path)
    pd.testing.assert_frame_equal(imputer.fit(table, checkpoint=path).transform(table), filled)
    return filled


@pytest.mark.parametrize("work", [resampled, filled])
def test_what_hands_it_to_its_synthesizer_goes_on_too(settings, table, tmp_path, monkeypatch, work):
    path, plain = tmp_path / "fit.ckpt", TrainingStep.__call__
    steps: list[float] = []

    def call(step: TrainingStep, progress: float) -> Any:
        steps.append(progress)
        if len(steps) == 8:
            raise Ended
        return plain(step, progress)

    expected = work(None, table, settings)
    monkeypatch.setattr(TrainingStep, "__call__", call)
    with pytest.raises(Ended):
        work(path, table, settings)
    pd.testing.assert_frame_equal(work(path, table, settings), expected)
    assert len(steps) == 8 + 12 - 7 + 4
    with pytest.raises(ValueError, match="is of another table: it has 90 rows, not 80"):
        work(path, table.head(80), settings)
    with pytest.raises(ValueError, match="is of a fit with max_steps=12, not 13"):
        work(path, table, settings | {"max_steps": 13})


# Seconds


def test_seconds_of_all_runs_count(settings, table, tmp_path):
    settings, path = settings | {"max_seconds": 1000.0, "max_steps": 1000}, tmp_path / "fit.ckpt"
    ended(settings, table, path, WHOLE_ROWS, 120)
    change(path, lambda content: set_loop(content, "seconds", 999.0))
    model = fit(settings, table, path)
    assert model.n_iter_ < 1000
    assert model.fit_seconds_ >= 999


def test_the_deadline_of_rejection_counts_earlier_runs():
    plans = [RejectionPlan.resolve("auto", 100.0, spent) for spent in (0.0, 60.0)]
    assert plans[0].deadline - plans[1].deadline == pytest.approx(60, abs=1)
    assert plans[0].training_seconds == plans[1].training_seconds


def test_it_is_written_as_often_as_it_says(settings, table, tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(checkpoint_module, "write_checkpoint", lambda *a: written.append(a[1]))
    fit(settings, table, tmp_path / "fit.ckpt")
    # The first figures of each phase, and its end.
    assert len(written) == 4
    written.clear()
    fit(settings, table, Checkpoint(tmp_path / "fit.ckpt", every=0))
    assert len(written) == 12 + 4


# Another table, other parameters, another version


@pytest.fixture(scope="module")
def kept(settings, table, tmp_path_factory) -> Path:
    """A checkpoint of a fit that was ended."""
    path = tmp_path_factory.mktemp("kept") / "fit.ckpt"
    ended(settings, table, path, WHOLE_ROWS, 6)
    return path


def refuses(path: Path, settings: dict[str, Any], table: Any, match: str) -> None:
    before = path.read_bytes()
    with pytest.raises(ValueError, match=match) as caught:
        fit(settings, table, path)
    assert str(path) in str(caught.value) and "begin" in str(caught.value)
    assert path.read_bytes() == before


def test_another_table_is_refused_by_what_differs(settings, table, kept):
    one_cell = table.assign(number=table["number"].where(table.index != 3, 0.25))
    label = table["label"].to_numpy().copy()
    label[:2] = "d"
    both = table.assign(number=-table["number"], label=label)
    others = {
        "it has 90 rows, not 80": table.head(80),
        "other cells are in the column 'number'": one_cell,
        "other cells are in the column 'number', 'label'": both,
        "it has no column 'more'": table.assign(more=table["number"]),
        "this one has no column 'key'": table.drop(columns="key"),
        "its columns are in another order": table[["label", "number", "key"]],
        "its rows are others, or in another order": table.iloc[::-1],
    }
    for what, other in others.items():
        refuses(kept, settings, other, f"is of another table: {what}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_steps", 13),
        ("random_state", 1),
        ("critic", MLP(width=17)),
        ("rare", "mask"),
        ("max_seconds", 5.0),
        ("rules", None),
        ("precision", "bfloat16"),
        ("column_kinds", {"label": "identifier"}),
    ],
)
def test_other_parameters_are_refused_by_name(settings, table, kept, name, value):
    refuses(kept, settings | {name: value}, table, f"is of a fit with {name}=.*, not .*Set these")


def test_other_parameters_are_shown_as_they_are_written(settings, table, kept, tmp_path):
    others = {
        "column_kinds": {"label": "categorical", "key": "identifier"},
        "critic": MLP(width=17),
        "generator": lambda n_inputs, n_slots: nn.Linear(n_inputs, n_slots),
        "rules": [Unique(["key"])],
    }
    own = {name: repr(value) for name, value in others.items()}
    own["generator"] = "a function of your own"
    plain = {name: repr(settings.get(name)) for name in others} | {"rules": "'auto'"}
    path = tmp_path / "fit.ckpt"
    ended(settings | others, table, path, WHOLE_ROWS, 6)
    for name in others:
        refuses(kept, settings | others, table, re.escape(f"{name}={plain[name]}, not {own[name]}"))
        refuses(path, settings, table, re.escape(f"{name}={own[name]}, not {plain[name]}"))


def test_what_changes_no_weight_may_change(settings, table, expected, kept, tmp_path, capsys):
    path = Path(shutil.copy(kept, tmp_path))
    found = fit(settings | {"verbose": 1}, table, path)
    shown = capsys.readouterr().err
    assert f"{path}: training goes on with whole rows from step 5" in shown
    # The bar begins where training does, so that what remains is not underrated.
    assert "training, whole rows  42%" in shown and "training, whole rows   0%" not in shown
    check_same(found, expected)


@pytest.mark.parametrize("package", ["synthwgan", "torch"])
def test_another_version_is_refused_by_name(settings, table, kept, monkeypatch, package):
    def other(name: str) -> str:
        return "99.1" if name == package else plain(name)

    plain = checkpoint_module.version
    monkeypatch.setattr(checkpoint_module, "version", other)
    refuses(kept, settings, table, f"was written by .*this is .*{package} 99.1.*Install")


def test_another_number_of_threads_is_said(settings, table, kept, tmp_path, monkeypatch):
    path = Path(shutil.copy(kept, tmp_path))
    n_threads = torch.get_num_threads()
    monkeypatch.setattr(checkpoint_module.torch, "get_num_threads", lambda: n_threads + 1)
    with pytest.warns(UserWarning, match=f"{n_threads} threads of torch, and there are"):
        fit(settings, table, path)


# Files that are none


def change(path: Path, edit: Callable[[dict[str, Any]], Any], arrays: Any = None) -> None:
    """Write a checkpoint again with another description, and with a digest that is right."""
    with safe_open(path, framework="numpy") as file:
        header = dict(file.metadata())
    arrays = load_file(path) if arrays is None else arrays
    content = json.loads(header["content"])
    edit(content)
    header["content"] = json.dumps(content)
    header["digest"] = digest(header["content"], arrays)
    save_file(arrays, path, header)


def set_loop(content: dict[str, Any], name: str, value: Any) -> None:
    parts = of(of(of(content["phases"], WHOLE_ROWS), "parts"), "loop")["dict"]
    parts[[key for key, _ in parts].index(name)][1] = value


def of(packed: dict[str, Any], name: str) -> Any:
    return dict(packed["dict"])[name]


def test_files_of_other_kinds_are_refused_and_stay(settings, table, expected, kept, tmp_path):
    model = tmp_path / "model.safetensors"
    expected.save(model)
    refuses(model, settings, table, "it is a model")
    with pytest.raises(ValueError, match="is a checkpoint, of a fit that has not ended"):
        WGANGPSynthesizer.load(kept)
    text = tmp_path / "text.ckpt"
    text.write_text("a,b\n1,2\n")
    refuses(text, settings, table, "is truncated or no checkpoint")
    whole = kept.read_bytes()
    for n_bytes in (0, 9, len(whole) // 2, len(whole) - 1):
        text.write_bytes(whole[:n_bytes])
        refuses(text, settings, table, "is truncated or no checkpoint")
    turned = bytearray(whole)
    turned[-100] ^= 1
    text.write_bytes(turned)
    refuses(text, settings, table, "it is damaged")


FORGED = ["a text", -1, 1e400, None, [], {}, 10**30, {"tensor": "0"}, {"tensor": "none"}, True]


def leaves(tree: Any) -> list[tuple[Any, Any]]:
    """All places of a JSON tree, as a container and a key."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    found = []
    for key, value in list(items):
        found.append((tree, key))
        if isinstance(value, dict | list):
            found += leaves(value)
    return found


def test_forged_states_are_refused_or_another_fit(settings, table, kept, tmp_path):
    """Whoever makes the digest anew can say anything; only a file says it, so nothing is called."""
    rng, path, n_refused = random.Random(0), tmp_path / "forged.ckpt", 0
    settings = settings | {"conditional": False}
    ended(settings, table, path, WHOLE_ROWS, 6)
    whole = path.read_bytes()
    for _ in range(16):
        path.write_bytes(whole)

        def forge(content: dict[str, Any]) -> None:
            # Most places are in the phases; the others are compared with those of the fit.
            place, key = rng.choice(leaves(rng.choice([content["phases"], content])))
            place[key] = rng.choice(FORGED)

        change(path, forge)
        n_refused += not goes_on(settings, table, path)
    assert n_refused > 9


def test_forged_arrays_are_refused_or_another_fit(settings, table, tmp_path):
    rng, path, n_refused = random.Random(1), tmp_path / "forged.ckpt", 0
    settings = settings | {"conditional": False, "early_stopping": True}
    ended(settings, table, path, WHOLE_ROWS, 6)
    whole, arrays = path.read_bytes(), load_file(path)
    for _ in range(12):
        path.write_bytes(whole)
        name = rng.choice(sorted(arrays))
        array = arrays[name]
        others = [np.full_like(array, np.nan if array.dtype.kind == "f" else 2), array[..., None]]
        others += [array.astype(np.float64), np.zeros(0, np.float32), np.full(1, 1e38, np.float32)]
        change(path, lambda content: None, arrays | {name: rng.choice(others)})
        n_refused += not goes_on(settings, table, path)
    assert n_refused > 7


def goes_on(settings: dict[str, Any], table: pd.DataFrame, path: Path) -> bool:
    """Whether a fit accepts a checkpoint; else it must say that the file is at fault."""
    with warnings.catch_warnings():
        # Moments of an optimizer may be what no fit ends well with.
        warnings.simplefilter("ignore")
        try:
            fit(settings, table, path)
        except ValueError as error:
            assert str(path) in str(error)
            return False
    return True


@pytest.mark.parametrize(
    ("checkpoint", "error", "match"),
    [
        (3, TypeError, "checkpoint must be a path or a Checkpoint, got 3"),
        ("no/such/fit.ckpt", FileNotFoundError, "the folder no/such does not exist"),
        ("fit.csv", ValueError, "'fit.csv' is the name of a table"),
    ],
)
def test_what_could_hold_no_checkpoint_is_refused_before_any_work(
    settings, table, monkeypatch, checkpoint, error, match
):
    monkeypatch.setattr(synthesizer_module, "TableTransformer", None)
    with pytest.raises(error, match=match):
        fit(settings, table, checkpoint)


# Trouble in writing


def test_a_full_disk_ends_no_training(settings, table, expected, tmp_path, monkeypatch):
    path = tmp_path / "fit.ckpt"
    ended(settings, table, path, WHOLE_ROWS, 4)
    before = path.read_bytes()

    def full(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("synthwgan.io.tables._flush_to_disk", full)
        with pytest.warns(UserWarning, match="checkpoint could not be written .*no space left"):
            check_same(fit(settings, table, path), expected)
        assert path.read_bytes() == before
        assert [each.name for each in tmp_path.iterdir()] == ["fit.ckpt"]


def test_what_a_kill_left_half_written_is_removed(settings, table, kept, tmp_path):
    path = Path(shutil.copy(kept, tmp_path / "fit[1].ckpt"))
    half, others = tmp_path / ".fit[1].ckpt.0123456789ab.tmp", tmp_path / ".fit1.ckpt.tmp"
    for each in (half, others):
        each.write_bytes(b"half")
    fit(settings, table, path)
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([path.name, others.name])


def test_a_model_that_cannot_be_written_leaves_the_checkpoint(
    settings, table, tmp_path, monkeypatch
):
    path = tmp_path / "fit.ckpt"
    model = fit(settings, table, path)

    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("synthwgan.io.tables._flush_to_disk", full)
        with pytest.raises(OSError, match="no space left"):
            model.save(tmp_path / "model.safetensors")
    assert [each.name for each in tmp_path.iterdir()] == ["fit.ckpt"]
    check_same(fit(settings, table, path), model)


def test_state_that_no_file_can_hold_is_said(settings, table, tmp_path):
    class Odd(torch.optim.SGD):
        def step(self, closure: Any = None) -> None:
            self.param_groups[0]["odd"] = {1, 2}
            super().step(closure)

    settings = settings | {"optimizer": Odd}
    with pytest.raises(TypeError, match="cannot hold a set, .* fit without a checkpoint"):
        fit(settings, table, tmp_path / "fit.ckpt")


# The logger


def test_a_logger_is_told_what_happens(settings, table, tmp_path, caplog, capsys):
    table = pd.concat([table] * 12, ignore_index=True)
    settings, path = settings | {"rejection": 1, "batch_size": 64}, tmp_path / "fit.ckpt"
    with caplog.at_level(logging.DEBUG, logger="synthwgan"):
        fit(settings, table, path).save(tmp_path / "model.safetensors")
    said = [(record.levelname, record.getMessage()) for record in caplog.records]
    lines = [line for level, line in said if level == "INFO"]
    order = ["encoding the table", "training: whole rows", f"checkpoint in {path}"]
    order += ["whole rows: ended by steps at step 12", "training: conditions", CALIBRATION]
    order += [REJECTION, f"model in {tmp_path / 'model.safetensors'}"]
    places = [lines.index(line) for line in order]
    assert places == sorted(places)
    assert any(line.startswith("  round 1 ") for line in lines)
    steps = [line for level, line in said if level == "DEBUG"]
    assert len(steps) == 12 + 4
    assert steps[0].startswith("whole rows: step 1, 8%, Wasserstein ")
    assert {record.name for record in caplog.records} == {"synthwgan"}
    shown = capsys.readouterr()
    assert shown.out == shown.err == ""


def test_no_handler_but_one_that_does_nothing():
    (handler,) = logging.getLogger("synthwgan").handlers
    assert isinstance(handler, logging.NullHandler)
    assert fitted_module.LOGGER is logging.getLogger("synthwgan")
    assert model_module.CHECKPOINT not in (model_module.TABLE, model_module.DOMAINS)
