"""Personal data: which columns are taken for it, and that no value of theirs comes back."""

from __future__ import annotations

import uuid
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthwgan.table import EncodedTable, TableTransformer
from synthwgan.table.columns.inventor import has_faker
from synthwgan.table.columns.patterns import SharedValues
from synthwgan.table.schema import COLUMN_CLASSES, infer_kind
from synthwgan.table.storage.physical import physical_type, read_cells

N_ROWS = 500
_RNG = np.random.default_rng(0)
_DIGITS = _RNG.integers(0, 10, (N_ROWS, 20)).astype(str)


def _digits(row: int, n: int) -> str:
    return "".join(_DIGITS[row, :n])


def _with_luhn(digits: str) -> str:
    doubled = [sum(divmod(2 * int(d), 10)) for d in reversed(digits)][::2]
    others = [int(d) for d in reversed(digits)][1::2]
    return digits + str(-(sum(doubled) + sum(others)) % 10)


def _iban(row: int) -> str:
    bban = _digits(row, 18)
    rest = int(bban + "131400") % 97  # D is 13, E is 14
    return f"DE{98 - rest:02d}{bban}"


_NAMES = ["".join(word).title() for word in _RNG.choice(list("aeilmnorst"), (N_ROWS, 6))]
COLUMNS = {
    "contact": [
        f"user.{_digits(k, 6)}@{'corp.com' if k % 2 else 'mail.org'}" for k in range(N_ROWS)
    ],
    "call": [f"+49 30 {_digits(k, 7)}" for k in range(N_ROWS)],
    "us": [f"(555) {_digits(k, 3)}-{_digits(k + 1, 4)}" for k in range(N_ROWS - 1)]
    + ["(555) 019-1234"],
    "uk": [f"020 7{_digits(k, 3)} {_digits(N_ROWS - 1 - k, 4)}" for k in range(N_ROWS)],
    "phone": [_digits(k, 10) for k in range(N_ROWS)],
    "account": [_iban(k) for k in range(N_ROWS)],
    "card": [_with_luhn("4" + _digits(k, 14)) for k in range(N_ROWS)],
    "number": [int(_with_luhn("4" + _digits(k, 14))) for k in range(N_ROWS)],
    "mobile": [int("49170" + _digits(k, 7)) for k in range(N_ROWS)],
    "insured": [f"{_digits(k, 3)}-{_digits(k, 5)[3:]}-{_digits(k, 9)[5:]}" for k in range(N_ROWS)],
    "device": [str(uuid.UUID(bytes=_RNG.bytes(16))) for _ in range(N_ROWS)],
    "firstName": _NAMES,
    "Customer Name": [f"{a} {b}" for a, b in zip(_NAMES, reversed(_NAMES), strict=True)],
    "name": _NAMES,
    "home_address": [f"{k} {name} Street" for k, name in enumerate(_NAMES)],
}
_PHONES = ("call", "us", "uk", "phone", "mobile")
_WITH_FAKER = {
    "contact": ("email", "e-mail addresses (en_US)"),
    "firstName": ("first_name", "first names (en_US)"),
    "Customer Name": ("name", "names (en_US)"),
    "name": ("name", "names (en_US)"),
    "home_address": ("street", "streets (en_US)"),
}


def _expected(name: str) -> tuple[str, str]:
    """Kind and encoding of a column."""
    kind, what = ("phone", "phone numbers") if name in _PHONES else ("identifier", "")
    if has_faker() and name in _WITH_FAKER:
        kind, what = _WITH_FAKER[name]
    meaningless = ", meaningless" * (
        kind == "identifier" and name in _WITH_FAKER and name != "contact"
    )
    return kind, f"made anew{what and f' as {what}'}{meaningless}, shared by rows"


def _table(name: str, repeated: int = 1) -> pd.DataFrame:
    """A column of which the first cell occurs in more rows than one, and another column."""
    cells = pd.Series(COLUMNS[name]).drop_duplicates().iloc[:400].reset_index(drop=True)
    cells.iloc[5 : 5 + repeated] = cells.iloc[0]
    return pd.DataFrame({name: cells, "x": np.arange(400) % 3})


def _rows(transformer: TableTransformer, n_rows: int) -> EncodedTable:
    codes = np.zeros((n_rows, transformer.layout_.n_blocks), dtype=np.uint8)
    return EncodedTable(codes, np.zeros((n_rows, transformer.layout_.n_values), np.float32))


def _kind(name: object, cells: object) -> str:
    series = pd.Series(cells)
    physical = physical_type(series)
    return infer_kind(name, physical, read_cells(physical, series))


@pytest.mark.parametrize("name", list(COLUMNS))
def test_repeated_personal_data_is_made_anew(name: str) -> None:
    table = _table(name, 3)
    with pytest.warns(UserWarning, match=rf"columns \['{name}'\] look like .* anew.*column_kinds="):
        transformer = TableTransformer(random_state=0).fit(table)
    assert (transformer.schema_[0].kind, transformer.schema_[0].encoding) == _expected(name)
    made = transformer.decode(_rows(transformer, 400))[name]
    assert not set(made) & set(table[name])
    assert made.dtype == table[name].dtype
    assert made.value_counts().tolist() == table[name].value_counts().tolist()


def test_the_user_has_the_last_word() -> None:
    table = _table("contact", 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept = TableTransformer(column_kinds={"contact": "categorical"}, max_categories=500)
        kept.fit(table)
        town = pd.DataFrame({"town": ["Rome", "Oslo", "Lima", "Rome"], "x": [1, 2, 3, 4]})
        anew = TableTransformer(column_kinds={"town": "identifier"}, random_state=0).fit(town)
    assert kept.decode(kept.encode(table)).equals(table)
    made = anew.decode(_rows(anew, 8))["town"]
    assert sorted(made.value_counts()) == [1, 1, 1, 1, 2, 2]
    assert not set(made) & set(town["town"])


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("name", list(_RNG.choice(["Bolt", "Nut", "Gear"], 500))),
        ("product_name", _NAMES[:50] * 10),
        ("Street", ["Pave", "Grvl"] * 250),
        ("code", [f"0012{k:04d}" for k in range(50)] * 10),
        ("since", [f"0{1 + k % 9}-0{1 + k % 7}-2021" for k in range(500)]),
        ("latitude", [f"+40.{k:06d}" for k in range(50)] * 10),
        ("mail", ["yes", "no"] * 250),
        ("address", ["0x3f", "n/a"] * 250),
        ("tel", ["1", "2"] * 250),
        ("first_name", ["Ann"] * 500),
    ],
)
def test_what_is_not_personal(name: str, cells: list[str]) -> None:
    assert COLUMN_CLASSES[_kind(name, cells)].in_features


def test_numbers_that_are_not_personal() -> None:
    rng = np.random.default_rng(0)
    assert _kind("big", rng.integers(10**12, 10**15, 500)) == "numeric"
    assert _kind("mobile", rng.integers(0, 2, 500)) == "numeric"
    assert _kind("phone", rng.gamma(2, 10**8, 500)) == "numeric"


class TestRealNamesThatComeBack:
    def _warning(self, table: pd.DataFrame) -> str:
        with pytest.warns(UserWarning, match="real values come back") as caught:
            transformer = TableTransformer(random_state=0).fit(table)
        assert transformer.schema_[0].kind == "categorical"
        assert len(caught) == 1
        return str(caught[0].message)

    def test_few_names_in_many_rows(self) -> None:
        table = pd.DataFrame({"first_name": _NAMES[:10] * 100, "x": np.arange(1000) % 7})
        message = self._warning(table)
        assert "columns ['first_name']" in message
        # The way out that it names is one.
        kinds = {"first_name": "first_name" if has_faker() else "identifier"}
        assert f"column_kinds={kinds!r}" in message
        transformer = TableTransformer(column_kinds=kinds, random_state=0).fit(table)
        made = transformer.decode(_rows(transformer, 1000))["first_name"]
        assert made.value_counts().tolist() == [100] * 10
        assert not set(made) & set(_NAMES)

    def test_a_pandas_category(self) -> None:
        table = _table("contact", 3).astype({"contact": "category"})
        message = self._warning(table)
        assert "make ['contact'] text with .astype('string')" in message
        table["contact"] = table["contact"].astype("string")
        kinds = {"contact": "identifier"}
        transformer = TableTransformer(column_kinds=kinds, random_state=0).fit(table)
        assert not set(transformer.decode(_rows(transformer, 400))["contact"]) & set(
            table["contact"]
        )

    def test_products_are_nobody(self) -> None:
        table = pd.DataFrame({"name": ["Bolt", "Nut"] * 200, "x": np.arange(400) % 7})
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            TableTransformer().fit(table)


class TestWhichRowsShareAValue:
    def _made(self, table: pd.DataFrame, *sizes: int) -> pd.DataFrame:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            transformer = TableTransformer(random_state=0).fit(table)
        stream = transformer.identifier_stream(1)
        parts = [transformer.decode(_rows(transformer, n), identifiers=stream) for n in sizes]
        return pd.concat(parts, ignore_index=True)

    def _visits(self) -> pd.DataFrame:
        patients = np.repeat(np.arange(200), 1 + np.random.default_rng(0).poisson(1.5, 200))
        patients = np.random.default_rng(1).permutation(patients)
        columns = {name: np.array(COLUMNS[name])[patients] for name in ("contact", "call", "card")}
        return pd.DataFrame({**columns, "x": np.arange(len(patients)) % 7})

    def test_twice_the_rows_are_twice_the_people(self) -> None:
        visits = self._visits()
        made = self._made(visits, 2 * len(visits))
        people = visits["contact"].value_counts().value_counts()
        assert made["contact"].value_counts().value_counts().equals(2 * people)

    def test_few_rows_share_as_seldom_as_few_real_ones(self) -> None:
        visits = self._visits()
        made = [self._made(visits, 20, len(visits) - 20)["contact"].iloc[:20]]
        # Of 20 real rows, 18 are of different people on average, and hardly ever fewer than 14.
        assert min(part.nunique() for part in made) >= 14

    def test_chunks_go_on_with_the_same_people(self) -> None:
        visits = self._visits()
        made = self._made(visits, 100, 1, 0, len(visits) - 101)["contact"]
        assert sorted(made.value_counts()) == sorted(visits["contact"].value_counts())

    def test_columns_of_the_same_people_go_together(self) -> None:
        visits = self._visits()
        made = self._made(visits, 300, 300)
        people = made.groupby("contact")[["call", "card"]].nunique()
        assert (people == 1).all().all()

    def test_other_columns_do_not(self) -> None:
        visits = self._visits()
        visits["call"] = visits["call"].sample(frac=1, random_state=0).to_numpy()
        made = self._made(visits, len(visits))
        assert made.groupby("contact")["call"].nunique().max() > 1

    def test_missing_cells_stay_missing(self) -> None:
        visits = self._visits()
        visits.loc[::4, "contact"] = None
        with pytest.warns(UserWarning, match="contact"):
            transformer = TableTransformer(random_state=0).fit(visits)
        back = transformer.decode(transformer.encode(visits))["contact"]
        assert back.isna().equals(visits["contact"].isna())
        assert sorted(back.value_counts()) == sorted(visits["contact"].value_counts())

    def test_a_saved_transformer_shares_alike(self) -> None:
        visits = self._visits()
        with pytest.warns(UserWarning, match="contact"):
            transformer = TableTransformer(random_state=0).fit(visits)
        again = TableTransformer.from_dict(transformer.to_dict())
        rows = _rows(transformer, 300)
        assert again.decode(rows, 3).equals(transformer.decode(rows, 3))

    @given(
        st.lists(st.integers(1, 9), min_size=1, max_size=9),
        st.lists(st.integers(0, 40), max_size=9),
        st.integers(0, 99),
    )
    def test_every_deck_has_the_sizes(self, sizes: list[int], takes: list[int], seed: int) -> None:
        class Counting:
            n = 0

            def take(self, n: int) -> np.ndarray:
                self.n += n
                return np.arange(self.n - n, self.n).astype(object)

        distinct, counts = np.unique(sizes, return_counts=True)
        shared = SharedValues(Counting(), distinct, counts, np.random.default_rng(seed))
        drawn = np.concatenate([shared.take(n) for n in [*takes, sum(sizes)]])
        assert len(drawn) == sum(takes) + sum(sizes)
        whole = drawn[: len(drawn) // sum(sizes) * sum(sizes)].reshape(-1, sum(sizes))
        for deck in whole:
            assert sorted(np.unique(deck.astype(int), return_counts=True)[1]) == sorted(sizes)
        owners = [set(deck) for deck in whole]
        assert sum(map(len, owners)) == len(set().union(*owners))


def test_a_large_table_is_dealt_as_a_small_one() -> None:
    # As of a table of 100 million rows: 40 million people, and a tenth of the rows is one's.
    sizes, counts = np.array([1, 4, 10_000_000]), np.array([30_000_000, 15_000_000, 1])

    class Endless:
        n = 0

        def take(self, n: int) -> np.ndarray:
            self.n += n
            return np.arange(self.n - n, self.n).astype(object)

    shared = SharedValues(Endless(), sizes, counts, np.random.default_rng(0))
    drawn = shared.take(2**20).astype(int)
    sizes_made = np.bincount(drawn)
    assert sizes_made.max() == pytest.approx(2**20 / 10, rel=0.02)
    assert (sizes_made == 1).mean() == pytest.approx(2 / 3, abs=0.02)
    assert (sizes_made == 4).mean() == pytest.approx(1 / 3, abs=0.02)


def test_domains_and_letters_of_few_are_not_kept() -> None:
    mails = [f"user{k:04d}@mail.org" for k in range(200)] + [
        f"smith.{k}@smith.org" for k in range(6)
    ]
    table = pd.DataFrame({"mail": mails, "x": np.arange(206) % 3})
    kinds = {"mail": "identifier"}
    state = TableTransformer(column_kinds=kinds, random_state=0).fit(table).columns_[0].form
    assert list(state["domains"]) == ["mail.org", "smith.org"]
    strict = TableTransformer(column_kinds=kinds, random_state=0, min_category_rows=10)
    form = strict.fit(table).columns_[0].form
    assert list(form["domains"]) == ["mail.org"]
    assert not any("smith" in "".join(template) for template in form["templates"])


def test_sentences_that_come_back_are_named() -> None:
    rng = np.random.default_rng(0)
    words = "the staff was kind but my room had no window at all".split()
    comments = [" ".join(rng.permutation(words)[:7]) + f" {row}" for row in range(120)]
    table = pd.DataFrame({"comment": ["none"] * 30 + comments, "x": range(150)})
    with pytest.warns(UserWarning, match="'comment'.*word for word.*column_kinds=.'comment'"):
        TableTransformer().fit(table)
    anew = TableTransformer(column_kinds={"comment": "identifier"}, random_state=0).fit(table)
    assert not set(anew.decode(anew.encode(table))["comment"]) & set(comments)
