"""What commands around models take: arguments and options, by name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from synthwgan.cli.tables import TABLES, refuse_same

if TYPE_CHECKING:
    from synthwgan.checkpoint import Checkpoint


class OnRare(StrEnum):
    """What to do if hardly a row meets the conditions."""

    restrict = "restrict"
    fewer = "fewer"
    error = "error"


class OnBroken(StrEnum):
    """What to do with a row whose cells break a rule."""

    error = "error"
    keep = "keep"


class RareCategories(StrEnum):
    """What becomes of categories of few rows."""

    resample = "resample"
    mask = "mask"


# Of all commands

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing.")]
NoProgress = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
Seed = Annotated[
    int | None, typer.Option("--seed", min=0, help="Same seed, same rows. Default: a fresh one.")
]
Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        metavar="NAME=KIND",
        help="Say what a column is instead of inferring it; may be repeated.",
    ),
]
ModelFile = Annotated[Path, typer.Argument(metavar="MODEL", help="A model file written by fit.")]
Card = Annotated[bool, typer.Option("--card", help="Print the model's card, in Markdown.")]
CardAsJson = Annotated[bool, typer.Option("--json", help="Print the card as JSON.")]

# Of learning

ModelOutput = Annotated[Path, typer.Option("--output", "-o", help="Where the model goes.")]
MaxSeconds = Annotated[
    float | None,
    typer.Option("--max-seconds", min=0, help="Stop learning after so many seconds."),
]
MaxSteps = Annotated[
    int | None, typer.Option("--max-steps", min=1, help="Stop training after so many steps.")
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
Rejection = Annotated[
    bool,
    typer.Option(
        "--rejection/--no-rejection",
        help="Whether to learn which drawn rows to keep: better rows, slower sampling.",
    ),
]
RulesToKeep = Annotated[
    str,
    typer.Option(
        "--rules",
        metavar="FILE|none|auto",
        help="Rules between columns that every drawn row keeps: those of a file that "
        "`synthwgan rules -o` writes, none, or those found in the table.",
    ),
]
Rare = Annotated[
    RareCategories,
    typer.Option("--rare", help="Draw rare categories from the observed ones, or mask."),
]
MinCategoryRows = Annotated[
    int,
    typer.Option("--min-category-rows", min=1, help="Categories of fewer rows are rare."),
]
ProtectExtremes = Annotated[
    int,
    typer.Option(
        "--protect-extremes",
        min=0,
        help="So many of the smallest and largest numbers or dates of a column are drawn anew.",
    ),
]
Locale = Annotated[
    str | None,
    typer.Option(
        "--locale",
        help="Where names and streets that are made anew are from, such as de_DE.",
    ),
]
CacheFolder = Annotated[
    Path | None,
    typer.Option(
        "--cache-dir",
        help="Folder for what is learned of a table in batches, about 2 bytes a cell. "
        "Nothing is left there. Default: the one for temporary files.",
    ),
]

# Of drawing

Rows = Annotated[int, typer.Option("--rows", "-n", min=1, help="How many rows.")]
RowsPlace = Annotated[
    str | None,
    typer.Option("--output", "-o", help=f"Where the rows go ({TABLES}). Default: CSV to stdout."),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="CONDITION",
        help="What the rows must be: NAME=VALUE, NAME=A|B for one of several values, NAME= for "
        "a missing cell, NAME>=X, NAME<=X, NAME>X or NAME<X for a number, date or ordered "
        "category. In quotes; may be repeated, then all must be met.",
    ),
]
IfRare = Annotated[
    OnRare,
    typer.Option(
        "--on-rare",
        help="If hardly a row meets the conditions: draw each of their columns on its own, "
        "write the rows found, or stop.",
    ),
]
ChunkSize = Annotated[
    int | None,
    typer.Option("--chunk-size", min=1, help="Rows held in memory at once."),
]
Mark = Annotated[
    str | None,
    typer.Option(
        "--mark",
        metavar="NAME",
        help="Add a column of this name that says True in every row: it is synthetic.",
    ),
]
Jobs = Annotated[
    int,
    typer.Option("--jobs", min=-1, help="Processes that fill a folder; -1 for one a core."),
]

# Of filling gaps

ColumnsToFill = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="NAME",
        help="A column to fill; may be repeated. Gaps of others stay. Default: all columns.",
    ),
]
Draws = Annotated[
    int,
    typer.Option(
        "--draws",
        min=1,
        help="Complete each row so many times: a row for each draw, one after another.",
    ),
]
IfBroken = Annotated[
    OnBroken,
    typer.Option(
        "--on-broken",
        help="If the cells of a row break a rule of the model: stop, or keep and fill it.",
    ),
]


@dataclass(frozen=True)
class Training:
    """Options of a command that trains a model."""

    max_seconds: MaxSeconds = None
    max_steps: MaxSteps = None
    seed: Seed = None
    kind: Kinds = None
    checkpoint: CheckpointFile = None
    checkpoint_every: CheckpointEvery = 60.0
    device: Device = "auto"
    quiet: Quiet = False

    def params(self) -> dict[str, Any]:
        """Return them as parameters of a synthesizer."""
        params = {
            "column_kinds": column_kinds(self.kind or []) or None,
            "max_seconds": self.max_seconds,
            "random_state": self.seed,
            "device": self.device,
            "verbose": 0 if self.quiet else 1,
        }
        # Synthesizers have a default of their own.
        return params if self.max_steps is None else params | {"max_steps": self.max_steps}

    def kept_in(self, *others: str) -> Checkpoint | None:
        """Return the checkpoint of a fit, if one is wanted, which is none of the other files."""
        if self.checkpoint is None:
            return None
        from synthwgan import Checkpoint

        other = "is the table or the model; give the checkpoint a third name"
        refuse_same(str(self.checkpoint), other, *others)
        return Checkpoint(self.checkpoint, every=self.checkpoint_every)


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
