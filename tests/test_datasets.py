"""The invented table: its rules hold in every row. The fetched ones: the same from everywhere."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest

from synthwgan.datasets import fetch_table, make_placements


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


def write_halves(folder: Path, name: str) -> None:
    halves = {"train": "age,job\n31,clerk\n42,?\n", "test": "age,job\n55,cook\n"}
    for half, text in halves.items():
        pd.read_csv(io.StringIO(text)).to_csv(folder / f"{name}_{half}.csv.gz", index=False)


def test_a_table_of_the_readers_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_halves(tmp_path, "adult")
    monkeypatch.setenv("SYNTHWGAN_DATA", str(tmp_path))
    adult = fetch_table("adult")
    assert adult["age"].tolist() == [31, 42, 55]
    assert adult["job"].isna().tolist() == [False, True, False]


def test_a_table_from_openml_has_the_same_names_and_dtypes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = pd.DataFrame(
        {
            "workclass": pd.Categorical(["Private", None, "State-gov"]),
            "education-num": [9.0, 10.0, 13.0],
            "class": pd.Categorical(["<=50K", ">50K", ">50K"]),
        }
    )
    asked: list[int] = []

    def fetch(*, data_id: int, **options: object) -> object:
        asked.append(data_id)
        return type("Bunch", (), {"frame": published})

    monkeypatch.setenv("SYNTHWGAN_DATA", str(tmp_path))
    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)
    adult = fetch_table("adult")
    assert asked == [1590]
    assert adult.columns.tolist() == ["workclass", "education.num", "income"]
    assert not any(isinstance(dtype, pd.CategoricalDtype) for dtype in adult.dtypes)
    assert adult["workclass"].isna().sum() == 1


def test_hospitals_from_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = "63.0,1.0,1.0,145.0,233.0,1.0,2.0,150.0,0.0,2.3,3.0,?,6.0,{}\n"
    for hospital in ("hungarian", "switzerland", "va"):
        (tmp_path / f"processed.{hospital}.data").write_text(row.format(0) + row.format(3))
    (tmp_path / "heart").mkdir()
    (tmp_path / "heart" / "cleveland.csv").write_text("age,disease\n63,1\n")
    monkeypatch.setenv("SYNTHWGAN_DATA", str(tmp_path))
    monkeypatch.setattr("synthwgan.datasets._UCI", f"{tmp_path}/")
    heart = fetch_table("heart")
    assert heart["hospital"].value_counts().to_dict() == {
        "hungarian": 2,
        "switzerland": 2,
        "va": 2,
        "cleveland": 1,
    }
    assert heart["disease"].tolist() == [1, 0, 1, 0, 1, 0, 1]
    assert heart["ca"].isna().all()
