"""What can be chosen for a run, and what is said before it starts."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.data import DATASETS
from explorer.diffusion import SCHEDULES
from explorer.diffusion.schedule import make_schedule, schedule_options
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import HOSTED, LOCAL
from explorer.gui.train.choices import (
    DEFAULTS,
    LECTURE_PRESETS,
    PRESETS,
    allowed,
    check_run,
    foresee,
    make_config,
    offered_networks,
    preset_note,
    preset_title,
    preset_values,
)
from explorer.gui.train.settings import Settings
from explorer.networks import CHOICES, UNet
from explorer.networks import PRESETS as NETWORKS
from explorer.training import TrainConfig
from tests.gui.small import CPU

LOCALLY = Context(Device(CPU), LOCAL)
HOSTED_CONTEXT = Context(Device(CPU), HOSTED, datasets=("mnist-5k", "emoji"))


def config(context: Context = LOCALLY, options: dict | None = None, **changes: object) -> object:
    return make_config(DEFAULTS | changes, options or {}, context)


def test_the_defaults_are_the_trainers_own() -> None:
    assert config(budget=90) == TrainConfig(seconds=90.0, network_options=NETWORKS["small"])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"data": "nothing"}, "no data set 'nothing'"),
        ({"data": "/etc"}, "no data set '/etc'"),
        ({"data": "x.zip"}, "no data set 'x.zip'"),
        ({"data": "../checkpoints"}, "no data set"),
        ({"data": ["mnist-5k"]}, "no data set"),
        ({"data": None}, "no data set None"),
        ({"schedule": "nothing"}, "no schedule 'nothing'; there are: linear"),
        ({"schedule": ["cosine"]}, "no schedule"),
        ({"schedule": None}, "no schedule None"),
        ({"target": "y"}, "no target 'y'; there are: eps, x0, v"),
        ({"weighting": "heavy"}, "no weighting 'heavy'; there are: simple"),
        ({"network": "huge"}, "no network 'huge'; there are: tiny"),
        ({"network": {"width": 999}}, "no network"),
        ({"optimiser": "SGD"}, "no optimiser 'SGD'; there are: AdamW, Adam"),
        ({"optimiser": None}, "no optimiser None"),
        ({"size": 17}, "Size: 17.*multiple of 4, for example 16"),
        ({"size": 10}, "for example 8"),
        ({"size": 200}, "Size: 200"),
        ({"size": None}, "Size is empty"),
        ({"size": "16"}, "Size: '16'"),
        ({"T": 1}, "T: 1 "),
        ({"T": 10**6}, "T: 1000000"),
        ({"T": 10.5}, "T: 10.5"),
        ({"batch": 0}, "Batch: 0"),
        ({"batch": 10**9}, "Batch: 1000000000"),
        ({"rate": 0}, "Learning rate: 0"),
        ({"rate": 1}, "Learning rate: 1"),
        ({"rate": math.nan}, "Learning rate: nan"),
        ({"rate": None}, "Learning rate is empty"),
        ({"ema": 1}, "EMA: 1"),
        ({"ema": -0.1}, "EMA: -0.1"),
        ({"gamma": 0}, "γ: 0"),
        ({"gamma": math.inf}, "γ: inf"),
        ({"unit": "steps", "budget": 0}, "Steps: 0"),
        ({"unit": "steps", "budget": None}, "Steps is empty"),
        ({"unit": "steps", "budget": 10.5}, "Steps: 10.5"),
        ({"unit": "seconds", "budget": 1}, "Seconds: 1"),
        ({"unit": "seconds", "budget": math.nan}, "Seconds: nan"),
        ({"unit": "hours", "budget": 10**9}, "Seconds: 1000000000"),
        ({"seed": 2**40}, "Seed"),
        ({"seed": -1}, "Seed: -1"),
    ],
)
def test_a_run_that_cannot_be_is_refused_with_a_sentence(changes: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        config(**changes)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_option_of_a_schedule_reaches_the_run(schedule: str) -> None:
    known = schedule_options(schedule)
    assert config(schedule=schedule, options=known).schedule_options == {}
    for name, default in known.items():
        value = default * 1.5
        made = config(schedule=schedule, options=known | {name: value, "foreign": 3.0})
        assert made.schedule_options == {name: value}
        truth = make_schedule(schedule, 1000, **{name: value})
        assert (made.make_schedule().alpha_bar == truth.alpha_bar).all()


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -1, "0.1", [0.1], True, 10**400])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_no_option_takes_what_is_no_number(schedule: str, value: object) -> None:
    refused = [
        name for name, option in SCHEDULES[schedule].options.items() if not option.fits(value)
    ]
    assert refused == list(schedule_options(schedule)) or (schedule, value) == ("sigmoid", -1)
    for name in refused:
        with pytest.raises(ValueError, match=f"{name}"):
            config(schedule=schedule, options={name: value})


def test_options_that_leave_no_signal_are_refused() -> None:
    with pytest.raises(ValueError, match="no signal is left"):
        config(schedule="constant", T=4000, options={"beta": 0.99})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"data": "mnist"}, "mnist-5k, emoji"),
        ({"budget": 3600}, "Seconds: 3600"),
        ({"unit": "steps", "budget": 10**6}, "Steps: 1000000"),
        ({"size": 64}, "Size: 64"),
        ({"batch": 256}, "Batch: 256"),
    ],
)
def test_strangers_get_less(changes: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        config(HOSTED_CONTEXT, **changes)
    config(**changes)


def test_strangers_steps_have_a_time_limit() -> None:
    asked = config(HOSTED_CONTEXT, unit="steps", budget=5000)
    assert (asked.steps, asked.seconds) == (5000, HOSTED.seconds[1])
    assert config(unit="steps", budget=5000).seconds is None


def test_memory_is_limited_by_the_estimate(tmp_path: Path) -> None:
    tight = replace(HOSTED_CONTEXT, limits=replace(HOSTED, memory=1e8))
    check_run(config(tight), tmp_path, tight)
    with pytest.raises(ValueError, match="MB of memory; 100 MB are allowed here: choose smaller"):
        foresee(config(tight, network="base", batch=128, size=32), tmp_path, tight)
    biggest = config(HOSTED_CONTEXT, network="base", batch=128, size=32, data="emoji")
    check_run(biggest, tmp_path, HOSTED_CONTEXT)  # what the other limits allow fits


@pytest.mark.parametrize("name", PRESETS)
def test_presets_can_be_trained_and_are_foreseen_rightly(name: str, tmp_path: Path) -> None:
    made = config(**preset_values(name))
    assert made.advice() == []
    needed = check_run(made, tmp_path, LOCALLY)
    colours, told = (3, 0) if made.data == "emoji" else (1, 10)
    network = UNet(made.make_network_config(colours, told))
    weights = sum(p.numel() for p in network.parameters())
    assert needed.parameters == pytest.approx(weights, rel=0.02)
    assert set(preset_values(name)) == set(DEFAULTS)


def test_presets_are_offered_where_they_can_run() -> None:
    here = [name for name in PRESETS if allowed(name, LOCALLY)]
    assert here[0] == next(iter(PRESETS)) and not any(name.startswith("GPU") for name in here)
    hosted = [name for name in PRESETS if allowed(name, HOSTED_CONTEXT)]
    assert hosted
    for name in hosted:
        config(HOSTED_CONTEXT, **preset_values(name))
    assert preset_values("../x") == DEFAULTS


@pytest.mark.parametrize("name", LECTURE_PRESETS)
def test_lectures_are_presets_at_home_and_fit_when_hosted(name: str, tmp_path: Path) -> None:
    assert allowed(name, LOCALLY) and allowed(name, HOSTED_CONTEXT)
    lecture = LECTURE_PRESETS[name]
    here = replace(LOCALLY, root=tmp_path)
    made = config(here, **preset_values(name, here))
    assert (made.size, made.T, made.schedule) == (lecture.size, lecture.T, lecture.schedule)
    assert (made.batch, made.learning_rate, made.target) == (lecture.batch, lecture.rate, "eps")
    assert (made.weight_decay, made.ema, made.final_rate, made.steps) == (0, 0, 1, 300)
    needed = check_run(made, tmp_path, here)
    assert needed.parameters > 1e5 and preset_note(name, here).startswith("Here: images")
    assert set(preset_values(name, here)) == set(DEFAULTS)
    shared = config(HOSTED_CONTEXT, **preset_values(name, HOSTED_CONTEXT))
    assert check_run(shared, tmp_path, HOSTED_CONTEXT).memory < HOSTED.memory
    assert shared.seconds == HOSTED.seconds[1] and shared.data in ("emoji", "mnist-5k")


def test_the_lectures_own_width_is_refused_when_hosted_naming_what_fits(tmp_path: Path) -> None:
    values = preset_values("Lecture: SciNet 2026", HOSTED_CONTEXT)
    wide = config(HOSTED_CONTEXT, **values | {"network": "naive-512"})
    with pytest.raises(ValueError, match="GB of memory.*choose smaller.*naive-128 fits"):
        check_run(wide, tmp_path, HOSTED_CONTEXT)
    config(LOCALLY, **values | {"network": "naive-512", "size": 64})
    with pytest.raises(ValueError, match="multiples of 32"):
        check_run(config(HOSTED_CONTEXT, **values | {"size": 28}), tmp_path, HOSTED_CONTEXT)
    with pytest.raises(ValueError, match="this network takes no classes"):
        check_run(config(LOCALLY, **values | {"labels": True}), tmp_path, LOCALLY)


def test_networks_too_large_for_a_hosted_run_are_not_offered_and_refused(tmp_path: Path) -> None:
    assert offered_networks(LOCALLY) == list(CHOICES)
    offered = offered_networks(HOSTED_CONTEXT)
    assert set(CHOICES) - set(offered) == {"naive-512", "simple-32", "simple-64"}
    menu = Settings(HOSTED_CONTEXT).controls["network"].choices
    assert [name for _, name in menu] == offered
    for name in CHOICES:
        small = {"network": name, "size": 32, "batch": 2, "labels": False}
        asked = config(HOSTED_CONTEXT, **small)
        if name in offered:
            check_run(asked, tmp_path, HOSTED_CONTEXT)
        else:
            with pytest.raises(
                ValueError, match=r"GB of memory|on the disk .* 470 MB are allowed here: choose"
            ):
                check_run(asked, tmp_path, HOSTED_CONTEXT)
    wide = config(HOSTED_CONTEXT, network="simple-64", size=32, batch=2, labels=False)
    says = (
        r"would store 2\.2 GB on the disk .* 470 MB are allowed here: choose a smaller"
        r".*simple-16 fits"
    )
    with pytest.raises(ValueError, match=says):
        check_run(wide, tmp_path, HOSTED_CONTEXT)


def test_what_is_foreseen(tmp_path: Path) -> None:
    context = replace(LOCALLY, device=Device(CPU))
    asked = config(context, unit="steps", budget=1000)
    assert "speed measured in the first seconds" in foresee(asked, tmp_path, context)
    needed = check_run(asked, tmp_path, context)
    context.device.speed = needed.flops * 10  # ten steps a second
    text = foresee(asked, tmp_path, context)
    assert f"**{needed.parameters / 1e6:.1f} M weights**" in text
    assert f"{needed.memory / 1e6:.0f} MB of memory" in text
    assert "about 2 minutes for 1,000 steps" in text and "⚠" not in text
    assert "about 900 steps in 90 seconds" in foresee(config(context), tmp_path, context)
    assert "about 36,000 steps in 1 hour" in foresee(
        config(context, budget=3600), tmp_path, context
    )
    bigger = [foresee(config(context, network=name), tmp_path, context) for name in NETWORKS]
    assert len(set(bigger)) == len(NETWORKS)


def test_strangers_are_told_that_their_steps_will_not_be_reached(tmp_path: Path) -> None:
    context = replace(HOSTED_CONTEXT, device=Device(CPU))
    asked = config(context, unit="steps", budget=5000)
    context.device.speed = check_run(asked, tmp_path, context).flops * 10
    assert "ends after 100 seconds, about 1,000 steps" in foresee(asked, tmp_path, context)


def test_advice_is_given_before_the_start(tmp_path: Path) -> None:
    def advice(**changes: object) -> str:
        return foresee(config(**changes), tmp_path, LOCALLY).partition("⚠")[2]

    assert "Weighting 'bound' with target 'eps'" in advice(target="eps", weighting="bound")
    assert "pure noise" in advice(target="eps")
    assert "still leaves" in advice(schedule="linear", T=100)
    assert advice(target="eps", schedule="linear") == ""
    assert foresee(config(target="eps", weighting="bound"), tmp_path, LOCALLY).count("⚠") == 2


@pytest.mark.parametrize("name", [*PRESETS, *LECTURE_PRESETS])
def test_a_preset_that_downloads_says_so_in_the_menu(name: str) -> None:
    bundled = DATASETS[preset_values(name, LOCALLY)["data"]].bundled
    title = preset_title(name, LOCALLY)
    assert title.startswith(name) and ("(downloads " in title) == (not bundled)
    menu = Settings(LOCALLY).preset
    if allowed(name, LOCALLY):
        assert (title, name) in menu.choices


def test_the_clothes_are_marked() -> None:
    assert preset_title("Clothes 28×28 · 10 minutes", LOCALLY).endswith("(downloads 31 MB once)")
