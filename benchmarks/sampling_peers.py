"""The samplers of diffusers and lucidrains around our network, for `benchmarks.sampling`.

Their times count from 0; classes are fixed inside the network. Where less than all steps of DDPM
are taken, they are the last ones.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.task import Task
from explorer.diffusion import Network


def _scheduler(task: Task) -> Any:
    """The one that takes the lane's steps, with them set."""
    import diffusers

    kind = diffusers.DDIMScheduler if not task.lane.stochastic else diffusers.DDPMScheduler

    class Scheduler(kind):
        def set_timesteps(self, *_: object, **__: object) -> None:
            count = task.lane.evaluations
            super().set_timesteps(count if kind is diffusers.DDIMScheduler else task.schedule.T)
            self.timesteps = self.timesteps[-count:]

    scheduler = Scheduler(
        task.schedule.T,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="v_prediction",
        timestep_spacing="trailing",
    )
    scheduler.set_timesteps()
    if [int(i) + 1 for i in scheduler.timesteps] != list(task.lane.times[:-1]):
        raise ValueError("these are not the lane's times")
    return scheduler


def diffusers_loop(task: Task, network: Network) -> Callable[[], object]:
    """As its documentation shows it: for t in scheduler.timesteps, scheduler.step."""
    scheduler = _scheduler(task)

    @torch.no_grad()
    def run() -> Tensor:
        x = torch.randn(task.shape, device=task.device)
        for index in scheduler.timesteps:
            t = (index + 1).to(task.device).expand(len(x))
            x = scheduler.step(network(x, t, task.labels), index, x).prev_sample
        return x

    return run


def diffusers_pipeline(task: Task, network: Network) -> Callable[[], object]:
    """DDIMPipeline or DDPMPipeline, to an array."""
    import diffusers
    from diffusers.configuration_utils import register_to_config

    class Network(diffusers.ModelMixin, diffusers.ConfigMixin):
        @register_to_config
        def __init__(self, sample_size: int, in_channels: int) -> None:
            super().__init__()
            self.anchor = nn.Parameter(torch.zeros(1))  # says which device and dtype

        def forward(self, x: Tensor, index: Tensor) -> Any:
            t = (index + 1).to(x.device).expand(len(x))
            return SimpleNamespace(sample=network(x, t, task.labels))

    unet = Network(sample_size=task.shape[-1], in_channels=task.shape[1])
    scheduler = _scheduler(task)
    kind = diffusers.DDIMPipeline if not task.lane.stochastic else diffusers.DDPMPipeline
    pipeline = kind(unet, scheduler).to(task.device)
    pipeline.register_modules(scheduler=scheduler)  # DDIMPipeline makes its own of the settings
    pipeline.set_progress_bar_config(disable=True)

    def run() -> object:
        return pipeline(
            batch_size=task.shape[0],
            num_inference_steps=task.lane.evaluations,
            output_type="np",
        )

    return run


def lucidrains(task: Task, network: Network) -> Callable[[], object]:
    """GaussianDiffusion: `ddim_sample`, or `p_sample_loop`."""
    from denoising_diffusion_pytorch import denoising_diffusion_pytorch as module

    class Network(nn.Module):
        out_dim = channels = task.shape[1]
        self_condition = False

        def forward(self, x: Tensor, index: Tensor, *_: object) -> Tensor:
            return network(x, index + 1, task.labels)

    module.tqdm = lambda steps, **_: steps
    count, strided = task.lane.evaluations, not task.lane.stochastic
    diffusion = module.GaussianDiffusion(
        Network(),
        image_size=task.shape[-1],
        timesteps=task.schedule.T,
        sampling_timesteps=count if strided else None,
        objective="pred_v",
        beta_schedule="cosine",
    ).to(task.device)
    if strided:
        return lambda: diffusion.ddim_sample(task.shape)
    diffusion.num_timesteps = count
    return lambda: diffusion.p_sample_loop(task.shape)
