"""A generator whose layers are each steered by one style vector."""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synthwgan.networks.context import Context
from synthwgan.networks.generators.base import SIZES, GeneratorChoice, RawOutput
from synthwgan.networks.linear import Linear, normal_weights
from synthwgan.parameters import Constraint

MAPPING_LAYERS = 2
NEGATIVE_SLOPE = 0.2


class Style(GeneratorChoice):
    """A generator after StyleGAN: one style vector steers every layer.

    Parameters
    ----------
    width : int, default 256
        Features of the hidden layers and of the style.
    layers : int, default 2
        Number of layers of the synthesis.
    latent_dim : int or "auto", default "auto"
        Length of the vector that becomes the style; "auto" is 64, and 16 around which several
        tables meet. Each layer gets one number of noise more.

    References
    ----------
    Karras, Laine, Aila (2019), "A Style-Based Generator Architecture for Generative Adversarial
    Networks", section 2.

    Examples
    --------
    >>> from synthwgan import Style, WGANGPSynthesizer
    >>> model = WGANGPSynthesizer(generator=Style(layers=3))
    """

    constraints: ClassVar[dict[str, Constraint]] = SIZES

    def __init__(
        self, *, width: int = 256, layers: int = 2, latent_dim: int | str = "auto"
    ) -> None:
        self.width = width
        self.layers = layers
        self.latent_dim = latent_dim

    def build(
        self, n_slots: int, output_bias: Tensor, n_context: int, rng: torch.Generator | None
    ) -> nn.Module:
        return StyleGenerator(
            self.latent_dim, n_slots, self.width, self.layers, output_bias, n_context, rng
        )


class AdaptiveNorm(nn.Module):
    """Adaptive instance normalisation: a style sets what a normalised row becomes.

    Karras, Laine, Aila 2019, "A Style-Based Generator Architecture for GANs", equation 1. A row
    has no pixels to normalise over, so its mean and variance over the features are taken away,
    and the style gives each feature its scale and shift. Styles start at scale one and shift
    zero.

    Parameters
    ----------
    n_style : int
        Length of the style vector.
    width : int
        Features of a row.
    rng : torch.Generator or None, default None
        Source of the first weights; None is torch's global state.
    """

    def __init__(self, n_style: int, width: int, rng: torch.Generator | None = None) -> None:
        super().__init__()
        self.style = Linear(n_style, 2 * width, rng=rng)
        with torch.no_grad():
            self.style.bias.zero_()
            self.style.bias[:width] = 1.0

    def forward(self, hidden: Tensor, style: Tensor) -> Tensor:
        """Normalise rows, shape (n_rows, width), by styles of shape (n_rows, n_style)."""
        scale, shift = self.style(style).chunk(2, dim=1)
        return scale * F.layer_norm(hidden, hidden.shape[1:]) + shift


class StyleLayer(nn.Module):
    """Linear layer, noise of learned strength, leaky ReLU, adaptive normalisation.

    The noise is one number a row, which each feature takes up by its own learned strength,
    as StyleGAN's noise image is shared by the feature maps; the strength starts at zero.

    Parameters
    ----------
    n_style : int
        Length of the style vector.
    width : int
        Features in and out.
    rng : torch.Generator or None, default None
        Source of the first weights; None is torch's global state.
    """

    def __init__(self, n_style: int, width: int, rng: torch.Generator | None = None) -> None:
        super().__init__()
        self.linear = Linear(width, width, rng=rng)
        self.strength = nn.Parameter(torch.zeros(width))
        self.norm = AdaptiveNorm(n_style, width, rng)

    def forward(self, hidden: Tensor, style: Tensor, noise: Tensor) -> Tensor:
        """Map rows, shape (n_rows, width); noise has the shape (n_rows, 1)."""
        hidden = self.linear(hidden) + noise * self.strength
        return self.norm(F.leaky_relu(hidden, NEGATIVE_SLOPE), style)


class StyleGenerator(RawOutput):
    """Generator after StyleGAN: a mapping network's style steers every layer of a synthesis.

    Karras, Laine, Aila 2019, "A Style-Based Generator Architecture for Generative Adversarial
    Networks", section 2: the latent vector is normalised and mapped to a style; the synthesis
    starts at a learned constant, and each layer gets noise of its own and is normalised
    adaptively (`StyleLayer`). Without noise and style all rows would be the same.

    Parameters
    ----------
    latent_dim : int
        Length of the vector that becomes the style. The latent vector as a whole, of length
        ``self.latent_dim``, has the noise of the layers after it.
    n_slots, width, n_layers, output_bias, n_context, rng
        As for `Generator`; the style is as wide as the hidden layers.
    """

    mean_style: Tensor

    def __init__(
        self,
        latent_dim: int,
        n_slots: int,
        width: int,
        n_layers: int,
        output_bias: Tensor,
        n_context: int = 0,
        rng: torch.Generator | None = None,
    ) -> None:
        super().__init__(latent_dim + n_layers)
        sizes = [latent_dim] + [width] * MAPPING_LAYERS
        self.mapping = nn.ModuleList(
            Linear(n_in, n_out, rng=rng) for n_in, n_out in zip(sizes, sizes[1:], strict=False)
        )
        self.constant = nn.Parameter(normal_weights(width, rng=rng))
        self.layers = nn.ModuleList(StyleLayer(width, width, rng) for _ in range(n_layers))
        # In training mode the mean of the last batch; measured over many rows at the end.
        self.register_buffer("mean_style", torch.zeros(width))
        self.add_output(width, n_slots, output_bias, n_context, rng)

    def forward(
        self, latent: Tensor, context: Context | None = None, truncation: float | None = None
    ) -> Tensor:
        """Map latents, shape (n_rows, self.latent_dim), to raw outputs, (n_rows, n_slots).

        ``truncation`` draws styles towards their mean (appendix B, "truncation trick"): 1 leaves
        them, 0 makes all of them the mean.
        """
        n_layers = len(self.layers)
        latent, noise = latent.split([latent.shape[1] - n_layers, n_layers], dim=1)
        style = self._style(latent)
        if truncation is not None:
            style = torch.lerp(self.mean_style, style.float(), truncation)
        style = self.told(style, context)
        hidden = self.constant.expand(len(latent), -1)
        for layer, of_layer in zip(self.layers, noise.split(1, dim=1), strict=True):
            hidden = layer(hidden, style, of_layer)
        return self.raw(hidden, context)

    def _style(self, latent: Tensor) -> Tensor:
        hidden = latent * latent.square().mean(1, keepdim=True).add(1e-8).rsqrt()
        for layer in self.mapping:
            hidden = F.leaky_relu(layer(hidden), NEGATIVE_SLOPE)
        if self.training:
            self.mean_style.copy_(hidden.detach().float().mean(0))
        return hidden
