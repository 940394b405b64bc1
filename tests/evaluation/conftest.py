"""A report with odd names and values in it, made without the slow engine."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from synthwgan.evaluation import Measure, Report, Section, Tables
from synthwgan.evaluation.origin import Origin

IMAGE = "<img src=x onerror=\"document.title='run'\">"
SCRIPT = "</script><script>document.title='run'</script>"
BOLD = "<b>bold</b> & <a href='javascript:0'>link</a> {{ 7 * 7 }} %{x} $x^2$"


def hostile_table(seed: int, n_rows: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    size = rng.normal(size=n_rows)
    return pd.DataFrame(
        {
            IMAGE: size,
            SCRIPT: np.where(size > 0, IMAGE, rng.choice([SCRIPT, BOLD, "plain", ""], n_rows)),
            BOLD: rng.integers(0, 5, n_rows),
            "when": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 90, n_rows), "D"),
            "gap": np.where(rng.random(n_rows) < 0.3, np.nan, rng.lognormal(5, 1, n_rows)),
            "town": rng.choice([f"town {number}" for number in range(30)], n_rows),
            ("a", "tuple"): rng.random(n_rows) < 0.5,
        }
    )


@pytest.fixture(scope="session")
def hostile_names() -> tuple[str, str, str]:
    """Names and values that a page must show and never run."""
    return IMAGE, SCRIPT, BOLD


@pytest.fixture(scope="session")
def report(hostile_names: tuple[str, str, str]) -> Report:
    """A report of every part there is: measures, details, notes, a failure, training curves."""
    tables = Tables.of(hostile_table(0), hostile_table(1), hostile_table(2))
    shapes = Measure(
        *("column_shapes", "Column shapes", 0.9, 0.5, 0.99, (0.88, 0.92)),
        meaning="How alike columns are.",
        question="Are they alike?",
    )
    words = Measure("trends", f"Trends {BOLD}", 0.7, 0.2, 0.95, meaning=IMAGE)
    seen = "column shapes sees the same"
    bare = Measure("kl", "Kullback-Leibler", math.nan, counts=False, form=".2%", aside=seen)
    no_yardstick = Measure("possible", "Possible rows", 0.5, 0.6, 0.4, higher=True)
    table = pd.DataFrame(
        {
            "column": [column.name for column in tables.columns],
            "kind": [column.kind for column in tables.columns],
            "shape": [0.5, 0.95, 0.25, np.nan, 0.75, 1.0, 0.125],
            "missing_real": np.linspace(0, 1, 7),
            "missing_synthetic": np.linspace(0, 1, 7),
        }
    )
    sections = (
        Section("validity", "Are the rows valid?", (shapes,), notes=(f"Leak: {SCRIPT}", IMAGE)),
        Section("columns", "Do columns look alike?", (shapes, words, bare), {"Columns": table}),
        Section("pairs", "Do pairs look alike?", (words, no_yardstick)),
        Section("joint", "Are rows alike?", (words,), {BOLD: table.head(2)}),
        Section("utility", "Does it serve?", notes=("Skipped: no target.",), skipped=True),
        Section("privacy", "Is it private?", error=f"ValueError: {SCRIPT}"),
    )
    history = [
        {"step": step, "wasserstein": 1 / (1 + step), BOLD: 0.5} for step in range(0, 500, 5)
    ]
    origin = Origin(
        *({"real": "adult <b>.csv"}, "2026-01-31", 41, "9.9"),
        rows={"model": "abc", "seed": "5"},
        model={"max_steps": "300", "activation": repr(BOLD)},
    )
    return Report(sections, tables, target=BOLD, history=history, origin=origin)
