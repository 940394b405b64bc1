"""Parquet files lose neither an index nor a digit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from synthwgan.io.tables import read_table

LONG = 2**60 + 1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    # Of such a folder, pyarrow itself would make a column.
    folder = tmp_path / "year=2020"
    folder.mkdir()
    return folder / "table.parquet"


@pytest.mark.parametrize(
    ("index", "names"),
    [
        (pd.RangeIndex(3), []),
        (pd.RangeIndex(100, 103, name="cust"), ["cust"]),
        (pd.Index([7, 5, 9], name="cust"), ["cust"]),
        (pd.Index([7, 5, 9]), ["index"]),
        (pd.date_range("2020-01-01", periods=3, name="day"), ["day"]),
        (pd.MultiIndex.from_arrays([[1, 1, 2], ["a", "b", "a"]], names=["k", "l"]), ["k", "l"]),
        (pd.MultiIndex.from_arrays([[1, 2, 3], range(3)], names=["k", None]), ["k", "level_1"]),
    ],
)
def test_an_index_that_means_something_is_a_column(
    path: Path, index: pd.Index, names: list
) -> None:
    frame = pd.DataFrame({"x": [1.5, 2, 3]}, index=index)
    frame.to_parquet(path)
    table = read_table(path)
    assert list(table.columns) == [*names, "x"]
    assert isinstance(table.index, pd.RangeIndex)
    for place, name in enumerate(names):
        assert table[name].tolist() == index.get_level_values(place).tolist()
    assert table["x"].tolist() == [1.5, 2, 3]


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint64"])
def test_whole_numbers_beside_missing_cells_are_exact(path: Path, dtype: str) -> None:
    top = int(np.iinfo(dtype).max)
    numbers = pa.array([top, None, top - 1], getattr(pa, dtype)())
    pq.write_table(pa.table({"id": numbers, "n": [1, 2, 3], "x": [1.5, None, 2]}), path)
    table = read_table(path)
    assert table["id"].dtype == dtype.replace("i", "I").replace("uI", "UI")
    assert table["id"].isna().tolist() == [False, True, False]
    assert [int(cell) for cell in table["id"].dropna()] == [top, top - 1]
    assert table["n"].dtype == "int64"
    assert table["x"].dtype == "float64"


def test_whole_numbers_in_an_index_are_exact(path: Path) -> None:
    """Also behind a level that only numbers the rows, which is no column of the file."""
    levels = [pd.array([LONG, None, LONG + 1], dtype="Int64"), range(3)]
    index = pd.MultiIndex.from_arrays(levels, names=["id", "row"])
    pd.DataFrame({"x": [1, 2, 3]}, index=index).to_parquet(path)
    table = read_table(path)
    assert list(table.columns) == ["id", "row", "x"]
    assert [int(cell) for cell in table["id"].dropna()] == [LONG, LONG + 1]
    assert table["row"].tolist() == [0, 1, 2]


def test_an_index_called_as_a_column(path: Path) -> None:
    pd.DataFrame({"x": [1, 2]}, index=pd.Index([5, 6], name="x")).to_parquet(path)
    with pytest.raises(ValueError, match="a column and the index are both called 'x'; rename one"):
        read_table(path)
