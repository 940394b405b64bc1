"""Tables in any form of file, in parts, and through the standard streams."""

from __future__ import annotations

import datetime
import io
import json
import subprocess
import sys
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from synthwgan.cli import app
from synthwgan.io import TableWriter, batches, read_table, write_table
from synthwgan.io.base import TextOptions
from synthwgan.io.places import table_name


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "code": ["007", "1,5", 'a "b"'],
            "price": [1.5, np.nan, -0.25],
            "count": pd.array([1, None, 2**60 + 1], dtype="Int64"),
        }
    )


# Separators, decimals, encodings


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".csv.gz", ".tsv.zst"])
@pytest.mark.parametrize("sep", [";", "\t", "|", " "])
@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_what_is_said_is_written_and_read(
    tmp_path: Path, suffix: str, sep: str, decimal: str, encoding: str
) -> None:
    options = {"sep": sep, "decimal": decimal, "encoding": encoding}
    path, table = tmp_path / f"table{suffix}", frame().assign(city=["Köln", "€", np.nan])
    with TableWriter(path, **options) as writer:
        writer.write(table[:2])
        writer.write(table[2:])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = read_table(path, texts=["code"], **options)
    pd.testing.assert_frame_equal(read, table)


@pytest.mark.parametrize(
    ("text", "encoding", "said"),
    [
        ("a;b\n1;x\n2;y\n", "utf-8", ["sep=';'"]),
        ("a\tb\n1\tx\n", "utf-8", [r"sep='\t'"]),
        ("a|b\n1|x\n", "utf-8", ["sep='|'"]),
        ("a;b\n1,5;x\n-2;y\n", "utf-8", ["sep=';'", "decimal=','"]),
        ("a;b\n1;Köln\n", "cp1252", ["sep=';'", "encoding='cp1252'"]),
        ("a,b\n1,Köln\n", "utf-16", ["encoding='utf-16'"]),
    ],
)
def test_what_is_recognised_is_said(
    tmp_path: Path, text: str, encoding: str, said: list[str]
) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode(encoding))
    with pytest.warns(UserWarning, match="recognised from its content") as caught:
        read = read_table(path)
    assert [str(one.message).count("=") for one in caught] == [len(said)]
    assert all(word in str(caught[0].message) for word in said)
    assert caught[0].filename == __file__
    assert list(read) == ["a", "b"]
    assert read["a"].dtype.kind in "if"
    assert read["b"][0] in ("x", "Köln")


@pytest.mark.parametrize(
    "text",
    [
        # Thousands or decimals: nobody knows, so that the cells stay as they are.
        "a;b\n1,234;x\n2,345;y\n",
        "a;b\n1,5;0.5\n2,5;1.25\n",
        "a;b\n1,5;x\nabout 2,5;y\n",
    ],
)
def test_commas_that_may_be_no_decimals_stay(tmp_path: Path, text: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.warns(UserWarning, match="sep=';'"):
        read = read_table(path)
    assert read["a"].tolist() == [line.split(";")[0] for line in text.splitlines()[1:]]


def test_thousands_are_text_where_decimals_are_commas(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a;b;c\n1.234,5;0,5;1.234\n2,5;1,25;2.345\n")
    read = read_table(path, sep=";", decimal=",")
    assert read["a"].tolist() == ["1.234,5", "2,5"]
    assert read["b"].tolist() == [0.5, 1.25]
    assert read["c"].tolist() == ["1.234", "2.345"]


def test_a_column_of_names_with_other_separators_is_one_if_said(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("name; first\nDoe; Jane\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert list(read_table(path, sep=",")) == ["name; first"]


def test_a_row_too_short_names_its_line_whatever_the_separator(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a;b\n1;2\n3\n")
    with pytest.raises(ValueError, match="line 3 has 1 cell, .* quote cells with semicolons"):
        read_table(path, sep=";")


def test_bytes_of_no_encoding_that_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"a\n\x81\xff\n")
    with pytest.raises(ValueError, match="say in which encoding="):
        read_table(path)
    with pytest.raises(ValueError, match="is not written in utf-16"):
        read_table(path, encoding="utf-16-be")
    assert read_table(path, encoding="latin-1")["a"][0] == "\x81ÿ"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sep": ";;"}, "sep must be one character"),
        ({"sep": '"'}, "sep must be one character"),
        ({"decimal": "_"}, "decimal must be"),
        ({"sep": ",", "decimal": ","}, "must differ"),
        ({"encoding": "martian"}, "encoding must be one that Python knows"),
    ],
)
def test_wrong_options(options: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TextOptions(**options)


def test_what_an_encoding_lacks_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    with pytest.raises(ValueError, match=r"'Ж' cannot be written in latin-1"):
        write_table(pd.DataFrame({"a": ["Ж"]}), path, encoding="latin-1")
    with pytest.raises(ValueError, match="cannot both be separated"):
        write_table(frame(), path, decimal=",")
    assert list(tmp_path.iterdir()) == []


def test_decimals_of_every_dtype_have_their_mark(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    table = pd.DataFrame(
        {
            "float": [1.5, 2.25],
            "single": np.array([0.1, 2.5], dtype="float32"),
            "nullable": pd.array([1.5, None], dtype="Float64"),
            "arrow": pd.array([1.5, None], dtype="double[pyarrow]"),
            "decimal": [Decimal("1.50"), None],
            "arrow_decimal": pd.array(
                [Decimal("1.50"), None], dtype=pd.ArrowDtype(pa.decimal128(5, 2))
            ),
            "text": ["1.5", "2"],
        }
    )
    write_table(table, path, sep=";", decimal=",")
    rows = [line.split(";") for line in path.read_text().splitlines()]
    assert rows[1] == ["1,5", "0,1", "1,5", "1,5", "1,50", "1,50", "1.5"]


_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.tuples(_TEXTS.filter(bool), st.floats(allow_nan=False)), min_size=1),
    suffix=st.sampled_from([".csv", ".tsv", ".jsonl", ".feather", ".jsonl.zst", ".xlsx"]),
)
def test_texts_and_numbers_come_back(
    tmp_path_factory: Any, rows: list[tuple[str, float]], suffix: str
) -> None:
    if suffix == ".xlsx":
        pytest.importorskip("openpyxl")
    table = pd.DataFrame(rows, columns=["text", "number"])
    if suffix in (".jsonl", ".jsonl.zst", ".xlsx"):
        # Neither has infinity.
        table["number"] = table["number"].clip(-1e300, 1e300)
    path = tmp_path_factory.mktemp("any") / f"table{suffix}"
    write_table(table, path)
    read = read_table(path, texts=["text"], na=[])
    assert read["text"].tolist() == table["text"].tolist()
    assert read["number"].tolist() == table["number"].tolist()


# JSON lines


def test_json_lines_keep_types(tmp_path: Path) -> None:
    path = tmp_path / "table.jsonl"
    table = pd.DataFrame(
        {
            "code": ["007", None],
            "n": pd.array([2**60 + 1, None], dtype="Int64"),
            "x": [0.1, np.nan],
            "single": np.array([0.1, np.nan], dtype="float32"),
            "yes": [True, None],
            "day": [datetime.date(2020, 1, 1), None],
            "price": [Decimal("1.50"), None],
        }
    )
    write_table(table, path)
    first = json.loads(path.read_text().splitlines()[0])
    assert first["code"] == "007" and first["n"] == 2**60 + 1 and first["yes"] is True
    assert first["single"] == 0.1 and first["day"] == "2020-01-01" and first["price"] == "1.50"
    read = read_table(path)
    assert [str(dtype) for dtype in read.dtypes[["n", "x"]]] == ["Int64", "float64"]
    assert read["n"][0] == 2**60 + 1 and read["yes"].tolist() == [True, None]
    assert read.isna().to_numpy().tolist() == [[False] * 7, [True] * 7]


def test_json_lines_with_other_names_in_each(tmp_path: Path) -> None:
    path = tmp_path / "table.jsonl"
    path.write_text('{"a": 1}\n\n{"b": "x\u2028y", "a": 2.5}\r\n{"b": null}\n')
    read = read_table(path)
    assert read["a"].tolist()[:2] == [1, 2.5] and np.isnan(read["a"][2])
    assert read["b"].isna().tolist() == [True, False, True]
    assert read["b"][1] == "x\u2028y"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1}\n{"a": 2', "line 2: it cannot be read as jsonl"),
        ('{"a": 1}\n[1]\n', r"line 2: '\[1\]' is no object"),
        ('{"a": {"b": 1}}', "line 1: column 'a' holds"),
        ('{"a": 1, "a": 2}', "'a' stands twice"),
        ("{}\n", "has no columns"),
    ],
)
def test_json_lines_that_are_no_table(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "table.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_table(path)


def test_json_has_no_infinity(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="column 'x' holds an infinite number"):
        write_table(pd.DataFrame({"x": [np.inf]}), tmp_path / "table.jsonl")
    assert list(tmp_path.iterdir()) == []


# Excel


class TestExcel:
    @pytest.fixture(autouse=True)
    def _needs_openpyxl(self) -> None:
        pytest.importorskip("openpyxl")

    def test_types_that_excel_holds_come_back(self, tmp_path: Path) -> None:
        path = tmp_path / "table.xlsx"
        table = pd.DataFrame(
            {
                "code": ["007", "=A1", "#N/A"],
                "n": pd.array([1, None, 3], dtype="Int64"),
                "x": [0.1, np.nan, 1e300],
                "yes": [True, False, True],
                "at": pd.to_datetime(["2020-01-31 12:30:05", None, "1999-12-31 00:00:00"]),
                "key": [2**60 + 1, 2**60 + 3, 2**60 + 5],
                "fine": pd.to_datetime(["2020-01-31 12:30:05.123456"] * 3),
            }
        )
        write_table(table, path)
        read = read_table(path)
        for name in ("code", "n", "x", "yes"):
            assert read[name].dtype == table[name].dtype
            assert read[name].equals(table[name]), name
        assert (read["at"].dropna() == table["at"].dropna()).all()
        assert read["key"].tolist() == [str(key) for key in table["key"]]
        assert read["fine"][0] == "2020-01-31 12:30:05.123456"

    def test_a_row_without_cells_is_a_row(self, tmp_path: Path) -> None:
        path = tmp_path / "table.xlsx"
        table = pd.DataFrame({"a": [1, None, 3], "b": ["x", None, "y"]})
        write_table(table, path)
        assert read_table(path).equals(table)
        with pytest.raises(ValueError, match="the last row has no cells.*write .csv or .parquet"):
            write_table(table.iloc[:2], tmp_path / "other.xlsx")
        assert list(tmp_path.iterdir()) == [path]

    def test_the_first_of_several_sheets_is_said(self, tmp_path: Path) -> None:
        path = tmp_path / "table.xlsx"
        with pd.ExcelWriter(path) as book:
            pd.DataFrame({"a": [1]}).to_excel(book, sheet_name="Sales", index=False)
            pd.DataFrame({"b": [1]}).to_excel(book, sheet_name="Notes", index=False)
        with pytest.warns(UserWarning, match="has 2 sheets; the first one, 'Sales'") as caught:
            assert list(read_table(path)) == ["a"]
        assert caught[0].filename == __file__

    def test_cells_beyond_the_header(self, tmp_path: Path) -> None:
        path = tmp_path / "table.xlsx"
        rows = pd.DataFrame([["A title", None], ["a", "b"], [1, 2]])
        rows.to_excel(path, header=False, index=False)
        with pytest.raises(ValueError, match="row 2 has cells beyond the 1 columns"):
            read_table(path)

    def test_a_sheet_is_full(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("synthwgan.io.excel._MAX_ROWS", 3)
        with pytest.raises(ValueError, match=r"write \.csv or \.parquet instead"):
            write_table(pd.DataFrame({"a": range(3)}), tmp_path / "table.xlsx")
        assert list(tmp_path.iterdir()) == []


# Parts of Parquet


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    folder = tmp_path / "sales"
    for year, month in ((2023, "01"), (2023, "02"), (2024, "01")):
        inside = folder / f"year={year}" / f"month={month}"
        inside.mkdir(parents=True)
        pq.write_table(pa.table({"n": [year, None], "t": [month, "x"]}), inside / "part-0.parquet")
    (folder / "_SUCCESS.parquet").write_bytes(b"")
    return folder


def test_a_folder_of_parts_is_a_table(parts: Path) -> None:
    read = read_table(parts)
    assert read["n"].dtype == "Int64"
    assert read["n"].tolist()[::2] == [2023, 2023, 2024]
    # What reads as a number may be a code.
    assert read["year"].tolist() == [2023] * 4 + [2024] * 2
    assert read["month"].tolist() == ["01", "01", "02", "02", "01", "01"]


def test_a_column_may_not_say_otherwise_than_its_folder(parts: Path) -> None:
    part = parts / "year=2023" / "month=01" / "part-0.parquet"
    table = pq.ParquetFile(part).read()
    for path in parts.rglob("*.parquet"):
        if path.name == part.name:
            year = int(path.parts[-3].removeprefix("year="))
            pq.write_table(table.append_column("year", pa.array([year] * 2)), path)
    assert read_table(parts)["year"].tolist() == [2023] * 4 + [2024] * 2
    pq.write_table(table.append_column("year", pa.array([2023, 2022])), part)
    with pytest.raises(ValueError, match="its column 'year' holds .* called year=2023; rename"):
        read_table(parts)


def test_a_pattern_of_parts(parts: Path) -> None:
    read = read_table(f"{parts}/year=2023/*/*.parquet")
    assert list(read) == ["n", "t", "month"]
    assert len(read) == 4
    with pytest.raises(FileNotFoundError, match="no file has such a name"):
        read_table(f"{parts}/year=2022/*.parquet")
    with pytest.raises(ValueError, match=r"only \.parquet files are read as parts"):
        read_table(f"{parts}/*.csv")


def test_parts_of_other_columns_are_refused(parts: Path) -> None:
    path = parts / "year=2024" / "other.parquet"
    for table, message in (
        (pa.table({"n": [1]}), "it has no column 't'"),
        (pa.table({"n": [1], "t": ["x"], "z": [1]}), "it has the column 'z'"),
        (pa.table({"n": [1.5], "t": ["x"]}), "column 'n' is double, and int64 in"),
    ):
        pq.write_table(table, path)
        with pytest.raises(ValueError, match=message) as caught:
            read_table(parts)
        assert str(path) in str(caught.value)
    path.write_bytes(b"no parquet")
    with pytest.raises(ValueError, match=r"other\.parquet cannot be read as parquet"):
        read_table(parts)


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("shops/North.csv.gz", "North"),
        ("postgresql://me:pw@host/shop#sales.north", "north"),
        ("sqlite:///shop.db#south", "south"),
    ],
)
def test_what_a_table_is_called(place: str, name: str) -> None:
    assert table_name(place) == name


def test_what_a_folder_is_called(parts: Path) -> None:
    assert table_name(str(parts)) == "sales"
    with pytest.raises(ValueError, match="lacks its table"):
        table_name("sqlite:///shop.db")


# Batches


def rows_of(found: Any) -> pd.DataFrame:
    return pa.Table.from_batches(list(found), found.schema).to_pandas()


def test_batches_can_be_read_again(parts: Path) -> None:
    found = batches(parts, batch_rows=1)
    assert found.n_rows == 6
    assert [batch.num_rows for batch in found] == [1] * 6
    first, second = rows_of(found), rows_of(found)
    pd.testing.assert_frame_equal(first, second)
    assert first["t"].tolist() == read_table(parts)["t"].tolist()
    assert {batch.schema for batch in found} == {found.schema}


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_batches_of_a_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"table{suffix}"
    table = pd.DataFrame({"n": range(10), "t": list("abcdefghij")})
    write_table(table, path)
    found = batches(path, batch_rows=4)
    assert found.n_rows == 10
    assert max(batch.num_rows for batch in found) == 4
    assert rows_of(found)["t"].tolist() == table["t"].tolist()


def test_batches_of_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="does not exist"):
        batches(tmp_path / "absent.parquet")


# Standard streams


class Stream:
    def __init__(self, data: bytes = b"") -> None:
        self.buffer = io.BytesIO(data)


@pytest.mark.parametrize("name", ["csv", "tsv", "jsonl", "csv.gz", "parquet", "feather", "xlsx"])
def test_what_goes_out_comes_in(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    if name == "xlsx":
        pytest.importorskip("openpyxl")
    out = Stream()
    monkeypatch.setattr(sys, "stdout", out)
    with TableWriter("-", format=name) as writer:
        writer.write(frame()[:2])
        writer.write(frame()[2:])
    monkeypatch.setattr(sys, "stdin", Stream(out.buffer.getvalue()))
    read = read_table("-", texts=["code"], format=name)
    assert read["code"].tolist() == frame()["code"].tolist()
    assert read["price"].equals(frame()["price"])


def test_a_format_says_what_a_name_does_not(tmp_path: Path) -> None:
    path = tmp_path / "export"
    write_table(frame(), path, format="csv")
    assert read_table(path, format=".CSV").shape == (3, 3)
    for action in (read_table, TableWriter):
        with pytest.raises(ValueError, match="format 'docx' is unknown; supported are"):
            action(path, format="docx")


def test_nothing_at_the_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Stream())
    with pytest.raises(ValueError, match="the standard input is empty"):
        read_table("-")


def test_commands_in_a_pipe(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "synthwgan", "rules", "-", "--sep", ";", "--quiet"]
    numbers = np.random.default_rng(0).integers(0, 1000, (200, 2))
    text = "a;b;c\n" + "".join(f"{a};{b};{a + b}\n" for a, b in numbers)
    ran = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
    assert "c = a + b" in ran.stdout.decode() and ran.stderr == b""


def test_a_command_says_in_one_line_what_it_recognised(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a;b\n" + "".join(f"{n},5;{n % 3}\n" for n in range(30)))
    said = CliRunner().invoke(app, ["rules", str(path), "--quiet"])
    assert said.exit_code == 0 and said.stderr.count("\n") == 1
    assert said.stderr.startswith("Warning: ") and "--sep ';', --decimal ," in said.stderr
    options = ["--sep", ";", "--decimal", ",", "--encoding", "utf-8"]
    assert CliRunner().invoke(app, ["rules", str(path), "--quiet", *options]).stderr == ""
    wrong = CliRunner().invoke(app, ["rules", str(path), "--sep", ";;"])
    assert wrong.exit_code == 1 and wrong.stderr.count("\n") == 1


def test_options_of_databases_are_refused_for_files(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="table='a' speaks of a database"):
        read_table(tmp_path / "table.csv", table="a")
    for option in ("table", "if_exists"):
        with pytest.raises(ValueError, match=f"{option}='append' speaks of a database"):
            TableWriter(tmp_path / "table.csv", **{option: "append"})
