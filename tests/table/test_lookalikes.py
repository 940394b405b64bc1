"""Text that looks like dates or numbers is never made anew as a key, and the user is told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthwgan.table import TableTransformer

DAYS = pd.Series(pd.date_range("2001-01-01", periods=200, freq="27h"))
NUMBERS = np.random.default_rng(0).permutation(200) * 37 + 1000


def kind_of(cells: list[str]) -> str:
    return TableTransformer().fit(pd.DataFrame({"x": cells})).schema_[0].kind


@pytest.mark.parametrize(
    "cells",
    [
        DAYS.dt.strftime("%m/%d/%Y %I:%M %p").tolist(),
        DAYS.dt.strftime("%B %d, %Y %H:%M").tolist(),
    ],
)
def test_dates(cells: list[str]) -> None:
    with pytest.warns(UserWarning, match="column 'x': its texts look like dates .*pd.to_datetime"):
        assert kind_of(cells) == "categorical"


@pytest.mark.parametrize("form", ["${:,.2f}", "{:.2f} €", "{:.1f}%", "{:.3f}"])
def test_numbers(form: str) -> None:
    with pytest.warns(UserWarning, match="column 'x': its texts look like numbers .*to_numeric"):
        assert kind_of([form.format(number) for number in NUMBERS]) == "categorical"


@pytest.mark.parametrize(
    "form",
    ["{:08d}", "C-{:05d}", "192.168.{:d}.1", "user{:d}@example.org", "{:05d}-2021", "v1.{:d}.0"],
)
def test_keys_stay_identifiers_without_a_word(form: str, recwarn: pytest.WarningsRecorder) -> None:
    assert kind_of([form.format(number) for number in NUMBERS]) == "identifier"
    assert not recwarn.list


def test_few_texts_are_plain_categories(recwarn: pytest.WarningsRecorder) -> None:
    assert kind_of(["1.5", "2.5", "3.5"] * 30) == "categorical"
    assert not recwarn.list
