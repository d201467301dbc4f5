"""A training run: everything that changes while it trains, and how it is kept."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from explorer.checkpoints import CheckpointError, Spec, read_header, save, write_tensors
from explorer.data import ImageSet, to_tensor
from explorer.devices import hardware
from explorer.diffusion import Denoiser
from explorer.networks import NETWORKS
from explorer.training.config import NETWORK_DEFAULTS, TrainConfig

STATE_KEY = "diffusion-explorer-run"
DESCRIBED = {f.name for f in fields(Spec)} | {"network_options"}
"""Settings that a checkpoint's description has a place of its own for."""


class Run:
    """Network, moving average, optimiser and random state of one run, on one device.

    The data lies on the device as one uint8 tensor. All randomness comes from one CPU generator,
    so that a run depends on its seed, not on the machine it is drawn on, and can be continued
    exactly. The moving average's decay is min(ema, (1 + n)/(10 + n)) at step n: short runs are
    not held back by their first weights.
    """

    def __init__(
        self, config: TrainConfig, data: ImageSet, device: str | torch.device = "cpu"
    ) -> None:
        self.config = config
        self.device = torch.device(device)
        self.data = data.resized(config.size)
        self.images = self.data.images.to(self.device)
        told = config.conditional and data.labels is not None
        self.labels = data.labels.to(self.device) if told else None
        self.classes = data.classes if told else ()
        self.schedule = config.make_schedule()
        self.step = 0
        self.seconds = 0.0
        """Time spent in `fit`, in all sessions."""
        self.smooth_loss: float | None = None
        """Exponential average of the loss over about the last 50 steps, fewer at the start."""

        network_config, network = NETWORKS[config.network]
        settings = NETWORK_DEFAULTS | dict(config.network_options)
        self.network_config = network_config(
            channels=data.channels, classes=len(self.classes), T=config.T, **settings
        )
        self.network_config.check_size(config.size, config.size)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self.network = network(self.network_config)
        self.network.to(self.device, memory_format=torch.channels_last).train()
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=config.learning_rate, weight_decay=0.01, fused=True
        )
        self.ema = AveragedModel(self.network, multi_avg_fn=self._average)
        self.ema.eval().requires_grad_(False)
        self.generator = torch.Generator().manual_seed(config.seed)

    def _average(self, averaged: list[Tensor], current: list[Tensor], _: Tensor) -> None:
        decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
        get_ema_multi_avg_fn(decay)(averaged, current, _)

    def draw(self) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """A batch from the generator: x_0 in [−1, 1], t in 1…T, ε and labels (−1: withheld)."""
        config, g = self.config, self.generator
        index = torch.randint(len(self.images), (config.batch,), generator=g)
        t = torch.randint(1, config.T + 1, (config.batch,), generator=g)
        shape = (config.batch, *self.images.shape[1:])
        eps = torch.randn(shape, generator=g).to(self.device, non_blocking=True)
        withheld = torch.rand(config.batch, generator=g) < config.label_dropout
        index = index.to(self.device)
        x0 = to_tensor(self.images[index]).contiguous(memory_format=torch.channels_last)
        label = self.labels
        if label is not None:
            label = label[index].masked_fill(withheld.to(self.device), -1)
        return x0, t, eps, label

    @property
    def progress(self) -> float:
        """The share of the budget that is spent, 0…1."""
        config = self.config
        by_steps = self.step / config.steps if config.steps else 0.0
        by_time = self.seconds / config.seconds if config.seconds else 0.0
        return min(1.0, max(by_steps, by_time))

    def denoiser(self) -> Denoiser:
        """The model as it stands: the averaged weights, which go on changing with the run."""
        return Denoiser(self.ema.module, self.schedule, self.config.target)

    def spec(self, name: str, *, command: str = "", **metrics: float) -> Spec:
        """The description that its checkpoint carries."""
        config = self.config
        shown = {
            key: value
            for key, value in asdict(config).items()
            if key
            not in ("data", "size", "schedule", "T", "schedule_options", "target", "network")
            and key not in ("network_options",)
        }
        training = shown | {
            "command": command,
            "hardware": hardware(self.device),
            "torch": torch.__version__,
            "steps": self.step,
            "images": self.step * config.batch,
            "seconds": round(self.seconds, 1),
        }
        losses = {"loss": self.smooth_loss} if self.smooth_loss is not None else {}
        return Spec(
            name=name,
            data=self.data.name,
            licence=self.data.licence,
            size=config.size,
            channels=self.data.channels,
            classes=self.classes,
            network=config.network,
            network_config=asdict(self.network_config),
            schedule=config.schedule,
            T=config.T,
            schedule_options=dict(self.schedule.options),
            target=config.target,
            training=training,
            metrics=losses | metrics,
        )

    def save(self, path: str | Path, *, command: str = "", **metrics: float) -> Spec:
        """Write the averaged weights as a checkpoint named after its file."""
        spec = self.spec(Path(path).stem, command=command, **metrics)
        save(path, self.ema.module.state_dict(), spec)
        return spec

    def save_state(self, path: str | Path) -> None:
        """Write all that `load_state` needs to go on as if nothing had happened."""
        tensors = {f"network.{k}": v for k, v in self.network.state_dict().items()}
        tensors |= {f"ema.{k}": v for k, v in self.ema.module.state_dict().items()}
        for i, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{i}.{k}": v for k, v in state.items()}
        tensors["generator"] = self.generator.get_state()
        progress = {"step": self.step, "seconds": self.seconds, "smooth_loss": self.smooth_loss}
        header = {"config": asdict(self.config), "progress": progress}
        write_tensors(path, tensors, {STATE_KEY: json.dumps(header)})

    def load_state(self, path: str | Path) -> None:
        """Continue where `save_state` stood; CheckpointError if it was another kind of run.

        The budget may differ, so that a finished run can be continued.
        """
        from safetensors.torch import load_file

        text = read_header(path).get(STATE_KEY)
        if text is None:
            raise CheckpointError(f"{Path(path).name} does not hold the state of a run")
        try:
            header = json.loads(text)
            begun = dict(header["config"])
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"{Path(path).name} is damaged: no settings in it") from error
        mine = json.loads(json.dumps(asdict(self.config)))
        differ = sorted(
            name
            for name in mine
            if name not in ("steps", "seconds") and mine[name] != begun.get(name)
        )
        if differ:
            was = ", ".join(f"{name} = {begun.get(name)!r}" for name in differ)
            raise CheckpointError(
                f"{Path(path).name} was begun with {was}: continue it with the same settings, or "
                "start afresh without --resume"
            )
        try:
            self._restore(load_file(path), header["progress"])
        except (KeyError, TypeError, ValueError, RuntimeError, IndexError) as error:
            why = " ".join(str(error).split())
            raise CheckpointError(
                f"{Path(path).name} holds no such run's state ({why})"
            ) from error

    def _restore(self, tensors: dict[str, Tensor], progress: dict) -> None:
        def part(prefix: str) -> dict[str, Tensor]:
            return {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}

        self.network.load_state_dict(part("network."))
        self.ema.module.load_state_dict(part("ema."))
        parameters = list(self.network.parameters())
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in part("optimizer.").items():
            i, name = key.split(".", 1)
            if value.dim():  # a fused AdamW needs its moments in their parameter's memory format
                value = torch.empty_like(parameters[int(i)]).copy_(value)
            state.setdefault(int(i), {})[name] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})
        self.generator.set_state(tensors["generator"])
        self.step, self.seconds = progress["step"], progress["seconds"]
        self.smooth_loss = progress["smooth_loss"]
        self.ema.n_averaged.fill_(self.step)
