"""Optimizers come by name, class or function, and clipping clips."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from synthwgan.training.optimizers import (
    OPTIMIZERS,
    clip_weights,
    make_optimizer,
    optimizer_class,
)


def weights() -> list[nn.Parameter]:
    return [nn.Parameter(torch.ones(3))]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("adam", torch.optim.Adam),
        ("rmsprop", torch.optim.RMSprop),
        ("AdamW", torch.optim.AdamW),
        ("SGD", torch.optim.SGD),
        ("NAdam", torch.optim.NAdam),
    ],
)
def test_optimizers_by_name(name, kind):
    made = make_optimizer(name, weights(), 0.25, (0.1, 0.8))
    assert isinstance(made, kind) and type(made).__name__ == kind.__name__
    (group,) = made.param_groups
    assert group["lr"] == 0.25
    assert group.get("betas", (0.1, 0.8)) == (0.1, 0.8)


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name != "Muon"])
def test_steps_and_states_are_those_of_torch(name):
    """Without what torch wraps around them for its compiler."""
    pairs = []
    for made in (optimizer_class(name), getattr(torch.optim, name)):
        (weight,) = weights()
        optimizer = made([weight], lr=0.1)
        for step in range(3):
            optimizer.zero_grad()
            (weight**3 * torch.arange(step, step + 3)).sum().backward()
            optimizer.step()
            optimizer.load_state_dict(optimizer.state_dict())
        pairs.append((weight.detach(), optimizer.state_dict()["state"]))
    torch.testing.assert_close(*pairs, rtol=0, atol=0)
    assert not torch.equal(pairs[0][0], torch.ones(3))


@pytest.mark.parametrize("name", ["sgdd", "Optimizer", "LBFGS", "SparseAdam", "lr_scheduler", ""])
def test_what_is_no_usable_optimizer_is_named(name):
    with pytest.raises(ValueError, match=f"^algorithm must be .*torch.optim.*, got '{name}'$"):
        optimizer_class(name)


def test_a_function_makes_the_optimizer():
    made = make_optimizer(
        lambda params, lr: torch.optim.SGD(params, lr / 2, momentum=0.3), weights(), 0.5, (0, 0.9)
    )
    assert made.param_groups[0]["lr"] == 0.25
    assert made.param_groups[0]["momentum"] == 0.3
    with pytest.raises(TypeError, match="must return a torch.optim.Optimizer, got list"):
        make_optimizer(lambda params, lr: [], weights(), 0.5, (0, 0.9))


def test_clipping_clips_every_weight_and_no_other_number():
    module = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    with torch.no_grad():
        module[0].weight.copy_(torch.tensor([[-5.0, 0.004, 0.5], [0.01, -0.01, 1e9]]))
        module[0].bias.fill_(-2.0)
    clip_weights(module, 0.01)
    expected = torch.tensor([[-0.01, 0.004, 0.01], [0.01, -0.01, 0.01]])
    torch.testing.assert_close(module[0].weight.detach(), expected)
    assert module[0].bias.tolist() == pytest.approx([-0.01, -0.01])
    assert module[1].running_var.tolist() == [1, 1]
