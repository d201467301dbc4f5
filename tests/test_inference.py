"""What a network becomes for sampling, on a CPU and on CUDA."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from explorer import inference
from explorer.checkpoints import CheckpointError, load, save
from explorer.inference import (
    MOST_GRAPHS,
    MOST_SHARED,
    WARM_UP,
    Graphs,
    RecordingFailed,
    prepare,
    shared,
    shared_classifier,
)
from explorer.networks import UNet, UNetConfig
from explorer.networks.recorder import Pool
from explorer.race import ddim, pictures

MNIST = Path(__file__).parents[1] / "checkpoints" / "mnist.safetensors"

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


def network() -> nn.Module:
    """The shipped one, 10 classes."""
    return load(MNIST)[0].network


def arguments(batch: int, device: str = "cpu", seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, 1, 28, 28, generator=g)
    t = torch.randint(1, 1001, (batch,), generator=g)
    label = torch.randint(-1, 10, (batch,), generator=g)
    return x.to(device), t.to(device), label.to(device)


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_elsewhere_float32_is_the_network_itself(device: str) -> None:
    made = nn.Identity()
    assert prepare(made, device) is made


def test_unknown_precisions_are_refused() -> None:
    with pytest.raises(ValueError, match="float64.*there are: float32, bfloat16"):
        prepare(nn.Identity(), "cpu", "float64")


@torch.inference_mode()
def test_bfloat16_is_near_float32_and_comes_out_as_float32() -> None:
    exact, given = network(), arguments(4)
    coarse = prepare(exact, "cpu", "bfloat16")
    for asked in (given, given[:2]):
        a, b = exact(*asked), coarse(*asked)
        assert b.dtype == torch.float32 and not torch.equal(a, b)
        assert (a - b).abs().mean() < 0.01 and (a - b).abs().max() < 0.15
    assert not torch.is_autocast_enabled("cpu")


def test_bfloat16_sees_weights_that_change_in_place() -> None:
    layer = nn.Linear(3, 3)
    called, x = prepare(layer, "cpu", "bfloat16"), torch.randn(2, 3)
    before = called(x)
    with torch.no_grad():
        layer.weight.zero_()
    assert not torch.equal(called(x), before)
    assert torch.equal(called(x), layer.bias.bfloat16().float().expand(2, 3))


# ---- without a GPU, by a stand-in for the graph ----------------------------------------------


class FakeRecorded:
    made: list[tuple[int, ...]]
    """The shapes that were asked for, in order."""

    def __init__(
        self, network: Callable[..., Tensor], device: torch.device, _: int, pool: Pool
    ) -> None:
        self.network, self.device, self.pool, self.shape = network, device, pool, None

    def __call__(self, *arguments: Tensor) -> Tensor:
        if self.shape is None:
            self.shape = tuple(arguments[0].shape)
            self.made.append(self.shape)
        assert self.shape == arguments[0].shape and self.device == arguments[0].device
        return self.network(*arguments)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    FakeRecorded.made = []
    monkeypatch.setattr(inference, "Recorded", FakeRecorded)
    return FakeRecorded.made


def test_on_cuda_the_network_is_recorded() -> None:
    made = prepare(nn.Identity(), "cuda:1")
    assert isinstance(made, Graphs) and isinstance(prepare(made, "cuda", "bfloat16"), Graphs)


@pytest.mark.parametrize("exact", [True, False])
def test_float32_is_exact_on_cuda_where_that_is_asked(
    exact: bool, made: list[tuple[int, ...]]
) -> None:
    seen: list[str] = []

    def network(x: Tensor, t: Tensor) -> Tensor:
        seen.append(torch.backends.cudnn.conv.fp32_precision)
        return x

    called = prepare(network, "cuda", exact=exact)
    called(torch.zeros(1, 1), torch.zeros(1, dtype=torch.long))
    assert seen == ["ieee" if exact else "tf32"]
    assert torch.backends.cudnn.conv.fp32_precision == "tf32"
    assert prepare(network, "cpu", exact=exact) is network


@pytest.mark.parametrize("precision", inference.PRECISIONS)
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_what_is_called_says_where_its_weights_are(device: str, precision: str) -> None:
    assert prepare(network(), device, precision).device == torch.device("cpu")


def test_a_graph_for_each_shape_with_and_without_label(made: list[tuple[int, ...]]) -> None:
    exact = network()
    graphs = Graphs(exact)
    for asked in (arguments(2), arguments(2)[:2], arguments(3), arguments(2, seed=1)):
        assert torch.equal(graphs(*asked), exact(*asked))
    assert [shape[0] for shape in made] == [2, 2, 3]
    x, t, label = arguments(2)
    assert torch.equal(graphs(x, 5, label), exact(x, torch.tensor([5, 5]), label))
    assert len(made) == 3  # an int is a time as well


def test_all_graphs_of_a_device_share_one_pool(made: list[tuple[int, ...]]) -> None:
    every = [Graphs(lambda x, t: x) for _ in range(2)]
    for graphs in every:
        for batch in (1, 2):
            graphs(torch.zeros(batch, 1), torch.zeros(batch, dtype=torch.long))
    pools = [recorded.pool for graphs in every for recorded in graphs.recorded.values()]
    assert len(pools) == 4 and len(set(map(id, pools))) == 1
    assert inference.shared_pool(torch.device("cuda", 1)) is not pools[0]


def test_the_graphs_that_were_not_used_for_longest_are_given_up(made: list) -> None:
    graphs = Graphs(lambda x, t: x)

    def call(*batches: int) -> None:
        for batch in batches:
            graphs(torch.zeros(batch, 1), torch.zeros(batch, dtype=torch.long))

    first = list(range(1, MOST_GRAPHS + 1))
    call(*first, *first)
    assert [shape[0] for shape in made] == first
    call(1, 9)  # 2 goes
    assert len(graphs.recorded) == MOST_GRAPHS
    call(1, *first[2:], 9)
    assert [shape[0] for shape in made] == [*first, 9]
    call(2)
    assert [shape[0] for shape in made] == [*first, 9, 2]


def test_when_recording_fails_it_goes_on_without_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Tensor) -> Tensor:
        raise RecordingFailed("no reason")

    monkeypatch.setattr(inference, "Recorded", lambda *_, pool: fail)
    graphs = Graphs(lambda x, t: 2 * x)
    with caplog.at_level(logging.WARNING):
        for batch in (2, 2, 3):
            assert torch.equal(graphs(torch.ones(batch, 1), 5), torch.full((batch, 1), 2.0))
    assert [record.getMessage() for record in caplog.records] == [
        "no CUDA graph, sampling is slower: no reason"
    ]


def test_errors_of_the_network_are_not_swallowed(made: list) -> None:
    with pytest.raises(ValueError, match="without classes"):
        Graphs(UNet(UNetConfig(width=16)))(torch.zeros(1, 1, 8, 8), 5, torch.zeros(1).long())


def test_the_network_looks_at_no_value_on_the_device() -> None:
    """Fake tensors have shapes and a device, and refuse to be looked at."""
    gpu = torch.device("cuda", 0)
    with FakeTensorMode(), torch.device(gpu):
        try:
            fake = UNet(UNetConfig(classes=10, width=16, patch=2)).eval()
            x, t = torch.empty(2, 1, 28, 28), torch.empty(2, dtype=torch.long)
            for given in ((x, t), (x, t, torch.empty(2, dtype=torch.long))):
                assert fake(*given).shape == x.shape
        except torch.AcceleratorError:
            pytest.skip("the fake tensors of this PyTorch ask for a driver")


# ---- on a GPU ---------------------------------------------------------------------------------


@needs_cuda
@torch.inference_mode()
def test_graphs_compute_what_the_network_does() -> None:
    """Two shapes in turns, and new values each time."""
    exact = network().to("cuda")
    graphs = prepare(exact, "cuda")
    for i in range(WARM_UP + 3):
        for asked in (arguments(4, "cuda", i), arguments(3, "cuda", i)[:2]):
            found = graphs(*asked)
            torch.testing.assert_close(found, exact(*asked), rtol=0, atol=1e-5)
    assert all(recorded.graph is not None for recorded in graphs.recorded.values())
    kept = found.clone()
    graphs(*arguments(3, "cuda", 99)[:2])
    assert torch.equal(found, kept), "an output belongs to whoever asked"


@needs_cuda
def test_graphs_are_called_in_and_outside_of_inference_mode() -> None:
    exact, given = network().to("cuda"), arguments(2, "cuda")
    graphs = prepare(exact, "cuda")
    for mode in (True, False) * WARM_UP:
        with torch.inference_mode(mode):
            torch.testing.assert_close(graphs(*given), exact(*given), rtol=0, atol=1e-5)


@needs_cuda
@pytest.mark.parametrize("precision", inference.PRECISIONS)
@torch.inference_mode()
def test_graphs_see_weights_that_change_in_place(precision: str) -> None:
    exact, given = network().to("cuda"), arguments(2, "cuda")
    graphs = prepare(exact, "cuda", precision)
    for _ in range(WARM_UP + 2):
        before = graphs(*given)
    exact.head.weight.mul_(2)
    exact.head.bias.mul_(2)
    torch.testing.assert_close(graphs(*given), 2 * before, rtol=1e-2, atol=1e-2)


@needs_cuda
def test_what_cannot_be_recorded_is_called_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    graphs = Graphs(lambda x, t: x * x.sum().item())
    x = torch.ones(2, 1, device="cuda")
    for _ in range(WARM_UP + 2):
        assert torch.equal(graphs(x, 5), 2 * x)
    assert not graphs.works and "no CUDA graph" in caplog.text


@needs_cuda
def test_pictures_by_graphs_are_those_without() -> None:
    denoiser, spec = load(MNIST, "cuda")
    options = {"seed": 3, "labels": [1, 2, 3], "device": "cuda"}
    eager = pictures(denoiser, ddim(spec.T, 50), (1, 28, 28), **options)
    object.__setattr__(denoiser, "network", prepare(denoiser.network, "cuda"))
    graphed = pictures(denoiser, ddim(spec.T, 50), (1, 28, 28), **options)
    torch.testing.assert_close(graphed, eager, rtol=0, atol=1e-2)


# ---- loaded once for all ---------------------------------------------------------------------


def copied(folder: Path, name: str = "a") -> Path:
    return Path(shutil.copy(MNIST, folder / f"{name}.safetensors"))


def test_a_model_is_read_once_and_frozen(tmp_path: Path) -> None:
    path = copied(tmp_path)
    (one, spec), (other, _) = shared(path), shared(str(path), torch.device("cpu"))
    assert one is other and spec.T == 1000
    assert not one.network.training
    assert not any(weight.requires_grad for weight in one.network.parameters())
    assert not any(weight.is_inference() for weight in one.network.parameters())


@torch.inference_mode()
def test_who_asks_first_does_not_decide_what_others_can_do(tmp_path: Path) -> None:
    denoiser, _ = shared(copied(tmp_path))
    assert not any(weight.is_inference() for weight in denoiser.network.parameters())


def test_a_file_that_is_replaced_is_read_anew(tmp_path: Path) -> None:
    path = copied(tmp_path)
    before, spec = shared(path)
    weights = {name: value + 1 for name, value in before.network.state_dict().items()}
    save(path, weights, spec)
    after, _ = shared(path)
    first = next(iter(weights))
    assert torch.equal(after.network.state_dict()[first], weights[first])
    assert not torch.equal(before.network.state_dict()[first], weights[first])
    path.unlink()
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        shared(path)


def test_only_a_few_are_kept(tmp_path: Path) -> None:
    paths = [copied(tmp_path, str(i)) for i in range(MOST_SHARED + 1)]
    kept = [shared(path)[0] for path in paths]
    assert all(shared(path)[0] is model for path, model in zip(paths[1:], kept[1:], strict=True))
    assert shared(paths[0])[0] is not kept[0]


def test_threads_get_the_same_pictures_from_one_model(tmp_path: Path) -> None:
    path, lane = copied(tmp_path), ddim(1000, 3)
    alone = pictures(load(path)[0], lane, (1, 28, 28), seed=1, n=2)
    with ThreadPoolExecutor(4) as pool:
        made = pool.map(
            lambda _: pictures(shared(path)[0], lane, (1, 28, 28), seed=1, n=2), range(8)
        )
    assert all(torch.equal(x, alone) for x in made)


def test_a_classifier_is_shared_too_and_no_model() -> None:
    (path, *_) = sorted(MNIST.parent.glob("classifiers/*.safetensors"))
    assert shared_classifier(path)[0] is shared_classifier(path)[0]
    with pytest.raises(CheckpointError, match="is a classifier"):
        shared(path)
    with pytest.raises(CheckpointError, match="is a model"):
        shared_classifier(MNIST)
