"""The gallery: scripts become pages, notebooks and cards; `make docs` runs all of them."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((REPOSITORY / "examples").glob("*.py"))
HOOKS = REPOSITORY / "docs" / "hooks"

SCRIPT = '''"""# A heading

One sentence. Another one.
"""

x = 1
print("first", x)

# %%
# Some *text*,
# in two lines.

import matplotlib.pyplot as plt

print("before")
figure, axes = plt.subplots(num="A line")
axes.plot([1, x])
axes.set_title("growth")
plt.show()
print("after")
x + 1

# %%
# The end.
'''


@pytest.fixture(scope="module")
def gallery() -> ModuleType:
    """The hook, loaded from its file and beside its neighbours as mkdocs does."""
    spec = importlib.util.spec_from_file_location("gallery", HOOKS / "gallery.py")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(HOOKS)
        spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def scripts(gallery: ModuleType) -> ModuleType:
    """What the hook runs scripts with."""
    return sys.modules["scripts"]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "growth.py"
    path.write_text(SCRIPT, encoding="utf-8")
    return path


def test_cells(scripts: ModuleType) -> None:
    cells = scripts.cells_of(SCRIPT)
    assert [cell.text for cell in cells] == [
        "# A heading\n\nOne sentence. Another one.",
        "Some *text*,\nin two lines.",
        "The end.",
    ]
    assert cells[0].code == 'x = 1\nprint("first", x)'
    assert cells[2].code == ""
    # So that a traceback names the line of the script.
    assert SCRIPT.splitlines()[cells[1].line] == "import matplotlib.pyplot as plt"


def test_scripts_become_pages(
    gallery: ModuleType,
    scripts: ModuleType,
    script: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(scripts, "CACHE", tmp_path / "kept")
    wrong = tmp_path / "wrong.py"
    wrong.write_text('"""# A heading\n\nText."""\n\n# %%\n# More.\n\n1 / 0\n')
    with pytest.raises(RuntimeError, match=r"(?s)wrong\.py.*line 8.*ZeroDivisionError"):
        scripts.run_stale([wrong, script])
    assert scripts.kept_of(wrong) is None

    # What the other one showed is kept until it changes: it is not run again.
    monkeypatch.setattr(scripts.subprocess, "run", None)
    page, pictures = gallery.page_of(script)
    assert list(pictures) == ["growth-1.svg"]
    assert "growth" in pictures["growth-1.svg"]
    order = ["# A heading", "first 1", "Some *text*", "```text\nbefore", "![growth]"]
    order += ["```text\nafter", "```text\n2", "The end.", "growth.ipynb"]
    places = [page.index(part) for part in order]
    assert places == sorted(places)
    assert gallery.title_of(script) == ("A heading", "One sentence.")
    script.write_text(SCRIPT + "\n# More.\n", encoding="utf-8")
    assert scripts.kept_of(script) is None


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_notebooks_hold_all_of_the_script(gallery: ModuleType, path: Path) -> None:
    notebook = json.loads(gallery.notebook_of(path))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    cells = notebook["cells"]
    assert len({cell["id"] for cell in cells}) == len(cells)
    code = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] for cell in cells if cell["cell_type"] == "code")
    source = path.read_text(encoding="utf-8")
    after_text = source.split('"""', 2)[2]
    lines = [line for line in after_text.splitlines() if line and not line.startswith("#")]
    assert [line for part in code for line in part.splitlines() if line] == lines


def test_all_scripts_are_listed(gallery: ModuleType) -> None:
    assert sorted(gallery.ORDER) == [path.stem for path in SCRIPTS]
    index = gallery.index_of([gallery.SCRIPTS / f"{name}.py" for name in gallery.ORDER])
    assert all(f'href="{path.stem}/"' in index for path in SCRIPTS)
