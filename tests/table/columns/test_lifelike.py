"""Texts made anew that look like what they are, fit within a row, and are never real ones."""

from __future__ import annotations

import itertools
import json
import random
import re
import threading
import unicodedata
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from synthwgan import RadialGANSynthesizer, WGANGPSynthesizer
from synthwgan.rules import Unique
from synthwgan.table import EncodedTable, TableTransformer
from synthwgan.table.columns.inventor import Inventor
from synthwgan.table.columns.lifelike import LIFELIKE
from synthwgan.table.columns.locales import LOCALES, agreed, signs_of
from synthwgan.table.columns.subjects import Person

pytest.importorskip("faker")

N_ROWS = 200
KINDS = {
    "first": "first_name",
    "last": "last_name",
    "full": "name",
    "mail": "email",
    "login": "user_name",
    "where": "street",
    "town": "city",
    "zip": "postcode",
    "home": "address",
    "land": "country",
    "firm": "company",
    "work": "job",
    "page": "url",
    "note": "text",
    "tel": "phone",
}


def people(locale: str = "en_US", n_rows: int = N_ROWS) -> pd.DataFrame:
    """Customers, written as in many tables."""
    from faker import Faker

    fake = Faker(locale)
    fake.seed_instance(0)
    names = [(fake.first_name(), fake.last_name()) for _ in range(n_rows)]
    return pd.DataFrame(
        {
            "first": [first for first, _ in names],
            "last": [last for _, last in names],
            "full": [f"{last}, {first}" for first, last in names],
            "mail": [f"{row}.x@{('a.com', 'b.com')[row % 2]}" for row in range(n_rows)],
            "login": [f"{last}_{row}" for row, (_, last) in enumerate(names)],
            "where": [fake.street_address().split("\n")[0] for _ in names],
            "town": [f"Town {'abc'[row % 3]}" for row in range(n_rows)],
            "zip": [fake.postcode() for _ in names],
            "home": [f"{row} Any Street\nSome Town" for row in range(n_rows)],
            "land": [fake.country() for _ in names],
            "firm": [fake.company() for _ in names],
            "work": [fake.job() for _ in names],
            "page": [f"https://shop.com/{row}/x" for row in range(n_rows)],
            "note": [fake.sentence() for _ in names],
            "tel": [f"+44 20 7946 {row:04d}" for row in range(n_rows)],
            "x": np.arange(n_rows) % 3,
        }
    )


def fitted(table: pd.DataFrame, kinds: Any = KINDS, **parameters: Any) -> TableTransformer:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given = {name: kind for name, kind in (kinds or {}).items() if name in table.columns}
        return TableTransformer(column_kinds=given, random_state=0, **parameters).fit(table)


def made(transformer: TableTransformer, n_rows: int, seed: int = 1, **more: Any) -> pd.DataFrame:
    layout = transformer.layout_
    codes = np.zeros((n_rows, layout.n_blocks), dtype=np.uint8)
    encoded = EncodedTable(codes, np.zeros((n_rows, layout.n_values), np.float32))
    return transformer.decode(encoded, seed, **more)


def in_ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"\W", "", plain)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return people()


@pytest.fixture(scope="module")
def transformer(table: pd.DataFrame) -> TableTransformer:
    return fitted(table)


@pytest.fixture(scope="module")
def rows(transformer: TableTransformer) -> pd.DataFrame:
    return made(transformer, 2 * N_ROWS)


def test_no_cell_is_a_real_one(table: pd.DataFrame, rows: pd.DataFrame) -> None:
    for name in KINDS:
        assert not set(rows[name]) & set(table[name]), name
        assert rows[name].str.len().min() > 0, name


def test_names_and_addresses_fit_within_a_row(rows: pd.DataFrame) -> None:
    assert (rows["full"] == rows["last"] + ", " + rows["first"]).all()
    for row in rows.itertuples():
        first, last = in_ascii(row.first), in_ascii(row.last)
        assert re.fullmatch(rf"{first}\.{last}\d*", row.mail.partition("@")[0])
        assert re.fullmatch(rf"{first}_{last}\d+", row.login)
        assert row.home == f"{row.home.partition(chr(10))[0]}\n{row.town} {row.zip}"


def test_what_is_nobodys_twice_in_the_table_is_not_in_the_rows(rows: pd.DataFrame) -> None:
    assert all(rows[name].is_unique for name in ("mail", "login", "home", "page", "note"))


def test_few_towns_stay_few(table: pd.DataFrame, rows: pd.DataFrame) -> None:
    assert 1 < rows["town"].nunique() <= table["town"].nunique()
    assert rows["zip"].nunique() > 50


def test_addresses_are_received_by_nobody(rows: pd.DataFrame) -> None:
    domains = rows["mail"].str.partition("@")[2].value_counts(normalize=True)
    assert set(domains.index) == {"example.com", "example.org"}
    assert domains.min() > 0.4
    assert rows["page"].str.match(r"https://www\.example\.com/\w+/\w+$").all()


def test_phone_numbers_are_of_the_form_in_the_table(rows: pd.DataFrame) -> None:
    assert rows["tel"].str.match(r"\+44 20 7946 \d{4,}$").all()


def test_sentences_are_as_long_as_the_tables(table: pd.DataFrame, rows: pd.DataFrame) -> None:
    lengths = [frame["note"].str.split().str.len() for frame in (table, rows)]
    assert lengths[1].between(lengths[0].min(), lengths[0].max() + 3).all()
    assert lengths[1].mean() == pytest.approx(lengths[0].mean(), rel=0.1)
    assert rows["note"].str.endswith(".").all()


def test_the_same_seed_makes_the_same_rows_in_any_thread(
    transformer: TableTransformer, rows: pd.DataFrame
) -> None:
    from faker import Faker

    random.seed(0)
    Faker.seed(0)
    before = random.getstate(), Faker().name()
    again: list[pd.DataFrame] = []
    threads = [
        threading.Thread(target=lambda: again.append(made(transformer, 2 * N_ROWS)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(one.equals(rows) for one in again)
    assert not made(transformer, 20, seed=2)["full"].equals(rows["full"][:20])
    Faker.seed(0)
    assert (random.getstate(), Faker().name()) == before


def test_chunks_go_on_and_nobody_comes_twice(transformer: TableTransformer) -> None:
    stream = transformer.identifier_stream(1)
    parts = [made(transformer, n, identifiers=stream) for n in (150, 1, 0, 100)]
    rows = pd.concat(parts, ignore_index=True)
    assert rows["mail"].is_unique
    assert (rows["full"] == rows["last"] + ", " + rows["first"]).all()


def test_a_file_keeps_kind_style_and_locale(transformer: TableTransformer) -> None:
    state = json.loads(json.dumps(transformer.to_dict()))
    again = TableTransformer.from_dict(state)
    assert again.columns_[0].locale == "en_US"
    assert made(again, 30).equals(made(transformer, 30))
    text = json.dumps(state)
    assert not any(name in text for name in people()["full"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"locale": "os"}, "locale"),
        ({"form": {"styles": {"__import__": 1}, "case": "lower"}}, "first names are not written"),
        ({"form": {"styles": {}, "case": "lower"}}, "first names are not written so"),
        ({"form": {"styles": {"": 1}, "case": "eval"}}, "case"),
    ],
)
def test_a_forged_file_is_refused(
    transformer: TableTransformer, change: dict[str, Any], message: str
) -> None:
    state, arrays = transformer.to_state()
    state = json.loads(json.dumps(state))
    state["columns"][0] |= change
    with pytest.raises(ValueError, match=message):
        TableTransformer.from_state(state, arrays)


def test_kinds_are_found() -> None:
    table = people().rename(
        columns={
            **{"first": "first_name", "last": "Last Name", "full": "customerName"},
            **{"where": "street", "firm": "company", "login": "user_name", "home": "address"},
        }
    )
    table["company"] += [f" {row}" for row in range(N_ROWS)]
    named = ["first_name", "Last Name", "customerName", "mail", "user_name", "street", "address"]
    found = fitted(table[[*named, "company", "page", "note", "tel", "x"]], None)
    assert [column.kind for column in found.schema_] == [
        *("first_name", "last_name", "name", "email", "user_name", "street", "address"),
        *("company", "url", "text", "phone", "numeric"),
    ]
    assert found.schema_[2].encoding.startswith("made anew as names (en_US)")


def test_what_is_learned_stays_learned() -> None:
    table = pd.DataFrame(
        {
            "company": ["Acme", "Initech"] * 100,
            "city": ["Rome", "Oslo", "Lima", "Rome"] * 50,
            "job": ["cook", "clerk"] * 100,
            "x": np.arange(200) % 7,
        }
    )
    kinds = [column.kind for column in fitted(table, None).schema_]
    assert kinds == ["categorical", "categorical", "categorical", "numeric"]


def test_which_rows_share_a_person_is_kept() -> None:
    table = people()[["full", "mail", "tel"]].iloc[np.repeat(np.arange(100), 3)]
    rows = made(fitted(table.assign(x=np.arange(300) % 3)), 300)
    assert (rows["mail"].value_counts() == 3).all()
    # Also with a column that no subject has.
    assert (rows.groupby("mail")[["full", "tel"]].nunique() == 1).all().all()


def test_missing_cells_leave_the_others_fitting() -> None:
    table = people()[["full", "mail", "x"]]
    table.loc[::3, "mail"] = None
    transformer = fitted(table)
    rows = transformer.decode(transformer.encode(table), 1)
    assert rows["mail"].isna().equals(table["mail"].isna())
    for row in rows.dropna().itertuples():
        assert in_ascii(row.full.partition(",")[0]) in row.mail


def test_two_people_of_a_row_are_two() -> None:
    table = people()[["full", "x"]]
    table["doctor"] = table["full"].to_numpy()[::-1]
    rows = made(fitted(table, {"full": "name", "doctor": "name"}), 50)
    assert (rows["full"] != rows["doctor"]).all()


def test_where_all_are_taken_they_are_altered() -> None:
    from faker.providers.person.en_US import Provider

    names = sorted({*Provider.first_names_female, *Provider.first_names_male})
    table = pd.DataFrame({"first": names, "x": np.arange(len(names)) % 3})
    rows = made(fitted(table), 40)["first"]
    assert not set(rows) & set(names)
    assert all(part in names for name in rows for part in name.split("-"))


@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_cases_are_kept(case: Any) -> None:
    table = people()[["full", "x"]]
    table["full"] = table["full"].map(case)
    rows = made(fitted(table), 20)["full"]
    assert (rows.map(case) == rows).all()


@pytest.mark.parametrize(
    ("cells", "pattern"),
    [
        ("Ann Lee", r"[\w-]+ [\w' -]+"),
        ("Ann B. Lee", r"[\w-]+ [A-Z]\. [\w' -]+"),
        ("Dr. Ann Lee", r"\w+\. [\w-]+ [\w' -]+"),
        ("Ann", r"[\w-]+"),
    ],
)
def test_styles_of_names(cells: str, pattern: str) -> None:
    table = pd.DataFrame({"n": [cells.replace("Ann", f"Ann{'ab'[k % 2] * k}") for k in range(40)]})
    rows = made(fitted(table.assign(x=np.arange(40) % 3), {"n": "name"}), 20)["n"]
    assert rows.str.fullmatch(pattern).all(), rows.tolist()


@pytest.mark.parametrize("locale", ["de_DE", "fr_FR", "ja_JP", "zh_CN", "ru_RU"])
def test_the_locale_is_guessed_or_given(locale: str) -> None:
    table = people(locale, 60)[["full", "mail", "x"]]
    found = fitted(table)
    assert {column.locale for column in found.columns_[:2]} == {locale}
    assert made(found, 10)["mail"].str.match(r"[a-z0-9.]+@example\.(com|org)$").all()
    assert fitted(table, locale="en_GB").columns_[0].locale == "en_GB"


def test_prefixes_and_streets_tell_the_locale() -> None:
    assert agreed([signs_of("phone", ["+44 20 7946 0018", "+44 161 496 0999"])]) == "en_GB"
    assert agreed([signs_of("street", ["Hauptstraße 1", "Am Weg 3"])]) == "de_DE"
    assert agreed([signs_of("email", ["a@b.pl"]), signs_of("name", ["Xq Zz"])]) == "pl_PL"
    assert agreed([signs_of("name", ["Xq Zz"])]) == "en_US"


@pytest.mark.parametrize("locale", LOCALES)
def test_every_locale_has_all_words(locale: str) -> None:
    inventor = Inventor(locale, np.random.default_rng(0))
    for subject in {kind.subject for kind in LIFELIKE if hasattr(kind, "subject")}:
        kinds = [kind for kind in LIFELIKE if getattr(kind, "subject", None) is subject]
        wanted = {part for kind in kinds for part in (*kind.needs, *kind.few_of)}
        wanted = {part.partition(" ")[0] for part in wanted} | set(subject.joins)
        parts = subject(inventor, {}, np.random.default_rng(0), "7").draw(2, wanted)
        assert all(parts[part].dtype == object and all(parts[part]) for part in wanted)
    women = Person(inventor, {}, np.random.default_rng(0)).draw(1, {"last"})
    assert inventor.ascii(women["last"][0])


def test_without_faker_the_schema_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("inventor", "lifelike", "people"):
        monkeypatch.setattr(f"synthwgan.table.columns.{module}.has_faker", lambda: False)
    table = people()[["full", "mail", "note", "tel", "x"]]
    found = fitted(table, None)
    assert [column.kind for column in found.schema_[1:4]] == ["identifier", "identifier", "phone"]
    assert found.schema_[2].encoding == "made anew, meaningless"
    assert found.schema_[3].encoding == "made anew as phone numbers"
    with pytest.raises(ImportError, match=r"kind 'name' need .* pip install 'synthwgan\[text\]'"):
        fitted(table, {"full": "name"})


def test_a_kind_that_does_not_fit() -> None:
    with pytest.raises(ValueError, match="column 'x': kind 'name' does not fit .*: it needs text"):
        fitted(people(), {"x": "name"})


@pytest.fixture(scope="module")
def model() -> WGANGPSynthesizer:
    table = people(n_rows=60)[["full", "mail", "note", "x"]].assign(y=lambda t: t["x"] * 2.5)
    table.loc[::5, "mail"] = None
    return WGANGPSynthesizer(
        column_kinds={"full": "name"}, max_steps=5, rejection=None, random_state=0
    ).fit(table)


def test_a_model_samples_fills_and_is_saved(model: WGANGPSynthesizer, tmp_path: Path) -> None:
    rows = model.sample(60, random_state=1)
    model.save(tmp_path / "model.safetensors")
    again = WGANGPSynthesizer.load(tmp_path / "model.safetensors", device="cpu")
    pd.testing.assert_frame_equal(again.sample(60, random_state=1), rows)
    chunks = pd.concat(model.sample_iter(60, chunk_size=25, random_state=1))
    assert chunks["mail"].dropna().is_unique
    gaps = rows.head(20).assign(mail=None, note=None)
    filled = model.impute(gaps, random_state=0)
    assert (filled["full"] == gaps["full"]).all()
    for row in filled.itertuples():
        last, first = map(in_ascii, row.full.split(", "))
        assert re.fullmatch(rf"{first}\.{last}\d*@example\.(com|org)", row.mail)
    assert "full, mail, note" in str(model.card())


def test_nothing_of_the_texts_reaches_the_networks(model: WGANGPSynthesizer) -> None:
    layout = model.transformer_.layout_
    # Which address is missing is learned; of names and notes there is nothing at all.
    assert [layout.column_blocks[place] for place in (0, 2)] == [-1, -1]
    assert (np.array(layout.column_values[:3]) == -1).all()


def test_hospitals_get_names_of_their_own() -> None:
    tables = {
        name: people(locale, 60)[["full", "x"]].assign(y=np.arange(60) / 7)
        for name, locale in (("north", "en_US"), ("south", "de_DE"))
    }
    model = RadialGANSynthesizer(
        column_kinds={"full": "name"}, max_steps=3, random_state=0, align_columns=False
    ).fit(tables)
    rows = model.sample(10, domain="south", random_state=0)
    assert rows["full"].str.contains(", ").all()
    assert not set(rows["full"]) & set(tables["south"]["full"])


def phones(area: tuple[str, ...], n: int, seed: int = 0) -> pd.DataFrame:
    """Numbers of North America: no area and no exchange begins with 0 or 1."""
    rng = np.random.default_rng(seed)
    areas = rng.choice(area, n)
    return pd.DataFrame(
        {
            "tel": [
                f"({own}) {rng.integers(200, 1000)}-{rng.integers(10_000):04d}" for own in areas
            ],
            "x": np.arange(n) % 3,
        }
    )


def test_phone_numbers_begin_as_those_of_the_table() -> None:
    table = phones(("212", "212", "415", "303"), 400)
    rows = made(fitted(table), 800)["tel"]
    assert rows.is_unique and not set(rows) & set(table["tel"])
    assert rows.str.match(r"\((212|415|303)\) [2-9]\d\d-\d{4}$").all()
    shares = [each.str[1:4].eq("212").mean() for each in (table["tel"], rows)]
    # Five standard errors of a share of 800.
    assert abs(shares[0] - shares[1]) < 5 * 0.5 / 800**0.5


@pytest.mark.parametrize("n", [20, 300])
def test_what_no_phone_number_begins_with_none_does(n: int) -> None:
    """Of areas that are few rows' own, nothing is kept but that they have no 0 and no 1 first."""
    areas = tuple(f"{number}" for number in range(200, 1000))
    table = phones(areas, n)
    transformer = fitted(table)
    rows = made(transformer, 300)["tel"]
    assert rows.str.match(r"\([2-9]\d\d\) [2-9]\d\d-\d{4}$").all()
    templates = transformer.columns_[0].form["templates"]
    assert all(len(template[2]) == len(template[3]) == 10 for template in templates)


def test_an_address_has_as_many_digits_as_those_of_the_table() -> None:
    table = people(n_rows=400)[["first", "last", "x"]]
    digits = ["", "", "72", "1984"] * 100
    letters = [f".{'abcdefghij'[row % 10] * (row // 10 + 1)}" for row in range(400)]
    table["mail"] = [f"{own}{more}@a.com" for own, more in zip(letters, digits, strict=True)]
    rows = made(fitted(table), 800)
    lengths = rows["mail"].str.extract(r"(\d*)@")[0].str.len()
    shares = lengths.value_counts(normalize=True)
    # Few are of another length, as no name was found that is new.
    assert shares[[0, 2, 4]].sum() > 0.97
    for length, share in ((0, 0.5), (2, 0.25), (4, 0.25)):
        # Five standard errors of a share of 800.
        assert abs(shares[length] - share) < 0.03 + 5 * 0.5 / 800**0.5


def test_parts_of_a_folder_keep_a_key_on_addresses_and_refuse_one_on_names(tmp_path: Path) -> None:
    table = people(n_rows=60)[["full", "mail", "x"]].drop_duplicates("full")
    settings: dict[str, Any] = {"max_steps": 1, "conditional": False, "rejection": None}
    settings["column_kinds"] = {"full": "name"}
    named = WGANGPSynthesizer(rules=[Unique(["full"])], device="cpu", **settings).fit(table)
    with pytest.raises(ValueError, match="parts are drawn apart: write the rows of sample_iter"):
        named.sample_to(tmp_path / "named", 20, rows_per_part=10)
    rows = pd.concat(named.sample_iter(200, chunk_size=50, random_state=0))
    assert rows["full"].is_unique
    keyed = WGANGPSynthesizer(rules=[Unique(["mail"])], device="cpu", **settings).fit(table)
    keyed.sample_to(tmp_path / "keyed", 1100, rows_per_part=100, random_state=0)
    parts = [pd.read_parquet(path) for path in sorted((tmp_path / "keyed").glob("*.parquet"))]
    rows = pd.concat(parts)
    # Some people may be called alike; their addresses differ in the digits of their parts.
    assert rows["mail"].is_unique
    for number, part in enumerate(parts):
        assert part["mail"].str.contains(rf"{number:02d}@", regex=True).all()


def test_logins_and_pages_differ_between_parts() -> None:
    columns = {"user_name": ["a.b12", "cde7", "f_gh"], "url": ["https://a.de/b", "http://c.de"]}
    for kind, texts in columns.items():
        table = pd.DataFrame({"c": texts * 10})
        transformer = TableTransformer(column_kinds={"c": kind}).fit(table)
        made = [
            transformer.identifier_stream(0, (part, 30)).sources[0].take(40) for part in range(3)
        ]
        for one, other in itertools.combinations(made, 2):
            assert not set(one) & set(other)
        for part, cells in enumerate(made):
            ends = [re.sub(r"^https://www|\.example\.com$", "", cell)[-2:] for cell in cells]
            assert set(ends) == {f"{part:02d}"}
