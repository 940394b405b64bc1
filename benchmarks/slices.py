"""Slices of a table: how good the rows are that a model draws of one category.

Every state of every categorical column that enough training rows have is a slice. A model is a
function here that draws rows of a slice, so that nothing depends on whose model it is.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.data import Dataset

# CTGAN's rows are drawn in its own environment, where synthwgan is not: what needs it is
# imported where it is used.

MIN_ROWS, MAX_ROWS = 300, 2_000
# A slice of which a model found fewer rows is not compared.
MIN_FOUND = 50
# Rows drawn at most for each that is wanted, as in synthwgan.
MAX_TRIES, MIN_TRIED = 100, 20_000
MIN_DRAWN = 2_000
N_TURNS, ROWS_A_TURN = 5, 20_000

# Column, state and number of rows wanted, to rows.
Draw = Callable[[str, Any, int], pd.DataFrame]
Pair = tuple[pd.DataFrame, pd.DataFrame]


@dataclass(frozen=True)
class Slice:
    """The real rows with one state of one column, and how many of them are compared."""

    column: str
    state: Any
    rows: pd.DataFrame
    n_compared: int


def slices(
    real: pd.DataFrame, columns: Sequence[str], min_rows: int = MIN_ROWS, max_rows: int = MAX_ROWS
) -> Iterator[Slice]:
    """Yield every state that at least `min_rows` rows have, column by column, commonest first."""
    for column in columns:
        for state, count in real[column].value_counts().items():
            if count >= min_rows:
                rows = real[real[column] == state].reset_index(drop=True)
                yield Slice(column, state, rows, min(count, max_rows))


def slice_errors(
    real: pd.DataFrame,
    draw: Draw,
    columns: Sequence[str],
    min_rows: int = MIN_ROWS,
    max_rows: int = MAX_ROWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare the rows that a model draws of each slice with the real ones.

    Parameters
    ----------
    real : DataFrame of shape (n_rows, n_columns)
        The training rows.
    draw : callable
        ``draw(column, state, n)`` returns `n` rows of which ``column`` shall be ``state``, or
        those that it found. Rows with another state are left out.
    columns : sequence of str
        The categorical columns whose states are the slices.
    min_rows, max_rows : int
        Real rows that a slice must have, and that are compared at most (a random subset).
    seed : int
        Seed of these subsets.

    Returns
    -------
    DataFrame
        A row a slice: ``column``, ``state``, ``n_real``, ``n`` (rows compared), ``hit_share``
        (share of the drawn rows with the right state), ``shape_err`` and ``trend_err`` (per
        cent: 100 x (1 - sdmetrics' Column Shapes or Column Pair Trends), without the
        conditioned column; NaN where fewer than 50 rows were found).
    """
    rng = np.random.default_rng(seed)
    hit_shares = []

    def pair(one: Slice) -> Pair:
        drawn = draw(one.column, one.state, one.n_compared)
        met = _are_met(drawn, one.column, one.state)
        hit_shares.append(met.mean() if len(met) else 0.0)
        expected = one.rows.sample(one.n_compared, random_state=rng)
        return expected, drawn[met].head(one.n_compared)

    errors = _compare(real, pair, slices(real, columns, min_rows, max_rows))
    errors.insert(4, "hit_share", hit_shares)
    return errors


def unconditional_errors(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    columns: Sequence[str],
    min_rows: int = MIN_ROWS,
    max_rows: int = MAX_ROWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Errors of unconditional rows, under the same sampling noise as those of the slices.

    For each slice, as many synthetic rows of all kinds against as many real ones of all kinds,
    without the slice's column.
    """
    rng = np.random.default_rng(seed)

    def pair(one: Slice) -> Pair:
        expected, drawn = (
            frame.sample(one.n_compared, random_state=rng) for frame in (real, synthetic)
        )
        return expected, drawn

    return _compare(real, pair, slices(real, columns, min_rows, max_rows))


def floor_errors(
    real: pd.DataFrame,
    columns: Sequence[str],
    min_rows: int = MIN_ROWS,
    max_rows: int = MAX_ROWS,
    seed: int = 0,
    of_slices: bool = True,
) -> pd.DataFrame:
    """Errors of a perfect model: two independent bootstraps of each real slice.

    Bootstraps, not halves, so that each has as many rows as a model draws. Without `of_slices`
    they are of the whole table, the floor of `unconditional_errors`.
    """
    rng = np.random.default_rng(seed)

    def pair(one: Slice) -> Pair:
        rows = one.rows if of_slices else real
        first, second = (rows.sample(one.n_compared, replace=True, random_state=rng) for _ in "ab")
        return first, second

    return _compare(real, pair, slices(real, columns, min_rows, max_rows))


def _compare(
    real: pd.DataFrame, pair: Callable[[Slice], Pair], of_slices: Iterable[Slice]
) -> pd.DataFrame:
    """Compare a pair of tables for each slice, without the slice's column."""
    from synthwgan.evaluation.quality import sdmetrics_metadata

    kinds = sdmetrics_metadata(real)["columns"]
    records = []
    for one in of_slices:
        expected, drawn = pair(one)
        others = {name: kind for name, kind in kinds.items() if name != one.column}
        record = {"column": one.column, "state": one.state, "n_real": len(one.rows)}
        records.append(record | {"n": len(drawn)} | _errors(expected, drawn, others))
    return pd.DataFrame(records)


def _errors(real: pd.DataFrame, drawn: pd.DataFrame, kinds: Mapping[str, Any]) -> dict[str, float]:
    from synthwgan.evaluation.quality import quality_score

    if len(drawn) < MIN_FOUND:
        return {"shape_err": np.nan, "trend_err": np.nan}
    names = list(kinds)
    score = quality_score(real[names], drawn[names], metadata={"columns": kinds})
    return {
        "shape_err": 100 * (1 - score.column_shapes),
        "trend_err": 100 * (1 - score.column_pair_trends),
    }


def redraw(draw: Draw, column: str, state: Any, n_wanted: int) -> tuple[pd.DataFrame, float]:
    """Draw until enough rows have the state; return them, and the share of the drawn that had.

    At most 100 rows are drawn for each that is wanted, or 20,000; then those found are returned.
    """
    kept, n_kept, n_drawn = [], 0, 0
    while n_kept < n_wanted and n_drawn < max(MAX_TRIES * n_wanted, MIN_TRIED):
        rows = draw(column, state, max(n_wanted, MIN_DRAWN))
        met = rows[_are_met(rows, column, state)]
        kept.append(met)
        n_drawn += len(rows)
        n_kept += len(met)
    return pd.concat(kept, ignore_index=True).head(n_wanted), n_kept / n_drawn


def _are_met(rows: pd.DataFrame, column: str, state: Any) -> np.ndarray:
    return (rows[column].astype(object) == state).to_numpy()


def throughput(
    unconditional: Callable[[int], Any],
    draw: Draw,
    states: Sequence[tuple[str, Any]],
    n_rows: int = ROWS_A_TURN,
) -> dict[str, float]:
    """Rows per second without and with a condition, in turns; medians over the states.

    Parameters
    ----------
    unconditional, draw : callable
        Draw rows of all kinds (given their number), and of one state of a column.
    states : sequence of (str, value)
        Column and state of each turn; the first is also drawn before, untimed.
    n_rows : int
        Rows of a turn.
    """
    draw(*states[0], n_rows)
    rates = [
        (_rate(lambda: unconditional(n_rows)), _rate(lambda state=state: draw(*state, n_rows)))
        for state in states
    ]
    return {
        "rows_per_second": statistics.median(free for free, _ in rates),
        "conditional_rows_per_second": statistics.median(bound for _, bound in rates),
        "rate_ratio": statistics.median(bound / free for free, bound in rates),
    }


def _rate(run: Callable[[], Any]) -> float:
    started = time.perf_counter()
    return len(run()) / (time.perf_counter() - started)


def turns(dataset: Dataset) -> list[tuple[str, Any]]:
    """Commonest state of the first columns: the conditions under which speed is measured."""
    columns = dataset.categorical[:N_TURNS]
    return [(column, dataset.train[column].mode().iloc[0]) for column in columns]


def summary(errors: pd.DataFrame, free: pd.DataFrame) -> dict[str, float]:
    """Mean errors of the slices, of the unconditional rows, and their ratios.

    Parameters
    ----------
    errors : DataFrame
        What `slice_errors` or `floor_errors` returned.
    free : DataFrame
        What `unconditional_errors` returned, for the same slices. Slices that could not be
        compared are left out of both.
    """
    compared = errors["shape_err"].notna().to_numpy()
    figures: dict[str, float] = {"n_slices": len(errors), "n_compared": int(compared.sum())}
    if "hit_share" in errors:
        figures |= {"hit_share": float(errors["hit_share"].mean())}
    for name in ("shape_err", "trend_err"):
        bound, unbound = (float(table[name][compared].mean()) for table in (errors, free))
        figures |= {name: bound, f"free_{name}": unbound, f"{name}_ratio": bound / unbound}
    return figures
