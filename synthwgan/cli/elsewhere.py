"""Where to find what an option that does not exist means."""

from __future__ import annotations

import re
from collections.abc import Collection

# How parameters of the constructor are written as options. All others are set in Python only.
_AS_OPTION = {
    r"column_kinds=\{name: '?(\w+)'?\}": r"--kind NAME=\1",
    r"rare='mask' with min_category_rows=(\d+) and protect_extremes=(\d+)": (
        r"--rare mask --min-category-rows \1 --protect-extremes \2"
    ),
    r"rules=\[[^]]*\]": "--rules FILE",
    r"device='(\w+)'": r"--device \1",
    r"\bmax_(steps|seconds)\b": r"--max-\1",
    r"\brandom_state\b": "--seed",
}
# Up to the last @ of a word: a password may hold one, though it should not.
_PASSWORD = re.compile(r"(://[^:/@\s]*):\S*@")
# What is called so in `fit`, `read_table` and `TableWriter`.
_OPTIONS = "checkpoint|sep|decimal|encoding|format|table|query"


def as_options(message: str) -> str:
    """Return a message with parameters that it advises written as options."""
    message = re.sub(r"\bon_(rare|broken)='(\w+)'", r"--on-\1 \2", message)
    message = re.sub(r"\bif_exists=('?)(?=\w)(\w+)\1", r"--if-exists \2", message)
    # With a value in quotes, or as a word of its own.
    return re.sub(rf"\b({_OPTIONS})=('[^']*'|(?=[ ,;.])|$)", _as_option, message)


def _as_option(match: re.Match[str]) -> str:
    return f"--{match[1]} {match[2]}".rstrip()


def answer(option: str, known: Collection[str]) -> str | None:
    """Return where to find an option of another package, or one that is a parameter in Python.

    Parameters
    ----------
    option : str
        The option as it was written, such as ``"--batch-size"``.
    known : collection of str
        The options that the command has.
    """
    # Late, as scikit-learn takes a second to import and most commands are written correctly.
    from synthwgan.parameters import ELSEWHERE, OTHER_NAMES_OF_N_SAMPLES

    name = option.lstrip("-").replace("-", "_").removeprefix("no_")
    if "--rows" in known:
        return "here it is --rows" if name in OTHER_NAMES_OF_N_SAMPLES else None
    if "--max-steps" not in known:
        # A command that trains nothing: its user means something else.
        return None
    if name == "random_state":
        return "here it is --seed"
    if name in ELSEWHERE:
        place = ELSEWHERE[name]
        for pattern, written in _AS_OPTION.items():
            place = re.sub(pattern, written, place)
        only = "in Python it is" if re.match(r"\w+[=(]", place) else "here it is"
        return f"{only} {place}"
    return _parameter(name)


def _parameter(name: str) -> str | None:
    from synthwgan import RadialGANSynthesizer, WGANGPSynthesizer

    for synthesizer in (WGANGPSynthesizer, RadialGANSynthesizer):
        if name in synthesizer().get_params(deep=False):
            return f"in Python it is {synthesizer.__name__}({name}=...)"
    return None


def without_passwords(text: str) -> str:
    """Return a text with the passwords of URLs left out.

    Examples
    --------
    >>> from synthwgan.cli.elsewhere import without_passwords
    >>> without_passwords("no postgresql://me:secret@host/shop")
    'no postgresql://me@host/shop'
    """
    return _PASSWORD.sub(r"\1@", text)
