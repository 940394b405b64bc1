"""Networks start at the table's marginals and leave torch's global state alone."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import torch

from synthwgan import MLP, Residual, Style
from synthwgan.networks import generators
from synthwgan.networks.build import add_context, build_networks
from synthwgan.networks.context import Context
from synthwgan.networks.critics import CriticChoice
from synthwgan.networks.critics.packing import pack
from synthwgan.networks.generators import GENERATORS, GeneratorChoice
from synthwgan.networks.heads import OutputHead
from synthwgan.networks.state import load_module_arrays, module_arrays
from synthwgan.table.layout import Layout


@dataclass
class Sizes:
    generator: GeneratorChoice = field(default_factory=lambda: Residual(latent_dim=8, width=32))
    critic: CriticChoice = field(default_factory=lambda: MLP(width=24))


SKEWED = torch.tensor([0.9, 0.06, 0.03, 0.01])


def skewed_head() -> OutputHead:
    return OutputHead(Layout((4,), (-1,), (0, -1), (-1, 0)))


def drawn_marginals(head: OutputHead, raw: torch.Tensor) -> torch.Tensor:
    codes, _ = head.sample(raw, torch.Generator().manual_seed(1))
    return head.one_hot(codes).mean(0)


SIZES = {
    "residual": Sizes(),
    "mlp": Sizes(generator=generators.MLP(latent_dim=8, width=32)),
    "style": Sizes(generator=Style(latent_dim=8, width=32)),
    "packing": Sizes(critic=MLP(width=24, packing=3)),
    "minibatch features": Sizes(critic=MLP(width=24, minibatch_features=4)),
    "minibatch std": Sizes(critic=MLP(width=24, minibatch_std=True, layers=1)),
}


@pytest.fixture(params=SIZES.values(), ids=SIZES.keys())
def sizes(request: pytest.FixtureRequest) -> Sizes:
    """Each kind of built-in networks in turn."""
    return request.param


def test_sizes_are_as_asked():
    networks = build_networks(skewed_head(), SKEWED, Sizes(), seed=0)
    generator, critic = networks["generator"], networks["critic"]
    assert generator(torch.randn(6, 8, generator=torch.Generator())).shape == (6, 5)
    assert len(generator.blocks) == 2
    assert generator.input.out_features == 32
    assert [layer.out_features for layer in critic.layers] == [24, 24, 24]
    assert critic(torch.zeros(6, 5)).shape == (6,)


# Styles hardly differ at first, so that the first weights blur all rows alike.
@pytest.mark.parametrize(("kind", "margin"), [("residual", 0.06), ("mlp", 0.06), ("style", 0.15)])
def test_the_untrained_generator_has_the_marginals(kind, margin):
    head = skewed_head()
    sizes = Sizes(generator=GENERATORS[kind](latent_dim=8, width=32))
    generator = build_networks(head, SKEWED, sizes, seed=0)["generator"]
    rng = torch.Generator().manual_seed(0)
    latent = torch.randn(4000, generator.latent_dim, generator=rng)
    with torch.no_grad():
        raw = generator(latent)
        means = drawn_marginals(head, raw)
        # The first weights blur the marginals a little; uniform ones would be off by 0.65.
        assert (means - SKEWED).abs().max() < margin
        assert raw[:, 4].mean().abs() < 0.9
        generator.output.bias.zero_()
        broken = drawn_marginals(head, generator(latent))
        assert (broken - SKEWED).abs().max() > 0.4


def test_a_state_without_rows_keeps_the_bias_finite():
    head = skewed_head()
    networks = build_networks(head, torch.tensor([1.0, 0.0, 0.0, 0.0]), Sizes(), seed=0)
    assert torch.isfinite(networks["generator"].output.bias).all()


def test_same_seed_same_weights():
    first, again, other = (
        module_arrays({"all": build_networks(skewed_head(), SKEWED, Sizes(), seed)})
        for seed in (0, 0, 1)
    )
    assert all((first[name] == again[name]).all() for name in first)
    assert (first["all.critic.output.weight"] != other["all.critic.output.weight"]).any()


def test_torchs_global_random_state_stays():
    before = torch.get_rng_state()
    build_networks(skewed_head(), SKEWED, Sizes(), seed=5)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_layout_without_slots_builds_without_a_warning(recwarn):
    head = OutputHead(Layout((), (), (-1,), (-1,)))
    networks = build_networks(head, torch.ones(0), Sizes(), seed=0)
    assert networks["generator"](torch.zeros(3, 8)).shape == (3, 0)
    assert networks["critic"](torch.zeros(3, 0)).shape == (3,)
    assert not [str(warning.message) for warning in recwarn]


def test_networks_with_added_context_do_as_before_whatever_is_given(sizes):
    networks = build_networks(skewed_head(), SKEWED, sizes, seed=0)
    told = add_context(networks, sizes, seed=1)
    layout, latent = networks["head"].layout, torch.randn(21, networks["generator"].latent_dim)
    slots = torch.randn(21, layout.n_slots)
    given = torch.rand(21, len(layout.column_blocks)) < 0.5
    context = Context.of(layout, slots, given)
    for one in (networks, told):
        one.eval()
    raw = networks["generator"](latent)
    torch.testing.assert_close(told["generator"](latent, context), raw, rtol=0, atol=0)
    seen, columns = (pack(rows, sizes.critic.packing) for rows in (slots, context.columns))
    scores = networks["critic"](seen)
    assert scores.shape == (21 // sizes.critic.packing,)
    torch.testing.assert_close(told["critic"](seen, columns), scores, rtol=0, atol=0)
    assert all(weight.requires_grad for weight in told.parameters())


def test_networks_with_added_context_share_no_weights():
    networks = build_networks(skewed_head(), SKEWED, Sizes(), seed=0)
    before = module_arrays(networks)
    before = {name: array.copy() for name, array in before.items()}
    with torch.no_grad():
        for weight in add_context(networks, Sizes(), seed=1).parameters():
            weight.add_(1.0)
    for name, array in module_arrays(networks).items():
        assert (array == before[name]).all()


def test_weights_go_to_arrays_and_back(sizes):
    one, other = (build_networks(skewed_head(), SKEWED, sizes, seed) for seed in (0, 1))
    arrays = module_arrays(one)
    assert "generator.output.bias" in arrays
    assert {"generator.norm.running_mean", "generator.mean_style"} & set(arrays)
    load_module_arrays(other, arrays)
    for name, array in module_arrays(other).items():
        assert (array == arrays[name]).all()


def test_loaded_weights_do_not_share_memory_with_the_arrays():
    one, other = (build_networks(skewed_head(), SKEWED, Sizes(), seed) for seed in (0, 1))
    arrays = module_arrays(one)
    load_module_arrays(other, arrays)
    before = arrays["critic.output.weight"].copy()
    with torch.no_grad():
        other["critic"].output.weight.zero_()
    assert (arrays["critic.output.weight"] == before).all()


@pytest.mark.parametrize("damage", ["missing", "shape"])
def test_arrays_that_do_not_fit_name_the_network(damage):
    networks = build_networks(skewed_head(), SKEWED, Sizes(), seed=0)
    arrays = module_arrays(networks)
    if damage == "missing":
        del arrays["critic.output.bias"]
    else:
        arrays["critic.output.bias"] = arrays["critic.output.bias"].repeat(2)
    with pytest.raises(ValueError, match=r"(?s)weights of the critic do not fit: .*output\.bias"):
        load_module_arrays(networks, arrays)
