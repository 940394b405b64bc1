"""A figure's score between its floor and its ceiling, and a section's of its measures."""

from __future__ import annotations

import math

import pytest

from synthwgan.evaluation import Measure, Section


@pytest.mark.parametrize(
    ("value", "floor", "ceiling", "score"),
    [
        (0.7, 0.4, 1.0, 0.5),
        (0.6, 0.9, 0.5, 0.75),
        (1.2, 0.4, 1.0, 1.0),
        (0.1, 0.4, 1.0, 0.0),
    ],
)
def test_the_score_lies_between_floor_and_ceiling(value, floor, ceiling, score) -> None:
    assert Measure("x", "X", value, floor, ceiling).score == pytest.approx(score)


@pytest.mark.parametrize(
    ("measure", "why"),
    [
        (Measure("x", "X", 0.5), "no floor and ceiling"),
        (Measure("x", "X", 0.5, 0.4, math.nan), "real rows have no such figure"),
        (Measure("x", "X", math.nan, 0.0, 1.0), "the synthetic table has no such figure"),
        (Measure("x", "X", 0.5, 0.50, 0.52), "hardly better"),
        (Measure("x", "X", 0.5, 0.3, 0.6, interval=(0.2, 0.8)), "hardly better"),
        (Measure("x", "X", 0.5, 0.9, 0.2, higher=True), "no better"),
        (Measure("x", "X", 0.5, 0.2, 0.9, higher=False), "no better"),
    ],
)
def test_yardsticks_that_cannot_tell_good_from_bad_give_no_score(measure, why: str) -> None:
    assert math.isnan(measure.score)
    assert not measure.is_scored
    assert why in measure.why_not_scored


def test_ends_that_lie_close_are_enough_for_a_sure_figure() -> None:
    sure = Measure("x", "X", 0.51, 0.50, 0.53, interval=(0.505, 0.515))
    assert sure.score == pytest.approx(1 / 3)
    assert sure.why_not_scored == ""


def test_what_could_not_be_scored_is_no_success() -> None:
    good, open_one = Measure("a", "A", 1.0, 0.0, 1.0), Measure("b", "B", 1.0, 0.9, 0.1, higher=True)
    assert Section("s", "S", (good, good, good)).score == 1
    assert Section("s", "S", (good, good, open_one)).score == 0.99
    assert Section("s", "S", (good, good, open_one)).not_scored == (open_one,)
    assert math.isnan(Section("s", "S", (good, open_one)).score)
    assert math.isnan(Section("s", "S", (open_one,)).score)


def test_a_section_scores_no_more_than_its_limit() -> None:
    good, bad = Measure("a", "A", 1.0, 0.0, 1.0), Measure("b", "B", 0.5, 0.0, 1.0)
    assert Section("s", "S", (good,), limit=0.85).score == 0.85
    assert Section("s", "S", (bad,), limit=0.85).score == 0.5


def test_a_section_is_the_mean_of_what_counts() -> None:
    counted = [Measure("a", "A", 0.2, 0.0, 1.0), Measure("b", "B", 0.6, 0.0, 1.0)]
    shown = [Measure("c", "C", 1.0, 0.0, 1.0, counts=False)]
    assert Section("s", "S", (*counted, *shown)).score == pytest.approx(0.4)
    assert math.isnan(Section("s", "S", tuple(shown)).score)
