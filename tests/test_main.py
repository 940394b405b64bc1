"""Signals end the command in order: with their status, without a traceback or a rest of a file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="signals of POSIX")
PATIENCE = 120
ROOT = Path(__file__).resolve().parents[1]


# The command line with one command more, which has half a table written when it says so.
WRITING = """
import pathlib, sys, time
import pandas as pd
from synthwgan.__main__ import main
from synthwgan.cli import app
from synthwgan.io.tables import TableWriter

@app.command()
def write(output: pathlib.Path, ready: pathlib.Path):
    with TableWriter(output) as writer:
        writer.write(pd.DataFrame({"a": range(100_000)}))
        ready.touch()
        time.sleep(120)

main()
"""


@contextmanager
def command(
    *arguments: object, code: str = "", first: Path | None = None, **options: Any
) -> Iterator[subprocess.Popen[str]]:
    """The command line as a process of its own; modules in the folder ``first`` are found first."""
    folders = [str(folder) for folder in (first, ROOT) if folder is not None]
    process = subprocess.Popen(
        [sys.executable, *(["-c", code] if code else ["-m", "synthwgan"]), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        **options,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(happened: Callable[[], object], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + PATIENCE
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet"])
def test_signals_that_end_a_process_leave_no_rest_of_a_file(tmp_path, suffix):
    output, ready = tmp_path / f"rows.{suffix}", tmp_path / "ready"
    output.write_text("as it was")
    number = signal.SIGTERM if suffix == "csv" else signal.SIGHUP
    # A process in the background may have been told to ignore it.
    told = {"preexec_fn": lambda: signal.signal(number, signal.SIG_DFL)}
    with command("write", output, ready, code=WRITING, **told) as process:
        wait_for(ready.exists, process)
        assert len(list(tmp_path.glob(".*.tmp"))) == 1
        process.send_signal(number)
        assert process.wait(PATIENCE) == 128 + number
        assert process.stderr.read() == process.stdout.read() == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ready", output.name]
    assert output.read_text() == "as it was"


def test_a_process_that_is_to_survive_its_terminal_does(tmp_path):
    ready = tmp_path / "ready"
    ignoring = {"preexec_fn": lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)}
    with command("write", tmp_path / "rows.csv", ready, code=WRITING, **ignoring) as process:
        wait_for(ready.exists, process)
        process.send_signal(signal.SIGHUP)
        time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 128 + signal.SIGTERM


@pytest.mark.parametrize("module", ["typer", "torch"])
def test_ctrl_c_during_imports_is_no_traceback(tmp_path, module):
    """In place of a module that takes seconds, one that takes a minute and says so."""
    ready = tmp_path / "ready"
    (tmp_path / f"{module}.py").write_text(
        f"import pathlib, time; pathlib.Path({str(ready)!r}).touch(); time.sleep({PATIENCE})"
    )
    # A process in the background may have been told to ignore it.
    told = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.default_int_handler)}
    with command("info", tmp_path / "model", first=tmp_path, **told) as process:
        wait_for(ready.exists, process)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
        assert process.stderr.read() == "Interrupted.\n"


def test_it_is_the_command_line():
    with command("--version") as process:
        output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert output.startswith("synthwgan ")
