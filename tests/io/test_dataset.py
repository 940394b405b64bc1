"""Folders and globs of Parquet as one table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from synthwgan.io.dataset import is_many_files, open_dataset


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three parts, one of them further down, and files that are none."""
    (tmp_path / "more").mkdir()
    places = ("b.parquet", "a.parquet", "more/c.PARQUET", "_left/d.parquet", ".e.parquet")
    for number, place in enumerate(places):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        pd.DataFrame({"n": [number]}).to_parquet(tmp_path / place, index=False)
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / "notes.txt").write_text("no table")
    return tmp_path


def rows(path: Path | str) -> list[int]:
    return open_dataset(path).to_table()["n"].to_pylist()


def test_files_of_a_folder_come_in_the_order_of_their_names(folder: Path) -> None:
    assert is_many_files(folder)
    assert rows(folder) == [1, 0, 2]


def test_globs_and_single_files(folder: Path) -> None:
    assert is_many_files(f"{folder}/*.parquet")
    assert rows(f"{folder}/*.parquet") == [1, 0]
    assert rows(f"{folder}/**/*.PARQUET") == [2]
    assert not is_many_files(folder / "a.parquet")
    assert rows(folder / "a.parquet") == [1]
    pd.DataFrame({"n": [7]}).to_parquet(folder / "x[1].parquet", index=False)
    assert rows(folder / "x[1].parquet") == [7]


def test_types_that_hold_all_parts(folder: Path) -> None:
    pd.DataFrame({"n": [0.5]}).to_parquet(folder / "z.parquet", index=False)
    pd.DataFrame({"n": [None]}).to_parquet(folder / "z2.parquet", index=False)
    assert rows(folder) == [1.0, 0.0, 2.0, 0.5, None]


def test_what_is_no_table_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere does not exist"):
        open_dataset(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"empty has no file that ends in \.parquet"):
        open_dataset(tmp_path / "empty")
    with pytest.raises(FileNotFoundError, match="no file"):
        open_dataset(f"{tmp_path}/q*.parquet")
    pd.DataFrame({"m": [1]}).to_parquet(folder / "z.parquet", index=False)
    with pytest.raises(ValueError, match=r"z\.parquet and .*a\.parquet .* has a column 'm'"):
        open_dataset(folder)
    pd.DataFrame({"n": ["text"]}).to_parquet(folder / "z.parquet", index=False)
    with pytest.raises(ValueError, match="parts of one table differ in a type"):
        open_dataset(folder)
    (folder / "z.parquet").write_text("no Parquet")
    with pytest.raises(ValueError, match=r"z\.parquet is no Parquet file"):
        open_dataset(folder)
