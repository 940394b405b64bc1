"""Reading CSV files so that what pandas would change without a word stays as it is."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd

_LEADING_ZERO = r"[-+]?0\d"
_WHOLE = r"[-+]?\d+"
_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def read_csv(
    path: Path, compression: str | None = None, texts: Collection[str] = ()
) -> pd.DataFrame:
    """Read a comma-separated file in UTF-8.

    Beyond pandas' own inference, numbers with leading zeros (postcodes) stay text, and whole
    numbers with empty cells become ``Int64`` instead of floats.

    Parameters
    ----------
    path : Path
        The file.
    compression : {"gzip"} or None, default None
        How it is compressed.
    texts : collection of str, default ()
        Columns whose cells stay as they are written, if the file has them.

    Raises
    ------
    ValueError
        If a name stands twice in the header, or the separator is no comma.
    """
    # One pass over whole columns: in chunks, pandas may give one column two types.
    options = {"encoding": "utf-8-sig", "low_memory": False, "compression": compression}
    # The default parser of pandas before 3 is off in the last bit of long numbers.
    if int(pd.__version__.partition(".")[0]) < 3:
        options["float_precision"] = "round_trip"
    names = pd.read_csv(path, header=None, nrows=1, dtype=str, **options).iloc[0]
    _check_header(names)
    frame = pd.read_csv(path, dtype={name: str for name in texts if name in set(names)}, **options)
    return _as_written(frame, path, options)


def _check_header(names: pd.Series) -> None:
    repeated = names[names.notna() & names.duplicated()]
    if len(repeated):
        raise ValueError(f"the column {repeated.iloc[0]!r} stands twice in its header; rename one")
    if len(names) == 1:
        for separator, word in _OTHER_SEPARATORS.items():
            if separator in str(names.iloc[0]):
                raise ValueError(f"its cells are separated by {word}; write it with commas")


def _as_written(frame: pd.DataFrame, path: Path, options: dict[str, Any]) -> pd.DataFrame:
    """Look again at the text of columns that pandas read as whole numbers."""
    suspects = [place for place in range(frame.shape[1]) if _is_whole(frame.iloc[:, place])]
    if not suspects:
        return frame
    texts = pd.read_csv(path, usecols=suspects, dtype=str, **options)
    for name in texts:
        cells = texts[name].dropna().str.strip()
        if cells.str.match(_LEADING_ZERO).any():
            frame[name] = texts[name]
        elif frame[name].dtype.kind == "f" and cells.str.fullmatch(_WHOLE).all():
            frame[name] = frame[name].astype("Int64")
    return frame


def _is_whole(column: pd.Series) -> bool:
    if column.dtype.kind == "f":
        present = column.dropna()
        return bool(len(present)) and bool((present % 1 == 0).all())
    return column.dtype.kind in "iu"
