"""A critic that sees how alike the rows of a batch are."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synthwgan.networks.critics.fourier import FourierFeatures
from synthwgan.networks.critics.gradients import own_row_gradient
from synthwgan.networks.critics.network import NEGATIVE_SLOPE, Critic
from synthwgan.networks.linear import Linear, normal_weights

# Rows are compared with each other in groups of at most so many.
GROUP_ROWS = 64
KERNEL_DIM = 5
MOMENTUM = 0.1


def group_sizes(n_rows: int) -> list[int]:
    """Sizes of as few groups of at most `GROUP_ROWS` rows as can be, as equal as can be."""
    n_groups = max(1, math.ceil(n_rows / GROUP_ROWS))
    return [n_rows // n_groups + (group < n_rows % n_groups) for group in range(n_groups)]


class BatchFeatures(nn.Module):
    """Features of a row among the other rows of its batch.

    In eval mode every row gets the mean of the features seen in training, and so a score that
    does not depend on the rows scored with it.

    Parameters
    ----------
    n_features : int
        Number of features.
    """

    mean: Tensor

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_features, 1))

    def forward(self, hidden: Tensor, others: Tensor) -> Tensor:
        """Compare rows, hidden features of shape (n_hidden, n_rows), to (n_features, n_rows).

        ``others`` are the same features, used where a row is the neighbour of another one. They
        may be detached: then a gradient by a row leaves out what it does to its neighbours.
        """
        if not self.training:
            return self.mean.expand(-1, hidden.shape[1])
        features = self.compare(self.prepare(hidden), self.prepare(others))
        if torch.is_grad_enabled():
            self.mean.lerp_(features.detach().mean(1, keepdim=True), MOMENTUM)
        return features

    def prepare(self, hidden: Tensor) -> Tensor:
        """Turn hidden features into what rows are compared by, in float32 at least."""
        return hidden.to(torch.promote_types(hidden.dtype, torch.float32))

    def compare(self, own: Tensor, others: Tensor) -> Tensor:
        """Features of prepared rows."""
        raise NotImplementedError


class MinibatchDiscrimination(BatchFeatures):
    """How close each row is to the others of its group, in learned projections.

    Salimans et al. 2016, "Improved Techniques for Training GANs", section 3.2: a learned tensor
    maps a row to a matrix of one row a kernel; a kernel's feature is the sum over the other
    rows of ``exp(-d)``, with the L1 distance d between these matrix rows.

    A batch is cut into groups of at most `GROUP_ROWS` rows, each compared within itself, so that
    the cost grows with the batch and not with its square. The gradient needs ``n_kernels *
    KERNEL_DIM * GROUP_ROWS`` floats a row, 20 kB at 16 kernels; with a real and a generated
    batch of 4096 rows, a step took 0.4 GB more, and 5 times as long.

    Parameters
    ----------
    n_hidden : int
        Hidden features of a row.
    n_kernels : int
        Number of kernels.
    rng : torch.Generator or None, default None
        Source of the first weights; None is torch's global state.
    """

    def __init__(self, n_hidden: int, n_kernels: int, rng: torch.Generator | None = None) -> None:
        super().__init__(n_kernels)
        sizes = n_kernels * KERNEL_DIM, n_hidden
        self.projection = nn.Parameter(normal_weights(*sizes, unit_rows=True, rng=rng))

    def prepare(self, hidden: Tensor) -> Tensor:
        return super().prepare(self.projection @ hidden)

    def compare(self, own: Tensor, others: Tensor) -> Tensor:
        sizes = group_sizes(own.shape[1])
        groups = zip(own.split(sizes, dim=1), others.split(sizes, dim=1), strict=True)
        return torch.cat([_closeness(*group) for group in groups], dim=1)


def _closeness(own: Tensor, others: Tensor) -> Tensor:
    """Sum of each kernel over the other rows of a group, shape (n_kernels, n_rows)."""
    own, others = (rows.unflatten(0, (-1, KERNEL_DIM)) for rows in (own, others))
    distances = (own.unsqueeze(3) - others.unsqueeze(2)).abs().sum(1)
    # A row is not its own neighbour.
    return (-distances).exp().sum(2) - 1


class MinibatchStd(BatchFeatures):
    """Standard deviation over the batch, the mean over the hidden features: one number for all.

    Karras et al. 2018, "Progressive Growing of GANs", section 3.

    Parameters
    ----------
    n_hidden : int
        Hidden features of a row; any number.
    """

    def __init__(self, n_hidden: int) -> None:
        super().__init__(1)

    def compare(self, own: Tensor, others: Tensor) -> Tensor:
        n_rows = own.shape[1]
        centre = others.detach().mean(1, keepdim=True)
        own, others = own - centre, others - centre
        # Each row's own features among the others', which may be held fixed.
        mean = (own + (others.sum(1, keepdim=True) - others)) / n_rows
        squares = others.square()
        square = (own.square() + (squares.sum(1, keepdim=True) - squares)) / n_rows
        variance = (square - mean.square()).clamp_min(0)
        return (variance + 1e-8).sqrt().mean(0, keepdim=True)


class BatchCritic(Critic):
    """A `Critic` whose last hidden layer also gets features of the row among its batch.

    The weights of these features start at zero, so that at first each row is judged by itself.

    Parameters
    ----------
    n_slots, width, n_layers, n_columns
        As for `Critic`.
    minibatch_features : int, default 0
        Kernels of `MinibatchDiscrimination`; 0 for none.
    minibatch_std : bool, default False
        Whether there is a `MinibatchStd`.
    rng : torch.Generator or None, default None
        Source of the first weights; None is torch's global state.
    """

    def __init__(
        self,
        n_slots: int,
        width: int,
        n_layers: int,
        n_columns: int = 0,
        fine: FourierFeatures | None = None,
        minibatch_features: int = 0,
        minibatch_std: bool = False,
        rng: torch.Generator | None = None,
    ) -> None:
        super().__init__(n_slots, width, n_layers, n_columns, fine, rng)
        n_hidden = self.layers[-1].in_features
        self.batch_features = nn.ModuleList()
        if minibatch_features:
            self.batch_features.append(MinibatchDiscrimination(n_hidden, minibatch_features, rng))
        if minibatch_std:
            self.batch_features.append(MinibatchStd(n_hidden))
        n_features = sum(len(features.mean) for features in self.batch_features)
        self.by_batch = Linear(n_features, width, bias=False, rng=rng)
        nn.init.zeros_(self.by_batch.weight)

    def forward(self, slots: Tensor, given: Tensor | None = None) -> Tensor:
        """Score rows, shape (n_rows, n_slots) to (n_rows,), each among the others."""
        hidden, bias = self._hidden(slots, given)
        return self._score(hidden, bias, hidden)

    def input_gradient(self, slots: Tensor, given: Tensor | None = None) -> Tensor:
        """Gradient of each row's score by the row, shape (n_rows, n_slots).

        The other rows are held fixed: a row's score shall not change too fast with the row.
        """
        others, _ = self._hidden(slots.detach(), given)
        return own_row_gradient(lambda rows: self._score(*self._hidden(rows, given), others), slots)

    def _hidden(self, slots: Tensor, given: Tensor | None) -> tuple[Tensor, Tensor]:
        """Features before the last hidden layer, shape (n_hidden, n_rows), and that one's bias."""
        hidden = slots.T
        *biases, last = self._biases(hidden, given)
        for layer, bias in zip(self.layers[:-1], biases, strict=True):
            hidden = F.leaky_relu(torch.addmm(bias, layer.weight, hidden), NEGATIVE_SLOPE)
        return hidden, last

    def _score(self, hidden: Tensor, bias: Tensor, others: Tensor) -> Tensor:
        features = [of_batch(hidden, others) for of_batch in self.batch_features]
        last = torch.addmm(bias, self.layers[-1].weight, hidden)
        last = last + self.by_batch.weight @ torch.cat(features).to(hidden.dtype)
        last = F.leaky_relu(last, NEGATIVE_SLOPE)
        return torch.addmm(self.output.bias, self.output.weight, last).squeeze(0)
