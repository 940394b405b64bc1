"""Models trained on synthetic rows, beside models trained on real ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from synthwgan.evaluation.inputs import Rows, Tables
from synthwgan.evaluation.measures import Measure, Section
from synthwgan.evaluation.rulebook import Rulebook, given_away
from synthwgan.evaluation.sections.everycolumn import EveryColumn, every_column
from synthwgan.evaluation.sections.intervals import bootstrap
from synthwgan.evaluation.sections.learners import Learner, Target, fit_learners, scorer
from synthwgan.evaluation.sections.yardsticks import Yardsticks, independent_columns, n_floors

TITLE = "Does it serve to train models?"
MAX_TRAINING_ROWS = 40_000
MAX_TEST_ROWS = 20_000
# A target that real rows predict so well follows from the other columns.
FAULTLESS = 0.9999
_TEST_SHARE = 0.3
_LEFT_OUT = (
    "Left out, as the report is a quick one: all learners but boosted trees, and most of the trees "
    "of these; and global utility, for which every column in turn is the target."
)


def utility_section(
    tables: Tables,
    yardsticks: Yardsticks,
    rng: np.random.Generator,
    target: Any = None,
    rulebook: Rulebook | None = None,
) -> Section:
    """Train three learners on synthetic rows and score them on real ones.

    The ceiling is the same learners trained on as many real rows; the floor those trained on
    independent columns. Without test rows 30 % of the real ones are held out.

    Parameters
    ----------
    tables : Tables
    yardsticks : Yardsticks
        Says whether there are test rows.
    rng : Generator
        Draws rows.
    target : column name, default None
        What is predicted; without one the section says that it is skipped.
    rulebook : Rulebook or None, default None
        Says which rules give the target away.

    References
    ----------
    Esteban, Hyland and Ratsch, "Real-valued (Medical) Time Series Generation with Recurrent
    Conditional GANs", 2017, section 4: "train on synthetic, test on real".
    """
    if target is None:
        every = None if yardsticks.quick else _every_column(tables, rng)
        note = "Skipped: say which column is predicted, for instance target='income'."
        return Section("utility", TITLE, *_shown(every), (note,), skipped=True)
    if target in tables.keys:
        raise ValueError(
            f"the target {str(target)!r} looks like an identifier: say otherwise with "
            f"column_kinds={{{target!r}: 'categorical'}}"
        )
    goal = Target.of(tables.real, target)
    real, test = _split(tables, rng)
    scores = _Scores(goal, real, tables.synthetic, test, rng, yardsticks.quick)
    measures = (scores.mean(), *scores.by_learner(), scores.reverse())
    note = (
        "Ceiling: the same learners trained on as many real rows."
        if yardsticks.has_test
        else "Ceiling: the same learners trained on real rows. Without test rows, 30 % of the real "
        "ones are held out, which the model of the synthetic table has seen."
    )
    hint = f"Figures are {goal.score_name} of {str(target)!r}."
    if not np.isfinite(measures[0].score):
        hint += " Even real rows hardly predict it, so that there is nothing to compare."
    told = "" if rulebook is None else given_away(rulebook.rules, target)
    if not told and scores.best_of_real > FAULTLESS:
        told = (
            f"Given away: real rows predict {str(target)!r} without fault, as it follows from "
            "other columns. Leave the telling columns out, or predict another one."
        )
    hints = (told, hint) if told else (hint,)
    if yardsticks.quick:
        details = {"Learners": scores.table()}
        return Section("utility", TITLE, measures, details, (*hints, _LEFT_OUT, note))
    others, details = _shown(_every_column(tables, rng))
    details = {"Learners": scores.table(), **details}
    return Section("utility", TITLE, (*measures, *others), details, (*hints, note))


def _every_column(tables: Tables, rng: np.random.Generator) -> EveryColumn | None:
    real, test = _split(tables, rng)
    return every_column(real, tables.synthetic, test, rng, has_test=tables.test is not None)


def _shown(every: EveryColumn | None) -> tuple[tuple[Measure, ...], dict[str, pd.DataFrame]]:
    if every is None:
        return (), {}
    return (every.measure,), {"Every column as the target": every.table}


class _Scores:
    """Scores of all learners, for each pair of training and test rows."""

    def __init__(
        self,
        target: Target,
        real: Rows,
        synthetic: Rows,
        test: Rows,
        rng: np.random.Generator,
        quick: bool = False,
    ) -> None:
        self.target, self.rng = target, rng
        real, synthetic, test = (target.usable(rows) for rows in (real, synthetic, test))
        n_rows = min(MAX_TRAINING_ROWS, len(real), len(synthetic))
        if min(n_rows, len(test)) < 10:
            raise ValueError(
                f"with a known target there are {len(real)} real, {len(synthetic)} synthetic and "
                f"{len(test)} test rows: at least 10 of each are needed"
            )
        floors = [independent_columns(real, rng) for _ in range(n_floors(n_rows))]
        self.n_test = min(MAX_TEST_ROWS, len(test))
        test = test.sample(MAX_TEST_ROWS, rng)
        self.on_real = {}
        for name, rows in (("synthetic", synthetic), *enumerate(floors), ("real", real)):
            learners = fit_learners(target, rows.sample(n_rows, rng), quick)
            self.on_real[name] = self._scorers(learners, test)
        # The best of the worthless tables is the floor, and only that one is shown.
        best = max(range(len(floors)), key=self._luck)
        self.on_real["floor"] = self.on_real[best]
        tests = {"synthetic": synthetic, "floor": floors[best]}
        self.on_others = {
            name: self._scorers(learners, rows.sample(self.n_test, rng))
            for name, rows in tests.items()
        }

    def mean(self) -> Measure:
        """Mean of the learners trained on synthetic rows."""

        def mean(counts: np.ndarray) -> float:
            return float(
                np.mean([score(counts) for _, score in self.on_real["synthetic"].values()])
            )

        return Measure(
            "tstr",
            "Train on synthetic",
            self._mean("synthetic"),
            floor=self._luck("floor"),
            ceiling=self._mean("real"),
            interval=bootstrap(mean, self.n_test, self.rng),
            meaning=f"Train on synthetic, test on real: mean {self.target.score_name}.",
            higher=True,
            question="Do models learn as much from it?",
        )

    def by_learner(self) -> list[Measure]:
        """The learners one by one."""
        plain = {name: _plain(self.on_real[name]) for name in ("synthetic", "floor", "real")}
        return [
            Measure(
                f"tstr_{name.replace(' ', '_')}",
                name.capitalize(),
                value,
                floor=plain["floor"][name],
                ceiling=plain["real"][name],
                interval=bootstrap(self.on_real["synthetic"][name][1], self.n_test, self.rng),
                meaning="Train on synthetic, test on real.",
                counts=False,
                higher=True,
                question=f"With {name} alone?",
                aside="it is a part of the mean",
            )
            for name, value in plain["synthetic"].items()
        ]

    @property
    def best_of_real(self) -> float:
        """The score of the best learner trained on real rows."""
        return max(_plain(self.on_real["real"]).values())

    def reverse(self) -> Measure:
        """Mean of the learners trained on real rows, on synthetic ones."""
        means = {
            name: float(np.mean(list(_plain(scorers).values())))
            for name, scorers in (*self.on_others.items(), ("real", self.on_real["real"]))
        }
        return Measure(
            "trts",
            "Test on synthetic",
            means["synthetic"],
            floor=means["floor"],
            ceiling=means["real"],
            meaning="Train on real, test on synthetic; above the ceiling, rows are too simple.",
            counts=False,
            higher=True,
            question="Do models of real rows predict synthetic ones?",
            aside="rows that are too simple are predicted better than real ones",
        )

    def table(self) -> pd.DataFrame:
        """One row a learner."""
        return pd.DataFrame(
            {
                "train real, test real": _plain(self.on_real["real"]),
                "train synthetic, test real": _plain(self.on_real["synthetic"]),
                "train real, test synthetic": _plain(self.on_others["synthetic"]),
                "train independent, test real": _plain(self.on_real["floor"]),
            }
        ).reset_index(names="learner")

    def _mean(self, name: Any) -> float:
        return float(np.mean(list(_plain(self.on_real[name]).values())))

    def _luck(self, name: Any) -> float:
        """How far from guessing a worthless table takes the learners, to either side by chance."""
        off = self._mean(name) - self.target.chance
        return self.target.chance + (abs(off) if self.target.is_classes else max(0.0, off))

    def _scorers(self, learners: dict[str, Learner], rows: Rows) -> dict[str, tuple[int, Any]]:
        truth, is_classes = self.target.truth(rows), self.target.is_classes
        return {
            name: (len(rows), scorer(truth, learner.predict(rows), is_classes=is_classes))
            for name, learner in learners.items()
        }


def _plain(scorers: dict[str, tuple[int, Any]]) -> dict[str, float]:
    return {name: score(np.ones(n_rows)) for name, (n_rows, score) in scorers.items()}


def _split(tables: Tables, rng: np.random.Generator) -> tuple[Rows, Rows]:
    if tables.test is not None:
        return tables.real, tables.test
    order = rng.permutation(len(tables.real))
    n_test = int(_TEST_SHARE * len(order))
    return tables.real.take(order[n_test:]), tables.real.take(order[:n_test])
