"""What `find_rules` finds and how fast, and whether drawn rows keep it.

Run from the repository root::

    python -m benchmarks.rules planted real time
    python -m benchmarks.rules kept placements sdmetrics flights flights-whole kc1 sdv
    python -m benchmarks.rules page

Results go to ``benchmarks/results/rules.json``, tables to ``docs/benchmarks/rules.md``.
"""

from __future__ import annotations

import argparse
import json
import resource
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import rules_kept, rules_kept_page, rules_peers
from benchmarks.cell import machine
from benchmarks.data import REPOSITORY, flights, load
from benchmarks.page import markdown_table, measured, write_part
from benchmarks.rules_planted import BASES, PLANTS, Plan, draw, is_found, make_plan
from synthwgan.rules import Rule, RuleSet, find_rules

RESULTS = REPOSITORY / "benchmarks" / "results" / "rules.json"
PAGE = REPOSITORY / "docs" / "benchmarks" / "rules.md"
N_TABLES = 200
_FRESH_ROWS = 20_000
_FREE = 100_000


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="+", choices=[*PARTS, "page"])
    parser.add_argument("--tables", type=int, default=N_TABLES, help="planted and free tables")
    options = parser.parse_args(arguments)
    for part in options.parts:
        if part == "page":
            write_page(_results())
            continue
        measured_part = {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(["synthwgan", "numpy", "pandas"]),
            **PARTS[part](options.tables),
        }
        # Read anew: another run may have written another part.
        RESULTS.write_text(json.dumps({**_results(), part: measured_part}, indent=1) + "\n")


def _results() -> dict[str, Any]:
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def planted(n_tables: int) -> dict[str, Any]:
    """Count the planted rules that are found, and the found ones that fresh rows break."""
    total, hits, missed, wrong = Counter(), Counter(), [], []
    n_found = 0
    for seed in range(n_tables):
        plan, n_rows = make_plan(seed, with_rules=True)
        found = find_rules(draw(plan, n_rows, seed))
        n_found += len(found)
        for kind, rule in zip(plan.kinds, plan.rules, strict=True):
            total[kind] += 1
            if is_found(rule, list(found)):
                hits[kind] += 1
            else:
                missed.append({"seed": seed, "rows": n_rows, "kind": kind, "rule": str(rule)})
        fresh = draw(plan, _FRESH_ROWS, 10**6 + seed)
        wrong += [{"seed": seed, "rule": str(rule)} for rule in found if not _holds(rule, fresh)]
    free = [len(find_rules(draw(*_free(seed), seed))) for seed in range(n_tables)]
    return {
        "n_tables": n_tables,
        "kinds": {kind: [hits[kind], total[kind]] for kind in sorted(total)},
        "missed": missed,
        "n_found": n_found,
        "wrong": wrong,
        "free_tables_with_rules": int(np.count_nonzero(free)),
    }


def _free(seed: int) -> tuple[Plan, int]:
    return make_plan(_FREE + seed, with_rules=False)


def _holds(rule: Rule, fresh: pd.DataFrame) -> bool:
    """Whether rows drawn anew break a rule hardly more often than those it was found in.

    The edges of bands lie somewhere between what was seen, so one row in a hundred may miss them.
    """
    broken = float((~rule.check(fresh)).mean())
    slack = 0.01 if type(rule).__name__ == "Bands" else 0.001
    return broken <= 1.3 * (1 - rule.support_.share) + slack


def real(_: int) -> dict[str, Any]:
    """List what is found in real tables, and count it in permuted ones."""
    tables = {
        "demo": _demo(),
        "flights": flights(),
        "kc1": _kc1(),
        "adult": load("adult").train,
        "shoppers": load("shoppers").train,
    }
    out: dict[str, Any] = {}
    for name, table in tables.items():
        rules, seconds = _timed(table)
        out[name] = {
            "rows": len(table),
            "columns": table.shape[1],
            "seconds": seconds,
            "rules": str(rules).splitlines(),
        }
    for name in ("adult", "shoppers"):
        found = [len(find_rules(_permuted(tables[name], seed))) for seed in range(10)]
        out[name]["in_10_permuted_tables"] = sum(found)
    return {"tables": out}


def _timed(table: pd.DataFrame) -> tuple[RuleSet, float]:
    start = time.process_time()
    rules = find_rules(table)
    return rules, time.process_time() - start


def _permuted(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {name: table[name].to_numpy()[rng.permutation(len(table))] for name in table}
    )


def _demo() -> pd.DataFrame:
    from sdmetrics.demos import load_demo

    tables = load_demo(modality="single_table")[0]
    return next(iter(tables.values())) if isinstance(tables, dict) else tables


def _kc1() -> pd.DataFrame:
    folder = REPOSITORY.parent / "shared" / "data"
    parts = [pd.read_csv(folder / f"kc1_{part}.csv.gz") for part in ("train", "test")]
    return pd.concat(parts, ignore_index=True)


def timing(_: int) -> dict[str, Any]:
    """Measure discovery in wide and in long tables: seconds of the processor, and memory."""
    rows = []
    for n_columns, n_rows in ((20, 10_000), (100, 10_000), (100, 1_000_000), (1000, 10_000)):
        table = wide(n_columns, n_rows)
        with _Memory() as memory:
            rules, seconds = _timed(table)
        rows.append(
            {
                "columns": table.shape[1],
                "rows": n_rows,
                "seconds": seconds,
                "more_memory_gb": memory.grown / 1e9,
                "rules": len(rules),
                "left_out": rules.left_out,
            }
        )
    return {"rows": rows}


class _Memory:
    """The most memory that the process held, above what it held at first, in bytes."""

    def __enter__(self) -> _Memory:
        self._first = self._most = _resident()
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()
        return self

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            self._most = max(self._most, _resident())

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watcher.join()
        self.grown = self._most - self._first


def _resident() -> int:
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize()


def wide(n_columns: int, n_rows: int) -> pd.DataFrame:
    """Return a table with one planted rule of each kind, if they fit, among other columns."""
    rng = np.random.default_rng(0)
    plan = Plan()
    for plant in PLANTS:
        if len(plan.steps) < n_columns - 8:
            plant(plan, rng)
    hidden = sum("latentkey" in name for name, _ in plan.steps)
    while len(plan.steps) < n_columns + hidden:
        BASES[int(rng.integers(len(BASES)))](plan, rng)
    return draw(plan, n_rows, 0)


PARTS = {"planted": planted, "real": real, "time": timing, **rules_kept.PARTS, **rules_peers.PARTS}


def write_page(results: dict[str, Any]) -> None:
    part = results["planted"]
    lines = [[kind, f"{hit} of {total}"] for kind, (hit, total) in part["kinds"].items()]
    hit, total = np.sum(list(part["kinds"].values()), axis=0)
    lines.append(["**all**", f"**{hit} of {total}, {100 * hit / total:.1f} %**"])
    text = markdown_table(["Planted", "Found"], lines)
    text += (
        f"\n\n{part['n_tables']} tables. Of {part['n_found']} rules that were found in them, fresh "
        f"rows broke {len(part['wrong'])}. In {part['free_tables_with_rules']} of "
        f"{part['n_tables']} tables without rules anything was found. {measured([part])}"
    )
    write_part(PAGE, "planted", text)
    shown = []
    for name, table in results["real"]["tables"].items():
        shown.append(f"**{name}**, {table['rows']:,} rows, {table['columns']} columns")
        if "in_10_permuted_tables" in table:
            shown[-1] += f"; in ten permuted copies {table['in_10_permuted_tables']} rules"
        shown.append("```text\n" + "\n".join(table["rules"]) + "\n```")
    write_part(PAGE, "real", "\n\n".join([*shown, measured([results["real"]])]))
    lines = [
        [
            f"{row['columns']:,}",
            f"{row['rows']:,}",
            f"{row['seconds']:.0f}",
            "-" if row["more_memory_gb"] is None else f"{row['more_memory_gb']:.1f}",
            str(row["rules"]),
            "; ".join(row["left_out"]) or "nothing",
        ]
        for row in results["time"]["rows"]
    ]
    titles = ["Columns", "Rows", "Seconds", "Memory beyond the table, GB", "Rules", "Left out"]
    text = f"{markdown_table(titles, lines)}\n\n{measured([results['time']])}"
    write_part(PAGE, "time", text)
    for name, text_of in rules_kept_page.TEXTS.items():
        if name in results:
            write_part(PAGE, name, text_of(results[name]))


if __name__ == "__main__":
    main()
