"""Writes the lowest versions that pyproject.toml allows, as constraints for pip."""

import re
import sys
import tomllib
from pathlib import Path

# One build of torch is at hand everywhere; another one is gigabytes.
PINNED = {"torch": "torch==2.13.0"}


def lowest(requirement: str) -> str:
    """Return ``name==version`` for ``name>=version``; what is pinned anyway stays as it is."""
    name, _, version = re.fullmatch(r"([\w-]+)(>=|==)([\w.]+).*", requirement).groups()
    return PINNED.get(name, f"{name}=={version}")


if __name__ == "__main__":
    project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
    needed = project["dependencies"] + project["optional-dependencies"]["dev"]
    sys.stdout.writelines(f"{lowest(requirement)}\n" for requirement in needed)
