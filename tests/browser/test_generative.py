"""Generative models, latent diffusion, single changes in a real browser: they open and sample."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser


def test_generative_models_are_compared_and_drawn_again(phone: Visit) -> None:
    phone.open_topic("generative")
    page = phone.page
    for name in ("vae", "gan", "ddpm", "ddim"):
        page.wait_for_selector(f"#generative-{name} img >> visible=true")
    assert page.locator("#generative-table td").count() >= 40
    before = page.get_attribute("#generative-gan img", "src")
    page.click("#generative-run")
    phone.wait_for_text("#generative-status", "seed 7: 16 images each")
    for name in ("vae", "gan", "ddim"):
        phone.wait_for_text(f"#generative-{name} figcaption", "seed 7")
    assert page.get_attribute("#generative-gan img", "src") != before
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0


def test_latent_diffusion_is_sampled_again(phone: Visit) -> None:
    phone.open_topic("latent")
    page = phone.page
    page.wait_for_selector("#latent-codes img >> visible=true")
    page.click("#latent-run")
    phone.wait_for_text("#latent-status", "16 images in")
    phone.wait_for_text("#latent-latent-ddim figcaption", "Decoded, seed 7")
    assert page.locator(".trouble-text p").filter(visible=True).count() == 0


def test_single_changes_are_looked_at_and_drawn_again(phone: Visit) -> None:
    phone.open_topic("ladder")
    page = phone.page
    page.wait_for_selector("#ladder-levels [data-draws] >> visible=true")
    phone.wait_for_text("#ladder-said", "Telling the network t")
    page.get_by_role("radio", name="+ skips", exact=True).check()
    phone.wait_for_text("#ladder-said", "Adding the encoder's outputs")
    before = page.get_attribute("#ladder-clip img", "src")
    page.fill("#topic-ladder [aria-label='Seed'], #topic-ladder input[type=number]", "3")
    page.click("#ladder-run")
    phone.wait_for_text("#ladder-status", "seed 3: 16 images each")
    assert page.get_attribute("#ladder-clip img", "src") != before
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_lecture_lists_its_reading(phone: Visit) -> None:
    phone.open_topic("lecture-oslo")
    page = phone.page
    page.locator("#oslo-reading button.label-wrap").click()
    link = page.locator("#oslo-reading a", has_text="arXiv 2107.00630")
    link.wait_for()
    assert link.get_attribute("href") == "https://arxiv.org/abs/2107.00630"
    assert not [url for url in phone.requests if "arxiv.org" in url]
