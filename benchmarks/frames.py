"""Random tables: whether any ends in a traceback, or in one that was changed without a word.

Run from the repository root::

    OMP_NUM_THREADS=1 python -m benchmarks.frames
    python -m benchmarks.frames --n 500 --jobs 2 --dry

Each table is fitted, encoded and decoded, and has to come back cell by cell, or to be refused by an
error that says why; of some, a model is fitted, sampled, saved and loaded, and gaps are filled.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, Phase, given, seed, settings

from benchmarks.cell import machine, write
from benchmarks.frame_strategies import frames
from benchmarks.page import markdown_table, measured, write_part
from synthwgan import MLP, Residual, TableTransformer, WGANGPSynthesizer
from synthwgan.table.storage.dtypes import listed

N_FRAMES = 20_000
# Tables of one seed.
PART = 500
# Of so many tables that come back, one is fitted by a model too.
MODEL_EVERY = 32
MAX_SECONDS = 30
PACKAGES = ("synthwgan", "torch", "pandas", "numpy", "pyarrow", "hypothesis")
RESULTS = Path(__file__).parent / "results" / "frames.json"
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "robustness.md"
QUICK = {
    "generator": Residual(latent_dim=4, width=8, layers=1),
    "critic": MLP(width=8),
    "batch_size": 16,
    "max_steps": 2,
    "device": "cpu",
    "random_state": 0,
}
# What errors say that are about a table as a whole, and so name no column.
OF_TABLES = ("all rows are the same", "a minimum of", "occur more than once", "column name")


class SilentChangeError(Exception):
    """A table came back changed, and nothing was said."""


def check(condition: bool, what: str) -> None:
    """Raise unless something holds."""
    if not condition:
        raise SilentChangeError(what)


def is_explained(error: Exception, frame: pd.DataFrame) -> bool:
    """Whether an error is a refusal: of a plain type, with words, that name a column."""
    message = str(error)
    names = [repr(name) for name in frame.columns]
    return type(error) in (ValueError, TypeError) and any(
        part in message for part in (*names, *OF_TABLES)
    )


def survives(frame: pd.DataFrame, max_discrete: int = 40) -> bool:
    """Encode and decode a table; False if it was refused.

    Parameters
    ----------
    frame : DataFrame
        The table.
    max_discrete : int, default 40
        Numbers that are states of their own, see `TableTransformer`.

    Raises
    ------
    SilentChangeError
        If it came back changed.
    Exception
        Any that is no refusal.
    """
    before = frame.copy(deep=True)
    transformer = TableTransformer(rules="auto", random_state=0, max_discrete=max_discrete)
    try:
        transformer.fit(frame)
    except Exception as error:
        if is_explained(error, frame):
            return False
        raise
    state, arrays = transformer.to_state()
    saved = json.loads(json.dumps(state))
    for one in (transformer, TableTransformer.from_state(saved, arrays)):
        check_same(one, before, one.decode(one.encode(frame)))
        check(bool(np.isfinite(one.transform(frame)).all()), "features are not finite")
    check(frame.equals(before), "the caller's table was written to")
    return True


def check_same(transformer: TableTransformer, given_table: pd.DataFrame, found: Any) -> None:
    """Check that a table came back: names, dtypes, and cells but for identifiers."""
    check_form(given_table, found)
    for place in range(len(transformer.columns_)):
        one, other = given_table.iloc[:, place], found.iloc[:, place]
        if transformer.schema_[place].is_made_anew:
            real = set(one.dropna())
            check(not any(cell in real for cell in other.dropna()), f"{place}: a real identifier")
            check(other.isna().sum() == one.isna().sum(), f"{place}: identifiers lack")
        else:
            check_cells(place, one, other)


def check_form(given_table: pd.DataFrame, found: Any) -> None:
    """Check names and dtypes."""
    check(found.columns.equals(given_table.columns), "names changed")
    check(list(map(type, found.columns)) == list(map(type, given_table.columns)), "names' types")
    check(found.columns.dtype == given_table.columns.dtype, "the names' dtype changed")
    for place, (one, other) in enumerate(zip(given_table.dtypes, found.dtypes, strict=True)):
        check(one == other, f"{place}: dtype {one} became {other}")


def check_cells(place: int, one: pd.Series, other: pd.Series) -> None:
    """Check that two columns have the same cells, of the same types."""
    missing = one.isna().to_numpy()
    check(np.array_equal(missing, other.isna().to_numpy()), f"{place}: other cells are missing")
    # pandas' own lists of moments far from today, in a time zone, end the process.
    pairs = list(zip(listed(one[~missing]), listed(other[~missing]), strict=True))
    changed = [f"{cell!r} became {new!r}" for cell, new in pairs if not cell == new]
    check(not changed, f"{place}, {one.dtype}: {changed[:3]}")
    if one.dtype == object:
        types = [(_type(cell), _type(new)) for cell, new in pairs]
        # Whole numbers among others with decimals become such.
        types = [(old, new) for old, new in types if old is not new and (old, new) != (int, float)]
        check(not types, f"{place}: types changed, {types[:1]}")


def _type(cell: Any) -> type:
    """The type of a cell, of numpy's numbers that of Python."""
    return type(cell.item() if isinstance(cell, np.number) else cell)


def model_survives(frame: pd.DataFrame) -> None:
    """Fit a model, sample, save, load and impute; the encoding has taken the table."""
    model = WGANGPSynthesizer(**QUICK).fit(frame)
    rows = model.sample(12, random_state=0)
    check(len(rows) == 12, "another number of rows")
    check_form(frame, rows)
    for place, column in enumerate(model.transformer_.columns_):
        if column.kind == "categorical":
            unknown = set(listed(rows.iloc[:, place].dropna())) - set(
                listed(frame.iloc[:, place].dropna())
            )
            check(not unknown, f"{place}: a category that is none, {unknown}")
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model")
        loaded = WGANGPSynthesizer.load(Path(folder) / "model", device="cpu")
    again = loaded.sample(12, random_state=0)
    check(again.equals(rows), "a loaded model gives other rows")
    gaps = frame.head(5)
    filled = loaded.impute(gaps, random_state=0)
    check_form(gaps, filled)
    for place in range(frame.shape[1]):
        known = gaps.iloc[:, place].notna().to_numpy()
        one, other = gaps.iloc[:, place][known], filled.iloc[:, place][known]
        check_cells(place, one, other)


@dataclass
class Tally:
    """What became of tables.

    Parameters
    ----------
    n_kept, n_refused, n_models : int
        Tables that came back, that were refused, and that a model was fitted to as well.
    faults : Counter
        How often each fault occurred.
    examples : dict
        A traceback of each.
    """

    n_kept: int = 0
    n_refused: int = 0
    n_models: int = 0
    faults: Counter = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    @property
    def n_frames(self) -> int:
        """Number of tables."""
        return self.n_kept + self.n_refused + sum(self.faults.values())

    def take(self, frame: pd.DataFrame) -> None:
        """Try one table."""
        try:
            with warnings.catch_warnings(), time_limit():
                warnings.simplefilter("ignore")
                kept = survives(frame, max_discrete=2 if self.n_kept % 2 else 40)
                if kept and self.n_kept % MODEL_EVERY == 0:
                    model_survives(frame)
                    self.n_models += 1
        except Exception as error:
            self.add_fault(error, frame)
        else:
            self.n_kept += kept
            self.n_refused += not kept

    def add(self, other: Tally) -> list[str]:
        """Add another tally; return the faults that are new."""
        new = [name for name in other.faults if name not in self.faults]
        self.n_kept += other.n_kept
        self.n_refused += other.n_refused
        self.n_models += other.n_models
        self.faults += other.faults
        self.examples = other.examples | self.examples
        return new

    def add_fault(self, error: Exception, frame: pd.DataFrame) -> None:
        """Note a fault by its type and the line that it comes from."""
        last = traceback.extract_tb(error.__traceback__)
        ours = [line for line in last if "synthwgan" in line.filename] or last
        place = f"in {ours[-1].name}"
        if isinstance(error, SilentChangeError):
            place = re.sub(r"\d+", "#", str(error))[:40]
        name = f"{type(error).__name__} {place}"
        self.faults[name] += 1
        if name not in self.examples:
            cells = [listed(frame.iloc[:8, place]) for place in range(frame.shape[1])]
            shown = f"{frame.dtypes}\n{cells!r}".encode("utf-8", "replace")
            trace = "".join(traceback.format_exception(error)).encode("utf-8", "replace")
            self.examples[name] = f"{shown.decode()}\n{trace.decode()}"


@contextmanager
def time_limit() -> Iterator[None]:
    """Raise a TimeoutError in a block that takes too long, by the processor's clock."""

    def stop(*_: Any) -> None:
        raise TimeoutError(f"more than {MAX_SECONDS} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, MAX_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def try_frames(n_frames: int, *, first_seed: int = 0) -> Tally:
    """Try random tables, the same ones for the same seed."""
    tally = Tally()

    @seed(first_seed)
    @settings(
        max_examples=n_frames,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(frames())
    def take(frame: pd.DataFrame) -> None:
        tally.take(frame)

    take()
    return tally


def try_in_parts(n_frames: int, n_jobs: int) -> Tally:
    """Try random tables in parts, each of a seed of its own, and say what was found."""
    sizes = [min(PART, n_frames - first) for first in range(0, n_frames, PART)]
    total = Tally()
    with ProcessPoolExecutor(n_jobs) as pool:
        parts = [
            pool.submit(try_frames, size, first_seed=number) for number, size in enumerate(sizes)
        ]
        for part in as_completed(parts):
            new = total.add(part.result())
            print(f"{total.n_frames:,} tables, {sum(total.faults.values())} faults", flush=True)
            for name in new:
                print(f"{name}\n{total.examples[name]}", flush=True)
    return total


def table(result: dict[str, Any]) -> str:
    """Return the result as Markdown."""
    rows = [
        ["tables", f"{result['n_frames']:,}"],
        ["came back cell by cell", f"{result['n_kept']:,}"],
        ["refused, with the column and the reason", f"{result['n_refused']:,}"],
        ["of those that came back, fitted by a model", f"{result['n_models']:,}"],
        ["tracebacks", f"{result['n_tracebacks']:,}"],
        ["changed without a word", f"{result['n_silent']:,}"],
    ]
    return f"{markdown_table(['What', 'How many'], rows)}\n\n{measured([result])}"


def main() -> None:
    """Try tables, keep the counts and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=N_FRAMES, help="how many tables")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes")
    parser.add_argument("--dry", action="store_true", help="keep no result")
    options = parser.parse_args()
    tally = try_in_parts(options.n, options.jobs)
    for name, count in tally.faults.most_common():
        print(f"{count} times: {name}")
    n_silent = sum(count for name, count in tally.faults.items() if name.startswith("SilentChange"))
    result = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "n_frames": tally.n_frames,
        "n_kept": tally.n_kept,
        "n_refused": tally.n_refused,
        "n_models": tally.n_models,
        "n_tracebacks": sum(tally.faults.values()) - n_silent,
        "n_silent": n_silent,
        "machine": machine(PACKAGES),
    }
    print(table(result))
    if not options.dry:
        write(result, RESULTS)
        write_part(PAGE, "frames", table(result))


if __name__ == "__main__":
    main()
