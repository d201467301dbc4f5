"""Real data sets, loaded by the explorer's own code and trained on for a moment.

python -m benchmarks.data FOLDER [--steps 200] [--size 16] [--only NAME]

FOLDER holds MNIST/raw and FashionMNIST/raw with the published .gz files, and whichever there are
of the files in `FILES`. A table says for each set how long loading took and how the probe's loss
(the same held-out pictures, times and noise) fell; the exit code is 1 when one did not fall.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch

from explorer.data import ImageSet, load
from explorer.devices import find_device
from explorer.training import Run, TrainConfig, fit


def published(raw: Path) -> ImageSet:
    """MNIST or Fashion-MNIST; torchvision unpacks beside the archives, hence a copy."""
    kind = raw.parent.name
    with tempfile.TemporaryDirectory() as root:
        shutil.copytree(raw, Path(root, kind, "raw"), copy_function=shutil.copyfile)
        Path(root, kind, "raw").chmod(0o755)
        return load({"MNIST": "mnist", "FashionMNIST": "fashion-mnist"}[kind], root=root)


def array(path: Path) -> ImageSet:
    """images (N, H, W, 3 or 4) and labels; RGBA is laid on white."""
    with np.load(path, allow_pickle=False) as file:
        images, labels = file["images"], file["labels"].astype(np.int64)
        classes = tuple(map(str, file["classes"]))
    if images.shape[-1] == 4:
        alpha = images[..., 3:].astype(np.float32) / 255
        images = (images[..., :3] * alpha + 255 * (1 - alpha)).round().astype(np.uint8)
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
    return ImageSet(pixels, torch.from_numpy(labels), classes, path.stem, "-", path.name)


FILES: Mapping[str, tuple[str, Callable[..., ImageSet]]] = {
    "mnist": ("MNIST/raw", published),
    "fashion-mnist": ("FashionMNIST/raw", published),
    "cifar10": ("cifar10/cifar10_train10k.npz", array),
    "flowers": ("flowers102/flowers102_64_jpeg.zip", load),
    "cats": ("afhq_cat/afhq_cat_64_jpeg.zip", load),
    "cars": ("stanford_cars/cars_bbox_64_jpeg.zip", load),
    "emoji": ("emoji_noto/emoji_noto_32_rgb_white.npz", array),
    "tiles": ("crawl_tiles/crawl_tiles_32_rgba.npz", array),
}
"""Name -> what there is below FOLDER, and how it is read: zips as people bring them."""


def measure(name: str, data: ImageSet, args: argparse.Namespace) -> tuple[float, float]:
    """The probe's loss before and after `args.steps` steps."""
    config = TrainConfig(
        data=name, size=args.size, steps=args.steps, network_options={"width": args.width}
    )
    run = Run(config, data, find_device(args.device))
    before = run.probe().loss
    for _ in fit(run):
        pass
    return before, run.probe().loss


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.data")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--only", choices=FILES, action="append")
    parser.add_argument("--steps", type=int, default=200, help="0 only loads")
    parser.add_argument("--size", type=int, default=16)
    parser.add_argument("--width", type=int, default=32, help="of the U-Net")
    parser.add_argument("--device")
    args = parser.parse_args()
    print(f"{'set':<14}{'pictures':>9}{'load s':>8}{'train s':>9}{'before':>9}{'after':>9}  ok")
    failed = False
    for name in args.only or FILES:
        place, read = FILES[name]
        path = args.folder / place
        if not path.exists():
            print(f"{name:<14} there is no {path}")
            failed = True
            continue
        started = time.perf_counter()
        data = read(path)
        loaded = time.perf_counter()
        line = f"{name:<14}{len(data):>9,}{loaded - started:>8.1f}"
        if args.steps:
            before, after = measure(name, data, args)
            spent = time.perf_counter() - loaded
            falls = after < before
            failed = failed or not falls
            line += f"{spent:>9.0f}{before:>9.4f}{after:>9.4f}  {'yes' if falls else 'NO'}"
        print(line, flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
