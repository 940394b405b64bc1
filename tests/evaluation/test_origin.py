"""What a report says of where it comes from."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from importlib.metadata import version

import numpy as np
import pandas as pd
import pytest

from synthwgan import WGANGPSynthesizer
from synthwgan.evaluation.origin import Origin

evaluation = importlib.import_module("synthwgan.evaluation.evaluate")

TABLE = pd.DataFrame({"size": np.arange(60.0) % 7, "kind": ["a", "b", "c"] * 20})


def test_rows_without_names_have_a_date_and_a_version() -> None:
    origin = Origin.of({"real": TABLE, "synthetic": TABLE, "test": None}, None, None)
    assert origin.names == {} and origin.rows == {} and origin.seed is None
    assert origin.date == datetime.now(UTC).date().isoformat()
    assert origin.version == version("synthwgan")
    assert Origin.of({}, None, np.random.default_rng(0)).seed is None
    assert Origin.of({}, None, np.int64(3)).seed == 3


def test_a_table_that_does_not_exist_has_no_name() -> None:
    with pytest.raises(ValueError, match="names has 'tset', and the tables are"):
        Origin.of({"real": TABLE}, {"tset": "adult"}, 0)


def test_a_models_report_knows_its_parameters_and_what_the_rows_say(monkeypatch) -> None:
    monkeypatch.setattr(evaluation, "QUICK_ROWS", 50)
    options = {"conditional": False, "rejection": None, "calibrate": False, "random_state": 3}
    model = WGANGPSynthesizer(max_steps=5, **options).fit(TABLE)
    report = model.report(TABLE, rules=None, quick=True, random_state=11)
    # No more rows are drawn than a quick report compares.
    assert "50 of 60 real rows, drawn at random." in report.notes
    assert not any("synthetic rows, drawn" in note for note in report.notes)
    assert len(report.tables.synthetic) == 50
    origin = report.origin
    assert origin.names == {"synthetic": "WGANGPSynthesizer"}
    assert origin.seed == 11
    assert origin.model["max_steps"] == "5"
    assert origin.model["conditional"] == "False"
    assert "latent_dim" not in origin.model
    assert origin.rows["package"] == "synthwgan"
    assert len(origin.rows["model"]) == 64
