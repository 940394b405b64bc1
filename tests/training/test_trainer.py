"""The loop ends by steps, time, interrupt or trouble, and keeps good weights."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable

import pytest
import torch

from synthwgan.training.pace import Steps
from synthwgan.training.trainer import Trainer


class CountingStep:
    """A step whose one weight counts the steps; it can be told to misbehave."""

    def __init__(self, on_step: Callable[[CountingStep], float | None] = lambda step: None):
        self.weight, self.progress, self.on_step = 0.0, [], on_step

    def __call__(self, progress: float) -> dict[str, torch.Tensor]:
        self.progress.append(progress)
        self.weight += 1
        figure = self.on_step(self)
        return {"loss": torch.tensor(self.weight if figure is None else figure)}

    def is_finite(self) -> bool:
        return math.isfinite(self.weight)

    def snapshot(self) -> float:
        return self.weight

    def restore(self, weights: float) -> None:
        self.weight = weights


class Recorder:
    def __init__(self) -> None:
        self.records, self.progress, self.n_ends = [], [], 0

    def on_log(self, record: dict[str, float], progress: float) -> None:
        self.records.append(record)
        self.progress.append(progress)

    def on_end(self) -> None:
        self.n_ends += 1


def run(step: CountingStep, max_steps: int = 10, max_seconds: float | None = None):
    recorder = Recorder()
    outcome = Trainer(Steps(max_steps), max_seconds, 4, [recorder]).run(step)
    return outcome, recorder


def test_stops_after_the_steps_and_logs_the_last():
    step = CountingStep()
    outcome, recorder = run(step)
    assert (outcome.n_steps, outcome.stopped_by) == (10, "steps")
    assert outcome.seconds >= 0
    assert [record["step"] for record in recorder.records] == [4, 8, 10]
    assert [record["loss"] for record in recorder.records] == [4, 8, 10]
    assert recorder.progress == pytest.approx([0.4, 0.8, 1.0])
    assert step.progress == pytest.approx([n / 10 for n in range(10)])
    assert recorder.n_ends == 1


def test_seconds_of_records_do_not_fall():
    _, recorder = run(CountingStep())
    seconds = [record["seconds"] for record in recorder.records]
    assert seconds == sorted(seconds)


def test_stops_by_time_and_logs_the_last_step():
    step = CountingStep(lambda step: time.sleep(0.01))
    outcome, recorder = run(step, max_steps=10**6, max_seconds=0.06)
    assert outcome.stopped_by == "time"
    assert 1 <= outcome.n_steps <= 6
    assert recorder.records[-1]["step"] == outcome.n_steps
    assert 0.06 <= outcome.seconds < 1


def test_progress_follows_the_bound_that_comes_first_and_never_passes_one():
    step = CountingStep(lambda step: time.sleep(0.01))
    run(step, max_steps=10**6, max_seconds=0.05)
    assert step.progress[-1] > 0.3
    assert max(step.progress) <= 1
    step = CountingStep()
    run(step, max_steps=4, max_seconds=1000)
    assert step.progress == pytest.approx([0, 0.25, 0.5, 0.75], abs=1e-3)


def test_progress_stays_one_if_time_runs_out_just_before_a_step(monkeypatch):
    """The clock is read when the loop decides and again for the progress."""
    clock = itertools.count(0, 0.3)
    monkeypatch.setattr("synthwgan.training.trainer.time.perf_counter", lambda: next(clock))
    step = CountingStep()
    outcome, _ = run(step, max_steps=10**6, max_seconds=0.5)
    assert outcome.stopped_by == "time"
    assert step.progress == [1.0]


def test_time_that_is_over_before_the_first_step_trains_nothing():
    outcome, recorder = run(CountingStep(), max_seconds=1e-9)
    assert (outcome.n_steps, outcome.stopped_by) == (0, "time")
    assert recorder.n_ends == 1


def raise_at(n_steps: int, error: type[BaseException]) -> Callable[[CountingStep], None]:
    def on_step(step: CountingStep) -> None:
        if step.weight == n_steps:
            raise error

    return on_step


def test_an_interrupt_keeps_the_weights():
    step = CountingStep(raise_at(7, KeyboardInterrupt))
    outcome, recorder = run(step)
    assert (outcome.n_steps, outcome.stopped_by) == (6, "interrupt")
    assert step.weight == 7
    assert recorder.n_ends == 1


def test_an_interrupt_from_an_observer_keeps_the_weights():
    class Impatient(Recorder):
        def on_log(self, record: dict[str, float], progress: float) -> None:
            raise KeyboardInterrupt

    step = CountingStep()
    outcome = Trainer(Steps(10), None, 4, [Impatient()]).run(step)
    assert (outcome.n_steps, outcome.stopped_by, step.weight) == (4, "interrupt", 4)


def test_an_interrupt_after_the_weights_went_bad_restores_good_ones():
    def on_step(step: CountingStep) -> float | None:
        if step.weight == 6:
            step.weight = math.nan
            raise KeyboardInterrupt

    step = CountingStep(on_step)
    outcome, _ = run(step)
    assert (outcome.stopped_by, step.weight) == ("interrupt", 4)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_restores_the_last_good_weights(bad):
    step = CountingStep(lambda step: bad if step.weight >= 6 else None)
    outcome, recorder = run(step)
    assert (outcome.n_steps, outcome.stopped_by) == (8, "non-finite")
    assert step.weight == 4
    assert [record["step"] for record in recorder.records] == [4]
    assert recorder.n_ends == 1


def test_weights_that_went_bad_in_the_last_step_are_found():
    """The loss is computed before the update, so it does not tell of the last one."""

    def on_step(step: CountingStep) -> float | None:
        if step.weight == 10:
            step.weight = math.nan
            return 1.0

    step = CountingStep(on_step)
    outcome, _ = run(step)
    assert (outcome.stopped_by, step.weight) == ("non-finite", 8)


def test_trouble_before_the_first_log_restores_the_start():
    step = CountingStep(lambda step: math.nan)
    outcome, recorder = run(step)
    assert (outcome.stopped_by, step.weight, recorder.records) == ("non-finite", 0, [])


def test_other_errors_pass_but_end_the_observers():
    recorder = Recorder()
    step = CountingStep(raise_at(3, ZeroDivisionError))
    with pytest.raises(ZeroDivisionError, match="^$"):
        Trainer(Steps(10), None, 4, [recorder]).run(step)
    assert recorder.n_ends == 1


class Impatient(Recorder):
    def on_log(self, record: dict[str, float], progress: float) -> bool:
        super().on_log(record, progress)
        return record["step"] >= 8


def test_an_observer_may_ask_for_the_end():
    impatient, last = Impatient(), Recorder()
    outcome = Trainer(Steps(100), None, 4, [impatient, last]).run(CountingStep())
    assert (outcome.n_steps, outcome.stopped_by) == (8, "callback")
    assert outcome.ended_well
    assert [record["step"] for record in last.records] == [4, 8]
    assert (impatient.n_ends, last.n_ends) == (1, 1)


def test_who_asks_for_the_end_at_the_end_did_not_cause_it():
    outcome = Trainer(Steps(8), None, 4, [Impatient()]).run(CountingStep())
    assert (outcome.n_steps, outcome.stopped_by) == (8, "steps")


def test_a_trainer_can_run_again():
    trainer = Trainer(Steps(5), None, 1)
    assert trainer.run(CountingStep()).n_steps == 5
    assert trainer.run(CountingStep()).n_steps == 5
