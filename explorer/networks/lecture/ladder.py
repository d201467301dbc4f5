"""From the SUTD lecture's network to a U-Net of today in single changes."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from explorer.networks.layers import Attention, sinusoidal_embedding
from explorer.networks.lecture.base import LectureNetwork, spread_out
from explorer.networks.lecture.sutd import TimelessBlock, TimelessUnet
from explorer.settings.networks import GROUPS, LadderUnetConfig, TimelessUnetConfig


class LadderBlock(nn.Module):
    """relu(skip(x) + n(conv(relu(n(conv(x)) + e)))): `TimelessBlock` with n and e where asked for.

    n is group normalisation, else the identity; e is a linear map of the time's embedding, the
    same at every position, else 0.
    """

    def __init__(self, plain: TimelessBlock, config: LadderUnetConfig, embedding: int) -> None:
        super().__init__()
        self.plain = plain
        outputs = plain.conv1.out_channels
        self.norm1, self.norm2 = (
            nn.GroupNorm(GROUPS, outputs) if config.norm else nn.Identity() for _ in range(2)
        )
        self.time = nn.Linear(embedding, outputs) if config.time else None

    def forward(self, x: Tensor, embedding: Tensor | None) -> Tensor:
        h = self.norm1(self.plain.conv1(x))
        if self.time is not None and embedding is not None:
            h = h + spread_out(self.time(embedding))
        h = self.norm2(self.plain.conv2(F.relu(h)))
        return F.relu(h + self.plain.skip(x))


class LadderUnet(LectureNetwork):
    """`TimelessUnet`, the same layers from the same seed, and what its config adds to it."""

    def __init__(self, config: LadderUnetConfig) -> None:
        super().__init__(config)
        plain = TimelessUnet(
            TimelessUnetConfig(channels=config.channels, T=config.T, width=config.width)
        )
        self.skips = config.skips
        width = 4 * config.width
        blocks = [plain.encoder1, plain.encoder2, plain.encoder3, *plain.middle]
        blocks += [plain.decoder1[2], plain.decoder2[2]]
        self.blocks = nn.ModuleList(LadderBlock(block, config, width) for block in blocks)
        self.up1, self.up2 = plain.decoder1[:2], plain.decoder2[:2]
        self.last = plain.decoder3
        self.embedding = (
            nn.Sequential(nn.Linear(config.width, width), nn.SiLU(), nn.Linear(width, width))
            if config.time
            else None
        )
        self.attention = Attention(width) if config.self_attention else nn.Identity()

    def predict(self, x: Tensor, t: Tensor) -> Tensor:
        e = None
        if self.embedding is not None:
            angles = sinusoidal_embedding(t * (1000 / self.config.T), self.config.width)
            e = F.silu(self.embedding(angles.to(x.dtype)))
        fine = self.blocks[0](x, e)  # (B, n, H, W)
        half = self.blocks[1](fine, e)  # (B, 2n, H/2, W/2)
        h = self.blocks[3](self.blocks[2](half, e), e)  # (B, 4n, H/4, W/4)
        h = self.blocks[4](self.attention(h), e)
        h = self.blocks[5](self.up1(h), e)
        h = self.blocks[6](self.up2(h + half if self.skips else h), e)
        return self.last(h + fine if self.skips else h)
