"""Moments, clocks, durations and addresses: found where they are, and only there."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthwgan.table.forms.base import Form
from synthwgan.table.forms.clock import HALVES, ClockText
from synthwgan.table.forms.clockdigits import ClockDigits
from synthwgan.table.forms.digits import PATTERNS as DIGIT_PATTERNS
from synthwgan.table.forms.digits import DigitMoments
from synthwgan.table.forms.durations import STYLES, WORDS, Components, Counted, DaysAndClock
from synthwgan.table.forms.ipv4 import IPv4
from synthwgan.table.forms.textdates import TextDate
from synthwgan.table.forms.writtendates import PATTERNS as WRITTEN_PATTERNS
from synthwgan.table.forms.writtendates import WrittenDate
from synthwgan.table.forms.zoned import ZonedMoment

TEXT_CLASSES = (
    DigitMoments,
    ClockDigits,
    WrittenDate,
    ZonedMoment,
    ClockText,
    DaysAndClock,
    Counted,
    Components,
    IPv4,
)
# Ticks of years that every pattern writes, with two digits too.
_FIRST, _LAST = datetime.datetime(1970, 1, 1), datetime.datetime(2068, 12, 31)
_PER_UNIT = {"s": 1, "m": 60, "h": 3600, "D": 86_400}


def _cells(*texts: str) -> np.ndarray:
    cells = np.empty(len(texts), dtype=object)
    cells[:] = texts
    return cells


def _ticks(seconds: list[int], unit: str) -> np.ndarray:
    if unit == "M":
        return np.array(seconds, dtype="M8[s]").astype("M8[M]").view(np.int64)
    return np.array(seconds) // _PER_UNIT[unit]


_SECONDS = st.lists(st.integers(0, int((_LAST - _FIRST).total_seconds())), min_size=1, max_size=20)
_MOMENTS = st.one_of(
    st.builds(
        DigitMoments,
        st.sampled_from(DIGIT_PATTERNS),
        st.sampled_from(["int64", "uint64", "object"]),
    ),
    st.builds(WrittenDate, st.sampled_from(WRITTEN_PATTERNS)),
    st.builds(
        ZonedMoment,
        st.sampled_from(["+00:00", " UTC", "Z", "-0330", " +05"]),
        st.sampled_from([TextDate("YYYY-MM-DD hh:mm:ss"), WrittenDate("D/M/YYYY h:mm AM")]),
    ),
)


@given(_MOMENTS, _SECONDS)
def test_moments_there_and_back(form: Form, seconds: list[int]) -> None:
    ticks = _ticks(seconds, form.unit)
    _check_round_trip(form, ticks)


def _check_round_trip(form: Form, numbers: np.ndarray) -> None:
    cells = form.write(numbers)
    again, fits = form.parse(cells)
    assert fits.all()
    assert np.array_equal(again, numbers)
    rebuilt = type(form).from_dict(
        {key: item for key, item in form.to_dict().items() if key != "name"}
    )
    assert np.array_equal(rebuilt.write(numbers), cells)
    assert rebuilt.write(numbers).dtype == cells.dtype


_DURATIONS = st.one_of(
    st.builds(ClockText, st.sampled_from([2, 3]), st.integers(1, 6), st.integers(0, 6), st.none()),
    st.builds(DaysAndClock, st.sampled_from(["pandas", "python"])),
    st.builds(Counted, st.sampled_from(WORDS)),
    st.builds(
        Components,
        st.sampled_from(list(STYLES)),
        st.sampled_from("DHMS"),
        st.sampled_from([None, "S"]),
    ),
    st.builds(IPv4),
)


@given(_DURATIONS, st.lists(st.integers(0, 2**31), min_size=1, max_size=20))
def test_durations_and_addresses_there_and_back(form: Form, numbers: list[int]) -> None:
    if isinstance(form, Components):
        # Where the largest part is the smallest too, everything is in it.
        numbers = [number % 10**8 for number in numbers]
    _check_round_trip(form, np.array(numbers))


@given(st.sampled_from([2, 3]), st.sampled_from(HALVES), st.integers(1, 2), st.data())
def test_clocks_of_twelve_hours(n_fields: int, half: str, width: int, data: st.DataObject) -> None:
    day = {2: 1440, 3: 86_400}[n_fields]
    times = data.draw(st.lists(st.integers(0, day - 1), min_size=1, max_size=20))
    _check_round_trip(ClockText(n_fields, width, 0, half), np.array(times))


@given(st.sampled_from([2, 3]), st.sampled_from(["int64", "uint64", "object"]), st.data())
def test_clocks_in_digits(n_fields: int, dtype: str, data: st.DataObject) -> None:
    day = {2: 1440, 3: 86_400}[n_fields]
    times = data.draw(st.lists(st.integers(0, day), min_size=1, max_size=20))
    _check_round_trip(ClockDigits(n_fields, dtype), np.array(times))


_JUNK = st.lists(
    st.one_of(
        st.text(max_size=30),
        st.text("0123456789:-/., +ZTdayshmPT AMpm", max_size=25),
        st.sampled_from(
            ["99:99", "2021-13-45", "00/00/00", "1 days", "P", "", "1.2.3.999", "٣:٠٥"]
        ),
    ),
    min_size=1,
    max_size=30,
)
_SOME_TEXT_FORMS = (
    *(DigitMoments(pattern, "object") for pattern in DIGIT_PATTERNS),
    *(ClockDigits(n_fields, "object") for n_fields in (2, 3)),
    *(WrittenDate(pattern) for pattern in ("M/D/YY", "DDMONYYYY", "Day, D Mon YYYY h:mm AM")),
    ZonedMoment("Z", TextDate("YYYY-MM-DDThh:mm")),
    ClockText(2, 1, 0, None),
    ClockText(3, 2, 3, " AM"),
    DaysAndClock("pandas"),
    DaysAndClock("python"),
    Counted("day"),
    *(Components(style, "D", None) for style in STYLES),
    IPv4(),
)


@given(_JUNK)
def test_junk_is_no_harm(texts: list[str]) -> None:
    cells = _cells(*texts)
    for form in _SOME_TEXT_FORMS:
        numbers, fits = form.parse(cells)
        assert (form.write(numbers[fits]) == cells[fits]).all()
        assert not numbers[~fits].any()
    for form_class in TEXT_CLASSES:
        form_class.find(cells)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=50))
def test_any_whole_numbers_are_no_harm(numbers: list[int]) -> None:
    cells = np.array(numbers, dtype=np.int64)
    for form in (
        *(DigitMoments(pattern, "int64") for pattern in DIGIT_PATTERNS),
        ClockDigits(2, "int64"),
        ClockDigits(3, "int64"),
    ):
        ticks, fits = form.parse(cells)
        assert np.array_equal(form.write(ticks[fits]), cells[fits])
    for form_class in (*TEXT_CLASSES, TextDate):
        form_class.find(cells)


def _some_moments(n: int = 500) -> pd.DatetimeIndex:
    rng = np.random.default_rng(0)
    seconds = rng.integers(0, 1500 * 86_400, n)
    return pd.to_datetime("2018-01-01") + pd.to_timedelta(seconds, unit="s")


@pytest.mark.parametrize(
    ("how", "form_class", "pattern"),
    [
        ("%Y%m%d%H%M%S", DigitMoments, "YYYYMMDDhhmmss"),
        ("%Y%m%d%H%M", DigitMoments, "YYYYMMDDhhmm"),
        ("%Y%m%d", DigitMoments, "YYYYMMDD"),
        ("%d%m%Y", DigitMoments, "DDMMYYYY"),
        ("%m%d%Y", DigitMoments, "MMDDYYYY"),
        ("%Y%m", DigitMoments, "YYYYMM"),
        ("%m/%d/%y", WrittenDate, "MM/DD/YY"),
        ("%d.%m.%y", WrittenDate, "DD.MM.YY"),
        ("%d %B %Y", WrittenDate, "DD Month YYYY"),
        ("%b %d, %Y", WrittenDate, "Mon DD, YYYY"),
        ("%d-%b-%y", WrittenDate, "DD-Mon-YY"),
        ("%m/%d/%Y %I:%M %p", WrittenDate, "MM/DD/YYYY hh:mm AM"),
        ("%a %b %d %H:%M:%S +0000 %Y", WrittenDate, "Day Mon DD hh:mm:ss +0000 YYYY"),
        ("%Y-%m-%d %H:%M:%S+00:00", ZonedMoment, "YYYY-MM-DD hh:mm:ss"),
        ("%Y-%m-%dT%H:%M:%S+0200", ZonedMoment, "YYYY-MM-DDThh:mm:ss"),
        ("%d/%m/%Y %H:%M:%S UTC", ZonedMoment, "DD/MM/YYYY hh:mm:ss"),
        ("%d/%b/%Y:%H:%M:%S +0000", ZonedMoment, "DD/Mon/YYYY:hh:mm:ss"),
    ],
)
def test_found_in_text(how: str, form_class: type[Form], pattern: str) -> None:
    moments = _some_moments()
    cells = _cells(*moments.strftime(how))
    form = form_class.find(cells)
    found = form.inner if isinstance(form, ZonedMoment) else form
    assert found.pattern == pattern
    ticks, fits = form.parse(cells)
    assert fits.all()
    assert np.array_equal(ticks, moments.to_numpy().astype(f"M8[{form.unit}]").view(np.int64))


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
@pytest.mark.parametrize("how", ["%Y%m%d", "%d%m%Y", "%m%d%Y", "%Y%m", "%Y%m%d%H%M%S"])
def test_found_in_whole_numbers(how: str, dtype: str) -> None:
    moments = _some_moments()
    cells = moments.strftime(how).to_numpy().astype(dtype)
    form = DigitMoments.find(cells)
    ticks, fits = form.parse(cells)
    assert fits.all()
    assert np.array_equal(ticks, moments.to_numpy().astype(f"M8[{form.unit}]").view(np.int64))
    # Signs for no date are odd cells of the same column.
    with_signs = np.concatenate([cells, np.array([0, 99_999_999], dtype=dtype)])
    assert DigitMoments.find(with_signs).pattern == form.pattern


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (("05:34", "23:00"), (334, 1380)),
        (("05:34:12", "23:00:01"), (20052, 82801)),
        (("5:34 PM", "12:00 AM", "11:59 AM"), (1054, 0, 719)),
        (("12:30:00 a.m.", "01:00:00 p.m."), (1800, 46800)),
        (("4:11", "123:45"), (251, 7425)),
        (("-1:30", "0:45"), (-90, 45)),
        (("0:59.25", "1:02.75"), (5925, 6275)),
    ],
)
def test_clocks(texts: tuple[str, ...], numbers: tuple[int, ...]) -> None:
    form = ClockText.find(_cells(*texts))
    found, fits = form.parse(_cells(*texts))
    assert fits.all()
    assert found.tolist() == list(numbers)


@pytest.mark.parametrize(
    ("form_class", "texts", "numbers"),
    [
        (DaysAndClock, ("2 days 03:04:05", "-1 days +23:59:59"), (183_845 * 10**6, -(10**6))),
        (DaysAndClock, ("1 day, 0:00:00", "0:00:01.500000"), (86_400 * 10**6, 1_500_000)),
        (Counted, ("1 day", "2 days"), (1, 2)),
        (Counted, ("1 year", "12 years"), (1, 12)),
        (Components, ("PT1H30M", "PT45S", "PT2H"), (5400, 45, 7200)),
        (Components, ("P1DT2H", "P3D", "PT1S"), (93_600, 259_200, 1)),
        (Components, ("P0DT1H0M5S", "P1DT0H0M0S"), (3605, 86_400)),
        (Components, ("PT90M", "PT5M"), (5400, 300)),
        (Components, ("2h 50m", "25h", "19h 5m"), (10_200, 90_000, 68_700)),
        (Components, ("2h 0m", "0h 5m"), (7200, 300)),
        (Components, ("1d2h", "3h"), (93_600, 10_800)),
        (IPv4, ("0.0.0.0", "255.255.255.255"), (0, 2**32 - 1)),
    ],
)
def test_durations_and_addresses(
    form_class: type[Form], texts: tuple[str, ...], numbers: tuple[int, ...]
) -> None:
    form = form_class.find(_cells(*texts))
    found, fits = form.parse(_cells(*texts))
    assert fits.all()
    assert found.tolist() == list(numbers)


def test_what_pandas_and_python_write() -> None:
    rng = np.random.default_rng(0)
    spans = pd.to_timedelta(rng.integers(-(10**12), 10**12, 200), unit="us")
    for write in (str, lambda span: str(span.to_pytimedelta())):
        cells = _cells(*map(write, spans))
        found, fits = DaysAndClock.find(cells).parse(cells)
        assert fits.all()
        assert np.array_equal(found, spans.to_numpy().astype("m8[us]").view(np.int64))


@pytest.mark.parametrize(
    "texts",
    [
        ("01/02/20", "03/04/20"),
        ("1/2/2020", "3/4/2020"),
        ("version 1:20", "2:10"),
        ("10:80", "10:90", "10:10"),
        ("May", "June"),
        ("1.2.3.4.5", "1.2.3"),
        ("999.1.1.1", "300.2.2.2"),
        ("2 apples", "3 apples"),
        ("P", "PT"),
        ("d", "h", ""),
        ("",),
        ("+00:00", "Z"),
        ("20210515", "20210516"),
    ],
)
def test_not_found(texts: tuple[str, ...]) -> None:
    assert not any(form_class.find(_cells(*texts)) for form_class in TEXT_CLASSES)


def _plain_columns() -> list[np.ndarray]:
    """Whole numbers of many kinds that are no moments."""
    rng = np.random.default_rng(0)
    n = 2000
    columns = [
        np.arange(1, 1501),
        np.arange(n),
        np.arange(2_000_000, 2_000_000 + n),
        np.arange(20_210_100, 20_210_100 + n),
        np.arange(1950, 2025),
        np.arange(0, 2400, 50),
        np.arange(0, 2400, 25),
        np.arange(0, 60),
        np.arange(100, 10_000, 100),
        rng.integers(0, 10**8, n),
        rng.integers(18_000_101, 22_001_231, n),
        rng.integers(180_001, 220_012, n),
        rng.integers(0, 2400, n),
        rng.integers(0, 240_000, n),
        rng.integers(10_000, 99_999, n),
        rng.poisson(30, n),
        rng.lognormal(3, 1, n).astype(np.int64),
        rng.lognormal(7, 1, n).astype(np.int64) // 10 * 10,
        rng.choice([5, 10, 15, 20, 30, 45, 50, 100, 120, 150, 200, 250, 300, 400, 500, 1000], n),
        rng.integers(1, 24, n) * 100 + 99,
        np.concatenate([np.arange(1, 60), np.arange(100, 2400, 100)]),
        np.concatenate([np.arange(1950, 1960), np.arange(2000, 2025)]),
    ]
    for _ in range(100):
        digits, step = rng.integers(2, 15), 10 ** rng.integers(0, 3)
        columns.append(rng.integers(0, 10**digits, rng.integers(20, n)) // step * step)
    return columns


def test_plain_numbers_are_no_moments() -> None:
    for column in _plain_columns():
        numbers = column.astype(np.int64)
        for form_class in (DigitMoments, ClockDigits):
            assert form_class.find(numbers) is None, (form_class, numbers[:10])
            assert form_class.find(numbers.astype(str).astype(object)) is None


@pytest.mark.parametrize("step", [1, 5, 15, 30])
@pytest.mark.parametrize("hours", [(0, 24), (8, 17)])
def test_clocks_in_whole_numbers(step: int, hours: tuple[int, int]) -> None:
    times = np.arange(hours[0] * 60, hours[1] * 60, step)
    times = np.random.default_rng(0).choice(times, 3000)
    form = ClockDigits.find(times // 60 * 100 + times % 60)
    if step == 30 and hours == (8, 17):
        assert form is None  # 18 numbers could keep the minutes by chance
        return
    assert np.array_equal(form.parse(times // 60 * 100 + times % 60)[0], times)


def test_day_and_month_that_could_be_swapped_are_left_alone() -> None:
    days = [f"{day:02d}{month:02d}2020" for day in range(1, 13) for month in range(1, 13)]
    assert DigitMoments.find(_cells(*days)) is None
    assert DigitMoments.find(np.array(days, dtype=np.int64)) is None


@pytest.mark.parametrize(
    ("form_class", "arguments"),
    [
        (DigitMoments, ("YYYYDDMM", "int64")),
        (DigitMoments, ("YYYYMMDD", "float64")),
        (ClockDigits, (4, "int64")),
        (ClockText, (2, 10**9, 0, None)),
        (ClockText, (2, 1, 0, "x" * 100)),
        (DaysAndClock, ("other",)),
        (Counted, ("apple",)),
        (Components, ("iso", "Y", None)),
        (WrittenDate, ("YYYY%",)),
        (ZonedMoment, ("zone", TextDate("YYYY-MM-DD hh:mm"))),
    ],
)
def test_no_form_of_a_file_that_does_not_exist(form_class: type[Form], arguments: tuple) -> None:
    with pytest.raises(ValueError):
        form_class(*arguments)
