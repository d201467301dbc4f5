"""The topic on the autoencoder, without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
import torch

from explorer.gui.frame.context import HOME, Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import HOSTED
from explorer.gui.frame.shared import Shared
from explorer.gui.lectures.autoencoder import topic, work
from explorer.gui.lectures.autoencoder.words import again_and_again_words, course, grey_share
from explorer.networks.autoencoder import Autoencoder
from tests.gui.panel import merged, named

CPU = torch.device("cpu")


def training(steps: int = 12, stop_after: int = 10**9) -> list[work.Training]:
    asked = iter(range(10**9))
    return list(
        work.run_training(steps, 7, CPU, lambda: next(asked) >= stop_after - 1, every=1e-6)
    )


def test_unseen_digits_are_not_trained_on() -> None:
    known = work.digits()
    assert known.seen.shape == (4900, 784) and known.unseen.shape == (100, 784)
    distance = torch.cdist(known.unseen, known.seen).min()
    assert distance > 0
    assert torch.equal((known.eps * work.GRAIN).round(), known.eps * work.GRAIN)


def test_training_is_shown_as_it_goes_and_ends_with_weights() -> None:
    found = training(12)
    assert [len(each.losses) for each in found] == [*range(13), 12]
    assert found[0].measured == work.GLANCE and found[-1].measured == work.UNSEEN
    last = found[-1]
    assert not last.running and not any(each.weights for each in found[:-1])
    at = work.FACTORS.index(0.5)
    assert last.noisy_mse[0] == 0 and last.noisy_mse[at] == pytest.approx(0.5**2, rel=0.02)
    assert last.denoised_mse[at] < found[0].denoised_mse[at]
    network = Autoencoder()
    network.load_state_dict(last.weights)
    clean, eps = work.digits().unseen[:8], work.digits().eps[:8]
    with torch.no_grad():
        shown = work.as_bytes(network(clean + 0.5 * eps))
    assert (shown.int() - last.denoised[at].int()).abs().max() <= 1


def test_a_stopped_training_can_be_used() -> None:
    last = training(50, stop_after=3)[-1]
    assert len(last.losses) == 3 and last.weights


def test_both_start_from_the_same_noise() -> None:
    weights = {k: v.half() for k, v in Autoencoder().state_dict().items()}
    path = HOME / "checkpoints" / "mnist.safetensors"
    *_, walk = work.run_from_noise(weights, 3, path, CPU, lambda: False, steps=5)
    eps = walk.diffusion[0].float() / 127.5 - 1  # clamped to what can be shown
    inner = (walk.diffusion[0] > 0) & (walk.diffusion[0] < 255)
    expected = (0.5 * eps * 255).clamp(0, 255)
    assert (walk.autoencoder[0].float() - expected)[inner].abs().max() <= 1.01
    assert walk.times == (1000, 800, 600, 400, 200, 0) and not walk.running
    assert walk.diffusion.shape == walk.autoencoder.shape == (6, 4, 28, 28)


def test_without_a_diffusion_model_there_is_one_block() -> None:
    weights = {k: v.half() for k, v in Autoencoder().state_dict().items()}
    (walk,) = work.run_from_noise(weights, 3, None, CPU, lambda: False)
    assert len(topic.blocks_of(walk)) == 1


def test_stored_is_small_and_whole(tmp_path: Path) -> None:
    assert work.STORED.stat().st_size < 100_000
    training, walk = work.read()
    at = work.FACTORS.index(0.5)
    assert training.denoised_mse[at] < training.noisy_mse[at] / 3
    assert training.denoised_mse[0] > training.noisy_mse[0]
    assert len(topic.blocks_of(walk)) == 2
    work.write(training, walk, tmp_path / "again.npz")
    again, _ = work.read(tmp_path / "again.npz")
    assert again.losses == training.losses and torch.equal(again.denoised, training.denoised)


PROSE = Path(topic.__file__).with_name("prose.md").read_text(encoding="utf-8")


def test_the_prose_says_of_the_stored_ones_what_their_numbers_say() -> None:
    training, walk = work.read()
    assert "the stored autoencoder (400 steps)" in PROSE and training.steps == 400
    at, errors = work.FACTORS.index(0.5), training.denoised_mse
    assert "With more noise its error grows" in PROSE and "with less it hardly falls" in PROSE
    assert list(errors[at:]) == sorted(errors[at:]) and errors[-1] > 3 * errors[at]
    assert min(errors[:at]) > 0.85 * errors[at]
    assert "a digit without noise comes back worse" in PROSE
    assert training.noisy_mse[0] == 0 < errors[0]
    assert "with less than half of a digit's ink" in PROSE
    digits = (255 * work.digits().unseen).round()
    ink = digits.mean().item()
    assert walk.autoencoder[1].float().mean() < ink / 2 < walk.diffusion[-1].float().mean()
    brightness = [pictures.float().mean() for pictures in walk.autoencoder[1:]]
    assert brightness == sorted(brightness)
    assert "after five times to more than twice a digit's ink" in PROSE
    assert len(brightness) == 5 and brightness[-1] > 2 * ink
    assert grey_share(walk.diffusion[-1]) < 1.2 * grey_share(digits)


def test_what_is_said_of_its_own_output_is_made_of_the_images() -> None:
    assert course([1, 2, 3]) == "rises with every pass"
    assert course([3, 2, 2, 1]) == "falls with every pass"
    assert course([1, 3, 2]) == "first rises, then falls"
    assert course([3, 1, 2]) == "first falls, then rises"
    assert course([0.14, 1.0, 0.2, 0.74, 0.25]) == "oscillates: it turns 3 times"
    assert course([1, 1]) == "stays the same"
    images = torch.zeros(4, 4, 28, 28, dtype=torch.uint8)
    images[1], images[2, :, :14], images[3] = 100, 255, 51
    said = again_and_again_words(work.FromNoise(7, images))
    assert "of the 4 images after pass 1 to 3, of 255: 100.0, 127.5, 51.0. It first rises" in said
    assert "grey pixels: 1.00, 0.00, 1.00. It first falls, then rises." in said
    assert again_and_again_words(work.FromNoise(7, images[:1])) == ""


def test_the_stored_one_does_not_oscillate() -> None:
    _, walk = work.read()
    said = again_and_again_words(walk)
    inks = [f"{images.float().mean():.1f}" for images in walk.autoencoder[1:]]
    assert f"{', '.join(inks)}. It rises with every pass" in said and "oscillates" not in said


def test_after_50_steps_it_gives_the_mean_digit() -> None:
    assert "after 50 steps it gives little more than the mean digit" in PROSE
    last = training(50)[-1]
    apart = (last.denoised.float() / 255 - work.digits().seen.mean(0)).square().mean().item()
    assert apart < 0.15 * last.denoised_mse[0]
    assert max(last.denoised_mse) < 1.15 * min(last.denoised_mse)  # “whatever it gets”


def test_the_state_says_where_the_error_is_least() -> None:
    stored, _ = work.read()
    least = work.FACTORS[stored.denoised_mse.index(min(stored.denoised_mse))]
    assert topic.status(stored).endswith(f", least at {least:g}")
    assert "least" not in topic.status(training(1)[0])  # before the first step


@pytest.fixture(scope="module")
def handlers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    context = Context(Device(CPU), HOSTED, checkpoints=tmp_path_factory.mktemp("empty"))
    with gr.Blocks() as demo:
        topic.build(context, Shared(None, None))
    return {fn.name: fn.fn for fn in demo.fns.values()}


def answers(handlers: dict[str, Any], name: str, *values: Any) -> Iterator[dict[str, Any]]:
    """What a handler answers, by the ids without "autoencoder-"."""
    for answer in named(handlers[name](REQUEST, *values)):
        yield {name.removeprefix("autoencoder-"): value for name, value in answer.items()}


def test_who_stops_the_training_keeps_the_pictures(handlers: dict[str, Any]) -> None:
    running = answers(handlers, "begin", 600, 7)
    next(running), next(running)
    handlers["ask_to_stop"](REQUEST)
    last = merged(running)
    assert "State" in last and "walks" not in last
    assert last["run"].interactive and not last["stop"].interactive


REQUEST = SimpleNamespace(session_hash="one")


def test_a_visitors_training(handlers: dict[str, Any]) -> None:
    first, *rest = answers(handlers, "begin", 50, 7)
    last = merged(rest)
    weights = last["State"]
    assert set(weights) == set(Autoencoder().state_dict())
    assert last["run"].interactive and not last["stop"].interactive and first["stop"].interactive
    walked = merged(answers(handlers, "new_noise", weights, 8))
    assert "walks" in walked and walked["noise-run"].interactive


@pytest.mark.parametrize(
    "steps, seed, said",
    [(10**6, 7, "Steps"), (51.5, 7, "Steps"), (None, 7, "Steps"), (50, -1, "Seed")],
)
def test_bad_input_is_one_sentence(
    handlers: dict[str, Any], steps: Any, seed: Any, said: str
) -> None:
    (answer,) = answers(handlers, "begin", steps, seed)
    assert said in answer["trouble"] and "State" not in answer and answer["run"].interactive


def test_the_stored_network_is_not_there(handlers: dict[str, Any]) -> None:
    (answer,) = answers(handlers, "new_noise", None, 7)
    assert "Train the autoencoder first" in answer["trouble"]
