"""Training steps per second: ours against a plain loop, lucidrains' and diffusers'.

python -m benchmarks.training [--device cpu] [--network base] [--batch 64] [--rounds 7]

The same U-Net (unconditional, 28 × 28), batch, data (`mnist-5k`, in memory), target (v), clipping
and moving average for all, and each loop's own attention. Two tables of one run: each as its users
run it (ours chooses its precision, the peers are float32 unless told), and all in one precision.
The contestants take turns: in every round each trains for a few steps, in another order, so that a
noisy machine is noisy for all; on a single CPU thread the process's own time is taken. A table
gives the median over the rounds and the median of the ratios within each round. Needs
`pip install diffusers denoising-diffusion-pytorch`; a peer that is not installed is left out and
said to be.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from unittest import mock

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.turns import Run as Turn
from benchmarks.turns import Times, in_turns, ratio
from explorer.data import ImageSet, load, to_tensor
from explorer.devices import choose_threads, find_device, hardware
from explorer.networks import PRESETS, UNet, layers
from explorer.precision import AUTO, PRECISIONS, choose_precision
from explorer.training import Run, TrainConfig, fit

RATE, T = 2e-3, 1000
Steps = Iterator[None]
Key = tuple[str, str]
"""A loop's name and its precision."""
Attend = Callable[[Tensor, Tensor, Tensor], Tensor]


class Network(UNet):
    """Our U-Net with what lucidrains' GaussianDiffusion asks of one; timesteps from 0."""

    out_dim, channels, self_condition = 1, 1, False

    def forward(self, x: Tensor, t: Tensor, *_: object) -> Tensor:
        return super().forward(x, t + 1)


def batches(data: ImageSet, batch: int, device: torch.device) -> Iterator[Tensor]:
    """Random pictures in [−1, 1], taken from memory: no contestant waits for a data loader."""
    images = data.images.to(device)
    while True:
        yield to_tensor(images[torch.randint(len(images), (batch,), device=device)])


def ours(config: TrainConfig, data: ImageSet, device: torch.device) -> Steps:
    """`fit`, one item a step (on a GPU it yields every so many)."""
    run, before = Run(config, data, device), 0
    for step in fit(run):
        yield from (None for _ in range(step.step - before))
        before = step.step


def plain(config: TrainConfig, data: ImageSet, device: torch.device) -> Steps:
    """What one writes on an afternoon: eager, AdamW, an average, loss.item()."""
    network = _network(config, data, device)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE)
    ema = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.999)
    )
    alpha_bar = config.make_schedule().alpha_bar.float().to(device)
    for x0 in batches(data, config.batch, device):
        t = torch.randint(1, T + 1, (len(x0),), device=device)
        eps = torch.randn_like(x0)
        a = alpha_bar[t][:, None, None, None]
        x_t = a.sqrt() * x0 + (1 - a).sqrt() * eps
        v = a.sqrt() * eps - (1 - a).sqrt() * x0
        with _autocast(config, device):
            found = network(x_t, t - 1)
        loss = F.mse_loss(found.float(), v)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        ema.update_parameters(network)
        loss.item()
        yield


def lucidrains(config: TrainConfig, data: ImageSet, device: torch.device) -> Steps:
    """The step of its Trainer: GaussianDiffusion, accelerate, Adam, ema_pytorch."""
    from accelerate import Accelerator
    from denoising_diffusion_pytorch import GaussianDiffusion
    from ema_pytorch import EMA

    network = _network(config, data, device)
    diffusion = GaussianDiffusion(
        network, image_size=28, timesteps=T, objective="pred_v", beta_schedule="cosine"
    ).to(device)
    accelerator = Accelerator()
    optimizer = torch.optim.Adam(diffusion.parameters(), lr=RATE, betas=(0.9, 0.99))
    ema = EMA(diffusion, beta=0.995, update_every=10).to(device)
    for x0 in batches(data, config.batch, device):
        with _autocast(config, device):
            loss = diffusion((x0 + 1) / 2)
        loss.item()
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(diffusion.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        ema.update()
        yield


def diffusers(config: TrainConfig, data: ImageSet, device: torch.device) -> Steps:
    """Its example train_unconditional.py: DDPMScheduler, AdamW, a scheduler, EMAModel."""
    from accelerate import Accelerator
    from diffusers import DDPMScheduler
    from diffusers.optimization import get_scheduler
    from diffusers.training_utils import EMAModel

    network = _network(config, data, device)
    scheduler = DDPMScheduler(T, beta_schedule="squaredcos_cap_v2", prediction_type="v_prediction")
    accelerator = Accelerator()
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, betas=(0.95, 0.999))
    warm_up = get_scheduler("cosine", optimizer, num_warmup_steps=50, num_training_steps=10**6)
    ema = EMAModel(network.parameters(), decay=0.999, use_ema_warmup=True)
    for x0 in batches(data, config.batch, device):
        noise = torch.randn_like(x0)
        t = torch.randint(0, T, (len(x0),), device=device).long()
        x_t = scheduler.add_noise(x0, noise, t)
        with _autocast(config, device):
            found = network(x_t, t)
        loss = F.mse_loss(found.float(), scheduler.get_velocity(x0, noise, t))
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        warm_up.step()
        optimizer.zero_grad()
        ema.step(network.parameters())
        loss.detach().item()
        yield


def by_einsum(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """lucidrains' attention unless one asks for another (attend.py, flash=False)."""
    weights = torch.einsum("bhid,bhjd->bhij", q, k) * q.shape[-1] ** -0.5
    return torch.einsum("bhij,bhjd->bhid", weights.softmax(dim=-1), v)


@dataclass(frozen=True)
class Loop:
    """A contestant."""

    steps: Callable[[TrainConfig, ImageSet, torch.device], Steps]
    attend: Attend = F.scaled_dot_product_attention
    usual: str = "float32"
    """The precision that its users get."""


OURS = "ours"
LOOPS = {
    OURS: Loop(ours, layers.attend, AUTO),
    "plain eager loop": Loop(plain),
    "lucidrains": Loop(lucidrains, by_einsum),
    "diffusers": Loop(diffusers),
}


def _network(config: TrainConfig, data: ImageSet, device: torch.device) -> Network:
    """As a peer would make it: the default memory format."""
    torch.manual_seed(0)
    return Network(config.make_network_config(data.channels, 0)).to(device).train()


def _autocast(config: TrainConfig, device: torch.device) -> AbstractContextManager[object]:
    """As accelerate does it: the loops of both peers ask for its precision in this way."""
    dtype = PRECISIONS[config.precision]
    return torch.autocast(device.type, dtype, enabled=config.precision != "float32")


def advance(steps: Steps, count: int, attend: Attend) -> None:
    """So many steps, with the loop's own attention."""
    with mock.patch.object(layers, "attend", attend):
        for _ in range(count):
            next(steps)


def begin(config: TrainConfig, device: torch.device, common: str, count: int) -> dict[Key, Turn]:
    """What each loop does in a round, in its usual precision and in the common one."""
    data = load("mnist-5k")
    found: dict[Key, Turn] = {}
    for name, loop in LOOPS.items():
        for precision in dict.fromkeys((choose_precision(loop.usual, device), common)):
            asked = replace(config, precision=precision)
            steps = loop.steps(asked, data, device)
            try:
                advance(steps, 1, loop.attend)
            except ImportError as error:
                print(f"left out: {name} ({error})")
                break
            found[name, precision] = partial(advance, steps, count, loop.attend)
    return found


def table(times: dict[Key, Times], chosen: dict[str, str], pictures: int) -> str:
    """Of the loops in the precisions chosen for them; of each `pictures` a round."""
    lines = ["| loop | precision | images/s | ours is faster by |", "|---|---|---|---|"]
    for name, precision in chosen.items():
        here = times[name, precision]
        rate = statistics.median(pictures / seconds for seconds in here.seconds)
        gain = ratio(here, times[OURS, chosen[OURS]])
        lines.append(f"| {name} | {precision} | {rate:.0f} | {gain:.2f} × |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", help="cpu, cuda or mps; the fastest there is by default")
    parser.add_argument("--network", default="base", choices=PRESETS)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, help="of each contestant in a round (6; GPU 100)")
    parser.add_argument(
        "--precision", default=AUTO, help="of the second table; what suits the device by default"
    )
    args = parser.parse_args()

    device = find_device(args.device)
    threads = choose_threads() if device.type == "cpu" else 0
    count = args.steps or (6 if device.type == "cpu" else 100)
    common = choose_precision(args.precision, device)
    config = TrainConfig(
        size=28,
        conditional=False,
        steps=10**9,
        batch=args.batch,
        network_options=PRESETS[args.network],
    )
    times = in_turns(begin(config, device, common, count), args.rounds, device)

    where = hardware(device) + (f", {threads} threads" if threads else "")
    print(f"\n{where}; torch {torch.__version__}; {args.network}, batch {args.batch}, 28 × 28")
    names = dict.fromkeys(name for name, _ in times)
    usual = {name: choose_precision(LOOPS[name].usual, device) for name in names}
    print(f"\nEach as its users run it:\n\n{table(times, usual, count * args.batch)}")
    same = dict.fromkeys(names, common)
    print(f"\nAll in {common}:\n\n{table(times, same, count * args.batch)}")


if __name__ == "__main__":
    main()
