"""Which form a column has, and forms of a model file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from synthwgan.table.forms import FORMS, find_form, form_from_dict
from synthwgan.table.forms.distinct import as_cells, distinct_cells
from synthwgan.table.forms.registry import ASKED_FORMS, nearest_form

AMOUNTS = [f"{amount / 100:.2f}" for amount in range(5000, 5300)]


def test_every_form_has_a_name_and_a_meaning() -> None:
    assert all(name == form.name for name, form in (FORMS | ASKED_FORMS).items())
    assert not FORMS.keys() & ASKED_FORMS.keys()
    assert {form.meaning for form in FORMS.values()} <= {"numeric", "datetime"}


@pytest.mark.parametrize("form", (FORMS | ASKED_FORMS).values(), ids=lambda form: form.name)
@pytest.mark.parametrize(
    "cells",
    [
        np.array([], dtype=object),
        as_cells(["", " ", "\x00", "a\x00b", "x" * 10_000, "9" * 5000, "1e999", "nan", "inf"]),
        as_cells(["-", "+", "(", ".", ",", "$", "%", "--1", "(1", "1)", "1e", "e1"]),
        np.array([0, -(2**63), 2**63 - 1]),
        np.array([0, 2**64 - 1], dtype=np.uint64),
    ],
)
def test_no_form_is_upset_by_any_cell(form: type, cells: np.ndarray) -> None:
    found = form.find(cells)
    if found is not None:
        numbers, fits = found.parse(cells)
        assert np.array_equal(found.write(numbers[fits]), cells[fits])


@pytest.mark.parametrize(
    ("odd", "is_found"),
    [
        (["?"] * 30, True),
        (["?"] * 290, True),
        (["?"] * 310, False),
        ([f"odd {'abcdefghijklmnopqrst'[i]}" for i in range(20)], True),
        ([f"odd {'abcdefghijklmnopqrstu'[i]}" for i in range(21)], False),
    ],
)
def test_exceptions_are_few(odd: list[str], is_found: bool) -> None:
    assert (find_form(as_cells(AMOUNTS + odd)) is not None) == is_found


def test_names_that_a_number_stands_among_are_names() -> None:
    assert find_form(as_cells(["100%"] * 95 + ["none", "some"])) is None


def test_the_form_of_most_cells_wins() -> None:
    cells = as_cells([*(f"{x / 10:.1f}" for x in range(11, 300)), "1.234.567"])
    assert find_form(cells).sample == "1234.5"
    german = as_cells([f"{x:,}".replace(",", ".") for x in range(999_000, 1_001_000, 7)])
    assert find_form(german).sample == "1.234"


def test_the_nearest_form_and_what_is_not_written_so() -> None:
    form, odd = nearest_form(as_cells([*AMOUNTS, *["$5", "$7"] * 100]), "numeric")
    assert form.sample == "1234.50"
    assert odd.tolist() == ["$5", "$7"]


def test_distinct_cells_differ_behind_a_nul() -> None:
    distinct, places = distinct_cells(as_cells(["a\x00b", "a\x00c", "a\x00b"]))
    assert distinct.tolist() == ["a\x00b", "a\x00c"]
    assert places.tolist() == [0, 1, 0]


GOOD = find_form(as_cells(["$1,234.50", "$0.99"])).to_dict()


@pytest.mark.parametrize(
    "state",
    [
        None,
        [],
        {},
        {"name": ["number"]},
        {"name": "os.system"},
        {"name": "text_date", "pattern": "YYYY" * 10_000},
        {"name": "text_date"},
        {**GOOD, "more": 1},
        {**GOOD, "affixes": {"before": "$" * 10**6}},
        {**GOOD, "affixes": {"before": 1}},
        {**GOOD, "numerals": {"decimals": 10**9}},
        {**GOOD, "numerals": {"mark": ".", "thousands": "."}},
        {**GOOD, "numerals": 3},
        {"name": "abbreviated_number", "affixes": {}, "blank": "", "numerals": {"M": {}, "k": {}}},
        {"name": "abbreviated_number", "affixes": {}, "blank": "", "numerals": {"Q": {}}},
    ],
    ids=lambda state: str(state)[:40],
)
def test_what_is_no_form_is_refused(state: Any) -> None:
    with pytest.raises(ValueError, match="no such form"):
        form_from_dict(state)


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint64"])
def test_distinct_numbers_stand_in_order_of_appearance(dtype: str) -> None:
    most = np.iinfo(dtype).max
    distinct, places = distinct_cells(np.array([most, 1, most, 0, 1], dtype=dtype))
    assert distinct.dtype == dtype and distinct.tolist() == [most, 1, 0]
    assert places.dtype == np.int64 and places.tolist() == [0, 1, 0, 2, 1]
