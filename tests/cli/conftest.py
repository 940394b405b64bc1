"""What the command line fits here is asked only whether it was fitted."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="module")
def fits_are_hasty(hasty: None) -> None:
    """Let no test wait for a calibration that it does not look at."""
