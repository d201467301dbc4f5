"""The guidance panel's work: strips, curves, what they say, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from explorer.checkpoints import describe, load, save
from explorer.data import from_tensor
from explorer.evaluation import guidance
from explorer.evaluation.guidance import Curve, Point, cost, measure
from explorer.export.script import check_settings, python_snippet
from explorer.gui.frame.context import HOME
from explorer.gui.frame.limits import HOSTED
from explorer.gui.frame.shared import plain
from explorer.gui.parts.numbers import short
from explorer.gui.reverse.guidance import panel
from explorer.gui.reverse.guidance.figure import guidance_figure
from explorer.gui.reverse.guidance.pushes import push_sizes
from explorer.gui.reverse.guidance.strip import NUMBERS, read, write
from explorer.gui.reverse.guidance.strip_view import StripView
from explorer.gui.reverse.guidance.work import (
    STORED,
    chosen,
    compare_ways,
    curve_facts,
    fitting,
    run_curve,
    run_strip,
    status,
    stored_curves,
    stored_strips,
)
from explorer.race import ddim, pictures
from tests.gui.panel import Panel, merged

CPU = torch.device("cpu")
MNIST = HOME / "checkpoints" / "mnist.safetensors"


def never() -> bool:
    return False


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped digits as a model of ten steps: DDIM takes all of them."""
    denoiser, spec = load(MNIST)
    network = dict(spec.network_config) | {"T": 10}
    path = tmp_path_factory.mktemp("models") / "quick.safetensors"
    save(path, denoiser.network.state_dict(), replace(spec, T=10, network_config=network))
    return path


def test_a_strip_shows_what_each_strength_does(quick: Path) -> None:
    *some, strip = run_strip(quick, "w", (0.0, 1.0, 3.0), 5, CPU, never)
    assert strip.finished and not strip.running and some[0].running
    assert strip.times == tuple(range(10, -1, -1)) and len(strip.numbers) == 10
    last = strip.pixels[-1]
    assert (last[0] == last[0, 0]).all()  # w = 0: the class is not told, the noise is the same
    assert (last[2, 1].int() - last[2, 0].int()).abs().max() > 100
    assert "50" not in status(strip) and "30 images from one noise" in status(strip)
    denoiser, _ = load(quick)
    for row, w in enumerate(strip.strengths):  # the same picture as any other way to make it
        guided = replace(denoiser, guidance=w)
        one = pictures(guided, ddim(10, 10), (1, 28, 28), seed=5, labels=[4])
        assert (from_tensor(one)[0].int() - last[row, 4].int()).abs().max() <= 2
    free, part, after = strip.numbers[4].unbind(-1)
    assert (part > 0).all() and torch.equal(free[0], after[0])  # 0 times whatever
    assert strip.read and strip.read[0] <= strip.read[2]


def test_the_classifiers_strip_and_what_is_stored_of_it(tmp_path: Path) -> None:
    stop = iter([False, False, True])
    *_, strip = run_strip(MNIST, "s", (0.0, 5.0), 7, CPU, lambda: next(stop, True))
    assert not strip.running and not strip.finished and strip.times == (1000, 950, 900)
    free, part, after, p = strip.numbers[-1].unbind(-1)
    assert torch.equal(free[0], after[0]) and (part > 0).all() and ((0 < p) & (p < 1)).all()
    assert "stopped at step  2 of 20" in status(strip)
    whole = replace(stored_strips()["s"], seed=9)
    assert whole.finished and len(whole.numbers) == len(whole.times) - 1
    write(whole, tmp_path)
    again = read(tmp_path, "s")
    assert again.times == tuple(whole.times[i] for i in range(len(whole.times)) if i % 2 == 0)
    assert torch.equal(again.pixels[-1], whole.pixels[-1])


def test_what_opens_the_panel_is_small_and_says_it_all() -> None:
    assert sum(path.stat().st_size for path in STORED.iterdir()) < 150_000
    for kind, strip in stored_strips().items():
        assert strip.classes == tuple("0123456789") and strip.times[-1] == 0
        assert strip.numbers[0].shape == (5, 10, len(NUMBERS[kind]))
        assert strip.read[0] < 4 < strip.read[-1]
    free, pushed = stored_curves()
    assert [point.strength for point in free.points] == [0, 0.5, 1, 1.5, 2, 4, 8]
    for curve in (free, pushed):
        first, last = curve.points[0], curve.points[-1]
        assert first.n == 20 and first.accuracy < 0.25 and last.accuracy > 0.75
        assert first.pixels > last.pixels  # the price
    assert free.real.accuracy > 0.95 and "20 images of each class" in curve_facts([free])


def test_the_figure_labels_its_points_and_escapes_nothing_strange() -> None:
    figure = guidance_figure(stored_curves(), "features")
    free, pushed, real = figure.data
    assert free.text[0] == "w=0" and pushed.name == "by a classifier, s"
    assert real.name == "real images" and "as asked" in free.customdata[0]
    assert all(trace.meta["dark"] for trace in figure.data)
    assert len(guidance_figure([Curve("m", "w")]).data[0].x) == 0
    free, _, _ = guidance_figure(stored_curves()).data
    assert (free.text[4], free.text[6]) == ("w=2, 8", "")  # they nearly coincide
    with pytest.raises(ValueError, match="pixels, features"):
        guidance_figure([], "depth")


def test_a_curve_is_measured_here_and_stopped(quick: Path, tmp_path: Path) -> None:
    *some, found = run_curve(quick, "w", [0.0, 4.0], 2, CPU, never)
    assert not found.running and found.share == 1 and some[0].running
    low, high = found.curve.points
    assert low.n == 2 and low.accuracy < high.accuracy and 0 < high.pixels < 2
    shares = [each.share for each in some]
    assert shares == sorted(shares)
    count = iter(range(100))
    *_, found = run_curve(quick, "w", [0.0, 4.0], 2, CPU, lambda: next(count) == 12)
    assert [point.strength for point in found.curve.points] == [0.0] and not found.running
    guidance.write([found.curve], tmp_path / "c.json")
    assert guidance.read(tmp_path / "c.json") == (found.curve,)
    assert cost("w", [0, 1, 2], 10, 1000) == 20 * 10 * 4 and cost("s", [0, 5], 1, 10) == 30


def test_what_cannot_be_is_one_sentence(quick: Path) -> None:
    denoiser, spec = load(quick)
    with pytest.raises(ValueError, match="digits, garments and emoji"):
        measure(denoiser, replace(spec, classes=("a", "b")), "w", [1.0], n=2)
    with pytest.raises(ValueError, match="two images"):
        measure(denoiser, spec, "w", [1.0], n=1)
    with pytest.raises(ValueError, match="no classifier .* fits .*T = 1000; the model"):
        list(run_strip(quick, "s", (1.0,), 1, CPU, never))
    for kind, values in (("x", ["1"]), ("w", []), ("w", ["77"]), ("s", None)):
        with pytest.raises(ValueError):
            chosen(kind, values)
    assert chosen("w", ["8", "0.5"]) == ("w", [0.5, 8.0])
    assert "Both ways work" in fitting(describe(MNIST))
    assert "no classifier" in fitting(spec)
    assert "without classes" in fitting(replace(spec, classes=()))


def test_handlers_check_everything() -> None:
    hosted = Panel(MNIST.parent, panel.build, HOSTED)

    def said(handler: str, *values: Any) -> str:
        return merged(hosted(handler, *values))["trouble"]

    assert "no longer available" in said("guide", "nothing", "w", ["1"], [], 7)
    assert "at least one w" in said("guide", "mnist", "w", [], [], 7)
    assert "Seed" in said("guide", "mnist", "w", ["1"], [], -1)
    everything = ["0", "0.5", "1", "1.5", "2", "4", "8"]
    assert "evaluations of the network are too many" in said(
        "measure", "mnist", "w", everything, [], 40, "pixels"
    ).replace("&#45;", "-")
    assert "Images of each class" in said("measure", "mnist", "w", ["1"], [], 1, "pixels")
    shown = hosted("choose", (), "mnist", "s", ["1"], ["1"], 7)
    assert shown["guidance-strip"].kind == "s" and "Stored" in shown["guidance-status"]
    assert "guidance-strip" not in hosted("choose", (), "mnist", "?", ["1"], ["1"], 7)


def test_while_it_runs_only_the_newest_moment_is_sent() -> None:
    strip = stored_strips()["w"]
    view = StripView()
    told = view.postprocess(replace(strip, running=True))
    assert told["times"] == (0,) and len(told["numbers"]) == 1
    told = view.postprocess(strip)
    assert told["times"] == strip.times and told["size"] == 28
    assert Path(told["sheet"]).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("path", sorted(MNIST.parent.glob("*.safetensors")), ids=lambda p: p.stem)
def test_the_sizes_of_a_push_are_those_of_the_models_schedule(path: Path) -> None:
    spec = describe(path)
    schedule, text = spec.make_schedule(), push_sizes(spec)
    rows = [row.strip("| ").split(" | ") for row in text.splitlines() if row.startswith("|")][2:]
    assert [row[0] for row in rows] == ["1", "2", "10", "100", "500", "1000"]
    assert rows[0][3] == "0" and rows[0][5] == "∞"
    for row in rows:
        t = int(row[0])
        before, now = schedule.values[t - 1], schedule.values[t]
        beta, alpha = 1 - now / before, now / before
        assert row[1] == short(beta / alpha**0.5) and row[2] == short(beta)
        assert row[4] == short(alpha**-0.5)
        if t > 1:
            ratio = (1 - now) / (1 - before) / alpha**0.5
            assert row[5] == short(ratio) and row[3] == short(beta * (1 - before) / (1 - now))
    beta, posterior = text.split("Both agree to 1% ")[1].split(". At t = 1")[0].split(", with Σ")
    within = [t for t in range(1, 1001) if schedule.alphas[t - 1] ** -0.5 <= 1.01]
    assert beta == f"with Σ = β at t = {within[0]}…{within[-1]}" and len(within) == within[-1]
    low, high = map(int, posterior.split("t = ")[1].split("…"))
    for t, near in ((low - 1, False), (low, True), (high, True), (high + 1, False)):
        before, now = schedule.values[t - 1], schedule.values[t]
        ratio = (1 - now) / (1 - before) / (now / before) ** 0.5
        assert (ratio <= 1.01) == near, t
    assert push_sizes(None) == "" and plain(spec.name) in text


def test_the_shipped_classifier_is_as_weak_as_the_prose_says() -> None:
    free, pushed = stored_curves()
    told = next(point for point in free.points if point.strength == 1)
    as_much = next(point for point in pushed.points if point.strength == 1)
    error = (0.25 / (10 * as_much.n)) ** 0.5  # at most
    assert as_much.accuracy < told.accuracy - 3 * error
    best = max(point.accuracy for point in pushed.points)
    said = compare_ways([free, pushed])
    assert said == compare_ways([pushed, free]) and f"at most {best:.0%}" in said
    assert "of w = 1" in said and compare_ways([free]) == compare_ways([pushed]) == ""
    strip = stored_strips()["s"]
    read = strip.numbers[0][..., NUMBERS["s"].index("p")]
    assert strip.times[0] == strip.T and (read - 0.1).abs().max() < 0.1  # it guesses among ten


@pytest.mark.parametrize(
    ("accuracy", "says"),
    [(0.8, "fewer than the 95% of w = 1."), (0.95, "as many as the 95% of w = 1, within"),
     (0.93, "as many as the 95% of w = 1, within"), (1.0, "as many as"), (0.85, "fewer than")],
)  # fmt: skip
def test_both_ways_are_compared_within_their_errors(accuracy: float, says: str) -> None:
    free = Curve("m", "w", (Point(0, 20, 0.1, 1, 1), Point(1, 20, 0.95, 1, 1)))
    pushed = Curve("m", "s", (Point(0, 20, 0.1, 1, 1), Point(5, 20, accuracy, 1, 1)))
    assert says in compare_ways([free, pushed])
    assert f"at most {accuracy:.0%} are recognised as requested (s = 5)" in compare_ways(
        [free, pushed]
    )
    assert compare_ways([replace(free, model="n"), pushed]) == ""


def test_an_accuracy_carries_its_error() -> None:
    """Of 10 000 repetitions nearly all lie within two errors; none is 0."""
    curve = Curve("m", "w", classes=9)
    for p in (0.12, 0.5, 0.97):
        shares = torch.binomial(torch.full((10_000,), 180.0), torch.full((10_000,), p)) / 180
        errors = torch.tensor([curve.error(Point(1, 20, s, 1, 1)) for s in shares.tolist()])
        assert ((shares - p).abs() <= 2.2 * errors).float().mean() > 0.94
    assert 0 < curve.error(Point(1, 20, 1.0, 1, 1)) < 0.02
    free = guidance_figure(stored_curves()).data[0]
    stored = stored_curves()[0]
    assert free.error_y.array == pytest.approx([2 * stored.error(p) for p in stored.points])
    assert "±" in free.customdata[0]
    worst = 2 * max(map(stored.error, stored.points))
    assert f"so a share has an error of up to {worst:.0%}. Bars and ±" in curve_facts([stored])


def test_right_of_the_star_are_the_wrong_classes() -> None:
    """What stands below the curve, of the stored one: farther apart only with fewer right ones."""
    for curve in stored_curves():
        star = curve.real
        beyond = [p for p in curve.points if p.pixels > star.pixels]
        assert beyond and all(p.accuracy < star.accuracy - 3 * curve.error(p) for p in beyond)


SETTINGS = {
    "model": "mnist", "seed": 3, "pictures": 2, "labels": [1, 2], "guidance": 0.0,
    "lanes": [{"sampler": "ddim", "steps": 3}],
}  # fmt: skip


def test_a_races_settings_may_name_a_classifiers_scale() -> None:
    assert check_settings(SETTINGS) == SETTINGS
    assert "guide(denoiser, spec, guidance=0.0)" in python_snippet(SETTINGS)
    pushed = SETTINGS | {"classifier_scale": 2.5}
    told = python_snippet(check_settings(pushed))
    assert "guide(denoiser, spec, guidance=0.0, classifier_scale=2.5)" in told
    assert "from explorer.guides import guide" in told
    plain = python_snippet(SETTINGS | {"guidance": 1.0, "classifier_scale": 0})
    assert "guide" not in plain
    with pytest.raises(ValueError, match="classifier_scale"):
        check_settings(SETTINGS | {"classifier_scale": -1})
