"""`WGANGPImputer`: fill the missing cells of a table inside scikit-learn's pipelines."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

import os
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from sklearn.base import OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from synthwgan.checkpoint import Checkpoint
from synthwgan.inner import WithSynthesizer, inner_synthesizer
from synthwgan.parameters import RANDOM_STATE, Number, OneOf, check_parameters
from synthwgan.randomness import RandomState, draw_seeds
from synthwgan.synthesizer import WGANGPSynthesizer
from synthwgan.table.door import chosen_places, enter
from synthwgan.table.frames import (
    MixedTableMixin,
    OutputMixin,
    TableForm,
    as_frame,
    chosen_output,
    take,
)

_OWN = {
    "n_draws": Number(1, integer=True),
    "sample_posterior": OneOf((True, False)),
    "random_state": RANDOM_STATE,
}


class WGANGPImputer(
    OutputMixin,
    MixedTableMixin,
    OneToOneFeatureMixin,
    TransformerMixin,
    WithSynthesizer,
    auto_wrap_output_keys=None,
):
    """Fills missing cells with what a synthesizer expects there, given the rest of the row.

    A transformer like scikit-learn's `IterativeImputer`, for tables of numbers, categories, dates
    and text: what is missing is drawn `n_draws` times by `WGANGPSynthesizer.impute`, and the mean
    of the numbers and dates, the commonest of the categories, fills the gap. Cells that are there
    stay as they are.

    Parameters
    ----------
    synthesizer : WGANGPSynthesizer or None, default None
        What learns the table; it is cloned, and must be `conditional`. Its ``rejection="auto"`` is
        none, as filling gaps rejects no row. None is one with ``rules=None``, so that no gap is
        left: with rules, what they determine is computed, and what they say is missing stays so.
    columns : list of column names, default None
        The columns to fill, by number in an array; None for all. Gaps of others stay, and are
        known to be missing where cells beside them are drawn.
    n_draws : int, default 20
        How often a gap is drawn for the mean or the mode that fills it. More draws are nearer to
        what is expected, and cost as many times the seconds.
    sample_posterior : bool, default False
        Whether a gap is filled with one draw instead, as of `IterativeImputer`. Draws have the
        spread that the cells have, so that variances and correlations are not too small; several
        transforms with other seeds are multiple imputations (Rubin 1987).
    column_kinds, max_steps, max_seconds, device, verbose : optional, default None
        Parameters of the synthesizer, see `WGANGPSynthesizer`; None leaves it its own. All others
        are given with ``synthesizer=WGANGPSynthesizer(...)``.
    random_state : int, Generator, RandomState or None, default None
        Seed of training and of the draws. With an int, each `transform` of the same rows gives
        the same. None leaves the synthesizer its own.

    Attributes
    ----------
    synthesizer_ : WGANGPSynthesizer
        The fitted synthesizer, whose `impute` has all draws.
    n_features_in_ : int
        Number of columns of ``X``.
    feature_names_in_ : ndarray of str
        Their names, if all are strings.

    See Also
    --------
    WGANGPSynthesizer.impute : Fill gaps with draws, several for each row.

    Notes
    -----
    Columns that have no cell missing in `fit` may have gaps in `transform`. A category that did not
    occur counts as missing for the other cells of its row, with a warning, and stays. Columns of
    which every cell was missing in `fit` stay empty. `y` is not used: an imputer that has seen the
    target would tell it to the model behind it.

    References
    ----------
    Rubin (1987), "Multiple Imputation for Nonresponse in Surveys", chapter 3.
    van Buuren, Groothuis-Oudshoorn (2011), "mice: Multivariate Imputation by Chained Equations in
    R", Journal of Statistical Software 45(3).

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan import WGANGPImputer
    >>> cities = ["Bonn", None, "Ulm", "Ulm"]
    >>> X = pd.DataFrame({"age": [23, 41, None, 62] * 25, "city": cities * 25})
    >>> imputer = WGANGPImputer(max_steps=20, random_state=0)
    >>> filled = imputer.fit_transform(X)
    >>> filled.isna().any().any(), filled["age"].iloc[0], filled["city"].iloc[0]
    (np.False_, np.float64(23.0), 'Bonn')
    >>> imputer.set_params(n_draws=0).fit(X)
    Traceback (most recent call last):
        ...
    ValueError: n_draws must be an integer >= 1, got 0
    """

    def __init__(
        self,
        *,
        synthesizer: WGANGPSynthesizer | None = None,
        columns: list[Any] | None = None,
        n_draws: int = 20,
        sample_posterior: bool = False,
        column_kinds: dict[Any, str] | None = None,
        max_steps: int | Literal["auto"] | None = None,
        max_seconds: float | None = None,
        device: str | None = None,
        verbose: int | None = None,
        random_state: RandomState = None,
    ) -> None:
        self.synthesizer = synthesizer
        self.columns = columns
        self.n_draws = n_draws
        self.sample_posterior = sample_posterior
        self.column_kinds = column_kinds
        self.max_steps = max_steps
        self.max_seconds = max_seconds
        self.device = device
        self.verbose = verbose
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        checkpoint: str | os.PathLike | Checkpoint | None = None,
    ) -> Self:
        """Learn the table, gaps included.

        Parameters
        ----------
        X : frame of any library, or array, of shape (n_rows, n_columns)
            The table; it is not written to.
        y : None
            Ignored.
        checkpoint : path or Checkpoint, optional
            A file that gets all that training needs, see `WGANGPSynthesizer.fit`. If it exists, and
            is of this table and these parameters, `fit` goes on from it.

        Returns
        -------
        WGANGPImputer
            Itself.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the table cannot be used; before any training; so is a checkpoint of
            something else.
        OSError
            If the checkpoint could not be written.
        """
        check_parameters({name: getattr(self, name) for name in _OWN}, _OWN)
        model = inner_synthesizer(self, "fill gaps")
        frame = self._entered(as_frame(X), reset=True)
        self._places_of(frame)
        seeds = draw_seeds(self.random_state, 2)
        if self.random_state is not None:
            model.set_params(random_state=seeds[0])
        model.fit(frame, checkpoint=checkpoint)
        self.synthesizer_ = model.set_output(transform="pandas")
        self._seed = None if self.random_state is None else seeds[1]
        return self

    def transform(self, X: Any) -> Any:
        """Fill the missing cells of a table.

        Parameters
        ----------
        X : frame of any library, or array, of shape (n_rows, n_columns)
            With the columns given to `fit`, in their order.

        Returns
        -------
        DataFrame, Table or array of shape (n_rows, n_columns)
            In the form of `X`, or of `set_output`; means are rounded where a dtype holds whole
            numbers only.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If `X` has other columns than the fitted ones.
        """
        check_is_fitted(self)
        return self._filled(*take(X))

    def fit_transform(
        self,
        X: Any,
        y: Any = None,
        *,
        checkpoint: str | os.PathLike | Checkpoint | None = None,
    ) -> Any:
        """Do `fit`, and `transform` the same table, which is read once.

        Parameters
        ----------
        X : frame of any library, or array, of shape (n_rows, n_columns)
            The table.
        y : None
            Ignored.
        checkpoint : path or Checkpoint, optional
            As for `fit`.

        Returns
        -------
        DataFrame, Table or array of shape (n_rows, n_columns)
            As of `transform`.
        """
        X, form = take(X)
        return self.fit(X, y, checkpoint=checkpoint)._filled(X, form)

    @staticmethod
    def _default_synthesizer() -> WGANGPSynthesizer:
        return WGANGPSynthesizer(rules=None)

    def _filled(self, X: Any, form: TableForm) -> Any:
        """Fill the cells of a table that has been taken, and give it its form again."""
        frame = self._entered(X, reset=False)
        gaps = np.zeros(frame.shape, dtype=bool)
        places = self._places_of(frame)
        gaps[:, places] = frame.iloc[:, places].isna()
        rows = np.flatnonzero(gaps.any(axis=1))
        filled = frame.copy()
        if len(rows):
            n_draws = 1 if self.sample_posterior else self.n_draws
            # A row that breaks a rule has gaps as well.
            drawn = self.synthesizer_.impute(
                frame.iloc[rows],
                columns=self.columns,
                n_draws=n_draws,
                on_broken="keep",
                random_state=self._seed,
            )
            for place in np.flatnonzero(gaps.any(axis=0)).tolist():
                where = gaps[:, place]
                chosen = self._chosen(place, drawn.iloc[:, place], n_draws)
                cells = chosen.loc[where[rows]]
                filled.isetitem(place, _with_gaps_filled(frame.iloc[:, place], where, cells))
            self._compute_again(filled, gaps)
        output = chosen_output(self)
        if isinstance(X, pd.DataFrame):
            return form.dress(filled, output)
        if output == "default":
            return _as_array(filled, X)
        return form.dress(filled.set_axis(self.get_feature_names_out(), axis=1), output)

    def _compute_again(self, filled: pd.DataFrame, gaps: np.ndarray) -> None:
        """Compute gaps from the others that were filled, in rows where the two break a rule.

        The commonest city and the commonest country of the draws need not go together.
        """
        transformer = self.synthesizer_.transformer_
        names = transformer.reduction_.computed()
        gaps = gaps & [name in names for name in transformer.column_index_]
        if not gaps.any():
            return
        broken = transformer.count_broken(filled) > 0
        rows = np.flatnonzero(broken & gaps.any(axis=1))
        if not len(rows):
            return
        some = filled.iloc[rows]
        emptied = some.mask(pd.DataFrame(gaps[rows], some.index, some.columns))
        again = self.synthesizer_.impute(emptied, on_broken="keep", random_state=self._seed)
        for place in np.flatnonzero(gaps[rows].any(axis=0)).tolist():
            where = np.zeros(len(filled), dtype=bool)
            where[rows] = gaps[rows, place]
            cells = again.iloc[:, place].reset_index(drop=True).loc[where[rows]]
            filled.isetitem(place, _with_gaps_filled(filled.iloc[:, place], where, cells))

    def _places_of(self, frame: pd.DataFrame) -> list[int]:
        """Return the places of the columns to fill, or raise."""
        if self.columns is None:
            return list(range(frame.shape[1]))
        return chosen_places(frame.columns, self.columns)

    def _chosen(self, place: int, drawn: pd.Series, n_draws: int) -> pd.Series:
        """Return what stands for the draws of each row: their mean, middle or commonest."""
        if n_draws == 1:
            return drawn.reset_index(drop=True)
        dtype = drawn.dtype
        if pd.api.types.is_float_dtype(dtype) or pd.api.types.is_integer_dtype(dtype):
            values = drawn.to_numpy(dtype=np.float64, na_value=np.nan).reshape(-1, n_draws)
            means = pd.Series(values.mean(axis=1))
            whole = pd.api.types.is_integer_dtype(dtype)
            return (means.round() if whole else means).astype(dtype)
        column = self.synthesizer_.transformer_.columns_[place]
        cells = column.read(drawn)
        if column.has_order:
            numbers, are_numbers = column.read_numbers(cells.values)
            # Cells in another form than the others come last.
            order = np.lexsort((numbers.reshape(-1, n_draws), ~are_numbers.reshape(-1, n_draws)))
            places = order[:, (n_draws - 1) // 2]
        else:
            places = _commonest(cells.values.reshape(-1, n_draws))
        chosen = np.arange(len(places)) * n_draws + places
        return drawn.iloc[chosen].reset_index(drop=True)

    def _entered(self, X: Any, reset: bool) -> pd.DataFrame:
        """Return the table as a frame; numbers of an array of objects are numbers."""
        frame = enter(self, np.array(X, dtype=object) if isinstance(X, list) else X, reset=reset)
        if isinstance(X, pd.DataFrame):
            return frame
        self.column_index_ = frame.columns
        return frame.infer_objects()


def _commonest(values: np.ndarray) -> np.ndarray:
    """Return the place of the commonest value of each row, of several the first."""
    codes = pd.factorize(values.ravel())[0].reshape(values.shape)
    counts = (codes[:, :, None] == codes[:, None, :]).sum(axis=2)
    return counts.argmax(axis=1)


def _with_gaps_filled(column: pd.Series, where: np.ndarray, cells: pd.Series) -> pd.Series:
    """Return a column with cells in its gaps; of the fitted dtype if it is nothing but gaps."""
    if where.all():
        return cells.set_axis(column.index).rename(column.name)
    column = column.copy()
    if isinstance(column.dtype, pd.CategoricalDtype):
        unlisted = pd.Index(cells.dropna().unique()).difference(column.cat.categories, sort=False)
        column = column.cat.add_categories(unlisted)
    column.iloc[np.flatnonzero(where)] = cells.to_list()
    return column


def _as_array(filled: pd.DataFrame, X: Any) -> np.ndarray:
    dtype = np.asarray(X).dtype
    return filled.to_numpy(dtype=dtype if dtype.kind in "fiu" else object)
