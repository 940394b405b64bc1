"""Tables to try things on: an invented one, and public ones that are fetched."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pandas as pd

from synthwgan.parameters import N_SAMPLES, check_parameters
from synthwgan.randomness import RandomState, as_generator

FOLDER_VARIABLE = "SYNTHWGAN_DATA"
_OPENML = {"adult": 1590, "electricity": 151, "kc1": 1067, "shoppers": 46947}
_UCI = "https://archive.ics.uci.edu/ml/machine-learning-databases/heart-disease/"
_HOSPITALS = ("cleveland", "hungarian", "switzerland", "va")
_HEART = ["age", "sex", "cp", "trestbps", "chol", "fbs", "restecg", "thalach", "exang"]
_HEART += ["oldpeak", "slope", "ca", "thal", "disease"]

_DEGREES = {
    "Commerce": (["Comm&Mgmt", "Sci&Tech", "Others"], [0.84, 0.12, 0.04]),
    "Science": (["Sci&Tech", "Comm&Mgmt", "Others"], [0.62, 0.33, 0.05]),
    "Arts": (["Others", "Comm&Mgmt", "Sci&Tech"], [0.45, 0.50, 0.05]),
}
_WEEKS = np.array([12, 24, 36, 52])
_LONGER_WITH_EXPERIENCE = np.array([[0.55, 0.25, 0.12, 0.08], [0.3, 0.3, 0.2, 0.2]])


def make_placements(n_samples: int = 400, *, random_state: RandomState = 0) -> pd.DataFrame:
    """Make a table of students and the jobs they were placed in; all of it is invented.

    Its columns are of every kind (keys, categories, truth values, counts, percentages, dates as
    text, missing cells), and it keeps rules: `salary`, the dates and `duration` are there exactly
    where a student is `placed`; `end_date` is `duration` days after `start_date`; and
    `experience_years` is above 0 exactly where there is `work_experience`.

    Parameters
    ----------
    n_samples : int, default 400
        Number of students.
    random_state : int, Generator, RandomState or None, default 0
        Seed of the students.

    Returns
    -------
    DataFrame of shape (n_samples, 17)

    Examples
    --------
    >>> from synthwgan.datasets import make_placements
    >>> students = make_placements()
    >>> students.shape
    (400, 17)
    >>> bool((students["salary"].isna() != students["placed"]).all())
    True
    """
    check_parameters({"n_samples": n_samples}, {"n_samples": N_SAMPLES})
    rng = as_generator(random_state)
    ability = rng.normal(size=n_samples)
    students = _schooling(ability, rng)
    experienced = rng.random(n_samples) < _logistic(-0.7 + 0.3 * ability)
    students["work_experience"] = experienced
    students["experience_years"] = np.where(experienced, 1 + rng.binomial(2, 0.2, n_samples), 0)
    students["employability_perc"] = _percent(72 + 8 * ability, 9, (50, 98), rng)
    finance = rng.random(n_samples) < _logistic(
        0.3 + 0.9 * (students["degree_type"] == "Comm&Mgmt")
    )
    students["mba_spec"] = np.where(finance, "Mkt&Fin", "Mkt&HR")
    students["mba_perc"] = _percent(62 + 4 * ability, 4, (51, 78), rng, decimals=2)
    chance = _logistic(0.6 + 1.8 * ability + 1.2 * experienced + 0.5 * finance)
    return pd.DataFrame(students | _job(students, ability, rng.random(n_samples) < chance, rng))


def fetch_table(name: str) -> pd.DataFrame:
    """Fetch a public table: from a folder of yours, or from where it is published.

    The folder is the one that the environment variable ``SYNTHWGAN_DATA`` names. It holds
    ``adult_train.csv.gz`` and ``adult_test.csv.gz``, and so on, and ``heart/cleveland.csv``.
    What it lacks comes from OpenML, or from the UCI Machine Learning Repository.

    Parameters
    ----------
    name : {"adult", "electricity", "heart", "kc1", "shoppers"}
        Census incomes; prices of electricity; heart disease in four hospitals, with a column
        ``hospital``; metrics of a program's modules; visits of an online shop.

    Returns
    -------
    DataFrame
        Unknown cells are missing.

    Raises
    ------
    ValueError
        If there is no such table.
    OSError
        If it is not in the folder, and cannot be fetched.

    References
    ----------
    Dua, Graff (2017), "UCI Machine Learning Repository".
    Vanschoren, van Rijn, Bischl, Torgo (2013), "OpenML: networked science in machine learning".

    Examples
    --------
    >>> from synthwgan.datasets import fetch_table
    >>> fetch_table("wine")
    Traceback (most recent call last):
        ...
    ValueError: 'wine' is no table here; they are adult, electricity, heart, kc1, shoppers
    """
    if name == "heart":
        parts = [_hospital(hospital).assign(hospital=hospital) for hospital in _HOSPITALS]
        return pd.concat(parts, ignore_index=True)
    if name not in _OPENML:
        known = ", ".join(sorted({*_OPENML, "heart"}))
        raise ValueError(f"{name!r} is no table here; they are {known}")
    halves = [_own_file(f"{name}_{half}.csv.gz") for half in ("train", "test")]
    if all(halves):
        return pd.concat([pd.read_csv(half, na_values="?") for half in halves], ignore_index=True)
    return _from_openml(name)


def _own_file(name: str) -> Path | None:
    """Return the file of this name in the reader's own folder, if it is there."""
    folder = os.environ.get(FOLDER_VARIABLE)
    path = Path(folder or ".") / name
    return path if folder and path.exists() else None


def _hospital(name: str) -> pd.DataFrame:
    own = _own_file(f"heart/{name}.csv")
    if own is not None:
        return pd.read_csv(own)
    table = pd.read_csv(f"{_UCI}processed.{name}.data", names=_HEART, na_values="?")
    # The file tells four grades of the disease; which of them it is few rows say.
    return table.assign(disease=(table["disease"] > 0).astype(int))


def _from_openml(name: str) -> pd.DataFrame:
    from sklearn.datasets import fetch_openml

    table = fetch_openml(data_id=_OPENML[name], as_frame=True, parser="pandas").frame
    if name == "adult":
        table.columns = table.columns.str.replace("-", ".")
        table = table.rename(columns={"class": "income"})
    # Read as a file would be, so that a column has the same dtype wherever it comes from.
    return pd.read_csv(io.StringIO(table.to_csv(index=False)), na_values="?")


def _schooling(ability: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    n_samples = len(ability)
    high_spec = rng.choice(list(_DEGREES), n_samples, p=[0.52, 0.42, 0.06])
    return {
        "student_id": 17_264 + np.arange(n_samples),
        "gender": rng.choice(["M", "F"], n_samples, p=[0.62, 0.38]).astype(object),
        "second_perc": _percent(67 + 8 * ability, 7, (40, 92), rng, decimals=2),
        "high_perc": _percent(66 + 7 * ability, 8, (37, 98), rng),
        "high_spec": high_spec.astype(object),
        "degree_perc": _percent(66 + 5 * ability, 5, (50, 91), rng),
        "degree_type": _degree_types(high_spec, rng),
    }


def _degree_types(high_spec: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    types = np.empty(len(high_spec), dtype=object)
    for spec, (names, shares) in _DEGREES.items():
        rows = high_spec == spec
        types[rows] = rng.choice(names, rows.sum(), p=shares)
    return types


def _job(
    students: dict[str, np.ndarray],
    ability: np.ndarray,
    placed: np.ndarray,
    rng: np.random.Generator,
) -> dict[str, np.ndarray | pd.Series]:
    n_samples = len(placed)
    premium = 0.12 * (students["mba_spec"] == "Mkt&Fin") + 0.1 * students["experience_years"]
    premium = premium + 0.1 * (students["degree_type"] == "Sci&Tech")
    salary = 20_000 + 6_000 * np.exp(0.25 * ability + premium + 0.6 * rng.normal(size=n_samples))
    start = pd.Timestamp("2020-01-01") + pd.to_timedelta(
        (rng.beta(1.2, 2.2, n_samples) * 210).astype(int), unit="D"
    )
    shares = _LONGER_WITH_EXPERIENCE[students["work_experience"].astype(int)].cumsum(axis=1)
    weeks = _WEEKS[(rng.random(n_samples)[:, None] > shares[:, :-1]).sum(axis=1)]
    end = start + pd.to_timedelta(7 * weeks, unit="D")
    absent = pd.Series(~placed)
    return {
        "salary": np.where(placed, (salary / 100).round() * 100, np.nan),
        "placed": placed,
        "start_date": pd.Series(start.strftime("%Y-%m-%d"), dtype=object).mask(absent),
        "end_date": pd.Series(end.strftime("%Y-%m-%d"), dtype=object).mask(absent),
        "duration": np.where(placed, 7.0 * weeks, np.nan),
    }


def _percent(
    mean: np.ndarray,
    deviation: float,
    limits: tuple[float, float],
    rng: np.random.Generator,
    decimals: int = 1,
) -> np.ndarray:
    drawn = rng.normal(mean, deviation)
    low, high = limits
    # Mirrored at the limits, and not cut off: nobody heaps there.
    drawn = np.where(drawn < low, 2 * low - drawn, drawn)
    drawn = np.where(drawn > high, 2 * high - drawn, drawn)
    return drawn.clip(low, high).round(decimals)


def _logistic(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))
