"""The pictures of the guide to several tables: the four hospitals of the heart tables.

Run from the repository root; it fits them, or takes a model that is saved. What rows of other
hospitals gain is drawn from the records of ``benchmarks.radial``, if there are any::

    python -m benchmarks.domain_pictures
    python -m benchmarks.domain_pictures --model-file heart.safetensors
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks.cell import RESULTS
from benchmarks.data import HOSPITALS, REPOSITORY, load_hospital
from benchmarks.pictures import OWN_COLOUR, PEER_COLOUR, REAL_COLOUR, STYLE
from benchmarks.radial_figures import read_records
from benchmarks.radial_measures import LEARNERS
from synthwgan import RadialGANSynthesizer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FOLDER = REPOSITORY / "docs" / "guide"
TARGET = "disease"
SEED = 0
HOSPITAL_COLOURS = (OWN_COLOUR, PEER_COLOUR, REAL_COLOUR, "#b8336a")
DISEASE_COLOURS = {"0": "#8fa3ad", "1": "#b71c1c"}
DISEASE_NAMES = {"0": "no disease", "1": "disease"}
METHODS = {
    "target": ("own rows only", "#8fa3ad"),
    "as-is": ("and others as they are", PEER_COLOUR),
    "radial": ("and RadialGAN's, with gaps", OWN_COLOUR),
    "filled": ("and RadialGAN's, filled", "#9fa8da"),
}


def principal_components(latents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First two principal components of rows, and the share of the variance of each."""
    centred = latents - latents.mean(0)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    return left[:, :2] * singular[:2], (singular**2 / (singular**2).sum())[:2]


def draw_latents(
    model: RadialGANSynthesizer, tables: Mapping[str, pd.DataFrame], path: Path
) -> None:
    """Latent vectors of all hospitals' rows, by hospital and by disease, which is not encoded."""
    from matplotlib import pyplot

    latents = np.concatenate(
        [model.encode(table.drop(columns=TARGET), name) for name, table in tables.items()]
    )
    hospital = np.concatenate([[name] * len(table) for name, table in tables.items()])
    disease = np.concatenate([table[TARGET].astype(str) for table in tables.values()])
    points, shares = principal_components(latents)
    figure, panels = pyplot.subplots(
        1, 2, figsize=(10, 4.8), layout="constrained", sharex=True, sharey=True
    )
    colours = dict(zip(tables, HOSPITAL_COLOURS, strict=True))
    _scatter(panels[0], points, hospital, colours, dict(zip(tables, tables, strict=True)))
    _scatter(panels[1], points, disease, DISEASE_COLOURS, DISEASE_NAMES)
    for axes, title in zip(panels, ("by hospital", "by disease"), strict=True):
        axes.set_title(title, fontsize=10)
        axes.set(xlabel=f"first principal component ({shares[0]:.0%} of the variance)")
    panels[0].set(ylabel=f"second ({shares[1]:.0%})")
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def _scatter(
    axes: Axes,
    points: np.ndarray,
    group: np.ndarray,
    colours: Mapping[str, str],
    names: Mapping[str, str],
) -> None:
    from matplotlib.lines import Line2D

    # In one call and in a random order, so that no group covers another.
    order = np.random.default_rng(SEED).permutation(len(points))
    axes.scatter(
        *points[order].T, s=14, c=[colours[one] for one in group[order]], alpha=0.6, linewidths=0
    )
    handles = []
    for name, colour in colours.items():
        middle = points[group == name].mean(0)
        axes.plot(*middle, "X", color=colour, markersize=11, markeredgecolor="white")
        label = f"{names[name]} ({(group == name).sum()})"
        handles.append(Line2D([], [], color=colour, marker="o", linestyle="", label=label))
    axes.legend(handles=handles, frameon=False, fontsize=9, loc="best")


def draw_gains(records: Sequence[dict[str, Any]], path: Path) -> bool:
    """Mean area under the curve at each hospital, by what was learnt from; False if not measured.

    Bars of uncertainty are 95 % intervals of the mean over seeds.
    """
    from matplotlib import pyplot

    areas = _areas(records)
    if areas.empty:
        return False
    figure, panels = pyplot.subplots(
        1, len(LEARNERS), figsize=(10, 4.2), layout="constrained", sharey=True
    )
    for axes, (learner, title) in zip(panels, LEARNERS.items(), strict=True):
        _points(axes, areas[areas["learner"] == learner])
        axes.set_title(title, fontsize=10)
    panels[0].set(ylabel="ROC AUC on the hospital's held-out rows")
    handles, labels = panels[0].get_legend_handles_labels()
    place = {"loc": "outside lower center", "ncols": len(METHODS)}
    figure.legend(handles, labels, frameon=False, fontsize=9, **place)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    return True


def _areas(records: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """A row for each hospital, method, seed and learner of the heart tables."""
    rows = [
        {name: record[name] for name in ("target", "method", "seed")}
        | {"learner": learner, "auc": area}
        for record in records
        if record["case"] == "heart" and record["method"] in METHODS
        for learner, area in record["auc"].items()
    ]
    return pd.DataFrame(rows)


def _points(axes: Axes, areas: pd.DataFrame) -> None:
    places = np.arange(len(HOSPITALS))
    for number, (method, (label, colour)) in enumerate(METHODS.items()):
        own = areas[areas["method"] == method].groupby("target")["auc"]
        if not len(own):
            continue
        mean, error = own.mean().reindex(HOSPITALS), own.sem().reindex(HOSPITALS)
        at = places + (number - (len(METHODS) - 1) / 2) * 0.17
        options = {"color": colour, "label": label, "markersize": 6, "linewidth": 2}
        axes.errorbar(at, mean, 1.96 * error.fillna(0), fmt="o", **options)
    axes.set(xticks=places, xticklabels=HOSPITALS)
    axes.grid(axis="y", color="#e0e0e0", linewidth=0.8)
    axes.set_axisbelow(True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model-file", type=Path, help="a model of them, instead of fitting one")
    parser.add_argument("--records", type=Path, default=RESULTS / "radial")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args(arguments)
    import matplotlib

    matplotlib.use("svg")
    with matplotlib.rc_context(STYLE):
        if not draw_gains(read_records(options.records), options.folder / "domains-gain.svg"):
            print(f"no records of the heart tables in {options.records}", file=sys.stderr)
        tables = {hospital: load_hospital(hospital) for hospital in HOSPITALS}
        if options.model_file is None:
            model = RadialGANSynthesizer(random_state=SEED, verbose=1).fit(tables, target=TARGET)
        else:
            model = RadialGANSynthesizer.load(options.model_file)
        draw_latents(model, tables, options.folder / "domains-latent.svg")


if __name__ == "__main__":
    main()
