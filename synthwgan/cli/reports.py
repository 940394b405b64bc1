"""The command that judges a synthetic table."""

from __future__ import annotations

import math
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from synthwgan.cli.arguments import Kinds, NoProgress, column_kinds
from synthwgan.cli.groups import with_option_groups
from synthwgan.cli.options import as_options, options_of
from synthwgan.cli.rules import rules_of_option
from synthwgan.cli.tables import TABLES, Reading

if TYPE_CHECKING:
    import pandas as pd

    from synthwgan.evaluation import Report

# Of a score too low; 1 is for errors, 2 for a wrong command line.
TOO_LOW = 3


@with_option_groups
def report(
    ctx: typer.Context,
    real: Annotated[
        str,
        typer.Argument(metavar="REAL", help=f"The table that the model learnt ({TABLES})."),
    ],
    synthetic: Annotated[
        str, typer.Argument(metavar="SYNTHETIC", help="A synthetic table, of any tool.")
    ],
    test: Annotated[
        str | None,
        typer.Option("--test", help="Real rows that the model never saw; privacy needs them."),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option("--target", help="The column that one would predict; utility needs it."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write a page (.html), or all figures (.json)."),
    ] = None,
    fail_under: Annotated[
        float | None,
        typer.Option(
            "--fail-under",
            min=0,
            max=1,
            help=f"End with exit code {TOO_LOW} if the score is lower.",
        ),
    ] = None,
    rules: Annotated[
        str,
        typer.Option(
            "--rules",
            metavar="FILE|none",
            help="Rules to keep, as `synthwgan rules -o` writes them; none asks for none. "
            "Default: those found in REAL.",
        ),
    ] = "auto",
    kind: Kinds = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(
            "--drop",
            metavar="NAME",
            help="Leave out a column, such as one that only marks rows; may be repeated.",
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Answer in seconds, without the slow figures; it names them."),
    ] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed, same report.")] = 0,
    quiet: NoProgress = False,
    *,
    reading: Reading,
) -> None:
    """Judge a synthetic table: whether it is valid, lifelike, useful and private.

    Example: synthwgan report real.csv rows.csv --test test.csv --target income -o report.html
    """
    from synthwgan.evaluation import evaluate
    from synthwgan.io.tables import check_writable

    if output is not None:
        if output.suffix.lower() not in (".html", ".json"):
            raise ValueError(f"{output} is no report: let it end in .html or .json.")
        check_writable(output)
    if [real, synthetic, test].count("-") > 1:
        raise ValueError("only one table can come from -, the standard input.")
    asked = rules_of_option(rules)
    kinds = column_kinds(kind or [])
    table = reading.read(real)
    texts = [name for name in table if _is_text(table[name])]
    made = reading.read(synthetic, texts)
    unseen = None if test is None else reading.read(test, texts)
    table, made, unseen = _without(drop or [], table, made, unseen)
    others = [name for name in made if name not in table]
    if others:
        raise ValueError(
            f"{synthetic} has columns that {real} lacks: {others}. Leave out what only marks its "
            f"rows: {' '.join(f'--drop {quote(str(name))}' for name in others)}."
        )
    # On the command line every name is text; a column's may be a number.
    names = {str(name): name for name in table}
    verbose = 0 if quiet else 1
    found = evaluate(
        table,
        made,
        unseen,
        names.get(target, target),
        column_kinds={names.get(name, name): said for name, said in kinds.items()} or None,
        rules=asked,
        names={
            part: _shown(place)
            for part, place in (("real", real), ("synthetic", synthetic), ("test", test))
            if place is not None
        },
        quick=quick,
        random_state=seed,
        verbose=verbose,
    )
    typer.echo(as_options(str(found), options_of(ctx.find_root().command)))
    if output is not None:
        _write(found, output)
        typer.echo(f"\nReport in {output}.")
    if fail_under is not None and not found.score >= fail_under:
        score = "missing" if math.isnan(found.score) else f"{found.score:.3f}"
        typer.echo(f"The score is {score}, below {fail_under}.", err=True)
        raise typer.Exit(TOO_LOW)


def _without(names: list[str], *tables: pd.DataFrame | None) -> list[Any]:
    """Return tables without some columns."""
    known = {str(column) for table in tables if table is not None for column in table}
    for name in names:
        if name not in known:
            raise ValueError(f"--drop {quote(name)}: no table has such a column.")
    return [
        table if table is None else table.loc[:, [str(one) not in names for one in table]]
        for table in tables
    ]


def _write(found: Report, path: Path) -> None:
    from synthwgan.io.tables import write_text

    if path.suffix.lower() == ".html":
        found.save_html(path)
    else:
        write_text(path, found.to_json(indent=2))


def _shown(place: str) -> str:
    """Return what a table is called on the page: its file, or its name in a database."""
    from synthwgan.io.places import is_database, table_name

    return table_name(place) if is_database(place) else Path(place).name


def _is_text(column: pd.Series) -> bool:
    from pandas.api.types import is_object_dtype, is_string_dtype

    return is_string_dtype(column.dtype) or is_object_dtype(column.dtype)
