"""Runs the scripts of examples/, and keeps what they show.

A script is text in its docstring and in comments that follow a line ``# %%``, and the code below
each. What a script showed is kept in build/gallery until it or the package changes. As a program,
this runs scripts, each in a process of its own, as many at a time as there are cores::

    python docs/hooks/scripts.py examples/rules.py
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import hashlib
import importlib
import io
import json
import multiprocessing
import os
import re
import subprocess
import sys
import textwrap
import warnings
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
CACHE = REPOSITORY / "build" / "gallery"
DATA = REPOSITORY.parent / "shared" / "data"
# What all scripts import: done once, as it takes longer than half of them.
IMPORTED = (
    "matplotlib.pyplot",
    "sklearn.ensemble",
    "synthwgan.synthesizer",
    "synthwgan.evaluation",
)
MAX_SECONDS = 900
WIDTH = 79
# As the other pictures of these pages: a white card stays legible on a dark page.
STYLE = {
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "svg.fonttype": "none",
    "svg.hashsalt": "synthwgan",
    "axes.spines.top": False,
    "axes.spines.right": False,
}
COLOURS = ("#3f51b5", "#2e7d32", "#c2571a", "#8e24aa")
Shown = list[dict[str, str]]


@dataclass(frozen=True)
class Cell:
    """A piece of a script: Markdown, the code below it, and the line where that begins."""

    text: str
    code: str
    line: int


def cells_of(source: str) -> list[Cell]:
    """Split a script; its docstring is the text of the first cell."""
    module = ast.parse(source)
    end = module.body[0].end_lineno
    lines = source.splitlines()
    starts = [n for n, line in enumerate(lines) if n >= end and line.startswith("# %%")]
    stops = [*starts, len(lines)]
    cells = [_cell(ast.get_docstring(module), lines, end, stops[0])]
    for start, stop in zip(starts, stops[1:], strict=True):
        code = start + 1
        while code < stop and lines[code].startswith("#"):
            code += 1
        text = "\n".join(line.removeprefix("#")[1:] for line in lines[start + 1 : code])
        cells.append(_cell(text, lines, code, stop))
    return cells


def _cell(text: str, lines: list[str], start: int, stop: int) -> Cell:
    while start < stop and not lines[start].strip():
        start += 1
    return Cell(text.strip(), "\n".join(lines[start:stop]).rstrip(), start)


# Running a script


def run(script: Path) -> list[Shown]:
    """Run a script's cells one after another; what each printed, drew, and had as last value."""
    import matplotlib
    import pandas as pd
    from matplotlib import pyplot

    matplotlib.use("svg")
    matplotlib.rcParams |= STYLE | {"axes.prop_cycle": matplotlib.cycler(color=COLOURS)}
    pd.set_option("display.width", WIDTH, "display.max_rows", 12, "display.max_columns", 12)
    warnings.showwarning = _print_warning
    namespace: dict[str, Any] = {"__name__": "__main__"}
    shown: list[Shown] = []
    for cell in cells_of(script.read_text(encoding="utf-8")):
        outputs: Shown = []
        # The order in which a cell prints and shows is kept: a drawing ends what was printed.
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            pyplot.show = partial(_take, printed, outputs)
            value = _execute(cell, namespace, script)
            _take(printed, outputs)
        if isinstance(value, pd.DataFrame):
            outputs.append({"html": _table(value)})
        elif value is not None:
            outputs.append({"text": repr(value)})
        shown.append(outputs)
    return shown


def _execute(cell: Cell, namespace: dict[str, Any], script: Path) -> Any:
    """Run the code, and return the value of its last line if that is an expression."""
    tree = ast.increment_lineno(ast.parse(cell.code), cell.line)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, str(script), "exec"), namespace)  # noqa: S102
    if last is not None:
        return eval(compile(ast.Expression(last.value), str(script), "eval"), namespace)
    return None


def _take(printed: io.StringIO, outputs: Shown) -> None:
    """Move what was printed, and the figures that are open, to the outputs."""
    from matplotlib import pyplot

    lines = printed.getvalue().rstrip().splitlines()
    if lines:
        # Prose that is wider than the page is broken at blanks.
        broken = [
            textwrap.fill(line, WIDTH, break_on_hyphens=False) if len(line) > WIDTH else line
            for line in lines
        ]
        outputs.append({"text": "\n".join(broken)})
    printed.seek(0)
    printed.truncate()
    for number in pyplot.get_fignums():
        figure, file = pyplot.figure(number), io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
        titles = [axes.get_title() or axes.get_ylabel() for axes in figure.axes]
        words = filter(None, [figure.get_suptitle(), *titles])
        outputs.append({"svg": file.getvalue(), "words": "; ".join(words).replace("\n", " ")})
        pyplot.close(figure)


def _print_warning(message: Any, category: type[Warning], *_: Any) -> None:
    print(f"{category.__name__}: {message}")


def _table(frame: Any) -> str:
    """Return a DataFrame as HTML without a style of its own, so that it looks like the page."""
    text = re.sub(r"<style.*?</style>", "", frame._repr_html_(), flags=re.S)
    text = re.sub(r"<table [^>]*>", "<table>", text)
    return re.sub(r"\n\s*", "\n", re.sub(r' style="[^"]*"', "", text)).strip()


# Keeping what was run


def digest_of(script: Path) -> str:
    """Return what changes with the script, the package and the way in which scripts are run."""
    files = [script, Path(__file__), *sorted((REPOSITORY / "synthwgan").rglob("*.py"))]
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def kept_of(script: Path) -> list[Shown] | None:
    """Return what the script showed when it was last run, if nothing has changed since."""
    file = CACHE / f"{script.stem}.json"
    if not file.exists():
        return None
    record = json.loads(file.read_text(encoding="utf-8"))
    return record["shown"] if record["digest"] == digest_of(script) else None


def keep(script: Path, folder: Path) -> None:
    """Run a script, and keep what it shows."""
    record = {"digest": digest_of(script), "shown": run(script)}
    part = folder / f"{script.stem}.{os.getpid()}.part"
    part.write_text(json.dumps(record), encoding="utf-8")
    part.replace(folder / f"{script.stem}.json")


def run_stale(scripts: list[Path]) -> None:
    """Run those scripts of which nothing is kept, away from this process.

    Raises
    ------
    RuntimeError
        If one fails, with its traceback.
    """
    stale = [script for script in scripts if kept_of(script) is None]
    if not stale:
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    environment = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY), **os.environ}
    if DATA.exists():
        environment.setdefault("SYNTHWGAN_DATA", str(DATA))
    command = [sys.executable, __file__, "--keep", CACHE, *stale]
    options = {"capture_output": True, "text": True, "timeout": MAX_SECONDS}
    done = subprocess.run(command, env=environment, **options)
    if done.returncode:
        raise RuntimeError(f"examples failed:\n{done.stderr}")


def run_each(scripts: list[Path], folder: Path) -> bool:
    """Run scripts, each in a fork of this process; return whether all ended."""
    for module in IMPORTED:
        importlib.import_module(module)
    fork = multiprocessing.get_context("fork")
    started: list[Any] = []
    running: list[Any] = []
    for script in scripts:
        if len(running) == os.cpu_count():
            wait([process.sentinel for process in running])
        started.append(fork.Process(target=keep, args=(script, folder)))
        started[-1].start()
        running = [process for process in started if process.is_alive()]
    for process in started:
        process.join()
    return all(process.exitcode == 0 for process in started)


def main() -> None:
    """Run the scripts that are named."""
    parser = argparse.ArgumentParser(description="Run scripts of the gallery.")
    parser.add_argument("scripts", nargs="+", type=Path)
    parser.add_argument("--keep", type=Path, default=CACHE, help="folder for what they show")
    options = parser.parse_args()
    sys.exit(not run_each(options.scripts, options.keep))


if __name__ == "__main__":
    main()
