"""Observers of the training loop: history, progress bar and a user's own functions."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from typing import Any

from synthwgan.parameters import Either, Instance
from synthwgan.table.checks import TEXT, ListOf, MappingOf, check_state

# A program that uses the package says which of its records are shown, and where; by default none.
LOGGER = logging.getLogger("synthwgan")
# Figures may be NaN.
_RECORD = MappingOf(Either((Instance((int, float)), TEXT)))

# Called with the figures of a logged step; what is true ends the phase of training.
Callback = Callable[[dict[str, Any]], bool | None]


class Callbacks:
    """Calls a user's functions.

    Parameters
    ----------
    functions : sequence of callable
        Each is called with a dict of figures for each logged step, and may ask for the end.
    phase : str
        What is trained; stands first in each dict.
    """

    def __init__(self, functions: Sequence[Callback], phase: str) -> None:
        self.functions, self.phase = functions, phase

    def on_log(self, record: dict[str, float], progress: float) -> bool:
        """Call all functions, each with figures of its own; return whether one asks for the end."""
        answers = [function({"phase": self.phase, **record}) for function in self.functions]
        return any(answers)

    def on_end(self) -> None:
        """Do nothing."""


def check_callbacks(callbacks: Any) -> list[Callback]:
    """Return the functions as a list, none for None.

    Raises
    ------
    TypeError
        If it is something else than a list of functions.
    """
    if callbacks is None:
        return []
    is_list = isinstance(callbacks, list | tuple)
    if not is_list or not all(map(callable, callbacks)):
        raise TypeError(
            f"callbacks must be a list of functions of one dict, such as [print], got {callbacks!r}"
        )
    return list(callbacks)


class History:
    """Keeps every logged record.

    Parameters
    ----------
    records : list of dict
        Gets one dict of figures for each logged step.
    phase : str
        What is trained; stands first in each record.
    """

    def __init__(self, records: list[dict[str, Any]], phase: str) -> None:
        self.records, self.phase = records, phase

    def on_log(self, record: dict[str, float], progress: float) -> None:
        """Keep the record."""
        self.records.append({"phase": self.phase, **record})

    def on_end(self) -> None:
        """Do nothing: the records stay."""

    def state_dict(self) -> dict[str, Any]:
        """Return the records of the phase."""
        return {"records": [each for each in self.records if each["phase"] == self.phase]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put the records of a `state_dict` in."""
        check_state("its history", state, {"records": ListOf(_RECORD)})
        self.records += state["records"]


def announce(text: str) -> None:
    """Show a text on standard error, above any progress bar."""
    from tqdm import tqdm

    tqdm.write(text, file=sys.stderr)


def tell(text: str, verbose: int) -> None:
    """Log a text, and show it from a verbosity of 1 on."""
    LOGGER.info(text)
    if verbose:
        announce(text)


class Log:
    """Logs each logged step, as the progress bar shows it.

    Parameters
    ----------
    phase : str
        What is trained.
    """

    def __init__(self, phase: str) -> None:
        self.phase = phase

    def on_log(self, record: dict[str, float], progress: float) -> None:
        """Log the step at the level DEBUG."""
        wasserstein = record.get("wasserstein", float("nan"))
        LOGGER.debug(
            "%s: step %d, %.0f%%, Wasserstein %.3f",
            *(self.phase, record["step"], 100 * progress, wasserstein),
        )
        if "detective" in record:
            LOGGER.info("%s: held-out AUC %.3f", self.phase, record["detective"])

    def on_end(self) -> None:
        """Do nothing."""


class ProgressBar:
    """One tqdm bar over the share of training done, with the Wasserstein estimate.

    Where a detective says how long to train, its last finding is shown as well, and a stage more
    moves the bar back.

    Parameters
    ----------
    phase : str
        What is trained; stands before the bar.
    done : float, default 0.0
        Share of it that was done before.
    """

    def __init__(self, phase: str, done: float = 0.0) -> None:
        from tqdm import tqdm

        layout = "{desc} {percentage:3.0f}%|{bar}| {elapsed} < {remaining}{postfix}"
        self._found = ""
        self._bar = tqdm(desc=f"training, {phase}", total=1.0, initial=done, bar_format=layout)

    def on_log(self, record: dict[str, float], progress: float) -> None:
        """Move the bar to the present share of training."""
        if "detective" in record:
            self._found = f", held-out AUC {record['detective']:.3f}"
        wasserstein = record.get("wasserstein", float("nan"))
        self._bar.set_postfix_str(
            f"step {record['step']}, Wasserstein {wasserstein:.3f}{self._found}", refresh=False
        )
        self._bar.update(min(progress, 1.0) - self._bar.n)

    def on_end(self) -> None:
        """Close the bar."""
        self._bar.close()
