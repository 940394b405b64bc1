"""Generators, one a file, and their short names."""

from typing import Literal

from synthwgan.networks.generators.base import GeneratorChoice
from synthwgan.networks.generators.mlp import MLP
from synthwgan.networks.generators.own import Own
from synthwgan.networks.generators.residual import Residual
from synthwgan.networks.generators.style import Style

GeneratorName = Literal["residual", "mlp", "style"]
GENERATORS: dict[str, type[GeneratorChoice]] = {"residual": Residual, "mlp": MLP, "style": Style}

__all__ = ["GENERATORS", "MLP", "GeneratorChoice", "GeneratorName", "Own", "Residual", "Style"]
