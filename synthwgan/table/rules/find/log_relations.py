"""Products among columns as sums of logarithms: candidates, from a few rows."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from synthwgan.table.rules.columns import Column

_PROBED, _FIRST = 40, 32
_MIN_ROWS = 20
_SLACK = 0.02
# Rows in which sums of two logarithms are compared, and how often, as a few rows may be faulty.
_N_COMPARED, _N_DRAWS = 12, 3
_MAX_NEAR = 20_000
_MAX_FOURS = 100


@dataclass(frozen=True)
class Relation:
    """Powers of columns whose product is constant in nearly all rows.

    Parameters
    ----------
    powers : tuple of (int, int)
        Places of the columns, in their order, each with its exponent: the first one's is positive.
    """

    powers: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, powers: dict[int, int]) -> Relation:
        """Return the relation of some exponents, which is that of the opposite ones as well."""
        ordered = sorted(powers.items())
        sign = 1 if ordered[0][1] > 0 else -1
        return cls(tuple((place, sign * power) for place, power in ordered))

    @property
    def places(self) -> list[int]:
        return [place for place, _ in self.powers]

    @property
    def targets(self) -> list[int]:
        """Places that the relation can be solved for without a root."""
        return [place for place, power in self.powers if abs(power) == 1]

    def solved_for(self, target: int) -> tuple[list[int], list[int]]:
        """Return the factors and the divisors of a target; a power is a place several times."""
        own = dict(self.powers)[target]
        others = [(place, -own * power) for place, power in self.powers if place != target]
        factors = [place for place, power in others for _ in range(power)]
        return factors, [place for place, power in others for _ in range(-power)]

    def exponents(self, n_columns: int) -> np.ndarray:
        """Return the exponents of all columns."""
        row = np.zeros(n_columns)
        row[self.places] = [power for _, power in self.powers]
        return row


class LogTable:
    """Logarithms of a table's columns.

    Parameters
    ----------
    columns : list of Column
        Numbers.
    logs : ndarray of shape (n_rows, n_columns)
        Logarithms of their sizes, NaN for what is missing or 0.
    rng : numpy.random.Generator
        Draws the rows that are looked at.
    """

    def __init__(self, columns: list[Column], logs: np.ndarray, rng: np.random.Generator) -> None:
        self.columns = columns
        self.logs = logs
        self.rng = rng
        self.errors = np.array(
            [
                np.nanmedian(_errors(column)[~np.isnan(own)])
                for column, own in zip(columns, logs.T, strict=True)
            ]
        )
        # A whole number is a count more often than something that was rounded.
        self.errors_of_parts = np.where([column.is_integer for column in columns], 0, self.errors)

    def without_multiples(self, computed: Collection[Hashable]) -> LogTable:
        """Return the table without columns that are a constant times another one.

        Of such columns one stays: none that a sum computes, if there are others, and the finest of
        these. So it is `net`, not the finer `total = net + tax`, of a tax that is a share of it.
        """
        dropped: set[int] = set()
        rows = self.rng.permutation(len(self.logs))[: 10 * _PROBED]
        logs = self.logs[rows]
        errors = np.column_stack([_errors(column)[rows] for column in self.columns])
        order = np.lexsort([self.errors, [column.name in computed for column in self.columns]])
        for position, place in enumerate(order):
            others = order[position + 1 :]
            if place in dropped or not len(others):
                continue
            gaps = logs[:, others] - logs[:, [place]]
            known = ~np.isnan(gaps)
            others, gaps, known = (
                a[..., known.sum(axis=0) >= _MIN_ROWS] for a in (others, gaps, known)
            )
            slacks = errors[:, others] + errors[:, [place]] + 1e-9
            with np.errstate(invalid="ignore"):
                near = np.abs(gaps - np.nanmedian(gaps, axis=0)) <= 2 * slacks
            is_fine = self.errors[others] + self.errors[place] <= _SLACK
            dropped.update(
                others[is_fine & (near.sum(axis=0) >= 0.97 * known.sum(axis=0))].tolist()
            )
        kept = [place for place in range(len(self.columns)) if place not in dropped]
        return LogTable([self.columns[place] for place in kept], self.logs[:, kept], self.rng)

    def of_three(self) -> list[Relation]:
        """Return relations of a column and two others, or the square of one."""
        found = {}
        for target in range(len(self.columns)):
            rows = self._probe(target)
            if len(rows) > 4 * _PROBED:
                rows = self.rng.choice(rows, 4 * _PROBED, replace=False)
            part = self.logs[rows]
            own = part[:, [target]]
            slack = self._slack(target, own)
            reach = float(np.ptp(np.nanquantile(own, [0.05, 0.95])))
            for first in range(len(self.columns)):
                if first == target:
                    continue
                rest = own - part[:, [first]]
                slacks = slack + self.errors_of_parts[first] + self.errors_of_parts
                slacks = np.minimum(slacks, _SLACK)
                # What rounding may have done to a number that hardly varies would explain it all.
                slacks[4 * slacks >= reach] = -1
                for sign in (1, -1):
                    # Subtracting a factor's logarithm, or adding a divisor's, leaves a constant.
                    left = rest - sign * part
                    for second in _constant_columns(left, slacks):
                        if second != target and not (sign < 0 and second == first):
                            powers = {target: 1, first: -1}
                            powers[second] = powers.get(second, 0) - sign
                            found[Relation.of(powers)] = None
        return list(found)

    def of_more(self) -> list[Relation]:
        """Return relations of four columns and more."""
        found = dict.fromkeys(self._of_four())
        for target in range(len(self.columns)):
            found.update(dict.fromkeys(self._regressed(target)))
        return list(found)

    def _probe(self, target: int) -> np.ndarray:
        """Return the rows in which rounding matters least: those with the largest numbers."""
        logs = self.logs[:, target]
        rows = np.flatnonzero(~np.isnan(logs))
        order = rows[np.argsort(-logs[rows], kind="stable")]
        return order[: max(len(order) // 2, _PROBED)]

    def _slack(self, target: int, logs: np.ndarray) -> float:
        column = self.columns[target]
        if column.decimals is None:
            return max(1e-7, column.precision)
        smallest = float(np.exp(np.nanmin(logs)))
        return min(0.6 * 10.0**-column.decimals / smallest + 1e-9, _SLACK)

    def _of_four(self) -> Iterator[Relation]:
        """Yield relations of which two columns say what two others do: sums of two logarithms."""
        share = (~np.isnan(self.logs)).mean(axis=0)
        places = np.flatnonzero(share >= 0.9)
        rows = np.flatnonzero(~np.isnan(self.logs[:, places]).any(axis=1))
        if len(places) < 3 or len(rows) < 2 * _PROBED:
            return
        logs = self.logs[np.ix_(rows, places)]
        spread = logs.std(axis=0)
        large = np.argsort(-((logs - logs.mean(axis=0)) / (spread + 1e-300)).sum(axis=1))
        logs = logs[large[: len(large) // 2]]
        # Sums and differences of two columns; the sum of one with itself is its square.
        low, high = np.triu_indices(len(places))
        low = np.concatenate([low, low[low < high]])
        signs = np.where(np.arange(len(low)) < len(high), 1, -1)
        high = np.concatenate([high, high[np.triu_indices(len(places))[0] < high]])
        sides = np.zeros((len(low), len(places)), dtype=np.int8)
        np.add.at(sides, (np.arange(len(low)), low), 1)
        np.add.at(sides, (np.arange(len(low)), high), signs)
        powers = np.unique(np.vstack([self._near(logs, sides) for _ in range(_N_DRAWS)]), axis=0)
        for chosen in self._constant(logs, powers, places):
            yield Relation.of({int(places[k]): int(chosen[k]) for k in np.flatnonzero(chosen)})

    def _near(self, logs: np.ndarray, sides: np.ndarray) -> np.ndarray:
        """Return exponents of pairs of sides that agree in a few rows, up to a constant."""
        few = logs[self.rng.choice(len(logs), _N_COMPARED, replace=False)]
        sums = sides @ (few - np.median(few, axis=0)).T
        sums -= np.median(sums, axis=1, keepdims=True)
        moves = np.flatnonzero(np.abs(sums).max(axis=1) > _SLACK)
        both = np.vstack([sums[moves], -sums[moves]])
        signed = np.vstack([sides[moves], -sides[moves]])
        tree = cKDTree(both)
        for radius in (_SLACK, _SLACK / 4, _SLACK / 20, _SLACK / 100):
            if tree.count_neighbors(tree, radius, p=np.inf) - len(both) <= _MAX_NEAR:
                break
        else:
            return np.empty((0, sides.shape[1]), dtype=np.int8)
        pairs = tree.query_pairs(radius, p=np.inf, output_type="ndarray")
        left, right = signed[pairs[:, 0]], signed[pairs[:, 1]]
        powers = left - right
        # What is on both sides says nothing; the first exponent is positive.
        apart = ~((left != 0) & (right != 0)).any(axis=1)
        first = np.take_along_axis(powers, (powers != 0).argmax(axis=1)[:, None], axis=1)
        return (powers * np.sign(first))[apart]

    def _constant(self, logs: np.ndarray, powers: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Return the exponents whose products are constant in most rows, the best first."""
        few = logs[self.rng.choice(len(logs), min(len(logs), 2 * _PROBED), replace=False)]
        sums = few @ powers.T
        low, middle, high = np.quantile(sums, [0.25, 0.5, 0.75], axis=0)
        used = powers != 0
        slack = np.abs(powers) @ self.errors_of_parts[places]
        slack = np.minimum(slack + np.where(used, self.errors[places], 0).max(axis=1), 2 * _SLACK)
        near = (np.abs(sums - middle) <= 2 * slack + 1e-7).mean(axis=0)
        ratio = (high - low) / (slack + 1e-7)
        good = np.flatnonzero((ratio <= 4) & (near >= 0.9))
        return powers[good[np.argsort(ratio[good], kind="stable")][:_MAX_FOURS]]

    def _regressed(self, target: int) -> Iterator[Relation]:
        """Yield a product of three and more others from a regression of the logarithms."""
        rows, logs = self._probe(target), self.logs
        share = (~np.isnan(logs[rows])).mean(axis=0)
        others = [p for p in range(len(self.columns)) if p != target and share[p] >= 0.9]
        rows = rows[~np.isnan(logs[np.ix_(rows, others)]).any(axis=1)] if others else rows[:0]
        if len(others) < 3 or len(rows) < 3 * len(others) + _MIN_ROWS:
            return
        rows = rows[:2000]
        parts = logs[np.ix_(rows, others)]
        parts = parts - parts.mean(axis=0)
        own = logs[rows, target] - logs[rows, target].mean()
        weights, *_ = np.linalg.lstsq(parts, own, rcond=1e-10)
        whole = np.rint(weights)
        chosen = np.flatnonzero(whole)
        if not 3 <= len(chosen) <= 5 or np.abs(weights - whole).max() > 0.05:
            return
        if np.abs(whole).max() > 1:
            return
        yield Relation.of({target: 1, **{others[k]: -int(whole[k]) for k in chosen}})


def _errors(column: Column) -> np.ndarray:
    """Return what rounding may have moved each number by, as a share of its size."""
    if column.decimals is None:
        return np.full(len(column), column.precision)
    with np.errstate(divide="ignore"):
        return 0.5 * 10.0**-column.decimals / np.abs(column.floats)


def _constant_columns(left: np.ndarray, slacks: np.ndarray) -> list[int]:
    """Return the columns whose filled cells are nearly all the same."""
    ordered = np.sort(left[:_FIRST], axis=0)
    counts = (~np.isnan(ordered)).sum(axis=0)
    low, high = (
        np.take_along_axis(ordered, (counts * part // 4)[None].clip(0, len(ordered) - 1), 0)[0]
        for part in (1, 3)
    )
    with np.errstate(invalid="ignore"):
        alive = np.flatnonzero((high - low <= 4 * slacks) & (counts >= _FIRST // 4))
    found = []
    for place in alive.tolist():
        cells = left[:, place]
        cells = cells[~np.isnan(cells)]
        near = np.abs(cells - np.median(cells)) <= 2 * slacks[place]
        if len(cells) >= _MIN_ROWS and near.mean() >= 0.97:
            found.append(place)
    return found
