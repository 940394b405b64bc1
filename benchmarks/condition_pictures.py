"""The pictures of the guide to conditions: real rows of a kind beside generated ones.

Run from the repository root; it fits Adult, or takes a model that is saved::

    python -m benchmarks.condition_pictures
    python -m benchmarks.condition_pictures --model-file adult.safetensors
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks.data import REPOSITORY, load
from benchmarks.pictures import OWN_COLOUR, REAL_COLOUR, STYLE
from synthwgan import WGANGPSynthesizer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FOLDER = REPOSITORY / "docs" / "guide"
N_ROWS = 4000
MIN_HOURS = 60
SEED = 0
RICH = ">50K"
AGE_CONDITIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("marital.status = Never-married", {"marital.status": "Never-married"}),
    ("marital.status = Widowed", {"marital.status": "Widowed"}),
    ("income > 50K and sex = Female", {"income": RICH, "sex": "Female"}),
    (f"hours.per.week >= {MIN_HOURS}", {"hours.per.week": (MIN_HOURS, None)}),
)
INCOME_COLUMNS = ("education", "occupation")


def meets(table: pd.DataFrame, conditions: dict[str, Any]) -> pd.DataFrame:
    """Rows of a table that meet conditions of the forms used here."""
    chosen = np.ones(len(table), dtype=bool)
    for column, wanted in conditions.items():
        if isinstance(wanted, tuple):
            chosen &= (table[column] >= wanted[0]).to_numpy()
        else:
            chosen &= (table[column] == wanted).to_numpy()
    return table[chosen]


def draw_ages(model: WGANGPSynthesizer, real: pd.DataFrame, path: Path) -> None:
    """Age under some conditions: a panel each, real and generated."""
    from matplotlib import pyplot

    bins = np.arange(15, 95, 5)
    figure, panels = pyplot.subplots(2, 2, figsize=(9, 5.5), layout="constrained", sharex=True)
    for axes, (title, conditions) in zip(panels.flat, AGE_CONDITIONS, strict=True):
        drawn = model.sample(N_ROWS, conditions=conditions, random_state=SEED)
        of_real = meets(real, conditions)
        axes.hist(of_real["age"], bins, density=True, color=REAL_COLOUR, alpha=0.35)
        options = {"density": True, "histtype": "step", "linewidth": 2}
        axes.hist(drawn["age"], bins, color=OWN_COLOUR, **options)
        axes.set(title=f"{title}  ({len(of_real)} real rows)", yticks=[], xlabel="age")
        axes.title.set_fontsize(9)
    _label(panels[0, 0])
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def draw_shares(model: WGANGPSynthesizer, real: pd.DataFrame, path: Path) -> None:
    """Share of high incomes given each state of some columns, real against generated."""
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, len(INCOME_COLUMNS), figsize=(9, 4.5), layout="constrained")
    for axes, column in zip(panels, INCOME_COLUMNS, strict=True):
        shares = (real["income"] == RICH).groupby(real[column]).mean().sort_values()
        drawn = [
            (
                model.sample(N_ROWS, conditions={column: state}, random_state=SEED)["income"]
                == RICH
            ).mean()
            for state in shares.index
        ]
        places = np.arange(len(shares))
        axes.barh(places, shares, color=REAL_COLOUR, alpha=0.35)
        axes.plot(drawn, places, "D", color=OWN_COLOUR, markersize=5)
        axes.set(yticks=places, yticklabels=shares.index, xlabel=f"share of income {RICH}")
        axes.set_title(f"given {column}", fontsize=9)
    _label(panels[0])
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def _label(axes: Axes) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [
        Patch(color=REAL_COLOUR, alpha=0.35, label="real"),
        Line2D([], [], color=OWN_COLOUR, linewidth=2, label="generated"),
    ]
    axes.legend(handles=handles, frameon=False, fontsize=9, loc="best")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model-file", type=Path, help="a model of Adult, instead of fitting one")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args(arguments)
    real = load("adult").train
    if options.model_file is None:
        model = WGANGPSynthesizer(random_state=SEED, verbose=1).fit(real)
    else:
        model = WGANGPSynthesizer.load(options.model_file)
    import matplotlib

    matplotlib.use("svg")
    with matplotlib.rc_context(STYLE):
        draw_ages(model, real, options.folder / "conditions-age.svg")
        draw_shares(model, real, options.folder / "conditions-income.svg")


if __name__ == "__main__":
    main()
