"""The rules of the house: what may import what, and what importing may not do."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import synthwgan.table

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
    "io": {"parameters", "table.checks", "table.storage.frame", "warn"},
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
        *("table.door.chosen_places", "table.door.naming_column", "table.forms.textdates"),
        *("table.frames", "table.storage", "processes", "provenance", "warn"),
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


def imports_of(tree: ast.AST) -> Iterator[str]:
    """Full names of imported modules, with imported names attached where there are any."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "write imports in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def module_imports(path: Path) -> list[str]:
    return list(imports_of(ast.parse(path.read_text(encoding="utf-8"))))


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


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_walls_between_rooms(path: Path) -> None:
    room = room_of(name_of(path))
    imported = module_imports(path)
    forbidden = FORBIDDEN_EVERYWHERE | FORBIDDEN_IN.get(room, set())
    assert not rooted(imported) & forbidden
    if room is not None:
        own = [name for name in imported if name.split(".")[0] == "synthwgan"]
        assert not [name for name in own if not is_allowed(room, name)]


def test_the_wall_test_can_fail() -> None:
    assert is_allowed("training", "synthwgan.networks.heads")
    assert is_allowed("networks", "synthwgan.table.layout.Layout")
    assert not is_allowed("networks", "synthwgan.table.columns.numeric")
    assert not is_allowed("networks", "synthwgan.training")
    assert not is_allowed("table", "synthwgan.synthesizer")
    assert room_of("synthwgan.table.layout") == "table"
    assert room_of("synthwgan.radial.columns.union") == "radial.columns"
    assert room_of("synthwgan.cli") is None


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_warnings_name_the_line_of_the_user(path: Path) -> None:
    """A level counted by hand is wrong for every other way to the same warning."""
    if name_of(path) != "synthwgan.warn":
        assert "warnings.warn" not in {
            ast.unparse(node) for node in ast.walk(ast.parse(path.read_text("utf-8")))
        }
        assert "warnings.warn" not in module_imports(path)


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


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_functions_stay_small(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            assert node.end_lineno - first.lineno < 50, f"{node.name} is too long"


def run(code: str) -> str:
    finished = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=PACKAGE.parent,
    )
    return finished.stdout


def test_importing_loads_nothing_beyond_its_dependencies() -> None:
    # What is loaded, not how long it takes: seconds on a shared machine are a toss of a coin.
    code = (
        f"OPTIONAL = {OPTIONAL}"
        + """
import sys
import pandas, pyarrow, sklearn.base, torch, tqdm
known = set(sys.modules)
from synthwgan import *
print([name for name in OPTIONAL if name in sys.modules])
found = {name.partition(".")[0] for name in set(sys.modules) - known} - known
print(sorted(found - {"synthwgan"} - set(sys.stdlib_module_names)))
"""
    )
    assert run(code).split() == ["[]", "[]"]


def test_importing_changes_no_global_state() -> None:
    code = """
import logging, os, random, threading, warnings
import numpy, pandas, sklearn.base, torch

torch.set_num_threads(2)  # Who sets one thread is seen, even where there was but one.

def state():
    return [
        list(warnings.filters), list(logging.getLogger().handlers), logging.getLogger().level,
        random.getstate(), str(numpy.random.get_state()), torch.get_rng_state().tolist(),
        torch.get_default_dtype(), torch.get_num_threads(), dict(os.environ), os.getcwd(),
        str(numpy.geterr()), pandas.get_option("mode.copy_on_write"), threading.active_count(),
    ]

before = state()
import synthwgan.cli, synthwgan.io.tables, synthwgan.evaluation
from synthwgan import *
print([i for i, (old, new) in enumerate(zip(before, state())) if old != new])
"""
    assert run(code).strip() == "[]"


HEAVY = ("numpy", "pandas", "scipy", "sklearn", "torch")
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


@pytest.mark.parametrize(("code", "allowed"), AT_THE_DOOR, ids=[code for code, _ in AT_THE_DOOR])
def test_the_door_opens_without_heavy_packages(
    code: str, allowed: set[str], tmp_path: Path
) -> None:
    """A user who asks for the version, for help or for rules does not wait for torch."""
    (tmp_path / "table.csv").write_text("a,b\n1,2\n3,6\n5,10\n")
    start = f"""
import os, sys
def main(arguments):
    os.chdir({str(tmp_path)!r})
    sys.argv = ["synthwgan", *arguments]
    from synthwgan.__main__ import main
    try:
        main()
    except SystemExit as error:
        assert not error.code
"""
    shown = run(f"{start}\n{code}\nprint(*[name for name in {HEAVY} if name in sys.modules])")
    loaded = set(shown.rpartition("\n")[0].rpartition("\n")[2].split())
    assert loaded <= allowed
    if code.startswith("main"):
        assert len(shown.splitlines()) > 1, "the command said nothing"


def test_lazy_names_are_those_of_the_list() -> None:
    """Each public name is found, at the first use, and a wrong one is refused as usual."""
    found = run("import synthwgan; print(*dir(synthwgan))").split()
    assert set(synthwgan.__all__) <= set(found)
    for package in (synthwgan, synthwgan.table):
        assert all(getattr(package, name).__name__ == name for name in package.__all__)
        with pytest.raises(AttributeError, match="no attribute 'Nobody'"):
            _ = package.Nobody
