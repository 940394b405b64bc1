"""Rules found and kept beside SDV's declared constraints, on the demo table and on orders.

A part of `benchmarks.rules`; SDV's half runs in the peers' environment (``make bench-peers``).
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.common import run_peer
from benchmarks.rules_kept import PLACEMENTS, Relations, broken_shares
from synthwgan import WGANGPSynthesizer
from synthwgan.datasets import make_placements

N_ROWS = 2_000
CITIES = {"Bonn": "DE", "Ulm": "DE", "Lyon": "FR", "Nice": "FR", "Bari": "IT", "Rome": "IT"}
ORDERS: Relations = {
    "`delivered >= ordered`": lambda rows: rows["delivered"] < rows["ordered"],
    "`city` lies in `country`": lambda rows: rows["city"].map(CITIES) != rows["country"],
    "`net = quantity * price`": lambda rows: (
        (rows["quantity"] * rows["price"] - rows["net"]).abs() > 0.006
    ),
    "`total = net + tax`": lambda rows: (rows["net"] + rows["tax"] - rows["total"]).abs() > 0.001,
    "`discount` is there exactly where `member`": lambda rows: (
        rows["discount"].isna() == rows["member"].astype(bool)
    ),
}
# What SDV is told of each table: orders of two columns, and columns of fixed combinations.
TOLD = {
    "placements": ([("start_date", "end_date")], [["high_spec", "degree_type"]]),
    "orders": ([("ordered", "delivered")], [["city", "country"]]),
}


def make_orders(n_rows: int = 1_000, seed: int = 0) -> pd.DataFrame:
    """Return invented orders in which five relations hold in every row."""
    rng = np.random.default_rng(seed)
    quantity = rng.integers(1, 40, n_rows)
    price = (rng.gamma(3, 8, n_rows) + 1).round(2)
    net, tax = (quantity * price).round(2), rng.gamma(2, 5, n_rows).round(2)
    ordered = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, n_rows), "D")
    member = rng.random(n_rows) < 0.5
    city = rng.choice(list(CITIES), n_rows, p=[0.3, 0.1, 0.2, 0.1, 0.1, 0.2])
    return pd.DataFrame(
        {
            "quantity": quantity,
            "price": price,
            "net": net,
            "tax": tax,
            "total": (net + tax).round(2),
            "ordered": ordered,
            "delivered": ordered + pd.to_timedelta(rng.poisson(6, n_rows), "D"),
            "city": city,
            "country": [CITIES[name] for name in city],
            "member": member,
            "discount": np.where(member, rng.integers(5, 50, n_rows), np.nan),
        }
    )


def sdv(_: int) -> dict[str, Any]:
    """Compare how many rows break relations of two tables, and the seconds of fit and draw."""
    students = make_placements().drop(columns="student_id")
    for name in ("start_date", "end_date"):
        students[name] = pd.to_datetime(students[name])
    out = {}
    for name, real, relations in (
        ("placements", students, PLACEMENTS),
        ("orders", make_orders(), ORDERS),
    ):
        both = {"SDV, told": _sdv_rows(name, real), "synthwgan": _own_rows(real)}
        out[name] = {
            method: {"broken": broken_shares(rows, relations), **seconds}
            for method, (rows, seconds) in both.items()
        }
    return {"rows": N_ROWS, "tables": out, "told": TOLD}


def _own_rows(real: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, float]]:
    start = time.perf_counter()
    model = WGANGPSynthesizer(random_state=0).fit(real)
    fitted = time.perf_counter()
    rows = model.sample(N_ROWS, random_state=0)
    return rows, {"fit_seconds": fitted - start, "draw_seconds": time.perf_counter() - fitted}


def _sdv_rows(name: str, real: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, float]]:
    orders, combinations = TOLD[name]
    with tempfile.TemporaryDirectory() as folder:
        table, job, rows = (Path(folder) / file for file in ("table.csv", "job.json", "rows.csv"))
        real.to_csv(table, index=False)
        told = {"table": str(table), "n_rows": N_ROWS, "orders": orders}
        told |= {"kinds": kinds_of(real), "combinations": combinations}
        job.write_text(json.dumps(told), encoding="utf-8")
        run_peer("rules_sdv", str(job), str(rows))
        dates = list(real.select_dtypes("datetime"))
        seconds = json.loads(rows.with_suffix(".json").read_text(encoding="utf-8"))
        return pd.read_csv(rows, parse_dates=dates), seconds


def kinds_of(real: pd.DataFrame) -> dict[str, str]:
    """Return the kinds of columns as SDV names them."""
    names = {"b": "boolean", "i": "numerical", "f": "numerical", "M": "datetime"}
    return {name: names.get(real[name].dtype.kind, "categorical") for name in real}


PARTS = {"sdv": sdv}
