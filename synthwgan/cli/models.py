"""Commands around a model: fit it, draw rows from it, complete a table with it."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
    with_table_options,
)
from synthwgan.processes import launched

if TYPE_CHECKING:
    import pandas as pd

    from synthwgan.checkpoint import Checkpoint
    from synthwgan.radial.synthesizer import RadialGANSynthesizer
    from synthwgan.rules import RuleSet
    from synthwgan.synthesizer import WGANGPSynthesizer

_SHOWN_ROWS = 5


class _OnRare(StrEnum):
    restrict = "restrict"
    fewer = "fewer"
    error = "error"


class _OnBroken(StrEnum):
    error = "error"
    keep = "keep"


class _Rare(StrEnum):
    resample = "resample"
    mask = "mask"


Seed = Annotated[
    int | None, typer.Option("--seed", min=0, help="Same seed, same rows. Default: a fresh one.")
]
MaxSeconds = Annotated[
    float | None,
    typer.Option("--max-seconds", min=0, help="Stop learning after so many seconds."),
]
MaxSteps = Annotated[
    int | None, typer.Option("--max-steps", min=1, help="Stop training after so many steps.")
]
Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        metavar="NAME=KIND",
        help="Say what a column is instead of inferring it; may be repeated.",
    ),
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1, ...")]
CheckpointFile = Annotated[
    Path | None,
    typer.Option(
        "--checkpoint",
        metavar="FILE",
        help="Keep all that training needs in a file, from which the same command goes on "
        "if it was ended; removed when the model is written.",
    ),
]
CheckpointEvery = Annotated[
    float,
    typer.Option("--checkpoint-every", min=0, help="Write it each time so many seconds pass."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing.")]
ModelFile = Annotated[Path, typer.Argument(metavar="MODEL", help="A model file written by fit.")]
RowsPlace = Annotated[
    str | None,
    typer.Option("--output", "-o", help=f"Where the rows go ({TABLES}). Default: CSV to stdout."),
]


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


@with_table_options
def fit(
    table: Annotated[
        str,
        typer.Argument(
            metavar="TABLE",
            help=f"The real table ({TABLES}). A folder, or a glob in quotes, of Parquet files, and "
            "a database may have more rows than memory.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the model goes.")],
    max_seconds: MaxSeconds = None,
    max_steps: MaxSteps = None,
    rejection: Annotated[
        bool,
        typer.Option(
            "--rejection/--no-rejection",
            help="Whether to learn which drawn rows to keep: better rows, slower sampling.",
        ),
    ] = True,
    seed: Seed = None,
    kind: Kinds = None,
    rules: Annotated[
        str,
        typer.Option(
            "--rules",
            metavar="FILE|none|auto",
            help="Rules between columns that every drawn row keeps: those of a file that "
            "`synthwgan rules -o` writes, none, or those found in the table.",
        ),
    ] = "auto",
    rare: Annotated[
        _Rare, typer.Option("--rare", help="Draw rare categories from the observed ones, or mask.")
    ] = _Rare.resample,
    min_category_rows: Annotated[
        int,
        typer.Option("--min-category-rows", min=1, help="Categories of fewer rows are rare."),
    ] = 1,
    protect_extremes: Annotated[
        int,
        typer.Option(
            "--protect-extremes",
            min=0,
            help="So many of the smallest and largest numbers or dates of a column are drawn anew.",
        ),
    ] = 0,
    checkpoint: CheckpointFile = None,
    checkpoint_every: CheckpointEvery = 60.0,
    locale: Annotated[
        str | None,
        typer.Option(
            "--locale",
            help="Where names and streets that are made anew are from, such as de_DE.",
        ),
    ] = None,
    device: Device = "auto",
    cache_dir: Annotated[
        Path | None,
        typer.Option(
            "--cache-dir",
            help="Folder for what is learned of a table in batches, about 2 bytes a cell. "
            "Nothing is left there. Default: the one for temporary files.",
        ),
    ] = None,
    quiet: Quiet = False,
    *,
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

    kinds = column_kinds(kind or [])
    is_first = launched()[0] == 0
    if is_first:
        check_model_output(output, table)
    kept = kept_in(checkpoint, checkpoint_every, table, str(output))
    params = {
        "column_kinds": kinds or None,
        "rules": rules_of_option(rules),
        "rare": rare.value,
        "min_category_rows": min_category_rows,
        "protect_extremes": protect_extremes,
        "locale": locale,
        "max_seconds": max_seconds,
        "rejection": "auto" if rejection else None,
        "random_state": seed,
        "device": device,
        "verbose": 0 if quiet else 1,
    }
    if max_steps is not None:
        params["max_steps"] = max_steps
    has_parts = not is_database(table) and parts_of(table) is not None
    rows = table if has_parts else reading.read_or_batches(table)
    model = WGANGPSynthesizer(**params).fit(rows, checkpoint=kept, cache_dir=cache_dir)
    if not is_first:
        return
    write_model(model, output, kept)
    if not quiet:
        typer.echo(f"\nModel in {output}. Next: synthwgan sample {output} -n 1000 -o rows.csv")


@with_table_options
def sample(
    model: ModelFile,
    n_rows: Annotated[int, typer.Option("--rows", "-n", min=1, help="How many rows.")],
    output: RowsPlace = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="CONDITION",
            help="What the rows must be: NAME=VALUE, NAME=A|B for one of several values, NAME= for "
            "a missing cell, NAME>=X, NAME<=X, NAME>X or NAME<X for a number, date or ordered "
            "category. In quotes; may be repeated, then all must be met.",
        ),
    ] = None,
    on_rare: Annotated[
        _OnRare,
        typer.Option(
            "--on-rare",
            help="If hardly a row meets the conditions: draw each of their columns on its own, "
            "write the rows found, or stop.",
        ),
    ] = _OnRare.restrict,
    seed: Seed = None,
    chunk_size: Annotated[
        int | None,
        typer.Option("--chunk-size", min=1, help="Rows held in memory at once."),
    ] = None,
    mark: Annotated[
        str | None,
        typer.Option(
            "--mark",
            metavar="NAME",
            help="Add a column of this name that says True in every row: it is synthetic.",
        ),
    ] = None,
    jobs: Annotated[
        int,
        typer.Option("--jobs", min=-1, help="Processes that fill a folder; -1 for one a core."),
    ] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
    *,
    writing: Writing,
) -> None:
    """Draw synthetic rows from a model, in constant memory.

    Example: synthwgan sample customers.safetensors -n 1000 --where "city=Rome" --where "age>=60"
    """
    from synthwgan.provenance import marked

    into_folder = output is not None and is_folder_output(output)
    if not into_folder:
        writing.check(output)
    fitted = _load(model)
    options: dict[str, Any] = {"random_state": seed}
    if chunk_size is not None:
        options["chunk_size"] = chunk_size
    if where:
        options |= {"conditions": _conditions(fitted, where), "on_rare": on_rare.value}
    names = [str(name) for name in fitted.transformer_.column_index_]
    if mark in names:
        raise ValueError(f"--mark {mark}: the table has a column of that name; choose another one.")
    if into_folder:
        with progress(n_rows, quiet) as advance:
            fill_folder(fitted, Path(str(output)), n_rows, jobs, mark, options, advance)
        return
    chunks = fitted.sample_iter(n_rows, **options)
    with progress(n_rows, quiet) as advance, writing.writer(output) as write:
        for chunk in chunks:
            # Of a model that was fitted to an array, a chunk has no place to say it.
            rows = marked(as_frame(chunk), fitted.digest_, "drawn", seed, fitted.sql_types_)
            write(rows if mark is None else rows.assign(**{mark: True}))
            advance(len(chunk))


@with_table_options
def impute(
    model: ModelFile,
    table: Annotated[
        str, typer.Argument(metavar="TABLE", help=f"The table to complete ({TABLES}).")
    ],
    output: RowsPlace = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="NAME",
            help="A column to fill; may be repeated. Gaps of others stay. Default: all columns.",
        ),
    ] = None,
    draws: Annotated[
        int,
        typer.Option(
            "--draws",
            min=1,
            help="Complete each row so many times: a row for each draw, one after another.",
        ),
    ] = 1,
    on_broken: Annotated[
        _OnBroken,
        typer.Option(
            "--on-broken",
            help="If the cells of a row break a rule of the model: stop, or keep and fill it.",
        ),
    ] = _OnBroken.error,
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


def info(
    model: ModelFile,
    card: Annotated[
        bool, typer.Option("--card", help="Print the model's card, in Markdown.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the card as JSON.")] = False,
) -> None:
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


def kept_in(path: Path | None, every: float, *others: str) -> Checkpoint | None:
    """Return the checkpoint of a fit, if one is wanted, which is none of the other files."""
    if path is None:
        return None
    from synthwgan import Checkpoint

    other = "is the table or the model; give the checkpoint a third name"
    refuse_same(str(path), other, *others)
    return Checkpoint(path, every=every)


def write_model(
    model: WGANGPSynthesizer | RadialGANSynthesizer, output: Path, kept: Checkpoint | None
) -> None:
    """Write a model that was fitted, although Ctrl-C is pressed, and remove its checkpoint."""
    from synthwgan.interrupts import held

    with held():
        model.save(output)
    if kept is not None and kept.is_complete:
        Path(kept.path).unlink(missing_ok=True)


def column_kinds(options: list[str]) -> dict[str, str]:
    """Return kinds by column, as the options say them."""
    kinds = {}
    for option in options:
        # A column's name may hold an equals sign, a kind never does.
        name, equals, kind = option.rpartition("=")
        if not equals or not name or not kind:
            raise typer.BadParameter(f"{option!r} is not NAME=KIND", param_hint="--kind")
        kinds[name] = kind
    return kinds


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


def _fitted_columns(model: WGANGPSynthesizer) -> dict[Any, Any]:
    transformer = model.transformer_
    return dict(zip(transformer.column_index_, transformer.columns_, strict=True))


def _conditions(model: WGANGPSynthesizer, where: list[str]) -> dict[Any, Any]:
    from synthwgan.cli.where import parse_where

    return parse_where(where, _fitted_columns(model))
