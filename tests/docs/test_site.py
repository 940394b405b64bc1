"""The built pages in a real browser; `make docs` builds them and runs this."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SITE = os.environ.get("SYNTHWGAN_SITE")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LAPTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
# Pictures and scripts change no width that is measured here.
NEEDED = ("document", "stylesheet")
# The longest line of each block of code that scrolls.
WIDE_CODE = """() => [...document.querySelectorAll("pre, pre > code")]
    .filter(block => block.scrollWidth > block.clientWidth)
    .map(block => block.textContent.split("\\n").sort((a, b) => b.length - a.length)[0])"""
SCROLLS = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
BOTTOM = "element => element.getBoundingClientRect().bottom"
SHOWN = "images => images.filter(image => image.checkVisibility()).map(image => image.src)"

pytestmark = pytest.mark.skipif(SITE is None, reason="make docs builds the pages")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        reason = "there is no chromium on the path (Debian: apt-get install chromium)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def pages() -> list[Path]:
    found = sorted(Path(SITE or "").resolve().rglob("index.html"))
    assert len(found) > 30
    return found


def test_no_code_scrolls_sideways_on_a_laptop(browser):
    page = browser.new_page(viewport=LAPTOP)
    page.route(
        "**/*",
        lambda route: route.continue_() if route.request.resource_type in NEEDED else route.abort(),
    )
    wide = {}
    for path in pages():
        page.goto(path.as_uri())
        lines = [*page.evaluate(WIDE_CODE), *["the page itself"] * page.evaluate(SCROLLS)]
        if lines:
            wide[path.parent.name] = lines
    page.close()
    assert not wide


def test_every_page_of_the_gallery_shows_a_picture_that_its_script_drew():
    gallery = Path(SITE or "").resolve() / "gallery"
    pages = sorted(path.parent.name for path in gallery.glob("*/index.html"))
    assert len(pages) > 10
    assert not [name for name in pages if not (gallery / "images" / f"{name}-1.svg").exists()]


def test_a_wide_line_would_be_found(browser):
    page = browser.new_page(viewport=LAPTOP)
    page.set_content(f"<pre style='overflow: auto'><code>short\n{'x' * 300}</code></pre>")
    assert page.evaluate(WIDE_CODE)[0] == "x" * 300
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_the_home_page_is_one_screen(browser, viewport, scheme):
    context = browser.new_context(viewport=viewport, color_scheme=scheme)
    page = context.new_page()
    page.goto((Path(SITE or "").resolve() / "index.html").as_uri())
    assert not page.evaluate(SCROLLS)
    (shown,) = page.eval_on_selector_all(".home img", SHOWN)
    assert f"home-{scheme}" in shown
    if viewport is LAPTOP:
        # What it is, how it is installed and used, a picture, and the figure that matters.
        assert page.eval_on_selector(".home", BOTTOM) < viewport["height"]
        assert page.eval_on_selector(".md-typeset table", BOTTOM) < viewport["height"]
    context.close()
