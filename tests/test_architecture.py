"""The rules of the house: what may import what, and what importing may not do."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import synthwgan.table
from synthwgan import MLP, Style, WGANGPSynthesizer

PACKAGE = Path(__file__).resolve().parents[1] / "synthwgan"
MODULES = sorted(PACKAGE.rglob("*.py"))
FORBIDDEN_EVERYWHERE = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
FORBIDDEN_EVERYWHERE |= {"sdv", "ctgan", "rdt", "copulas"}
FORBIDDEN_IN = {
    "networks": {"pandas", "sdmetrics"},
    "training": {"pandas", "sdmetrics"},
    "sampling": {"sdmetrics"},
    "table": {"torch", "sdmetrics"},
    "io": {"torch", "sdmetrics"},
    "radial.columns": {"torch", "sdmetrics"},
    "evaluation": {"torch"},
    "private": {"sdmetrics"},
}
# Which rooms of the package a room may use; the faces may use all of them.
ROOMS = {
    "table": {"lazy", "parameters", "randomness", "warn"},
    "io": {"parameters", "table.checks", "table.frames", "table.storage.frame", "warn"},
    "radial.columns": {"parameters", "table", "warn"},
    "evaluation": {
        "io.base.PROVENANCE",
        "io.tables",
        "parameters",
        "randomness",
        "table.columns.written",
        "table.door",
        "table.forms",
        "table.frames",
        "table.rules",
        "table.schema",
        "table.storage.physical",
        "table.target",
        "warn",
    },
    "networks": {"components", "parameters", "table.layout"},
    "training": {
        "components",
        "interrupts",
        "networks",
        "parameters",
        "processes",
        "table.checks",
        "table.layout",
        "warn",
    },
    "sampling": {"interrupts", "networks", "table.layout"},
    "conditions": {"randomness", "sampling", "table", "warn"},
    # Nothing here may look at rows outside the ledger: no door, no inference of kinds.
    "private": {
        *("components", "evaluation.evaluate", "evaluation.Report", "io.model", "parameters"),
        *("randomness", "table.checks", "table.door.index_from_dict", "table.door.index_to_dict"),
        *("table.door.chosen_places", "table.door.column_hint", "table.door.naming_column"),
        *("table.forms.textdates", "table.frames", "table.storage", "processes", "provenance"),
        "warn",
        # Rules read drawn rows, never those of the table: see tests/private/test_rules.py.
        *("table.rules", "rules.Rule"),
    },
    "radial": {
        *("components", "evaluation", "fitted", "io", "networks", "parameters", "randomness"),
        *("card", "checkpoint", "interrupts", "processes", "provenance", "warn"),
        *("sampling", "synthesizer", "table", "training"),
    },
}
OPTIONAL = ("sdmetrics", "plotly", "matplotlib", "xgboost", "mkdocs", "dask", "distributed")


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Full names of imported modules, with imported names attached where there are any."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "write imports in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    """All nodes of a module: several tests below look at them, and parsing is what takes long."""
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def module_imports(path: Path) -> list[str]:
    return list(imports_of(nodes_of(path)))


def rooted(names: list[str]) -> set[str]:
    """Names of the packages that modules belong to."""
    return {name.partition(".")[0] for name in names}


def room_of(module: str) -> str | None:
    """The room of a full module name, or None for a face."""
    parts = module.split(".")[1:]
    names = (".".join(parts[:length]) for length in (2, 1))
    return next((name for name in names if name in ROOMS), None)


def is_allowed(room: str, imported: str) -> bool:
    inside = imported.removeprefix("synthwgan.")
    allowed = ROOMS[room] | {room}
    return any(inside == name or inside.startswith(f"{name}.") for name in allowed)


def beyond_the_walls(path: Path) -> list[str]:
    """What a module imports and may not."""
    room, imported = room_of(name_of(path)), module_imports(path)
    forbidden = FORBIDDEN_EVERYWHERE | FORBIDDEN_IN.get(room, set())
    own = [name for name in imported if name.split(".")[0] == "synthwgan"]
    others = [name for name in own if room is not None and not is_allowed(room, name)]
    return sorted(rooted(imported) & forbidden) + others


def test_walls_between_rooms() -> None:
    found = {name_of(path): beyond_the_walls(path) for path in MODULES}
    assert {module: names for module, names in found.items() if names} == {}


def test_the_wall_test_can_fail() -> None:
    assert is_allowed("training", "synthwgan.networks.heads")
    assert is_allowed("networks", "synthwgan.table.layout.Layout")
    assert not is_allowed("networks", "synthwgan.table.columns.numeric")
    assert not is_allowed("networks", "synthwgan.training")
    assert not is_allowed("table", "synthwgan.synthesizer")
    assert room_of("synthwgan.table.layout") == "table"
    assert room_of("synthwgan.radial.columns.union") == "radial.columns"
    assert room_of("synthwgan.cli") is None


def test_warnings_name_the_line_of_the_user() -> None:
    """A level counted by hand is wrong for every other way to the same warning."""
    warning = [
        name_of(path)
        for path in MODULES
        if "warnings.warn" in module_imports(path)
        or any(
            isinstance(n, ast.Attribute) and ast.unparse(n) == "warnings.warn"
            for n in nodes_of(path)
        )
    ]
    assert warning == ["synthwgan.warn"]


def test_no_cycles() -> None:
    """Imports inside functions and for type checkers count: they are knowledge all the same."""
    known = {name_of(path) for path in MODULES}
    graph: dict[str, set[str]] = {}
    for path in MODULES:
        names = {name for name in module_imports(path) if name.split(".")[0] == "synthwgan"}
        targets = {name if name in known else name.rpartition(".")[0] for name in names}
        graph[name_of(path)] = targets & known - {name_of(path)}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"modules import each other: {error.args[1]}")


@pytest.mark.parametrize("room", ["sections", "plots", "page"])
def test_what_a_report_is_made_of_does_not_know_the_report(room: str) -> None:
    names = ("report", "comparison", "evaluate", "gain")
    above = {f"synthwgan.evaluation.{name}" for name in names}
    for path in (PACKAGE / "evaluation" / room).rglob("*.py"):
        imported = {name.rpartition(".")[0] for name in module_imports(path)}
        assert not imported & above, path


def test_one_module_calls_sdmetrics() -> None:
    callers = [path for path in MODULES if "sdmetrics" in rooted(module_imports(path))]
    assert [name_of(path) for path in callers] == ["synthwgan.evaluation.quality"]


def test_one_module_calls_dask() -> None:
    of_dask = {"dask", "distributed"}
    callers = [path for path in MODULES if rooted(module_imports(path)) & of_dask]
    assert [name_of(path) for path in callers] == ["synthwgan.table.cluster"]


def test_functions_stay_small() -> None:
    long = []
    for path in MODULES:
        for node in nodes_of(path):
            if isinstance(node, ast.FunctionDef):
                start = 1 if ast.get_docstring(node) and len(node.body) > 1 else 0
                if node.end_lineno - node.body[start].lineno >= 50:
                    long.append(f"{name_of(path)}.{node.name}")
    assert long == []


def run(code: str) -> str:
    finished = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=PACKAGE.parent,
    )
    return finished.stdout


def test_importing_loads_and_changes_nothing_of_others(
    quick: dict[str, Any], tmp_path: Path
) -> None:
    # What is loaded, not how long it takes: seconds on a shared machine are a toss of a coin.
    networks = {"generator": Style(width=8), "critic": MLP(width=8, minibatch_features=2)}
    model = WGANGPSynthesizer(**(quick | networks)).fit(pd.DataFrame({"a": 20 * ["x", "y"]}))
    model.save(tmp_path / "model.safetensors")
    code = (
        f"OPTIONAL, PATH = {OPTIONAL}, {str(tmp_path / 'model.safetensors')!r}"
        + """
import logging, os, random, sys, threading, warnings
import numpy, pandas, pyarrow, sklearn.base, torch, tqdm

torch.set_num_threads(2)  # Who sets one thread is seen, even where there was but one.

def state():
    return [
        list(warnings.filters), list(logging.getLogger().handlers), logging.getLogger().level,
        random.getstate(), str(numpy.random.get_state()), torch.get_rng_state().tolist(),
        torch.get_default_dtype(), torch.get_num_threads(), dict(os.environ), os.getcwd(),
        str(numpy.geterr()), pandas.get_option("mode.copy_on_write"), threading.active_count(),
    ]

before, known = state(), set(sys.modules)
import synthwgan
print(sorted(set(synthwgan.__all__) - set(dir(synthwgan))))
from synthwgan import *
print([name for name in OPTIONAL if name in sys.modules])
found = {name.partition(".")[0] for name in set(sys.modules) - known} - known
print(sorted(found - {"synthwgan"} - set(sys.stdlib_module_names)))
import synthwgan.cli, synthwgan.io.tables, synthwgan.evaluation
print([i for i, (old, new) in enumerate(zip(before, state())) if old != new])
small = {"generator": Residual(width=8, layers=1), "critic": MLP(width=8), "calibrate": False}
WGANGPSynthesizer(**small, max_steps=1, rejection=None).fit(pandas.DataFrame({"a": range(40)}))
WGANGPSynthesizer.load(PATH)
print([name for name in ("sympy", "torch._dynamo") if name in sys.modules])
"""
    )
    unlisted, optional, undeclared, changed, compiler = run(code).splitlines()
    assert [unlisted, optional, undeclared, changed, compiler] == 5 * ["[]"]


HEAVY = ("numpy", "pandas", "scipy", "sklearn", "torch", "sdmetrics")
# One after another in one process, so that what is loaded only grows.
AT_THE_DOOR = [
    ("import synthwgan.cli", set()),
    ("main(['--version'])", set()),
    ("main(['--help'])", set()),
    ("main(['fit', '--help'])", set()),
    ("main(['radial', 'augment', '--help'])", set()),
    ("main(['rules', 'table.csv'])", {"numpy", "pandas", "scipy"}),
    ("import synthwgan.rules", {"numpy", "pandas", "scipy"}),
    ("import synthwgan.io, synthwgan.datasets", {"numpy", "pandas", "scipy"}),
    ("import synthwgan.evaluation", {"numpy", "pandas", "scipy", "sklearn"}),
]


def test_the_door_opens_without_heavy_packages(tmp_path: Path) -> None:
    """A user who asks for the version, for help or for rules does not wait for torch."""
    (tmp_path / "table.csv").write_text("a,b\n1,2\n3,6\n5,10\n")
    start = f"""
import os, sys
root = os.getcwd()
def main(arguments):
    os.chdir({str(tmp_path)!r})
    sys.argv = ["synthwgan", *arguments]
    from synthwgan.__main__ import main
    try:
        main()
    except SystemExit as error:
        assert not error.code
    os.chdir(root)
"""
    loaded = f"print('loaded', *[name for name in {HEAVY} if name in sys.modules])"
    steps = [f"{code}\n{loaded}\n" for code, _ in AT_THE_DOOR]
    shown = re.split(r"^loaded(.*)\n", run(start + "".join(steps)), flags=re.M)
    said, found = shown[:-1:2], shown[1::2]
    for (code, allowed), output, names in zip(AT_THE_DOOR, said, found, strict=True):
        assert set(names.split()) <= allowed, code
        assert output or not code.startswith("main"), f"{code} said nothing"


def test_lazy_names_are_those_of_the_list() -> None:
    """Each public name is found, at the first use, and a wrong one is refused as usual."""
    for package in (synthwgan, synthwgan.table):
        assert all(getattr(package, name).__name__ == name for name in package.__all__)
        with pytest.raises(AttributeError, match="no attribute 'Nobody'"):
            _ = package.Nobody
