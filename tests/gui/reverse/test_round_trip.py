"""The Round trip panel's handlers, without a browser."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from explorer import data
from explorer.checkpoints import describe
from explorer.data import PictureError, from_tensor
from explorer.data.bundled import FOLDER, examples
from explorer.gui.frame.call import Patience
from explorer.gui.frame.context import HOME
from explorer.gui.frame.limits import HOSTED
from explorer.gui.frame.upload import take_upload
from explorer.gui.reverse.round_trip import panel as trip_panel
from explorer.gui.reverse.round_trip import work as round_trip
from explorer.gui.reverse.round_trip.company import FLAT
from explorer.gui.reverse.round_trip.trip import COLUMNS, Trip, read
from explorer.gui.reverse.round_trip.verdict import verdict
from explorer.race.round_trip import as_seen, contrast
from tests.gui.panel import CPU, Panel, merged, tiny

SHIPPED = {path.stem: path for path in sorted((HOME / "checkpoints").glob("*.safetensors"))}


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    folder = tmp_path_factory.mktemp("models")
    tiny(folder)
    return Panel(folder, trip_panel.build)


def chosen() -> round_trip.Chosen:
    return "cat", data.photo("cat")


def trips(answers: Iterable[dict[str, Any]]) -> list[Trip]:
    return [answer["trip-table"] for answer in answers if "trip-table" in answer]


# ---- pictures ---------------------------------------------------------------------------------


def test_samples_are_of_every_kind() -> None:
    samples = round_trip.samples()
    assert round_trip.START in samples and len(samples) >= 8
    assert all(picture.mode == "RGB" for picture in samples.values())
    three, inverse = (np.asarray(samples[n]).astype(int) for n in ("digit 3", "digit 3, inverted"))
    assert (three + inverse == 255).all()
    seen = as_seen(samples["digit 3"], 1, 28)
    assert (from_tensor(seen) == data.load("mnist-5k").images[1500]).all()  # not resampled


def test_ten_clothes_are_bundled_and_small() -> None:
    clothes = examples("fashion-mnist")
    assert clothes.shape == (10, 1, 28, 28) and clothes.dtype == torch.uint8
    assert (FOLDER / "fashion-mnist-10.npz").stat().st_size < 8192
    assert len(set(clothes.flatten(1).sum(1).tolist())) == 10
    assert examples("cifar10") is None


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_model_has_real_pictures_beside_it(name: str) -> None:
    spec = describe(SHIPPED[name])
    like = round_trip.like_data(spec, 7)
    n = min(round_trip.EXAMPLES, len(examples(spec.data)))
    assert like.shape == (n, spec.channels, spec.size, spec.size) and n >= 10
    assert contrast(like).min() >= FLAT
    assert like.min() >= -1 and like.max() <= 1
    assert torch.equal(like, round_trip.like_data(spec, 7))
    assert not torch.equal(like, round_trip.like_data(spec, 8))


def test_flat_pictures_are_no_measure() -> None:
    x = torch.zeros(3, 1, 4, 4)
    x[1, :, :2] = 1
    assert torch.equal(round_trip.with_contrast(x), x[1:2])
    assert round_trip.with_contrast(x[:1]) is None


def test_a_model_of_other_data_is_compared_with_what_it_makes(tmp_path: Path) -> None:
    path = tiny(tmp_path)
    *_, trip = round_trip.run_trip(path, chosen(), 12, 7, CPU, lambda: False)
    assert trip.finished and trip.names == ("cat", "one that the model made itself")
    assert trip.pixels["original"].shape == (2, 1, 8, 8)
    made = len(trip.company.real.changes)
    assert made > 1 and f"{made} pictures that the model made itself by" in verdict(trip)
    shown = round_trip.preview(describe(path), chosen(), 12, 7)  # without the network
    assert len(shown.pixels["original"]) == 1


# ---- the panel --------------------------------------------------------------------------------


def test_a_trip_fills_the_table(panel: Panel) -> None:
    answers = list(panel("begin", chosen(), "toys", 60, 7))
    shown, last = trips(answers), merged(answers)
    assert [trip.running for trip in shown][-1] is False and list(shown[-1].pixels) == [
        *COLUMNS[:3],
        "ddim",
        "ddpm",
    ]
    assert shown[-1].t == 12 and shown[-1].T == 20
    assert "DDPM 12 of 12" in last["trip-status"] and not last["trouble"]
    assert last["trip-run"].interactive and not last["trip-stop"].interactive
    assert not answers[0]["trip-run"].interactive and answers[0]["trip-stop"].interactive
    assert not panel.context.device.busy


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (("gone", 40, 7), "is not here any more"),
        ((None, 40, 7), "is not here any more"),
        ((["toys"], 40, 7), "is not here any more"),
        (("toys", 0, 7), "0 is not allowed"),
        (("toys", 101, 7), "101 is not allowed"),
        (("toys", None, 7), "is empty"),
        (("toys", 40, -1), "1 is not allowed"),
        (("toys", 40, 0.5), "is not allowed"),
    ],
)
def test_what_is_wrong_is_said_beside_it(panel: Panel, values: tuple, says: str) -> None:
    *_, last = panel("begin", chosen(), *values)
    assert says in plain(last["trouble"]) and last["trip-status"] == "not running"
    assert last["trip-run"].interactive and not last["trip-stop"].interactive
    assert says in plain(panel("show", chosen(), *values)["trouble"])


def plain(text: str) -> str:
    """Without the entities that keep names from being Markdown."""
    import html

    return html.unescape(text)


def test_a_choice_is_shown_at_once(panel: Panel) -> None:
    event = SimpleNamespace(name="digit 3")
    answer = panel("pick", event, "toys", 40, 7)
    trip = answer["trip-table"]
    assert answer["State"][0] == trip.names[0] == "digit 3"
    assert not trip.finished and not answer["trouble"]
    expected = from_tensor(as_seen(round_trip.samples()["digit 3"], 1, 8))
    assert torch.equal(trip.pixels["original"][0], expected)
    for name in ("../secret", "", None):
        answer = panel("pick", SimpleNamespace(name=name), "toys", 40, 7)
        assert "no such sample" in answer.pop("trouble") and not answer
    assert "no such sample" in panel("pick", SimpleNamespace(), "toys", 40, 7)["trouble"]


def test_an_upload_is_checked(panel: Panel, tmp_path: Path) -> None:
    good, bad = tmp_path / "a.png", tmp_path / "b.png"
    Image.new("RGB", (30, 20), "red").save(good)
    bad.write_text("no picture")
    brought = panel("bring", str(good), "toys", 40, 7)
    assert brought["State"][0] == trip_panel.OWN and not brought["trouble"]
    assert brought["trip-table"].names[0] == "your picture"
    refused = panel("bring", str(bad), "toys", 40, 7)
    assert "not a picture" in refused.pop("trouble") and not refused
    assert panel("bring", None, "toys", 40, 7) == {"trouble": ""}


def test_hosted_uploads_are_smaller(tmp_path: Path) -> None:
    large = tmp_path / "a.png"
    large.write_bytes(b"x" * (HOSTED.upload_bytes + 1))
    with pytest.raises(PictureError, match="at most 12 MB"):
        take_upload(str(large), HOSTED)


def test_a_running_trip_is_not_painted_over_and_can_be_stopped(panel: Panel) -> None:
    answers = panel("begin", chosen(), "toys", 100, 7)
    next(answers), next(answers)
    assert "under way" in panel("show", chosen(), "toys", 10, 7)["trouble"]
    panel("ask_to_stop")
    shown = trips(answers)
    assert not shown[-1].running and not shown[-1].finished
    assert not panel.context.jobs.alive and not panel.context.device.busy


def test_nobody_keeps_a_shared_device(tmp_path: Path) -> None:
    soon = Patience(lambda: False, 0)
    *_, trip = round_trip.run_trip(tiny(tmp_path), chosen(), 20, 7, CPU, soon)
    assert not trip.running and not trip.finished


# ---- what is stored ---------------------------------------------------------------------------


def test_the_stored_trip_is_the_shipped_models() -> None:
    stored = read(round_trip.STORED)
    assert stored.finished and stored.model == "mnist" and stored.names[0] == "cat"
    assert sum(file.stat().st_size for file in round_trip.STORED.iterdir()) < 60_000
    spec = describe(SHIPPED["mnist"])
    fresh = round_trip.preview(spec, chosen(), stored.t, stored.seed)
    for column in ("original", "noisy"):
        difference = fresh.pixels[column].int() - stored.pixels[column].int()
        assert difference.abs().max() <= 1
    assert stored.changes["ddim"][0] > 2 * stored.changes["ddim"][1]  # it fails visibly
    assert stored.company.judgement == "foreign"
    assert "only ever seen handwritten digits" in verdict(stored)


def test_a_picture_is_not_among_those_that_it_is_judged_by() -> None:
    spec = describe(HOME / "checkpoints" / "fashion-mnist.safetensors")
    assert len(round_trip.like_data(spec, 0)) == 10  # all that come with the app
    chosen = ("sneaker", round_trip.samples()["sneaker"])
    own, real, _ = round_trip.prepare(spec, chosen, 400, 0)
    assert len(real) == 9 and (real != own).flatten(1).any(1).all()
    _, others, _ = round_trip.prepare(spec, ("cat", round_trip.samples()["cat"]), 400, 0)
    assert len(others) == 10
