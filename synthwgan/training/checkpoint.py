"""The state of training, kept now and then, so that a fit which was ended can go on from it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any, Protocol, Self

import numpy as np
import torch
from torch import Tensor

from synthwgan.parameters import OneOf
from synthwgan.table.checks import COUNT, STATE, check_state, expect, optional
from synthwgan.training.checks import SECONDS
from synthwgan.training.trainer import STATE as LOOP
from synthwgan.training.trainer import Trainer, TrainingOutcome

_OUTCOME = {
    "n_steps": COUNT,
    "seconds": SECONDS,
    "stopped_by": OneOf(("steps", "time", "early stopping", "callback", "non-finite")),
}


class Stateful(Protocol):
    """A part of training whose state can be taken, and put back into one made anew."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


class Noise:
    """A source of noise as a part of training.

    Parameters
    ----------
    rng : torch.Generator
        The source.
    """

    def __init__(self, rng: torch.Generator) -> None:
        self.rng = rng

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of its state."""
        return {"noise": self.rng.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put it back; torch refuses what is no state of a generator."""
        self.rng.set_state(state["noise"])


class Checkpoints:
    """The states of all phases of a fit, and when they are written.

    Parameters
    ----------
    write : callable
        Writes a description and arrays, whole or not at all; it may raise an OSError.
    refusing : callable
        Makes a context in which whatever goes wrong is the fault of what was found.
    every : float
        Seconds from one write to the next.
    report : callable
        Called with a line of text when training goes on, and when it is ended by an error.
    warn : callable
        Called with the OSError when nothing could be written.
    """

    def __init__(
        self,
        write: Callable[[dict[str, Any], dict[str, np.ndarray]], None],
        refusing: Callable[[], AbstractContextManager[None]],
        every: float,
        report: Callable[[str], None],
        warn: Callable[[OSError], None],
    ) -> None:
        self._write, self.refusing, self.every = write, refusing, every
        self.report, self._warn = report, warn
        self.phases: dict[str, dict[str, Any]] = {}
        self.seconds, self._since = 0.0, time.perf_counter()
        self._written_at = -math.inf

    def start(self) -> None:
        """Let the seconds of the fit run from now on."""
        self._since = time.perf_counter()

    def load(self, packed: Any, arrays: Mapping[str, np.ndarray], seconds: float) -> None:
        """Take the states that a file holds, and the seconds that the fit had taken."""
        phases = unpack(packed, arrays)
        expect(isinstance(phases, dict), "its phases are none")
        for phase, state in phases.items():
            check_state(f"the phase {phase}", state, {"outcome": optional(STATE), "parts": STATE})
            if state["outcome"] is not None:
                check_state("its outcome", state["outcome"], _OUTCOME)
        self.phases, self.seconds = phases, seconds

    def keep(self, phase: str, parts: dict[str, Any], outcome: dict[str, Any] | None) -> None:
        """Hold the state of a phase, to be written later."""
        self.phases[phase] = {"outcome": outcome, "parts": parts}

    def write_if_due(self) -> None:
        """Write what is held, if the last time is long enough ago."""
        if time.perf_counter() >= self._written_at + self.every:
            self.write()

    def write(self) -> None:
        """Write what is held; where that cannot be done, training is worth more than its copy."""
        arrays: dict[str, np.ndarray] = {}
        packed = pack(self.phases, arrays)
        spent = self.seconds + time.perf_counter() - self._since
        try:
            self._write({"phases": packed, "seconds": spent}, arrays)
        except OSError as error:
            self._warn(error)
        self._written_at = time.perf_counter()

    def of(self, phase: str, parts: Mapping[str, Stateful]) -> PhaseCheckpoint:
        """Return what keeps one phase.

        Parameters
        ----------
        phase : str
            Its name.
        parts : mapping of str to Stateful
            All that its training changes, in the order in which it is to be put back.
        """
        return PhaseCheckpoint(self, phase, parts)


class PhaseCheckpoint:
    """What the loop asks to keep its state; as a context, it writes when the loop is ended.

    Parameters
    ----------
    owner : Checkpoints
        Holds the states of all phases.
    phase, parts
        As for `Checkpoints.of`.
    """

    def __init__(self, owner: Checkpoints, phase: str, parts: Mapping[str, Stateful]) -> None:
        self._owner, self._phase, self._parts = owner, phase, dict(parts)
        self._is_first = True

    def finished(self) -> TrainingOutcome | None:
        """Return how the phase ended, with its parts put back; None if it did not end yet."""
        found = self._owner.phases.get(self._phase)
        if found is None or found["outcome"] is None:
            return None
        self._load(found["parts"])
        outcome = TrainingOutcome(**found["outcome"])
        self._owner.report(f"training with {self._phase} has ended before")
        return outcome

    def progress(self) -> float:
        """Return the share of the phase that is done; the bar begins there."""
        found = self._owner.phases.get(self._phase)
        if found is None:
            return 0.0
        with self._owner.refusing():
            return check_state("the loop", found["parts"].get("loop"), LOOP)["progress"]

    def begin(self, trainer: Trainer) -> None:
        """Put back what was found of an unfinished phase, the loop's own state too."""
        self._parts["loop"] = trainer
        found = self._owner.phases.get(self._phase)
        if found is not None:
            self._load(found["parts"])
            self._owner.report(f"training goes on with {self._phase} from step {trainer.n_steps}")

    def _load(self, found: dict[str, Any]) -> None:
        with self._owner.refusing():
            names = {*self._parts, "loop"}
            check_state(f"the phase {self._phase}", found, dict.fromkeys(names, STATE))
            for name, part in self._parts.items():
                part.load_state_dict(found[name])

    def keep(self) -> None:
        """Copy the state of all parts, and write it if it is time."""
        self._copy(None)
        if self._is_first:
            # Soon, so that a checkpoint which cannot be written is found out early.
            self._owner.write()
        else:
            self._owner.write_if_due()
        self._is_first = False

    def finish(self, outcome: TrainingOutcome) -> None:
        """Keep how the phase ended."""
        self._copy(asdict(outcome))
        self._owner.write()

    def _copy(self, outcome: dict[str, Any] | None) -> None:
        parts = {name: part.state_dict() for name, part in self._parts.items()}
        self._owner.keep(self._phase, parts, outcome)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        # A step that an error ended is half done: what is written is the state before it.
        if kind is not None and not self._is_first:
            self._owner.write()
            n_steps = self._owner.phases[self._phase]["parts"]["loop"]["n_steps"]
            at = f"step {n_steps} of {self._phase}"
            self._owner.report(f"training was ended after {at}; fit again to go on from there")


def pack(state: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Return nested state as JSON, and put its tensors among the arrays.

    Raises
    ------
    TypeError
        If it holds what neither can say; an optimizer of one's own may.
    """
    if isinstance(state, Tensor):
        name = str(len(arrays))
        arrays[name] = state.detach().cpu().numpy()
        return {"tensor": name}
    if isinstance(state, dict):
        return {"dict": [[key, pack(value, arrays)] for key, value in state.items()]}
    if isinstance(state, list | tuple):
        return {"list": [pack(value, arrays) for value in state]}
    if isinstance(state, float) and not math.isfinite(state):
        return {"float": str(state)}
    if state is None or isinstance(state, bool | int | float | str):
        return state
    raise TypeError(
        f"a checkpoint cannot hold a {type(state).__name__}, which the state of training has: use "
        "an optimizer that keeps tensors and numbers only, or fit without a checkpoint"
    )


def unpack(packed: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """Rebuild nested state from `pack`; whoever takes a part of it checks that part.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is nothing that `pack` writes.
    """
    if not isinstance(packed, dict):
        expect(not isinstance(packed, list), "a list of its state is none")
        return packed
    ((kind, content),) = packed.items()
    if kind == "tensor":
        return torch.from_numpy(np.array(arrays[content]))
    if kind == "dict":
        return {key: unpack(value, arrays) for key, value in content}
    if kind == "list":
        return [unpack(value, arrays) for value in content]
    expect(kind == "float" and content in ("nan", "inf", "-inf"), "a number of its state is none")
    return float(content)
