"""Rules between columns: those of the real rows, and how many synthetic rows keep each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from synthwgan.evaluation.inputs import Tables
from synthwgan.evaluation.measures import Measure, Section
from synthwgan.evaluation.rulebook import MAX_ROWS, Rulebook, refitted, some_rows
from synthwgan.evaluation.sections.broken import (
    breach,
    cells_of_row,
    percent,
    row_names,
    short,
)
from synthwgan.evaluation.sections.intervals import bootstrap, mean_interval
from synthwgan.evaluation.sections.verdicts import Verdict, judged, verdicts
from synthwgan.evaluation.sections.yardsticks import Readings, Yardsticks, n_floors
from synthwgan.table.rules.base import Rule
from synthwgan.table.rules.columns import as_table

TITLE = "Do rows keep the rules between columns?"
MAX_RULES = 100
# Of fewer rows, chance alone breaks a rule or keeps it.
MIN_APPLYING = 10
N_FOLDS = 5
# Rules that so many real rows keep are rules with exceptions; the others hold now and then.
NEARLY = 0.999
_FIRST_ROWS, _ROWS_WITH_CELLS, _NAMED = 5, 3, 3


@dataclass(frozen=True)
class Ruling:
    """A rule, and what it says of each table.

    Parameters
    ----------
    rule : Rule
    real, synthetic, held_out : Verdict
        Held out are the test rows, or real rows by what the rule learnt from the others.
    shuffled : tuple of Verdict
        Of real rows with each column permuted on its own.
    """

    rule: Rule
    real: Verdict
    synthetic: Verdict
    held_out: Verdict
    shuffled: tuple[Verdict, ...]

    @property
    def always(self) -> bool:
        """Whether each real row keeps it."""
        return bool(self.real.kept.all())

    @property
    def is_usual(self) -> bool:
        """Whether rows that break it are the exception, so that it matters which they are."""
        return self.real.share > 0.5

    @property
    def is_off(self) -> bool:
        """Whether synthetic rows break it more than held-out ones, or by more than chance."""
        own, real = self.synthetic, self.real
        if own.failed or not own.n_applying or _lost(self) <= 0:
            return False
        if real.share >= NEARLY:
            return True
        variance = real.share * (1 - real.share) * (1 / own.n_applying + 1 / real.n_applying)
        return abs(own.share - real.share) > 3 * variance**0.5

    @property
    def counts(self) -> bool:
        """Whether there are rows enough, synthetic and held-out ones, to tell by."""
        if self.real.failed or self.held_out.failed or not self.real.share > 0:
            return False
        applying = self.real.applies.mean()
        least = min(len(self.synthetic.kept), len(self.held_out.kept))
        return bool(applying * least >= MIN_APPLYING)


def rules_section(
    tables: Tables,
    yardsticks: Yardsticks,
    rng: np.random.Generator,
    *,
    synthetic: pd.DataFrame,
    test: pd.DataFrame | None,
    rulebook: Rulebook | None,
) -> Section:
    """Ask whether rows keep the rules of the real rows; the floor is independent columns.

    Rules are about cells as they are written, to the last digit, so the tables are judged as they
    were given and not in plain form.

    Parameters
    ----------
    tables : Tables
        Not used; all sections are called alike.
    yardsticks : Yardsticks
        Not used either: a share of rows is no worse for fewer rows, so that each table is judged
        whole.
    rng : Generator
        Draws rows where there are many, the shuffled tables and the repeats.
    synthetic : DataFrame
        The rows to judge.
    test : DataFrame or None
        Real rows that the model never saw.
    rulebook : Rulebook or None
        Which rules; None for none.
    """
    if rulebook is None:
        note = "Skipped: it was asked for no rules; rules='auto' finds those of the real rows."
        return Section("rules", TITLE, notes=(note,), skipped=True)
    rules = rulebook.rules
    left_out = _left_out_notes(rules.left_out, len(rules))
    if not len(rules):
        note = "Skipped: no rules were found in the real rows: there is none to keep."
        return Section("rules", TITLE, notes=(note, *left_out), skipped=True)
    parts = {"synthetic": some_rows(synthetic, rng)}
    if test is not None:
        parts["held_out"] = some_rows(test, rng)
    rulings = _rulings(rules[:MAX_RULES], rulebook.rows, parts, rng)
    measures = _measures([ruling for ruling in rulings if ruling.counts], rng)
    notes = [
        *_notes(rulings, parts["synthetic"], test is not None),
        *_sampling_notes({"real": rulebook.real, "synthetic": synthetic, "test": test}),
        *left_out,
    ]
    if not any(measure.counts for measure in measures):
        notes.insert(0, _why_not_counted(rulings))
    return Section(
        "rules",
        TITLE,
        measures,
        _details(rulings, parts["synthetic"]),
        tuple(notes),
        skipped=not any(measure.counts for measure in measures),
    )


def _rulings(
    rules: Sequence[Rule],
    real: pd.DataFrame,
    parts: dict[str, pd.DataFrame],
    rng: np.random.Generator,
) -> list[Ruling]:
    own = verdicts(rules, parts["synthetic"], real)
    if "held_out" in parts:
        unseen = verdicts(rules, parts["held_out"], real)
    else:
        unseen = held_out(rules, real, rng)
    floors = [
        verdicts(rules, shuffled(real, rng), real) for _ in range(n_floors(len(parts["synthetic"])))
    ]
    found = zip(rules, verdicts(rules, real, real), own, unseen, *floors, strict=True)
    return [Ruling(*verdict[:4], shuffled=tuple(verdict[4:])) for verdict in found]


def shuffled(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return a table with each column permuted on its own, in its dtype.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from synthwgan.evaluation.sections.rules import shuffled
    >>> frame = shuffled(pd.DataFrame({"a": [1, 2, 3], "b": list("xyz")}), np.random.default_rng(0))
    >>> sorted(frame["a"]), sorted(frame["b"])
    ([1, 2, 3], ['x', 'y', 'z'])
    """
    columns = [
        frame.iloc[rng.permutation(len(frame)), [place]].reset_index(drop=True)
        for place in range(frame.shape[1])
    ]
    return pd.concat(columns, axis=1).set_axis(frame.columns, axis=1)


def held_out(rules: Sequence[Rule], real: pd.DataFrame, rng: np.random.Generator) -> list[Verdict]:
    """Judge each real row by what the rules learn from four fifths of the others.

    Parameters
    ----------
    rules : sequence of rules
    real : DataFrame
    rng : Generator
        Draws the fifths.
    """
    folds = rng.permutation(len(real)) % N_FOLDS
    found = []
    for rule in rules:
        kept, applies = (np.ones(len(real), dtype=bool) for _ in range(2))
        for fold in np.unique(folds):
            rows = folds == fold
            verdict = judged(_learned_from(rule, real[~rows]), as_table(real[rows]), real)
            kept[rows], applies[rows] = verdict.kept, verdict.applies
        found.append(Verdict(kept, applies))
    return found


def _learned_from(rule: Rule, rows: pd.DataFrame) -> Rule:
    try:
        return refitted(rule, rows)
    except Exception:  # noqa: BLE001
        # Too few of the rows, or odd ones: then as it was learnt from all.
        return rule


def _measures(rulings: list[Ruling], rng: np.random.Generator) -> tuple[Measure, ...]:
    """Return the figures; one that cannot tell good from bad does not count.

    Which rules a table has is chance. One that shuffled rows break seldom is worth knowing, and no
    reason to leave the report without a score.
    """
    if not rulings:
        return ()
    real = np.array([ruling.real.share for ruling in rulings])
    own = [ruling.synthetic for ruling in rulings]
    floors = zip(*(ruling.shuffled for ruling in rulings), strict=True)
    always = np.array([ruling.always for ruling in rulings])
    readings = Readings(
        _figures(own, real, always),
        tuple(_figures(floor, real, always) for floor in floors),
        _figures([ruling.held_out for ruling in rulings], real, always, unsaid=1.0),
    )
    found = [
        readings.measure(
            "rules_kept",
            "Rules kept",
            interval=_nearness_interval(own, real, rng),
            question="Do rows keep each rule as often as real ones?",
            meaning="Share of rows that keep a rule, over the real share: the mean of all rules.",
            form=".1%",
        )
    ]
    if always.any():
        lawful = _lawful(own, always)
        found.append(
            readings.measure(
                "lawful_rows",
                "Rows that keep all rules",
                interval=mean_interval(lawful.astype(float), rng),
                question="Do rows keep all the rules at once?",
                meaning="Rows that break none of the rules which each real row keeps.",
                form=".1%",
            )
        )
    return tuple(replace(one, counts=one.is_scored, aside=one.why_not_scored) for one in found)


def _figures(
    found: Sequence[Verdict], real: np.ndarray, always: np.ndarray, unsaid: float = 0.0
) -> dict[str, float]:
    """Return the figures of a table; a rule that says nothing of any row counts as `unsaid`."""
    shares = np.array([verdict.share for verdict in found])
    figures = {"rules_kept": float(nearness(shares, real, unsaid).mean())}
    if always.any():
        figures["lawful_rows"] = float(_lawful(found, always).mean())
    return figures


def nearness(shares: np.ndarray, real: np.ndarray, unsaid: float = 0.0) -> np.ndarray:
    """Return how near shares of rows that keep a rule are to the real ones, from 0 to 1.

    The smaller share by the larger one. Of a rule that each real row keeps that is the share
    itself; of one that holds in some rows, as bills are paid in full, too many are as wrong as too
    few.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.evaluation.sections.rules import nearness
    >>> nearness(np.array([0.9, 0.1, 0.4, np.nan]), np.array([1.0, 0.2, 0.2, 1.0]))
    array([0.9, 0.5, 0.5, 0. ])
    """
    with np.errstate(invalid="ignore"):
        near = np.minimum(shares, real) / np.maximum(shares, real)
    return np.where(np.isnan(near), unsaid, near)


def _lawful(found: Sequence[Verdict], always: np.ndarray) -> np.ndarray:
    strict = [verdict.kept for verdict, holds in zip(found, always, strict=True) if holds]
    return np.logical_and.reduce(strict)


def _nearness_interval(
    own: Sequence[Verdict], real: np.ndarray, rng: np.random.Generator
) -> tuple[float, float] | None:
    applies = np.array([verdict.applies for verdict in own], dtype=np.float32)
    keeps = applies * np.array([verdict.kept for verdict in own])

    def mean_nearness(counts: np.ndarray) -> float:
        drawn = counts.astype(np.float32)
        n_kept, n_applying = keeps @ drawn, applies @ drawn
        with np.errstate(invalid="ignore"):
            return float(nearness(n_kept / n_applying, real).mean())

    return bootstrap(mean_nearness, applies.shape[1], rng)


def _details(rulings: list[Ruling], synthetic: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return one line a rule, the worst first, and the first rows that break each."""
    lines, rows = [], []
    for ruling in _worst_first(rulings):
        name, broken = str(ruling.rule), ruling.synthetic.broken
        says_which = ruling.is_usual and not ruling.synthetic.failed
        shown = broken[: _FIRST_ROWS if says_which else 0]
        lines.append(
            {
                "rule": name,
                "synthetic": ruling.synthetic.broken_share,
                "real": ruling.real.broken_share,
                "held_out": ruling.held_out.broken_share,
                "shuffled": _shuffled_share(ruling),
                "real_rows": ruling.real.n_applying,
                "first_rows": ", ".join(row_names(synthetic, shown)) or None,
            }
        )
        labels = row_names(synthetic, shown[:_ROWS_WITH_CELLS])
        for row, label in zip(shown, labels, strict=False):
            cells = cells_of_row(ruling.rule, synthetic, int(row))
            rows.append({"rule": name, "row": label, "cells": cells})
    return {
        "Share of rows that break each rule, of those it speaks about": pd.DataFrame(lines),
        "First synthetic rows that break a rule": pd.DataFrame(
            rows, columns=["rule", "row", "cells"]
        ),
    }


def _worst_first(rulings: list[Ruling]) -> list[Ruling]:
    return sorted(rulings, key=lambda ruling: -_lost(ruling))


def _lost(ruling: Ruling) -> float:
    """Return how much further from the real share the synthetic one is than the held-out one."""
    real = np.array([ruling.real.share])
    own = nearness(np.array([ruling.synthetic.share]), real)
    return float((nearness(np.array([ruling.held_out.share]), real, 1.0) - own)[0])


def _shuffled_share(ruling: Ruling) -> float:
    shares = [floor.broken_share for floor in ruling.shuffled if floor.n_applying]
    return float(np.mean(shares)) if shares else np.nan


def _notes(rulings: list[Ruling], synthetic: pd.DataFrame, has_test: bool) -> list[str]:
    return [
        *_broken_notes(rulings, synthetic),
        *_problem_notes(rulings),
        *_strict_notes(rulings, has_test),
        "Ceiling: the test rows, which the rules were not found in."
        if has_test
        else "Ceiling: real rows, by what the rules learn from four fifths of the others, as there "
        "are no test rows.",
    ]


def _broken_notes(rulings: list[Ruling], synthetic: pd.DataFrame) -> list[str]:
    """Say in a sentence which rules are broken most, and where."""
    table = as_table(synthetic)
    said = []
    for ruling in filter(lambda ruling: ruling.is_off, _worst_first(rulings)):
        own, real = ruling.synthetic, ruling.real
        if ruling.is_usual:
            first = ", ".join(row_names(synthetic, own.broken[:_NAMED]))
            usual = (
                "" if ruling.always else f", and in {percent(real.broken_share)} of the real ones"
            )
            what = f"{breach(ruling.rule, table)} in {percent(own.broken_share)} of rows{usual}"
            said.append(f"{what} (first: {first})" if first else what)
        else:
            said.append(
                f"'{short(str(ruling.rule), 120)}' holds in {percent(own.share)} of rows, and in "
                f"{percent(real.share)} of the real ones"
            )
    if not said:
        return []
    more = f"; and {len(said) - _NAMED} more" if len(said) > _NAMED else ""
    return [f"Broken: {'; '.join(said[:_NAMED])}{more}."]


def _problem_notes(rulings: list[Ruling]) -> list[str]:
    notes = []
    for ruling in rulings:
        name, own = short(str(ruling.rule), 120), ruling.synthetic
        if ruling.real.failed:
            notes.append(f"'{name}' cannot be judged in the real rows: {ruling.real.problem}.")
        elif own.failed:
            notes.append(
                f"'{name}' cannot be judged in the synthetic rows and counts as broken in all: "
                f"{own.problem}."
            )
        elif own.problem:
            notes.append(f"'{name}': {own.problem}; such rows count as breaking it.")
        elif not own.n_applying:
            notes.append(
                f"'{name}' says nothing of any synthetic row, as cells that it needs are missing "
                "or new, and counts as broken."
            )
        elif ruling.held_out.failed:
            notes.append(
                f"'{name}' cannot be judged in the test rows and does not count: "
                f"{ruling.held_out.problem}."
            )
    return notes


def _strict_notes(rulings: list[Ruling], has_test: bool) -> list[str]:
    """Say which rules are too strict: real rows that they were not learnt from break them."""
    what = "test rows" if has_test else "real rows that it did not learn from"
    return [
        f"'{short(str(ruling.rule), 120)}' may be too strict: of the {what} "
        f"{percent(ruling.held_out.broken_share)} break it, of those it was found in "
        f"{percent(ruling.real.broken_share)}."
        for ruling in rulings
        if ruling.real.share >= NEARLY
        and not ruling.held_out.failed
        and ruling.real.share - ruling.held_out.share > 1 - NEARLY
    ]


def _why_not_counted(rulings: list[Ruling]) -> str:
    if any(ruling.counts for ruling in rulings):
        return "Not counted: shuffled rows keep these rules nearly as often as real ones."
    return "Not counted: too few rows fill the cells that these rules need."


def _left_out_notes(left_out: Sequence[str], n_rules: int) -> list[str]:
    """Say what was not sought; of columns in which nothing could be, how many."""
    notes = []
    columns = [what for what in left_out if what.startswith("column ")]
    others = [what for what in left_out if not what.startswith("column ")]
    if others:
        notes.append(f"Rules were not sought everywhere: {'; '.join(others[:3])}.")
    if columns:
        noun = "column" if len(columns) == 1 else "columns"
        notes.append(f"No rule was sought in {len(columns)} {noun}, such as {columns[0]}.")
    if n_rules > MAX_RULES:
        notes.append(f"The first {MAX_RULES} of {n_rules:,} rules are judged.")
    return notes


def _sampling_notes(frames: dict[str, pd.DataFrame | None]) -> list[str]:
    return [
        f"{MAX_ROWS:,} of {len(frame):,} {part} rows, drawn at random, are judged by the rules."
        for part, frame in frames.items()
        if frame is not None and len(frame) > MAX_ROWS
    ]
