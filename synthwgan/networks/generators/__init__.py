"""Generators, one a file, and their short names."""

from synthwgan.networks.generators.base import GeneratorChoice
from synthwgan.networks.generators.mlp import MLP
from synthwgan.networks.generators.own import Own
from synthwgan.networks.generators.residual import Residual
from synthwgan.networks.generators.style import Style

GENERATORS: dict[str, type[GeneratorChoice]] = {"residual": Residual, "mlp": MLP, "style": Style}

__all__ = ["GENERATORS", "MLP", "GeneratorChoice", "Own", "Residual", "Style"]
