"""A race in one file: exactly the race again; damaged, one sentence that says why not."""

from __future__ import annotations

import copy
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.diffusion import Denoiser, make_schedule
from explorer.export import capsule
from explorer.export.capsule import CapsuleError, pack, unpack
from explorer.export.check import LaneSettings, StoredLane, StoredRace
from explorer.race import race
from explorer.race.breaks import lane_from
from explorer.race.view import LaneView, RaceView, decode, gather, view_of
from tests.export.capsules import (
    PACKED,
    TOY,
    described,
    entries,
    facts,
    opened,
    zipped,
)
from tests.race.toy_race import Toy


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("as_path", [False, True])
def test_a_race_comes_back_as_it_was(tmp_path: Path, channels: int, as_path: bool) -> None:
    toy = Toy(size=40, channels=channels)  # sheets of several chunks
    data = pack(toy.view)
    (tmp_path / "a.race.zip").write_bytes(data)
    again = unpack(tmp_path / "a.race.zip" if as_path else data, tmp_path / "race")
    assert facts(again) == facts(toy.view) and again.id != toy.view.id
    for frames, others in zip(decode(again), decode(toy.view), strict=True):
        assert frames.x.equal(others.x) and frames.x0.equal(others.x0)
    assert pack(again) == data  # its sheets are files now


def test_the_same_race_is_the_same_file() -> None:
    other = copy.deepcopy(TOY.view)
    other.id, other.running = "another", True
    assert pack(other) == PACKED


def test_nothing_of_a_race_is_forgotten() -> None:
    assert {field.name for field in fields(LaneView)} == {*StoredLane.model_fields, "sheets"}
    assert {field.name for field in fields(RaceView)} == {
        *StoredRace.model_fields,
        "running",
        "id",
    }


def test_a_race_without_settings_replays_too(tmp_path: Path) -> None:
    bare = copy.deepcopy(TOY.view)
    bare.settings = {}
    assert unpack(pack(bare), tmp_path).settings == {}


def test_lanes_without_clipping_are_told_apart(tmp_path: Path) -> None:
    """And the others are described as ever: what was passed on before still opens."""
    schedule = make_schedule("cosine", 20)
    some = {"sampler": "ddim", "steps": 4, "eta": 1.0}
    lanes = [lane_from(some | {"breaks": names}, schedule) for names in ([], ["no clipping"])]
    entries = race(Denoiser(lambda x, t: x, schedule), lanes, (1, 8, 8), seed=1, n=2)
    *_, view = gather(entries, lanes, schedule, view_of(lanes, 20, 2, (1, 8, 8)))
    data = pack(view)
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        stored = json.loads(file.read("race.json"))
    assert [lane.get("wide") for lane in stored["lanes"]] == [None, True]
    again = unpack(data, tmp_path)
    assert facts(again) == facts(view)
    assert all(
        ours.x0.equal(theirs.x0) and ours.z.equal(theirs.z)
        for ours, theirs in zip(decode(again), decode(view), strict=True)
    )


def test_what_cannot_be_opened_is_not_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CapsuleError, match="no frames"):
        pack(RaceView(10, 1, 8, 1, [LaneView("DDPM", "ddpm", 10)]))
    gone = copy.deepcopy(TOY.view)
    gone.lanes[0].sheets[0].data, gone.lanes[0].sheets[0].path = b"", "/nowhere/0-0.bin"
    with pytest.raises(CapsuleError, match="run it again"):
        pack(gone)
    monkeypatch.setattr(capsule, "MAX_BYTES", len(PACKED) - 1)
    with pytest.raises(CapsuleError, match="fewer or smaller images"):
        pack(TOY.view)


def test_a_capsule_that_another_program_packed_again_opens(tmp_path: Path) -> None:
    again = dict(reversed(entries().items()))
    assert opened(zipped(again)) == opened(zipped(again, zipfile.ZIP_STORED)) == opened(PACKED)


@given(st.integers(0, len(PACKED) - 1))
def test_a_capsule_that_is_cut_short_is_refused(length: int) -> None:
    assert opened(PACKED[:length]) is None


@given(st.lists(st.tuples(st.integers(0, len(PACKED) - 1), st.integers(1, 255)), min_size=1,
                max_size=3))  # fmt: skip
def test_changed_bytes_are_noticed_or_do_not_matter(flips: list[tuple[int, int]]) -> None:
    damaged = bytearray(PACKED)
    for at, flip in flips:
        damaged[at] ^= flip
    assert opened(bytes(damaged)) in (None, opened(PACKED))


@given(st.integers(0, 250), st.integers(1, 255), st.booleans())
def test_changed_headers_are_noticed_or_do_not_matter(at: int, flip: int, last: bool) -> None:
    damaged = bytearray(PACKED)
    damaged[-1 - at if last else at] ^= flip
    assert opened(bytes(damaged)) in (None, opened(PACKED))


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_refused(data: bytes, dressed: bool) -> None:
    end = b"PK\x05\x06" + bytes(18)
    assert opened(b"PK\x03\x04" + data + end if dressed else data) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict | list):
        keys = value if isinstance(value, dict) else range(len(value))
        for key in keys:
            yield from places(value[key], (*path, key))


PLACES = list(places(json.loads(entries()["race.json"])))[1:]


@settings(max_examples=200)
@given(st.sampled_from(PLACES), json_values | st.just(...))
def test_any_field_may_be_anything(path: tuple[Any, ...], value: Any) -> None:
    """Refused, or still a race that packs and opens."""

    def change(stored: Any) -> None:
        for key in path[:-1]:
            stored = stored[key]
        if value is ...:
            del stored[path[-1]]
        else:
            stored[path[-1]] = value

    data = described(change)
    found = opened(data)
    if found is not None:
        assert opened(pack(capsule._opened(data))) == found


def test_mistakes_are_read_by_their_former_names() -> None:
    lane = LaneSettings(sampler="ddpm", breaks=["foreign schedule", "no clipping"])
    assert lane.breaks == ["wrong schedule", "no clipping"]
