"""How long training goes on: a number of steps, or while a detective finds that it gains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Any, Protocol

import numpy as np

from synthwgan.parameters import Number
from synthwgan.table.checks import FLAG, ListOf, check_state, expect

# A stage is so many times as long as all before it, and looked at so often.
GROWTH, N_LOOKS = 1.5, 3
# By how much a stage must lower the detective's area for another one; one look scatters by 0.01,
# and most of what stages gain late is in numbers, which are drawn again after training.
MIN_GAIN = 0.02
# Nothing is left to learn below this area.
GOOD_AREA = 0.52
# Share of drawn rows nearer to rows learnt from than to held-out ones: more is memorising.
MAX_NEARER = 0.52
# A large table starts with so many steps; it is the detective that asks for more.
MAX_START = 2000
# Steps that a table can take at most: so many times those that suit it by its size, or in all.
MAX_FACTOR, MAX_STEPS = 6, 12_000

_STATE = {
    "n_constant": Number(1, integer=True),
    "found": ListOf(ListOf(Number())),
    "looks": ListOf(Number()),
    "is_decaying": FLAG,
}


@dataclass(frozen=True)
class Look:
    """What a detective found: an area under the ROC curve, and the share of nearer rows.

    Parameters
    ----------
    area : float
        See `Detective.area`.
    nearer : float
        See `Detective.nearer`.
    error : float
        Standard error of `nearer`.
    """

    area: float
    nearer: float
    error: float


class Pace(Protocol):
    """What the loop asks: how many steps there will be, and which share of training is done."""

    max_steps: int

    def progress(self, n_steps: int) -> float: ...

    def figures(self, n_steps: int, progress: float) -> dict[str, float]: ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


class Steps:
    """So many steps, whatever happens.

    Parameters
    ----------
    max_steps : int
        Their number.
    """

    def __init__(self, max_steps: int) -> None:
        self.max_steps = max_steps

    def progress(self, n_steps: int) -> float:
        """Share of training done after so many steps, in [0, 1]."""
        return min(1.0, n_steps / self.max_steps)

    def figures(self, n_steps: int, progress: float) -> dict[str, float]:
        """Return no figures: nothing has to be measured to count steps."""
        return {}

    def state_dict(self) -> dict[str, Any]:
        """Nothing changes."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing has changed."""
        check_state("its pace", state, {})


class UntilLearnt:
    """Goes on at the full learning rate while held-out rows gain, and then lets it decay.

    The constant part of training comes in stages, each half as long as all before it. At the end of
    one, the mean of what a detective found in it is compared with the stage before. Another one
    follows if it gained, held-out rows show that nothing is learnt by heart, and there is time.

    Parameters
    ----------
    n_steps : int
        Steps that suit a table by its size; there are never fewer, unless these are more than
        `MAX_START`.
    constant_share : float
        Share of these with the full learning rate, in (0, 1].
    look : callable
        Asks the detective.
    at_decay : callable
        Called once, when the learning rate begins to decay and no more is held out.
    log_every : int
        Steps between the times when it is asked for `figures`.
    """

    def __init__(
        self,
        n_steps: int,
        constant_share: float,
        look: Callable[[], Look],
        at_decay: Callable[[], None],
        log_every: int,
    ) -> None:
        self.constant_share, self._look, self._at_decay = constant_share, look, at_decay
        self.log_every, n_steps = log_every, min(n_steps, MAX_START)
        self.n_constant = self._at_a_log(constant_share * n_steps)
        self.n_decay = n_steps - self.n_constant
        self.largest = min(max(n_steps, MAX_STEPS), MAX_FACTOR * n_steps)
        self._found: list[Look] = []
        self._looks = self._stage(self.n_constant / GROWTH) + self._stage(self.n_constant)
        self.is_decaying = False

    @property
    def max_steps(self) -> int:
        """Steps in all, as far as it is known."""
        return self.n_constant + self.n_decay

    def progress(self, n_steps: int) -> float:
        """Share of training done after so many steps, in [0, 1]."""
        if n_steps <= self.n_constant:
            return self.constant_share * n_steps / self.n_constant
        decayed = min(1.0, (n_steps - self.n_constant) / max(1, self.n_decay))
        return self.constant_share + (1 - self.constant_share) * decayed

    def figures(self, n_steps: int, progress: float) -> dict[str, float]:
        """Look, if it is time to; decide, if a stage ends.

        Parameters
        ----------
        n_steps : int
            Steps done.
        progress : float
            Share of training done, by steps or by seconds.
        """
        if self.is_decaying:
            return {}
        if progress > self.constant_share:
            self._decay()
            return {}
        # There is no log between this one and the next.
        found, until = {}, n_steps + self.log_every / 2
        if self._looks[0] <= until:
            look = self._look()
            self._looks = [at for at in self._looks if at > until]
            self._found.append(look)
            found = {"detective": look.area, "nearer_rows": look.nearer}
            if not self._looks:
                self._decide()
        return found

    def state_dict(self) -> dict[str, Any]:
        """Return what was found and decided so far."""
        return {
            "n_constant": self.n_constant,
            "found": [list(astuple(look)) for look in self._found],
            "looks": list(self._looks),
            "is_decaying": self.is_decaying,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what was found and decided."""
        check_state("its pace", state, _STATE)
        n_constant, looks = state["n_constant"], state["looks"]
        expect(n_constant + self.n_decay <= self.largest, "its pace has more steps than there are")
        expect(all(len(look) == 3 for look in state["found"]), "a look of its pace is none")
        self.n_constant, self._looks = n_constant, looks
        self._found = [Look(*look) for look in state["found"]]
        expect(state["is_decaying"] or looks, "its pace does not say when to look")
        if state["is_decaying"]:
            self._decay()

    def _decide(self) -> None:
        """Begin another stage, or the decay; means of a stage count, for one look scatters."""
        half = len(self._found) // 2
        before, last = self._found[:half], self._found[half:]
        area = np.mean([look.area for look in last])
        gained = np.mean([look.area for look in before]) - area >= MIN_GAIN and area > GOOD_AREA
        nearer = np.mean([look.nearer for look in last])
        is_by_heart = nearer - last[-1].error > MAX_NEARER
        longer = self._at_a_log(GROWTH * self.n_constant)
        if not gained or is_by_heart or longer + self.n_decay > self.largest:
            self._decay()
            return
        self._found, self.n_constant = last, longer
        self._looks = self._stage(longer)

    def _decay(self) -> None:
        self.is_decaying = True
        self._at_decay()

    def _at_a_log(self, n_steps: float) -> int:
        """The nearest number of steps after which there are figures."""
        return max(1, round(n_steps / self.log_every)) * self.log_every

    @staticmethod
    def _stage(end: float) -> list[float]:
        """Steps at which a stage is looked at, the last at its end."""
        return [end * GROWTH ** (look / N_LOOKS - 1) for look in range(1, N_LOOKS + 1)]
