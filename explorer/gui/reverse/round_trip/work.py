"""What the Round trip panel computes: the pictures, the model, and the way there and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from PIL import Image, ImageOps
from torch import Tensor

from explorer.checkpoints import Spec
from explorer.data import photo
from explorer.data.bundled import examples
from explorer.diffusion import Denoiser
from explorer.gui.frame.shared import plain
from explorer.gui.reverse.round_trip.company import FLAT
from explorer.gui.reverse.round_trip.trip import BACK, Trip, set_out, there_and_back
from explorer.inference import shared
from explorer.race import ddim, pictures
from explorer.race.round_trip import as_seen, contrast

STORED = Path(__file__).with_name("stored")
START, SHARE, SEED = "cat", 40, 7
"""What the panel opens with: the sample, t_0 in % of T, the seed."""
EXAMPLES = 12
"""So many pictures of the model's kind go along: what is usual for them?"""
KINDS = {
    "mnist": "handwritten digits",
    "mnist-5k": "handwritten digits",
    "emoji": "emoji",
    "emoji-four": "emoji",
    "fashion-mnist": "clothes on black",
}
"""Data set -> what there is to see in it."""
Chosen = tuple[str, Image.Image]


def samples() -> dict[str, Image.Image]:
    """The pictures one click away, at their own size; some model has seen nearly each kind."""
    found = {"cat": photo("cat")}
    for data, chosen in (
        ("mnist-5k", {"digit 3": 1500, "digit 7": 3600}),
        ("fashion-mnist", {"sneaker": 7, "dress": 3}),
        ("emoji", {"emoji, face": 100, "emoji, thing": 604}),
    ):
        bundled = examples(data)
        assert bundled is not None
        for name, index in chosen.items():
            pixels = bundled[index].permute(1, 2, 0).squeeze(-1).numpy()
            found[name] = Image.fromarray(pixels).convert("RGB")
    found["digit 3, inverted"] = ImageOps.invert(found["digit 3"])
    return found | {name: photo(name) for name in ("photographer", "coffee", "galaxies")}


def like_data(spec: Spec, seed: int) -> Tensor | None:
    """Some real pictures of what a model was trained on, (n, C, H, W) in [−1, 1]; or None.

    None of them is flat: they are to be compared by their contrast.
    """
    bundled = examples(spec.data)
    if bundled is None or bundled.shape[1] != spec.channels:
        return None
    order = torch.randperm(len(bundled), generator=torch.Generator().manual_seed(seed))
    found = []
    for pixels in bundled[order[:EXAMPLES]]:
        picture = Image.fromarray(pixels.permute(1, 2, 0).squeeze(-1).numpy()).convert("RGB")
        found.append(as_seen(picture, spec.channels, spec.size))
    return with_contrast(torch.stack(found))


def with_contrast(pictures: Tensor) -> Tensor | None:
    """Those of (n, C, H, W) that are not flat; None if all are."""
    kept = pictures[contrast(pictures) >= FLAT]
    return kept if len(kept) else None


def prepare(
    spec: Spec, chosen: Chosen, t: int, seed: int, made: Tensor | None = None
) -> tuple[Tensor, Tensor | None, Trip]:
    """The picture, (1, C, H, W), those of the model's kind, and a trip that has not begun.

    made : pictures that the model made itself, for one whose data is not bundled; without them
        such a model's trip has the visitor's picture only.
    """
    real = like_data(spec, seed)
    second, others = f"a real picture of {spec.data}", f"real pictures of {spec.data}"
    if real is None:
        real, second = made, "one that the model made itself"
        others = "pictures that the model made itself"
    own = as_seen(chosen[1], spec.channels, spec.size)[None]
    if real is not None:
        real = real[(real != own).flatten(1).any(1)]  # not among those that it is judged by
        real = real if len(real) else None
    names = (chosen[0],) if real is None else (chosen[0], second)
    kind = KINDS.get(spec.data, f"the pictures of {spec.data}")
    signal = 1.0  # until `set_out` knows
    return own, real, Trip(spec.name, kind, spec.T, t, seed, signal, names, others)


def preview(spec: Spec, chosen: Chosen, t: int, seed: int) -> Trip:
    """What can be shown without the network."""
    own, real, trip = prepare(spec, chosen, t, seed)
    shown = own if real is None else torch.cat([own, real[:1]])
    return set_out(spec.make_schedule(), shown, trip)


def run_trip(
    path: Path,
    chosen: Chosen,
    t: int,
    seed: int,
    device: torch.device,
    stopped: Callable[[], bool],
) -> Iterator[Trip]:
    """Load the model and send the picture there and back, beside some of the model's kind."""
    denoiser, spec = shared(path, device)
    made = None
    if like_data(spec, seed) is None:
        made = with_contrast(generated(denoiser, spec, seed, device))
    own, real, trip = prepare(spec, chosen, t, seed, made)
    yield from there_and_back(denoiser, own, real, trip, device=device, stopped=stopped)


def generated(denoiser: Denoiser, spec: Spec, seed: int, device: torch.device) -> Tensor:
    """Some pictures by the model itself, DDIM with 20 steps."""
    lane = ddim(spec.T, min(20, spec.T))
    shape = (spec.channels, spec.size, spec.size)
    return pictures(denoiser, lane, shape, seed=seed, n=EXAMPLES, device=device).cpu()


def status(trip: Trip) -> str:
    """The model, t_0 and what it has cost."""
    cost = " · ".join(
        f"{name} {trip.ways[column].done} of {trip.ways[column].evaluations}"
        + (f" in {trip.ways[column].seconds:.1f} s" if trip.ways[column].finished else "")
        for sampler in BACK
        for column, name in [(sampler.name, sampler.title)]
        if trip.ways[column].done
    )
    return " · ".join(filter(None, [f"{plain(trip.model)}: t₀ = {trip.t} of {trip.T}", cost]))
