"""Time the first thing that a user meets: the version, help, rules, a quick report and imports.

Each command is a process of its own, beside one of Python that does nothing, in turns. Seconds are
those of the processor: on a machine that does nothing else they are those of the clock, and beside
other work they remain what they are. The quick report judges rows of a model that has learned a
little of Adult, once as a command, and once as a call, whose process has imported and read what it
needs before its seconds count. Run from the repository root::

    python -m benchmarks.door

prints how many times as long as bare Python each takes, and whether a quick report keeps within its
bar, and writes that to ``benchmarks/results/door.json`` and to the page about speed.
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

import pandas as pd

from benchmarks.cell import RESULTS, machine, read, write
from benchmarks.data import REPOSITORY, load
from benchmarks.page import markdown_table, measured, write_part

FILE = RESULTS / "door.json"
PAGE = REPOSITORY / "docs" / "benchmarks" / "speed.md"
N_TURNS = 7
N_ROWS = 1000
# Of the model behind the rows that are judged, which are wrong in some ways, as rows are.
N_FITTED, N_STEPS, N_JUDGED = 8000, 100, 8140
# CPU seconds that a call of evaluate may take.
QUICK_BAR = 5.0
QUICK = "synthwgan report adult.csv rows.csv --quick -o report.html"
EVALUATE = 'evaluate(adult, rows, test, target="income", quick=True)'
EVALUATED = f"""
import time
import pandas as pd
from synthwgan.evaluation import evaluate
adult, rows, test = (pd.read_csv(f"{{name}}.csv") for name in ("adult", "rows", "test"))
start = time.process_time()
{EVALUATE}
print(time.process_time() - start)
"""
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
    start = _seconds_of_children()
    _run(arguments, folder)
    return _seconds_of_children() - start


def seconds_of_call(code: str, folder: Path) -> float:
    """Return the processor's seconds that Python code prints of a part of itself."""
    return float(_run(["-c", code], folder))


def _run(arguments: Sequence[str], folder: Path) -> str:
    environment = {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    code = [sys.executable, *arguments]
    run = subprocess.run(code, cwd=folder, env=environment, check=True, capture_output=True)
    return run.stdout.decode()


def _seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(n_turns: int = N_TURNS) -> dict[str, Any]:
    """Time every command beside bare Python, in turns; give medians."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, table in _tables().items():
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
            for command in (*COMMANDS, EVALUATE)
        ],
        "machine": machine(["synthwgan", "torch", "pandas", "scikit-learn"]),
    }


def _tables() -> dict[str, pd.DataFrame]:
    from synthwgan import WGANGPSynthesizer
    from synthwgan.datasets import make_placements

    adult = load("adult")
    model = WGANGPSynthesizer(
        max_steps=N_STEPS, conditional=False, rejection=None, random_state=0
    ).fit(adult.train.head(N_FITTED))
    rows = model.sample(N_JUDGED)
    return {
        "placements": make_placements(N_ROWS),
        "adult": adult.train,
        "rows": rows,
        "test": adult.test.iloc[1::2],
    }


def _turn(folder: Path) -> dict[str, float]:
    return {
        "bare": seconds_of(BARE, folder),
        **{command: seconds_of(arguments, folder) for command, arguments in COMMANDS.items()},
        EVALUATE: seconds_of_call(EVALUATED, folder),
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
    result = read(FILE)
    content = table(result)
    write_part(PAGE, "door", content)
    print(content)
    (call,) = (one for one in result["commands"] if one["command"] == EVALUATE)
    print(f"{'Within' if call['ms'] <= 1e3 * QUICK_BAR else 'BEYOND'} the bar of {QUICK_BAR:g} s.")


if __name__ == "__main__":
    main()
