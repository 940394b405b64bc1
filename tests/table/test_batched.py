"""A table in batches is encoded as the same table in memory, to the bit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as arrow_dataset
import pyarrow.parquet as pq
import pytest

from synthwgan.rules import Determines, Order, Unique
from synthwgan.table import TableTransformer, survey, verification
from synthwgan.table.batched import BatchedTable, CommonDtypes, as_batches, as_frame
from synthwgan.table.layout import EncodedTable
from synthwgan.table.storage import sketch

N_ROWS, SAMPLE = 3000, 700


@pytest.fixture(autouse=True)
def small_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample much smaller than the table."""
    monkeypatch.setattr(survey, "SAMPLE_ROWS", SAMPLE)


def make_table(n_rows: int = N_ROWS) -> pd.DataFrame:
    """Columns of all kinds, some with missing cells, most of whose cells the sample lacks."""
    rng = np.random.default_rng(3)
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 900, n_rows), "D")
    price = np.where(rng.random(n_rows) < 0.3, 0.0, rng.gamma(2, 30, n_rows).round(2))
    city = rng.integers(0, 90, n_rows)
    return pd.DataFrame(
        {
            "row": np.arange(1, n_rows + 1),
            "age": rng.integers(17, 91, n_rows),
            "price": price,
            "day": pd.Series(day).where(rng.random(n_rows) > 0.1),
            "paid": rng.random(n_rows) < 0.4,
            "city": pd.Series([f"city {place}" for place in city], dtype=object),
            "country": [f"land {place % 40}" for place in city],
            "code": [f"K-{place:06d}" for place in rng.permutation(10**6)[:n_rows]],
            "amount": [f"${amount:,.2f}" for amount in rng.gamma(2, 900, n_rows)],
            "place": [f"{a:.2f},{b:.2f}" for a, b in rng.normal(size=(n_rows, 2))],
            "size": pd.Categorical(rng.choice(["S", "M", "L"], n_rows), ["S", "M", "L"], True),
            "count": pd.Series(rng.integers(0, 500, n_rows), dtype="Int64").mask(
                rng.random(n_rows) < 0.05
            ),
        }
    )


def batches_of(table: pd.DataFrame, n_rows: int) -> list[pd.DataFrame]:
    return [table.iloc[start : start + n_rows] for start in range(0, len(table), n_rows)]


def check_same(one: TableTransformer, other: TableTransformer) -> None:
    """Compare fitted states, but for what depends on the order of rows: shared identifiers."""
    (state, arrays), (state_2, arrays_2) = one.to_state(), other.to_state()
    for columns in (state["columns"], state_2["columns"]):
        for column in columns:
            column.pop("partition", None)
    assert state["columns"] == state_2["columns"]
    assert rules_of(one) == rules_of(other)
    for name in arrays:
        np.testing.assert_array_equal(arrays[name], arrays_2[name], err_msg=name)


def rules_of(transformer: TableTransformer) -> list[Any]:
    """What rules say and know, and of how many rows; what a search says depends on its sample."""
    return [
        (str(rule), rule.support_.rows, rule.support_.broken, dict(getattr(rule, "map_", {})))
        for rule in (*transformer.rules_, *transformer.reduction_.builders)
    ]


def encoded(transformer: TableTransformer, parts: Any) -> EncodedTable:
    return EncodedTable.concatenate(list(transformer.encode_batches(parts, random_state=5)))


@pytest.mark.parametrize(("n_rows", "protect_extremes"), [(400, 10), (1700, 0)])
def test_both_ways_give_the_same_encoders_and_codes(n_rows: int, protect_extremes: int) -> None:
    table = make_table()
    settings = {"rules": "auto", "random_state": 0, "protect_extremes": protect_extremes}
    parts = batches_of(table, n_rows)
    whole, in_parts = (TableTransformer(**settings).fit(rows) for rows in (table, parts))
    kinds = {column.name: column.kind for column in whole.schema_}
    assert set(kinds.values()) == {"identifier", "numeric", "datetime", "categorical", "pair"}
    assert [rule.columns for rule in whole.rules_] == [["country", "city"]]
    check_same(whole, in_parts)
    expected, found = whole.encode(table, random_state=5), encoded(in_parts, parts)
    np.testing.assert_array_equal(expected.codes, found.codes)
    np.testing.assert_array_equal(expected.values, found.values)
    assert in_parts.decode(found).dtypes.equals(table.dtypes)


def dask_frame(parts: list[pd.DataFrame]) -> Any:
    """A frame of Dask whose partitions are these."""
    dask = pytest.importorskip("dask")
    frames = pytest.importorskip("dask.dataframe")
    pieces = [dask.delayed(part, traverse=False) for part in parts]
    with dask.config.set({"dataframe.convert-string": False}):
        return frames.from_delayed(pieces, meta=parts[-1], verify_meta=False)


@pytest.mark.parametrize("sizes", [[3000], [0, 900, 1, 0, 1500, 2, 597, 0]])
def test_partitions_give_the_same_encoders_and_codes(sizes: list[int]) -> None:
    """A frame of Dask is encoded where its partitions are, uneven and empty ones too."""
    table, ends = make_table(), np.cumsum(sizes)
    X = dask_frame([table.iloc[end - size : end] for size, end in zip(sizes, ends, strict=True)])
    table = X.compute()
    settings = {"rules": "auto", "random_state": 0, "protect_extremes": 10}
    whole, in_parts = (TableTransformer(**settings).fit(rows) for rows in (table, X))
    assert [rule.columns for rule in in_parts.rules_] == [["country", "city"]]
    check_same(whole, in_parts)
    expected, found = whole.encode(table, random_state=5), encoded(in_parts, X)
    np.testing.assert_array_equal(expected.codes, found.codes)
    np.testing.assert_array_equal(expected.values, found.values)
    assert in_parts.decode(found).dtypes.equals(table.dtypes)


def test_partitions_may_have_other_dtypes_and_columns_in_another_order() -> None:
    table = make_table()[["age", "price", "city", "paid"]]
    parts = batches_of(table, 800)
    # As partitions of CSV files have them: floats where a whole number is missing.
    ages = parts[1]["age"].where(parts[1]["age"] < 80)
    parts[1] = parts[1].assign(age=ages)[["city", "age", "price", "paid"]]
    parts[2] = parts[2].astype({"price": "float32"})
    parts.insert(2, parts[0].iloc[:0].astype(object))
    X = dask_frame(parts)
    batches, partitions = as_batches(parts), as_batches(X)
    surveys = survey.survey_of(batches), survey.survey_of(partitions)
    for name in table.columns:
        one, other = (found.columns[name]._tally.result() for found in surveys)
        assert np.array_equal(one.values, other.values)
        assert np.array_equal(one.counts, other.counts)
    assert surveys[0].dtypes == surveys[1].dtypes
    pd.testing.assert_frame_equal(*(found.sample for found in surveys))
    frames = zip(batches.frames(["city"]), partitions.frames(["city"]), strict=True)
    for one, other in frames:
        pd.testing.assert_frame_equal(one, other)


def test_partitions_that_are_all_empty_or_lack_a_column_are_refused() -> None:
    table = make_table()
    with pytest.raises(ValueError, match="hold no rows"):
        TableTransformer().fit(dask_frame([table.iloc[:0], table.iloc[:0]]))
    with pytest.raises(ValueError, match=r"columns differ.*\n  - 'age'"):
        TableTransformer().fit(dask_frame([table, table.drop(columns="age")]))


def test_cells_that_many_partitions_hold_are_sketched_in_a_tree(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fits by any scheduler are the same, though of so many cells, and none is left out."""
    monkeypatch.setattr(sketch, "MAX_DISTINCT", 500)
    table = make_table()[["code", "amount", "price"]]
    unseen = np.argsort(survey._mixed(np.arange(N_ROWS, dtype=np.uint64)))[SAMPLE:]
    table.loc[unseen[:3], "amount"] = "on request"
    dask = pytest.importorskip("dask")
    states = []
    for scheduler in ("threads", "sync"):
        with dask.config.set(scheduler=scheduler):
            X = dask_frame(batches_of(table, 200))
            transformer = TableTransformer(random_state=0).fit(X)
            states.append(transformer.to_state())
            back = transformer.decode(encoded(transformer, X))
        assert (back["amount"] == "on request").sum() == 3
        assert not set(back["code"]) & set(table["code"])
    assert states[0][0] == states[1][0]
    for one, other in zip(*(arrays.values() for _, arrays in states), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_table_of_no_more_rows_than_the_sample_is_one_in_memory() -> None:
    table = make_table(600)
    whole, in_parts = (
        TableTransformer(rules="auto", random_state=0).fit(rows)
        for rows in (table, batches_of(table, 250))
    )
    check_same(whole, in_parts)


def test_written_numbers_beyond_those_counted_are_counted_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, size in {
        "MAX_DISTINCT": 300,
        "N_ENDS": 20,
        "N_FREQUENT": 100,
        "N_HASHED": 100,
    }.items():
        monkeypatch.setattr(sketch, name, size)
    table = make_table()[["amount", "place"]]
    unseen = np.argsort(survey._mixed(np.arange(N_ROWS, dtype=np.uint64)))[SAMPLE:]
    table.loc[unseen[:3], "amount"] = "$987,654.00"
    table.loc[unseen[3:5], "amount"] = "on request"
    parts = batches_of(table, 500)
    transformer = TableTransformer(random_state=0).fit(parts)
    assert [column.kind for column in transformer.schema_] == ["numeric", "pair"]
    back = transformer.decode(encoded(transformer, parts))
    assert (back["amount"] == "on request").sum() == 2
    assert transformer.schema_[0].high == "$987,654.00"
    numbers = [
        np.sort(rows["amount"].str.extract(r"([\d.,]+)")[0].str.replace(",", "").astype(float))
        for rows in (table, back)
    ]
    assert np.nanmean(np.abs(numbers[0] - numbers[1])) < 0.02 * np.nanmean(numbers[0])


@pytest.mark.parametrize("source", ["dataset", "batches", "again"])
def test_sources(source: str, tmp_path: Any) -> None:
    table = make_table().drop(columns=["size"])
    parts = batches_of(table, 1000)
    for place, part in enumerate(parts):
        pq.write_table(pa.Table.from_pandas(part), tmp_path / f"{place}.parquet")

    class Again:
        def __iter__(self) -> Iterator[pa.Table]:
            return (pa.Table.from_pandas(part) for part in parts)

    arrow = [pa.RecordBatch.from_pandas(part) for part in parts]
    sources = {"dataset": arrow_dataset.dataset(tmp_path), "batches": arrow, "again": Again()}
    found = TableTransformer(random_state=0).fit(sources[source])
    # What is drawn has the form of what was fitted, and a dataset is of Arrow as a table is.
    whole = pa.Table.from_pandas(table)
    expected = TableTransformer(random_state=0)
    expected.fit(whole if source == "dataset" else as_frame(whole))
    check_same(found, expected)


def test_partitions_and_filters_of_a_dataset(tmp_path: Any) -> None:
    table = pa.table({"year": [2023] * 50 + [2024] * 50, "n": range(100)})
    pq.write_to_dataset(table, tmp_path, partition_cols=["year"])
    dataset = arrow_dataset.dataset(tmp_path, partitioning="hive")
    late = dataset.filter(arrow_dataset.field("n") >= 40)
    for source, n_rows in ((dataset, 100), (late, 60)):
        found = pd.concat(list(as_batches(source).frames(["year", "n"])))
        assert found["n"].astype(int).tolist() == list(range(100 - n_rows, 100))
        assert found["year"].astype(int).tolist() == table["year"].to_pylist()[100 - n_rows :]
        assert [list(rows.columns) for rows in as_batches(source).frames(["year"])][0] == ["year"]


def test_what_can_be_read_only_once_is_refused_with_the_remedy() -> None:
    parts = batches_of(make_table(), 1000)
    with pytest.raises(TypeError, match="DataFrameGroupBy is no table but its groups"):
        as_batches(pd.DataFrame({"a": [1, 2], "b": [1, 2]}).groupby("a"))
    with pytest.raises(TypeError, match="generator can be read only once.*a list of frames"):
        as_batches(part for part in parts)
    assert as_batches(make_table()) is None
    assert as_batches([[1, 2], [3, 4]]) is None
    assert as_batches("rows") is None
    with pytest.raises(TypeError, match="a batch must be a DataFrame or of Arrow, got int"):
        list(BatchedTable(lambda names: [1]).frames())
    with pytest.raises(ValueError, match="the batches hold no rows"):
        TableTransformer().fit([make_table(0)])


def test_dtypes_are_those_that_hold_all_batches() -> None:
    common = CommonDtypes()
    first = pd.DataFrame({"n": [1, 2], "x": [1, 2], "c": pd.Categorical(["a", "b"])})
    second = pd.DataFrame(
        {"n": pd.array([3, None], "Int64"), "x": [0.5, np.nan], "c": pd.Categorical(["c", "a"])}
    )
    common.take(first)
    taken = common.take(second[["c", "x", "n"]])
    assert list(taken.columns) == ["n", "x", "c"]
    assert {name: str(dtype) for name, dtype in common.dtypes.items()} == {
        "n": "Int64",
        "x": "float64",
        "c": "category",
    }
    assert taken["c"].cat.categories.tolist() == ["a", "b", "c"]
    with pytest.raises(ValueError, match="columns differ"):
        common.take(first.rename(columns={"n": "m"}))


def test_a_column_that_becomes_text_is_named() -> None:
    parts = [pd.DataFrame({"n": range(900)}), pd.DataFrame({"n": ["many"] * 900})]
    with pytest.raises(TypeError, match="column 'n': holds object in a later batch and int64"):
        TableTransformer().fit(parts)


def test_a_rule_that_some_row_breaks_is_left_out_or_has_exceptions() -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"low": rng.integers(0, 900, 9000), "day": rng.integers(0, 7, 9000)})
    table["high"] = table["low"] + rng.integers(0, 99, 9000)
    table["double"] = 2 * table["low"]
    held = TableTransformer(rules="auto").fit(batches_of(table, 2000)).rules_
    assert {str(rule) for rule in held} == {"double = 2 low", "high >= low"}
    assert all(rule.support_.rows == 9000 for rule in held)
    numbers = survey._mixed(np.arange(9000, dtype=np.uint64))
    unseen = np.argsort(numbers)[SAMPLE:]
    table.loc[unseen[:4], "double"] += 1
    table.loc[unseen[4:500], "high"] = -1
    found = TableTransformer(rules="auto").fit(batches_of(table, 2000))
    (rule,) = found.rules_
    assert str(rule) == "double = 2 low"
    assert (rule.support_.rows, rule.support_.broken) == (9000, 4)
    assert any(
        "high >= low, as it is broken in 496 of 9,000 rows" in why for why in found.rules_.left_out
    )
    # The four exceptions are learned as such.
    rows = found.decode(encoded(found, batches_of(table, 2000)))
    assert (rows["double"] != 2 * rows["low"]).sum() == 4


def test_a_declared_rule_that_some_row_breaks_is_refused() -> None:
    table = pd.DataFrame({"low": np.arange(4000) % 700, "high": np.arange(4000) % 700 + 5})
    unseen = np.argsort(survey._mixed(np.arange(4000, dtype=np.uint64)))[SAMPLE:]
    table.loc[unseen[:2], "high"] = -3
    with pytest.raises(ValueError, match="'high >= low' is broken in 2 of 4,000 rows: mend"):
        TableTransformer(rules=[Order("low", "<=", "high")]).fit(batches_of(table, 900))
    TableTransformer(rules=[Order("low", "<=", "high", tolerate=0.001)]).fit(batches_of(table, 900))


def test_keys_are_held_against_all_rows() -> None:
    table = make_table()[["code", "age", "city"]]
    rules = [Unique(["code"])]
    assert TableTransformer(rules=rules).fit(batches_of(table, 700)).rules_[0].support_.rows == 3000
    unseen = np.argsort(survey._mixed(np.arange(3000, dtype=np.uint64)))[SAMPLE:]
    table.loc[unseen[0], "code"] = table.loc[unseen[1], "code"]
    with pytest.raises(ValueError, match="'code unique' is broken in 1 of 3,000 rows"):
        TableTransformer(rules=rules).fit(batches_of(table, 700))


def test_what_a_look_up_never_saw_is_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    place = np.arange(N_ROWS) * 7 % 900
    table = pd.DataFrame({"city": place.astype(str), "country": (place % 40).astype(str)})
    rules = [Determines("city", "country")]
    transformer = TableTransformer(rules=rules, random_state=0).fit(batches_of(table, 700))
    assert len(transformer.rules_[0].map_) == table["city"].nunique()
    monkeypatch.setattr(verification, "MAX_REMEMBERED", 3)
    with pytest.raises(ValueError, match="does not hold in rows that the sample lacked"):
        TableTransformer(rules=rules).fit(batches_of(table, 700))


def test_new_identifiers_are_none_of_all_real_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketch, "MAX_DISTINCT", 500)
    table = make_table()[["code", "age"]]
    transformer = TableTransformer(random_state=0).fit(batches_of(table, 700))
    assert transformer.schema_[0].kind == "identifier"
    made = transformer.decode(encoded(transformer, batches_of(table, 700)))["code"]
    assert not set(made) & set(table["code"])


def test_a_batch_that_changed_is_named() -> None:
    parts = batches_of(make_table()[["age", "country"]], 1000)
    batches = as_batches(parts)
    assert batches is not None
    transformer = TableTransformer(random_state=0).fit(batches)
    parts[1] = parts[1].drop(columns="age")
    with pytest.raises(ValueError, match="a batch has no column 'age', which it had"):
        list(transformer.encode_batches(batches))
    parts[1] = parts[0].assign(country="Atlantis")
    with pytest.raises(ValueError, match="column 'country': 'Atlantis' did not occur"):
        list(transformer.encode_batches(batches))
