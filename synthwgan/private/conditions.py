"""What a user asks of columns, as allowed cells."""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.private.cells import next_of
from synthwgan.private.columns import Column, codes_of
from synthwgan.private.sampler import Allowed, ParticleSampler
from synthwgan.private.storage import Stored
from synthwgan.table.door import naming_column
from synthwgan.table.storage.meant import meant
from synthwgan.table.storage.scalars import span_in_words
from synthwgan.warn import warn


@dataclass
class Group:
    """Rows that are asked for the same.

    Parameters
    ----------
    weight : float
        Its share of the rows.
    allowed : dict of int to Allowed
        By the column's number.
    fixed : dict of int to value
        Values that are written as they were given.
    """

    weight: float = 1.0
    allowed: dict[int, Allowed] = field(default_factory=dict)
    fixed: dict[int, Any] = field(default_factory=dict)


def groups_of(
    conditions: Mapping[Any, Any], columns: Sequence[Column], sampler: ParticleSampler
) -> list[Group]:
    """Return groups of rows, with shares that add up to 1.

    Raises
    ------
    ValueError
        If a condition names no column, or asks for what cannot be.
    """
    names = [column.name for column in columns]
    options = []
    for name, wish in conditions.items():
        if name not in names:
            raise ValueError(f"conditions name {name!r}, which is no column that can be given")
        place = names.index(name)
        with naming_column(name):
            options.append([(place, *one) for one in _explained(columns[place], wish)])
    groups = []
    for chosen in itertools.product(*options):
        group = Group()
        asked = 1.0
        for place, share, allowed, fixed in chosen:
            group.allowed[place] = allowed
            if fixed is not None:
                group.fixed[place] = fixed
            asked *= 1.0 if share is None else share
        # Values of a list are as frequent as the model has them; shares are as they are given.
        free = any(share is None for _, share, _, _ in chosen) and len(options) > 0
        likely = sampler.likelihood(group.allowed) if free else 1.0
        group.weight = asked * likely
        groups.append((tuple(share for _, share, _, _ in chosen), group))
    return _weighed(groups)


def _weighed(groups: list[tuple[tuple[float | None, ...], Group]]) -> list[Group]:
    """Scale the weights of groups so that shares are met."""
    asked: dict[tuple[float | None, ...], list[Group]] = {}
    for shares, group in groups:
        asked.setdefault(shares, []).append(group)
    for shares, own in asked.items():
        total = sum(group.weight for group in own)
        wanted = np.prod([share for share in shares if share is not None])
        if total <= 0 < wanted:
            raise ValueError("no row of the table could meet the conditions, as far as it is known")
        for group in own:
            group.weight *= len(own) and wanted / total
    found = [group for _, group in groups if group.weight > 0]
    total = sum(group.weight for group in found)
    return [replace(group, weight=group.weight / total) for group in found]


def _explained(column: Column, wish: Any) -> list[tuple[float | None, Allowed, Any]]:
    """Return the options of a wish; an error says what may have been meant."""
    try:
        return _options(column, wish)
    except ValueError as error:
        has_order = column.edges is not None or _is_ordered(column)
        labels = () if column.edges is not None else column.labels
        remedy = meant(
            column.name, wish, has_order, lambda _: column.edges is None, lambda one: one in labels
        )
        raise ValueError(f"{error}{remedy}") from error


def _is_ordered(column: Column) -> bool:
    return column.stored.is_category and bool(column.stored.physical.dtype.ordered)


def _options(column: Column, wish: Any) -> list[tuple[float | None, Allowed, Any]]:
    """Return share, what is allowed, and the value that is written, for each way to meet a wish."""
    if isinstance(wish, Mapping):
        shares = np.array([float(share) for share in wish.values()])
        if not len(shares) or (shares < 0).any() or abs(shares.sum() - 1) > 1e-6:
            raise ValueError("shares must not be negative, and add up to 1")
        found = [_options(column, value) for value in wish]
        if any(len(one) != 1 for one in found):
            raise ValueError("shares are of values or ranges")
        return [(s, *one[0][1:]) for s, one in zip(shares, found, strict=True) if s > 0]
    if isinstance(wish, tuple):
        return [(None, _range(column, wish), None)]
    if isinstance(wish, Iterable) and not isinstance(wish, str | bytes):
        values = list(dict.fromkeys(wish))
        if not values:
            raise ValueError("an empty list allows nothing")
        return [(None, *_value(column, value)) for value in values]
    return [(None, *_value(column, wish))]


def _value(column: Column, value: Any) -> tuple[Allowed, Any]:
    cells = np.zeros(column.n_cells)
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        if not column.can_miss:
            raise ValueError("cells are never missing, as far as it is known")
        cells[-1] = 1.0
        return Allowed(cells), None
    if column.edges is None:
        labels = np.empty(1, dtype=object)
        labels[0] = _as_label(column, value)
        code = codes_of(labels, column.labels)[0]
        if code < 0:
            raise ValueError(f"{value!r} is none of its categories: {_shown(column.labels)}")
        cells[code] = 1.0
        return Allowed(cells), None
    step = _steps(column, value)
    allowed = _between_steps(column, step, next_of(np.array([step]), column.is_grid)[0], value)
    return allowed, column.value(step)


def _range(column: Column, wish: tuple[Any, ...]) -> Allowed:
    if len(wish) != 2:
        raise ValueError(f"a range is a pair (low, high), got {wish!r}; write values as a list")
    if column.edges is None:
        return _range_of_categories(column, wish)
    low = -np.inf if wish[0] is None else _steps(column, wish[0], round_up=True)
    high = np.inf if wish[1] is None else _steps(column, wish[1], round_up=False)
    if high != np.inf:
        high = float(next_of(np.array([high]), column.is_grid)[0])
    return _between_steps(column, low, high, wish)


def _range_of_categories(column: Column, wish: tuple[Any, ...]) -> Allowed:
    if not _is_ordered(column):
        raise ValueError("categories have no order; write allowed values as a list")
    codes = [
        None
        if bound is None
        else column.labels.index(_as_label(column, bound))
        if _as_label(column, bound) in column.labels
        else -1
        for bound in wish
    ]
    if -1 in codes:
        raise ValueError(f"{wish!r} are none of its categories: {_shown(column.labels)}")
    places = np.arange(column.n_cells)
    low, high = codes
    inside = (places >= (low or 0)) & (places <= (column.n_values - 1 if high is None else high))
    return Allowed(inside.astype(float))


def _between_steps(column: Column, low: float, high: float, wish: Any) -> Allowed:
    cells = np.zeros(column.n_cells)
    first, last = column.edges[:-1], column.edges[1:]
    inside = np.minimum(last, high) - np.maximum(first, low)
    cells[: column.n_values] = np.clip(inside / (last - first), 0, 1)
    if low >= high:
        raise ValueError(f"no value lies in the range {wish!r}")
    if not (cells > 0).any():
        raise ValueError(f"{wish!r} is outside of its range, {_range_in_words(column)}")
    return Allowed(cells, low, high)


def _range_in_words(column: Column) -> str:
    last = column.edges[-1] - 1 if column.is_grid else np.nextafter(column.edges[-1], -np.inf)
    return span_in_words(column.value(column.edges[0]), column.value(last))


def _steps(column: Column, value: Any, round_up: bool | None = None) -> float:
    """Return a number or moment in steps."""
    stored = column.stored
    if stored.ticks:
        steps = float(stored.moments([value])[0]) / column.step
    else:
        try:
            steps = float(value) / column.step
        except ValueError:
            raise ValueError(f"{value!r} is no number") from None
    if not np.isfinite(steps):
        raise ValueError(f"{value!r} is no number")
    if not column.is_grid:
        return steps
    nearest = np.rint(steps)
    if abs(steps - nearest) < 1e-6 * max(1.0, abs(steps)):
        return float(nearest)
    if round_up is None:
        raise ValueError(f"{value!r} is between two values that a cell can have")
    return float(np.ceil(steps) if round_up else np.floor(steps))


def beyond(column: Column, bound: Any, above: bool) -> Any:
    """Return the nearest value above or below a bound that the column can have.

    Raises
    ------
    ValueError
        If there is none, or the column has no order.
    """
    where = "above" if above else "below"
    if column.edges is None:
        label = _as_label(column, bound)
        if label not in column.labels:
            raise ValueError(f"{bound!r} is none of its categories: {_shown(column.labels)}")
        place = column.labels.index(label) + (1 if above else -1)
        if not 0 <= place < column.n_values:
            raise ValueError(f"no category lies {where} {bound!r}")
        return column.labels[place]
    # A bound between two steps is rounded away from what is wanted, and then a step back.
    steps = _steps(column, bound, round_up=not above)
    end = np.inf if above else -np.inf
    steps = steps + (1 if above else -1) if column.is_grid else np.nextafter(steps, end)
    if not column.edges[0] <= steps < column.edges[-1]:
        raise ValueError(f"no value lies {where} {bound!r}, as far as it is known")
    if not column.is_grid and not column.stored.ticks:
        return steps * column.step
    return column.value(steps)


def _as_label(column: Column, value: Any) -> Any:
    """Return a value, maybe written as text, as the label that it means."""
    if value in column.labels:
        return value
    return next((label for label in column.labels if str(label) == str(value)), value)


def _shown(labels: Sequence[Any]) -> str:
    return ", ".join(map(repr, labels[:10])) + (", ..." if len(labels) > 10 else "")


def known_cells(
    frame: pd.DataFrame, columns: Sequence[Column], kept: Container[Any] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cells of half-known rows, -1 where nothing is known, and places within them.

    Parameters
    ----------
    frame : DataFrame
    columns : sequence of Column
    kept : collection of column names
        Columns of which missing cells are known to be missing.

    Raises
    ------
    ValueError
        If a category is none of the column's.

    Warns
    -----
    UserWarning
        If a number is outside of the range: it counts as the nearest.
    """
    cells = np.full((len(frame), len(columns)), -1, dtype=np.int64)
    places = np.full(cells.shape, 0.5)
    for number, column in enumerate(columns):
        if column.name not in frame.columns:
            continue
        series = frame[column.name]
        present = series.notna().to_numpy()
        with naming_column(column.name):
            own, within = _known(column, series[present])
        cells[present, number], places[present, number] = own, within
        if column.name in kept and column.can_miss:
            cells[~present, number] = column.n_cells - 1
    return cells, places


def _known(column: Column, series: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    halves = np.full(len(series), 0.5)
    if column.edges is None:
        codes = codes_of(Stored.of(series.dtype).labels(series), column.labels)
        if (codes < 0).any():
            raise ValueError(
                f"{series[codes < 0].iloc[0]!r} is none of its categories: {_shown(column.labels)}"
            )
        return codes, halves
    stored = column.stored
    if stored.ticks:
        series = stored.cast(series)
    steps = (stored if stored.ticks else Stored.of(series.dtype)).numbers(series, column.step)
    if np.isnan(steps).any():
        raise ValueError(f"{series[np.isnan(steps)].iloc[0]!r} is no number")
    last = np.nextafter(column.edges[-1], -np.inf)
    if (np.rint(steps) if column.is_grid else steps).min(initial=np.inf) < column.edges[0] or (
        steps > last
    ).any():
        warn(f"column {column.name!r}: numbers outside of its range count as the nearest")
    steps = np.clip(np.rint(steps) if column.is_grid else steps, column.edges[0], last)
    found = np.clip(np.searchsorted(column.edges, steps, side="right") - 1, 0, column.n_values - 1)
    low, high = column.edges[found], column.edges[found + 1]
    width = 0.5 if column.is_grid else 0.0
    return found, np.clip((steps + width - low) / (high - low), 0, 1)
