"""Texts made anew that look like what they are: a kind of personal or free text a class.

A new kind is one class here and its name in `LIFELIKE`: which subject it belongs to, in which
styles its cells are written, and how one is written from the subject's parts.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from synthwgan.parameters import Number, OneOf
from synthwgan.table.checks import MappingOf, check_state, expect
from synthwgan.table.columns.cast import Cast, CastView
from synthwgan.table.columns.identifier import (
    IdentifierTransformer,
    Source,
    checked_text_form,
    text_form,
)
from synthwgan.table.columns.inventor import Inventor, as_texts, has_faker, require_faker
from synthwgan.table.columns.locales import (
    DEFAULT,
    FAMILY_FIRST,
    LOCALES,
    WITHOUT_SPACE,
    agreed,
    signs_of,
)
from synthwgan.table.columns.patterns import WHOLE, Share, learn_phone_templates, shape_of
from synthwgan.table.columns.subjects import (
    MAX_DIGITS,
    Company,
    Country,
    Few,
    Job,
    Parts,
    Person,
    Place,
    Subject,
    Words,
)
from synthwgan.table.storage.dtypes import Cells

if TYPE_CHECKING:
    from synthwgan.table.columns.evidence import Evidence

_POSITIVE = Number(1, 2**63 - 1, integer=True)
_CASES = {"as it is": str, "lower": str.lower, "upper": str.upper}
_MIN_SHARE = 0.9
_MAX_LOOKED_AT = 100_000
# Reserved by RFC 2606 for examples: whatever stands before them, nobody receives it.
RESERVED = ("example.com", "example.org", "example.net")
_MAX_WORDS = 200
_MARKS = "._-"
_OF_NAME = ("first", "last")


class LifelikeTransformer(IdentifierTransformer):
    """A column whose cells are made anew, by Faker, as texts of their kind.

    As of any identifier nothing is learned, no real cell comes back, and which rows share a
    value is kept. Of the cells themselves only the style is known: of names whether the family
    name comes first, of addresses how a name is put together.

    Attributes
    ----------
    locale : str
        Where the texts are from.
    signs : dict of str to float
        How much the fitted cells speak for each locale; of a loaded column nothing.
    form : dict
        ``styles``, how many cells are written in each, and ``case``.
    """

    subject: ClassVar[type[Subject]]
    words: ClassVar[str]
    # The part that gets longer, where a cell is taken; and the others of a cell.
    grows: ClassVar[str]
    # The part that is drawn anew before, if it is another; nothing of a cell that varies anyway.
    redrawn: ClassVar[str | None] = None
    needs: ClassVar[tuple[str, ...]] = ()
    # Parts of which rows may choose from few.
    few_of: ClassVar[tuple[str, ...]] = ()
    styles: ClassVar[tuple[str, ...]] = ("",)
    of_locale: ClassVar[bool] = True
    # Whether no cell is in two parts of a table, as each ends in the digits of its own.
    is_marked: ClassVar[bool] = False
    domains = ("text",)
    remedy = "convert the column to text, or use the kind 'identifier'"
    state_fields = {**IdentifierTransformer.state_fields, "locale": OneOf(LOCALES)}

    locale: str

    @classmethod
    def infers(cls, evidence: Evidence) -> bool:
        return evidence.look == cls.kind and has_faker()

    @property
    def parts_of_cells(self) -> tuple[str, ...]:
        """The parts of the subject that its cells are written from."""
        return (self.grows, *self.needs)

    @property
    def n_values(self) -> int:
        """How many different values the table had."""
        return int(self.counts.sum())

    def few(self) -> dict[str, Few]:
        """Return the parts of which its column has only some, for rows to choose from."""
        rows = np.repeat(self.sizes, self.counts)
        return {
            part: Few(rows[start :: len(self.few_of)], self._may_be_real_part)
            for start, part in enumerate(self.few_of)
            if len(rows) > start
        }

    def _may_be_real_part(self, texts: np.ndarray) -> np.ndarray:
        return self.may_be_real(as_texts([self._in_case(text) for text in texts]))

    def _fit(self, cells: Cells, rng: np.random.Generator) -> None:
        require_faker(f"columns of kind {self.kind!r}")
        super()._fit(cells, rng)
        self.locale = self.options.locale or DEFAULT

    def _learn_form(self, cells: Cells) -> dict[str, Any]:
        distinct = cells.tally.values
        texts = [text.strip() for text in distinct[:: max(len(distinct) // _MAX_LOOKED_AT, 1)]]
        texts = [text for text in texts if text] or ["x"]
        self.signs = signs_of(self.kind, texts)
        styles = Counter(map(self._style_of, texts))
        return {"styles": dict(sorted(styles.items())), "case": _case_of(texts)}

    def _style_of(self, text: str) -> str:
        """Return how a cell is written."""
        return self.styles[0]

    @property
    def _commonest_style(self) -> str:
        return max(self.form["styles"], key=self.form["styles"].__getitem__)

    def _allows(self, style: str) -> bool:
        return style in self.styles

    def written(self, parts: Parts, inventor: Inventor, rng: np.random.Generator) -> np.ndarray:
        """Return the cells of rows whose parts are known, shape (n,), object."""
        n = len(next(iter(parts.values())))
        names = list(self.form["styles"])
        counts = np.array(list(self.form["styles"].values()), dtype=np.float64)
        styles = rng.choice(len(names), n, p=counts / counts.sum())
        rows = [dict(zip(parts, row, strict=True)) for row in zip(*parts.values(), strict=True)]
        return as_texts(
            [
                self._in_case(self._cell(names[style], row, inventor))
                for style, row in zip(styles, rows, strict=True)
            ]
        )

    def _cell(self, style: str, row: Mapping[str, str], inventor: Inventor) -> str:
        """Return a cell from the parts of its row; by default the part that grows."""
        return row[self.grows]

    def parts_in(self, texts: np.ndarray) -> Parts:
        """Return the parts of the subject that given cells tell."""
        return {}

    def _in_case(self, text: str) -> str:
        return _CASES[self.form["case"]](text)

    def source(self, rng: np.random.Generator, seed: int = 0, share: Share = WHOLE) -> Source:
        return CastView(Cast([self], rng, seed, share), 0)

    def decode_cells(
        self,
        n_rows: int,
        codes: np.ndarray | None,
        values: np.ndarray | None,
        rng: np.random.Generator,
        source: Any = None,
    ) -> Cells:
        source = self.source(rng) if source is None else source
        missing = np.zeros(n_rows, dtype=bool) if codes is None else codes == 1
        return Cells(source.take_where(~missing), missing)

    def describe_encoding(self) -> str:
        where = f" ({self.locale})" if self.of_locale else ""
        return super().describe_encoding().replace("anew", f"anew as {self.words}{where}", 1)

    @property
    def is_meaningless(self) -> bool:
        return False

    def _state(self) -> dict[str, Any]:
        return {**super()._state(), "locale": self.locale}

    def _set_state(self, state: dict[str, Any]) -> None:
        self.locale = state["locale"]
        super()._set_state(state)

    def _checked_form(self, form: dict[str, Any]) -> dict[str, Any]:
        fields = {"styles": MappingOf(_POSITIVE), "case": OneOf(tuple(_CASES))}
        check_state(f"the form of {self.words}", form, fields)
        known = bool(form["styles"]) and all(map(self._allows, form["styles"]))
        expect(known, f"{self.words} are not written so")
        return form

    def _check_cells(self) -> None:
        """Do nothing: what Faker will make is not in the file, and any text is a cell."""


def agree_on_locale(columns: Iterable[Any]) -> None:
    """Give the lifelike columns of a table the locale that the user said, or most cells tell."""
    columns = list(columns)
    locale = agreed(column.signs for column in columns if hasattr(column, "signs"))
    for column in columns:
        if isinstance(column, LifelikeTransformer) and column.options.locale is None:
            column.locale = locale


def _case_of(texts: list[str]) -> str:
    texts = [text for text in texts if text.lower() != text.upper()]
    for case in ("upper", "lower"):
        if texts and sum(_CASES[case](text) == text for text in texts) >= _MIN_SHARE * len(texts):
            return case
    return "as it is"


class FirstNameTransformer(LifelikeTransformer):
    """Given names."""

    kind: ClassVar[str] = "first_name"
    words = "first names"
    subject = Person
    grows = "first"
    few_of = ("first",)

    def parts_in(self, texts: np.ndarray) -> Parts:
        return {"first": texts}


class LastNameTransformer(LifelikeTransformer):
    """Family names."""

    kind: ClassVar[str] = "last_name"
    words = "last names"
    subject = Person
    grows = "last"
    few_of = ("last female", "last male")

    def parts_in(self, texts: np.ndarray) -> Parts:
        return {"last": texts}


class NameTransformer(LifelikeTransformer):
    """Names in full, as the table writes them: with a comma, an initial, a title."""

    kind: ClassVar[str] = "name"
    words = "names"
    subject = Person
    needs = ("first", "last", "title", "initial")
    styles = ("first last", "last, first", "first i. last", "title first last", "one word")

    @property
    def grows(self) -> str:
        """The part of most cells that can be any."""
        return "first" if self._commonest_style == "one word" else "last"

    _TITLE: ClassVar = re.compile(r"(mrs?|ms|miss|dr|prof|herr|frau|sr|sra|mme?|m)\b\.? ", re.I)
    _INITIAL: ClassVar = re.compile(r"\S+ [^\W\d_]\.? \S+")

    def _style_of(self, text: str) -> str:
        if "," in text:
            return "last, first"
        if self._TITLE.match(text):
            return "title first last"
        if self._INITIAL.fullmatch(text):
            return "first i. last"
        return "first last" if " " in text else "one word"

    def parts_in(self, texts: np.ndarray) -> Parts:
        pairs = [self._first_and_last(self._TITLE.sub("", text.strip(), 1)) for text in texts]
        return {part: as_texts([pair[at] for pair in pairs]) for at, part in enumerate(_OF_NAME)}

    def _first_and_last(self, text: str) -> tuple[str, str]:
        if "," in text:
            last, _, first = text.partition(",")
            return first.strip(), last.strip()
        words = text.split() or [text]
        family_first = self.locale in FAMILY_FIRST
        return (words[-1], words[0]) if family_first else (words[0], words[-1])

    def _cell(self, style: str, row: Mapping[str, str], inventor: Inventor) -> str:
        first, last = row["first"], row["last"]
        if style == "last, first":
            return f"{last}, {first}"
        if style == "first i. last":
            return f"{first} {row['initial']}. {last}"
        if style == "title first last":
            return f"{row['title']} {first} {last}".strip()
        if self.locale in FAMILY_FIRST:
            close = style == "one word" and self.locale in WITHOUT_SPACE
            return f"{last}{first}" if close else f"{last} {first}"
        return first if style == "one word" else f"{first} {last}"


class _NameInAscii(LifelikeTransformer):
    """What is made of a person's name for a machine: an address, a login.

    A style is what stands between the parts, and how many digits follow; without anything between
    them the given name is an initial.
    """

    subject = Person
    grows = "extra"
    redrawn = "last"
    needs = ("first", "last", "number", "mark")
    is_marked = True
    styles = tuple(f"{mark}{n or ''}" for mark in ("", *_MARKS) for n in range(MAX_DIGITS + 1))

    def _style_of(self, text: str) -> str:
        text = text.partition("@")[0]
        mark = next((mark for mark in _MARKS if mark in text), "")
        n_digits = len(text) - len(text.rstrip(string.digits))
        return f"{mark}{min(n_digits, MAX_DIGITS) or ''}"

    def _cell(self, style: str, row: Mapping[str, str], inventor: Inventor) -> str:
        mark, n_digits = style.rstrip(string.digits), int(style.lstrip(_MARKS) or 0)
        first, last = inventor.ascii(row["first"]) or "a", inventor.ascii(row["last"]) or "user"
        # Those that make a cell a new one first; with others behind, they are as many as real ones.
        n_free = n_digits - len(row["extra"]) - len(row["mark"])
        digits = row["extra"] + row["number"][: max(n_free, 0)] + row["mark"]
        return f"{first if mark else first[0]}{mark}{last}{digits}"


class UserNameTransformer(_NameInAscii):
    """Logins, from the names of their rows."""

    kind: ClassVar[str] = "user_name"
    words = "user names"


class EmailTransformer(_NameInAscii):
    """E-mail addresses, from the names of their rows, at domains that are nobody's.

    A made-up name at a domain that exists may well be somebody's address. So the three commonest
    domains of the table give their shares to `RESERVED`, and nothing else of them is known.
    """

    kind: ClassVar[str] = "email"
    words = "e-mail addresses"
    styles = tuple(f"{style}@{domain}" for style in _NameInAscii.styles for domain in RESERVED)

    def _learn_form(self, cells: Cells) -> dict[str, Any]:
        texts = cells.tally.values
        domains = Counter(text.strip().partition("@")[2].lower() for text in texts)
        commonest = [name for name, _ in domains.most_common(len(RESERVED))]
        self._reserved = dict(zip(commonest, RESERVED, strict=False))
        form = super()._learn_form(cells)
        del self._reserved
        return form

    def _style_of(self, text: str) -> str:
        domain = self._reserved.get(text.partition("@")[2].lower(), RESERVED[0])
        return f"{super()._style_of(text)}@{domain}"

    def _cell(self, style: str, row: Mapping[str, str], inventor: Inventor) -> str:
        local, _, domain = style.partition("@")
        return f"{super()._cell(local, row, inventor)}@{domain}"


class StreetTransformer(LifelikeTransformer):
    """Streets, with a house number if the table has them."""

    kind: ClassVar[str] = "street"
    words = "streets"
    subject = Place
    styles = ("street_address", "street_name")

    @property
    def grows(self) -> str:
        """The part of most cells."""
        return self._commonest_style

    def _style_of(self, text: str) -> str:
        return "street_address" if any(map(str.isdigit, text)) else "street_name"

    def _cell(self, style: str, row: Mapping[str, str], inventor: Inventor) -> str:
        return row[style]


class CityTransformer(LifelikeTransformer):
    """Towns."""

    kind: ClassVar[str] = "city"
    words = "towns"
    subject = Place
    grows = "city"
    few_of = ("city",)


class PostcodeTransformer(LifelikeTransformer):
    """Postcodes of their rows' towns where Faker knows them, and else of the form in the table."""

    kind: ClassVar[str] = "postcode"
    words = "postcodes"
    subject = Place
    grows = "postcode"
    few_of = ("postcode",)

    def _learn_form(self, cells: Cells) -> dict[str, Any]:
        return {
            **super()._learn_form(cells),
            **text_form(cells.tally.values, self.options.min_category_rows),
        }

    def written(self, parts: Parts, inventor: Inventor, rng: np.random.Generator) -> np.ndarray:
        templates = self.form["templates"]
        shapes = {shape_of("".join(letters[0] for letters in own)) for own in templates}
        cells = super().written(parts, inventor, rng)
        foreign = np.array([shape_of(cell) not in shapes for cell in cells], dtype=bool)
        # Longer ones were no good as they were.
        foreign &= np.char.str_len(cells.astype(str)) <= max(map(len, templates))
        for row in np.flatnonzero(foreign):
            own = templates[rng.integers(len(templates))]
            cells[row] = "".join(letters[rng.integers(len(letters))] for letters in own)
        return cells

    def _checked_form(self, form: dict[str, Any]) -> dict[str, Any]:
        of_style = {name: form.pop(name, None) for name in ("styles", "case")}
        return {**LifelikeTransformer._checked_form(self, of_style), **checked_text_form(form)}


class AddressTransformer(LifelikeTransformer):
    """Whole addresses: the street, postcode and town of their rows, in one line or several."""

    kind: ClassVar[str] = "address"
    words = "addresses"
    subject = Place
    grows = "street_address"
    needs = ("city", "postcode")
    styles = (", ", "\n")

    def _style_of(self, text: str) -> str:
        return "\n" if "\n" in text else ", "

    def _cell(self, style: str, row: Mapping[str, str], inventor: Inventor) -> str:
        place = (row["city"], row["postcode"])
        town = " ".join(place if self.locale.startswith("en_") else place[::-1])
        return f"{row['street_address']}{style}{town}"


class CountryTransformer(LifelikeTransformer):
    """Countries."""

    kind: ClassVar[str] = "country"
    words = "countries"
    subject = Country
    grows = "country"


class CompanyTransformer(LifelikeTransformer):
    """Companies."""

    kind: ClassVar[str] = "company"
    words = "companies"
    subject = Company
    grows = "company"


class JobTransformer(LifelikeTransformer):
    """Job titles."""

    kind: ClassVar[str] = "job"
    words = "job titles"
    subject = Job
    grows = "job"


class UrlTransformer(LifelikeTransformer):
    """Addresses of pages, at domains that are nobody's; as deep as the table's are."""

    kind: ClassVar[str] = "url"
    words = "URLs"
    subject = Words
    grows = "extra"
    redrawn = "other"
    needs = ("word", "other", "mark")
    is_marked = True
    styles = ("0", "1", "2")

    def _style_of(self, text: str) -> str:
        path = re.sub(r"^\w+://", "", text).partition("/")[2].strip("/")
        return str(min(path.count("/") + 1, 2) if path else 0)

    def _cell(self, style: str, row: Mapping[str, str], inventor: Inventor) -> str:
        digits = row["extra"] + row["mark"]
        word, item = inventor.ascii(row["word"]), inventor.ascii(row["other"]) + digits
        if style == "0":
            return f"https://{word}{digits}.example.com"
        return f"https://www.example.com/{item if style == '1' else f'{word}/{item}'}"


class TextTransformer(LifelikeTransformer):
    """Sentences of real words that say nothing, as long as the table's are."""

    kind: ClassVar[str] = "text"
    words = "sentences"
    subject = Words
    grows = "extra"
    redrawn = ""

    def _style_of(self, text: str) -> str:
        n_words = min(max(len(text.split()), 1), _MAX_WORDS)
        return f"{n_words}{'.' if text[-1:] in '.!?' else ''}"

    def _allows(self, style: str) -> bool:
        return style.removesuffix(".") in map(str, range(1, _MAX_WORDS + 1))

    def _cell(self, style: str, row: Mapping[str, str], inventor: Inventor) -> str:
        # Where all short ones are taken, longer ones are not.
        n_more = max(len(row["extra"]) - 2, 0)
        text = inventor.text(int(style.removesuffix(".")) + n_more)
        return text if style.endswith(".") else text.removesuffix(".")


class PhoneTransformer(IdentifierTransformer):
    """Phone numbers, of the forms and with the prefixes that the table has."""

    kind: ClassVar[str] = "phone"

    @classmethod
    def infers(cls, evidence: Evidence) -> bool:
        return evidence.look == cls.kind

    def _learn_form(self, cells: Cells) -> dict[str, Any]:
        self.signs = signs_of(self.kind, map(str, cells.tally.values))
        if self.physical.domain == "number":
            return super()._learn_form(cells)
        least = self.options.min_category_rows
        return text_form(cells.tally.values, least, learn_phone_templates)

    def describe_encoding(self) -> str:
        return super().describe_encoding().replace("anew", "anew as phone numbers", 1)


LIFELIKE = (
    *(FirstNameTransformer, LastNameTransformer, NameTransformer, UserNameTransformer),
    *(EmailTransformer, PhoneTransformer, StreetTransformer, AddressTransformer),
    *(CityTransformer, PostcodeTransformer, CountryTransformer, CompanyTransformer),
    *(JobTransformer, UrlTransformer, TextTransformer),
)
