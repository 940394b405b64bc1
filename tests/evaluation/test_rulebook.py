"""Which rules a report asks for: found ones, given ones, both or none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthwgan.evaluation import rulebook
from synthwgan.evaluation.rulebook import Rulebook, given_away
from synthwgan.rules import (
    Custom,
    Determines,
    MissingWhere,
    OneHot,
    Order,
    RuleSet,
    Sum,
    ValueWhere,
    find_rules,
)

ORDER = Order("start", "<=", "end")


@pytest.fixture
def trips() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    start = rng.integers(0, 50, 400)
    city = rng.choice(["Rome", "Milan", "Oslo"], 400)
    country = np.where(city == "Oslo", "Norway", "Italy")
    return pd.DataFrame(
        {"start": start, "end": start + rng.integers(0, 9, 400), "city": city, "country": country}
    )


def texts(rules: RuleSet) -> list[str]:
    return [str(rule) for rule in rules]


def test_found_given_both_or_none(trips: pd.DataFrame) -> None:
    found = texts(Rulebook.of("auto", trips).rules)
    assert set(found) == {"end >= start", "city determines country"}
    assert texts(Rulebook.of([ORDER], trips).rules) == ["end >= start"]
    assert texts(Rulebook.of(ORDER, trips).rules) == ["end >= start"]
    other = Custom(lambda frame: frame["end"] < 99, name="end below 99", columns=["end"])
    # What is given and found is asked once.
    both = texts(Rulebook.of([other, ORDER, "auto"], trips).rules)
    assert both == ["end below 99", "end >= start", "city determines country"]
    assert Rulebook.of(None, trips) is None
    book = Rulebook.of("auto", trips)
    assert Rulebook.of(book, trips) is book


def test_a_set_of_rules_keeps_what_it_knows(trips: pd.DataFrame) -> None:
    found = RuleSet(find_rules(trips), left_out=["ties"])
    book = Rulebook.of(found, trips.head(20))
    assert list(book.rules) == list(found)
    assert all(one is other for one, other in zip(book.rules, found, strict=True))
    assert book.rules.left_out == ["ties"]


def test_given_rules_learn_from_the_real_rows_and_stay_as_they_are(trips: pd.DataFrame) -> None:
    given = Determines("city", "country")
    trips.loc[0, "country"] = "Chile"
    [rule] = Rulebook.of([given], trips).rules
    assert rule.support_.broken == 1
    assert not hasattr(given, "map_") and given.tolerate == 0


def test_a_search_is_bounded(trips: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rulebook, "MAX_ROWS", 150)
    monkeypatch.setattr(rulebook, "MAX_COLUMNS", 2)
    book = Rulebook.of("auto", trips)
    assert len(book.rows) == 150
    assert book.rows.index.is_monotonic_increasing
    assert texts(book.rules) == ["end >= start"]
    assert book.rules.left_out[0] == "columns after the first 2"


@pytest.mark.parametrize("rules", ["none", 3, [ORDER, "all"], pd.DataFrame()])
def test_what_is_no_rule_is_refused(trips: pd.DataFrame, rules: object) -> None:
    with pytest.raises(TypeError, match="rules takes 'auto', None, a RuleSet, or a list"):
        Rulebook.of(rules, trips)


def test_a_rule_of_another_table_is_refused(trips: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="the table has no column 'stop'"):
        Rulebook.of(["auto", Order("start", "<=", "stop")], trips)


def test_a_search_that_fails_finds_nothing(
    trips: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(frame: pd.DataFrame) -> RuleSet:
        raise KeyError("a")

    monkeypatch.setattr(rulebook, "find_rules", broken)
    found = Rulebook.of(["auto", ORDER], trips).rules
    assert texts(found) == ["end >= start"]
    assert found.left_out == ["the search failed (KeyError: 'a')"]


def test_what_tells_a_target_is_said() -> None:
    rules = [
        Sum("gross", ["net", "tax"]),
        MissingWhere("salary", "placed", [False]),
        ValueWhere("fee", 0, "member", "no", exactly=True),
        ValueWhere("minutes", 0, "calls", 0),
        Determines("city", "country"),
        OneHot(["red", "green"]),
        ORDER,
    ]
    # Of a sum each part follows from the others, and of a look-up only the target.
    for name in ("gross", "net", "tax", "placed", "country", "red", "fee", "member"):
        words = given_away(rules, name)
        assert words.startswith("Given away: ") and f"what {name!r} is" in words
    for name in ("salary", "city", "start", "end", "minutes", "calls"):
        assert given_away(rules, name) == ""
    assert given_away([OneHot(["red", "green"], at_most=True)], "red") == ""
