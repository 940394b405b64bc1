"""A fit of several tables that was ended goes on to the model of a fit that never was."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import synthwgan.radial.fit
from synthwgan import MLP, Checkpoint, RadialGANSynthesizer, Residual

HERE = Path(__file__).resolve()
FOLDERS = os.pathsep.join([str(HERE.parents[2]), str(HERE.parent)])
SETTINGS = {
    "generator": Residual(latent_dim=5, width=16, layers=1),
    "critic": MLP(width=16),
    "batch_size": 48,
    "max_steps": 12,
    "rules": None,
    "device": "cpu",
    "precision": "float32",
    "random_state": 0,
}
# A fit as of `fit`, which is killed in a callback: nothing can be done about it any more.
KILLED = """
import os, signal, sys
from test_checkpoint import fit, make_tables
from synthwgan import Checkpoint

def kill(figures):
    if figures["step"] == 7:
        os.kill(os.getpid(), signal.SIGKILL)

fit(make_tables(), Checkpoint(sys.argv[1], every=0), callbacks=[kill])
"""


class Ended(Exception):
    """What ends a fit in these tests."""


def make_tables() -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(5)
    tables = {}
    for name, n_rows in (("north", 120), ("south", 70)):
        age = rng.integers(20, 90, n_rows)
        smokes = rng.choice(["yes", "no"], n_rows)
        tables[name] = pd.DataFrame({"age": age, "smokes": smokes, "ill": age > 60})
    tables["south"]["weight"] = rng.normal(70, 9, 70)
    return tables


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return make_tables()


def fit(tables: Any, checkpoint: Any = None, target: Any = "ill", **other: Any) -> Any:
    how = {name: other.pop(name) for name in ("callbacks",) if name in other}
    model = RadialGANSynthesizer(**SETTINGS | other)
    return model.fit(tables, target=target, checkpoint=checkpoint, **how)


@pytest.fixture(scope="module")
def expected(tables) -> RadialGANSynthesizer:
    """The model of a fit that was never ended."""
    return fit(tables)


def end(figures: dict[str, Any]) -> None:
    if figures["step"] == 7:
        raise Ended


@pytest.fixture(scope="module")
def kept(tables, tmp_path_factory) -> Path:
    """A checkpoint of a fit that was ended."""
    path = tmp_path_factory.mktemp("kept") / "fit.ckpt"
    with pytest.raises(Ended):
        fit(tables, path, callbacks=[end])
    return path


def check_same(found: RadialGANSynthesizer, expected: RadialGANSynthesizer) -> None:
    assert found.digest_ == expected.digest_
    histories = [model.history_.drop(columns="seconds") for model in (found, expected)]
    pd.testing.assert_frame_equal(*histories)
    for domain in ("north", "south"):
        rows = [model.sample(20, domain, random_state=0) for model in (found, expected)]
        pd.testing.assert_frame_equal(*rows)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")
def test_a_fit_that_is_killed_goes_on_to_the_same_model(tables, expected, tmp_path):
    path, threads = tmp_path / "fit.ckpt", str(torch.get_num_threads())
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, path],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        # The last digits of a model depend on the number of threads.
        env={**os.environ, "PYTHONPATH": FOLDERS, "OMP_NUM_THREADS": threads},
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    steps: list[int] = []
    found = fit(tables, path, callbacks=[lambda figures: steps.append(figures["step"])])
    assert steps == list(range(7, 13))
    check_same(found, expected)


def test_what_an_error_ends_goes_on_and_what_ended_is_not_trained_again(
    tables, expected, kept, tmp_path, monkeypatch, capsys
):
    checkpoint = Checkpoint(shutil.copy(kept, tmp_path))
    # What is shown changes no weight.
    check_same(fit(tables, checkpoint, verbose=1), expected)
    assert (
        f"{checkpoint.path}: training goes on with domains from step 6" in capsys.readouterr().err
    )
    assert checkpoint.is_complete
    monkeypatch.setattr("synthwgan.training.step.TrainingStep.__call__", None)
    check_same(fit(tables, checkpoint), expected)


def test_ctrl_c_keeps_the_model_and_the_checkpoint(tables, expected, tmp_path):
    def press(figures: dict[str, Any]) -> None:
        if figures["step"] == 5:
            raise KeyboardInterrupt

    checkpoint = Checkpoint(tmp_path / "fit.ckpt")
    with pytest.warns(UserWarning, match="ended at step 5 of domains.*with checkpoint='") as caught:
        model = fit(tables, checkpoint, callbacks=[press])
    assert len(caught) == 1 and not checkpoint.is_complete
    assert model.n_iter_ == 5 and len(model.translate(tables["north"], "north", "south")) == 120
    check_same(fit(tables, checkpoint), expected)


def test_ctrl_c_at_the_end_of_training_loses_nothing(tables, expected, monkeypatch):
    def press(*arguments: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return plain(*arguments)

    plain = synthwgan.radial.fit.states_seen
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr("synthwgan.radial.fit.states_seen", press)
    try:
        check_same(fit(tables), expected)
    finally:
        signal.signal(signal.SIGINT, before)


def test_without_a_seed_it_goes_on_with_the_one_it_drew(tables, tmp_path):
    path = tmp_path / "fit.ckpt"
    with pytest.raises(Ended):
        fit(tables, path, callbacks=[end], random_state=None)
    shutil.copy(path, tmp_path / "copy.ckpt")
    found = [fit(tables, each, random_state=None) for each in (path, tmp_path / "copy.ckpt")]
    check_same(*found)


def test_other_tables_are_refused_by_what_differs(tables, kept):
    north, south = tables["north"], tables["south"]
    older = north.assign(age=north["age"].where(north.index != 3, 99))
    others = {
        "it has 190 rows, not 180": {"north": north.head(110), "south": south},
        "other cells are in the column 'age of north'": {"north": older, "south": south},
        "it has no column 'more of south'": {"north": north, "south": south.assign(more=1.5)},
        "its rows are others, or in another order": {"north": north.iloc[::-1], "south": south},
    }
    for what, other in others.items():
        with pytest.raises(ValueError, match=f"is of another table: .*{what}"):
            fit(other, kept)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("target", "smokes"),
        ("max_steps", 13),
        ("mapping", {"age": {"north": "age", "south": "age"}}),
        ("rules", "auto"),
        ("critic", MLP(width=17)),
        ("latent_weight", 2.0),
    ],
)
def test_other_parameters_are_refused_by_name(tables, kept, name, value):
    before = kept.read_bytes()
    shown = re.escape(repr(value))
    with pytest.raises(ValueError, match=f"is of a fit with {name}=.*, not {shown}. Set these"):
        fit(tables, kept, **{name: value})
    assert kept.read_bytes() == before


def test_another_version_is_refused(tables, kept, monkeypatch):
    monkeypatch.setattr("synthwgan.checkpoint.version", lambda name: "99.1")
    with pytest.raises(ValueError, match=r"was written by .*this is .*torch 99\.1.*Install"):
        fit(tables, kept)
