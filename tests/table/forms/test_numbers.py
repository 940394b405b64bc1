"""Numbers as text: every form gives back every letter, and codes are no numbers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthwgan.table.forms import find_form, form_from_dict
from synthwgan.table.forms.abbreviated import AbbreviatedNumber
from synthwgan.table.forms.affixes import Affixes
from synthwgan.table.forms.distinct import as_cells
from synthwgan.table.forms.numbers import PlainNumber, TextNumber
from synthwgan.table.forms.numerals import Numerals
from synthwgan.table.forms.scientific import ScientificNumber

RNG = np.random.default_rng(0)
AMOUNTS = RNG.gamma(1.5, 20_000, 200) - 15_000
SMALL = RNG.normal(0, 1, 200)
WIDE = np.exp(RNG.normal(8, 4, 200))


def german(text: str) -> str:
    return text.translate(str.maketrans(",.", ".,"))


def accounting(number: float, form: str = "{:,.2f}") -> str:
    text = form.format(abs(number))
    return f"({text})" if number < 0 else text


def lakhs(number: float) -> str:
    return Numerals(thousands=",", decimals=2, whole_decimals=2, lakhs=True).write(number)


def short(number: float) -> str:
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= 0.9999 * size:
            return f"${number / size:.1f}{letter}"
    return f"${number:.0f}"


WRITTEN = {
    "dollars": [f"${x:,.2f}" for x in abs(AMOUNTS)],
    "minus before the sign": [f"{'-' * int(x < 0)}${abs(x):,.2f}" for x in AMOUNTS],
    "minus behind the sign": [f"${x:,.2f}" for x in AMOUNTS],
    "accounting": [accounting(x) for x in AMOUNTS],
    "accounting with a currency": [accounting(x, "${:,.2f}") for x in AMOUNTS],
    "minus behind": [f"{abs(x):.2f}{'-' * int(x < 0)}" for x in AMOUNTS],
    "minus as it is set": [f"{x:.2f}".replace("-", "\u2212") for x in AMOUNTS],
    "euros behind": [german(f"{x:,.2f} €") for x in AMOUNTS],
    "code before": [f"USD {x:.2f}" for x in AMOUNTS],
    "francs": [f"CHF {x:,.2f}".replace(",", "'") for x in AMOUNTS],
    "blanks": [f"{x:,.1f}".replace(",", " ").replace(".", ",") for x in AMOUNTS],
    "narrow blanks": [f"{x:,.1f}".replace(",", "\u202f").replace(".", ",") for x in AMOUNTS],
    "rupees": ["₹" + lakhs(abs(x) * 100) for x in AMOUNTS],
    "rupees in words": ["Rs. " + lakhs(abs(x)) for x in AMOUNTS],
    "whole with thousands": [f"{x:,.0f}" for x in AMOUNTS],
    "whole and negative": [f"{x:.0f}" for x in AMOUNTS],
    "decimal comma": [f"{x:.2f}".replace(".", ",") for x in AMOUNTS],
    "per cent": [f"{x:.1f}%" for x in AMOUNTS],
    "signed per cent": [f"{x:+.3f}%" for x in SMALL],
    "kilograms": [f"{x:.4f} kg" for x in AMOUNTS],
    "whole centimetres": [f"{abs(x):.0f}cm" for x in AMOUNTS],
    "milligrams a decilitre": [f"{x:.1f} mg/dL" for x in AMOUNTS],
    "shortest": [repr(x) for x in AMOUNTS.round(2).tolist()],
    "shortest without zeros": [f"{x:.2f}".rstrip("0").rstrip(".") for x in AMOUNTS],
    "decimals unless whole": [f"{x:.2f}".removesuffix(".00") for x in AMOUNTS.round()],
    "no zero in front": [f"{x:.3f}".replace("0.", ".") for x in SMALL / 4],
    "at least": [f"{10 ** (i % 7):,}+" for i in range(200)],
    "exponents": [f"{x:.5e}" for x in AMOUNTS],
    "capital exponents": [f"{x:.2E}" for x in WIDE],
    "exponents with commas": [f"{x:.3E}".replace(".", ",") for x in WIDE],
    "short exponents": [f"{x:.1e}".replace("e+0", "e").replace("e-0", "e-") for x in SMALL],
    "exponents of a unit": [f"{x:.2e} mol" for x in WIDE],
    "floats as Python has them": [repr(x) for x in np.exp(6 * SMALL * 3).tolist()],
    "floats as C has them": [f"{x:g}" for x in np.exp(6 * SMALL * 3)],
    "millions": [f"${x:.1f}M" for x in abs(AMOUNTS)],
    "scales": [short(x) for x in WIDE],
    "sizes": [f"{x:.0f} KB" if x < 1000 else f"{x / 1000:.1f} MB" for x in abs(AMOUNTS) + 1],
    "grams": [f"{x:.0f} g" if x < 1000 else f"{x / 1000:.1f} kg" for x in abs(AMOUNTS)],
}
CODES = {
    "postcodes": [f"{x:05d}" for x in range(500, 800)],
    "digits": [f"{x}" for x in range(5000, 5300)],
    "telephones": [f"+47{x:08d}" for x in range(12_345_678, 12_345_978)],
    "telephones in groups": [f"612 {x} 345" for x in range(100, 200)],
    "companies": [f"{x:,}".replace(",", ".") for x in range(912_345_678, 912_345_978)],
    "seats": [f"{x}B" for x in range(100, 200)],
    "orders": [f"A-{x}" for x in range(100, 200)],
    "keys with zeros": ["007.1", "03.40"] * 20,
    "letters that look like exponents": ["1E05", "2E10", "7E11"] * 20,
    "versions": [f"1.{x}.3" for x in range(200)],
    "object identifiers": [f"1.3.6.1.{x % 256}.{x}" for x in range(200)],
    "few decimals": [*[f"{x}" for x in range(1000, 1300)], "12.5"],
    "ISBN": [f"978-3-{x}-7" for x in range(300)],
}


@pytest.mark.parametrize("case", WRITTEN)
def test_found_and_given_back(case: str) -> None:
    cells = as_cells(WRITTEN[case])
    form = find_form(cells)
    assert form.meaning == "numeric"
    numbers, fits = form.parse(cells)
    # A rounded zero with a sign is an odd cell.
    assert fits.mean() > 0.99
    assert np.array_equal(form.write(numbers[fits]), cells[fits])
    saved = form_from_dict(json.loads(json.dumps(form.to_dict())))
    assert np.array_equal(saved.parse(cells)[0], numbers)
    assert np.array_equal(saved.write(numbers[fits]), cells[fits])
    assert form.sample


@pytest.mark.parametrize("case", CODES)
def test_codes_are_no_numbers(case: str) -> None:
    assert find_form(as_cells(CODES[case])) is None


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["$1,234.50", "-$0.99"], [1234.5, -0.99]),
        (["(1,234.50)", "2.00"], [-1234.5, 2.0]),
        (["1.234,50 €", "-7,00 €"], [1234.5, -7.0]),
        (["28.4%", "0.5%"], [28.4, 0.5]),
        (["1,234", "12"], [1234, 12]),
        (["₹12,34,567.00", "₹9.50"], [1_234_567.0, 9.5]),
        (["$4.1M", "$950k"], [4_100_000.0, 950_000.0]),
        (["2.08431e+04", "5.70000e-03"], [20_843.1, 0.0057]),
        (["0,5", "12,25"], [0.5, 12.25]),
    ],
)
def test_what_cells_mean(cells: list[str], expected: list[float]) -> None:
    numbers, fits = find_form(as_cells(cells)).parse(as_cells(cells))
    assert fits.all()
    assert numbers.tolist() == expected


def test_digits_are_numbers_if_the_user_says_so() -> None:
    cells = as_cells([*CODES["digits"], "?"])
    form = find_form(cells, "numeric")
    assert isinstance(form, PlainNumber)
    assert form.parse(cells)[0].tolist() == [*range(5000, 5300), 0]
    assert find_form(as_cells(CODES["postcodes"]), "numeric") is None


@st.composite
def numerals(draw: st.DrawFn) -> Numerals:
    mark = draw(st.sampled_from([".", ","]))
    thousands = draw(st.sampled_from([sign for sign in ("", ",", ".", " ", "'") if sign != mark]))
    decimals = draw(st.none() | st.integers(0, 4))
    whole = [0] if decimals == 0 else [0, 1] if decimals is None else [0, decimals]
    lakhs = draw(st.booleans()) and thousands == ","
    bare = draw(st.booleans()) and decimals != 0
    return Numerals(mark, thousands, decimals, draw(st.sampled_from(whole)), lakhs, bare)


FORMS = st.one_of(
    st.builds(
        lambda affixes, numerals: TextNumber(vars(affixes), numerals.to_dict()),
        st.sampled_from(
            [
                Affixes(),
                Affixes("$", "", "-$", ""),
                Affixes("", " €", "-", " €"),
                Affixes("+", "%", "-", "%"),
                Affixes("", "", "(", ")"),
                Affixes("USD ", "", "USD (", ")"),
                Affixes("", "", "", "-"),
            ]
        ),
        numerals(),
    ),
    st.builds(
        ScientificNumber,
        st.just(vars(Affixes())),
        st.sampled_from(["e", "g", "repr"]),
        st.integers(1, 8),
        st.sampled_from("eE"),
        st.booleans(),
        st.integers(1, 3),
        st.sampled_from(".,"),
    ),
    st.builds(
        lambda affixes, blank, scales, numerals: AbbreviatedNumber(
            vars(affixes), blank, {scale: numerals.to_dict() for scale in scales}
        ),
        st.sampled_from([Affixes(), Affixes("$", "", "-$", ""), Affixes("", "B", "-", "B")]),
        st.sampled_from(["", " "]),
        st.sampled_from([["M"], ["", "k"], ["k", "M"], ["", "K", "M", "G"]]),
        numerals(),
    ),
)


@given(FORMS, st.lists(st.integers(-(10**10), 10**10), min_size=1), st.integers(0, 4))
def test_what_is_written_is_read_and_written_again(form: object, drawn: list, scale: int) -> None:
    numbers = np.array([number / 10**scale for number in drawn])
    cells = form.write(numbers)
    parsed, fits = form.parse(cells)
    assert fits.all()
    assert np.array_equal(form.write(parsed), cells)


TEXTS = st.text("0123456789.,'-+()$€%kMB eE\u2212\x00", max_size=12)


@given(FORMS, st.lists(TEXTS, min_size=1))
def test_what_fits_comes_back(form: object, drawn: list[str]) -> None:
    cells = as_cells(drawn)
    numbers, fits = form.parse(cells)
    assert np.array_equal(form.write(numbers[fits]), cells[fits])
    assert not numbers[~fits].any()


@settings(max_examples=40)
@given(st.sampled_from(sorted(WRITTEN)), st.lists(TEXTS, max_size=10))
def test_odd_cells_do_not_keep_a_form_from_being_found(case: str, odd: list[str]) -> None:
    cells = as_cells([*WRITTEN[case], *odd])
    form = find_form(cells)
    numbers, fits = form.parse(cells)
    assert fits[: -len(odd) or None].mean() > 0.9
    assert np.array_equal(form.write(numbers[fits]), cells[fits])


@given(numerals(), st.floats(0, 1e18))
def test_numerals_read_what_they_write(way: Numerals, number: float) -> None:
    text = way.write(number)
    read = way.read(text)
    assert read is None or way.write(read) == text
    # float64 does not know each of so many digits.
    assert read is not None or sum(map(str.isdigit, text)) > 15
