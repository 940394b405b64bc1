"""What must be said in several files is the same in all of them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import synthwgan

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


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
