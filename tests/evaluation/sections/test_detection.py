"""Boosted trees tell tables apart, and name what they go by."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthwgan.evaluation import Tables
from synthwgan.evaluation.sections import detection as room
from synthwgan.evaluation.sections.detection import boosting_auc, detect, held_out_area, verdict

N_ROWS = 600


@pytest.fixture(autouse=True)
def _few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Grow so few: the faults planted here are large, and the areas at chance rise with more."""
    monkeypatch.setattr(room, "N_TREES", 25)


def frame(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    size = rng.normal(size=N_ROWS)
    return pd.DataFrame(
        {
            "size": size,
            "weight": size + rng.normal(scale=0.1, size=N_ROWS),
            "colour": rng.choice(["red", "green", "blue"], N_ROWS),
            "height": rng.normal(size=N_ROWS),
        }
    )


def detected(synthetic: pd.DataFrame):
    tables = Tables.of(frame(0), synthetic)
    return detect(tables.real, tables.synthetic, np.random.default_rng(0))


def test_fresh_rows_are_not_told_apart() -> None:
    detection = detected(frame(1))
    assert detection.auc < 0.56
    assert "nothing stands out" in verdict(detection, 0.52)


def test_a_planted_broken_pair_is_named() -> None:
    rng = np.random.default_rng(2)
    broken = frame(1).assign(weight=lambda rows: rng.permutation(rows["weight"]))
    detection = detected(broken)
    assert detection.auc > 0.9
    assert set(detection.importances["column"].head(2)) == {"size", "weight"}
    worst = detection.pairs.iloc[0]
    assert {worst["column"], worst["other"]} == {"size", "weight"}
    assert worst["gain"] > 0.3
    text = verdict(detection, 0.5)
    assert "relation of" in text and "'size'" in text and "'weight'" in text


def test_a_planted_shift_is_named_and_no_relation() -> None:
    detection = detected(frame(1).assign(height=lambda rows: rows["height"] + 1))
    assert detection.importances["column"][0] == "height"
    assert detection.importances["alone"][0] > 0.7
    assert "'height'" in verdict(detection, 0.5) and "relation" not in verdict(detection, 0.5)


def test_a_category_that_does_not_exist_gives_all_away() -> None:
    detection = detected(frame(1).assign(colour="pink"))
    assert detection.auc == pytest.approx(1)
    assert detection.importances["column"][0] == "colour"


def test_copies_of_the_same_rows_count_as_chance() -> None:
    tables = Tables.of(frame(0), frame(0))
    assert boosting_auc(tables.real, tables.synthetic, np.random.default_rng(0)) == 0.5


def test_few_rows_are_refused() -> None:
    tables = Tables.of(frame(0), frame(1).head(4))
    with pytest.raises(ValueError, match="needs 6 rows of each table, and there are 4"):
        detect(tables.real, tables.synthetic, np.random.default_rng(0))


def held_out(synthetic: pd.DataFrame) -> float:
    tables = Tables.of(frame(0), synthetic, frame(9))
    assert tables.test is not None
    rng = np.random.default_rng(0)
    return held_out_area(tables.real, tables.synthetic, tables.test, rng).above_chance


def test_fresh_rows_are_not_told_from_unseen_ones() -> None:
    assert held_out(frame(1)) < 0.56


def test_rows_that_copy_a_few_real_ones_are_told_from_unseen_ones() -> None:
    copied = frame(0).head(40).sample(N_ROWS, replace=True, random_state=0)
    assert held_out(copied) > 0.75


def test_broken_relations_are_seen_in_unseen_rows() -> None:
    rng = np.random.default_rng(2)
    assert held_out(frame(1).assign(weight=lambda rows: rng.permutation(rows["weight"]))) > 0.85
