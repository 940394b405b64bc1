"""The report's page for stored rows of a benchmark, and pictures of it for the guide.

Run from the repository root, with rows that ``benchmarks.run`` has drawn, or with any table that
has the columns of the data set::

    python -m benchmarks.report_page --data adult \
        --rows benchmarks/results/rows/adult-synthwgan-s0-t1.parquet --out report.html

Without ``--rows`` the report is that of the students in the guide, as its first example makes it.
``--pictures docs/guide`` also writes ``report-desktop.png`` and ``report-phone.png`` there; they
need playwright and a chromium on the path::

    python -m benchmarks.report_page --pictures docs/guide
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.data import DATA_SETS, load
from synthwgan import WGANGPSynthesizer
from synthwgan.datasets import make_placements
from synthwgan.evaluation import Report, evaluate

_ABOVE, _DRAWING_TIME = 180, 3000
# Tab, what stands at the top, browser options; a picture is as high as its window.
PICTURES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "report-desktop.png": ("overview", "body", {"viewport": {"width": 1280, "height": 1200}}),
    "report-phone.png": (
        "columns",
        "#marginals",
        {
            "viewport": {"width": 390, "height": 1500},
            "is_mobile": True,
            "has_touch": True,
            "color_scheme": "dark",
            "device_scale_factor": 1.5,
        },
    ),
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", choices=DATA_SETS, default="adult", help="data set")
    parser.add_argument("--rows", type=Path, help="synthetic rows: CSV or parquet")
    parser.add_argument("--out", type=Path, default=Path("report.html"), help="page to write")
    parser.add_argument("--pictures", type=Path, help="folder for pictures of the page")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    report = students() if options.rows is None else report_on(options.data, options.rows)
    print(report)
    report.save_html(options.out)
    size = options.out.stat().st_size / 1e6
    print(f"{options.out}: {size:.2f} MB, {time.perf_counter() - started:.0f} s")
    if options.pictures is not None:
        take_pictures(options.out, options.pictures)


def students() -> Report:
    train, test = make_placements(), make_placements(random_state=1)
    model = WGANGPSynthesizer(random_state=0).fit(train)
    return evaluate(
        train,
        model.sample(1000, random_state=1),
        test,
        target="placed",
        names={"real": "students", "synthetic": "WGANGPSynthesizer"},
        random_state=0,
    )


def report_on(data: str, rows: Path) -> Report:
    dataset = load(data)
    synthetic = pd.read_parquet(rows) if rows.suffix == ".parquet" else pd.read_csv(rows)
    names = {"real": data, "synthetic": rows.stem, "test": data}
    return evaluate(
        *(dataset.train, synthetic, dataset.test, dataset.target),
        names=names,
        random_state=0,
        verbose=1,
    )


def take_pictures(page: Path, folder: Path) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name, (tab, top, options) in PICTURES.items():
            opened = browser.new_context(**options).new_page()
            opened.goto(f"{page.resolve().as_uri()}#{tab}")
            place = "selector => document.querySelector(selector).getBoundingClientRect().top"
            height = opened.evaluate(place, top) + opened.evaluate("scrollY")
            opened.evaluate("top => scrollTo(0, top)", max(0, height - _ABOVE))
            opened.wait_for_timeout(_DRAWING_TIME)
            opened.screenshot(path=folder / name)
        browser.close()


if __name__ == "__main__":
    main()
