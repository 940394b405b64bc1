"""A user's own networks are tried before training, and told what is given."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from synthwgan.networks import critics, generators
from synthwgan.networks.build import add_context, build_networks, check_own_networks
from synthwgan.networks.context import Context
from synthwgan.networks.critics.own import OwnCritic
from synthwgan.networks.generators.own import OwnGenerator
from synthwgan.networks.heads import OutputHead
from synthwgan.table.layout import Layout

MARGINALS = torch.tensor([0.9, 0.06, 0.03, 0.01])
# Four states and a value make five slots, of two columns.
N_SLOTS, N_COLUMNS, LATENT_DIM = 5, 2, 8


def make_generator(n_in: int, n_out: int) -> nn.Module:
    return nn.Sequential(nn.Linear(n_in, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, n_out))


def make_critic(n_in: int) -> nn.Module:
    return nn.Sequential(nn.Linear(n_in, 6), nn.Tanh(), nn.Linear(6, 1))


def sizes(
    generator: Any = make_generator, critic: Any = make_critic, packing: int = 1
) -> SimpleNamespace:
    return SimpleNamespace(
        generator=generators.Own(generator, latent_dim=LATENT_DIM)
        if callable(generator)
        else generator,
        critic=critics.Own(critic, packing=packing) if callable(critic) else critic,
    )


@pytest.fixture
def head() -> OutputHead:
    return OutputHead(Layout((4,), (-1,), (0, -1), (-1, 0)))


class Ending(nn.Module):
    """A linear layer, and then a function."""

    def __init__(self, n_in: int, n_out: int, function: Any) -> None:
        super().__init__()
        self.linear, self.function = nn.Linear(n_in, n_out), function

    def forward(self, rows: torch.Tensor) -> Any:
        return self.function(self.linear(rows))


def test_sizes_are_handed_to_the_factories(head):
    networks = build_networks(head, MARGINALS, sizes(), seed=0)
    assert networks["generator"].module[0].in_features == LATENT_DIM
    assert networks["generator"].module[-1].out_features == N_SLOTS
    assert networks["critic"].module[0].in_features == N_SLOTS
    packed = build_networks(head, MARGINALS, sizes(packing=3), seed=0)
    assert packed["critic"].module[0].in_features == 3 * N_SLOTS
    told = build_networks(head, MARGINALS, sizes(packing=3), seed=0, conditional=True)
    assert told["generator"].module[0].in_features == LATENT_DIM + N_COLUMNS + N_SLOTS
    assert told["critic"].module[0].in_features == 3 * (N_SLOTS + N_COLUMNS)


def test_the_untrained_generator_starts_near_the_marginals(head):
    generator = build_networks(head, MARGINALS, sizes(), seed=0)["generator"]
    with torch.no_grad():
        raw = generator(torch.randn(4000, LATENT_DIM, generator=torch.Generator().manual_seed(0)))
    codes, _ = head.sample(raw, torch.Generator().manual_seed(1))
    # Its first weights are a user's own; uniform states would be off by 0.65.
    assert (head.one_hot(codes).mean(0) - MARGINALS).abs().max() < 0.15


def test_what_is_given_comes_last(head):
    told = build_networks(head, MARGINALS, sizes(), seed=0, conditional=True).eval()
    slots = torch.randn(9, N_SLOTS)
    context = Context.of(head.layout, slots, torch.arange(18).view(9, 2) % 3 == 0)
    latent = torch.randn(9, LATENT_DIM)
    raw = told["generator"](latent, context) - told["generator"].output_bias
    whole = torch.cat([latent, context.features], dim=1)
    torch.testing.assert_close(raw, told["generator"].module(whole))
    whole = torch.cat([slots, context.columns], dim=1)
    torch.testing.assert_close(
        told["critic"](slots, context.columns), told["critic"].module(whole).squeeze(1)
    )


def test_the_input_gradient_is_autograds():
    critic, slots = OwnCritic(make_critic, N_SLOTS), torch.randn(9, N_SLOTS)
    wanted = slots.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(critic(wanted).sum(), wanted)
    found = critic.input_gradient(slots)
    torch.testing.assert_close(found, gradient)
    found.square().sum().backward()
    assert critic.module[0].weight.grad.abs().max() > 0


def test_conditions_make_new_networks_but_keep_head_and_marginals(head):
    networks = build_networks(head, MARGINALS, sizes(), seed=0)
    with torch.no_grad():
        networks["generator"].output_bias.add_(1)
        head.coupling.weight.fill_(0.3)
    told = add_context(networks, sizes(), seed=1)
    torch.testing.assert_close(told["generator"].output_bias, networks["generator"].output_bias)
    torch.testing.assert_close(told["head"].coupling.weight, head.coupling.weight)
    ours, first = told["generator"].module[-1].weight, networks["generator"].module[-1].weight
    assert not torch.equal(ours, first)


@pytest.mark.parametrize("n_out", [(6,), (6, 1)])
def test_scores_of_either_shape_are_taken(head, n_out):
    def flat(n_in: int) -> nn.Module:
        return Ending(n_in, 1, lambda scores: scores.view(-1, *n_out[1:]))

    check_own_networks(head, sizes(critic=flat), conditional=True)
    assert OwnCritic(flat, N_SLOTS)(torch.zeros(4, N_SLOTS)).shape == (4,)


def test_built_in_networks_need_no_check(head):
    check_own_networks(head, sizes(generator="residual", critic="mlp"), conditional=True)


def test_trying_leaves_torchs_global_state_alone(head):
    def noisy(n_in: int, n_out: int) -> nn.Module:
        return nn.Sequential(nn.Linear(n_in, n_out), nn.Dropout(0.5))

    before = torch.get_rng_state()
    check_own_networks(head, sizes(generator=noisy), conditional=True)
    assert torch.equal(torch.get_rng_state(), before)


def ending(function: Any, add: int = 0) -> Any:
    return lambda n_in, n_out: Ending(n_in, n_out + add, function)


@pytest.mark.parametrize(
    ("generator", "error", "message"),
    [
        (lambda n_in, n_out: "network", TypeError, "factory must return a torch.nn.Module, got st"),
        (nn.Linear(8, 5), TypeError, "must be a factory, got the module Linear"),
        (ending(lambda raw: raw, 1), ValueError, r"must map \(6, 8\) to \(6, 5\), got \(6, 6\)"),
        (ending(lambda raw: raw[:3]), ValueError, r"to \(6, 5\), got \(3, 5\)"),
        (ending(lambda raw: (raw, raw)), TypeError, "must return a tensor, got tuple"),
        (ending(lambda raw: raw / 0), ValueError, "numbers that are not finite"),
        (ending(lambda raw: raw.detach()), ValueError, "depend on no weight"),
    ],
)
def test_a_generator_that_cannot_be_trained_is_refused(head, generator, error, message):
    with pytest.raises(error, match=f"generator.*{message}"):
        check_own_networks(head, sizes(generator=generator), conditional=False)


@pytest.mark.parametrize(
    ("critic", "error", "message"),
    [
        (lambda n_in: None, TypeError, "must return a torch.nn.Module, got NoneType"),
        (lambda n_in: nn.Linear(n_in, 2), ValueError, r"to \(6,\) or \(6, 1\), got \(6, 2\)"),
        (lambda n_in: nn.Flatten(), ValueError, "has no weights to train"),
        (
            lambda n_in: Ending(n_in, 1, lambda scores: scores.log() - torch.inf),
            ValueError,
            "not finite",
        ),
        (
            lambda n_in: nn.Sequential(Detached(), nn.Linear(n_in, 1)),
            ValueError,
            "without a gradient by the row",
        ),
    ],
)
def test_a_critic_that_cannot_be_trained_is_refused(head, critic, error, message):
    with pytest.raises(error, match=f"critic.*{message}"):
        check_own_networks(head, sizes(critic=critic), conditional=False)


class Detached(nn.Module):
    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return rows.detach()


def test_networks_that_fit_whole_rows_only_are_refused_before_training(head):
    def whole_rows_only(n_in: int, n_out: int) -> nn.Module:
        return nn.Linear(LATENT_DIM, n_out)

    only = sizes(generator=whole_rows_only)
    check_own_networks(head, only, conditional=False)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        check_own_networks(head, only, conditional=True)


def test_an_own_generator_has_the_latents_length():
    generator = OwnGenerator(make_generator, LATENT_DIM, N_SLOTS, torch.zeros(N_SLOTS), 7)
    assert generator.latent_dim == LATENT_DIM
