"""What the command line fits and judges here is asked only whether it was fitted and judged."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="module")
def fits_are_hasty(hasty: None) -> None:
    """Let no test wait for a calibration that it does not look at."""


@pytest.fixture(autouse=True, scope="module")
def reports_are_hasty(hasty_reports: None) -> None:
    """Let no test wait for many trees: good rows and shuffled ones differ widely with few."""


@pytest.fixture(autouse=True, scope="module")
def networks_are_small(small_networks: None) -> None:
    """Let no test wait for networks that could learn something."""
