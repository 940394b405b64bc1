"""What the documentation shows is run: Python examples, options of commands, pages, names.

To see what the examples of a page print with the default length of training, for pasting::

    python tests/docs/test_examples.py README.md
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import inspect
import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer.main

import synthwgan
import synthwgan.evaluation
import synthwgan.io
import synthwgan.rules
from synthwgan.cli import app
from synthwgan.components import ComponentParameters

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
PAGES = [REPOSITORY / "README.md", *sorted(DOCS.rglob("*.md"))]
# Examples leave the length of training and of rejection at its default; here it is enough that
# they run, and no detective is asked whether the table is learnt.
AUTO_STEPS, MIN_JUDGED_ROWS, N_TREES = 5, 10**9, 20
VARIES = "<!-- output varies -->"
# What needs the report extra; the other examples run without it.
EXTRA = ("quality_score", "save_html", ".plot(", "plot_history", "sdmetrics")
# Pages, and words of examples, that need another optional package.
NEEDS = {"personal-data.md": "faker", "imblearn": "imblearn", "dask": "distributed"}
_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)[^\n]*\n(?P<body>.*?)^(?P=indent)```$", re.M | re.S
)
_ERROR = re.compile(r"[A-Za-z_]*(Error|Exception|Interrupt)\b")
_OPTION = re.compile(r"(?<!\S)(--?[a-z][a-z-]*)")
_IDENTIFIER = re.compile(r"^::: ([\w.]+)", re.M)


@dataclass(frozen=True)
class Example:
    """A block of Python, and the output shown below it if it is to be compared."""

    code: str
    line: int
    output: str | None


def blocks(text: str) -> Iterator[tuple[str, str, int, str]]:
    """Language, body, line and what stands between it and the block before."""
    end = 0
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start("body"))
        yield match["language"], match["body"], line, text[end : match.start()].strip()
        end = match.end()


def examples_of(text: str) -> list[Example]:
    """Every Python block with the text block that follows it directly, or after `VARIES`."""
    found: list[Example] = []
    after_python = False
    for language, body, line, between in blocks(text):
        if language == "python":
            found.append(Example(body, line, None))
        elif language == "text" and after_python and not between:
            found[-1] = Example(found[-1].code, found[-1].line, body)
        after_python = language == "python"
    return found


def run(example: Example, namespace: dict[str, Any], page: str) -> str:
    """Run a block; what it prints, and the error that it ends with if one is shown."""
    shown = io.StringIO()
    # Line numbers of a traceback are those of the page.
    tree = ast.increment_lineno(ast.parse(example.code), example.line)
    expects_error = bool(_ERROR.match(example.output or ""))
    with contextlib.redirect_stdout(shown):
        try:
            exec(compile(tree, page, "exec"), namespace)  # noqa: S102
        except Exception as error:
            if not expects_error:
                raise
            print(f"{type(error).__name__}: {error}", file=shown)  # noqa: T201
    return shown.getvalue()


def plain(output: str) -> list[str]:
    """Lines without trailing blanks, and none that are empty at either end."""
    return [line.rstrip() for line in output.strip().splitlines()]


PAGES_WITH_EXAMPLES = [page for page in PAGES if examples_of(page.read_text(encoding="utf-8"))]


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    "page", PAGES_WITH_EXAMPLES, ids=lambda page: str(page.relative_to(REPOSITORY))
)
def test_examples(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = page.read_text(encoding="utf-8")
    found = examples_of(text)
    find = importlib.util.find_spec
    has_extra = all(map(find, ("sdmetrics", "plotly", "jinja2")))
    if page.name in NEEDS:
        pytest.importorskip(NEEDS[page.name])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("synthwgan.training.config.auto_max_steps", lambda n_rows: AUTO_STEPS)
    monkeypatch.setattr("synthwgan.training.fit.MIN_JUDGED_ROWS", MIN_JUDGED_ROWS)
    monkeypatch.setattr("synthwgan.evaluation.sections.detection.N_TREES", N_TREES)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for example in found:
        if not has_extra and any(name in example.code for name in EXTRA):
            continue
        if any(need in example.code and not find(name) for need, name in NEEDS.items()):
            continue
        output = run(example, namespace, str(page))
        if example.output is not None:
            place = f"{page.name}, line {example.line}"
            assert plain(output) == plain(example.output), place


def test_output_is_compared_unless_it_varies() -> None:
    block = "```python\nprint(1)\n```\n\n{}```text\n1\n```\n"
    assert examples_of(block.format(""))[0].output == "1\n"
    assert examples_of(block.format(f"{VARIES}\n"))[0].output is None
    assert examples_of(block.format("Then, of something else:\n\n"))[0].output is None


def test_an_error_that_is_not_shown_fails() -> None:
    with pytest.raises(ZeroDivisionError):
        run(Example("1 / 0", 1, None), {}, "page")
    shown = Example("1 / 0", 1, "ZeroDivisionError: division by zero")
    assert run(shown, {}, "page") == "ZeroDivisionError: division by zero\n"


def console_lines() -> list[str]:
    lines = [
        line.strip()
        for page in PAGES
        for language, body, _, _ in blocks(page.read_text(encoding="utf-8"))
        if language in ("console", "bash")
        for line in body.splitlines()
    ]
    return sorted({line for line in lines if line and not line.startswith("#")})


def commands_of(program: Any) -> Iterator[Any]:
    """A command and all below it."""
    yield program
    for command in getattr(program, "commands", {}).values():
        yield from commands_of(command)


def options_of(command: Any) -> set[str]:
    names = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    return names | {"--help"}


@pytest.mark.parametrize("line", [x for x in console_lines() if x.startswith("synthwgan")])
def test_commands_and_their_options_exist(line: str) -> None:
    program, words = typer.main.get_command(app), line.split()[1:]
    while hasattr(program, "commands"):
        name = next((word for word in words if word in program.commands), None)
        before = words[: words.index(name)] if name else words
        assert set(_OPTION.findall(" ".join(before))) <= options_of(program)
        if name is None:
            assert before and before[0].startswith("--"), "no such command"
            return
        program, words = program.commands[name], words[words.index(name) + 1 :]
    assert set(_OPTION.findall(" ".join(words))) <= options_of(program)


@pytest.mark.parametrize("line", [x for x in console_lines() if x.startswith("make ")])
def test_make_targets_exist(line: str) -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{line.split()[1]}:", makefile, re.M)


@pytest.mark.parametrize("line", [x for x in console_lines() if x.startswith("python -m")])
def test_options_of_benchmarks_exist(line: str) -> None:
    _, _, module, *words = line.split()
    # The options that make a cell are shared: they stand in cell.py.
    files = [REPOSITORY / f"{module.replace('.', '/')}.py", REPOSITORY / "benchmarks" / "cell.py"]
    source = "".join(file.read_text(encoding="utf-8") for file in files)
    assert all(f'"{option}"' in source for option in _OPTION.findall(" ".join(words)))


def test_the_command_line_page_names_every_option() -> None:
    text = (DOCS / "guide" / "command-line.md").read_text(encoding="utf-8")
    for command in commands_of(typer.main.get_command(app)):
        long = {name for name in options_of(command) if name.startswith("--")}
        assert not {name for name in long if name not in text}, command.name


def test_navigation_lists_every_page() -> None:
    config = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")
    nav = re.search(r"^nav:\n((?: .*\n)+)", config, re.M)
    listed = re.findall(r"[-:] (\S+\.md)$", nav[1], re.M)
    assert len(listed) == len(set(listed))
    written = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")} - {"hooks/gallery.md"}
    made = {f"gallery/{script.stem}.md" for script in (REPOSITORY / "examples").glob("*.py")}
    assert set(listed) == written | made | {"gallery/index.md"}


def test_api_pages_list_exactly_the_public_names() -> None:
    pages = [page for page in (DOCS / "api").glob("*.md") if page.name != "internals.md"]
    listed = [
        name for page in pages for name in _IDENTIFIER.findall(page.read_text(encoding="utf-8"))
    ]
    public = [f"synthwgan.{name}" for name in synthwgan.__all__]
    public += [f"synthwgan.evaluation.{name}" for name in synthwgan.evaluation.__all__]
    public += [f"synthwgan.datasets.{name}" for name in ("fetch_table", "make_placements")]
    public += [f"synthwgan.rules.{name}" for name in synthwgan.rules.__all__]
    public += [f"synthwgan.io.{name}" for name in synthwgan.io.__all__]
    # Components that have no short way, and what a class of one's own is made from.
    public += [
        f"synthwgan.networks.generators.{name}" for name in ("GeneratorChoice", "MLP", "Own")
    ]
    public += [f"synthwgan.networks.critics.{name}" for name in ("CriticChoice", "Own")]
    public.append("synthwgan.networks.objectives.Objective")
    assert sorted(listed) == sorted(public)


@pytest.mark.parametrize("name", ["WGANGPSynthesizer", "RadialGANSynthesizer"])
def test_api_pages_show_inherited_methods(name: str) -> None:
    """mkdocstrings shows a class's own methods; inherited ones have to be asked for."""
    estimator = getattr(synthwgan, name)
    pages = [page.read_text(encoding="utf-8") for page in (DOCS / "api").glob("*.md")]
    page = next(page for page in pages if f"::: synthwgan.{name}\n" in page)
    shown = set(re.findall(r"\w+", re.search(r"inherited_members: \[(.*)\]", page)[1]))
    inherited = {
        method
        for base in estimator.__mro__[1:]
        if base.__module__.startswith("synthwgan.") and base is not ComponentParameters
        for method, value in vars(base).items()
        if not method.startswith("_") and inspect.isroutine(value) and method not in vars(estimator)
    }
    assert shown == inherited


def section(text: str, title: str) -> str:
    """What stands below a heading, up to the next one."""
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


ESTIMATOR_PAGES = {
    "synthesizer": "WGANGPSynthesizer",
    "radial": "RadialGANSynthesizer",
    "imputation": "WGANGPImputer",
    "oversampling": "GANOverSampler",
    "private": "PrivateSynthesizer",
    "transformer": "TableTransformer",
}


@pytest.mark.parametrize(("page", "name"), ESTIMATOR_PAGES.items())
def test_api_pages_begin_with_all_methods_and_parameters(page: str, name: str) -> None:
    estimator = getattr(synthwgan, name)
    text = (DOCS / "api" / f"{page}.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]*)\|", section(text, "Methods"), re.M)
    listed = re.findall(r"`(\w+)`", " ".join(rows))
    # Metadata is routed by scikit-learn, with methods that it adds to every estimator.
    routing = re.compile(r"get_metadata_routing|set_\w+_request")
    public = {
        method
        for method, _ in inspect.getmembers(estimator, callable)
        if not method.startswith("_") and not routing.fullmatch(method)
    }
    assert sorted(listed) == sorted(public)
    links = dict(re.findall(r"\[`(\w+)`\]\[([\w.]+)\]", section(text, "Methods")))
    assert links == {method: f"synthwgan.{name}.{method}" for method in links}
    of_ours = {method for method in public if is_ours(estimator, method)} - {"set_params"}
    assert of_ours <= links.keys()

    grouped = re.findall(r"`(\w+)`", section(text, "Parameters in groups"))
    assert sorted(grouped) == sorted(inspect.signature(estimator).parameters)


def is_ours(estimator: type, method: str) -> bool:
    """Whether a class of this package defines a method."""
    owner = next(base for base in estimator.__mro__ if method in vars(base))
    return owner.__module__.startswith("synthwgan.")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_to_files_of_the_repository(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(https://github.com/synthwgan/synthwgan/blob/main/([^)#]+)", text)
    assert not [target for target in targets if not (REPOSITORY / target).exists()]
    if page.name == "README.md":
        # It is shown on the package index too, where a path leads nowhere.
        assert targets
        assert not re.findall(r"\]\((?!https:)", text)


def test_the_design_names_files_and_folders_that_exist() -> None:
    text = (DOCS / "design.md").read_text(encoding="utf-8").partition("## Before and after")[0]
    named = set(re.findall(r"[\w/]+\.py\b|\b[\w/]+/(?=[\s`,:])", text))
    files = {
        f"/{path.relative_to(REPOSITORY).as_posix()}{'/' * path.is_dir()}"
        for root in ("synthwgan", "tests")
        for path in (REPOSITORY / root).rglob("*")
    }
    assert len(named) > 50
    missing = {name for name in named if not any(file.endswith(f"/{name}") for file in files)}
    assert missing == {"files/", "privacy/"}, "rooms that were planned, and built under other names"


def show(page: str) -> None:
    """Write what each example of a page prints."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    found = examples_of((REPOSITORY / page).read_text(encoding="utf-8"))
    os.chdir(tempfile.mkdtemp())
    for example in found:
        output = run(Example(example.code, example.line, "Error"), namespace, page)
        sys.stdout.write(f"{page}, line {example.line}\n{output}\n")


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        show(argument)
