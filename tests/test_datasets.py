"""The invented table: its rules hold in every row, and a seed gives the same rows."""

from __future__ import annotations

import pandas as pd
import pytest

from synthwgan.datasets import make_placements


@pytest.mark.parametrize("seed", range(3))
def test_the_rules_hold_in_every_row(seed: int) -> None:
    students = make_placements(300, random_state=seed)
    placed = students["placed"]
    for name in ("salary", "start_date", "end_date", "duration"):
        assert (students[name].notna() == placed).all()
    start, end = (pd.to_datetime(students[name]) for name in ("start_date", "end_date"))
    assert (end[placed] > start[placed]).all()
    assert ((end - start).dt.days[placed] == students.loc[placed, "duration"]).all()
    assert ((students["experience_years"] > 0) == students["work_experience"]).all()
    assert students["student_id"].is_unique


def test_its_columns_say_something_of_each_other() -> None:
    students = make_placements(5000)
    assert students["second_perc"].corr(students["high_perc"]) > 0.4
    rates = students.groupby("work_experience")["placed"].mean()
    assert rates[True] > rates[False] + 0.1
    assert 0.55 < students["placed"].mean() < 0.8
    shares = pd.crosstab(students["high_spec"], students["degree_type"], normalize="index")
    assert shares.loc["Commerce", "Comm&Mgmt"] > shares.loc["Science", "Comm&Mgmt"] + 0.3


def test_a_seed_gives_the_same_rows() -> None:
    pd.testing.assert_frame_equal(make_placements(50), make_placements(50))
    assert not make_placements(50).equals(make_placements(50, random_state=1))
