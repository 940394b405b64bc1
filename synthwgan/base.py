"""What every fitted synthesizer does: sample, complete, save and load."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, cast, get_args, overload

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted, validate_data

from synthwgan.card import ModelCard
from synthwgan.components import ComponentParameters
from synthwgan.conditions.rows import TableRows
from synthwgan.fitted import FittedState, load_model, model_digest, save_model
from synthwgan.parameters import (
    N_SAMPLES,
    RANDOM_STATE,
    Constraint,
    Either,
    Number,
    OneOf,
    check_parameters,
    reject_misnamed,
)
from synthwgan.parts import ROWS_PER_PART, PartsPlan, write_parts
from synthwgan.provenance import marked
from synthwgan.randomness import RandomState, draw_seeds
from synthwgan.sampling.conditional import ConditionalSampler
from synthwgan.sampling.sampler import Sampler
from synthwgan.sampling.scoring import score_pairs, score_rows
from synthwgan.table import TableTransformer
from synthwgan.table.choice import show_rules
from synthwgan.table.frames import (
    MixedTableMixin,
    OutputMixin,
    as_frame,
    chosen_output,
    take_column,
)
from synthwgan.table.rules.ruleset import RuleSet
from synthwgan.table.schema import Schema
from synthwgan.table.target import with_target
from synthwgan.training.config import COMPONENTS, TrainingConfig
from synthwgan.training.cost import TrainingCost
from synthwgan.training.device import resolve_device

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from synthwgan.evaluation import Report

OnRare = Literal["restrict", "fewer", "error"]
OnBroken = Literal["error", "keep"]
# Larger than any difference of scores, and small enough for sums and ranks.
_BROKEN_RULE = 1e6

_POSITIVE = Number(1, integer=True)
_SAMPLING_PARAMETERS = {
    "n_samples": N_SAMPLES,
    "n_draws": _POSITIVE,
    "chunk_size": _POSITIVE,
    "rows_per_part": _POSITIVE,
    "n_jobs": Either((Number(1, integer=True), OneOf((-1,)))),
    "gibbs_steps": Number(0, integer=True),
    "on_rare": OneOf(get_args(OnRare)),
    "on_broken": OneOf(get_args(OnBroken)),
    "truncation": Either((Number(0, 1), OneOf((None,)))),
    "random_state": RANDOM_STATE,
}


class BaseSynthesizer(OutputMixin, MixedTableMixin, ComponentParameters):
    """A synthesizer once it is fitted; a subclass has the parameters and `fit`."""

    components = COMPONENTS
    constraints: ClassVar[Mapping[str, Constraint]]

    # Set by `fit` and `load`: the fields of `FittedState`.
    transformer_: TableTransformer
    target_name_: Any
    config_: TrainingConfig
    sampler_: Sampler
    conditional_sampler_: ConditionalSampler | None
    critic_: Any
    history_: pd.DataFrame
    n_rows_: int
    n_iter_: int
    fit_seconds_: float
    cost_: TrainingCost
    acceptance_rate_: float
    n_rejection_rounds_: int
    sql_types_: dict[str, list]

    def _keep(self, state: FittedState) -> Self:
        """Set the fitted attributes, all at once: a fit that fails changes none."""
        for field in fields(state):
            setattr(self, f"{field.name}_", getattr(state, field.name))
        # The cached digest is that of an earlier fit.
        vars(self).pop("digest_", None)
        return self

    @cached_property
    def digest_(self) -> str:
        """SHA-256 of the model's weights, which its rows carry in their ``attrs``."""
        check_is_fitted(self)
        return model_digest(self.sampler_, self.conditional_sampler_, self.critic_)

    @property
    def n_features_in_(self) -> int:
        """Number of columns of the table given to `fit`, without the target."""
        check_is_fitted(self)
        return self.transformer_.n_features_in_ - int(self.target_name_ is not None)

    @property
    def feature_names_in_(self) -> np.ndarray:
        """Names of these columns; as in scikit-learn, only if all are strings."""
        return self.transformer_.feature_names_in_[: self.n_features_in_]

    @property
    def schema_(self) -> Schema:
        """What each column was found to be."""
        check_is_fitted(self)
        return self.transformer_.schema_

    @property
    def rules_(self) -> RuleSet:
        """The rules that every drawn row keeps."""
        check_is_fitted(self)
        return self.transformer_.rules_

    @overload
    def sample(
        self,
        n_samples: int = 1,
        *,
        conditions: Mapping[Any, Any] | pd.DataFrame | None = None,
        n_draws: int = 1,
        on_rare: OnRare = "restrict",
        on_broken: OnBroken = "error",
        gibbs_steps: int = 0,
        truncation: float | None = None,
        random_state: RandomState = None,
    ) -> pd.DataFrame: ...

    @overload
    def sample(
        self,
        n_samples: int = 1,
        *,
        conditions: np.ndarray,
        n_draws: int = 1,
        on_rare: OnRare = "restrict",
        on_broken: OnBroken = "error",
        gibbs_steps: int = 0,
        truncation: float | None = None,
        random_state: RandomState = None,
    ) -> np.ndarray: ...

    @overload
    def sample(
        self,
        n_samples: int = 1,
        *,
        conditions: Any,
        n_draws: int = 1,
        on_rare: OnRare = "restrict",
        on_broken: OnBroken = "error",
        gibbs_steps: int = 0,
        truncation: float | None = None,
        random_state: RandomState = None,
    ) -> Any: ...

    def sample(
        self,
        n_samples: int = 1,
        *,
        conditions: Any = None,
        n_draws: int = 1,
        on_rare: OnRare = "restrict",
        on_broken: OnBroken = "error",
        gibbs_steps: int = 0,
        truncation: float | None = None,
        random_state: RandomState = None,
        **misnamed: Any,
    ) -> Any:
        """Draw synthetic rows: of all kinds, of a kind, or completed from given cells.

        Parameters
        ----------
        n_samples : int, default 1
            Number of rows.
        conditions : mapping, frame of any library, or array, optional
            What the rows must be. A mapping says it for all rows, by column name: a value
            (None for a missing cell); a list of allowed values, each as frequent as in the
            table; a range of numbers, dates or ordered categories as a pair ``(low, high)``, both
            included, None for no bound; or a mapping of values or ranges to the shares that they
            shall have. A frame (or array) says it row by row: each gives one row (``n_draws``
            rows) with its cells unchanged and its missing cells drawn, which may be drawn to be
            missing.
        n_draws : int, default 1
            Rows for each row of a frame, one after another.
        on_rare : {"restrict", "fewer", "error"}, default "restrict"
            What to do if hardly one in a hundred drawn rows meets ranges and lists on several
            columns. "restrict" draws each of these columns by its own distribution in the
            table, as if it did not depend on the others, for the rows still missing; "fewer"
            returns the rows found. Both warn.
        on_broken : {"error", "keep"}, default "error"
            What to do with rows of a frame whose given cells break a rule of `rules_`; "keep"
            leaves these cells as they are.
        gibbs_steps : int, default 0
            Under conditions, how often a random half of what is not given is drawn again, given
            the rest.
        truncation : float or None, default None
            With ``generator="style"``, how far styles go from their mean, from 0 (all rows of one
            style: typical, and little varied) to 1 (as they are; None is the same).
        random_state : int, Generator, RandomState or None, default None
            Seed of the rows; without one, each call gives others.

        Returns
        -------
        DataFrame, Table or ndarray of shape (n_samples, n_columns)
            Rows in the form of the table given to `fit`, or of `set_output`: library, names, order
            and dtypes; an array, if it was one (a type checker takes all for frames of pandas). The
            index, in pandas, is that of a DataFrame given as `conditions`, else it counts the rows.
            ``attrs["synthetic"]`` of a pandas frame, and the metadata of an Arrow table, say which
            model and seed they are of.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If an argument is out of range, no row of the table could meet the conditions, more
            rows are asked for than keys are possible, or the model is not `conditional` and the
            conditions need it.
        TypeError
            If an argument has another name, it says the right one; or if `conditions` are of
            another type.

        Examples
        --------
        >>> import pandas as pd
        >>> from synthwgan import WGANGPSynthesizer
        >>> df = pd.DataFrame({"age": [23, 41, 35, 62] * 25, "paid": ["yes", "no"] * 50})
        >>> model = WGANGPSynthesizer(max_steps=20, random_state=0).fit(df)
        >>> model.sample(3, conditions={"paid": "yes", "age": (30, None)})["paid"].tolist()
        ['yes', 'yes', 'yes']
        >>> model.sample(conditions=pd.DataFrame({"age": [35, 62]}))["age"].tolist()
        [35, 62]
        """
        reject_misnamed(misnamed)
        seeds = self._sampling_seeds(
            n_samples=n_samples,
            n_draws=n_draws,
            on_rare=on_rare,
            on_broken=on_broken,
            gibbs_steps=gibbs_steps,
            truncation=truncation,
            random_state=random_state,
        )
        rows = self._rows(seeds, truncation, gibbs_steps)
        if conditions is None:
            drawn = rows.of_all_kinds(n_samples)
            return marked(drawn, self.digest_, "drawn", random_state, self.sql_types_)
        _check_form(conditions)
        conditions = as_frame(conditions)
        if isinstance(conditions, Mapping):
            drawn = next(rows.where(conditions, n_samples, n_samples, on_rare))
            return marked(drawn, self.digest_, "drawn", random_state, self.sql_types_)
        if n_samples != 1:
            raise ValueError(
                "the number of rows is that of the conditions; for several rows each, pass n_draws"
            )
        completed = rows.completed(conditions, n_draws, on_broken)
        return marked(completed, self.digest_, "completed", random_state, self.sql_types_)

    def sample_iter(
        self,
        n_samples: int,
        *,
        conditions: Mapping[Any, Any] | None = None,
        on_rare: OnRare = "restrict",
        truncation: float | None = None,
        chunk_size: int = 50_000,
        random_state: RandomState = None,
    ) -> Iterator[pd.DataFrame]:
        """Draw synthetic rows in chunks, in constant memory.

        Parameters
        ----------
        n_samples : int
            Number of rows in all.
        conditions : mapping, optional
            What the rows must be, see `sample`.
        on_rare : {"restrict", "fewer", "error"}, default "restrict"
            What to do if they hardly are, see `sample`.
        truncation : float or None, default None
            How varied rows of ``generator="style"`` are, see `sample`.
        chunk_size : int, default 50_000
            Rows of a chunk; the last one has the rest.
        random_state : int, Generator, RandomState or None, default None
            Seed of the rows.

        Yields
        ------
        DataFrame, Table or ndarray
            The next rows, in the form of those of `sample`. Identifiers are unique over all chunks.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If a number is no positive integer, or no row could meet the conditions.
        """
        seeds = self._sampling_seeds(
            n_samples=n_samples,
            on_rare=on_rare,
            truncation=truncation,
            chunk_size=chunk_size,
            random_state=random_state,
        )
        rows = self._rows(seeds, truncation)
        if conditions is None:
            chunks = rows.in_chunks(n_samples, chunk_size)
        else:
            _check_mapping(conditions, "sample_iter")
            chunks = rows.where(conditions, n_samples, chunk_size, on_rare)
        said = (
            marked(chunk, self.digest_, "drawn", random_state, self.sql_types_) for chunk in chunks
        )
        return cast("Iterator[pd.DataFrame]", said)

    def sample_to(
        self,
        path: str | os.PathLike[str],
        n_samples: int,
        *,
        conditions: Mapping[Any, Any] | None = None,
        on_rare: OnRare = "restrict",
        truncation: float | None = None,
        rows_per_part: int = ROWS_PER_PART,
        n_jobs: int = 1,
        client: Any = None,
        random_state: RandomState = None,
    ) -> None:
        """Draw synthetic rows into a folder of Parquet files, in constant memory.

        Each file is a part of the table, and is whole or not there. Called again after an
        interruption, or if a process died, it goes on with the missing parts, and the rows are
        those that it would have drawn at once.

        Parameters
        ----------
        path : path
            The folder; it is made if it does not exist. One with other files is refused.
        n_samples : int
            Number of rows in all.
        conditions : mapping, optional
            What the rows must be, see `sample`.
        on_rare : {"restrict", "fewer", "error"}, default "restrict"
            What to do if they hardly are, see `sample`.
        truncation : float or None, default None
            How varied rows of ``generator="style"`` are, see `sample`.
        rows_per_part : int, default 500_000
            Rows of a file; the last one has the rest.
        n_jobs : int, default 1
            Processes that draw parts at the same time, one thread each; -1 for one a core. The rows
            are the same for any number. A script that uses several must guard its own work by
            ``if __name__ == "__main__":``, as `multiprocessing` asks.
        client : dask.distributed.Client, optional
            A Dask cluster whose workers draw the parts instead, into a folder that all its machines
            share; the rows are the same again. It needs the extra ``cluster``.
        random_state : int, Generator, RandomState or None, default None
            Seed of the rows. Without one, a folder that has been begun goes on with its own.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If an argument is out of range, the folder was begun with other arguments or another
            model, no row could meet the conditions, or rows that are drawn apart could not keep a
            key unique.
        TypeError
            If `conditions` are no mapping.
        OSError
            If the folder may not be written to, or is full.

        Examples
        --------
        >>> import pandas as pd, tempfile
        >>> from synthwgan import WGANGPSynthesizer
        >>> from synthwgan.io import read_table
        >>> df = pd.DataFrame({"age": [23, 41, 35, 62] * 25, "paid": ["yes", "no"] * 50})
        >>> model = WGANGPSynthesizer(max_steps=20, conditional=False, random_state=0).fit(df)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.sample_to(f"{folder}/rows", 250, rows_per_part=100, random_state=0)
        ...     len(read_table(f"{folder}/rows/part-00002.parquet"))
        50
        """
        self._sampling_seeds(
            n_samples=n_samples,
            on_rare=on_rare,
            truncation=truncation,
            rows_per_part=rows_per_part,
            n_jobs=n_jobs,
            random_state=random_state,
        )
        if conditions is not None:
            _check_mapping(conditions, "sample_to")
        options = {"conditions": conditions, "on_rare": on_rare, "truncation": truncation}
        plan = PartsPlan(n_samples, rows_per_part, options)
        write_parts(self, path, plan, n_jobs, random_state, client=client)

    def _rows(
        self, seeds: list[int], truncation: float | None = None, gibbs_steps: int = 0
    ) -> TableRows:
        sampler, conditional = self.sampler_.truncated(truncation), self.conditional_sampler_
        if conditional is not None:
            conditional = conditional.truncated(truncation)
            conditional.gibbs_steps = gibbs_steps
        output = chosen_output(self)
        return TableRows(self.transformer_, sampler, conditional, seeds, output)

    @overload
    def impute(
        self,
        X: pd.DataFrame,
        *,
        columns: Iterable[Any] | None = None,
        n_draws: int = 1,
        on_broken: OnBroken = "error",
        gibbs_steps: int = 0,
        random_state: RandomState = None,
    ) -> pd.DataFrame: ...

    @overload
    def impute(
        self,
        X: np.ndarray,
        *,
        columns: Iterable[Any] | None = None,
        n_draws: int = 1,
        on_broken: OnBroken = "error",
        gibbs_steps: int = 0,
        random_state: RandomState = None,
    ) -> np.ndarray: ...

    @overload
    def impute(
        self,
        X: Any,
        *,
        columns: Iterable[Any] | None = None,
        n_draws: int = 1,
        on_broken: OnBroken = "error",
        gibbs_steps: int = 0,
        random_state: RandomState = None,
    ) -> Any: ...

    def impute(
        self,
        X: Any,
        *,
        columns: Iterable[Any] | None = None,
        n_draws: int = 1,
        on_broken: OnBroken = "error",
        gibbs_steps: int = 0,
        random_state: RandomState = None,
    ) -> Any:
        """Fill the missing cells of a table by drawing them, given the other cells of the row.

        A drawn cell has the spread that the table's cells have. With several draws the results
        are multiple imputations (Rubin 1987, "Multiple Imputation for Nonresponse in Surveys"):
        do the analysis on each and pool, or take their mean or mode.

        Parameters
        ----------
        X : frame of any library, or array, of shape (n_rows, n_columns)
            Rows with the columns given to `fit`; a target may be left out. A number outside
            the range that was fitted counts as the nearest, and a category that was not seen as
            missing for the other cells of its row; with a warning.
        columns : list of column names, optional
            The columns to fill; by default all. Gaps of others stay, and tell of what is drawn
            beside them: that a cell is missing is known then. They tell nothing where no cell was
            missing in `fit`.
        n_draws : int, default 1
            Rows for each row of `X`, one after another, with its index if it has one.
        on_broken : {"error", "keep"}, default "error"
            What to do with rows whose cells break a rule of `rules_`; "keep" fills them as well.
        gibbs_steps : int, default 0
            How often a random half of what is not given is drawn again, given
            the rest.
        random_state : int, Generator, RandomState or None, default None
            Seed of the draws.

        Returns
        -------
        DataFrame, Table or ndarray of shape (n_rows * n_draws, n_columns)
            The rows, in the form of those of `sample`. Cells that were there are unchanged. What
            rules determine is computed, and the rest drawn: no cell of `columns` is missing, but
            in columns of which every cell was, and where a rule says that it is.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If a column is missing, the model is not `conditional`, or `columns` names no column.
        TypeError
            If `columns` is no list.

        Examples
        --------
        >>> import pandas as pd
        >>> from synthwgan import WGANGPSynthesizer
        >>> df = pd.DataFrame({"age": [23, 41, 35, None] * 25, "paid": ["yes", "no"] * 50})
        >>> model = WGANGPSynthesizer(max_steps=20, random_state=0).fit(df)
        >>> model.impute(df).isna().any().any()
        np.False_
        """
        seeds = self._sampling_seeds(
            n_draws=n_draws,
            on_broken=on_broken,
            gibbs_steps=gibbs_steps,
            random_state=random_state,
        )
        rows = self._rows(seeds, gibbs_steps=gibbs_steps)
        filled = rows.imputed(as_frame(X), n_draws, self.target_name_, on_broken, columns)
        return marked(filled, self.digest_, "completed", random_state, self.sql_types_)

    def summary(self) -> str:
        """Describe the fitted model: columns, rules, size, cost and training, in a few lines."""
        check_is_fitted(self)
        return "\n".join(
            [
                str(self.schema_),
                "",
                show_rules(self.rules_),
                "",
                str(self.cost_),
                f"trained for {self.n_iter_:,} steps in {self.fit_seconds_:.1f} s; keeps "
                f"{self.acceptance_rate_:.0%} of drawn rows ({self.n_rejection_rounds_} rounds)",
            ]
        )

    def card(self, report: Report | None = None) -> ModelCard:
        """Describe the model for those who are given its rows: what it learned, hides and is for.

        Parameters
        ----------
        report : Report, optional
            What `report` returned; the card then has its scores.

        Returns
        -------
        ModelCard
            ``print`` it for Markdown, or take ``to_markdown()``, ``to_json()`` or ``to_dict()``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        check_is_fitted(self)
        return ModelCard.of(self, report)

    def score(self, X: Any, y: Any = None) -> float:
        """Say how well drawn rows agree with some real ones, best rows that `fit` was not given.

        It is the mean of two figures: how alike the columns are one by one, and how much of the
        dependence between two columns is kept. Scikit-learn's searches take it where they are given
        no ``scoring``; `synthwgan.evaluation.make_scorer` has other figures.

        Parameters
        ----------
        X : frame of any library, or array, of shape (n_rows, n_columns)
            Rows with the columns given to `fit`.
        y : Series or array of shape (n_rows,), optional
            The target, if `fit` was given one.

        Returns
        -------
        float
            ``make_scorer("fidelity")(self, X, y)``, between 0 and 1 (alike); as it has a fixed
            seed, the same each time.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If `X` has other columns, or the target is missing.
        """
        from synthwgan.evaluation.scorer import make_scorer

        check_is_fitted(self)
        X = as_frame(X)
        if all(isinstance(name, str) for name in getattr(X, "columns", ())):
            validate_data(self, X, reset=False, skip_check_array=True)
        elif lacking := [name for name in self.transformer_.column_index_ if name not in X.columns]:
            raise ValueError(f"X lacks column {lacking[0]!r}, which was fitted; score whole rows")
        return make_scorer()(self, X, y)

    def score_samples(self, X: Any, y: Any = None) -> np.ndarray:
        """Score rows by the critic: higher is more like the training table.

        The critic was trained to tell the table's rows from generated ones, so its score is
        a direction and no density: use it to rank rows. What is never generated, the critic does
        not know: a row loses a hundred for each pair of states that never met in the table, though
        chance would have made them meet, and a million for each rule of `rules_` that it breaks.

        Parameters
        ----------
        X : frame of any library, or array, of shape (n_rows, n_columns)
            Rows with the columns given to `fit`. A category that was not seen counts as a missing
            cell, with a warning.
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
        X = as_frame(X)
        if self.target_name_ is None:
            y = None
        elif y is None:
            y = np.full(len(X), None)
        table = with_target(X, y, self.target_name_)
        slots = self.transformer_.to_slots(table)
        packing = self.config_.critic.packing
        scores = score_rows(self.critic_, slots, self.sampler_.device, packing)
        scores = scores + score_pairs(self.sampler_.head, slots)
        return scores - _BROKEN_RULE * self.transformer_.count_broken(table)

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
        X: Any,
        y: Any = None,
        *,
        test: Any = None,
        target: Any = None,
        n_samples: int | None = None,
        rules: Any = "auto",
        quick: bool = False,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> Report:
        """Draw rows and judge them: whether they are valid, lifelike, useful and private.

        Parameters
        ----------
        X, y
            The table given to `fit`; a model keeps no rows, so it is asked for.
        test : frame of any library, or array, of shape (n_test, n_columns), optional
            Real rows that the model never saw, with the target if there is one.
        target : hashable, optional
            The column that one would predict; by default the one given to `fit` as ``y``.
        n_samples : int, optional
            Synthetic rows; by default as many as `X` has, of a quick report 5,000 at most.
        rules : "auto", None, RuleSet, or list of rules, default "auto"
            The rules between columns that rows are asked to keep; by default those found in `X`.
        quick : bool, default False
            Whether to answer in seconds, without the slow figures; see `evaluate`.
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
        from synthwgan.evaluation.evaluate import evaluate, rows_to_draw

        check_is_fitted(self)
        y = take_column(y)[0]
        if isinstance(y, pd.DataFrame) and y.shape[1] != 1:
            raise TypeError("report() draws the synthetic rows itself; give real ones as test=")
        real = pd.DataFrame(with_target(X, y, None if y is None else self.target_name_))
        seeds = draw_seeds(random_state, 2)
        n_rows = rows_to_draw(real, quick) if n_samples is None else n_samples
        rows = as_frame(self.sample(n_rows, random_state=seeds[0]))
        # A frame made of a frame would not say any more where its rows come from.
        rows = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows)
        if self.transformer_.is_array:
            rows = rows.set_axis(real.columns, axis=1)
        report = evaluate(
            real,
            rows,
            None if test is None else pd.DataFrame(as_frame(test)),
            self.target_name_ if target is None else target,
            column_kinds={column.name: column.kind for column in self.schema_},
            rules=rules,
            history=self.history_.to_dict("records"),
            quick=quick,
            random_state=seeds[1],
            verbose=verbose,
        )
        masked = [column for column in self.schema_ if column.masked]
        notes = [f"Column {str(column.name)!r}: {column.masked}." for column in masked]
        return report.of_model(self, random_state, (*report.notes, *notes))

    def save(self, path: str | os.PathLike) -> None:
        """Write the fitted model to one file, whole or not at all.

        The file is a safetensors file: arrays, and JSON in its header. It holds the column
        encodings (category names, quantiles of numbers) but no row of the table. Functions given
        as `generator`, `critic` or `optimizer` cannot be written.

        Parameters
        ----------
        path : path
            Where to; by custom it ends in ``.safetensors``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        OSError
            If the file cannot be written; an older file there stays whole.
        """
        check_is_fitted(self)
        state = {field.name: getattr(self, f"{field.name}_") for field in fields(FittedState)}
        save_model(path, self.get_params(deep=False), self.constraints, FittedState(**state))

    @classmethod
    def load(
        cls,
        path: str | os.PathLike,
        *,
        device: str = "auto",
        generator: Callable[..., Any] | None = None,
        critic: Callable[..., Any] | None = None,
    ) -> Self:
        """Read a model written by `save`; nothing in the file is executed.

        Parameters
        ----------
        path : path
            The file.
        device : str, default "auto"
            Where to sample.
        generator, critic : callable, optional
            The functions that `fit` had, if it had any: a file holds weights, but no code.

        Returns
        -------
        BaseSynthesizer
            Fitted; it samples the same rows for the same seed.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is truncated, no model of ours, of a newer format, or of networks of one's own
            other than those given.
        """
        own = {"generator": generator, "critic": critic}
        parameters, state = load_model(path, resolve_device(device), own, cls.constraints)
        return cls(**parameters)._keep(state)

    def _sampling_seeds(self, **arguments: Any) -> list[int]:
        check_is_fitted(self)
        check_parameters(arguments, {name: _SAMPLING_PARAMETERS[name] for name in arguments})
        return draw_seeds(arguments["random_state"], 2)


def _check_mapping(conditions: Any, method: str) -> None:
    """Raise a TypeError for conditions that are not the same for all rows."""
    _check_form(conditions)
    if not isinstance(conditions, Mapping):
        raise TypeError(f"{method}() takes conditions as a mapping; use sample() for rows")


def _check_form(conditions: Any) -> None:
    """Raise a TypeError for conditions in a form that other libraries have."""
    example = "{'age': (60, None), 'city': ['Oslo', 'Lima']}"
    if isinstance(conditions, str | bytes):
        raise TypeError(
            f"conditions are a mapping by column name, such as {example}, or a DataFrame of "
            f"half-known rows; got the text {conditions!r}"
        )
    if isinstance(conditions, list | tuple) and not any(
        isinstance(row, Mapping) for row in conditions
    ):
        raise TypeError(
            f"conditions are a mapping by column name, such as {example}, or a DataFrame of "
            f"half-known rows; got a {type(conditions).__name__}"
        )
    if isinstance(conditions, list | tuple):
        raise TypeError(
            f"conditions are one mapping by column name, such as {example}; for mappings of which "
            "each is a half-known row, pass pd.DataFrame(conditions)"
        )
