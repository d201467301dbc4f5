"""What the load test says of its visitors: percentiles, growth, and whose a result is."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.findings import Findings, frame_rate, memory_and_disk, percentile, table
from benchmarks.foreign import has_noise_of_seed, is_of_seed, is_repeated, trained_seed
from benchmarks.load import main
from benchmarks.page import Config
from benchmarks.served import Served, Watch, folder_bytes, loopback, share_models
from benchmarks.soak import WARM, growth, picture
from benchmarks.visitors import Failed, Refused, Visitor
from explorer.checkpoints import load
from explorer.race import ddim, race
from explorer.race.view import gather, view_of
from tests.asynchronous import finished

ROOT = Path(__file__).parents[2]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(
    values: list[float], share: float
) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6
    assert sum(value < found for value in values) < share * len(values)


def test_percentiles_of_twenty() -> None:
    values = [float(i) for i in range(20, 0, -1)]
    assert (percentile(values, 0.5), percentile(values, 0.95)) == (10, 19)
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_frames_are_counted_by_the_time_they_took() -> None:
    found = frame_rate([10.0] * 90 + [110.0] * 10)
    assert found == {"fps": 50.0, "p95_ms": 110.0, "late": 0.1}


def sample(**changes: float) -> dict[str, float]:
    names = ("seconds", "resident", "runs", "temporary", "files", "threads")
    return dict.fromkeys(names, 1e6) | changes


def test_growth_is_told_from_the_first_sessions_on() -> None:
    samples = [sample(resident=5e8)] * (WARM - 1) + [sample(resident=1e9)]
    with pytest.raises(ValueError, match="11"):
        growth(samples)
    found = growth([*samples, sample(resident=3e9), sample(resident=1.1e9, temporary=3e6)])
    assert found["resident"] == 1.1
    assert found["temporary"] == 2e6
    assert found["files"] == found["threads"] == found["runs"] == 0


@pytest.mark.parametrize(
    "address",
    ["http://example.com:80", "http://10.0.0.1", "https://127.0.0.1", "http://[::2]:1", "x", ""],
)
def test_only_this_machine_is_loaded(address: str) -> None:
    with pytest.raises(ValueError, match="not on this machine"):
        loopback(address)


def test_this_machine_has_several_names() -> None:
    assert loopback("http://localhost:7860/#tab=train") == "http://127.0.0.1:7860"
    assert loopback("http://127.0.0.1:7860/") == "http://127.0.0.1:7860"
    assert loopback("http://[::1]:7860") == "http://[::1]:7860"


def test_refusals_are_no_errors_and_neither_ends_a_visit() -> None:
    findings = Findings()
    for error in (Refused("busy"), Refused("busy"), Failed("500"), KeyError("lanes")):
        with findings.of("a race"):
            raise error
    findings.took("page", 0.25)
    findings.check("seed", None)
    findings.check("seed", "seed 2, not 1")
    report = findings.report() | {"settings": "a test"}
    assert report["refusals"] == {"a race: busy": 2}
    assert report["errors"] == {"a race: 500": 1, "a race: KeyError('lanes')": 1}
    assert report["foreign"] == ["seed: seed 2, not 1"]
    said = table(json.loads(json.dumps(report)))
    assert "2 errors, 2 refusals, 1 foreign results of 2 checks" in said
    assert "| page | 1 | 0.25 | 0.25 | 0.25 |" in said


def test_memory_is_told_by_its_first_last_and_largest_value() -> None:
    many = [sample(files=i, resident=i * 1e9) for i in (1, 3, 2)]
    said = memory_and_disk(many).split("; ")
    assert said[0] == "resident 1000 → 2000 MB, at most 3000"
    assert said[3] == "open files 1 → 2, at most 3"


def test_runs_and_links_are_not_counted_as_shared_models(tmp_path: Path) -> None:
    models = tmp_path / "models"
    (models / "runs").mkdir(parents=True)
    (models / "mnist.safetensors").write_bytes(b"x" * 100_000)
    shared = share_models(tmp_path / "shared", models)
    assert [path.name for path in shared.iterdir()] == ["mnist.safetensors"]
    assert folder_bytes(shared) < 50_000 < folder_bytes(models)


def test_nothing_is_known_of_an_app_that_somebody_else_started() -> None:
    watch = Watch(Served("http://127.0.0.1:1"))
    assert watch.look() == {} and watch.samples == []


def test_every_session_brings_another_picture() -> None:
    assert picture(1, side=8) == picture(1, side=8) != picture(2, side=8)


@pytest.fixture(scope="module")
def view() -> dict[str, Any]:
    """A short race of seed 7 as a visitor has it, with its frames."""
    denoiser, spec = load(ROOT / "checkpoints" / "mnist.safetensors")
    lane, shape = ddim(spec.T, 3), (spec.channels, spec.size, spec.size)
    entries = race(denoiser, [lane], shape, seed=7, labels=[3, 1], n=2)
    grown = view_of([lane], spec.T, 2, shape, title="mnist · seed 7")
    grown.settings = {
        **{"model": "mnist", "seed": 7, "pictures": 2, "labels": [3, 1]},
        "lanes": [{"sampler": "ddim", "steps": 3}],
    }
    *_, grown = gather(entries, [lane], denoiser.schedule, grown)
    shown = asdict(grown)
    for each in shown["lanes"]:
        each["sheets"] = [sheet["data"] for sheet in each["sheets"]]
    return shown


def test_a_race_of_ones_own_is_known(view: dict[str, Any]) -> None:
    assert is_of_seed(view, 7) is None
    assert has_noise_of_seed(view) is None
    assert is_repeated(view, ROOT / "checkpoints") is None


def test_a_foreign_race_is_known(view: dict[str, Any]) -> None:
    assert "seed 7" in (is_of_seed(view, 8) or "")
    other = view | {"settings": view["settings"] | {"seed": 8}}
    assert "called" in (is_of_seed(other, 8) or "")
    assert "from its seed's noise" in (has_noise_of_seed(other) or "")
    assert "at t = 1000" in (is_repeated(other, ROOT / "checkpoints") or "")


def test_frames_of_other_labels_are_known(view: dict[str, Any]) -> None:
    other = view | {"settings": view["settings"] | {"labels": [4, 4]}}
    assert has_noise_of_seed(other) is None
    assert "from its seed's race" in (is_repeated(other, ROOT / "checkpoints") or "")


def test_the_seed_of_a_model_stands_in_its_header() -> None:
    model = (ROOT / "checkpoints" / "emoji.safetensors").read_bytes()
    described = json.loads(model[8 : 8 + struct.unpack("<Q", model[:8])[0]])["__metadata__"]
    seed = json.loads(described["diffusion-explorer"])["training"]["seed"]
    assert trained_seed(model) == seed


@pytest.fixture(scope="module")
def counting() -> Iterator[str]:
    """A small page: a button that counts, refuses or fails, and a box that doubles."""
    with gr.Blocks(analytics_enabled=False) as demo:
        kept = gr.State(10)
        box = gr.Number(1, label="Number", elem_id="number")
        other = gr.Textbox("never", elem_id="other")
        trouble = gr.Markdown(elem_classes=["trouble-text"])
        go, bad = gr.Button("Go", elem_id="go"), gr.Button("Bad", elem_id="bad")

        def count(first: int, number: float) -> Iterator[dict[Any, Any]]:
            for i in range(first, first + int(number)):
                yield {box: i}
            if number > 3:
                yield {trouble: "three at most"}

        def fail() -> int:
            raise RuntimeError("hidden")

        go.click(count, [kept, box], [box, other, trouble])
        bad.click(fail, None, box)
        box.change(lambda number: 2 * number, box, box, queue=False)
    _, address, _ = demo.queue().launch(
        prevent_thread_lock=True, quiet=True, server_name="127.0.0.1"
    )
    yield address.rstrip("/")
    demo.close()


def test_a_visitor_sees_what_a_page_would_show(counting: str) -> None:
    async def visit() -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, Any]]:
        async with Visitor(counting) as page:
            shown = [s.changes async for s in page.press("go", {"number": 3})]
            again = [s.changes async for s in page.press("go", {"number": 1})]
            return shown, again, await page.ask("number", {"number": 21})

    shown, again, asked = finished(visit())
    assert shown == [{"number": 10}, {"number": 11}, {"number": 12}]
    assert again == [{"number": 10}]
    assert asked == {"number": 42}


def test_events_of_one_page_at_a_time_get_their_own_messages(counting: str) -> None:
    async def visit() -> list[list[Any]]:
        async with Visitor(counting) as page:

            async def count(number: int) -> list[Any]:
                return [s.changes["number"] async for s in page.press("go", {"number": number})]

            return list(await asyncio.gather(count(1), count(2), count(3)))

    assert finished(visit()) == [[10], [10, 11], [10, 11, 12]]


def test_sentences_are_refusals_and_the_rest_is_failure(counting: str) -> None:
    async def visit() -> list[int]:
        seen = []
        async with Visitor(counting) as page:
            with pytest.raises(Refused, match="three at most"):
                async for shown in page.press("go", {"number": 4}):
                    seen.append(shown.changes["number"])
            with pytest.raises(Failed):
                async for _ in page.press("bad", {}):
                    pass
            with pytest.raises(LookupError, match="no click of 'number'"):
                page.config.find("number", "click")
            with pytest.raises(KeyError, match="no input nothing"):
                await page.ask("number", {"nothing": 1})
        return seen

    assert finished(visit()) == [10, 11, 12, 13]


def test_inputs_come_in_their_order_and_states_are_left_to_the_server() -> None:
    def component(number: int, kind: str, **props: Any) -> dict[str, Any]:
        return {"id": number, "type": kind, "props": props}

    components = [
        component(1, "number", label="Seed", value=7),
        component(2, "state", value=5),
        component(3, "number", label="Seed", value=8, elem_id="own"),
    ]
    event = {"id": 0, "targets": [[1, "change"], [None, "load"]], "backend_fn": True}
    event |= {"inputs": [2, 3, 1], "outputs": [1], "api_name": "f", "queue": True}
    config = Config(
        {"api_prefix": "/gradio_api", "components": components, "dependencies": [event]}
    )
    assert config.values(event, {"Seed": 1}) == [None, 8, 1]
    assert config.find("Seed", "change") is event
    assert config.at_load() == [event]
    assert config.named(event, [{"__type__": "update"}]) == {}
    assert config.named(event, [{"__type__": "update", "visible": False}]) != {}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["--url", "http://example.com"], "not on this machine"),
        (["--url", "http://127.0.0.1:9", "--browsers", "0"], "http://127.0.0.1:9: "),
        (["--visitors", "3", "--trainers", "9"], "more browsers and trainers than visitors"),
        (["--visitors", "5000"], "at most 200 visitors"),
    ],
)
def test_what_cannot_be_loaded_is_told_in_a_sentence(
    command: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["load", *command])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
