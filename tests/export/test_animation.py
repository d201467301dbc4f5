"""Films and strips of a race: every pixel and caption is the race's."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from explorer.diffusion import make_schedule
from explorer.export import drawing
from explorer.export import filmstrip as strip
from explorer.export.animation import GIF_AREA, Stage
from explorer.export.drawing import fitted, font, plain
from explorer.export.indexed import indexed
from explorer.export.numbers import animation, filmstrip, frames_npz
from explorer.race.breaks import lane_from
from explorer.race.lanes import ddim
from explorer.race.view import LaneView, RaceView
from tests.race.toy_race import Toy

TIMES = list(range(20, -1, -1))
"""The clock of a toy race with T = 20: fewer than 60."""


def frames_of(data: bytes) -> tuple[list[np.ndarray], list[int]]:
    """Frames as RGB, and their durations."""
    with Image.open(io.BytesIO(data)) as film:
        assert film.info["loop"] == 0
        pixels, durations = [], []
        for k in range(film.n_frames):
            film.seek(k)
            pixels.append(np.asarray(film.convert("RGB")))
            durations.append(film.info["duration"])
    return pixels, durations


def tile(picture: np.ndarray, corner: tuple[int, int], size: int, scale: int) -> np.ndarray:
    """A picture cut out and shrunk to its own pixels; each must be a flat square."""
    x, y = corner
    cut = picture[y : y + size * scale, x : x + size * scale]
    small = cut[::scale, ::scale]
    assert np.array_equal(cut, small.repeat(scale, 0).repeat(scale, 1))
    return small


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("show", "mapping"), [("x", 1), ("x", 3), ("x0", 1), ("eps", 3)])
def test_a_webp_shows_every_pixel_as_it_is(channels: int, show: str, mapping: int) -> None:
    toy = Toy(channels=channels)
    frames, durations = frames_of(animation(toy.view, "webp", show, mapping))
    stage = Stage(toy.view, show, mapping)
    assert durations == [80] * 20 + [1500]
    assert 640 <= frames[0].shape[1] <= 960
    for clock, picture in zip(TIMES, frames, strict=True):
        for i in range(2):
            wanted = toy.pixels(i, toy.frame_at(i, clock), show, mapping)
            for n in range(3):
                seen = tile(picture, stage.corner(i, n), 8, stage.scale)
                off = np.abs(seen.astype(int) - wanted[n])
                assert off.max() <= (show == "eps") and off.mean() < 1e-3  # ε̂ is computed


def test_a_gif_keeps_greys() -> None:
    toy = Toy()
    frames, durations = frames_of(animation(toy.view, "gif", pause=3))
    stage = Stage(toy.view, "x", 1.0, GIF_AREA)
    assert durations == [80] * 20 + [3000]
    for clock, picture in zip(TIMES, frames, strict=True):
        whole = np.asarray(stage.frame(clock)).astype(int)
        assert np.abs(whole - picture).max() <= 12  # a letter's edge
        for i in range(2):
            wanted = toy.pixels(i, toy.frame_at(i, clock), "x", 1).astype(int)
            for n in range(3):
                seen = tile(picture, stage.corner(i, n), 8, stage.scale)
                assert np.abs(seen - wanted[n]).max() <= 1


def test_a_gif_keeps_few_colours_exactly_and_many_nearly() -> None:
    random = np.random.default_rng(0)
    few = random.integers(0, 256, (100, 3), dtype=np.uint8)[random.integers(0, 100, (50, 50))]
    many = random.integers(0, 256, (50, 50, 3), dtype=np.uint8)
    frames = [Image.fromarray(few), Image.fromarray(many)]
    again = [np.asarray(p.convert("RGB")) for p in indexed(frames, ["#009E73"], grey=False)]
    assert np.abs(again[0].astype(int) - few).max() <= 8  # greys go to one of 32
    assert np.abs(again[1].astype(int) - many).mean() < 20
    toy = Toy(channels=3)
    shown, _ = frames_of(animation(toy.view, "gif"))
    stage = Stage(toy.view, "x", 1.0, GIF_AREA)
    for clock, picture in zip(TIMES, shown, strict=True):
        assert np.abs(np.asarray(stage.frame(clock)).astype(int) - picture).mean() < 6


def test_a_long_race_has_sixty_frames_and_stays_small() -> None:
    toy = Toy(T=1000, n=4, size=16, lanes=[ddim(1000, 50), ddim(1000, 10, eta=1.0)])
    data = animation(toy.view, "gif")
    frames, durations = frames_of(data)
    assert len(frames) == 60 and durations == [80] * 59 + [1500]
    assert len(data) < 5_000_000


@pytest.mark.parametrize(("n", "size", "lanes"), [(1, 8, 1), (1, 64, 4), (16, 64, 4), (9, 28, 3)])
def test_everything_has_room(n: int, size: int, lanes: int) -> None:
    toy = Toy(4, n, size, 3, [ddim(4, 1 + i % 4) for i in range(lanes)])
    for area in (None, 230_000):
        stage = Stage(toy.view, "x", 1.0, area)
        assert 640 <= stage.width <= 960 and stage.height <= 1600
        spots = [stage.corner(i, k) for i in range(lanes) for k in range(n)]
        assert max(x for x, _ in spots) + stage.tile < stage.width
        assert max(y for _, y in spots) + stage.tile < stage.height
        assert len(set(spots)) == len(spots)
    assert filmstrip(toy.view).width <= 1500


def test_a_lane_that_begins_late_or_is_empty_does_not_matter() -> None:
    toy = Toy(lanes=[lane_from({"sampler": "ddim", "steps": 5, "breaks": ["late start"]},
                               make_schedule("cosine", 20)), ddim(20, 5)])  # fmt: skip
    toy.view.lanes.append(LaneView("DDIM", "ddim", 3))
    frames, _ = frames_of(animation(toy.view, "webp"))
    stage = Stage(toy.view, "x", 1.0)
    first = tile(frames[0], stage.corner(0, 0), 8, stage.scale)
    assert np.array_equal(first, toy.pixels(0, 0, "x", 1)[0])


def test_wrong_choices_are_named() -> None:
    view = Toy().view
    for call, said in (
        (lambda: animation(view, "mp4"), "format = 'mp4'"),
        (lambda: animation(view, show="v"), "show = 'v'"),
        (lambda: animation(view, mapping=2.0), "mapping = 2.0"),
        (lambda: filmstrip(view, columns=1), "columns = 1 "),
        (lambda: animation(RaceView(10, 1, 8, 1, [])), "no frames"),
        (lambda: filmstrip(RaceView(10, 1, 8, 1, [])), "no frames"),
        (lambda: frames_npz(RaceView(10, 1, 8, 1, [LaneView("DDPM", "ddpm", 10)])), "no frames"),
    ):
        with pytest.raises(ValueError, match=said):
            call()


def test_a_filmstrip_says_what_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    toy, written = Toy(n=5), []
    original = drawing.write_text

    def write(draw: object, at: tuple[int, int], text: str, *rest: object) -> None:
        written.append((text, at))
        original(draw, at, text, *rest)

    monkeypatch.setattr(strip, "write_text", write)
    monkeypatch.setattr(drawing, "write_text", write)
    picture = filmstrip(toy.view, columns=5)
    pixels = np.asarray(picture)
    assert picture.mode == "RGB" and 640 < picture.width < 1500
    texts = [text for text, _ in written]
    assert texts[0] == "mnist · seed 7" and texts[1].startswith("T = 20 · ")
    captions = [(text, at) for text, at in written if text.startswith("t = ")]
    clocks = [20, 15, 10, 5, 0]
    frames = [toy.frame_at(i, clock) for i in range(2) for clock in clocks]
    lanes = [0] * 5 + [1] * 5
    for (text, (x, y)), i, frame in zip(captions, lanes, frames, strict=True):
        lane = toy.view.lanes[i]
        assert text == f"t = {lane.times[frame]}"
        spent = lane.evaluated[frame]
        below = f"{spent} evaluation" + ("" if spent == 1 else "s")
        assert (below, (x, y + 22)) in written
        assert pixels[y : y + 18, x : x + 40].min() < 100 and pixels.max() == 255
        top = y - 2 - 4 * (8 * 14 + 6)  # 4 pictures of 14 × 8 pixels and gaps above it
        for n in range(4):
            seen = tile(pixels, (x, top + n * 118), 8, 14)
            assert np.array_equal(seen, toy.pixels(i, frame, "x", 1)[n])


@given(st.text(max_size=60), st.integers(20, 300), st.integers(1, 3))
@example("DDIM, S = 10, η = 0.5, σ² = β̃", 200, 2)
def test_any_text_can_be_drawn_and_fits(text: str, width: int, lines: int) -> None:
    assert set(plain(text)) <= {chr(k) for k in range(32, 127)} | {"·"}
    found = fitted(text, 15, width, lines)
    assert len(found) <= lines and all(font(15).getlength(line) <= width for line in found)


def test_greek_is_spelt_out() -> None:
    assert plain("η = 0.5, σ² = β̃ − café") == "eta = 0.5, sigma^2 = beta~ - cafe"
    assert plain(ddim(20, 5, eta=1.0, variance="beta").title) == "DDIM, S = 5, eta = 1, sigma^"


@pytest.mark.parametrize("model", ["mnist", "x" * 200, "数" * 200])
def test_the_seed_has_room_after_any_name(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    toy, written = Toy(), []
    toy.view.settings |= {"model": model, "seed": 2**32 - 1}
    monkeypatch.setattr(drawing, "write_text", lambda *arguments: written.append(arguments[2]))
    for picture in (animation, lambda view: filmstrip(view, columns=4)):
        written.clear()
        picture(toy.view)
        assert any(text.endswith("seed 4294967295") for text in written)
