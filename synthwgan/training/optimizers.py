"""Optimizers by name, class or factory, and weight clipping."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from synthwgan.components import Choice, Component
from synthwgan.parameters import Constraint, Either, Function, Number, PairOf, Text
from synthwgan.table.checks import STATE, Anything, check_state, expect

OptimizerFactory = Callable[[Iterable[Tensor], float], torch.optim.Optimizer]
ALIASES = {"adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop", "sgd": "SGD"}
# One needs a closure, the other sparse gradients.
UNUSABLE = ("Optimizer", "LBFGS", "SparseAdam")
# What torch wraps for its compiler, apart from the step.
WRAPPED = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")


def _without_compiler(found: type[torch.optim.Optimizer]) -> type[torch.optim.Optimizer]:
    """Return the class with its methods as they are, not as torch wraps them for its compiler.

    At the first call the wrappers import the compiler, which takes longer than many a fit.
    """
    plain = {name: inspect.unwrap(getattr(found, name)) for name in WRAPPED}
    step = torch.no_grad()(inspect.unwrap(found.step))
    return type(found.__name__, (found,), plain | {"step": step, "__doc__": found.__doc__})


OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    name: _without_compiler(found)
    for name, found in vars(torch.optim).items()
    if isinstance(found, type) and issubclass(found, torch.optim.Optimizer) and name not in UNUSABLE
}

_RATE = Number(0, 1, open_low=True)


class Optimizer(Component):
    """The optimizer of both networks, its learning rates, and the average of their weights.

    Parameters
    ----------
    algorithm : str or callable, default "auto"
        ``"adam"``, ``"rmsprop"``, the name of a `torch.optim` class that needs no closure, or a
        function ``(params, lr) -> optimizer``. "auto" is the objective's own: RMSprop with
        ``"wgan"``, else Adam.
    generator_lr, critic_lr : float, default 4e-3
        Learning rates: constant for the first `constant_share` of training, then down a cosine
        to 1 %.
    betas : pair of float, default (0.0, 0.95)
        Adam's averaging. No momentum: the objective moves with every step.
    constant_share : float, default 0.4
        Share of training with the full learning rates.
    ema_decay : float, default 0.998
        Share of the weights' moving average that a step keeps. Rows are drawn from the average,
        which moves less than the weights; 0 for the weights themselves.

    Examples
    --------
    >>> from synthwgan import Optimizer, WGANGPSynthesizer
    >>> model = WGANGPSynthesizer(optimizer=Optimizer("adamw", generator_lr=1e-3))
    >>> WGANGPSynthesizer(optimizer="rmsprop").set_params(optimizer__critic_lr=1e-4).optimizer
    Optimizer(algorithm='rmsprop', critic_lr=0.0001)
    """

    constraints: ClassVar[dict[str, Constraint]] = {
        "algorithm": Either(
            (
                Text("'auto', 'adam', 'rmsprop', the name of a torch.optim class"),
                Function("(params, lr) -> optimizer"),
            )
        ),
        "generator_lr": _RATE,
        "critic_lr": _RATE,
        "betas": PairOf(Number(0, 1, open_high=True)),
        "constant_share": Number(0, 1),
        "ema_decay": Number(0, 1, open_high=True),
    }

    def __init__(
        self,
        algorithm: str | OptimizerFactory = "auto",
        *,
        generator_lr: float = 4e-3,
        critic_lr: float = 4e-3,
        betas: tuple[float, float] = (0.0, 0.95),
        constant_share: float = 0.4,
        ema_decay: float = 0.998,
    ) -> None:
        self.algorithm = algorithm
        self.generator_lr = generator_lr
        self.critic_lr = critic_lr
        self.betas = betas
        self.constant_share = constant_share
        self.ema_decay = ema_decay

    def problems(self) -> list[str]:
        """Return what is wrong with the parameters, in words."""
        found = super().problems()
        if isinstance(self.algorithm, str) and self.algorithm != "auto":
            try:
                optimizer_class(self.algorithm)
            except ValueError as error:
                found.append(str(error))
        return found

    def of(self, weights: Iterable[Tensor], lr: float, own: str) -> torch.optim.Optimizer:
        """Make the optimizer of some weights; `own` is what "auto" stands for."""
        algorithm = own if self.algorithm == "auto" else self.algorithm
        return make_optimizer(algorithm, weights, lr, self.betas)


def optimizer_class(name: str) -> type[torch.optim.Optimizer]:
    """Return the optimizer of a name.

    Parameters
    ----------
    name : str
        ``"adam"``, ``"rmsprop"`` or the name of a class of `torch.optim`.

    Raises
    ------
    ValueError
        If there is no such class, or it cannot be used here.
    """
    found = OPTIMIZERS.get(ALIASES.get(name, name))
    if found is None:
        raise ValueError(
            "algorithm must be 'auto', 'adam', 'adamw', 'rmsprop', 'sgd', the name of another "
            "class of torch.optim that needs no closure, or a function (params, lr) -> optimizer, "
            f"got {name!r}"
        )
    return found


def make_optimizer(
    optimizer: str | OptimizerFactory, weights: Iterable[Tensor], lr: float, betas: Any
) -> torch.optim.Optimizer:
    """Make an optimizer of some weights.

    Parameters
    ----------
    optimizer : str or callable
        A name, see `optimizer_class`, or a function ``(params, lr) -> optimizer``.
    weights : iterable of Tensor
        What it moves.
    lr : float
        Its learning rate.
    betas : pair of float
        For classes that take them.

    Raises
    ------
    ValueError
        If there is no such class.
    TypeError
        If the function makes no optimizer.
    """
    if callable(optimizer):
        made = optimizer(weights, lr)
        if not isinstance(made, torch.optim.Optimizer):
            raise TypeError(
                "the optimizer function must return a torch.optim.Optimizer, got "
                f"{type(made).__name__}"
            )
        return made
    found = optimizer_class(optimizer)
    options = {"betas": tuple(betas)} if "betas" in inspect.signature(found).parameters else {}
    if found is OPTIMIZERS["Adam"]:
        options["fused"] = True
    return found(weights, lr, **options)


def optimizer_state(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Return a copy of an optimizer's state, for `load_optimizer_state`."""
    state = optimizer.state_dict()
    of_weights = {
        place: {name: _copied(value) for name, value in of_weight.items()}
        for place, of_weight in state["state"].items()
    }
    return copy.deepcopy({name: state[name] for name in state if name != "state"}) | {
        "state": of_weights
    }


def _copied(value: Any) -> Any:
    # Python's deepcopy of a tensor takes ten times as long, and there are hundreds of them.
    return value.clone() if isinstance(value, Tensor) else copy.deepcopy(value)


def load_optimizer_state(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Put the state of an `optimizer_state` into an optimizer of the same weights.

    Raises
    ------
    ValueError
        If it is that of another optimizer.
    """
    own = optimizer.state_dict()
    check_state("its optimizer", state, dict.fromkeys(own, Anything()) | {"state": STATE})
    if any(issubclass(known, type(optimizer)) for known in OPTIMIZERS.values()):
        # Its settings are those of the parameters, whatever a file says.
        state = state | {"param_groups": own["param_groups"]}
        _check_averages(state["state"], _stepped(optimizer))
    optimizer.load_state_dict(state)


def _stepped(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """What a copy of the optimizer keeps of each weight after a step."""
    trial = copy.deepcopy(optimizer)
    for group in trial.param_groups:
        for weights in group["params"]:
            weights.grad = torch.zeros_like(weights)
    trial.step()
    return trial.state_dict()["state"]


def _check_averages(found: dict[Any, Any], expected: dict[Any, Any]) -> None:
    """Raise unless what a file keeps of each weight is of the expected names, types and shapes."""
    for place, of_weight in found.items():
        known = expected.get(place, {})
        expect(isinstance(of_weight, dict), "its optimizer keeps nothing of a weight")
        expect(of_weight.keys() == known.keys(), "its optimizer is another one")
        for name, own in known.items():
            fits = type(of_weight[name]) is type(own)
            if fits and isinstance(own, Tensor):
                other = of_weight[name]
                fits = (other.shape, other.dtype) == (own.shape, own.dtype)
            expect(fits, f"{name} of its optimizer is that of other weights")


@torch.no_grad()
def clip_weights(module: nn.Module, bound: float) -> None:
    """Put all weights back into ``[-bound, bound]``.

    Arjovsky, Chintala, Bottou 2017, "Wasserstein GAN", algorithm 1, line 7.
    """
    for weights in module.parameters():
        weights.clamp_(-bound, bound)


OPTIMIZER = Choice(
    Optimizer,
    {name: partial(Optimizer, name) for name in ("auto", *ALIASES)},
    own=Optimizer,
    signature="(params, lr) -> optimizer",
)
