"""CSV files come back as they were written."""

from __future__ import annotations

import gzip
import io
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthwgan.io.csv import NA_TEXTS, parse_csv
from synthwgan.io.tables import read_table
from synthwgan.io.text import separated


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / "table.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def test_leading_zeros_stay(written) -> None:
    table = read_table(written("zip,n\n01234,1\n98765,2\n,3\n"))
    assert table["zip"].tolist()[:2] == ["01234", "98765"]
    assert table["zip"].isna().tolist() == [False, False, True]
    assert table["n"].dtype == "int64"


def test_whole_numbers_with_empty_cells_stay_whole(written) -> None:
    table = read_table(written("a,b,c\n1,1.0,0\n,2.0,0.5\n17,,\n"))
    assert table["a"].dtype == "Int64"
    assert table["a"].tolist()[::2] == [1, 17]
    assert table["b"].dtype == table["c"].dtype == "float64"


def test_zero_and_negative_numbers_are_numbers(written) -> None:
    table = read_table(written("a,b\n0,0.5\n-3,0.25\n"))
    assert [column.kind for column in table.dtypes] == ["i", "f"]


def test_a_name_twice(written) -> None:
    with pytest.raises(ValueError, match="column 'a' stands twice"):
        read_table(written("a,a,b\n1,2,3\n"))


def test_what_is_written_is_read(written) -> None:
    table = pd.DataFrame({"zip": ["00501", "10001"], "n": [1, 2], "x": [0.5, 1.25]})
    pd.testing.assert_frame_equal(read_table(written(table.to_csv(index=False))), table)


def test_every_digit_of_a_number_is_read(tmp_path):
    numbers = np.random.default_rng(0).random(5000)
    pd.DataFrame({"x": numbers}).to_csv(tmp_path / "numbers.csv", index=False)
    assert np.array_equal(read_table(tmp_path / "numbers.csv")["x"], numbers)


def test_texts_stay_as_written(written) -> None:
    table = read_table(written("a,b\n1.50,yes\n,no\n2,yes\n"), texts=["a", "not there"])
    assert table["a"].tolist()[::2] == ["1.50", "2"]
    assert table["a"].isna().tolist() == [False, True, False]
    assert table["b"].tolist() == ["yes", "no", "yes"]


def parsed(text: str, **options: Any) -> pd.DataFrame:
    return parse_csv(text.encode(), "table.csv", **options)


@pytest.mark.parametrize(
    ("numbers", "dtype"),
    [
        ([1234567890123456789, None, 1234567890123456791], "Int64"),
        ([1234567890123456789, -1, 1234567890123456791], "int64"),
        ([2**63 - 1, None, -(2**63)], "Int64"),
        ([2**63 + 1, None, 2**64 - 1], "UInt64"),
        ([2**63 + 1, 0, 2**64 - 1], "uint64"),
    ],
)
def test_whole_numbers_are_exact(numbers: list[int | None], dtype: str) -> None:
    cells = parsed("id,x\n" + "".join(f"{'' if n is None else n},1\n" for n in numbers))["id"]
    assert cells.dtype == dtype
    assert [None if cell is pd.NA else int(cell) for cell in cells] == numbers


@pytest.mark.parametrize(
    "cells",
    [
        ["18446744073709551616", "1"],
        ["9223372036854775808", "-1"],
        # Beside a fraction, a float would round it.
        ["1234567890123456789", "0.5"],
    ],
)
def test_whole_numbers_too_long_for_any_dtype_stay_text(cells: list[str]) -> None:
    assert parsed("id,x\n" + "".join(f"{cell},1\n" for cell in cells))["id"].tolist() == cells


@pytest.mark.parametrize(
    "cells",
    [
        ["007.1", "03.40"],
        ["01", "0.5"],
        ["1E05", "2E10"],
        ["123", "1E05"],
        ["+47123456", "+47123457"],
        ["+5", "12"],
        ["1_000", "2_000"],
        ["0x1F", "0x20"],
    ],
)
def test_codes_stay_text(cells: list[str]) -> None:
    assert parsed("code,x\n" + "".join(f"{cell},1\n" for cell in cells))["code"].tolist() == cells


@pytest.mark.parametrize(
    "cells",
    [
        ["2.08431e+04", "1e5"],
        ["2.08431E+04", "1E+05"],
        ["2.5E3", "1E05"],
        ["-3", "+3"],
        ["+0.5", "+12"],
        ["1.", ".5"],
        [" 34", "0 "],
        ["0", "-0.0"],
        ["1e-300", "5e-324"],
    ],
)
def test_numbers_of_any_form_are_numbers(cells: list[str]) -> None:
    read = parsed("number,x\n" + "".join(f"{cell},1\n" for cell in cells))["number"]
    assert read.tolist() == [float(cell) for cell in cells]


def test_truth_values() -> None:
    table = parsed("a,b,c\nTrue,true,True\nFalse,,maybe\n")
    assert table["a"].dtype == bool
    assert table["b"][0] is True
    assert table["b"].isna().tolist() == [False, True]
    assert table["c"].tolist() == ["True", "maybe"]


@pytest.mark.parametrize(
    "text",
    [
        "age,city\n34,Oslo,\n51,Rome,\n28,Lima,\n",
        "age,city,\n34,Oslo,\n51,Rome,\n28,Lima,\n",
        "age,city,\n34,Oslo\n51,Rome,,\n28,Lima\n",
        "age,city\n34,Oslo,,\n51,Rome\n28,Lima,\n",
        "age,city\r\n34,Oslo,\r\n51,Rome,\r\n28,Lima,",
        "\n\nage,city\n34,Oslo\n51,Rome\n28,Lima\n\n  \n\n",
    ],
)
def test_empty_cells_beyond_the_header_and_empty_lines_do_not_count(text: str) -> None:
    table = parsed(text)
    assert table.to_dict("list") == {"age": [34, 51, 28], "city": ["Oslo", "Rome", "Lima"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("age,city\n34,Oslo\n51,Rome,x\n", "line 3 has 3 cells, but the header names 2 columns"),
        ("age,city\n34,Oslo\n51\n", "line 3 has 1 cell, but the header names 2 columns"),
        ('age,city\n34,"Os\nlo"\n\n1,2,3\n', "line 5 has 3 cells"),
        ("Staff of 2021\nage,city\n34,Oslo\n", "line 2 has 2 cells.*lines above the header"),
        ("Staff of 2021,\nage,city\n34,Oslo\n", "the header names 1 of 2 columns; name the others"),
        ("# a, b, c\nage,city\n34,Oslo\n", "line 2 has 2 cells, but the header names 3 columns"),
        ('age,city\n34,"Oslo\n51,Rome\n', "a quote opened in line 2 is never closed"),
        ('age,"city\n34,Oslo\n', "a quote opened in line 1 is never closed"),
        ("\n\n", "has no header"),
        (",,\n1,2,3\n", "has no header"),
        ("a,b\nx\0y,1\nx\0z,2\n", r"line 2: 'x\\x00y' in column 'a' holds a NUL character"),
        ("a\0,b\nx,1\n", "line 1: .* holds a NUL character"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        parsed(text)
    assert "table.csv" in str(caught.value)


def test_a_stray_quote_is_part_of_its_cell() -> None:
    assert parsed('size,n\n5",1\n6,2\n')["size"].tolist() == ['5"', "6"]


def test_a_saved_index_is_a_column(written) -> None:
    table = read_table(written(pd.DataFrame({"x": [3, 4]}).to_csv()))
    assert table.to_dict("list") == {"Unnamed: 0": [0, 1], "x": [3, 4]}


def test_the_missing_texts_are_those_of_pandas() -> None:
    texts = [*NA_TEXTS, "na", "-", "?", "N.A.", ""]
    lines = "a,b\n" + "".join(f"{text},x\n" for text in texts)
    expected = pd.read_csv(io.StringIO(lines))["a"].isna()
    assert parsed(lines)["a"].isna().tolist() == expected.tolist()
    assert expected.sum() == len(NA_TEXTS) + 1


def test_what_counts_as_missing_can_be_said(written) -> None:
    path = written("country,n\nNA,1\n?,2\n,NA\n")
    assert read_table(path, na=[]).to_dict("list")["country"][:2] == ["NA", "?"]
    for na, missing in (([], [False, False, True]), (["?"], [False, True, True])):
        assert read_table(path, na=na)["country"].isna().tolist() == missing
    assert read_table(path, na=["NA"])["n"].tolist()[:2] == [1, 2]
    assert read_table(path, texts=["country"], na=["?"])["country"].isna().sum() == 2
    with pytest.raises(TypeError, match=re.escape("write ['?']")):
        read_table(path, na="?")


def test_a_lost_code_is_warned_of(written) -> None:
    path = written("country,continent,grade\nDE,EU,A\nNA,AF,NA\nFR,EU,B\n")
    with pytest.warns(UserWarning, match="'NA' is read as a missing cell.*na=") as caught:
        read_table(path)
    assert [str(one.message)[:16] for one in caught] == ["column 'country'"]
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_table(path, na=[])["country"].tolist() == ["DE", "NA", "FR"]


def test_a_zipped_file_of_several_parts(tmp_path: Path) -> None:
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,") + gzip.compress(b"x\n"))
    assert read_table(path).to_dict("list") == {"a": [1], "b": ["x"]}


_LETTERS = st.characters(codec="utf-8", exclude_characters="\0")
_CELLS = st.one_of(
    st.text(_LETTERS, max_size=5),
    st.integers(-(2**65), 2**65).map(str),
    st.floats(allow_nan=False).map(repr),
    st.from_regex(r"[-+]?0{0,2}[0-9]{1,3}(\.[0-9]{1,2})?([eE][-+]?[0-9]{1,2})?", fullmatch=True),
    st.sampled_from(["", "True", "false", "NA", '"', ",", "\n", "\r", "  ", "inf"]),
)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(_CELLS, _CELLS), min_size=1, max_size=6), extra=st.booleans())
def test_whatever_is_written_is_read(rows: list[tuple[str, str]], extra: bool) -> None:
    """A cell comes back as its text, or as a number or truth value that means the same."""
    written = pd.DataFrame(rows, columns=["a", "b"])
    if extra:
        written[""] = ""
    text = separated(written, header=True)
    read = parsed(text, na=[])
    as_text = parsed(text, na=[], texts=["a", "b"])
    for name in ("a", "b"):
        assert as_text[name].fillna("").tolist() == written[name].tolist()
        for cell, value in zip(written[name], read[name], strict=True):
            if isinstance(value, str):
                assert value == cell
            elif isinstance(value, bool | np.bool_):
                assert cell.lower() == str(value).lower()
            elif pd.isna(value):
                assert cell == ""
            elif isinstance(value, float):
                assert float(cell) == value
            else:
                assert int(cell) == value
