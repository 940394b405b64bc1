"""The state of training as a file holds it, and when the loop keeps it."""

from __future__ import annotations

import contextlib
import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from synthwgan.training.checkpoint import Checkpoints, Noise, pack, unpack
from synthwgan.training.optimizers import load_optimizer_state, make_optimizer, optimizer_state
from synthwgan.training.pace import Look, Steps, UntilLearnt
from synthwgan.training.trainer import Trainer

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
TENSORS = st.lists(st.floats(width=32)).map(torch.tensor) | st.booleans().map(torch.tensor)
STATES = st.recursive(
    SCALARS | TENSORS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        # By their bits: a checkpoint keeps NaN and -0.0 too.
        return one.dtype == other.dtype and one.numpy().tobytes() == other.numpy().tobytes()
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and repr(one) == repr(other)


@settings(max_examples=40)
@given(STATES)
def test_nested_state_comes_back(state):
    arrays: dict[str, np.ndarray] = {}
    assert same(unpack(pack(state, arrays), arrays), state)


@pytest.mark.parametrize(
    "packed",
    [[1], {}, {"tensor": "1"}, {"dict": [[1]]}, {"float": "1.0"}, {"other": 1}, {"a": 1, "b": 2}],
)
def test_what_no_state_is_packed_as_is_refused(packed):
    with pytest.raises((KeyError, TypeError, ValueError)):
        unpack(packed, {"0": np.zeros(1)})


def test_state_of_another_kind_is_refused():
    with pytest.raises(TypeError, match="cannot hold a set"):
        pack({"a": [{1}]}, {})


def test_noise_goes_on():
    rng = torch.Generator().manual_seed(0)
    state = Noise(rng).state_dict()
    drawn = torch.rand(5, generator=rng)
    other = torch.Generator()
    Noise(other).load_state_dict(state)
    assert torch.equal(torch.rand(5, generator=other), drawn)


class CountingStep:
    """A step whose weight counts the steps."""

    def __init__(self) -> None:
        self.weight = 0

    def __call__(self, progress: float) -> dict[str, torch.Tensor]:
        self.weight += 1
        return {"loss": torch.tensor(float(self.weight))}

    def is_finite(self) -> bool:
        return True

    def snapshot(self) -> int:
        return self.weight

    def restore(self, weights: int) -> None:
        self.weight = weights

    def state_dict(self) -> dict[str, Any]:
        return {"weight": self.weight}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.weight = state["weight"]


class Impatient:
    """Ends training by an error after a number of steps."""

    def __init__(self, step: int, error: type[BaseException]) -> None:
        self.step, self.error, self.steps = step, error, []

    def on_log(self, record: dict[str, float], progress: float) -> None:
        self.steps.append(record["step"])
        if record["step"] >= self.step:
            raise self.error

    def on_end(self) -> None:
        pass


class Disk:
    """Keeps what is written, in place of a file."""

    def __init__(self, every: float = 0.0) -> None:
        self.every, self.written, self.lines = every, [], []

    def write(self, content: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        self.written.append((content, arrays))

    def checkpoints(self) -> Checkpoints:
        """Checkpoints that go on from what was written last."""
        made = Checkpoints(
            self.write, contextlib.nullcontext, self.every, self.lines.append, self.lines.append
        )
        if self.written:
            content, arrays = self.written[-1]
            made.load(content["phases"], arrays, content["seconds"])
        return made

    def run(self, observer: Impatient | None = None) -> tuple[CountingStep, Any]:
        step, pace = CountingStep(), Steps(10)
        keeper = self.checkpoints().of("whole rows", {"step": step, "pace": pace})
        outcome = keeper.finished()
        if outcome is None:
            observers = [] if observer is None else [observer]
            outcome = Trainer(pace, None, 2, observers, keeper=keeper).run(step)
        return step, outcome


@pytest.mark.parametrize("error", [SystemExit, MemoryError, ZeroDivisionError])
def test_what_ends_the_loop_keeps_the_last_logged_step(error):
    disk = Disk(every=math.inf)
    with pytest.raises(error):
        disk.run(Impatient(7, error))
    assert disk.lines == [
        "training was ended after step 6 of whole rows; fit again to go on from there"
    ]
    step, outcome = disk.run()
    assert (step.weight, outcome.n_steps, outcome.stopped_by) == (10, 10, "steps")
    assert disk.lines[-1] == "training goes on with whole rows from step 6"


def test_an_interrupt_is_no_end_of_the_phase():
    disk = Disk()
    step, outcome = disk.run(Impatient(4, KeyboardInterrupt))
    assert (step.weight, outcome.stopped_by) == (4, "interrupt")
    step, outcome = disk.run()
    assert (step.weight, outcome.stopped_by) == (10, "steps")


def test_a_phase_that_has_ended_is_not_trained_again():
    disk = Disk()
    disk.run()
    n_written, seconds = len(disk.written), disk.run()[1].seconds
    step, outcome = disk.run()
    assert (step.weight, outcome.n_steps, outcome.seconds) == (10, 10, seconds)
    assert len(disk.written) == n_written


def test_an_error_before_the_first_log_leaves_what_is_there():
    disk = Disk()
    with pytest.raises(ZeroDivisionError):
        disk.run(Impatient(2, ZeroDivisionError))
    assert disk.written == []


def test_seconds_are_those_of_all_runs():
    disk = Disk()
    with pytest.raises(SystemExit):
        disk.run(Impatient(5, SystemExit))
    content, _ = disk.written[-1]
    content["seconds"] += 1000
    disk.run()
    assert disk.written[-1][0]["seconds"] > 1000


@pytest.mark.parametrize("ended_at", range(10, 400, 30))
def test_a_pace_goes_on(ended_at):
    def pace() -> UntilLearnt:
        return UntilLearnt(100, 0.4, lambda: Look(next(areas), 0.5, 0.01), lambda: None, 10)

    def run(pace: UntilLearnt, first: int, last: float) -> list[tuple[int, dict[str, float]]]:
        found = []
        for n_steps in itertools.count(first, 10):
            if n_steps > min(last, pace.max_steps):
                return found
            found.append((n_steps, pace.figures(n_steps, pace.progress(n_steps))))

    areas = (1 - 0.02 * look for look in itertools.count())
    whole = run(pace(), 10, math.inf)
    areas = (1 - 0.02 * look for look in itertools.count())
    first = pace()
    before = run(first, 10, ended_at)
    again = pace()
    again.load_state_dict(first.state_dict())
    assert before + run(again, ended_at + 10, math.inf) == whole
    assert again.max_steps > 100


@pytest.mark.parametrize("name", ["Adam", "RMSprop", "SGD", "AdamW", "NAdam", "Adagrad", "Rprop"])
def test_optimizers_go_on(name):
    def made() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(0)
        layer = torch.nn.Linear(3, 2)
        return layer, make_optimizer(name, layer.parameters(), 0.1, (0.5, 0.9))

    def train(layer: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
        for _ in range(3):
            optimizer.zero_grad()
            layer(torch.arange(3.0)).square().sum().backward()
            optimizer.step()

    with torch.random.fork_rng():
        (layer, optimizer), (other, again) = made(), made()
    train(layer, optimizer)
    other.load_state_dict(layer.state_dict())
    state = optimizer_state(optimizer)
    load_optimizer_state(again, state)
    train(layer, optimizer)
    train(other, again)
    assert all(map(torch.equal, layer.parameters(), other.parameters()))
    if state["state"]:
        state["state"][0] = {"step": torch.zeros(7)}
        with pytest.raises(ValueError, match="its optimizer is another one"):
            load_optimizer_state(again, state)
