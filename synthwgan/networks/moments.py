"""The pairwise-moment term: the generator matches the table's second moments."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from synthwgan.networks.heads import OutputHead

N_HATS = 16


class PairwiseMoments(nn.Module):
    """Distance between the second-moment matrices of a generated batch and of the table.

    The features of a row are its one-hot states and, for each value, triangular functions
    of its rank, each divided by ``sqrt(mean + 0.01)``. With the batch in two halves, the
    term is the inner product of the halves' differences to the table's matrix: an unbiased
    estimate of the squared distance, so batch noise does not push the generator. It is the
    best critic among quadratic functions, in closed form (the mean-and-covariance matching
    of Mroueh et al. 2017, "McGan: Mean and Covariance Feature Matching GAN").

    Where the features are too many for a matrix of their moments, a batch of real rows
    stands for the table, and the same inner product is taken through Gram matrices.

    Parameters
    ----------
    head : OutputHead
        Knows the layout and the gates of values.
    max_features : int, default 2048
        Largest number of features for which the matrix is held (16 MiB at 2048).
    """

    first_hats: Tensor
    scale: Tensor
    matrix: Tensor

    def __init__(self, head: OutputHead, max_features: int = 2048) -> None:
        super().__init__()
        layout = head.layout
        self.head = head
        self.n_features = layout.n_state_slots + N_HATS * layout.n_values
        self.n_parts = max(1, layout.n_blocks + layout.n_values)
        self.n_rows = 0
        self.holds_matrix = self.n_features <= max_features
        first_hats = N_HATS * torch.arange(layout.n_values).unsqueeze(1)
        self.register_buffer("first_hats", first_hats, persistent=False)
        self.register_buffer("scale", torch.ones(self.n_features), persistent=False)
        size = self.n_features if self.holds_matrix else 0
        self.register_buffer("matrix", torch.zeros(size, size), persistent=False)

    def features(self, slots: Tensor) -> Tensor:
        """Scaled features of rows, shape (n_rows, n_features), in the dtype of ``slots``."""
        layout, gated = self.head.layout, self.head.gated_values
        states, values = slots.T.split([layout.n_state_slots, layout.n_values])
        # Only the two triangular functions next to a rank ("hats") are not zero at it.
        position = torch.special.ndtr(values.float()) * (N_HATS - 1)
        # NaN and infinity cannot be an index. The weights still carry them to the loss, which ends
        # training.
        low = position.detach().floor().nan_to_num_(0.0).clamp_max_(N_HATS - 2)
        upper = position - low
        weights = torch.stack([1 - upper, upper]).to(slots.dtype)
        if len(gated):
            of_gated = states.index_select(0, self.head.gate_slots)
            gates = torch.ones_like(values).index_copy_(0, gated, of_gated)
            weights = weights * gates
        first = low.long() + self.first_hats
        hats = states.new_zeros(N_HATS * layout.n_values, len(slots))
        hats = hats.scatter(0, torch.cat([first, first + 1]), weights.flatten(0, 1))
        return (torch.cat([states, hats]) * self.scale.to(slots.dtype).unsqueeze(1)).T

    @torch.no_grad()
    def fit(
        self,
        read_batches: Callable[[], Iterable[Tensor]],
        sum_: Callable[[list[Tensor]], None] = lambda tensors: None,
    ) -> PairwiseMoments:
        """Take the table's means and moments from its slots.

        Parameters
        ----------
        read_batches : callable
            Gives the table's slots in batches; called twice, so that no more than a batch
            is ever held.
        sum_ : callable, optional
            Adds up, in place, tensors of several processes, each of which reads a part of the rows.
        """
        total, counted = torch.zeros_like(self.scale), torch.zeros(1, dtype=torch.int64)
        for batch in read_batches():
            total += self.features(batch).sum(0)
            counted += len(batch)
        sum_([total, counted])
        self.n_rows = n_rows = int(counted)
        # A scale that bfloat16 can hold, so that states give the same features in either precision.
        self.scale.copy_((total / n_rows + 0.01).rsqrt().bfloat16())
        if self.holds_matrix:
            for batch in read_batches():
                features = self.features(batch)
                self.matrix.addmm_(features.T, features, alpha=1 / n_rows)
            sum_([self.matrix])
        return self

    def forward(self, fake: Tensor, real: Tensor) -> Tensor:
        """Unbiased squared moment distance of generated slots to the table, a scalar.

        Parameters
        ----------
        fake : Tensor of shape (n_rows, n_slots)
            Generated rows.
        real : Tensor of shape (n_rows, n_slots)
            Real rows, used only where the table's matrix is not held.
        """
        features = self.features(fake)
        if self.holds_matrix:
            product = _MomentProduct.apply(features.T, self.matrix)
        else:
            product = _gram_product(features, self.features(real), 1)
        return product / self.n_parts**2

    def within(self, fake: Tensor, real: Tensor, n_groups: int) -> Tensor:
        """Unbiased squared moment distance within groups of rows, their mean, a scalar.

        Parameters
        ----------
        fake : Tensor of shape (n_rows, n_slots)
            Generated rows, the groups one after another, each of an even number of rows.
        real : Tensor of shape (n_rows, n_slots)
            Real rows that share what is given with them.
        n_groups : int
            Number of groups.
        """
        product = _gram_product(self.features(fake), self.features(real), n_groups)
        return product / self.n_parts**2


class _MomentProduct(torch.autograd.Function):
    """Inner product of the differences of a batch's two halves to a matrix of moments.

    The differences are symmetric, so that the gradient by the one half's features is twice
    their product with the other half's difference: a matrix product less than autograd's.
    Features have the shape (n_features, n_rows).
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, matrix: Tensor) -> Tensor:
        halves = features.chunk(2, dim=1)
        differences = [(half @ half.T).float().div_(half.shape[1]).sub_(matrix) for half in halves]
        ctx.save_for_backward(features, *differences)
        return (differences[0] * differences[1]).sum()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        features, *differences = ctx.saved_tensors
        by_features = [
            (other * (2 * gradient / half.shape[1])).to(half.dtype) @ half
            for half, other in zip(features.chunk(2, dim=1), reversed(differences), strict=True)
        ]
        return torch.cat(by_features, dim=1), None


def _gram_product(fake: Tensor, real: Tensor, n_groups: int) -> Tensor:
    """Inner product of the differences of two halves' moments, the mean over groups of rows.

    The differences are of generated to real rows, and no matrix of moments is formed.
    """
    first, second = fake.unflatten(0, (n_groups, -1)).chunk(2, dim=1)
    third, fourth = real.unflatten(0, (n_groups, -1)).chunk(2, dim=1)

    def inner(a: Tensor, b: Tensor) -> Tensor:
        return (a @ b.mT).float().square().mean()

    return inner(first, second) - inner(first, fourth) - inner(third, second) + inner(third, fourth)
