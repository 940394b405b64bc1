"""Looking at a fitted synthesizer: its summary, its training, and how good its rows are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from synthwgan.randomness import RandomState, draw_seeds
from synthwgan.sampling.scoring import score_rows
from synthwgan.table.target import with_target

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from synthwgan.evaluation import Report


class InspectionMixin:
    """What a synthesizer can tell of itself and of rows, once it is fitted."""

    def summary(self) -> str:
        """Describe the fitted model: columns, size, cost and training, in a few lines."""
        check_is_fitted(self)
        return "\n".join(
            [
                str(self.schema_),
                "",
                str(self.cost_),
                f"trained for {self.n_iter_:,} steps in {self.fit_seconds_:.1f} s; keeps "
                f"{self.acceptance_rate_:.0%} of drawn rows ({self.n_rejection_rounds_} rounds)",
            ]
        )

    def score_samples(self, X: pd.DataFrame | np.ndarray, y: Any = None) -> np.ndarray:
        """Score rows by the critic: higher is more like the training table.

        The critic was trained to tell the table's rows from generated ones, so its score is
        a direction and no density: use it to rank rows.

        Parameters
        ----------
        X : DataFrame or array of shape (n_rows, n_columns)
            Rows with the columns given to `fit`.
        y : Series or array of shape (n_rows,), optional
            The target, if `fit` was given one; left out, it counts as unknown.

        Returns
        -------
        ndarray of shape (n_rows,), float64
            Scores.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If a column is missing.
        """
        check_is_fitted(self)
        if self.target_name_ is None:
            y = None
        elif y is None:
            y = np.full(len(X), None)
        table = with_target(X, y, self.target_name_)
        slots = self.transformer_.to_slots(table)
        return score_rows(self.critic_, slots, self.sampler_.device, self.config_.critic.packing)

    def plot_history(self) -> Figure:
        """Draw how training went, from `history_`: a panel for each figure.

        Returns
        -------
        plotly.graph_objects.Figure
            Show it with ``.show()``, or write it with ``.write_html(path)``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ImportError
            If plotly is not installed; it says how to.
        """
        from synthwgan.evaluation.plots.training import history_figure

        check_is_fitted(self)
        return history_figure(self.history_)

    def report(
        self,
        X: pd.DataFrame | np.ndarray,
        y: Any = None,
        *,
        test: pd.DataFrame | np.ndarray | None = None,
        target: Any = None,
        n_samples: int | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> Report:
        """Draw rows and judge them: whether they are valid, lifelike, useful and private.

        Parameters
        ----------
        X, y
            The table given to `fit`; a model keeps no rows, so it is asked for.
        test : DataFrame or array of shape (n_test, n_columns), optional
            Real rows that the model never saw, with the target if there is one.
        target : hashable, optional
            The column that one would predict; by default the one given to `fit` as ``y``.
        n_samples : int, optional
            Synthetic rows; by default as many as `X` has.
        random_state : int, Generator, RandomState or None, default None
            Seed of the rows and of the report.
        verbose : int, default 0
            1 shows a progress bar.

        Returns
        -------
        Report
            See `synthwgan.evaluation.evaluate`; it has the training curves too.

        Raises
        ------
        NotFittedError
            Before `fit`.
        TypeError
            If `y` is a table.
        ValueError
            If a table has other columns, or `target` is none of them.
        """
        from synthwgan.evaluation import evaluate

        check_is_fitted(self)
        if isinstance(y, pd.DataFrame) and y.shape[1] != 1:
            raise TypeError("report() draws the synthetic rows itself; give real ones as test=")
        real = pd.DataFrame(with_target(X, y, None if y is None else self.target_name_))
        seeds = draw_seeds(random_state, 2)
        rows = self.sample(len(real) if n_samples is None else n_samples, random_state=seeds[0])
        report = evaluate(
            real,
            pd.DataFrame(rows),
            None if test is None else pd.DataFrame(test),
            self.target_name_ if target is None else target,
            column_kinds={column.name: column.kind for column in self.schema_},
            history=self.history_.to_dict("records"),
            random_state=seeds[1],
            verbose=verbose,
        )
        masked = [column for column in self.schema_ if column.masked]
        notes = [f"Column {str(column.name)!r}: {column.masked}." for column in masked]
        tables = replace(report.tables, notes=(*report.tables.notes, *notes))
        return replace(report, tables=tables)
