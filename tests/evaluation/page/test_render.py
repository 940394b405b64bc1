"""The report's page in a real browser: offline, and with odd texts that are shown and never run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from synthwgan.evaluation import Comparison, Report, Tables

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


def show(page: Any, tab: str) -> None:
    page.evaluate(f"location.hash = '{tab}'")
    until(page, f"document.getElementById('{tab}').offsetParent")


def shown_panels(page: Any) -> list[str]:
    return page.eval_on_selector_all(
        ".panel", "panels => panels.filter(panel => panel.offsetParent).map(panel => panel.id)"
    )


def test_tabs(visit: Callable[..., Any]) -> None:
    page = visit()
    assert shown_panels(page) == ["overview"]
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


def test_without_scripts_everything_stands_there_and_plots_are_drawn(
    visit: Callable[..., Any],
) -> None:
    page = visit(java_script_enabled=False)
    for tab in TABS:
        assert page.locator(f"#{tab} h2").count() == 1
    assert page.locator("#privacy").is_visible()
    assert page.locator("figure.plot").count() > 12
    for figure in ("#column-0", "#column-1", "#pair-0", "#dependence-0", "#embedding", "#closest"):
        area = page.locator(f"{figure} .area >> nth=0").bounding_box()
        assert area["width"] > 150 and area["height"] > 80
        assert page.locator(f"{figure} svg path:not(.grid)").count() > 0


def test_a_pointer_over_a_plot_reads_it(visit: Callable[..., Any]) -> None:
    page = visit(at="#columns")
    area = page.locator("#column-6 .pane.linear .area")
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    said = page.inner_text(".tip")
    assert said.startswith(("True: ", "False: ")) and said.endswith("% synthetic")
    page.mouse.move(5, 5)
    assert not page.locator(".tip").is_visible()
    show(page, "pairs")
    area = page.locator("#dependence-0 .area")
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 3, box["y"] + 3)
    names = page.locator("#dependence-0 .left span").all_inner_texts()
    assert page.inner_text(".tip").startswith(f"{names[-1]}, {names[0]}: ")


def test_tables_that_are_cut_say_so_until_their_end(visit: Callable[..., Any]) -> None:
    page = visit(at="#columns", **PHONE)
    hint = page.locator("#columns .cut .hint:not(.down)")
    until(page, "document.querySelector('#columns .cut').classList.contains('wider')")
    assert hint.is_visible() and "Scroll for more columns" in hint.inner_text()
    shade = "getComputedStyle(document.querySelector('#columns .cut'), '::before').opacity"
    until(page, f"{shade} == '1'")
    page.evaluate("document.querySelector('#columns .table').scrollLeft = 9999")
    until(page, f"{shade} == '0'")
    page = visit(at="#columns", viewport={"width": 1900, "height": 900})
    until(page, "document.querySelector('#columns .cut').style.getPropertyValue('--seen')")
    assert not page.locator("#columns .cut .hint:not(.down)").is_visible()


def test_what_could_not_be_scored_says_why_and_there_is_no_total(visit: Callable[..., Any]) -> None:
    page = visit()
    assert page.inner_text("#overview .big").strip() == "–"
    assert "Without one: Pairs, Privacy." in page.inner_text("#overview .hero")
    reasons = dict(
        zip(
            page.locator(".sections .name").all_inner_texts(),
            page.locator(".sections .question").all_inner_texts(),
            strict=True,
        )
    )
    assert "not Possible rows" in reasons["Pairs"]
    assert "Skipped: no target." in reasons["Utility"]
    assert "It could not be made: ValueError" in reasons["Privacy"]
    show(page, "pairs")
    assert page.inner_text("#pairs .why") == "Not scored: real rows do no better than the floor."
    assert page.locator("#columns .why").all_text_contents() == [
        "Not in the score: column shapes sees the same."
    ]


def test_the_page_says_where_it_comes_from(visit: Callable[..., Any]) -> None:
    page = visit()
    facts = page.inner_text(".facts")
    assert "200 (adult <b>.csv)" in facts
    assert "7: 3 numbers, 1 date, 2 categories, 1 yes-or-no" in facts
    origin = page.inner_text(".origin")
    for words in ("2026-01-31", "41", "synthwgan 9.9", "model abc, seed 5", "max_steps=300"):
        assert words in origin


def test_links_from_the_table_lead_to_plots(visit: Callable[..., Any]) -> None:
    page = visit(at="#columns")
    page.click("#columns tbody a >> text=gap")
    until(page, "document.getElementById('columns').offsetParent")
    assert shown_panels(page) == ["columns"]
    page.fill("[data-filter]", "tow")
    assert page.locator("#marginals .plot:visible strong").all_inner_texts() == ["town"]


def test_shares_can_be_logarithmic(visit: Callable[..., Any]) -> None:
    page = visit(at="#columns")
    linear, log = (page.locator(f"#column-0 .pane.{scale}") for scale in ("linear", "log"))
    assert linear.is_visible() and not log.is_visible()
    page.check("[data-log]")
    assert log.is_visible() and not linear.is_visible()
    assert "1 %" in log.locator(".left span").all_inner_texts()
    page.uncheck("[data-log]")
    assert linear.is_visible() and not log.is_visible()


def test_heads_are_plain_and_tables_sort_by_them_with_gaps_last(visit: Callable[..., Any]) -> None:
    page = visit(at="#columns")
    # Beside what is asked stands the technical name.
    head = page.locator("#columns .measure h4 >> nth=0")
    assert head.inner_text() == "Are they alike? Column shapes"

    def cells() -> list[str]:
        return page.locator("#columns tbody tr td:nth-child(3)").all_inner_texts()

    head = page.locator("#columns thead th >> nth=2")
    assert head.inner_text().split()[:2] == ["Likeness", "shape"]
    order = ["1.0000", "0.9500", "0.7500", "0.5000", "0.2500", "0.1250"]
    for direction, wanted in (("descending", order), ("ascending", order[::-1])):
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == direction
        assert cells() == [*wanted, "–"]


def test_texts_are_shown_and_never_run(
    visit: Callable[..., Any], hostile_names: tuple[str, str, str]
) -> None:
    for name in ("notebook", "comparison", "report"):
        page = visit(name, at="#columns")
        assert page.title() != "run"
        assert page.locator("img, body b, script[src], a[href^=javascript]").count() == 0
    for name in hostile_names:
        assert page.locator("#marginals figcaption strong").get_by_text(name, exact=True).count()
    texts = page.locator("#column-1 .pane.linear .left span").all_text_contents()
    assert "<b>bold</b> & <a href='j…"[:20] in "\n".join(texts)
    assert any(text.startswith("<img src=x onerror=") for text in texts)
    assert any(text.startswith("</script><script>") for text in texts)
    assert page.locator("svg a").count() == 0
    assert page.title() == "Synthetic data report"
    page.click("#tab-training")
    assert page.locator("#training .over >> text=<b>bold</b>").count() == 1


def test_the_policy_stops_what_slips_through(browser: Any, files: dict[str, Path]) -> None:
    page = browser.new_page()
    page.goto(files["report"].as_uri())
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', `<img src='x:' onerror='window.ran = 1'>`)"
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
    page.close()


def test_no_tab_is_wider_than_a_phone_nor_a_plot_than_its_frame(visit: Callable[..., Any]) -> None:
    page = visit(**PHONE)
    for tab in TABS:
        show(page, tab)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        outside = page.evaluate(
            """tab => [...document.querySelectorAll(`#${tab} .scale span`)].filter((span) => {
                const { left, right } = span.getBoundingClientRect();
                return span.offsetParent && (left < 0 || right > 390);
            }).length""",
            tab,
        )
        assert outside == 0
    show(page, "column-1")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    comparison = visit("comparison", **PHONE)
    assert comparison.evaluate("document.documentElement.scrollWidth") <= 390


def test_dark_mode_changes_page_and_plots(visit: Callable[..., Any]) -> None:
    page = visit(at="#joint")
    body, plot = (
        f"getComputedStyle(document.querySelector('{element}')).{colour}"
        for element, colour in (("body", "backgroundColor"), ("#embedding .grid", "stroke"))
    )
    light = page.evaluate(plot)
    page.emulate_media(color_scheme="dark")
    until(page, f"{body} == 'rgb(18, 21, 26)'")
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
    assert shown_panels(page) == ["overview"]


def test_the_page_fetches_nothing_and_is_small(files: dict[str, Path]) -> None:
    assert files["report"].stat().st_size < 250_000
    assert files["comparison"].stat().st_size < 100_000
    assert files["notebook"].stat().st_size < 10_000
    assert "<script" not in files["notebook"].read_text(encoding="utf-8")


def test_a_page_of_many_columns_stays_below_two_megabytes(report: Report) -> None:
    rng = np.random.default_rng(0)
    kinds = [f"kind {number}" for number in range(30)]
    wide = [
        pd.DataFrame(
            {f"number {at}": rng.normal(size=300) for at in range(60)}
            | {f"category {at}": rng.choice(kinds, 300) for at in range(60)}
        )
        for _ in range(2)
    ]
    page = render(replace(report, tables=Tables.of(*wide), history=None))
    assert page.count("<figure") > 120
    assert len(page.encode()) < 2_000_000


def test_the_same_report_gives_the_same_page(report: Report, files: dict[str, Path]) -> None:
    assert render(report) == files["report"].read_text(encoding="utf-8")


def test_comparison(visit: Callable[..., Any]) -> None:
    page = visit("comparison")
    assert "2026-01-31" in page.inner_text(".facts")
    assert page.locator("#overview tbody th").all_inner_texts()[:2] == ["worse", "<b>ours</b>"]
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
