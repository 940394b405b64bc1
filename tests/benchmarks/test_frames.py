"""Random tables come back cell by cell or are refused, and the script notices if not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from benchmarks import frames
from benchmarks.cell import read
from benchmarks.frame_strategies import COLUMNS
from benchmarks.frame_strategies import frames as tables
from benchmarks.page import read_part
from synthwgan import TableTransformer

PARTS = ("kept", "refused", "tracebacks", "silent")
TABLE = pd.DataFrame({"a": range(20), "b": list("xyxz") * 5})


def test_random_tables_come_back_or_are_refused() -> None:
    tally = frames.try_frames(50)
    assert not tally.faults, "\n".join(tally.examples.values())
    assert tally.n_frames == 50
    # Three of five of 20,000 do. Which ones hypothesis draws depends on what is imported.
    assert tally.n_kept > 10
    assert tally.n_refused
    assert tally.n_models


@settings(max_examples=20, deadline=None)
@given(tables())
def test_tables_are_of_the_listed_columns(frame: pd.DataFrame) -> None:
    assert 1 <= frame.shape[1] <= 4
    assert len(frame) <= 90


def test_there_is_a_column_of_every_kind() -> None:
    assert len(COLUMNS) > 70


def faults_with(monkeypatch: pytest.MonkeyPatch, name: str, function: Any) -> list[str]:
    tally = frames.Tally()
    monkeypatch.setattr(TableTransformer, name, function)
    tally.take(TABLE)
    assert tally.n_frames == 1
    return list(tally.faults)


def test_a_change_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    decode = TableTransformer.decode
    changed = faults_with(
        monkeypatch, "decode", lambda self, *parts: decode(self, *parts).iloc[::-1].reset_index()
    )
    assert changed == ["SilentChangeError names changed"]
    shuffled = faults_with(
        monkeypatch,
        "decode",
        lambda self, *parts: decode(self, *parts).iloc[::-1].reset_index(drop=True),
    )
    assert shuffled[0].startswith("SilentChangeError #, ")


@pytest.mark.parametrize(
    "error", [KeyError("a"), ValueError("no column is named"), UnicodeError("'a'"), ValueError("")]
)
def test_what_is_no_refusal_is_noticed(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse(*_: Any) -> None:
        raise error

    assert faults_with(monkeypatch, "fit", refuse)[0].startswith(type(error).__name__)
    # Nor what comes after the table was taken.
    monkeypatch.undo()
    late = ValueError("column 'a': too late")
    assert faults_with(monkeypatch, "encode", lambda *_: (_ for _ in ()).throw(late))


def test_tallies_add_up() -> None:
    total, other = frames.Tally(n_kept=3), frames.Tally(n_kept=1, n_refused=2, n_models=1)
    with pytest.raises(KeyError) as caught:
        TABLE["x"]
    other.add_fault(caught.value, TABLE)
    assert len(total.add(other)) == 1
    assert total.add(other) == []
    assert (total.n_frames, total.n_kept, total.n_models) == (11, 5, 2)
    assert "KeyError" in next(iter(total.examples.values()))


def test_a_refusal_names_a_column() -> None:
    assert frames.is_explained(ValueError("column 'b': why"), TABLE)
    assert frames.is_explained(ValueError("all rows are the same: at least two"), TABLE)
    assert not frames.is_explained(ValueError("column 'c': why"), TABLE)
    assert not frames.is_explained(OSError("column 'b': why"), TABLE)


def test_cells_are_compared_with_their_types() -> None:
    numbers = pd.Series([1, None, "x"], dtype=object)
    frames.check_cells(0, numbers, pd.Series([1, np.nan, "x"], dtype=object))
    with pytest.raises(frames.SilentChangeError, match="types"):
        frames.check_cells(0, numbers, pd.Series([True, None, "x"], dtype=object))
    with pytest.raises(frames.SilentChangeError, match="missing"):
        frames.check_cells(0, numbers, pd.Series([None, 1, "x"], dtype=object))


def test_the_page_shows_the_results() -> None:
    result = read(frames.RESULTS)
    assert read_part(frames.PAGE, "frames") == frames.table(result)
    assert result["n_frames"] == sum(result[f"n_{what}"] for what in PARTS)
