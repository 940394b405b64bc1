"""What differential privacy is made of never imports what looks at rows without paying."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "synthwgan"
ROOM = PACKAGE / "private"
# These infer kinds, forms, grids and rules from cells, or fit networks to rows.
LOOKS_AT_ROWS = (
    *("table.schema", "table.transformer", "table.encoding", "table.columns", "table.forms"),
    *("table.rules", "table.choice", "table.builders", "table.reduction", "table.law"),
    *("training", "sampling"),
    *("networks", "conditions", "synthesizer", "fitted", "base", "radial"),
)
# One pattern of dates, which is found in the bounds that a user declares, and never in cells.
READS_PUBLIC_BOUNDS = {"table.forms.base", "table.forms.textdates"}
# Declared rules are kept by drawn rows: these two read drawn rows, and are given no table.
READ_DRAWN_ROWS = {"rules", "mending"}


def path_of(module: str) -> Path | None:
    base = PACKAGE.parent / Path(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.exists():
            return path
    return None


def imported_at_once(path: Path) -> set[Path]:
    """Modules of the package that are imported with a module; not those inside functions."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names] + [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        paths = [path_of(name) for name in names if name.startswith("synthwgan.")]
        found |= {one for one in paths if one is not None}
    return found


def reached(start: set[Path], but: set[Path] = frozenset()) -> set[str]:
    seen, todo = set(start), list(start)
    while todo:
        new = imported_at_once(todo.pop()) - seen - but
        seen |= new
        todo += new
    return {".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in seen}


def looks(names: set[str]) -> list[str]:
    return [
        name
        for name in sorted(names)
        if any(name == one or name.startswith(f"{one}.") for one in LOOKS_AT_ROWS)
    ]


def test_the_private_room_reaches_nothing_that_looks_at_rows() -> None:
    apart = {ROOM / f"{name}.py" for name in READ_DRAWN_ROWS}
    names = reached(set(ROOM.glob("*.py")) - apart, apart)
    assert "table.storage.physical" in names
    assert looks(names - READS_PUBLIC_BOUNDS) == []


def test_rules_are_out_of_reach_of_what_measures() -> None:
    users = {
        path.stem
        for path in ROOM.glob("*.py")
        if imported_at_once(path) & {ROOM / f"{name}.py" for name in READ_DRAWN_ROWS}
    }
    assert users == {"rules", "file", "synthesizer"}


def test_the_walk_can_find_it() -> None:
    assert "table.transformer" in looks(reached({PACKAGE / "base.py"}))


def test_only_the_census_holds_a_table() -> None:
    """The modules that choose, fit and draw are given noisy counts, and no frame."""
    for name in ("mechanism", "pairs", "particles", "sampler", "tails", "accountant", "noise"):
        tree = ast.parse((ROOM / f"{name}.py").read_text(encoding="utf-8"))
        imported = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        assert "pandas" not in imported, name
