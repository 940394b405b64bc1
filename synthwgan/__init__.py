"""Synthetic tables that look like the real one: WGAN-GP in scikit-learn's style."""

from synthwgan.networks.critics import MLP
from synthwgan.networks.generators import Residual, Style
from synthwgan.networks.objectives import GAN, WGAN, WGANGP, MinimaxGAN, Relativistic
from synthwgan.oversampling import GANOverSampler
from synthwgan.radial import RadialGANSynthesizer
from synthwgan.synthesizer import WGANGPSynthesizer
from synthwgan.table import TableTransformer
from synthwgan.training.config import Conditional
from synthwgan.training.optimizers import Optimizer
from synthwgan.training.stopping import EarlyStopping

__version__ = "0.1.0"

__all__ = [
    "Conditional",
    "EarlyStopping",
    "GAN",
    "GANOverSampler",
    "MLP",
    "MinimaxGAN",
    "Optimizer",
    "RadialGANSynthesizer",
    "Relativistic",
    "Residual",
    "Style",
    "TableTransformer",
    "WGAN",
    "WGANGP",
    "WGANGPSynthesizer",
]
