"""A made-up Adult: its columns, few rows and nothing to be downloaded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks import domains
from benchmarks.data import Dataset

NUMERIC = ("age", "fnlwgt", "education.num", "capital.gain", "capital.loss", "hours.per.week")
STATES = {
    "workclass": ("Private", "Self-emp-inc", "Self-emp-not-inc", "Local-gov", "State-gov", "?"),
    "education": ("HS-grad", "Bachelors", "Masters"),
    "marital.status": ("Married", "Divorced"),
    "occupation": ("Sales", "Craft", "Exec"),
    "relationship": ("Husband", "Wife", "Own-child"),
    "race": ("White", "Black"),
    "sex": ("Male", "Female"),
    "native.country": ("United-States", "Mexico"),
}


def _rows(n_rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    states = {name: rng.choice(of, n_rows).astype(object) for name, of in STATES.items()}
    numbers = {name: rng.integers(0, 100, n_rows) for name in NUMERIC}
    numbers["age"] = rng.integers(20, 80, n_rows)
    rich = numbers["age"] + rng.normal(0, 10, n_rows) > 55
    income = np.where(rich, ">50K", "<=50K").astype(object)
    return pd.DataFrame({**numbers, **states, "income": income})


@pytest.fixture
def small_adult(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Return a made-up Adult, which `adult_domains` then loads."""
    adult = Dataset("adult", _rows(500, 0), _rows(250, 1), NUMERIC, (*STATES, "income"), "income")
    monkeypatch.setattr(domains, "load", lambda name: adult)
    return adult


@pytest.fixture(autouse=True, scope="module")
def fits_are_hasty(hasty: None) -> None:
    """Let no test wait for a calibration that it does not look at."""


@pytest.fixture(autouse=True, scope="module")
def networks_are_small(small_networks: None) -> None:
    """Let no test wait for default networks, of which none here asks what they learn."""


@pytest.fixture(autouse=True)
def torch_as_before() -> Iterator[None]:
    """Undo what a benchmark's `main` sets for its own process, which here is everyone's."""
    n_threads = torch.get_num_threads()
    yield
    torch.set_num_threads(n_threads)
    torch.set_flush_denormal(False)
