"""The pictures of several tables show what is there, and none where nothing was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("matplotlib")

from benchmarks import domain_pictures
from benchmarks.data import HOSPITALS


def record(hospital: str, method: str, seed: int, case: str = "heart") -> dict[str, Any]:
    area = 0.7 + 0.02 * seed
    auc = {"logistic": area, "trees": area + 0.1}
    return {"case": case, "target": hospital, "method": method, "seed": seed, "auc": auc}


@pytest.fixture(autouse=True)
def svg():
    import matplotlib

    matplotlib.use("svg")
    with matplotlib.rc_context(domain_pictures.STYLE):
        yield


def test_gains_are_drawn_of_the_methods_there_are(tmp_path: Path) -> None:
    records = [
        record(hospital, method, seed)
        for hospital in HOSPITALS
        for method in ("target", "radial", "paper")
        for seed in range(3)
    ]
    assert domain_pictures.draw_gains(records, tmp_path / "gain.svg")
    text = (tmp_path / "gain.svg").read_text()
    assert "own rows only" in text and "with gaps" in text and "filled" not in text
    assert all(hospital in text for hospital in HOSPITALS)


def test_without_records_of_hospitals_there_is_no_picture(tmp_path: Path) -> None:
    for records in ([], [record("gov", "target", 0, case="adult")]):
        assert not domain_pictures.draw_gains(records, tmp_path / "gain.svg")
    assert list(tmp_path.iterdir()) == []


def test_principal_components_are_along_the_largest_variance() -> None:
    spread = np.array([0.1, 3.0, 1.0])
    latents = np.random.default_rng(0).normal(5, spread, (2000, 3))
    points, shares = domain_pictures.principal_components(latents)
    assert points.shape == (2000, 2)
    assert points.mean(0) == pytest.approx(0, abs=1e-9)
    # Deviations of 2000 rows are off by 2 %.
    assert points.std(0) == pytest.approx([3.0, 1.0], rel=0.1)
    assert shares == pytest.approx([0.9, 0.1], abs=0.02)


def test_latents_are_drawn_without_the_disease(tmp_path: Path) -> None:
    class Model:
        def encode(self, table: pd.DataFrame, name: str) -> np.ndarray:
            assert "disease" not in table and name in HOSPITALS
            return np.random.default_rng(0).normal(size=(len(table), 4))

    tables = {
        hospital: pd.DataFrame({"age": range(20), "disease": ["0", "1"] * 10})
        for hospital in HOSPITALS
    }
    domain_pictures.draw_latents(Model(), tables, tmp_path / "latent.svg")
    text = (tmp_path / "latent.svg").read_text()
    assert "va (20)" in text and "no disease (40)" in text
