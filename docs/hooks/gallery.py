"""A hook of MkDocs: what each script of examples/ shows becomes a page and a notebook."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

from scripts import REPOSITORY, cells_of, kept_of, run_stale

SCRIPTS = REPOSITORY / "examples"
# Links of a notebook that was downloaded lead to the repository.
DOCS = "https://github.com/synthwgan/synthwgan/blob/main/docs/"
ORDER = (
    *("customers", "imbalanced", "conditions", "gaps", "hospitals", "rules"),
    *("report", "comparison", "private", "database", "large", "tuning"),
)


def title_of(script: Path) -> tuple[str, str]:
    """Return a script's heading and its first sentence."""
    heading, _, rest = cells_of(script.read_text(encoding="utf-8"))[0].text.partition("\n")
    sentence = re.match(r".*?[.?!](?=\s|$)", " ".join(rest.split()))
    return heading.removeprefix("# ").strip(), sentence[0].replace("`", "")


def notebook_of(script: Path) -> str:
    """Return a script as a Jupyter notebook, in which nothing was run yet."""
    cells: list[dict[str, Any]] = []
    for cell in cells_of(script.read_text(encoding="utf-8")):
        text = cell.text.replace("](../", f"]({DOCS}")
        for kind, source in (("markdown", text), ("code", cell.code)):
            if source:
                own = {"execution_count": None, "outputs": []} if kind == "code" else {}
                common = {"cell_type": kind, "id": f"cell-{len(cells)}", "metadata": {}}
                cells.append({**common, **own, "source": source})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def page_of(script: Path) -> tuple[str, dict[str, str]]:
    """Return a script's page, and its pictures by name."""
    source = script.read_text(encoding="utf-8")
    run_stale([script])
    parts, pictures = [], {}
    for cell, outputs in zip(cells_of(source), kept_of(script), strict=True):
        parts += [cell.text] + [f"```py\n{cell.code}\n```"] * bool(cell.code)
        for output in outputs:
            if "svg" in output:
                name = f"{script.stem}-{len(pictures) + 1}.svg"
                pictures[name] = output["svg"]
                parts.append(f"![{output['words']}](images/{name})")
            else:
                text = f"```text\n{output.get('text', '').rstrip()}\n```"
                parts.append(output.get("html", text))
    name = script.stem
    parts.append(
        f"Download this page as a [notebook]({name}.ipynb){{ download }} or as a "
        f"[Python script]({name}.py){{ download }}."
    )
    return "\n\n".join(parts) + "\n", pictures


def index_of(scripts: list[Path]) -> str:
    """Return the page with a card for each script."""
    cards = []
    for script in scripts:
        title, sentence = (html.escape(text) for text in title_of(script))
        cards.append(
            f'<a class="card" href="{script.stem}/"><img src="images/{script.stem}-1.svg" alt="">'
            f"<strong>{title}</strong><span>{sentence}</span></a>"
        )
    text = (Path(__file__).with_name("gallery.md")).read_text(encoding="utf-8")
    return text + '\n<div class="gallery">\n' + "\n".join(cards) + "\n</div>\n"


def on_files(files: Any, config: Any) -> Any:
    """Add the gallery to the files of the site; mkdocs calls it."""
    from mkdocs.structure.files import File

    scripts = [SCRIPTS / f"{name}.py" for name in ORDER]
    run_stale(scripts)
    made = {"index.md": index_of(scripts)}
    for script in scripts:
        made[f"{script.stem}.md"], pictures = page_of(script)
        made |= {f"images/{name}": picture for name, picture in pictures.items()}
        made[f"{script.stem}.ipynb"] = notebook_of(script)
        made[script.name] = script.read_text(encoding="utf-8")
    for name, content in made.items():
        files.append(File.generated(config, f"gallery/{name}", content=content))
    return files
