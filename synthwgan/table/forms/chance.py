"""Whether whole numbers keep a form by chance: plain numbers must not become dates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_MAX_CHANCE = 1e-6
_MAX_CANDIDATES = 20_000
_MIN_FITTING = 10
# What does not hold for most of so many numbers is not asked of all.
_FIRST_LOOK, _MIN_SHARE = 1000, 0.5
# Distinct numbers that may be of another form: signs such as 0 and 99999999, and slips.
_FEW_ODD, _ODD_SHARE = 2, 0.01


def are_surely(numbers: np.ndarray, fits: Callable[[np.ndarray], np.ndarray]) -> bool:
    """Whether nearly all of some numbers fit, though others between them would not.

    Were they plain numbers, any number between the smallest and the largest on their step
    would be as likely. The share of those that fit says how likely it is that all of ours
    do.

    Parameters
    ----------
    numbers : ndarray of shape (n,), int64
        They may repeat.
    fits : callable
        Which numbers of an array are of the form.
    """
    if not len(numbers) or fits(numbers[:: 1 + len(numbers) // _FIRST_LOOK]).mean() < _MIN_SHARE:
        return False
    numbers = np.unique(numbers)
    fitting = numbers[fits(numbers)]
    n_odd = len(numbers) - len(fitting)
    if len(fitting) < _MIN_FITTING or n_odd > max(_FEW_ODD, _ODD_SHARE * len(numbers)):
        return False
    # Scipy takes as long to import as the rules of a small table to find; few columns need it.
    from scipy.special import betainc

    others = _between(fitting)
    share = max(float(fits(others).mean()), 1 / len(others))
    # Upper tail of a binomial distribution: as many as fit, or more, of so many numbers.
    return bool(betainc(len(fitting), n_odd + 1, share) < _MAX_CHANCE)


def _between(numbers: np.ndarray) -> np.ndarray:
    """Return numbers from the smallest to the largest on the step of all, or some of them."""
    low, high = int(numbers.min()), int(numbers.max())
    step = int(np.gcd.reduce(numbers - low))
    n_steps = (high - low) // step
    if n_steps < _MAX_CANDIDATES:
        steps = np.arange(n_steps + 1)
    else:
        steps = np.random.default_rng(0).integers(0, n_steps + 1, _MAX_CANDIDATES)
    return low + steps * step
