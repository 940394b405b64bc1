"""Maps lead to the shared column and back, and survive a file."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthwgan.radial.columns.maps import SAME_CATEGORIES, NumberMap, StateMap, map_from_dict

# pandas takes texts that differ behind a NUL for the same.
LABELS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)
NUMBERS = st.floats(-1e9, 1e9)


def labels(*texts: str | None) -> np.ndarray:
    return np.array(texts, dtype=object)


@given(slope=st.floats(1e-3, 1e3), intercept=NUMBERS, numbers=st.lists(NUMBERS, max_size=20))
def test_numbers_come_back(slope, intercept, numbers):
    line, own = NumberMap(slope, intercept), np.array([*numbers, np.nan])
    again = line.to_own(line.to_shared(own))
    # The sum rounds at 2 ** -53 of the larger part.
    np.testing.assert_allclose(again, own, rtol=1e-9, atol=1e-15 * abs(intercept) / slope + 1e-300)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=False)))
def test_the_same_units_leave_numbers_as_they_are(numbers):
    own = np.array(numbers, dtype=np.float64)
    np.testing.assert_array_equal(NumberMap().to_shared(own), own)
    np.testing.assert_array_equal(NumberMap().to_own(own), own)


def test_a_line_is_slope_times_own_plus_intercept():
    line = NumberMap(1 / 12, 3.0)
    assert line.to_shared(np.array([24.0, 0.0])).tolist() == [5.0, 3.0]
    assert line.to_own(np.array([5.0])) == pytest.approx(24.0)


@given(st.dictionaries(LABELS, LABELS, min_size=1, max_size=8), st.data())
def test_categories_under_other_names_come_back(names, data):
    one_to_one = {own: shared for shared, own in {s: o for o, s in names.items()}.items()}
    renaming = StateMap(one_to_one)
    own = labels(*data.draw(st.lists(st.sampled_from([*one_to_one, None]))))
    shared = renaming.to_shared(own)
    assert shared.tolist() == [one_to_one.get(label) for label in own]
    assert renaming.to_own(shared).tolist() == own.tolist()


def test_a_category_without_a_counterpart_becomes_missing():
    renaming = StateMap({"m": "male"})
    assert renaming.to_shared(labels("m", "x", None)).tolist() == ["male", None, None]
    assert renaming.to_own(labels("female", "male")).tolist() == [None, "m"]
    assert renaming.to_own(labels()).tolist() == []


def test_categories_of_the_same_names_are_not_touched():
    own = labels("a", None)
    assert SAME_CATEGORIES.to_shared(own) is own
    assert SAME_CATEGORIES.to_own(own) is own


@pytest.mark.parametrize(
    "one", [NumberMap(1 / 12, -0.1), NumberMap(), StateMap({"ä": "b"}), SAME_CATEGORIES]
)
def test_maps_survive_json(one):
    assert map_from_dict(json.loads(json.dumps(one.to_dict()))) == one
