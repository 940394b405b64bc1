"""What the benchmark of several tables is to show, and what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.domains import REGIMES
from benchmarks.page import markdown_table
from benchmarks.radial_figures import (
    BOTH,
    NONE,
    TRANSLATION_FIGURES,
    Estimate,
    Record,
    chosen,
    closed,
    gain,
    longest_fit,
    same_sign,
    shown,
    translation_figure,
)
from benchmarks.radial_measures import LEARNERS
from benchmarks.radial_methods import METHODS


@dataclass(frozen=True)
class Bar:
    """What is to be shown.

    Parameters
    ----------
    what : str
        What is measured.
    wanted : float
        The bar.
    found : Estimate or None
        What was measured; None if it was not.
    form : str
        Format of the figures.
    sense : {">=", ">", "<="}
        How a figure is to stand to the bar.
    by_learner : tuple of (Estimate or None)
        The same for each learner, where `found` is of their mean.
    unit : str
        Behind the figures.
    """

    what: str
    wanted: float
    found: Estimate | None
    form: str
    sense: str = ">="
    by_learner: tuple[Estimate | None, ...] = (None,) * len(LEARNERS)
    unit: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the mean is on the right side of the bar; None if it was not measured."""
        if self.found is None:
            return None
        if self.sense == "<=":
            return self.found.mean <= self.wanted
        return self.found.mean > self.wanted or (
            self.sense == ">=" and self.found.mean == self.wanted
        )


SENSES = {">=": "at least", ">": "above", "<=": "at most"}


def bars_table(all_bars: Sequence[Bar]) -> str:
    """Return the bars, what was measured, and whether they are met."""
    titles = ["what", "bar", "measured", *LEARNERS.values(), "met", "cells", "seeds"]
    rows = []
    for bar in all_bars:
        met = {None: "not measured", True: "yes", False: "**no**"}[bar.is_met]
        numbers = [NONE] * 2
        if bar.found is not None:
            numbers = [str(bar.found.n_cells), str(bar.found.n_seeds)]
        figures = [shown(one, bar.form) for one in (bar.found, *bar.by_learner)]
        figures = [text if text == NONE else text + bar.unit for text in figures]
        limit = f"{SENSES[bar.sense]} {bar.wanted:{bar.form}}{bar.unit}"
        rows.append([bar.what, limit, *figures, met, *numbers])
    return markdown_table(titles, rows)


def bars(records: Sequence[Record]) -> list[Bar]:
    """Return every bar with what the records say of it."""
    adult = {regime: chosen(records, case="adult", regime=regime) for regime in REGIMES}
    heart = chosen(records, case="heart")
    shared, renamed = adult["names shared"], adult["renamed"]
    every_adult = chosen(records, case="adult")
    return [
        _closed_bar("names shared", shared, 0.65),
        _gain_bar("names shared", shared, "as-is", -0.01),
        _gain_bar("renamed", renamed, "as-is", 0.0, ">"),
        _closed_bar("renamed", renamed, 0.5),
        _gain_bar("no shared names", adult["no shared names"], "target", 0.02),
        _gain_bar("shifted", adult["shifted"], "as-is", 0.0, ">"),
        _gain_bar("heart", heart, "target", 0.03),
        _gain_bar("heart", heart, "as-is", 0.0),
        *(
            _figure_bar(f"renamed: {what}", renamed, what, 0.7)
            for what in ("correlation of numbers", "agreement of categories")
        ),
        *(
            bar
            for name, own in {"Adult": every_adult, "heart": heart}.items()
            for bar in (
                _figure_bar(f"{name}: states kept, there and back", own, "states kept", 0.9),
                _figure_bar(
                    f"{name}: values off by, there and back (standard deviations)",
                    own,
                    "values off by",
                    0.25,
                    "<=",
                ),
            )
        ),
        _figure_bar("Adult: C2ST-GB, filled", every_adult, "C2ST-GB, filled", 0.75, "<="),
        _figure_bar("Adult: C2ST-GB, all drawn", every_adult, "C2ST-GB, all drawn", 0.75, "<="),
        Bar("`gain_` has the sign of the gain", 0.8, same_sign(records), ".0%"),
        Bar("heart: longest fit", 60, longest_fit(heart), ".0f", "<=", unit=" s"),
        Bar("Adult: longest fit", 240, longest_fit(every_adult), ".0f", "<=", unit=" s"),
    ]


def _closed_bar(name: str, records: Sequence[Record], wanted: float) -> Bar:
    found, *by_learner = (closed(records, "radial", one) for one in (BOTH, *LEARNERS))
    return Bar(f"{name}: gap closed", wanted, found, ".0%", by_learner=tuple(by_learner))


def _gain_bar(
    name: str, records: Sequence[Record], over: str, wanted: float, sense: str = ">="
) -> Bar:
    found, *by_learner = (gain(records, "radial", one, over) for one in (BOTH, *LEARNERS))
    what = f"{name}: AUC less that of {METHODS[over]}"
    return Bar(what, wanted, found, "+.3f", sense, tuple(by_learner))


def _figure_bar(
    what: str, records: Sequence[Record], figure: str, wanted: float, sense: str = ">="
) -> Bar:
    form = TRANSLATION_FIGURES[figure][2]
    return Bar(what, wanted, translation_figure(records, figure), form, sense)
