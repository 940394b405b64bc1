"""Learning rate over the course of training."""

from __future__ import annotations

import math

FINAL_SHARE = 0.01


def learning_rate_factor(progress: float, constant_share: float) -> float:
    """Factor on the learning rate: 1 at first, then a cosine down to 1 %.

    Parameters
    ----------
    progress : float
        Share of training done, in [0, 1].
    constant_share : float
        Share of training with the full rate, in [0, 1].

    Returns
    -------
    float
        A factor in [0.01, 1].
    """
    if progress <= constant_share:
        return 1.0
    phase = min(1.0, (progress - constant_share) / (1 - constant_share))
    return FINAL_SHARE + (1 - FINAL_SHARE) * 0.5 * (1 + math.cos(math.pi * phase))
