"""Axes, labels and paths by hand, and on odd numbers."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthwgan.evaluation.page.drawing import (
    Dates,
    Numbers,
    Shares,
    dots,
    heat,
    label,
    polyline,
    rectangles,
    short_number,
    staircase,
)

DAY = 86_400.0
PATH = re.compile(r"(?:[MLHVhZ]|-?\d+| )*")


def test_a_bar_and_a_staircase_by_hand() -> None:
    assert rectangles([0.0, 0.5], [0.5, 1.0], [0.25, 0.5], 1.0) == (
        "M0 250H500V1000H0ZM500 500H1000V1000H500Z"
    )
    assert rectangles(0.0, 0.0, 0.0, 1.0) == ""
    assert staircase([0.0, 0.5, 1.0], [0.25, 1.0]) == "M0 1000V750H500V0H1000V1000"
    assert polyline([0, 0.5, 0.6, 1], [0, np.nan, 1, 0.5]) == "M0 1000M600 0L1000 500"
    assert dots([0.1], [0.75]) == "M100 250h0"


def test_the_colour_of_a_cell_is_its_share_of_the_limit() -> None:
    edges = np.linspace(0, 1, 3)
    marks = heat(np.array([[1.0, 0.5], [np.nan, -1.0]]), edges, edges, 1.0, "more")
    assert [(mark.opacity, mark.path) for mark in marks] == [
        (0.5, "M500 0H1000V500H500Z"),
        (1.0, "M0 0H500V500H0Z"),
    ]


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (17, 90, ["20", "40", "60", "80"]),
        (-1, 1, ["\u22121.0", "\u22120.5", "0", "0.5", "1.0"]),
        (0, 2_000_000, ["0", "500k", "1.0M", "1.5M", "2.0M"]),
        (0.001, 0.003, ["0.0010", "0.0015", "0.0020", "0.0025", "0.0030"]),
    ],
)
def test_labels_of_numbers(low: float, high: float, texts: list[str]) -> None:
    assert [text for _, text in Numbers(low, high).ticks()] == texts


def test_whole_numbers_have_whole_labels() -> None:
    assert [text for _, text in Numbers(-0.5, 1.5, whole=True).ticks()] == ["0", "1"]


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        ("2019-03-01", "2021-08-20", ["2019-07", "2020-07", "2021-07"]),
        ("1950-01-01", "2020-01-01", ["1960", "1980", "2000", "2020"]),
        ("2024-02-26", "2024-03-04", ["2024-02-27", "2024-02-29", "2024-03-02", "2024-03-04"]),
        ("2024-01-01T08", "2024-01-01T11", ["2024-01-01 08:00", "2024-01-01 09:00"]),
    ],
)
def test_labels_of_dates(low: str, high: str, texts: list[str]) -> None:
    ends = (np.datetime64(end, "s").astype("int64") for end in (low, high))
    found = [text for _, text in Dates(*map(float, ends)).ticks()]
    assert found[: len(texts)] == texts


@given(
    st.sampled_from([Numbers, Dates]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_every_axis_has_few_labels_within_it(axis: type[Numbers], one: float, two: float) -> None:
    ticks = axis(min(one, two), max(one, two)).ticks()
    assert 1 <= len(ticks) <= 13
    assert all(text for _, text in ticks)
    assert all(np.isfinite(at) for at, _ in ticks)
    if axis is Numbers:
        assert all(-0.01 <= at <= 1.01 for at, _ in ticks)


@given(st.lists(st.floats(0, 1), max_size=5))
def test_shares_lie_within_a_logarithmic_axis(shares: list[float]) -> None:
    axis = Shares(shares)
    places = axis.place(shares)
    assert ((places >= 0) & (places <= 1)).all()
    assert PATH.fullmatch(dots(places, places))


def test_texts_are_short_and_can_be_seen() -> None:
    assert label("a\nb\u202ec") == "a\u241ab\u241ac"
    assert label("x" * 50, 10) == "x" * 9 + "…"
    assert label("") == "(empty)"
    assert short_number(1234567.0) == "1.235M"
    assert short_number(-0.5) == "\u22120.5"
