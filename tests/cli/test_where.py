"""Conditions written as text mean what they say, whatever the names and values."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from synthwgan.cli.where import parse_where
from synthwgan.table import TableTransformer

TEXTS = st.text(st.sampled_from("ab |\\=<>,.:é'\"\n"), max_size=6)
N_ROWS = 60


def columns_of(table: pd.DataFrame) -> dict[Any, Any]:
    transformer = TableTransformer().fit(table)
    return dict(zip(transformer.column_index_, transformer.columns_, strict=True))


def text_columns(*names: Any) -> dict[Any, Any]:
    """Columns of text with any names; they are the same column."""
    column = columns_of(pd.DataFrame({"city": ["Rome", "Oslo"]}))["city"]
    return dict.fromkeys(names, column)


@pytest.fixture(scope="module")
def ordered() -> dict[Any, Any]:
    """A column of each dtype that has an order."""
    rng = np.random.default_rng(0)
    whole = rng.integers(0, 100, N_ROWS)
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(whole * 5, "D")
    numbers = rng.normal(size=N_ROWS)
    return columns_of(
        pd.DataFrame(
            {
                "int64": whole,
                "int8": whole.astype("int8"),
                "uint64": whole.astype("uint64"),
                "Int64": pd.array([None, *whole[1:]], dtype="Int64"),
                "float64": numbers,
                "float32": numbers.astype("float32"),
                "Float64": pd.array(numbers, dtype="Float64"),
                "decimal": [decimal.Decimal(int(number)) / 4 for number in whole],
                "datetime64[ns]": days.astype("datetime64[ns]"),
                "datetime64[s]": days.astype("datetime64[s]"),
                "zoned": days.astype("datetime64[ns]").tz_localize("Europe/Berlin"),
                "period": days.to_period("M"),
                "date": days.date,
                "text date": days.strftime("%d.%m.%Y"),
                "dollars": [f"${number:,.2f}" for number in whole * 1000 / 7],
                "thousands": [f"{number:,}" for number in whole * 1000],
                "duration": pd.to_timedelta(whole, "h").astype("timedelta64[ns]"),
            }
        )
    )


def some_value(column: Any) -> np.ndarray:
    """A value of a column as it stores it, shape (1,)."""
    if column.has_value:
        return column.cells_at_ranks(np.array([0.5])).values
    return column.menu().values[:1]


def escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("|", "\\|")


class TestNames:
    @given(TEXTS, TEXTS)
    @example("income>50K", "<=50K")
    @example("a.b c", "d=e")
    @example("", "x")
    def test_a_column_of_any_name_is_found(self, name: str, value: str) -> None:
        found = parse_where([f"{name}={escaped(value)}"], text_columns(name))
        assert found == {name: value or None}

    def test_the_longest_name_that_fits_counts(self) -> None:
        columns = text_columns("a", "a=b")
        assert parse_where(["a=b=c"], columns) == {"a=b": "c"}
        assert parse_where(["a=c=b"], columns) == {"a": "c=b"}

    @pytest.mark.parametrize("name", [7, np.int64(7), 7.5, None, ("a", 1), pd.Timestamp("2020")])
    def test_a_name_that_is_no_text_goes_by_its_text(self, name: Any) -> None:
        assert parse_where([f"{name}=Rome"], text_columns("x", name)) == {name: "Rome"}

    def test_text_comes_before_a_number_of_the_same_text(self) -> None:
        for names in ((1, "1"), ("1", 1)):
            assert list(parse_where(["1=Rome"], text_columns(*names))) == ["1"]

    def test_an_unknown_name(self) -> None:
        with pytest.raises(ValueError, match="'ciity', which is no column; did you mean 'city'"):
            parse_where(["ciity=Rome"], text_columns("city", "x"))
        with pytest.raises(ValueError, match="name 'a', which is no column"):
            parse_where(["a >= b = c"], text_columns("city"))

    @pytest.mark.parametrize("expression", ["", "city", "city Rome", "city~Rome"])
    def test_no_sign(self, expression: str) -> None:
        with pytest.raises(ValueError, match="is no condition: write NAME=VALUE, .*NAME<X"):
            parse_where([expression], text_columns("city"))

    def test_no_expressions_are_no_conditions(self) -> None:
        assert parse_where([], text_columns("city")) == {}


class TestValues:
    @given(st.lists(TEXTS, min_size=2, max_size=4))
    def test_any_list_of_values_can_be_written(self, values: list[str]) -> None:
        text = "|".join(map(escaped, values))
        assert parse_where([f"city={text}"], text_columns("city")) == {
            "city": [value or None for value in values]
        }

    @pytest.mark.parametrize(
        ("text", "meant"),
        [
            ("Rome", "Rome"),
            ("", None),
            ("Rome|", ["Rome", None]),
            ("Rome, Italy|Oslo", ["Rome, Italy", "Oslo"]),
            (r"a\|b", "a|b"),
            (r"C:\new", r"C:\new"),
            (r"end\\|b", ["end\\", "b"]),
            ("end\\", "end\\"),
            ("  Rome ", "  Rome "),
        ],
    )
    def test_values(self, text: str, meant: Any) -> None:
        assert parse_where([f"city={text}"], text_columns("city")) == {"city": meant}

    @pytest.mark.parametrize(
        ("expression", "meant"),
        [
            ("city = Rome", "Rome"),
            ("city = Rome | Oslo ", ["Rome", "Oslo"]),
            (r"city = a \| b | c", ["a | b", "c"]),
            ("city = ", None),
            ("city= Rome", " Rome"),
            (" city= Rome", " Rome"),
        ],
    )
    def test_a_space_before_the_sign_frees_the_spaces_around_values(
        self, expression: str, meant: Any
    ) -> None:
        assert parse_where([expression], text_columns("city")) == {"city": meant}

    @pytest.mark.parametrize("name", ["city ", " city"])
    def test_spaces_of_a_name_are_its_own(self, name: str) -> None:
        assert parse_where([f"{name}= Rome"], text_columns(name)) == {name: " Rome"}


class TestBounds:
    @pytest.mark.parametrize(
        ("expressions", "meant"),
        [
            (["int64>=60"], ("60", None)),
            (["int64 <= 60 "], (None, "60")),
            (["int64>=60", "int64<=80"], ("60", "80")),
            (["int64<80", "int64>60"], (61, 79)),
            (["int64>60.5"], (61, None)),
            (["int64<60.5"], (None, 60)),
            (["int64>-1e3"], (-999, None)),
        ],
    )
    def test_whole_numbers(self, ordered: dict, expressions: list[str], meant: tuple) -> None:
        assert parse_where(expressions, ordered) == {"int64": meant}

    @given(number=st.floats(-1e6, 1e6), name=st.sampled_from(["float64", "Float64", "float32"]))
    def test_nothing_lies_between_a_strict_bound_and_the_next_number(
        self, ordered: dict, number: float, name: str
    ) -> None:
        float_type = np.float32 if name == "float32" else np.float64
        low, _ = parse_where([f"{name}>{number!r}"], ordered)[name]
        _, high = parse_where([f"{name}<{number!r}"], ordered)[name]
        assert float_type(high) < float_type(number) < float_type(low)
        assert np.nextafter(float_type(high), float_type(np.inf)) == float_type(number)
        assert np.nextafter(float_type(low), float_type(-np.inf)) == float_type(number)

    @given(number=st.integers(-1000, 1000), tenths=st.integers(-9, 9))
    def test_strict_bounds_on_whole_numbers(self, ordered: dict, number: int, tenths: int) -> None:
        text = f"{number}.{abs(tenths)}" if tenths else str(number)
        low, _ = parse_where([f"int64>{text}"], ordered)["int64"]
        _, high = parse_where([f"int64<{text}"], ordered)["int64"]
        assert high < float(text) <= high + 1
        assert low - 1 <= float(text) < low

    @pytest.mark.parametrize(
        ("expression", "bound"),
        [
            ("decimal>1.25", decimal.Decimal("1.26")),
            ("datetime64[ns]>2020-02-01", pd.Timestamp("2020-02-01 00:00:00.000000001")),
            ("datetime64[s]>2020-02-01", pd.Timestamp("2020-02-01 00:00:01")),
            ("zoned>2020-02-01", pd.Timestamp("2020-02-01 00:00:00.000000001", tz="Europe/Berlin")),
            ("period>2020-03", pd.Period("2020-04", "M")),
            ("date>2020-02-29", datetime.date(2020, 3, 1)),
            ("text date>2020-02-29", "01.03.2020"),
            ("text date>29.02.2020", "01.03.2020"),
            ("duration>1 days", pd.Timedelta("1 days 00:00:00.000000001")),
        ],
    )
    def test_other_strict_bounds(self, ordered: dict, expression: str, bound: Any) -> None:
        name = expression.partition(">")[0]
        low, high = parse_where([expression], ordered)[name]
        assert (low, high) == (bound, None)
        assert type(low) is type(bound)

    def test_a_strict_bound_is_beyond_in_every_dtype(self, ordered: dict) -> None:
        for name, column in ordered.items():
            text = str(column.physical.labels(some_value(column))[0])
            bound = column.read_bound(text, round)
            low, _ = parse_where([f"{name}>{text}"], ordered)[name]
            _, high = parse_where([f"{name}<{text}"], ordered)[name]
            assert column.read_bound(high, round) < bound < column.read_bound(low, round), name

    @pytest.mark.parametrize(
        "expression",
        ["int8>127", "uint64<0", "Int64>9223372036854775807", "float64>1.7976931348623157e308"],
    )
    def test_nothing_lies_beyond(self, ordered: dict, expression: str) -> None:
        with pytest.raises(ValueError, match="no .* lies (above|below)"):
            parse_where([expression], ordered)

    @pytest.mark.parametrize("sign", ["<", ">", "<=", ">="])
    def test_what_has_no_order(self, sign: str) -> None:
        with pytest.raises(ValueError, match="column 'city': .* a categorical column has no order"):
            parse_where([f"city{sign}Rome"], text_columns("city"))

    @pytest.mark.parametrize("sign", ["<", ">", "<=", ">="])
    def test_a_bound_that_is_not_there(self, ordered: dict, sign: str) -> None:
        with pytest.raises(ValueError, match=f"column 'int64': .* has no bound after {sign}$"):
            parse_where([f"int64{sign} "], ordered)

    @pytest.mark.parametrize("expression", ["int64>abc", "datetime64[ns]<abc", "text date>abc"])
    def test_a_strict_bound_of_another_kind(self, ordered: dict, expression: str) -> None:
        with pytest.raises(ValueError, match="column .*'abc'"):
            parse_where([expression], ordered)


class TestTogether:
    @given(st.permutations(["int64>=1", "int64<=9", "float64<1", "date=2020-01-01"]))
    def test_the_order_does_not_matter(self, ordered: dict, expressions: list[str]) -> None:
        assert parse_where(expressions, ordered) == {
            "int64": ("1", "9"),
            "float64": (None, np.nextafter(1.0, 0.0)),
            "date": "2020-01-01",
        }

    @pytest.mark.parametrize(
        "expressions",
        [
            ["int64=1", "int64=2"],
            ["int64=1", "int64>=1"],
            ["int64>=1", "int64=1|2"],
            ["int64>=1", "int64>5"],
            ["int64<9", "int64<=5"],
            ["int64>=1", "int64<=5", "int64<=4"],
        ],
    )
    def test_what_does_not_go_together(self, ordered: dict, expressions: list[str]) -> None:
        with pytest.raises(ValueError, match="column 'int64': .* a lower and an upper bound"):
            parse_where(expressions, ordered)


@pytest.mark.parametrize(
    ("expressions", "expected"),
    [
        (["size>=M"], ("M", None)),
        (["size>S"], ("M", None)),
        (["size<L", "size>=S"], ("S", "M")),
    ],
)
def test_bounds_of_ordered_categories_go_by_their_order(expressions, expected):
    sizes = pd.Categorical(["S", "L", "M"], ["S", "M", "L"], ordered=True)
    columns = columns_of(pd.DataFrame({"size": sizes, "plain": pd.Series(sizes.astype(str))}))
    assert parse_where(expressions, columns) == {"size": expected}
    for wrong, message in {
        "size>L": "no category lies above 'L'",
        "size<S": "no category lies below 'S'",
        "size>XL": "'XL' is no category; .*possible are",
        "plain>S": "a categorical column has no order",
    }.items():
        with pytest.raises(ValueError, match=message):
            parse_where([wrong], columns)
