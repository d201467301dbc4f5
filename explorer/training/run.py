"""A training run: everything that changes while it trains, and how it is kept."""

from __future__ import annotations

import copy
import math
import secrets
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from torch import Tensor
from torch.amp import GradScaler

from explorer.checkpoints import Spec, save
from explorer.data import ImageSet, choose, to_tensor
from explorer.devices import hardware, memory_format
from explorer.diffusion import Denoiser
from explorer.networks import NETWORKS
from explorer.precision import AUTO, choose_precision
from explorer.settings.training import PROBE_SHARE, TrainConfig
from explorer.training.history import History
from explorer.training.learnt_from import LearntFrom, learnt_from
from explorer.training.probe import Probe, ProbeLoss

OWN_FIELDS = (
    *("data", "size", "schedule", "T", "schedule_options", "target", "network"),
    "network_options",
)
"""Settings that a checkpoint's description has a place of its own for."""

FIRST_SCALE = 2.0**10
"""Of the loss in float16; PyTorch's, 2¹⁶, overflows at once: short runs would lose their steps."""


class Run:
    """Network, moving average, optimiser and random state of one run, on one device.

    The data lies on the device as one uint8 tensor; a tenth of it, at most 256 pictures, is held
    out for the probe. All randomness comes from one generator, on the CPU unless the step runs as
    a CUDA graph, so that a run depends on its seed and can be continued exactly. The moving
    average's decay is min(ema, (1 + n)/(10 + n)) after n steps: short runs are not held back by
    their first weights.

    Several processes (`accelerate launch`) draw the same batch and take a part of it each.
    ValueError if the pictures, the batch and the number of processes do not fit together.
    """

    def __init__(
        self, config: TrainConfig, data: ImageSet, device: str | torch.device = "cpu"
    ) -> None:
        self.config = config
        self.accelerator = Accelerator(mixed_precision="no")  # bf16 is chosen in the step
        self.processes = self.accelerator.num_processes
        self.device = self.accelerator.device if self.processes > 1 else torch.device(device)
        if config.batch % (self.processes * config.accumulate):
            parts = f" in {config.accumulate} parts each" if config.accumulate > 1 else ""
            raise ValueError(
                f"batch = {config.batch} is not allowed: {self.processes} processes{parts} need a "
                f"multiple of {self.processes * config.accumulate}"
            )
        # what each process has measured may differ: the first one's counts
        (self.suited,) = broadcast_object_list([choose_precision(AUTO, self.device)])
        """The precision that the device computes in by itself."""
        asked = choose_precision(config.precision, self.device)
        self.reckon_in(self.suited if config.precision == AUTO else asked)
        self.data = data.resized(config.size)
        told = config.conditional and data.labels is not None
        self.classes = data.classes if told else ()
        self.schedule = config.make_schedule()
        self.weights = config.loss_weights().float().to(self.device)
        """w_t, (T + 1,)."""

        self.network_config = config.make_network_config(data.channels, len(self.classes))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self.network = NETWORKS[config.network][1](self.network_config)
        self.network.to(self.device).to(memory_format=memory_format(self.device)).train()
        self.ema = copy.deepcopy(self.network).eval().requires_grad_(False)
        self.model = self.network  # what the step calls; wrapped where gradients are shared
        if self.processes > 1:
            self.model = self.accelerator.prepare_model(self.network, device_placement=False)
        cuda = self.device.type == "cuda"
        self.rate = torch.tensor(config.learning_rate, device=self.device)
        self.decay = torch.zeros((), device=self.device)
        self.sound = torch.ones((), dtype=torch.bool, device=self.device)
        """Whether all steps since `fit` began were finite; on the device, never waited for."""
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(),
            lr=self.rate,
            weight_decay=config.weight_decay,
            fused=True,
            capturable=cuda,
        )
        where = self.device if cuda else "cpu"
        self.generator = torch.Generator(where).manual_seed(config.seed)

        order = torch.randperm(
            len(self.data), generator=torch.Generator().manual_seed(config.seed)
        )
        out = min(256, max(len(self.data) // PROBE_SHARE, 1), len(self.data) - 1)
        learnt, kept = order[out:].sort().values, order[: max(1, out)]
        self.images, self.labels = (
            choose(self.data.images, learnt, self.device),
            self._told(learnt),
        )
        self.held_out = self.data.images[kept].to(self.device)
        self._probe = Probe(
            to_tensor(self.held_out), self._told(kept), self.schedule, self.weights, config.target
        )

        self.begun = secrets.token_hex(8)
        """Tells it from other runs of its name, also after it was put away and taken up again."""
        self.step = 0
        self.batches: list[tuple[int, int]] = []
        """(step, batch): up to which step which larger batch was used, see `shrink`."""
        self.halved = False
        """Whether memory did not suffice for the batch that was asked for."""
        self.changes: list[str] = []
        """What became of it between sessions that it was not begun with, a sentence each."""
        self.seconds = 0.0
        """Spent in `fit` and by those who look at the run meanwhile, in all sessions."""
        self.away = 0.0
        """Seconds that it was halted while others had the device; they do not count."""
        self.peak = config.learning_rate
        """The learning rate that the schedule scales; may be changed between steps."""
        self.smooth_loss: float | None = None
        """Exponential average of the loss over about the last 50 steps, fewer at the start."""
        self.history = History()

    def reckon_in(self, precision: str) -> None:
        """From now on the step is computed in this precision, which every session keeps to.

        float16 takes a scale for the loss, so that small gradients are not lost.
        """
        self.precision = precision
        half = precision == "float16"
        self.scaler = GradScaler(self.device.type, init_scale=FIRST_SCALE, enabled=half)

    def forget_step(self) -> None:
        """After a step that failed midway: no gradients, and a scaler that has begun none.

        GradScaler refuses to unscale gradients twice before it is updated.
        """
        self.optimizer.zero_grad()
        if self.scaler.is_enabled():
            scale = self.scaler.state_dict()
            self.reckon_in(self.precision)
            self.scaler.load_state_dict(scale)

    def _told(self, index: Tensor) -> Tensor | None:
        """The classes that the network is told, of some pictures."""
        labels = self.data.labels if self.classes else None
        return None if labels is None else labels[index].to(self.device)

    @cached_property
    def learnt_from(self) -> LearntFrom:
        """Which images and classes these are; reads all of them once."""
        return learnt_from(self.data, self.classes)

    def draw(self) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """This process's part of a batch: x_0 in [−1, 1], t in 1…T, ε, labels (−1: withheld)."""
        config, g = self.config, self.generator
        B = config.batch
        where: dict[str, Any] = {"generator": g, "device": g.device}
        index = torch.randint(len(self.images), (B,), **where)
        t = torch.randint(1, config.T + 1, (B,), **where)
        eps = torch.randn((B, *self.images.shape[1:]), **where)
        withheld = torch.rand(B, **where) < config.label_dropout
        flipped = torch.rand(B, **where) < 0.5 if config.flips else None

        first = self.accelerator.process_index * (B // self.processes)
        part = slice(first, first + B // self.processes)
        index = index[part].to(self.device)
        x0 = to_tensor(self.images[index])
        if flipped is not None:
            turned = flipped[part].to(self.device)[:, None, None, None]
            x0 = torch.where(turned, x0.flip(-1), x0)
        x0 = x0.contiguous(memory_format=memory_format(self.device))
        label = self.labels
        if label is not None:
            label = label[index].masked_fill(withheld[part].to(self.device), -1)
        return x0, t[part], eps[part].to(self.device), label

    @torch.no_grad()
    def average(self, good: Tensor) -> None:
        """ema ← decay · ema + (1 − decay) · weights, if the step was `good`.

        What layers count themselves (BatchNorm's means and variances) is not averaged but taken
        over; after a step that was not good it is as it was before.
        """
        averaged: list[Tensor] = [*self.ema.parameters()]
        current: list[Tensor] = [*self.network.parameters()]
        decay = torch.where(good, self.decay, 1.0)
        torch._foreach_mul_(averaged, decay)
        torch._foreach_add_(averaged, torch._foreach_mul(current, 1 - decay))
        for kept, new in zip(self.ema.buffers(), self.network.buffers(), strict=True):
            kept.copy_(torch.where(good, new, kept))
            new.copy_(kept)

    @property
    def progress(self) -> float:
        """The share of the budget that is spent, 0…1."""
        config = self.config
        by_steps = self.step / config.steps if config.steps else 0.0
        by_time = self.seconds / config.seconds if config.seconds else 0.0
        return min(1.0, max(by_steps, by_time))

    @property
    def seen(self) -> int:
        """Pictures seen so far, each as often as it was seen."""
        seen = before = 0
        for step, batch in [*self.batches, (self.step, self.config.batch)]:
            seen, before = seen + (step - before) * batch, step
        return seen

    @property
    def note(self) -> str:
        """What is not as it was asked for or begun, in sentences; else nothing."""
        notes = list(self.changes)
        if self.halved:
            step, batch = self.batches[-1]
            notes.append(
                f"there was not enough memory for {batch} images per step: after step {step} it "
                f"continues with {self.config.batch}"
            )
        return "; ".join(notes)

    def shrink(self, batch: int) -> None:
        """Go on with a smaller batch; all else stays. ValueError if it cannot be shared out."""
        if batch % self.processes:
            raise ValueError(
                f"batch = {batch} is not allowed: {self.processes} processes need a multiple of "
                "their number"
            )
        self.batches.append((self.step, self.config.batch))
        self.take(batch)

    def take(self, batch: int) -> None:
        """So many pictures a step from now on, in as many parts as were asked for or as it has."""
        accumulate = math.gcd(batch // self.processes, self.config.accumulate)
        self.config = replace(self.config, batch=batch, accumulate=accumulate)

    def any_process(self, wish: bool) -> bool:
        """Whether one of the processes wishes it; all must ask, and all get the same answer."""
        if self.processes == 1:
            return wish
        wishes = self.accelerator.reduce(torch.tensor(float(wish), device=self.device))
        return bool(wishes.item() > 0)

    def denoiser(self) -> Denoiser:
        """The model as it stands: the averaged weights, which go on changing with the run."""
        return Denoiser(self.ema, self.schedule, self.config.target)

    def probe(self) -> ProbeLoss:
        """The averaged weights' loss on the fixed probe; the run's randomness is not touched."""
        return self._probe.measure(self.ema)

    def spec(self, name: str, *, command: str = "", **metrics: float) -> Spec:
        """The description that its checkpoint carries."""
        config = self.config
        shown = {key: value for key, value in asdict(config).items() if key not in OWN_FIELDS}
        training = shown | {
            "command": command,
            "hardware": hardware(self.device),
            "precision": self.precision,
            "processes": self.processes,
            "torch": torch.__version__,
            "steps": self.step,
            "images": self.seen,
            "changes": self.changes,
            "seconds": round(self.seconds, 1),
            "curve": self.history.digest(),
        }
        losses = {"loss": self.smooth_loss} if self.smooth_loss is not None else {}
        if self.history.probes:
            losses["probe_loss"] = self.history.probes[-1].loss
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
        save(path, self.ema.state_dict(), spec)
        return spec
