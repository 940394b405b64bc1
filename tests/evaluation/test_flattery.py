"""A shuffled table scores near 0 wherever a section asks how columns go together."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks import flattery
from synthwgan.evaluation import Tables
from synthwgan.evaluation.measures import Section
from synthwgan.evaluation.rulebook import Rulebook
from synthwgan.evaluation.sections import detection
from synthwgan.evaluation.sections.joint import joint_section
from synthwgan.evaluation.sections.pairs import pairs_section
from synthwgan.evaluation.sections.rules import rules_section
from synthwgan.evaluation.sections.yardsticks import Yardsticks

# One table of each kind: strongly dependent numbers, digits of which many never change, a real
# mixture, one of which so few rows tell nothing, and made-up ones with keys, dates, rules, texts,
# gaps or hardly any rows. The benchmark, which fills the page about the report, judges all twenty.
NAMES = (
    *("shoppers", "heart", "digits", "placements", "orders", "telecom", "people"),
    *("wide", "tiny", "survey", "gaps", "bent"),
)
MAX_ROWS = 360
# Of the tables of 65 and 91 columns these are enough: the others are more of the same.
MAX_COLUMNS = 20
# What is left of 0, of so few rows: chance alone.
NEAR_ZERO = 0.15
SECTIONS = {"pairs": pairs_section, "joint": joint_section}


def parts(name: str) -> dict:
    rows = flattery.parts(name, MAX_ROWS)
    if rows is None:
        pytest.skip("this table is not there; set SYNTHWGAN_DATA")
    return {part: frame.iloc[:, -MAX_COLUMNS:] for part, frame in rows.items()}


def judged(rows: dict, candidate) -> dict[str, Section]:
    rng = np.random.default_rng(0)
    tables = Tables.of(rows["real"], candidate, rows["test"], rng=rng)
    yardsticks = Yardsticks.of(tables, rng)
    return {key: make(tables, yardsticks, rng) for key, make in SECTIONS.items()}


@pytest.fixture(autouse=True)
def _quick(monkeypatch) -> None:
    monkeypatch.setattr(detection, "N_SUSPECTS", 0)
    # What shuffling does is plain to few trees: no score below is above 0.1, with any number.
    monkeypatch.setattr(detection, "N_TREES", 10)


@pytest.mark.parametrize("name", NAMES)
def test_independent_columns_score_near_0(name: str) -> None:
    rows = parts(name)
    for key, section in judged(rows, flattery.shuffled(rows["real"])).items():
        assert not section.skipped
        # No score is no praise; it is to be rare, and said.
        assert math.isnan(section.score) or section.score < NEAR_ZERO, key
        assert section.not_scored or math.isfinite(section.score)
        assert all(measure.why_not_scored for measure in section.not_scored)


@pytest.mark.parametrize("name", NAMES)
def test_independent_columns_keep_no_rules(name: str) -> None:
    rows = parts(name)
    book = Rulebook.of("auto", rows["real"])
    bad, good = (
        rules_section(
            None,
            None,
            np.random.default_rng(0),
            synthetic=candidate,
            test=rows["test"],
            rulebook=book,
        )
        for candidate in (flattery.shuffled(rows["real"]), rows["fresh"])
    )
    # Where there are no rules, nobody is praised for keeping them.
    assert bad.skipped or bad.score < NEAR_ZERO
    assert good.skipped or good.score > 0.75


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("telecom", "'total': 3 cells of the real table are no finite number"),
        ("people", "is compared by its categories"),
    ],
)
def test_columns_that_hardly_repeat_do_not_make_the_others_meaningless(
    name: str, note: str
) -> None:
    rows = parts(name)
    tables = Tables.of(rows["real"], rows["fresh"], rows["test"])
    assert any(note in said for said in tables.notes)
    for key, section in judged(rows, rows["fresh"]).items():
        assert section.score > 0.75, key
