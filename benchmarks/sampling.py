"""Sampling: ours against the bare network, diffusers and lucidrains; and the race of the app.

python -m benchmarks.sampling [--device cpu] [--batch 16] [--rounds 7] [--steps 60]

One shipped network and batch for all. The contestants take turns: in every round each makes one
batch of pictures, in another order, so that a noisy machine is noisy for all; the ratios are
medians over the rounds. On one CPU thread the process's own time is taken, which does not count
while others have the core. DDIM takes 50 steps; DDPM 1,000 on a GPU, elsewhere its last 60.
"× its own calls" compares a whole run with what the network took of it: on a CPU the quietest
measure. "Beside the network" is the time of a step when the network does nothing. Progress bars
are left out. Needs `pip install diffusers denoising-diffusion-pytorch`; a missing peer is left out
and said to be.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from benchmarks import sampling_peers as peers
from benchmarks.task import Task
from benchmarks.turns import Run, Watched, clock_of, in_turns, ratio
from explorer.checkpoints import Spec, load
from explorer.devices import choose_threads, find_device, hardware
from explorer.diffusion import Denoiser, Network, sample
from explorer.diffusion.samplers import DDPM
from explorer.inference import prepare
from explorer.race import Lane, ddim, ddpm, race
from explorer.race.view import gather, view_of

MNIST = Path(__file__).parents[1] / "checkpoints" / "mnist.safetensors"


def bare(task: Task, network: Network) -> Run:
    """Only the network, as often; no noise, no steps."""
    x = torch.randn(task.shape, device=task.device).contiguous(memory_format=torch.channels_last)
    times = [torch.full((len(x),), t, device=task.device) for t in task.lane.times[:-1]]

    @torch.inference_mode()
    def run() -> None:
        for t in times:
            network(x, t, task.labels)

    return run


def ours_sample(task: Task, network: Network) -> Run:
    """`sample`, noise from the global generator as with the peers."""

    def labelled(x_t: Tensor, t: Tensor) -> Tensor:
        return network(x_t, t, task.labels)

    denoiser = Denoiser(labelled, task.schedule, task.target)

    def run() -> None:
        x = torch.randn(task.shape, device=task.device)
        for _ in sample(
            denoiser,
            task.schedule,
            x,
            task.lane.times,
            sampler=task.lane.sampler,
            **task.lane.options,
        ):
            pass

    return run


def ours_race(task: Task, network: Network) -> Run:
    """`race` with one lane: a generator for each picture, and a clock."""
    denoiser, labels = Denoiser(network, task.schedule, task.target), task.labels.tolist()

    def run() -> None:
        shape = task.shape[1:]
        for _ in race(denoiser, [task.lane], shape, seed=0, labels=labels, device=task.device):
            pass

    return run


CONTESTANTS: Mapping[str, Callable[[Task, Network], Run]] = {
    "bare network": bare,
    "ours, sample()": ours_sample,
    "ours, race()": ours_race,
    "diffusers, scheduler in a loop": peers.diffusers_loop,
    "diffusers, pipeline": peers.diffusers_pipeline,
    "lucidrains": peers.lucidrains,
}


def nothing(x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
    """A network that costs nothing."""
    return x_t


def compare(task: Task, network: Network, rounds: int) -> None:
    """Prints a table of all contestants."""
    entries = {name: (make, network) for name, make in CONTESTANTS.items()}
    if task.device.type == "cuda":
        for precision in ("float32", "bfloat16"):
            fast = prepare(network, task.device, precision)
            entries[f"ours, sample(), graph, {precision}"] = (ours_sample, fast)
            entries[f"ours, race(), graph, {precision}"] = (ours_race, fast)
    runs, idle, clock = {}, {}, clock_of(task.device)
    for name, (make, called) in entries.items():
        try:
            watched = Watched(called, clock)
            on_cpu = task.device.type == "cpu"
            runs[name] = watched.share(make(task, watched)) if on_cpu else make(task, called)
            if called is network and make is not bare:
                idle[name] = make(task, nothing)
        except ImportError as error:
            print(f"left out: {name} ({error})")
    beside = in_turns(idle, 3 * rounds, task.device)
    found = in_turns(runs, rounds, task.device)
    steps = task.lane.evaluations
    print(f"\n{task.lane.name}, {steps} steps:\n")
    print("| sampler | ms a step | × bare network | × sample() | × its own calls | beside the "
          "network, ms a step |\n|---|---|---|---|---|---|")  # fmt: skip
    for name, times in found.items():
        cells = [
            name,
            f"{1000 * statistics.median(times.seconds) / steps:.2f}",
            f"{ratio(times, found['bare network']):.3f}",
            f"{ratio(times, found['ours, sample()']):.3f}",
            f"{statistics.median(times.said):.4f}" if on_cpu else "",
            f"{1000 * statistics.median(beside[name].seconds) / steps:.3f}"
            if name in beside
            else "",
        ]
        print("|", " | ".join(cells), "|")


def default_race(denoiser: Denoiser, spec: Spec, device: torch.device, rounds: int) -> None:
    """What the Reverse tab does when it is asked to run: 4 digits, DDPM against DDIM of 50."""
    lanes, n = [ddpm(spec.T), ddim(spec.T, 50)], 4
    shape, labels, clock = (spec.channels, spec.size, spec.size), list(range(n)), clock_of(device)
    first: list[float] = []
    watched = Watched(denoiser.network, clock)
    spied = replace(denoiser, network=watched)

    def run() -> None:
        begun = clock()
        entries = race(spied, lanes, shape, seed=0, labels=labels, device=device)
        view = view_of(lanes, spec.T, n, shape)
        for i, _ in enumerate(gather(entries, lanes, denoiser.schedule, view)):
            if i == 0:
                first.append(clock() - begun)

    @torch.inference_mode()
    def network_only() -> None:
        for t in range(spec.T, 0, -1):
            together = sum(t in lane.times for lane in lanes) * n
            x = torch.zeros(together, *shape, device=device)
            label = torch.arange(together, device=device) % n
            denoiser.network(x, torch.full((together,), t, device=device), label)

    found = in_turns({"race": watched.share(run), "bare": network_only}, rounds, device)
    total, least = (statistics.median(found[name].seconds) for name in ("race", "bare"))
    own = statistics.median(found["race"].said)
    print(
        f"\nThe default race (4 images, DDPM {spec.T} against DDIM 50) as the app runs it: "
        f"first frames after {statistics.median(first[1:]):.2f} s, all after {total:.2f} s, "
        f"{ratio(found['race'], found['bare']):.3f} × the bare network ({least:.2f} s)"
        + (f", {own:.3f} × its own calls" if device.type == "cpu" else "")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", help="cpu, cuda or mps; the fastest there is by default")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, help="of DDPM, its last ones (60; GPU 1000)")
    args = parser.parse_args()

    device = find_device(args.device)
    threads = choose_threads() if device.type == "cpu" else 0
    denoiser, spec = load(MNIST, device)
    where = hardware(device) + (f", {threads} threads" if threads else "")
    size = f"batch {args.batch}, {spec.size} × {spec.size}"
    print(f"\n{where}; torch {torch.__version__}; {spec.name}, {size}")
    task = partial(
        Task,
        schedule=denoiser.schedule,
        target=denoiser.target,
        shape=(args.batch, spec.channels, spec.size, spec.size),
        labels=torch.arange(args.batch, device=device) % len(spec.classes),
        device=device,
    )
    steps = args.steps or (spec.T if device.type == "cuda" else 60)
    for lane in (ddim(spec.T, 50), Lane(DDPM.name, tuple(range(steps, -1, -1)))):
        compare(task(lane), denoiser.network, args.rounds)
    default_race(denoiser, spec, device, min(args.rounds, 3))


if __name__ == "__main__":
    main()
