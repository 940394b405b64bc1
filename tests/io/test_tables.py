"""Tables go to files and come back whole, or the old file stays."""

from __future__ import annotations

import datetime
import errno
import gc
import os
import resource
import warnings
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synthwgan.io.formats import FORMATS
from synthwgan.io.tables import TableWriter, atomic_path, check_writable, read_table, write_table

SUFFIXES = [*FORMATS, ".csv.gz", ".tsv.zst", ".jsonl.gz", ".csv.zst"]


@pytest.fixture(params=SUFFIXES)
def path(request, tmp_path: Path) -> Path:
    if request.param == ".xlsx":
        pytest.importorskip("openpyxl")
    return tmp_path / f"table{request.param}"


def simple_frame(n_rows: int = 5) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "number": np.arange(n_rows) / 4,
            "count": np.arange(n_rows),
            "text": [f'a "quoted", täxt {i}\nline' for i in range(n_rows)],
        }
    )


def rich_frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "category": pd.Categorical(["a", "b", None], categories=["z", "b", "a"], ordered=True),
            "period": pd.period_range("2020-01", periods=3, freq="M"),
            "duration": pd.to_timedelta([1, None, 3], unit="D"),
            "zoned": pd.to_datetime(["2020-01-01", None, "2021-07-01"]).tz_localize("Asia/Tokyo"),
            "millis": pd.to_datetime(["2020", "2021", "2022"]).astype("datetime64[ms]"),
            "decimal": [Decimal("1.25"), None, Decimal("100.5")],
            "date": [datetime.date(2020, 1, 1), None, datetime.date(2021, 1, 1)],
            "boolean": [True, None, False],
            "nullable": pd.array([1, None, 3], dtype="Int8"),
            "arrow": pd.array([1, None, 2], dtype="int64[pyarrow]"),
            "small": np.array([1, 2, 3], dtype="uint8"),
            "interval": pd.arrays.IntervalArray.from_breaks([0, 1, 2, 3]),
        }
    )


def test_chunks_come_back_as_one_table(path: Path) -> None:
    frame = simple_frame(10)
    with TableWriter(path) as writer:
        for start in range(0, 10, 3):
            writer.write(frame.iloc[start : start + 3])
    pd.testing.assert_frame_equal(read_table(path), frame)
    assert os.listdir(path.parent) == [path.name]


def test_parquet_keeps_every_dtype_over_all_chunks(tmp_path: Path) -> None:
    path = tmp_path / "rich.parquet"
    with TableWriter(path) as writer:
        writer.write(rich_frame())
        writer.write(rich_frame().iloc[::-1])
    expected = pd.concat([rich_frame(), rich_frame().iloc[::-1]], ignore_index=True)
    pd.testing.assert_frame_equal(read_table(path), expected)


def test_later_parquet_chunks_may_outgrow_the_first(tmp_path: Path) -> None:
    path = tmp_path / "grown.parquet"
    with TableWriter(path) as writer:
        writer.write(pd.DataFrame({"price": [Decimal("1.50")], "note": [None]}))
        writer.write(pd.DataFrame({"price": [Decimal("123456.75")], "note": ["late"]}))
    table = read_table(path)
    assert table["price"].tolist() == [Decimal("1.50"), Decimal("123456.75")]
    assert table["note"].isna().tolist() == [True, False]
    assert table["note"][1] == "late"


def test_equal_rows_give_equal_gzip_bytes(tmp_path: Path) -> None:
    for name in ("one.csv.gz", "two.csv.gz"):
        with TableWriter(tmp_path / name) as writer:
            writer.write(simple_frame())
    assert (tmp_path / "one.csv.gz").read_bytes() == (tmp_path / "two.csv.gz").read_bytes()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_the_old_file_and_no_other(path: Path, error: type) -> None:
    path.write_bytes(b"precious")
    with pytest.raises(error), TableWriter(path) as writer:
        writer.write(simple_frame())
        raise error
    assert path.read_bytes() == b"precious"
    assert os.listdir(path.parent) == [path.name]


def test_a_full_disk_leaves_the_old_file(path: Path) -> None:
    path.write_bytes(b"precious")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    noise = pd.DataFrame({"noise": np.random.default_rng(0).normal(size=20_000)})
    try:
        with pytest.raises(OSError, match="no space left to write it"), TableWriter(path) as writer:
            writer.write(noise)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == b"precious"
    assert os.listdir(path.parent) == [path.name]


def test_a_full_disk_while_flushing_is_explained(path: Path, monkeypatch) -> None:
    def no_space(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="free some space"), TableWriter(path) as writer:
        writer.write(simple_frame())
    assert os.listdir(path.parent) == []


def test_chunks_with_other_columns_are_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="every chunk must have the columns"):  # noqa: SIM117
        with TableWriter(path) as writer:
            writer.write(simple_frame())
            writer.write(simple_frame()[["text", "number", "count"]])
    assert not path.exists()


def test_parquet_refuses_a_column_of_mixed_types(tmp_path: Path) -> None:
    path = tmp_path / "mixed.parquet"
    with pytest.raises(ValueError, match="write .csv instead"), TableWriter(path) as writer:
        writer.write(pd.DataFrame({"mixed": [1, "one"]}))
    assert os.listdir(tmp_path) == []


def test_writing_nothing_is_an_error(path: Path) -> None:
    with pytest.raises(ValueError, match="nothing was written"), TableWriter(path):
        pass
    assert os.listdir(path.parent) == []


def test_a_link_stays_a_link_and_the_mode_is_kept(tmp_path: Path) -> None:
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    with atomic_path(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", ["table.docx", "table", "table.gz", "table.parquet.gz"])
def test_unknown_suffixes_list_the_known_ones(tmp_path: Path, name: str) -> None:
    for action in (read_table, TableWriter):
        with pytest.raises(
            ValueError, match=r"supported are \.csv, .* with \.gz or \.zst\), \.parquet"
        ):
            action(tmp_path / name)


def test_reading_what_is_not_there(path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="does not exist"):
        read_table(path)
    path.mkdir()
    with pytest.raises(FileNotFoundError, match=r"is a folder without \.parquet files"):
        read_table(path)


def test_reading_through_a_dangling_link(path: Path) -> None:
    path.symlink_to(path.parent / "gone")
    with pytest.raises(FileNotFoundError, match="is a link to .*gone, which does not exist"):
        read_table(path)


def test_reading_a_pipe(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(ValueError, match="is a pipe or a device and no regular file; write"):
        read_table(path)


def test_a_carriage_return_in_a_cell_comes_back(path: Path) -> None:
    frame = pd.DataFrame({"text": ["a\rb", 'c"\r\nd', "e"], "number": [0.1, 2.0, None]})
    with TableWriter(path) as writer:
        writer.write(frame)
    pd.testing.assert_frame_equal(read_table(path), frame)


def test_intervals_and_periods_that_are_categories_become_text(path: Path) -> None:
    bands = pd.Series(pd.cut(np.array([1, 5, 9, np.nan]), [0, 4, 8, 12]))
    months = pd.Series(pd.period_range("2024-01", periods=4, freq="M")).astype("category")
    with TableWriter(path) as writer:
        writer.write(pd.DataFrame({"band": bands, "month": months}))
    read = read_table(path)
    assert read["band"].tolist()[:3] == ["(0, 4]", "(4, 8]", "(8, 12]"]
    assert pd.isna(read.loc[3, "band"])
    assert read["month"].tolist() == ["2024-01", "2024-02", "2024-03", "2024-04"]


def test_reading_an_empty_file(path: Path) -> None:
    path.touch()
    needs = r"a line such as \{...\} for each row" if ".jsonl" in path.name else "a header and rows"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(ValueError, match=f"is empty; a table needs {needs}"):
            read_table(path)
        # Only what is young: to look through all that a long run of tests keeps takes seconds.
        gc.collect(1)
    assert not caught, "the file is left open"


def test_a_table_without_rows_keeps_its_columns(path: Path) -> None:
    frame = simple_frame(0)
    if ".jsonl" not in path.name:
        write_table(frame, path)
        assert list(read_table(path).columns) == list(frame.columns)
        return
    path.write_text("older")
    with pytest.raises(ValueError, match=r"no rows .* columns are \['number', .*write \.csv"):
        write_table(frame, path)
    assert [file.read_text() for file in path.parent.iterdir()] == ["older"]
    with TableWriter(path) as writer:
        writer.write(frame)
        writer.write(simple_frame(1))
    assert len(read_table(path)) == 1


def test_reading_a_truncated_file(path: Path) -> None:
    if path.suffix in (".csv", ".tsv"):
        path.write_bytes(b'a,b\n1,"2'.replace(b",", b"," if path.suffix == ".csv" else b"\t"))
    else:
        with TableWriter(path) as writer:
            writer.write(simple_frame(100))
        path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match="check that the file is complete") as caught:
        read_table(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_reading_bytes_that_are_no_table(path: Path) -> None:
    path.write_bytes(bytes(range(128, 256)) * 10)
    with pytest.raises(ValueError, match="cannot be read as|not written in UTF-8"):
        read_table(path)


def test_reading_csv_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "excel.CSV"
    path.write_bytes("﻿age,city\n3,Köln\n".encode())
    assert read_table(path).to_dict("records") == [{"age": 3, "city": "Köln"}]


def test_folders_that_cannot_take_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="the folder .* does not exist; create it"):
        check_writable(tmp_path / "absent" / "model")
    with pytest.raises(IsADirectoryError, match="is a folder; give the name"):
        check_writable(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="is not a folder"):
        check_writable(tmp_path / "file" / "model")
    with pytest.raises(OSError, match="not a regular file"):
        check_writable(os.devnull)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match="no permission to write"):
        check_writable(tmp_path / "model")
