"""What the shipped lessons say, against the numbers and images that the page shows beside it."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import numpy as np
import pytest
import torch

from explorer.checkpoints import describe
from explorer.data import photo, square
from explorer.diffusion import make_schedule
from explorer.evaluation.classifier import classify, load_classifier, logit_indices
from explorer.figures.plots import ENDS
from explorer.gui.forward.blend import Scene
from explorer.gui.forward.tab import START, make_scene
from explorer.gui.frame.context import HOME
from explorer.gui.frame.limits import LOCAL
from explorer.gui.lessons.files import SHIPPED, find_lessons
from explorer.gui.reverse.quality.panel import stored_quality
from explorer.gui.reverse.quality.words import findings_text
from explorer.gui.reverse.spread.view import NOTHING, STORED, folder_of, read
from explorer.gui.reverse.stored import stored_race
from explorer.gui.train.flat import why_flat
from explorer.gui.train.stored import stored_run
from explorer.race.sheets import LaneFrames, decode

LESSONS, _ = find_lessons([SHIPPED])
LINEAR, COSINE = make_schedule("linear", 1000), make_schedule("cosine", 1000)


def told(lesson: str, words: str) -> None:
    """Fails where a lesson does not say these words any more: then what follows tests nothing."""
    said = " ".join(
        f"{scene.text} {scene.question or ''} {scene.answer or ''}"
        for scene in LESSONS[lesson].scenes
    )
    assert words in re.sub(r"\s+", " ", said)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene(photo(START), 256, 1000, 7, LOCAL)


@pytest.fixture(scope="module")
def lanes() -> list[LaneFrames]:
    """DDPM and DDIM of the stored race."""
    return decode(stored_race())


def at(lane: LaneFrames, t: int) -> int:
    """The index of the frame that the player shows at t: the last one on the way down to it."""
    return max(i for i, time in enumerate(lane.times) if time >= t)


def test_what_forward_shows_at_the_beginning_and_half_way() -> None:
    told("noise", "at $t = 0$ they are the same")
    assert LINEAR.alpha_bar[0] == COSINE.alpha_bar[0] == 1
    told("noise", "noise is more than three times as strong as the image")
    signal, noise = (f(LINEAR.alpha_bar[500].item()) ** 0.5 for f in (float, lambda a: 1 - a))
    assert 3 < noise / signal < 4
    told("noise", "(*cosine*) both weigh about the same")
    a = COSINE.alpha_bar[500].item()
    assert ((1 - a) / a) ** 0.5 == pytest.approx(1, abs=0.02)


def test_what_is_left_at_the_end() -> None:
    told("noise", "less than a ten-thousandth in both panes")
    assert max(LINEAR.alpha_bar[-1], COSINE.alpha_bar[-1]) < 1e-4


def test_the_pixels_at_the_end_lie_on_the_bell(scene: Scene) -> None:
    told("noise", "the pixels of both panes lie on it")
    x0 = torch.from_numpy(np.asarray(square(scene.picture, 256)).copy()) / 127.5 - 1
    edges = np.linspace(-4, 4, 65)
    area = np.array([0.5 * math.erfc(-e / math.sqrt(2)) for e in edges])
    for schedule in (LINEAR, COSINE):
        a = schedule.alpha_bar[-1].item()
        x_t = a**0.5 * x0.permute(2, 0, 1) + (1 - a) ** 0.5 * scene.eps
        counts = np.histogram(x_t.numpy().ravel(), edges)[0] / x_t.numel()
        assert np.abs(counts - np.diff(area)).sum() < 0.02  # as for any draw of so many numbers


def test_the_filmstrip_has_nine_images_a_row() -> None:
    told("noise", "the filmstrip shows nine of them, *linear* in the upper row")
    script = (HOME / "explorer" / "gui" / "forward" / "blend.js").read_text(encoding="utf-8")
    (stops,) = re.findall(r"^const STOPS = (\d+);", script, re.M)
    assert int(stops) + 1 == 9  # and in a browser: test_lessons.py


def test_both_lanes_begin_with_the_same_noise(lanes: list[LaneFrames]) -> None:
    told("noise", "the same four in both rows")
    told("ddim", "both rows begin with the same noise")
    ddpm, ddim = lanes
    assert ddpm.times[0] == ddim.times[0] == 1000 and len(ddpm.x[0]) == 4
    assert torch.equal(ddpm.x[0], ddim.x[0])
    assert ddpm.x[0].std().item() == pytest.approx(1, abs=0.05)


def test_the_belief_at_800_is_softer_than_the_end(lanes: list[LaneFrames]) -> None:
    told("noise", "Look how soft the digits are")

    def grey(x: torch.Tensor) -> float:
        """The share of pixels that are neither nearly black nor nearly white."""
        return (x.abs() < 0.8).float().mean().item()

    for lane in lanes:
        assert grey(lane.x0[at(lane, 800)]) > 2 * grey(lane.x[-1])


def test_both_lanes_come_to_see_digits_and_end_on_different_images(
    lanes: list[LaneFrames],
) -> None:
    told("noise", "the belief has become four digits in each row")
    told("ddim", "each column was asked for one digit, and the two rows wrote it differently")
    told("ddim", "it already sees digits")
    race = stored_race()
    classes = describe(HOME / "checkpoints" / f"{race.settings['model']}.safetensors").classes
    indices = logit_indices(classes)
    assert indices == list(range(10))
    classifier, _ = load_classifier()
    for lane in lanes:
        belief, end = (
            classify(classifier, images).logits[:, indices].softmax(1)
            for images in (lane.x0[at(lane, 600)], lane.x[-1])
        )
        assert belief.argmax(1).tolist() == race.settings["labels"] == [0, 1, 2, 3]
        assert end.max(1).values.min() > 0.5  # each is read as a digit, and hardly as another
    ddpm, ddim = lanes
    between = (ddpm.x[-1] - ddim.x[-1]).square().mean((1, 2, 3)).sqrt()
    assert between.min() > 0.3  # of values from −1 to 1


def test_where_ddpm_adds_noise_and_ddim_does_not() -> None:
    told("ddim", "DDPM has added new noise at every step but the last")
    race = stored_race()
    assert race.settings["lanes"][0] == {"sampler": "ddpm", "variance": "posterior"}
    schedule = describe(HOME / "checkpoints" / "mnist.safetensors").make_schedule()
    last, *others = schedule.posterior_variance.tolist()
    assert last == 0 and min(others) > 0
    ddpm, ddim = race.lanes
    assert (
        min(row[4] for row, (t, _) in zip(ddpm.coefficients, ddpm.steps, strict=True) if t > 1) > 0
    )
    assert {row[4] for row in ddim.coefficients} == {0}


def test_the_counts_beside_the_rows() -> None:
    told("ddim", "take all 1,000 steps, **DDIM** only 50")
    told("ddim", "401 calls of the network against 21")
    counts = []
    for lane, all_of_them in zip(stored_race().lanes, (1000, 50), strict=True):
        assert lane.evaluations == all_of_them
        counts.append(lane.evaluated[max(i for i, t in enumerate(lane.times) if t >= 600)])
    assert counts == [401, 21]


def test_what_the_forks_do() -> None:
    told("ddim", "DDIM's stays at 0: four ways are one")
    told("ddim", "walks on from there four times")
    ddpm, ddim = read(STORED / folder_of(None)).lanes
    assert max(ddim.values) < NOTHING
    assert max(ddpm.values) > 0.1 and ddpm.rows == 4


def test_what_the_table_of_quality_says() -> None:
    table = stored_quality(HOME / "checkpoints" / "mnist.safetensors")
    assert table
    said = findings_text(table)
    told("ddim", "only 5 steps, which noise is best, and which is worst?")
    assert min(row.setting.steps for row in table.rows) == 5
    assert re.search(r"^- At S = 5 the best noise is .*; the worst is ", said, re.M)
    told("ddim", "From $S = 20$ on, most noises cannot be told apart")
    assert "At S = 20 no noise setting is clearly better than another" in said


def test_how_much_the_schedules_keep() -> None:
    told("cosine", "*linear* keeps less than 1 % there, *cosine* still a fifth")
    assert LINEAR.alpha_bar[700] < 0.01
    assert COSINE.alpha_bar[700].item() == pytest.approx(0.2, abs=0.005)
    told("cosine", "326 of 1,000 steps work on what is almost pure noise. *Cosine* spends 64")
    count = ENDS["steps < −20 dB"]
    assert (count(LINEAR), count(COSINE)) == (326, 64)


def test_where_cosine_is_flattest() -> None:
    told("cosine", "*cosine* is flattest at $t \\approx 500$")
    log_snr = COSINE.log_snr[1:]
    flattest = int((log_snr[1:] - log_snr[:-1]).abs().argmin()) + 1
    assert abs(flattest - 500) <= 10 and abs(log_snr[flattest - 1]) < 0.1


def test_what_fewer_steps_do() -> None:
    told("cosine", "it ends at $\\bar\\alpha_T = 0.36$")
    told("cosine", "On the left the cat is still there.")
    linear, cosine = (make_schedule(name, 100) for name in ("linear", "cosine"))
    assert round(linear.alpha_bar[-1].item(), 2) == 0.36
    assert torch.allclose(linear.betas, torch.linspace(1e-4, 0.02, 100, dtype=torch.float64))
    assert cosine.alpha_bar[-1] < 1e-6


def test_equal_snr_is_the_same_image(scene: Scene) -> None:
    told("cosine", "the same image")
    a = LINEAR.alpha_bar[300]
    b = COSINE.alpha_bar[(COSINE.alpha_bar - a).abs().argmin()]
    x0 = torch.from_numpy(np.asarray(scene.picture).copy()).permute(2, 0, 1) / 127.5 - 1
    left, right = (v.sqrt() * x0 + (1 - v).sqrt() * scene.eps for v in (a, b))
    assert (left - right).abs().max() < 1 / 127.5  # less than a grey level


def test_what_the_stored_run_says() -> None:
    run = stored_run()
    history, probes = run.history, run.history.probes
    told("learning", "400 steps on digits of 16 × 16 pixels")
    assert history.end == 400 and run.status.startswith("Stored run, Digits 16×16")
    told("learning", "the fall is only smaller than the jumping")
    said = why_flat(history, run.T)
    found = re.search(r"deviated from its average by ([\d.]+)%.*the probe fell by ([\d.]+)%", said)
    assert found and 0 < float(found[2]) < float(found[1])
    told("learning", "its probe had fallen at every look until then")
    losses = [probe.loss for probe in probes]
    assert probes[-1].step == 400 and all(b < a for a, b in pairwise(losses))
    told("learning", "Towards large $t$ the floor comes up to the probe")
    assert history.floor
    shares = [low / loss for low, loss in zip(history.floor.seen, probes[-1].buckets, strict=True)]
    assert min(shares[-2:]) > 0.8 and max(shares[:2]) < 0.2
    told("learning", "smallest $t$: it ends with the highest loss of all")
    assert max(probes[-1].buckets) == probes[-1].buckets[0]


def test_the_film_begins_before_anything_is_learnt() -> None:
    told("learning", "From which step on do you read the first digit?")
    first, *_, last = stored_run().film.snapshots
    assert first.step == 0 and last.step == 400
