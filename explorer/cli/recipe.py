"""What a run is asked to do: the flags of `train`, from the dataclasses that describe a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, make_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from tyro.conf import UseAppendAction, arg
from tyro.extras import literal_type_from_choices

from explorer.cli.words import UsageError, fields_as_flags, flags_of, read_words, suggestion, unset
from explorer.diffusion.names import CLASS
from explorer.lectures import LECTURES
from explorer.optimisers import OPTIMISERS
from explorer.settings.networks import CHOICES, CONFIGS
from explorer.settings.training import CLASSIFIER, DEFAULT_PRESET, WORDS, TrainConfig

MINUTES = 5.0
"""The budget of a run that is asked for none."""
SIZE = 28
OTHERWISE = ("conditional", "schedule_options", "network", "network_options", "seconds")
"""Fields of `TrainConfig` that are said in another way: see `Train`."""
GIVEN = ("channels", "classes", "T")
"""Of a network, what the images and the schedule say."""
NOT_OF_A_RUN = ("config", "print_config")


def _network_flags() -> list[tuple[str, Any, Any]]:
    found: dict[str, tuple[str, Any, Any]] = {}
    for kind in CONFIGS.values():
        for flag in fields_as_flags(kind, without=GIVEN, optional=True):
            found.setdefault(flag[0], flag)
    return list(found.values())


RunFlags = make_dataclass(
    "RunFlags", fields_as_flags(TrainConfig, without=OTHERWISE, choices=dict(WORDS)), frozen=True
)
"""Of `TrainConfig` what is said under its own name."""
NetworkFlags = make_dataclass("NetworkFlags", _network_flags(), frozen=True)
"""Of the networks what may differ from the one that is chosen by name."""


if TYPE_CHECKING:
    NetworkName: TypeAlias = str
    OptimiserName: TypeAlias = str
    LectureName: TypeAlias = str
else:
    NetworkName = literal_type_from_choices(list(CHOICES))
    OptimiserName = literal_type_from_choices(list(OPTIMISERS))
    LectureName = literal_type_from_choices(list(LECTURES))


@dataclass(frozen=True)
class Train:
    """Train a model. Flags override --config, which overrides --lecture and --optimiser."""

    out: Annotated[Path | None, unset("FILE")] = None
    """Where the model is written, FILE.safetensors; its run's state and metrics lie beside it."""
    run: Annotated[Any, arg(name="", constructor=RunFlags)] = field(
        default_factory=lambda: RunFlags(size=SIZE)
    )
    minutes: Annotated[float | None, unset("FLOAT")] = None
    """Budget in time; 5 minutes without --steps."""
    network: NetworkName = DEFAULT_PRESET
    """The network's size, or a lecture's network."""
    option: Annotated[UseAppendAction[tuple[str, ...]], arg(metavar="NAME=NUMBER")] = ()
    """An option of the schedule, for example beta_end=0.01."""
    unconditional: bool = False
    """Train without classes."""
    optimiser: OptimiserName = "AdamW"
    """AdamW uses warm-up, weight decay and a falling learning rate; Adam does not."""
    lecture: Annotated[LectureName | None, unset("{" + ",".join(LECTURES) + "}")] = None
    """Data, schedule, network and optimiser as a lecture has them; flags override it."""
    device: Annotated[str | None, unset("NAME")] = None
    """cpu, cuda, cuda:1 or mps; the fastest there is by default."""
    root: Annotated[Path | None, unset("FOLDER")] = None
    """Folder of the downloaded data sets."""
    resume: bool = False
    """Continue FILE's run where it stopped."""
    overwrite: bool = False
    """Start over if FILE exists: what it has learnt is lost."""
    save_every: Annotated[float | None, unset("SECONDS")] = None
    """Seconds between writes to disk, after the first snapshot; 10, or more if writing is slow."""
    log: Annotated[Literal["tensorboard"] | None, unset("tensorboard")] = None
    """Where else to write the metrics; metrics.jsonl beside the run's state always has them."""
    config: Annotated[Path | None, unset("FILE.yaml")] = None
    """Flags from a file, "learning-rate: 0.001"; those on the command line override it."""
    print_config: bool = False
    """Print all settings in the form that --config reads, and exit."""
    shape: Annotated[Any, arg(name="network", constructor=NetworkFlags)] = field(
        default_factory=NetworkFlags
    )


def read_train(words: Sequence[str], prog: str) -> Train:
    """What `train` is asked to do; UsageError, a sentence, for what cannot be understood."""
    args = read_words(Train, words, prog=prog)
    if args.config:
        words = [*words_of(args.config), *words]
        args = read_words(Train, words, prog=prog)
    if args.lecture or OPTIMISERS[args.optimiser]:  # which brings other defaults
        default = as_in_the_lecture(args, Train())
        optimiser = read_words(Train, words, prog=prog, default=default).optimiser
        default = replace(default, run=replace(default.run, **OPTIMISERS[optimiser]))
        args = read_words(Train, words, prog=prog, default=default)
    return args


def as_in_the_lecture(args: Train, default: Train) -> Train:
    """The defaults for --lecture: its settings, with the images that are at hand."""
    if not args.lecture:
        return default
    from explorer.data import DATASETS
    from explorer.devices import find_device
    from explorer.lectures import adapt

    lecture = LECTURES[args.lecture]
    fast = find_device(args.device).type == "cuda"
    adapted = adapt(lecture, tuple(DATASETS), args.root, fast=fast)
    run = replace(
        default.run,
        data=adapted.data,
        size=adapted.size,
        schedule=lecture.schedule,
        T=lecture.T,
        target="eps",
        batch=lecture.batch,
        learning_rate=lecture.rate,
        ema=0.0,
    )
    return replace(default, run=run, network=adapted.network, unconditional=True, optimiser="Adam")


def make_config(args: Train) -> TrainConfig:
    """What the run is told; ValueError for what cannot be used."""
    minutes = MINUTES if args.run.steps is None and args.minutes is None else args.minutes
    classifies = args.run.target == CLASS
    kind, options = (CLASSIFIER, {}) if classifies else CHOICES[args.network]
    run = {each.name: getattr(args.run, each.name) for each in fields(args.run)}
    return TrainConfig(
        **run | ({"label_dropout": 0.0} if classifies else {}),
        conditional=not args.unconditional,
        schedule_options=dict(map(option, args.option)),
        network=kind,
        network_options={**options, **asked_of(args, kind)},
        seconds=None if minutes is None else 60 * minutes,
    )


def asked_of(args: Train, kind: str) -> dict[str, Any]:
    """What is asked of the network by --network.NAME; ValueError for what it does not have."""
    asked = {each.name: getattr(args.shape, each.name) for each in fields(args.shape)}
    asked = {name: value for name, value in asked.items() if value is not None}
    known = [each.name for each in fields(CONFIGS[kind]) if each.name not in GIVEN]
    for name in asked:
        if name not in known:
            flags = ", ".join(f"--network.{each}" for each in known)
            raise ValueError(
                f"--network.{name} is not for the network {args.network}; it has {flags}"
            )
    return asked


def option(text: str) -> tuple[str, float]:
    """NAME=NUMBER."""
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError as error:
        raise ValueError(f"--option {text}: give it as NAME=NUMBER, for example s=0.01") from error


def words_of(file: Path) -> list[str]:
    """What a file of --config says, as it would be said on the command line.

    UsageError, a sentence, if there is no such file, or if it holds something else.
    """
    import yaml

    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"--config {file}: {' '.join(why.split())}") from error
    if not isinstance(found, dict):
        raise UsageError(f"--config {file}: write settings as NAME: VALUE, one per line")
    flags = [flag.removeprefix("--") for flag in flags_of(Train)]
    switches = {flag.removeprefix("no-") for flag in flags if flag.startswith("no-")}
    others = {"help", *(name.replace("_", "-") for name in NOT_OF_A_RUN)}
    names = [flag for flag in flags if not flag.startswith("no-") and flag not in others]
    words = []
    for key, value in _flat(found):
        if key not in names:
            near = suggestion(key, names)
            raise UsageError(f"--config {file}: there is no setting {key!r}{near}")
        if value is not None and isinstance(value, bool) != (key in switches):
            wanted = "be true or false" if key in switches else "be text: put words in quotes"
            raise UsageError(f"--config {file}: {key} is {value!r} and should {wanted}")
        words += _words(key, value)
    return words


def _flat(found: Mapping[Any, Any], before: str = "") -> list[tuple[str, Any]]:
    """(a flag's name without its dashes, value); a table within a table is "network.width"."""
    pairs = []
    for key, value in found.items():
        name = before + str(key).replace("_", "-")
        pairs += _flat(value, f"{name}.") if isinstance(value, dict) else [(name, value)]
    return pairs


def _words(key: str, value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, bool):
        return [f"--{key}" if value else f"--no-{key}"]
    values = value if isinstance(value, list) else [value]
    if key == "option":
        return [word for each in values for word in ("--option", str(each))]
    return [f"--{key}", *map(str, values)]


def as_yaml(args: Train) -> str:
    """All that is asked for, as --config takes it."""
    import yaml

    pairs: dict[str, Any] = {}

    def note(settings: Any, before: str = "") -> None:
        for each in fields(settings):
            value = getattr(settings, each.name)
            if each.name in NOT_OF_A_RUN or value is None or value == each.default == ():
                continue  # of a network, () is not what it is by default
            if each.name in ("run", "shape"):
                note(value, "network." if each.name == "shape" else "")
            else:
                name = before + each.name.replace("_", "-")
                value = str(value) if isinstance(value, Path) else value
                pairs[name] = list(value) if isinstance(value, tuple) else value

    note(args)
    return str(yaml.safe_dump(pairs, sort_keys=False, allow_unicode=True))
