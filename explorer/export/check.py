"""A race as JSON that anyone may have written: every field is checked before it is believed."""

from __future__ import annotations

from reprlib import repr as short
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from explorer.checkpoints import MAX_T
from explorer.data.images import SIZES
from explorer.diffusion import SAMPLERS
from explorer.files import validated
from explorer.race.breaks import BREAKS, current_name
from explorer.race.view import LaneView, RaceView
from explorer.text import LONGEST_NAME, is_text

MAX_PICTURES, MAX_LANES = 16, 4
MAX_FRAMES = 256
"""Of a lane; a race keeps about 120."""


def _plain(value: str) -> str:
    if not is_text(value):
        raise ValueError("holds characters that are not text")
    return value


def _one_of(choices: Any) -> AfterValidator:
    def check(value: str) -> str:
        if value not in choices:
            raise ValueError(f"is none of {', '.join(choices)}")
        return value

    return AfterValidator(check)


Plain = AfterValidator(_plain)
Break = Annotated[str, AfterValidator(current_name), _one_of(BREAKS)]
Time = Annotated[int, Field(ge=0, le=MAX_T)]
Weight = Annotated[float, Field(ge=-1e6, le=1e6)]
Frames = Field(max_length=MAX_FRAMES)


class Checked(BaseModel):
    """No entry more, none of another type, no number that is none."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class LaneSettings(Checked):
    """Of `explorer.race.lane_from`: the sampler and those of the registry's options it has."""

    model_config = ConfigDict(extra="allow")

    sampler: Annotated[str, _one_of(SAMPLERS)]
    breaks: Annotated[list[Break], Field(max_length=len(BREAKS))] = []
    clamp: bool = False
    """How earlier versions say the break "x_s clamped"."""

    @model_validator(mode="after")
    def _options(self) -> LaneSettings:
        sampler = SAMPLERS[self.sampler]
        for name in self.model_extra or {}:
            if name not in sampler.options:
                raise ValueError(f"a lane of {sampler.title} has an unknown entry {short(name)}")
        if sampler.strided and "steps" not in (self.model_extra or {}):
            raise ValueError(f"a lane of {sampler.title} has no 'steps'")
        for name, value in sampler.settings(MAX_T, **(self.model_extra or {})).items():
            given = (self.model_extra or {}).get(name, value)
            if sampler.options[name].whole and type(given) is not int:
                raise ValueError(f"{name} = {short(given)} should be a whole number")
        return self


class Settings(Checked):
    """All it takes to repeat a race."""

    model: Annotated[str, Field(max_length=200), Plain]
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)]
    labels: list[Annotated[int, Field(ge=-1, le=100_000)]] | None
    pictures: Annotated[int, Field(ge=1, le=MAX_PICTURES)]
    guidance: Annotated[float, Field(ge=0, le=1000)]
    classifier_scale: Annotated[float, Field(ge=0, le=1000)] = 0.0
    """Older races do not say it: no classifier."""
    lanes: Annotated[list[LaneSettings], Field(min_length=1, max_length=MAX_LANES)]

    @model_validator(mode="after")
    def _labels(self) -> Settings:
        if self.labels is not None and len(self.labels) != self.pictures:
            raise ValueError(f"labels should be a list of {self.pictures}, one for each image")
        return self


class StoredLane(Checked):
    """`LaneView` without its sheets; what is optional, older versions do not know."""

    name: Annotated[str, Field(max_length=200), Plain]
    kind: Annotated[str, _one_of(SAMPLERS)]
    evaluations: Annotated[int, Field(ge=0, le=2 * MAX_T)]
    stochastic: bool
    wide: bool = False
    corrected: bool = False
    clipped: bool | None = None
    times: Annotated[list[Time], Frames]
    steps: Annotated[list[Annotated[list[Time], Field(min_length=2, max_length=2)]], Frames]
    coefficients: Annotated[
        list[Annotated[list[Weight], Field(min_length=5, max_length=6)]], Frames
    ]
    evaluated: Annotated[list[Annotated[int, Field(ge=0, le=2 * MAX_T)]], Frames]
    seconds: Annotated[list[Annotated[float, Field(ge=0, le=1e9)]], Frames]
    counts: Annotated[list[Annotated[int, Field(ge=1, le=MAX_FRAMES)]], Frames]

    @model_validator(mode="after")
    def _belong_together(self) -> StoredLane:
        if self.corrected != (SAMPLERS[self.kind].correction is not None):
            raise ValueError(f"a lane of {SAMPLERS[self.kind].title} is corrected or it is not")
        if self.corrected and not self.wide:
            raise ValueError("a corrected lane has wide frames")
        if any(s >= t for t, s in zip(self.times, self.times[1:], strict=False)):
            raise ValueError("the times of a lane do not decrease strictly")
        for name in ("steps", "coefficients", "evaluated", "seconds"):
            if len(getattr(self, name)) != len(self.times):
                raise ValueError(f"{name} should be a list of {len(self.times)}, like the times")
        if any(len(row) != 5 + self.corrected for row in self.coefficients):
            raise ValueError(f"a row of coefficients should have {5 + self.corrected} of them")
        if sum(self.counts) != len(self.times):
            raise ValueError(
                f"a lane's sheets count {sum(self.counts)} frames, but it has {len(self.times)}"
            )
        return self


class StoredRace(Checked):
    """`RaceView` without its id, which is a visit's own."""

    T: Annotated[int, Field(ge=1, le=MAX_T)]
    pictures: Annotated[int, Field(ge=1, le=MAX_PICTURES)]
    size: Annotated[int, Field(ge=SIZES[0], le=SIZES[-1])]
    channels: Literal[1, 3]
    title: Annotated[str, Field(max_length=400), Plain]
    settings: Settings | None
    classes: Annotated[
        list[Annotated[str, Field(max_length=LONGEST_NAME), Plain]],
        Field(max_length=MAX_PICTURES),
    ] = []
    lanes: Annotated[list[StoredLane], Field(min_length=1, max_length=MAX_LANES)]

    @model_validator(mode="after")
    def _belong_together(self) -> StoredRace:
        if any(t > self.T for lane in self.lanes for t in lane.times[:1]):
            raise ValueError(f"a lane begins above T = {self.T}")
        if any(max(step) > self.T for lane in self.lanes for step in lane.steps):
            raise ValueError(f"a step of a lane lies above T = {self.T}")
        if not any(lane.times for lane in self.lanes):
            raise ValueError("it has no frames")
        if self.settings and self.settings.pictures != self.pictures:
            raise ValueError("its settings give another number of images")
        if self.classes and len(self.classes) != self.pictures:
            raise ValueError("its classes are those of another number of images")
        return self


def described(view: RaceView) -> dict[str, Any]:
    """What `race_from` accepts again; neither its sheets nor its id, which is a visit's own.

    What is as older versions knew it is left out.
    """
    lanes = [
        {
            name: getattr(lane, name)
            for name, field in StoredLane.model_fields.items()
            if field.is_required() or getattr(lane, name) != field.default
        }
        for lane in view.lanes
    ]
    race = {name: getattr(view, name) for name in StoredRace.model_fields} | {"lanes": lanes}
    return race if race["classes"] else {k: v for k, v in race.items() if k != "classes"}


def race_from(stored: Any) -> RaceView:
    """The race that `described` gives, without sheets; ValueError says which field is wrong."""
    settings = stored.get("settings") if isinstance(stored, dict) else None
    race = validated(
        StoredRace, stored | {"settings": None} if settings == {} else stored, "the race"
    )
    if settings:
        check_settings(settings, race.T)
    fields = {name: getattr(race, name) for name in StoredRace.model_fields}
    lanes = [LaneView(**lane) for lane in stored["lanes"]]  # as they are, to the last digit
    return RaceView(**fields | {"lanes": lanes, "settings": settings})


def check_settings(settings: Any, T: int = MAX_T) -> dict[str, Any]:
    """The settings of a race as they are, see `Settings`; ValueError for anything else.

    T : the model's steps, which no lane may exceed.
    """
    for lane in validated(Settings, settings, "settings").lanes:
        steps = (lane.model_extra or {}).get("steps", 1)
        if steps > T:
            raise ValueError(f"steps = {steps} are more than T = {T}")
    checked: dict[str, Any] = settings
    return checked
