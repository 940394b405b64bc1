"""Rows drawn from the particles, under conditions by their exact posterior."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from synthwgan.private.columns import Column

_SWEEPS = 3
_MAX_CORRELATION = 0.97
_EDGE = 1e-9
_TINY = 1e-300
# Rows times particles that are held at once for posteriors.
_MAX_CELLS = 4_000_000


@dataclass(frozen=True)
class Allowed:
    """What a condition leaves of a column.

    Parameters
    ----------
    cells : ndarray of shape (n_cells,)
        The part of each cell that is allowed, from 0 to 1.
    low, high : float
        Numbers, in steps, between which a value must be; `high` is excluded.
    """

    cells: np.ndarray
    low: float = -np.inf
    high: float = np.inf

    def limits(self, step: float, is_grid: bool) -> tuple[float, float]:
        """Return the lowest and the highest value that is allowed, where one step is so much."""
        last = self.high - 1 if is_grid else np.nextafter(self.high, -np.inf)
        return self.low * step, (last if np.isfinite(self.high) else np.inf) * step


class ParticleSampler:
    """Draws rows, as cells and places within them.

    Parameters
    ----------
    columns : sequence of Column
        With shares and slots.
    logits : ndarray of shape (n_particles, n_slots)
        Of the particles.
    """

    def __init__(self, columns: Sequence[Column], logits: np.ndarray) -> None:
        self.columns = list(columns)
        self.logits = logits
        sizes = [column.n_slots for column in columns]
        blocks = np.split(logits.astype(float), np.cumsum(sizes)[:-1], axis=1)
        chances = [np.exp(block - block.max(axis=1, keepdims=True)) for block in blocks]
        self.chances = [block / block.sum(axis=1, keepdims=True) for block in chances]
        self.within = [_shares_within(column) for column in columns]
        self._numbers = [i for i, column in enumerate(columns) if column.edges is not None]
        self._coupling = _Coupling(self.columns, self.chances, self._numbers)

    def draw(
        self,
        n_rows: int,
        rng: np.random.Generator,
        allowed: Mapping[int, Allowed] | None = None,
        given: np.ndarray | None = None,
        places: np.ndarray | None = None,
        filled: Container[int] = (),
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw rows.

        Parameters
        ----------
        n_rows : int
            How many.
        rng : Generator
            Randomness.
        allowed : mapping of int to Allowed, optional
            What columns must be in all rows.
        given : ndarray of shape (n_rows, n_columns), int, optional
            Cells that are known, -1 for others.
        places : ndarray of shape (n_rows, n_columns), optional
            Where in its cell each known number lies.
        filled : collection of int
            Columns of which what is drawn must not be missing.

        Returns
        -------
        cells : ndarray of shape (n_rows, n_columns), int
        places : ndarray of shape (n_rows, n_columns)

        Raises
        ------
        ValueError
            If nothing that was learned meets the conditions.
        """
        allowed = dict(allowed or {})
        weights = self._slot_weights(allowed)
        for place, column in enumerate(self.columns):
            if place in filled and column.can_miss and column.shares[:-1].sum() > 0:
                weights[place] = (np.arange(column.n_slots) < column.missing_slot).astype(float)
        particles = self._particles(n_rows, rng, weights, given)
        slots = np.stack(
            [
                _draw_states(block, weights.get(place), particles, rng)
                for place, block in enumerate(self.chances)
            ],
            axis=1,
        )
        return self._fill(slots, rng, allowed, given, places)

    def likelihood(self, allowed: Mapping[int, Allowed]) -> float:
        """Return how likely it is that a row meets conditions."""
        likely = np.ones(len(self.logits))
        for place, own in self._slot_weights(allowed).items():
            likely = likely * (self.chances[place] @ own)
        return float(likely.mean())

    def _slot_weights(self, allowed: Mapping[int, Allowed]) -> dict[int, np.ndarray]:
        """Return the part of each slot that conditions allow."""
        return {
            place: np.bincount(
                self.columns[place].slots,
                self.within[place] * one.cells,
                self.columns[place].n_slots,
            )
            for place, one in allowed.items()
        }

    def _particles(
        self,
        n_rows: int,
        rng: np.random.Generator,
        weights: Mapping[int, np.ndarray],
        given: np.ndarray | None,
    ) -> np.ndarray:
        """Draw the particle of each row, from its posterior given what is known."""
        n_particles = len(self.logits)
        if given is None and not weights:
            return rng.integers(n_particles, size=n_rows)
        with np.errstate(divide="ignore"):
            wished = {place: np.log(self.chances[place] @ own) for place, own in weights.items()}
        common = sum(wished.values(), np.zeros(n_particles))
        if not np.isfinite(common).any():
            raise ValueError("no row of the table could meet the conditions, as far as it is known")
        if given is None:
            return _draw_from(common, n_rows, rng)
        logs = [np.log(block.T + _TINY) for block in self.chances]
        particles = np.empty(n_rows, dtype=np.int64)
        chunk = max(1, _MAX_CELLS // n_particles)
        for start in range(0, n_rows, chunk):
            known = given[start : start + chunk]
            scores = np.zeros((len(known), n_particles))
            for place, column in enumerate(self.columns):
                is_known = known[:, place] >= 0
                scores[is_known] += logs[place][column.slots[known[is_known, place]]]
                if place in wished:
                    scores[~is_known] += wished[place]
            particles[start : start + chunk] = _draw_each(scores, rng)
        return particles

    def _fill(
        self,
        slots: np.ndarray,
        rng: np.random.Generator,
        allowed: Mapping[int, Allowed],
        given: np.ndarray | None,
        places: np.ndarray | None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return cells and places within them, for drawn slots and known cells."""
        known = np.full(slots.shape, False) if given is None else given >= 0
        levels = rng.random(slots.shape)
        if given is not None:
            for place, column in enumerate(self.columns):
                rows = np.flatnonzero(known[:, place])
                cells = given[rows, place]
                slots[rows, place] = column.slots[cells]
                if column.edges is not None:
                    below = _below(column, self.within[place])
                    levels[rows, place] = below[cells] + self.within[place][cells] * (
                        0.5 if places is None else places[rows, place]
                    )
        free = [place for place in self._numbers if place not in allowed]
        levels = self._coupling.levels(slots, levels, known, free, rng)
        cells = np.empty(slots.shape, dtype=np.int64)
        within = rng.random(slots.shape)
        for place, column in enumerate(self.columns):
            own = self.within[place]
            if place in allowed:
                own = own * allowed[place].cells
                own = own / np.bincount(column.slots, own, column.n_slots)[column.slots].clip(
                    1e-300
                )
            cells[:, place], within[:, place] = _cells_at(
                column, own, slots[:, place], levels[:, place]
            )
            if place in allowed and column.edges is not None:
                within[:, place] = _between(
                    column, cells[:, place], within[:, place], allowed[place]
                )
        if given is not None:
            cells = np.where(known, given, cells)
        return cells, within


def _between(column: Column, cells: np.ndarray, within: np.ndarray, one: Allowed) -> np.ndarray:
    """Move places within cells that a range cuts to the part inside."""
    values = cells < column.n_values
    low = column.edges[np.where(values, cells, 0)]
    high = column.edges[np.where(values, cells, 0) + 1]
    first = (np.maximum(low, one.low) - low) / (high - low)
    last = (np.minimum(high, one.high) - low) / (high - low)
    return first + within * (last - first)


def _shares_within(column: Column) -> np.ndarray:
    """Return the share that each cell has of its slot; equal ones where nothing is known."""
    totals = np.bincount(column.slots, column.shares, column.n_slots)
    sizes = np.bincount(column.slots, minlength=column.n_slots)
    known = totals[column.slots] > 0
    own = column.shares / np.where(known, totals[column.slots], 1)
    return np.where(known, own, 1 / sizes[column.slots])


def _below(column: Column, within: np.ndarray) -> np.ndarray:
    """Return the share of its slot that lies in cells before each cell."""
    order = np.argsort(column.slots, kind="stable")
    sums = np.cumsum(within[order]) - within[order]
    starts = np.flatnonzero(np.diff(column.slots[order], prepend=-1))
    base = np.repeat(sums[starts], np.diff([*starts, len(order)]))
    found = np.empty(len(order))
    found[order] = sums - base
    return found


def _cells_at(
    column: Column, within: np.ndarray, slots: np.ndarray, levels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cell at a level of each slot, and the place within the cell."""
    order = np.argsort(column.slots, kind="stable")
    ordered = within[order]
    positive = ordered > 0
    order, ordered = order[positive], ordered[positive]
    below = _below(column, within)[order]
    keys = column.slots[order] + np.minimum(below, 1 - _EDGE)
    found = np.searchsorted(keys, slots + np.minimum(levels, 1 - _EDGE), side="right") - 1
    found = np.clip(found, 0, len(order) - 1)
    place = (levels - below[found]) / ordered[found]
    return order[found], np.clip(place, 0, 1 - _EDGE)


def _draw_states(
    chances: np.ndarray, weights: np.ndarray | None, particles: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    if weights is not None:
        chances = chances * weights
    cumulated = chances.cumsum(axis=1)
    wanted = (1 - rng.random(len(particles))) * cumulated[particles, -1]
    found = (cumulated[particles] < wanted[:, None]).sum(axis=1)
    return np.minimum(found, chances.shape[1] - 1)


def _draw_each(scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a column for each row, by logarithms of chances."""
    scores = scores - scores.max(axis=1, keepdims=True)
    cumulated = np.exp(scores).cumsum(axis=1)
    wanted = (1 - rng.random(len(scores))) * cumulated[:, -1]
    found = (cumulated < wanted[:, None]).sum(axis=1)
    return np.minimum(found, scores.shape[1] - 1)


def _draw_from(scores: np.ndarray, n_rows: int, rng: np.random.Generator) -> np.ndarray:
    weights = np.exp(scores - scores.max())
    return rng.choice(len(scores), size=n_rows, p=weights / weights.sum())


class _Coupling:
    """Correlates the ranks of numbers within their slots, as the slots themselves are.

    The slots of two numbers say how these go together, and within them a Gaussian copula with the
    same correlation goes on: normal scores of all numbers, each within its slot, by Gibbs
    sampling. Ranks within a slot then are made uniform again.
    """

    def __init__(
        self, columns: Sequence[Column], chances: Sequence[np.ndarray], numbers: Sequence[int]
    ) -> None:
        self.numbers = list(numbers)
        self.low, self.high = {}, {}
        means, variances = [], []
        for place in numbers:
            low, high, scores = _normal_scores(columns[place])
            self.low[place], self.high[place] = low, high
            own = chances[place] @ scores
            means.append(own - own.mean())
            variances.append(float((chances[place].mean(0) * scores**2).sum()) - own.mean() ** 2)
        self.precision = None
        if len(numbers) > 1:
            self.precision = _precision(np.array(means), np.array(variances))

    def levels(
        self,
        slots: np.ndarray,
        levels: np.ndarray,
        known: np.ndarray,
        free: Sequence[int],
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Return coupled levels within slots; known ones stay."""
        if self.precision is None or not free:
            return levels
        low = np.stack([self.low[place][slots[:, place]] for place in self.numbers], axis=1)
        high = np.stack([self.high[place][slots[:, place]] for place in self.numbers], axis=1)
        scores = _score(low + (high - low) * levels[:, self.numbers])
        for _ in range(_SWEEPS):
            for number, place in enumerate(self.numbers):
                if place not in free:
                    continue
                own = self.precision[number]
                rest = scores @ own - own[number] * scores[:, number]
                mean, deviation = -rest / own[number], 1 / np.sqrt(own[number])
                first = ndtr((_score(low[:, number]) - mean) / deviation)
                last = ndtr((_score(high[:, number]) - mean) / deviation)
                drawn = _score(first + (last - first) * rng.random(len(first)))
                drawn = np.clip(
                    mean + deviation * drawn, _score(low[:, number]), _score(high[:, number])
                )
                scores[:, number] = np.where(known[:, place], scores[:, number], drawn)
        levels = levels.copy()
        for number, place in enumerate(self.numbers):
            rows = np.flatnonzero(~known[:, place])
            if place in free:
                levels[rows, place] = _uniform_ranks(slots[rows, place], scores[rows, number], rng)
        return levels


def _score(ranks: np.ndarray) -> np.ndarray:
    return ndtri(np.clip(ranks, _EDGE, 1 - _EDGE))


def _uniform_ranks(slots: np.ndarray, scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return ranks among the rows of one slot, from 0 to 1; a row alone has any rank."""
    order = np.lexsort((scores, slots))
    ordered = slots[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    sizes = np.diff([*starts, len(order)])
    ranks = np.empty(len(order))
    inside = np.arange(len(order)) - np.repeat(starts, sizes)
    ranks[order] = (inside + rng.random(len(order))) / np.repeat(sizes, sizes)
    return ranks


def _normal_scores(column: Column) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the ranks between which each slot lies, and the mean normal score there."""
    shares = column.slot_shares
    values = np.ones(len(shares), dtype=bool)
    if column.can_miss:
        values[-1] = False
    own = np.where(values, shares, 0.0)
    own = own / max(own.sum(), 1e-300)
    high = np.cumsum(own)
    low = high - own
    density = np.exp(-(_score(low) ** 2) / 2) - np.exp(-(_score(high) ** 2) / 2)
    narrow = own < 1e-6
    middle = _score((low + high) / 2)
    scores = np.where(narrow, middle, density / np.sqrt(2 * np.pi) / np.where(narrow, 1, own))
    # A missing number has any rank.
    return np.where(values, low, 0.0), np.where(values, high, 1.0), np.where(values, scores, 0.0)


def _precision(means: np.ndarray, variances: np.ndarray) -> np.ndarray:
    """Return the inverse of the correlation matrix of normal scores, as the particles have them."""
    covariance = means @ means.T / means.shape[1]
    deviations = np.sqrt(np.maximum(variances, 1e-6))
    correlation = covariance / np.outer(deviations, deviations)
    correlation = np.clip(correlation, -_MAX_CORRELATION, _MAX_CORRELATION)
    np.fill_diagonal(correlation, 1.0)
    values, vectors = np.linalg.eigh(correlation)
    correlation = (vectors * np.maximum(values, 1 - _MAX_CORRELATION)) @ vectors.T
    scale = np.sqrt(np.diag(correlation))
    return np.linalg.inv(correlation / np.outer(scale, scale))
