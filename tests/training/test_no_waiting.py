"""On a GPU the step is recorded as a graph: nothing in it may look at a value on the device.

No GPU is needed: fake tensors have shapes and a device, and refuse to be looked at.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from explorer.data import load
from explorer.training import Run, TrainConfig
from explorer.training.loop import train_step
from tests.networks.test_lecture import KINDS, SIDES

GPU = torch.device("cuda", 0)


class Generator:
    """A CUDA generator cannot be made without a GPU; the fake draws do not need one."""

    device = GPU


class FakeOptimizer:
    """The fused kernel asks for a real GPU too; PyTorch promises that it can be captured."""

    found_inf: Tensor

    def zero_grad(self) -> None:
        pass

    def step(self) -> None:
        assert self.found_inf.device == GPU and self.found_inf.shape == ()


def drawn(*arguments: Any, generator: Generator, device: torch.device) -> Tensor:
    """In place of randint, randn and rand, whose last argument is the shape."""
    shape = arguments[-1] if isinstance(arguments[-1], tuple) else (arguments[-1],)
    kind = torch.int64 if len(arguments) > 1 else torch.float32
    return torch.empty(shape, dtype=kind, device=device)


def fake_backward(run: Run) -> Any:
    """Autograd's engine asks for a real GPU: it is left out, its gradients are there at once."""

    def backward(loss: Tensor) -> None:
        assert loss.shape == () and loss.device == GPU and loss.requires_grad
        for parameter in run.network.parameters():
            parameter.grad = torch.empty_like(parameter)

    return backward


def on_gpu(network: nn.Module) -> nn.Module:
    """The network with fake weights, and what its layers count."""
    for module in network.modules():
        for name, count in module.named_buffers(recurse=False):
            setattr(module, name, torch.empty_like(count, device=GPU))
        for name, weight in module.named_parameters(recurse=False):
            fake = torch.empty(weight.shape, device=GPU)
            setattr(module, name, nn.Parameter(fake, requires_grad=weight.requires_grad))
    return network


@pytest.fixture
def network() -> str:
    """What the run trains."""
    return "unet"


@pytest.fixture
def run(network: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A run whose tensors are fake and on a GPU."""
    size, told = (16, True) if network == "unet" else (SIDES[network], False)
    config = TrainConfig(
        size=size, steps=10, network=network, network_options={"width": 16}, flips=True,
        conditional=told,
    )  # fmt: skip
    run = Run(config, load("mnist-5k", size=size))
    with FakeTensorMode(allow_non_fake_inputs=True):
        run.network = run.model = on_gpu(run.network)
        run.ema = on_gpu(run.ema)
        for name in ("images", "labels", "weights", "rate", "decay", "sound"):
            if (value := getattr(run, name)) is not None:
                setattr(run, name, torch.empty_like(value, device=GPU))
        run.optimizer = FakeOptimizer()
        run.device, run.generator = GPU, Generator()
        for name in ("randint", "randn", "rand"):
            monkeypatch.setattr(torch, name, drawn)
        monkeypatch.setattr(Tensor, "backward", fake_backward(run))
        yield run


def step(run: Run) -> Tensor:
    try:
        return train_step(run)
    except torch.AcceleratorError:
        pytest.skip("the fake tensors of this PyTorch ask for a driver")


@pytest.mark.parametrize("network", ["unet", *KINDS])
def test_a_step_waits_for_nothing(run: Run) -> None:
    found = step(run)
    assert found.shape == (3,) and found.device == GPU


def test_a_step_that_looks_would_be_noticed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    average = run.average
    monkeypatch.setattr(run, "average", lambda good: average(good) if good else None)
    with pytest.raises(DataDependentOutputException):
        step(run)
