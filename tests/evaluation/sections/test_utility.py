"""Learners trained on synthetic rows, beside those trained on real ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from synthwgan.evaluation import Section, Tables
from synthwgan.evaluation.rulebook import Rulebook
from synthwgan.evaluation.sections import utility, yardsticks
from synthwgan.evaluation.sections.learners import MAX_CLASSES, Target
from synthwgan.evaluation.sections.utility import utility_section
from synthwgan.evaluation.sections.yardsticks import Yardsticks
from synthwgan.rules import MissingWhere

N_ROWS = 500


def frame(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    size = rng.normal(size=N_ROWS)
    town = rng.choice(["a", "b", None], N_ROWS)
    noisy = size + 1.5 * (town == "a") + rng.normal(scale=0.3, size=N_ROWS)
    return pd.DataFrame(
        {
            "size": np.where(rng.random(N_ROWS) < 0.1, np.nan, size),
            "town": town,
            "empty": [None] * N_ROWS,
            "price": noisy,
            "dear": np.where(noisy > 0.7, "yes", "no"),
            "class": pd.cut(noisy, [-np.inf, 0, 1, np.inf], labels=["low", "mid", "high"]),
            "level": np.digitize(noisy, [0, 1]),
        }
    ).convert_dtypes()


def made(synthetic: pd.DataFrame, target: Any, test: pd.DataFrame | None = None) -> Section:
    others = {"price", "dear", "class", "level"} - {target}
    real, synthetic, test = (
        None if table is None else table.drop(columns=list(others))
        for table in (frame(0), synthetic, test)
    )
    tables = Tables.of(real, synthetic, test)
    rng = np.random.default_rng(0)
    return utility_section(tables, Yardsticks.of(tables, rng), rng, target)


@pytest.fixture(autouse=True)
def _one_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trees of many classes take long, and one worthless table is floor enough here."""
    monkeypatch.setattr(yardsticks, "N_FLOORS", 1)


@pytest.mark.parametrize(
    ("target", "figure"),
    [
        ("price", "R2"),
        ("dear", "ROC AUC"),
        ("class", "ROC AUC, mean of the classes"),
        ("level", "ROC AUC, mean of the classes"),
    ],
)
def test_fresh_rows_serve_as_well_as_real_ones(monkeypatch, target: str, figure: str) -> None:
    # Asked of each table for itself, beside the tests of that figure, it would take long.
    monkeypatch.setattr(utility, "every_column", lambda *tables, has_test: None)
    section = made(frame(1), target, frame(2))
    mean = section.measures[0]
    assert mean.value > 0.8
    assert mean.value == pytest.approx(mean.ceiling, abs=0.04)
    assert mean.floor < (0.1 if figure == "R2" else 0.7)
    assert mean.interval[0] < mean.value < mean.interval[1]
    assert section.notes[0] == f"Figures are {figure} of {target!r}."
    table = section.details["Learners"]
    assert table["train synthetic, test real"].mean() == pytest.approx(mean.value)
    assert len(table) == 3


def test_shuffled_rows_serve_for_nothing() -> None:
    rng = np.random.default_rng(0)
    shuffled = frame(1).apply(lambda column: rng.permutation(column.to_numpy(dtype=object)))
    section = made(shuffled, "dear", frame(2))
    assert section.score < 0.35
    assert {measure.key: measure.value for measure in section.measures}["trts"] < 0.65


def test_without_test_rows_real_ones_are_held_out() -> None:
    section = made(frame(1), "dear")
    assert section.score > 0.9
    assert "30 % of the real ones are held out" in section.notes[1]


def test_without_a_target_it_is_skipped() -> None:
    section = made(frame(1), None)
    assert section.skipped and np.isnan(section.score)
    assert [measure.key for measure in section.measures if measure.counts] == []
    assert "Skipped" in section.notes[0]


def test_one_class_or_unknown_classes_in_the_synthetic_table() -> None:
    assert made(frame(1).assign(dear="yes"), "dear", frame(2)).measures[0].value == 0.5
    with pytest.raises(ValueError, match="500 real, 0 synthetic and 500 test rows"):
        made(frame(1).assign(dear="maybe"), "dear", frame(2))


def test_a_target_that_nothing_predicts_has_no_score() -> None:
    rng = np.random.default_rng(0)
    tables = [frame(i).assign(dear=rng.choice(["yes", "no"], N_ROWS)) for i in range(3)]
    others = [table[["size", "dear"]] for table in tables]
    tables = Tables.of(*others)
    section = utility_section(tables, Yardsticks.of(tables, rng), rng, "dear")
    assert not section.measures[0].is_scored or abs(section.measures[0].value - 0.5) < 0.1


def test_a_target_that_others_give_away_is_said_with_or_without_a_rule() -> None:
    parts = [frame(seed)[["size", "dear"]].fillna({"size": 0.0}) for seed in range(3)]
    parts = [part.assign(paid=part["size"].mask(part["dear"] == "no")) for part in parts]
    tables, rng = Tables.of(*parts), np.random.default_rng(0)
    yardsticks = Yardsticks.of(tables, rng, quick=True)
    book = Rulebook.of([MissingWhere("paid", "dear", ["no"])], parts[0])
    for rulebook, words in ((book, "missing exactly where"), (None, "without fault")):
        section = utility_section(tables, yardsticks, rng, "dear", rulebook)
        assert section.notes[0].startswith("Given away: ") and words in section.notes[0]


@pytest.mark.parametrize(
    ("values", "message"),
    [(range(1000, 1060), "looks like an identifier"), ([1.0] * 60, "one value only")],
)
def test_targets_that_cannot_be_predicted_are_refused(values: Any, message: str) -> None:
    real = pd.DataFrame({"user_id": values, "size": np.arange(60) / 7})
    tables = Tables.of(real, real)
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=message):
        utility_section(tables, Yardsticks.of(tables, rng), rng, "user_id")


def test_of_many_classes_the_commonest_are_predicted() -> None:
    names = [f"c{i}" for i in range(30) for _ in range(30 - i)]
    rows = Tables.of(pd.DataFrame({"c": names}), pd.DataFrame({"c": names})).real
    target = Target.of(rows, "c")
    assert len(target.values) == MAX_CLASSES
    assert len(target.usable(rows)) == sum(30 - i for i in range(MAX_CLASSES))
