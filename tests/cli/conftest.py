"""What the command line fits and judges here is asked only whether it was fitted and judged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="module")
def fits_are_hasty(hasty: None) -> None:
    """Let no test wait for a calibration that it does not look at."""


@pytest.fixture(autouse=True, scope="module")
def reports_are_hasty() -> Iterator[None]:
    """Let no test wait for many trees: good rows and shuffled ones differ widely with few."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("synthwgan.evaluation.sections.detection.N_TREES", 10)
        patch.setattr("synthwgan.evaluation.sections.detection.N_SUSPECTS", 2)
        yield


@pytest.fixture(autouse=True, scope="module")
def networks_are_small(small_networks: None) -> None:
    """Let no test wait for networks that could learn something."""
