"""Whether pictures made in bfloat16 measure as those made in float32: distance, accuracy, pixels.

python -m benchmarks.precision checkpoints/mnist.safetensors [--n 1024] [--steps 20,50]

Both start from the same noises and labels. A table's number has the error that stands beside it;
the difference's own error is paired, for the pictures are nearly the same.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
from torch import Tensor

from explorer import checkpoints
from explorer.data.sources import default_root
from explorer.evaluation.classifier import classify, load_classifier, logit_indices
from explorer.evaluation.errors import Estimate, average_of, distance_of, jackknife, share_of
from explorer.evaluation.frechet import Frechet
from explorer.evaluation.reference import choose_labels, load_reference
from tools.judge import Sampling, samples

PAIR = ("float32", "bfloat16")


def difference(frechet: Frechet, first: Tensor, second: Tensor) -> Estimate:
    """How much farther the second pictures' features are than the first's, pair by pair."""
    return jackknife(lambda kept: frechet.of(second[kept]) - frechet.of(first[kept]), len(first))


def whole_numbers(text: str) -> list[int]:
    """Of "20,50"; ValueError for anything else."""
    return [int(part) for part in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--n", type=int, default=1024)
    parser.add_argument("--steps", type=whole_numbers, default="20,50")
    parser.add_argument("--root", type=Path, default=default_root())
    args = parser.parse_args()

    denoiser, spec = checkpoints.load(args.file)
    reference = load_reference(spec, n=args.n, root=args.root)
    labels, own = choose_labels(reference.shares, args.n), logit_indices(spec.classes)
    if labels is None or own is None:
        parser.exit(1, f"the bundled classifier does not know the classes of {spec.name}\n")
    frechet, asked = Frechet(reference.features), torch.tensor(labels)
    print(f"{args.file}, n = {args.n}, {torch.get_num_threads()} threads")
    for steps in args.steps:
        made, seen, right = {}, {}, {}
        for precision in PAIR:
            how, begun = Sampling(steps=steps, precision=precision), time.process_time()
            made[precision] = samples(denoiser, spec, labels, how, torch.device("cpu"))
            seconds = time.process_time() - begun
            found = classify(load_classifier()[0], made[precision])
            seen[precision] = found.features
            right[precision] = found.logits[:, own].argmax(1) == asked
            distance, share = distance_of(frechet, found.features), share_of(right[precision])
            print(
                f"DDIM-{steps} {precision}: distance {distance.value:.4f} ± {distance.error:.4f}, "
                f"right {share.value:.2%} ± {share.error:.2%}, {seconds:.0f} s of CPU"
            )
        a, b = PAIR
        apart = difference(frechet, seen[a], seen[b])
        gain = average_of(right[b].float() - right[a].float())
        change = (made[b] - made[a]).abs() * 127.5
        most = change.amax((1, 2, 3)).median()
        print(
            f"  difference: distance {apart.value:+.4f} ± {apart.error:.4f}, right "
            f"{gain.value:+.2%} ± {gain.error:.2%}; of 255 a pixel changes by "
            f"{change.mean():.2f}, the most of the median image by {most:.0f}"
        )


if __name__ == "__main__":
    main()
