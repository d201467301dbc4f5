"""Real data sets, loaded by the explorer's own code and trained on for a moment.

python -m benchmarks.data FOLDER [--steps 200] [--size 16] [--only NAME]
python -m benchmarks.data --memory 200000 [--size 64]

FOLDER holds MNIST/raw and FashionMNIST/raw with the published .gz files, and whichever there are
of the files in `FILES`. A table says for each set how long loading took and how the probe's loss
(the same held-out pictures, times and noise) fell; the exit code is 1 when one did not fall.

--memory makes so many pictures, as a zip of JPEGs, of PNGs in grey, and as an array, and says how
much memory loading took at its fullest, against the cache that it left: the first time, and once
more from there. The exit code is 1 when it was twice the cache or more.
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

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


FILES: Mapping[str, tuple[str, Callable[..., ImageSet]]] = {
    "mnist": ("MNIST/raw", published),
    "fashion-mnist": ("FashionMNIST/raw", published),
    "cifar10": ("cifar10/cifar10_train10k.npz", load),
    "flowers": ("flowers102/flowers102_64_jpeg.zip", load),
    "cats": ("afhq_cat/afhq_cat_64_jpeg.zip", load),
    "cars": ("stanford_cars/cars_bbox_64_jpeg.zip", load),
    "emoji": ("emoji_noto/emoji_noto_32_rgb_white.npz", load),
    "tiles": ("crawl_tiles/crawl_tiles_32_rgba.npz", load),
}
"""Name -> what there is below FOLDER, and how it is read: zips and arrays as people bring them."""


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


def archive(path: Path, kind: str, n: int, size: int) -> Path:
    """n pictures, of which 251 differ, as a zip of JPEGs or grey PNGs or as an array."""
    rng = np.random.default_rng(0)
    shape = (251, size, size) if kind == "PNG" else (251, size, size, 3)
    pictures = rng.integers(0, 256, shape, dtype=np.uint8)
    with zipfile.ZipFile(path, "w") as file:
        if kind == "npz":
            with file.open("images.npy", "w", force_zip64=True) as entry:
                about = {"descr": "|u1", "fortran_order": False, "shape": (n, *shape[1:])}
                np.lib.format.write_array_header_1_0(entry, about)
                for start in range(0, n, len(pictures)):
                    entry.write(pictures[: n - start].data)
            return path
        made = []
        for picture in pictures:
            buffer = io.BytesIO()
            Image.fromarray(picture).save(buffer, kind)
            made.append(buffer.getvalue())
        for i in range(n):
            file.writestr(f"{'ab'[i % 2]}/{i:06}.{kind.lower()}", made[i % len(made)])
    return path


def grown(path: Path, size: int, root: Path, answer: Connection) -> None:
    """Load, and send: seconds, MB more at the fullest than before, MB of pictures."""
    load("emoji")  # what the libraries take is no picture's
    before, started = psutil.Process().memory_info().rss / 2**20, time.perf_counter()
    data = load(path, size=size, root=root)
    seconds = time.perf_counter() - started
    answer.send((seconds, fullest() - before, data.images.nbytes / 2**20))


def fullest() -> float:
    """MB that this process has had at most, with what it has mapped and read."""
    with suppress(OSError):  # Linux: rusage there also counts what its parent had
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
        return next(int(line.split()[1]) / 2**10 for line in lines if line.startswith("VmHWM"))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)


def memory(n: int, size: int) -> int:
    """The table of `--memory`; 1 if twice the cache was reached."""
    spawn = multiprocessing.get_context("spawn")
    print(f"{'':<18}{'seconds':>9}{'MB more':>9}{'cache MB':>10}{'ratio':>7}")
    worst = 0.0
    with tempfile.TemporaryDirectory() as name:
        for kind in ("JPEG", "PNG", "npz"):
            path = archive(Path(name, f"a.{'npz' if kind == 'npz' else 'zip'}"), kind, n, size)
            for when in ("first", "again"):
                ours, theirs = spawn.Pipe()
                process = spawn.Process(target=grown, args=(path, size, Path(name, kind), theirs))
                process.start()
                theirs.close()
                seconds, more, kept = ours.recv()
                process.join()
                ratio = more / kept
                worst = max(worst, ratio)
                print(f"{kind:<10}{when:<8}{seconds:>9.1f}{more:>9.0f}{kept:>10.0f}{ratio:>7.2f}")
            shutil.rmtree(Path(name, kind))
    return int(worst >= 2)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.data")
    parser.add_argument("folder", type=Path, metavar="FOLDER", nargs="?")
    parser.add_argument("--memory", type=int, metavar="N", help="measure it for N images")
    parser.add_argument("--only", choices=FILES, action="append")
    parser.add_argument("--steps", type=int, default=200, help="0 only loads")
    parser.add_argument("--size", type=int, help="16, and 64 for --memory")
    parser.add_argument("--width", type=int, default=32, help="of the U-Net")
    parser.add_argument("--device")
    args = parser.parse_args()
    if args.memory:
        return memory(args.memory, args.size or 64)
    if not args.folder:
        parser.error("FOLDER or --memory N is needed")
    args.size = args.size or 16
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
