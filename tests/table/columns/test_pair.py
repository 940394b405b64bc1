"""Two numbers in one cell: found, learned as two, and written as they were."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthwgan import RadialGANSynthesizer, WGANGPSynthesizer
from synthwgan.conditions.reader import ConditionReader
from synthwgan.table import EncodedTable, TableTransformer
from synthwgan.table.columns.pair import PairTransformer, find_frame
from synthwgan.table.given import GivenRows
from synthwgan.table.storage.dtypes import Cells
from synthwgan.table.storage.physical import physical_type


def _places(n: int = 400, written: str = "{:.6f},{:.6f}") -> list[str]:
    """Places along a line, so that either number tells of the other."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    lats, lons = 40.7 + 0.05 * x, -73.9 + 0.05 * x + 0.005 * rng.normal(size=n)
    return [written.format(lat, lon) for lat, lon in zip(lats, lons, strict=True)]


def _table(cells: list) -> pd.DataFrame:
    return pd.DataFrame({"at": pd.Series(cells, dtype=object), "x": np.arange(len(cells)) % 7})


def _numbers(cells: pd.Series) -> np.ndarray:
    return cells.str.findall(r"-?\d+\.\d+").map(lambda pair: list(map(float, pair))).tolist()


@pytest.mark.parametrize(
    "written",
    [
        "{:.6f},{:.6f}",
        "{:.4f}, {:.2f}",
        "{:.6f};{:.6f}",
        "{:.6f} {:.6f}",
        "({:.6f}, {:.6f})",
        "[{:.3f},{:.3f}]",
        "POINT({:.6f} {:.6f})",
        "POINT ({:.6f} {:.6f})",
    ],
)
def test_there_and_back(written: str) -> None:
    table = _table(_places(written=written))
    transformer = TableTransformer(random_state=0).fit(table)
    assert transformer.schema_[0].kind == "pair"
    assert transformer.schema_[0].encoding.startswith("two numbers")
    assert transformer.decode(transformer.encode(table)).equals(table)
    assert transformer.inverse_transform(transformer.transform(table)).equals(table)
    names = transformer.get_feature_names_out().tolist()
    assert len(names) == transformer.transform(table).shape[1]
    assert names[0] == "at[0]" and names[1].startswith("at[1]")


def test_both_numbers_stay_in_range_and_keep_their_decimals() -> None:
    table = _table(_places(written="{:.6f},{:.4f}"))
    transformer = TableTransformer(random_state=0).fit(table)
    encoded = transformer.encode(table)
    noise = np.random.default_rng(0).normal(size=(3000, encoded.values.shape[1])) * 2
    codes = encoded.codes[np.arange(3000) % len(table)]
    drawn = transformer.decode(EncodedTable(codes, noise.astype(np.float32)))["at"]
    assert drawn.str.fullmatch(r"\d\d\.\d{6},-\d\d\.\d{4}").all()
    real, made = np.array(_numbers(table["at"])), np.array(_numbers(drawn))
    assert (made >= real.min(axis=0)).all() and (made <= real.max(axis=0)).all()
    assert drawn.nunique() > 2000


def test_missing_and_odd_cells_are_states_of_the_column() -> None:
    cells = _places()
    cells[::20], cells[5::20] = [None] * 20, ["unknown"] * 20
    table = _table(cells)
    transformer = TableTransformer(random_state=0).fit(table)
    assert transformer.schema_[0].kind == "pair"
    assert transformer.schema_[0].missing_rate == 0.05
    back = transformer.decode(transformer.encode(table))
    assert back.equals(table)
    with pytest.raises(ValueError, match="column 'at': 'nowhere' is no pair"):
        transformer.encode(table.assign(at="nowhere"))


@pytest.mark.parametrize("written", ["{:.6f},{:.6f}", "{:.6f},{:.1f}"])
@pytest.mark.parametrize("sizes", [[1, 2, 0, 250, 547], [7] * 114 + [2]])
def test_rows_in_uneven_parts_are_encoded_as_they_are_at_once(
    written: str, sizes: list[int]
) -> None:
    """The second number that stands beside a missing cell is drawn for that row, in any batch."""
    cells = _places(800, written)
    cells[::3], cells[1::60] = [None] * len(cells[::3]), ["unknown"] * len(cells[1::60])
    table = _table(cells)
    transformer = TableTransformer(random_state=0).fit(table)
    assert transformer.schema_[0].kind == "pair"
    # The second number is a value, or one of few states.
    assert transformer.columns_[0].parts[1].has_value == (written[-3] == "6")
    ends = np.cumsum(sizes)
    parts = [table[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    whole = transformer.encode(table, random_state=3)
    found = EncodedTable.concatenate(list(transformer.encode_batches(parts, random_state=3)))
    np.testing.assert_array_equal(whole.codes, found.codes)
    np.testing.assert_array_equal(whole.values, found.values)


def test_the_second_number_beside_a_missing_cell_is_as_frequent_as_in_the_table() -> None:
    rng = np.random.default_rng(0)
    seconds = rng.choice(["1.5", "2.5", "9.5"], 4000, p=[0.7, 0.2, 0.1])
    cells = [f"{x:.6f},{y}" for x, y in zip(rng.normal(size=4000), seconds, strict=True)]
    cells[::2] = [None] * 2000
    series = pd.Series(cells, dtype=object)
    column = PairTransformer(physical_type(series)).fit(series, rng)
    drawn = column.split(column.read(series), rng)[1].values[::2]
    shares = pd.Series(drawn).value_counts(normalize=True)
    of_pairs = pd.Series(seconds[1::2]).value_counts(normalize=True)
    # Four standard deviations of a share of 2000 rows are below 0.05.
    assert (shares - of_pairs).abs().max() < 0.05


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6)),
        min_size=30,
        max_size=40,
        unique=True,
    ),
    st.sampled_from(["({}, {})", "{};{}", "{},{}", "POINT({} {})"]),
    st.booleans(),
)
def test_any_pairs_there_and_back(pairs: list, written: str, with_missing: bool) -> None:
    cells = [written.format(f"{a / 1000:.3f}", f"{b / 100:.2f}") for a, b in pairs]
    cells = [cell for cell in cells if "-0.000" not in cell and "-0.00)" not in cell]
    series = pd.Series([*cells, None] if with_missing else cells, dtype=object)
    column = PairTransformer(physical_type(series))
    rng = np.random.default_rng(0)
    column.fit(series, rng)
    split = column.split(column.read(series), rng)
    encoded = [part.encode_cells(own, rng) for part, own in zip(column.parts, split, strict=True)]
    decoded = column.join(
        [
            part.decode_cells(len(series), *own, rng)
            for part, own in zip(column.parts, encoded, strict=True)
        ]
    )
    assert column.physical.write(decoded).equals(series)
    assert column.holds(column.read(series)).all()
    again = PairTransformer.from_dict(column.to_dict())
    assert again.physical.write(again.join(split)).equals(series)


@pytest.mark.parametrize(
    "texts",
    [
        [f"{n // 1000},{n % 1000:03d}" for n in range(1000, 9000, 7)],
        [f"{n}.{n % 100:02d},5" for n in range(500)],
        [f"A{n},{n}" for n in range(500)],
        [f"{n},{n},{n}" for n in range(500)],
        [f"2021-05-{n % 28 + 1:02d} 0{n % 10}:00" for n in range(500)],
        ["40.7,-73.9"] * 5 + ["40.7"] * 1,
        ["not", "a", "pair"],
    ],
)
def test_not_found(texts: list[str]) -> None:
    assert find_frame(np.array(texts, dtype=object)) is None


@given(st.lists(st.text("0123456789.,-;() aP", max_size=20), min_size=1, max_size=20))
def test_junk_is_no_harm(texts: list[str]) -> None:
    find_frame(np.array(texts, dtype=object))


def test_few_places_that_repeat_are_categories() -> None:
    table = _table(_places(20) * 20)
    assert TableTransformer().fit(table).schema_[0].kind == "categorical"


def test_a_pair_that_is_none() -> None:
    table = _table(["40.71,-73.91", "here", "41.01,-73.50"] * 20)
    with pytest.raises(ValueError, match="column 'at': 'here' is no pair of numbers"):
        TableTransformer(column_kinds={"at": "pair"}).fit(table)
    with pytest.raises(ValueError, match="kind 'pair' does not fit dtype int64"):
        TableTransformer(column_kinds={"x": "pair"}).fit(table)


@pytest.fixture(scope="module")
def model() -> WGANGPSynthesizer:
    cells = _places()
    cells[::20] = [None] * 20
    table = _table(cells)
    return WGANGPSynthesizer(max_steps=5, rejection=None, random_state=0).fit(table)


def test_rows_under_conditions(model: WGANGPSynthesizer) -> None:
    wanted = _places()[1]
    rows = model.sample(20, conditions={"at": wanted}, random_state=0)
    assert (rows["at"] == wanted).all()
    rows = model.sample(50, conditions={"at": [wanted, None]}, random_state=0)
    assert set(rows["at"].fillna("none")) <= {wanted, "none"}
    with pytest.raises(ValueError, match="'99.000000,-73.900000' did not occur"):
        model.sample(5, conditions={"at": "99.000000,-73.900000"})
    with pytest.raises(ValueError, match="column 'at': a tuple is a range"):
        model.sample(5, conditions={"at": (40.7, -73.9)})


def test_given_and_imputed_cells(model: WGANGPSynthesizer) -> None:
    table = pd.DataFrame({"at": [_places()[1], None], "x": [3.0, 4.0]})
    rows = model.sample(conditions=table, random_state=0)
    assert rows["at"][0] == table["at"][0] and rows["x"].tolist() == [3, 4]
    filled = model.impute(table, random_state=0)
    assert filled["at"][0] == table["at"][0]
    assert filled["at"].str.fullmatch(r"\d\d\.\d{6},-\d\d\.\d{6}").all()


def test_a_missing_cell_gives_no_second_number(model: WGANGPSynthesizer) -> None:
    transformer = model.transformer_
    reader = ConditionReader(transformer, np.zeros(transformer.layout_.n_state_slots))
    cells = transformer.columns_[0].read(pd.Series([_places()[1], None], dtype=object))
    rows = GivenRows.of_columns(2, 2, {0: cells})
    given = reader.transformer.encode_given(rows, np.random.default_rng(0)).given
    assert given.tolist() == [[True, True, False], [True, False, False]]


def test_saved_and_loaded(model: WGANGPSynthesizer, tmp_path) -> None:
    model.save(tmp_path / "model.synthwgan")
    again = WGANGPSynthesizer.load(tmp_path / "model.synthwgan")
    assert again.sample(100, random_state=1).equals(model.sample(100, random_state=1))


def test_missing_cells_of_text_dtypes() -> None:
    cells = pd.Series(_places(), dtype="string")
    cells[::10] = pd.NA
    table = pd.DataFrame({"at": cells, "x": np.arange(len(cells)) % 7})
    transformer = TableTransformer(random_state=0).fit(table)
    assert transformer.schema_[0].kind == "pair"
    assert transformer.decode(transformer.encode(table)).equals(table)


def test_cells_of_the_halves() -> None:
    series = pd.Series(_places(), dtype=object)
    column = PairTransformer(physical_type(series)).fit(series, np.random.default_rng(0))
    first, second = column.split(Cells(series.to_numpy(), np.zeros(len(series), bool)))
    assert [*first.values[:2]] == [cell.split(",")[0] for cell in series[:2]]
    assert [*second.values[:2]] == [cell.split(",")[1] for cell in series[:2]]


def test_several_tables_need_two_columns() -> None:
    tables = {name: _table(_places()) for name in ("north", "south")}
    with pytest.raises(ValueError, match="'at' of domain 'north' has two numbers") as raised:
        RadialGANSynthesizer(max_steps=2).fit(tables)
    # The remedy that it names does what it says.
    remedy = str(raised.value).split("split it with ")[1].split(", or give it")[0]
    table = tables["north"]
    exec(remedy, {"table": table})
    assert table.columns.tolist() == ["x", "at[0]", "at[1]"]
    assert table["at[1]"].between(-75, -72).all() and table["at[0]"].between(40, 42).all()
