"""The options of networks, objectives and training, through the estimator."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from synthwgan import GAN, MLP, WGAN, EarlyStopping, Optimizer, Residual, Style, WGANGPSynthesizer
from synthwgan.networks import critics, generators
from synthwgan.networks.generators.style import StyleGenerator


def own_generator(n_in: int, n_out: int) -> nn.Module:
    return nn.Sequential(nn.Linear(n_in, 9), nn.BatchNorm1d(9), nn.ReLU(), nn.Linear(9, n_out))


def own_critic(n_in: int) -> nn.Module:
    return nn.Sequential(nn.Linear(n_in, 9), nn.Tanh(), nn.Dropout(0.1), nn.Linear(9, 1))


def slow_adam(params: Any, lr: float) -> torch.optim.Optimizer:
    return torch.optim.Adam(params, lr / 2)


SMALL_STYLE = Style(width=32, layers=2)
OPTIONS: dict[str, dict[str, Any]] = {
    "wgan": {"objective": "wgan"},
    "gan": {"objective": GAN(label_smoothing=0.1)},
    "gan-minimax": {"objective": "gan-minimax", "critic__instance_noise": 0.1},
    "relativistic": {"objective": "relativistic", "critic__packing": 2},
    "minibatch": {"critic__minibatch_features": 3, "critic__minibatch_std": True},
    "mlp": {"generator": generators.MLP(width=32), "objective__penalty": "r1"},
    "style": {"generator": SMALL_STYLE, "optimizer": "adamw"},
    "early stopping": {"early_stopping": EarlyStopping(patience=1)},
    "own optimizer": {"optimizer": slow_adam},
    "own networks": {"generator": own_generator, "critic": critics.Own(own_critic, packing=3)},
}
OWN_FUNCTIONS = {"generator": own_generator, "critic": own_critic}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    label = rng.choice(list("abc"), 120)
    number = rng.normal(size=120) + (label == "a")
    return pd.DataFrame({"number": number, "label": label, "count": rng.integers(0, 5, 120)})


@pytest.fixture(scope="module")
def style(quick: dict[str, Any], table: pd.DataFrame) -> WGANGPSynthesizer:
    """A model with styles; tests must not change it."""
    options = {"max_steps": 60, "calibrate": True, "generator": SMALL_STYLE}
    return WGANGPSynthesizer(**(quick | options)).fit(table)


@pytest.fixture(params=OPTIONS.values(), ids=OPTIONS.keys())
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    return request.param


# Every option, from fit to file


def test_every_option_fits_samples_scores_and_is_saved(quick, table, options, tmp_path):
    model = WGANGPSynthesizer(**quick).set_params(calibrate=True, **options).fit(table)
    rows = model.sample(40, random_state=1)
    assert rows.dtypes.equals(table.dtypes)
    assert (model.sample(5, conditions={"label": "b"})["label"] == "b").all()
    assert not model.impute(table.mask(table["count"] == 2)).isna().any().any()
    scores = model.score_samples(table)
    # A score depends on no other row, whatever the critic compares.
    np.testing.assert_allclose(model.score_samples(table.iloc[:3]), scores[:3], rtol=1e-9)
    path = tmp_path / "model.safetensors"
    model.save(path)
    own = OWN_FUNCTIONS if options.get("generator") is own_generator else {}
    loaded = WGANGPSynthesizer.load(path, device="cpu", **own)
    pd.testing.assert_frame_equal(loaded.sample(40, random_state=1), rows)
    np.testing.assert_array_equal(loaded.score_samples(table), scores)
    pd.testing.assert_frame_equal(loaded.history_, model.history_)
    expected = model.get_params()
    if callable(options.get("optimizer")):
        expected["optimizer"] = "auto"
    assert loaded.get_params() == expected
    again = tmp_path / "again.safetensors"
    loaded.save(again)
    assert WGANGPSynthesizer.load(again, device="cpu", **own).summary() == model.summary()


# Own networks in files


@pytest.fixture
def own_path(quick: dict[str, Any], table: pd.DataFrame, tmp_path: Path) -> Path:
    path = tmp_path / "own.safetensors"
    networks = OPTIONS["own networks"]
    WGANGPSynthesizer(**(quick | networks)).fit(table).save(path)
    return path


@pytest.mark.parametrize(
    ("networks", "message"),
    [
        ({}, r"generator of its own.*pass the function.*load\(path, generator=...\)"),
        ({"generator": own_generator}, r"critic of its own.*load\(path, critic=...\)"),
    ],
)
def test_own_networks_must_be_given_again(own_path, networks, message):
    with pytest.raises(ValueError, match=message):
        WGANGPSynthesizer.load(own_path, **networks)


def test_other_own_networks_do_not_fit(own_path):
    def wider(n_in: int, n_out: int) -> nn.Module:
        return nn.Sequential(nn.Linear(n_in, 8), nn.ReLU(), nn.Linear(8, n_out))

    with pytest.raises(ValueError, match="weights of the generator do not fit"):
        WGANGPSynthesizer.load(own_path, generator=wider, critic=own_critic)


def test_a_file_of_built_in_networks_takes_no_others(quick, table, tmp_path):
    path = tmp_path / "model.safetensors"
    WGANGPSynthesizer(**quick).fit(table).save(path)
    with pytest.raises(ValueError, match="built-in critic 'mlp'; load it without critic="):
        WGANGPSynthesizer.load(path, critic=own_critic)


def test_own_networks_are_refused_before_training(quick, table):
    def narrow(n_in: int, n_out: int) -> nn.Module:
        return nn.Linear(n_in, 2)

    model = WGANGPSynthesizer(**(quick | {"generator": narrow}))
    with pytest.raises(ValueError, match=r"generator factory must map \(6, 64\) to \(6, "):
        model.fit(table)
    assert not hasattr(model, "history_")


# Truncation


def test_truncation_makes_rows_typical(style):
    assert isinstance(style.sampler_.generator, StyleGenerator)
    whole, none = (style.sample(2000, truncation=psi, random_state=0) for psi in (1, None))
    pd.testing.assert_frame_equal(whole, none)
    spreads = [
        style.sample(2000, truncation=psi, random_state=0)["number"].std() for psi in (1, 0.5, 0)
    ]
    assert spreads[0] > 1.2 * spreads[2]
    assert spreads[0] > spreads[1] > spreads[2]


def test_truncation_reaches_chunks_and_conditions(style):
    chunks = list(style.sample_iter(50, truncation=0.3, chunk_size=20, random_state=2))
    assert [len(chunk) for chunk in chunks] == [20, 20, 10]
    whole = list(style.sample_iter(50, chunk_size=20, random_state=2))
    assert not chunks[0].equals(whole[0])
    given = {"conditions": {"label": "a"}, "random_state": 3}
    assert not style.sample(50, **given, truncation=0.1).equals(style.sample(50, **given))
    pd.testing.assert_frame_equal(
        style.sample(50, **given, truncation=1.0), style.sample(50, **given)
    )


def test_truncated_samples_leave_the_model_as_it_was(style):
    before = style.sample(50, conditions={"label": "c"}, random_state=4)
    style.sample(50, conditions={"label": "c"}, truncation=0.0, random_state=4)
    after = style.sample(50, conditions={"label": "c"}, random_state=4)
    pd.testing.assert_frame_equal(before, after)


@pytest.mark.parametrize("truncation", [-0.1, 1.5, "half", True])
def test_truncation_out_of_range_is_named(style, truncation):
    with pytest.raises(ValueError, match="truncation must be a number >= 0 and <= 1 or None, got"):
        style.sample(3, truncation=truncation)


def test_truncation_needs_styles(fitted):
    with pytest.raises(ValueError, match="truncation needs .*generator='style'"):
        fitted.sample(3, truncation=0.5)
    with pytest.raises(ValueError, match="truncation needs .*generator='style'"):
        next(fitted.sample_iter(3, truncation=0.5))
    assert len(fitted.sample(3)) == 3


# History


def test_held_out_rows_are_in_the_history_of_both_phases(quick, table):
    model = WGANGPSynthesizer(
        **quick, early_stopping=EarlyStopping(fraction=0.25, patience=100)
    ).fit(table)
    estimates = model.history_.groupby("phase")["validation_wasserstein"].count()
    assert (estimates == model.history_.groupby("phase").size()).all()
    assert "validation_wasserstein" not in WGANGPSynthesizer(**quick).fit(table).history_


def test_diversity_is_in_the_history(trained):
    known = trained.history_["entropy"].dropna()
    assert len(known) >= 5
    # The generator starts with the table's marginals, and keeps them.
    assert known.between(0.5, 1.3).all()
    assert trained.history_["distinct_rows"].dropna().between(0.5, 1).all()


def test_plot_history_has_a_panel_for_each_figure(quick, table):
    pytest.importorskip("plotly")
    model = WGANGPSynthesizer(
        **quick, early_stopping=EarlyStopping(fraction=0.25, patience=100)
    ).fit(table)
    figure = model.plot_history()
    titles = [annotation.text for annotation in figure.layout.annotations]
    assert {"wasserstein", "validation wasserstein", "critic loss", "distinct rows"} < set(titles)
    axes = {line.yaxis for line in figure.data}
    assert len(axes) == len(titles)
    whole = model.history_[model.history_["phase"] == "whole rows"]
    first = {line.name: line for line in figure.data if line.yaxis == "y"}
    np.testing.assert_allclose(first["whole rows"].y, whole["critic_loss"], rtol=1e-6)
    # The second phase goes on where the first one ends.
    assert min(first["conditions"].x) > whole["step"].max()


def test_plot_history_without_plotly_says_what_to_install(fitted, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "plotly.graph_objects", None)
    with pytest.raises(ImportError, match=r"pip install .*synthwgan\[report\]"):
        fitted.plot_history()


def test_plotting_needs_a_fit():
    with pytest.raises(ValueError, match="not fitted yet"):
        WGANGPSynthesizer().plot_history()


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"objective": "gan"},
        {"objective": "relativistic"},
        {
            "objective": WGAN(n_critic=3),
            "optimizer": Optimizer(generator_lr=2e-3, critic_lr=2e-3),
        },
        {"generator": Style(width=64)},
        {"critic__packing": 2, "critic__minibatch_features": 8},
    ],
    ids=str,
)
def test_every_kind_learns(dependent_table, options):
    """At rates that suit it, each learns what kind of thing has which price."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = WGANGPSynthesizer(
            # Of three seeds of each kind, medians differ 20 times and more.
            max_steps=60,
            batch_size=250,
            generator=Residual(width=64),
            critic=MLP(width=64),
            conditional=False,
            calibrate=False,
            rejection=None,
            random_state=0,
        )
        model.set_params(**options).fit(dependent_table)
    rows = model.sample(1500, random_state=0)
    real = dependent_table.groupby("kind")["price"].median().sort_values()
    medians = rows.groupby("kind")["price"].median()
    # Shuffled columns would have equal medians.
    assert medians.reindex(real.index).is_monotonic_increasing
    assert medians.max() > 5 * medians.min()
