"""Numbers that the browser's modules must give, computed by the library in float64."""

from __future__ import annotations

import base64
import json
import math
import zlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch
from torch import Tensor

from explorer.data.images import from_tensor
from explorer.diffusion import SAMPLERS, Frame, GaussianMixture, make_schedule
from explorer.diffusion.process import forward, reverse, reverse_step
from explorer.diffusion.samplers import Terms
from explorer.gui.lectures.sde.film import RANGE
from explorer.gui.lectures.sde.film import pack as pack_pixels
from explorer.gui.plane.view import UNIT, network_of, pack, sampler, unpack
from explorer.gui.plane.work import schedule
from explorer.plane import PointConfig, PointNetwork, denoiser_from, lane_on
from explorer.race.lanes import Lane, ddim, ddpm, lane_of
from explorer.race.run import LaneFrame
from explorer.race.view import RaceView, decode, gather, view_of


def write_numbers(folder: Path) -> None:
    """A JSON file for each `*.test.js`."""
    for make in (formats, blend, frames, plane, films, words):
        text = json.dumps(make(), allow_nan=False)
        (folder / f"{make.__name__}.json").write_text(text, encoding="utf-8")


def packed(data: bytes) -> str:
    return base64.b64encode(data).decode()


def draws(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


# ---- formats ------------------------------------------------------------------------------
def digits(x: float) -> str:
    """3 significant digits; powers of ten below 0.001 and from 1000 on, as 4.13·10⁻⁵."""
    if x == 0:
        return "0"
    plain = 0.001 <= abs(x) < 1000
    text = f"{x:#.3g}".rstrip(".") if plain and f"{x:#.3g}".find("e") < 0 else f"{x:.2e}"
    if not plain:
        mantissa, exponent = text.split("e")
        text = f"{mantissa}·10{str(int(exponent)).translate(RAISED)}"
    return text.replace("-", "−", 1)


def formats() -> dict[str, Any]:
    """Numbers in words, float64 and float16 in bytes."""
    values = [0.0, 1.0, -1.0, 0.001, 0.00099, 999.0, 1000.0, 12.345, -0.0123, 3e-7, -4.5e12]
    values += (draws(1, 60) * 10 ** draws(2, 60).mul(3)).tolist()
    halves = torch.cat([draws(3, 40) * 10 ** draws(4, 40), torch.tensor([0, 1e-7, -3e-6, 65504])])
    shares = torch.rand(40, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    shares = [*shares.tolist(), 1e-9, 0.5, 1 - 1e-6]
    return {
        "digits": [[x, digits(x)] for x in values],
        "fixed": [
            [x, 3, f"{x + 0 if abs(x) >= 0.0005 else 0:.3f}".replace("-", "−")] for x in values
        ],
        "percent": [[x, f"{100 * x:.1f} %"] for x in shares],
        "decibels": [
            [x, f"{10 * math.log10(x / (1 - x)):+.1f} dB".replace("-", "−")] for x in shares
        ],
        "table": [packed(np.array(values, "<f8").tobytes()), values],
        "halves": [packed(halves.half().numpy().astype("<f2").tobytes()), halves.half().tolist()],
    }


# ---- what is said of pictures and plots -------------------------------------------------------
def words() -> dict[str, Any]:
    """Where on the way to noise something is; a figure as it is sent, and what is in it."""
    levels = []
    for name in ("linear", "cosine"):
        alpha_bar = make_schedule(name, 1000).alpha_bar.tolist()
        for t in (1, 37, 400, 777, 999):
            db = f"{10 * math.log10(alpha_bar[t] / (1 - alpha_bar[t])):+.0f}".replace("-", "−")
            share = f"{100 * math.sqrt(alpha_bar[t]):.0f} % signal"
            levels.append([t, alpha_bar[t], f"t = {t} of 1000: {share}, SNR {db} dB"])
    x = np.arange(50)
    waves = {"float64": np.sin(x / 7), "float32": np.cos(x / 5).astype(np.float32)}
    figure = go.Figure(layout={"xaxis": {"title": "t<sub>0</sub>"}, "yaxis": {"title": "error"}})
    for name, y in waves.items():
        figure.add_scatter(x=x, y=y, name=name)
    figure.add_scatter(x=[1, 2, 3], y=[None, 4.0, None], name="one")
    figure.add_scatter(x=x, y=x, name="not told", hoverinfo="skip")
    heat = np.arange(12).reshape(3, 4) / 8
    counts = np.histogram(draws(8, 5000).mul(1.3).add(0.4).numpy(), 64, (-4, 4))[0]
    middles = np.linspace(-4, 4, 65)[:-1] + 1 / 16
    mean = float(np.average(middles, weights=counts))
    return {
        "levels": levels,
        "figure": json.loads(figure.to_json()),
        "waves": [[name, y.astype(float).tolist()] for name, y in waves.items()],
        "heat": json.loads(go.Figure(go.Heatmap(x=[9, 8, 7, 6], y=[1, 2, 3], z=heat)).to_json()),
        "rows": heat.tolist(),
        "counts": counts.tolist(),
        "moments": [mean, float(np.sqrt(np.average((middles - mean) ** 2, weights=counts)))],
    }


# ---- Forward ------------------------------------------------------------------------------
def blend() -> dict[str, Any]:
    """x_t of a picture, the histogram of its values, and times of equal ᾱ."""
    size, cosine, linear = 12, make_schedule("cosine", 1000), make_schedule("linear", 1000)
    x0 = torch.randint(0, 256, (size, size, 3), generator=torch.Generator().manual_seed(1)).byte()
    clean, noise = x0.double() / 127.5 - 1, draws(2, size, size, 3)
    times = [0, 1, 137, 500, 863, 1000]
    states = [at.mean + at.std * noise for t in times for at in [forward(cosine, clean, t)]]
    nearest = [int((cosine.alpha_bar - ab).abs().argmin()) for ab in linear.alpha_bar]
    return {
        "size": size,
        "x0": x0.flatten().tolist(),
        "eps": noise.flatten().tolist(),
        "drawn": [
            {"seed": seed, "values": torch.randn(n, generator=g.manual_seed(seed)).tolist()}
            for seed, n in ((7, 3 * 32**2), (0, 16), (2**32 - 1, 1261))
            for g in [torch.Generator()]
        ],
        "alphaBar": [cosine.alpha_bar[t].item() for t in times],
        "pixels": [((x + 1) * 127.5).flatten().tolist() for x in states],
        "counts": [np.histogram(x.numpy(), 64, (-4, 4))[0].tolist() for x in states],
        "tables": [linear.alpha_bar.tolist(), cosine.alpha_bar.tolist()],
        "nearest": nearest,
        "power": clean.square().mean().item(),
        "mean": clean.mean().item() ** 2 * clean.numel(),
        "own": [
            f"{10 * math.log10(p * ab / (1 - ab)):+.1f} dB".replace("-", "−")
            for p in (clean.square().mean().item(), 0.1278)
            for ab in (0.9, 0.5, 0.01)
        ],
    }


# ---- the player ---------------------------------------------------------------------------
def raced(lane: Lane, channels: int) -> tuple[RaceView, list[Tensor]]:
    """Some frames of a lane as the player gets them, with any x̂_0; and that before clipping."""
    model, n, size = make_schedule("cosine", lane.times[0]), 3, 4
    view = view_of([lane], model.T, n, (channels, size, size))
    steps = dict(zip(lane.times, lane.steps, strict=False))
    before = dict(zip(lane.times[1:], lane.times, strict=False))
    blow_up = 1 if lane.clip else 300
    entries = []
    for i, t in enumerate(lane.times):
        x, x0, z, change = (draws(4 * i + k, n, channels, size, size).float() for k in range(4))
        raw = blow_up * (x0 if i % 2 else x0 / 9)  # there are frames that clipping leaves alone
        raw = raw if lane.clip else raw.clamp(-blow_up, blow_up)
        frame = Frame(t, x, raw.clamp(-blow_up, blow_up))
        terms = lane.terms(model, steps[t], before.get(t)) if t in steps else Terms(1.0, 0.0)
        drawn = [z if terms.z else None, change if terms.change else None, raw if t else None]
        entries.append(LaneFrame(0, frame, i, 0.0, steps.get(t), terms, *drawn))
    (view,) = gather(entries, [lane], model, view, every=math.inf)
    return view, [entry.frame.x0 if (x := entry.unclipped) is None else x for entry in entries]


def player(lane: Lane, channels: int) -> dict[str, Any]:
    """A sheet, and of each frame the pixels of x_t, x̂_0 and ε̂ and of the parts of its step."""
    (view, raw), model = raced(lane, channels), make_schedule("cosine", lane.times[0])
    (shown,), (read,) = view.lanes, decode(view)
    found, clipping = [], []
    for i, (t, (_, s)) in enumerate(zip(shown.times, shown.steps, strict=True)):
        x, x0 = read.x[i].double(), read.x0[i].double()
        z = read.z[i].double() if read.z is not None else torch.zeros_like(x)
        change = torch.zeros_like(x) if read.change is None else read.change[i].double()
        signal, noise, to_signal, direction, sigma, *_ = shown.coefficients[i]
        eps = (x - signal * x0) / noise if noise else torch.zeros_like(x)
        eta = lane.options.get("eta", 1.0 if lane.stochastic else 0.0)
        mean = reverse(model, x0, x, t, s, eta=eta).mean if t else x0
        terms = {"x0": to_signal * x0, "eps": direction * eps, "z": sigma * z, "change": change}
        total = mean + sigma * z + change
        found.append({"x": x, "x0": x0, "eps": eps, "terms": terms, "sum": total})
        before = raw[i].double()
        after = before.clamp(-1, 1) if lane.clip else before
        noises = [(x - signal * each) / noise if noise else x for each in (before, after)]
        clipping.append([noises[0] - noises[1], before.abs(), (before != after).double()])
    return {
        "sheet": packed(zlib.decompress(shown.sheets[0].data)),
        "lane": {
            "stochastic": shown.stochastic,
            "wide": shown.wide,
            "corrected": shown.corrected,
            "clipped": shown.clipped,
        },
        "grid": {"size": view.size, "channels": channels, "count": view.pictures},
        "values": view.values,
        "times": shown.times,
        "coefficients": shown.coefficients,
        "frames": [listed(frame) for frame in found],
        "clipping": [[listed(each) for each in parts] for parts in clipping],
    }


def listed(values: Any) -> Any:
    """Tensors (n, C, H, W) as numbers by picture, row, column, channel."""
    if isinstance(values, dict):
        return {name: listed(each) for name, each in values.items()}
    return values.permute(0, 2, 3, 1).flatten().tolist()


def frames() -> list[dict[str, Any]]:
    """16-bit and 32-bit frames, grey and in colour, with noise, with a correction, without."""
    wide = replace(ddpm(6), clip=False)
    corrected = [
        player(lane_of(name, make_schedule("cosine", 40), steps=6, spacing="uniform"), 1)
        for name, sampler in SAMPLERS.items()
        if sampler.correction
    ]
    plain = [player(ddpm(5), 3), player(ddim(40, 6), 1), player(wide, 3), player(ddpm(4), 1)]
    return plain + corrected


# ---- Plane --------------------------------------------------------------------------------
def plane() -> dict[str, Any]:
    """Ways, coefficients, and the field of points, of a law, and of networks."""
    table, x = schedule(), draws(1, 30, 2).float()
    T, t = table.T, 83
    points = GaussianMixture(draws(2, 20, 2), table)
    law = GaussianMixture(draws(3, 8, 2), table, std=0.2)
    way = draws(4, 5, 7, 2).cumsum(0).float()
    sheet = pack(way)

    def noise(mixture: GaussianMixture) -> list[float]:
        sigma = (1 - table.alpha_bar[t]).sqrt()
        return (-sigma * mixture.score(x.double(), t)).flatten().tolist()

    def density(mixture: GaussianMixture, cells: int = 72, reach: float = 3.2) -> list[float]:
        line = (2 * torch.arange(cells, dtype=torch.float64) + 1) / cells * reach - reach
        places = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1).reshape(-1, 2)
        values = mixture.log_density(places, t).exp()
        return (values / values.max())[::37].tolist()

    networks = []
    for target in ("eps", "v", "x0"):
        config = PointConfig(width=6, depth=3, time_features=8, frequencies=(1, 3), T=T)
        torch.manual_seed(5)
        weights = {name: w.half().float() for name, w in PointNetwork(config).state_dict().items()}
        told = network_of(weights, config, target)
        read = denoiser_from(weights, table, target=target, config=config, device=x.device)
        a, s = table.alpha_bar[t].sqrt().item(), (1 - table.alpha_bar[t]).sqrt().item()
        eps = (x - a * read(x, t)) / s
        told["weights"] = packed(told["weights"].data)
        networks.append({"size": told, "noise": eps.flatten().tolist()})
    ways = [lane_on(table, name, 10) for name in SAMPLERS]
    flow = lane_on(table, "ddim", 10).times[3:5]
    return {
        "T": T,
        "t": t,
        "alphaBar": table.alpha_bar.tolist(),
        "unit": UNIT,
        "sheet": packed(zlib.decompress(sheet)),
        "frames": unpack(sheet, len(way)).flatten(1).tolist(),
        "x": x.flatten().tolist(),
        "points": points.means.flatten().tolist(),
        "pointsNoise": noise(points),
        "pointsBelief": points(x.double(), t).flatten().tolist(),
        "law": {"means": law.means.flatten().tolist(), "std": law.std},
        "lawNoise": noise(law),
        "lawScore": law.score(x.double(), t).flatten().tolist(),
        "lawBelief": law(x.double(), t).flatten().tolist(),
        "lawDensity": density(law),
        "networks": networks,
        "ddim": {"times": list(flow), **ddim_curve(law, flow, x.double())},
        "samplers": [
            {"sent": asdict(sampler(lane, table)), "shown": shown_steps(lane)} for lane in ways
        ],
    }


def shown_steps(lane: Lane) -> list[list[float]]:
    """s, √ᾱ_s, √(1 − ᾱ_s − σ²), σ and the correction's weight of the step on whose way each t from
    0 to T lies."""
    table, times, shown = schedule(), lane.times, [[0.0, 1.0, 0.0, 0.0, 0.0]]
    for t in range(1, times[0] + 1):
        i = max(i for i, time in enumerate(times) if time >= t)
        step = reverse_step(table, times[i], s := times[i + 1], eta=float(lane.stochastic))
        change = lane.terms(table, (times[i], s), times[i - 1] if i else None).change
        shown.append([s, step.signal, step.direction, step.std if s else 0, change])
    return shown


def ddim_curve(law: GaussianMixture, step: tuple[int, int], x_t: Tensor) -> dict[str, Any]:
    """Where DDIM's step from t to s ends and what it passes in the middle."""
    (t, s), x0 = step, law(x_t, step[0])
    middle = (t + s) // 2
    places = {r: reverse(schedule(), x0, x_t, t, r, eta=0.0).mean for r in (middle, s)}
    return {
        "from": x_t.flatten().tolist(),
        "middle": [middle, places[middle].flatten().tolist()],
        "to": places[s].flatten().tolist(),
    }


# ---- the lectures' films ------------------------------------------------------------------
def films() -> dict[str, Any]:
    """An SDE's pixels beside a draw from q(x_t | x_0), and a table of waves as a picture."""
    table, shape = make_schedule("linear", 4), (4, 4, 3)
    sent = pack_pixels(draws(1, 5, *shape).numpy())
    eps = pack_pixels(draws(2, *shape).numpy())
    walk, noise = (torch.from_numpy(x * (RANGE / 32767)) for x in (sent, eps))
    found = []
    for k in range(5):
        q = forward(table, walk[0], k)
        drawn = q.mean + q.std * noise
        apart = (walk[k] - q.mean) / q.std if k else None
        found.append(
            {
                "walk": walk[k].flatten().tolist(),
                "drawn": drawn.flatten().tolist(),
                "pixels": from_tensor(drawn.float()).flatten().tolist(),
                "moments": [walk[k].mean().item(), walk[k].std(correction=0).item()],
                "noise": apart is not None
                and [apart.mean().item(), apart.std(correction=0).item()],
            }
        )
    waves = (draws(3, 9, 6).clamp(-1, 1) * 32767).round()
    means = torch.stack([part.mean(0) for part in waves.div(32767).chunk(3)])
    return {
        "frames": sent.flatten().tolist(),
        "eps": eps.flatten().tolist(),
        "scale": RANGE / 32767,
        "alphaBar": table.alpha_bar.tolist(),
        "found": found,
        "waves": {"table": waves.flatten().int().tolist(), "width": 6, "means": means.tolist()},
    }
