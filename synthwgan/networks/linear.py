"""Linear layers whose first weights come from a generator of their own."""

from __future__ import annotations

import torch
from torch import nn


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
