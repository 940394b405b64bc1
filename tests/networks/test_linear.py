"""First weights are distributed as torch's own, and come from the generator that is given."""

from __future__ import annotations

import copy

import pytest
import torch
from scipy.stats import ks_2samp
from torch import nn

from synthwgan.networks.linear import Linear


@pytest.mark.parametrize("part", ["weight", "bias"])
def test_weights_are_distributed_as_torchs(part):
    n_in, n_out = 40, 5000
    ours = getattr(Linear(n_in, n_out, rng=torch.Generator().manual_seed(0)), part).detach()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        torchs = getattr(nn.Linear(n_in, n_out), part).detach()
    assert ours.shape == torchs.shape
    assert ours.abs().max() <= n_in**-0.5
    assert ks_2samp(ours.flatten()[:5000], torchs.flatten()[:5000]).pvalue > 0.001


def test_they_come_from_the_generator_alone():
    before = torch.get_rng_state()
    first, again = (Linear(3, 4, rng=torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(first.weight, again.weight)
    assert torch.equal(first.bias, again.bias)
    assert torch.equal(torch.get_rng_state(), before)


def test_without_one_they_come_from_the_global_state():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        first = Linear(3, 4)
        torch.manual_seed(1)
        assert torch.equal(first.weight, Linear(3, 4).weight)


def test_layers_without_inputs_or_outputs_are_made_in_silence(recwarn):
    assert Linear(0, 3)(torch.zeros(2, 0)).shape == (2, 3)
    assert Linear(3, 0, bias=False)(torch.zeros(2, 3)).shape == (2, 0)
    assert not recwarn.list


def test_a_copy_is_its_own():
    layer = Linear(3, 4, rng=torch.Generator())
    copied = copy.deepcopy(layer)
    assert torch.equal(copied.weight, layer.weight)
    assert copied.weight is not layer.weight
