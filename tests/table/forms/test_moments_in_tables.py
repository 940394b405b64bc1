"""Columns written in forms of moments, clocks and addresses, from fit to sample."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from synthwgan import WGANGPSynthesizer
from synthwgan.table import EncodedTable, TableTransformer

_N = 400
_DRAWN = 3000


def _columns() -> dict[str, tuple[pd.Series, str, Callable[[pd.Series], pd.Series]]]:
    """Columns, their kinds, and what reads them without us: NaN or NaT where a cell is invalid."""
    rng = np.random.default_rng(0)
    seconds = rng.choice(3000 * 86_400, _N, replace=False)
    moments = pd.Series(pd.to_datetime("2015-01-01") + pd.to_timedelta(seconds, unit="s"))
    days = pd.Series(
        pd.to_datetime("2000-01-01")
        + pd.to_timedelta(rng.choice(9000, _N, replace=False), unit="D")
    )
    minutes = pd.Series(rng.integers(0, 1440, _N))
    clock = minutes // 60 * 100 + minutes % 60
    spans = pd.Series(pd.to_timedelta(rng.integers(0, 10**6, _N), unit="s"))
    octets = pd.DataFrame(rng.integers(0, 256, (_N, 4))).astype(str)

    def dates(how: str) -> Callable[[pd.Series], pd.Series]:
        return lambda cells: pd.to_datetime(cells, format=how, errors="coerce")

    def whole_dates(how: str, width: int) -> Callable[[pd.Series], pd.Series]:
        return lambda cells: dates(how)(cells.astype("Int64").astype(str).str.zfill(width))

    def clocks(cells: pd.Series) -> pd.Series:
        return (cells // 100 * 60 + cells % 100).where((cells % 100 < 60) & (cells // 100 < 24))

    def ip_numbers(cells: pd.Series) -> pd.Series:
        octets = cells.str.extract(r"^(\d+)\.(\d+)\.(\d+)\.(\d+)$").astype(float)
        return (octets @ [2**24, 2**16, 2**8, 1]).where((octets <= 255).all(axis=1))

    how = "%Y%m%d%H%M%S"
    with_gaps = days.dt.strftime("%Y%m%d").astype(float)
    return {
        "moment": (moments.dt.strftime(how), "datetime", dates(how)),
        "day": (days.dt.strftime("%Y%m%d"), "datetime", dates("%Y%m%d")),
        "compact": (
            moments.dt.strftime("%Y%m%dT%H%M%SZ"),
            "datetime",
            dates("%Y%m%dT%H%M%SZ"),
        ),
        "named": (days.dt.strftime("%d-%b-%y"), "datetime", dates("%d-%b-%y")),
        "american": (
            moments.dt.strftime("%m/%d/%Y %I:%M %p"),
            "datetime",
            dates("%m/%d/%Y %I:%M %p"),
        ),
        "zoned": (
            moments.dt.strftime("%Y-%m-%d %H:%M:%S+00:00"),
            "datetime",
            dates("%Y-%m-%d %H:%M:%S+00:00"),
        ),
        "ymd": (
            days.dt.strftime("%Y%m%d").astype("int32"),
            "datetime",
            whole_dates("%Y%m%d", 8),
        ),
        "dmy": (
            days.dt.strftime("%d%m%Y").astype("Int64"),
            "datetime",
            whole_dates("%d%m%Y", 8),
        ),
        "gaps": (with_gaps, "datetime", whole_dates("%Y%m%d", 8)),
        "hhmm": (clock.astype("int16"), "numeric", clocks),
        "clock": (
            minutes.map(lambda minute: f"{minute // 60:02d}:{minute % 60:02d}"),
            "numeric",
            lambda cells: pd.to_timedelta(cells + ":00", errors="coerce"),
        ),
        "span": (
            spans.map(str),
            "numeric",
            lambda cells: pd.to_timedelta(cells, errors="coerce"),
        ),
        "ip": (octets.agg(".".join, axis=1), "numeric", ip_numbers),
    }


_COLUMNS = _columns()


def _table() -> pd.DataFrame:
    table = pd.DataFrame({name: cells for name, (cells, _, _) in _COLUMNS.items()})
    table.loc[::10, "gaps"] = np.nan
    table["x"] = np.arange(_N) % 5
    return table


@pytest.fixture(scope="module")
def transformer() -> TableTransformer:
    return TableTransformer(random_state=0).fit(_table())


@pytest.fixture(scope="module")
def drawn(transformer: TableTransformer) -> pd.DataFrame:
    encoded = transformer.encode(_table())
    rows = np.arange(_DRAWN) % _N
    noise = np.random.default_rng(0).normal(size=(_DRAWN, encoded.values.shape[1])) * 1.5
    return transformer.decode(EncodedTable(encoded.codes[rows], noise.astype(np.float32)))


@pytest.mark.parametrize("name", _COLUMNS)
def test_every_drawn_cell_is_valid_and_in_range(
    transformer: TableTransformer, drawn: pd.DataFrame, name: str
) -> None:
    cells, kind, read = _COLUMNS[name]
    schema = next(column for column in transformer.schema_ if column.name == name)
    assert schema.kind == kind
    assert drawn[name].dtype == _table()[name].dtype
    made, real = read(drawn[name].dropna()), read(cells.dropna())
    assert real.notna().all() and made.notna().all()
    assert made.between(real.min(), real.max()).all()
    assert made.nunique() > min(1000, 2 * real.nunique() / 3)


def test_there_and_back(transformer: TableTransformer) -> None:
    table = _table()
    assert transformer.decode(transformer.encode(table)).equals(table)
    again = TableTransformer.from_dict(transformer.to_dict())
    assert again.decode(again.encode(table)).equals(table)


def test_signs_for_no_date_are_states() -> None:
    table = _table()[["ymd", "moment", "clock", "hhmm", "x"]]
    table.loc[::10, "ymd"], table.loc[5::10, "ymd"] = 0, 99_999_999
    table.loc[::10, ["moment", "clock"]] = "unknown", "n/a"
    table.loc[::20, "hhmm"] = 9999
    transformer = TableTransformer(random_state=0).fit(table)
    kinds = {column.name: column.kind for column in transformer.schema_}
    assert kinds["ymd"] == kinds["moment"] == "datetime"
    assert kinds["clock"] == kinds["hhmm"] == "numeric"
    assert transformer.decode(transformer.encode(table)).equals(table)
    states = [name for name in transformer.get_feature_names_out() if "=" in name]
    assert {"ymd=0", "ymd=99999999", "moment=unknown", "clock=n/a", "hhmm=9999"} <= set(states)


def test_a_user_says_what_digits_are() -> None:
    table = pd.DataFrame({"day": [20210101, 20210131, 20210228] * 4, "x": np.arange(12)})
    assert TableTransformer().fit(table).schema_[0].kind == "numeric"
    dated = TableTransformer(column_kinds={"day": "datetime"}).fit(table)
    assert dated.schema_[0].kind == "datetime"
    assert dated.decode(dated.encode(table)).equals(table)
    plain = TableTransformer(column_kinds={"ymd": "numeric"}).fit(_table()[["ymd", "x"]])
    assert plain.schema_[0].kind == "numeric"


@pytest.fixture(scope="module")
def model(hasty: None) -> WGANGPSynthesizer:
    names = ["ymd", "hhmm", "clock", "moment", "zoned", "span", "ip", "x"]
    return WGANGPSynthesizer(max_steps=5, rejection=None, random_state=0).fit(_table()[names])


@pytest.mark.parametrize(
    ("name", "wanted", "is_met"),
    [
        ("ymd", 20_100_305, lambda cells: cells == 20_100_305),
        ("ymd", (20_100_101, 20_101_231), lambda cells: cells // 10_000 == 2010),
        ("ymd", ("2010-01-01", "2010-12-31"), lambda cells: cells // 10_000 == 2010),
        ("hhmm", (800, 959), lambda cells: (cells // 100).isin([8, 9]) & (cells % 100 < 60)),
        ("clock", "05:34", lambda cells: cells == "05:34"),
        ("clock", ("08:00", "09:59"), lambda cells: cells.str.fullmatch(r"0[89]:[0-5]\d")),
        ("moment", ("2016-01-01", "2016-12-31"), lambda cells: cells.str.startswith("2016")),
        (
            "zoned",
            ("2016-01-01 00:00:00+00:00", "2016-12-31 23:59:59+00:00"),
            lambda cells: cells.str.fullmatch(r"2016-.*\+00:00"),
        ),
        ("span", (None, "1 days 00:00:00"), lambda cells: pd.to_timedelta(cells) <= "1D"),
        ("ip", ("10.0.0.0", "19.255.255.255"), lambda cells: cells.str.fullmatch(r"1\d\..*")),
    ],
)
def test_conditions(
    model: WGANGPSynthesizer, name: str, wanted: object, is_met: Callable[[pd.Series], pd.Series]
) -> None:
    rows = model.sample(30, conditions={name: wanted}, random_state=0)
    assert len(rows) == 30 and is_met(rows[name]).all()


def test_what_cannot_be_asked(model: WGANGPSynthesizer) -> None:
    with pytest.raises(ValueError, match="column 'hhmm': 1270"):
        model.sample(5, conditions={"hhmm": 1270})
    with pytest.raises(ValueError, match="column 'clock': '25 past'"):
        model.sample(5, conditions={"clock": "25 past"})


def test_given_and_imputed_cells(model: WGANGPSynthesizer) -> None:
    table = model.sample(20, random_state=0).astype({"ymd": "Int32"})
    holes = table.copy()
    holes.loc[::2, ["clock", "moment"]] = None
    filled = model.impute(holes, random_state=0)
    assert filled.loc[1::2].astype(object).equals(table.loc[1::2].astype(object))
    assert filled["clock"].str.fullmatch(r"[0-2]\d:[0-5]\d").all()


def test_saved_and_loaded(model: WGANGPSynthesizer, tmp_path) -> None:
    model.save(tmp_path / "model.synthwgan")
    again = WGANGPSynthesizer.load(tmp_path / "model.synthwgan")
    assert again.sample(100, random_state=1).equals(model.sample(100, random_state=1))
