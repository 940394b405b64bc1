"""Ctrl-C leaves out a part of a fit, and never the model that was learnt."""

from __future__ import annotations

import importlib
import signal
import threading
import warnings
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from synthwgan import Checkpoint, WGANGPSynthesizer
from synthwgan.interrupts import CALIBRATION, CONDITIONS, REDRAW, REJECTION, Interrupts

WHOLE_ROWS = "the rest of training, which ended at step {} of whole rows"
OF_CONDITIONS = "the rest of training, which ended at step {} of conditions"
ROUNDS = "the rest of rejection, which ended after 1 rounds"


@pytest.fixture(scope="module")
def settings(quick: dict[str, Any]) -> dict[str, Any]:
    # Enough steps to look for mode collapse.
    return quick | {"max_steps": 20, "calibrate": True, "rejection": 3, "rules": None}


@pytest.fixture(autouse=True)
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw few rows where many make a model better: how good it is, is asked elsewhere."""
    for place in ("batchnorm.MAX_ROWS", "batchnorm.MIN_ROWS"):
        monkeypatch.setattr(f"synthwgan.training.{place}", 500)
    for place in ("calibration.STATE_ROWS", "calibration.VALUE_ROWS", "boosting.MAX_RAKING_ROWS"):
        monkeypatch.setattr(f"synthwgan.sampling.{place}", 2000)
    monkeypatch.setattr("synthwgan.sampling.boosting.TREES_PER_ROUND", 5)
    monkeypatch.setattr("synthwgan.sampling.growing.N_TREES", 1)


@pytest.fixture(autouse=True)
def ctrl_c_is_handled_as_ever():
    """A process in the background may have been told to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def press() -> None:
    """Press Ctrl-C."""
    signal.raise_signal(signal.SIGINT)


def press_before(monkeypatch: pytest.MonkeyPatch, place: str, call: int = 1) -> None:
    """Press Ctrl-C where a function is called for the nth time, which is then called."""
    owner, _, name = place.rpartition(".")
    module, _, inner = owner.partition(":")
    found: Any = importlib.import_module(f"synthwgan.{module}")
    found = getattr(found, inner) if inner else found
    plain, n_calls = getattr(found, name), 0

    def pressing(*arguments: Any, **options: Any) -> Any:
        nonlocal n_calls
        n_calls += 1
        if n_calls == call:
            press()
        return plain(*arguments, **options)

    monkeypatch.setattr(found, name, pressing)


# A place, which of its calls, and what the model lacks then. In the order of a fit.
AFTER_THE_FIRST_STEP = [
    ("training.step:TrainingStep.generator_step", 7, [WHOLE_ROWS, CONDITIONS, REJECTION]),
    ("training.checkpoint:PhaseCheckpoint.finish", 1, [CONDITIONS, REJECTION]),
    ("training.checkpoint:Checkpoints.write", 2, [CONDITIONS, REJECTION]),
    ("training.step:TrainingStep.averaged", 1, [CONDITIONS, REJECTION]),
    ("training.fit.warn_of_mode_collapse", 1, [CONDITIONS, REJECTION]),
    ("training.fit.add_context", 1, [CONDITIONS, REJECTION]),
    ("training.conditional:ConditionalStep._draw_batch", 3, [OF_CONDITIONS, REJECTION]),
    ("training.conditional:ConditionalStep.averaged", 1, [REJECTION]),
    ("training.conditional:ConditionalStep.draw_context", 2, [REJECTION]),
    ("synthesizer.make_sampler", 1, [REJECTION]),
    ("synthesizer.make_conditional_sampler", 1, [REJECTION]),
    ("sampling.calibration.calibrate_states", 1, [CALIBRATION, REJECTION]),
    ("sampling.calibration.calibrate_values", 1, [CALIBRATION, REJECTION]),
    ("sampling.calibration.calibrate_values", 2, [CALIBRATION, REJECTION]),
    ("fitted:SliceTargets.of", 1, [CALIBRATION, REJECTION]),
    ("fitted.grow", 1, [REDRAW, REJECTION]),
    ("synthesizer.add_rejection", 1, [REJECTION]),
    ("fitted.learn_rejection", 1, [REJECTION]),
    ("sampling.boosting:_Boosting.add_round", 1, [REJECTION]),
    ("sampling.boosting:_Boosting.add_round", 2, [ROUNDS]),
    ("sampling.boosting.rake", 1, [REJECTION]),
    ("synthesizer:FittedState.of", 1, []),
    ("synthesizer:WGANGPSynthesizer._keep", 1, []),
]


@pytest.mark.parametrize(("place", "call", "lacking"), AFTER_THE_FIRST_STEP)
def test_a_model_is_there_whenever_it_is_pressed(
    settings, dependent_table, monkeypatch, tmp_path, place, call, lacking
):
    press_before(monkeypatch, place, call)
    model, checkpoint = WGANGPSynthesizer(**settings), Checkpoint(tmp_path / "fit.ckpt", every=1e9)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(dependent_table, checkpoint=checkpoint)
    said = [str(each.message) for each in caught if "interrupted" in str(each.message)]
    assert len(said) == bool(lacking)
    n_done = call - 1
    for what in lacking:
        assert what.format(n_done) in said[0]
    if lacking:
        assert said[0].count("; and ") == len(lacking) - 1
        assert f"fit again with checkpoint={str(tmp_path / 'fit.ckpt')!r}" in said[0]
        assert {each.filename for each in caught} == {__file__}
    assert checkpoint.is_complete == (not lacking)
    assert (model.n_rejection_rounds_ == 0) == (REJECTION in lacking)
    assert (model.conditional_sampler_ is None) == (CONDITIONS in lacking)
    model.save(tmp_path / "model")
    loaded = WGANGPSynthesizer.load(tmp_path / "model", device="cpu")
    pd.testing.assert_frame_equal(*(one.sample(9, random_state=0) for one in (model, loaded)))
    if CONDITIONS not in lacking:
        assert loaded.sample(4, conditions={"kind": "boat"})["kind"].eq("boat").all()


@pytest.mark.parametrize(
    "place",
    ["training.step:TrainingStep.averaged", "synthesizer.make_sampler", "fitted.learn_rejection"],
)
def test_what_lacks_is_added_without_training_again(
    settings, dependent_table, monkeypatch, tmp_path, place
):
    path = tmp_path / "fit.ckpt"
    with monkeypatch.context() as patched, pytest.warns(UserWarning, match="was interrupted"):
        press_before(patched, place)
        WGANGPSynthesizer(**settings).fit(dependent_table, checkpoint=path)
    expected = WGANGPSynthesizer(**settings).fit(dependent_table)
    phases: list[str] = []
    model = WGANGPSynthesizer(**settings).fit(
        dependent_table,
        checkpoint=path,
        callbacks=[lambda figures: phases.append(figures["phase"])],
    )
    assert set(phases) == ({"conditions"} if place.endswith("averaged") else set())
    assert model.digest_ == expected.digest_
    pd.testing.assert_frame_equal(*(one.sample(40, random_state=0) for one in (model, expected)))


def test_before_there_is_a_model_it_ends_the_fit(settings, dependent_table, monkeypatch):
    for place in ("synthesizer.encoded_rows", "training.fit.build_networks"):
        model = WGANGPSynthesizer(**settings)
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            press_before(patched, place)
            model.fit(dependent_table)
        assert not hasattr(model, "sampler_")


def test_a_model_without_checkpoint_says_how_to_have_one(quick, dependent_table, monkeypatch):
    press_before(monkeypatch, "training.step:TrainingStep.generator_step", 3)
    settings = quick | {"conditional": False, "rejection": None}
    with pytest.warns(UserWarning, match="fit again; with checkpoint='fit.ckpt' a fit") as caught:
        WGANGPSynthesizer(**settings).fit(dependent_table)
    # What it would not have had is not missed.
    assert "; and " not in str(caught[0].message)


def test_of_few_rows_no_rejection_is_missed(settings, dependent_table, monkeypatch):
    press_before(monkeypatch, "sampling.calibration.calibrate_values")
    with pytest.warns(UserWarning, match=f"It lacks {CALIBRATION}. "):
        WGANGPSynthesizer(**settings).fit(dependent_table.head(200))


def test_warnings_that_are_errors_lose_no_model(quick, dependent_table, monkeypatch):
    press_before(monkeypatch, "training.step:TrainingStep.generator_step", 3)
    model = WGANGPSynthesizer(**quick)
    with warnings.catch_warnings(), pytest.raises(UserWarning, match="was interrupted"):
        warnings.simplefilter("error", UserWarning)
        model.fit(dependent_table)
    assert len(model.sample(5)) == 5


# The context


def test_it_is_held_until_an_attempt_and_then_leaves_it_out():
    done: list[str] = []
    with Interrupts() as interrupts:
        with pytest.raises(KeyboardInterrupt):
            press()
        interrupts.hold()
        assert interrupts.attempt(lambda: 3, "one") == 3
        assert not interrupts.is_interrupted
        press()
        assert interrupts.is_interrupted
        assert interrupts.attempt(lambda: done.append("two"), "two") is None
        assert interrupts.attempt(lambda: 4, "three", anyway=True) == 4
        press()
    assert done == [] and interrupts.lacking == ["two"]


def give_up() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("work", [press, give_up])
def test_an_attempt_is_ended_by_the_signal_or_by_what_it_raises(work: Callable[[], None]):
    with Interrupts() as interrupts:
        interrupts.hold()
        assert interrupts.attempt(work, "it") is None
        assert interrupts.attempt(lambda: 3, "it") is None
        # Held again.
        press()
    assert interrupts.lacking == ["it"]


def test_other_errors_pass_and_leave_it_held():
    with Interrupts() as interrupts:
        interrupts.hold()
        with pytest.raises(ZeroDivisionError):
            interrupts.attempt(lambda: 1 / 0, "it")
        press()
    assert interrupts.lacking == []


def test_a_handler_of_ones_own_stays():
    seen: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    with Interrupts() as interrupts:
        interrupts.hold()
        press()
    assert seen == [signal.SIGINT]
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_another_thread_is_never_interrupted(quick, dependent_table):
    models: list[WGANGPSynthesizer] = []
    thread = threading.Thread(
        target=lambda: models.append(WGANGPSynthesizer(**quick).fit(dependent_table))
    )
    thread.start()
    thread.join()
    assert len(models[0].sample(3)) == 3


def test_a_fit_within_a_fit(quick, dependent_table):
    """A callback may fit another model: it is the outer fit that Ctrl-C ends."""
    inner = quick | {"conditional": False}

    def fit_another(figures: dict[str, Any]) -> None:
        if figures["step"] == 2:
            WGANGPSynthesizer(**inner).fit(dependent_table.head(50))
            press()

    with pytest.warns(UserWarning, match="ended at step 2 of whole rows"):
        model = WGANGPSynthesizer(**quick).fit(dependent_table, callbacks=[fit_another])
    assert model.n_iter_ == 2
