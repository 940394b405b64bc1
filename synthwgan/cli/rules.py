"""The command that finds the rules of a table, or checks a table for rules."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthwgan.cli.arguments import NoProgress
from synthwgan.cli.groups import with_option_groups
from synthwgan.cli.tables import TABLES, ReadingOne

if TYPE_CHECKING:
    import pandas as pd

    from synthwgan.rules import RuleSet

# Of a table that breaks rules; 1 is for errors, 2 for a wrong command line.
BROKEN = 3


@with_option_groups
def rules(
    table: Annotated[str, typer.Argument(metavar="TABLE", help=f"A table ({TABLES}).")],
    check: Annotated[
        Path | None,
        typer.Option(
            "--check",
            metavar="RULES.json",
            help=f"Check the table for these rules instead; exit code {BROKEN} if it breaks one.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the rules to this JSON file.")
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Seed of the rows on which rules are sought.")
    ] = 0,
    quiet: NoProgress = False,
    *,
    reading: ReadingOne,
) -> None:
    """Find the rules between the columns of a table.

    Example: synthwgan rules customers.csv -o rules.json
    """
    from synthwgan.io.tables import check_writable, write_text
    from synthwgan.rules import find_rules

    if check is not None:
        if output is not None:
            raise ValueError("-o writes rules that are found, and --check finds none.")
        asked = read_rules(check)
        _check(reading.read(table), asked, as_json)
        return
    if output is not None:
        check_writable(output)
    found = find_rules(reading.read(table), random_state=seed, verbose=0 if quiet else 1)
    typer.echo(found.to_json() if as_json else str(found))
    if output is not None:
        write_text(output, found.to_json() + "\n")


def _check(frame: pd.DataFrame, rules: RuleSet, as_json: bool) -> None:
    """Show how many rows break each rule of a file."""
    rules.check_columns(frame)
    broken = rules.check(frame)
    if as_json:
        typer.echo(broken.to_json(orient="records", indent=2))
    else:
        if len(broken):
            typer.echo("of all  of those that the rule speaks about")
        for line, rule in zip(broken.itertuples(), rules, strict=True):
            applying = "-" if math.isnan(line.share_applying) else f"{line.share_applying:.2%}"
            first = f", first in rows {line.first_rows}" if line.n_broken else ""
            usual = "" if rule.support_ is None else f" ({1 - rule.support_.share:.2%} where found)"
            typer.echo(f"{line.share:7.2%} {applying:>7} break {line.rule}{usual}{first}")
    tolerated = [rule.tolerate for rule in rules]
    if (broken["share"].to_numpy() > tolerated).any():
        raise typer.Exit(BROKEN)


def read_rules(path: Path) -> RuleSet:
    """Return the rules of a file, or raise a ValueError that names it."""
    from synthwgan.rules import RuleSet

    try:
        return RuleSet.from_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        why = f"cannot be read ({error.strerror})"
    except (ValueError, TypeError) as error:
        why = f"holds no rules: {error}"
    raise ValueError(f"{path} {why}; `synthwgan rules TABLE -o FILE` writes such a file")


def rules_of_option(given: str) -> RuleSet | str | None:
    """Return the rules of a file, or what stands for found ones and for none."""
    if given in ("auto", "none"):
        return None if given == "none" else given
    return read_rules(Path(given))
