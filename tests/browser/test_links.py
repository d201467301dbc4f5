"""Links to a tab and to a topic in a real browser."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser


def asked(visit: Visit) -> dict[str, list[str]]:
    return parse_qs(urlsplit(visit.page.url).query)


def test_a_link_opens_its_topic_and_the_address_follows(phone: Visit) -> None:
    phone.page.goto(f"{phone.address}/?__theme=dark&tab=lectures&topic=sde")
    phone.page.wait_for_selector("#sde-plot [data-draws] >> visible=true")
    assert phone.page.is_hidden("#bound-plot")
    phone.open("Plane")
    phone.page.wait_for_selector("#plane-stage >> visible=true")
    assert asked(phone) == {"__theme": ["dark"], "tab": ["plane"]}
    phone.open_topic("bound")
    phone.page.wait_for_selector("#bound-plot >> visible=true")
    assert asked(phone) == {"__theme": ["dark"], "tab": ["lectures"], "topic": ["bound"]}


def test_a_link_to_nothing_opens_the_first_tab(visit: Visit) -> None:
    visit.page.goto(f"{visit.address}/?tab=%22%3E&topic=%5D%3Cb%3E")
    visit.page.wait_for_selector("[data-loads] #forward-t")
    first = visit.page.get_by_role("tab", name="Forward", exact=True)
    assert first.get_attribute("aria-selected") == "true"
