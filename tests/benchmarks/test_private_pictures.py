"""The picture of the guide to differential privacy shows what was measured, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import private_pictures
from benchmarks.cell import RESULTS
from benchmarks.common import kept
from benchmarks.private import FILE


def result(data_set: str, epsilon: float, **others: Any) -> dict[str, Any]:
    figures = {"mle": 0.5 + epsilon / 100, "mle_real": 0.9, "c2st_xgb": 0.5, "trend_err": 1.0}
    own = {"data_set": data_set, "epsilon": epsilon, "seed": 0, "domains": "public"}
    return {**own, "figures": figures, **others}


def test_a_curve_is_of_one_seed_and_of_our_rows() -> None:
    wanted = [result("adult", epsilon) for epsilon in private_pictures.EPSILONS]
    others = [
        result("adult", 1.0, seed=1),
        result("adult", 1.0, domains="bought"),
        result("adult", 1.0, method="mst"),
        result("adult", 0.5),
    ]
    assert private_pictures.curve([*wanted[::-1], *others], "adult", 0) == wanted
    with pytest.raises(ValueError, match=r"epsilons \[10.0\] were not measured"):
        private_pictures.curve([*wanted[:-1], *others], "adult", 0)


def test_the_picture_of_the_guide_is_of_the_results(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    private_pictures.main(["--folder", str(tmp_path)])
    shown = (tmp_path / "privacy-epsilon.svg").read_text(encoding="utf-8")
    assert "one seed each" in shown
    for name in private_pictures.COLOURS:
        points = private_pictures.curve(kept(RESULTS / FILE), name, 0)
        assert [one["epsilon"] for one in points] == list(private_pictures.EPSILONS)
        assert f"{name.capitalize()}, from real rows" in shown
