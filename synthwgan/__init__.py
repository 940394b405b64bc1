"""Synthetic tables that look like the real one: WGAN-GP in scikit-learn's style."""

import logging
from typing import TYPE_CHECKING

from synthwgan.lazy import lazily

if TYPE_CHECKING:
    from synthwgan.checkpoint import Checkpoint
    from synthwgan.imputation import WGANGPImputer
    from synthwgan.networks.critics import MLP
    from synthwgan.networks.generators import Residual, Style
    from synthwgan.networks.objectives import GAN, WGAN, WGANGP, MinimaxGAN, Relativistic
    from synthwgan.oversampling import GANOverSampler
    from synthwgan.private.domain import Domain
    from synthwgan.private.synthesizer import PrivateSynthesizer
    from synthwgan.radial.synthesizer import RadialGANSynthesizer
    from synthwgan.synthesizer import WGANGPSynthesizer
    from synthwgan.table import TableTransformer
    from synthwgan.training.config import Conditional
    from synthwgan.training.optimizers import Optimizer
    from synthwgan.training.stopping import EarlyStopping

__version__ = "0.2.0"

__all__ = [
    "Checkpoint",
    "Conditional",
    "Domain",
    "EarlyStopping",
    "GAN",
    "GANOverSampler",
    "MLP",
    "MinimaxGAN",
    "Optimizer",
    "PrivateSynthesizer",
    "RadialGANSynthesizer",
    "Relativistic",
    "Residual",
    "Style",
    "TableTransformer",
    "WGAN",
    "WGANGP",
    "WGANGPImputer",
    "WGANGPSynthesizer",
]

_MODULES = {
    "Checkpoint": "synthwgan.checkpoint",
    "Conditional": "synthwgan.training.config",
    "Domain": "synthwgan.private.domain",
    "EarlyStopping": "synthwgan.training.stopping",
    "GAN": "synthwgan.networks.objectives",
    "GANOverSampler": "synthwgan.oversampling",
    "MLP": "synthwgan.networks.critics",
    "MinimaxGAN": "synthwgan.networks.objectives",
    "Optimizer": "synthwgan.training.optimizers",
    "PrivateSynthesizer": "synthwgan.private.synthesizer",
    "RadialGANSynthesizer": "synthwgan.radial.synthesizer",
    "Relativistic": "synthwgan.networks.objectives",
    "Residual": "synthwgan.networks.generators",
    "Style": "synthwgan.networks.generators",
    "TableTransformer": "synthwgan.table",
    "WGAN": "synthwgan.networks.objectives",
    "WGANGP": "synthwgan.networks.objectives",
    "WGANGPImputer": "synthwgan.imputation",
    "WGANGPSynthesizer": "synthwgan.synthesizer",
}


# Records go where a program that uses the package sends them, and nowhere by default.
logging.getLogger(__name__).addHandler(logging.NullHandler())


__getattr__ = lazily(__name__, _MODULES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
