"""Time the first thing that a user meets: the version, help, rules, a quick report and imports.

Each command is a process of its own, beside one of Python that does nothing, in turns. Seconds are
those of the processor: on a machine that does nothing else they are those of the clock, and beside
other work they remain what they are. The quick report judges one half of Adult's test rows, beside
the other. Run from the repository root::

    python -m benchmarks.door

prints how many times as long as bare Python each takes, and writes that to
``benchmarks/results/door.json`` and to the page about speed.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.cell import RESULTS, machine, read, write
from benchmarks.data import REPOSITORY, load
from benchmarks.page import markdown_table, measured, write_part

FILE = RESULTS / "door.json"
PAGE = REPOSITORY / "docs" / "benchmarks" / "speed.md"
N_TURNS = 7
N_ROWS = 1000
QUICK = "synthwgan report adult.csv rows.csv --quick -o report.html"
BARE = ("-c", "")
COMMANDS: dict[str, tuple[str, ...]] = {
    "synthwgan --version": ("-m", "synthwgan", "--version"),
    "synthwgan --help": ("-m", "synthwgan", "--help"),
    "synthwgan fit --help": ("-m", "synthwgan", "fit", "--help"),
    "synthwgan rules placements.csv": ("-m", "synthwgan", "rules", "placements.csv", "--quiet"),
    QUICK: (
        *("-m", "synthwgan", "report", "adult.csv", "rows.csv", "--test", "test.csv", "--target"),
        *("income", "--quick", "--quiet", "-o", "report.html"),
    ),
    "import pandas": ("-c", "import pandas"),
    "import synthwgan.evaluation": ("-c", "import synthwgan.evaluation"),
    "import torch": ("-c", "import torch"),
    "from synthwgan import WGANGPSynthesizer": ("-c", "from synthwgan import WGANGPSynthesizer"),
}


def seconds_of(arguments: Sequence[str], folder: Path) -> float:
    """Return the processor's seconds that Python takes for something, its start with it."""
    code = [sys.executable, *arguments]
    environment = {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    start = _seconds_of_children()
    subprocess.run(code, cwd=folder, env=environment, check=True, capture_output=True)
    return _seconds_of_children() - start


def _seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(n_turns: int = N_TURNS) -> dict[str, Any]:
    """Time every command beside bare Python, in turns; give medians."""
    from synthwgan.datasets import make_placements

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_placements(N_ROWS).to_csv(folder / "placements.csv", index=False)
        adult = load("adult")
        tables = {"adult": adult.train, "rows": adult.test[::2], "test": adult.test[1::2]}
        for file, table in tables.items():
            table.to_csv(folder / f"{file}.csv", index=False)
        # The first turn reads files that are not yet in memory; it does not count.
        turns = [_turn(folder) for _ in range(n_turns + 1)][1:]
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "turns": n_turns,
        "bare_ms": 1e3 * statistics.median(turn["bare"] for turn in turns),
        "commands": [
            {
                "command": command,
                "ms": 1e3 * statistics.median(turn[command] for turn in turns),
                "ratio": statistics.median(turn[command] / turn["bare"] for turn in turns),
            }
            for command in COMMANDS
        ],
        "machine": machine(["synthwgan", "torch", "pandas", "scikit-learn"]),
    }


def _turn(folder: Path) -> dict[str, float]:
    return {
        "bare": seconds_of(BARE, folder),
        **{command: seconds_of(arguments, folder) for command, arguments in COMMANDS.items()},
    }


def table(result: dict[str, Any]) -> str:
    """Return the result as a Markdown table."""
    rows = [
        [f"`{one['command']}`", f"{one['ms'] / 1e3:.2f}", f"{one['ratio']:.0f}"]
        for one in result["commands"]
    ]
    bare = [['`python -c ""`', f"{result['bare_ms'] / 1e3:.2f}", "1"]]
    titles = ["command", "CPU s", "times bare Python"]
    return f"{markdown_table(titles, bare + rows)}\n\n{measured([result])}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every command, and rewrite the page."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.door",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--turns", type=int, default=N_TURNS)
    write(measure(parser.parse_args(arguments).turns), FILE)
    content = table(read(FILE))
    write_part(PAGE, "door", content)
    print(content)


if __name__ == "__main__":
    main()
