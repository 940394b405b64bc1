"""The training loop: it knows steps, time and trouble, but no model."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from torch import Tensor

from synthwgan.interrupts import Interrupts
from synthwgan.table.checks import COUNT, SHARE, check_state, expect
from synthwgan.training.checks import SECONDS
from synthwgan.training.pace import Pace
from synthwgan.training.ranks import ALONE, Ranks
from synthwgan.training.stopping import BestWeights

STATE = {"n_steps": COUNT, "seconds": SECONDS, "progress": SHARE}


class Step(Protocol):
    """What the loop needs of a model: a step, and copies of its weights to go back to."""

    def __call__(self, progress: float) -> dict[str, Tensor]: ...

    def is_finite(self) -> bool: ...

    def snapshot(self) -> Any: ...

    def restore(self, weights: Any) -> None: ...


class Observer(Protocol):
    """Called after each logged step, and at the end of training; may ask for the end itself."""

    def on_log(self, record: dict[str, float], progress: float) -> bool | None: ...

    def on_end(self) -> None: ...


class Keeper(AbstractContextManager, Protocol):
    """Keeps the state of training, see `PhaseCheckpoint`; a context around the loop."""

    def begin(self, trainer: Trainer) -> None: ...

    def keep(self) -> None: ...

    def finish(self, outcome: TrainingOutcome) -> None: ...


@dataclass(frozen=True)
class TrainingOutcome:
    """How training ended.

    Parameters
    ----------
    n_steps : int
        Steps done.
    seconds : float
        Wall-clock seconds of the loop.
    stopped_by : {"steps", "time", "early stopping", "callback", "interrupt", "non-finite"}
        What ended it.
    """

    n_steps: int
    seconds: float
    stopped_by: str

    @property
    def ended_well(self) -> bool:
        """Whether training neither failed nor was interrupted."""
        return self.stopped_by in ("steps", "time", "early stopping", "callback")

    def followed_by(self, other: TrainingOutcome) -> TrainingOutcome:
        """Both phases together: the steps of the first, all seconds, and the last end."""
        return TrainingOutcome(self.n_steps, self.seconds + other.seconds, other.stopped_by)


class Trainer:
    """Repeats a step until the steps or the seconds are used up.

    Every ``log_every`` steps and after the last one, the step's figures and weights are
    checked and the figures handed to the observers. If any is not finite, training ends with
    the weights of the last good log. An interrupt keeps the weights as they are, if finite.

    Parameters
    ----------
    pace : Pace
        Number of steps, which may change while it trains.
    max_seconds : float or None
        Wall-clock bound.
    log_every : int
        Steps between logs; reading figures costs a synchronisation on a GPU.
    observers : sequence of Observer
        Told of each log; training ends when one returns True.
    diagnose : callable, optional
        Gives more figures for a log, from the number of steps done.
    stopping : BestWeights, optional
        Says when to stop by the figures ``validation_wasserstein`` and ``validation_error``; the
        best weights are restored in the end.
    keeper : Keeper, optional
        Keeps the state after each log, and gives it back to a loop that goes on.
    interrupts : Interrupts, optional
        Told that there is a model, once the loop is over.
    ranks : Ranks, optional
        The processes that train together. What differs between them (seconds, figures, what is
        asked for) the first decides; an interrupt ends them all.
    """

    def __init__(
        self,
        pace: Pace,
        max_seconds: float | None,
        log_every: int,
        observers: Sequence[Observer] = (),
        diagnose: Callable[[int], dict[str, float]] | None = None,
        stopping: BestWeights | None = None,
        keeper: Keeper | None = None,
        interrupts: Interrupts | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        self.pace, self.ranks = pace, ranks
        self.max_seconds = math.inf if max_seconds is None else max_seconds
        self.log_every = log_every
        self.observers = observers
        self.diagnose, self.stopping = diagnose, stopping
        self.keeper = NotKept() if keeper is None else keeper
        self.interrupts = Interrupts() if interrupts is None else interrupts
        self.n_steps = 0

    def run(self, step: Step) -> TrainingOutcome:
        """Train; the step's networks hold the result."""
        self.n_steps, self._start = 0, time.perf_counter()
        self.keeper.begin(self)
        self.ranks.meet()
        self._good_weights = step.snapshot()
        try:
            with self.keeper:
                stopped_by = self._loop(step)
            self.interrupts.hold()
        except KeyboardInterrupt:
            if self.ranks.size > 1:
                # In the middle of a step, of which the others are at another place.
                raise
            self.interrupts.hold()
            stopped_by = "interrupt"
            if not step.is_finite():
                step.restore(self._good_weights)
        finally:
            if self.stopping is not None and self.stopping.best_weights is not None:
                step.restore(self.stopping.best_weights)
            for observer in self.observers:
                observer.on_end()
        outcome = TrainingOutcome(self.n_steps, self._elapsed(), stopped_by)
        if stopped_by != "interrupt":
            self.keeper.finish(outcome)
        return outcome

    def _loop(self, step: Step) -> str:
        stopped_by = self._stopped_by()
        while not stopped_by:
            figures = step(self._progress())
            self.n_steps += 1
            stopped_by = self._stopped_by()
            if self.n_steps % self.log_every and not stopped_by:
                continue
            record = self.ranks.mean({name: float(figures[name]) for name in figures})
            if not (all(map(math.isfinite, record.values())) and step.is_finite()):
                step.restore(self._good_weights)
                return "non-finite"
            self._good_weights = step.snapshot()
            if self.diagnose is not None:
                record |= self.ranks.alone(partial(self.diagnose, self.n_steps))
            record |= self.pace.figures(self.n_steps, self._progress())
            is_unwanted, is_over = self._log(record), self._is_over(record)
            if not stopped_by and (is_over or is_unwanted):
                stopped_by = "early stopping" if is_over else "callback"
            if not stopped_by:
                self.keeper.keep()
            self.ranks.meet()
        return stopped_by

    def state_dict(self) -> dict[str, Any]:
        """Return how far training is."""
        seconds, progress = self._elapsed(), self._progress()
        return {"n_steps": self.n_steps, "seconds": seconds, "progress": progress}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there; the clock too."""
        check_state("the loop", state, STATE)
        expect(state["n_steps"] < self.pace.max_steps, "it has done more steps than there are")
        self.n_steps, self._start = state["n_steps"], time.perf_counter() - state["seconds"]

    def _is_over(self, record: dict[str, float]) -> bool:
        if self.stopping is None:
            return False
        estimate, error = record["validation_wasserstein"], record["validation_error"]
        return self.stopping.should_stop(estimate, error, self._good_weights)

    def _stopped_by(self) -> str:
        if self.n_steps >= self.pace.max_steps:
            return "steps"
        return "time" if self._elapsed() >= self.max_seconds else ""

    def _log(self, record: dict[str, float]) -> bool:
        """Tell the observers; return whether one asks for the end."""
        record = {
            "step": self.n_steps,
            **self.ranks.of_first({"seconds": self._elapsed(), **record}),
        }
        progress = self._progress()
        answers = [observer.on_log(record, progress) for observer in self.observers]
        return self.ranks.of_first(any(answers))

    def _elapsed(self) -> float:
        """Seconds since the start; where they bound training, they are those of the first."""
        seconds = time.perf_counter() - self._start
        return seconds if self.max_seconds == math.inf else self.ranks.of_first(seconds)

    def _progress(self) -> float:
        # None may be left to a phase: of a fit that was gone on with, say.
        spent = self._elapsed() / self.max_seconds if self.max_seconds else 1.0
        return min(1.0, max(self.pace.progress(self.n_steps), spent))


class NotKept(AbstractContextManager):
    """Keeps nothing."""

    def __exit__(self, *error: object) -> None:
        """Let an error pass."""

    def begin(self, trainer: Trainer) -> None:
        """Nothing was kept."""

    def keep(self) -> None:
        """Nothing is kept."""

    def finish(self, outcome: TrainingOutcome) -> None:
        """Nothing is kept."""
