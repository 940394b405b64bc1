"""The first reading of a table in batches: a sample of its rows, and what each column holds."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

import numpy as np
import pandas as pd

from synthwgan.table.batched import BatchedTable, CommonDtypes
from synthwgan.table.door import naming_column
from synthwgan.table.storage.dtypes import Cells, PhysicalType, SampledCells
from synthwgan.table.storage.physical import physical_type, read_cells, read_distinct
from synthwgan.table.storage.sketch import GrowingTally

# Rows that are kept in memory: kinds of columns, forms of cells and rules are found on them.
SAMPLE_ROWS = 2**18


class ColumnSurvey:
    """What is known of all cells of one column."""

    def __init__(self) -> None:
        self._physical: PhysicalType | None = None
        self._tally = GrowingTally()
        self._n_missing, self._next, self._counts_up = 0, None, True

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
            self._counts_up = False
            return
        present = read_cells(self._physical, series).present
        self._n_missing += len(series) - len(present)
        self._tally.add(present)
        if self._counts_up and len(present):
            self._count_up(present)

    def _count_up(self, present: np.ndarray) -> None:
        is_first = self._next is None
        self._counts_up = (
            present.dtype.kind in "iu"
            and bool(present[0] in (0, 1) if is_first else present[0] == self._next)
            and bool((present[1:] == present[:-1] + 1).all())
        )
        self._next = present[-1] + 1 if self._counts_up else None

    def of_all(self, sampled: Cells) -> SampledCells:
        """Return the cells of the sample with what is known of all."""
        whole = self._tally.result()
        if not whole.n_rows:
            whole = sampled.tally
        elif whole.values.dtype != sampled.values.dtype:
            whole = whole.mapped(whole.values.astype(sampled.values.dtype))
        return SampledCells(
            sampled.values, sampled.missing, whole, self._n_missing, self._counts_up
        )


class Survey:
    """A sample of a table's rows, and what is known of each of its columns.

    The sample is drawn without replacement from all rows, and is the same however the rows are
    split into batches. A table of `SAMPLE_ROWS` rows and less is its own sample.

    Parameters
    ----------
    frames : iterable of DataFrame

    Attributes
    ----------
    sample : DataFrame
    n_rows : int
    columns : dict of column name to ColumnSurvey
    """

    def __init__(self, frames: Iterable[pd.DataFrame]) -> None:
        self.n_rows, self.columns = 0, {}
        self._common, self._sample = CommonDtypes(), _Sample()
        for frame in frames:
            self._add(self._common.take(frame))
        if not self.n_rows:
            raise ValueError("the batches hold no rows: a table needs at least two")
        self.sample = self._sample.frame(self._common)

    @property
    def dtypes(self) -> dict[Hashable, object]:
        """The dtypes that hold all cells."""
        return self._common.dtypes

    @property
    def is_whole(self) -> bool:
        """Whether the sample is the table."""
        return len(self.sample) == self.n_rows

    def _add(self, frame: pd.DataFrame) -> None:
        for place, name in enumerate(frame.columns):
            with naming_column(name):
                self.columns.setdefault(name, ColumnSurvey()).add(frame.iloc[:, place])
        self._sample.add(frame, self.n_rows)
        self.n_rows += len(frame)


class _Sample:
    """Rows whose numbers have the smallest hashes, in order."""

    def __init__(self) -> None:
        self._parts: list[pd.DataFrame] = []
        self._hashes: list[np.ndarray] = []
        self._limit = np.uint64(2**64 - 1)

    def add(self, frame: pd.DataFrame, first: int) -> None:
        hashes = _mixed(np.arange(first, first + len(frame), dtype=np.uint64))
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


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Return a hash of each number, no two alike (the finalizer of splitmix64)."""
    with np.errstate(over="ignore"):
        mixed = (numbers + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(1)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def survey_of(batches: BatchedTable) -> Survey:
    """Read a table for the first time; from then on its batches have the same dtypes."""
    survey = Survey(batches.frames())
    batches.fix(survey.dtypes)
    return survey


def frames_of(batches: BatchedTable, names: list[Hashable]) -> Iterator[pd.DataFrame]:
    """Read some columns; none is read where there is none."""
    return batches.frames(names) if names else iter(())
