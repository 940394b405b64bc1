"""Conditions draw only what they accept, as often as the table has it."""

from __future__ import annotations

import decimal
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthwgan.conditions.wishes import (
    AnyOf,
    Between,
    check_known,
    read_condition,
    target_shares,
)
from synthwgan.table import TableTransformer
from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.storage.dtypes import Cells

N_ROWS = 400
_RNG = np.random.default_rng(5)
_DAYS = pd.Series(pd.date_range("2020-01-01", periods=200).repeat(2))


def _spiked() -> np.ndarray:
    numbers = _RNG.lognormal(3, 1, N_ROWS)
    numbers[_RNG.random(N_ROWS) < 0.3] = 0.0
    numbers[_RNG.random(N_ROWS) < 0.1] = np.nan
    return numbers


def _holed(series: pd.Series) -> pd.Series:
    return series.mask(_RNG.random(len(series)) < 0.1)


_WHOLE = _RNG.integers(0, 150, N_ROWS)
_WORDS = pd.Series(_RNG.choice(["fir", "oak", "elm", "ash"], N_ROWS, p=[0.5, 0.3, 0.15, 0.05]))
ORDERED = {
    "discrete": pd.Series(_RNG.integers(0, 9, N_ROWS)),
    "discrete float32": pd.Series(_RNG.integers(0, 9, N_ROWS) / 10).astype("float32"),
    "discrete with missing": _holed(pd.Series(_RNG.integers(0, 9, N_ROWS) / 4)),
    "whole numbers": pd.Series(_WHOLE),
    "multiples of 7": pd.Series(_WHOLE * 7 - 100, dtype="int16"),
    "continuous": pd.Series(_RNG.normal(size=N_ROWS)),
    "continuous float32": pd.Series(_RNG.normal(size=N_ROWS).round(2)).astype("float32"),
    "spikes and missing": pd.Series(_spiked()),
    "float32 with spikes": pd.Series(_spiked().round(1)).astype("float32"),
    "nullable": _holed(pd.Series(_WHOLE).astype("Int64")),
    "Decimal": pd.Series([decimal.Decimal(int(v)).scaleb(-2) for v in _WHOLE], dtype=object),
    "durations": pd.Series(pd.to_timedelta(_WHOLE * 90, unit="s")),
    "days": _DAYS,
    "days with missing": _holed(_DAYS),
    "zoned": pd.Series(pd.date_range("2020-03-01", periods=200, tz="Europe/Berlin").repeat(2)),
    "text dates": _holed(pd.Series(_DAYS.dt.strftime("%d.%m.%Y"))),
    "periods": _DAYS.dt.to_period("D"),
    "a constant": pd.Series([3.5] * N_ROWS),
}
LABELS = {
    "text": _WORDS,
    "text with missing": _holed(_WORDS),
    "category": _holed(_WORDS).astype("category"),
    "ordered category": pd.Series(pd.Categorical(_WORDS, ["oak", "ash", "elm", "fir"], True)),
    "bool": pd.Series(_RNG.random(N_ROWS) < 0.3),
    "nullable bool": _holed(pd.Series(_RNG.random(N_ROWS) < 0.3, dtype="boolean")),
    "a constant text": pd.Series(["fir"] * N_ROWS),
}


def fit_column(series: pd.Series, **options: Any) -> ColumnTransformer:
    series = series.reset_index(drop=True)
    table = pd.DataFrame({"column": series, "other": np.arange(len(series)) % 2 == 0})
    return TableTransformer(random_state=0, **options).fit(table).columns_[0]


def state_shares(column: ColumnTransformer, cells: Cells) -> np.ndarray:
    """Share of the table's rows in each state, as the sampler has it."""
    codes, _ = column.encode_cells(cells)
    if codes is None:
        return np.zeros(0)
    return np.bincount(codes, minlength=column.n_states) / len(codes)


FITTED = {name: fit_column(series) for name, series in (ORDERED | LABELS).items()}
CELLS = {name: FITTED[name].read(series) for name, series in (ORDERED | LABELS).items()}
SHARES = {name: state_shares(FITTED[name], CELLS[name]) for name in FITTED}


def condition_on(name: str, wanted: Any) -> AnyOf | Between:
    return read_condition(FITTED[name], wanted, SHARES[name])


def check_drawn(name: str, condition: AnyOf | Between, seed: int = 0) -> Cells:
    """Check that drawn cells are accepted, also once they were written and read."""
    column = FITTED[name]
    drawn = condition.draw(60, np.random.default_rng(seed))
    assert len(drawn.missing) == len(drawn.values) == 60
    assert condition.accepts(drawn).all()
    assert column.holds(drawn).all()
    written = column.physical.write(drawn)
    assert condition.accepts(column.read(written)).all()
    return drawn


def check_share(name: str, condition: AnyOf | Between) -> None:
    """Check the share of a condition by counting."""
    assert condition.share == pytest.approx(condition.accepts(CELLS[name]).mean(), abs=1e-6)


def distinct_cells(name: str) -> list[Any]:
    return list((ORDERED | LABELS)[name].unique())


@settings(max_examples=60, deadline=None)
@given(data=st.data(), name=st.sampled_from(list(FITTED)))
def test_any_list_of_cells_draws_these_as_often_as_the_table(data, name):
    cells = distinct_cells(name)
    wanted = data.draw(st.lists(st.sampled_from(cells), min_size=1, max_size=6))
    condition = condition_on(name, wanted)
    check_drawn(name, condition)
    check_share(name, condition)
    series = (ORDERED | LABELS)[name]
    expected = series.isin(wanted) | (series.isna() & bool(pd.isna(wanted).any()))
    assert condition.accepts(CELLS[name]).tolist() == expected.tolist()
    assert condition.is_fixed == (len({str(value) for value in wanted}) == 1)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), name=st.sampled_from(list(ORDERED)))
def test_any_range_between_cells_draws_within_as_often_as_the_table(data, name):
    column, cells = FITTED[name], CELLS[name]
    numbers = column.to_numbers(cells.present)
    order = np.argsort(numbers, kind="stable")
    first, last = sorted(data.draw(st.tuples(*[st.integers(0, len(order) - 1)] * 2)))
    present = ORDERED[name].dropna().iloc[order]
    low = data.draw(st.sampled_from([None, present.iloc[first]]))
    high = data.draw(st.sampled_from([None, present.iloc[last]]))
    condition = condition_on(name, (low, high))
    drawn = column.to_numbers(check_drawn(name, condition).present)
    assert len(drawn) == 60
    assert low is None or drawn.min() >= numbers[order[first]]
    assert high is None or drawn.max() <= numbers[order[last]]
    check_share(name, condition)
    # Of numbers that are states, a range may leave one: the same as to ask for it.
    assert condition.is_fixed == (not column.has_value and len(condition.shares) == 1)


@settings(max_examples=60, deadline=None)
@given(low=st.floats(-200, 400), width=st.floats(0.01, 300))
def test_any_range_of_numbers_holds_what_is_drawn(low, width):
    for name in ("multiples of 7", "spikes and missing", "float32 with spikes", "nullable"):
        within = (ORDERED[name].astype("float64") >= low) & (
            ORDERED[name].astype("float64") <= low + width
        )
        try:
            condition = condition_on(name, (low, low + width))
        except ValueError as error:
            assert "nothing lies within" in str(error)
            assert not within.fillna(False).any()
            continue
        drawn = FITTED[name].physical.write(check_drawn(name, condition))
        # float32 rounds the bounds too.
        assert drawn.astype("float64").between(low - 1e-4, low + width + 1e-4).all()


@pytest.mark.parametrize("name", ["spikes and missing", "float32 with spikes"])
def test_a_range_mixes_spikes_and_values_as_the_table_does(name):
    condition = condition_on(name, (None, 30))
    drawn = condition.draw(4000, np.random.default_rng(0)).values
    column = ORDERED[name][ORDERED[name] <= 30]
    # Standard error at most 0.008; five of them, and the table's own rounding.
    assert abs((drawn == 0).mean() - (column == 0).mean()) < 0.04
    assert abs(np.median(drawn[drawn > 0]) - column[column > 0].median()) < 1.5


def test_a_list_draws_cells_that_occur_once_too():
    numbers = np.concatenate([np.arange(300.0) ** 1.1, [2.0**1.1]])
    column = fit_column(pd.Series(numbers))
    condition = read_condition(column, [numbers[2], numbers[3]], np.zeros(0))
    assert condition.shares * 301 == pytest.approx([2, 1])
    assert np.unique(condition.draw(200, np.random.default_rng(0)).values).size == 2
    every = read_condition(column, (None, None), np.zeros(0))
    assert every.share == pytest.approx(1)


@pytest.mark.parametrize(
    ("wanted", "within"),
    [
        (("ash", "elm"), {"ash", "elm"}),
        (("ash", None), {"ash", "elm", "fir"}),
        ((None, "ash"), {"oak", "ash"}),
        ((None, np.nan), {"oak", "ash", "elm", "fir"}),
        (("elm", "elm"), {"elm"}),
    ],
)
def test_a_range_of_ordered_categories_goes_by_their_order(wanted, within):
    condition = condition_on("ordered category", wanted)
    check_share("ordered category", condition)
    drawn = check_drawn("ordered category", condition)
    written = FITTED["ordered category"].physical.write(drawn)
    assert set(written) == within
    assert condition.is_fixed == (len(within) == 1)


def test_bounds_need_not_have_occurred_but_be_categories():
    sizes = pd.Categorical(["S", "L", "L"] * 20, ["XS", "S", "M", "L"], ordered=True)
    column = fit_column(pd.Series(sizes))
    shares = np.array([1 / 3, 2 / 3])
    assert read_condition(column, ("XS", "M"), shares).share == pytest.approx(1 / 3)
    with pytest.raises(
        ValueError, match=r"nothing lies within \('M', 'M'\); possible are 'S', 'L'"
    ):
        read_condition(column, ("M", "M"), shares)


def test_ranges_of_intervals_go_by_their_order():
    column = fit_column(pd.Series(pd.cut(np.arange(60.0), 3)))
    second = column.physical.dtype.categories[1]
    condition = read_condition(column, (second, None), np.full(3, 1 / 3))
    assert condition.share == pytest.approx(2 / 3)
    assert read_condition(column, (str(second), None), np.full(3, 1 / 3)).share == condition.share


def test_a_range_holds_some_of_the_numbers_that_have_no_knot():
    numbers = np.sort(np.random.default_rng(0).normal(size=50_000))
    column = fit_column(pd.Series(numbers))
    for first, n_within in ((20_001, 2), (20_001, 40), (10, 5000)):
        # Between the table's numbers, so that no bound is a knot.
        low = numbers[first - 1 : first + 1].mean()
        high = numbers[first + n_within - 1 : first + n_within + 1].mean()
        condition = read_condition(column, (low, high), np.zeros(0))
        assert condition.share * len(numbers) == pytest.approx(n_within, abs=2)
        drawn = condition.draw(500, np.random.default_rng(0))
        assert condition.accepts(drawn).all()
        assert len(np.unique(drawn.values)) > 400
        # All of the range, not only from knot to knot.
        ends = np.quantile((drawn.values - low) / (high - low), [0, 1])
        assert ends == pytest.approx([0, 1], abs=0.05)


_CENTS = np.sort(np.random.default_rng(0).choice(10_000, 300, replace=False))


@pytest.mark.parametrize(
    "series",
    [
        pd.Series(_CENTS),
        pd.Series(_CENTS / 100),
        pd.Series(_CENTS / 100).astype("float32"),
        pd.Series(np.sort(np.random.default_rng(0).normal(size=300))),
        pd.Series(pd.Timestamp("2020-01-01") + pd.to_timedelta(_CENTS, unit="min")),
        pd.Series([decimal.Decimal(int(cents)).scaleb(-2) for cents in _CENTS], dtype=object),
    ],
    ids=["int64", "cents", "float32", "no grid", "datetime", "Decimal"],
)
def test_a_range_between_neighbours_is_drawn_where_decoding_interpolates(series):
    widest = int(np.argmax(np.diff(_CENTS)))
    lower, upper = series[widest], series[widest + 1]
    low, high = lower + (upper - lower) / 10, upper - (upper - lower) / 10
    column = fit_column(series)
    condition = read_condition(column, (low, high), np.zeros(0))
    drawn = condition.draw(60, np.random.default_rng(0))
    assert condition.accepts(drawn).all()
    assert pd.Series(column.physical.write(drawn)).nunique() > 20
    assert condition.share == 0
    # A range with one of the table's numbers in it is not that number only.
    around = read_condition(column, (low, upper), np.zeros(0))
    assert len(np.unique(around.draw(60, np.random.default_rng(0)).values)) > 20


@pytest.mark.parametrize(
    ("series", "wanted"),
    [
        (pd.Series(_CENTS / 100), (20.001, 20.002)),
        (pd.Series(np.repeat(_CENTS, 2) * 7), (_CENTS[0] * 7 + 1, _CENTS[1] * 7 - 1)),
        (pd.Series(np.arange(9.0).repeat(9)), (3.2, 3.8)),
    ],
    ids=["off the grid", "repeating", "states"],
)
def test_a_range_without_a_number_that_is_drawn_is_refused(series, wanted):
    with pytest.raises(ValueError, match="nothing lies within"):
        read_condition(fit_column(series), wanted, np.zeros(0))


def test_cells_of_an_array_are_python_text():
    for wanted in (np.str_("fir"), np.array(["fir", "oak"]), [np.str_("fir")]):
        condition = condition_on("text", wanted)
        assert {type(cell) for cell in condition.draw(5, np.random.default_rng(0)).values} == {str}


def test_sets_series_and_arrays_are_lists():
    for wanted in ({"fir", "oak"}, np.array(["fir", "oak"]), pd.Series(["oak", "fir", "fir"])):
        condition = condition_on("text", wanted)
        assert sorted(condition.cells.values) == ["fir", "oak"]


def test_infinite_bounds_are_none():
    assert condition_on("continuous", (-np.inf, np.inf)).share == pytest.approx(1)


def test_a_bound_off_the_grid_is_the_next_inside():
    condition = condition_on("whole numbers", (4.5, "7.5"))
    drawn = check_drawn("whole numbers", condition).values
    assert set(drawn) == {5, 6, 7} & set(_WHOLE)


def _cents() -> pd.Series:
    return pd.Series([decimal.Decimal(int(v)).scaleb(-2) for v in _WHOLE], dtype=object)


@pytest.mark.parametrize("dtype", ["object", "arrow"])
def test_a_decimal_with_more_digits_is_not_cut(dtype):
    series = _cents()
    if dtype == "arrow":
        series = series.astype(pd.ArrowDtype(pa.decimal128(12, 2)))
    column = fit_column(series)
    shares = state_shares(column, column.read(series))
    cells = {"more": decimal.Decimal("0.305"), "one": decimal.Decimal("0.30")}
    for wanted in (cells["more"], "0.305", [cells["one"], cells["more"]]):
        with pytest.raises(ValueError, match=r"0\.305.* (is no value|no multiple of 0\.01)"):
            read_condition(column, wanted, shares)
    with pytest.raises((ValueError, TypeError), match="0.01|data loss"):
        column.read(pd.Series(list(cells.values()), dtype=object))
    with pytest.raises(ValueError, match="'few' is no value"):
        read_condition(column, "few", shares)
    # Of a range, the next within.
    for low in (cells["more"], "0.305", 0.305, decimal.Decimal("0.3000001")):
        condition = read_condition(column, (low, decimal.Decimal("0.3299")), shares)
        assert condition.share == pytest.approx(np.isin(_WHOLE, [31, 32]).mean())
    with pytest.raises(ValueError, match="'few' is no number"):
        read_condition(column, ("few", None), shares)


def test_bounds_beyond_the_dtype_do_not_wrap_around():
    assert condition_on("multiples of 7", (None, 70_000)).share == pytest.approx(1)
    assert condition_on("multiples of 7", (-70_000, 70_000)).share == pytest.approx(1)


# Rare categories


def _many_letters() -> pd.Series:
    return pd.Series(_RNG.choice(list("aaaaaaaabbbbccdefg"), N_ROWS))


def test_a_rare_category_has_its_share_of_the_rare_state():
    letters = _many_letters()
    column = fit_column(letters, max_categories=2)
    cells = column.read(letters)
    shares = state_shares(column, cells)
    assert column.holds(cells).all()
    for letter in "acg":
        condition = read_condition(column, letter, shares)
        assert condition.share == pytest.approx((letters == letter).mean())
    both = read_condition(column, ["a", "g"], shares)
    drawn = both.draw(6000, np.random.default_rng(0)).values
    expected = (letters == "g").sum() / letters.isin(["a", "g"]).sum()
    # Standard error 0.004 at most.
    assert abs((drawn == "g").mean() - expected) < 0.02


def test_masked_categories_are_asked_for_by_their_placeholder_only():
    letters = _many_letters()
    column = fit_column(letters, max_categories=2, rare="mask")
    shares = state_shares(column, column.read(letters))
    condition = read_condition(column, "<rare>", shares)
    assert condition.share == pytest.approx((~letters.isin(["a", "b"])).mean())
    assert condition.draw(3, np.random.default_rng(0)).values.tolist() == ["<rare>"] * 3
    with pytest.raises(ValueError, match="'g' did not occur when fitted; possible are 'a', 'b'$"):
        read_condition(column, "g", shares)


def test_masked_pandas_categories_are_gone():
    letters = _many_letters().astype("category")
    column = fit_column(letters, max_categories=2, rare="mask")
    shares = state_shares(column, column.read(letters))
    assert read_condition(column, "b", shares).share == pytest.approx((letters == "b").mean())
    for gone in ("g", "<rare>"):
        with pytest.raises(ValueError, match=f"'{gone}' did not occur when fitted"):
            read_condition(column, gone, shares)


# What is refused


@pytest.mark.parametrize(
    ("name", "wanted", "message"),
    [
        ("text", "firr", "'firr' did not occur when fitted; did you mean 'fir'?"),
        ("text", "beech", "'beech' did not occur when fitted; possible are 'ash', 'elm'"),
        ("category", "firr", "did you mean 'fir'?"),
        ("discrete", 99, "99 did not occur when fitted; possible are 0, 1, 2"),
        ("continuous", 99, "99 did not occur when fitted; possible are -"),
        ("days", "2030-01-01", "'2030-01-01' did not occur when fitted; possible are 2020-01-01"),
        ("text dates", "2030-01-01", "'2030-01-01' did not occur when fitted; possible are 01.01"),
        ("a constant", 4, r"4 did not occur when fitted; possible are 3.5$"),
        ("text", None, "no cell was missing when fitted"),
        ("continuous", [1, None], "no cell was missing when fitted"),
        ("bool", "maybe", "'maybe' is no value of dtype bool"),
        ("discrete", [], "an empty list allows nothing"),
        ("text", ("a", "z"), r"a categorical column has no order.*list: \['a', 'z'\]"),
        ("category", ("oak", "elm"), "a categorical column has no order"),
        ("ordered category", ("elm", "ash"), r"nothing lies within \('elm', 'ash'\)"),
        ("ordered category", ("elmm", None), "'elmm' is no category; did you mean 'elm'?"),
        ("ordered category", ("oak", "elm", "fir"), "a range is a pair"),
        ("discrete", (1, 2, 3), r"a range is a pair \(low, high\), got \(1, 2, 3\)"),
        ("discrete", (5, 3), r"nothing lies within \(5, 3\); possible are"),
        ("continuous", (50, None), r"nothing lies within \(50, None\); possible are -"),
        ("days", ("2021-01-01", None), "nothing lies within .*possible are 2020-01-01"),
        ("discrete", ("a few", 3), "'a few'"),
    ],
)
def test_impossible_wishes_say_what_is_possible(name, wanted, message):
    with pytest.raises(ValueError, match=message):
        condition_on(name, wanted)


def test_nothing_can_be_asked_of_identifiers():
    column = fit_column(pd.Series([f"k{number:03}" for number in range(60)]))
    with pytest.raises(ValueError, match="identifiers are made anew"):
        read_condition(column, "k001", np.zeros(0))


def test_target_shares_are_numbers_that_add_up():
    assert target_shares({"a": 0.25, "b": 0.75, "c": 0}) == {"a": 0.25, "b": 0.75}
    assert target_shares({"a": np.float32(1)}) == {"a": 1}
    for wrong in ({}, {"a": 0.5}, {"a": 1.5, "b": -0.5}, {"a": "1"}, {"a": 60, "b": 40}):
        with pytest.raises(ValueError, match="frequencies must be numbers >= 0 that add up to 1"):
            target_shares(wrong)


# Given cells


@pytest.mark.parametrize("name", FITTED)
def test_every_cell_of_the_table_is_known(name):
    check_known(FITTED[name], (ORDERED | LABELS)[name], CELLS[name], strict=True)


def check_series(name: str, cells: list[Any], strict: bool) -> np.ndarray:
    series = pd.Series(cells, name="column")
    return check_known(FITTED[name], series, FITTED[name].read(series), strict)


@pytest.mark.parametrize("name", ["text", "category", "ordered category"])
def test_unknown_categories_are_an_error_if_strict(name):
    with pytest.raises(ValueError, match="'firr' did not occur when fitted; did you mean 'fir'"):
        check_series(name, ["fir", "firr", None], strict=True)
    message = r"'column': 'firr', 'yew' did not .*\(3\) are kept, and taken for missing.*drawn$"
    with pytest.warns(UserWarning, match=message):
        unseen = check_series(name, ["fir", "firr", None, "yew", "firr"], strict=False)
    assert unseen.tolist() == [False, True, False, True, True]


def test_numbers_out_of_range_are_an_error_if_strict():
    with pytest.raises(ValueError, match="1000000000.0 did not occur when fitted"):
        check_series("continuous", [1.0, 1e9, -1e9], strict=True)
    with pytest.warns(UserWarning, match=r"column 'column': 1000000000.0 did not.*cells \(2\)"):
        check_series("continuous", [1.0, 1e9, -1e9], strict=False)


@pytest.mark.parametrize("dtype", ["object", "string", "Int64"])
def test_a_category_that_may_have_been_masked_is_kept_with_a_warning(dtype):
    letters = _many_letters()
    series = letters.map(ord).astype("Int64").mask(letters == "b") if dtype == "Int64" else letters
    series = series.astype(dtype).rename("column")
    kinds = {"column": "categorical"}
    column = fit_column(series, max_categories=2, rare="mask", column_kinds=kinds)
    cells = column.read(series)
    with pytest.warns(UserWarning, match="did not occur when fitted.* taken for a rare category"):
        check_known(column, series, cells, strict=False)
    with pytest.raises(ValueError, match="did not occur when fitted"):
        check_known(column, series, cells, strict=True)


def test_a_masked_pandas_category_cannot_be_written():
    letters = _many_letters().rename("column")
    column = fit_column(letters.astype("category"), max_categories=2, rare="mask")
    series = letters.astype("category")
    with pytest.raises(ValueError, match="convert the column to str before the model is fitted"):
        check_known(column, series, column.read(series), strict=True)
    with pytest.warns(UserWarning, match="taken for missing ones.*convert the column to str"):
        unseen = check_known(column, series, column.read(series), strict=False)
    assert unseen.tolist() == (~letters.isin(["a", "b"])).tolist()


def test_numbers_that_the_dtype_cannot_hold_are_an_error():
    with pytest.raises(ValueError, match="70000 did not occur when fitted"):
        check_series("multiples of 7", [70_000], strict=False)


def test_decimals_between_others_are_nothing_to_warn_of():
    series = pd.Series(np.tile([0.25, 1.75, 3.5], 20), name="column")
    column = fit_column(series)
    assert not column.has_value
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        given = pd.Series([1.0, 3.5, None], name="column")
        assert not check_known(column, given, column.read(given), strict=False).any()
    given = pd.Series([1.0, 9.0, -1.0], name="column")
    with pytest.warns(UserWarning, match=r"'column': 9.0 did not occur .*\(2\) are kept"):
        check_known(column, given, column.read(given), strict=False)
    with pytest.raises(ValueError, match=r"1.0 did not occur"):
        check_known(column, given, column.read(given), strict=True)
    # Of whole numbers, those between may be codes of something else.
    series = pd.Series(np.tile([1, 2, 5], 20), name="column")
    column, given = fit_column(series), pd.Series([3], name="column")
    with pytest.warns(UserWarning, match="3 did not occur when fitted; possible are 1, 2, 5"):
        check_known(column, given, column.read(given), strict=False)
