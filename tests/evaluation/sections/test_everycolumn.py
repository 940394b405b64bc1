"""Global utility on tables where it is known what can be learnt from each column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthwgan.evaluation import Tables
from synthwgan.evaluation.sections import everycolumn
from synthwgan.evaluation.sections.everycolumn import EveryColumn, every_column


def frame(seed: int, n_rows: int = 800) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    size = rng.uniform(-1, 1, n_rows)
    return pd.DataFrame(
        {
            "size": size,
            "weight": size + rng.normal(scale=0.1, size=n_rows),
            "sign": np.where(size > 0, "+", "-"),
            "one": 1.0,
        }
    )


def found(synthetic: pd.DataFrame, has_test: bool = True) -> EveryColumn:
    tables = Tables.of(frame(0), synthetic, frame(2))
    rng = np.random.default_rng(0)
    every = every_column(tables.real, tables.synthetic, tables.test, rng, has_test=has_test)
    assert every is not None
    return every


def test_fresh_rows_teach_as_much_and_shuffled_ones_next_to_nothing() -> None:
    fresh = found(frame(1))
    assert fresh.measure.value == pytest.approx(1.0, abs=0.05)
    assert fresh.measure.score > 0.9
    assert fresh.measure.ceiling == 1.0
    # A coin has half the balanced accuracy of a sure guess, and a mean five times the error.
    assert fresh.measure.floor == pytest.approx((0.5 + 2 * 0.17) / 3, abs=0.08)
    rng = np.random.default_rng(3)
    shuffled = found(frame(1).apply(lambda cells: rng.permutation(cells)))
    assert shuffled.measure.score < 0.1


def test_one_relation_that_is_lost_shows_in_its_columns() -> None:
    rng = np.random.default_rng(3)
    made = frame(1).assign(weight=lambda rows: rng.permutation(rows["weight"]))
    table = found(made).table
    assert table["column"][0] == "weight"
    utility = table.set_index("column")["utility"]
    assert utility["weight"] < 0.3
    assert utility["sign"] > 0.95
    assert set(utility.index) == {"size", "weight", "sign"}


def test_of_many_columns_some_are_the_target(monkeypatch) -> None:
    monkeypatch.setattr(everycolumn, "MAX_TARGETS", 2)
    assert len(found(frame(1)).table) == 2


def test_it_says_when_no_test_rows_judged() -> None:
    assert "Without test rows" in found(frame(1), has_test=False).measure.meaning
    assert "Without test rows" not in found(frame(1)).measure.meaning


def test_few_rows_or_one_column_have_none() -> None:
    rng = np.random.default_rng(0)
    for part in (frame(0)[["size", "one"]], frame(0).head(15)):
        tables = Tables.of(part, part)
        rows = tables.real, tables.synthetic, tables.real
        assert every_column(*rows, rng, has_test=True) is None
