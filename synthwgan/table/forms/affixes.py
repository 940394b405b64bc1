"""What stands around the digits of a number: signs, currencies and units."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

_SIGNS = "$ € £ ¥ ₹ ₽ ₩ ₺ ₪ ₫ ₴ ₦ ₱ ฿ R$ A$ C$ S$ US$ CA$ AU$ NZ$ HK$ NT$ MX$ CN¥ JP¥"
_CODES = (
    "AED ARS AUD BDT BGN BHD BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP GHS HKD HUF IDR ILS INR "
    "ISK JOD JPY KES KRW KWD KZT LKR MAD MXN MYR NGN NOK NZD OMR PEN PHP PKR PLN QAR RON RSD RUB "
    "SAR SEK SGD THB TND TRY TWD TZS UAH UGX USD UYU VND XAF XOF ZAR BTC ETH"
)
_WORDS = "Rs. Rs Rp RM kr. kr Fr. Fr SFr. zł Kč Ft lei лв TL"
CURRENCIES = frozenset(f"{_SIGNS} {_CODES} {_WORDS}".split())
# Units that may stand right behind whole numbers: 12B is a seat, 12cm a length.
_UNITS = frozenset(
    "% ‰ °C °F ° nm mm cm dm m km in ft yd mi mg g kg t lb lbs oz ml mL cl dl l L ms s sec min h "
    "hr hrs d px pt dpi Hz kHz MHz GHz kW MW Wh kWh MWh mV mA mAh Ah kJ kcal cal Pa hPa "
    "kPa bar psi mbar kB KB MB GB TB KiB MiB GiB bit kbps Mbps Gbps mph kmh km/h m/s rpm bpm "
    "m2 m² km² m3 m³ ha sqft dB + pp bps ppm x".split()
) | CURRENCIES - frozenset(_CODES.split())
_UNIT = re.compile(r"[^\W\d_%][^\n]{0,19}|[%‰°+\"″'″]|[^\w\s]{1,3}")
_EXPONENT = re.compile(r"[eE][+-]?[0-9]+")
_BLANKS = " \u00a0\u202f"
_MINUS = "-\u2212"

_HEAD = (
    rf"(?P<head>[{_MINUS}+(]?[{_BLANKS}]?"
    rf"(?:{'|'.join(re.escape(word) for word in sorted(CURRENCIES, key=len, reverse=True))})?"
    rf"[{_BLANKS}]?[{_MINUS}+(]?)"
)
_CORE = rf"(?P<core>[.,]?[0-9](?:[0-9.,'\u2019_{_BLANKS}]*[0-9])?(?:[eE][+-]?[0-9]+)?(?![0-9]))"
_ANATOMY = re.compile(rf"{_HEAD}{_CORE}(?P<tail>.*)", re.DOTALL)


class Anatomy(NamedTuple):
    """A text around its digits.

    Parameters
    ----------
    head, core, tail : str
        What stands before the digits, they themselves, and what stands behind.
    """

    head: str
    core: str
    tail: str

    @property
    def is_negative(self) -> bool:
        """Whether it has a sign of negative numbers."""
        in_parentheses = "(" in self.head and ")" in self.tail
        behind = self.tail.endswith("-") and "(" not in self.head
        return in_parentheses or behind or any(sign in self.head for sign in _MINUS)

    @property
    def affixes(self) -> tuple[str, str]:
        """Head and tail."""
        return self.head, self.tail

    @property
    def unsigned(self) -> tuple[str, str]:
        """Head and tail without signs of negative numbers."""
        head, tail = re.sub(rf"[{_MINUS}(]", "", self.head), self.tail
        if "(" in self.head:
            return head, tail.replace(")", "", 1)
        return head, tail.removesuffix("-")


def dissect(text: str) -> Anatomy | None:
    """Return the anatomy of a text that looks like a number, None for other texts."""
    match = _ANATOMY.fullmatch(text) if len(text) <= 80 else None
    return None if match is None else Anatomy(*match.group("head", "core", "tail"))


@dataclass(frozen=True)
class Affixes:
    """What stands before and behind the digits of all numbers.

    Parameters
    ----------
    before, after : str
        Around the digits of a number that is not negative.
    minus_before, minus_after : str
        Around those of a negative one.
    """

    before: str = ""
    after: str = ""
    minus_before: str = "-"
    minus_after: str = ""

    def __post_init__(self) -> None:
        are_texts = all(isinstance(part, str) and len(part) <= 80 for part in vars(self).values())
        if not are_texts or (self.before, self.after) == (self.minus_before, self.minus_after):
            raise ValueError(f"no signs around numbers: {vars(self)}")

    def strip(self, text: str) -> list[tuple[str, int]]:
        """Return the digits that a text may have, each with its sign, 1 or -1."""
        ways = (self.before, self.after, 1), (self.minus_before, self.minus_after, -1)
        return [
            (text[len(before) : len(text) - len(after)], sign)
            for before, after, sign in ways
            if text.startswith(before)
            and text.endswith(after)
            and len(text) > len(before) + len(after)
        ]

    def wrap(self, digits: str, number: float) -> str:
        """Return digits with what stands around those of a number of its sign."""
        # What is rounded to zero has no sign.
        if number < 0 and any(digit in "123456789" for digit in digits):
            return f"{self.minus_before}{digits}{self.minus_after}"
        return f"{self.before}{digits}{self.after}"

    @property
    def said(self) -> str:
        """The currency or unit, wherever it stands and with or without a blank."""
        return f"{self.before}{self.after}".strip(f"{_BLANKS}+")

    @property
    def are_plain(self) -> bool:
        """Whether nothing stands around numbers, or a sign that each of them has."""
        return self.before in ("", "+") and not self.after

    @property
    def say_number(self) -> bool:
        """Whether whole numbers between them are numbers and no codes."""
        unit = self.after.strip(_BLANKS)
        if self.before.strip(f"{_BLANKS}+") or unit in _UNITS:
            return True
        return bool(unit) and self.after[0] in _BLANKS


def find_affixes(anatomies: Sequence[Anatomy]) -> Affixes | None:
    """Return what stands around most numbers, or None if that is no sign, currency or unit."""
    positive = Counter(one.affixes for one in anatomies if not one.is_negative)
    negative = Counter(one.affixes for one in anatomies if one.is_negative)
    if not positive:
        positive = Counter(one.unsigned for one in anatomies)
    before, after = positive.most_common(1)[0][0]
    if not is_unit(after):
        return None
    unsigned = before.replace("+", ""), after
    for (minus_before, minus_after), _ in negative.most_common():
        if Anatomy(minus_before, "", minus_after).unsigned == unsigned:
            return Affixes(before, after, minus_before, minus_after)
    return Affixes(before, after, "-" + unsigned[0], after)


def is_unit(tail: str) -> bool:
    """Whether what stands behind digits is a unit, a currency, or nothing."""
    unit = tail.strip(_BLANKS)
    if not unit:
        return len(tail) <= 1
    return bool(_UNIT.fullmatch(unit)) and not _EXPONENT.match(unit)
