"""The picture of the guide to rules: rows drawn without and with them, beside real ones.

Run from the repository root; it fits two models of an invented table::

    python -m benchmarks.rule_pictures
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.data import REPOSITORY
from benchmarks.pictures import OWN_COLOUR, PEER_COLOUR, STYLE
from synthwgan import WGANGPSynthesizer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FOLDER = REPOSITORY / "docs" / "guide"
N_ROWS = 1000
SEED = 0
COUNTRIES = {"Rome": "Italy", "Milan": "Italy", "Oslo": "Norway", "Paris": "France"}


def orders(n_rows: int, seed: int) -> pd.DataFrame:
    """Return the orders of the guide to rules."""
    rng = np.random.default_rng(seed)
    days = pd.to_timedelta(rng.integers(0, 365, n_rows), unit="D")
    table = pd.DataFrame({"ordered": pd.Timestamp("2024-01-01") + days})
    table["shipped"] = table["ordered"] + pd.to_timedelta(rng.integers(0, 60, n_rows), unit="D")
    table["month"] = table["ordered"].dt.month
    table["pieces"] = rng.integers(1, 20, n_rows)
    table["price"] = rng.integers(100, 9_999, n_rows) / 100
    table["amount"] = (table["pieces"] * table["price"]).round(2)
    table["city"] = rng.choice(list(COUNTRIES), n_rows)
    table["country"] = table["city"].map(COUNTRIES)
    return table


def _draw_points(axes: Axes, x: pd.Series, y: pd.Series, broken: pd.Series) -> None:
    for rows, colour in ((~broken, OWN_COLOUR), (broken, PEER_COLOUR)):
        axes.scatter(x[rows], y[rows], s=6, color=colour, alpha=0.5, linewidths=0, rasterized=True)


def draw_dates(axes: Axes, rows: pd.DataFrame) -> float:
    """Draw the days of shipping against those of the order, and return how many break the rule."""
    ordered, shipped = (
        (rows[name] - pd.Timestamp("2024-01-01")).dt.days for name in ("ordered", "shipped")
    )
    broken = shipped < ordered
    _draw_points(axes, ordered, shipped, broken)
    axes.plot([0, 365], [0, 365], color="black", linewidth=0.7)
    axes.set(xlabel="ordered, day of 2024", ylabel="shipped", xlim=(-10, 375), ylim=(-10, 435))
    return float(broken.mean())


def draw_amounts(axes: Axes, rows: pd.DataFrame) -> float:
    """Draw amounts against what they should be, and return how many are not."""
    right = (rows["pieces"] * rows["price"]).round(2)
    broken = (right - rows["amount"]).abs() > 0.01
    _draw_points(axes, right, rows["amount"], broken)
    axes.plot([0, 1900], [0, 1900], color="black", linewidth=0.7)
    limits = (-50, 1950)
    axes.set(xlabel="pieces x price", ylabel="amount", xlim=limits, ylim=limits)
    return float(broken.mean())


def draw_months(axes: Axes, rows: pd.DataFrame) -> float:
    """Draw months against days of the order, and return how many are wrong."""
    broken = rows["ordered"].dt.month != rows["month"]
    days = (rows["ordered"] - pd.Timestamp("2024-01-01")).dt.days
    _draw_points(axes, days, rows["month"], broken)
    axes.set(xlabel="ordered, day of 2024", ylabel="month", xlim=(-10, 375), yticks=(1, 4, 7, 10))
    return float(broken.mean())


DRAWN: tuple[tuple[str, Callable[[Axes, pd.DataFrame], float]], ...] = (
    ("shipped >= ordered", draw_dates),
    ("amount = pieces * price", draw_amounts),
    ("month = month of ordered", draw_months),
)


def draw(tables: dict[str, pd.DataFrame], path: Path) -> None:
    """Draw a row of panels for each table, and a column for each rule."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    with pyplot.rc_context(STYLE):
        size = {"figsize": (9, 2.6 * len(tables)), "layout": "constrained"}
        figure, panels = pyplot.subplots(len(tables), len(DRAWN), **size)
        for row, (name, table) in enumerate(tables.items()):
            for axes, (rule, draw_rule) in zip(panels[row], DRAWN, strict=True):
                share = draw_rule(axes, table)
                axes.set_title(f"{name}: {share:.0%} break\n{rule}", fontsize=9)
        figure.savefig(path, metadata={"Date": None}, dpi=150)
        pyplot.close(figure)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--max-steps", type=int, help="of training, instead of the default")
    options = parser.parse_args(arguments)
    real = orders(N_ROWS, SEED)
    length = {} if options.max_steps is None else {"max_steps": options.max_steps}
    tables = {"real": real}
    for name, rules in (("without rules", None), ("with rules", "auto")):
        model = WGANGPSynthesizer(rules=rules, random_state=SEED, **length).fit(real)
        tables[name] = model.sample(N_ROWS, random_state=SEED)
    draw(tables, options.folder / "rules.svg")


if __name__ == "__main__":
    main()
