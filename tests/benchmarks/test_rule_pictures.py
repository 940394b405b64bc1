"""The picture of the guide to rules shows what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import rule_pictures


def test_the_picture_counts_rows_that_break_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    real = rule_pictures.orders(200, 0)
    broken = real.assign(amount=real["amount"] + 1)
    broken.loc[:49, "month"] = 13
    _, axes = pyplot.subplots()
    shares = [[draw(axes, rows) for _, draw in rule_pictures.DRAWN] for rows in (real, broken)]
    assert shares == [[0, 0, 0], [0, 1, 0.25]]
    pyplot.close()
    monkeypatch.setattr(rule_pictures, "N_ROWS", 400)
    rule_pictures.main(["--folder", str(tmp_path), "--max-steps", "2"])
    shown = (tmp_path / "rules.svg").read_text(encoding="utf-8")
    assert "with rules: 0% break" in shown
