"""Rows of SDV's Gaussian copula with Inequality and FixedCombinations, in the peers' environment.

``python -m benchmarks.rules sdv`` calls it there, where synthwgan is not::

    python -m benchmarks.rules_sdv job.json rows.csv

The job names a CSV file, its kinds of columns, and the constraints; seconds go beside the rows.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd


def main(job_path: Path, rows_path: Path) -> None:
    from sdv.cag import FixedCombinations, Inequality
    from sdv.metadata import Metadata
    from sdv.single_table import GaussianCopulaSynthesizer

    job: dict[str, Any] = json.loads(job_path.read_text(encoding="utf-8"))
    dates = [name for name, kind in job["kinds"].items() if kind == "datetime"]
    frame = pd.read_csv(job["table"], parse_dates=dates)
    columns = {name: {"sdtype": kind} for name, kind in job["kinds"].items()}
    metadata = Metadata.load_from_dict({"tables": {"table": {"columns": columns}}})
    model = GaussianCopulaSynthesizer(metadata)
    model.add_constraints(
        [
            *(Inequality(low, high, strict_boundaries=False) for low, high in job["orders"]),
            *(FixedCombinations(names) for names in job["combinations"]),
        ]
    )
    start = time.perf_counter()
    model.fit({"table": frame})
    fitted = time.perf_counter()
    rows = model.sample(job["n_rows"])
    rows = rows["table"] if isinstance(rows, dict) else rows
    seconds = {"fit_seconds": fitted - start, "draw_seconds": time.perf_counter() - fitted}
    rows.to_csv(rows_path, index=False)
    rows_path.with_suffix(".json").write_text(json.dumps(seconds), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
