"""Several numbers in one cell become columns, so that they are compared as numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.evaluation.plain import Content
from synthwgan.table.forms.distinct import distinct_cells
from synthwgan.table.schema import COLUMN_CLASSES


def spread_numbers(
    frames: Mapping[str, pd.DataFrame], held: Mapping[Any, Content]
) -> tuple[dict[str, pd.DataFrame], dict[Any, Content]]:
    """Return tables with the numbers of each cell in columns of their own.

    Parameters
    ----------
    frames : mapping of str to DataFrame
        The real table, ``"real"``, says how they are written.
    held : mapping of column name to Content
        What each column is; those are spread whose kind has `n_numbers` in a cell.

    Returns
    -------
    frames : dict of str to DataFrame
        ``"at"`` as ``"at[0]"`` and ``"at[1]"``, missing where a cell has none.
    held : dict of column name to Content

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.evaluation.plain import Content
    >>> from synthwgan.evaluation.spread import spread_numbers
    >>> real = pd.DataFrame({"at": ["40.71,-73.91", "40.72,-73.95"]})
    >>> frames, held = spread_numbers({"real": real}, {"at": Content("pair", "text")})
    >>> frames["real"]
       at[0]  at[1]
    0  40.71 -73.91
    1  40.72 -73.95
    """
    spread, contents = dict(frames), {}
    for name, content in held.items():
        n_numbers = COLUMN_CLASSES[content.kind].n_numbers
        if not n_numbers:
            contents[name] = content
            continue
        read = COLUMN_CLASSES[content.kind].numbers_within(_texts(frames["real"][name])[0])
        labels = [f"{name}[{place}]" for place in range(n_numbers)]
        for part, table in spread.items():
            spread[part] = _spread(table, name, labels, read)
        contents.update(dict.fromkeys(labels, Content("numeric", "number")))
    return spread, contents


def _spread(
    table: pd.DataFrame,
    name: Any,
    labels: list[str],
    read: Callable[[np.ndarray], np.ndarray],
) -> pd.DataFrame:
    texts, present, places = _texts(table[name])
    numbers = np.full((len(table), len(labels)), np.nan)
    numbers[present] = read(texts)[places]
    at = int(table.columns.get_indexer([name])[0])
    halves = pd.DataFrame(numbers, index=table.index, columns=labels)
    return pd.concat([table.iloc[:, :at], halves, table.iloc[:, at + 1 :]], axis=1)


def _texts(column: pd.Series) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the distinct texts, the rows that have one, and the place of each row's."""
    cells = column.astype(object).to_numpy()
    present = np.flatnonzero([isinstance(cell, str) for cell in cells])
    texts, places = distinct_cells(cells[present])
    return texts, present, places
