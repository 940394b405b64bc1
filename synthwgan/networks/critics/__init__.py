"""Critics, one a file, and their short names."""

from synthwgan.networks.critics.base import CriticChoice
from synthwgan.networks.critics.mlp import MLP
from synthwgan.networks.critics.own import Own

CRITICS: dict[str, type[CriticChoice]] = {"mlp": MLP}

__all__ = ["CRITICS", "MLP", "CriticChoice", "Own"]
