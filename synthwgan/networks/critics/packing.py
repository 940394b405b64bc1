"""Several rows as one: what a critic of packs sees."""

from __future__ import annotations

from torch import Tensor


def pack(rows: Tensor, n_together: int) -> Tensor:
    """Put neighbouring rows side by side.

    A critic of packs sees whether rows vary, and a generator that repeats itself is found out
    (Lin et al. 2018, "PacGAN: The power of two samples in generative adversarial networks",
    section 2).

    Parameters
    ----------
    rows : Tensor of shape (n_rows, n_features)
        Rows, feature by feature in memory.
    n_together : int
        Rows of a pack.

    Returns
    -------
    Tensor of shape (n_rows // n_together, n_together * n_features)
        Packs, feature by feature in memory; rows that fill none are left out.
    """
    if n_together == 1:
        return rows
    n_packs = len(rows) // n_together
    features = rows[: n_packs * n_together].T.unflatten(1, (n_packs, n_together))
    return features.permute(2, 0, 1).flatten(0, 1).T
