"""One table per flavour of column: every dtype that is supported, with its missing values."""

from __future__ import annotations

import datetime
import decimal
import uuid

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

N_ROWS = 150
_RNG = np.random.default_rng(7)
_INTEGERS = _RNG.integers(0, 100, N_ROWS)
_WORDS = np.array(["a", "b", "c"], dtype=object)[_RNG.integers(0, 3, N_ROWS)]
_DAYS = pd.Series(pd.Timestamp("2020-01-01") + pd.to_timedelta(_INTEGERS * 7, unit="D"))
_HOLES = _RNG.random(N_ROWS) < 0.1
_HOLES[0] = True


def _holed(series: pd.Series, hole: object = None) -> pd.Series:
    if series.dtype == object:
        cells = series.to_numpy().copy()
        cells[_HOLES] = hole
        return pd.Series(cells, dtype=object)
    return series.mask(_HOLES)


def _arrow(series: pd.Series, arrow: pa.DataType) -> pd.Series:
    return series.astype(pd.ArrowDtype(arrow))


def _dictionary(cells: list, arrow: pa.DataType) -> pd.Series:
    encoded = pa.array(cells, arrow).dictionary_encode()
    return pd.Series(pd.arrays.ArrowExtensionArray(encoded)).mask(_HOLES)


def _objects(cells: list) -> pd.Series:
    return pd.Series(cells, dtype=object)


def _build() -> dict[str, pd.Series]:
    made: dict[str, pd.Series] = {}
    for bits in (8, 16, 32, 64):
        made[f"int{bits}"] = pd.Series(_INTEGERS).astype(f"int{bits}")
        made[f"uint{bits}"] = pd.Series(_INTEGERS).astype(f"uint{bits}")
        made[f"Int{bits}"] = _holed(pd.Series(_INTEGERS).astype(f"Int{bits}"))
        made[f"UInt{bits}"] = _holed(pd.Series(_INTEGERS).astype(f"UInt{bits}"))
        made[f"int{bits}[pyarrow]"] = _holed(pd.Series(_INTEGERS).astype(f"int{bits}[pyarrow]"))
        made[f"uint{bits}[pyarrow]"] = _holed(pd.Series(_INTEGERS).astype(f"uint{bits}[pyarrow]"))
    tenths = pd.Series(_RNG.normal(size=N_ROWS).round(1))
    for name in ("float16", "float32", "float64", "Float32", "Float64"):
        made[name] = _holed(tenths.astype(name))
    made["float[pyarrow]"] = _holed(tenths.astype("float[pyarrow]"))
    made["double[pyarrow]"] = _holed(tenths.astype("double[pyarrow]"))
    made |= _big_numbers() | _labels() | _texts() | _times() | _object_columns()
    return made


def _big_numbers() -> dict[str, pd.Series]:
    return {
        "uint64 beyond 2**63": pd.Series(_RNG.integers(0, 2**64 - 1, N_ROWS, dtype=np.uint64)),
        "int64 of all sizes": pd.Series(_RNG.integers(-(2**63), 2**63 - 1, N_ROWS)),
        "multiples of 5": pd.Series(_INTEGERS * 5 - 40),
        "prices": pd.Series(_RNG.integers(0, 10**6, N_ROWS) / 100),
    }


def _labels() -> dict[str, pd.Series]:
    flags = pd.Series(_INTEGERS < 50)
    ordered = pd.Categorical(_WORDS, categories=["c", "a", "b", "unused"], ordered=True)
    return {
        "bool": flags,
        "boolean": _holed(flags.astype("boolean")),
        "bool[pyarrow]": _holed(flags.astype("bool[pyarrow]")),
        "object of bool": _holed(flags.astype(object)),
        "category, ordered": _holed(pd.Series(ordered)),
        "category of int": pd.Series(_INTEGERS % 5).astype("category"),
        "category of dates": _DAYS.astype("category"),
        "category of intervals": _holed(pd.Series(pd.cut(_INTEGERS, 5))),
        "dictionary[pyarrow]": _holed(
            _arrow(pd.Series(_WORDS, dtype="string"), pa.dictionary(pa.int32(), pa.string()))
        ),
        "dictionary of int[pyarrow]": _dictionary((_INTEGERS % 5).tolist(), pa.int64()),
        "dictionary of uint8[pyarrow]": _dictionary((_INTEGERS % 5).tolist(), pa.uint8()),
        "dictionary of double[pyarrow]": _dictionary((_INTEGERS % 5 / 4).tolist(), pa.float64()),
    }


def _texts() -> dict[str, pd.Series]:
    made = {
        "object of str, None": _holed(_objects(list(_WORDS)), None),
        "object of str, nan": _holed(_objects(list(_WORDS)), np.nan),
        "object of str, NA": _holed(_objects(list(_WORDS)), pd.NA),
        "string[python]": _holed(pd.Series(_WORDS, dtype="string[python]")),
        "string[pyarrow]": _holed(pd.Series(_WORDS, dtype="string[pyarrow]")),
        "inferred str": pd.Series(list(_WORDS)),
        "arrow string": _holed(_arrow(pd.Series(_WORDS, dtype="string"), pa.string())),
        "arrow large_string": _holed(_arrow(pd.Series(_WORDS, dtype="string"), pa.large_string())),
    }
    for name, form in {
        "ISO": "%Y-%m-%d",
        "German": "%d.%m.%Y",
        "slashes": "%Y/%m/%d",
        "American": "%m/%d/%Y",
        "minutes": "%Y-%m-%d %H:%M",
        "zulu": "%Y-%m-%dT%H:%M:%SZ",
        "fraction": "%Y-%m-%d %H:%M:%S.%f",
    }.items():
        texts = _objects(list(_DAYS.dt.strftime(form)))
        made[f"dates as text, {name}"] = _holed(texts)
    return made


def _times() -> dict[str, pd.Series]:
    made: dict[str, pd.Series] = {}
    for unit in ("s", "ms", "us", "ns"):
        stamps = _holed(_DAYS.astype(f"M8[{unit}]"))
        spans = _holed(pd.Series(pd.to_timedelta(_INTEGERS * 37, unit="s")).astype(f"m8[{unit}]"))
        made[f"datetime64[{unit}]"] = stamps
        made[f"datetime64[{unit}, Berlin]"] = stamps.dt.tz_localize("Europe/Berlin")
        made[f"timedelta64[{unit}]"] = spans
        made[f"timestamp[{unit}][pyarrow]"] = _arrow(stamps, pa.timestamp(unit))
        made[f"timestamp[{unit}, Berlin][pyarrow]"] = _arrow(
            stamps.dt.tz_localize("Europe/Berlin"), pa.timestamp(unit, "Europe/Berlin")
        )
        made[f"duration[{unit}][pyarrow]"] = _arrow(spans, pa.duration(unit))
    made["period[M]"] = _holed(_DAYS.dt.to_period("M"))
    made["period[D]"] = _holed(_DAYS.dt.to_period("D"))
    made["date32[pyarrow]"] = _holed(_arrow(_DAYS, pa.date32()))
    made["date64[pyarrow]"] = _arrow(_DAYS, pa.date64())
    return made


def _object_columns() -> dict[str, pd.Series]:
    cents = _objects([decimal.Decimal(int(v)).scaleb(-2) for v in _INTEGERS * 13])
    zone = datetime.timezone(datetime.timedelta(hours=2))
    made = {
        "object of int": _objects(_INTEGERS.tolist()),
        "object of float": _objects((_INTEGERS / 4).tolist()),
        "object of Decimal": cents,
        "object of date": _objects(list(_DAYS.dt.date)),
        "object of far date": _objects([datetime.date(9999 - int(v), 12, 31) for v in _INTEGERS]),
        "object of datetime": _objects([day.to_pydatetime() for day in _DAYS]),
        "object of zoned datetime": _objects(
            [day.to_pydatetime().replace(tzinfo=zone) for day in _DAYS]
        ),
        "object of Timestamp": _objects([day.as_unit("ns") for day in _DAYS]),
        "object of timedelta": _objects([datetime.timedelta(minutes=int(v)) for v in _INTEGERS]),
    }
    holed = {f"{name}, None": _holed(series) for name, series in made.items()}
    return {**holed, **made, "decimal128[pyarrow]": _arrow(_holed(cents), pa.decimal128(12, 3))}


FLAVOURS = _build()


@pytest.fixture(params=list(FLAVOURS))
def flavour(request: pytest.FixtureRequest) -> pd.Series:
    """A column of one dtype."""
    return FLAVOURS[request.param].rename("column")


@pytest.fixture
def mixed() -> pd.DataFrame:
    """A table of all kinds, with missing cells, an identifier and a target."""
    rng = np.random.default_rng(3)
    n_rows = 300
    income = rng.lognormal(10, 1, n_rows).round(2)
    income[rng.random(n_rows) < 0.2] = 0.0
    income[rng.random(n_rows) < 0.1] = np.nan
    age = rng.integers(18, 90, n_rows)
    return pd.DataFrame(
        {
            "id": [str(uuid.UUID(int=int(v), version=4)) for v in rng.integers(0, 2**62, n_rows)],
            "age": age,
            "income": income,
            "job": pd.Series(rng.choice(["cook", "smith", "clerk"], n_rows)).mask(age > 80),
            "since": pd.Timestamp("2001-01-01")
            + pd.to_timedelta(rng.integers(0, 5000, n_rows), "D"),
            "happy": rng.random(n_rows) < 0.3 + 0.4 * (age > 50),
        }
    )
