"""What a critic sees of a batch, worked by hand, and the gradient of each row's own score."""

from __future__ import annotations

import math

import pytest
import torch

from synthwgan.networks.critics import diversity
from synthwgan.networks.critics.diversity import (
    BatchCritic,
    MinibatchDiscrimination,
    MinibatchStd,
)
from synthwgan.networks.critics.packing import pack


@pytest.fixture(autouse=True)
def _own_torch_seed():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def make_critic(n_layers: int = 2, **options) -> BatchCritic:
    """A critic of two minibatch options whose weights are not zero."""
    options = {"minibatch_features": 3, "minibatch_std": True} | options
    critic = BatchCritic(7, width=12, n_layers=n_layers, **options).double()
    torch.nn.init.normal_(critic.by_batch.weight)
    return critic


# Minibatch discrimination


def test_minibatch_features_of_a_tiny_batch_by_hand():
    features = MinibatchDiscrimination(n_hidden=1, n_kernels=1)
    with torch.no_grad():
        # Every row of the projection takes the one feature as it is, weighted 0, 1 or 2.
        features.projection.copy_(torch.tensor([[0.0], [0.0], [0.0], [1.0], [2.0]]))
    hidden = torch.tensor([[0.0, 1.0, 3.0]])
    # L1 distances are three times those of the feature: 3, 9 and 6.
    expected = [math.exp(-3) + math.exp(-9), math.exp(-3) + math.exp(-6)]
    expected.append(math.exp(-9) + math.exp(-6))
    found = features(hidden, hidden)
    assert found.shape == (1, 3)
    torch.testing.assert_close(found[0], torch.tensor(expected))


def test_copies_of_a_row_are_seen():
    features = MinibatchDiscrimination(n_hidden=4, n_kernels=2)
    varied, same = torch.randn(4, 10), torch.randn(4, 1).expand(-1, 10)
    torch.testing.assert_close(features(same, same), torch.full((2, 10), 9.0))
    assert (features(varied, varied) < 7).all()


def test_a_large_batch_is_compared_in_groups(monkeypatch):
    monkeypatch.setattr(diversity, "GROUP_ROWS", 4)
    features = MinibatchDiscrimination(n_hidden=3, n_kernels=2)
    hidden = torch.randn(3, 10)
    found = features(hidden, hidden)
    # Ten rows are three groups: of four, three and three rows.
    parts = [features(part, part) for part in hidden.split([4, 3, 3], dim=1)]
    torch.testing.assert_close(found, torch.cat(parts, dim=1))


def test_a_batch_of_4096_is_affordable():
    critic = make_critic(minibatch_features=8)
    sizes = []

    def note(tensor: torch.Tensor) -> torch.Tensor:
        sizes.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        critic(torch.randn(4096, 7, dtype=torch.float64))
    # All pairs of the batch would be 8 * 5 * 4096 ** 2 numbers, 671 million.
    assert sum(sizes) < 8 * 5 * 4096 * 128 * 4


# Minibatch standard deviation


def test_minibatch_std_by_hand():
    hidden = torch.tensor([[1.0, 3.0], [5.0, 5.0]])
    # Standard deviations 1 and (nearly) 0, their mean 1/2; the same for every row.
    found = MinibatchStd(2)(hidden, hidden)
    assert found.shape == (1, 2)
    torch.testing.assert_close(found, torch.full((1, 2), 0.5), atol=1e-4, rtol=0)


def test_minibatch_std_is_torchs():
    hidden = torch.randn(6, 50) + 20
    expected = hidden.std(dim=1, correction=0).mean()
    torch.testing.assert_close(MinibatchStd(6)(hidden, hidden)[0, 7], expected)


# The critic


@pytest.mark.parametrize("n_layers", [1, 2, 3])
def test_input_gradient_is_each_rows_own(n_layers):
    """With the others fixed, by autograd row by row; the gradient of the sum is another."""
    critic = make_critic(n_layers)
    slots = torch.randn(9, 7, dtype=torch.float64)
    found = critic.input_gradient(slots)
    for row in range(len(slots)):
        wanted = slots.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(critic(wanted)[row], wanted)
        torch.testing.assert_close(found[row], gradient[row])
    wanted = slots.clone().requires_grad_()
    (of_sum,) = torch.autograd.grad(critic(wanted).sum(), wanted)
    assert (of_sum - found).abs().max() > 1e-3


def test_the_penalty_moves_the_weights_by_its_own_slope():
    """Its gradient by the weights, other rows' features included, against differences."""
    critic, slots = make_critic(), torch.randn(9, 7, dtype=torch.float64)
    weights = critic.batch_features[0].projection

    def penalty() -> torch.Tensor:
        return critic.input_gradient(slots).square().sum()

    (gradient,) = torch.autograd.grad(penalty(), weights)
    for place in [(0, 0), (3, 5), (14, 11)]:
        rise = []
        for shift in (1e-6, -2e-6):
            with torch.no_grad():
                weights[place] += shift
            rise.append(penalty().item())
        with torch.no_grad():
            weights[place] += 1e-6
        assert gradient[place].item() == pytest.approx((rise[0] - rise[1]) / 2e-6, rel=1e-3)


def test_it_starts_as_a_critic_of_rows():
    critic = BatchCritic(7, width=12, n_layers=2, minibatch_features=3, minibatch_std=True)
    slots = torch.randn(9, 7)
    torch.testing.assert_close(critic(slots)[:2], critic(slots[:2]))
    critic(slots).sum().backward()
    assert critic.by_batch.weight.grad.abs().min() > 0


def test_in_eval_mode_a_score_does_not_depend_on_the_other_rows():
    critic, slots = make_critic(), torch.randn(200, 7, dtype=torch.float64)
    assert (critic(slots)[:5] - critic(slots[:5])).abs().max() > 0.1
    critic.eval()
    torch.testing.assert_close(critic(slots)[:5], critic(slots[:5]))
    for features in critic.batch_features:
        assert features.mean.abs().min() > 0


def test_looking_without_gradients_changes_no_means():
    critic = make_critic()
    with torch.no_grad():
        critic(torch.randn(20, 7, dtype=torch.float64))
    assert all((features.mean == 0).all() for features in critic.batch_features)


# Packing


def test_packs_are_neighbouring_rows():
    rows = torch.arange(10).view(5, 2)
    assert pack(rows, 2).tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert pack(rows, 5).tolist() == [list(range(10))]
    assert pack(rows, 1) is rows


def test_packs_keep_their_gradient():
    rows = torch.ones(4, 3, requires_grad=True)
    (pack(rows, 2) * torch.tensor([1.0, 2, 3, 4, 5, 6])).sum().backward()
    assert rows.grad.tolist() == [[1, 2, 3], [4, 5, 6]] * 2
