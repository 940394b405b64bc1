"""Critics, one a file, and their short names."""

from typing import Literal

from synthwgan.networks.critics.base import CriticChoice
from synthwgan.networks.critics.mlp import MLP
from synthwgan.networks.critics.own import Own

CriticName = Literal["mlp"]
CRITICS: dict[str, type[CriticChoice]] = {"mlp": MLP}

__all__ = ["CRITICS", "MLP", "CriticChoice", "CriticName", "Own"]
