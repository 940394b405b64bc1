"""Small tables, small networks and one well-trained model, shared by the tests."""

from __future__ import annotations

import datetime
import decimal
import os
import sys
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from hypothesis import settings

from synthwgan import MLP, Residual, WGANGPSynthesizer
from synthwgan.networks.critics import CRITICS
from synthwgan.networks.generators import GENERATORS
from synthwgan.table.layout import EncodedTable, Layout, PartialRows

# The same examples each time: a failure is the change's, not the day's. To look for others,
# HYPOTHESIS_PROFILE=default.
settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


def _arithmetic() -> tuple[int, bool]:
    """Return the settings that the last bits of sums depend on: threads, and numbers next to 0."""
    return torch.get_num_threads(), sys.float_info.min / 2 > 0


_ARITHMETIC = _arithmetic()


@pytest.fixture(autouse=True)
def arithmetic_is_kept() -> Iterator[None]:
    """A test that changes it changes the rows of every later one, but not of fresh processes."""
    yield
    found = _arithmetic()
    torch.set_num_threads(_ARITHMETIC[0])
    torch.set_flush_denormal(False)
    assert found == _ARITHMETIC, "this test leaves torch's threads or denormal numbers changed"


@pytest.fixture
def threads_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse to set torch's threads: where it has one, setting one leaves no trace.

    Two of them would show it too, but on busy cores they wait for each other most of the time.
    """

    def refuse(n_threads: int) -> None:
        raise AssertionError(f"torch.set_num_threads({n_threads}) was called")

    monkeypatch.setattr(torch, "set_num_threads", refuse)


@pytest.fixture(scope="session")
def quick() -> dict[str, Any]:
    """Parameters of a synthesizer that fits in a fraction of a second, and badly."""
    return {
        "generator": Residual(latent_dim=8, width=16, layers=1),
        "critic": MLP(width=16),
        "batch_size": 32,
        "max_steps": 4,
        "calibrate": False,
        "rejection": None,
        "device": "cpu",
        "precision": "float32",
        "random_state": 0,
    }


@pytest.fixture(scope="module")
def hasty() -> Iterator[None]:
    """Calibrate with few rows and few trees: for tests that ask not what is learnt."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("synthwgan.sampling.calibration.STATE_ROWS", 2_000)
        patch.setattr("synthwgan.sampling.calibration.VALUE_ROWS", 2_000)
        patch.setattr("synthwgan.sampling.boosting.AUTO_ROUNDS", 1)
        patch.setattr("synthwgan.sampling.growing.N_TREES", 1)
        yield


@pytest.fixture(scope="module")
def hasty_reports() -> Iterator[None]:
    """Let detectives of reports grow few trees, and question few suspects."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("synthwgan.evaluation.sections.detection.N_TREES", 10)
        patch.setattr("synthwgan.evaluation.sections.detection.N_SUSPECTS", 2)
        yield


@pytest.fixture(scope="module")
def small_networks() -> Iterator[None]:
    """Let default networks take little time: for tests that ask not what they learn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(GENERATORS, "residual", partial(Residual, latent_dim=8, width=16, layers=1))
        patch.setitem(CRITICS, "mlp", partial(MLP, width=16))
        yield


@pytest.fixture
def mixed_table() -> pd.DataFrame:
    """80 rows of every kind of column, with missing cells, in a shuffled index."""
    rng = np.random.default_rng(7)
    n_rows = 80
    table = pd.DataFrame(
        {
            "id": [f"u-{number:04d}" for number in rng.permutation(n_rows)],
            "city": rng.choice(["Bonn", "Köln", "Ulm"], n_rows, p=[0.6, 0.3, 0.1]),
            "income": rng.lognormal(8, 1, n_rows).round(2),
            "children": rng.integers(0, 5, n_rows).astype("int16"),
            "since": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(rng.integers(0, 900, n_rows), "D"),
            "member": rng.random(n_rows) < 0.3,
            "grade": pd.Categorical(rng.choice(["low", "high"], n_rows), ["low", "high"], True),
            "visits": pd.array(rng.integers(0, 1000, n_rows), dtype="Int64"),
        }
    )
    table.loc[rng.random(n_rows) < 0.2, "income"] = np.nan
    table.loc[rng.random(n_rows) < 0.2, "visits"] = pd.NA
    table.loc[rng.random(n_rows) < 0.1, "city"] = None
    return table.sample(frac=1, random_state=0)


@pytest.fixture(scope="session")
def fitted(quick: dict[str, Any]) -> WGANGPSynthesizer:
    """A quickly fitted model of numbers and categories; tests must not change it."""
    rng = np.random.default_rng(3)
    table = pd.DataFrame(
        {
            "key": [f"k{number:03d}" for number in range(60)],
            "number": rng.normal(size=60),
            "label": rng.choice(list("abc"), 60),
        }
    )
    return WGANGPSynthesizer(**quick).fit(table)


@pytest.fixture(scope="session")
def dependent_table() -> pd.DataFrame:
    """1500 rows whose columns depend strongly on each other.

    The kind sets the level of the price, width and height correlate at 0.9, and the two
    notes are missing together, mostly for one kind.
    """
    rng = np.random.default_rng(11)
    n_rows = 1500
    kind = rng.choice(["tent", "boat", "kite", "bike"], n_rows, p=[0.4, 0.3, 0.2, 0.1])
    level = pd.Series(kind).map({"tent": 4.0, "boat": 7.0, "kite": 2.0, "bike": 5.5}).to_numpy()
    width = rng.normal(size=n_rows)
    missing = rng.random(n_rows) < np.where(kind == "boat", 0.7, 0.1)
    first, second = rng.gamma(2.0, size=n_rows), rng.normal(size=n_rows)
    return pd.DataFrame(
        {
            "kind": kind,
            "price": np.exp(level + 0.25 * rng.normal(size=n_rows)),
            "width": width,
            "height": 0.9 * width + np.sqrt(1 - 0.81) * rng.normal(size=n_rows),
            "first": np.where(missing, np.nan, first),
            "second": np.where(missing, np.nan, second),
            "big": level + 0.3 * rng.normal(size=n_rows) > 4.5,
        }
    )


@pytest.fixture(scope="session")
def shuffled_table(dependent_table: pd.DataFrame) -> pd.DataFrame:
    """The same columns, shuffled independently: right marginals, no dependence."""
    rng = np.random.default_rng(12)
    return pd.DataFrame(
        {
            name: dependent_table[name].to_numpy()[rng.permutation(len(dependent_table))]
            for name in dependent_table
        }
    )


@pytest.fixture(scope="session")
def trained(dependent_table: pd.DataFrame) -> WGANGPSynthesizer:
    """A model that has had some seconds to learn `dependent_table`; do not change it."""
    return WGANGPSynthesizer(
        generator=Residual(latent_dim=32, width=96),
        critic=MLP(width=96),
        batch_size=250,
        max_steps=250,
        conditional=False,
        precision="float32",
        device="cpu",
        random_state=0,
    ).fit(dependent_table)


LAYOUTS = {
    # Two groups: blocks of 5 and 4 padded to 5, then one of 2; a gated and a free value.
    "mixed": Layout((5, 4, 2), (2, -1), (0, 1, 2, -1), (-1, -1, 0, 1)),
    "no values": Layout((3, 2), (), (0, 1), (-1, -1)),
    "no blocks": Layout((), (-1, -1), (-1, -1), (0, 1)),
    "single states": Layout((3, 1, 1), (1,), (0, 1, 2), (-1, 0, -1)),
    "no slots": Layout((), (), (-1,), (-1,)),
}


@pytest.fixture(params=LAYOUTS.values(), ids=LAYOUTS.keys())
def layout(request: pytest.FixtureRequest) -> Layout:
    """Each kind of layout in turn."""
    return request.param


@pytest.fixture
def mixed_layout() -> Layout:
    return LAYOUTS["mixed"]


@pytest.fixture
def mixed_encoded(mixed_layout: Layout) -> EncodedTable:
    """600 encoded rows of `mixed_layout` whose columns depend on each other."""
    rng = np.random.default_rng(5)
    n_rows = 600
    first = rng.choice(5, n_rows, p=[0.5, 0.2, 0.15, 0.1, 0.05])
    second = np.where(rng.random(n_rows) < 0.8, first % 4, rng.integers(0, 4, n_rows))
    gate = (rng.random(n_rows) < np.where(first == 0, 0.7, 0.1)).astype(int)
    gated = np.where(gate == 0, rng.normal(size=n_rows), 0.0)
    free = 0.8 * gated + 0.6 * rng.normal(size=n_rows)
    codes = np.stack([first, second, gate], axis=1).astype(np.uint8)
    return EncodedTable(codes, np.stack([gated, free], axis=1).astype(np.float32))


@pytest.fixture(scope="session")
def adult() -> pd.DataFrame:
    """The Adult table, if it is there."""
    default = Path(__file__).parents[2] / "shared" / "data"
    path = Path(os.environ.get("SYNTHWGAN_DATA", default)) / "adult_train.csv.gz"
    if not path.exists():
        pytest.skip(f"{path} is not there; set SYNTHWGAN_DATA")
    return pd.read_csv(path)


@pytest.fixture(scope="session")
def domain_layout() -> Layout:
    """Columns of three domains: which one, four states, a gated value, a free one, the target.

    State slots are 0 to 3 (four states), 4 to 6 (the domain; 7 is padding), 8 and 9 (the gate),
    10 and 11 (the target); values are 12 (gated) and 13 (free).
    """
    return Layout((4, 3, 2, 2), (2, -1), (1, 0, 2, -1, 3), (-1, -1, 0, 1, -1))


@pytest.fixture(scope="session")
def domain_has() -> np.ndarray:
    """Which columns each of the three domains has."""
    return np.array([[1, 1, 1, 1, 1], [1, 1, 0, 1, 1], [1, 0, 1, 0, 1]], dtype=bool)


@pytest.fixture(scope="session")
def domain_rows(domain_has: np.ndarray) -> tuple[PartialRows, np.ndarray]:
    """1200, 300 and 80 rows of `domain_layout`, and their domains; all depends on the target."""
    rng = np.random.default_rng(8)
    domains = np.repeat([0, 1, 2], [1200, 300, 80])
    ill = rng.random(len(domains)) < np.array([0.3, 0.5, 0.8])[domains]
    first = np.where(ill, rng.choice([0, 1], len(ill), p=[0.8, 0.2]), rng.integers(1, 4, len(ill)))
    # The second domain has never been in the last state.
    first[domains == 1] %= 3
    gate = (rng.random(len(ill)) < 0.2).astype(int)
    codes = np.stack([first, domains, gate, ill], axis=1)
    values = rng.normal(size=(len(ill), 2)) * 0.6 + np.where(ill, 0.8, -0.8)[:, None]
    values[gate == 1, 0] = 0
    has = domain_has[domains]
    codes[:, [0, 2]] *= has[:, [1, 2]]
    values *= has[:, 2:4]
    encoded = EncodedTable(codes.astype(np.int32), values.astype(np.float32))
    return PartialRows(encoded, has), domains


# Columns of every dtype, for tables and conditions

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
