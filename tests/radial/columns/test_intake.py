"""What a user passes becomes tables by domain; else the error names the domain and the remedy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from synthwgan.radial.columns.intake import (
    check_domain,
    check_kinds,
    check_mapping,
    naming_domain,
    tables_of,
    warn_of_unknown_domains,
)

NORTH = pd.DataFrame({"age": [30, 40, 50], "ill": [True, False, True]})
SOUTH = pd.DataFrame({"years": [31, 41], "ill": [True, False]})
BOTH = {"north": NORTH, "south": SOUTH}


def one_table(domain: str = "domain") -> pd.DataFrame:
    parts = [table.assign(**{domain: name}) for name, table in BOTH.items()]
    return pd.concat(parts, ignore_index=True)


def test_a_dict_is_taken_as_it_is():
    tables, _ = tables_of(BOTH, "ill", "domain")
    assert tables == BOTH
    assert tables is not BOTH
    assert tables["north"] is NORTH


@pytest.mark.parametrize("domain", ["domain", "hospital"])
def test_one_table_is_split_and_empty_columns_are_not_a_domains_own(domain):
    table = one_table(domain).sample(frac=1, random_state=0)
    before = table.copy()
    tables, _ = tables_of(table, "ill", domain)
    assert set(tables) == set(BOTH)
    assert tables["north"].columns.tolist() == ["age", "ill"]
    assert tables["south"].columns.tolist() == ["ill", "years"]
    assert sorted(tables["north"]["age"]) == [30, 40, 50]
    # Objects of one type, and no leftovers of the other domain's rows.
    assert tables["north"]["ill"].dtype == bool
    assert tables["south"].index.tolist() == [0, 1]
    pd.testing.assert_frame_equal(table, before)


def test_a_domain_column_of_numbers_or_categories_gives_names():
    table = one_table()
    table["domain"] = table["domain"].map({"north": 1, "south": 2})
    assert list(tables_of(table, None, "domain")[0]) == ["1", "2"]
    table["domain"] = pd.Categorical(table["domain"], [3, 2, 1])
    assert set(tables_of(table, None, "domain")[0]) == {"1", "2"}


def test_domains_that_would_get_one_name_are_an_error():
    table = one_table()
    table["domain"] = table["domain"].map({"north": 1, "south": "1"})
    with pytest.raises(ValueError, match="two domains would be called '1'"):
        tables_of(table, None, "domain")


def test_domains_that_pandas_takes_for_one_are_an_error():
    table = one_table()
    table["domain"] = table["domain"].map({"north": "a\0b", "south": "a\0c"})
    with pytest.raises(ValueError, match="column 'domain': .* holds a NUL character"):
        tables_of(table, None, "domain")


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ([NORTH, SOUTH], TypeError, "pass a dict of domain name to DataFrame.*got list"),
        (None, TypeError, "pass a dict .*got NoneType"),
        ({"north": NORTH}, ValueError, r"one domain only, \['north'\].*or use WGANGPSynthesizer"),
        (one_table()[:3], ValueError, r"one domain only, \['north'\]"),
        ({"north": NORTH, 2: SOUTH}, TypeError, "a domain's name is a text, got 2"),
        ({"north": NORTH, "south": [1]}, TypeError, "domain 'south': a table is a DataFrame, got"),
        ({"north": NORTH, "south": SOUTH[:1]}, ValueError, "'south' has 1 rows, and 2 are needed"),
        (NORTH, ValueError, r"'domain' is none of \['age', 'ill'\]; pass domain=, or a dict"),
        (
            one_table().assign(domain=["north", None, "south", "south", "south"]),
            ValueError,
            "'domain' does not say the domain of every row: fill it",
        ),
    ],
)
def test_tables_that_cannot_be_used(X, error, message):
    with pytest.raises(error, match=message):
        tables_of(X, None, "domain")


@pytest.mark.parametrize("X", [BOTH, one_table()])
def test_every_domain_needs_the_target(X):
    with pytest.raises(ValueError, match=r"'south' lacks the target 'age': .*under one name; its"):
        tables_of(X, "age", "domain")


@pytest.mark.parametrize("gap", [np.nan, None, pd.NA])
def test_a_target_without_a_cell_is_an_error(gap: Any):
    empty = SOUTH.assign(ill=pd.Series([gap, gap], dtype=object))
    with pytest.raises(ValueError, match="'south' has no cell of the target 'ill'; leave it out"):
        tables_of({"north": NORTH, "south": empty}, "ill", "domain")


def test_a_column_that_occurs_twice_is_an_error():
    twice = pd.concat([SOUTH, SOUTH[["ill"]]], axis=1)
    with pytest.raises(ValueError, match=r"domain 'south': \['ill'\] occur more than once: rename"):
        tables_of({"north": NORTH, "south": twice}, "ill", "domain")


def test_unknown_domains_say_what_was_meant():
    check_domain("north", BOTH)
    with pytest.raises(
        ValueError, match=r"'nort' is no domain; did you mean 'north'\? The domains are \['"
    ):
        check_domain("nort", BOTH)
    with pytest.raises(ValueError, match=r"'xyz' is no domain; the domains are \['north', 'south'"):
        check_domain("xyz", BOTH)
    with pytest.raises(ValueError, match="7 is no domain"):
        check_domain(7, BOTH)


def test_kinds_name_columns_of_some_domain():
    check_kinds({"years": "categorical", "ill": "categorical"}, BOTH)
    with pytest.raises(ValueError, match="column_kinds names 'year', which is no column of any"):
        check_kinds({"year": "categorical"}, BOTH)


def test_a_mapping_of_a_domain_that_there_is_not_is_told(recwarn):
    warn_of_unknown_domains({"age": {"north": "age", "south": "years"}}, BOTH)
    assert not recwarn.list
    with pytest.warns(UserWarning, match="domain 'nroth', but .* did you mean 'north'"):
        warn_of_unknown_domains({"age": {"nroth": "age", "south": "years"}}, BOTH)
    with pytest.warns(UserWarning, match=r"domain 'later', but the domains are .*\. It counts"):
        warn_of_unknown_domains({"age": {"later": "age"}}, BOTH)


def test_a_mapping_names_columns_of_the_domains():
    check_mapping({"age": {"north": "age", "south": "years", "added later": "AGE"}}, BOTH)
    with pytest.raises(ValueError, match=r"mapping of 'age': domain 'south' has no column 'age'"):
        check_mapping({"age": {"north": "age", "south": "age"}}, BOTH)
    with pytest.raises(TypeError, match="to a dict of domain to column name, got 'age': 'years'"):
        check_mapping({"age": "years"}, BOTH)


def test_errors_of_a_table_get_the_domains_name():
    with pytest.raises(TypeError, match="^domain 'north': holds a set$"), naming_domain("north"):
        raise TypeError("holds a set")
    with pytest.raises(KeyError, match="^'x'$"), naming_domain("north"):
        raise KeyError("x")
