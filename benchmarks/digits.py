"""Time to recognisable digits: a preset of the Train tab, trained as the page does it, judged.

python -m benchmarks.digits ["Digits 16×16 · 90 seconds"] [--n 500] [--root FOLDER] [--target x0]

Samples and film are made meanwhile, as for somebody who watches. A classifier made for the
purpose (`tools/judge.py`, needs MNIST under --root) then reads DDIM-50 samples of the kept model.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from explorer.data.sources import default_root
from explorer.devices import choose_threads, find_device, hardware
from explorer.diffusion import TARGETS
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import LOCAL
from explorer.gui.train import watch
from explorer.gui.train.choices import PRESETS, make_config, preset_values
from explorer.gui.train.task import Job
from tools import judge
from tools.readers import reader_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("preset", nargs="?", default=next(iter(PRESETS)), choices=PRESETS)
    parser.add_argument("--n", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", choices=TARGETS, help="instead of the preset's")
    parser.add_argument("--root", type=Path, default=default_root())
    parser.add_argument("--device")
    args = parser.parse_args()

    judge.check_count(args.n)
    device = find_device(args.device)
    threads = choose_threads(spare=1) if device.type == "cpu" else 0  # as the app does
    context = Context(Device(device), LOCAL, root=args.root)
    values = preset_values(args.preset) | {"seed": args.seed}
    values["target"] = args.target or values["target"]
    config = make_config(values, {}, context)
    reader_of(config.data, config.size, args.root)  # before the training, not after it
    with tempfile.TemporaryDirectory() as folder:
        job = Job(config, Path(folder) / "digits.safetensors", args.root)
        *_, progress = watch.train(job, context.device.runner(lambda: False), str, lambda: False)
        found = judge.judge(job.model, args.n, args.root, judge.Sampling(), device=device)
    result = progress.status.partition("saved: ")[2]
    print(f"{args.preset}, target {config.target}, seed {args.seed}: {result}")
    print(f"{hardware(device)}" + (f", {threads} threads" if threads else ""))
    print(judge.report(found))


if __name__ == "__main__":
    main()
