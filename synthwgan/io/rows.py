"""Rows in the form in which a user has them, as the frames of pandas that all that writes takes."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from synthwgan.io.base import PROVENANCE
from synthwgan.table.frames import as_named_frame


def frame_of_rows(rows: Any) -> pd.DataFrame:
    """Return rows as a frame of pandas, whose ``attrs`` say whether they are synthetic.

    Parameters
    ----------
    rows : frame of any library, or array
        Of an array, columns are numbered.

    Raises
    ------
    TypeError
        If it is no table.
    """
    frame = as_named_frame(rows)
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(
            f"rows must be a frame of any library, or an array of two dimensions, got a "
            f"{type(rows).__name__}: pass pd.DataFrame(rows)"
        )
    # Only Arrow's schemas have metadata; the frame that was made of one is nobody else's.
    metadata = getattr(getattr(rows, "schema", None), "metadata", None) or {}
    if PROVENANCE.encode() in metadata:
        frame.attrs[PROVENANCE] = _told(metadata[PROVENANCE.encode()])
    return frame


def _told(metadata: bytes) -> Any:
    """Return what metadata say of where rows come from; others may use the word for anything."""
    try:
        return json.loads(metadata)
    except ValueError:
        return metadata.decode(errors="replace")
