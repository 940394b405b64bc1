"""The synthesizer that works inside another estimator: the oversampler, the imputer."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

from typing import Any

from sklearn.base import clone

from synthwgan.parameters import check_parameters
from synthwgan.synthesizer import SYNTHESIZER_PARAMETERS, WGANGPSynthesizer

# Parameters of an outer estimator that go before those of its synthesizer, unless they are None.
_HANDED_ON = ("column_kinds", "max_steps", "max_seconds", "device", "verbose")


def inner_synthesizer(outer: Any, default: WGANGPSynthesizer, purpose: str) -> WGANGPSynthesizer:
    """Return the unfitted synthesizer of an estimator, which draws cells given others.

    Parameters
    ----------
    outer : estimator
        Its ``synthesizer`` is cloned, and gets those of its other parameters that are not None.
    default : WGANGPSynthesizer
        What to take if its ``synthesizer`` is None.
    purpose : str
        What it is to do, for the message that it could not.

    Raises
    ------
    ValueError, TypeError
        If it is none, a parameter is out of range, or it is not `conditional`.
    """
    given = default if outer.synthesizer is None else outer.synthesizer
    if not isinstance(given, WGANGPSynthesizer):
        raise TypeError(f"synthesizer must be a WGANGPSynthesizer or None, got {given!r}")
    handed = {name: getattr(outer, name) for name in _HANDED_ON}
    model: WGANGPSynthesizer = clone(given)  # pyright: ignore[reportAssignmentType]
    model.set_params(**{name: value for name, value in handed.items() if value is not None})
    check_parameters(model.get_params(deep=False), SYNTHESIZER_PARAMETERS)
    if model.conditional is False:
        raise ValueError(
            f"the synthesizer has conditional=False, so it cannot {purpose}: pass one with "
            "conditional=True"
        )
    if model.rejection == "auto":
        # Of rows that are drawn given others, none is rejected.
        model.rejection = None
    return model
