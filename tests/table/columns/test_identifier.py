"""Identifiers: unique, of the observed form, never a real one, however many are asked for."""

from __future__ import annotations

import re
import uuid

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthwgan.table import EncodedTable, TableTransformer
from synthwgan.table.columns.inventor import has_faker
from synthwgan.table.columns.patterns import Counter, learn_alphabets

N_ROWS = 400
_RNG = np.random.default_rng(0)
FORMS: dict[str, tuple[list, str]] = {
    "uuid": (
        [
            str(uuid.UUID(int=int(v) * 2**64 + int(v), version=4))
            for v in _RNG.integers(0, 2**62, N_ROWS)
        ],
        r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}",
    ),
    "prefix": ([f"CUST{v:06d}" for v in _RNG.permutation(10**6)[:N_ROWS]], r"CUST\d{6}"),
    "plate": (
        [f"{chr(65 + v % 26)}{chr(65 + v // 26 % 26)}-{v:04d}" for v in range(N_ROWS)],
        r"[A-Z]{2}-0\d{3}",
    ),
    "two forms": (
        [f"A-{v:03d}" if v % 2 else f"{v:05d}x" for v in range(N_ROWS)],
        r"A-\d{3,}|00\d{3,}x",
    ),
    "mail": (
        [f"user{v:04d}@{'corp.com' if v % 2 else 'mail.org'}" for v in range(N_ROWS)],
        r"user0\d{3,}@(corp\.com|mail\.org)",
    ),
    "umlauts": ([f"ä{v:05d}ß" for v in range(0, 9 * N_ROWS, 9)], r"ä0\d{4}ß"),
}

KINDS = {"name": "identifier"}


@pytest.fixture(params=list(FORMS))
def form(request: pytest.FixtureRequest) -> tuple[pd.DataFrame, str]:
    """A table with identifiers, and the pattern that they follow."""
    cells, pattern = FORMS[request.param]
    return pd.DataFrame({"name": cells, "x": np.arange(N_ROWS) % 3}), pattern


def _rows(transformer: TableTransformer, n_rows: int) -> EncodedTable:
    codes = np.zeros((n_rows, transformer.layout_.n_blocks), dtype=np.uint8)
    return EncodedTable(codes, np.zeros((n_rows, transformer.layout_.n_values), np.float32))


def test_unique_new_and_alike(form: tuple[pd.DataFrame, str]) -> None:
    table, pattern = form
    transformer = TableTransformer(random_state=0).fit(table)
    inferred = "email" if "@" in table["name"][0] and has_faker() else "identifier"
    assert transformer.schema_[0].kind == inferred
    transformer = TableTransformer(column_kinds=KINDS, random_state=0).fit(table)
    made = transformer.decode(_rows(transformer, 300))["name"]
    assert made.is_unique
    assert not set(made) & set(table["name"])
    assert all(re.fullmatch(pattern, name) for name in made)
    assert made.dtype == table["name"].dtype


def test_unique_over_chunks(form: tuple[pd.DataFrame, str]) -> None:
    table, _ = form
    transformer = TableTransformer(column_kinds=KINDS, random_state=0).fit(table)
    stream = transformer.identifier_stream(1)
    chunks = [
        transformer.decode(_rows(transformer, size), identifiers=stream)["name"]
        for size in (1, 5000, 0, 3000)
    ]
    made = pd.concat(chunks)
    assert made.is_unique
    assert not set(made) & set(table["name"])


def test_streams_depend_on_their_seed(form: tuple[pd.DataFrame, str]) -> None:
    transformer = TableTransformer().fit(form[0])
    rows = _rows(transformer, 50)
    first, again, other = (transformer.decode(rows, seed)["name"].tolist() for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_used_up_pattern_grows_longer() -> None:
    table = pd.DataFrame({"code": [f"K{v:02d}" for v in range(100)], "x": np.arange(100) % 2})
    transformer = TableTransformer(random_state=0).fit(table)
    made = transformer.decode(_rows(transformer, 2000))["code"]
    assert made.is_unique
    assert not set(made) & set(table["code"])
    assert made.str.fullmatch(r"K\d{3,4}").all()


def test_single_forms_are_not_copied() -> None:
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("abcdefg "), size=n)) + "z" for n in range(30, 60)]
    table = pd.DataFrame({"note": texts, "x": np.arange(30) % 2})
    transformer = TableTransformer(random_state=0).fit(table)
    made = transformer.decode(_rows(transformer, 500))["note"]
    assert made.is_unique
    assert not set(made) & set(texts)


@pytest.mark.parametrize("cells", [["", *"abcdefghijklmnopqrst"], ["-" * n for n in range(30)]])
def test_texts_without_letters(cells: list[str]) -> None:
    table = pd.DataFrame({"mark": cells, "x": np.arange(len(cells)) % 2})
    transformer = TableTransformer(random_state=0).fit(table)
    made = transformer.decode(_rows(transformer, 200))["mark"]
    assert made.is_unique
    assert not set(made) & set(cells)


class TestIntegers:
    def _made(self, cells: object, n_rows: int = 500, name: str = "id") -> pd.Series:
        table = pd.DataFrame({name: cells, "x": np.arange(len(cells)) % 2})
        transformer = TableTransformer(random_state=0).fit(table)
        assert transformer.schema_[0].kind == "identifier"
        made = transformer.decode(_rows(transformer, n_rows))[name]
        assert made.dtype == table[name].dtype
        assert made.is_unique
        assert not set(made) & set(table[name])
        return made

    def test_a_sequence_goes_on(self) -> None:
        assert self._made(np.arange(1, 107), 3, name="row").tolist() == [107, 108, 109]

    def test_others_fill_the_range_and_go_on(self) -> None:
        cells = np.random.default_rng(0).permutation(1000)[:300] + 1000
        made = self._made(cells, 900)
        # A quarter of the 700 others may not be used; the rest follow after the range.
        assert made.between(1000, 2450).all()
        assert (made < 2000).sum() > 450

    @pytest.mark.parametrize("dtype", ["uint64", "int32", "Int64", "int64[pyarrow]", "object"])
    def test_dtypes(self, dtype: str) -> None:
        self._made(pd.Series(np.arange(0, 3000, 30)).astype(dtype))

    def test_beyond_53_bits(self) -> None:
        self._made(np.random.default_rng(0).integers(2**62, 2**64 - 1, 100, dtype=np.uint64))
        self._made(np.random.default_rng(0).integers(-(2**63), 2**63 - 1, 100))

    @pytest.mark.parametrize("n", [100, 128])
    def test_a_full_dtype_is_refused_by_fit(self, n: int) -> None:
        cells = np.arange(n, dtype=np.int8)
        message = (
            f"column 'id': {n} new identifiers .* only {128 - n} of int8 are free: use a wider"
        )
        with pytest.raises(ValueError, match=message):
            self._made(cells)

    def test_a_dtype_with_just_enough_room(self) -> None:
        rng = np.random.default_rng(0)
        for n, fits in ((90, True), (220, False)):
            table = pd.DataFrame({"id": rng.permutation(256)[:n].astype(np.uint8)})
            table["x"] = np.arange(n) % 2
            if fits:
                transformer = TableTransformer(random_state=0).fit(table)
                assert transformer.decode(_rows(transformer, n))["id"].is_unique
            else:
                with pytest.raises(ValueError, match="column 'id': 220 new identifiers"):
                    TableTransformer(random_state=0).fit(table)

    def test_keys_that_repeat(self) -> None:
        customers = np.repeat(np.arange(1000, 1900, 9), 3)
        table = pd.DataFrame({"customer": customers, "x": np.arange(300) % 7})
        kinds = {"customer": "identifier"}
        transformer = TableTransformer(column_kinds=kinds, random_state=0).fit(table)
        made = transformer.decode(_rows(transformer, 300))["customer"]
        assert made.dtype == table["customer"].dtype
        assert made.value_counts().tolist() == [3] * 100
        assert not set(made) & set(customers)

    def test_more_than_there_is_room_for(self) -> None:
        with pytest.raises(ValueError, match="column 'id': no integer up to 127 is left"):
            self._made(np.arange(60, dtype=np.int8), 100)


class TestKind:
    @pytest.mark.parametrize("name", ["id", "ID", "user_id", "userId", "order-key", "uuid", "Id"])
    def test_names(self, name: str) -> None:
        table = pd.DataFrame({name: np.random.default_rng(0).permutation(500)[:50]})
        assert TableTransformer().fit(table).schema_[0].kind == "identifier"

    @pytest.mark.parametrize("name", ["paid", "width", "monkey", "idea", 3])
    def test_other_names(self, name: object) -> None:
        table = pd.DataFrame({name: np.random.default_rng(0).permutation(500)[:50]})
        assert TableTransformer().fit(table).schema_[0].kind == "numeric"

    def test_few_rows_say_little(self) -> None:
        table = pd.DataFrame({"id": ["a", "b", "c"]})
        assert TableTransformer().fit(table).schema_[0].kind == "categorical"

    def test_floats_with_missing_cells_may_be_keys(self) -> None:
        cells = pd.Series(np.random.default_rng(0).permutation(900)[:50]).astype(float)
        cells[3] = np.nan
        assert TableTransformer().fit(pd.DataFrame({"id": cells})).schema_[0].kind == "identifier"


def test_missing_cells_are_a_block() -> None:
    cells = pd.Series([f"K{v:05d}" for v in range(400)], dtype=object)
    table = pd.DataFrame({"k": cells.mask(np.arange(400) % 4 == 0), "x": np.arange(400) % 2})
    transformer = TableTransformer(random_state=0).fit(table)
    back = transformer.decode(transformer.encode(table))
    assert (back["k"].isna() == table["k"].isna()).all()
    features = transformer.transform(table)
    assert features.shape[1] == 2
    drawn = transformer.inverse_transform(features)["k"].isna().mean()
    # Four standard deviations of a share of 1/4 in 400 draws are 0.087.
    assert abs(drawn - 0.25) < 0.087


@given(st.integers(1, 500), st.integers(0, 1000))
def test_counter_gives_each_once(size: int, seed: int) -> None:
    counter = Counter(size, np.random.default_rng(seed))
    drawn = np.concatenate([counter.take(7) for _ in range(size // 7 + 1)])
    assert sorted(drawn) == list(range(size))
    assert not len(counter.take(1))


def test_alphabets() -> None:
    texts = ["ab-1x", "ac-2y", "ad-3z", "ae-4a", "af-5b"]
    lower = "abcdefghijklmnopqrstuvwxyz"
    assert learn_alphabets(texts) == ["a", lower, "-", "0123456789", lower]
    assert learn_alphabets(["a-1"]) == [lower, "-", "0123456789"]
