"""Several synthetic tables of the same real one, side by side."""

from __future__ import annotations

import math
import os
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from tqdm.auto import tqdm

from synthwgan.evaluation.differences import differences
from synthwgan.evaluation.evaluate import evaluate
from synthwgan.evaluation.findings import ComparedFindings
from synthwgan.evaluation.origin import seed_of
from synthwgan.evaluation.page.render import notebook_comparison, render_comparison
from synthwgan.evaluation.page.words import section_name
from synthwgan.evaluation.report import WIDTH, Report
from synthwgan.evaluation.rulebook import Rulebook
from synthwgan.io.tables import write_text
from synthwgan.randomness import RandomState, draw_seeds
from synthwgan.table.frames import as_named_frame

_NAME_WIDTH = 14


@dataclass(frozen=True, repr=False)
class Comparison(ComparedFindings):
    """Reports of several synthetic tables, measured by the same yardsticks.

    Parameters
    ----------
    reports : dict of str to Report
        By the names that the tables were given.

    Examples
    --------
    >>> from synthwgan.evaluation import Comparison, Measure, Report, Section
    >>> def report(value):
    ...     shapes = Measure("column_shapes", "Column shapes", value, floor=0.0, ceiling=1.0)
    ...     return Report((Section("columns", "Do columns look alike?", (shapes,)),), tables=None)
    >>> print(Comparison({"ours": report(0.9), "other": report(0.6)}))
              ours  other
    Score       90     60
    Columns     90     60
    <BLANKLINE>
    'other' scores 30 points less than 'ours'. It is furthest behind in column
    shapes: 60 of 100, against 90.
    """

    reports: dict[str, Report]

    def __getitem__(self, name: str) -> Report:
        """Return the report of one table."""
        return self.reports[name]

    def to_html(self) -> str:
        """Return one page that opens without a network.

        Raises
        ------
        ImportError
            If jinja2 is not installed.
        """
        return render_comparison(self)

    def save_html(self, path: str | os.PathLike[str]) -> None:
        """Write the page of `to_html` to a file.

        Parameters
        ----------
        path : path
            The file, such as ``"comparison.html"``.
        """
        write_text(path, self.to_html())

    def _repr_html_(self) -> str:
        return notebook_comparison(self)

    def __repr__(self) -> str:
        return f"<Comparison of {', '.join(self.reports)}>"

    def __str__(self) -> str:
        """Return the scores in hundredths, best table first, and what differs, for a terminal."""
        first = next(iter(self.reports.values()))
        heads = {"score": "Score"} | {part.key: section_name(part) for part in first.sections}
        table = self.scores().rename(index=heads, columns=_shortened)
        texts = table.map(lambda score: "-" if math.isnan(score) else f"{100 * score:.0f}")
        lines = [texts.to_string(col_space=6)]
        leaks = [
            f"{name!r}: {leak}" for name, report in self.reports.items() for leak in report.leaks
        ]
        for sentences in (*differences(self), *leaks, *first.left_out):
            lines += ["", *textwrap.wrap(sentences, WIDTH)]
        return "\n".join(lines)


def _shortened(name: str) -> str:
    return name if len(name) <= _NAME_WIDTH else f"{name[: _NAME_WIDTH - 1]}…"


def compare(
    synthetic: Mapping[str, Any],
    real: Any,
    test: Any = None,
    target: Any = None,
    *,
    column_kinds: Mapping[Any, str] | None = None,
    rules: Any = "auto",
    quick: bool = False,
    random_state: RandomState = None,
    verbose: int = 0,
) -> Comparison:
    """Evaluate several synthetic tables of the same real one.

    Parameters
    ----------
    synthetic : mapping of str to DataFrame
        The tables by name, such as ``{"ours": a, "ctgan": b}``.
    real, test, target, column_kinds, rules, quick, verbose
        See `evaluate`.
    random_state : int, Generator, RandomState or None, default None
        Draws the same rows and yardsticks for every table.

    Returns
    -------
    Comparison

    Raises
    ------
    TypeError
        If `synthetic` is no mapping.
    ValueError
        If it is empty, or a table has other columns than the real one.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from synthwgan.evaluation import compare
    >>> size = np.random.default_rng(0).normal(size=(3, 200))
    >>> real, fresh, test = (pd.DataFrame({"size": x, "area": x**2}) for x in size)
    >>> shuffled = fresh.assign(area=fresh["area"].to_numpy()[::-1])
    >>> compare({"fresh": fresh, "shuffled": shuffled}, real, test, quick=True).best
    'fresh'
    >>> compare({}, real)
    Traceback (most recent call last):
        ...
    ValueError: there is no table to compare: give at least one, such as {'ours': table}
    """
    if not isinstance(synthetic, Mapping):
        raise TypeError(
            f"synthetic must be a dict of name to DataFrame, got {type(synthetic).__name__}: "
            "compare({'ours': synthetic, 'theirs': other}, real)"
        )
    if not synthetic:
        raise ValueError("there is no table to compare: give at least one, such as {'ours': table}")
    seed = draw_seeds(random_state, 1)[0]
    real, test = as_named_frame(real), as_named_frame(test)
    if isinstance(real, pd.DataFrame):
        # The rules of the real rows are found once, for all tables.
        rules = Rulebook.of(rules, real)
    reports = {}
    for name, table in tqdm(synthetic.items(), desc="compare", disable=not verbose):
        try:
            report = evaluate(
                real,
                table,
                test,
                target,
                column_kinds=column_kinds,
                rules=rules,
                names={"synthetic": str(name)},
                quick=quick,
                random_state=seed,
            )
        except (TypeError, ValueError) as error:
            raise type(error)(f"table {str(name)!r}: {error}") from error
        # The seed that a user gave, and not the one that all tables share.
        origin = replace(report.origin, seed=seed_of(random_state))
        reports[str(name)] = replace(report, origin=origin)
    return Comparison(reports)
