"""A comparison in words, of tables whose scores are given."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from synthwgan.evaluation import Comparison, Measure, Report, Section, compare
from synthwgan.evaluation.differences import differences
from synthwgan.evaluation.sections import detection


def report(shapes: float, trends: float, aside: float = 0.0) -> Report:
    values = {"Column shapes": shapes, "Pair trends": trends}
    found = [Measure(name, name, value, 0.0, 1.0) for name, value in values.items()]
    found.append(Measure("KL", "KL", aside, 0.0, 1.0, counts=False))
    return Report((Section("columns", "Are they alike?", tuple(found)),), tables=None)


def test_tables_are_ordered_by_score_and_those_without_one_come_last() -> None:
    nothing = Report((Section("columns", "?", error="ValueError: no"),), tables=None)
    comparison = Comparison({"none": nothing, "b": report(0.5, 0.5), "a": report(0.9, 0.9)})
    assert comparison.ranking == ("a", "b", "none")
    assert list(comparison.scores()) == list(comparison.to_dict()) == ["a", "b", "none"]
    assert comparison.best == "a"
    assert Comparison({"none": nothing}).best is None
    assert differences(comparison)[1] == "'none' has no score to compare."


def test_the_widest_gap_is_named_and_what_the_other_does_better() -> None:
    comparison = Comparison({"b": report(0.96, 0.1, aside=1.0), "a": report(0.8, 0.9)})
    [words] = differences(comparison)
    assert words == (
        "'b' scores 32 points less than 'a'. It is furthest behind in pair trends: 10 of 100, "
        "against 90. It is ahead in column shapes: 96 of 100, against 80."
    )
    assert words.split(". ")[0] in str(comparison).replace("\n", " ")
    section, leading, own = comparison.gaps("b")[0]
    assert (section.key, leading.key, own.value) == ("columns", "Pair trends", 0.1)


def test_equal_tables_are_not_told_apart() -> None:
    [words] = differences(Comparison({"a": report(0.8, 0.8), "b": report(0.79, 0.81)}))
    assert words == "'b' scores 80, nearly as much as 'a' with 80. No measure tells them apart."


def test_what_has_no_score_in_one_of_them_is_no_difference() -> None:
    [words] = differences(Comparison({"a": report(0.8, 0.8), "b": report(0.8, math.nan)}))
    assert "pair trends" not in words


def test_a_table_that_gives_rows_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    # By what rows are told apart is not asked here.
    monkeypatch.setattr(detection, "N_TREES", 5)
    monkeypatch.setattr(detection, "N_SUSPECTS", 0)
    rng = np.random.default_rng(0)
    real, fresh, test = (
        pd.DataFrame(rng.normal(size=(100, 3)), columns=list("abc")) for _ in "123"
    )
    found = compare({"copied": real.copy(), "fresh": fresh}, real, test, random_state=0)
    assert found.reports["copied"].leaks and not found.reports["fresh"].leaks
    assert "'copied': Leak" in str(found) and "'fresh': Leak" not in str(found)
    assert "Real rows are given away by copied." in found.to_html()
    assert "This table gives real rows away" in found.reports["copied"].to_html()
