"""What a synthetic table gives away about the rows it was made from.

The floor of privacy is the real table itself, handed out as if it were synthetic. The ceiling is
real rows that no model saw: they are as close to the training rows as chance makes them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from synthwgan.evaluation.inputs import Rows, Tables
from synthwgan.evaluation.measures import Measure, Section
from synthwgan.evaluation.sections.disclosure import disclosure_measure
from synthwgan.evaluation.sections.features import Space
from synthwgan.evaluation.sections.intervals import WeightedAUC, mean_interval
from synthwgan.evaluation.sections.manifold import nearest_distances
from synthwgan.evaluation.sections.yardsticks import Pair, Yardsticks

TITLE = "Does it keep its rows private?"
FAILING_COPIES = 0.1
# Below what the page calls strong: the tests that find most leaks have not been made.
LIMIT_WITHOUT_TEST = 0.85
MAX_CANDIDATES = 5_000
MAX_REFERENCES = 50_000
MAX_MEMBERS = 3_000
# Rows of a quick report whose neighbours are sought, and of training rows that are attacked.
QUICK_CANDIDATES = QUICK_MEMBERS = 1_000
# Of the plot, whose curves hardly change with more.
MAX_PLOTTED_ROWS, MAX_PLOTTED_FLOATS = 2_000, 2**22
_TIE = 1e-6
# How far beyond the ceiling the interval must lie, because the ceiling is a draw too.
_MARGINS = {
    "exact_copies": 0.005,
    "distance_ratio": 0.02,
    "closer_to_training": 0.02,
    "membership_auc": 0.01,
    "disclosure_protection": 0.02,
}
_PROMISE = (
    "No figure here proves privacy: each finds one kind of leak, and only a mechanism such as "
    "differential privacy bounds them all.",
    "Exact copies: none found does not mean that no row is nearly copied; a few may be chance, as "
    "the ceiling shows.",
    "Neighbour distance ratio: near 0, a row copies one real person and no crowd; it says nothing "
    "of which person.",
)
_PROMISE_HOLDOUT = (
    "Closer to training: 50 % is ideal; more means that training rows are repeated more than rows "
    "of the same source are. An average: one exposed person does not show.",
    "Membership inference: the attack knows a whole row and looks for its nearest synthetic one; "
    "0.5 is guessing. A stronger attacker may do better.",
)
_LEFT_OUT = (
    f"Left out, as the report is a quick one: all but {QUICK_CANDIDATES:,} rows whose neighbours "
    f"are sought, and all but {QUICK_MEMBERS:,} training rows that are attacked."
)
_NO_HOLDOUT = (
    f"Without test rows privacy scores at most {100 * LIMIT_WITHOUT_TEST:.0f}: its strongest "
    "tests, whether rows lie closer to training than to held-out rows and membership inference, "
    "need real rows that the model never saw."
)


def privacy_section(
    tables: Tables,
    yardsticks: Yardsticks,
    rng: np.random.Generator,
    target: Any = None,
) -> Section:
    """Look for copies and near copies, and attack the table.

    Parameters
    ----------
    tables : Tables
    yardsticks : Yardsticks
    rng : Generator
        Draws rows.
    target : column name, default None
        What the attacker of attribute disclosure wants to know; None takes a category.
    """
    own = Pair(tables.real, tables.synthetic)
    n_candidates = QUICK_CANDIDATES if yardsticks.quick else MAX_CANDIDATES
    n_members = QUICK_MEMBERS if yardsticks.quick else MAX_MEMBERS
    ratio, details = _distance_ratio(own, yardsticks.ceiling, n_candidates, rng)
    measures = [_copies(own, yardsticks.ceiling, rng), ratio]
    notes: list[str] = [*([_LEFT_OUT] if yardsticks.quick else []), *_PROMISE]
    if tables.test is None:
        notes.append(_NO_HOLDOUT)
    else:
        parts = tables.real, tables.test, tables.synthetic
        measures += [
            _closer_to_training(*parts, n_candidates, rng),
            _membership(*parts, n_members, rng),
        ]
        notes += _PROMISE_HOLDOUT
    disclosure = disclosure_measure(own, yardsticks.ceiling, rng, target)
    if disclosure is not None:
        measures.append(disclosure.measure)
        notes.append(disclosure.note)
    flags = _flags(measures)
    return Section(
        "privacy",
        TITLE,
        tuple(measures),
        details,
        (*flags, *notes, yardsticks.note),
        strict=True,
        limit=1.0 if tables.test is not None else LIMIT_WITHOUT_TEST,
    )


def copy_mask(reference: Rows, candidate: Rows) -> np.ndarray:
    """Return which candidate rows equal a reference row in every column, shape (n_rows,), bool."""
    known, rows = (_row_hashes(rows) for rows in (reference, candidate))
    return np.isin(rows, known)


def closest_distances(tables: Tables, seed: int = 0) -> dict[str, np.ndarray]:
    """Return distances to the closest real row.

    Parameters
    ----------
    tables : Tables
    seed : int, default 0
        Draws 2,000 rows of each, and at most 50,000 real ones, fewer of a wide table.

    Returns
    -------
    dict of str to ndarray
        Of ``"synthetic rows"`` and, where there are any, ``"test rows"``.
    """
    rng = np.random.default_rng(seed)
    space = Space(tables.real)
    n_dimensions = space.points(tables.real.sample(1, rng)).shape[1]
    n_references = max(MAX_CANDIDATES, min(MAX_REFERENCES, MAX_PLOTTED_FLOATS // n_dimensions))
    reference = space.points(tables.real.sample(n_references, rng))
    parts = {"synthetic rows": tables.synthetic, "test rows": tables.test}
    return {
        name: nearest_distances(reference, space.points(rows.sample(MAX_PLOTTED_ROWS, rng)))[:, 0]
        for name, rows in parts.items()
        if rows is not None
    }


def _copies(own: Pair, unseen: Pair, rng: np.random.Generator) -> Measure:
    copied, chance = (
        copy_mask(pair.reference, pair.candidate).astype(float) for pair in (own, unseen)
    )
    ceiling = float(chance.mean())
    return Measure(
        "exact_copies",
        "Exact copies",
        float(copied.mean()),
        floor=ceiling + FAILING_COPIES * (1 - ceiling),
        ceiling=ceiling,
        interval=mean_interval(copied, rng),
        question="Are real rows copied?",
        meaning="Share of rows that equal a real one; floor: chance, and one row in ten copied.",
        form=".2%",
        higher=False,
    )


def _distance_ratio(
    own: Pair, unseen: Pair, n_candidates: int, rng: np.random.Generator
) -> tuple[Measure, dict[str, pd.DataFrame]]:
    space = Space(own.reference)
    copies = Pair(own.reference, own.reference)
    closest, ratios = {}, {}
    for name, pair in (("synthetic", own), ("copies", copies), ("ceiling", unseen)):
        reference = space.points(pair.reference.sample(MAX_REFERENCES, rng))
        if len(reference) < 2:
            raise ValueError("the distance ratio needs at least 2 real rows")
        rows = space.points(pair.candidate.sample(n_candidates, rng))
        if name == "copies":
            rows = reference[:n_candidates]
        closest[name], second = nearest_distances(reference, rows, 2).T
        # As near to two real rows as to one: no copy of one of them.
        ratios[name] = np.where(second > _TIE, closest[name] / np.maximum(second, _TIE), 1.0)
    means = {name: float(ratio.mean()) for name, ratio in ratios.items()}
    measure = Measure(
        "distance_ratio",
        "Neighbour distance ratio",
        means["synthetic"],
        floor=means["copies"],
        ceiling=means["ceiling"],
        interval=mean_interval(ratios["synthetic"], rng),
        question="Do rows stand close to one real person?",
        meaning="Distance to the closest real row by that to the second closest, on average.",
        higher=True,
    )
    shares = np.array([0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99])
    quantiles = pd.DataFrame(
        {
            "share of rows": shares,
            "synthetic": np.quantile(closest["synthetic"], shares),
            "ceiling": np.quantile(closest["ceiling"], shares),
        }
    )
    return measure, {"Distance to the closest real row": quantiles}


def _closer_to_training(
    real: Rows, test: Rows, synthetic: Rows, n_candidates: int, rng: np.random.Generator
) -> Measure:
    n_rows = min(len(real), len(test), MAX_REFERENCES)
    space = Space(real)
    training, held_out, drawn = (
        space.points(rows.sample(limit, rng))
        for rows, limit in ((real, n_rows), (test, n_rows), (synthetic, n_candidates))
    )
    own, copied = (_closer(training, held_out, rows) for rows in (drawn, training[:n_candidates]))
    return Measure(
        "closer_to_training",
        "Closer to training",
        float(own.mean()),
        floor=float(copied.mean()),
        ceiling=0.5,
        interval=mean_interval(own, rng),
        question="Do rows lie closer to training rows than to unseen ones?",
        meaning="Rows closer to a training row than to a held-out one; by symmetry 50 % is ideal.",
        form=".1%",
        higher=False,
    )


def _closer(training: np.ndarray, held_out: np.ndarray, rows: np.ndarray) -> np.ndarray:
    near, far = (nearest_distances(reference, rows)[:, 0] for reference in (training, held_out))
    return (near < far - _TIE) + 0.5 * (np.abs(near - far) <= _TIE)


def _membership(
    real: Rows, test: Rows, synthetic: Rows, n_members: int, rng: np.random.Generator
) -> Measure:
    """Attack by the distance to the closest synthetic row.

    References
    ----------
    Chen, Yu, Zhang and Fritz, "GAN-Leaks: A Taxonomy of Membership Inference Attacks against
    Generative Models", CCS 2020, section 4.2: the full black-box attack.
    """
    n_rows = min(len(real), len(test), n_members)
    space = Space(real)
    members, others = (space.points(rows.sample(n_rows, rng)) for rows in (real, test))
    targets = np.vstack([members, others])
    is_member = np.repeat([True, False], n_rows)

    def attack(published: np.ndarray) -> WeightedAUC:
        return WeightedAUC(is_member, -_rounded(nearest_distances(published, targets)[:, 0]))

    # Fewer published rows give less away: as many copies are the floor.
    copies = real.sample(len(synthetic), rng)
    own, copied = (attack(space.points(rows)) for rows in (synthetic, copies))
    ones = np.ones(len(targets))
    return Measure(
        "membership_auc",
        "Membership inference",
        own(ones),
        floor=copied(ones),
        ceiling=0.5,
        interval=own.interval(rng),
        question="Can an attacker tell who was in the training table?",
        meaning="Area under the ROC curve of an attack that guesses who was in training; 0.5 is "
        "guessing.",
        higher=False,
    )


def _rounded(distances: np.ndarray) -> np.ndarray:
    # Distances of float32 points are not exact; equal rows are to tie.
    return np.round(distances, 5)


def _flags(measures: list[Measure]) -> list[str]:
    flags = []
    for measure in measures:
        if measure.interval is None or measure.ceiling is None or not measure.is_scored:
            continue
        low, high = measure.interval
        margin = _MARGINS[measure.key]
        falls_short = high + margin < measure.ceiling
        if falls_short if measure.higher else low - margin > measure.ceiling:
            flags.append(
                f"Leak: {measure.label.lower()} {measure.value:{measure.form}}, against "
                f"{measure.ceiling:{measure.form}} of rows that were never seen."
            )
    return flags


def _row_hashes(rows: Rows) -> np.ndarray:
    frame = pd.DataFrame(dict(enumerate(rows.arrays.values())))
    return pd.util.hash_pandas_object(frame, index=False).to_numpy()
