"""One column for what domains share, one for what is a domain's own, and rows there and back."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthwgan.radial.columns.maps import NumberMap
from synthwgan.radial.columns.saved import union_from_state, union_to_state
from synthwgan.radial.columns.union import DomainUnion
from synthwgan.table import TableTransformer
from synthwgan.table.columns.options import ColumnOptions

N_ROWS = 60


def union_of(
    tables: dict[str, pd.DataFrame],
    names_of: dict[str, dict[str, Any]] | None = None,
    align_columns: bool = False,
    **kinds: str,
) -> DomainUnion:
    transformers = {
        name: TableTransformer(
            column_kinds={one: kinds[one] for one in kinds if one in table}, random_state=0
        ).fit(table)
        for name, table in tables.items()
    }
    union = DomainUnion(names_of or {}, align_columns, ColumnOptions())
    return union.fit(tables, transformers, np.random.default_rng(0))


def patients(n_rows: int = N_ROWS, seed: int = 0) -> pd.DataFrame:
    """Rows of every kind of column."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "key": [f"k{number}-{seed}" for number in rng.permutation(n_rows)],
            "age": rng.integers(20, 90, n_rows),
            "weight": rng.normal(70, 9, n_rows).round(1),
            "sex": rng.choice(["f", "m"], n_rows),
            "stage": pd.Categorical(rng.choice(["I", "II", "III"], n_rows), ordered=True),
            "seen": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 500, n_rows), "D"),
            "smokes": rng.random(n_rows) < 0.3,
            "visits": pd.array(rng.integers(0, 90, n_rows), dtype="Int64"),
            "empty": np.nan,
        }
    )
    table.loc[rng.random(n_rows) < 0.2, "weight"] = np.nan
    table.loc[rng.random(n_rows) < 0.2, "visits"] = pd.NA
    table.loc[rng.random(n_rows) < 0.2, "sex"] = None
    return table


def names(union: DomainUnion) -> list[str]:
    return [name for name, _ in union.columns]


def how(union: DomainUnion, domain: str) -> dict[Any, tuple[str | None, str]]:
    """Common name of each column of a domain, and how it was found."""
    found = union.matches().query("domain == @domain")
    return {
        row.own_column: (row.column if isinstance(row.column, str) else None, row.how)
        for row in found.itertuples()
    }


def written(union: DomainUnion, domain: str, table: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return union.write(domain, union.read(domain, table), len(table), rng)


def test_columns_of_one_name_are_one_column():
    north, south = patients(), patients(40, 1).rename(columns={"weight": "kg", "sex": "gender"})
    union = union_of({"south": south, "north": north})
    assert names(union)[0] == "domain"
    # The largest table comes first; identifiers and empty columns are none.
    assert names(union)[1:8] == ["age", "weight", "sex", "stage", "seen", "smokes", "visits"]
    assert names(union)[8:] == ["kg", "gender"]
    assert list(union.domains) == ["south", "north"]
    assert how(union, "south")["age"] == ("age", "name")
    assert how(union, "south")["kg"] == ("kg", "new")
    assert how(union, "north")["age"] == ("age", "new")
    assert how(union, "north")["key"] == how(union, "north")["empty"] == (None, "unused")
    has = union.has
    assert has.all(axis=0)[[0, 1, 4, 5, 6, 7]].all()
    assert has[union.code_of("south")].tolist() == [True] * 2 + [False] * 2 + [True] * 6
    assert has[union.code_of("north")].tolist() == [True] * 8 + [False] * 2
    assert union.layout.column_blocks[0] >= 0


def test_columns_that_are_said_to_be_the_same_are_one_column():
    tables = {
        "north": patients(),
        "south": patients(40, 1).rename(columns={"age": "AGE", "sex": 5}),
    }
    names_of = {"years": {"north": "age", "south": "AGE"}, "gender": {"north": "sex", "south": 5}}
    union = union_of(tables, names_of)
    assert "age" not in names(union)
    assert how(union, "north")["age"] == ("years", "new")
    assert how(union, "south")["AGE"] == ("years", "name")
    assert how(union, "south")[5] == ("gender", "name")
    assert union.places_of("age") == [names(union).index("years")]
    assert union.places_of(5) == [names(union).index("gender")]
    assert union.places_of("years") == []
    assert union.places_of("key") == []


def test_a_column_found_in_the_data_keeps_its_name_for_others():
    """Two domains say months, the first and largest says age: all three are one column."""
    rng = np.random.default_rng(0)

    def table(n_rows: int) -> pd.DataFrame:
        age = rng.integers(20, 90, n_rows)
        return pd.DataFrame({"age": age, "ill": np.where(age > 60, "yes", "no")})

    months = table(300).assign(age=lambda rows: rows["age"] * 12).rename(columns={"age": "months"})
    union = union_of({"a": table(600), "b": months, "c": months[:40]}, align_columns=True)
    assert names(union) == ["domain", "age", "ill"]
    assert how(union, "b")["months"] == ("age", "data")
    assert how(union, "c")["months"] == ("age", "name")
    assert union.domains["c"].columns[0].map == NumberMap(1 / 12, 0.0)
    assert written(union, "c", months[:40]).equals(months[:40])


def test_names_that_one_table_has_both_are_two_columns():
    rng = np.random.default_rng(0)
    age = rng.integers(20, 90, 600)
    a = pd.DataFrame({"age": age, "ill": np.where(age > 60, "yes", "no")})
    b = a[:300].rename(columns={"age": "months"})
    b["months"] *= 12
    both = a[:50].assign(months=age[:50] * 12)
    union = union_of({"a": a, "b": b, "c": both}, align_columns=True)
    assert how(union, "c")["age"] == ("age", "name")
    assert how(union, "c")["months"] == ("months", "name")
    assert how(union, "b")["months"] == ("months", "new")
    # Without that table they are one: the check above can fail.
    assert how(union_of({"a": a, "b": b}, align_columns=True), "b")["months"] == ("age", "data")


@pytest.mark.parametrize(
    ("own", "other", "words"),
    [
        ([1, 2, 3] * 20, ["a", "b", "c"] * 10, "category in domain 'south' and a number"),
        (["a", "b", "c"] * 20, [1, 2, 3] * 10, "number in domain 'south' and a category"),
        ([1, 2, 3] * 20, list(pd.date_range("2020", periods=30)), "date in domain 'south' and a n"),
        ([True, False] * 30, [1, 0] * 15, "number in domain 'south' and a category"),
        ([1, 2] * 30, list(pd.to_timedelta([1, 2] * 15, "D")), "duration in domain 'south' and a"),
    ],
)
def test_kinds_that_do_not_go_together_are_an_error(own, other, words):
    tables = {"north": pd.DataFrame({"x": own}), "south": pd.DataFrame({"x": other})}
    with pytest.raises(ValueError, match=rf"^column 'x' is a {words}.*column_kinds"):
        union_of(tables)


def test_column_kinds_make_kinds_go_together():
    tables = {
        "north": pd.DataFrame({"x": [1, 2] * 30}),
        "south": pd.DataFrame({"x": ["1", "3"] * 9}),
    }
    union = union_of(tables, x="categorical")
    assert names(union) == ["domain", "x"]
    assert union.read("north", tables["north"])[1][:2].tolist() == ["1", "2"]


def test_codes_in_a_column_with_gaps_are_the_same_codes():
    tables = {
        "north": pd.DataFrame({"x": [1, 2] * 30}),
        "south": pd.DataFrame({"x": [1.0, np.nan, 2.0] * 9}),
    }
    union = union_of(tables, x="categorical")
    assert union.columns[1][1].state_labels() == ["1", "2", "<missing>"]


def test_two_columns_of_a_domain_cannot_have_one_name():
    tables = {
        "north": pd.DataFrame({"age": [1, 2] * 30, "years": [3, 4] * 30}),
        "south": pd.DataFrame({"age": [1, 2] * 9}),
    }
    names_of = {"age": {"north": "years", "south": "age"}}
    with pytest.raises(ValueError, match="two columns of domain 'north' would be called 'age'"):
        union_of(tables, names_of)
    union = union_of(tables, {**names_of, "months": {"north": "age"}})
    assert names(union) == ["domain", "months", "age"]


def test_a_column_called_domain_is_a_column_like_others():
    tables = {
        "north": pd.DataFrame({"domain": ["com", "org"] * 30}),
        "south": pd.DataFrame({"domain": ["org", "net"] * 9}),
    }
    union = union_of(tables)
    assert how(union, "south") == {"domain": ("domain", "name")}
    assert union.places_of("domain") == [1]
    for domain, table in tables.items():
        assert written(union, domain, table).equals(table)


def test_a_domain_without_values_is_an_error():
    tables = {
        "north": pd.DataFrame({"x": [1, 2] * 30}),
        "south": pd.DataFrame({"id": [f"k{number}" for number in range(30)], "x": [np.nan] * 30}),
    }
    with pytest.raises(
        ValueError, match="domain 'south' has no column to learn from.*leave it out"
    ):
        union_of(tables)


def test_rows_are_read_and_written_as_they_were():
    tables = {"north": patients(), "south": patients(40, 1)[["age", "seen", "key", "visits"]]}
    union = union_of(tables)
    for domain, table in tables.items():
        again = written(union, domain, table)
        assert again.columns.tolist() == table.columns.tolist()
        pd.testing.assert_frame_equal(again.drop(columns="key"), table.drop(columns="key"))
        assert again["key"].nunique() == len(table)
        assert not set(again["key"]) & set(table["key"])


def test_rows_of_one_domain_are_written_in_the_units_and_dtypes_of_another():
    rng = np.random.default_rng(0)
    north = patients(600)
    ill = rng.random(40) < 0.5
    south = pd.DataFrame(
        {
            "seen": pd.Series(pd.date_range("2020-03-01", periods=40)).dt.strftime("%d.%m.%Y"),
            "age": pd.array(rng.integers(20, 90, 40), dtype="Int8"),
            "smokes": np.where(ill, "True", "False"),
        }
    )
    union = union_of({"north": north, "south": south})
    values = union.read("north", north[:10])
    rows = union.write("south", values, 10, rng)
    assert rows.dtypes.astype(str).tolist() == south.dtypes.astype(str).tolist()
    assert rows["age"].tolist() == north["age"][:10].tolist()
    assert rows["seen"].tolist() == north["seen"][:10].dt.strftime("%d.%m.%Y").tolist()
    assert rows["smokes"].tolist() == north["smokes"][:10].astype(str).tolist()


def test_encoded_rows_are_decoded_within_the_domains_bounds():
    tables = {"north": patients(300), "south": patients(40, 1)}
    tables["south"]["weight"] += 100
    union = union_of(tables)
    rng = np.random.default_rng(0)
    for domain, table in tables.items():
        values = union.read(domain, table)
        rows = union.encode(domain, values, len(table))
        assert rows.given.all()
        again = union.decode(domain, rows.encoded, rng)
        assert set(again) == set(values)
        for place, plain in values.items():
            if plain.dtype == object:
                assert again[place].tolist() == plain.tolist()
            else:
                np.testing.assert_allclose(again[place], plain, rtol=1e-4)
    as_south = union.encode("north", union.read("north", tables["north"]), 300).encoded
    weight = union.decode("south", as_south, rng)[names(union).index("weight")]
    low, high = tables["south"]["weight"].min(), tables["south"]["weight"].max()
    assert np.nanmin(weight) == low
    assert np.nanmax(weight) <= high


def test_rows_say_their_domain_and_what_is_not_given():
    tables = {"north": patients(), "south": patients(40, 1)[["age", "sex"]]}
    union = union_of(tables)
    rows, domains = union.encode_all(tables, np.random.default_rng(0))
    block = union.layout.column_blocks[0]
    assert rows.encoded.codes[:, block].tolist() == domains.tolist()
    assert domains.tolist() == [union.code_of("north")] * 60 + [union.code_of("south")] * 40
    assert rows.given[:60].all()
    assert (rows.given[60:] == union.has[union.code_of("south")]).all()


def test_a_category_that_was_not_seen_is_not_given():
    tables = {"north": patients(), "south": patients(40, 1)}
    union = union_of(tables)
    table = tables["north"][:3].assign(sex=["f", "x", None])
    given = union.encode("north", union.read("north", table), 3).given
    assert given[:, names(union).index("sex")].tolist() == [True, False, True]


def test_the_target_may_be_absent():
    tables = {name: patients(40, seed).rename(columns={"sex": 7}) for seed, name in enumerate("ab")}
    union = union_of(tables)
    for absent in ("smokes", 7):
        without = union.read("a", tables["a"].drop(columns=absent), absent=absent)
        assert set(union.read("a", tables["a"])) - set(without) == set(union.places_of(absent))
        with pytest.raises(ValueError, match=str(absent)):
            union.read("a", tables["a"].drop(columns=absent))


def test_what_a_column_can_hold():
    tables = {
        "north": pd.DataFrame({"n": [1, 300] * 30, "c": ["a", "b"] * 30}),
        "south": pd.DataFrame(
            {"n": pd.Series([1, 2] * 9, dtype="int8"), "c": pd.Categorical(["a", "c"] * 9)}
        ),
    }
    union = union_of(tables)
    values = union.read("north", tables["north"][:2])
    assert union.can_hold("south", 1, values[1]).tolist() == [True, False]
    assert union.can_hold("south", 2, values[2]).tolist() == [True, False]
    assert union.can_hold("north", 2, np.array(["c", None], dtype=object)).tolist() == [True, False]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "a": st.sampled_from([[1.5, np.nan, 3.25], [4, 5, 6]]),
                "b": st.sampled_from([["x", "y", None], ["z", "y", "x"]]),
                "c": st.just([True, False, True]),
                "d": st.just(list(pd.date_range("2021", periods=3))),
            },
        ).filter(bool),
        min_size=2,
        max_size=4,
    )
)
def test_a_union_survives_a_file(columns):
    tables = {f"d{place}": pd.DataFrame(one) for place, one in enumerate(columns)}
    union = union_of(tables)
    state, domains, arrays = union_to_state(union)
    again = union_from_state(*json.loads(json.dumps([state, domains])), arrays)
    assert names(again) == names(union)
    assert again.layout == union.layout
    assert (again.has == union.has).all()
    for domain, table in tables.items():
        values = union.read(domain, table)
        rows, same = (one.encode(domain, values, 3) for one in (union, again))
        np.testing.assert_array_equal(rows.encoded.codes, same.encoded.codes)
        np.testing.assert_array_equal(rows.encoded.values, same.encoded.values)
        back = again.decode(domain, rows.encoded, np.random.default_rng(0))
        expected = written(union, domain, table)
        pd.testing.assert_frame_equal(
            again.write(domain, back, 3, np.random.default_rng(1)), expected
        )
        pd.testing.assert_frame_equal(expected, table, check_freq=False)
