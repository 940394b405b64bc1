"""Where to find what an option that does not exist means."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from synthwgan.cli.options import Option, as_options

# Up to the last @ of the word, because a password may hold an unescaped one.
_PASSWORD = re.compile(r"(://[^:/@\s]*):\S*@")
# What one may ask of `fit` that is of `private fit`.
_PRIVATE = ("private", "privacy", "dp", "differential_privacy", "epsilon", "eps", "delta")


def answer(option: str, known: Collection[str], options: Mapping[str, Option]) -> str | None:
    """Return where to find an option of another package, or one that is a parameter in Python.

    Parameters
    ----------
    option : str
        The option as it was written, such as ``"--batch-size"``.
    known : collection of str
        The options that the command has.
    options : mapping of str to Option
        Those of all commands, by the parameters that they stand for.
    """
    # Late, as scikit-learn takes a second to import and most commands are written correctly.
    from synthwgan.parameters import ELSEWHERE, OTHER_NAMES_OF_N_SAMPLES

    name = option.lstrip("-").replace("-", "_").removeprefix("no_")
    if "--rows" in known:
        return "here it is --rows" if name in OTHER_NAMES_OF_N_SAMPLES else None
    if "--max-steps" not in known:
        # On a command that trains nothing, a parameter of training is no answer.
        return None
    if name == "random_state":
        return "here it is --seed"
    if name in _PRIVATE and "--epsilon" not in known:
        return "for a proof of privacy there is `synthwgan private fit TABLE --epsilon 1 -o MODEL`"
    if name in ELSEWHERE:
        place = as_options(ELSEWHERE[name], options)
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
