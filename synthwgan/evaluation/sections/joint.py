"""All columns at once: rows told apart by classifiers, and the clouds of points compared."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from synthwgan.evaluation.inputs import Tables
from synthwgan.evaluation.measures import Measure, Section
from synthwgan.evaluation.sections.accuracy import accuracy_measures
from synthwgan.evaluation.sections.detection import (
    N_FOLDS,
    boosting_auc,
    detect,
    held_out_area,
    logistic_area,
    verdict,
)
from synthwgan.evaluation.sections.features import Space
from synthwgan.evaluation.sections.manifold import manifold_intervals, manifold_scores
from synthwgan.evaluation.sections.yardsticks import Pair, Readings, Yardsticks

TITLE = "Are whole rows like real ones?"
MAX_POINTS = 5_000
# Of a quick report: points that are compared, and folds of the classifier that are judged.
QUICK_POINTS, QUICK_FOLDS = 2_000, 1
_LEFT_OUT = (
    "Left out, as the report is a quick one: two of the classifier's three folds, the one on "
    "unseen rows, the logistic one, what gives the table away, intervals, and all but "
    f"{QUICK_POINTS:,} rows of what asks which rows lie near which."
)
# Fewer rows judge nothing.
MIN_JUDGED = 50
_MANIFOLD = {
    "precision": (
        "Precision",
        "Do synthetic rows lie among real ones?",
        "Synthetic rows that lie among real ones.",
    ),
    "recall": (
        "Recall",
        "Do real rows lie among synthetic ones?",
        "Real rows that lie among synthetic ones.",
    ),
    "density": (
        "Density",
        "Do rows crowd where real rows do?",
        "How densely real rows surround the synthetic ones.",
    ),
    "coverage": (
        "Coverage of rows",
        "Is every part of the real table reached?",
        "Real rows with a synthetic one nearby.",
    ),
    "alpha_precision": (
        "Alpha precision",
        "Are rows as typical as real ones?",
        "Synthetic rows are as typical as real ones.",
    ),
    "beta_recall": (
        "Beta recall",
        "Are odd real rows matched, and typical ones?",
        "Real rows are matched, from typical to odd.",
    ),
}


def joint_section(tables: Tables, yardsticks: Yardsticks, rng: np.random.Generator) -> Section:
    """Tell whole rows apart by classifiers, and compare the two clouds of points.

    The floor is independent columns. A logistic regression sees little more than single columns,
    which are perfect there: its figure is shown and does not count.

    Parameters
    ----------
    tables : Tables
    yardsticks : Yardsticks
    rng : Generator
        Draws rows.
    """
    if len(tables.columns) < 2:
        note = "Skipped: rows of one column are judged by that column."
        return Section("joint", TITLE, notes=(note,), skipped=True)
    if yardsticks.quick:
        return _quick_section(yardsticks, rng)
    detection = detect(yardsticks.synthetic.reference, yardsticks.synthetic.candidate, rng)
    boosting = _boosting(detection.auc, detection.interval, yardsticks, rng)
    n_points = min(MAX_POINTS, yardsticks.n_common)
    measures = [
        boosting,
        *_held_out(tables, yardsticks, rng),
        *_manifold(yardsticks, n_points, rng),
        _logistic(yardsticks, n_points, rng),
        *accuracy_measures(yardsticks, 3, rng),
    ]
    details = {"What gave it away": detection.importances, "Pairs": detection.pairs}
    notes = (verdict(detection, boosting.ceiling), yardsticks.note)
    return Section("joint", TITLE, tuple(measures), details, notes)


def _quick_section(yardsticks: Yardsticks, rng: np.random.Generator) -> Section:
    own = yardsticks.synthetic
    area = boosting_auc(own.reference, own.candidate, rng, QUICK_FOLDS)
    measures = (
        _boosting(area, None, yardsticks, rng),
        *_manifold(yardsticks, min(QUICK_POINTS, yardsticks.n_common), rng),
        *accuracy_measures(yardsticks, 3, rng),
    )
    return Section("joint", TITLE, measures, notes=(_LEFT_OUT, yardsticks.note))


def _boosting(
    area: float,
    interval: tuple[float, float] | None,
    yardsticks: Yardsticks,
    rng: np.random.Generator,
) -> Measure:
    folds = QUICK_FOLDS if yardsticks.quick else N_FOLDS
    ceiling, *floors = (
        {"c2st_boosting": boosting_auc(pair.reference, pair.candidate, rng, folds)}
        for pair in (yardsticks.ceiling, *yardsticks.independent)
    )
    readings = Readings({"c2st_boosting": area}, tuple(floors), ceiling)
    return readings.measure(
        "c2st_boosting",
        "C2ST, boosted trees",
        higher=False,
        interval=interval,
        question="Can a classifier tell them apart?",
        meaning="Area under the ROC curve of trees that tell synthetic from real; 0.5 is chance.",
    )


def _held_out(tables: Tables, yardsticks: Yardsticks, rng: np.random.Generator) -> list[Measure]:
    """The detective on rows that nobody learnt from, where there are test rows."""
    if tables.test is None:
        return []
    candidates = [tables.synthetic, *(pair.candidate for pair in yardsticks.independent)]
    if min(map(len, candidates)) < 2 * MIN_JUDGED or len(tables.test) < MIN_JUDGED:
        return []
    own, *floors = (held_out_area(tables.real, rows, tables.test, rng) for rows in candidates)
    floors = tuple({"held_out_boosting": area.above_chance} for area in floors)
    # Fresh real rows are of the distribution of the test rows: nothing can tell them apart.
    readings = Readings({"held_out_boosting": own.above_chance}, floors, {"held_out_boosting": 0.5})
    return [
        readings.measure(
            "held_out_boosting",
            "Boosted trees, unseen rows",
            higher=False,
            interval=own.interval(rng),
            question="Can it tell fresh rows from unseen real ones?",
            meaning="The same on test rows and fresh synthetic ones: copying real rows is no help.",
        )
    ]


def _logistic(yardsticks: Yardsticks, n_points: int, rng: np.random.Generator) -> Measure:
    areas = [
        logistic_area(*_points(pair, n_points, rng))
        for pair in (yardsticks.synthetic, yardsticks.ceiling, *yardsticks.independent)
    ]
    own, ceiling, *floors = ({"c2st_logistic": area.above_chance} for area in areas)
    return Readings(own, tuple(floors), ceiling).measure(
        "c2st_logistic",
        "C2ST, logistic",
        higher=False,
        interval=areas[0].interval(rng),
        meaning="The same of a logistic regression, which sees little more than single columns.",
        counts=False,
        question="Can a simple classifier tell them apart?",
        aside="it sees little more than single columns, which have a section of their own",
    )


def _manifold(yardsticks: Yardsticks, n_points: int, rng: np.random.Generator) -> list[Measure]:
    own = _points(yardsticks.synthetic, n_points, rng)
    others = (yardsticks.ceiling, *yardsticks.independent)
    ceiling, *floors = (asdict(manifold_scores(*_points(pair, n_points, rng))) for pair in others)
    readings = Readings(asdict(manifold_scores(*own)), tuple(floors), ceiling)
    intervals = {} if yardsticks.quick else manifold_intervals(*own, rng)
    return [
        readings.measure(
            key, label, interval=intervals.get(key), question=question, meaning=meaning
        )
        for key, (label, question, meaning) in _MANIFOLD.items()
    ]


def _points(pair: Pair, n_points: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    space = Space(pair.reference)
    reference, candidate = (
        space.points(rows.sample(n_points, rng)) for rows in (pair.reference, pair.candidate)
    )
    return reference, candidate
