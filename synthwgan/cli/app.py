"""The application: its name, its version, and errors in one line."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from synthwgan.cli.elsewhere import answer, without_passwords
from synthwgan.cli.options import as_options, options_of
from synthwgan.processes import launched

_INTERRUPTED = 130
# Newer versions of typer hold a copy of click, so that click's own classes are others.
_UsageError: Any = typer.BadParameter.__base__


class _OneLineErrors(TyperGroup):
    """Turns a user's mistake into one line on stderr and exit code 1."""

    def invoke(self, ctx: typer.Context) -> Any:
        try:
            with self._one_line_warnings():
                return super().invoke(ctx)
        except _UsageError as error:
            error.message = without_passwords(error.message)
            self._add_answer(error)
            raise
        except BrokenPipeError:
            _leave_broken_pipe()
        except KeyboardInterrupt:
            typer.echo("Interrupted.", err=True)
            raise typer.Exit(_INTERRUPTED) from None
        except (ValueError, TypeError, OSError, ImportError, MemoryError) as error:
            if ctx.params["debug"]:
                raise
            typer.echo(f"Error: {self._told(error) or type(error).__name__}", err=True)
            raise typer.Exit(1) from None

    @contextmanager
    def _one_line_warnings(self) -> Iterator[None]:
        def show(message: Warning | str, *_: Any) -> None:
            # Of several processes all would say the same.
            if launched()[0] == 0:
                typer.echo(f"Warning: {self._told(message)}", err=True)

        with warnings.catch_warnings():
            warnings.showwarning = show
            yield

    def _told(self, message: Exception | str) -> str:
        """Return a message in one line, as it is to be told on a command line."""
        line = without_passwords(" ".join(str(message).split()))
        return as_options(line, options_of(self))

    def _add_answer(self, error: Any) -> None:
        """Add to a complaint about an unknown option where to find what it means."""
        option = getattr(error, "option_name", None)
        if option is None or error.ctx is None:
            return
        known = {name for parameter in error.ctx.command.params for name in parameter.opts}
        if found := answer(option, known, options_of(self)):
            error.message, error.possibilities = f"No such option: {option}; {found}", None


def _leave_broken_pipe() -> NoReturn:
    # The reader, `head` for one, has seen enough; Python must not flush into the closed pipe.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise typer.Exit(1)


app = typer.Typer(
    name="synthwgan",
    cls=_OneLineErrors,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        from synthwgan import __version__

        typer.echo(f"synthwgan {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    context: typer.Context,
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
    command = context.invoked_subcommand
    if command != "fit" and launched()[1] > 1:
        raise ValueError(f"only fit trains in several processes; start {command} without torchrun")
