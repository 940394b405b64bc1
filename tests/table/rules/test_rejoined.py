"""Dates of which parts stand in other columns: taken out, put back, and never contradicted."""

import numpy as np
import pandas as pd
import pytest

from synthwgan import MLP, Residual, WGANGPSynthesizer
from synthwgan.rules import Function
from synthwgan.table import TableTransformer
from synthwgan.table.rules.columns import Table
from synthwgan.table.rules.kinds import builder_from_dict
from synthwgan.table.rules.rejoined import Rejoined

PARTS = ["year", "month", "day", "date", "hour", "minute", "second"]


def stamps(n_rows: int = 500, unit: str = "s", zone: str | None = None) -> pd.Series:
    rng = np.random.default_rng(0)
    seconds = rng.integers(0, 4 * 365 * 86400, n_rows)
    dates = pd.Series(pd.Timestamp("2019-11-29") + pd.to_timedelta(seconds, unit="s"))
    return (
        dates.dt.as_unit(unit) if zone is None else dates.dt.tz_localize("UTC").dt.tz_convert(zone)
    )


def part_of(dates: pd.Series, part: str) -> pd.Series:
    return dates.dt.normalize() if part == "date" else getattr(dates.dt, part).astype("int64")


def rejoined(frame: pd.DataFrame, *parts: str, zone: str | None = None) -> Rejoined:
    functions = [Function(part, of="at", part=part, zone=zone).fit(frame) for part in parts]
    rule = Rejoined.of_functions(functions, Table(frame))
    assert rule is not None
    return rule


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("part", PARTS)
def test_each_part_comes_back(part, unit):
    dates = stamps(unit=unit).copy()
    dates[3] = pd.NaT
    frame = pd.DataFrame({"at": dates, part: part_of(dates.ffill(), part)})
    rule = rejoined(frame, part)
    reduced = rule.reduce(frame)
    assert reduced["at"].dtype == dates.dtype
    assert part_of(reduced["at"].dropna(), part).nunique() == 1
    pd.testing.assert_frame_equal(rule.rebuild(reduced), frame)
    assert rule.check(frame).all()


@pytest.mark.parametrize("zone", [None, "America/New_York", "Asia/Kolkata"])
def test_all_parts_together_leave_nothing_to_learn(zone):
    dates = stamps(zone=zone)
    names = ["year", "month", "day", "hour", "minute", "second"]
    frame = pd.DataFrame({"at": dates, **{name: part_of(dates, name) for name in names}})
    rule = rejoined(frame, *names)
    reduced = rule.reduce(frame)
    assert reduced["at"].nunique() == 1
    back = rule.rebuild(reduced)
    # Of the hour that a clock shows twice, once a year, the first one is taken.
    same = back["at"] == frame["at"]
    assert same.mean() >= 0.999
    assert rule.check(back).all()


def test_parts_are_read_in_the_zone_of_the_rule():
    dates = stamps()
    there = dates.dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    frame = pd.DataFrame({"at": dates, "hour": there.dt.hour.astype("int64")})
    rule = rejoined(frame, "hour", zone="America/New_York")
    others = rule.reduce(frame).assign(hour=(frame["hour"] + 5) % 24)
    rows = rule.rebuild(others)
    assert (Function("hour", of="at", part="hour", zone="America/New_York").fit(frame)).check(
        rows
    ).mean() > 0.99


def test_dates_that_are_text_stay_text():
    dates = stamps()
    frame = pd.DataFrame({"at": dates.dt.strftime("%d.%m.%Y %H:%M:%S"), "hour": dates.dt.hour})
    rule = rejoined(frame, "hour")
    assert (rule.reduce(frame)["at"].str[11:13] == "00").all()
    pd.testing.assert_frame_equal(rule.rebuild(rule.reduce(frame)), frame)


def test_the_last_day_of_a_month_is_its_last():
    frame = pd.DataFrame({"at": stamps(), "month": part_of(stamps(), "month")})
    rule = rejoined(frame, "month")
    late = pd.DataFrame({"at": pd.to_datetime(["2021-01-31 10:00:01"]).as_unit("s"), "month": [2]})
    assert rule.rebuild(late)["at"].tolist() == [pd.Timestamp("2021-02-28 10:00:01")]


def test_what_is_missing_beside_a_date_is_no_part_of_it():
    frame = pd.DataFrame({"at": stamps(), "hour": part_of(stamps(), "hour").astype("Int64")})
    frame.loc[5, "hour"] = pd.NA
    functions = [Function("hour", of="at", part="hour").fit(frame)]
    assert Rejoined.of_functions(functions, Table(frame)) is None


def test_a_file_puts_back_the_same():
    frame = pd.DataFrame({"at": stamps(), "hour": part_of(stamps(), "hour")})
    rule = rejoined(frame, "hour")
    again = builder_from_dict(rule.to_dict())
    assert again == rule
    broken = Rejoined("at", {"hour": "hour"}).to_dict()
    broken["parts"] = {"type": "map", "value": [["normalize", "hour"]]}
    with pytest.raises(ValueError, match="normalize"):
        builder_from_dict(broken)
    assert str(again) == "at takes hour from hour"
    pd.testing.assert_frame_equal(again.rebuild(rule.reduce(frame)), frame)


def schedule(n_rows: int = 2000) -> pd.DataFrame:
    """Departures on a schedule, with its hour, which is the hour of a time stamp as well."""
    rng = np.random.default_rng(0)
    hour, minute = rng.integers(5, 23, n_rows), rng.choice(np.arange(0, 60, 5), n_rows)
    days = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 365, n_rows), unit="D")
    return pd.DataFrame(
        {
            "scheduled": 100 * hour + minute,
            "hour": hour,
            "at": days + pd.to_timedelta(hour, unit="h"),
            "month": days.month.astype("int64"),
            "delay": rng.gamma(2, 10, n_rows).round(1),
        }
    )


def test_what_two_columns_tell_is_not_learned_twice():
    real = schedule()
    transformer = TableTransformer(rules="auto", random_state=0).fit(real)
    words = [str(rule) for rule in transformer.rules_]
    assert {"hour = scheduled // 100", "hour = hour of at"} <= set(words)
    assert "at takes hour from hour" in [str(rule) for rule in transformer.reduction_.builders]
    encoded = transformer.encode(real)
    pd.testing.assert_frame_equal(transformer.decode(encoded, random_state=0), real)
    # Rows whose columns have nothing to do with each other keep all rules at once.
    rng = np.random.default_rng(1)
    for cells in (*encoded.codes.T, *encoded.values.T):
        rng.shuffle(cells)
    rows = transformer.decode(encoded, random_state=0)
    assert transformer.rules_.check(rows)["n_broken"].sum() == 0
    again = TableTransformer.from_state(*transformer.to_state())
    pd.testing.assert_frame_equal(again.decode(encoded, random_state=0), rows)


def test_no_row_is_drawn_again_for_what_two_columns_tell():
    real = schedule()
    model = WGANGPSynthesizer(
        generator=Residual(latent_dim=16, width=64),
        critic=MLP(width=64, layers=2),
        batch_size=100,
        max_steps=30,
        rejection=None,
        random_state=0,
    ).fit(real)
    rows = model.sample(2000, random_state=0)
    assert model.rules_.check(rows)["n_broken"].sum() == 0
    # Rows that agree by chance would make frequent hours more frequent: these are as they were.
    shares = rows["hour"].value_counts(normalize=True) - real["hour"].value_counts(normalize=True)
    assert shares.abs().sum() / 2 < 0.08
    late = model.sample(50, conditions={"at": ("2023-06-01", None)}, random_state=0)
    assert (late["at"] >= "2023-06-01").all()
    assert model.rules_.check(late)["n_broken"].sum() == 0
    gaps = real.head(40).copy()
    gaps.loc[:19, "at"] = pd.NaT
    gaps.loc[20:, "month"] = pd.NA
    gaps = gaps.astype({"month": "Int64"})
    filled = model.impute(gaps)
    assert model.rules_.check(filled)["n_broken"].sum() == 0
    assert (filled.loc[20:, "at"] == real.loc[20:39, "at"]).all()
