"""What a link may say: read for every field of the page, wrong values told of, limits kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr
import pytest
import torch

from explorer.gui.app import create_app
from explorer.gui.frame.address import Address
from explorer.gui.frame.address_field import Field, word
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import HOSTED, LOCAL

CPU = torch.device("cpu")


def address_of(limits: Any) -> Address:
    demo = create_app(Context(Device(CPU), limits))
    return next(block for block in demo.blocks.values() if isinstance(block, Address))


@pytest.fixture(scope="module")
def address() -> Address:
    return address_of(LOCAL)


@pytest.fixture(scope="module")
def hosted() -> Address:
    return address_of(HOSTED)


def others(field: Field, values: dict[str, Any]) -> list[Any]:
    """Values of a field other than its default, which go with the values before it."""
    if field.choices:
        offered = field.choices(values, "")
        found = [[each] if field.many else each for each in offered]
        return [value for value in found if value != field.default]
    if isinstance(field.component, gr.Checkbox):
        return [not field.default]
    low, high = field._bounds(values)
    near = (field.default + d for d in (1, -1, 4, -4, 64, -64, 0.1, -0.1, 0.001, -0.001))
    found = []
    for value in near:
        whole = not field._whole or value == int(value)
        try:
            if low <= value <= high and whole and value != field.default:
                if field.check:
                    field.check(value)
                found.append(value)
        except ValueError:
            continue
    return found


def text_of(value: Any) -> str:
    """As address.js writes it."""
    return ",".join(map(word, value)) if isinstance(value, list) else word(value)


def test_every_value_is_read_as_it_is_written(address: Address) -> None:
    """Of every field that any tab has declared, in small letters and in capitals."""
    values: dict[str, Any] = {}
    assert len(address.fields) > 120
    for key, field in address.fields.items():
        values[key] = field.default
        for value in others(field, values):
            if field.lacks and value not in field.shipped:
                continue
            for text in (text_of(value), text_of(value).upper()):
                read = field.read(text, values, "")
                assert read == pytest.approx(value) if isinstance(value, float) else read == value


def test_defaults_are_allowed_and_written_in_words(address: Address) -> None:
    values: dict[str, Any] = {}
    for key, field in address.fields.items():
        values[key] = field.default
        if field.default not in (None, []):
            assert field.read(text_of(field.default), values, "") == field.default, key
        for _, written in field.described().get("words", []):
            assert written == word(written) and "," not in written and " " not in written


def restored(address: Address, asked: Any, group: str, changed: Any = None) -> tuple[Any, ...]:
    changed = list(asked) if changed is None else changed
    values, changes, wrong = address.restore(asked, changed, [group], "")
    return values, changes, wrong


@pytest.mark.parametrize(
    ("asked", "group", "stands", "says"),
    [
        ({"forward.T": "1"}, "forward", 1000, "T, steps: “1” is not allowed; give a whole number"),
        ({"forward.T": "10.5"}, "forward", 1000, "“10.5” is not allowed"),
        ({"forward.T": "nan"}, "forward", 1000, "“nan” is not allowed"),
        ({"forward.T": "1e999"}, "forward", 1000, "“1e999” is not allowed"),
        ({"forward.T": ""}, "forward", 1000, "“” is not allowed"),
        ({"forward.seed": "9" * 600}, "forward", 7, "too long"),
        ({"forward.resolution": "100"}, "forward", 256, "there is no “100”; choose 32, 64"),
        ({"forward.image": "dgo"}, "forward", "cat", "there is no “dgo”; choose cat, coffee"),
        ({"forward.image": "own"}, "forward", "cat", "somebody's own image"),
        ({"plane.data": "your-own"}, "plane", "eight Gaussians", "points that somebody drew"),
        ({"train.size": "30"}, "train", 16, "multiple of 4"),
        ({"train.labels": "perhaps"}, "train", True, "neither yes nor no"),
        ({"train.data": "your images"}, "train", "mnist-5k", "there is no “your images”"),
        ({"train.linear-beta_end": "2"}, "train", 0.02, "beta_end = 2"),
        ({"reverse.model": "mine"}, "reverse", "mnist", "there is no “mine”"),
        ({"reverse.class": "cow"}, "reverse", "each in turn", "there is no “cow”"),
        ({"reverse.lane-1-steps": "1001"}, "reverse", 1000, "a whole number from 1 to 1000"),
        ({"schedules.compare": "linear,cosin"}, "schedules", ["linear", "cosine"], "“cosin”"),
    ],
)
def test_what_is_wrong_falls_back_and_is_named(
    address: Address, asked: dict[str, str], group: str, stands: Any, says: str
) -> None:
    values, changes, wrong = restored(address, asked, group)
    (key,) = asked
    default = address.fields[key].default
    assert values == {key: stands if key != "reverse.lane-1-steps" else default}
    assert len(wrong) == 1 and says in wrong[0] and "Instead: " in wrong[0]
    assert address.fields[key].component in changes


def test_a_hosted_place_keeps_its_limits(address: Address, hosted: Address) -> None:
    for key, text in {"reverse.pictures": "16", "train.batch": "1024", "train.size": "64"}.items():
        group = key.rpartition(".")[0]
        values, _, wrong = restored(address, {key: text}, group)
        assert values == {key: int(text)} and not wrong
        values, _, wrong = restored(hosted, {key: text}, group)
        assert values == {key: hosted.fields[key].default} and "is not allowed" in wrong[0]


def test_the_budgets_limits_are_its_units(address: Address) -> None:
    values, _, wrong = restored(
        address, {"train.unit": "steps", "train.budget": "500000"}, "train"
    )
    assert values == {"train.unit": "steps", "train.budget": 500000} and not wrong
    _, _, wrong = restored(address, {"train.budget": "500000"}, "train")
    assert "from 5 to 86400" in wrong[0]


def test_a_class_is_one_of_the_links_own_model(address: Address) -> None:
    """The model is read first; its menu of classes and its line come with it."""
    asked = {"reverse.class": "shirt", "reverse.model": "fashion"}
    models = address.fields["reverse.model"].choices({}, "")  # type: ignore[misc]
    fashion = next(name for name in models if "fashion" in name)
    asked["reverse.model"] = fashion.upper()
    values, changes, wrong = restored(address, asked, "reverse")
    assert values["reverse.model"] == fashion and values["reverse.class"].lower() == "shirt"
    menu = changes[address.fields["reverse.class"].component]
    assert menu["value"] in menu["choices"] and len(menu["choices"]) == 11 and not wrong


def test_the_forks_class_is_one_of_the_races_model(address: Address) -> None:
    """Two groups, of which the second depends on the first."""
    model = address.fields["reverse.model"].choices({}, "")  # type: ignore[misc]
    fashion = next(name for name in model if "fashion" in name)
    asked = {"reverse.model": fashion, "reverse.spread.class": "shirt"}
    values, _, wrong = address.restore(asked, list(asked), ["reverse", "reverse.spread"], "")
    assert values["reverse.spread.class"].lower() == "shirt" and not wrong


def test_lanes_show_the_options_of_their_sampler(address: Address) -> None:
    for sampler, seen in {"ddim": True, "heun": False}.items():
        _, changes, _ = restored(address, {"reverse.lane-1": sampler}, "reverse")
        eta = changes[address.fields["reverse.lane-1-eta"].component]
        assert eta["visible"] is seen and "value" not in eta  # what stands there stays


def test_a_preset_sets_what_the_link_does_not_name(address: Address) -> None:
    """Its lanes and its settings; the rest of the link has the last word."""
    preset = "first-or-second-order-s-10"
    lanes = [f"reverse.lane-{i}{option}" for i in (1, 2, 3) for option in ("", "-steps")]
    asked = {"reverse.preset": preset, "reverse.lane-2-steps": "7"}
    values, _, wrong = restored(address, asked, "reverse", ["reverse.preset", *lanes])
    assert [values[key] for key in lanes] == ["DDIM", 10, "DPM-Solver++(2M)", 7, "Heun", 10]
    asked = {"train.preset": "digits-28-28-10-min", "train.seed": "3"}
    keys = ["train.preset", "train.size", "train.budget", "train.seed"]
    values, _, more = restored(address, asked, "train", keys)
    assert [values[key] for key in keys[1:]] == [28, 600, 3] and not wrong + more


def test_only_what_changes_is_set(address: Address) -> None:
    """What the page has already is read, since others depend on it, but not set again."""
    asked = {"forward.image": "own", "forward.T": "500"}
    values, changes, wrong = restored(address, asked, "forward", ["forward.T"])
    assert values == {"forward.T": 500} and wrong == []
    assert set(changes) == {address.fields["forward.T"].component}


@pytest.mark.parametrize(
    "asked", [None, [], "x", {"forward.T": 5}, {"forward.T": None}, {"no.such": "1", "": ""}]
)
@pytest.mark.parametrize("groups", [None, "forward", [None, 7], ["forward"], ["nothing"]])
def test_a_strangers_event_does_no_harm(address: Address, asked: Any, groups: Any) -> None:
    for changed in (None, 7, ["forward.T", "no.such", None, {}]):
        values, _, wrong = address.restore(asked, changed, groups, "")
        assert set(values) <= {"forward.T"} and not wrong
        assert values.get("forward.T", 1000) == 1000
    assert address.components([None, "forward.T", 3]) == {address.fields["forward.T"].component}


def test_words() -> None:
    words = {
        "DDPM: σ² = β̃ or β": "ddpm-sigma2-beta-tilde-or-beta",
        "How much noise: η = 0, 0.2": "how-much-noise-eta-0-0.2",
        "x₀": "x0",
        "Zürich": "zurich",
        "–": "none",
    }
    assert {text: word(text) for text in words} == words
    assert [word(v) for v in (True, False, None, 0.0, 0.25, 1000)] == [
        *("yes", "no", "none", "0", "0.25", "1000")
    ]


def test_two_fields_of_one_name_and_two_choices_of_one_word_are_refused() -> None:
    with gr.Blocks():
        address = Address()
        address.field("a.b", gr.Number(1))
        with pytest.raises(ValueError, match=r"two fields are called a\.b"):
            address.field("a.b", gr.Number(1))
        with pytest.raises(ValueError, match="written alike"):
            address.field("a.c", gr.Radio(["x y", "x-y"]))
        field = replace(address.fields["a.b"], bounds=(0, 1))
        assert field.read("0.5", {}, "") == 0.5
