"""The tables of the page about several tables."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.data import HOSPITALS
from benchmarks.domains import REGIMES
from benchmarks.page import markdown_table, measured
from benchmarks.radial_bars import bars, bars_table
from benchmarks.radial_figures import (
    BOTH,
    NONE,
    TRANSLATION_FIGURES,
    Estimate,
    Record,
    auc,
    chosen,
    closed,
    estimate,
    gain,
    shown,
    translation_figure,
    values,
)
from benchmarks.radial_measures import LEARNERS
from benchmarks.radial_methods import METHODS

# Differences below half of the last digit shown are none.
LEVEL = 0.0005
REGIME_TEXTS = {
    "names shared": "Names shared",
    "renamed": "Half of the shared columns renamed, rescaled or recoded",
    "no shared names": "No name shared but the target's",
    "shifted": "Shifted population",
}


def tables(records: Sequence[Record]) -> str:
    """Return all tables as Markdown, the bars first."""
    if not records:
        return "Not measured yet."
    parts = ["## Against the bars", bars_table(bars(records))]
    for regime in REGIMES:
        own = chosen(records, case="adult", regime=regime)
        if own:
            parts += [f"## Adult: {REGIME_TEXTS[regime].lower()}", methods_table(own)]
            parts += _verdict(own)
    heart = chosen(records, case="heart")
    if heart:
        parts += ["## Heart", hospitals_table(heart), *_verdict(heart)]
    parts += ["## Alignment, faithfulness and costs", translation_table(records)]
    return "\n\n".join([*parts, measured(records) + _threads(records)])


def _threads(records: Sequence[Record]) -> str:
    counts = sorted({record["threads"] for record in records})
    return f" Threads: {', '.join(map(str, counts))}."


def _methods(records: Sequence[Record]) -> list[str]:
    there = {record["method"] for record in records}
    return [method for method in METHODS if method in there]


def methods_table(records: Sequence[Record]) -> str:
    """Return the methods' AUC in one regime, means over the cells."""
    titles = ["trained on", "cells", "seeds", *LEARNERS.values(), "gain"]
    titles += [f"gap closed, {title}" for title in LEARNERS.values()]
    titles += ["RadialGAN's lead"]
    rows = []
    for method in _methods(records):
        row = _areas(records, method)
        for learner in LEARNERS:
            is_edge = method in ("target", "all")
            row.append(NONE if is_edge else shown(closed(records, method, learner), ".0%"))
        rows.append([*row, _lead(records, method)])
    return markdown_table(titles, rows)


def _areas(records: Sequence[Record], method: str) -> list[str]:
    """Cells of a row that both kinds of tables have: title, numbers, AUC and gain."""
    found = {
        learner: estimate(values(records, method, auc(learner))) for learner in (BOTH, *LEARNERS)
    }
    row = [METHODS[method], str(found[BOTH].n_cells), str(found[BOTH].n_seeds)]
    row += [shown(found[learner], ".3f") for learner in LEARNERS]
    return [*row, NONE if method == "target" else shown(gain(records, method), "+.3f")]


def _lead(records: Sequence[Record], method: str) -> str:
    return NONE if method == "radial" else shown(gain(records, "radial", over=method), "+.3f")


def hospitals_table(records: Sequence[Record]) -> str:
    """Return the methods' AUC by hospital, and their means."""
    titles = ["trained on", "cells", "seeds", *LEARNERS.values(), "gain", "RadialGAN's lead"]
    rows = []
    for method in _methods(records):
        row = [*_areas(records, method), _lead(records, method)]
        rows.append(row + [_of_hospital(records, method, hospital) for hospital in HOSPITALS])
    return markdown_table([*titles, *HOSPITALS], rows)


def _of_hospital(records: Sequence[Record], method: str, hospital: str) -> str:
    own = chosen(records, target=hospital)
    found = [estimate(values(own, method, auc(learner))) for learner in LEARNERS]
    return " / ".join(shown(None if one is None else _point(one), ".3f") for one in found)


def _point(found: Estimate) -> Estimate:
    return Estimate(found.mean, None, found.n_cells, found.n_seeds)


def _verdict(records: Sequence[Record]) -> list[str]:
    """Say what does better than RadialGAN, or as well, of all but the ceiling."""
    leads = {
        method: lead
        for method in _methods(records)
        if method not in ("radial", "all")
        and (lead := gain(records, "radial", over=method)) is not None
    }
    if not leads:
        return []
    ahead = sorted((lead.mean, method) for method, lead in leads.items() if lead.mean < -LEVEL)
    texts = [f"{METHODS[method]} (by {-mean:.3f}{_doubt(leads[method])})" for mean, method in ahead]
    level = [METHODS[method] for method, lead in leads.items() if abs(lead.mean) <= LEVEL]
    lines = [f"Better than RadialGAN on average: {'; '.join(texts) or 'none but all target rows'}."]
    lines += [f"As good: {'; '.join(level)}."] if level else []
    return [" ".join(lines)]


def _doubt(lead: Estimate) -> str:
    is_clear = lead.margin is not None and lead.mean + lead.margin < 0
    return "" if is_clear else ", within the interval"


def translation_table(records: Sequence[Record]) -> str:
    """Return what is measured of translation itself, by regime; the heart tables are one more."""
    groups = {f"Adult, {name}": chosen(records, case="adult", regime=name) for name in REGIMES}
    groups["heart"] = chosen(records, case="heart")
    groups = {name: own for name, own in groups.items() if own}
    rows = [
        [title, *(shown(translation_figure(own, title), form) for own in groups.values())]
        for title, (_, _, form) in TRANSLATION_FIGURES.items()
    ]
    trained = [_n_seeds(chosen(own, method="filled")) for own in groups.values()]
    rows.append(["seeds, of trained networks", *map(str, trained)])
    return markdown_table(["", *groups], rows)


def _n_seeds(records: Sequence[Record]) -> int:
    return len({record["seed"] for record in records})
