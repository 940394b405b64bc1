"""Every parameter is checked, and every problem is named."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from synthwgan import WGANGPSynthesizer
from synthwgan.parameters import (
    SYNTHESIZER_PARAMETERS,
    Either,
    Function,
    Instance,
    Number,
    OneOf,
    PairOf,
    Text,
    check_parameters,
)

OUT_OF_RANGE: dict[str, list[Any]] = {
    "column_kinds": ["numeric", [("a", "numeric")]],
    "max_categories": [1, 2.5, "many", None],
    "min_category_rows": [0, 2.5, "auto", None],
    "rare": ["drop", None, True],
    "protect_extremes": [-1, 0.5, True, None],
    "objective": ["wgangp", None, 1],
    "label_smoothing": [-0.1, 1.0, None, math.nan],
    "weight_clip": [0, -0.01, "none", math.inf],
    "optimizer": [None, 3, "sgdd", "LBFGS"],
    "generator": ["unet", None, 2],
    "critic": ["residual", None, 2],
    "packing": [0, 1.5, None],
    "minibatch_features": [-1, 2.5, None],
    "minibatch_std": [None, 1, "yes"],
    "instance_noise": [-0.1, math.inf, None],
    "penalty": ["wgan-gp", 0, False],
    "penalty_at": ["everywhere", None],
    "early_stopping": [None, 1, "auto"],
    "validation_fraction": [-0.1, 1, "auto", math.nan],
    "n_iter_no_change": [0, 2.5, None],
    "tol": [-1e-9, None, math.inf],
    "latent_dim": [0, -1, 2.5, True, "64", None],
    "generator_width": [0, 1.5],
    "generator_layers": [0, "2"],
    "critic_width": [0, None],
    "critic_layers": [0, math.inf],
    "temperature": [0, -1.0, math.nan, math.inf, "warm"],
    "couple_columns": [None, "yes", 2],
    "conditional": [None, "yes", 1],
    "conditional_steps": [0, 1.5, "many", None],
    "training_by_sampling": [None, "yes", 1],
    "batch_size": [1, 0, 2.5, "full", None],
    "max_steps": [0, -5, 1.5, "all", None],
    "max_seconds": [0, -1, math.nan, math.inf, "auto"],
    "n_critic": [0, 1.5],
    "generator_lr": [0, -1e-3, 1.5, math.nan, None],
    "critic_lr": [0.0, 2, "fast"],
    "betas": [0.9, (0.9,), (0.0, 1.0), (-0.1, 0.9), "ab", None],
    "constant_share": [-0.1, 1.1, None],
    "gradient_penalty": [-1, math.inf, None],
    "penalty_interval": [0, 2.5],
    "moment_weight": [-0.5, "1"],
    "ema_decay": [1.0, -0.1, None],
    "calibrate": [1, 0, "yes", None],
    "rejection": [0, -1, 2.5, True, "all"],
    "gibbs_steps": [-1, 1.5, None],
    "device": [0, None],
    "precision": ["float16", "double", None, 32],
    "random_state": [-1, 1.5, "seed", True],
    "verbose": [-1, 0.5, "yes", None],
}
TABLE = pd.DataFrame({"a": [1, 2, 3], "b": list("xyz")})


def test_every_parameter_of_the_synthesizer_has_a_rule_and_a_case():
    names = set(WGANGPSynthesizer().get_params())
    assert set(SYNTHESIZER_PARAMETERS) == names
    assert set(OUT_OF_RANGE) == names


def test_defaults_are_allowed():
    check_parameters(WGANGPSynthesizer().get_params(), SYNTHESIZER_PARAMETERS)


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in OUT_OF_RANGE.items() for value in values],
)
def test_a_value_out_of_range_is_named_with_what_is_allowed(name, value):
    model = WGANGPSynthesizer(**{name: value})
    with pytest.raises(ValueError, match=f"^{name} must be .+, got ") as caught:
        model.fit(TABLE)
    assert ";" not in str(caught.value)
    assert repr(value) in str(caught.value)
    assert not hasattr(model, "sampler_")


def test_all_problems_come_in_one_message():
    model = WGANGPSynthesizer(latent_dim=0, rare="drop", betas=3)
    message = "latent_dim must be .*; .*betas must be .*got 3$"
    with pytest.raises(ValueError, match=message) as caught:
        model.fit(TABLE)
    assert "rare must be 'resample' or 'mask', got 'drop'" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("latent_dim", np.int64(4)),
        ("generator_lr", np.float32(1e-3)),
        ("generator_lr", 1),
        ("betas", [0.5, 0.9]),
        ("max_seconds", 3),
        ("rejection", np.int64(2)),
        ("rejection", None),
        ("constant_share", 0),
        ("constant_share", 1),
        ("gradient_penalty", 0),
        ("ema_decay", 0),
        ("conditional_steps", 1),
        ("conditional_steps", "auto"),
        ("gibbs_steps", 0),
        ("random_state", 2**32 - 1),
        ("random_state", np.random.RandomState(0)),
        ("batch_size", 2),
        ("column_kinds", {}),
        ("objective", "relativistic"),
        ("label_smoothing", 0),
        ("weight_clip", None),
        ("optimizer", torch.optim.SGD),
        ("generator", torch.nn.Linear),
        ("critic", "mlp"),
        ("penalty", None),
        ("validation_fraction", None),
        ("validation_fraction", 0),
        ("tol", 0),
    ],
)
def test_values_at_the_edge_are_allowed(name, value):
    check_parameters({name: value}, {name: SYNTHESIZER_PARAMETERS[name]})


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"gibbs_steps": 2, "conditional": False}, "gibbs_steps=2 needs conditional=True"),
        ({"label_smoothing": 0.1}, "label_smoothing=0.1 needs an objective with labels"),
        (
            {"penalty": "r1", "penalty_at": "real"},
            "penalty_at='real' does not go with penalty='r1'",
        ),
        ({"minibatch_features": 4, "critic": torch.nn.Linear}, "minibatch_features=4 and .* need"),
        ({"minibatch_std": True, "critic": torch.nn.Linear}, "built-in critic"),
        ({"early_stopping": True, "validation_fraction": 0}, "early_stopping=True needs"),
    ],
)
def test_parameters_that_do_not_go_together_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        WGANGPSynthesizer(**parameters).fit(TABLE)


def test_constraints_in_words():
    assert str(Either((Text("a name"), Function("(x) -> y")))) == "a name or a function (x) -> y"
    assert str(Number(1, integer=True)) == "an integer >= 1"
    assert str(Number(0, 1, open_low=True)) == "a number > 0 and <= 1"
    assert str(Number()) == "a number"
    assert str(PairOf(Number(0, 1, open_high=True))) == "a pair, each a number >= 0 and < 1"
    assert str(Either((OneOf((None,)), Instance((dict,))))) == "None or a dict"


def test_one_of_tells_numbers_from_booleans():
    assert not OneOf((True, False)).allows(1)
    assert not OneOf((1,)).allows(True)
    assert OneOf((True, False)).allows(False)
