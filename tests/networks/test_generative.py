"""The small VAE, GAN and autoencoder of codes: formulas, and that they learn."""

from __future__ import annotations

import copy
import math

import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from explorer.networks import gan, latent, vae


def bars(n: int = 64) -> torch.Tensor:
    """Images of one light bar each."""
    first = torch.randint(20, (n, 1), generator=torch.Generator().manual_seed(0))
    column = torch.arange(28)
    light = (column >= first) & (column < first + 8)
    return (255 * light.byte())[:, None, None].expand(n, 1, 28, 28).contiguous()


def fixed(make: type) -> torch.nn.Module:
    torch.manual_seed(0)
    return make()


def count(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_the_docstrings_count_the_weights() -> None:
    for network in (vae.VAE, gan.Generator, latent.LatentAutoencoder):
        assert f"{count(network()):,} weights" in str(network.__doc__)


def test_the_bound_is_the_negative_elbo() -> None:
    """log p(x|z) of Bernoulli pixels less KL(q ‖ p), by torch's distributions."""
    network = fixed(vae.VAE)
    x = bars(5).float() / 255
    eps = torch.randn(5, vae.LATENT, generator=torch.Generator().manual_seed(1))
    mean, log_variance = network.encode(x)
    q = Normal(mean, (log_variance / 2).exp())
    z = q.loc + q.scale * eps
    surprise = -Bernoulli(logits=network.decode(z)).log_prob(x).sum((1, 2, 3))
    gap = kl_divergence(q, Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(vae.bound(network, x, eps), (surprise + gap).mean())


def test_the_vae_learns_and_repeats() -> None:
    losses = [list(vae.train(fixed(vae.VAE), bars(), 25, seed=3)) for _ in range(2)]
    assert losses[0] == losses[1] and losses[0][-1] < 0.7 * losses[0][0]
    z = torch.randn(3, vae.LATENT)
    images = fixed(vae.VAE)(z)
    assert images.shape == (3, 1, 28, 28) and images.abs().max() <= 1


def test_the_gan_takes_a_step_of_each_and_ends_with_the_average() -> None:
    generator, discriminator = fixed(gan.Generator), fixed(gan.Discriminator)
    before = copy.deepcopy(generator.state_dict()), copy.deepcopy(discriminator.state_dict())
    found = list(gan.train(generator, discriminator, bars(), 12, seed=3, batch=16))
    assert len(found) == 12
    # at first it cannot tell them apart, then it learns to
    assert abs(found[0].discriminator - 2 * math.log(2)) < 0.5
    assert found[-1].discriminator < found[0].discriminator
    assert not torch.equal(before[0]["layers.0.weight"], generator.state_dict()["layers.0.weight"])
    assert not torch.equal(
        before[1]["layers.0.weight"], discriminator.state_dict()["layers.0.weight"]
    )
    images = generator.eval()(torch.randn(3, gan.LATENT))
    assert images.shape == (3, 1, 28, 28) and images.abs().max() <= 1


def test_the_average_lags_behind_the_weights() -> None:
    """With a decay of 0 it is the generator itself, with much it stays near the first weights."""
    made = {}
    for decay in (0.0, 1.0):
        generator, discriminator = fixed(gan.Generator), fixed(gan.Discriminator)
        for _ in gan.train(generator, discriminator, bars(), 3, seed=3, batch=16, decay=decay):
            now = generator.layers[0].weight.clone()
        made[decay] = (now - generator.layers[0].weight).abs().max().item()
    assert made[0.0] == 0 and made[1.0] > 0


def test_codes_are_small_images_and_are_restored() -> None:
    network, images = fixed(latent.LatentAutoencoder), bars()
    losses = list(latent.train(network, images, 80, seed=3, batch=32))
    assert losses[-1] < 0.5 * losses[0]
    codes = latent.codes_of(network.eval(), images)
    assert codes.shape == (64, *latent.CODE) and codes.dtype == torch.uint8
    x = images.float() / 127.5 - 1
    exact = network.encode(x)
    assert exact.abs().max() <= 1
    assert (codes.float() / 127.5 - 1 - exact).abs().max() < 0.005  # 256 steps
    back = network.decode(exact)
    assert back.shape == x.shape and (back - x).square().mean() < 0.6 * x.var()
