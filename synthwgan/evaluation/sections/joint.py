"""All columns at once: rows told apart by classifiers, and the clouds of points compared."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np

from synthwgan.evaluation.measures import Measure, Section
from synthwgan.evaluation.sections.detection import Detection, boosting_auc, detect, verdict
from synthwgan.evaluation.sections.features import Space
from synthwgan.evaluation.sections.intervals import repeats_interval
from synthwgan.evaluation.sections.manifold import manifold_intervals, manifold_scores
from synthwgan.evaluation.sections.sdmetrics_calls import logistic_detection
from synthwgan.evaluation.sections.yardsticks import Pair, Readings, Yardsticks
from synthwgan.evaluation.tables import Rows, Tables

TITLE = "Are whole rows like real ones?"
MAX_POINTS = 5_000
N_REPEATS = 3
_MANIFOLD = {
    "precision": ("Precision", "Synthetic rows that lie among real ones."),
    "recall": ("Recall", "Real rows that lie among synthetic ones."),
    "density": ("Density", "How densely real rows surround the synthetic ones."),
    "coverage": ("Coverage of rows", "Real rows with a synthetic one nearby."),
    "alpha_precision": ("Alpha precision", "Synthetic rows are as typical as real ones."),
    "beta_recall": ("Beta recall", "Real rows are matched, from typical to odd."),
}


def joint_section(tables: Tables, yardsticks: Yardsticks, rng: np.random.Generator) -> Section:
    """Tell whole rows apart by classifiers, and compare the two clouds of points.

    The logistic classifier of sdmetrics sees little more than single columns, so that it counts
    against a flat table; everything else counts against independent columns.

    Parameters
    ----------
    tables : Tables
    yardsticks : Yardsticks
    rng : Generator
        Draws rows.
    """
    detection = detect(yardsticks.synthetic.reference, yardsticks.synthetic.candidate, rng)
    boosting = _boosting(detection, yardsticks, rng)
    n_points = min(MAX_POINTS, yardsticks.n_common)
    measures, notes = [boosting], [verdict(detection, boosting.ceiling), yardsticks.note]
    try:
        measures.append(_logistic(yardsticks, n_points, rng))
    except ImportError as error:
        notes.append(f"Without the logistic classifier: {error}")
    measures += _manifold(yardsticks, n_points, rng)
    details = {"What gave it away": detection.importances, "Pairs": detection.pairs}
    return Section("joint", TITLE, tuple(measures), details, tuple(notes))


def _boosting(detection: Detection, yardsticks: Yardsticks, rng: np.random.Generator) -> Measure:
    areas = (
        boosting_auc(pair.reference, pair.candidate, rng)
        for pair in (yardsticks.independent, yardsticks.ceiling)
    )
    readings = Readings(*({"c2st_boosting": area} for area in (detection.auc, *areas)))
    return readings.measure(
        "c2st_boosting",
        "C2ST, boosted trees",
        higher=False,
        interval=detection.interval,
        meaning="Area under the ROC curve of trees that tell synthetic from real; 0.5 is chance.",
    )


def _logistic(yardsticks: Yardsticks, n_points: int, rng: np.random.Generator) -> Measure:
    def detection(reference: Rows, candidate: Rows) -> dict[str, float]:
        points = _points(Pair(reference, candidate), n_points, rng)
        return {"c2st_logistic": logistic_detection(*points)}

    own = yardsticks.synthetic
    repeats = [
        detection(own.reference, own.candidate)["c2st_logistic"] for _ in range(N_REPEATS - 1)
    ]
    readings = yardsticks.measure(detection, "flat")
    repeats.append(readings.synthetic["c2st_logistic"])
    readings = replace(readings, synthetic={"c2st_logistic": float(np.mean(repeats))})
    return readings.measure(
        "c2st_logistic",
        "C2ST, logistic",
        interval=repeats_interval(repeats),
        meaning="1 if a logistic regression cannot tell them apart, 0 if it can (sdmetrics).",
    )


def _manifold(yardsticks: Yardsticks, n_points: int, rng: np.random.Generator) -> list[Measure]:
    own = _points(yardsticks.synthetic, n_points, rng)
    others = (_points(pair, n_points, rng) for pair in (yardsticks.independent, yardsticks.ceiling))
    readings = Readings(*(asdict(manifold_scores(*points)) for points in (own, *others)))
    intervals = manifold_intervals(*own, rng)
    return [
        readings.measure(key, label, interval=intervals[key], meaning=meaning)
        for key, (label, meaning) in _MANIFOLD.items()
    ]


def _points(pair: Pair, n_points: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    space = Space(pair.reference)
    return tuple(
        space.points(rows.sample(n_points, rng)) for rows in (pair.reference, pair.candidate)
    )
