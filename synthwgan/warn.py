"""Warnings that name the caller's line."""

from __future__ import annotations

import sys
import warnings

# What may stand between the user's line and ours: wrappers of methods, pipelines, threads.
_OURS = {"synthwgan", "sklearn", "joblib", "torch", "contextlib", "threading", "concurrent"}


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the innermost line that is not of this package, nor of a wrapper around it.

    Parameters
    ----------
    message : str
        What happened, and what to do.
    category : type of Warning
        The class of the warning.
    """
    # 1 is this function, 2 is who called it.
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in _OURS
