"""Two numbers in one cell become two columns, so that they are compared as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.evaluation.plain import Content
from synthwgan.table.columns.pair import find_frame, read_pairs
from synthwgan.table.forms.distinct import distinct_cells


def spread_pairs(
    frames: Mapping[str, pd.DataFrame], held: Mapping[Any, Content]
) -> tuple[dict[str, pd.DataFrame], dict[Any, Content]]:
    """Return tables with each pair of numbers in two columns.

    Parameters
    ----------
    frames : mapping of str to DataFrame
        The real table, ``"real"``, says how pairs are written.
    held : mapping of column name to Content
        What each column is; columns of the kind ``pair`` are spread.

    Returns
    -------
    frames : dict of str to DataFrame
        ``"at"`` as ``"at[0]"`` and ``"at[1]"``, missing where a cell is no pair.
    held : dict of column name to Content

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.evaluation.plain import Content
    >>> from synthwgan.evaluation.spread import spread_pairs
    >>> real = pd.DataFrame({"at": ["40.71,-73.91", "40.72,-73.95"]})
    >>> frames, held = spread_pairs({"real": real}, {"at": Content("pair", "text")})
    >>> frames["real"]
       at[0]  at[1]
    0  40.71 -73.91
    1  40.72 -73.95
    """
    spread, contents = dict(frames), {}
    for name, content in held.items():
        if content.kind != "pair":
            contents[name] = content
            continue
        frame = find_frame(_texts(frames["real"][name])[0])
        labels = [f"{name}[{place}]" for place in range(2)]
        for part, table in spread.items():
            spread[part] = _spread(table, name, labels, frame)
        contents.update(dict.fromkeys(labels, Content("numeric", "number")))
    return spread, contents


def _spread(
    table: pd.DataFrame, name: Any, labels: list[str], frame: tuple[str, str, str]
) -> pd.DataFrame:
    texts, present, places = _texts(table[name])
    numbers = np.full((len(table), 2), np.nan)
    numbers[present] = read_pairs(frame, texts)[places]
    at = int(table.columns.get_indexer([name])[0])
    halves = pd.DataFrame(numbers, index=table.index, columns=labels)
    return pd.concat([table.iloc[:, :at], halves, table.iloc[:, at + 1 :]], axis=1)


def _texts(column: pd.Series) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the distinct texts, the rows that have one, and the place of each row's."""
    cells = column.astype(object).to_numpy()
    present = np.flatnonzero([isinstance(cell, str) for cell in cells])
    texts, places = distinct_cells(cells[present])
    return texts, present, places
