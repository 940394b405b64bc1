"""Columns in which numbers are written: numbers to learn from, and every cell to the letter."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal, assert_series_equal

from synthwgan.conditions.wishes import Between, check_known, read_condition
from synthwgan.table import TableTransformer
from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.forms import Form, registry
from synthwgan.table.layout import EncodedTable

N_ROWS = 400
RNG = np.random.default_rng(0)
AMOUNTS = RNG.gamma(3, 700, N_ROWS).round(2)
ODD = RNG.permutation(N_ROWS)[:20]


def dollars(amounts: np.ndarray = AMOUNTS) -> pd.Series:
    return pd.Series([f"${amount:,.2f}" for amount in amounts], dtype=object)


def with_odd(*odd: str) -> pd.Series:
    cells = dollars()
    for place, row in enumerate(ODD):
        cells[row] = odd[place % len(odd)]
    return cells


def fitted(cells: pd.Series, **parameters: object) -> TableTransformer:
    table = pd.DataFrame({"c": cells, "other": np.arange(len(cells)) % 3})
    return TableTransformer(random_state=0, **parameters).fit(table)


def table_of(cells: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"c": cells, "other": np.arange(len(cells)) % 3})


CASES = {
    "value": (dollars(), {}),
    "few numbers": (pd.Series(["10.5%", "12.0%", "7.5%"] * 30), {}),
    "two numbers": (pd.Series(["10.5%", "12.0%"] * 30), {}),
    "odd cells": (with_odd("?", "N/A"), {}),
    "odd cells of few numbers": (
        pd.Series(["1.5", "2.5", "3.5", "9.0", "?"] + ["1.5"] * 90),
        {},
    ),
    "odd and missing": (with_odd("?", "N/A").mask(np.arange(N_ROWS) % 7 == 0), {}),
    "missing and few": (pd.Series(["1.5", None, "3.5", "?", "2.5"] + ["2.5"] * 90), {}),
    "spikes": (pd.Series(["$0.00"] * 200 + dollars()[:200].tolist()), {}),
    "string dtype": (with_odd("?").astype("string"), {}),
    "arrow": (with_odd("?").astype("string[pyarrow]"), {}),
    "one number": (pd.Series(["$5.00"] * 50), {}),
    "dates": (
        pd.Series(pd.date_range("2001-01-01", periods=200).strftime("%d.%m.%Y").tolist() + ["?"]),
        {},
    ),
}


@pytest.mark.parametrize("max_discrete", [1, 40])
@pytest.mark.parametrize("case", CASES)
def test_there_and_back(case: str, max_discrete: int) -> None:
    cells, parameters = CASES[case]
    transformer = fitted(cells, max_discrete=max_discrete, **parameters)
    column = transformer.columns_[0]
    assert column.kind == ("datetime" if case == "dates" else "numeric")
    table = table_of(cells)
    decoded = transformer.decode(transformer.encode(table))
    assert_series_equal(decoded["c"], table["c"])
    reloaded = TableTransformer.from_dict(
        json.loads(json.dumps(transformer.to_dict(), allow_nan=False))
    )
    assert_frame_equal(reloaded.decode(reloaded.encode(table)), decoded)
    if column.n_states:
        states = decoded["c"][~decoded["c"].isna()].nunique()
        assert len(column.state_labels()) == column.n_states
        assert len(column.menu().present) <= states


def random_rows(transformer: TableTransformer, n_rows: int = 2000) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    layout = transformer.layout_
    codes = np.stack([rng.integers(0, size, n_rows) for size in layout.block_sizes], axis=1)
    values = rng.normal(size=(n_rows, layout.n_values)).astype(np.float32)
    return transformer.decode(EncodedTable(codes.astype(np.int16), values))


@pytest.mark.parametrize("case", CASES)
def test_drawn_cells_are_of_the_form_or_odd_ones(case: str) -> None:
    cells, parameters = CASES[case]
    transformer = fitted(cells, **parameters)
    column = transformer.columns_[0]
    drawn = column.read(random_rows(transformer)["c"])
    assert column.holds(drawn).all()
    odd = drawn.present[~column.read_numbers(drawn.present)[1]]
    assert set(odd) == set(column.odd.tolist())
    low, high = column.ends()
    numbers = column.to_numbers(np.setdiff1d(drawn.present, column.odd))
    assert numbers.min() >= low
    assert numbers.max() <= high


def test_the_schema_says_how_numbers_are_written() -> None:
    schema = fitted(with_odd("?", "N/A").mask(np.arange(N_ROWS) % 7 == 0)).schema_[0]
    assert schema.dtype == "object (string)"
    assert schema.encoding == "value + missing + 2 odd cells, written as $1,234.50"
    assert schema.decimals == 2
    assert schema.low.startswith("$")


def test_labels_stand_beside_their_states() -> None:
    transformer = fitted(with_odd("?", "N/A"))
    column = transformer.columns_[0]
    assert column.state_labels() == ["<regular>", "?", "N/A"]
    features = transformer.transform(table_of(with_odd("?", "N/A")))
    names = transformer.get_feature_names_out().tolist()
    is_unknown = with_odd("?", "N/A") == "?"
    assert np.array_equal(features[:, names.index("c=?")], is_unknown)


@pytest.mark.parametrize("kind", ["categorical", "identifier"])
def test_a_given_kind_wins(kind: str) -> None:
    cells = pd.Series([f"${amount:,.2f}" for amount in np.arange(N_ROWS) * 1.37])
    assert fitted(cells, column_kinds={"c": kind}).schema_[0].kind == kind


def test_digits_are_numbers_if_asked() -> None:
    cells = pd.Series([str(number) for number in range(1000, 1400)])
    assert fitted(cells).schema_[0].kind == "identifier"
    column = fitted(cells, column_kinds={"c": "numeric"}).columns_[0]
    assert column.bounds() == ("1000", "1399")
    with pytest.raises(ValueError, match="column 'c': 'soon' is no number"):
        fitted(pd.Series(["1", "soon"] * 30), column_kinds={"c": "numeric"})


def test_a_text_of_another_form_later() -> None:
    transformer = fitted(with_odd("?"))
    with pytest.raises(ValueError, match="column 'c': 'soon' is no number .* \\$1,234.50"):
        transformer.encode(table_of(with_odd("soon")))


def shares(column: ColumnTransformer, cells: pd.Series) -> np.ndarray:
    codes, _ = column.encode(cells)
    return np.bincount(codes, minlength=column.n_states) / len(codes)


@pytest.mark.parametrize(
    "wanted",
    [(1000, 2000), ("$1,000.00", "$2,000.00"), ("1000", 2000.0), (999.995, 2000.004)],
)
def test_ranges_in_numbers_and_as_written(wanted: tuple) -> None:
    cells = with_odd("?", "N/A")
    column = fitted(cells).columns_[0]
    condition = read_condition(column, wanted, shares(column, cells))
    assert isinstance(condition, Between)
    amounts = np.delete(AMOUNTS, ODD)
    assert condition.share == pytest.approx(
        np.mean((amounts >= 1000) & (amounts <= 2000)) * 0.95, abs=0.005
    )
    drawn = condition.draw(500, np.random.default_rng(0))
    assert condition.accepts(drawn).all()
    numbers = column.to_numbers(drawn.values)
    assert ((numbers >= 1000) & (numbers <= 2000)).all()
    odd = column.read(pd.Series(["?", "$1,500.00", "$2,500.00"]))
    assert condition.accepts(odd).tolist() == [False, True, False]


@pytest.mark.parametrize("wanted", [AMOUNTS[0], str(AMOUNTS[0]), f"${AMOUNTS[0]:,.2f}"])
def test_values_in_numbers_and_as_written(wanted: object) -> None:
    cells = dollars()
    column = fitted(cells).columns_[0]
    condition = read_condition(column, wanted, np.ones(1))
    assert condition.cells.values.tolist() == [f"${AMOUNTS[0]:,.2f}"]


def test_odd_cells_can_be_asked_for() -> None:
    cells = with_odd("?", "N/A")
    column = fitted(cells).columns_[0]
    condition = read_condition(column, ["?", "N/A"], shares(column, cells))
    assert condition.share == pytest.approx(0.05)


@pytest.mark.parametrize("wanted", ["soon", 10.005, True, (10, "soon"), 1e9, ("?", 3)])
def test_values_that_cannot_be(wanted: object) -> None:
    column = fitted(with_odd("?")).columns_[0]
    with pytest.raises(ValueError, match="no value of|did not occur|cannot be written"):
        read_condition(column, wanted, np.ones(column.n_states) / column.n_states)


def test_given_numbers_beyond_the_range_are_kept_with_a_warning() -> None:
    column = fitted(dollars()).columns_[0]
    series = pd.Series(["$99,999.00", "$10.00"], name="c")
    with pytest.warns(UserWarning, match=r"'\$99,999.00' did not occur when fitted; possible are"):
        check_known(column, series, column.read(series), strict=False)
    series = pd.Series(["soon"], name="c")
    with pytest.raises(ValueError, match="'soon' is no number"):
        check_known(column, series, column.read(series), strict=False)


class Months(Form):
    """Whole numbers YYYYMM, to test what is so of any form of whole numbers."""

    name = "months"
    meaning = "datetime"
    unit = "M"

    @classmethod
    def find(cls, cells: np.ndarray) -> Months | None:
        return cls() if cells.dtype.kind in "iu" and cls().parse(cells)[1].any() else None

    def parse(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        fits = (cells > 190_000) & (cells < 210_000) & (cells % 100 >= 1) & (cells % 100 <= 12)
        return np.where(fits, (cells // 100 - 1970) * 12 + cells % 100 - 1, 0), fits

    def write(self, numbers: np.ndarray) -> np.ndarray:
        return (numbers // 12 + 1970) * 100 + numbers % 12 + 1


WHOLE = pd.Series([*range(200_001, 200_013), *range(201_401, 201_413), 999_999] * 10)


@pytest.mark.parametrize("max_discrete", [1, 40])
@pytest.mark.parametrize("dtype", ["int32", "uint64", "Int64", "int64[pyarrow]", "float64", object])
def test_whole_numbers_may_be_written_in_a_form(
    monkeypatch: pytest.MonkeyPatch, dtype: object, max_discrete: int
) -> None:
    monkeypatch.setattr(registry, "FORMS", {Months.name: Months})
    cells = WHOLE.astype(dtype)
    if dtype not in ("int32", "uint64"):
        cells[cells.index % 7 == 0] = None
    transformer = fitted(cells, max_discrete=max_discrete)
    column = transformer.columns_[0]
    assert column.kind == "datetime"
    assert column.odd.tolist() == [999_999]
    state = json.loads(json.dumps(transformer.to_dict(), allow_nan=False))
    transformer = TableTransformer.from_dict(state)
    assert_series_equal(
        transformer.decode(transformer.encode(table_of(cells)))["c"], cells, check_names=False
    )
    drawn = transformer.columns_[0].read(random_rows(transformer)["c"])
    assert column.holds(drawn).all()
    months = column.read_numbers(drawn.present)[0]
    assert np.isin(drawn.present, 999_999).any()
    assert len(np.unique(months)) > 20


@pytest.mark.parametrize("bounds", [(200_003, 201_402), ("2000-03", "2014-02-01")])
def test_ranges_of_whole_numbers_in_a_form(monkeypatch: pytest.MonkeyPatch, bounds: tuple) -> None:
    monkeypatch.setattr(registry, "FORMS", {Months.name: Months})
    column = fitted(WHOLE).columns_[0]
    condition = read_condition(column, bounds, shares(column, WHOLE))
    assert condition.share == pytest.approx(12 / 25)
    drawn = condition.draw(300, np.random.default_rng(0)).values
    assert drawn.min() == 200_003
    assert drawn.max() == 201_402
    with pytest.raises(
        ValueError, match="200013 is no value of a column that is written as months"
    ):
        read_condition(column, 200_013, shares(column, WHOLE))
    with pytest.raises(ValueError, match="column 'c': numbers such as 1 are no dates"):
        fitted(pd.Series([1, 2, 3]), column_kinds={"c": "datetime"})


NOISY = np.append(RNG.gamma(4, 200, 999).round(2), 0.1 + 0.2)


def test_one_cell_of_noise_leaves_the_others_their_decimals() -> None:
    cells = pd.Series(NOISY)
    transformer = fitted(cells)
    column = transformer.columns_[0]
    assert transformer.schema_[0].decimals == 2
    assert transformer.schema_[0].encoding == "value + off grid"
    assert column.state_labels() == ["<regular>", "<off grid>"]
    assert_series_equal(
        transformer.decode(transformer.encode(table_of(cells)))["c"].tail(1),
        cells.tail(1),
        check_names=False,
    )
    drawn = random_rows(transformer)["c"]
    assert (drawn[drawn != 0.1 + 0.2] == drawn[drawn != 0.1 + 0.2].round(2)).all()
    assert column.bounds() == (0.1 + 0.2, NOISY.max())
    condition = read_condition(column, (0, 1), shares(column, cells))
    assert condition.share == pytest.approx(0.001, abs=1e-3)
    assert column.holds(column.read(pd.Series([0.1 + 0.2]))).all()


def test_numbers_off_the_grid_come_back_at_their_rate() -> None:
    amounts = RNG.gamma(4, 200, 20_000).round(2)
    amounts[:100] += RNG.random(100) / 1000
    cells = pd.Series(amounts)
    transformer = fitted(cells)
    column = transformer.columns_[0]
    assert len(column.strays) == pytest.approx(100, abs=5)
    encoded = transformer.encode(table_of(cells))
    decoded = transformer.decode(encoded, random_state=0)["c"]
    off = decoded[:100]
    assert np.isin(off, amounts[:100]).mean() > 0.9
    assert off.nunique() > 40
    own = shares(column, cells)
    condition = read_condition(column, float(column.strays[3]), own)
    assert condition.share == pytest.approx(1 / 20_000)
    saved = TableTransformer.from_dict(json.loads(json.dumps(transformer.to_dict())))
    assert_frame_equal(
        saved.decode(encoded, random_state=0), transformer.decode(encoded, random_state=0)
    )


def test_a_few_moments_leave_days_whole() -> None:
    days = pd.Series(
        pd.Timestamp("2001-01-01") + pd.to_timedelta(RNG.permutation(5000)[:1000], "D")
    )
    days[3] += pd.Timedelta("5h")
    transformer = fitted(days)
    drawn = random_rows(transformer)["c"]
    assert (drawn[drawn != days[3]] == drawn[drawn != days[3]].dt.normalize()).all()
    assert (drawn == days[3]).any()


def test_the_amounts_among_zeros_are_no_exceptions() -> None:
    amounts = np.zeros(20_000)
    amounts[:150] = RNG.gamma(4, 200, 150).round(2)
    column = fitted(pd.Series(amounts)).columns_[0]
    assert not len(column.strays)
    assert column.grid.decimals == 2


def test_whole_numbers_beside_a_word_are_numbers_and_codes_are_not() -> None:
    rng = np.random.default_rng(0)
    incomes = rng.lognormal(10, 1, 400).astype(int).astype(str).astype(object)
    codes = rng.integers(10_000, 99_999, 400).astype(str).astype(object)
    for cells in (incomes, codes):
        cells[rng.random(400) < 0.3] = "unknown"
    table = pd.DataFrame({"income": incomes, "postcode": codes})
    transformer = TableTransformer(random_state=0).fit(table)
    assert [column.kind for column in transformer.columns_] == ["numeric", "categorical"]
    assert_frame_equal(transformer.decode(transformer.encode(table))[["income"]], table[["income"]])
