"""Commands around a model with differential privacy."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from synthwgan.cli.arguments import (
    ModelFile,
    ModelOutput,
    NoProgress,
    Quiet,
    Rows,
    RowsPlace,
    Seed,
    Where,
)
from synthwgan.cli.groups import with_option_groups
from synthwgan.cli.models import check_model_output
from synthwgan.cli.rules import rules_of_option
from synthwgan.cli.tables import TABLES, ReadingOne, Writing, progress

if TYPE_CHECKING:
    from synthwgan.private.columns import Column
    from synthwgan.private.synthesizer import PrivateSynthesizer

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _main() -> None:
    """Tables with differential privacy: a proof of privacy, for a budget called epsilon.

    Example: synthwgan private fit customers.csv --epsilon 1 -o model.safetensors
    """


@app.command()
@with_option_groups
def fit(
    table: Annotated[str, typer.Argument(metavar="TABLE", help=f"The real table ({TABLES}).")],
    epsilon: Annotated[float, typer.Option("--epsilon", help="The budget; it has no default.")],
    output: ModelOutput,
    delta: Annotated[
        float, typer.Option("--delta", help="Probability with which the guarantee may fail.")
    ] = 1e-6,
    domain: Annotated[
        Path | None,
        typer.Option(
            "--domain",
            help="JSON file of what is public: for each column a list of categories, or an object "
            'such as {"bounds": [0, 100], "decimals": 0, "missing": false}. The rest is bought.',
        ),
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", help="The column that one would predict.")
    ] = None,
    unit: Annotated[
        str | None, typer.Option("--unit", help="The column that names the person.")
    ] = None,
    rules: Annotated[
        str,
        typer.Option(
            "--rules",
            metavar="FILE",
            help="JSON file of rules that are public knowledge, which all rows keep: for each its "
            'kind and arguments, such as {"kind": "Sum", "total": "all", "parts": ["net", "tax"]}.',
        ),
    ] = "none",
    max_rows_per_unit: Annotated[
        int, typer.Option("--max-rows-per-unit", min=1, help="Rows of one person at most.")
    ] = 1,
    quiet: Quiet = False,
    *,
    reading: ReadingOne,
) -> None:
    """Measure a table within a budget of privacy and write the model to a file.

    How a column is read (numbers or text) counts as public.

    Example: synthwgan private fit customers.csv --epsilon 1 --domain domain.json -o model
    """
    from synthwgan import PrivateSynthesizer

    check_model_output(output, table)
    declared = None if domain is None else _read_domain(domain)
    model = PrivateSynthesizer(
        epsilon,
        delta,
        target=target,
        domain=declared,
        unit=unit,
        rules=rules_of_option(rules),
        max_rows_per_unit=max_rows_per_unit,
    ).fit(reading.read(table))
    model.save(output)
    if not quiet:
        typer.echo(f"{model.card()}\n\nModel in {output}.")
        typer.echo(f"Next: synthwgan private sample {output} -n 1000 -o rows.csv")


@app.command()
@with_option_groups
def sample(
    model: ModelFile,
    n_rows: Rows,
    output: RowsPlace = None,
    where: Where = None,
    seed: Seed = None,
    quiet: NoProgress = False,
    *,
    writing: Writing,
) -> None:
    """Draw rows from a model; it costs no privacy, however many.

    Example: synthwgan private sample model.safetensors -n 1000 --where "age>=60" -o rows.csv
    """
    from synthwgan.cli.where import parse_where

    writing.check(output)
    fitted = _load(model)
    columns: Any = {column.name: _Asked(column) for column in fitted.columns_}
    conditions = parse_where(where, columns) if where else None
    chunks = fitted.sample_iter(n_rows, conditions=conditions, random_state=seed)
    with progress(n_rows, quiet) as advance, writing.writer(output) as write:
        for chunk in chunks:
            write(chunk)
            advance(len(chunk))


@app.command()
def info(model: ModelFile) -> None:
    """Show what a model promises: the guarantee, its limits, what was bought, and its columns.

    Example: synthwgan private info model.safetensors
    """
    typer.echo(_load(model).summary())


def _read_domain(path: Path) -> dict[str, Any]:
    """Return the domain of a file, or raise a ValueError that names it."""
    from synthwgan.io.lines import unique
    from synthwgan.private.domain import domain_of_json

    try:
        text = path.read_text("utf-8-sig")
        return domain_of_json(json.loads(text, object_pairs_hook=unique))
    except OSError as error:
        why = f"cannot be read ({error.strerror})"
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        why = f"holds no JSON ({error})"
    except (TypeError, ValueError) as error:
        why = f"holds no domain: {error}"
    example = '{"age": {"bounds": [0, 120]}, "ward": ["heart", "eyes"]}'
    raise ValueError(f"{path} {why}; a domain is such as {example}")


def _load(path: Path) -> PrivateSynthesizer:
    from synthwgan import PrivateSynthesizer

    return PrivateSynthesizer.load(path).set_output(transform="pandas")


@dataclass(frozen=True)
class _Asked:
    """A column as conditions written as text ask it."""

    column: Column

    @property
    def kind(self) -> str:
        return self.column.kind

    @property
    def has_order(self) -> bool:
        stored = self.column.stored
        return self.kind == "number" or (stored.is_category and bool(stored.physical.dtype.ordered))

    def beyond(self, text: str, above: bool) -> Any:
        from synthwgan.private.conditions import beyond

        return beyond(self.column, text, above)
