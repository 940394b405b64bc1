"""Boosted decision trees as plain arrays, evaluated without walking them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

MAX_LEAVES = 32
CHUNK_ROWS = 8192
_ALL_LEAVES = np.uint32(2**32 - 1)


@dataclass(frozen=True)
class TreeEnsemble:
    """A sum of decision trees over binned features.

    For each tree and each feature that it splits on, a table says which leaves a row with a
    given bin can still reach, as the bits of an integer. The intersection over the tree's
    features has the row's leaf as its lowest bit: a few table look-ups a tree, whatever its
    depth, and all kinds of splits alike (QuickScorer, Lucchese et al. 2015, "QuickScorer: a
    Fast Algorithm to Rank Documents with Additive Ensembles of Regression Trees", section 3).

    Parameters
    ----------
    n_bins : ndarray of shape (n_features,), int64
        Number of bins of each feature.
    trees, features : ndarray of shape (n_tables,), int64
        The tree of each table, not falling, and the feature that it reads.
    masks : ndarray, uint32
        The tables one after the other, each of its feature's number of bins.
    leaves : ndarray of shape (n_trees, 32), float32
        Value of each leaf, from left to right.
    """

    n_bins: np.ndarray
    trees: np.ndarray
    features: np.ndarray
    masks: np.ndarray
    leaves: np.ndarray

    def __post_init__(self) -> None:
        if not _is_consistent(self):
            raise ValueError("the arrays of the decision trees do not fit together")

    @classmethod
    def empty(cls, n_bins: np.ndarray) -> TreeEnsemble:
        """No trees: the sum is 0."""
        none = np.empty(0, dtype=np.int64)
        leaves = np.empty((0, MAX_LEAVES), dtype=np.float32)
        return cls(n_bins, none, none, np.empty(0, dtype=np.uint32), leaves)

    @classmethod
    def from_classifier(
        cls, classifier: HistGradientBoostingClassifier, n_bins: np.ndarray, n_trees: int
    ) -> TreeEnsemble:
        """Take the first trees of a binary classifier; their sum is its log odds.

        This is the one place that reads scikit-learn's private attributes.

        Parameters
        ----------
        classifier : HistGradientBoostingClassifier
            Fitted on bins, its categorical features before the others.
        n_bins : ndarray of shape (n_features,), int64
            Number of bins of each feature.
        n_trees : int
            Trees to take.
        """
        probe = np.minimum(np.arange(max(n_bins))[:, None], n_bins - 1).astype(np.float64)
        mapper = classifier._bin_mapper
        probe = mapper.transform(classifier._preprocess_X(probe, reset=False))
        missing = probe == mapper.missing_values_bin_idx_
        tables, leaves = [], np.zeros((n_trees, MAX_LEAVES), dtype=np.float32)
        for tree, predictors in enumerate(classifier._predictors[:n_trees]):
            masks, values = _Reader(predictors[0], probe, missing).read()
            leaves[tree, : len(values)] = values
            tables += [(tree, feature, masks[feature]) for feature in sorted(masks)]
        if n_trees:
            leaves[0] += np.float32(classifier._baseline_prediction.item())
        masks = [mask[: n_bins[feature]] for _, feature, mask in tables]
        return cls(
            n_bins,
            np.array([tree for tree, _, _ in tables], dtype=np.int64),
            np.array([feature for _, feature, _ in tables], dtype=np.int64),
            np.concatenate([np.empty(0, dtype=np.uint32), *masks]),
            leaves,
        )

    def __add__(self, other: TreeEnsemble) -> TreeEnsemble:
        """The sum of two ensembles over the same features."""
        return TreeEnsemble(
            self.n_bins,
            np.concatenate([self.trees, other.trees + len(self.leaves)]),
            np.concatenate([self.features, other.features]),
            np.concatenate([self.masks, other.masks]),
            np.concatenate([self.leaves, other.leaves]),
        )

    def __call__(self, bins: np.ndarray) -> np.ndarray:
        """Sum the trees for binned rows.

        Parameters
        ----------
        bins : ndarray of shape (n_rows, n_features), uint8
            Each below its feature's ``n_bins``.

        Returns
        -------
        ndarray of shape (n_rows,), float32
        """
        total = np.zeros(len(bins), dtype=np.float32)
        for start in range(0, len(bins), CHUNK_ROWS):
            columns = np.ascontiguousarray(bins[start : start + CHUNK_ROWS].T, dtype=np.intp)
            self._add_trees(columns, total[start : start + CHUNK_ROWS])
        return total

    def _add_trees(self, columns: np.ndarray, total: np.ndarray) -> None:
        reachable, found = (np.empty(columns.shape[1], dtype=np.uint32) for _ in range(2))
        for tables, leaves in zip(self._tables, self.leaves, strict=True):
            reachable.fill(_ALL_LEAVES)
            for feature, table in tables:
                # Bins are in range: "clip" only spares numpy the check.
                np.take(table, columns[feature], out=found, mode="clip")
                reachable &= found
            total += leaves.take(_lowest_bit(reachable), mode="clip")

    @cached_property
    def _tables(self) -> list[list[tuple[int, np.ndarray]]]:
        """For each tree, the features that it reads and their tables."""
        ends = np.cumsum(self.n_bins[self.features])
        tables: list[list[tuple[int, np.ndarray]]] = [[] for _ in self.leaves]
        for tree, feature, end in zip(self.trees, self.features, ends, strict=True):
            tables[tree].append((feature, self.masks[end - self.n_bins[feature] : end]))
        return tables


class _Reader:
    """Reads one fitted tree into its tables, leaves numbered from left to right."""

    def __init__(self, predictor: object, probe: np.ndarray, missing: np.ndarray) -> None:
        self.nodes, self.bitsets = predictor.nodes, predictor.binned_left_cat_bitsets
        self.probe, self.missing = probe, missing
        self.masks: dict[int, np.ndarray] = {}
        self.leaves: list[float] = []

    def read(self) -> tuple[dict[int, np.ndarray], list[float]]:
        self._visit(0)
        return self.masks, self.leaves

    def _visit(self, place: int) -> None:
        node = self.nodes[place]
        if node["is_leaf"]:
            self.leaves.append(node["value"])
            return
        first = len(self.leaves)
        self._visit(node["left"])
        left_leaves = np.uint32(2 ** len(self.leaves) - 2**first)
        feature = int(node["feature_idx"])
        mask = np.where(self._goes_left(node), _ALL_LEAVES, ~left_leaves)
        self.masks[feature] = self.masks.get(feature, _ALL_LEAVES) & mask
        self._visit(node["right"])

    def _goes_left(self, node: np.void) -> np.ndarray:
        """Whether each bin of the node's feature goes left, shape (n_probed_bins,), bool."""
        bins = self.probe[:, node["feature_idx"]]
        if node["is_categorical"]:
            words = self.bitsets[node["bitset_idx"]][bins // 32]
            left = (words >> (bins % 32)) & 1 == 1
        else:
            left = bins <= node["bin_threshold"]
        return np.where(self.missing[:, node["feature_idx"]], node["missing_go_to_left"], left)


def _lowest_bit(numbers: np.ndarray) -> np.ndarray:
    """Place of the lowest set bit of each uint32, below 32 also where none is set."""
    lowest = numbers & (~numbers + np.uint32(1))
    # A power of two, as a float32, is nothing but its exponent, which is stored above 23 bits.
    exponents = lowest.astype(np.float32).view(np.uint32) >> np.uint32(23)
    return ((exponents - np.uint32(127)) & np.uint32(31)).astype(np.intp)


def _is_consistent(trees: TreeEnsemble) -> bool:
    tables = np.stack([trees.trees, trees.features])
    limits = np.array([[len(trees.leaves)], [len(trees.n_bins)]])
    return (
        tables.ndim == 2
        and trees.masks.ndim == 1
        and trees.leaves.shape[1:] == (MAX_LEAVES,)
        and bool(np.isfinite(trees.leaves).all())
        and bool(((tables >= 0) & (tables < limits)).all())
        and bool((np.diff(trees.trees) >= 0).all())
        and len(trees.masks) == trees.n_bins[trees.features].sum()
    )
