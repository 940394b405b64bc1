"""Columns of other names are found by what they say of a known one; others are left alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthwgan.radial.columns.alignment import MAX_ROWS, Match, align
from synthwgan.radial.columns.maps import SAME_CATEGORIES, NumberMap

JOBS = np.array(["clerk", "nurse", "smith", "vet"], dtype=object)
KNOWN = [Match("ill", "ill", SAME_CATEGORIES)]
# Share of each job among the healthy and the ill.
JOB_SHARES = np.array([[0.5, 0.3, 0.15, 0.05], [0.1, 0.2, 0.25, 0.45]])


def people(n_rows: int, seed: int) -> dict[str, np.ndarray]:
    """Columns that all depend on whether someone is ill."""
    rng = np.random.default_rng(seed)
    ill = rng.random(n_rows) < 0.4
    jobs = [rng.choice(JOBS, p=JOB_SHARES[int(one)]) for one in ill]
    return {
        "ill": np.array(["yes" if one else "no" for one in ill], dtype=object),
        "job": np.array(jobs, dtype=object),
        "weight": rng.normal(70, 10, n_rows) + 20 * ill,
        "pulse": rng.gamma(3.0, 10.0, n_rows) - 25 * ill,
    }


def recoded(labels: np.ndarray) -> tuple[np.ndarray, dict[str, str]]:
    codes = dict(zip(JOBS, ["k3", "k1", "k4", "k2"], strict=True))
    return np.array([codes[label] for label in labels], dtype=object), codes


def elsewhere(n_rows: int, seed: int) -> dict[str, np.ndarray]:
    """Other people under other names, in other units and codes."""
    own = people(n_rows, seed)
    return {
        "ill": own["ill"],
        "a": 2.2 * own["weight"] + 5,
        "b": recoded(own["job"])[0],
        "c": own["pulse"] / 60,
    }


def pairs(matches: list[Match]) -> dict[str, str]:
    return {match.own: match.reference for match in matches}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_one_known_column_finds_recoded_and_rescaled_ones(seed):
    found = align(people(3000, seed), elsewhere(800, seed + 10), KNOWN)
    assert pairs(found) == {"a": "weight", "b": "job", "c": "pulse"}
    by_own = {match.own: match.map for match in found}
    # 800 rows: quantiles are off by less than a tenth of a standard deviation (14), twice.
    assert by_own["a"].to_shared(np.array([2.2 * 80 + 5])) == pytest.approx([80.0], abs=3)
    assert by_own["b"].shared_of == {own: job for job, own in recoded(JOBS)[1].items()}
    assert all(np.isfinite(match.score) for match in found)


def test_a_small_table_is_enough():
    found = align(people(3000, 0), elsewhere(60, 1), KNOWN)
    assert pairs(found) == {"a": "weight", "b": "job", "c": "pulse"}


def test_known_columns_are_not_found_again():
    known = [*KNOWN, Match("a", "weight", NumberMap(1 / 2.2, -5 / 2.2))]
    found = align(people(1000, 0), elsewhere(500, 1), known)
    assert pairs(found) == {"b": "job", "c": "pulse"}


def test_columns_that_say_something_else_are_not_matched():
    rng = np.random.default_rng(0)
    own = elsewhere(800, 1)
    # One that rises where the other falls, one of two spikes, one of other shares.
    other = {
        "ill": own["ill"],
        "falling": rng.normal(size=800) - 2 * (own["ill"] == "yes"),
        "spikes": rng.choice([0.0, 1.0], 800),
        "coin": rng.choice(np.array(["x", "y"], dtype=object), 800),
    }
    reference = {name: people(3000, 0)[name] for name in ("ill", "weight", "job")}
    assert align(reference, other, KNOWN) == []
    # The same columns are found where they belong: the check above can fail.
    rising = {"ill": own["ill"], "rising": -other["falling"]}
    assert pairs(align(reference, rising, KNOWN)) == {"rising": "weight"}


def test_numbers_and_categories_are_never_the_same():
    numbers, codes = {"x": np.arange(50.0) % 2}, {"y": np.array(["0", "1"] * 25, dtype=object)}
    assert align(numbers, codes, []) == []
    assert align(codes, numbers, []) == []


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4])
def test_a_column_found_helps_to_find_the_next(seed):
    """Being ill says nothing of two numbers of one form, but the weight is the sum with one.

    By ill alone they would be told apart by chance, right in all five cases with 3 %.
    """

    def table(n_rows: int, seed: int) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(seed)
        ill = rng.random(n_rows) < 0.4
        first, second = rng.normal(size=(2, n_rows))
        labels = np.where(ill, "yes", "no").astype(object)
        return {"ill": labels, "weight": first + 3 * ill, "first": first, "second": second}

    other = table(800, seed + 10)
    renamed = {"ill": other["ill"], "b": other["second"], "a": other["first"]}
    renamed["w"] = other["weight"]
    found = pairs(align(table(3000, seed), renamed, KNOWN))
    assert (found["a"], found["b"]) == ("first", "second")


def test_gaps_and_more_rows_than_are_looked_at_do_no_harm():
    reference, other = people(3 * MAX_ROWS, 0), elsewhere(MAX_ROWS + 1, 1)
    for columns in (reference, other):
        for name in columns:
            if name != "ill":
                gap = np.nan if columns[name].dtype.kind == "f" else None
                columns[name][::7] = gap
    assert pairs(align(reference, other, KNOWN)) == {"a": "weight", "b": "job", "c": "pulse"}


@pytest.mark.parametrize("new", ["k9", "smith"])
def test_a_state_that_the_reference_lacks_is_no_missing_cell(new):
    """Nor one of the reference's, if it happens to have the name of another."""
    own = elsewhere(800, 1)
    own["b"][:5] = new
    match = next(match for match in align(people(3000, 0), own, KNOWN) if match.own == "b")
    shared = match.map.to_shared(own["b"])
    assert not set(JOBS) & set(shared[:5])
    assert set(shared) == {*JOBS, shared[0]}
    assert match.map.to_own(shared).tolist() == own["b"].tolist()


def test_a_state_too_rare_to_be_looked_at_is_no_missing_cell():
    own = elsewhere(2 * MAX_ROWS, 1)
    own["b"][1] = "k9"
    match = next(match for match in align(people(3000, 0), own, KNOWN) if match.own == "b")
    assert match.map.to_own(match.map.to_shared(own["b"])).tolist() == own["b"].tolist()


@st.composite
def tables(draw: st.DrawFn) -> dict[str, np.ndarray]:
    n_rows = draw(st.integers(2, 30))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    columns = {"ill": rng.choice(np.array(["no", "yes"], dtype=object), n_rows)}
    for place in range(draw(st.integers(0, 5))):
        numbers = rng.normal(size=n_rows) * rng.integers(0, 2)
        is_number, has_gaps = rng.random(2) < 0.5
        values = numbers if is_number else np.round(numbers).astype(str).astype(object)
        if has_gaps:
            values[0] = np.nan if is_number else None
        columns[f"c{place}"] = values
    return columns


@settings(max_examples=40, deadline=None)
@given(tables(), tables())
def test_any_two_tables_are_matched_one_to_one(reference, other):
    found = align(reference, other, KNOWN)
    assert len({match.own for match in found}) == len(found)
    assert len({match.reference for match in found}) == len(found)
    for match in found:
        assert match.own in other
        assert match.reference in reference
        assert "ill" not in (match.own, match.reference)
        assert reference[match.reference].dtype == other[match.own].dtype
