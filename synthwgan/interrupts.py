"""Ctrl-C in a fit: once something is learnt, it leaves out what may lack, and never the model."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Self, TypeVar

from synthwgan.warn import warn

Result = TypeVar("Result")

# What a model may lack if its fit was interrupted, as warnings say it.
TRAINING = "the rest of training, which ended at step {} of {}"
CONDITIONS = "conditions: no rows can be drawn under conditions, nor gaps filled"
CALIBRATION = "calibration: shares of categories and ranks of numbers are not made exact"
REDRAW = "the redraw of numbers: they stay as the networks draw them"
REJECTION = "rejection: all drawn rows are kept"
ROUNDS = "the rest of rejection, which ended after {} rounds"


@contextmanager
def held() -> Iterator[None]:
    """Finish what must not be lost, and takes little time, although Ctrl-C is pressed."""
    with Interrupts() as interrupts:
        interrupts.hold()
        yield


class Interrupts:
    """What Ctrl-C ends in a fit, and what the model lacks by it; a context around the fit.

    At first Ctrl-C ends the fit, as it does anywhere. From `hold` on there is a model: Ctrl-C ends
    only what `attempt` does, which the model can do without. What else has to be done takes little
    time, in which Ctrl-C is remembered until the next attempt.

    Parameters
    ----------
    can_end : bool, default True
        Whether a part of the fit can be ended. Where several processes train together it cannot:
        the others are at another place, and Ctrl-C ends the fit at any time.

    Attributes
    ----------
    lacking : list of str
        What the model lacks.
    """

    def __init__(self, *, can_end: bool = True) -> None:
        self.can_end = can_end
        self.lacking: list[str] = []
        self._is_held, self._is_waiting, self._is_watching = False, False, False

    def __enter__(self) -> Self:
        # Only the main thread is interrupted; and who handles the signal otherwise knows why.
        is_main = threading.current_thread() is threading.main_thread()
        if (
            self.can_end
            and is_main
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        ):
            signal.signal(signal.SIGINT, self._interrupt)
            self._is_watching = True
        return self

    def __exit__(self, *error: object) -> None:
        if self._is_watching:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._is_watching = False

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if not self._is_held:
            raise KeyboardInterrupt
        self._is_waiting = True

    @property
    def is_interrupted(self) -> bool:
        """Whether the fit was interrupted, so that nothing more is begun."""
        return self._is_waiting or bool(self.lacking)

    def hold(self) -> None:
        """From now on there is a model."""
        self._is_held = True

    def lacks(self, what: str) -> None:
        """Remember what the model lacks, since it was interrupted."""
        if what not in self.lacking:
            self.lacking.append(what)

    def attempt(
        self, work: Callable[[], Result], lacking: str, *, anyway: bool = False
    ) -> Result | None:
        """Do what the model can do without; an interrupt ends it.

        Parameters
        ----------
        work : callable
            What is to be done. Where it may stop half-way, the model must be usable.
        lacking : str
            What the model lacks without it.
        anyway : bool, default False
            Whether it is begun although the fit was interrupted before.

        Returns
        -------
        object
            What `work` returns; None if it was interrupted, or not begun.
        """
        was_held = self._is_held
        try:
            if self.is_interrupted and not anyway:
                raise KeyboardInterrupt
            self._is_held = False
            return work()
        except KeyboardInterrupt:
            self._is_held = was_held
            if not self.can_end:
                raise
            self.lacks(lacking)
            return None
        finally:
            self._is_held = was_held

    def warn(self, checkpoint: str | None) -> None:
        """Warn if the model lacks something, and say how to add it.

        Parameters
        ----------
        checkpoint : str or None
            The checkpoint of the fit, if it has one.

        Warns
        -----
        UserWarning
            At the line that called `fit`.
        """
        if not self.lacking:
            return
        remedy = (
            "To add it, fit again; with checkpoint='fit.ckpt' a fit goes on where it was ended."
            if checkpoint is None
            else f"To add it, fit again with checkpoint={checkpoint!r}, which goes on from there."
        )
        warn(
            "fit was interrupted; the model is kept, and can be sampled and saved. It lacks "
            f"{'; and '.join(self.lacking)}. {remedy}",
        )
