"""Whether drawn rows keep rules, and what that does to their likeness: planted and real tables.

Parts of `benchmarks.rules`: run from the repository root::

    python -m benchmarks.rules kept placements sdmetrics flights flights-whole kc1
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.data import Dataset, flights, load
from benchmarks.metrics import c2st_xgb, plain, quality_errors
from benchmarks.rules_planted import draw, make_plan
from synthwgan import WGANGPSynthesizer
from synthwgan.datasets import make_placements
from synthwgan.rules import Rule
from synthwgan.table.law import Law

N_DRAWN = 10_000
N_PLANTED = 40
PLANTED_STEPS = 20
PLACEMENT_ROWS = 2_000
FLIGHT_ROWS = 60_000
FLIGHT_STEPS = 1_000
KC1_SEEDS = (0, 1, 2)
_DAY = 1440
# One row of all has a larger number of flight, and one an earlier hour.
FLIGHT_ENDS = {"flight": (1, 6181), "hour": (5, 23)}

Relations = dict[str, Callable[[pd.DataFrame], "np.ndarray | pd.Series"]]


def kept(n_tables: int) -> dict[str, Any]:
    """Count rows of planted tables that break a rule of the model, and shares of partial rules.

    The networks are hardly trained: what a model of a few steps keeps, it keeps by construction.
    """
    lines = [_kept_of(seed) for seed in range(min(n_tables, N_PLANTED))]
    return {
        "n_tables": len(lines),
        "n_drawn": N_DRAWN,
        "steps": PLANTED_STEPS,
        "n_full": sum(line["n_full"] for line in lines),
        "broken": [item for line in lines for item in line["broken"]],
        "partial": [item for line in lines for item in line["partial"]],
        "faults": [item for line in lines for item in line["faults"]],
        "draw_seconds": float(np.median([line["draw_seconds"] for line in lines])),
    }


def _kept_of(seed: int) -> dict[str, Any]:
    plan, n_rows = make_plan(seed, with_rules=True)
    real = draw(plan, n_rows, seed)
    model = WGANGPSynthesizer(max_steps=PLANTED_STEPS, rejection=None, random_state=seed)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(real)
        start = time.perf_counter()
        rows = model.sample(N_DRAWN, random_state=seed)
        seconds = time.perf_counter() - start
    found = judged(list(model.rules_), rows)
    faults = [f"seed {seed}: {warning.message}" for warning in caught]
    if not rows.dtypes.equals(real.dtypes):
        faults.append(f"seed {seed}: dtypes differ")
    faults += [
        f"seed {seed}: {name} has missing cells"
        for name in real
        if rows[name].isna().any() and not real[name].isna().any()
    ]
    return {**found, "faults": faults, "draw_seconds": seconds}


def judged(rules: list[Rule], rows: pd.DataFrame) -> dict[str, Any]:
    """Return how many full rules there are, which are broken, and the shares of partial ones."""
    full = [rule for rule in rules if rule.is_full]
    broken = [
        {"rule": str(rule), "rows": int((~rule.check(rows)).sum())}
        for rule in full
        if not rule.check(rows).all()
    ]
    partial = []
    for rule in rules:
        if not rule.is_full:
            is_kept, applies = rule.judge(rows)
            share = float(is_kept[applies].mean()) if applies.any() else float("nan")
            real_share, n_real = rule.support_.share, rule.support_.rows  # type: ignore[union-attr]
            variance = real_share * (1 - real_share)
            error = float(np.sqrt(variance * (1 / n_real + 1 / max(applies.sum(), 1))))
            partial.append(
                {"rule": str(rule), "real": real_share, "drawn": share, "standard_error": error}
            )
    return {"n_full": len(full), "broken": broken, "partial": partial}


def _days(rows: pd.DataFrame) -> pd.Series:
    return (pd.to_datetime(rows["end_date"]) - pd.to_datetime(rows["start_date"])).dt.days


PLACEMENTS: Relations = {
    "`end_date >= start_date`": lambda rows: _days(rows) < 0,
    "`duration` is the days between them": lambda rows: (
        _days(rows).notna() & rows["duration"].notna() & (_days(rows) != rows["duration"])
    ),
    "`experience_years > 0` exactly where `work_experience`": lambda rows: (
        (rows["experience_years"] > 0) != rows["work_experience"]
    ),
    "`salary` missing exactly where not `placed`": lambda rows: (
        rows["salary"].isna() == rows["placed"]
    ),
    "`start_date`, `end_date` missing together": lambda rows: (
        rows["start_date"].isna() != rows["end_date"].isna()
    ),
    "`duration`, `salary` missing together": lambda rows: (
        rows["duration"].isna() != rows["salary"].isna()
    ),
}


def broken_shares(rows: pd.DataFrame, relations: Relations) -> dict[str, float]:
    """Share of the rows that break each relation."""
    return {name: float(np.mean(broken(rows))) for name, broken in relations.items()}


def _is_off(rows: pd.DataFrame) -> pd.Series:
    return (rows["duration"] - _days(rows) / 30.44).abs() > 1


# The table that the relations come from, of which the demo table is an invented likeness.
SDMETRICS: Relations = {
    ("`duration` agrees with them, within a month" if "days" in name else name): (
        _is_off if "days" in name else broken
    )
    for name, broken in PLACEMENTS.items()
}


def placements(_: int) -> dict[str, Any]:
    """Compare the demo table's six relations in rows drawn with rules and without."""
    return _side_by_side(make_placements(), PLACEMENTS)


def sdmetrics_demo(_: int) -> dict[str, Any]:
    """Compare the same of the table that comes with sdmetrics."""
    from sdmetrics.demos import load_demo

    tables = load_demo(modality="single_table")[0]
    real = next(iter(tables.values())) if isinstance(tables, dict) else tables
    return _side_by_side(real, SDMETRICS)


def _side_by_side(real: pd.DataFrame, relations: Relations) -> dict[str, Any]:
    shares: dict[str, list[dict[str, float]]] = {"real": [broken_shares(real, relations)]}
    for seed in (0, 1):
        for name, rules in (("without", None), ("with", "auto")):
            model = WGANGPSynthesizer(rules=rules, random_state=seed).fit(real)
            rows = model.sample(PLACEMENT_ROWS, random_state=seed)
            shares.setdefault(name, []).append(broken_shares(rows, relations))
    return {"rows": len(real), "drawn": PLACEMENT_ROWS, "shares": shares}


def _minutes(clock: pd.Series) -> pd.Series:
    return clock // 100 * 60 + clock % 100


def _off_clock(rows: pd.DataFrame, end: str, start: str, delay: str) -> pd.Series:
    gap = _minutes(rows[end]) - _minutes(rows[start]) - rows[delay]
    return gap.notna() & (gap % _DAY != 0)


def flight_relations(real: pd.DataFrame) -> Relations:
    """Return what holds between the columns of flights, beside the routes that there are."""
    routes = real.groupby(["origin", "dest"])["distance"].agg(set)
    fliers = set(zip(real["carrier"], real["origin"], real["dest"], strict=True))

    def is_new(rows: pd.DataFrame) -> np.ndarray:
        return ~pd.MultiIndex.from_frame(rows[["origin", "dest"]]).isin(routes.index)

    def is_wrong_distance(rows: pd.DataFrame) -> np.ndarray:
        cells = zip(rows["origin"], rows["dest"], rows["distance"], strict=True)
        return np.array([far not in routes.get((a, b), ()) for a, b, far in cells])

    def is_new_carrier(rows: pd.DataFrame) -> np.ndarray:
        cells = zip(rows["carrier"], rows["origin"], rows["dest"], strict=True)
        return np.array([cell not in fliers for cell in cells])

    return {
        "departure = schedule + delay": lambda rows: _off_clock(
            rows, "dep_time", "sched_dep_time", "dep_delay"
        ),
        "arrival = schedule + delay": lambda rows: _off_clock(
            rows, "arr_time", "sched_arr_time", "arr_delay"
        ),
        "`hour` of the schedule": lambda rows: rows["hour"] != rows["sched_dep_time"] // 100,
        "`minute` of the schedule": lambda rows: rows["minute"] != rows["sched_dep_time"] % 100,
        "`month` and `day` of the time stamp": lambda rows: ~_same_day(rows),
        "the route exists": is_new,
        "`distance` is one of the route's": is_wrong_distance,
        "the carrier flies the route": is_new_carrier,
    }


def _same_day(rows: pd.DataFrame) -> pd.Series:
    local = rows["time_hour"].dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    return (
        (local.dt.month == rows["month"])
        & (local.dt.day == rows["day"])
        & (local.dt.hour == rows["hour"])
    )


def _flights(n_rows: int | None) -> Dataset:
    frame = flights()
    if n_rows is not None:
        frame = frame.sample(n_rows, random_state=0).reset_index(drop=True)
    texts = ("carrier", "tailnum", "origin", "dest")
    numeric = tuple(frame.columns.drop([*texts, "time_hour"]))
    return Dataset("flights", frame, frame, numeric, texts, "carrier", dates=("time_hour",))


def flights_whole(_: int) -> dict[str, Any]:
    """Judge flights of a fit to all rows, which trains until it is learnt.

    Beside them stands one half of the real rows, judged by the other. A trend is judged in ten bins
    between each table's own ends, so that a table without one of two single rows has other bins;
    without these rows in either table it says how well trends are learnt.
    """
    data = _flights(None)
    relations = flight_relations(data.train)
    rows, cell = _drawn(data, "auto", 0, relations, {"conditional": False})
    half = data.train.sample(frac=0.5, random_state=0)
    others = replace(data, train=data.train.drop(half.index).reset_index(drop=True))
    real = {
        "broken": broken_shares(half, relations),
        **_quality(others, half),
        "trend_err_inner": _inner_trend(others, half),
    }
    cell["trend_err_inner"] = _inner_trend(data, rows)
    return {"rows": len(data.train), "cell": cell, "real": real}


def _inner_trend(data: Dataset, rows: pd.DataFrame) -> float:
    return _quality(replace(data, train=_inner(data.train)), _inner(rows))["trend_err"]


def _inner(rows: pd.DataFrame) -> pd.DataFrame:
    kept = [rows[name].between(*ends) for name, ends in FLIGHT_ENDS.items()]
    return rows[np.logical_and.reduce(kept)].reset_index(drop=True)


def _quality(data: Dataset, rows: pd.DataFrame) -> dict[str, float]:
    judge, synthetic = plain(data, rows.reset_index(drop=True))
    return quality_errors(judge.train, judge.test, synthetic, judge)


def flights_kept(_: int) -> dict[str, Any]:
    """Compare flights drawn with rules and without: relations, detective and trends."""
    data = _flights(FLIGHT_ROWS)
    frame = data.train
    relations = flight_relations(frame)
    out: dict[str, Any] = {"rows": FLIGHT_ROWS, "steps": FLIGHT_STEPS, "cells": {}}
    out["cells"]["real"] = {"broken": broken_shares(frame, relations)}
    for name, rules in (("without", None), ("with", "auto")):
        options = {"max_steps": FLIGHT_STEPS, "conditional": False}
        out["cells"][name] = _cell(data, rules, 0, relations, options)
    return out


def _cell(
    data: Dataset,
    rules: Any,
    seed: int,
    relations: Relations,
    options: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    return _drawn(data, rules, seed, relations, options)[1]


def _drawn(
    data: Dataset, rules: Any, seed: int, relations: Relations, options: Mapping[str, Any]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    start = time.perf_counter()
    model = WGANGPSynthesizer(rules=rules, random_state=seed, **options).fit(data.train)
    fitted = time.perf_counter()
    rows = model.sample(len(data.train), random_state=seed)
    drawn = time.perf_counter()
    judge, synthetic = plain(data, rows)
    figures = {
        **c2st_xgb(judge.train, judge.test, synthetic, judge),
        **quality_errors(judge.train, judge.test, synthetic, judge),
    }
    return rows, {
        "rules": str(model.rules_).splitlines(),
        "n_broken": int(sum(line["rows"] for line in judged(list(model.rules_), rows)["broken"])),
        "partial": judged(list(model.rules_), rows)["partial"],
        "broken": broken_shares(rows, relations),
        "drawn_again": drawn_again(model, seed),
        "steps": model.n_iter_,
        "fit_seconds": fitted - start,
        "draw_seconds": drawn - fitted,
        **figures,
    }


def drawn_again(model: WGANGPSynthesizer, seed: int) -> float:
    """Return which share of rows, as they are drawn first, breaks a rule and so must not leave."""
    sampler, transformer = model.sampler_, model.transformer_
    drawn = sampler.draw(N_DRAWN, sampler.noise(seed))
    rows = transformer.decode_frame(drawn, random_state=seed)
    return float(Law(transformer.reduction_).breaks_by_itself(rows).mean())


def kc1(_: int) -> dict[str, Any]:
    """Compare the software metrics drawn with rules and without, over several seeds."""
    data = load("kc1")
    cells: dict[str, list[Any]] = {"without": [], "with": []}
    for seed in KC1_SEEDS:
        for name, rules in (("without", None), ("with", "auto")):
            cells[name].append(_cell(data, rules, seed, {}))
    return {"rows": len(data.train), "cells": cells}


PARTS = {
    "kept": kept,
    "placements": placements,
    "sdmetrics": sdmetrics_demo,
    "flights": flights_kept,
    "flights-whole": flights_whole,
    "kc1": kc1,
}
