"""Every parameter is checked, and every problem is named."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

from synthwgan import (
    GAN,
    WGAN,
    WGANGP,
    EarlyStopping,
    Optimizer,
    Relativistic,
    Residual,
    WGANGPSynthesizer,
)
from synthwgan.components import Component
from synthwgan.networks import critics
from synthwgan.parameters import (
    N_SAMPLES,
    Either,
    Function,
    Instance,
    Number,
    OneOf,
    PairOf,
    Text,
    check_parameters,
)
from synthwgan.synthesizer import SYNTHESIZER_PARAMETERS
from synthwgan.training.config import COMPONENTS

OUT_OF_RANGE: dict[str, list[Any]] = {
    "column_kinds": ["numeric", [("a", "numeric")]],
    "max_categories": [1, 2.5, "many", None],
    "min_category_rows": [0, 2.5, "auto", None],
    "rare": ["drop", None, True],
    "protect_extremes": [-1, 0.5, True, None],
    "locale": ["de", "german", True],
    "rules": ["all", 3, True],
    "objective": ["wgangp", None, 1, WGANGP],
    "optimizer": [None, 3, "sgdd", Optimizer],
    "generator": ["unet", None, 2, Residual],
    "critic": ["residual", None, 2, Residual()],
    "early_stopping": [None, 1, "auto"],
    "couple_columns": [None, "yes", 2],
    "conditional": [None, "yes", 1],
    "batch_size": [1, 0, 2.5, "full", None],
    "max_steps": [0, -5, 1.5, "all", None],
    "max_seconds": [0, -1, math.nan, math.inf, "auto"],
    "moment_weight": [-0.5, "1"],
    "calibrate": [1, 0, "yes", None],
    "rejection": [0, -1, 2.5, True, "all"],
    "device": [0, None],
    "precision": ["float16", "double", None, 32],
    "random_state": [-1, 1.5, "seed", True],
    "verbose": [-1, 0.5, "yes", None],
}
TABLE = pd.DataFrame({"a": [1, 2, 3], "b": list("xyz")})


def test_every_parameter_of_the_synthesizer_has_a_rule_and_a_case():
    names = set(WGANGPSynthesizer().get_params(deep=False))
    assert set(SYNTHESIZER_PARAMETERS) == names
    assert set(OUT_OF_RANGE) == names


def test_defaults_are_allowed():
    check_parameters(WGANGPSynthesizer().get_params(deep=False), SYNTHESIZER_PARAMETERS)


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
    model = WGANGPSynthesizer(
        rare="drop", optimizer=Optimizer(betas=3), generator=Residual(latent_dim=0)
    )
    message = "; generator: latent_dim must be .*; optimizer: betas must be .*got 3$"
    with pytest.raises(ValueError, match=message) as caught:
        model.fit(TABLE)
    assert "rare must be 'resample' or 'mask', got 'drop'" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_seconds", 3),
        ("rejection", np.int64(2)),
        ("rejection", None),
        ("optimizer", Optimizer(ema_decay=0)),
        ("random_state", 2**32 - 1),
        ("random_state", np.random.RandomState(0)),
        ("batch_size", 2),
        ("column_kinds", {}),
        ("objective", "relativistic"),
        ("optimizer", torch.optim.SGD),
        ("generator", torch.nn.Linear),
        ("critic", "mlp"),
    ],
)
def test_values_at_the_edge_are_allowed(name, value):
    check_parameters({name: value}, {name: SYNTHESIZER_PARAMETERS[name]})


OF_COMPONENTS: list[tuple[str, dict[str, list[Any]]]] = [
    (
        "objective",
        {
            "penalty": ["wgan-gp", 0, False],
            "penalty_at": ["everywhere", None],
            "gradient_penalty": [-1, math.inf, None],
            "penalty_interval": [0, 2.5],
            "n_critic": [0, 1.5],
        },
    ),
    ("generator", {"width": [0, 1.5], "layers": [0, "2"], "latent_dim": [0, 2.5, True, "64"]}),
    (
        "critic",
        {
            "width": [0, None],
            "layers": [0, math.inf],
            "frequencies": [-1, 2.5, 129, None],
            "packing": [0, 1.5, None],
            "minibatch_features": [-1, 2.5, None],
            "minibatch_std": [None, 1, "yes"],
            "instance_noise": [-0.1, math.inf, None],
        },
    ),
    (
        "optimizer",
        {
            "algorithm": [None, 3, "sgdd", "LBFGS"],
            "generator_lr": [0, -1e-3, 1.5, math.nan, None],
            "critic_lr": [0.0, 2, "fast"],
            "betas": [0.9, (0.9,), (0.0, 1.0), (-0.1, 0.9), "ab", None],
            "constant_share": [-0.1, 1.1, None],
            "ema_decay": [1.0, -0.1, None],
        },
    ),
    (
        "conditional",
        {"max_steps": [0, 1.5, "many", None], "training_by_sampling": [None, "yes", 1]},
    ),
    (
        "early_stopping",
        {
            "patience": [0, 2.5, None],
            "fraction": [0, 1, "auto", math.nan],
            "tol": [-1e-9, None, math.inf],
        },
    ),
]
EVERY_VALUE = [
    (component, name, value)
    for component, of_component in OF_COMPONENTS
    for name, values in of_component.items()
    for value in values
]


def default(component: str) -> Component:
    """What a component is if nothing is chosen but that there is one."""
    return COMPONENTS[component].default()


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_parameter_of_a_component_has_a_rule_and_a_case(component):
    names = set(default(component).get_params(deep=False))
    assert set(default(component).constraints) == names
    assert set(dict(OF_COMPONENTS)[component]) == names


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_registered_class_has_rules_for_its_parameters(component):
    for short, made in COMPONENTS[component].short.items():
        if made is not None:
            resolved = COMPONENTS[component].resolve(short)
            assert set(resolved.constraints) == set(resolved.get_params(deep=False))
            assert not resolved.problems()


@pytest.mark.parametrize(("component", "name", "value"), EVERY_VALUE)
def test_a_components_value_out_of_range_is_named_with_what_is_allowed(component, name, value):
    model = WGANGPSynthesizer(**{component: default(component)})
    model.set_params(**{f"{component}__{name}": value})
    with pytest.raises(ValueError, match=f"^{component}: {name} must be .+, got ") as caught:
        model.fit(TABLE)
    assert ";" not in str(caught.value)
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            WGANGPSynthesizer(objective=WGANGP(penalty="r1", penalty_at="real")),
            "penalty_at='real' does not go with penalty='r1'",
        ),
        (WGANGPSynthesizer(objective=GAN(label_smoothing=1.0)), "label_smoothing must be"),
        (WGANGPSynthesizer(objective=WGAN(clip=0)), "clip must be"),
        (WGANGPSynthesizer(critic=critics.Own(torch.nn.Linear, packing=0)), "packing must be"),
    ],
)
def test_what_only_some_components_have_is_checked_too(model, message):
    with pytest.raises(ValueError, match=message):
        model.fit(TABLE)


def test_set_params_reaches_into_a_short_form():
    model = WGANGPSynthesizer(objective="relativistic")
    model.set_params(objective__n_critic=2, early_stopping__patience=3, max_steps=7)
    assert model.objective == Relativistic(n_critic=2)
    assert (model.early_stopping, model.max_steps) == (EarlyStopping(patience=3), 7)
    with pytest.raises(ValueError, match="label_smoothing"):
        model.set_params(objective__label_smoothing=0.1)


def test_clones_have_components_of_their_own():
    model = WGANGPSynthesizer(objective=GAN(label_smoothing=0.1))
    twin = clone(model).set_params(objective__label_smoothing=0.2)
    assert (model.objective.label_smoothing, twin.objective.label_smoothing) == (0.1, 0.2)


MOVED = {
    "gradient_penalty": r"objective=WGANGP\(gradient_penalty=...\)",
    "generator_width": r"generator=Residual\(width=...\)",
    "packing": r"critic=MLP\(packing=...\)",
    "temperature": "removed",
    "epochs": "max_steps",
    "discrete_columns": "column_kinds",
    "pac": r"critic=MLP\(packing=...\)",
    "embedding_dim": r"generator=Residual\(latent_dim=...\)",
    "generator_dim": r"generator=Residual\(width=...",
    "cuda": "device",
    "n_step": "max_steps",
}


@pytest.mark.parametrize("name", MOVED)
def test_words_that_moved_and_words_of_others_answer_with_where_to_find_them(name):
    if name != "n_step":
        with pytest.raises(TypeError, match=f"no parameter '{name}'.*{MOVED[name]}"):
            WGANGPSynthesizer(**{name: 1})
    with pytest.raises(ValueError, match=f"'{name}'.*{MOVED[name]}"):
        WGANGPSynthesizer().set_params(**{name: 1})


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


def test_a_table_in_place_of_a_number_is_not_printed():
    table = pd.DataFrame({"secret": ["Anna"] * 3})
    for given in (table, table.to_numpy(), {"secret": "Anna"}):
        with pytest.raises(ValueError, match=r"passed as sample\(conditions=\.\.\.\)") as caught:
            check_parameters({"n_samples": given}, {"n_samples": N_SAMPLES})
        assert isinstance(given, dict) or "Anna" not in str(caught.value)
    with pytest.raises(ValueError, match=r"got Series of shape \(3,\)$"):
        check_parameters({"n_samples": table["secret"]}, {"n_samples": N_SAMPLES})
    with pytest.raises(ValueError, match=r"\.\.\.$"):
        check_parameters({"n_samples": "x" * 10_000}, {"n_samples": N_SAMPLES})


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ({"generator__width": 64}, r"here it is generator=Residual\(width=64\)"),
        ({"objective__clip": 0.1}, r"here it is objective=WGAN\(clip=0.1\)"),
        ({"critic__breadth": 3}, "MLP has .*width"),
    ],
)
def test_nested_parameters_are_answered_with_the_component(arguments, answer):
    with pytest.raises(TypeError, match=answer):
        WGANGPSynthesizer(**arguments)
    with pytest.raises(TypeError, match=answer):
        WGANGPSynthesizer().fit(pd.DataFrame({"a": [1, 2]}), **arguments)


def test_fit_says_what_is_of_the_constructor():
    table = pd.DataFrame({"a": [1, 2]})
    for arguments, answer in (
        ({"max_steps": 3}, r"of the constructor: WGANGPSynthesizer\(max_steps=\.\.\.\)"),
        ({"epochs": 3}, "here it is max_steps"),
        ({"bananas": 3}, "has no argument 'bananas'$"),
    ):
        with pytest.raises(TypeError, match=answer):
            WGANGPSynthesizer().fit(table, **arguments)
    assert "callbacks" in inspect.signature(WGANGPSynthesizer.fit).parameters
