"""The report's page in a real browser: offline, and with odd texts that are shown and never run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from synthwgan.evaluation import Comparison, Report, Tables

pytest.importorskip("plotly")
pytest.importorskip("jinja2")
sync_api = pytest.importorskip("playwright.sync_api")

from synthwgan.evaluation.page.render import (  # noqa: E402
    notebook,
    notebook_comparison,
    render,
    render_comparison,
)

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
TABS = ("overview", "validity", "columns", "pairs", "joint", "utility", "privacy", "training")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        reason = "there is no chromium on the path (Debian: apt-get install chromium)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, report: Report) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    worse = replace(report, sections=report.sections[1:2])
    texts = {
        "report": render(report),
        "comparison": render_comparison(Comparison({"<b>ours</b>": report, "worse": worse})),
        "notebook": notebook(report),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


@pytest.fixture
def visit(browser: Any, files: dict[str, Path]) -> Iterator[Callable[..., Any]]:
    """Open a page; afterwards there must have been no error, no warning and no request."""
    contexts, complaints = [], []

    def opened(name: str = "report", at: str = "", **options: Any) -> Any:
        contexts.append(browser.new_context(**{**DESKTOP, **options}))
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request", lambda request: complaints.append(request.url) if _leaves(request) else 0
        )
        page.goto(f"{files[name].as_uri()}{at}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def _leaves(request: Any) -> bool:
    return not request.url.startswith(("file:", "data:", "blob:"))


def until(page: Any, condition: str) -> None:
    """Wait for a condition; playwright's own way needs scripts that the page's policy refuses."""
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never came true: {condition}")


def drawn(page: Any, number: int) -> None:
    until(page, f"document.querySelectorAll('[data-drawn]').length >= {number}")


def shown_panels(page: Any) -> list[str]:
    return page.eval_on_selector_all(
        ".panel", "panels => panels.filter(panel => panel.offsetParent).map(panel => panel.id)"
    )


def test_tabs(visit: Callable[..., Any]) -> None:
    page = visit()
    assert shown_panels(page) == ["overview"]
    assert page.locator("[data-drawn]").count() == 0
    assert page.inner_text("#overview .flag").startswith("Leak: </script>")
    for tab in TABS:
        page.click(f"#tab-{tab}")
        until(page, f"document.getElementById('{tab}').offsetParent")
        assert shown_panels(page) == [tab]
        assert page.get_attribute(f"#tab-{tab}", "aria-selected") == "true"
    page.keyboard.press("ArrowLeft")
    until(page, "location.hash == '#privacy'")
    assert "ValueError" in page.inner_text("#privacy [role=alert]")
    page.click("#tab-overview")
    page.click("#overview a[href='#joint'] >> nth=0")
    until(page, "document.getElementById('joint').offsetParent")
    assert shown_panels(page) == ["joint"]


def test_plots_are_drawn_when_they_are_seen(visit: Callable[..., Any]) -> None:
    page = visit(at="#columns")
    drawn(page, 1)
    assert page.evaluate("!!window.Plotly")
    before = page.locator("[data-drawn]").count()
    assert before < page.locator("#columns .plot").count()
    page = visit(at="#pairs")
    page.locator("#dependence-0").scroll_into_view_if_needed()
    page.wait_for_selector("#dependence-0[data-drawn] svg")


def test_what_could_not_be_scored_says_why_and_there_is_no_total(visit: Callable[..., Any]) -> None:
    page = visit()
    assert page.inner_text("#overview .big").strip() == "–"
    assert "Without one: Pairs, Privacy." in page.inner_text("#overview .hero")
    page = visit(at="#pairs")
    assert page.inner_text("#pairs .why") == "Not scored: real rows do no better than the floor."


def test_links_from_the_table_lead_to_plots(visit: Callable[..., Any]) -> None:
    page = visit(at="#columns")
    page.click("#columns tbody a >> text=gap")
    page.wait_for_selector("#column-4[data-drawn] svg")
    assert shown_panels(page) == ["columns"]
    page.fill("[data-filter]", "tow")
    assert page.locator("#marginals .plot:visible strong").all_inner_texts() == ["town"]


def test_shares_can_be_logarithmic(visit: Callable[..., Any]) -> None:
    page = visit(at="#columns")
    page.wait_for_selector("#column-0[data-drawn]")
    page.check("[data-log]")
    axis = "document.querySelector('#column-0 .canvas')._fullLayout.yaxis.type"
    assert page.evaluate(axis) == "log"
    page.uncheck("[data-log]")
    assert page.evaluate(axis) == "linear"


def test_tables_sort_by_figures_and_put_gaps_last(visit: Callable[..., Any]) -> None:
    page = visit(at="#columns")

    def cells() -> list[str]:
        return page.locator("#columns tbody tr td:nth-child(3)").all_inner_texts()

    head = page.locator("#columns thead th >> nth=2")
    assert head.inner_text().strip() == "shape"
    order = ["1.0000", "0.9500", "0.7500", "0.5000", "0.2500", "0.1250"]
    for direction, wanted in (("descending", order), ("ascending", order[::-1])):
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == direction
        assert cells() == wanted


def test_texts_are_shown_and_never_run(
    visit: Callable[..., Any], hostile_names: tuple[str, str, str]
) -> None:
    for name in ("report", "comparison", "notebook"):
        page = visit(name)
        assert page.title() != "run"
        assert page.locator("img, body b, script[src], a[href^=javascript]").count() == 0
    page = visit(at="#columns")
    for at in range(3):
        page.locator(f"#column-{at}").scroll_into_view_if_needed()
        page.wait_for_selector(f"#column-{at}[data-drawn] svg")
    for name in hostile_names:
        assert page.locator("#marginals figcaption strong").get_by_text(name, exact=True).count()
    labels = page.locator("#column-1 .yaxislayer-above text, #column-1 .ytick text")
    texts = [text.replace("\xa0", " ") for text in labels.all_text_contents()]
    assert "<b>bold</b> & <a href='j…"[:20] in "\n".join(texts)
    assert any(text.startswith("<img src=x onerror=") for text in texts)
    assert any(text.startswith("</script><script>") for text in texts)
    assert page.locator("svg a").count() == 0
    assert page.title() == "Synthetic data report"
    page.click("#tab-training")
    page.wait_for_selector("#training-curves[data-drawn] svg")
    assert page.locator("#training text >> text=<b>bold</b>").count() == 1


def test_the_policy_stops_what_slips_through(browser: Any, files: dict[str, Path]) -> None:
    page = browser.new_page()
    page.goto(files["report"].as_uri())
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', `<img src='x:' onerror='window.ran = 1'>`)"
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
    page.close()


def test_no_tab_is_wider_than_a_phone(visit: Callable[..., Any]) -> None:
    page = visit(**PHONE)
    for tab in TABS:
        page.evaluate(f"location.hash = '{tab}'")
        until(page, f"document.getElementById('{tab}').offsetParent")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.evaluate("location.hash = 'column-1'")
    page.wait_for_selector("#column-1[data-drawn] svg")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    comparison = visit("comparison", **PHONE)
    assert comparison.evaluate("document.documentElement.scrollWidth") <= 390


def test_dark_mode_changes_page_and_plots(visit: Callable[..., Any]) -> None:
    page = visit(at="#joint")
    drawn(page, 1)
    body, plot = (
        f"getComputedStyle(document.querySelector('{element}')).backgroundColor"
        for element in ("body", "[data-drawn] .main-svg")
    )
    light = page.evaluate(plot)
    page.emulate_media(color_scheme="dark")
    until(page, f"{body} == 'rgb(18, 21, 26)'")
    # Plots are drawn again, which takes a while on a busy machine.
    until(page, f"{plot} != '{light}'")


def test_print_shows_every_tab_with_every_plot(visit: Callable[..., Any]) -> None:
    page = visit(color_scheme="dark")
    page.emulate_media(media="print")
    assert shown_panels(page) == list(TABS)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.emulate_media(media="screen")
    assert shown_panels(page) == ["overview"]
    pdf = page.pdf()
    assert pdf.startswith(b"%PDF")
    assert page.locator("[data-drawn]").count() == page.locator("figure.plot").count()
    assert shown_panels(page) == ["overview"]


def test_without_scripts_everything_stands_there(visit: Callable[..., Any]) -> None:
    page = visit(java_script_enabled=False)
    for tab in TABS:
        assert page.locator(f"#{tab} h2").count() == 1
    assert page.locator("#privacy").is_visible()


def test_the_page_fetches_nothing_and_is_small(files: dict[str, Path]) -> None:
    from plotly.offline import get_plotlyjs

    text = files["report"].read_text(encoding="utf-8")
    assert text.count("plotly.js v") == get_plotlyjs().count("plotly.js v")
    assert len(text.encode()) < len(get_plotlyjs().encode()) + 300_000
    assert files["comparison"].stat().st_size < 100_000
    assert files["notebook"].stat().st_size < 10_000
    assert "<script" not in files["notebook"].read_text(encoding="utf-8")


def test_the_same_report_gives_the_same_page(report: Report, files: dict[str, Path]) -> None:
    assert render(report) == files["report"].read_text(encoding="utf-8")


def test_comparison(visit: Callable[..., Any]) -> None:
    page = visit("comparison")
    assert page.locator("#overview tbody th").all_inner_texts()[:2] == ["<b>ours</b>", "worse"]
    page.click("#tab-columns")
    until(page, "document.getElementById('columns').offsetParent")
    assert "worse" in page.inner_text("#columns thead")


def test_score_cards_of_a_comparison(report: Report) -> None:
    text = notebook_comparison(Comparison({"<b>ours</b>": report}))
    assert "&lt;b&gt;ours" in text


def test_a_page_without_tables_or_with_one_column(report: Report) -> None:
    assert "The report" not in render(replace(report, tables=None, history=None))
    one = pd.DataFrame({"size": [0.5, 1.5, 2.5] * 5})
    page = render(replace(report, tables=Tables.of(one, one)))
    assert 'id="column-0"' in page
    assert 'id="telling-pairs"' not in page
