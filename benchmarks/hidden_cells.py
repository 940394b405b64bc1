"""Hidden cells: hiding some of a table's, and how well they are filled.

A cell is hidden at random, or the more probably the larger or rarer its value is. A method fills it
once, or with several draws, whose intervals are then judged too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

HIDDEN_SHARE = 0.3
COVERAGE = 0.9


def hide(
    rows: pd.DataFrame, share: float = HIDDEN_SHARE, seed: int = 0, *, at_random: bool = True
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return a copy with missing cells, and which they are (n_rows, n_columns).

    Parameters
    ----------
    rows : DataFrame of shape (n_rows, n_columns)
    share : float
        Share of cells that are hidden, at most a half.
    seed : int
    at_random : bool
        Whether each cell is hidden independently of all others and of its value. If not, the
        chance grows with its rank: none for the smallest number and the commonest category, twice
        the share for the largest and the rarest.
    """
    chances: float | np.ndarray = share
    if not at_random:
        chances = 2 * share * np.column_stack([_ranks(rows[name]) for name in rows.columns])
    hidden = np.random.default_rng(seed).random(rows.shape) < chances
    columns = {
        name: (
            rows[name].astype("float64").mask(hidden[:, place])
            if pd.api.types.is_numeric_dtype(rows[name])
            else rows[name].astype(object).where(~hidden[:, place], None)
        )
        for place, name in enumerate(rows.columns)
    }
    return pd.DataFrame(columns, index=rows.index), hidden


def _ranks(column: pd.Series) -> np.ndarray:
    """Ranks from 0 to 1 of numbers, and of categories from the commonest to the rarest."""
    if not pd.api.types.is_numeric_dtype(column):
        column = -column.map(column.value_counts())
    return (column.rank().to_numpy() - 0.5) / len(column)


def pooled(draws: pd.DataFrame, n_draws: int, numeric: Sequence[str]) -> pd.DataFrame:
    """Make one table of several draws a row: the mean of numbers, the mode of categories.

    Parameters
    ----------
    draws : DataFrame of shape (n_rows * n_draws, n_columns)
        The draws of a row one after another, as ``impute`` returns them.
    n_draws : int
        Draws of a row.
    numeric : sequence of str
        The columns that are numbers.

    Returns
    -------
    DataFrame of shape (n_rows, n_columns)
        Of categories that are equally frequent in a row's draws, the one that was drawn first.
    """
    columns = {}
    for name in draws.columns:
        if name in numeric:
            columns[name] = _by_row(draws[name], n_draws).mean(axis=1)
        else:
            columns[name] = _modes(draws[name].astype(object).to_numpy(), n_draws)
    return pd.DataFrame(columns)


def _by_row(column: pd.Series, n_draws: int) -> np.ndarray:
    return column.to_numpy(dtype="float64", na_value=np.nan).reshape(-1, n_draws)


def _modes(values: np.ndarray, n_draws: int) -> np.ndarray:
    codes, categories = pd.factorize(values)
    codes = codes.reshape(-1, n_draws)
    counts = (codes[:, :, None] == codes[:, None, :]).sum(axis=2)
    first = counts.argmax(axis=1)
    return categories[codes[np.arange(len(codes)), first]]


def point_figures(
    truth: pd.DataFrame, filled: pd.DataFrame, hidden: np.ndarray, numeric: Sequence[str]
) -> dict[str, float]:
    """Accuracy of the hidden categories, and error of the hidden numbers.

    Parameters
    ----------
    truth, filled : DataFrame of shape (n_rows, n_columns)
        The complete rows, and those with the hidden cells filled.
    hidden : ndarray of shape (n_rows, n_columns), bool
        Which cells were hidden.
    numeric : sequence of str
        The columns that are numbers.

    Returns
    -------
    dict of str to float
        ``accuracy``: share of all hidden categorical cells that are right. ``nrmse``: root mean
        squared error of a column's hidden cells over its standard deviation in `truth`, the
        mean over the columns (1 is the error of the mean itself). NaN without such a column.
    """
    right, errors = [], []
    for place, name in enumerate(truth.columns):
        cells = hidden[:, place]
        expected, found = (frame[name].to_numpy()[cells] for frame in (truth, filled))
        if name in numeric:
            error = np.sqrt(np.mean((found.astype("float64") - expected.astype("float64")) ** 2))
            deviation = truth[name].std(ddof=0)
            errors += [error / deviation] if deviation > 0 else []
        else:
            right.append(found == expected)
    return {
        "accuracy": float(np.concatenate(right).mean()) if right else np.nan,
        "nrmse": float(np.mean(errors)) if errors else np.nan,
    }


def interval_figures(
    truth: pd.DataFrame,
    draws: pd.DataFrame,
    n_draws: int,
    hidden: np.ndarray,
    numeric: Sequence[str],
    coverage: float = COVERAGE,
) -> dict[str, float]:
    """Coverage of the intervals between two order statistics of the draws.

    A further draw of the same distribution falls between two neighbouring of `n_draws` draws
    with chance ``1 / (n_draws + 1)``, so the k-th smallest and the k-th largest bound it with
    chance ``1 - 2 k / (n_draws + 1)``. ``k = (n_draws + 1) * (1 - coverage) / 2`` gives exactly
    the nominal coverage where that is whole (39 draws and k = 2 for 90 %); interpolated quantiles
    of the draws would give less. The bounds belong to the interval, so a column of few values is
    covered more often.

    Parameters
    ----------
    truth : DataFrame of shape (n_rows, n_columns)
        The complete rows.
    draws : DataFrame of shape (n_rows * n_draws, n_columns)
        The draws of a row one after another.
    n_draws : int
        Draws of a row; ``(n_draws + 1) * (1 - coverage) / 2`` must be a whole number.
    hidden : ndarray of shape (n_rows, n_columns), bool
        Which cells were hidden.
    numeric : sequence of str
        The columns whose intervals are asked for.
    coverage : float
        The nominal coverage.

    Returns
    -------
    dict of str to float
        ``coverage``: share of the hidden numbers in their intervals, the mean over the columns.
        ``untied_coverage``: the same with ties broken at random, in expectation, which alone is
        the nominal coverage for draws that are right, however few values a column has.

    Raises
    ------
    ValueError
        If no order statistics give the coverage exactly.
    """
    rank = (n_draws + 1) * (1 - coverage) / 2
    if abs(rank - round(rank)) > 1e-9 or rank < 0.5:
        raise ValueError(f"{n_draws} draws have no interval that covers exactly {coverage:.0%}")
    closed, untied = [], []
    for place, name in enumerate(truth.columns):
        cells = hidden[:, place]
        if name in numeric and cells.any():
            expected = truth[name].to_numpy(dtype="float64")[cells]
            inside, share = _covered(expected, _by_row(draws[name], n_draws)[cells], round(rank))
            closed.append(inside.mean())
            untied.append(share.mean())
    if not closed:
        return {"coverage": np.nan, "untied_coverage": np.nan}
    return {"coverage": float(np.mean(closed)), "untied_coverage": float(np.mean(untied))}


def _covered(truth: np.ndarray, draws: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """Whether each number lies within its closed interval, and the chance with ties broken."""
    n_draws = draws.shape[1]
    ordered = np.sort(draws, axis=1)
    inside = (ordered[:, rank - 1] <= truth) & (truth <= ordered[:, n_draws - rank])
    below = (draws < truth[:, None]).sum(axis=1)
    ties = (draws == truth[:, None]).sum(axis=1)
    # The number's place among its draws is one of below ... below + ties, each as likely.
    first, last = np.maximum(below, rank), np.minimum(below + ties, n_draws - rank)
    return inside, np.maximum(last - first + 1, 0) / (ties + 1)
