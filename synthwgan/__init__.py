"""Synthetic tables that look like the real one: WGAN-GP in scikit-learn's style."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synthwgan.oversampling import GANOverSampler
    from synthwgan.radial import RadialGANSynthesizer
    from synthwgan.synthesizer import WGANGPSynthesizer
    from synthwgan.table import TableTransformer

__version__ = "0.1.0"

__all__ = ["GANOverSampler", "RadialGANSynthesizer", "TableTransformer", "WGANGPSynthesizer"]

_MODULES = {
    "GANOverSampler": "synthwgan.oversampling",
    "RadialGANSynthesizer": "synthwgan.radial",
    "TableTransformer": "synthwgan.table",
    "WGANGPSynthesizer": "synthwgan.synthesizer",
}


def __getattr__(name: str) -> Any:
    """Import a class when it is first asked for: torch takes seconds, and much needs none of it."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
