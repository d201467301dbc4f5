"""The lectures' pages in a real browser: one click sets the Train tab."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest

from explorer.lectures import LECTURES
from tests.browser.conftest import ROOT, free_port

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page with Train and the lectures."""
    folder = tmp_path_factory.mktemp("lectures")
    address = f"http://127.0.0.1:{(port := free_port())}"
    environment = os.environ | {"GRADIO_TEMP_DIR": str(folder), "OMP_NUM_THREADS": "1"}
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.toy_lectures", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            for _ in range(480):
                assert process.poll() is None, (folder / "log").read_text()
                try:
                    urllib.request.urlopen(f"{address}/config", timeout=2).read()
                    break
                except OSError:
                    time.sleep(0.25)
            yield address
        finally:
            process.terminate()
            process.wait(20)
    assert "Traceback" not in (folder / "log").read_text()


def value(page: object, selector: str, wanted: str) -> None:
    page.wait_for_function(
        "([s, v]) => document.querySelector(s)?.value === v", arg=[selector, wanted]
    )


@pytest.mark.parametrize("width", [1280, 390])
def test_one_click_sets_the_train_tab(browser: object, address: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_default_timeout(60_000)
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda m: trouble.append(m.text) if m.type == "error" else None)
    page.goto(address)
    for name in ("jax", "oslo"):
        lecture = LECTURES[name]
        page.click(f"#topic-lecture-{name} button.label-wrap")
        page.wait_for_selector(f"#{name}-train")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width
        page.click(f"#{name}-train")
        page.wait_for_selector("#train-start >> visible=true")
        value(page, "#train-preset input", f"Lecture: {lecture.title}")
        value(page, "#train-size input", str(lecture.shared_size))
        value(page, "#train-budget input", "300")
        page.wait_for_function(
            "() => document.querySelector('#train-start').innerText === 'Train for 300 steps'"
        )
        page.wait_for_function(
            "() => document.querySelector('#train-told').innerText.includes('in place of mnist')"
        )
        page.wait_for_function(
            "() => document.querySelector('#train-forecast').innerText.includes('M weights')"
        )
        assert page.locator(".trouble-text p").filter(visible=True).count() == 0
        page.get_by_role("tab", name="Lectures", exact=True).click()
    page.close()
    assert trouble == []
