"""SUTD week 12: TimelessUnet."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from explorer.networks.lecture.base import LectureNetwork
from explorer.settings.networks import TimelessUnetConfig


class TimelessBlock(nn.Module):
    """relu(skip(x) + conv(relu(conv(x)))), without normalisation.

    Convolutions are 3 × 3, the first with the stride; skip is 1 × 1 where channels change, else
    the identity.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = (
            nn.Conv2d(inputs, outputs, 1, stride=stride) if inputs != outputs else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv2(F.relu(self.conv1(x))) + self.skip(x))


class TimelessUnet(LectureNetwork):
    """Residual blocks down to a quarter of the side and back. It must guess t from the noise.

    The lecture prints the layers but not how they are joined. Its decoder's channels leave no
    room for concatenation; here the layers follow each other, which its printed losses fit
    best, or with `skips` each encoder's output is added to the decoder's of the same size.
    """

    def __init__(self, config: TimelessUnetConfig) -> None:
        super().__init__(config)
        self.skips = config.skips
        a, b, c = config.width, 2 * config.width, 4 * config.width
        self.encoder1 = TimelessBlock(config.channels, a)
        self.encoder2 = TimelessBlock(a, b, stride=2)
        self.encoder3 = TimelessBlock(b, c, stride=2)
        self.middle = nn.Sequential(TimelessBlock(c, c), TimelessBlock(c, c))
        self.decoder1, self.decoder2 = _decoder(c, b), _decoder(b, a)
        self.decoder3 = nn.Conv2d(a, config.channels, 3, padding=1)

    def predict(self, x: Tensor, t: Tensor) -> Tensor:
        fine = self.encoder1(x)  # (B, n, H, W)
        half = self.encoder2(fine)  # (B, 2n, H/2, W/2)
        h = self.decoder1(self.middle(self.encoder3(half)))  # from (B, 4n, H/4, W/4)
        h = self.decoder2(h + half if self.skips else h)
        return self.decoder3(h + fine if self.skips else h)


def _decoder(inputs: int, outputs: int) -> nn.Sequential:
    """Twice the resolution, then a block."""
    twice = nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1)
    return nn.Sequential(twice, nn.ReLU(), TimelessBlock(outputs, outputs))
