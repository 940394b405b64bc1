"""Parts of a table whose types differ are read as one, where nothing is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthwgan import WGANGPSynthesizer
from synthwgan.io import batches, read_table
from synthwgan.io.promotion import promoted

WHOLE = [pa.int8(), pa.uint8(), pa.int16(), pa.uint16()]
WHOLE += [pa.int32(), pa.uint32(), pa.int64(), pa.uint64()]
NUMBERS = [*WHOLE, pa.float32(), pa.float64()]


@given(st.sampled_from(NUMBERS), st.sampled_from(NUMBERS))
def test_a_promoted_type_holds_the_ends_of_both(one: pa.DataType, other: pa.DataType) -> None:
    kind = promoted(one, other)
    assert kind == promoted(other, one)
    if kind is None:
        return
    for narrow in (one, other):
        ends = [0.1, 1e30]
        if narrow in WHOLE:
            limits = np.iinfo(narrow.to_pandas_dtype())
            ends = [limits.min, limits.max, limits.max - 1]
        narrowed = pa.array(ends, type=narrow)
        assert narrowed.cast(kind).cast(narrow) == narrowed
        assert len(set(narrowed.cast(kind).to_pylist())) == len(ends)


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        (pa.int32(), pa.int64(), pa.int64()),
        (pa.uint32(), pa.int32(), pa.int64()),
        (pa.uint64(), pa.int64(), None),
        (pa.float32(), pa.float64(), pa.float64()),
        (pa.int32(), pa.float64(), pa.float64()),
        (pa.int64(), pa.float64(), None),
        (pa.int32(), pa.float32(), None),
        (pa.null(), pa.date32(), pa.date32()),
        (pa.decimal128(2, 1), pa.decimal128(5, 2), pa.decimal128(5, 2)),
        (pa.decimal128(9, 0), pa.decimal128(5, 4), pa.decimal128(13, 4)),
        (pa.decimal128(38, 0), pa.decimal128(5, 4), None),
        (pa.timestamp("ms"), pa.timestamp("ns"), pa.timestamp("ns")),
        (pa.timestamp("us", "UTC"), pa.timestamp("us"), None),
        (pa.null(), pa.null(), pa.null()),
        (pa.string(), pa.large_string(), pa.large_string()),
        (pa.dictionary(pa.int8(), pa.string()), pa.string(), pa.string()),
        (
            *(pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.int32(), pa.string())),
            pa.dictionary(pa.int32(), pa.string()),
        ),
        (
            *(pa.dictionary(pa.int8(), pa.string(), True), pa.dictionary(pa.int8(), pa.string())),
            None,
        ),
        (pa.dictionary(pa.int8(), pa.string()), pa.int64(), None),
        (pa.string(), pa.int64(), None),
        (pa.timestamp("us"), pa.timestamp("us", "UTC"), None),
        (pa.bool_(), pa.int8(), None),
    ],
    ids=str,
)
def test_types(one: pa.DataType, other: pa.DataType, kind: pa.DataType | None) -> None:
    assert promoted(one, other) == promoted(other, one) == kind


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of parts as pandas writes them, by what happens to be in each."""
    first = pd.DataFrame(
        {
            "n": np.array([1, 2], "int32"),
            "gaps": pd.array([1, None], dtype="Int16"),
            "empty": [None, None],
            "price": np.array([0.1, 0.2], "float32"),
            "city": pd.Categorical(["Ulm", "Bonn"]),
            "size": pd.Categorical(["S", "M"]),
        }
    )
    second = pd.DataFrame(
        {
            "n": [2**60 + 1, 4],
            "gaps": pd.array([2**60 + 1, None], dtype="Int64"),
            "empty": ["x", None],
            "price": [0.1, 1e300],
            "city": ["Jena", "Köln"],
            "size": pd.Categorical(["L", "S"]),
        }
    )
    (tmp_path / "year=2023").mkdir()
    (tmp_path / "year=2024").mkdir()
    first.to_parquet(tmp_path / "year=2023" / "part.parquet")
    second.to_parquet(tmp_path / "year=2024" / "part.parquet")
    return tmp_path


def test_a_folder_of_parts_of_several_types(folder: Path) -> None:
    read = read_table(folder)
    assert read["n"].tolist() == [1, 2, 2**60 + 1, 4]
    assert read["n"].dtype == "int64"
    assert read["gaps"].tolist() == [1, pd.NA, 2**60 + 1, pd.NA]
    assert read["empty"].isna().tolist() == [True, True, False, True]
    assert read["price"].tolist() == [np.float32(0.1), np.float32(0.2), 0.1, 1e300]
    assert read["city"].tolist() == ["Ulm", "Bonn", "Jena", "Köln"]
    assert read["size"].dtype == "category"
    assert read["size"].tolist() == ["S", "M", "L", "S"]
    assert read["year"].tolist() == [2023, 2023, 2024, 2024]
    found = batches(folder)
    assert all(batch.schema == found.schema for batch in found)
    assert found.schema.field("city").type in (pa.string(), pa.large_string())


def test_a_type_that_no_part_has(tmp_path: Path) -> None:
    pd.DataFrame({"n": np.array([1], "uint32")}).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"n": pd.array([-1, None], "Int32")}).to_parquet(tmp_path / "b.parquet")
    read = read_table(tmp_path)
    assert read["n"].tolist() == [1, -1, pd.NA]
    assert read["n"].dtype == "Int64"


def test_a_folder_of_several_types_is_fitted(folder: Path, quick: dict) -> None:
    model = WGANGPSynthesizer(**quick).fit(folder)
    rows = model.sample(20, random_state=0)
    assert set(rows["city"]) <= {"Ulm", "Bonn", "Jena", "Köln"}


def test_what_would_lose_digits_names_the_two_files(folder: Path) -> None:
    third = folder / "year=2024" / "third.parquet"
    table = pq.read_table(folder / "year=2024" / "part.parquet", partitioning=None)
    pq.write_table(table.set_column(0, "n", pa.array([1.5, 2.0])), third)
    told = r"third\.parquet: column 'n' is double, and int64 in .*2024.part\.parquet, another part"
    with pytest.raises(ValueError, match=told):
        read_table(folder)
