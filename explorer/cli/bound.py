"""python -m explorer evaluate FILE --bound: the variational bound from the command line."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from explorer.cli.console import Stopped, check_writable, progress_bar, signals_noted

if TYPE_CHECKING:
    from explorer.cli.evaluate import Evaluate
    from explorer.diffusion import Mean
    from explorer.diffusion.process import Variance
    from explorer.evaluation.bound import BoundResult

N, TIMES = 64, 100
WIDTH = 30
"""Of the names of the parts."""
NAMES: dict[Variance, str] = {"beta": "σ² = β", "posterior": "σ² = β̃"}


def run_bound(args: Evaluate) -> None:
    from explorer.checkpoints import load
    from explorer.cli.train import read
    from explorer.devices import choose_threads, find_device
    from explorer.evaluation.bound import measure_bound
    from explorer.evaluation.held_out import choose_pictures, fit_of
    from explorer.evaluation.weights import weights_of

    n = N if args.n is None else args.n
    if n < 2 or args.times < 1 or args.seed < 0:
        raise ValueError(
            f"--n {n}, --times {args.times}, --seed {args.seed}: at least two images, one time, "
            "a seed of 0 or more"
        )
    device = find_device(args.device)
    denoiser, spec = load(args.file, device)
    if args.out is not None:
        if args.out.suffix != ".json":
            raise ValueError(f"--out {args.out}: bounds are kept in .json")
        check_writable(args.out)
    pictures = choose_pictures(
        spec, n, name=args.data, root=args.root, read=partial(read, fit=fit_of(spec))
    )
    if device.type == "cpu":
        choose_threads()
    count = None if args.all else args.times
    states = measure_bound(
        denoiser,
        spec,
        pictures,
        count=count,
        seed=args.seed,
        batch=args.batch,
        device=device,
        weights=weights_of(denoiser, spec),
    )
    result = pull(states)
    chosen: tuple[Variance, ...] = tuple(NAMES) if args.variance == "both" else (args.variance,)
    if args.out is not None:
        result.write(args.out)
    print(report(result, chosen))
    if args.out is not None:
        print(f"{args.out}: all terms, both variances")


def pull(states: Iterator[BoundResult]) -> BoundResult:
    """The last of them, with a progress bar; Stopped if a signal comes first."""
    with signals_noted() as asked, progress_bar() as show:
        for state in states:
            left = state.seconds * (1 / state.share - 1) if state.share else math.nan
            t = state.ranges[0][0] if state.ranges else state.T
            show(state.share, f"t = {t}, {left:.0f} s left")
            if asked:
                raise Stopped("the bound needs all terms; nothing was saved")
    return state


def report(result: BoundResult, variances: Sequence[Variance]) -> str:
    """The bound as text, in bits per dimension."""
    every = result.count >= result.T - 1
    times = "every t" if every else f"{result.count} ranges of t, a t drawn from each"
    heads = (NAMES[v].rjust(20 + NAMES[v].count("\u0303")) for v in variances)
    lines = [
        f"{result.model}: {result.pictures}; {times}; seed {result.seed}; {result.hardware}, "
        f"{result.seconds:.0f} s",
        "bits/dim ± standard error; the model is given no class",
        "",
        " " * WIDTH + "".join(heads),
    ]
    rows = {
        "L_T  prior matching": lambda line: result.prior,
        "ΣL_{t−1}  denoising matching": lambda line: line.matching,
        "L_0  reconstruction": lambda line: line.reconstruction,
        "total": lambda line: line.total,
    }
    for name, find in rows.items():
        cells = "".join(f"{with_error(find(result.lines[v])):>20}" for v in variances)
        lines.append(f"{name:{WIDTH}}{cells}")
    if "posterior" in variances and result.T > 1:
        lines += ["", "β̃_1 = 0: L_0 with σ² = β̃ takes β̃_2 (Ho et al. 2020, their code)"]
    return "\n".join([*lines, *losses(result, variances)])


def losses(result: BoundResult, variances: Sequence[Variance]) -> list[str]:
    """L_simple and the loss of the training, and from which t they and the bound come."""
    if not result.simple or not result.loss:
        return []
    trained = f"trained with {result.loss_name}"
    lines = ["", "mean over t, before clipping"]
    lines.append(f"{'L_simple':{WIDTH}}{with_error(result.simple):>20}")
    if not result.trained_simple:
        lines.append(f"{padded(trained)}{with_error(result.loss):>20}")
    first, last = result.groups[-1]
    lines += ["", f"of its total lies at t = {first}…{last}"]
    rows = {f"bound, {NAMES[v]}": result.shares[v] for v in variances}
    rows |= {"L_simple": result.shares["simple"]}
    rows |= {} if result.trained_simple else {trained: result.shares["loss"]}
    for name, shares in rows.items():
        share = f"{100 * shares[-1].value:.1f} ± {100 * shares[-1].error:.1f} %"
        lines.append(f"{padded(name)}{share:>20}")
    return lines


def padded(name: str) -> str:
    """As wide as a terminal shows it: hats and tildes take no room."""
    return name.ljust(WIDTH + sum(unicodedata.combining(sign) > 0 for sign in name))


def with_error(mean: Mean) -> str:
    """Four decimals; less than that in powers of ten."""
    if abs(mean.value) < 1e-3:
        return f"{mean.value:.2e} ± {mean.error:.0e}"
    return f"{mean.value:.4f} ± {mean.error:.4f}"
