"""Text that looks like dates or numbers is never made anew as a key; the remedy named works."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
import pytest

from synthwgan.table import TableTransformer
from synthwgan.table.columns import lookalikes

RNG = np.random.default_rng(0)
DAYS = pd.Series(pd.date_range("2001-01-01", periods=200, freq="27h"))
NUMBERS = RNG.permutation(200) * 37 + 1000
AMOUNTS = RNG.gamma(3, 700, 200)


def kind_of(cells: list[str]) -> str:
    return TableTransformer().fit(pd.DataFrame({"x": cells})).schema_[0].kind


def warning_of(cells: list[str]) -> str:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert kind_of(cells) == "categorical"
    (warning,) = caught
    return str(warning.message)


def alternating(*forms: str) -> list[str]:
    return [forms[i % len(forms)].format(amount) for i, amount in enumerate(AMOUNTS)]


def dates_in(*formats: str) -> list[str]:
    return [day.strftime(formats[i % len(formats)]) for i, day in enumerate(DAYS)]


CONVERTIBLE = {
    "am and pm": (dates_in("%d/%B/%Y %I:%M %p"), DAYS.dt.floor("min")),
    "words": (dates_in("%d-%B-%Y %H:%M"), DAYS.dt.floor("min")),
    "two formats": (dates_in("%Y-%m-%d", "%d/%m/%Y"), DAYS.dt.floor("D")),
    "offsets": (
        dates_in("%Y-%m-%dT%H:00:00+01:00", "%Y-%m-%dT%H:00:00+02:00"),
        (DAYS.dt.floor("h") - pd.to_timedelta(1 + np.arange(200) % 2, "h")).dt.tz_localize("UTC"),
    ),
    "decimals": (alternating("{:.1f}0", "{:.3f}"), None),
    "decimals of dollars": (alternating("${:,.1f}0", "${:,.3f}"), None),
    "decimal commas": (
        [text.replace(".", ",") for text in alternating("{:.1f}0 €", "{:.3f} €")],
        None,
    ),
}


@pytest.mark.parametrize("case", CONVERTIBLE)
def test_the_remedy_makes_of_the_column_what_it_means(case: str) -> None:
    cells, expected = CONVERTIBLE[case]
    message = warning_of(cells)
    df = pd.DataFrame({"x": cells})
    exec(
        re.search(r"convert the column, (df\['x'\] = .*), or set", message)[1], {"df": df, "pd": pd}
    )
    if expected is None:
        digits = np.where(np.arange(200) % 2, 3, 1)
        expected = [float(f"{x:.{d}f}") for x, d in zip(AMOUNTS, digits, strict=True)]
        np.testing.assert_allclose(df["x"], expected)
    else:
        assert df["x"].tolist() == expected.tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schema = TableTransformer().fit(df).schema_[0]
    assert schema.kind == ("numeric" if df["x"].dtype == float else "datetime")


@pytest.mark.parametrize(
    "cells",
    [alternating("${:,.2f}", "€{:,.2f}"), alternating("{:.1f} cm", "{:.1f} m")],
)
def test_where_no_code_converts_the_column_its_kind_can_be_set(cells: list[str]) -> None:
    message = warning_of(cells)
    assert "convert" not in message
    kinds = eval(re.search(r"column_kinds=(\{.*\})", message)[1], {})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        transformer = TableTransformer(column_kinds=kinds).fit(pd.DataFrame({"x": cells}))
    assert transformer.schema_[0].kind == "categorical"


def test_the_cell_that_is_to_blame_is_named() -> None:
    odd = [f"odd {'abcdefghijklmnopqrstuvwxyz'[i]}" for i in range(25)]
    message = warning_of([*["579", "1200"], *alternating("{:.2f}"), *alternating("9{:.2f}"), *odd])
    assert "look like numbers" in message
    assert "but 'odd a' and 24 others are none" in message
    df = pd.DataFrame({"x": ["5.5", "odd a"]})
    exec(
        re.search(r"convert the column, (df\['x'\] = .*), or set", message)[1], {"df": df, "pd": pd}
    )
    assert df["x"].isna().tolist() == [False, True]


def test_dates_that_may_be_swapped_have_two_remedies() -> None:
    cells = [f"{1 + i % 12:02d}/{1 + i % 11:02d}/{1900 + i % 90}" for i in range(200)]
    message = warning_of(cells)
    assert "its day and its month may be swapped" in message
    codes = re.search(r"convert the column, (.*), or set", message)[1].split(" or ")
    found = []
    for code in codes:
        df = pd.DataFrame({"x": ["03/04/1950"]})
        exec(code, {"df": df, "pd": pd})
        found.append(df["x"][0])
    assert found == [pd.Timestamp("1950-04-03"), pd.Timestamp("1950-03-04")]


@pytest.mark.parametrize(
    "form",
    ["{:08d}", "C-{:05d}", "user{:d}/example.org", "{:05d}-2021", "v1.{:d}.0", "{:d}B"],
)
def test_keys_stay_identifiers_without_a_word(form: str, recwarn: pytest.WarningsRecorder) -> None:
    assert kind_of([form.format(number) for number in NUMBERS]) == "identifier"
    assert not recwarn.list


@pytest.mark.parametrize("cells", [["05:34", "14:10"], ["05:34:10", "14:10:05"]])
def test_the_remedy_of_times(cells: list[str]) -> None:
    (remedy,) = lookalikes._remedies_of_times(pd.Series(cells, dtype=object))
    df = pd.DataFrame({"x": [*cells, "soon"]})
    code = remedy.code.format(column="df['x']", more=lookalikes._COERCE)
    times = eval(code, {"df": df, "pd": pd})
    assert times[0] // pd.Timedelta("1min") == 5 * 60 + 34
    assert times.isna().tolist() == [False, False, True]
