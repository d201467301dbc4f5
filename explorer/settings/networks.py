"""What networks are built from, and what a run can be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

GROUPS = 8
"""Channels are normalised in this many groups, so widths are multiples of it."""


WIDEST = 4096
"""Channels; whoever asks for more has miscounted, or means harm by a checkpoint."""


PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "tiny": {"width": 32, "multipliers": (1, 2), "attention": (1,), "patch": 2},
        "small": {"width": 48, "multipliers": (1, 2), "attention": (1,), "patch": 2},
        "base": {"width": 64, "multipliers": (1, 2), "attention": (1,), "patch": 2},
        "fine": {"width": 32, "multipliers": (1, 2, 2, 4), "attention": (2, 3), "patch": 1},
        "large": {"width": 128, "multipliers": (1, 1, 2), "attention": (1, 2), "patch": 1},
    }
)
"""Name -> settings of `UNetConfig`; 0.5, 1.1, 2, 2.2 and 9.3 million weights.

"fine" sees every pixel, where those before it fold 2 × 2 into one, which can leave a grid on plain
ground. "large" is for GPUs.
"""


@dataclass(frozen=True)
class UNetConfig:
    """What a U-Net is built from. ValueError if the numbers do not fit together."""

    channels: int = 1
    """Of the image: 1 (grey) or 3 (colour)."""
    classes: int = 0
    """How many classes it may be told of; 0 is a network without labels."""
    T: int = 1000
    """The schedule's number of steps: the time embedding sees 1000 · t/T."""
    width: int = 64
    """Channels of the finest level."""
    multipliers: tuple[int, ...] = (1, 2)
    """Channels of each level, in widths, finest first; each level halves the resolution."""
    blocks: int = 1
    """Residual blocks on each level, going down and going up."""
    attention: tuple[int, ...] = (1,)
    """Levels (0 is the finest) whose blocks are followed by self-attention."""
    patch: int = 1
    """Pixel-unshuffle of the stem: 2 folds 2 × 2 pixels into channels, four times less to do."""
    dropout: float = 0.0
    """How many of a residual block's values are left out in a training step, as a share."""

    def __post_init__(self) -> None:
        for name in ("multipliers", "attention"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name, value in vars(self).items():
            numbers = value if isinstance(value, tuple) else (value,)
            if name != "dropout" and not all(type(n) is int for n in numbers):
                raise ValueError(f"U-Net: {name} = {value!r}: whole numbers only")
        widths = [self.width * m for m in self.multipliers]
        rules = [
            (self.channels in (1, 3), f"channels = {self.channels}: 1 or 3"),
            (self.classes >= 0, f"classes = {self.classes}: 0 or more"),
            (self.T >= 1, f"T = {self.T}: at least 1"),
            (
                bool(widths) and all(0 < w <= WIDEST and w % GROUPS == 0 for w in widths),
                f"width = {self.width}, multipliers = {self.multipliers}: "
                f"every level's channels are a multiple of {GROUPS}, at most {WIDEST}",
            ),
            (self.width > 0 and self.width % 2 == 0, f"width = {self.width}: even, at least 2"),
            (len(widths) <= 6, f"multipliers = {self.multipliers}: at most 6 levels"),
            (1 <= self.blocks <= 8, f"blocks = {self.blocks}: from 1 to 8"),
            (
                all(0 <= level < len(widths) for level in self.attention),
                f"attention = {self.attention}: levels from 0 to {len(widths) - 1}",
            ),
            (self.patch >= 1, f"patch = {self.patch}: at least 1"),
            (0 <= self.dropout < 1, f"dropout = {self.dropout}: from 0 to below 1"),
        ]
        for holds, rule in rules:
            if not holds:
                raise ValueError(f"U-Net: {rule}")

    @property
    def stride(self) -> int:
        """Images' sides must be multiples of this."""
        return self.patch * 2 ** (len(self.multipliers) - 1)

    def check_size(self, height: int, width: int) -> None:
        """ValueError if images of this size do not pass through the levels and back."""
        if height < 1 or width < 1 or height % self.stride or width % self.stride:
            raise ValueError(
                f"this U-Net takes images whose sides are multiples of {self.stride} "
                f"({len(self.multipliers)} levels, patch {self.patch}), not {height} × {width}"
            )


WIDEST_CLASSIFIER = 512
"""Channels; whoever asks for more has miscounted, or means harm by a checkpoint."""


@dataclass(frozen=True)
class NoisyClassifierConfig:
    """What a classifier of x_t is built from. ValueError if the numbers do not fit together."""

    channels: int = 1
    """Of the image: 1 (grey) or 3 (colour)."""
    classes: int = 10
    T: int = 1000
    """The schedule's number of steps: the time embedding sees 1000 · t/T."""
    width: int = 32
    """Channels of the finest of its three levels; the other two have twice as many."""
    patch: int = 2
    """Pixel-unshuffle of the stem, as in the U-Net."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if type(value) is not int:
                raise ValueError(f"classifier: {name} = {value!r}: whole numbers only")
        rules = [
            (self.channels in (1, 3), f"channels = {self.channels}: 1 or 3"),
            (self.classes >= 2, f"classes = {self.classes}: there must be at least 2 to choose"),
            (self.T >= 1, f"T = {self.T}: at least 1"),
            (
                0 < self.width <= WIDEST_CLASSIFIER and self.width % GROUPS == 0,
                f"width = {self.width}: a multiple of {GROUPS}, at most {WIDEST_CLASSIFIER}",
            ),
            (1 <= self.patch <= 8, f"patch = {self.patch}: from 1 to 8"),
        ]
        for holds, rule in rules:
            if not holds:
                raise ValueError(f"classifier: {rule}")

    def check_size(self, height: int, width: int) -> None:
        """ValueError if the stem cannot fold images of this size."""
        if height < 1 or width < 1 or height % self.patch or width % self.patch:
            raise ValueError(
                f"this classifier takes images whose sides are multiples of {self.patch}, not "
                f"{height} × {width}"
            )


@dataclass(frozen=True)
class LectureConfig:
    """What such a network is built from. ValueError, naming the field, if it cannot be."""

    channels: int = 1
    """Of the image: 1 (grey) or 3 (colour)."""
    classes: int = 0
    """Always 0."""
    T: int = 1000
    """The schedule's number of steps, at least 1."""
    width: int = 64
    """Channels of the finest level, 8, 16, … `widest`; the other levels have multiples of it."""
    called, stride, widest = "a lecture's network", 1, 64
    """Its name; what sides of images are multiples of; the largest width."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if type(getattr(type(self), name)) is bool:
                if type(value) is not bool:
                    raise ValueError(f"{self.called}: {name} = {value!r}: true or false")
            elif type(value) is not int:
                raise ValueError(f"{self.called}: {name} = {value!r}: whole numbers only")
        rules = [
            (self.channels in (1, 3), f"channels = {self.channels}: 1 or 3"),
            (
                self.classes == 0,
                f"classes = {self.classes}: this network takes no classes; train without them",
            ),
            (self.T >= 1, f"T = {self.T}: at least 1"),
            (
                GROUPS <= self.width <= self.widest and self.width % GROUPS == 0,
                f"width = {self.width}: a multiple of {GROUPS}, at most {self.widest}",
            ),
        ]
        for holds, rule in rules:
            if not holds:
                raise ValueError(f"{self.called}: {rule}")

    def check_size(self, height: int, width: int) -> None:
        """ValueError if images of this size do not pass through the levels and back."""
        if height < 1 or width < 1 or height % self.stride or width % self.stride:
            near = [max(1, round(side / self.stride)) * self.stride for side in (height, width)]
            raise ValueError(
                f"{self.called} takes images whose sides are multiples of {self.stride}, "
                f"not {height} × {width}; {near[0]} × {near[1]} would do"
            )


@dataclass(frozen=True)
class NaiveUnetConfig(LectureConfig):
    """129,329,667 weights with the lecture's width n = 512."""

    width: int = 512
    called, stride, widest = "NaiveUnet", 32, 1024


@dataclass(frozen=True)
class SimpleUnetConfig(LectureConfig):
    """62,438,883 weights with the lecture's channels 64, 128, 256, 512, 1024."""

    width: int = 64
    called, stride, widest = "SimpleUnet", 16, 128


@dataclass(frozen=True)
class TimelessUnetConfig(LectureConfig):
    """4,284,481 weights with the lecture's channels 64, 128, 256."""

    skips: bool = False
    """Whether each encoder's output is added to the decoder's of the same size."""
    called, stride, widest = "TimelessUnet", 4, 512


@dataclass(frozen=True)
class LadderUnetConfig(LectureConfig):
    """`TimelessUnet` with each part of a U-Net of today as an option of its own."""

    skips: bool = False
    """Whether each encoder's output is added to the decoder's of the same size."""
    norm: bool = False
    """Whether every convolution of a block is followed by group normalisation."""
    time: bool = False
    """Whether the network is told t."""
    self_attention: bool = False
    """Whether there is self-attention at a quarter of the side."""
    called, stride, widest = "LadderUnet", 4, 512


@dataclass(frozen=True)
class AttentionUnetConfig(LectureConfig):
    """12,816,361 weights with the lecture's width 32, times 1, 2, 4, 8."""

    width: int = 32
    called, stride, widest = "AttentionUnet", 8, 128


@dataclass(frozen=True)
class PlainNetConfig(LectureConfig):
    """165,633 weights with the lecture's channels 64, 128."""

    called, widest = "PlainNet", 512


CONFIGS: Mapping[str, type[Any]] = MappingProxyType(
    {
        "unet": UNetConfig,
        "naive-unet": NaiveUnetConfig,
        "simple-unet": SimpleUnetConfig,
        "timeless-unet": TimelessUnetConfig,
        "ladder-unet": LadderUnetConfig,
        "attention-unet": AttentionUnetConfig,
        "plain-net": PlainNetConfig,
        "classifier": NoisyClassifierConfig,
    }
)
"""Name -> frozen dataclass of settings, as checkpoints name them."""


def refuse_former(network: Any) -> None:
    """ValueError for a lecture's network, in what was stored before those were rebuilt.

    Its weights would be another network's, in shape or in what is computed from them.
    """
    config = CONFIGS.get(network) if isinstance(network, str) else None
    if config is not None and issubclass(config, LectureConfig):
        raise ValueError(
            f"{config.called} has since been rebuilt as its lecture prints it, and these weights "
            "are of the one before: train it again"
        )


CHOICES: Mapping[str, tuple[str, Mapping[str, Any]]] = MappingProxyType(
    {name: ("unet", options) for name, options in PRESETS.items()}
    | {f"naive-{n}": ("naive-unet", {"width": n}) for n in (32, 64, 128, 512)}
    | {f"simple-{n}": ("simple-unet", {"width": n}) for n in (16, 32, 64)}
    | {
        "timeless": ("timeless-unet", {"width": 64}),
        "timeless-skips": ("timeless-unet", {"width": 64, "skips": True}),
        "ladder": ("ladder-unet", {"width": 16}),
        "attention": ("attention-unet", {"width": 32}),
        "plain": ("plain-net", {"width": 64}),
    }
)
"""What a run can be asked for: name -> one of `NETWORKS` and its options."""
