"""Dates as text: found only if every letter comes back."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthwgan.table import TableTransformer
from synthwgan.table.forms import find_form
from synthwgan.table.forms.textdates import PATTERNS, TextDate


def _texts(*cells: str) -> np.ndarray:
    return np.array(cells, dtype=object)


@given(st.lists(st.datetimes(datetime.datetime(1700, 1, 1)), min_size=1), st.sampled_from(PATTERNS))
def test_every_pattern_there_and_back(stamps: list, pattern: str) -> None:
    form = TextDate(pattern)
    ticks = np.array(stamps, dtype="M8[us]").astype(f"M8[{form.unit}]").view(np.int64)
    if form.unit == "ns":
        ticks = np.abs(ticks)
    texts = form.write(ticks)
    assert all(len(text) == len(pattern) for text in texts)
    parsed, fits = form.parse(texts)
    assert fits.all()
    assert np.array_equal(parsed, ticks)


@pytest.mark.parametrize(
    ("cells", "pattern"),
    [
        (("2020-07-23", "1999-12-31"), "YYYY-MM-DD"),
        (("2020-07-23 10:15:00",), "YYYY-MM-DD hh:mm:ss"),
        (("2020-07-23T10:15:00",), "YYYY-MM-DDThh:mm:ss"),
        (("2020-07-23T10:15:00.123Z",), "YYYY-MM-DDThh:mm:ss.fffZ"),
        (("23.07.2020",), "DD.MM.YYYY"),
        (("2020/07/23",), "YYYY/MM/DD"),
        (("07/23/2020", "01/02/2020"), "MM/DD/YYYY"),
        (("23/07/2020", "01/02/2020"), "DD/MM/YYYY"),
    ],
)
def test_found(cells: tuple[str, ...], pattern: str) -> None:
    assert find_form(_texts(*cells)).pattern == pattern


@pytest.mark.parametrize(
    "cells",
    [
        ("2020-02-30",),
        ("2020-07-23", "2020-7-24"),
        ("2020-07-23", "2020/07/24"),
        (*["2020-07-23", "2020-07-24"] * 9, "soon", "later"),
        (*["2020-07-23"] * 95, *"abcde"),
        ("01/02/2020", "03/04/2020"),
        ("20200723",),
        ("٢٠٢٠-07-23",),
        ("2020-07-23 25:00",),
        ("2020-07-23\x00",),
        ("",),
        ("abcd-ef-gh",),
    ],
)
def test_not_found(cells: tuple[str, ...]) -> None:
    assert find_form(_texts(*cells)) is None


def test_drawn_dates_are_real_ones() -> None:
    days = pd.date_range("2020-01-06", periods=200, freq="7D").strftime("%d.%m.%Y")
    table = pd.DataFrame({"day": np.array(days, dtype=object), "other": np.arange(200) % 3})
    transformer = TableTransformer(random_state=0).fit(table)
    assert transformer.schema_[0].kind == "datetime"
    encoded = transformer.encode(table)
    noise = np.random.default_rng(0).normal(size=encoded.values.shape).astype(np.float32)
    drawn = transformer.decode(type(encoded)(encoded.codes, noise))["day"]
    parsed = pd.to_datetime(drawn, format="%d.%m.%Y")
    assert parsed.between("2020-01-06", "2023-11-01").all()
    assert (parsed.dt.day_of_week == 0).all()


def test_a_text_that_is_no_date_later() -> None:
    table = pd.DataFrame({"day": ["2020-01-01", "2020-01-02"], "other": [1, 2]})
    transformer = TableTransformer().fit(table)
    with pytest.raises(ValueError, match="column 'day': 'soon' is no date in the fitted format"):
        transformer.transform(table.assign(day="soon"))


def test_odd_cells_are_none_of_the_form() -> None:
    cells = _texts(*[f"2020-07-{day:02d}" for day in range(1, 29)], "unknown", "2020-07-32", "")
    form = find_form(cells)
    assert form.pattern == "YYYY-MM-DD"
    assert form.parse(cells)[1].tolist() == [True] * 28 + [False] * 3


@given(st.lists(st.text("0123456789-/.:TZ \x00", max_size=20), min_size=1))
def test_what_fits_comes_back(cells: list[str]) -> None:
    texts = _texts(*cells)
    for pattern in PATTERNS:
        form = TextDate(pattern)
        numbers, fits = form.parse(texts)
        assert np.array_equal(form.write(numbers[fits]), texts[fits])
