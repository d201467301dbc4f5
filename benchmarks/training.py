"""Training steps per second: ours against a plain loop, lucidrains' and diffusers'.

python -m benchmarks.training [--device cpu] [--network base] [--batch 64] [--rounds 7]

The same U-Net (unconditional, 28 × 28), batch, data (`mnist-5k`, in memory), target (v), clipping
and moving average for all. The contestants take turns: in every round each trains for a few steps,
in another order, so that a noisy machine is noisy for all. The table gives the median over the
rounds and the median of the ratios within each round. Needs `pip install diffusers
denoising-diffusion-pytorch`; a peer that is not installed is left out and said to be.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.data import ImageSet, load, to_tensor
from explorer.devices import choose_threads, find_device, hardware
from explorer.networks import PRESETS, UNet
from explorer.training import Run, TrainConfig, fit

RATE, T = 2e-3, 1000
Steps = Iterator[None]


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
    """What one writes on an afternoon: eager, float32, AdamW, an average, loss.item()."""
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
        loss = F.mse_loss(network(x_t, t - 1), v)
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
        with accelerator.autocast():
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
        loss = F.mse_loss(network(x_t, t).float(), scheduler.get_velocity(x0, noise, t))
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        warm_up.step()
        optimizer.zero_grad()
        ema.step(network.parameters())
        loss.detach().item()
        yield


CONTESTANTS: dict[str, Callable[[TrainConfig, ImageSet, torch.device], Steps]] = {
    "ours": ours,
    "plain eager loop": plain,
    "lucidrains": lucidrains,
    "diffusers": diffusers,
}


def _network(config: TrainConfig, data: ImageSet, device: torch.device) -> Network:
    """As a peer would make it: the default memory format."""
    torch.manual_seed(0)
    return Network(config.make_network_config(data.channels, 0)).to(device).train()


def advance(steps: Steps, count: int, device: torch.device) -> float:
    """Seconds for so many steps."""
    begun = time.perf_counter()
    for _ in range(count):
        next(steps)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", help="cpu, cuda or mps; the fastest there is by default")
    parser.add_argument("--network", default="base", choices=PRESETS)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, help="of each contestant in a round (6; GPU 100)")
    args = parser.parse_args()

    device = find_device(args.device)
    threads = choose_threads() if device.type == "cpu" else 0
    count = args.steps or (6 if device.type == "cpu" else 100)
    data = load("mnist-5k")
    config = TrainConfig(
        size=28,
        conditional=False,
        steps=10**9,
        batch=args.batch,
        network_options=PRESETS[args.network],
    )
    running: dict[str, Steps] = {}
    for name, make in CONTESTANTS.items():
        running[name] = make(config, data, device)
        try:
            advance(running[name], max(2, count // 3), device)  # warm-up, and what comes first
        except ImportError as error:
            print(f"left out: {name} ({error})")
            del running[name]
    rates: dict[str, list[float]] = {name: [] for name in running}
    names = list(running)
    for i in range(args.rounds):
        for name in names[i % len(names) :] + names[: i % len(names)]:
            seconds = advance(running[name], count, device)
            rates[name].append(count * args.batch / seconds)

    where = hardware(device) + (f", {threads} threads" if threads else "")
    print(f"\n{where}; torch {torch.__version__}; {args.network}, batch {args.batch}, 28 × 28\n")
    print("| loop | images/s | ours is faster by |\n|---|---|---|")
    for name, found in rates.items():
        ratio = statistics.median(a / b for a, b in zip(rates["ours"], found, strict=True))
        print(f"| {name} | {statistics.median(found):.0f} | {ratio:.2f} × |")


if __name__ == "__main__":
    main()
