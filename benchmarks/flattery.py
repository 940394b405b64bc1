"""Does the report flatter? Shuffled columns must score near 0 in what asks for relations.

Of each of twenty tables a third is kept as test rows. The rest, each of its columns shuffled by
itself, is judged as if it were synthetic; so are fresh real rows, which must score high. Run from
the repository root::

    python -m benchmarks.flattery

The scores go to ``benchmarks/results/flattery.json`` and to the page about the report. Tables from
outside scikit-learn are those of ``SYNTHWGAN_DATA``; those that are not there are left out.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.cell import RESULTS, limit_threads, machine, write
from benchmarks.data import REPOSITORY
from benchmarks.page import markdown_table, measured, write_part
from synthwgan.datasets import make_placements
from synthwgan.evaluation import evaluate

FILE = "flattery.json"
PAGE = REPOSITORY / "docs" / "benchmarks" / "reports.md"
PACKAGES = ("synthwgan", "scikit-learn", "pandas")
# What a table of independent columns must fail; the others do not ask for relations.
RELATIONS = ("pairs", "joint", "utility")
SECTIONS = ("validity", "columns", *RELATIONS, "privacy")
DATA = Path(os.environ.get("SYNTHWGAN_DATA", REPOSITORY.parent / "shared" / "data"))
MAX_ROWS = 900


def _toy(name: str) -> Callable[[], pd.DataFrame]:
    def load() -> pd.DataFrame:
        from sklearn import datasets

        return getattr(datasets, f"load_{name}")(as_frame=True).frame

    return load


def _stored(name: str) -> Callable[[], pd.DataFrame]:
    def load() -> pd.DataFrame:
        return pd.read_csv(DATA / name)

    return load


def orders() -> pd.DataFrame:
    """Orders with keys, moments, and addresses that hardly repeat."""
    rng = np.random.default_rng(1)
    n_rows = 900
    placed = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 365 * 24, n_rows), "h")
    n_items = 1 + rng.poisson(2, n_rows)
    country = rng.choice(["NO", "SE", "DK", "FI"], n_rows, p=[0.5, 0.25, 0.15, 0.1])
    express = rng.random(n_rows) < np.where(country == "NO", 0.5, 0.1)
    days = rng.poisson(np.where(express, 1, 5)) + 1
    streets = rng.choice(["Elm", "Oak", "Ash", "Fir", "Yew"], n_rows)
    return pd.DataFrame(
        {
            "order": [f"A{number:06d}" for number in rng.permutation(n_rows)],
            "placed": placed,
            "delivered": placed + pd.to_timedelta(days, "D"),
            "address": [
                f"{at} {one} Street"
                for at, one in zip(rng.integers(1, 90, n_rows), streets, strict=True)
            ],
            "country": country,
            "express": express,
            "items": n_items,
            "total": (n_items * rng.gamma(4, 12, n_rows)).round(2),
        }
    )


def telecom() -> pd.DataFrame:
    """Contracts whose charges are text, with some blanks, as one exporter writes them."""
    rng = np.random.default_rng(2)
    n_rows = 900
    tenure = rng.integers(0, 73, n_rows)
    monthly = (20 + 90 * rng.beta(1, 1.3, n_rows)).round(2)
    total = [f"{a * b:.2f}" if a else " " for a, b in zip(tenure, monthly, strict=True)]
    fast = np.where(monthly > 60, "Fiber", np.where(monthly > 35, "DSL", "No"))
    churn = rng.random(n_rows) < 1 / (1 + np.exp(0.06 * tenure - 0.02 * monthly))
    return pd.DataFrame(
        {
            "customer": [
                f"{a}-{b}"
                for a, b in zip(
                    rng.permutation(n_rows) + 1000,
                    rng.choice(["AB", "CD", "EF"], n_rows),
                    strict=True,
                )
            ],
            "tenure": tenure,
            "internet": fast,
            "contract": np.where(
                tenure > 40, "Two year", np.where(rng.random(n_rows) < 0.3, "One year", "Month")
            ),
            "monthly": monthly,
            "total": total,
            "churn": np.where(churn, "Yes", "No"),
        }
    )


def people() -> pd.DataFrame:
    """Staff with names that sometimes repeat, rare job titles and many categories."""
    rng = np.random.default_rng(3)
    n_rows = 600
    level = rng.integers(0, 6, n_rows)
    first, last = (rng.choice([f"{part}{at}" for at in range(60)], n_rows) for part in ("An", "Be"))
    return pd.DataFrame(
        {
            "name": [f"{one} {other}" for one, other in zip(first, last, strict=True)],
            "title": [
                f"{kind} {number}"
                for kind, number in zip(
                    np.array(["Clerk", "Cook", "Chemist", "Chief", "Coder", "Judge"])[level],
                    rng.integers(0, 40, n_rows),
                    strict=True,
                )
            ],
            "level": level,
            "town": rng.choice(
                [f"town {at}" for at in range(25)], n_rows, p=np.arange(25, 0, -1) / 325
            ),
            "pay": (20_000 * np.exp(0.25 * level + rng.normal(0, 0.1, n_rows))).round(-2),
            "since": (
                pd.Timestamp("2022-01-01")
                - pd.to_timedelta(level * 400 + rng.integers(0, 500, n_rows), "D")
            ).strftime("%d.%m.%Y"),
        }
    )


def wide() -> pd.DataFrame:
    """Ninety numbers that six hidden ones drive."""
    rng = np.random.default_rng(4)
    hidden = rng.normal(size=(400, 6))
    numbers = hidden @ rng.normal(size=(6, 90)) + rng.normal(size=(400, 90))
    return pd.DataFrame(numbers).add_prefix("x").assign(kind=np.where(hidden[:, 0] > 0, "a", "b"))


def tiny() -> pd.DataFrame:
    """Ninety rows."""
    rng = np.random.default_rng(5)
    size = rng.normal(size=90)
    return pd.DataFrame(
        {
            "size": size.round(2),
            "weight": (3 * size + rng.normal(0, 0.3, 90)).round(2),
            "class": np.select([size > 0.5, size > -0.5], ["L", "M"], "S"),
        }
    )


def survey() -> pd.DataFrame:
    """Answers from 1 to 5, all driven by one mood, many of them missing together."""
    rng = np.random.default_rng(6)
    mood = rng.normal(size=(700, 1))
    answers = np.digitize(mood + 0.8 * rng.normal(size=(700, 12)), [-1.2, -0.4, 0.4, 1.2]) + 1.0
    answers[(rng.random(700) < 0.25), 6:] = np.nan
    frame = pd.DataFrame(answers).add_prefix("q")
    return frame.assign(again=np.where(mood[:, 0] + rng.normal(size=700) > 0, "yes", "no"))


def gaps() -> pd.DataFrame:
    """Measurements of which most are missing, and each device lacks its own."""
    rng = np.random.default_rng(7)
    device = rng.choice(["A", "B", "C"], 800)
    frame = pd.DataFrame({"device": device, "hour": rng.integers(0, 24, 800)})
    for at, one in enumerate(["A", "B", "C", "A", "B"]):
        values = rng.lognormal(at, 1, 800) * (1 + frame["hour"] / 6)
        frame[f"sensor {at}"] = values.round(3).where(device == one)
    return frame


def bent() -> pd.DataFrame:
    """Numbers that depend on each other without any correlation."""
    rng = np.random.default_rng(8)
    angle, x = rng.uniform(0, 2 * np.pi, 800), rng.normal(size=800)
    return pd.DataFrame(
        {
            "x": x,
            "square": x**2 + rng.normal(0, 0.1, 800),
            "cosine": np.cos(angle) + rng.normal(0, 0.05, 800),
            "sine": np.sin(angle) + rng.normal(0, 0.05, 800),
        }
    )


# Each with the column that utility predicts.
TABLES: dict[str, tuple[Callable[[], pd.DataFrame], str]] = {
    "iris": (_toy("iris"), "target"),
    "wine": (_toy("wine"), "target"),
    "breast cancer": (_toy("breast_cancer"), "target"),
    "diabetes": (_toy("diabetes"), "target"),
    "digits": (_toy("digits"), "target"),
    "adult": (_stored("adult_train.csv.gz"), "income"),
    "shoppers": (_stored("shoppers_train.csv.gz"), "Revenue"),
    "electricity": (_stored("electricity_train.csv.gz"), "class"),
    "phoneme": (_stored("phoneme_train.csv.gz"), "Class"),
    "kc1": (_stored("kc1_train.csv.gz"), "defects"),
    "heart": (_stored("heart/cleveland.csv"), "disease"),
    "placements": (make_placements, "placed"),
    "orders": (orders, "express"),
    "telecom": (telecom, "churn"),
    "people": (people, "level"),
    "wide": (wide, "kind"),
    "tiny": (tiny, "class"),
    "survey": (survey, "again"),
    "gaps": (gaps, "device"),
    "bent": (bent, "sine"),
}


def parts(name: str, max_rows: int, seed: int = 0) -> dict[str, pd.DataFrame] | None:
    """Return training, test and fresh rows of a table; None if its file is not there.

    Parameters
    ----------
    name : str
        One of `TABLES`.
    max_rows : int
        Of larger tables so many rows are drawn.
    seed : int, default 0
        Draws and splits them.
    """
    try:
        frame = TABLES[name][0]()
    except FileNotFoundError:
        return None
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(frame))[:max_rows]
    rows = [frame.iloc[part].reset_index(drop=True) for part in np.array_split(order, 3)]
    return dict(zip(("real", "test", "fresh"), rows, strict=True))


def shuffled(frame: pd.DataFrame, seed: int = 1) -> pd.DataFrame:
    """Return the rows with each column shuffled by itself."""
    rng = np.random.default_rng(seed)
    return frame.apply(lambda column: column.iloc[rng.permutation(len(column))].to_numpy())


def measure(name: str, rows: dict[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """Judge shuffled and fresh rows of a table; return the scores."""
    target = TABLES[name][1]
    results = []
    for kind, candidate in (("shuffled", shuffled(rows["real"])), ("fresh", rows["fresh"])):
        started = time.process_time()
        report = evaluate(rows["real"], candidate, rows["test"], target, random_state=0)
        scores = {section.key: section.score for section in report.sections}
        results.append(
            {
                "date": datetime.now(UTC).isoformat(timespec="seconds"),
                "table": name,
                "rows": kind,
                "shape": list(rows["real"].shape),
                "scores": {"score": report.score, **scores},
                "not_scored": [
                    f"{part.key}: {one.label}: {one.why_not_scored}"
                    for part in report.sections
                    for one in part.not_scored
                ],
                "errors": [part.error for part in report.sections if part.error],
                "seconds": round(time.process_time() - started, 1),
                "machine": machine(PACKAGES),
            }
        )
    return results


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return the results as Markdown, with day and machine below."""
    titles = ("table", "rows × columns", "judged", "score", *SECTIONS)
    rows = [
        [
            one["table"],
            f"{one['shape'][0]} × {one['shape'][1]}",
            one["rows"],
            *(_hundred(one["scores"][key]) for key in ("score", *SECTIONS)),
        ]
        for one in results
    ]
    return f"{markdown_table(titles, rows)}\n\n{measured(results)} One thread."


def _hundred(score: float | None) -> str:
    return "–" if score is None or not np.isfinite(score) else f"{100 * score:.0f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Judge all tables, and rewrite the page."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.flattery",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--tables", nargs="+", choices=TABLES, help="only these; writes nothing")
    parser.add_argument("--max-rows", type=int, default=MAX_ROWS)
    options = parser.parse_args(arguments)
    limit_threads(1)
    results = []
    for name in options.tables or TABLES:
        rows = parts(name, options.max_rows)
        for one in [] if rows is None else measure(name, rows):
            results.append(one)
            scores = ", ".join(f"{key} {_hundred(value)}" for key, value in one["scores"].items())
            print(
                f"{name}, {one['rows']}: {scores}, {one['seconds']} s",
                *one["not_scored"],
                *one["errors"],
                sep="\n    ",
                flush=True,
            )
    if options.tables is None:
        write({"results": results}, RESULTS / FILE)
        write_part(PAGE, "flattery", table(results))


if __name__ == "__main__":
    main()
