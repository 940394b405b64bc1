"""Which drawn rows are kept: rejection sampling by a learned density ratio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from synthwgan.sampling.bins import RowBins
from synthwgan.sampling.trees import TreeEnsemble
from synthwgan.table.layout import EncodedTable, Layout

# Every row has this chance at least, so that drawing ends whatever the trees say.
MIN_CHANCE = 1e-3
_ARRAYS = {
    "state_bins": np.uint8,
    "value_edges": np.float32,
    "trees": np.int64,
    "features": np.int64,
    "masks": np.uint32,
    "leaves": np.float32,
    "effects": np.float32,
}
_STATE = {"n_edges", "ceiling", "acceptance_rate", "n_rounds"}


@dataclass(frozen=True)
class Rejection:
    """Keeps a drawn row with the probability min(1, exp(log odds - ceiling)).

    The log odds estimate by how much the row is more frequent in the table than among the
    drawn rows, so the kept rows are distributed like the table's (discriminator rejection
    sampling, Azadi et al. 2019, "Discriminator Rejection Sampling", section 3.1, with boosted
    trees as the discriminator). They add up over the trees of all rounds and the effects of
    all bins, which make the marginals exact.

    Parameters
    ----------
    bins : RowBins
        Encoded rows to bins.
    trees : TreeEnsemble
        Log density ratio of binned rows.
    effects : ndarray of shape (n_bins_in_all,), float32
        What each bin adds, feature after feature.
    ceiling : float
        Log odds from which on every row is kept.
    acceptance_rate : float
        Share of drawn rows that are kept.
    n_rounds : int
        Rounds of boosting behind the trees.
    """

    bins: RowBins
    trees: TreeEnsemble
    effects: np.ndarray
    ceiling: float
    acceptance_rate: float
    n_rounds: int

    def __post_init__(self) -> None:
        is_consistent = (
            self.effects.shape == (self.bins.n_bins.sum(),)
            and np.isfinite(self.effects).all()
            and np.isfinite(self.ceiling)
            and MIN_CHANCE <= self.acceptance_rate <= 1
            and type(self.n_rounds) is int
            and self.n_rounds > 0
        )
        if not is_consistent:
            raise ValueError("effects, ceiling and acceptance rate do not fit together")

    def keep(self, drawn: EncodedTable, uniform: np.ndarray) -> EncodedTable:
        """Return the rows that are kept.

        Parameters
        ----------
        drawn : EncodedTable
            Rows from the generator.
        uniform : ndarray of shape (n_rows,)
            Independent draws from [0, 1).
        """
        bins = self.bins(drawn)
        log_odds = self.trees(bins)
        for feature, effects in enumerate(split_by_feature(self.effects, self.bins.n_bins)):
            log_odds += effects[bins[:, feature]]
        kept = uniform < chances(log_odds, self.ceiling)
        return EncodedTable(drawn.codes[kept], drawn.values[kept])

    def to_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return what is not an array, JSON-ready, and the arrays by name."""
        bins, trees = self.bins, self.trees
        arrays = {
            "state_bins": np.concatenate([np.empty(0, np.uint8), *bins.state_bins]),
            "value_edges": np.concatenate([np.empty(0, np.float32), *bins.value_edges]),
            "trees": trees.trees,
            "features": trees.features,
            "masks": trees.masks,
            "leaves": trees.leaves,
            "effects": self.effects,
        }
        state = {
            "n_edges": [len(edges) for edges in bins.value_edges],
            "ceiling": self.ceiling,
            "acceptance_rate": self.acceptance_rate,
            "n_rounds": self.n_rounds,
        }
        return state, {f"rejection.{name}": array for name, array in arrays.items()}

    @classmethod
    def from_state(
        cls, layout: Layout, state: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Rejection:
        """Rebuild from `to_state`.

        Raises
        ------
        KeyError, TypeError, ValueError
            If something is missing, of another type, or does not fit together.
        """
        if set(state) != _STATE:
            raise ValueError(f"it must have {sorted(_STATE)}")
        own = {name: arrays[f"rejection.{name}"] for name in _ARRAYS}
        wrong = [name for name, dtype in _ARRAYS.items() if own[name].dtype != dtype]
        if wrong:
            raise TypeError(f"{wrong} are of another type")
        bins = RowBins(
            layout,
            _split(own["state_bins"], layout.block_sizes),
            _split(own["value_edges"], state["n_edges"]),
        )
        names = ("trees", "features", "masks", "leaves")
        trees = TreeEnsemble(bins.n_bins, *(own[name] for name in names))
        numbers = (state[name] for name in ("ceiling", "acceptance_rate", "n_rounds"))
        return cls(bins, trees, own["effects"], *numbers)


def chances(log_odds: np.ndarray, ceiling: float) -> np.ndarray:
    """Probability of keeping each row, shape (n_rows,)."""
    return np.maximum(np.exp(np.minimum(log_odds - ceiling, 0)), MIN_CHANCE)


def split_by_feature(of_bins: np.ndarray, n_bins: np.ndarray) -> list[np.ndarray]:
    """Views of an array over all bins, one for each feature."""
    return np.split(of_bins, np.cumsum(n_bins)[:-1])


def _split(array: np.ndarray, lengths: Sequence[int]) -> list[np.ndarray]:
    """Parts of an array, of the given lengths, which must add up to its own."""
    if array.shape != (sum(lengths),) or min(lengths, default=0) < 0:
        raise ValueError(f"{array.shape} is not the shape of parts of {list(lengths)}")
    ends = np.cumsum(lengths, dtype=np.int64)
    return [array[end - length : end] for end, length in zip(ends, lengths, strict=True)]
