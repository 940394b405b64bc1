"""Several tables of one kind: hospitals of the heart tables, and work classes of Adult."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.data import HOSPITALS, load, load_hospital

WORK_CLASSES = {
    "private": ("Private",),
    "self": ("Self-emp-inc", "Self-emp-not-inc"),
    "gov": ("Federal-gov", "Local-gov", "State-gov"),
}
# What each work class's table lacks.
LACKING = {
    "private": ("education.num", "capital.loss"),
    "self": ("hours.per.week", "marital.status"),
    "gov": ("capital.gain", "relationship"),
}
MONTHS = 12
N_OTHER_ROWS = 3000
OLDER_THAN = 50
REGIMES = ("names shared", "renamed", "no shared names", "shifted")
# Scale and shift of a number, by the place of its domain.
SCALES = ((12.0, 0.0), (0.2, 3.0), (2.5, -40.0))
ALL = "*"


@dataclass(frozen=True)
class Domains:
    """Tables of several populations, and held-out rows of the one that matters.

    Parameters
    ----------
    name : str
        Of the case.
    target_domain : str
        The domain that is to be enlarged.
    target : str
        The column to be predicted, which all tables have.
    tables : dict of str to DataFrame
        Training rows by domain.
    test : DataFrame
        Held-out rows of the target domain, with its columns.
    all_target_rows : DataFrame or None
        All training rows of the target domain there are; None if there are no more.
    truth : dict of str to dict
        For each domain, the common name of each of its columns, where that differs.
    codes : dict of tuple to dict
        For each domain and column with codes of its own, what they stand for.
    """

    name: str
    target_domain: str
    target: str
    tables: dict[str, pd.DataFrame]
    test: pd.DataFrame
    all_target_rows: pd.DataFrame | None
    truth: dict[str, dict[str, str]]
    codes: dict[tuple[str, str], dict[str, str]]


def adult_domains(
    target_domain: str, n_rows: int, seed: int, regime: str = "names shared", part: str = "test"
) -> Domains:
    """Split Adult by work class into tables that lack columns.

    Parameters
    ----------
    target_domain : {"private", "self", "gov"}
        The domain with few rows.
    n_rows : int
        How many it has; the others have 3000.
    seed : int
        Draws the rows, and the codes of the renamed regimes.
    regime : str
        One of `REGIMES`.
    part : {"test", "development"}
        Where held-out rows come from: Adult's test rows, or training rows that no table holds.
    """
    adult = load("adult")
    rng = np.random.default_rng(seed)
    tables, rest = {}, {}
    for domain in WORK_CLASSES:
        rows = _work_class(adult.train, domain)
        if regime == "shifted" and domain == target_domain:
            rows = _older(rows, domain)
        rows = rows.iloc[rng.permutation(len(rows))].reset_index(drop=True)
        n_taken = n_rows if domain == target_domain else N_OTHER_ROWS
        tables[domain], rest[domain] = rows[:n_taken], rows[n_taken:]
    test = _work_class(adult.test, target_domain)
    everything = pd.concat([tables[target_domain], rest[target_domain]])
    if part == "development":
        half = len(rest[target_domain]) // 2
        test = rest[target_domain][:half]
        everything = pd.concat([tables[target_domain], rest[target_domain][half:]])
    elif regime == "shifted":
        test = _older(test, target_domain)
    frames = {**tables, "test": test, "all": everything}
    frames, truth, codes = _renamed(frames, target_domain, regime, rng)
    return Domains(
        name=f"adult-{target_domain}-{n_rows}",
        target_domain=target_domain,
        target=adult.target,
        tables={domain: frames[domain].reset_index(drop=True) for domain in WORK_CLASSES},
        test=frames["test"].reset_index(drop=True),
        all_target_rows=frames["all"].reset_index(drop=True),
        truth=truth,
        codes=codes,
    )


def heart_domains(target_domain: str, seed: int, n_rows: int = 60) -> Domains:
    """Take the heart tables; the target hospital keeps 60 rows, or half of a smaller table."""
    rng = np.random.default_rng(seed)
    tables = {hospital: load_hospital(hospital) for hospital in HOSPITALS}
    rows = tables[target_domain]
    rows = rows.iloc[rng.permutation(len(rows))].reset_index(drop=True)
    n_taken = min(n_rows, len(rows) // 2)
    tables[target_domain] = rows[:n_taken]
    return Domains(
        name=f"heart-{target_domain}",
        target_domain=target_domain,
        target="disease",
        tables=tables,
        test=rows[n_taken:].reset_index(drop=True),
        all_target_rows=None,
        truth={hospital: {} for hospital in HOSPITALS},
        codes={},
    )


def _work_class(rows: pd.DataFrame, domain: str) -> pd.DataFrame:
    rows = rows[rows["workclass"].isin(WORK_CLASSES[domain])]
    rows = rows.drop(columns=["workclass", *LACKING[domain]])
    if domain == "gov":
        rows = rows.rename(columns={"age": "age_months"})
        rows["age_months"] *= MONTHS
    return rows


def _older(rows: pd.DataFrame, domain: str) -> pd.DataFrame:
    limit = OLDER_THAN * MONTHS if domain == "gov" else OLDER_THAN
    return rows[rows["age_months" if domain == "gov" else "age"] > limit]


def _renamed(
    frames: Mapping[str, pd.DataFrame], target_domain: str, regime: str, rng: np.random.Generator
) -> tuple[
    dict[str, pd.DataFrame], dict[str, dict[str, str]], dict[tuple[str, str], dict[str, str]]
]:
    """Give columns names, scales and codes of their own in each domain, as the regime says."""
    truth: dict[str, dict[str, str]] = {domain: {} for domain in WORK_CLASSES}
    truth["gov"]["age_months"] = "age"
    codes: dict[tuple[str, str], dict[str, str]] = {}
    frames = {name: frame.copy() for name, frame in frames.items()}
    of_target = [target_domain, "test", "all"]
    for place, domain in enumerate(WORK_CLASSES):
        changed = [name for name in _to_rename(regime) if name in frames[domain].columns]
        members = of_target if domain == target_domain else [domain]
        for name in changed:
            own = f"{domain}_{name}"
            truth[domain][own] = name
            values = pd.concat([frames[member][name] for member in members])
            if pd.api.types.is_numeric_dtype(values):
                scale, shift = SCALES[place]
                for member in members:
                    frames[member][name] = frames[member][name] * scale + shift
            else:
                states = sorted(values.unique())
                new = [f"{domain[0]}{code}" for code in rng.permutation(len(states))]
                code_of = dict(zip(states, new, strict=True))
                codes[domain, own] = {code: state for state, code in code_of.items()}
                for member in members:
                    frames[member][name] = frames[member][name].map(code_of)
            for member in members:
                frames[member] = frames[member].rename(columns={name: own})
    return frames, truth, codes


def _to_rename(regime: str) -> tuple[str, ...]:
    """Columns that get other names: those that at least two of the work classes share."""
    shared = (
        *("age", "fnlwgt", "education", "education.num", "marital.status", "occupation"),
        *("relationship", "race", "sex", "capital.gain", "capital.loss", "hours.per.week"),
        "native.country",
    )
    if regime == "renamed":
        return shared[1::2]
    return shared if regime == "no shared names" else ()


def as_they_are(domains: Domains) -> pd.DataFrame:
    """Return the rows of all domains under each other, with the columns of the target."""
    columns = domains.tables[domains.target_domain].columns
    return pd.concat(
        [table.reindex(columns=columns) for table in domains.tables.values()], ignore_index=True
    )
