"""The page of the benchmark of conditional rows."""

from __future__ import annotations

import pandas as pd

from benchmarks.conditional import table
from benchmarks.slices import summary


def result(model: str, seed: int, shape_err: float) -> dict:
    errors = pd.DataFrame(
        {
            "column": "city",
            "state": ["a", "b"],
            "n_real": [900, 555],
            "hit_share": [1.0, 0.5],
            "shape_err": [shape_err, shape_err + 1],
            "trend_err": 3.0,
        }
    )
    figures = summary(errors, errors.assign(shape_err=2.0))
    return {
        "date": "2026-01-01T00:00:00+00:00",
        "data_set": "adult",
        "model": model,
        "seed": seed,
        "figures": figures,
        "slices": errors.to_dict("records"),
        "machine": {"cpu": "a CPU", "cores": 2},
    }


def test_table_has_a_row_a_model_and_our_worst_slices() -> None:
    text = table([result("ctgan", 0, 7.5), result("synthwgan", 0, 3.5)])
    ours, ctgan = text.splitlines()[2:4]
    assert ours.startswith("| adult | **synthwgan** | 1 | 2 | 75.0% | 4.00 |")
    assert ctgan.startswith("| adult | CTGAN, as shipped | 1 | 2 | 75.0% | 8.00 |")
    assert "0.50 and 1.00 times those of CTGAN, as shipped" in text
    assert "| city | b | 555 | 4.50 | 3.00 |" in text
