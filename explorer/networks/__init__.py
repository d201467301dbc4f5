"""Networks that predict what the denoiser needs; all take (x_t, t, label) and keep x_t's shape."""

from explorer.networks.unet import PRESETS, UNet, UNetConfig

NETWORKS = {"unet": (UNetConfig, UNet)}
"""Name -> (frozen dataclass of settings, network built from it), as checkpoints name them."""

__all__ = ["NETWORKS", "PRESETS", "UNet", "UNetConfig"]
