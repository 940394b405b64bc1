"""A detective: boosted trees that are to tell drawn rows from real ones that nobody learnt from."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from synthwgan.training.data import TableBatches

MAX_ROWS = 5_000
# Of fresh rows there are as many as one likes: a detective is unsure of few held-out ones.
N_FRESH, MAX_FRESH = 4, 10_000
N_TREES = 60
# Boosted trees know no more categories of a column.
MAX_CATEGORIES = 255
MAX_NEIGHBOURS = 2_000
TIE = 1e-6


class Detective:
    """Judges drawn rows beside held-out rows of the table.

    Parameters
    ----------
    learnt : TableBatches
        Rows that the networks learn from, and the trees.
    held_out : TableBatches
        Rows that neither does.
    rng : torch.Generator
        Chooses the rows that are looked at; they are the same each time, so that what is found
        can be compared.

    Attributes
    ----------
    n_drawn : int
        How many drawn rows it wants to see.
    """

    def __init__(self, learnt: TableBatches, held_out: TableBatches, rng: torch.Generator) -> None:
        self.head = learnt.head
        self._learnt = _some_rows(learnt, MAX_ROWS, rng)
        self._held_out = _some_rows(held_out, MAX_ROWS, rng)
        n_held_out = len(self._held_out[0])
        n_fresh = max(n_held_out, min(N_FRESH * n_held_out, MAX_FRESH))
        self.n_drawn = len(self._learnt[0]) + n_fresh

    def area(self, codes: Tensor, values: Tensor) -> float:
        """Area under the ROC curve that the trees reach on rows new to all; 0.5 is ideal.

        They learn from rows that the networks learnt from and as many drawn ones, and are judged
        on held-out rows and four times as many others that were drawn. So rows that lie close
        to training rows gain nothing by it, as they do in a cross-validated test.

        Parameters
        ----------
        codes : Tensor of shape (n_drawn, n_blocks), integer
            States of drawn rows.
        values : Tensor of shape (n_drawn, n_values)
            Their values.
        """
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.metrics import roc_auc_score

        real, held_out = self._features(*self._learnt), self._features(*self._held_out)
        drawn, fresh = np.split(self._features(codes, values), [len(real)])
        n_blocks = self.head.layout.n_blocks
        seen, judged = np.concatenate([real, drawn]), np.concatenate([held_out, fresh])
        # Trees cannot bin a column that is all NaN; a constant one they never split on.
        empty = np.isnan(seen).all(axis=0)
        seen[:, empty], judged[:, empty] = 0.0, 0.0
        trees = HistGradientBoostingClassifier(
            max_iter=N_TREES,
            categorical_features=np.arange(real.shape[1]) < n_blocks,
            early_stopping=False,
            random_state=0,
        ).fit(seen, np.repeat([1, 0], [len(real), len(drawn)]))
        scores = trees.decision_function(judged)
        return float(roc_auc_score(np.repeat([1, 0], [len(held_out), len(fresh)]), scores))

    def nearer(self, codes: Tensor, values: Tensor) -> tuple[float, float]:
        """Share of drawn rows nearer to a row learnt from than to a held-out one, and its error.

        Both are as many; a tie counts half. Which of them attract more rows is chance, and much of
        it where they are few. So other rows learnt from, which are as new to both as fresh real
        rows, are asked as well, and the share is 0.5 and by how much the drawn ones exceed these:
        more than 0.5 means that rows are repeated.
        """
        learnt, held_out, expected, n_others = self._neighbours
        drawn = self._points(codes[-MAX_NEIGHBOURS:], values[-MAX_NEIGHBOURS:])
        found = _share_nearer(drawn, learnt, held_out)
        return 0.5 + found - expected, 0.5 * (1 / n_others + 1 / len(drawn)) ** 0.5

    @cached_property
    def _neighbours(self) -> tuple[Tensor, Tensor, float, int]:
        """As many learnt and held-out points, and what share of how many others is nearer."""
        n_rows = min(MAX_NEIGHBOURS, *(len(each[0]) for each in (self._learnt, self._held_out)))
        learnt, held_out = (
            self._points(each[0][:n_rows], each[1][:n_rows])
            for each in (self._learnt, self._held_out)
        )
        others = self._points(*(each[n_rows:][:MAX_NEIGHBOURS] for each in self._learnt))
        return learnt, held_out, _share_nearer(others, learnt, held_out), len(others)

    def _points(self, codes: Tensor, values: Tensor) -> Tensor:
        """States one-hot and ranks, shape (n_rows, n_slots): one state off is a distance of 1."""
        ranks = torch.special.ndtr(values.float()) * self.head.is_regular(codes)
        return torch.cat([self.head.one_hot(codes) * 0.5**0.5, ranks], dim=1)

    def _features(self, codes: Tensor, values: Tensor) -> np.ndarray:
        """States as numbers and values, NaN where there is none, shape (n_rows, n_features)."""
        values = values.float().masked_fill(~self.head.is_regular(codes), torch.nan)
        codes = codes.float().clamp_max(MAX_CATEGORIES - 1)
        return torch.cat([codes, values], dim=1).cpu().numpy().astype(np.float64)


def _share_nearer(rows: Tensor, learnt: Tensor, held_out: Tensor) -> float:
    """Share of points that lie nearer to one set of points than to another; a tie counts half."""
    nearest = [torch.cdist(rows, points).min(1).values for points in (learnt, held_out)]
    gap = nearest[1] - nearest[0]
    return float(((gap > TIE).float() + 0.5 * (gap.abs() <= TIE).float()).mean())


def _some_rows(batches: TableBatches, n_rows: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """States and values of some rows."""
    codes, values = batches.rows(batches.choose(n_rows, rng))
    return codes.long(), values
