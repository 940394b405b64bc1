"""Damage model files in many ways, and see what loading them does.

Each file is loaded, and sampled from if it loads, in a process of its own that may take 2 seconds
of processor time and 500 MB of memory. Either the file is refused by a ValueError that names it, or
the rows are those of the whole file. A forged file, whose digest was made anew, may also be
another model that works: only who made a file can know that it is not the one that was meant.

    python -m benchmarks.mutations

The table goes to ``benchmarks/results/mutations.json`` and to the page about robustness.
"""

from __future__ import annotations

import argparse
import datetime
import decimal
import itertools
import json
import multiprocessing
import os
import pickle
import resource
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.cell import RESULTS, machine, write
from benchmarks.data import REPOSITORY
from benchmarks.page import markdown_table, measured, write_part
from benchmarks.rules_peers import make_orders
from synthwgan import MLP, Conditional, RadialGANSynthesizer, Residual, WGANGPSynthesizer
from synthwgan.io.model import FORMAT_VERSION, digest, read_file
from synthwgan.rules import (
    Combinations,
    Determines,
    Function,
    MissingWhere,
    OneHot,
    Order,
    Product,
    Sum,
)

FILE = "mutations.json"
PAGE = REPOSITORY / "docs" / "benchmarks" / "robustness.md"
N_MUTATIONS = 5000
MAX_SECONDS, MAX_MEGABYTES = 2, 500
N_SAMPLED = 20
QUICK = {
    "generator": Residual(latent_dim=8, width=16, layers=1),
    "critic": MLP(width=16),
    "batch_size": 32,
    "max_steps": 5,
    "device": "cpu",
    "precision": "float32",
    "random_state": 0,
}


@dataclass(frozen=True)
class Whole:
    """A model file that is as it should be.

    Parameters
    ----------
    load : callable
        Reads the model from a path.
    raw : bytes
        The file.
    text : str
        The JSON in it.
    arrays : dict of str to ndarray
        The arrays in it.
    rows : list of DataFrame
        What is drawn from it.
    """

    load: Callable[[str], Any]
    raw: bytes
    text: str
    arrays: dict[str, np.ndarray]
    rows: list[pd.DataFrame]

    @classmethod
    def of(cls, model: Any) -> Whole:
        """Save a fitted model."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            model.save(path)
            content, arrays = read_file(path)
            raw = path.read_bytes()
            rows = exercise(type(model).load(path))
        return cls(type(model).load, raw, json.dumps(content), arrays, rows)


def exercise(model: Any) -> list[pd.DataFrame]:
    """Do with a model what people do with one, and return the rows."""
    if isinstance(model, RadialGANSynthesizer):
        return [model.sample(N_SAMPLED, name, random_state=1) for name in model.domains_]
    rows = [model.sample(N_SAMPLED, random_state=1)]
    str(model.schema_), model.summary()
    if model.conditional_sampler_ is not None:
        rows.append(model.impute(rows[0], random_state=1))
    return rows


# Models


def models() -> dict[str, Whole]:
    """Fit a model of each kind, in seconds, and badly."""
    plain = {"conditional": False, "rejection": None}
    mixed = _mixed(400)
    domains = {"north": mixed.iloc[:150], "south": mixed.iloc[150:].rename(columns={"job": "work"})}
    made = {
        "plain": WGANGPSynthesizer(**QUICK, **plain).fit(_mixed(200)),
        "conditional, with rejection": _with_rejection(),
        # Its columns are made of each other: a hasty model draws long until rows keep such rules.
        "all kinds of columns": WGANGPSynthesizer(
            **QUICK, **plain, max_categories=5, rules=None
        ).fit(_all()),
        "rules": WGANGPSynthesizer(**QUICK, **plain, rules=ORDER_RULES).fit(_orders()),
        "several tables": RadialGANSynthesizer(**QUICK).fit(domains, target="paid"),
    }
    return {name: Whole.of(model) for name, model in made.items()}


def _with_rejection() -> WGANGPSynthesizer:
    return WGANGPSynthesizer(**QUICK, conditional=Conditional(max_steps=3), rejection=2).fit(
        _mixed(1500)
    )


def _orders(n_rows: int = 100) -> pd.DataFrame:
    """Return a table in which rules of many kinds hold."""
    orders, rng = make_orders(n_rows), np.random.default_rng(0)
    full = orders["total"]
    cash, days = rng.integers(0, 2, n_rows), rng.integers(10, 40, n_rows)
    return orders.assign(
        paid=np.where(orders["member"], full, (0.9 * full).round(2)),
        month=orders["ordered"].dt.month,
        days=days,
        due=orders["ordered"] + pd.to_timedelta(days, "D"),
        cash=cash,
        card=1 - cash,
    )


ORDER_RULES = [
    Order("ordered", "<=", "delivered"),
    Sum("total", ["net", "tax"]),
    Sum("paid", ["total"], tolerate=1.0),
    Sum("due", ["ordered", "days"]),
    Product("net", ["quantity", "price"]),
    Function("month", of="ordered", part="month"),
    Determines("city", "country"),
    Combinations(["city", "country"]),
    MissingWhere("discount", "member", [False]),
    OneHot(["cash", "card"]),
]


def _mixed(n_rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    income = np.where(rng.random(n_rows) < 0.2, np.nan, rng.lognormal(8, 1, n_rows).round(2))
    since = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n_rows), "D")
    return pd.DataFrame(
        {
            "key": [f"k{number:05d}" for number in rng.permutation(n_rows)],
            "age": rng.integers(18, 90, n_rows),
            "income": income,
            "job": rng.choice(["cook", "clerk", "coach", None], n_rows),
            "since": since,
            "paid": rng.choice(["yes", "no"], n_rows),
        }
    )


def _all(n_rows: int = 120) -> pd.DataFrame:
    """One column of each dtype that is stored in a way of its own."""
    rng = np.random.default_rng(1)
    numbers, words = rng.integers(0, 100, n_rows), rng.choice(list("abcdefgh"), n_rows)
    days = pd.Series(pd.Timestamp("2020-01-01") + pd.to_timedelta(numbers * 7, "D"))
    text = pd.Series(words, dtype=object)
    whole = pd.Series([decimal.Decimal(int(number)) for number in numbers])
    arrow = {
        "arrow int": pa.int32(),
        "arrow decimal": pa.decimal128(9, 2),
        "arrow double": pa.float64(),
    }
    moments = {"zoned": days.dt.tz_localize("Europe/Berlin"), "day": days.dt.date}
    return pd.DataFrame(
        {
            "id": np.arange(n_rows) + 1,
            "mail": [f"user{number}@example.org" for number in rng.permutation(n_rows)],
            "int8": numbers.astype("int8"),
            "uint64": rng.integers(0, 2**64 - 1, n_rows, dtype=np.uint64),
            "Int64": pd.Series(numbers, dtype="Int64").mask(numbers < 10),
            "float32": rng.normal(size=n_rows).astype("float32"),
            "spiky": np.where(rng.random(n_rows) < 0.5, 0, rng.normal(size=n_rows)),
            "flag": pd.Series(numbers < 50, dtype="boolean").mask(numbers > 90),
            "text": text.mask(numbers < 5),
            "string": text.astype("string"),
            "ordered": pd.Categorical(words, list("hgfedcba"), ordered=True),
            "interval": pd.cut(numbers, 5),
            "decimal": [decimal.Decimal(int(number)) / 4 for number in numbers],
            "date text": days.dt.strftime("%d.%m.%Y"),
            "period": days.dt.to_period("M"),
            "delta": pd.to_timedelta(numbers * 37, "s"),
            "object stamp": [datetime.datetime(2020, 1, 1, int(hour) % 24) for hour in numbers],
            "empty": np.full(n_rows, np.nan),
            **moments,
            **{name: whole.astype(pd.ArrowDtype(to)) for name, to in arrow.items()},
        }
    )


# Mutations

LARGE = [10**4, 20_000, 10**6, 10**7, 10**8, 10**12, 2**63, 10**30]
VALUES = [
    *(None, True, False, 0, 1, -1, 0.5, -0.5, 1e-300, 1e308, "", "x", "NaN", "int64", "object"),
    *("<U400000000", "datetime64[ns, dateutil//dev/zero]", "OSFile", "é" * 1000, [], {}, [[]], [0]),
    *({"type": "Decimal", "value": "1E+999999"}, {"type": "float", "value": "nan"}, {"array": "x"}),
    *("<deep>", "<nan>", "<inf>", *LARGE),
]
# What JSON texts stand for these, which Python does not write.
RAW_VALUES = {"<deep>": "[" * 100_000 + "]" * 100_000, "<nan>": "NaN", "<inf>": "1e999"}


def forge(text: str, arrays: dict[str, np.ndarray], right_digest: str | None = None) -> bytes:
    """Return a model file of JSON and arrays, with their digest or another."""
    from safetensors.numpy import save

    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    header = {"format": "synthwgan", "format_version": str(FORMAT_VERSION), "content": text}
    return save(arrays, header | {"digest": right_digest or digest(text, arrays)})


def flip_bits(whole: Whole, rng: np.random.Generator) -> bytes:
    """Turn over one bit to three, half of the times in the header."""
    raw = bytearray(whole.raw)
    for place in _places(whole, rng, rng.integers(1, 4)):
        raw[place] ^= 1 << int(rng.integers(8))
    return bytes(raw)


def overwrite_bytes(whole: Whole, rng: np.random.Generator) -> bytes:
    """Overwrite up to 16 neighbouring bytes, by noise or zeros."""
    raw, n_bytes = bytearray(whole.raw), int(rng.integers(1, 17))
    start = _places(whole, rng, 1)[0]
    raw[start : start + n_bytes] = rng.bytes(n_bytes) if rng.random() < 0.5 else bytes(n_bytes)
    return bytes(raw)


def change_length(whole: Whole, rng: np.random.Generator) -> bytes:
    """Cut the file off, lengthen it, cut a piece out, double one, or lie about the header."""
    raw = whole.raw
    first, second = sorted(int(place) for place in _places(whole, rng, 2))
    return [
        raw[:first],
        raw + rng.bytes(int(rng.integers(1, 100))),
        raw[:first] + raw[second:],
        raw[:second] + raw[first:],
        int(rng.integers(0, 2**40)).to_bytes(8, "little") + raw[8:],
    ][int(rng.integers(5))]


def _places(whole: Whole, rng: np.random.Generator, n_places: int) -> np.ndarray:
    n_header = 8 + int.from_bytes(whole.raw[:8], "little")
    return rng.integers(0, n_header if rng.random() < 0.5 else len(whole.raw), n_places)


def edit_json(whole: Whole, rng: np.random.Generator) -> bytes:
    """Change the JSON and leave the digest."""
    return forge(_edited(whole.text, rng), whole.arrays, digest(whole.text, whole.arrays))


def forge_json(whole: Whole, rng: np.random.Generator) -> bytes:
    """Change the JSON and make the digest anew."""
    return forge(_edited(whole.text, rng), whole.arrays)


def forge_sizes(whole: Whole, rng: np.random.Generator) -> bytes:
    """Make a whole number of the JSON large, and the digest anew."""
    content = json.loads(whole.text)
    nodes = [node for node in _nodes(content) if type(node[0][node[1]]) is int]
    for _ in range(int(rng.integers(1, 3))):
        parent, key = nodes[int(rng.integers(len(nodes)))]
        parent[key] = LARGE[int(rng.integers(len(LARGE)))]
    return forge(json.dumps(content), whole.arrays)


def forge_arrays(whole: Whole, rng: np.random.Generator) -> bytes:
    """Change an array and make the digest anew."""
    arrays = dict(whole.arrays)
    names = sorted(arrays)
    name = names[int(rng.integers(len(names)))]
    change = _ARRAY_CHANGES[int(rng.integers(len(_ARRAY_CHANGES)))]
    changed = change(arrays[name].copy(), rng)
    if changed is None:
        del arrays[name]
    else:
        other = f"{name}x" if rng.random() < 0.1 else name
        arrays[other] = changed
    return forge(whole.text, arrays)


def _set_some(value: Any) -> Callable[[np.ndarray, np.random.Generator], np.ndarray]:
    def change(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        flat = array.reshape(-1)
        if flat.size:
            with np.errstate(all="ignore"):
                places = rng.integers(0, flat.size, 1 + flat.size // 10)
                flat[places] = np.asarray(value).astype(array.dtype)
        return array

    return change


_ARRAY_CHANGES: list[Callable[[np.ndarray, np.random.Generator], np.ndarray | None]] = [
    *map(_set_some, (np.nan, np.inf, -1, 0, 1e30, -1e30, 2**40, 7)),
    lambda array, rng: array[:-1] if array.ndim else array,
    lambda array, rng: np.concatenate([array, array]) if array.ndim else array,
    lambda array, rng: array.reshape(-1),
    lambda array, rng: array[None],
    lambda array, rng: array.T,
    lambda array, rng: array[::-1] if array.ndim else array,
    lambda array, rng: array.astype(np.float64),
    lambda array, rng: array.astype(np.uint8),
    lambda array, rng: rng.permutation(array) if array.ndim else array,
    lambda array, rng: array[:0] if array.ndim else array,
    lambda array, rng: None,
]

MUTATORS: dict[str, Callable[[Whole, np.random.Generator], bytes]] = {
    "bits turned over": flip_bits,
    "bytes overwritten": overwrite_bytes,
    "other length": change_length,
    "JSON edited": edit_json,
    "JSON edited, digest anew": forge_json,
    "large numbers, digest anew": forge_sizes,
    "arrays changed, digest anew": forge_arrays,
}
FORGED = {name for name in MUTATORS if name.endswith("digest anew")}


def _nodes(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a tree, as what holds it and its key there."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, branch in list(items):
        yield tree, key
        if isinstance(branch, dict | list):
            yield from _nodes(branch)


def _edited(text: str, rng: np.random.Generator) -> str:
    """Change one place of a JSON text to another, or its name, or take it away."""
    content = json.loads(text)
    nodes = list(_nodes(content))
    parent, key = nodes[int(rng.integers(len(nodes)))]
    other, other_key = nodes[int(rng.integers(len(nodes)))]
    kind = int(rng.integers(6))
    if kind == 0:
        del parent[key]
    elif kind == 1 and isinstance(parent, dict):
        parent[f"{key}x"] = parent.pop(key)
    elif kind == 2 and isinstance(parent, list):
        parent.insert(key, json.loads(json.dumps(parent[key])))
    elif kind == 3:
        parent[key] = json.loads(json.dumps(other[other_key]))
    elif kind == 4:
        parent[key] = _nearby(parent[key], rng)
    else:
        parent[key] = VALUES[int(rng.integers(len(VALUES)))]
    text = json.dumps(content)
    for name, raw in RAW_VALUES.items():
        text = text.replace(json.dumps(name), raw)
    return text


def _nearby(value: Any, rng: np.random.Generator) -> Any:
    """Something of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return [value + 1, -value, value * 2, value / 2][int(rng.integers(4))]
    if isinstance(value, str) and value:
        place = int(rng.integers(len(value)))
        return value[:place] + chr(97 + int(rng.integers(26))) + value[place + 1 :]
    return [value]


# Outcomes

REFUSED, SAME, OTHER = "refused", "same rows", "another model"
FAULTS = ("other rows", "other error", "error in sampling", "too long", "too much memory")


def outcome(whole: Whole, path: str, forged: bool) -> tuple[str, str]:
    """Load a file and draw from it; say what came of it, and the message of an error."""
    try:
        model = whole.load(path)
    except ValueError as error:
        names_file = repr(path) in str(error) and "\n" not in str(error)
        return (REFUSED if names_file else "other error"), str(error)
    except MemoryError as error:
        return "too much memory", str(error)
    except Exception as error:
        return "other error", f"{type(error).__name__}: {error}"
    try:
        rows = exercise(model)
    except Exception as error:
        # Of a forged model no row may keep the rules, which is said.
        is_said = forged and isinstance(error, ValueError) and "keep the rules" in str(error)
        return (REFUSED if is_said else "error in sampling"), f"{type(error).__name__}: {error}"
    pairs = zip(rows, whole.rows, strict=False)
    if len(rows) == len(whole.rows) and all(own.equals(right) for own, right in pairs):
        return SAME, ""
    return (OTHER if forged else "other rows"), ""


def judge(whole: Whole, raw: bytes, forged: bool, path: Path) -> dict[str, Any]:
    """Find the outcome in a process of its own, with limits of time and memory."""
    path.write_bytes(raw)
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        _be_limited()
        before = _peak_megabytes()
        found, message = outcome(whole, os.fspath(path), forged)
        found = [found, message[:200], _peak_megabytes() - before]
        os.write(writer, pickle.dumps(found))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    _, status, usage = os.wait4(child, 0)
    seconds = usage.ru_utime + usage.ru_stime
    if status or not answer:
        limits = {signal.SIGXCPU: "too long", signal.SIGALRM: "too long"}
        name = limits.get(os.WTERMSIG(status), "other error")
        return {"outcome": name, "message": f"status {status}", "megabytes": 0, "seconds": seconds}
    name, message, megabytes = pickle.loads(answer)
    if megabytes > MAX_MEGABYTES:
        name = "too much memory"
    return {"outcome": name, "message": message, "megabytes": megabytes, "seconds": seconds}


def _be_limited() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + 2 * MAX_MEGABYTES * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
    # A process that waits, for a pipe say, takes no processor time.
    signal.alarm(60 * MAX_SECONDS)


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def measure(
    wholes: dict[str, Whole], n_mutations: int, seed: int, n_processes: int = 1
) -> list[dict[str, Any]]:
    """Judge so many mutations: of each model and mutator in turn, as many."""
    pairs = itertools.cycle(itertools.product(wholes, MUTATORS))
    tasks = [(number, seed, *pair) for number, pair in zip(range(n_mutations), pairs, strict=False)]
    results, started = [], time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, _pool(n_processes, wholes, folder) as pool:
        for found in pool.imap_unordered(_judge_task, tasks, chunksize=5):
            results.append(found)
            if found["outcome"] in FAULTS:
                print(found, flush=True)
            if len(results) % 500 == 0:
                print(f"{len(results)} files, {time.perf_counter() - started:.0f} s", flush=True)
    return results


_SHARED: dict[str, Any] = {}


def _pool(n_processes: int, wholes: dict[str, Whole], folder: str) -> Any:
    _SHARED.update(wholes=wholes, folder=folder)
    return multiprocessing.get_context("fork").Pool(n_processes)


def _judge_task(task: tuple[int, int, str, str]) -> dict[str, Any]:
    number, seed, model, mutation = task
    whole, path = _SHARED["wholes"][model], Path(_SHARED["folder"]) / f"model{number}"
    raw = MUTATORS[mutation](whole, np.random.default_rng([seed, number]))
    found = judge(whole, raw, mutation in FORGED, path)
    path.unlink()
    return {"number": number, "model": model, "mutation": mutation, **found}


def summarise(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Count the outcomes of each mutation, and take the largest time and memory."""
    rows = []
    for mutation in MUTATORS:
        own = [result for result in results if result["mutation"] == mutation]
        counts = Counter(result["outcome"] for result in own)
        faults = sum(counts[name] for name in FAULTS)
        rows.append(
            {
                "mutation": mutation,
                "files": len(own),
                **{name: counts[name] for name in (REFUSED, SAME, OTHER)},
                "faults": faults,
                "seconds": max((result["seconds"] for result in own), default=0.0),
                "megabytes": max((result["megabytes"] for result in own), default=0.0),
            }
        )
    return {"models": sorted({result["model"] for result in results}), "rows": rows}


def table(summary: dict[str, Any]) -> str:
    """Return the counts as Markdown."""
    titles = ["file", "tried", REFUSED, SAME, OTHER, "faults", "at most s", "at most MB"]
    cells = [
        [
            row["mutation"],
            *(str(row[name]) for name in ("files", REFUSED, SAME, OTHER, "faults")),
            f"{row['seconds']:.1f}",
            f"{row['megabytes']:.0f}",
        ]
        for row in summary["rows"]
    ]
    total = sum(row["files"] for row in summary["rows"])
    return f"{markdown_table(titles, cells)}\n\n{total} files. {measured([summary])}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Judge all mutations, and rewrite the page."""
    import torch

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.mutations",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--number", type=int, default=N_MUTATIONS, help="files to try")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--out", type=Path, default=RESULTS / FILE)
    options = parser.parse_args(arguments)
    # Threads do not survive a fork.
    torch.set_num_threads(1)
    summary = summarise(measure(models(), options.number, options.seed, options.processes))
    today = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    summary |= {"machine": machine(["torch", "numpy", "pandas"]), "date": today}
    write(summary, options.out)
    print(table(summary))
    if options.number >= N_MUTATIONS:
        write_part(PAGE, "mutations", table(summary))


if __name__ == "__main__":
    main()
