"""Fits in several threads are those of one, and leave the state of the process alone."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import synthwgan
from synthwgan import MLP, Residual, Style, WGANGPSynthesizer
from synthwgan.networks.state import module_arrays

N_FITS = 4
PACKAGE = str(Path(synthwgan.__file__).parent)


@pytest.fixture
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    n_rows = 120
    return pd.DataFrame(
        {
            "key": [f"k{number:03d}" for number in range(n_rows)],
            "label": rng.choice(list("abc"), n_rows),
            "number": np.where(rng.random(n_rows) < 0.1, np.nan, rng.normal(size=n_rows)),
        }
    )


def noisy(n_in: int, n_out: int) -> nn.Module:
    """A generator that draws in training, as it can from the global state only."""
    return nn.Sequential(nn.Linear(n_in, 16), nn.Dropout(0.5), nn.Linear(16, n_out))


def fitted(table: pd.DataFrame, quick: dict[str, Any], seed: int) -> dict[str, np.ndarray]:
    """The weights of a model, and rows of it."""
    model = WGANGPSynthesizer(**quick | {"random_state": seed}).fit(table)
    rows = model.sample(20, random_state=0)
    # Not by pandas' `astype(str)`, which swaps the filters of warnings for a moment.
    arrays = {f"rows.{name}": rows[name].to_numpy(dtype=object).astype("U40") for name in rows}
    sampler = model.sampler_
    return arrays | module_arrays({"generator": sampler.generator, "critic": model.critic_})


def check_same(found: list[dict[str, np.ndarray]], expected: list[dict[str, np.ndarray]]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert list(one) == list(other)
        for name in one:
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def process_state() -> list[Any]:
    return [
        list(warnings.filters),
        torch.get_rng_state().tolist(),
        str(np.random.get_state()),  # noqa: NPY002
        torch.get_num_threads(),
        torch.get_default_dtype(),
    ]


@contextmanager
def switching_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def watching(look: Callable[[], Any], seen: list[Any]) -> Iterator[None]:
    """Look again and again from a thread of its own."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.002):
            seen.append(look())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize(
    "generator",
    [Residual(width=32, layers=2), Style(width=32, layers=2)],
    ids=["residual", "style"],
)
@pytest.mark.usefixtures("threads_stay")
def test_fits_in_threads_are_those_of_one(table, quick, generator):
    quick = quick | {"generator": generator, "critic": MLP(width=16, minibatch_features=2)}
    serial = [fitted(table, quick, seed) for seed in range(N_FITS)]
    before, seen = process_state(), []
    with switching_often(), watching(process_state, seen), ThreadPoolExecutor(N_FITS) as pool:
        threaded = list(pool.map(lambda seed: fitted(table, quick, seed), range(N_FITS)))
    check_same(threaded, serial)
    with pytest.raises(AssertionError):
        check_same(threaded[1:], serial[:-1])
    # Nothing moved while others fitted, nor afterwards.
    assert seen
    for state in [*seen, process_state()]:
        assert state == before


@pytest.mark.usefixtures("threads_stay")
def test_own_networks_in_threads_are_those_of_one(table, quick):
    quick = quick | {"generator": noisy}
    serial = [fitted(table, quick, seed) for seed in range(3)]
    before = process_state()
    with switching_often(), ThreadPoolExecutor(3) as pool:
        threaded = list(pool.map(lambda seed: fitted(table, quick, seed), range(3)))
    check_same(threaded, serial)
    assert process_state() == before


def test_nothing_of_ours_changes_the_warning_filters(table, quick, monkeypatch):
    """`catch_warnings` swaps the filters of the whole process, as another thread sees them."""
    # Text that is looked at closely.
    table["when"] = [
        f"{1900 + row}-05-{row % 28 + 1:02d}" if row % 2 else f"{row % 28 + 1}/5/{1900 + row}"
        for row in range(len(table))
    ]
    callers: list[str] = []
    enter = warnings.catch_warnings.__enter__

    def noted(self: warnings.catch_warnings) -> Any:
        callers.append(sys._getframe(1).f_code.co_filename)
        return enter(self)

    monkeypatch.setattr(warnings.catch_warnings, "__enter__", noted)
    with pytest.warns(UserWarning, match="look like dates"):
        model = WGANGPSynthesizer(**quick).fit(table)
    model.sample(5, conditions={"label": "a", "number": (None, 0)})
    model.impute(table.assign(label=None))
    assert callers, "pytest.warns itself enters one"
    assert not [name for name in callers if name.startswith(PACKAGE)]
