"""Synthetic tables that look like the real one: WGAN-GP in scikit-learn's style."""

from synthwgan.oversampling import GANOverSampler
from synthwgan.radial import RadialGANSynthesizer
from synthwgan.synthesizer import WGANGPSynthesizer
from synthwgan.table import TableTransformer

__version__ = "0.1.0"

__all__ = ["GANOverSampler", "RadialGANSynthesizer", "TableTransformer", "WGANGPSynthesizer"]
