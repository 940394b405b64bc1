"""Publish the documentation by version: a folder for each, and what leads from one to another.

``python .ci/versions.py public`` looks for the folders of versions (0.2, 0.10, dev) that are in
``public``, and writes ``versions.json``, which the theme's picker of versions reads, and an
``index.html`` that leads to the newest release.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

_RELEASE = re.compile(r"\d+(\.\d+)*")
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>synthwgan</title>
<meta http-equiv="refresh" content="0; url={version}/">
<a href="{version}/">The documentation of synthwgan {version}</a>
</html>
"""


def versions_in(folder: Path) -> list[str]:
    """Return the versions in a folder: releases, the newest first, and then the others."""
    names = sorted(path.parent.name for path in folder.glob("*/index.html"))
    releases = [name for name in names if _RELEASE.fullmatch(name)]
    releases.sort(key=lambda name: [int(part) for part in name.split(".")], reverse=True)
    return releases + [name for name in names if name not in releases]


def write(folder: Path) -> None:
    """Write the list of versions, and the page that leads to the newest."""
    found = versions_in(folder)
    if not found:
        raise SystemExit(f"{folder} has no folder with a built documentation")
    listed = [{"version": name, "title": name, "aliases": []} for name in found]
    (folder / "versions.json").write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")
    (folder / "index.html").write_text(_PAGE.format(version=found[0]), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
