"""Tables that come in batches, as often as one asks: the door for more rows than memory."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

import pandas as pd

from synthwgan.table import cluster
from synthwgan.table.door import check_same_names, naming_column
from synthwgan.table.frames import TableForm, take

# Rows of a batch at most, of what is read here.
BATCH_ROWS = 2**17
_REMEDY = (
    "a table in batches is read more than once: pass a list of frames, or an object whose "
    "__iter__ begins anew each time, such as a class that opens its files there"
)


class BatchedTable:
    """A table in parts, which can be read again and again, all of its columns or some.

    All frames that it gives have the same columns and dtypes, once `fix` has said which.

    Parameters
    ----------
    read : callable
        From names of columns, or None for all, to the parts from the first on: DataFrames, or what
        Arrow can make frames of. More columns than are asked for do no harm.
    form : TableForm, optional
        What rows of such a table are given back as; pandas frames by default.
    attrs : mapping, optional
        What is known of the table beside its cells, as ``attrs`` of a frame.
    """

    def __init__(
        self,
        read: Callable[[list[Hashable] | None], Iterable[Any]],
        form: TableForm | None = None,
        attrs: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self._read, self.attrs = read, attrs
        self.form = TableForm() if form is None else form
        self._dtypes: dict[Hashable, Any] | None = None

    def fix(self, dtypes: Mapping[Hashable, Any]) -> None:
        """Give all frames these columns and dtypes from now on."""
        self._dtypes = dict(dtypes)

    def frames(self, names: Sequence[Hashable] | None = None) -> Iterator[pd.DataFrame]:
        """Read the parts as frames, without those that have no rows.

        Parameters
        ----------
        names : sequence of column names, optional
            The columns that are needed; by default all.
        """
        for part in self._read(None if names is None else list(names)):
            frame = as_frame(part)
            if self._dtypes is not None:
                frame = _alike(frame, names, self._dtypes)
            if len(frame):
                yield frame

    def map(
        self, work: Callable[[pd.DataFrame, int], Any], names: Sequence[Hashable] | None = None
    ) -> Iterator[Any]:
        """Yield, in order, what comes of some work on each part.

        Parameters
        ----------
        work : callable
            From a part, and the number of its first row among all, to what comes of it. It may run
            where the part is, so it changes nothing.
        names : sequence of column names, optional
            The columns that are needed; by default all. Where there is none, nothing is read.
        """
        if names is not None and not names:
            return
        first = 0
        for frame in self.frames(names):
            yield work(frame, first)
            first += len(frame)

    def reduce(
        self, work: Callable[[pd.DataFrame, int], Any], names: Sequence[Hashable] | None = None
    ) -> Any:
        """Do what `map` does, and return all results as one, by their method ``merge``."""
        return functools.reduce(_merge, self.map(work, names))


def _merge(whole: Any, part: Any) -> Any:
    whole.merge(part)
    return whole


def _alike(
    frame: pd.DataFrame, names: Sequence[Hashable] | None, dtypes: Mapping[Hashable, Any]
) -> pd.DataFrame:
    """Return some columns of a part, or all, with the dtypes that all parts have."""
    wanted = list(dtypes) if names is None else list(names)
    lacking = [name for name in wanted if name not in frame.columns]
    if lacking:
        raise ValueError(
            f"a batch has no column {lacking[0]!r}, which it had when it was read before"
        )
    if list(frame.columns) != wanted:
        frame = frame.loc[:, wanted]
    return with_dtypes(frame, dtypes)


class PartitionedTable(BatchedTable):
    """A frame of Dask, whose parts are its partitions: work is done where they are.

    Parameters
    ----------
    X : dask.dataframe.DataFrame
    """

    def __init__(self, X: Any) -> None:
        super().__init__(lambda names: self.map(_itself, names))
        self._X = X

    @cached_property
    def shapes(self) -> list[tuple[int, pd.DataFrame]]:
        """How many rows each partition has, and its columns, without rows."""
        n_parts = self._X.npartitions
        tasks = cluster.tasks_of(self._X, None, _shape, range(n_parts))
        return list(cluster.in_order(tasks, [0] * n_parts))

    def frames(self, names: Sequence[Hashable] | None = None) -> Iterator[pd.DataFrame]:
        return self.map(_itself, names)

    def map(
        self, work: Callable[[pd.DataFrame, int], Any], names: Sequence[Hashable] | None = None
    ) -> Iterator[Any]:
        if names is None or names:
            sizes = [n_rows for n_rows, _ in self.shapes if n_rows]
            yield from cluster.in_order(self._tasks(work, names), sizes)

    def reduce(
        self, work: Callable[[pd.DataFrame, int], Any], names: Sequence[Hashable] | None = None
    ) -> Any:
        return cluster.merged(self._tasks(work, names))

    def _tasks(
        self, work: Callable[[pd.DataFrame, int], Any], names: Sequence[Hashable] | None
    ) -> list[Any]:
        firsts, first = [], 0
        for n_rows, _ in self.shapes:
            firsts.append(first if n_rows else None)
            first += n_rows
        on_part = functools.partial(_on_partition, work, names, self._dtypes)
        return cluster.tasks_of(self._X, names, on_part, firsts)


def _itself(frame: pd.DataFrame, first: int) -> pd.DataFrame:
    return frame


def _shape(part: Any, place: int) -> tuple[int, pd.DataFrame]:
    frame = as_frame(part)
    return len(frame), frame.iloc[:0]


def _on_partition(
    work: Callable[[pd.DataFrame, int], Any],
    names: Sequence[Hashable] | None,
    dtypes: Mapping[Hashable, Any] | None,
    part: Any,
    first: int,
) -> Any:
    frame = as_frame(part)
    return work(frame if dtypes is None else _alike(frame, names, dtypes), first)


def with_dtypes(frame: pd.DataFrame, dtypes: Mapping[Hashable, Any]) -> pd.DataFrame:
    """Return a frame whose columns have these dtypes."""
    for place, name in enumerate(frame.columns):
        if frame.dtypes.iloc[place] != dtypes[name]:
            frame = frame.copy(deep=False)
            with naming_column(name):
                frame.isetitem(place, frame.iloc[:, place].astype(dtypes[name]))
    return frame


class CommonDtypes:
    """Dtypes that hold the cells of all batches, found batch by batch.

    They are what `pandas.concat` would make of all batches, but that categories which differ from
    batch to batch are put together.

    Attributes
    ----------
    dtypes : dict of column name to dtype
    """

    def __init__(self) -> None:
        self.dtypes: dict[Hashable, Any] = {}
        self._known: dict[tuple[str, str], Any] = {}

    def take(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a batch with dtypes that also hold what came before."""
        if not self.dtypes:
            self.dtypes = dict(frame.dtypes.items())
            return frame
        names = list(self.dtypes)
        if list(frame.columns) != names:
            check_same_names(sorted(frame.columns, key=str), sorted(names, key=str))
            frame = frame.loc[:, names]
        for place, name in enumerate(names):
            series, known = frame.iloc[:, place], self.dtypes[name]
            if series.dtype != known:
                self.dtypes[name] = self._common(known, series)
        return with_dtypes(frame, self.dtypes)

    def _common(self, known: Any, series: pd.Series) -> Any:
        new = series.dtype
        if isinstance(known, pd.CategoricalDtype) and isinstance(new, pd.CategoricalDtype):
            more = new.categories.difference(known.categories, sort=False)
            together = known.categories.append(more)
            return pd.CategoricalDtype(together, known.ordered and new.ordered)
        pair = str(known), str(new)
        if pair not in self._known:
            with warnings.catch_warnings():
                # Of columns without cells, pandas will decide otherwise some day.
                warnings.simplefilter("ignore", FutureWarning)
                empty = pd.Series([], dtype=known)
                self._known[pair] = pd.concat([empty, series.iloc[:0]]).dtype
        return self._known[pair]


def as_batches(X: Any) -> BatchedTable | None:
    """Return batches if a table comes in such, None if it is in memory.

    Parameters
    ----------
    X : BatchedTable, Arrow dataset, Dask frame, or iterable of frames that can be read again

    Raises
    ------
    TypeError
        If it can be read only once.
    """
    if isinstance(X, BatchedTable):
        return X
    if cluster.is_frame(X):
        return PartitionedTable(X)
    if _is_dataset(X):
        form = take(X.schema.empty_table())[1]
        return BatchedTable(lambda names: map(_taken, read_dataset(X, names)), form)
    if isinstance(X, str | bytes | Mapping) or not isinstance(X, Iterable) or _is_table(X):
        return None
    if hasattr(X, "ngroups"):
        raise TypeError(
            f"{type(X).__name__} is no table but its groups: pass the table, or fit a model for "
            "each of them"
        )
    if isinstance(X, Iterator):
        raise TypeError(f"{type(X).__name__} can be read only once, but {_REMEDY}")
    if isinstance(X, list | tuple) and not (X and _is_table(X[0])):
        return None
    return BatchedTable(lambda names: iter(X))


def opened(X: Any) -> tuple[Any, TableForm]:
    """Return a table in batches as such, any other as a frame in memory; and its form."""
    batches = as_batches(X)
    return take(X) if batches is None else (batches, batches.form)


def _is_dataset(X: Any) -> bool:
    return type(X).__module__.startswith("pyarrow") and hasattr(X, "to_batches") and _scans(X)


def _scans(X: Any) -> bool:
    return hasattr(X, "scanner")


def _is_table(X: Any) -> bool:
    """Whether something is a table by itself: arrays, and frames of all packages."""
    marks = ("shape", "__array__", "__arrow_c_stream__", "__arrow_c_array__", "to_arrow")
    return isinstance(X, pd.DataFrame) or any(hasattr(X, mark) for mark in marks)


def _taken(batch: Any) -> pd.DataFrame:
    return take(batch)[0]


def read_dataset(dataset: Any, names: list[Hashable] | None) -> Iterator[Any]:
    """Read some columns of an Arrow dataset, or all for None, in batches."""
    options = {"columns": names and list(map(str, names)), "batch_size": BATCH_ROWS}
    try:
        fragments = list(dataset.get_fragments())
    except ValueError:
        # Of a dataset under a filter.
        yield from dataset.to_batches(**options, batch_readahead=1, use_threads=False)
        return
    for fragment in fragments:
        # Arrow reads ahead as fast as it can, whole files of Parquet: so it is given a row group at
        # a time, whose columns it still reads by several threads.
        can_split = hasattr(fragment, "split_by_row_group")
        for piece in fragment.split_by_row_group() if can_split else [fragment]:
            yield from piece.to_batches(**options, schema=dataset.schema)


def as_frame(part: Any) -> pd.DataFrame:
    """Return a part of a table as a DataFrame; whole numbers beside gaps stay whole.

    Raises
    ------
    TypeError
        If it is no part of a table.
    """
    if isinstance(part, pd.DataFrame):
        return part
    import pyarrow as pa

    from synthwgan.table.storage.frame import frame_of_arrow

    if hasattr(part, "to_arrow"):
        part = part.to_arrow()
    if isinstance(part, pa.RecordBatch):
        part = pa.Table.from_batches([part])
    if not isinstance(part, pa.Table):
        raise TypeError(f"a batch must be a DataFrame or of Arrow, got {type(part).__name__}")
    return frame_of_arrow(part)
