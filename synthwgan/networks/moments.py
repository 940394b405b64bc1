"""The pairwise-moment term: the generator matches the table's second moments."""

from __future__ import annotations

from collections.abc import Callable, Iterable

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

    def __init__(self, head: OutputHead, max_features: int = 2048) -> None:
        super().__init__()
        layout = head.layout
        self.head = head
        self.n_features = layout.n_state_slots + N_HATS * layout.n_values
        self.n_parts = max(1, layout.n_blocks + layout.n_values)
        self.holds_matrix = self.n_features <= max_features
        self.register_buffer("knots", torch.arange(N_HATS, dtype=torch.float32), persistent=False)
        self.register_buffer("scale", torch.ones(self.n_features), persistent=False)
        size = self.n_features if self.holds_matrix else 0
        self.register_buffer("matrix", torch.zeros(size, size), persistent=False)

    def features(self, slots: Tensor) -> Tensor:
        """Scaled features of rows, shape (n_rows, n_features)."""
        n_states = self.head.layout.n_state_slots
        states, values = slots[:, :n_states], slots[:, n_states:]
        if not values.shape[1]:
            return states * self.scale
        ranks = torch.special.ndtr(values).mul(N_HATS - 1).unsqueeze(-1)
        hats = (1 - (ranks - self.knots).abs()).relu()
        hats = self._gated(hats, states).flatten(1)
        return torch.cat([states, hats], dim=1) * self.scale

    def _gated(self, hats: Tensor, states: Tensor) -> Tensor:
        if not self.head.is_gated:
            return hats
        ones = torch.ones(hats.shape[:2], device=hats.device)
        return hats * self.head.gate(ones, states).unsqueeze(-1)

    @torch.no_grad()
    def fit(self, read_batches: Callable[[], Iterable[Tensor]]) -> PairwiseMoments:
        """Take the table's means and moments from its slots.

        Parameters
        ----------
        read_batches : callable
            Gives the table's slots in batches; called twice, so that no more than a batch
            is ever held.
        """
        total, n_rows = torch.zeros_like(self.scale), 0
        for batch in read_batches():
            total += self.features(batch).sum(0)
            n_rows += len(batch)
        self.scale.copy_((total / n_rows + 0.01).rsqrt())
        if self.holds_matrix:
            for batch in read_batches():
                features = self.features(batch)
                self.matrix.addmm_(features.T, features, alpha=1 / n_rows)
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
        first, second = self.features(fake).chunk(2)
        if self.holds_matrix:
            product = (self._difference(first) * self._difference(second)).sum()
        else:
            product = _gram_product(first, second, *self.features(real).chunk(2))
        return product / self.n_parts**2

    def _difference(self, features: Tensor) -> Tensor:
        return features.T @ features / len(features) - self.matrix


def _gram_product(first: Tensor, second: Tensor, third: Tensor, fourth: Tensor) -> Tensor:
    """Inner product of two differences of moment matrices, none of which is formed."""

    def inner(a: Tensor, b: Tensor) -> Tensor:
        return (a @ b.T).square().mean()

    return inner(first, second) - inner(first, fourth) - inner(third, second) + inner(third, fourth)
