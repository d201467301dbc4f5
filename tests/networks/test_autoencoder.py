"""The autoencoder learns to denoise at its own noise level."""

from __future__ import annotations

import torch
from torch import nn

from explorer.networks.autoencoder import add_noise, again_and_again, fresh, train


def digits(n: int) -> torch.Tensor:
    """Two patterns that are easy to tell apart, as rows of 784."""
    patterns = (torch.arange(784) // 28 % 2, torch.arange(784) % 28 // 14)
    return torch.stack([patterns[i % 2] for i in range(n)]).float()


def test_the_network_is_the_lectures() -> None:
    network = fresh(0)
    widths = [(784, 400), (400, 400), (400, 400), (400, 784)]
    layers = [*network.encoder, *network.decoder]
    assert [(m.in_features, m.out_features) for m in layers[::2]] == widths
    assert [type(m) for m in layers[1::2]] == [nn.ReLU, nn.ReLU, nn.ReLU, nn.Sigmoid]
    assert len(network.encoder) == len(network.decoder) == 4
    assert sum(p.numel() for p in network.parameters()) == 949_184
    with torch.no_grad():
        out = network(10 * torch.randn(5, 784))
    assert out.shape == (5, 784) and 0 <= out.min() and out.max() <= 1


def test_noise_is_added_and_not_clamped() -> None:
    x, eps = torch.tensor([[0.0, 0.5, 1.0, 0.2]]), torch.tensor([[-1.0, 0.5, 2.0, 1.0]])
    assert torch.allclose(add_noise(x, eps, 0.5), torch.tensor([[-0.5, 0.75, 2.0, 0.7]]))
    assert torch.equal(add_noise(x, eps, 0), x)


def test_the_same_seed_is_the_same_training() -> None:
    runs = [list(train(fresh(3), digits(20), 3, seed=5, batch=8)) for _ in range(2)]
    assert runs[0] == runs[1] != list(train(fresh(3), digits(20), 3, seed=6, batch=8))


def test_a_fresh_network_leaves_the_worlds_random_state_alone() -> None:
    before = torch.get_rng_state()
    assert not torch.equal(fresh(1).encoder[0].weight, fresh(2).encoder[0].weight)
    assert torch.equal(before, torch.get_rng_state())


def test_it_learns_to_denoise() -> None:
    x, network = digits(32), fresh(0)
    losses = list(train(network, x, 60, seed=0, batch=32))
    noisy = add_noise(x, torch.randn(x.shape, generator=torch.Generator().manual_seed(9)))
    with torch.no_grad():
        after = (network(noisy) - x).square().mean()
    assert losses[-1] < losses[0] / 10
    assert after < (noisy - x).square().mean() / 10


def test_again_and_again_feeds_its_output_back() -> None:
    network, x = fresh(0), torch.rand(2, 784)
    states = again_and_again(network, x, 3)
    assert states.shape == (4, 2, 784) and torch.equal(states[0], x)
    with torch.no_grad():
        assert torch.equal(states[3], network(network(network(x))))
