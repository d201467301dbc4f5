"""Oslo, May 2025: PlainNet."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from explorer.networks.lecture.base import LectureNetwork, share_mlp, spread_out
from explorer.settings.networks import PlainNetConfig


class PlainNet(LectureNetwork):
    """Four 3 × 3 convolutions: a position sees 9 × 9 pixels of x_t and the time, nothing else.

    The last two are transposed, which without a stride are convolutions too. The lecture counts
    t from 0: step t of T is told as (t − 1)/T.
    """

    def __init__(self, config: PlainNetConfig) -> None:
        super().__init__(config)
        C, n = config.channels, config.width
        self.conv1 = nn.Conv2d(C, n, 3, padding=1)
        self.conv2 = nn.Conv2d(n, 2 * n, 3, padding=1)
        self.time = share_mlp(2 * n, nn.ReLU)
        self.conv3 = nn.ConvTranspose2d(2 * n, n, 3, padding=1)
        self.conv4 = nn.ConvTranspose2d(n, C, 3, padding=1)

    def predict(self, x: Tensor, t: Tensor) -> Tensor:
        h = F.relu(self.conv2(F.relu(self.conv1(x))))
        share = (t[:, None] - 1) / self.config.T  # (B, 1), 0…(T − 1)/T
        h = h + spread_out(self.time(share.to(x.dtype)))
        return self.conv4(F.relu(self.conv3(h)))
