"""Planted leaks are flagged, fresh rows are not, and what cannot be known is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthwgan.evaluation import Measure, Section, Tables
from synthwgan.evaluation.page.words import STRONG
from synthwgan.evaluation.sections.disclosure import guessed
from synthwgan.evaluation.sections.features import Bins
from synthwgan.evaluation.sections.privacy import (
    LIMIT_WITHOUT_TEST,
    closest_distances,
    copy_mask,
    privacy_section,
)
from synthwgan.evaluation.sections.yardsticks import Yardsticks

N_ROWS = 1000


def frame(seed: int, n_rows: int = N_ROWS) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    size = rng.normal(size=n_rows)
    return pd.DataFrame(
        {
            "size": size,
            "weight": size + rng.normal(scale=0.2, size=n_rows),
            "city": rng.choice(["a", "b", "c"], n_rows),
            "big": np.where(size > 0, "yes", "no"),
        }
    )


def leaky(share: float) -> pd.DataFrame:
    n_copies = int(share * N_ROWS)
    return pd.concat([frame(0).head(n_copies), frame(1).iloc[n_copies:]], ignore_index=True)


def made(synthetic: pd.DataFrame, test: pd.DataFrame | None) -> Section:
    tables = Tables.of(frame(0), synthetic, test)
    rng = np.random.default_rng(0)
    return privacy_section(tables, Yardsticks.of(tables, rng), rng)


def by_key(section: Section) -> dict[str, Measure]:
    return {measure.key: measure for measure in section.measures}


def flags(section: Section) -> list[str]:
    return [note for note in section.notes if note.startswith("Leak")]


def test_fresh_rows_leak_nothing() -> None:
    section = made(frame(1), frame(2))
    assert flags(section) == []
    assert section.score > 0.9
    measures = by_key(section)
    assert measures["exact_copies"].value == 0
    assert measures["closer_to_training"].value == pytest.approx(0.5, abs=0.04)
    assert measures["membership_auc"].value == pytest.approx(0.5, abs=0.04)
    assert measures["membership_auc"].interval[0] < 0.5 < measures["membership_auc"].interval[1]


def test_one_row_in_ten_copied_is_flagged() -> None:
    section = made(leaky(0.1), frame(2))
    measures = by_key(section)
    assert measures["exact_copies"].value == pytest.approx(0.1)
    assert measures["exact_copies"].score == pytest.approx(0, abs=1e-9)
    assert measures["closer_to_training"].value == pytest.approx(0.55, abs=0.03)
    assert measures["membership_auc"].value == pytest.approx(0.55, abs=0.03)
    assert any("exact copies 10.00%" in flag for flag in flags(section))
    assert section.score < made(frame(1), frame(2)).score - 0.2


def test_near_copies_are_flagged_though_none_is_exact() -> None:
    rng = np.random.default_rng(3)
    near = frame(0).assign(size=lambda rows: rows["size"] + rng.normal(scale=1e-3, size=N_ROWS))
    section = made(near, frame(2))
    measures = by_key(section)
    assert measures["exact_copies"].value == 0
    assert measures["distance_ratio"].value < 0.1
    assert measures["closer_to_training"].value > 0.95
    assert measures["membership_auc"].value > 0.95
    assert len(flags(section)) >= 3


def test_the_table_itself_is_the_floor() -> None:
    for measure in made(frame(0), frame(2)).measures:
        if measure.is_scored:
            assert measure.score == pytest.approx(0, abs=0.05), measure.key


def test_without_test_rows_what_needs_them_is_left_out_and_said() -> None:
    section = made(leaky(0.1), None)
    assert set(by_key(section)) <= {"exact_copies", "distance_ratio", "disclosure_protection"}
    assert any("exact copies" in flag for flag in flags(section))


def test_without_test_rows_privacy_is_never_strong_and_says_so() -> None:
    section = made(frame(1), None)
    assert flags(section) == []
    assert section.score == LIMIT_WITHOUT_TEST < STRONG
    assert any(
        note.startswith("Without test rows privacy scores at most 85") for note in section.notes
    )


def test_copies_are_equal_in_every_column_missing_cells_too() -> None:
    real = pd.DataFrame({"a": [1.0, np.nan, 3.0], "b": ["x", None, "y"]})
    synthetic = pd.DataFrame({"b": ["x", None, "x"], "a": [1, None, 3]}, dtype=object)
    tables = Tables.of(real, synthetic)
    assert copy_mask(tables.real, tables.synthetic).tolist() == [True, True, False]


def test_disclosure_names_what_the_attacker_knows() -> None:
    section = made(frame(1), frame(2))
    assert "disclosure_protection" in by_key(section)
    assert any("guesses 'big'" in note and "'size'" in note for note in section.notes)


def test_disclosure_is_what_sdmetrics_calls_zero_cap() -> None:
    pytest.importorskip("sdmetrics")
    from sdmetrics.single_table import DisclosureProtection

    tables = [frame(seed, 150)[["city", "big"]].assign(few=np.arange(150) % 4) for seed in (0, 1)]
    texts = [table.astype(str) for table in tables]
    known, sensitive = ["city", "few"], "big"
    breakdown = DisclosureProtection.compute_breakdown(
        *texts, known, [sensitive], computation_method="zero_cap"
    )
    rows = Tables.of(*texts)
    codes = (Bins(rows.real).codes(part) for part in (rows.real, rows.synthetic))
    own = 1 - guessed(*codes, known, sensitive).mean()
    assert own == pytest.approx(breakdown["cap_protection"])


def test_distances_to_the_closest_row() -> None:
    distances = closest_distances(Tables.of(frame(0), leaky(0.5), frame(2)))
    assert list(distances) == ["synthetic rows", "test rows"]
    assert (distances["synthetic rows"] < 1e-3).mean() == pytest.approx(0.5, abs=0.02)
    assert list(closest_distances(Tables.of(frame(0), frame(1)))) == ["synthetic rows"]
