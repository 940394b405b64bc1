"""Tables of any dtypes are brought into one form, once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthwgan.evaluation import Tables

CITY = ["a", "b", "a", None]


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "size": [1.0, 2.0, None, 4.0],
            "city": CITY,
            "since": pd.to_datetime(["2020-01-01", "2020-01-02", None, "2020-01-04"]),
            "spent": pd.to_timedelta([1, None, 3, 4], unit="min"),
        }
    )


def test_columns_and_codes() -> None:
    tables = Tables.of(frame(), frame().assign(city=["c", "b", None, "b"]), frame())
    city = tables.by_name["city"]
    assert (city.kind, city.levels, city.n_real_levels) == ("category", ("a", "b", "c"), 2)
    assert tables.real["city"].tolist() == [0, 1, 0, -1]
    assert tables.synthetic["city"].tolist() == [2, 1, -1, 1]
    assert tables.test["city"].tolist() == [0, 1, 0, -1]
    assert tables.by_name["since"].kind == "number"
    assert tables.real["spent"].tolist()[0] == 60.0
    assert tables.real.missing("city").tolist() == [False, False, False, True]


def test_a_frame_comes_back_in_plain_dtypes() -> None:
    back = Tables.of(frame(), frame()).frame("real")
    assert back.dtypes.astype(str).tolist()[:2] == ["float64", "object"]
    pd.testing.assert_frame_equal(back.astype(frame().dtypes), frame())


def test_other_dtypes_hold_the_same_cells(flavours: dict[str, pd.DataFrame]) -> None:
    plain = flavours["plain"]
    for name, other in flavours.items():
        tables = Tables.of(plain, other)
        for column in tables.columns:
            np.testing.assert_array_equal(
                tables.real[column.name], tables.synthetic[column.name], err_msg=name
            )
        assert not [note for note in tables.notes if "count as missing" in note]


@pytest.fixture
def flavours() -> dict[str, pd.DataFrame]:
    plain = frame().assign(flag=[True, False, None, True], count=[1, 2, None, 4])
    return {
        "plain": plain,
        "nullable": plain.convert_dtypes(),
        "arrow": plain.convert_dtypes(dtype_backend="pyarrow"),
        "objects": plain.astype(object),
        "category": plain.astype({"city": "category", "flag": "category"}),
        "numbers for truths": plain.assign(flag=[1.0, 0.0, None, 1.0]),
        "zoned": plain.assign(since=plain["since"].dt.tz_localize("UTC")),
        "texts": plain.assign(since=plain["since"].astype(str).replace("NaT", None)),
        "reversed": plain[plain.columns[::-1]],
        "other index": plain.set_axis(["x"] * 4, axis=0),
    }


def test_identifiers_are_left_out() -> None:
    real = pd.DataFrame({"user_id": range(100, 130), "size": np.arange(30) / 7})
    tables = Tables.of(real, real)
    assert [column.name for column in tables.columns] == ["size"]
    assert tables.keys["user_id"][0][0] == "100"
    assert tables.notes == ("Identifiers are not compared: 'user_id'.",)
    with pytest.raises(ValueError, match="nothing can be compared.*column_kinds"):
        Tables.of(real[["user_id"]], real[["user_id"]])
    kinds = {"user_id": "categorical"}
    assert Tables.of(real[["user_id"]], real[["user_id"]], column_kinds=kinds).columns


def test_columns_of_arrays_are_numbered() -> None:
    array = np.random.default_rng(0).normal(size=(30, 2))
    assert [column.name for column in Tables.of(array, array).columns] == [0, 1]
    with pytest.raises(TypeError, match=r"wrap arrays in pd\.DataFrame"):
        Tables.of(array[:, 0], array[:, 0])


def test_many_rows_are_sampled_and_it_says_so() -> None:
    real = pd.DataFrame({"size": np.arange(100) / 7})
    tables = Tables.of(real, real.head(20), max_rows=50)
    assert (len(tables.real), len(tables.synthetic)) == (50, 20)
    assert tables.notes == ("50 of 100 real rows, drawn at random.",)


def test_what_cannot_be_read_is_missing_and_it_says_so() -> None:
    real = pd.DataFrame({"size": [1.5, 2.5, 3.5]})
    tables = Tables.of(real, pd.DataFrame({"size": ["2", "big", None]}))
    np.testing.assert_array_equal(tables.synthetic["size"], [2, np.nan, np.nan])
    assert "1 cells of the synthetic table are no finite number" in tables.notes[0]


@pytest.mark.parametrize(
    ("synthetic", "test", "message"),
    [
        (frame()[["size"]], None, "synthetic table lacks the columns"),
        (frame(), frame()[["size"]], "test table lacks the columns"),
        (frame(), frame().assign(more=1), r"test table has columns.*\['more'\]"),
        (frame().head(0), None, "at least one row"),
        (pd.concat([frame(), frame()[["city"]]], axis=1), None, "more than once: \\['city'\\]"),
    ],
)
def test_tables_that_do_not_match_are_refused(
    synthetic: pd.DataFrame, test: pd.DataFrame | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Tables.of(frame(), synthetic, test)


def test_names_that_read_alike_are_refused() -> None:
    real = pd.DataFrame({1: [1.0], "1": [2.0]})
    with pytest.raises(ValueError, match="read alike as text"):
        Tables.of(real, real)


def test_the_given_tables_stay_as_they_are() -> None:
    real, before = frame(), frame()
    Tables.of(real, real, real)
    pd.testing.assert_frame_equal(real, before)
