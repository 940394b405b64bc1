"""One figure for a fitted synthesizer, by rows that it has not seen: for model selection."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from synthwgan.evaluation.inputs import Column, Rows, Tables
from synthwgan.evaluation.rulebook import given_away
from synthwgan.evaluation.sections.columns import shape
from synthwgan.evaluation.sections.detection import boosting_auc
from synthwgan.evaluation.sections.learners import Target, fit_learners, scorer
from synthwgan.evaluation.sections.pairs import Crossing, crossed
from synthwgan.evaluation.sections.utility import MAX_TEST_ROWS, MAX_TRAINING_ROWS
from synthwgan.parameters import RANDOM_STATE, Either, Number, OneOf, check_parameters
from synthwgan.randomness import RandomState, draw_seeds
from synthwgan.table.frames import as_frame
from synthwgan.table.rules.ruleset import RuleSet
from synthwgan.table.target import with_target
from synthwgan.warn import warn

Metric = Literal["fidelity", "columns", "pairs", "detection", "utility"]
_CONSTRAINTS = {
    "n_samples": Either((Number(1, integer=True), OneOf((None,)))),
    "random_state": RANDOM_STATE,
}
# Of few rows drawn, chance would choose between two models.
MIN_DRAWN_ROWS = 1000


def make_scorer(
    metric: Metric | Callable[[pd.DataFrame, pd.DataFrame], float] = "fidelity",
    target: Any = None,
    *,
    greater_is_better: bool = True,
    n_samples: int | None = None,
    random_state: RandomState = 0,
) -> Callable[..., float]:
    """Make a scorer of synthesizers for scikit-learn's model selection.

    The scorer is called with a fitted synthesizer and rows that it has not seen, the held-out
    fold. It draws synthetic rows and says how well they agree with the held-out ones. Pass it as
    ``scoring=`` to ``GridSearchCV``, ``RandomizedSearchCV``, ``cross_val_score`` and the like.

    Parameters
    ----------
    metric : str or callable, default "fidelity"
        What is measured; more is better, and 1 is the best.

        ``"columns"``: how alike the columns are, one by one; the mean of 1 minus the distance of
        their distributions (Kolmogorov-Smirnov of numbers, total variation of categories), less
        where a column lacks more or fewer cells. In [0, 1].

        ``"pairs"``: how much of the dependence between two columns is kept; 0 is none. In [0, 1].

        ``"fidelity"``: the mean of these two. In [0, 1].

        ``"detection"``: 2 minus twice the area under the ROC curve that boosted trees reach which
        tell the two samples apart; 1 if they cannot. In [0, 1]. It sees more than the others, but
        says the same of all models as long as all are easily told.

        ``"utility"``: how well learners that are trained on the synthetic rows predict `target` in
        the held-out ones: the mean area under the ROC curve, or R2 of a number, of a linear model,
        a random forest and boosted trees. A warning says if a rule of the model tells the target:
        then all models score alike.

        A function ``(real, synthetic) -> float`` of two DataFrames.
    target : column name, default None
        The column that ``"utility"`` predicts; by default the one that was given to `fit` as ``y``.
    greater_is_better : bool, default True
        Whether more of a function's figure is better; if not, its sign is changed.
    n_samples : int or None, default None
        Synthetic rows to draw; None draws as many as there are held-out ones, at least 1000.
    random_state : int, Generator, RandomState or None, default 0
        Seed of the rows and of the measurement: the same int for each model, so that chance does
        not choose between them.

    Returns
    -------
    callable
        ``scorer(synthesizer, X, y=None)`` returns the figure.

    Raises
    ------
    TypeError, ValueError
        If an argument cannot be used.

    References
    ----------
    Columns and pairs are measured as in a report, see `evaluate`. Detection: Lopez-Paz and Oquab,
    "Revisiting Classifier Two-Sample Tests", ICLR 2017. Utility: Esteban, Hyland and Ratsch,
    "Real-valued (Medical) Time Series Generation with Recurrent Conditional GANs", 2017.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.model_selection import cross_val_score
    >>> from synthwgan import WGANGPSynthesizer
    >>> from synthwgan.evaluation import make_scorer
    >>> df = pd.DataFrame({"age": [23, 41, 35, 62] * 25, "paid": ["yes", "no"] * 50})
    >>> model = WGANGPSynthesizer(max_steps=20, conditional=False, random_state=0)
    >>> scores = cross_val_score(model, df, scoring=make_scorer("columns"), cv=2)
    >>> scores.shape, bool((scores > 0.5).all())
    ((2,), True)
    >>> make_scorer("colums")
    Traceback (most recent call last):
        ...
    ValueError: metric must be a function or one of 'fidelity', 'columns', 'pairs', ...
    """
    if not callable(metric):
        if metric not in METRICS:
            names = ", ".join(map(repr, METRICS))
            raise ValueError(f"metric must be a function or one of {names}; got {metric!r}")
        if not greater_is_better:
            raise ValueError(f"more of {metric!r} is better; leave greater_is_better out")
    check_parameters({"n_samples": n_samples, "random_state": random_state}, _CONSTRAINTS)
    return _Scorer(metric, target, greater_is_better, n_samples, random_state)


@dataclass(frozen=True)
class _Scorer:
    """What `make_scorer` returns; it can be pickled, as searches in several processes need."""

    metric: Metric | Callable[[pd.DataFrame, pd.DataFrame], float]
    target: Any
    greater_is_better: bool
    n_samples: int | None
    random_state: RandomState

    def __call__(self, estimator: Any, X: Any, y: Any = None) -> float:
        """Score a fitted synthesizer by rows that it has not seen."""
        if not hasattr(estimator, "sample"):
            raise TypeError(f"a synthesizer is scored; {type(estimator).__name__} has no sample()")
        seeds = draw_seeds(self.random_state, 2)
        X = as_frame(X)
        real = _real_rows(estimator, X, y)
        n_rows = max(len(real), MIN_DRAWN_ROWS) if self.n_samples is None else self.n_samples
        synthetic = pd.DataFrame(as_frame(estimator.sample(n_rows, random_state=seeds[0])))
        if not isinstance(X, pd.DataFrame) and synthetic.shape[1] == real.shape[1]:
            # Columns of an array have no names, but numbers, whatever those of drawn rows are.
            synthetic = synthetic.set_axis(real.columns, axis=1)
        if callable(self.metric):
            figure = float(self.metric(real, synthetic))
            return figure if self.greater_is_better else -figure
        schema = getattr(estimator, "schema_", ())
        rng = np.random.default_rng(seeds[1])
        kinds = {column.name: column.kind for column in schema}
        tables = Tables.of(real, synthetic, column_kinds=kinds, rng=rng)
        target = getattr(estimator, "target_name_", None) if self.target is None else self.target
        rules = getattr(estimator, "rules_", None)
        if self.metric == "utility" and isinstance(rules, RuleSet):
            told = given_away(rules, target)
            if told:
                warn(told)
        return METRICS[self.metric](tables, target, rng)


def _real_rows(estimator: Any, X: Any, y: Any) -> pd.DataFrame:
    """Return the rows with the target, if the synthesizer has learned one, as it has."""
    name = getattr(estimator, "target_name_", None)
    if name is None:
        return pd.DataFrame(X)
    if y is None and name not in pd.DataFrame(X).columns:
        raise ValueError(f"the synthesizer was given the target {name!r} as y; it is scored with y")
    return pd.DataFrame(with_target(X, y, name))


def _columns(tables: Tables, target: Any, rng: np.random.Generator) -> float:
    found = [_alike(column, tables.real, tables.synthetic) for column in tables.columns]
    return float(np.mean(found))


def _alike(column: Column, real: Rows, synthetic: Rows) -> float:
    """Likeness of one column: of the cells that are there, and of how many are."""
    lacking = [rows.missing(column.name).mean() for rows in (real, synthetic)]
    as_many = 1 - abs(lacking[0] - lacking[1])
    found = shape(column, real, synthetic)
    # Not a number: neither table has cells to compare.
    return as_many if np.isnan(found) else as_many * found


def _pairs(tables: Tables, target: Any, rng: np.random.Generator) -> float:
    trends = _trends(tables, rng)
    if np.isnan(trends):
        raise ValueError(
            "'pairs' needs two columns with cells that repeat, or numbers; take 'columns'"
        )
    return trends


def _trends(tables: Tables, rng: np.random.Generator) -> float:
    """Share of the dependence of columns that is kept, NaN where there are no two to compare."""
    names = crossed(tables.real, rng)
    if len(names) < 2:
        return np.nan
    n_rows = min(len(tables.real), len(tables.synthetic))
    return max(0.0, Crossing(tables.real, names, n_rows).trends(tables.synthetic))


def _fidelity(tables: Tables, target: Any, rng: np.random.Generator) -> float:
    figures = [_columns(tables, target, rng), _trends(tables, rng)]
    return float(np.nanmean(figures))


def _detection(tables: Tables, target: Any, rng: np.random.Generator) -> float:
    return 2 - 2 * boosting_auc(tables.real, tables.synthetic, rng)


def _utility(tables: Tables, target: Any, rng: np.random.Generator) -> float:
    if target is None:
        raise ValueError("'utility' predicts a column: say which, as in target='income'")
    if target not in tables.by_name:
        names = ", ".join(repr(column.label) for column in tables.columns)
        raise ValueError(f"the target {target!r} is none of the compared columns: {names}")
    goal = Target.of(tables.real, target)
    real = goal.usable(tables.real).sample(MAX_TEST_ROWS, rng)
    synthetic = goal.usable(tables.synthetic).sample(MAX_TRAINING_ROWS, rng)
    if not len(synthetic):
        return goal.chance
    truth, once = goal.truth(real), np.ones(len(real))
    learners = fit_learners(goal, synthetic).values()
    found = [scorer(truth, one.predict(real), is_classes=goal.is_classes) for one in learners]
    return float(np.mean([score(once) for score in found]))


METRICS: dict[str, Callable[[Tables, Any, np.random.Generator], float]] = {
    "fidelity": _fidelity,
    "columns": _columns,
    "pairs": _pairs,
    "detection": _detection,
    "utility": _utility,
}
