"""Links to a tab and to a topic in a real browser."""

from __future__ import annotations

from urllib.parse import parse_qs, urldefrag, urlsplit

import pytest

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser
CLIPS = """[...document.querySelectorAll(".graph [clip-path]")].map(
  (node) => node.getAttribute("clip-path").match(/url\\(["']?([^"')]*)/)[1])"""


def asked(visit: Visit) -> dict[str, list[str]]:
    return parse_qs(urlsplit(visit.page.url).fragment)


@pytest.mark.parametrize("mark", ["#", "?"])
def test_a_link_opens_its_topic_and_the_address_follows(phone: Visit, mark: str) -> None:
    page = phone.page
    page.goto("about:blank")
    page.goto(f"{phone.address}/{mark}tab=lectures&topic=sde")
    page.wait_for_selector("#sde-plot [data-draws] >> visible=true")
    assert page.is_hidden("#bound-plot")
    phone.open("Plane")
    page.wait_for_selector("#plane-stage >> visible=true")
    assert asked(phone) == {"tab": ["plane"]}
    phone.open_topic("bound")
    page.wait_for_selector("#bound-plot >> visible=true")
    page.wait_for_function("location.hash === '#tab=lectures&topic=bound'")
    assert page.url.split("#")[0] == f"{phone.address}/" + (
        "?tab=lectures&topic=sde" * (mark == "?")
    )


def test_a_link_to_nothing_opens_the_first_tab(visit: Visit) -> None:
    visit.page.goto("about:blank")
    visit.page.goto(f"{visit.address}/#tab=%22%3E&topic=%5D%3Cb%3E")
    visit.page.wait_for_selector("[data-loads] #forward-t")
    first = visit.page.get_by_role("tab", name="Forward", exact=True)
    assert first.get_attribute("aria-selected") == "true"


def test_plots_survive_other_tabs_and_another_width(visit: Visit) -> None:
    """What they clip by stays found, and a plot keeps to the height that it has been given."""
    page = visit.page
    visit.open("Schedules")
    page.wait_for_selector("#schedules-plot [data-draws]")
    visit.open("Train")
    page.wait_for_selector("#train-loss [data-draws]")
    names = page.evaluate(CLIPS)
    assert len(names) > 4
    assert {urldefrag(name).url for name in names} <= {"", urldefrag(page.url).url}
    visit.open("Schedules")
    for width in (1100, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_function(
            """(room) => { const graph = document.querySelector("#schedules-plot .graph");
              const svg = graph.querySelector(".main-svg").getBoundingClientRect();
              const box = graph.getBoundingClientRect();
              return svg.height === room && Math.abs(box.height - room) < 1
                && Math.abs(svg.width - box.width) < 1; }""",
            arg=800 - 280,  # what the first screen leaves
        )
