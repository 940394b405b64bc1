"""A warning names the line of the user."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from synthwgan import PrivateSynthesizer, WGANGPImputer, WGANGPSynthesizer
from synthwgan.io import read_table


def places(call: Callable[[], Any]) -> set[str]:
    """The files that the warnings of a call name."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return {one.filename for one in caught if one.category is UserWarning}


@pytest.fixture(autouse=True, scope="module")
def fits_are_hasty(hasty: None) -> None:
    """Let no test wait for a calibration that it does not look at."""


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    letters = {name: rng.choice(list("abcdefghijklmnopqrst"), 300) for name in "uvwxyz"}
    return pd.DataFrame(letters)


@pytest.fixture(scope="module")
def model(table: pd.DataFrame) -> WGANGPSynthesizer:
    return WGANGPSynthesizer(
        max_steps=2, rules=None, rejection=None, random_state=0, device="cpu"
    ).fit(table)


def test_of_fit(table: pd.DataFrame) -> None:
    repeated = table.assign(email=[f"anna.{i % 200}@mail.org" for i in range(300)])
    fresh = WGANGPSynthesizer(max_steps=1, conditional=False, rejection=None, device="cpu")
    assert places(lambda: fresh.fit(repeated)) == {__file__}


def test_of_sample(model: WGANGPSynthesizer) -> None:
    # One row in a hundred thousand.
    rare = dict.fromkeys("uvwxyz", ["a", "b"])
    assert places(lambda: model.sample(500, conditions=rare)) == {__file__}


def test_of_impute(model: WGANGPSynthesizer, table: pd.DataFrame) -> None:
    unseen = table.head().assign(x="Mars", y=None)
    assert places(lambda: model.impute(unseen)) == {__file__}


def test_within_a_pipeline(table: pd.DataFrame) -> None:
    """Between the user's line and ours stand scikit-learn's."""
    imputer = WGANGPImputer(max_steps=1, n_draws=1, device="cpu")
    pipeline = make_pipeline(imputer).fit(table)
    unseen = table.head().assign(x="Mars", y=None)
    assert places(lambda: pipeline.transform(unseen)) == {__file__}


def test_of_a_private_fit(table: pd.DataFrame) -> None:
    private = PrivateSynthesizer(0.1, delta=0.1, n_particles=10, max_steps=1)
    assert places(lambda: private.fit(table[["x"]])) == {__file__}


def test_of_reading(tmp_path: Any) -> None:
    file = tmp_path / "semicolons.csv"
    file.write_text("a;b\n1;2\n3;4\n")
    assert places(lambda: read_table(file)) == {__file__}
