"""The state in the address in a real browser: every setting there and back, Back, wrong links."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import torch

from explorer.gui.app import TABS, create_app
from explorer.gui.frame.address import Address
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import HOSTED
from tests.browser.conftest import ROOT, Pages, Visit
from tests.gui.frame.test_address import others, text_of

pytestmark = pytest.mark.browser
READY = "html[data-explorer=ready]"
REFUSE = "() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }"
PARTS = {
    "forward": {"t": "123", "compare": "snr"},
    "schedules": {"t": "77"},
    "train": {"film.t": "500", "film.step": "0", "film.show": "x0", "film.picture": "3"},
    "reverse": {
        **{"t": "640", "show": "eps", "range": "3", "speed": "2", "apart": "no"},
        **{"lane": "2", "picture": "3", "guidance.t": "1000", "panel": "guidance"},
    },
    "plane": {
        **{"t": "31", "way": "forward", "density": "no", "score": "no", "trails": "no"},
        **{"training": "yes"},
    },
    "lectures": {"topic": "sde", "sde-film.frame": "5"},
}
"""What the browser's own parts keep, by tab: something else than at first."""


@pytest.fixture(scope="module")
def address() -> Address:
    """What the app of these tests declares, hosted as it is."""
    demo = create_app(Context(Device(torch.device("cpu")), HOSTED))
    return next(block for block in demo.blocks.values() if isinstance(block, Address))


@pytest.fixture
def page(pages: Pages, request: pytest.FixtureRequest) -> Iterator[Visit]:
    for visit in pages.lend(1280, request.session):
        visit.page.wait_for_selector(READY)
        yield visit


def go(visit: Visit, **state: str) -> None:
    """As a lesson does, and until it is done."""
    visit.page.evaluate("text => explorer.go(text)", urlencode(state))


def state(visit: Visit) -> dict[str, str]:
    return dict(visit.page.evaluate("[...explorer.state()]"))


def hash_of(visit: Visit) -> dict[str, str]:
    found = parse_qs(urlsplit(visit.page.url).fragment, keep_blank_values=True)
    return {key: values[-1] for key, values in found.items()}


def wait(visit: Visit, condition: str) -> None:
    """Until it holds; else with what the page knows of itself."""
    try:
        visit.page.wait_for_function(condition)
    except Exception as error:
        known = visit.page.evaluate(
            "[location.hash, String(explorer.state()), document.visibilityState]"
        )
        raise AssertionError(f"{condition}: {known}; said: {said(visit)!r}") from error


def reload(visit: Visit) -> None:
    visit.page.reload()
    visit.page.wait_for_selector(READY, timeout=180_000)  # of a link that names every setting


def said(visit: Visit) -> str:
    """What is said of a link; "" if nothing is."""
    return visit.page.evaluate(
        """() => { const notice = document.querySelector("#address .notice");
          return notice.hidden ? "" : notice.querySelector(".said").textContent; }"""
    )


def settled(visit: Visit, wanted: Mapping[str, str | None]) -> None:
    """Until the page stands at this, None being a default; fails with what differs."""
    for _ in range(60):
        now = state(visit)
        wrong = {k: (v, now.get(k)) for k, v in wanted.items() if now.get(k) != v}
        if not wrong:
            return
        visit.page.wait_for_timeout(500)
    assert wrong == {}, said(visit)


def changed(address: Address, tab: str) -> dict[str, str]:
    """Every field of a tab at another value than at first, as a link has it."""
    values: dict[str, Any] = {}
    texts = {}
    for key, field in address.fields.items():
        values[key] = field.default
        if not key.startswith(f"{tab}.") or field.follows is None and key.endswith(".preset"):
            continue
        found = [v for v in others(field, values) if not field.lacks or v in field.shipped]
        if found:
            values[key] = found[0]
            texts[key.removeprefix(f"{tab}.")] = text_of(found[0])
    return texts


@pytest.mark.parametrize("tab", [tab.ID for tab in TABS])
def test_every_setting_of_a_tab_goes_round(page: Visit, address: Address, tab: str) -> None:
    """Out of a link into the page, from the page into the address, through a reload, and back."""
    wanted = {"tab": tab} | changed(address, tab) | PARTS[tab]
    wanted.pop("lecture", None)  # names what T and the schedule say, which are others here
    go(page, **wanted)
    settled(page, wanted)
    assert said(page) == ""
    page.page.wait_for_function(
        "([k, v]) => new URLSearchParams(location.hash.slice(1)).get(k) === v",
        arg=list(wanted.items())[-1],
    )
    reload(page)
    settled(page, wanted)
    page.page.evaluate("explorer.reset()")
    settled(page, dict.fromkeys(wanted.keys() - {"tab", "panel", "topic"}))


def test_a_lectures_schedule_goes_round(page: Visit) -> None:
    wanted = {"tab": "schedules", "compare": "linear", "T": "200", "lecture": "mnist-in-jax"}
    go(page, **wanted)
    settled(page, wanted)
    reload(page)
    settled(page, wanted)
    go(page, **wanted | {"T": "201"})
    settled(page, wanted | {"T": "201", "lecture": None})
    page.page.evaluate("explorer.reset()")
    settled(page, {"T": None, "compare": None})


def test_letters_do_not_matter_and_what_is_wrong_is_named(page: Visit) -> None:
    go(page, TAB="Forward", IMAGE="Coffee", T="500", t="250", Resolution="64", compare="SNR")
    assert said(page) == ""
    wanted = {"image": "coffee", "T": "500", "t": "250", "resolution": "64", "compare": "snr"}
    assert state(page).items() >= wanted.items()
    page.page.wait_for_function("document.querySelector('#forward-linear').width === 64")
    assert page.page.input_value("#forward-t") == "250"
    go(page, tab="forward", T="9999", image="dgo", compare="x", nonsense="1")
    for part in ("“9999”", "“dgo”", "“x”", "“nonsense”", "Instead: 1000", "Instead: cat"):
        assert part in said(page)
    assert {k: v for k, v in state(page).items() if "." not in k} == {"tab": "forward"}
    go(page, tab="nowhere")
    assert "There is no tab “nowhere”" in said(page)
    page.page.click("#address .close")
    assert said(page) == ""


def test_back_and_forward_go_from_place_to_place(page: Visit) -> None:
    """A setting is no step; what was set elsewhere stays when one goes back, also where it was
    set before, too: the place that one goes back to had its former value in the address."""
    go(page, tab="reverse", seed="3")
    go(page, tab="forward", seed="4")
    wait(page, "location.hash.includes('reverse.seed=3')")
    go(page, tab="reverse", panel="quality")
    go(page, tab="reverse", panel="quality", seed="5")
    page.page.go_back()
    wait(page, "explorer.state().get('tab') === 'forward'")
    wait(page, "location.hash.includes('reverse.seed=5')")
    assert state(page)["seed"] == "4"
    page.page.go_forward()
    wait(page, "explorer.state().get('panel') === 'quality'")
    assert state(page)["seed"] == "5" and page.page.is_visible("#quality-plot")
    page.page.evaluate("location.hash = '#tab=lectures&topic=bound'")  # by hand
    page.page.wait_for_selector("#bound-plot >> visible=true")


def test_a_link_can_be_copied_without_leave_to_the_clipboard(page: Visit) -> None:
    go(page, tab="train", size="28")
    go(page, tab="forward", seed="9")
    page.page.evaluate(REFUSE)
    page.page.click(".app-header .copy")
    page.page.wait_for_selector("#address .link >> visible=true")
    link = page.page.input_value("#address .link")
    assert link == f"{page.address}/#tab=forward&seed=9"  # of this tab alone
    assert page.page.evaluate("getSelection().toString()") == link
    assert said(page).startswith("Copy this link")
    page.page.click(".app-header .reset")
    page.page.wait_for_function("!explorer.state().has('seed')")
    assert state(page)["train.size"] == "28"  # other tabs are left alone


def test_an_own_image_is_named_as_not_in_the_link(page: Visit) -> None:
    go(page, tab="forward")
    page.page.set_input_files(
        "#forward-image input[type=file]", ROOT / "checkpoints/samples/mnist.png"
    )
    page.page.wait_for_function("explorer.state().get('image') === 'own'")
    page.page.click(".app-header .copy")
    page.page.wait_for_selector("#address .link >> visible=true")
    assert "Not in it, since only you have it: your own image" in said(page)
    link = page.page.input_value("#address .link")
    page.page.goto("about:blank")
    page.page.goto(link)
    page.page.wait_for_selector(READY)
    assert "somebody's own image" in said(page) and "Instead: cat" in said(page)


def test_a_job_and_the_address_do_not_fight(page: Visit) -> None:
    """What was changed while a run goes on stays so through a reload."""
    go(page, tab="train", budget="60", size="16")
    page.page.click("#train-start")
    page.wait_for_text("#train-status", "images/s")
    page.page.fill("#train-budget input", "70")
    page.page.keyboard.press("Tab")
    page.page.wait_for_function("location.hash.includes('budget=70')")
    reload(page)
    page.wait_for_text("#train-status", "images/s")
    assert page.page.input_value("#train-budget input") == "70"
    page.page.click("#train-stop")
    page.wait_for_text("#train-status", "saved")
