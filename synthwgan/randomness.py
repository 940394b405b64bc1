"""One `random_state`, split into what needs randomness; no global seed is ever touched."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

import numpy as np

RandomState = int | np.random.Generator | np.random.RandomState | None

_MAX_SEED = 2**31 - 1


def as_generator(random_state: RandomState) -> np.random.Generator:
    """Return a Generator from a seed, a Generator, or a RandomState (which it advances).

    Parameters
    ----------
    random_state : int, Generator, RandomState or None
        None takes fresh entropy.
    """
    if isinstance(random_state, np.random.RandomState):
        random_state = random_state.randint(_MAX_SEED)
    return np.random.default_rng(random_state)


def draw_seeds(random_state: RandomState, n_seeds: int) -> list[int]:
    """Return independent seeds, one for each part that needs its own randomness."""
    return [int(seed) for seed in as_generator(random_state).integers(_MAX_SEED, size=n_seeds)]
