"""The page of the benchmark of imputation."""

from __future__ import annotations

from benchmarks.imputation import table


def test_table_has_a_row_a_method() -> None:
    result = {
        "date": "2026-01-01T00:00:00+00:00",
        "data_set": "adult",
        "seed": 0,
        "seconds": 1.25,
        "machine": {"cpu": "a CPU", "cores": 2},
    }
    ours = {"accuracy": 0.7, "nrmse": 0.8, "coverage": 0.93, "untied_coverage": 0.9}
    results = [
        {**result, "model": "simple", "figures": {"accuracy": 0.5, "nrmse": 1.0}},
        {**result, "model": "synthwgan", "figures": ours},
        {**result, "model": "synthwgan", "seed": 1, "figures": {**ours, "nrmse": 0.9}},
    ]
    lines = table(results).splitlines()
    assert lines[2] == "| adult | **synthwgan** | 2 | 0.700 | 0.850 | 93.0% | 90.0% | 1.2 |"
    assert lines[3] == "| adult | SimpleImputer | 1 | 0.500 | 1.000 | – | – | 1.2 |"
