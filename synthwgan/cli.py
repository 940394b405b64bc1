"""The command line: fit a table, sample another, without writing Python."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    import pandas as pd

    from synthwgan.synthesizer import WGANGPSynthesizer

_SHOWN_ROWS = 5
_INTERRUPTED = 130
_TABLES = ".csv, .csv.gz or .parquet"


class _OnRare(str, Enum):
    restrict = "restrict"
    fewer = "fewer"
    error = "error"


class _OneLineErrors(TyperGroup):
    """Turns a user's mistake into one line on stderr and exit code 1."""

    def invoke(self, ctx: typer.Context) -> Any:
        try:
            with _one_line_warnings():
                return super().invoke(ctx)
        except BrokenPipeError:
            _leave_broken_pipe()
        except KeyboardInterrupt:
            typer.echo("Interrupted.", err=True)
            raise typer.Exit(_INTERRUPTED) from None
        except (ValueError, TypeError, OSError, ImportError, MemoryError) as error:
            if ctx.params["debug"]:
                raise
            _fail(error)


app = typer.Typer(
    name="synthwgan",
    cls=_OneLineErrors,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

_Seed = Annotated[
    int | None, typer.Option("--seed", min=0, help="Same seed, same rows. Default: a fresh one.")
]
_MaxSeconds = Annotated[
    float | None,
    typer.Option("--max-seconds", min=0, help="Stop learning after so many seconds."),
]
_ModelFile = Annotated[Path, typer.Argument(metavar="MODEL", help="A model file written by fit.")]
_RowsFile = Annotated[
    Path | None,
    typer.Option("--output", "-o", help=f"Where the rows go ({_TABLES}). Default: CSV to stdout."),
]


def _version(wanted: bool) -> None:
    if wanted:
        from synthwgan import __version__

        typer.echo(f"synthwgan {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option(
            "--debug", envvar="SYNTHWGAN_DEBUG", help="Show the whole traceback of an error."
        ),
    ] = False,
) -> None:
    """Synthetic tables that look like the real one, with a WGAN-GP.

    Example: synthwgan demo
    """


@app.command()
def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", help=f"Where the synthetic rows go ({_TABLES}).")
    ] = Path("synthetic.csv"),
    max_seconds: _MaxSeconds = None,
    seed: _Seed = 0,
) -> None:
    """Fit a small real table, write as many synthetic rows, and score them.

    The table is sdmetrics' student placements: 215 students, 17 columns.

    Example: synthwgan demo --output synthetic.csv
    """
    from synthwgan import WGANGPSynthesizer
    from synthwgan.evaluation import quality_score
    from synthwgan.io import TableWriter

    _check_table_output(output)
    real = _demo_table()
    typer.echo(f"Student placements: {len(real)} rows, {real.shape[1]} columns.\n")
    model = WGANGPSynthesizer(max_seconds=max_seconds, random_state=seed, verbose=1).fit(real)
    synthetic = model.sample(len(real), random_state=seed)
    with TableWriter(output) as writer:
        writer.write(synthetic)
    typer.echo(f"\n{len(real)} synthetic rows in {output}, the first {_SHOWN_ROWS}:\n")
    typer.echo(synthetic.head(_SHOWN_ROWS).to_string(index=False))
    typer.echo(f"\nsdmetrics {quality_score(real, synthetic)}")


@app.command()
def fit(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help=f"The real table ({_TABLES}).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the model goes.")],
    max_seconds: _MaxSeconds = None,
    max_steps: Annotated[
        int | None, typer.Option("--max-steps", min=1, help="Stop training after so many steps.")
    ] = None,
    rejection: Annotated[
        bool,
        typer.Option(
            "--rejection/--no-rejection",
            help="Whether to learn which drawn rows to keep: better rows, slower sampling.",
        ),
    ] = True,
    seed: _Seed = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            metavar="NAME=KIND",
            help="Say what a column is instead of inferring it; may be repeated.",
        ),
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1, ...")] = "auto",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing.")] = False,
) -> None:
    """Learn a table and write the model to a file.

    Ctrl-C ends the training early and keeps the model as it is then.

    Example: synthwgan fit customers.csv -o customers.safetensors --kind zip=categorical
    """
    from synthwgan import WGANGPSynthesizer
    from synthwgan.io import SUFFIXES, check_writable, read_table

    kinds = _column_kinds(kind or [])
    if output.resolve() == table.resolve():
        raise ValueError(f"{output} is the table itself; give the model another name.")
    if output.name.endswith(SUFFIXES):
        raise ValueError(f"{output} is the name of a table; let the model end in .safetensors.")
    check_writable(output)
    params = {
        "column_kinds": kinds or None,
        "max_seconds": max_seconds,
        "rejection": "auto" if rejection else None,
        "random_state": seed,
        "device": device,
        "verbose": 0 if quiet else 1,
    }
    if max_steps is not None:
        params["max_steps"] = max_steps
    model = WGANGPSynthesizer(**params).fit(read_table(table))
    model.save(output)
    if not quiet:
        typer.echo(f"\nModel in {output}. Next: synthwgan sample {output} -n 1000 -o rows.csv")


@app.command()
def sample(
    model: _ModelFile,
    n_rows: Annotated[int, typer.Option("--rows", "-n", min=1, help="How many rows.")],
    output: _RowsFile = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="CONDITION",
            help="What the rows must be: NAME=VALUE, NAME=A|B for one of several values, NAME= for "
            "a missing cell, NAME>=X, NAME<=X, NAME>X or NAME<X for a number or date. In quotes; "
            "may be repeated, then all must be met.",
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
    seed: _Seed = None,
    chunk_size: Annotated[
        int | None,
        typer.Option("--chunk-size", min=1, help="Rows held in memory at once."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Draw synthetic rows from a model, in constant memory.

    Example: synthwgan sample customers.safetensors -n 1000 --where "city=Rome" --where "age>=60"
    """
    if output is not None:
        _check_table_output(output)
    fitted = _load(model)
    options: dict[str, Any] = {"random_state": seed}
    if chunk_size is not None:
        options["chunk_size"] = chunk_size
    if where:
        options |= {"conditions": _conditions(fitted, where), "on_rare": on_rare.value}
    chunks = fitted.sample_iter(n_rows, **options)
    with _progress(n_rows, quiet) as advance, _writer(output) as write:
        for chunk in chunks:
            write(_as_frame(chunk))
            advance(len(chunk))


@app.command()
def impute(
    model: _ModelFile,
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help=f"The table to complete ({_TABLES}).")
    ],
    output: _RowsFile = None,
    draws: Annotated[
        int,
        typer.Option(
            "--draws",
            min=1,
            help="Complete each row so many times: a row for each draw, one after another.",
        ),
    ] = 1,
    seed: _Seed = None,
) -> None:
    """Fill the missing cells of a table by drawing them, given the rest of the row.

    The table has the columns of the fitted one. Cells that are there stay as they are.

    Example: synthwgan impute customers.safetensors gaps.csv -o complete.csv --draws 5
    """
    if output is not None:
        if output.resolve() == table.resolve():
            raise ValueError(f"{output} is the table itself; give the complete one another name.")
        _check_table_output(output)
    fitted = _load(model)
    gaps = _read_as_fitted(fitted, table)
    filled = _as_frame(fitted.impute(gaps, n_draws=draws, random_state=seed), gaps.columns)
    with _writer(output) as write:
        write(filled)


@app.command()
def info(model: _ModelFile) -> None:
    """Show what a model holds: columns, size, parameters.

    Example: synthwgan info customers.safetensors
    """
    typer.echo(_load(model).summary())


@contextmanager
def _one_line_warnings() -> Iterator[None]:
    def show(message: Warning | str, *_: Any) -> None:
        typer.echo(f"Warning: {' '.join(str(message).split())}", err=True)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def _fail(error: Exception) -> NoReturn:
    message = " ".join(str(error).split()) or type(error).__name__
    typer.echo(f"Error: {message}", err=True)
    raise typer.Exit(1)


def _leave_broken_pipe() -> NoReturn:
    # The reader, `head` for one, has seen enough; Python must not flush into the closed pipe.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise typer.Exit(1)


def _column_kinds(options: list[str]) -> dict[str, str]:
    kinds = {}
    for option in options:
        # A column's name may hold an equals sign, a kind never does.
        name, equals, kind = option.rpartition("=")
        if not equals or not name or not kind:
            raise typer.BadParameter(f"{option!r} is not NAME=KIND", param_hint="--kind")
        kinds[name] = kind
    return kinds


def _check_table_output(path: Path) -> None:
    """Refuse a file that could not be written, before any work is spent on its rows."""
    from synthwgan.io import check_writable, table_suffix

    table_suffix(path)
    check_writable(path)


def _demo_table() -> pd.DataFrame:
    try:
        from sdmetrics.demos import load_demo
    except ImportError as error:
        raise ImportError('The demo needs sdmetrics: pip install "synthwgan[report]"') from error
    tables, _, _ = load_demo(modality="single_table")
    return tables["student_placements"]


def _load(path: Path) -> WGANGPSynthesizer:
    from synthwgan import WGANGPSynthesizer

    return WGANGPSynthesizer.load(path)


def _fitted_columns(model: WGANGPSynthesizer) -> dict[Any, Any]:
    transformer = model.transformer_
    return dict(zip(transformer.column_index_, transformer.columns_, strict=True))


def _conditions(model: WGANGPSynthesizer, where: list[str]) -> dict[Any, Any]:
    from synthwgan.where import parse_where

    return parse_where(where, _fitted_columns(model))


def _read_as_fitted(model: WGANGPSynthesizer, path: Path) -> pd.DataFrame:
    """Read a table to complete: names and texts are those that were fitted."""
    from synthwgan.io import read_table

    columns = _fitted_columns(model)
    table = read_table(path, texts=[str(name) for name in columns if _is_text(columns[name])])
    # In a file every name is text; those fitted may be numbers.
    names = {str(name): name for name in columns}
    table.columns = [names.get(str(name), name) for name in table.columns]
    return table


def _is_text(column: Any) -> bool:
    if column.physical.domain != "label":
        return column.physical.domain == "text"
    labels = column.physical.labels(column.menu().present)
    return all(isinstance(label, str) for label in labels)


def _as_frame(rows: Any, columns: Any = None) -> pd.DataFrame:
    """Return rows as a frame, in the order of some columns; fitted on an array, they are none."""
    import pandas as pd

    if not isinstance(rows, pd.DataFrame):
        return pd.DataFrame(rows, columns=columns)
    return rows if columns is None else rows[list(columns)]


@contextmanager
def _progress(n_rows: int, quiet: bool) -> Iterator[Callable[[int], object]]:
    from tqdm import tqdm

    with tqdm(total=n_rows, desc="sampling", unit=" rows", file=sys.stderr, disable=quiet) as bar:
        yield bar.update


@contextmanager
def _writer(output: Path | None) -> Iterator[Callable[[pd.DataFrame], None]]:
    if output is None:
        yield _StdoutWriter().write
        return
    from synthwgan.io import TableWriter

    with TableWriter(output) as writer:
        yield writer.write


class _StdoutWriter:
    """Writes chunks as one CSV table to the standard output."""

    def __init__(self) -> None:
        self._is_first = True

    def write(self, chunk: pd.DataFrame) -> None:
        text = chunk.to_csv(index=False, header=self._is_first, lineterminator="\n")
        typer.echo(text, nl=False)
        self._is_first = False
