"""First weights from a source of randomness of their own: linear layers, and normal ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Linear(nn.Linear):
    """`torch.nn.Linear`, with first weights that any source of randomness can give.

    They are distributed as torch's own: uniformly, up to one over the root of the number of
    inputs. torch's layer draws them from the global random state only, which all threads share.

    Parameters
    ----------
    n_in, n_out : int
        Features in and out.
    bias : bool, default True
        Whether something is added to the outputs.
    rng : torch.Generator or None, default None
        Source of the first weights; None is torch's global state.
    """

    def __init__(
        self, n_in: int, n_out: int, bias: bool = True, *, rng: torch.Generator | None = None
    ) -> None:
        super().__init__(n_in, n_out, bias)
        largest = max(n_in, 1) ** -0.5
        with torch.no_grad():
            for weights in self.parameters():
                weights.uniform_(-largest, largest, generator=rng)

    def reset_parameters(self) -> None:
        """Do nothing: torch calls this in the constructor, and would draw from the global state."""


def normal_weights(
    *shape: int, unit_rows: bool = False, rng: torch.Generator | None = None
) -> Tensor:
    """Return first weights of the standard normal distribution.

    On a device without memory, where files are compared with what networks would be, they are
    only of the shape: to draw there, torch imports all of sympy first, which takes a second.

    Parameters
    ----------
    *shape : int
        Shape.
    unit_rows : bool, default False
        Whether each row is divided by its length.
    rng : torch.Generator or None, default None
        Their source; None is torch's global state.
    """
    weights = torch.empty(shape)
    if weights.is_meta:
        return weights
    weights.normal_(generator=rng)
    return nn.functional.normalize(weights, dim=1) if unit_rows else weights
