"""The whole mechanism: what is bought, in which order, and what is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from synthwgan.private.accountant import Ledger
from synthwgan.private.columns import Column, choose_slots
from synthwgan.private.domain import Declared
from synthwgan.private.looks import counted_rows, look, shares_of
from synthwgan.private.measure import Census
from synthwgan.private.pairs import Classes, Table, choose_classes, list_pairs, measure_pairs
from synthwgan.warn import warn

_ONE_WAY = 0.16
# A number whose range is not public pays for finding it: a value that 50 rows have, at the end of a
# range, is to be seen.
_UNKNOWN_RANGE = 3.0
# Part of delta for the chance that a category which only one person has is kept.
THRESHOLD_DELTA = 0.1
_MIN_DEVIATIONS = 3.0
# Fewer rows than so many deviations of a pair's noise, and pairs say next to nothing.
_FEW_DEVIATIONS = 60.0
# So many deviations of noise are the rows in a cell of two numbers, were all cells alike and the
# target's classes two. Chosen on validation rows of three tables.
_DEVIATIONS_PER_CELL = 2.5
_BINS = (4, 32)


@dataclass(frozen=True)
class Measured:
    """Everything that was released, and what follows from it without another look.

    Parameters
    ----------
    columns : list of Column
        With shares and slots.
    one_way_variance : list of float
        Variance of the noise on each column's shares.
    tables : list of Table
        Of pairs.
    classes : Classes or None
        Of the target.
    n_rows : float
        Noisy number of rows.
    """

    columns: list[Column]
    one_way_variance: list[float]
    tables: list[Table]
    classes: Classes | None
    n_rows: float


def measure(
    census: Census,
    ledger: Ledger,
    declared: Sequence[Declared],
    target: int | None,
    n_bins: int | str,
) -> Measured:
    """Spend the budget.

    Parameters
    ----------
    census : Census
        The table, of the declared columns in their order.
    ledger : Ledger
        The budget.
    declared : sequence of Declared
        What is public.
    target : int or None
        Number of the target.
    n_bins : int or "auto"
        Slots of a number.

    Warns
    -----
    UserWarning
        If the noise on each pair is so large that only the commonest values are told apart.
    """
    budget = ledger.budget
    n_pairs = len(list_pairs(len(declared), None))
    weights = np.array(
        [_UNKNOWN_RANGE if one.kind == "number" and one.bounds is None else 1.0 for one in declared]
    )
    prices = budget * weights * (_ONE_WAY / len(declared) if n_pairs else 1 / weights.sum())
    n_bought = sum(one.kind == "category" and one.labels is None for one in declared)
    delta = ledger.threshold_delta / n_bought if n_bought else 0.0
    looks = [
        look(census, place, one, prices[place] * (1 - 1e-9), delta)
        for place, one in enumerate(declared)
    ]
    n_rows = counted_rows(looks)
    rho = (budget - ledger.spent) * (1 - 1e-9)
    deviation = np.sqrt(n_pairs / (2 * rho)) if n_pairs else 1.0
    if n_pairs and n_rows < _FEW_DEVIATIONS * deviation:
        warn(
            f"the noise on each of {n_pairs} pairs of columns is {deviation:.0f} rows, and there "
            f"are about {n_rows:.0f}: hardly more than single columns will be right; give fewer "
            "columns or a larger epsilon"
        )
    if n_bins == "auto":
        n_classes = 1 if target is None else 2
        wanted = np.sqrt(n_rows / deviation / (_DEVIATIONS_PER_CELL * n_classes))
        n_bins = round(wanted.clip(*_BINS))
    columns = []
    for one in looks:
        column = replace(one.column, shares=shares_of(one, n_rows))
        slots = choose_slots(column, int(n_bins), _MIN_DEVIATIONS * deviation / n_rows)
        columns.append(replace(column, slots=slots))
    census.prepare(columns)
    classes = choose_classes(columns, target)
    tables = measure_pairs(census, columns, classes, rho, n_rows) if n_pairs else []
    variances = [one.first.variance / n_rows**2 for one in looks]
    return Measured(columns, variances, tables, classes, n_rows)
