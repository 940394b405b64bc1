"""CSV files come back as they were written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synthwgan.io import read_table


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / "table.csv"
        path.write_text(text, encoding=encoding)
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


@pytest.mark.parametrize(("separator", "word"), [(";", "semicolons"), ("\t", "tabs")])
def test_another_separator(written, separator: str, word: str) -> None:
    with pytest.raises(ValueError, match=f"separated by {word}"):
        read_table(written(f"a{separator}b\n1{separator}2\n"))


def test_another_encoding(written) -> None:
    with pytest.raises(ValueError, match="not written in UTF-8"):
        read_table(written("a\nKöln\n", encoding="latin-1"))


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
