"""Commands around a model: fit it, draw rows from it, complete a table with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from synthwgan.cli.arguments import (
    CacheFolder,
    Card,
    CardAsJson,
    ChunkSize,
    ColumnsToFill,
    Draws,
    IfBroken,
    IfRare,
    Jobs,
    Locale,
    Mark,
    MaxSeconds,
    MinCategoryRows,
    ModelFile,
    ModelOutput,
    NoProgress,
    OnBroken,
    OnRare,
    ProtectExtremes,
    Rare,
    RareCategories,
    Rejection,
    Rows,
    RowsPlace,
    RulesToKeep,
    Seed,
    Training,
    Where,
)
from synthwgan.cli.groups import with_option_groups
from synthwgan.cli.rules import rules_of_option
from synthwgan.cli.tables import (
    TABLES,
    Completing,
    ReadingOne,
    Writing,
    as_frame,
    fill_folder,
    is_folder_output,
    progress,
    refuse_same,
)
from synthwgan.processes import launched

if TYPE_CHECKING:
    import pandas as pd

    from synthwgan.checkpoint import Checkpoint
    from synthwgan.radial.synthesizer import RadialGANSynthesizer
    from synthwgan.rules import RuleSet
    from synthwgan.synthesizer import WGANGPSynthesizer

_SHOWN_ROWS = 5


def demo(
    output: Annotated[
        str, typer.Option("--output", "-o", help=f"Where the synthetic rows go ({TABLES}).")
    ] = "synthetic.csv",
    max_seconds: MaxSeconds = None,
    seed: Seed = 0,
) -> None:
    """Fit a small invented table, write as many synthetic rows, and judge them.

    The table is `synthwgan.datasets.make_placements`: 400 students, 17 columns.

    Example: synthwgan demo --output synthetic.csv
    """
    from synthwgan import WGANGPSynthesizer
    from synthwgan.datasets import make_placements
    from synthwgan.evaluation import evaluate
    from synthwgan.io.tables import TableWriter

    Writing().check(output)
    real, test = make_placements(), make_placements(random_state=1)
    typer.echo(f"Student placements (invented): {len(real)} rows, {real.shape[1]} columns.\n")
    model = WGANGPSynthesizer(max_seconds=max_seconds, random_state=seed, verbose=1).fit(real)
    synthetic = model.sample(len(real), random_state=seed)
    with TableWriter(output) as writer:
        writer.write(synthetic)
    typer.echo(f"\n{len(real)} synthetic rows in {output}, the first {_SHOWN_ROWS}:\n")
    typer.echo(synthetic.head(_SHOWN_ROWS).to_string(index=False))
    typer.echo(f"\n{_kept(model.rules_, synthetic)}")
    report = evaluate(real, synthetic, test, target="placed", random_state=seed)
    typer.echo(f"\n{report}")


@with_option_groups
def fit(
    table: Annotated[
        str,
        typer.Argument(
            metavar="TABLE",
            help=f"The real table ({TABLES}). A folder, or a glob in quotes, of Parquet files, and "
            "a database may have more rows than memory.",
        ),
    ],
    output: ModelOutput,
    *,
    training: Training,
    rejection: Rejection = True,
    rules: RulesToKeep = "auto",
    rare: Rare = RareCategories.resample,
    min_category_rows: MinCategoryRows = 1,
    protect_extremes: ProtectExtremes = 0,
    locale: Locale = None,
    cache_dir: CacheFolder = None,
    reading: ReadingOne,
) -> None:
    """Learn a table and write the model to a file.

    Ctrl-C ends the fit early: the model as it is then is written, with a warning that says what it
    lacks, and the checkpoint stays.

    Several processes train one model: torchrun --nproc-per-node=4 -m synthwgan fit ...

    For data of people: --rare mask --min-category-rows 10 --protect-extremes 10

    Example: synthwgan fit customers.csv -o customers.safetensors --kind zip=categorical
    """
    from synthwgan import WGANGPSynthesizer
    from synthwgan.io.places import is_database, parts_of

    params = training.params() | {
        "rejection": "auto" if rejection else None,
        "rules": rules_of_option(rules),
        "rare": rare.value,
        "min_category_rows": min_category_rows,
        "protect_extremes": protect_extremes,
        "locale": locale,
    }
    is_first = launched()[0] == 0
    if is_first:
        check_model_output(output, table)
    kept = training.kept_in(table, str(output))
    has_parts = not is_database(table) and parts_of(table) is not None
    rows = table if has_parts else reading.read_or_batches(table)
    model = WGANGPSynthesizer(**params).fit(rows, checkpoint=kept, cache_dir=cache_dir)
    if not is_first:
        return
    write_model(model, output, kept)
    if not training.quiet:
        typer.echo(f"\nModel in {output}. Next: synthwgan sample {output} -n 1000 -o rows.csv")


@with_option_groups
def sample(
    model: ModelFile,
    n_rows: Rows,
    output: RowsPlace = None,
    where: Where = None,
    on_rare: IfRare = OnRare.restrict,
    seed: Seed = None,
    chunk_size: ChunkSize = None,
    mark: Mark = None,
    jobs: Jobs = 1,
    quiet: NoProgress = False,
    *,
    writing: Writing,
) -> None:
    """Draw synthetic rows from a model, in constant memory.

    Example: synthwgan sample customers.safetensors -n 1000 --where "city=Rome" --where "age>=60"
    """
    from synthwgan.provenance import marked

    into_folder = output is not None and is_folder_output(output)
    if into_folder:
        writing.check_folder(str(output))
    else:
        writing.check(output)
    fitted = _load(model)
    options: dict[str, Any] = {"random_state": seed}
    if chunk_size is not None:
        options["chunk_size"] = chunk_size
    if where:
        options |= {"conditions": _conditions(fitted, where), "on_rare": on_rare.value}
    names = [str(name) for name in fitted.transformer_.column_index_]
    if mark is not None and not mark.strip():
        raise ValueError("--mark: a column needs a name.")
    if mark in names:
        raise ValueError(f"--mark {mark}: the table has a column of that name; choose another one.")
    if into_folder:
        with progress(n_rows, quiet) as advance:
            fill_folder(fitted, Path(str(output)), n_rows, jobs, mark, options, advance)
        return
    if writing.appends:
        _warn_of_identifiers(fitted)
    chunks = fitted.sample_iter(n_rows, **options)
    with progress(n_rows, quiet) as advance, writing.writer(output) as write:
        for chunk in chunks:
            # A chunk that is an array (as the fitted table was) has no attrs; its frame has.
            rows = marked(as_frame(chunk), fitted.digest_, "drawn", seed, fitted.sql_types_)
            write(rows if mark is None else rows.assign(**{mark: True}))
            advance(len(chunk))


@with_option_groups
def impute(
    model: ModelFile,
    table: Annotated[
        str, typer.Argument(metavar="TABLE", help=f"The table to complete ({TABLES}).")
    ],
    output: RowsPlace = None,
    column: ColumnsToFill = None,
    draws: Draws = 1,
    on_broken: IfBroken = OnBroken.error,
    seed: Seed = None,
    *,
    tables: Completing,
) -> None:
    """Fill the missing cells of a table by drawing them, given the rest of the row.

    The table has the columns of the fitted one. Cells that are there stay as they are.

    Example: synthwgan impute customers.safetensors gaps.csv -o complete.csv --draws 5
    """
    from synthwgan.provenance import marked

    if output is not None:
        refuse_same(output, "is the table itself; give the complete one another name", table)
    writing = tables.writing(table)
    writing.check(output)
    fitted = _load(model)
    known = _fitted_columns(fitted)
    gaps = tables.read_as_fitted(table, known)
    # In a command every name is text; those fitted may be numbers.
    names = {str(name): name for name in known}
    filled = fitted.impute(
        gaps,
        columns=[names.get(name, name) for name in column] if column else None,
        n_draws=draws,
        on_broken=on_broken.value,
        random_state=seed,
    )
    with writing.writer(output) as write:
        rows = as_frame(filled, gaps.columns)
        write(marked(rows, fitted.digest_, "completed", seed, fitted.sql_types_))


def info(model: ModelFile, card: Card = False, as_json: CardAsJson = False) -> None:
    """Show what a model holds: columns, rules, size, parameters; or what it promises, if private.

    Example: synthwgan info customers.safetensors
    """
    from synthwgan.io.model import PRIVATE, kind_of

    if kind_of(model) == PRIVATE:
        from synthwgan import PrivateSynthesizer

        private = PrivateSynthesizer.load(model)
        if as_json:
            typer.echo(json.dumps(private.privacy_, indent=2))
        else:
            typer.echo(private.card() if card else private.summary())
        return
    fitted = _load(model)
    if as_json:
        typer.echo(fitted.card().to_json())
    else:
        typer.echo(fitted.card().to_markdown() if card else fitted.summary())


def check_model_output(output: Path, *tables: str) -> None:
    """Refuse a file that could not hold the model, before any work is spent on it."""
    from synthwgan.io import check_writable
    from synthwgan.io.formats import is_table_name

    refuse_same(str(output), "is the table itself; give the model another name", *tables)
    if is_table_name(output):
        raise ValueError(f"{output} is the name of a table; let the model end in .safetensors.")
    check_writable(output)


def write_model(
    model: WGANGPSynthesizer | RadialGANSynthesizer, output: Path, kept: Checkpoint | None
) -> None:
    """Write a model that was fitted, although Ctrl-C is pressed, and remove its checkpoint."""
    from synthwgan.interrupts import held

    with held():
        model.save(output)
    if kept is not None and kept.is_complete:
        Path(kept.path).unlink(missing_ok=True)


def _kept(rules: RuleSet, rows: pd.DataFrame) -> str:
    """Say which rules a model has, and how many of some rows break one, which is counted."""
    broken = rules.check(rows)
    n_broken = len(rules.broken_rows(rows))
    lines = [f"{len(rules)} rules found; {n_broken} of {len(rows)} synthetic rows break one:\n"]
    lines += [f"{line.n_broken:>5} break {line.rule}" for line in broken.itertuples()]
    return "\n".join(lines)


def _load(path: Path) -> WGANGPSynthesizer:
    from synthwgan import WGANGPSynthesizer

    model = WGANGPSynthesizer.load(path)
    # Files are written from frames of pandas; of an array, columns have no names.
    return model if model.transformer_.is_array else model.set_output(transform="pandas")


def _warn_of_identifiers(model: WGANGPSynthesizer) -> None:
    """Say that rows of another draw, which may be there already, have the same identifiers."""
    from synthwgan.warn import warn

    names = [column.name for column in model.schema_ if column.kind == "identifier"]
    if names:
        warn(
            f"{names} tell the rows of one draw apart; another draw has the same ones, which rows "
            "appended to it repeat: draw all rows at once"
        )


def _fitted_columns(model: WGANGPSynthesizer) -> dict[Any, Any]:
    transformer = model.transformer_
    return dict(zip(transformer.column_index_, transformer.columns_, strict=True))


def _conditions(model: WGANGPSynthesizer, where: list[str]) -> dict[Any, Any]:
    from synthwgan.cli.where import parse_where

    return parse_where(where, _fitted_columns(model))
