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
    "measure",
    [
        Measure("x", "X", 0.5),
        Measure("x", "X", 0.5, 0.4, math.nan),
        Measure("x", "X", math.nan, 0.0, 1.0),
        Measure("x", "X", 0.5, 0.50, 0.52),
        Measure("x", "X", 0.5, 0.9, 0.2, higher=True),
        Measure("x", "X", 0.5, 0.2, 0.9, higher=False),
    ],
)
def test_yardsticks_that_cannot_tell_good_from_bad_give_no_score(measure: Measure) -> None:
    assert math.isnan(measure.score)
    assert not measure.is_scored


def test_a_section_is_the_mean_of_what_counts() -> None:
    counted = [Measure("a", "A", 0.2, 0.0, 1.0), Measure("b", "B", 0.6, 0.0, 1.0)]
    shown = [Measure("c", "C", 1.0, 0.0, 1.0, counts=False), Measure("d", "D", 0.5)]
    assert Section("s", "S", (*counted, *shown)).score == pytest.approx(0.4)
    assert math.isnan(Section("s", "S", tuple(shown)).score)
