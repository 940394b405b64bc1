"""The synthesizer's face: what goes in comes back, and nothing else changes."""

from __future__ import annotations

import copy
import io
import logging
import os
import pickle
import random
import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import roc_auc_score

from synthwgan import WGANGP, Conditional, Optimizer, Residual, WGANGPSynthesizer
from synthwgan import synthesizer as synthesizer_module
from synthwgan.training.step import TrainingStep


@pytest.fixture
def model(quick: dict[str, Any]) -> WGANGPSynthesizer:
    return WGANGPSynthesizer(**quick)


@pytest.fixture
def table() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    return pd.DataFrame({"a": rng.normal(size=50), "b": rng.choice(list("xy"), 50)})


def after_steps(monkeypatch: pytest.MonkeyPatch, n_steps: int, act: Callable[[Any], Any]) -> None:
    """Let `act` replace what the step returns once it was called `n_steps` times."""
    plain, calls = TrainingStep.__call__, []

    def call(step: TrainingStep, progress: float) -> dict[str, torch.Tensor]:
        figures = plain(step, progress)
        calls.append(1)
        return act(figures) if len(calls) >= n_steps else figures

    monkeypatch.setattr(TrainingStep, "__call__", call)


def interrupt(figures: Any) -> None:
    raise KeyboardInterrupt


# The form of the rows


def test_rows_have_the_tables_columns_order_and_dtypes(model, mixed_table):
    rows = model.fit(mixed_table).sample(30, random_state=0)
    assert list(rows.columns) == list(mixed_table.columns)
    pd.testing.assert_series_equal(rows.dtypes, mixed_table.dtypes)
    assert rows.index.equals(pd.RangeIndex(30))
    assert set(rows["city"].dropna()) <= {"Bonn", "Köln", "Ulm"}
    assert rows["income"].dropna().between(*mixed_table["income"].agg(["min", "max"])).all()
    assert rows["id"].is_unique
    assert not set(rows["id"]) & set(mixed_table["id"])


def test_arrays_come_back_as_arrays(model):
    X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    rows = model.fit(X).sample(5)
    assert isinstance(rows, np.ndarray)
    assert rows.shape == (5, 3)
    assert rows.dtype == np.float32


def test_one_row_is_the_default(fitted):
    assert len(fitted.sample()) == 1


@pytest.mark.parametrize("n_samples", [1, 2, 7, 1000, np.int64(3)])
def test_the_number_of_rows_is_exact(fitted, n_samples):
    assert len(fitted.sample(n_samples)) == n_samples


def test_a_target_becomes_the_last_column(model, table):
    y = pd.Series(np.arange(50) % 3, name="class", index=table.index[::-1])
    model.fit(table, y)
    rows = model.sample(40, random_state=0)
    assert list(rows.columns) == ["a", "b", "class"]
    assert set(rows["class"]) <= {0, 1, 2}
    assert model.n_features_in_ == 2
    assert model.feature_names_in_.tolist() == ["a", "b"]


def test_a_target_without_a_name_and_one_of_an_array(model, table):
    assert list(model.fit(table, np.arange(50) % 3).sample(2).columns) == ["a", "b", "target"]
    X, y = np.random.default_rng(0).normal(size=(50, 2)), np.arange(50) % 3
    rows = clone(model).fit(X, y).sample(20)
    assert rows.shape == (20, 3)
    assert set(rows[:, 2]) <= {0, 1, 2}


def test_targets_are_taken_by_position_not_by_index(model, table):
    """Aligned by index, all of the target would be missing, and a row of it unlike itself."""
    y = pd.Series(table["b"].to_numpy(), name="again", index=range(100, 150))
    model.fit(table, y)
    assert model.schema_[2].missing_rate == 0
    joined = table.assign(again=table["b"])
    np.testing.assert_array_equal(
        model.transformer_.encode(joined, random_state=0).codes[:, 0],
        model.transformer_.encode(joined, random_state=0).codes[:, 1],
    )
    assert len(model.score_samples(table, y)) == 50


def test_text_as_target_of_an_array_leaves_the_numbers_numbers(model):
    X = np.random.default_rng(0).normal(size=(50, 2))
    model.fit(X, np.array(["no", "yes"] * 25))
    assert [column.kind for column in model.schema_] == ["numeric", "numeric", "categorical"]
    rows = model.sample(20)
    assert all(isinstance(number, float) for number in rows[:, :2].ravel())
    assert set(rows[:, 2]) <= {"no", "yes"}
    assert model.score_samples(X).shape == (50,)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros(49), "X has 50 rows, but y has 49"),
        (np.zeros((50, 2)), "y must be one column"),
        (pd.Series(np.zeros(50), name="a"), "X already has a column 'a'"),
    ],
)
def test_a_target_that_does_not_fit_is_refused(model, table, y, message):
    with pytest.raises(ValueError, match=message):
        model.fit(table, y)


# Seeds


def test_same_seed_same_rows(quick, table):
    first, again = (WGANGPSynthesizer(**quick).fit(table) for _ in range(2))
    pd.testing.assert_frame_equal(
        first.sample(20, random_state=1), again.sample(20, random_state=1)
    )
    other = WGANGPSynthesizer(**(quick | {"random_state": 1})).fit(table)
    assert not first.sample(20, random_state=1).equals(other.sample(20, random_state=1))


def test_without_a_seed_every_fit_is_another(quick, table):
    first, other = (
        WGANGPSynthesizer(**(quick | {"random_state": None})).fit(table) for _ in range(2)
    )
    assert not first.sample(20, random_state=1).equals(other.sample(20, random_state=1))


def test_seeds_of_samples(fitted):
    rows = fitted.sample(20, random_state=1)
    pd.testing.assert_frame_equal(rows, fitted.sample(20, random_state=1))
    assert not rows.equals(fitted.sample(20, random_state=2))
    assert not fitted.sample(20).equals(fitted.sample(20))


@pytest.mark.parametrize("random_state", [-1, 1.5, "seed", True])
def test_a_seed_that_is_none_is_refused(fitted, random_state):
    with pytest.raises(ValueError, match="^random_state must be "):
        fitted.sample(3, random_state=random_state)
    with pytest.raises(ValueError, match="^random_state must be "):
        fitted.sample_iter(3, random_state=random_state)


@pytest.mark.parametrize("kind", [np.random.RandomState, np.random.default_rng])
def test_random_states_are_taken_and_moved_on(quick, table, fitted, kind):
    state = kind(0)
    first, second = (fitted.sample(20, random_state=state) for _ in range(2))
    assert not first.equals(second)
    pd.testing.assert_frame_equal(first, fitted.sample(20, random_state=kind(0)))
    one, other = (
        WGANGPSynthesizer(**(quick | {"random_state": kind(3)})).fit(table) for _ in range(2)
    )
    pd.testing.assert_frame_equal(one.sample(20, random_state=1), other.sample(20, random_state=1))


# Chunks


def test_sample_iter_gives_exact_chunks(fitted):
    chunks = list(fitted.sample_iter(25, chunk_size=10, random_state=0))
    assert [len(chunk) for chunk in chunks] == [10, 10, 5]
    rows = pd.concat(chunks)
    assert rows["key"].is_unique
    assert not rows["number"].duplicated().all()
    assert not chunks[0]["number"].reset_index(drop=True).equals(chunks[1]["number"])
    assert [len(chunk) for chunk in fitted.sample_iter(10)] == [10]


def test_sample_iter_repeats_with_its_seed(fitted):
    for one, other in zip(
        fitted.sample_iter(25, chunk_size=10, random_state=0),
        fitted.sample_iter(25, chunk_size=10, random_state=0),
        strict=True,
    ):
        pd.testing.assert_frame_equal(one, other)


def test_two_iterators_do_not_disturb_each_other(fitted):
    def chunks() -> Any:
        return fitted.sample_iter(20, chunk_size=10, random_state=0)

    alone = list(chunks())
    for one, other, expected in zip(chunks(), chunks(), alone, strict=True):
        pd.testing.assert_frame_equal(one, expected)
        pd.testing.assert_frame_equal(other, expected)


def test_identifiers_stay_unique_over_many_chunks(fitted):
    """The keys have three digits: 1000 less the 60 real ones, so 900 are nearly all."""
    rows = pd.concat(fitted.sample_iter(900, chunk_size=100, random_state=0))
    assert rows["key"].is_unique


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_samples": 0}, "n_samples must be an integer >= 1, got 0"),
        ({"n_samples": 5, "chunk_size": 0}, "chunk_size must be an integer >= 1, got 0"),
        ({"n_samples": 5, "chunk_size": 2.0}, "chunk_size must be .*, got 2.0"),
    ],
)
def test_sample_iter_checks_at_the_call_not_at_the_first_chunk(fitted, arguments, message):
    with pytest.raises(ValueError, match=message):
        fitted.sample_iter(**arguments)


# Wrong calls


@pytest.mark.parametrize("n_samples", [0, -1, 2.5, 2.0, True, "3", None, np.nan, [3]])
def test_a_number_of_rows_that_is_none_is_refused(fitted, n_samples):
    with pytest.raises(ValueError, match="^n_samples must be an integer >= 1, got "):
        fitted.sample(n_samples)


@pytest.mark.parametrize("name", ["num_rows", "n", "n_rows", "count", "size"])
def test_other_packages_names_are_answered_with_ours(fitted, name):
    with pytest.raises(TypeError, match=f"no argument '{name}'; it takes n_samples$"):
        fitted.sample(**{name: 5})


def test_an_unknown_argument_and_generate(fitted):
    with pytest.raises(
        TypeError, match="no argument 'seed'; it takes n_samples and random_state, and c"
    ):
        fitted.sample(5, seed=3)
    with pytest.raises(AttributeError, match=r"'generate'; here it is sample\(n_samples=...\)"):
        fitted.generate(5, anything=True)


@pytest.mark.parametrize(
    "call",
    [
        lambda model: model.sample(3),
        lambda model: model.sample(0),
        lambda model: model.sample_iter(3),
        lambda model: model.score_samples(pd.DataFrame({"a": [1]})),
        lambda model: model.save("nowhere"),
        lambda model: model.summary(),
        lambda model: model.schema_,
        lambda model: model.n_features_in_,
    ],
    ids=["sample", "sample(0)", "sample_iter", "score", "save", "summary", "schema_", "n_features"],
)
def test_nothing_works_before_fit(call):
    with pytest.raises(NotFittedError, match="WGANGPSynthesizer instance is not fitted yet"):
        call(WGANGPSynthesizer())
    assert not os.path.exists("nowhere")


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (pd.DataFrame({"a": [1]}), "1 sample"),
        (pd.DataFrame(index=range(3)), "0 feature"),
        (pd.DataFrame({"a": [1, 1, 1]}), "all rows are the same"),
        (pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]), "more than once: .*'a'"),
        (np.zeros(5), "1D array|dimension"),
    ],
)
def test_tables_that_cannot_be_learned_are_refused(model, X, message):
    with pytest.raises(ValueError, match=message):
        model.fit(X)


# What fit leaves


def test_fitted_attributes(model, mixed_table):
    assert model.fit(mixed_table) is model
    assert list(model.history_.columns) == [
        "phase",
        "step",
        "seconds",
        "critic_loss",
        "wasserstein",
        "penalty",
        "gradient_norm",
        "moment_distance",
        "distinct_rows",
        "entropy",
    ]
    assert model.history_["phase"].tolist() == ["whole rows"] * 4 + ["conditions"]
    assert model.history_["step"].tolist() == [1, 2, 3, 4, 1]
    diversity = ["distinct_rows", "entropy"]
    assert np.isfinite(model.history_.drop(columns=["phase", *diversity]).to_numpy()).all()
    assert model.history_[diversity].notna().all(axis=1).tolist() == [True] + [False] * 4
    assert model.n_iter_ == 4
    assert 0 < model.fit_seconds_ < 60
    assert model.n_features_in_ == 8
    assert model.feature_names_in_.tolist() == list(mixed_table.columns)
    assert [column.kind for column in model.schema_][:3] == ["identifier", "categorical", "numeric"]
    assert "trained for 4 steps" in model.summary()
    assert "income" in model.summary()


def test_names_that_are_no_text_give_no_feature_names(model):
    X = np.random.default_rng(0).normal(size=(40, 3))
    assert not hasattr(model.fit(X), "feature_names_in_")


def test_parameters_are_unchanged_by_fit(quick, table):
    given = quick | {"column_kinds": {"a": "numeric"}, "max_steps": 2, "batch_size": "auto"}
    model = WGANGPSynthesizer(**given)
    before = copy.deepcopy(model.get_params())
    model.fit(table).sample(3)
    assert model.get_params() == before
    assert all(getattr(model, name) is value for name, value in given.items())


def test_the_frame_is_unchanged(model, mixed_table):
    before, y = mixed_table.copy(deep=True), pd.Series(range(80), name="y")
    model.fit(mixed_table, y)
    model.score_samples(mixed_table)
    pd.testing.assert_frame_equal(mixed_table, before)
    pd.testing.assert_series_equal(y, pd.Series(range(80), name="y"))


def state_of_the_process() -> dict[str, Any]:
    root = logging.getLogger()
    return {
        "torch": torch.get_rng_state().tolist(),
        "numpy": [str(part) for part in np.random.get_state()],  # noqa: NPY002
        "numpy words": np.random.get_state()[1].tolist(),  # noqa: NPY002
        "python": random.getstate(),
        "filters": list(warnings.filters),
        "dtype": torch.get_default_dtype(),
        "threads": torch.get_num_threads(),
        "gradients": torch.is_grad_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "logger": (root.level, list(root.handlers), root.disabled),
        "numpy errors": np.geterr(),
        "pandas": pd.get_option("mode.copy_on_write"),
        "environment": dict(os.environ) | {"PYTEST_CURRENT_TEST": ""},
        "folder": (os.getcwd(), sorted(os.listdir("."))),
    }


@pytest.mark.usefixtures("threads_stay")
def test_the_process_is_left_as_it_was(quick, mixed_table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = state_of_the_process()
    model = WGANGPSynthesizer(**(quick | {"calibrate": True, "verbose": 1}))
    assert state_of_the_process() == before
    model.fit(mixed_table)
    assert state_of_the_process() == before
    model.sample(5, random_state=0)
    list(model.sample_iter(5, chunk_size=2, random_state=0))
    model.score_samples(mixed_table)
    assert state_of_the_process() == before


def test_rows_are_scored_beside_identifiers_with_missing_cells(
    model: WGANGPSynthesizer, table: pd.DataFrame
) -> None:
    table["key"] = [None, *(f"K{k:04d}" for k in range(49))]
    scores = model.fit(table).score_samples(table)
    assert scores.shape == (50,)
    # The critic has seen which identifiers are missing, and so does the score.
    without = table.assign(key=None).astype({"key": object})
    assert (model.score_samples(without)[1:] != scores[1:]).any()


def test_personal_data_from_fit_to_file(model: WGANGPSynthesizer, tmp_path: Any) -> None:
    rng = np.random.default_rng(0)
    mails = [f"{a}{k:03d}@mail.org" for k, a in enumerate(rng.choice(["ann", "bob", "eve"], 500))]
    mails[7] = mails[3]
    people = pd.DataFrame({"mail": mails, "x": rng.normal(size=500)})
    people["town"] = ["Nuuk", *rng.choice(["Rome", "Oslo"], 499)]
    people.loc[0, "x"] = 99.0
    model.set_params(rare="mask", min_category_rows=10, protect_extremes=10)
    with pytest.warns(UserWarning, match=r"columns \['mail'\] look like personal data"):
        model.fit(people)
    model.save(tmp_path / "model")
    content = (tmp_path / "model").read_bytes()
    assert not [mail for mail in {*mails} if mail.encode() in content]
    assert b"Nuuk" not in content
    rows = WGANGPSynthesizer.load(tmp_path / "model").sample(500, random_state=0)
    assert not set(rows["mail"]) & set(mails)
    assert sorted(rows["mail"].value_counts()) == [1] * 498 + [2]
    assert rows["x"].max() < 99
    assert set(rows["town"]) <= {"Rome", "Oslo", "<rare>"}


def test_the_report_says_what_is_masked(model: WGANGPSynthesizer, table: pd.DataFrame) -> None:
    table.loc[0, "b"] = "z"
    model.set_params(rare="mask", min_category_rows=5).fit(table)
    assert "Column 'b': 1 category in 1 row masked." in model.report(table, random_state=0).notes
    assert "1 category in 1 row masked" in model.summary()


def test_the_same_seed_gives_the_same_arrays_to_save(quick):
    table = pd.DataFrame({"id": range(0, 300, 10), "letter": list("xyz") * 10})
    first, second = (
        WGANGPSynthesizer(**quick).fit(table).transformer_.to_state()[1] for _ in range(2)
    )
    assert any(name.endswith("real.words") for name in first)
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_global_seeds_do_not_matter(quick, table):
    rows = []
    for seed in (0, 1):
        state = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        try:
            rows.append(WGANGPSynthesizer(**quick).fit(table).sample(10, random_state=0))
        finally:
            torch.set_rng_state(state[0])
            np.random.set_state(state[1])  # noqa: NPY002
    pd.testing.assert_frame_equal(*rows)


def test_a_default_dtype_of_float64_is_endured(quick, table):
    torch.set_default_dtype(torch.float64)
    try:
        assert len(WGANGPSynthesizer(**(quick | {"calibrate": True})).fit(table).sample(5)) == 5
    finally:
        torch.set_default_dtype(torch.float32)


def test_fit_needs_no_gradient_mode_from_its_caller(quick, table):
    with torch.no_grad():
        inside = WGANGPSynthesizer(**quick).fit(table)
    outside = WGANGPSynthesizer(**quick).fit(table)
    pd.testing.assert_frame_equal(
        inside.sample(9, random_state=0), outside.sample(9, random_state=0)
    )


# Copies


def test_clone_is_unfitted(fitted):
    other = clone(fitted)
    assert other.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError, match="not fitted"):
        other.sample(1)


@pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))],
    ids=["deep", "pickle"],
)
def test_copies_sample_and_score_alike(fitted, copied):
    other, rows = copied(fitted), fitted.sample(20, random_state=0)
    pd.testing.assert_frame_equal(other.sample(20, random_state=0), rows)
    np.testing.assert_array_equal(other.score_samples(rows), fitted.score_samples(rows))


def test_a_copy_shares_nothing(fitted):
    before, other = fitted.sample(20, random_state=0), copy.deepcopy(fitted)
    with torch.no_grad():
        for weight in other.sampler_.generator.parameters():
            weight.zero_()
    pd.testing.assert_frame_equal(fitted.sample(20, random_state=0), before)


# Fitting again


def test_refit_takes_another_table(model, table, mixed_table):
    model.fit(table).fit(mixed_table, np.arange(80) % 2)
    assert list(model.sample(2).columns) == [*mixed_table.columns, "target"]
    model.fit(table)
    assert list(model.sample(2).columns) == ["a", "b"]
    assert model.n_features_in_ == 2


def test_refit_equals_a_fresh_fit(quick, table, mixed_table):
    again = WGANGPSynthesizer(**quick).fit(mixed_table).fit(table)
    fresh = WGANGPSynthesizer(**quick).fit(table)
    pd.testing.assert_frame_equal(again.sample(9, random_state=0), fresh.sample(9, random_state=0))


def fail(*args: Any, **kwargs: Any) -> None:
    raise RuntimeError("out of memory")


@pytest.mark.parametrize(
    "trouble",
    [
        ("batch_size", -1, ValueError, "batch_size"),
        ("column_kinds", {"nowhere": "numeric"}, ValueError, "nowhere"),
        ("train_networks", fail, RuntimeError, "out of memory"),
    ],
    ids=lambda trouble: trouble[0],
)
def test_a_failing_refit_leaves_the_old_model(model, table, mixed_table, monkeypatch, trouble):
    name, value, error, message = trouble
    before = model.fit(table).sample(9, random_state=0)
    if callable(value):
        monkeypatch.setattr(synthesizer_module, name, value)
    else:
        model.set_params(**{name: value})
    with pytest.raises(error, match=message):
        model.fit(mixed_table)
    pd.testing.assert_frame_equal(model.sample(9, random_state=0), before)
    assert len(model.score_samples(table)) == 50


@pytest.mark.parametrize("step", ["fitted.calibrate", "synthesizer.add_rejection"])
def test_a_refit_that_fails_after_training_leaves_the_old_model(
    model, table, mixed_table, monkeypatch, tmp_path, step
):
    before = model.set_params(calibrate=True).fit(table).sample(9, random_state=0)
    monkeypatch.setattr(f"synthwgan.{step}", fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        model.fit(mixed_table)
    pd.testing.assert_frame_equal(model.sample(9, random_state=0), before)
    model.save(tmp_path / "model")


@pytest.mark.parametrize("step", ["fitted.calibrate", "synthesizer.add_rejection"])
def test_a_fit_that_fails_after_training_is_no_fit(model, table, monkeypatch, step):
    monkeypatch.setattr(f"synthwgan.{step}", fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        model.set_params(calibrate=True).fit(table)
    with pytest.raises(NotFittedError, match="not fitted"):
        model.sample(1)


def test_parameters_set_after_fit_wait_for_the_next(model, table, tmp_path):
    # A clone has networks' parameters of its own: those of the fixture are all tests'.
    model = clone(model)
    before = model.fit(table).sample(9, random_state=0)
    model.set_params(generator__latent_dim=3, generator__width=5)
    pd.testing.assert_frame_equal(model.sample(9, random_state=0), before)
    model.save(tmp_path / "model")
    loaded = WGANGPSynthesizer.load(tmp_path / "model", device="cpu")
    pd.testing.assert_frame_equal(loaded.sample(9, random_state=0), before)


# Ends that come early


def test_max_seconds_bounds_training(quick, table):
    model = WGANGPSynthesizer(**(quick | {"max_steps": 10**7, "max_seconds": 0.3}))
    model.fit(table)
    assert 0.3 <= model.fit_seconds_ < 3
    assert 1 <= model.n_iter_ < 10**5
    last_steps = model.history_.groupby("phase")["step"].last()
    assert last_steps["whole rows"] == model.n_iter_
    assert last_steps["conditions"] >= 1


def test_an_interrupt_leaves_a_usable_model_and_warns(model, table, monkeypatch, tmp_path):
    after_steps(monkeypatch, 3, interrupt)
    with pytest.warns(
        UserWarning, match="model is kept, .* lacks .* ended at step 2 of whole rows"
    ) as caught:
        model.fit(table)
    assert [warning.filename for warning in caught] == [__file__]
    assert model.n_iter_ == 2
    assert len(model.history_) == 2
    assert len(model.sample(5)) == 5
    model.save(tmp_path / "model")
    assert len(WGANGPSynthesizer.load(tmp_path / "model", device="cpu").sample(5)) == 5


def test_an_interrupt_in_the_first_step_leaves_a_usable_model(model, table, monkeypatch, tmp_path):
    after_steps(monkeypatch, 1, interrupt)
    with pytest.warns(UserWarning, match="ended at step 0 of whole rows"):
        model.fit(table)
    assert model.n_iter_ == 0
    assert len(model.sample(5)) == 5
    model.save(tmp_path / "model")
    assert WGANGPSynthesizer.load(tmp_path / "model", device="cpu").history_.empty


@pytest.mark.slow
def test_ctrl_c_during_fit_in_a_real_process(tmp_path):
    code = """
import os, signal, sys, threading, warnings
import pandas as pd
from synthwgan import Residual, WGANGPSynthesizer
from synthwgan.training.step import TrainingStep
# A process in the background may have been told to ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
plain, calls = TrainingStep.__call__, []
def call(step, progress):
    calls.append(progress)
    # The first steps are a trial, to measure the cost.
    if len(calls) == 20:
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    return plain(step, progress)
TrainingStep.__call__ = call
table = pd.DataFrame({"a": range(100), "b": list("xyxz") * 25})
model = WGANGPSynthesizer(max_steps=10**7, generator=Residual(width=16), device="cpu",
                          calibrate=False, column_kinds={"a": "numeric"}, verbose=1)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    model.fit(table)
assert ["interrupted" in str(warning.message) for warning in caught] == [True], caught
assert 0 < model.n_iter_ < 10**6
model.save(sys.argv[1])
print(len(WGANGPSynthesizer.load(sys.argv[1]).sample(7)), "rows")
"""
    ended = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "model"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "7 rows\n"


def test_a_loss_that_is_not_finite_warns_and_keeps_good_weights(model, table, monkeypatch):
    after_steps(
        monkeypatch, 3, lambda figures: figures | {"critic_loss": torch.tensor(float("nan"))}
    )
    with pytest.warns(ConvergenceWarning, match="step 3: a loss was not finite.*Lower") as caught:
        model.fit(table)
    assert [warning.filename for warning in caught] == [__file__]
    assert model.history_["step"].tolist() == [1, 2]
    assert np.isfinite(model.sample(20)["a"]).all()


def test_weights_ruined_by_the_last_update_warn_too(model, table, monkeypatch):
    after_steps(monkeypatch, 1, lambda figures: figures)
    plain = TrainingStep._update

    def ruin(step: TrainingStep, name: str, loss: torch.Tensor) -> None:
        plain(step, name, loss)
        if name == "generator" and step.ema.n_updates == 3:
            with torch.no_grad():
                step.generator.output.bias.fill_(float("inf"))

    monkeypatch.setattr(TrainingStep, "_update", ruin)
    with pytest.warns(ConvergenceWarning, match="step 4: a loss was not finite"):
        model.fit(table)
    assert np.isfinite(model.sample(20)["a"]).all()


def test_an_absurd_learning_rate_gives_finite_rows_or_a_warning(quick, table):
    model = WGANGPSynthesizer(
        **quick,
        optimizer=Optimizer(generator_lr=1.0, critic_lr=1.0),
        objective=WGANGP(gradient_penalty=1e30),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(table)
    assert np.isfinite(model.sample(20)["a"]).all()


# Talking


def test_silence_is_the_default(model, mixed_table, capfd, recwarn):
    model.set_params(calibrate=True).fit(mixed_table).sample(3)
    assert capfd.readouterr() == ("", "")
    assert not [str(warning.message) for warning in recwarn]


def test_verbose_shows_the_cost_and_a_bar_on_stderr(quick, table, capfd):
    quiet = WGANGPSynthesizer(**quick).fit(table)
    model = WGANGPSynthesizer(**quick, verbose=1).fit(table)
    out, err = capfd.readouterr()
    assert not out
    assert str(model.cost_) in err
    assert "training learns" in err
    assert "1,000 steps take" in err
    assert "training, whole rows 100%" in err
    assert "training, conditions 100%" in err
    assert "step 4" in err
    pd.testing.assert_frame_equal(quiet.sample(5, random_state=0), model.sample(5, random_state=0))


# Odd tables


def distinct_rows(name: str) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    ids = [f"u{number:03d}" for number in range(40)]
    return {
        "constants and identifiers": pd.DataFrame({"id": ids, "one": 1, "none": None}),
        "identifiers only": pd.DataFrame({"id": ids, "uuid": [f"{i}-{i}" for i in ids]}),
        "one number": pd.DataFrame({"a": rng.normal(size=40)}),
        "one category": pd.DataFrame({"a": list("xy") * 20}),
        "two rows": pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [0.5, np.nan]}),
        "two rows of numbers": pd.DataFrame({"a": [0.25, 1.75]}),
        "all missing but one": pd.DataFrame({"a": [np.nan] * 39 + [1.0], "b": [None] * 40}),
        "infinite spread": pd.DataFrame({"a": np.r_[rng.normal(size=39), 1e300]}),
        "booleans": pd.DataFrame({"a": rng.random(40) < 0.5, "b": rng.random(40) < 0.1}),
    }[name]


@pytest.mark.parametrize(
    "name",
    [
        "constants and identifiers",
        "identifiers only",
        "one number",
        "one category",
        "two rows",
        "two rows of numbers",
        "all missing but one",
        "infinite spread",
        "booleans",
    ],
)
@pytest.mark.parametrize("calibrate", [False, True])
def test_odd_tables_go_all_the_way(model, name, calibrate, recwarn, tmp_path):
    table = distinct_rows(name)
    rows = model.set_params(calibrate=calibrate).fit(table).sample(30, random_state=0)
    pd.testing.assert_series_equal(rows.dtypes, table.dtypes)
    assert np.isfinite(model.score_samples(table)).all()
    for column in table:
        if table[column].nunique() <= 5:
            assert set(rows[column].dropna()) <= set(table[column].dropna())
    model.save(tmp_path / "model")
    loaded = WGANGPSynthesizer.load(tmp_path / "model", device="cpu")
    pd.testing.assert_frame_equal(loaded.sample(30, random_state=0), rows)
    warned = ["nothing to learn" in str(warning.message) for warning in recwarn]
    assert warned == [True] * ("identifiers" in name)


def test_a_table_of_100_columns(quick):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {f"c{place}": rng.normal(size=60) for place in range(60)}
        | {f"k{place}": rng.choice(list("abc"), 60) for place in range(40)}
    )
    model = WGANGPSynthesizer(**(quick | {"max_steps": 2})).fit(table)
    rows = model.sample(10)
    assert list(rows.columns) == list(table.columns)
    pd.testing.assert_series_equal(rows.dtypes, table.dtypes)
    assert model.cost_.n_slots == 60 + 3 * 40


# Scores and effects


def test_scoring_takes_the_columns_by_name_or_refuses(fitted):
    rows = fitted.sample(10, random_state=0)
    with pytest.raises(ValueError, match="label"):
        fitted.score_samples(rows.drop(columns="label"))
    scores = fitted.score_samples(rows)
    assert scores.shape == (10,)
    assert scores.dtype == np.float64
    np.testing.assert_allclose(fitted.score_samples(rows.iloc[3:5]), scores[3:5])


def test_a_target_left_out_counts_as_unknown(model, table):
    y = pd.Series(np.arange(50) % 3, name="class")
    model.fit(table, y)
    without, with_y = model.score_samples(table), model.score_samples(table, y)
    assert np.isfinite(without).all()
    assert not np.allclose(without, with_y)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("column_kinds", {"b": "categorical", "c": "categorical"}),
        ("max_categories", 2),
        ("rare", "mask"),
        ("generator", Residual(latent_dim=5, width=16, layers=1)),
        ("calibrate", True),
        ("precision", "bfloat16"),
        ("random_state", 5),
        ("batch_size", 16),
        ("max_steps", 3),
    ],
)
def test_parameters_take_effect(quick, name, value):
    """The fields of the config are tested one by one with the training; these reach fit."""
    rng = np.random.default_rng(2)
    table = pd.DataFrame(
        {
            "a": rng.normal(size=90),
            "b": rng.choice(list("vwxyz"), 90, p=[0.5, 0.3, 0.1, 0.05, 0.05]),
            "c": rng.integers(0, 60, 90),
        }
    )
    base = {"max_categories": 3} if name == "rare" else {}
    plain = WGANGPSynthesizer(**(quick | base)).fit(table)
    changed = WGANGPSynthesizer(**(quick | base | {name: value})).fit(table)
    assert not plain.sample(60, random_state=0).equals(changed.sample(60, random_state=0))


def test_the_summary_goes_into_a_text_stream(fitted):
    stream = io.StringIO()
    print(fitted.summary(), file=stream)  # noqa: T201
    assert "label" in stream.getvalue()


# Learning for real


def correlation_error(rows: pd.DataFrame, real: pd.DataFrame) -> float:
    """Mean error of rank correlations of all pairs of numbers and indicators."""

    def correlations(table: pd.DataFrame) -> np.ndarray:
        numbers = pd.DataFrame(
            {name: table[name].astype(float) for name in table if name != "kind"}
            | {f"is {kind}": table["kind"].eq(kind) for kind in ("tent", "boat", "kite", "bike")}
            | {"no first": table["first"].isna(), "no second": table["second"].isna()}
        ).astype(float)
        return numbers.corr("spearman").to_numpy()

    error = np.abs(correlations(rows) - correlations(real))
    return float(np.nanmean(error[np.triu_indices_from(error, 1)]))


@pytest.fixture(scope="module")
def synthetic(trained: WGANGPSynthesizer, dependent_table: pd.DataFrame) -> pd.DataFrame:
    return trained.sample(len(dependent_table), random_state=0)


def test_dependence_is_learned(synthetic, dependent_table, shuffled_table):
    """Clearly better than independent columns, the best that marginals alone can do."""
    baseline = correlation_error(shuffled_table, dependent_table)
    assert baseline > 0.15
    assert correlation_error(synthetic, dependent_table) < 0.4 * baseline


def test_relations_survive(synthetic, shuffled_table):
    def spread_of_prices(table: pd.DataFrame) -> float:
        prices = np.log(table["price"])
        return float((prices - prices.groupby(table["kind"]).transform("mean")).std())

    # Real: 0.25 within a kind, 1.8 over all.
    assert spread_of_prices(synthetic) < 0.8 < 1.5 < spread_of_prices(shuffled_table)
    medians = synthetic.groupby("kind")["price"].median()
    assert medians["kite"] < medians["tent"] < medians["bike"] < medians["boat"]
    # Real: 0.9.
    assert synthetic["width"].corr(synthetic["height"]) > 0.75

    def missing_alone(table: pd.DataFrame) -> float:
        return float((table["first"].isna() != table["second"].isna()).mean())

    # Real: never; shuffled: 2 * 0.28 * 0.72 = 0.4.
    assert missing_alone(synthetic) < 0.1 < 0.3 < missing_alone(shuffled_table)
    rates = synthetic["first"].isna().groupby(synthetic["kind"]).mean()
    assert rates["boat"] > 0.5 > 0.3 > rates.drop("boat").max()


def test_marginals_are_right(synthetic, dependent_table):
    shares = synthetic["kind"].value_counts(normalize=True)
    real = dependent_table["kind"].value_counts(normalize=True)
    # Standard error of a share of 1500 rows: at most 0.013.
    assert (shares - real).abs().max() < 0.05
    for name in ("price", "width", "first"):
        ranks = dependent_table[name].rank(pct=True)
        drawn = np.searchsorted(np.sort(dependent_table[name].dropna()), synthetic[name].dropna())
        assert abs(drawn.mean() / ranks.count() - 0.5) < 0.04


def test_rows_are_not_copies(synthetic, dependent_table):
    real = set(map(tuple, dependent_table[["price", "width", "height"]].to_numpy()))
    copied = [tuple(row) in real for row in synthetic[["price", "width", "height"]].to_numpy()]
    assert np.mean(copied) < 0.01


def test_scores_rank_real_rows_above_shuffled_ones(trained, dependent_table, shuffled_table):
    scores = np.concatenate(
        [trained.score_samples(dependent_table), trained.score_samples(shuffled_table)]
    )
    is_real = np.repeat([1, 0], [len(dependent_table), len(shuffled_table)])
    # 0.5 is a coin; shuffled rows break relations that hold in nearly every real row.
    assert roc_auc_score(is_real, scores) > 0.7


def test_column_names_as_target_are_explained(model, table):
    with pytest.raises(ValueError, match="y is the target's values, got column names .*column_kin"):
        model.fit(table, [table.columns[0]])
    for y in ([], [{"a": 1}]):
        with pytest.raises(ValueError, match="they must be the same"):
            model.fit(table, np.array(y, dtype=object))


def test_verbose_may_be_a_boolean(quick, table):
    WGANGPSynthesizer(**quick | {"verbose": False}).fit(table)


# Rejection


def test_rejection_is_learned_and_shown(trained, dependent_table):
    assert 0.25 <= trained.acceptance_rate_ < 1
    assert 1 <= trained.n_rejection_rounds_ <= 40
    assert f"({trained.n_rejection_rounds_} rounds)" in trained.summary()
    assert len(trained.sample(777)) == 777


def test_streamed_rows_are_those_in_memory_with_rejection(trained):
    rows = trained.sample(3000, random_state=2)
    (streamed,) = trained.sample_iter(3000, chunk_size=3000, random_state=2)
    pd.testing.assert_frame_equal(streamed, rows)
    chunks = list(trained.sample_iter(2500, chunk_size=1000, random_state=2))
    assert [len(chunk) for chunk in chunks] == [1000, 1000, 500]


def test_whole_rows_do_not_pay_for_conditions(quick, dependent_table):
    """The rows are the very same, whether conditions are learnt after them or not."""
    parameters = quick | {"calibrate": True, "rejection": 1}
    told, plain = (
        WGANGPSynthesizer(**parameters, conditional=conditional).fit(dependent_table)
        for conditional in (True, False)
    )
    rows = [model.sample(500, random_state=1) for model in (told, plain)]
    pd.testing.assert_frame_equal(*rows)
    longer = WGANGPSynthesizer(**parameters, conditional=Conditional(max_steps=3)).fit(
        dependent_table
    )
    conditions = {dependent_table.columns[0]: dependent_table.iloc[0, 0]}
    assert (longer.history_["phase"] == "conditions").sum() == 3
    drawn = [model.sample(500, conditions=conditions, random_state=1) for model in (told, longer)]
    assert not drawn[0].equals(drawn[1])


def test_an_interrupt_among_whole_rows_leaves_no_conditions(quick, table, monkeypatch):
    after_steps(monkeypatch, 3, interrupt)
    with pytest.warns(UserWarning, match="interrupted"):
        model = WGANGPSynthesizer(**quick).fit(table)
    assert model.conditional_sampler_ is None
    with pytest.raises(ValueError, match=r"conditional=True, to the end"):
        model.impute(table)


def test_an_interrupt_among_conditions_keeps_what_was_learnt(quick, table, monkeypatch):
    after_steps(monkeypatch, 6, interrupt)
    with pytest.warns(UserWarning, match="interrupted"):
        model = WGANGPSynthesizer(**quick, conditional=Conditional(max_steps=100)).fit(table)
    assert model.n_iter_ == quick["max_steps"]
    assert len(model.impute(table.head(3))) == 3


def test_rejection_none_keeps_all_rows(quick, dependent_table):
    model = WGANGPSynthesizer(**quick).fit(dependent_table)
    assert (model.acceptance_rate_, model.n_rejection_rounds_) == (1.0, 0)
    assert "keeps 100% of drawn rows (0 rounds)" in model.summary()


def test_rounds_by_number_are_bounded_and_leave_the_generator_alone(quick, dependent_table):
    plain = WGANGPSynthesizer(**quick).fit(dependent_table)
    model = WGANGPSynthesizer(**(quick | {"rejection": 1})).fit(dependent_table)
    assert model.n_rejection_rounds_ == 1
    states = [each.sampler_.generator.state_dict() for each in (plain, model)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_max_seconds_leaves_time_for_rejection(quick, dependent_table):
    bounds = {"max_steps": 10**7, "max_seconds": 2.0, "rejection": "auto"}
    model = WGANGPSynthesizer(**(quick | bounds)).fit(dependent_table)
    assert 1.7 <= model.fit_seconds_ < 2.0


def test_callbacks_see_the_history_and_end_a_phase(quick, table):
    seen, others = [], []

    def early(figures: dict[str, Any]) -> bool:
        seen.append(dict(figures))
        # What a function does to its figures concerns nobody else.
        step, phase = figures.pop("step"), figures.pop("phase")
        return phase == "whole rows" and step >= 10

    settings = quick | {"max_steps": 500, "conditional": Conditional(max_steps=5)}
    model = WGANGPSynthesizer(**settings).fit(table, callbacks=[early, others.append])
    assert pd.DataFrame(seen).equals(model.history_)
    assert pd.DataFrame(others).equals(model.history_)
    assert model.n_iter_ == seen[0]["step"] < 500
    assert model.history_["phase"].unique().tolist() == ["whole rows", "conditions"]
    assert len(model.sample(5, conditions={"b": "x"}, random_state=0)) == 5


def test_callbacks_that_only_look_change_nothing(quick, table):
    rows = [
        WGANGPSynthesizer(**quick).fit(table, callbacks=callbacks).sample(20, random_state=0)
        for callbacks in (None, [lambda figures: None])
    ]
    assert rows[0].equals(rows[1])


def test_what_a_callback_raises_ends_fit_and_leaves_the_model(quick, table):
    class Pruned(Exception):
        pass

    def prune(figures: dict[str, Any]) -> None:
        raise Pruned(figures["step"])

    model = WGANGPSynthesizer(**quick)
    with pytest.raises(Pruned):
        model.fit(table, callbacks=[prune])
    assert not hasattr(model, "history_")


@pytest.mark.parametrize("callbacks", [print, [print, None], "print"])
def test_callbacks_are_a_list_of_functions(model, table, callbacks, monkeypatch):
    monkeypatch.setattr(synthesizer_module, "train_networks", None)
    with pytest.raises(TypeError, match=r"callbacks must be a list .* such as \[print\], got"):
        model.fit(table, callbacks=callbacks)
