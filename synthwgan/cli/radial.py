"""Commands around a model of several tables: fit it, and bring rows of one to another."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from synthwgan.cli.arguments import (
    Card,
    CardAsJson,
    ModelFile,
    ModelOutput,
    Rows,
    RowsPlace,
    Seed,
    Training,
)
from synthwgan.cli.groups import with_option_groups
from synthwgan.cli.models import check_model_output, write_model
from synthwgan.cli.tables import (
    TABLES,
    Reading,
    ReadingAndWriting,
    Writing,
)

if TYPE_CHECKING:
    import pandas as pd

    from synthwgan.radial.synthesizer import RadialGANSynthesizer

_MAX_CELL = 24

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


class _Rules(StrEnum):
    auto = "auto"
    none = "none"


_Fill = Annotated[
    bool,
    typer.Option(
        "--fill/--no-fill", help="Whether cells that a row does not tell are drawn, or missing."
    ),
]
_Tables = Annotated[
    list[str],
    typer.Argument(
        metavar="TABLES", help=f"A file for each domain, named as the domain is ({TABLES})."
    ),
]


@app.callback()
def _main() -> None:
    """Several tables around one latent space: rows of one become rows of another.

    Example: synthwgan radial fit north.csv south.csv --target ill -o model.safetensors
    """


@app.command()
@with_option_groups
def fit(
    tables: _Tables,
    output: ModelOutput,
    target: Annotated[
        str | None,
        typer.Option("--target", help="A column that all tables have; rows keep it."),
    ] = None,
    align: Annotated[
        bool,
        typer.Option(
            "--align/--no-align",
            help="Whether columns of different names are compared, and taken for the same if they "
            "are alike.",
        ),
    ] = True,
    rules: Annotated[
        _Rules,
        typer.Option(
            "--rules",
            help="Whether rows that are drawn for a domain keep the rules found in its table.",
        ),
    ] = _Rules.auto,
    *,
    training: Training,
    reading: Reading,
) -> None:
    """Learn several tables together and write the model to a file.

    Each file is a domain, which is called as the file is, without its ending. Ctrl-C ends the
    training early: the model as it is then is written, and the checkpoint stays.

    Example: synthwgan radial fit north.csv south.csv --target ill -o model.safetensors
    """
    from synthwgan import RadialGANSynthesizer

    params = training.params() | {
        "align_columns": align,
        "rules": None if rules == _Rules.none else rules.value,
    }
    places = _by_domain(tables)
    check_model_output(output, *tables)
    kept = training.kept_in(*tables, str(output))
    frames = {name: reading.read(place) for name, place in places.items()}
    # On the command line every name is text; a column's may be a number.
    names = {str(name): name for frame in frames.values() for name in frame}
    model = RadialGANSynthesizer(**params)
    model.fit(frames, target=names.get(target, target), checkpoint=kept)
    write_model(model, output, kept)
    if not training.quiet:
        typer.echo(f"\nModel in {output}. Next: synthwgan radial info {output}")


@app.command()
@with_option_groups
def translate(
    model: ModelFile,
    table: Annotated[
        str, typer.Argument(metavar="TABLE", help=f"Rows of the first domain ({TABLES}).")
    ],
    source: Annotated[str, typer.Option("--from", help="The domain that the rows are of.")],
    target: Annotated[str, typer.Option("--to", help="The domain that they come to.")],
    output: RowsPlace = None,
    fill: _Fill = True,
    seed: Seed = None,
    *,
    options: ReadingAndWriting,
) -> None:
    """Write rows of one domain as rows of another.

    Cells of columns that both domains have stay as they are, under the other's names and in its
    units.

    Example: synthwgan radial translate model.safetensors north.csv --from north --to south
    """
    options.check(output, table)
    fitted = _load(model)
    rows = _read(fitted, source, table, options)
    drawn = fitted.translate(rows, source, target, fill=fill, random_state=seed)
    with options.writer(output) as write:
        write(drawn)


@app.command()
@with_option_groups
def augment(
    model: ModelFile,
    tables: _Tables,
    domain: Annotated[str, typer.Option("--domain", help="The domain to enlarge.")],
    output: RowsPlace = None,
    fill: _Fill = False,
    n_rows: Annotated[
        int | None,
        typer.Option("--rows", "-n", min=1, help="How many rows to add. Default: all there are."),
    ] = None,
    provenance: Annotated[
        str | None,
        typer.Option(
            "--provenance", metavar="COLUMN", help="Add a column that says each row's domain."
        ),
    ] = None,
    with_real: Annotated[
        bool,
        typer.Option(
            "--with-real/--without-real", help="Whether the domain's own rows come first."
        ),
    ] = True,
    seed: Seed = None,
    *,
    options: ReadingAndWriting,
) -> None:
    """Enlarge a domain's table by rows of the others, and say whether that helps.

    The gain is that of predicting the target, cross-validated on the domain's own rows. The
    table holds cells of real rows of all domains.

    Example: synthwgan radial augment model.safetensors north.csv south.csv --domain north
    """
    options.check(output, *tables)
    places = _by_domain(tables)
    fitted = _load(model)
    enlarged = fitted.augment(
        domain,
        {name: _read(fitted, name, place, options) for name, place in places.items()},
        n_samples=n_rows,
        include_real=with_real,
        fill=fill,
        provenance=provenance,
        random_state=seed,
    )
    with options.writer(output) as write:
        write(enlarged)
    gain = "unknown: the model has no target" if fitted.gain_ is None else fitted.gain_
    # The standard output is the rows' if they have no file.
    typer.echo(f"Gain for {domain}: {gain}", err=output is None)


@app.command()
@with_option_groups
def sample(
    model: ModelFile,
    n_rows: Rows,
    domain: Annotated[str, typer.Option("--domain", help="Which domain's rows.")],
    output: RowsPlace = None,
    seed: Seed = None,
    *,
    writing: Writing,
) -> None:
    """Draw new rows of a domain.

    Example: synthwgan radial sample model.safetensors -n 1000 --domain north -o rows.csv
    """
    writing.check(output)
    drawn = _load(model).sample(n_rows, domain, random_state=seed)
    with writing.writer(output) as write:
        write(drawn)


@app.command()
def info(model: ModelFile, card: Card = False, as_json: CardAsJson = False) -> None:
    """Show what a model holds: the domains, which of their columns are the same, and their rules.

    Example: synthwgan radial info model.safetensors
    """
    from synthwgan.radial.columns.intake import show_rules_of

    fitted = _load(model)
    if card or as_json:
        told = fitted.card()
        typer.echo(told.to_json() if as_json else told.to_markdown())
        return
    domains = fitted.union_.domains.values()
    width = max(len(domain.name) for domain in domains)
    typer.echo(f"{len(domains)} domains:")
    for domain in domains:
        n_columns = len(domain.columns)
        typer.echo(f"  {domain.name:<{width}}  {domain.n_rows:,} rows, {n_columns} columns")
    typer.echo(f"target: {'none' if fitted.target_ is None else fitted.target_}")
    typer.echo(f"trained for {fitted.n_iter_:,} steps in {fitted.fit_seconds_:.0f} s\n")
    typer.echo(_shown(fitted.matches_))
    typer.echo(f"\n{show_rules_of(fitted.rules_)}")


def _by_domain(places: list[str]) -> dict[str, str]:
    """Tables by the names of their domains: what they are called, without the ending of a file."""
    from synthwgan.io.places import table_name

    found: dict[str, str] = {}
    for place in places:
        name = table_name(place)
        if name in found:
            raise ValueError(
                f"{found[name]} and {place} are both called {name!r}: a domain has the name of its "
                "file, so rename one."
            )
        found[name] = place
    return found


def _load(path: Path) -> RadialGANSynthesizer:
    from synthwgan import RadialGANSynthesizer

    return RadialGANSynthesizer.load(path).set_output(transform="pandas")


def _read(
    model: RadialGANSynthesizer, name: str, place: str, options: ReadingAndWriting
) -> pd.DataFrame:
    from synthwgan.radial.columns.intake import check_domain

    check_domain(name, model.domains_)
    return options.read_as_fitted(place, _columns(model, name))


def _columns(model: RadialGANSynthesizer, domain: str) -> Mapping[Any, Any]:
    return {name: column for name, column, _ in model.union_.domains[domain].named()}


def _shown(matches: pd.DataFrame) -> str:
    """The table of columns, each name among all once, and maps in short words."""
    names = matches["column"].fillna("(none)")
    shown = {
        "column": names.mask(names == names.shift(), ""),
        "domain": matches["domain"],
        "own column": matches["own_column"],
        "found by": matches["how"],
        "score": [f"{score:.2f}" if score == score else "" for score in matches["score"]],
        "own as shared": ["" if map is None else str(map) for map in matches["own_as_shared"]],
    }
    rows = matches.assign(**shown)[list(shown)].astype(str)
    cut = {name: [_cut(name), *(_cut(cell) for cell in rows[name])] for name in rows}
    widths = {name: max(map(len, cells)) for name, cells in cut.items()}
    lines = zip(*([cell.ljust(widths[name]) for cell in cut[name]] for name in cut), strict=True)
    return "\n".join("  ".join(line).rstrip() for line in lines)


def _cut(cell: str) -> str:
    return cell if len(cell) <= _MAX_CELL else f"{cell[: _MAX_CELL - 1].rstrip()}…"
