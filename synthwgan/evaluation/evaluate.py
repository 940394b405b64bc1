"""The one call that makes a report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from synthwgan.evaluation.inputs import MAX_ROWS, Tables
from synthwgan.evaluation.measures import Question, Section
from synthwgan.evaluation.origin import Origin
from synthwgan.evaluation.report import Report
from synthwgan.evaluation.rulebook import Rulebook
from synthwgan.evaluation.sections import columns, joint, pairs, privacy, utility, validity
from synthwgan.evaluation.sections import rules as kept_rules
from synthwgan.evaluation.sections.yardsticks import Yardsticks
from synthwgan.randomness import RandomState, as_generator, draw_seeds
from synthwgan.table.door import column_hint
from synthwgan.table.frames import as_named_frame

# The sections of a report, in order.
QUESTIONS: dict[str, Question] = {
    "validity": Question(validity.TITLE, validity.validity_section),
    "columns": Question(columns.TITLE, columns.columns_section),
    "pairs": Question(pairs.TITLE, pairs.pairs_section),
    "rules": Question(kept_rules.TITLE, kept_rules.rules_section, with_rules=True, with_rows=True),
    "joint": Question(joint.TITLE, joint.joint_section),
    "utility": Question(utility.TITLE, utility.utility_section, with_target=True, with_rules=True),
    "privacy": Question(privacy.TITLE, privacy.privacy_section, with_target=True),
}
MIN_TEST_ROWS = 20
QUICK_ROWS = 5_000


def evaluate(
    real: Any,
    synthetic: Any,
    test: Any = None,
    target: Any = None,
    *,
    column_kinds: Mapping[Any, str] | None = None,
    rules: Any = "auto",
    history: list[dict[str, Any]] | None = None,
    names: Mapping[str, str] | None = None,
    quick: bool = False,
    random_state: RandomState = None,
    verbose: int = 0,
) -> Report:
    """Measure how good, how useful and how private a synthetic table is.

    Parameters
    ----------
    real : DataFrame of any library or array, of shape (n_real, n_columns)
        The rows that the model was trained on.
    synthetic : DataFrame of any library or array, of shape (n_synthetic, n_columns)
        A synthetic table with the same columns, in any order, of any model.
    test : DataFrame of any library or array, of shape (n_test, n_columns), default None
        Real rows that the model never saw. They say what can be reached at best, and without
        them nobody can tell whether the model repeats its training rows.
    target : column name, default None
        The column that a user would predict; without it utility is skipped.
    column_kinds : mapping of column name to kind, default None
        Kinds that the schema should not infer: "numeric", "categorical", "datetime",
        "identifier" or "pair".
    rules : "auto", None, RuleSet, or list of rules, default "auto"
        The rules between columns that rows are asked to keep: ``"auto"`` finds those of the real
        rows, and a list may hold it beside rules of one's own, as in
        ``["auto", Order("start", "<=", "end")]``. None asks for none.
    history : list of dict, default None
        Training curves, such as ``synth.history_``, which the report shows.
    names : mapping of str to str, default None
        What the page calls the tables, such as ``{"real": "adult.csv", "synthetic": "CTGAN"}``.
        A table that is not named has the name in its ``attrs["name"]``, if there is one.
    quick : bool, default False
        Whether to answer in seconds: of 5,000 rows of each table, and without the slow figures,
        which the report names.
    random_state : int, Generator, RandomState or None, default None
        Draws rows, yardsticks and intervals. An int makes the report reproducible.
    verbose : int, default 0
        1 shows a progress bar.

    Returns
    -------
    Report
        A section that fails says so in its place, and the others are there.

    Raises
    ------
    TypeError
        If a table is no DataFrame, or `rules` holds what is no rule.
    ValueError
        If the tables have different columns, one is empty, `test` has below 20 rows, or
        `target`, `column_kinds` or `rules` name what is no column, or `names` what is no table.

    Notes
    -----
    Of tables with more than 50,000 rows as many are drawn at random, and the report says so. Rules
    are sought in 20,000 rows and 60 columns at most.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from synthwgan.evaluation import evaluate
    >>> size = np.random.default_rng(0).normal(size=(3, 200))
    >>> real, synthetic, test = (pd.DataFrame({"size": x, "area": x**2}) for x in size)
    >>> report = evaluate(real, synthetic, test, random_state=0)
    >>> report["joint"].score > 0.9
    True
    >>> [(measure.label, measure.ceiling) for measure in report["privacy"].measures][2]
    ('Closer to training', 0.5)
    >>> evaluate(real, synthetic, target="width")
    Traceback (most recent call last):
        ...
    ValueError: target='width' is no column; the columns are ['size', 'area']
    """
    real, synthetic, test = (as_named_frame(table) for table in (real, synthetic, test))
    if isinstance(test, pd.DataFrame) and len(test) < MIN_TEST_ROWS:
        raise ValueError(
            f"test has {len(test)} rows, too few to compare with: give at least "
            f"{MIN_TEST_ROWS}, or leave test out"
        )
    if target is not None and isinstance(real, pd.DataFrame) and target not in real.columns:
        raise ValueError(f"target={target!r} is no column; {column_hint(target, real.columns)}")
    seeds = _seeds(random_state)
    origin = Origin.of({"real": real, "synthetic": synthetic, "test": test}, names, random_state)
    tables = Tables.of(
        real,
        synthetic,
        test,
        column_kinds=column_kinds,
        rng=as_generator(seeds["tables"]),
        max_rows=QUICK_ROWS if quick else MAX_ROWS,
    )
    yardsticks = Yardsticks.of(tables, as_generator(seeds["yardsticks"]), quick)
    rulebook = Rulebook.of(rules, real)
    sections, seconds = [], {}
    progress = tqdm(QUESTIONS.items(), desc="report", disable=not verbose, leave=False)
    for key, question in progress:
        progress.set_postfix_str(key)
        started = time.perf_counter()
        options = {"target": target} if question.with_target else {}
        options |= {"rulebook": rulebook} if question.with_rules else {}
        options |= {"synthetic": synthetic, "test": test} if question.with_rows else {}
        make = partial(question.answer, tables, yardsticks, as_generator(seeds[key]), **options)
        sections.append(_guarded(key, question.title, make))
        seconds[key] = time.perf_counter() - started
    return Report(tuple(sections), tables, target, history, seconds, origin)


def rows_to_draw(real: pd.DataFrame, quick: bool) -> int:
    """Return how many rows of a model a report of this table asks for."""
    return min(len(real), QUICK_ROWS) if quick else len(real)


def _seeds(random_state: RandomState) -> dict[str, int]:
    """Return a seed for each part; that of the rules is drawn last, wherever their section stands.

    So the other sections have the figures that reports had before there was one about rules.
    """
    keys = ["tables", "yardsticks", *sorted(QUESTIONS, key="rules".__eq__)]
    return dict(zip(keys, draw_seeds(random_state, len(keys)), strict=True))


def _guarded(key: str, title: str, make: Callable[[], Section]) -> Section:
    """Return a section, or one that says why it could not be made."""
    try:
        with np.errstate(all="ignore"):
            return make()
    except Exception as error:  # noqa: BLE001
        return Section(key, title, error=f"{type(error).__name__}: {error}")
