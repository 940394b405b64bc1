"""Categories: states in natural order, rare ones drawn or masked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_series_equal

from synthwgan.table.columns.base import ColumnOptions
from synthwgan.table.columns.categorical import CategoricalTransformer
from synthwgan.table.storage.physical import physical_type

# pandas takes a text and the same one with a NUL behind for one.
WITHOUT_NUL = st.characters(exclude_characters="\0", exclude_categories=["Cs"])

DTYPES = ["object", "string[python]", "string[pyarrow]", "category"]


def _fitted(series: pd.Series, **options: Any) -> CategoricalTransformer:
    return CategoricalTransformer(physical_type(series), ColumnOptions(**options)).fit(series)


def _text(cells: list, dtype: str = "object") -> pd.Series:
    return pd.Series(cells, dtype=object).astype(dtype)


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(st.none(), st.text(WITHOUT_NUL, max_size=4)),
        min_size=1,
    ),
    st.sampled_from(DTYPES),
)
def test_there_and_back(cells: list, dtype: str) -> None:
    series = _text(cells, dtype)
    column = _fitted(series)
    codes, _ = column.encode(series)
    back = column.decode(len(series), codes, None, np.random.default_rng(0))
    assert_series_equal(back, series)


def test_states_are_in_natural_order_then_missing() -> None:
    assert _fitted(_text(["b", "a", None, "b"])).state_labels() == ["a", "b", "<missing>"]
    sizes = pd.Categorical(["S", "L", "S"], categories=["L", "M", "S"], ordered=True)
    assert _fitted(pd.Series(sizes)).state_labels() == ["L", "S"]
    assert _fitted(pd.Series([True, False])).state_labels() == ["False", "True"]


class TestRare:
    CELLS = ["a"] * 50 + ["b"] * 30 + ["c"] * 12 + ["d"] * 4

    def test_they_share_a_state(self) -> None:
        column = _fitted(_text(self.CELLS), max_categories=2)
        assert column.state_labels() == ["a", "b", "<rare>"]
        assert np.bincount(column.encode(_text(self.CELLS))[0]).tolist() == [50, 30, 16]

    def test_they_are_drawn_by_frequency(self) -> None:
        column = _fitted(_text(self.CELLS), max_categories=2)
        made = column.decode(4000, np.full(4000, 2), None, np.random.default_rng(0))
        assert set(made) == {"c", "d"}
        # Four standard deviations of a share of 3/4 in 4000 draws are 0.027.
        assert abs((made == "c").mean() - 0.75) < 0.027

    def test_ties_are_broken_by_order(self) -> None:
        column = _fitted(_text(["c", "b", "a"]), max_categories=2)
        assert column.state_labels() == ["a", "b", "<rare>"]

    def test_unseen_is_rare(self) -> None:
        column = _fitted(_text(self.CELLS), max_categories=2)
        assert column.encode(_text(["new"]))[0].tolist() == [2]

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_masked(self, dtype: str) -> None:
        series = _text(self.CELLS, dtype)
        column = _fitted(series, max_categories=2, rare="mask")
        made = column.decode(3, np.array([0, 1, 2]), None, np.random.default_rng(0))
        assert made.dtype == (pd.CategoricalDtype(["a", "b"]) if dtype == "category" else dtype)
        assert made[:2].tolist() == ["a", "b"]
        assert pd.isna(made[2]) if dtype == "category" else made[2] == "<rare>"

    def test_masked_categories_are_not_kept(self) -> None:
        column = _fitted(_text(self.CELLS), max_categories=2, rare="mask")
        state = column.to_dict()
        assert "c" not in state["levels"] + state["rare_levels"]


def test_unseen_has_no_state() -> None:
    column = _fitted(_text(["a", "b"]))
    assert column.encode(_text(["b", "new", None]))[0].tolist() == [1, -1, -1]


def test_categories_in_another_order() -> None:
    fitted = pd.Series(pd.Categorical(["a", "b", "b"], categories=["a", "b"]))
    given_ = pd.Series(pd.Categorical(["a", "b", "b"], categories=["b", "a", "x"]))
    column = _fitted(fitted)
    assert column.encode(given_)[0].tolist() == [0, 1, 1]
    swapped = pd.Series(pd.Categorical(["a", "b", "b"], categories=["b", "a"]))
    assert column.encode(swapped)[0].tolist() == [0, 1, 1]


@pytest.mark.parametrize("given_dtype", ["object", "string[python]", "category"])
@pytest.mark.parametrize("fitted_dtype", ["object", "string[pyarrow]", "category"])
def test_another_text_dtype_is_converted(fitted_dtype: str, given_dtype: str) -> None:
    cells = ["a", "b", None, "b"]
    column = _fitted(_text(cells, fitted_dtype))
    assert column.encode(_text(cells, given_dtype))[0].tolist() == [0, 1, 2, 1]


def test_numbers_declared_categorical() -> None:
    series = pd.Series([10115, 20095, 10115])
    column = _fitted(series)
    assert column.state_labels() == ["10115", "20095"]
    back = column.decode(3, column.encode(series)[0], None, np.random.default_rng(0))
    assert_series_equal(back, series)


def test_masked_categories_leave_the_category_dtype() -> None:
    towns = pd.Series(pd.Categorical(["Rome", "Oslo"] * 40 + ["Ushuaia", "Nuuk"]))
    column = _fitted(towns, max_categories=2, rare="mask")
    codes, _ = column.encode(towns)
    decoded = column.decode(len(codes), codes, None, np.random.default_rng(0))
    assert list(decoded.cat.categories) == ["Oslo", "Rome"]
    assert decoded.tolist()[:80] == towns.tolist()[:80]
    assert decoded.isna().tolist()[80:] == [True, True]


class TestFewestRows:
    """``min_category_rows``: what fewer rows have is rare, and masked it never comes back."""

    CELLS = ("Rome",) * 60 + ("Oslo",) * 10 + ("Nuuk",) * 9 + ("Ushuaia",)

    def _decoded(self, column: CategoricalTransformer, n_rows: int = 4000) -> pd.Series:
        codes = np.random.default_rng(0).integers(0, max(column.n_states, 1), n_rows)
        return column.decode(n_rows, codes, None, np.random.default_rng(1))

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_one_row_does_not_come_back(self, dtype: str) -> None:
        column = _fitted(_text(list(self.CELLS), dtype), min_category_rows=10, rare="mask")
        masked = {"<rare>"} if dtype != "category" else set()
        assert set(self._decoded(column).dropna()) == {"Oslo", "Rome"} | masked
        assert (column.n_masked, column.n_masked_rows) == (2, 10)
        assert "2 categories in 10 rows masked" in column.describe_encoding()
        assert "Ushuaia" not in str(column.to_dict())

    def test_the_bound_itself_is_enough(self) -> None:
        column = _fitted(_text(list(self.CELLS)), min_category_rows=9, rare="mask")
        assert column.state_labels() == ["Nuuk", "Oslo", "Rome", "<rare>"]

    def test_the_number_of_categories_bounds_too(self) -> None:
        options = {"min_category_rows": 9, "max_categories": 1}
        column = _fitted(_text(list(self.CELLS)), rare="mask", **options)
        assert column.state_labels() == ["Rome", "<rare>"]

    def test_resampled_they_share_a_state(self) -> None:
        column = _fitted(_text(list(self.CELLS)), min_category_rows=10)
        assert column.state_labels() == ["Oslo", "Rome", "<rare>"]
        assert (column.n_masked, column.n_masked_rows) == (0, 0)
        shares = self._decoded(column).value_counts(normalize=True)
        # Nine tenths of a third: four standard deviations are 0.03.
        assert abs(shares["Nuuk"] - 0.3) < 0.03

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("missing", [False, True])
    def test_all_are_rare(self, dtype: str, missing: bool) -> None:
        cells = _text([*"abcdefgh", None if missing else "i"], dtype)
        column = _fitted(cells, min_category_rows=2, rare="mask")
        decoded = self._decoded(column)
        assert set(decoded.dropna()) == (set() if dtype == "category" else {"<rare>"})
        assert decoded.isna().any() == (missing or dtype == "category")
        again = CategoricalTransformer.from_dict(column.to_dict(), column.options)
        assert self._decoded(again).equals(decoded)
        shared = _fitted(cells, min_category_rows=2)
        assert set(self._decoded(shared).dropna()) == set(cells.dropna())

    @pytest.mark.parametrize("dtype", ["bool", "boolean", "object"])
    def test_a_rare_truth_is_no_secret_category(self, dtype: str) -> None:
        cells = pd.Series([True, *[False] * 60], dtype=dtype)
        column = _fitted(cells, min_category_rows=10, rare="mask")
        assert column.state_labels() == ["False", "True"]

    def test_a_dtype_without_missing_cells_is_refused(self) -> None:
        codes = pd.Series([1] * 20 + [2])
        with pytest.raises(ValueError, match="int64 does not have: .* or a nullable dtype"):
            _fitted(codes, min_category_rows=10, rare="mask")
        column = _fitted(codes.astype("Int64"), min_category_rows=10, rare="mask")
        assert self._decoded(column).dropna().unique().tolist() == [1]


@pytest.mark.parametrize("dtype", ["Int64", "float64", "object", "int64[pyarrow]", "category"])
def test_whole_numbers_with_a_missing_cell_can_be_masked(dtype: str) -> None:
    codes = pd.Series([1] * 30 + [2] * 30 + [7, 8], dtype="Int64").astype(dtype)
    codes[5] = None
    column = _fitted(codes, max_categories=2, rare="mask")
    decoded = column.decode(62, column.encode(codes)[0], None, np.random.default_rng(0))
    assert decoded.dropna().tolist() == [1] * 29 + [2] * 30
    assert decoded.isna().tolist() == [False] * 5 + [True] + [False] * 54 + [True] * 2
