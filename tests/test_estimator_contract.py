"""What every public estimator owes: scikit-learn's contract and ours."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.utils.estimator_checks import parametrize_with_checks

import synthwgan
from synthwgan import (
    MLP,
    GANOverSampler,
    Residual,
    TableTransformer,
    WGANGPImputer,
    WGANGPSynthesizer,
)
from synthwgan.components import Component

ESTIMATORS = [
    public
    for name in synthwgan.__all__
    if inspect.isclass(public := getattr(synthwgan, name)) and issubclass(public, BaseEstimator)
]
COMPONENTS = [public for public in ESTIMATORS if issubclass(public, Component)]
QUICK = {
    "generator": Residual(latent_dim=8, width=16),
    "critic": MLP(width=16),
    "max_steps": 2,
    "calibrate": False,
    "rejection": 1,
    "device": "cpu",
    "precision": "float32",
}
# Checks that an estimator does not pass, each with the reason.
EXPECTED_FAILURES: dict[type[BaseEstimator], dict[str, str]] = {}


def expected_failures(estimator: BaseEstimator) -> dict[str, str]:
    return EXPECTED_FAILURES.get(type(estimator), {})


@parametrize_with_checks(
    [WGANGPSynthesizer(**QUICK), TableTransformer()], expected_failed_checks=expected_failures
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def test_the_crawl_finds_the_estimators():
    assert {WGANGPSynthesizer, TableTransformer} <= set(ESTIMATORS)
    assert {Residual, MLP} <= set(COMPONENTS)


def test_everything_public_exists():
    assert sorted(synthwgan.__all__) == list(synthwgan.__all__)
    assert all(hasattr(synthwgan, name) for name in synthwgan.__all__)


# Who must choose a budget of privacy is not helped by a default.
REQUIRED: dict[str, dict[str, Any]] = {"PrivateSynthesizer": {"epsilon": 1.0}}
POSITIONAL = {"algorithm", "epsilon", "delta"}


def made_of(estimator: type[BaseEstimator]) -> BaseEstimator:
    return estimator(**REQUIRED.get(estimator.__name__, {}))


def parameters_of(estimator: type[BaseEstimator]) -> dict[str, inspect.Parameter]:
    parameters = dict(inspect.signature(estimator.__init__).parameters)
    parameters.pop("self")
    return parameters


@pytest.fixture(params=ESTIMATORS, ids=lambda estimator: estimator.__name__)
def estimator(request: pytest.FixtureRequest) -> type[BaseEstimator]:
    return request.param


def test_init_only_stores(estimator):
    """Any object is taken as it is: nothing is checked, copied or derived."""
    given: dict[str, Any] = {name: object() for name in parameters_of(estimator)}
    made = estimator(**given)
    assert vars(made).keys() == given.keys()
    assert all(getattr(made, name) is value for name, value in given.items())


def test_parameters_are_keyword_only_with_defaults(estimator):
    for name, parameter in parameters_of(estimator).items():
        assert parameter.kind is inspect.Parameter.KEYWORD_ONLY or name in POSITIONAL
        is_required = name in REQUIRED.get(estimator.__name__, {})
        assert (parameter.default is inspect.Parameter.empty) is is_required


def test_defaults_cannot_be_changed_through_an_instance(estimator):
    for parameter in parameters_of(estimator).values():
        assert not isinstance(parameter.default, list | dict | set)


def test_clone_keeps_parameters(estimator):
    name = next(iter(parameters_of(estimator)))
    made = estimator(**{name: "other"})
    copy = clone(made)
    assert copy is not made
    assert copy.get_params() == made.get_params()


def test_set_params_reaches_every_parameter(estimator):
    made = made_of(estimator)
    assert made.get_params().keys() == parameters_of(estimator).keys()
    for name in parameters_of(estimator):
        value = object()
        assert made.set_params(**{name: value}) is made
        assert made.get_params()[name] is value


def test_set_params_reaches_into_a_default_or_says_that_there_is_nothing() -> None:
    for estimator in (GANOverSampler(), WGANGPImputer()):
        alike = clone(estimator).set_params(synthesizer__batch_size=50, max_steps=7)
        assert alike.get_params()["synthesizer__batch_size"] == 50
        assert alike.synthesizer.rules == estimator._default_synthesizer().rules
        assert estimator.synthesizer is None
    with pytest.raises(ValueError, match="rejection='auto' has no parameters of its own"):
        WGANGPSynthesizer().set_params(rejection__rounds=50)


def test_set_params_refuses_an_unknown_name(estimator):
    with pytest.raises(ValueError, match="(Invalid|no) parameter 'n_epochs'"):
        made_of(estimator).set_params(n_epochs=3)
    with pytest.raises(TypeError, match="n_epochs"):
        estimator(**REQUIRED.get(estimator.__name__, {}), n_epochs=3)


def test_repr_shows_what_is_not_the_default(estimator):
    required = REQUIRED.get(estimator.__name__, {})
    shown = ", ".join(f"{name}={value!r}" for name, value in required.items())
    assert repr(made_of(estimator)) == f"{estimator.__name__}({shown})"
    name = next(iter(parameters_of(estimator)))
    assert repr(estimator(**{name: 99})) == f"{estimator.__name__}({name}=99)"


def test_every_parameter_is_documented_with_its_default(estimator):
    documented = inspect.getdoc(estimator).split("Attributes\n---")[0]
    for name, parameter in parameters_of(estimator).items():
        assert name in documented
        if name in REQUIRED.get(estimator.__name__, {}):
            continue
        shown = repr(parameter.default).replace("'", '"')
        words = {shown, shown.replace("0.004", "4e-3")}
        line = next(
            line for line in documented.splitlines() if name in line.split(" : ")[0].split(", ")
        )
        assert any(line.endswith((f"default {w}", f"default={w}")) for w in words), line
