"""Where personal texts are from: the locales in which they are made anew, and signs of each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

# The fixed list of what a user, or a file, may ask for. In a tie the earlier one wins.
LOCALES = (
    *("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "pt_BR", "nl_NL", "pl_PL", "sv_SE"),
    *("no_NO", "da_DK", "fi_FI", "pt_PT", "es_MX", "es_AR", "en_CA", "en_AU", "en_IN", "en_IE"),
    *("de_AT", "de_CH", "fr_CA", "nl_BE", "cs_CZ", "sk_SK", "hu_HU", "ro_RO", "bg_BG", "hr_HR"),
    *("sl_SI", "el_GR", "tr_TR", "uk_UA", "ru_RU", "zh_CN", "zh_TW", "ja_JP", "ko_KR", "id_ID"),
)
DEFAULT = "en_US"
# In these a family name stands before the given one, in some without a space.
FAMILY_FIRST = ("hu_HU", "ja_JP", "ko_KR", "zh_CN", "zh_TW")
WITHOUT_SPACE = ("ja_JP", "ko_KR", "zh_CN", "zh_TW")

_MIN_SCORE = 0.2
_MAX_LOOKED_AT = 300
_WORD = re.compile(r"[^\W\d_]{2,}")
_PREFIX = re.compile(r"(?:\+|00)(\d{1,3})")
_TOP_DOMAIN = re.compile(r"\.([a-z]{2})$", re.IGNORECASE)
# Of a prefix, a domain or a form of postcodes that several locales share, the first is meant.
_PREFIXES = {
    **{"1": "en_US", "44": "en_GB", "49": "de_DE", "33": "fr_FR", "34": "es_ES", "39": "it_IT"},
    **{"55": "pt_BR", "31": "nl_NL", "48": "pl_PL", "46": "sv_SE", "47": "no_NO", "45": "da_DK"},
    **{"358": "fi_FI", "351": "pt_PT", "52": "es_MX", "54": "es_AR", "61": "en_AU"},
    **{"91": "en_IN", "353": "en_IE", "43": "de_AT", "41": "de_CH", "32": "nl_BE", "420": "cs_CZ"},
    **{"421": "sk_SK", "36": "hu_HU", "40": "ro_RO", "359": "bg_BG", "385": "hr_HR"},
    **{"386": "sl_SI", "30": "el_GR", "90": "tr_TR", "380": "uk_UA", "7": "ru_RU", "86": "zh_CN"},
    **{"886": "zh_TW", "81": "ja_JP", "82": "ko_KR", "62": "id_ID"},
}
_DOMAINS = {name[-2:].lower(): name for name in reversed(LOCALES)} | {"uk": "en_GB"}
_POSTCODES = {
    "en_US": re.compile(r"\d{5}(-\d{4})?"),
    "en_GB": re.compile(r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}"),
    "en_CA": re.compile(r"[A-Z]\d[A-Z] ?\d[A-Z]\d"),
    "nl_NL": re.compile(r"\d{4} ?[A-Z]{2}"),
    "pt_BR": re.compile(r"\d{5}-\d{3}"),
    "pt_PT": re.compile(r"\d{4}-\d{3}"),
    "pl_PL": re.compile(r"\d{2}-\d{3}"),
    "ja_JP": re.compile(r"\d{3}-\d{4}"),
    "sv_SE": re.compile(r"\d{3} \d{2}"),
}
_STREETS = {
    "en_US": re.compile(r"\b(street|st|road|rd|avenue|ave|drive|dr|lane|ln|blvd|court)\b", re.I),
    "de_DE": re.compile(r"(stra(ß|ss)e|str\.|weg|platz|gasse|allee)\b", re.I),
    "fr_FR": re.compile(r"\b(rue|avenue|boulevard|chemin|impasse) d?", re.I),
    "es_ES": re.compile(r"\b(calle|avenida|plaza|paseo|c/)", re.I),
    "it_IT": re.compile(r"\b(via|viale|piazza|corso|vicolo)\b", re.I),
    "pt_BR": re.compile(r"\b(rua|travessa|avenida|praça)\b", re.I),
    "nl_NL": re.compile(r"(straat|laan|plein|gracht)\b", re.I),
    "pl_PL": re.compile(r"\b(ul|al|pl)\.", re.I),
    "sv_SE": re.compile(r"(gatan|vägen|gränd)\b", re.I),
    "da_DK": re.compile(r"(gade|vej)\b", re.I),
    "no_NO": re.compile(r"(gata|veien)\b", re.I),
}


def signs_of(kind: str, texts: Iterable[str]) -> dict[str, float]:
    """Return how much some texts of a kind speak for each locale, at most 1 each.

    Parameters
    ----------
    kind : str
        What the texts are: names, phone numbers and the like.
    texts : iterable of str
    """
    texts = list(texts)
    texts = texts[:: max(1, len(texts) // _MAX_LOOKED_AT)]
    read = _READERS.get(kind)
    if read is None or not texts:
        return {}
    votes = read(texts)
    return {locale: count / len(texts) for locale, count in votes.items() if count}


def agreed(signs: Iterable[Mapping[str, float]]) -> str:
    """Return the locale that the signs of all columns of a table speak for most."""
    total: Counter[str] = Counter()
    for own in signs:
        total.update(own)
    best = max(LOCALES, key=lambda locale: total[locale])
    return best if total[best] >= _MIN_SCORE else DEFAULT


def _of_names(texts: list[str]) -> dict[str, float]:
    """Shares of the words that are names of a locale, by Faker's lists."""
    words = [own for own in (_WORD.findall(text.casefold()) for text in texts) if own]
    return {
        locale: sum(sum(_is_name(word, locale) for word in own) / len(own) for own in words)
        for locale in LOCALES
    }


def _is_name(word: str, locale: str) -> bool:
    names = _names_of(locale)
    # A family and a given name in one.
    whole = locale in WITHOUT_SPACE and word[:1] in names and word[1:] in names
    return whole or word in names


@cache
def _names_of(locale: str) -> frozenset[str]:
    """All given and family names that Faker knows of a locale."""
    try:
        provider = import_module(f"faker.providers.person.{locale}").Provider
    except ImportError:
        return frozenset()
    lists = [
        getattr(provider, name)
        for name in dir(provider)
        if name.startswith(("first_names", "last_names"))
    ]
    return frozenset(
        name.casefold() for names in lists if not callable(names) for name in _texts_of(names)
    )


def _texts_of(names: Iterable[Any]) -> list[str]:
    """Of a list, the texts; some of Faker's have a reading or a romanised form beside each."""
    return [part for one in names for part in ([one] if isinstance(one, str) else one)]


def _by(pattern: re.Pattern[str], places: Mapping[str, str]) -> Callable[[list[str]], Counter[str]]:
    def read(texts: list[str]) -> Counter[str]:
        votes: Counter[str] = Counter()
        for found in filter(None, map(pattern.search, texts)):
            code = found.group(1).lower()
            # A country's prefix has one to three digits.
            known = next((code[:n] for n in (3, 2, 1) if code[:n] in places), None)
            votes.update([places[known]] if known else [])
        return votes

    return read


def _by_form(forms: Mapping[str, re.Pattern[str]]) -> Callable[[list[str]], dict[str, float]]:
    def read(texts: list[str]) -> dict[str, float]:
        return {
            locale: sum(bool(form.search(text)) for text in texts) for locale, form in forms.items()
        }

    return read


def _of_postcodes(texts: list[str]) -> dict[str, float]:
    """Half a sign at most: five digits are a postcode in many countries."""
    return {
        locale: sum(bool(form.fullmatch(text)) for text in texts) / 2
        for locale, form in _POSTCODES.items()
    }


_READERS: dict[str, Callable[[list[str]], Mapping[str, float]]] = {
    "name": _of_names,
    "first_name": _of_names,
    "last_name": _of_names,
    "phone": _by(_PREFIX, _PREFIXES),
    "email": _by(_TOP_DOMAIN, _DOMAINS),
    "url": _by(_TOP_DOMAIN, _DOMAINS),
    "street": _by_form(_STREETS),
    "address": _by_form(_STREETS),
    "postcode": _of_postcodes,
}
