"""What Faker makes up: words of one locale, from one seed, touching nothing global."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

_PROVIDERS = tuple(
    f"faker.providers.{name}" for name in ("address", "company", "job", "lorem", "person")
)
# What Faker has no sentences of gets Latin ones; English of any country is English.
_OF_WORDS = {"en": "en_US"}
_SENTENCE = 12
_UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}


def has_faker() -> bool:
    """Whether the extra ``text`` is installed, without importing it."""
    return find_spec("faker") is not None


def require_faker(what: str) -> None:
    """Raise an ImportError that says how to install Faker, if it is not."""
    if not has_faker():
        raise ImportError(
            f"{what} need the package faker: pip install 'synthwgan[text]', or use the kind "
            "'identifier', whose letters have no meaning"
        )


class Inventor:
    """Makes up names, places and words of a locale.

    Faker has a generator of its own here, seeded by itself: what other threads, and other users
    of Faker, draw changes nothing.

    Parameters
    ----------
    locale : str
        One of `LOCALES`.
    rng : Generator
        Draws the seed.
    """

    def __init__(self, locale: str, rng: np.random.Generator) -> None:
        require_faker("lifelike texts")
        # Late: an optional package.
        from faker import Factory

        words = _OF_WORDS.get(locale[:2], locale)
        seed = int(rng.integers(2**62))
        self.locale = locale
        # All words of a list alike: a hundredth of the time, and fewer namesakes.
        self._of = {
            name: Factory.create(name, providers=list(_PROVIDERS), use_weighting=False)
            for name in {locale, words}
        }
        for generator in self._of.values():
            generator.seed_instance(seed)
        self._here, self._words = self._of[locale], self._of[words]

    def some(self, what: str, n: int) -> np.ndarray:
        """Return `n` texts of a kind that Faker knows, each in one line; shape (n,), object."""
        make = getattr(self._words if what == "word" else self._here, what)
        return as_texts([_in_a_line(make()) for _ in range(n)])

    def text(self, n_words: int) -> str:
        """Return sentences of so many words in all."""
        lengths = [_SENTENCE] * (n_words // _SENTENCE) + [n_words % _SENTENCE]
        make = self._words.sentence
        return " ".join(make(nb_words=n, variable_nb_words=False) for n in lengths if n)

    def states(self, n: int) -> np.ndarray:
        """Return `n` states of which `postcodes` knows the postcodes; None where Faker does not."""
        known = hasattr(self._here, "postcode_in_state") and hasattr(self._here, "state_abbr")
        if not known:
            return np.full(n, None, dtype=object)
        return as_texts([self._here.state_abbr(include_territories=False) for _ in range(n)])

    def postcodes(self, states: np.ndarray) -> np.ndarray:
        """Return a postcode within each state, any where that is None; shape (n,), object."""
        here = self._here
        return as_texts(
            [
                here.postcode() if state is None else here.postcode_in_state(state)
                for state in states
            ]
        )

    def ascii(self, text: str) -> str:
        """Return a name as it stands in an address: small letters from a to z, and digits."""
        from faker.decode import unidecode

        text = unicodedata.normalize("NFC", text).lower()
        if self.locale.startswith("de_"):
            text = "".join(_UMLAUTS.get(letter, letter) for letter in text)
        text = text if text.isascii() else unidecode(text).lower()
        return "".join(filter(str.isalnum, text))


def as_texts(texts: Sequence[Any]) -> np.ndarray:
    """Return an array of objects of one dimension, whatever they are."""
    return np.fromiter(texts, dtype=object, count=len(texts))


def _in_a_line(text: str) -> str:
    return text.replace("\n", ", ").strip()
