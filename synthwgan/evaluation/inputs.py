"""What a report is made from: real, synthetic and test rows in one plain form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.evaluation.plain import Content, as_floats, as_texts, contents
from synthwgan.evaluation.spread import spread_numbers
from synthwgan.table.frames import as_named_frame

MAX_ROWS = 50_000
# A category of fewer real rows says nothing of another table: fresh real rows have others.
MIN_LEVEL_ROWS = 5


@dataclass(frozen=True)
class Column:
    """One column that is compared.

    Parameters
    ----------
    name : hashable
        Its name in the tables.
    content : Content
        What it holds: the schema's kind and how cells are read.
    levels : tuple of str
        Categories of all tables, the commonest real one first; empty for numbers.
    n_real_levels : int
        How many of them occur in the real table: those come first.
    n_common_levels : int
        How many of those have five real rows or more: they come first of all.
    sparse : bool
        Whether most cells are of the other, rare ones, as in a column of addresses.
    """

    name: Any
    content: Content
    levels: tuple[str, ...] = ()
    n_real_levels: int = 0
    n_common_levels: int = 0
    sparse: bool = False

    @property
    def kind(self) -> str:
        """``"number"``, of dates and durations too, or ``"category"``."""
        return "number" if self.content.is_number else "category"

    @property
    def is_number(self) -> bool:
        """Whether its cells are floats and not codes of categories."""
        return self.content.is_number

    @property
    def label(self) -> str:
        """Its name as text."""
        return str(self.name)


@dataclass(frozen=True, repr=False)
class Rows:
    """Rows in plain form.

    Parameters
    ----------
    columns : tuple of Column
        What the columns are.
    arrays : dict of column name to ndarray of shape (n_rows,)
        Of numbers float64, NaN where missing; of categories int64 codes into
        ``column.levels``, -1 where missing.
    """

    columns: tuple[Column, ...]
    arrays: dict[Any, np.ndarray]

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))

    def __getitem__(self, name: Any) -> np.ndarray:
        return self.arrays[name]

    def take(self, rows: np.ndarray) -> Rows:
        """Return some of the rows, by number or by mask."""
        return Rows(self.columns, {name: array[rows] for name, array in self.arrays.items()})

    def sample(self, n_rows: int, rng: np.random.Generator) -> Rows:
        """Return at most so many rows, drawn without repetition."""
        if len(self) <= n_rows:
            return self
        return self.take(rng.choice(len(self), size=n_rows, replace=False))

    def select(self, names: list[Any]) -> Rows:
        """Return some of the columns, in the order of the table."""
        columns = tuple(column for column in self.columns if column.name in names)
        return Rows(columns, {column.name: self.arrays[column.name] for column in columns})

    def missing(self, name: Any) -> np.ndarray:
        """Where a column's cells are missing."""
        array = self.arrays[name]
        return np.isnan(array) if array.dtype.kind == "f" else array < 0

    def texts(self, column: Column) -> np.ndarray:
        """Return a column of categories as texts, None where missing."""
        return np.array([*column.levels, None], dtype=object)[self.arrays[column.name]]

    def frame(self) -> pd.DataFrame:
        """Return the rows as a frame: float64, datetime64, timedelta64, and object texts."""
        cells = {column.name: self._cells(column) for column in self.columns}
        # A dict of columns would merge names that are tuples into levels.
        frame = pd.DataFrame(dict(enumerate(cells.values())))
        return frame.set_axis(pd.Index(list(cells), tupleize_cols=False), axis=1)

    def _cells(self, column: Column) -> Any:
        if not column.is_number:
            return pd.Series(self.texts(column), dtype=object)
        values = self.arrays[column.name]
        if column.content.form == "number":
            return values
        ticks = np.where(np.isnan(values), 0, np.rint(values * 1e6)).astype("int64")
        unit = "M8[us]" if column.content.form == "date" else "m8[us]"
        return pd.Series(ticks.view(unit)).mask(np.isnan(values))


@dataclass(frozen=True, repr=False)
class Tables:
    """Real, synthetic and test rows made comparable.

    Columns of which nothing is learned, identifiers, are left out of every comparison.

    Parameters
    ----------
    real, synthetic : Rows
        The two tables, at most 50,000 rows of each.
    test : Rows or None
        Real rows that the model never saw.
    keys : dict of column name to tuple of ndarrays
        Texts of the left-out columns: the real and the synthetic ones.
    dtypes : DataFrame
        Dtypes of the given tables, one row a column.
    notes : tuple of str
        What was sampled, left out or could not be read.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.evaluation import Tables
    >>> real = pd.DataFrame({"size": [1, 2, None], "city": ["a", "b", "a"]})
    >>> tables = Tables.of(real, real.assign(city=["a", "c", None]))
    >>> [(column.name, column.kind, column.levels) for column in tables.columns]
    [('size', 'number', ()), ('city', 'category', ('a', 'b', 'c'))]
    >>> tables.synthetic["city"]
    array([ 0,  2, -1])
    >>> tables.frame("synthetic")
       size  city
    0   1.0     a
    1   2.0     c
    2   NaN  None
    """

    real: Rows
    synthetic: Rows
    test: Rows | None
    keys: dict[Any, tuple[np.ndarray, np.ndarray]]
    dtypes: pd.DataFrame
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        real: Any,
        synthetic: Any,
        test: Any = None,
        *,
        column_kinds: Mapping[Any, str] | None = None,
        rng: np.random.Generator | None = None,
        max_rows: int = MAX_ROWS,
    ) -> Tables:
        """Read the tables.

        Parameters
        ----------
        real, synthetic : DataFrame of any library or array
            Tables with the same columns, in any order.
        test : DataFrame of any library or array or None, default None
            Real rows that the model never saw.
        column_kinds : mapping of column name to kind, default None
            Kinds that are given and not inferred; see `TableTransformer`.
        rng : Generator, default None
            Draws the rows where there are too many; None takes a fixed seed.
        max_rows : int, default 50,000
            Most rows of each table.

        Raises
        ------
        TypeError, ValueError
            If a table is no DataFrame, is empty, or has other columns.
        """
        real, synthetic, test = (as_named_frame(table) for table in (real, synthetic, test))
        frames = _checked(real, synthetic, test)
        frames, held = spread_numbers(frames, contents(real, column_kinds))
        rng = np.random.default_rng(0) if rng is None else rng
        notes = []
        for part, frame in frames.items():
            if len(frame) > max_rows:
                notes.append(f"{max_rows:,} of {len(frame):,} {part} rows, drawn at random.")
                frame = frame.iloc[np.sort(rng.choice(len(frame), max_rows, replace=False))]
            frames[part] = frame
        reader = _Reader(frames, held)
        compared = [name for name in frames["real"].columns if held[name].is_compared]
        if not compared:
            raise ValueError(
                f"every column looks like an identifier, so that nothing can be compared: say "
                f"otherwise with column_kinds={{{real.columns[0]!r}: 'categorical'}}"
            )
        rows = reader.rows(compared)
        keys = {name: reader.key(name) for name in frames["real"].columns if name not in compared}
        if keys:
            names = ", ".join(repr(str(name)) for name in keys)
            notes.append(f"Identifiers are not compared: {names}.")
        return cls(
            rows["real"],
            rows["synthetic"],
            rows.get("test"),
            keys,
            _dtypes(real, synthetic),
            tuple(notes + reader.notes),
        )

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that are compared."""
        return self.real.columns

    @cached_property
    def by_name(self) -> dict[Any, Column]:
        """The columns that are compared, by name."""
        return {column.name: column for column in self.columns}

    def frame(self, part: str) -> pd.DataFrame:
        """Return ``"real"``, ``"synthetic"`` or ``"test"`` rows as a frame of plain dtypes."""
        return getattr(self, part).frame()


class _Reader:
    """Reads frames column by column, and remembers what could not be read."""

    def __init__(self, frames: dict[str, pd.DataFrame], held: dict[Any, Content]) -> None:
        self.frames, self.held = frames, held
        self.notes: list[str] = []

    def rows(self, names: list[Any]) -> dict[str, Rows]:
        columns, arrays = [], {part: {} for part in self.frames}
        for name in names:
            column, read = (self._floats if self.held[name].is_number else self._codes)(name)
            columns.append(column)
            for part, array in read.items():
                arrays[part][name] = array
        return {part: Rows(tuple(columns), arrays[part]) for part in self.frames}

    def key(self, name: Any) -> tuple[np.ndarray, np.ndarray]:
        content = self.held[name]
        real, synthetic = (
            as_texts(self.frames[part][name], content) for part in ("real", "synthetic")
        )
        return real, synthetic

    def _floats(self, name: Any) -> tuple[Column, dict[str, np.ndarray]]:
        read = {}
        for part, frame in self.frames.items():
            read[part] = as_floats(frame[name], self.held[name])
            unread = int(np.isnan(read[part]).sum() - frame[name].isna().sum())
            if unread > 0:
                what = "date" if self.held[name].form == "date" else "finite number"
                self.notes.append(
                    f"Column {str(name)!r}: {unread:,} cells of the {part} table are no {what} "
                    "and count as missing."
                )
        return Column(name, self.held[name]), read

    def _codes(self, name: Any) -> tuple[Column, dict[str, np.ndarray]]:
        content = self.held[name]
        texts = {part: as_texts(frame[name], content) for part, frame in self.frames.items()}
        counts = Counter(text for text in texts["real"] if text is not None)
        real = sorted(counts, key=lambda level: (-counts[level], level))
        distinct = pd.unique(np.concatenate(list(texts.values())))
        others = set(distinct) - set(real) - {None}
        levels = pd.Index([*real, *sorted(others)], dtype=object)
        codes = {part: levels.get_indexer(cells).astype("int64") for part, cells in texts.items()}
        n_common = sum(count >= MIN_LEVEL_ROWS for count in counts.values())
        n_rare_cells = sum(counts[level] for level in real[n_common:])
        sparse = n_rare_cells > sum(counts.values()) / 2
        if sparse:
            self.notes.append(
                f"Column {str(name)!r} is compared by its categories of {MIN_LEVEL_ROWS} rows or "
                f"more ({n_common} of {len(real):,}); the others count as one, as fresh real rows "
                "have others too."
            )
        return Column(name, content, tuple(levels), len(real), n_common, sparse), codes


def check_same_columns(real: pd.DataFrame, other: pd.DataFrame, part: str = "synthetic") -> None:
    """Raise unless two tables are frames with the same columns and at least one row.

    Parameters
    ----------
    real, other : DataFrame
        The two tables.
    part : str, default "synthetic"
        What the message calls the other one.

    Raises
    ------
    TypeError
        If one of them is no DataFrame.
    ValueError
        If their columns differ, or one is empty.
    """
    for frame in (real, other):
        if not isinstance(frame, pd.DataFrame):
            raise TypeError(
                f"All tables must be DataFrames, got {type(frame).__name__}: read files with "
                "pandas, and wrap arrays in pd.DataFrame."
            )
    lacking = [name for name in real.columns if name not in other.columns]
    unknown = [name for name in other.columns if name not in real.columns]
    if lacking:
        raise ValueError(f"The {part} table lacks the columns {lacking}.")
    if unknown:
        raise ValueError(
            f"The {part} table has columns that the real one lacks: {unknown}. Leave out what only "
            f"marks its rows: .drop(columns={unknown})."
        )
    if real.empty or other.empty:
        raise ValueError("All tables need at least one row and one column.")


def _checked(
    real: pd.DataFrame, synthetic: pd.DataFrame, test: pd.DataFrame | None
) -> dict[str, pd.DataFrame]:
    check_same_columns(real, synthetic)
    frames = {"real": real, "synthetic": synthetic}
    if test is not None:
        check_same_columns(real, test, "test")
        frames["test"] = test
    for part, frame in frames.items():
        if not frame.columns.is_unique:
            repeated = list(frame.columns[frame.columns.duplicated()].unique()[:10])
            raise ValueError(
                f"The {part} table has column names more than once: {repeated}; rename them."
            )
    labels = Counter(map(str, real.columns))
    alike = [name for name in real.columns if labels[str(name)] > 1]
    if alike:
        raise ValueError(f"The column names {alike} read alike as text; rename one of them.")
    return frames


def _dtypes(real: pd.DataFrame, synthetic: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "column": [str(name) for name in real.columns],
            "real": [str(real[name].dtype) for name in real.columns],
            "synthetic": [str(synthetic[name].dtype) for name in real.columns],
        }
    )
