"""The synthesizer that works inside another estimator: the oversampler, the imputer."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

from typing import Any, Self

from sklearn.base import BaseEstimator, clone

from synthwgan.parameters import check_parameters
from synthwgan.synthesizer import SYNTHESIZER_PARAMETERS, WGANGPSynthesizer

# Parameters of an outer estimator that go before those of its synthesizer, unless they are None.
_HANDED_ON = ("column_kinds", "max_steps", "max_seconds", "device", "verbose")


class WithSynthesizer(BaseEstimator):
    """Lets ``set_params`` reach into a synthesizer that is still None, the default one."""

    synthesizer: WGANGPSynthesizer | None

    def set_params(self, **params: Any) -> Self:
        """Set parameters of the estimator, and of its synthesizer with two underscores."""
        is_nested = any(name.startswith("synthesizer__") for name in params)
        if is_nested and params.get("synthesizer", self.synthesizer) is None:
            params = {**params, "synthesizer": self._default_synthesizer()}
        return super().set_params(**params)

    @staticmethod
    def _default_synthesizer() -> WGANGPSynthesizer:
        """Return what stands for None."""
        return WGANGPSynthesizer()


def inner_synthesizer(outer: Any, purpose: str) -> WGANGPSynthesizer:
    """Return the unfitted synthesizer of an estimator, which draws cells given others.

    Parameters
    ----------
    outer : WithSynthesizer
        Its ``synthesizer`` is cloned, and gets those of its other parameters that are not None.
    purpose : str
        What it is to do, for the message that it could not.

    Raises
    ------
    ValueError, TypeError
        If it is none, a parameter is out of range, or it is not `conditional`.
    """
    given = outer._default_synthesizer() if outer.synthesizer is None else outer.synthesizer
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
