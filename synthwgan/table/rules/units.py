"""Units of time that rules count in."""

from __future__ import annotations

_NANOSECONDS = {
    "D": 86_400 * 10**9,
    "h": 3600 * 10**9,
    "m": 60 * 10**9,
    "s": 10**9,
    "ms": 10**6,
    "us": 10**3,
    "ns": 1,
}
UNITS = tuple(_NANOSECONDS)


def ticks_per(unit: str, ticks: str) -> int:
    """Return how many ticks of a finer unit make one of a coarser."""
    return _NANOSECONDS[unit] // _NANOSECONDS[ticks]
