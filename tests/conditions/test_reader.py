"""Conditions are read by column name, and given rows keep what they are given."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from scipy.stats import norm

from synthwgan.conditions.reader import MAX_GROUPS, ConditionReader
from synthwgan.table import TableTransformer
from synthwgan.table.given import GivenRows


def _reader(table: pd.DataFrame, **options: object) -> ConditionReader:
    transformer = TableTransformer(random_state=0, **options).fit(table)
    layout = transformer.layout_
    codes = transformer.encode(table, random_state=0).codes
    shares = np.zeros(layout.n_state_slots, dtype=np.float32)
    for block, (start, size) in enumerate(
        zip(layout.block_starts, layout.block_sizes, strict=True)
    ):
        counts = np.bincount(codes[:, block], minlength=size)
        shares[start : start + size] = counts / len(codes)
    return ConditionReader(transformer, shares)


@pytest.fixture
def reader(mixed: pd.DataFrame) -> ConditionReader:
    return _reader(mixed)


def test_every_condition_finds_its_own_columns_shares(reader, mixed):
    for name, wanted, expected in (
        ("income", 0, mixed["income"] == 0),
        ("income", None, mixed["income"].isna()),
        ("income", (0, None), mixed["income"].notna()),
        ("age", (40, 60), mixed["age"].between(40, 60)),
        ("job", ["cook", None], mixed["job"].isin(["cook"]) | mixed["job"].isna()),
        ("happy", True, mixed["happy"]),
        ("since", ("2005-01-01", "2010-01-01"), mixed["since"].between("2005-01-01", "2010-01-01")),
    ):
        (group,) = reader.groups({name: wanted})
        (place, condition), *_ = group.conditions.items()
        assert place == mixed.columns.get_loc(name)
        assert condition.share == pytest.approx(expected.mean(), abs=1e-6)
        assert group.share == 1


def test_shares_of_several_columns_make_all_pairs(reader):
    groups = reader.groups(
        {
            "happy": {True: 0.25, False: 0.75},
            "job": {"cook": 0.5, "smith": 0.5, "clerk": 0.0},
            "age": (30, 40),
        }
    )
    assert [group.share for group in groups] == [0.125, 0.125, 0.375, 0.375]
    assert all(list(group.conditions) == [5, 3, 1] for group in groups)
    first = groups[0].conditions
    assert first[5].cells.values.tolist() == [True]
    assert first[3].cells.values.tolist() == ["cook"]


def test_target_frequencies_of_missing_cells(reader):
    groups = reader.groups({"job": {None: 0.5, "cook": 0.5}})
    assert groups[0].conditions[3].cells.missing.tolist() == [True]


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({}, "conditions are empty; leave them out"),
        ({"jobs": "cook"}, "conditions name 'jobs', which is no column; did you mean 'job'?"),
        ({"job": "cok"}, "^column 'job': 'cok' did not occur when fitted; did you mean 'cook'?"),
        ({"job": {"cok": 1}}, "^column 'job': 'cok' did not occur"),
        ({"age": ("young", 30)}, "^column 'age': "),
        ({"job": {"cook": 2}}, "^column 'job': frequencies must"),
        ({"id": None}, "^column 'id': identifiers are made anew"),
    ],
)
def test_errors_name_the_column(reader, conditions, message):
    with pytest.raises(ValueError, match=message):
        reader.groups(conditions)


def test_too_many_groups_are_refused():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({name: rng.integers(0, 30, 300) for name in "abc"})
    each = dict.fromkeys(range(30), 1 / 30)
    reader = _reader(table)
    assert len(reader.groups({"a": each, "b": each})) == 900
    with pytest.raises(ValueError, match=f"make 27000 groups, more than {MAX_GROUPS}"):
        reader.groups({"a": each, "b": each, "c": each})


def test_columns_that_are_no_text_are_found_by_their_names():
    table = pd.DataFrame({0: [1, 2] * 20, ("a", 1): ["x", "y"] * 20})
    (group,) = _reader(table).groups({("a", 1): "x", 0: 2})
    assert list(group.conditions) == [1, 0]


# Given rows


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), share=st.floats(0, 1))
def test_given_rows_are_read_and_decoded_unchanged(seed, share):
    table = _all_kinds()
    reader = READER
    rng = np.random.default_rng(seed)
    rows = table.iloc[rng.integers(0, len(table), 30)].reset_index(drop=True)
    chosen = rng.permutation(rows.columns)[: rng.integers(1, rows.shape[1] + 1)]
    rows = rows[list(chosen)].astype(object)
    for name in rows:
        rows.loc[rng.random(30) < share, name] = None
    given_rows = reader.given_rows(rows, strict=True)
    assert given_rows.given.sum() == rows.notna().to_numpy().sum()
    partial = reader.transformer.encode_given(given_rows, rng)
    assert np.isfinite(partial.encoded.values).all()
    decoded = reader.transformer.decode(partial.encoded, rng, given=given_rows)
    assert (decoded.dtypes == table.dtypes).all()
    for name in rows:
        present = rows[name].notna()
        expected = rows[name][present].astype(table[name].dtype)
        pd.testing.assert_series_equal(decoded[name][present], expected, check_exact=True)


def _all_kinds() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    days = pd.Series(pd.date_range("2020-01-01", periods=100))
    number = rng.lognormal(5, 2, 100)
    return pd.DataFrame(
        {
            "float": number,
            "float32": number.astype("float32"),
            "gaps": rng.integers(0, 10**6, 100) * 13,
            "Int64": pd.array(rng.integers(0, 2**60, 100), dtype="Int64"),
            "day": days,
            "zoned": days.dt.tz_localize("Asia/Tokyo"),
            "text day": days.dt.strftime("%d.%m.%Y"),
            "label": rng.choice(["a", "b"], 100),
            "category": pd.Categorical(rng.choice(["x", "y"], 100), ["y", "x"], ordered=True),
            "flag": rng.random(100) < 0.5,
        }
    )


READER = _reader(_all_kinds())


def test_codes_and_values_of_given_cells_are_those_of_the_table(reader, mixed):
    given_rows = reader.given_rows(mixed, strict=True)
    partial = reader.transformer.encode_given(given_rows, np.random.default_rng(0))
    encoded = reader.transformer.encode(mixed, random_state=0)
    present = mixed.notna().to_numpy()
    assert np.array_equal(given_rows.given, present)
    for place, (block, value) in enumerate(
        zip(reader.layout.column_blocks, reader.layout.column_values, strict=True)
    ):
        rows = present[:, place]
        if block >= 0:
            assert np.array_equal(partial.encoded.codes[rows, block], encoded.codes[rows, block])
            assert (partial.encoded.codes[~rows, block] == 0).all()
        if value >= 0:
            # Where in its rank span a repeated number falls is drawn anew.
            ranks = [norm.cdf(part.values[rows, value]) for part in (partial.encoded, encoded)]
            assert np.abs(ranks[0] - ranks[1]).max() < 0.1
    taken = given_rows.take(np.array([3, 3, 5]))
    assert len(taken) == 3
    assert taken.cells[1].values.tolist() == mixed["age"].iloc[[3, 3, 5]].tolist()


def test_rows_of_which_whole_columns_are_given(reader, mixed):
    cells = reader.columns[3].read(mixed["job"].iloc[:4])
    rows = GivenRows.of_columns(4, reader.n_columns, {3: cells})
    assert rows.given.sum(0).tolist() == [0, 0, 0, 4, 0, 0]
    assert len(rows) == 4


def test_missing_slots_are_those_that_decode_to_missing_cells(reader, mixed):
    labels = _labels_of_slots(reader)
    assert labels.count("<missing>") == 2
    assert reader.missing_slots.tolist() == [label == "<missing>" for label in labels]


def _labels_of_slots(reader: ConditionReader) -> list[str]:
    labels = [""] * reader.layout.n_state_slots
    for column, block in zip(reader.columns, reader.layout.column_blocks, strict=True):
        for state, label in enumerate(column.state_labels()):
            labels[int(reader.layout.block_starts[block]) + state] = label
    return labels


def test_a_masked_category_counts_as_missing_where_it_becomes_so():
    rng = np.random.default_rng(0)
    letters = rng.choice(list("aaaabbbcde"), 300)
    table = pd.DataFrame({"text": letters, "category": pd.Categorical(letters)})
    reader = _reader(table, rare="mask", max_categories=2)
    missing = dict(zip(_labels_of_slots(reader), reader.missing_slots, strict=True))
    assert missing["<rare>"]
    assert reader.missing_slots.sum() == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (pd.DataFrame({"agee": [3]}), "the given rows name 'agee', .*did you mean 'age'?"),
        (pd.DataFrame({"age": [3]}), "^column 'age': 3 did not occur when fitted; possible are"),
        (pd.DataFrame({"job": ["cok"]}), "^column 'job': 'cok' did not occur.*mean 'cook'"),
        (pd.DataFrame([[30, 40]], columns=["age", "age"]), "more than once"),
        (np.zeros((2, 3)), "X has 3 columns, but the table fitted had 6"),
    ],
)
def test_given_rows_that_do_not_fit_are_named(reader, rows, message):
    with pytest.raises(ValueError, match=message):
        reader.given_rows(rows, strict=True)


@pytest.mark.parametrize("cell", [np.nan, None])
def test_of_a_column_without_cells_none_is_possible(cell):
    reader = _reader(pd.DataFrame({"empty": [cell] * 60, "full": list("abc") * 20}))
    with pytest.raises(ValueError, match="^column 'empty': .* none is possible, for all its cells"):
        reader.given_rows(pd.DataFrame({"empty": [3]}), strict=True)


def test_text_where_numbers_were_is_named(reader):
    with pytest.raises(TypeError, match="^column 'age': was int64 when fitted"):
        reader.given_rows(pd.DataFrame({"age": ["old"]}), strict=True)


def test_the_given_frame_is_not_written_to(reader, mixed):
    before = mixed.copy(deep=True)
    reader.transformer.encode_given(
        reader.given_rows(mixed, strict=False), np.random.default_rng(0)
    )
    assert_frame_equal(mixed, before)


NUMBERS = pd.DataFrame(
    {
        "age": np.arange(18, 98),
        "few": np.arange(80) % 5,
        "price": np.arange(80) * 1.25,
        "comma": [f"{cents / 100:.2f}".replace(".", ",") for cents in range(0, 16_000, 200)],
        "joined": pd.date_range("2020-01-01", periods=80),
        "size": pd.Categorical(["S", "M", "L", "M"] * 20, ["S", "M", "L"], ordered=True),
        "city": ["Rome", "Oslo"] * 40,
    }
)


@pytest.mark.parametrize(
    ("name", "wanted", "remedy"),
    [
        ("age", ">30", (30, None)),
        ("age", ">= 30", (30, None)),
        ("age", "<95", (None, 95)),
        ("age", ["30", "<=95"], (None, 95)),
        ("age", (">30", None), (30, None)),
        ("age", "30-40", (30, 40)),
        ("age", "30 to 40", (30, 40)),
        ("few", "<3", (None, 3)),
        ("price", "> 9,99", (9.99, None)),
        ("joined", ">=2020-02-01", ("2020-02-01", None)),
        ("size", ">M", ("M", None)),
    ],
)
def test_a_comparison_in_a_text_is_answered_with_the_range(name, wanted, remedy):
    reader = _reader(NUMBERS)
    with pytest.raises(ValueError, match="both ends included") as caught:
        reader.groups({name: wanted})
    assert str(caught.value).endswith(f"conditions={ {name: remedy} }")
    # What is advised works.
    assert reader.groups({name: remedy})[0].conditions


def test_a_cell_that_looks_like_a_comparison_is_not_to_blame():
    cells = [f"{tenths / 10:.1f}" for tenths in range(60)] + ["<0.05", "1-2"] * 10
    sizes = pd.Categorical(["<30", "30-40"] * 40, ["<30", "30-40"], ordered=True)
    reader = _reader(pd.DataFrame({"odd": cells, "size": sizes}))
    for name, seen in (("odd", ["<0.05", "1-2"]), ("size", ["<30", "30-40"])):
        assert reader.groups({name: seen})[0].conditions
        with pytest.raises(ValueError, match="none can be asked to be$"):
            reader.groups({name: [*seen, None]})


def test_a_decimal_comma_is_answered_with_the_number():
    reader = _reader(NUMBERS)
    for wanted, number in (("11,25", "11.25"), (("1.000,5", None), "1000.5")):
        with pytest.raises(ValueError, match="a point before decimals") as caught:
            reader.groups({"price": wanted})
        assert str(caught.value).endswith(f": {number}")
    # Where commas are decimal marks, or there are no numbers, they are not to blame.
    for name, wanted in (("comma", "999,00"), ("city", "1,5"), ("city", ">R")):
        with pytest.raises(ValueError, match="did not occur") as caught:
            reader.groups({name: wanted})
        assert "point" not in str(caught.value) and "range" not in str(caught.value)


def test_what_is_to_be_left_out_is_answered_with_a_list():
    with pytest.raises(ValueError, match="give a list of the others"):
        _reader(NUMBERS).groups({"city": "!=Rome"})
