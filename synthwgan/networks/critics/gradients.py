"""Input gradients by autograd, for critics without a closed form."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def own_row_gradient(score: Callable[[Tensor], Tensor], slots: Tensor) -> Tensor:
    """Gradient of each row's score by the row, differentiable by the weights.

    The gradient of the sum of scores is each row's own only where no score depends on another
    row.

    Parameters
    ----------
    score : callable
        Maps rows of shape (n_rows, n_slots) to scores of shape (n_rows,).
    slots : Tensor of shape (n_rows, n_slots)
        The rows.
    """
    slots = slots.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(score(slots).sum(), slots, create_graph=True)
    return gradient
