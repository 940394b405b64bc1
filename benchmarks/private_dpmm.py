"""Rows of MST and AIM, as the package dpmm has them, in the environment of the private peers.

``python -m benchmarks.private --model mst`` calls it there, where synthwgan is not::

    python -m benchmarks.private_dpmm job.json rows.csv

The job names a CSV file, its domain, the method, its budget and a seed. A tenth of epsilon goes to
the bins of numbers, as is the package's default share, and the rest to the marginals, so that both
add up to the budget. Seconds go beside the rows.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd

BINS = 0.1


def main(job_path: Path, rows_path: Path) -> None:
    from dpmm.pipelines import AIMPipeline, MSTPipeline

    job: dict[str, Any] = json.loads(job_path.read_text(encoding="utf-8"))
    domain = job["domain"]
    texts = {name: str for name, known in domain.items() if "categories" in known}
    frame = pd.read_csv(job["table"], dtype=texts, keep_default_na=False)
    frame = frame.astype(dict.fromkeys(texts, "category"))
    method = {"mst": MSTPipeline, "aim": AIMPipeline}[job["model"]]
    started = time.perf_counter()
    model = method(
        epsilon=(1 - BINS) * job["epsilon"],
        delta=job["delta"],
        proc_epsilon=BINS * job["epsilon"],
        n_jobs=1,
    )
    model.fit(frame, domain=domain, random_state=job["seed"])
    seconds = time.perf_counter() - started
    rows = model.generate(n_records=len(frame), random_state=job["seed"])
    rows[list(frame.columns)].to_csv(rows_path, index=False)
    rows_path.with_suffix(".json").write_text(json.dumps({"seconds": seconds}), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
