"""The only code that sees rows: each look is bought in the ledger before it is taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from synthwgan.private.accountant import Ledger
from synthwgan.private.columns import Column
from synthwgan.private.noise import Bits, discrete_gaussian
from synthwgan.private.storage import Stored


@dataclass(frozen=True)
class Noisy:
    """Released counts; whatever is computed from them costs nothing.

    Parameters
    ----------
    counts : ndarray of float
        True counts plus noise.
    variance : float
        Of the noise on each count.
    """

    counts: np.ndarray
    variance: float

    @property
    def deviation(self) -> float:
        """Standard deviation of the noise."""
        return float(np.sqrt(self.variance))


class Census:
    """A table that can only be counted, at a price.

    Parameters
    ----------
    frame : DataFrame
        The rows.
    ledger : Ledger
        What is spent is written there.
    bits : Bits
        Randomness of the noise.
    max_rows : int
        Rows that one person has at most: so far can one person move the counts of one release.
    """

    def __init__(self, frame: pd.DataFrame, ledger: Ledger, bits: Bits, max_rows: int = 1) -> None:
        self._frame = frame
        self._ledger = ledger
        self._bits = bits
        self._max_rows = max_rows
        self._slots: list[np.ndarray] = []

    def cells(
        self,
        place: int,
        encode: Callable[[pd.Series], np.ndarray],
        n_cells: int,
        what: str,
        rho: float,
    ) -> Noisy:
        """Release how often each cell of one column occurs.

        Parameters
        ----------
        place : int
            Number of the column.
        encode : callable
            Returns the cell of each value, below 0 where it is not to be counted.
        n_cells : int
            Number of cells.
        what : str
            What they are, for the ledger.
        rho : float
            Price.
        """
        found = encode(self._frame.iloc[:, place])
        counts = np.bincount(found[found >= 0], minlength=n_cells)
        return self._release(f"{what} of {self._frame.columns[place]!r}", counts, rho)

    def labels(
        self, place: int, stored: Stored, rho: float, delta: float
    ) -> tuple[list[Any], Noisy]:
        """Release which labels of one column are common, how common, and how many cells miss.

        Labels that only one person has are kept with a chance of at most `delta`.

        Returns
        -------
        labels : list
            Those kept, in an order that does not depend on the rows.
        noisy : Noisy
            Their counts, and that of missing cells behind them.
        """
        labels = stored.labels(self._frame.iloc[:, place])
        codes, distinct = pd.factorize(labels)
        counts = np.append(
            np.bincount(codes[codes >= 0], minlength=len(distinct)), (codes < 0).sum()
        )
        name = f"categories of {self._frame.columns[place]!r}"
        noisy = self._release(name, counts, rho, delta, [*distinct, None])
        # A person alone with a label has at most so many rows of it, or so many such labels.
        threshold = self._max_rows + noisy.deviation * norm.isf(delta / self._max_rows)
        # The discrete Gaussian's tail is below the continuous one's a whole step further in.
        kept = np.flatnonzero(noisy.counts[:-1] > threshold + 1)
        order = sorted(kept, key=lambda code: (str(type(distinct[code])), str(distinct[code])))
        return [distinct[code] for code in order], Noisy(
            noisy.counts[[*order, len(distinct)]], noisy.variance
        )

    def prepare(self, columns: Sequence[Column]) -> None:
        """Get ready to count pairs of slots."""
        self._slots = [
            _slots_of(column, self._frame.iloc[:, place]) for place, column in enumerate(columns)
        ]

    def joint(self, places: Sequence[int], shape: Sequence[int], maps: Any, rho: float) -> Noisy:
        """Release how often slots of several columns meet.

        Parameters
        ----------
        places : sequence of int
            Numbers of the columns.
        shape : sequence of int
            How many slots each has.
        maps : sequence of (ndarray or None)
            Coarser slots of a column's slots, if wanted.
        rho : float
            Price.
        """
        index = np.zeros(len(self._slots[places[0]]), dtype=np.int64)
        counted = np.ones(len(index), dtype=bool)
        for place, size, coarser in zip(places, shape, maps, strict=True):
            slots = self._slots[place]
            counted &= slots >= 0
            index = index * size + (slots if coarser is None else coarser[slots])
        counts = np.bincount(index[counted], minlength=int(np.prod(shape)))
        names = " x ".join(repr(self._names[place]) for place in places)
        noisy = self._release(f"pairs of {names}", counts, rho)
        return Noisy(noisy.counts.reshape(shape), noisy.variance)

    @property
    def _names(self) -> pd.Index:
        return self._frame.columns

    def close(self) -> None:
        """Forget the rows."""
        self._frame = self._frame.iloc[:0]
        self._slots = []

    def _release(
        self,
        name: str,
        counts: np.ndarray,
        rho: float,
        delta: float = 0.0,
        keys: Sequence[Any] | None = None,
    ) -> Noisy:
        """Buy noise and add it: the one place where something of the rows gets out.

        `keys` say what is counted, where that depends on the rows; a test compares tables by them.
        """
        scale = self._ledger.buy(name, rho, self._max_rows, delta)
        noise = discrete_gaussian(scale, len(counts), self._bits)
        return Noisy((counts + noise).astype(float), scale.variance)


def _slots_of(column: Column, series: pd.Series) -> np.ndarray:
    cells = column.encode(series)
    return np.where(cells < 0, -1, column.slots[cells])


def limit_rows(frame: pd.DataFrame, unit: Any, max_rows: int, seed: int | None) -> pd.DataFrame:
    """Return a table in which each person has at most so many rows, drawn at random.

    Rows without a person are left out. Which rows of a person are kept depends on no other person.
    """
    order = np.random.default_rng(seed).permutation(len(frame))
    mixed = frame.iloc[order]
    number = mixed.groupby(unit, sort=False, dropna=True).cumcount()
    kept = (number < max_rows).to_numpy() & mixed[unit].notna().to_numpy()
    return mixed[kept]
