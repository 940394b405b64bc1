"""The first reading of a table in batches: a sample of its rows, and what each column holds."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from synthwgan.table.batched import BatchedTable, CommonDtypes, PartitionedTable
from synthwgan.table.door import naming_column
from synthwgan.table.storage.dtypes import Cells, PhysicalType, SampledCells
from synthwgan.table.storage.physical import physical_type, read_cells, read_distinct
from synthwgan.table.storage.sketch import GrowingTally

# Rows that are kept in memory: kinds of columns, forms of cells and rules are found on them.
SAMPLE_ROWS = 2**18
_EVERY_HASH = np.uint64(2**64 - 1)


class ColumnSurvey:
    """What is known of all cells of one column."""

    def __init__(self) -> None:
        self._physical: PhysicalType | None = None
        self._tally = GrowingTally()
        self._n_missing, self._is_in_steps = 0, True
        # Whole numbers as long as each is one more than the one before: the first, and the next.
        self._first: int | None = None
        self._next: int | None = None

    def add(self, series: pd.Series) -> None:
        """Take note of more cells."""
        if self._physical is None or not self._physical.matches(series):
            if series.isna().all() and self._physical is not None:
                self._n_missing += len(series)
                return
            self._physical = physical_type(series)
        found = read_distinct(self._physical, series)
        if found is not None:
            cells, places = found
            counts = np.bincount(places, minlength=len(cells.missing))
            self._n_missing += int(counts[cells.missing].sum())
            self._tally.add_counted(cells.present, counts[~cells.missing])
            self._is_in_steps = False
            return
        present = read_cells(self._physical, series).present
        self._n_missing += len(series) - len(present)
        self._tally.add(present)
        if self._is_in_steps and len(present):
            self._step(present)

    def _step(self, present: np.ndarray) -> None:
        self._is_in_steps = (
            present.dtype.kind in "iu"
            and self._next in (None, present[0])
            and bool((present[1:] == present[:-1] + 1).all())
        )
        if self._is_in_steps:
            self._first = int(present[0]) if self._first is None else self._first
            self._next = int(present[-1]) + 1

    def merge(self, other: ColumnSurvey) -> None:
        """Take note of the cells that come next, of which there is a survey; it stays as it is."""
        self._tally.merge(other._tally)
        self._n_missing += other._n_missing
        self._physical = other._physical if self._physical is None else self._physical
        goes_on = None in (self._next, other._first) or self._next == other._first
        self._is_in_steps &= other._is_in_steps and goes_on
        self._first = other._first if self._first is None else self._first
        self._next = self._next if other._next is None else other._next

    def of_all(self, sampled: Cells) -> SampledCells:
        """Return the cells of the sample with what is known of all."""
        whole = self._tally.result()
        if not whole.n_rows:
            whole = sampled.tally
        elif whole.values.dtype != sampled.values.dtype:
            whole = whole.mapped(whole.values.astype(sampled.values.dtype))
        counts_up = self._is_in_steps and self._first in (None, 0, 1)
        return SampledCells(sampled.values, sampled.missing, whole, self._n_missing, counts_up)


class ColumnSurveys(dict[Hashable, ColumnSurvey]):
    """What is known of all cells of some columns, by name."""

    def add(self, frame: pd.DataFrame) -> None:
        """Take note of more rows."""
        for place, name in enumerate(frame.columns):
            with naming_column(name):
                self.setdefault(name, ColumnSurvey()).add(frame.iloc[:, place])

    def merge(self, other: ColumnSurveys) -> None:
        """Take note of the rows that come next; their surveys stay as they are."""
        for name, survey in other.items():
            with naming_column(name):
                self.setdefault(name, ColumnSurvey()).merge(survey)


@dataclass(frozen=True)
class Survey:
    """A sample of a table's rows, and what is known of each of its columns.

    The sample is drawn without replacement from all rows, and is the same however the rows are
    split into batches. A table of `SAMPLE_ROWS` rows and less is its own sample.

    Parameters
    ----------
    n_rows : int
    columns : ColumnSurveys
    sample : DataFrame
    dtypes : mapping of column name to dtype
        Those that hold all cells.
    """

    n_rows: int
    columns: ColumnSurveys
    sample: pd.DataFrame
    dtypes: Mapping[Hashable, object]

    @property
    def is_whole(self) -> bool:
        """Whether the sample is the table."""
        return len(self.sample) == self.n_rows


def survey_of(batches: BatchedTable) -> Survey:
    """Read a table for the first time; from then on its batches have the same dtypes."""
    if isinstance(batches, PartitionedTable):
        return _of_partitions(batches)
    survey = _of_frames(batches.frames())
    batches.fix(survey.dtypes)
    return survey


def _of_frames(frames: Iterable[pd.DataFrame]) -> Survey:
    n_rows, columns, common, sample = 0, ColumnSurveys(), CommonDtypes(), _Sample()
    for frame in map(common.take, frames):
        columns.add(frame)
        sample.add(frame, n_rows)
        n_rows += len(frame)
    _check_rows(n_rows)
    return Survey(n_rows, columns, sample.frame(common), common.dtypes)


def _check_rows(n_rows: int) -> None:
    if not n_rows:
        raise ValueError("the batches hold no rows: a table needs at least two")


def _of_partitions(table: PartitionedTable) -> Survey:
    common, n_rows = CommonDtypes(), sum(n_rows for n_rows, _ in table.shapes)
    _check_rows(n_rows)
    for n_own, columns in table.shapes:
        if n_own:
            common.take(columns)
    table.fix(common.dtypes)
    found = table.reduce(partial(_surveyed, _largest_hash(n_rows)))
    sample = pd.concat(found.sample, ignore_index=True)
    return Survey(n_rows, found.columns, sample, common.dtypes)


@dataclass(frozen=True)
class _Surveyed:
    """What is found in some partitions: of each column, and the rows of the sample."""

    columns: ColumnSurveys
    sample: list[pd.DataFrame]

    def merge(self, other: _Surveyed) -> None:
        self.columns.merge(other.columns)
        self.sample.extend(other.sample)


def _surveyed(largest: np.uint64, frame: pd.DataFrame, first: int) -> _Surveyed:
    found = _Surveyed(ColumnSurveys(), [frame[_hashes(first, len(frame)) <= largest]])
    found.columns.add(frame)
    return found


def _largest_hash(n_rows: int) -> np.uint64:
    """Return the largest hash of a row in the sample of so many rows."""
    held, largest = np.empty(0, dtype=np.uint64), _EVERY_HASH
    for first in range(0, n_rows, SAMPLE_ROWS):
        hashes = _hashes(first, min(SAMPLE_ROWS, n_rows - first))
        held = np.concatenate([held, hashes[hashes <= largest]])
        if len(held) > SAMPLE_ROWS:
            held = np.partition(held, SAMPLE_ROWS - 1)[:SAMPLE_ROWS]
            largest = held[-1]
    return largest


class _Sample:
    """Rows whose numbers have the smallest hashes, in order."""

    def __init__(self) -> None:
        self._parts: list[pd.DataFrame] = []
        self._hashes: list[np.ndarray] = []
        self._limit = _EVERY_HASH

    def add(self, frame: pd.DataFrame, first: int) -> None:
        hashes = _hashes(first, len(frame))
        kept = hashes <= self._limit
        if not kept.any():
            return
        self._parts.append(frame if kept.all() else frame[kept])
        self._hashes.append(hashes[kept])
        if sum(map(len, self._hashes)) > 2 * SAMPLE_ROWS:
            self._shrink()

    def _shrink(self) -> None:
        every = np.concatenate(self._hashes)
        if len(every) <= SAMPLE_ROWS:
            return
        self._limit = np.partition(every, SAMPLE_ROWS - 1)[SAMPLE_ROWS - 1]
        kept = [hashes <= self._limit for hashes in self._hashes]
        self._parts = [part[rows] for part, rows in zip(self._parts, kept, strict=True)]
        self._hashes = [own[rows] for own, rows in zip(self._hashes, kept, strict=True)]

    def frame(self, common: CommonDtypes) -> pd.DataFrame:
        self._shrink()
        return pd.concat([common.take(part) for part in self._parts], ignore_index=True)


def _hashes(first: int, n_rows: int) -> np.ndarray:
    """Return the hashes of the numbers of rows."""
    return _mixed(np.arange(first, first + n_rows, dtype=np.uint64))


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Return a hash of each number, no two alike (the finalizer of splitmix64)."""
    with np.errstate(over="ignore"):
        mixed = (numbers + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(1)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
