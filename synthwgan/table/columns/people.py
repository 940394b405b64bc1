"""Columns of personal data: found by the form of their cells or by their names.

Such a column is made anew even where its values repeat, unless the user says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.columns.inventor import has_faker
from synthwgan.table.storage.dtypes import NumberType, PhysicalType
from synthwgan.warn import warn

_MIN_SHARE = 0.9
_MAX_LOOKED_AT = 1000
# How many distinct texts are needed: ten numbers with valid check digits are no coincidence, but
# streets, or cells of a column that is just called "name", need twenty.
_MIN_CHECKED = 10
_MIN_NAMES = 20
# If more rows than this share a value, on average, it is not that of one person.
_MAX_ROWS_OF_NAME = 20
_MAX_ROWS_OF_ANYTHING = 5
# A text of so many words or more is a sentence, not a label.
_MIN_WORDS = 4

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_UUID = re.compile(r"\{?[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\}?", re.IGNORECASE)
_SOCIAL_SECURITY = re.compile(r"\d{3}-\d{2}-\d{4}|[A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]")
# With a prefix of a country or an area, since digits alone may be any number; but not +40.7128
# nor 05-11-2021.
_PHONE = re.compile(
    r"(?!\+\d+\.\d+$)(\+|00[1-9]\d{0,2} ?(?=\D))[\d ()/.-]{7,21}"
    r"|(1[ .-])?(\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}"
    r"|(?!\d\d-\d\d-\d{4}$)\(?0\d{1,5}\)?[ /-]\d[\d -]{4,12}"
)
_PHONE_NUMBER = re.compile(r"[+(]?\d[\d ()/.-]{4,20}\d")
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_CARD = re.compile(r"[2-6]\d{11,18}")
_LETTER = re.compile(r"[^\W\d_]")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+")

_PERSONS = (
    "applicant|borrower|cardholder|client|contact|customer|doctor|driver|employee|father|guest|"
    "guardian|holder|insured|member|mother|owner|parent|passenger|patient|person|player|"
    "physician|spouse|student|teacher|tenant|user|visitor"
)
_NAME = re.compile(
    rf"((first|last|middle|maiden|given|family|full|birth|sur|fore"
    rf"|({_PERSONS})( first| last)?) ?names?"
    r"|vorname|nachname|familienname|prenom|prénom|apellidos?|cognome|surname)( \d)?"
)
_STREET = re.compile(
    rf"((home|street|postal|mailing|billing|shipping|residential|work|{_PERSONS}) )?"
    r"(street|address|addr|adresse|anschrift|straße|strasse|direccion|dirección|indirizzo|domicile)"
    r"( line)?( \d)?( name)?"
)
_PHONE_NAME = re.compile(
    rf"((home|work|cell|mobile|contact|{_PERSONS}) )?"
    r"(phone|telephone|tel|telefon|telefono|mobile|cellphone|fax|handy)( no| nr| number)?( \d)?"
)
# What the columns of names and streets are called that are one part of these.
_FIRST_NAME = re.compile(r"(.* )?(first|given|fore|middle|vorname|pr[eé]nom)( ?names?)?( \d)?")
_LAST_NAME = re.compile(
    r"(.* )?((last|family|sur|maiden|birth)( ?names?)?|nachname|familienname|apellidos?|cognome)"
    r"( \d)?"
)
_USER_NAME = re.compile(r"(.* )?((user|screen|nick|login) ?(name)?|login|handle)")
_URL = re.compile(r"(https?://|www\.)\S+\.\S+")
_NAME_LIKE = re.compile(r"[^\d@_/]+")
_NAMED_LOOKS = {
    "user_name": (_USER_NAME, re.compile(r"[^\s@]+")),
    "first_name": (_FIRST_NAME, _NAME_LIKE),
    "last_name": (_LAST_NAME, _NAME_LIKE),
    "name": (_NAME, _NAME_LIKE),
    "address": (_STREET, re.compile(r"(?s)(?=.*\d)(?=.*[^\W\d_]).*[,\n].*")),
    "street": (_STREET, re.compile(r".*[^\W\d_].*")),
    "postcode": (
        re.compile(r"(.* )?(zip|(zip|postal) ?code|post ?code|postleitzahl|plz|code postal|cap)"),
        re.compile(r"(?=.*\d)[\dA-Z][\dA-Z -]{2,9}", re.IGNORECASE),
    ),
    "city": (re.compile(r"(.* )?(city|town|municipality|ort|stadt|ville|ciudad)"), _NAME_LIKE),
    "country": (re.compile(r"(.* )?(country|nation|land|pays|pa[ií]s)( name)?"), _NAME_LIKE),
    "company": (
        re.compile(r"(.* )?(company|employer|firm|firma|organi[sz]ation|business)( name)?"),
        re.compile(r".*[^\W\d_].*"),
    ),
    "job": (re.compile(r"(.* )?(job|job title|occupation|profession|beruf)"), _NAME_LIKE),
}
_SOCIAL_NAME = re.compile(r"ssn|nin|nino|(social security|national insurance)( no| nr| number)?")


def is_personal(name: Any, physical: PhysicalType, present: np.ndarray) -> bool:
    """Whether a column is to be made anew, because its cells are people's.

    Parameters
    ----------
    name : hashable
        The column's name.
    physical : PhysicalType
    present : ndarray
        Its text, or its numbers.

    Notes
    -----
    E-mail addresses, phone, card and social security numbers, IBANs and UUIDs are personal,
    however often they repeat. Names and streets are told by the column's name, and personal
    if they are many for the rows: a first name that hundreds share is nobody's own.
    """
    if physical.domain == "text":
        distinct = pd.unique(present)
        return len(distinct) > 1 and (
            _looks_personal(name, distinct) or _are_many(name, distinct, len(present))
        )
    return isinstance(physical, NumberType) and _are_personal_numbers(name, present)


def look_of(name: Any, physical: PhysicalType, present: np.ndarray) -> str:
    """Return the kind of text that a column of personal or free text is; empty if it is no such.

    Parameters
    ----------
    name : hashable
        The column's name.
    physical : PhysicalType
    present : ndarray
        Its cells, which are to be made anew.

    Notes
    -----
    E-mail addresses, URLs, phone numbers and sentences are told by their form; the others by the
    column's name, if the cells may be such.
    """
    distinct = pd.unique(present)
    if physical.domain != "text":
        return "phone" if _says(name, _PHONE_NAME) else ""
    return _look_of_texts(name, distinct)


def _look_of_texts(name: Any, distinct: np.ndarray) -> str:
    texts = [text.strip() for text in _some(distinct)]
    plain = [text.replace(" ", "").replace("-", "") for text in texts]
    checks: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("email", lambda: _nearly_all(texts, _EMAIL.fullmatch)),
        ("url", lambda: _nearly_all(texts, _URL.fullmatch)),
        ("", lambda: _nearly_all(plain, _is_iban) or _nearly_all(plain, _is_card)),
        ("", lambda: _nearly_all(texts, _UUID.fullmatch)),
        ("", lambda: _nearly_all(texts, _SOCIAL_SECURITY.fullmatch)),
        ("phone", lambda: _are_phones(name, texts)),
    )
    for look, are_so in checks:
        if are_so():
            return look
    for look, (called, form) in _NAMED_LOOKS.items():
        named = _says(name, called) or (look == "name" and _is_just_name(name))
        if named and _nearly_all(texts, form.fullmatch):
            return look
    return "text" if _nearly_all(texts, _is_sentence) else ""


def _are_phones(name: Any, texts: list[str]) -> bool:
    named = _says(name, _PHONE_NAME) and _nearly_all(texts, _PHONE_NUMBER.fullmatch)
    return named or _nearly_all(texts, _PHONE.fullmatch)


def _is_sentence(text: str) -> bool:
    words = [word for word in text.split() if _LETTER.search(word)]
    return len(words) >= _MIN_WORDS


def _looks_personal(name: Any, texts: Iterable[str]) -> bool:
    """Whether distinct texts are of a personal form."""
    texts = [text.strip() for text in _some(texts)]
    plain = [text.replace(" ", "").replace("-", "") for text in texts]
    checked = len(texts) >= _MIN_CHECKED
    return (
        _nearly_all(texts, _EMAIL.fullmatch)
        or _nearly_all(texts, _UUID.fullmatch)
        or _nearly_all(texts, _SOCIAL_SECURITY.fullmatch)
        or _are_phones(name, texts)
        or _nearly_all(plain, _is_iban)
        or (checked and _nearly_all(plain, _is_card))
    )


def _are_personal_numbers(name: Any, numbers: np.ndarray) -> bool:
    """Whether whole numbers are those of cards, or by the column's name of phones or insured."""
    if not len(numbers) or numbers.min() < 10**6 or np.mod(numbers, 1).any():
        return False
    named = _says(name, _PHONE_NAME) or _says(name, _SOCIAL_NAME)
    if not named and numbers.min() < 10**11:
        return False
    distinct = pd.unique(numbers)
    if named:
        return len(distinct) > 1
    texts = [str(int(number)) for number in _some(distinct)]
    return len(texts) >= _MIN_CHECKED and _nearly_all(texts, _is_card)


def _are_many(name: Any, distinct: np.ndarray, n_rows: int) -> bool:
    """Whether a column of this name has names or streets, so many that each is somebody's."""
    most = _MAX_ROWS_OF_ANYTHING if _is_just_name(name) else _MAX_ROWS_OF_NAME
    return n_rows <= most * len(distinct) and _are_names(name, distinct)


def _are_names(name: Any, distinct: Any) -> bool:
    """Whether texts are people's names or streets, as the column's name says."""
    least = 2 if _says(name, _NAME) else _MIN_NAMES
    named = _says(name, _NAME) or _says(name, _STREET) or _is_just_name(name)
    return named and len(distinct) >= least and _nearly_all(_some(distinct), _LETTER.search)


def _come_back(name: Any, texts: list[str]) -> bool:
    """Whether categories are real names, streets or other personal texts."""
    return len(texts) > 1 and (_looks_personal(name, texts) or _are_names(name, texts))


def warn_of_people(columns: Iterable[tuple[Any, Any]]) -> None:
    """Say which columns were taken for personal data, and which real texts come back.

    Parameters
    ----------
    columns : iterable of (name, ColumnTransformer)
        Fitted columns of which the user has not said the kind.

    Warns
    -----
    UserWarning
        One line for the columns that are made anew although their values repeat, and one for
        those whose real values come back; each with the way out.
    """
    columns = list(columns)
    anew = [name for name, column in columns if getattr(column, "repeats", False)]
    kept = [name for name, column in columns if _come_back(name, _categories(column))]
    if anew:
        warn(
            f"columns {anew!r} look like personal data and are made anew; which rows share a "
            "value is kept. To keep the real values of one, pass column_kinds="
            f"{{{anew[0]!r}: 'categorical'}}"
        )
    written = [name for name, column in columns if _are_sentences(_categories(column))]
    if written:
        kind, meaning = ("text", "sentences") if has_faker() else ("identifier", "letters")
        warn(
            f"columns {written!r} hold sentences, which come back word for word. To make one anew "
            f"({meaning} without a meaning), pass column_kinds={{{written[0]!r}: {kind!r}}}; to "
            "mask what few rows say, rare='mask' with min_category_rows=10"
        )
    if kept:
        labels = [name for name, column in columns if name in kept and not _is_text(column)]
        texts = np.array(_categories(dict(columns)[kept[0]]), dtype=object)
        kind = (has_faker() and _look_of_texts(kept[0], texts)) or "identifier"
        first = f"; before, make {labels!r} text with .astype('string')" if labels else ""
        warn(
            f"columns {kept!r} look like personal data, and their real values come back. To make "
            f"one anew, pass column_kinds={{{kept[0]!r}: {kind!r}}}{first}"
        )


def _are_sentences(texts: list[str]) -> bool:
    """Whether at least half of the categories, and many, are several words long."""
    n_sentences = sum(len(text.split()) >= _MIN_WORDS for text in texts)
    return n_sentences >= max(_MIN_NAMES, len(texts) / 2)


def _is_text(column: Any) -> bool:
    return column.physical.domain == "text"


def _categories(column: Any) -> list[str]:
    """Return the texts that a column of categories gives back."""
    if column.kind != "categorical" or column.physical.domain not in ("text", "label"):
        return []
    labels = column.physical.labels(column.menu().present)
    return [label for label in labels if isinstance(label, str)]


def _some(values: Any) -> Any:
    return values[:: max(1, len(values) // _MAX_LOOKED_AT)]


def _nearly_all(texts: Any, fits: Callable[[str], Any]) -> bool:
    lacking = int((1 - _MIN_SHARE) * len(texts))
    for text in texts:
        if not fits(text):
            lacking -= 1
            if lacking < 0:
                return False
    return True


def _says(name: Any, meaning: re.Pattern[str]) -> bool:
    return bool(meaning.fullmatch(_in_words(name)))


def _is_just_name(name: Any) -> bool:
    return _in_words(name) in ("name", "names")


def _in_words(name: Any) -> str:
    """Return a column name as lower-case words: ``first name`` for firstName and FIRST_NAME."""
    return " ".join(_WORDS.findall(name)).lower() if isinstance(name, str) else ""


def _is_iban(text: str) -> bool:
    if not _IBAN.fullmatch(text):
        return False
    digits = "".join(str(int(letter, 36)) for letter in text[4:] + text[:4])
    return int(digits) % 97 == 1


def _is_card(text: str) -> bool:
    """Whether digits have the form and the check digit (Luhn) of a payment card."""
    if not _CARD.fullmatch(text):
        return False
    digits = [int(letter) for letter in reversed(text)]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
