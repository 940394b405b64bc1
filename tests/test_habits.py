"""What must be said in several files is the same in all of them."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

import synthwgan

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
# Extras for those who work on the package itself.
OF_THE_HOUSE = {"dev", "docs", "bench"}


def _only(pattern: str, name: str) -> str:
    """The only match of a pattern in a file."""
    (found,) = re.findall(pattern, (ROOT / name).read_text("utf-8"), re.MULTILINE)
    return found


def test_pre_commit_runs_the_ruff_of_the_project() -> None:
    version = _only(r"^    rev: v(.+)$", ".pre-commit-config.yaml")
    assert f"ruff=={version}" in PROJECT["project"]["optional-dependencies"]["dev"]


def test_the_citation_and_the_package_are_of_one_version() -> None:
    assert _only(r"^version: (.+)$", "CITATION.cff") == synthwgan.__version__
    assert PROJECT["project"]["version"] == synthwgan.__version__


def script(name: str) -> ModuleType:
    """A script of .ci/, loaded without being run."""
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lower_bounds(requirements: list[str]) -> dict[str, str]:
    """Bounds of versions by the package's name in conda."""
    others = [line for line in requirements if not line.startswith("python ")]
    pairs = (re.fullmatch(r"([\w-]+)(?:\[\w+\])? ?(\S*)", line) for line in others)
    return {{"torch": "pytorch"}.get(pair[1], pair[1]): pair[2] for pair in pairs}


def test_the_conda_recipe_asks_for_what_the_package_asks_for() -> None:
    yaml = pytest.importorskip("yaml")
    recipe = yaml.safe_load((ROOT / "recipe" / "recipe.yaml").read_text("utf-8"))
    project, needs = PROJECT["project"], recipe["requirements"]
    assert recipe["context"]["version"] == project["version"]
    assert f">={recipe['context']['python_min']}" == project["requires-python"]
    assert lower_bounds(needs["run"]) == lower_bounds(project["dependencies"])
    assert lower_bounds(PROJECT["build-system"]["requires"]).items() <= (
        lower_bounds(needs["host"]).items()
    )
    extras = project["optional-dependencies"]
    of_users = [line for name in extras.keys() - OF_THE_HOUSE for line in extras[name]]
    assert lower_bounds(needs["run_constraints"]) == lower_bounds(of_users)
    (command,) = recipe["build"]["python"]["entry_points"]
    assert command == "synthwgan = " + project["scripts"]["synthwgan"]


def test_a_release_knows_the_extras() -> None:
    extras = set(PROJECT["project"]["optional-dependencies"])
    assert script("release").OF_THE_HOUSE == OF_THE_HOUSE < extras
    assert script("smoke").FEATURES.keys() <= extras | {"none"}


def test_all_public_names_are_documented() -> None:
    pages = "\n".join(page.read_text("utf-8") for page in (ROOT / "docs" / "api").glob("*.md"))
    documented = set(re.findall(r"^::: synthwgan\.(\w+)$", pages, re.MULTILINE))
    assert set(synthwgan.__all__) <= documented


def test_the_wheel_says_that_the_package_is_typed() -> None:
    assert PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["synthwgan"]
    assert (ROOT / "synthwgan" / "py.typed").is_file()
    # hatchling leaves out what git ignores.
    ignored = (ROOT / ".gitignore").read_text("utf-8").split()
    assert not [line for line in ignored if "typed" in line]


def test_every_requirement_has_a_lowest_version() -> None:
    """`make test-lowest` installs these."""
    needed = PROJECT["project"]["dependencies"]
    assert needed
    for requirement in needed:
        assert re.fullmatch(r"[\w-]+>=[\d.]+(,<\d+)?", requirement), requirement


def test_the_changelog_has_the_version() -> None:
    """Beside what comes next, which is always there."""
    heads = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert heads[0] == "Unreleased"
    assert heads[1] == synthwgan.__version__
