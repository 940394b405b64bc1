"""What the command line says of parameters, it says of its options."""

from __future__ import annotations

import ast
import re
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner, Result

from synthwgan.cli import app
from synthwgan.cli.options import as_options, options_of
from synthwgan.cli.where import parse_where
from synthwgan.table import TableTransformer

PACKAGE = Path(__file__).resolve().parents[2] / "synthwgan"
OPTIONS = options_of(typer.main.get_command(app))
# What all commands have to say in Python's words, as they have no option for it.
CALL = re.compile(r"\w+\([^()]*\)")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def text_of(node: ast.AST) -> str:
    """A text of the source, with a letter for what is filled in."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        parts = [(getattr(part, "conversion", None), part) for part in node.values]
        return "".join(
            text_of(part) if kind is None else "'x'" if kind == ord("r") else "x"
            for kind, part in parts
        )
    return ""


@cache
def messages() -> list[str]:
    """All texts of errors and warnings outside the command line itself."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.parent.name != "cli":
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                is_warning = isinstance(node, ast.Call) and ast.unparse(node.func) == "warn"
                if is_warning or (isinstance(node, ast.Raise) and node.exc is not None):
                    found += [text_of(each) for each in ast.walk(node)]
    return [text for text in found if " " in text]


class TestAllMessages:
    def test_no_message_advises_a_parameter_that_is_an_option(self) -> None:
        named = re.compile(rf"(?<![\w.-])({'|'.join(OPTIONS)})=")
        before = [text for text in messages() if named.search(CALL.sub("", text))]
        assert len(before) > 20, "the messages were not found"
        after = [as_options(text, OPTIONS) for text in before]
        assert not [text for text in after if named.search(CALL.sub("", text))]

    def test_each_option_that_is_told_exists(self) -> None:
        there = {option.on for option in OPTIONS.values()} | {
            option.off for option in OPTIONS.values()
        }
        for text in messages():
            for told in re.findall(r"(?<!\S)--[a-z][a-z-]*", as_options(text, OPTIONS)):
                assert told in there


@pytest.mark.parametrize(
    ("python", "command_line"),
    [
        ("pass column_kinds={'zip': 'categorical'}", "pass --kind zip=categorical"),
        ("column_kinds={'a b': 'text', 'c': 'pair'}", "--kind 'a b=text' --kind c=pair"),
        ("column_kinds={name: kind}", "--kind NAME=kind"),
        ("column_kinds names 'x'", "--kind names 'x'"),
        ("conditions={'age': (30, None)}", "--where 'age>=30'"),
        ("conditions={'age': (18, 65)}", "--where 'age>=18' --where 'age<=65'"),
        ("conditions={'city': ['Rome', None]}", "--where 'city=Rome|'"),
        ("rules=None", "--rules none"),
        ("rules=['auto', Order('start', '<=', 'end')]", "--rules FILE"),
        ("rejection=None", "--no-rejection"),
        ("fill=True, or fill=False", "--fill, or --no-fill"),
        ("random_state=3", "--seed 3"),
        ("random_state=None", "no --seed"),
        ("precision='float32'", "precision='float32'"),
        ("na=[]", "--na ''"),
        ("sep=';', decimal=','", "--sep ';', --decimal ,"),
        ("say in which encoding=", "say in which --encoding"),
        ("on_rare='fewer' keeps", "--on-rare fewer keeps"),
        # Names of columns, and what Python alone can do.
        ("column 'max_steps' is empty", "column 'max_steps' is empty"),
        ("rule 'rules=1 then max_steps' is", "rule 'rules=1 then max_steps' is"),
        ("fit(X, checkpoint=...)", "fit(X, checkpoint=...)"),
        (
            "synthesizer=WGANGPSynthesizer(max_steps=3)",
            "synthesizer=WGANGPSynthesizer(max_steps=3)",
        ),
        ("an open bracket [(' and max_steps", "an open bracket [(' and --max-steps"),
    ],
)
def test_a_parameter_as_an_option(python: str, command_line: str) -> None:
    assert as_options(python, OPTIONS) == command_line


def test_conditions_that_are_told_are_read() -> None:
    """What `--where` is advised is what the same conditions are in Python."""
    table = pd.DataFrame({"age": np.arange(90.0), "city": ["Rome", "Oslo"] * 45})
    columns = dict(zip(table, TableTransformer().fit(table).columns_, strict=True))
    asked: dict[str, Any] = {"age": ("30", None), "city": ["Rome", "Oslo"]}
    told = as_options(f"conditions={asked}", OPTIONS)
    assert parse_where(re.findall(r"--where '([^']*)'", told), columns) == asked


@pytest.fixture(scope="module")
def table(tmp_path_factory: Any) -> Path:
    place = tmp_path_factory.mktemp("people") / "people.csv"
    names = [f"anna.{i % 40}@mail.org" for i in range(60)]
    pd.DataFrame({"email": names, "age": range(60)}).to_csv(place, index=False)
    return place


class TestCommands:
    def test_a_warning(self, table: Path, tmp_path: Path) -> None:
        result = run("fit", table, "-o", tmp_path / "model", "--max-steps", 1, "--quiet")
        assert "Warning: columns ['email'] look like personal data" in result.stderr
        assert "--kind email=" in result.stderr
        assert "column_kinds" not in result.stderr

    def test_an_error(self, table: Path, tmp_path: Path) -> None:
        result = run("fit", table, "-o", tmp_path / "model", "--kind", "mail=text")
        assert result.exit_code == 1
        assert "Error: --kind names 'mail'" in result.stderr

    def test_a_report(self, table: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = run("report", table, table, "--quick", "--quiet", "--kind", "age=numeric")
        assert result.exit_code == 0, result.stderr
        assert "for instance --target income" in result.stdout

    @pytest.mark.parametrize("asked", ["--private", "--epsilon", "--dp"])
    def test_privacy_is_another_command(self, asked: str, table: Path, tmp_path: Path) -> None:
        result = run("fit", table, "-o", tmp_path / "model", asked, 1)
        assert result.exit_code == 2
        assert "synthwgan private fit TABLE --epsilon 1" in result.stderr
