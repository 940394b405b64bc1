"""What is measured of translated rows: what models learn from them, and how faithful they are."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks.data import Dataset
from benchmarks.domains import Domains
from benchmarks.metrics import c2st_gb
from synthwgan.evaluation.gain import default_estimator

MISSING = "missing"
MAX_ROUND_TRIP_ROWS = 1_000
LEARNERS = {"logistic": "logistic regression", "trees": "boosted trees"}

# Rows, source and domain they come to, to rows.
Translate = Callable[[pd.DataFrame, str, str], pd.DataFrame]


def learner(name: str) -> Pipeline:
    """Return one of `LEARNERS`; the boosted trees are those that `augment` judges with."""
    if name == "trees":
        return default_estimator(is_class=True)
    filled = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler())
    columns = make_column_transformer(
        (filled, make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
    )
    return make_pipeline(columns, LogisticRegression(max_iter=2000))


def areas(rows: pd.DataFrame, domains: Domains) -> dict[str, float]:
    """Return the ROC AUC on the held-out rows of each learner, fitted to some rows."""
    labels, truth = (frame[domains.target].astype(str) for frame in (rows, domains.test))
    return {name: round(_area(name, rows, labels, domains, truth), 5) for name in LEARNERS}


def _area(
    name: str, rows: pd.DataFrame, labels: pd.Series, domains: Domains, truth: pd.Series
) -> float:
    gap = MISSING if name == "logistic" else np.nan
    model = learner(name).fit(_features(rows, domains, gap), labels)
    scores = model.predict_proba(_features(domains.test, domains, gap))[:, 1]
    return float(roc_auc_score(truth == model.classes_[1], scores))


def _features(rows: pd.DataFrame, domains: Domains, gap: Any) -> pd.DataFrame:
    """Numbers as floats and all else as objects, with a stand-in for what is missing there."""
    features = {}
    for name in domains.test.columns.drop(domains.target):
        if pd.api.types.is_numeric_dtype(domains.test[name]):
            features[name] = rows[name].astype("float64")
        else:
            column = rows[name].astype(object)
            features[name] = column.where(column.notna(), gap)
    return pd.DataFrame(features)


def told_apart(translated: pd.DataFrame, domains: Domains) -> float | None:
    """Return the C2ST-GB of translated rows against as many held-out rows of the target domain.

    None if it cannot be told, for a column that is all but empty.
    """
    n_rows = min(len(translated), len(domains.test))
    real, fake = (rows.sample(n_rows, random_state=0) for rows in (domains.test, translated))
    numeric = tuple(real.select_dtypes("number"))
    categorical = tuple(real.columns.drop(list(numeric)))
    dataset = Dataset(domains.name, real, real, numeric, categorical, domains.target)
    score = c2st_gb(real, real, fake, dataset)["c2st_gb"]
    return None if np.isnan(score) else round(score, 5)


def renamed_pairs(domains: Domains) -> Iterator[tuple[str, str, str]]:
    """Yield source domain, own column and the target domain's column that is the same renamed."""
    wanted = _own_names(domains, domains.target_domain)
    for source in domains.tables:
        if source != domains.target_domain:
            for name, own in _own_names(domains, source).items():
                if wanted.get(name, own) != own:
                    yield source, own, wanted[name]


def _own_names(domains: Domains, domain: str) -> dict[str, str]:
    """Return the names of a domain's columns, by the names that are common to all."""
    names = domains.truth[domain]
    return {names.get(own, own): own for own in domains.tables[domain].columns}


def alignment(
    domains: Domains, translated: Mapping[str, pd.DataFrame]
) -> dict[str, float | int | None]:
    """Compare renamed columns of rows before and after translation.

    Parameters
    ----------
    domains : Domains
        Tells the columns and the codes that are the same.
    translated : mapping of str to DataFrame
        The rows of each other domain, in their order, as rows of the target domain.

    Returns
    -------
    dict
        ``correlation``, the mean over numeric columns of the correlation, and ``agreement``, the
        mean over the others of the share of cells with the same state; a column that was left
        missing counts 0. ``n_numbers`` and ``n_categories`` are those compared.
    """
    found: dict[str, list[float]] = {"correlation": [], "agreement": []}
    for source, own, wanted in renamed_pairs(domains):
        before = domains.tables[source][own].reset_index(drop=True)
        after = translated[source][wanted].reset_index(drop=True)
        if pd.api.types.is_numeric_dtype(before):
            found["correlation"].append(_correlation(before, after))
        else:
            meant = _meant(before, domains, source, own)
            same = meant == _meant(after, domains, domains.target_domain, wanted)
            found["agreement"].append(float(same.mean()))
    means = {
        name: round(float(np.mean(values)), 5) if values else None for name, values in found.items()
    }
    return {
        **means,
        "n_numbers": len(found["correlation"]),
        "n_categories": len(found["agreement"]),
    }


def _correlation(before: pd.Series, after: pd.Series) -> float:
    pair = pd.DataFrame({"before": before, "after": after}).astype("float64").dropna()
    if (pair.nunique() < 2).any():
        return 0.0
    return float(np.corrcoef(pair["before"], pair["after"])[0, 1])


def _meant(cells: pd.Series, domains: Domains, domain: str, column: str) -> pd.Series:
    """What states stand for, for those with codes of their own."""
    codes = domains.codes.get((domain, column))
    return cells if codes is None else cells.map(codes)


def pairs_found(domains: Domains, matches: pd.DataFrame) -> dict[str, int]:
    """Count pairs of columns of two domains, without those of one name.

    Parameters
    ----------
    domains : Domains
        Tells which are the same.
    matches : DataFrame
        As `RadialGANSynthesizer.matches_`.

    Returns
    -------
    dict of str to int
        Pairs taken for the same that are (``correct``) and are not (``wrong``), and those that
        are the same and were not found (``missed``).
    """
    counts = dict.fromkeys(("correct", "wrong", "missed"), 0)
    columns = matches[["domain", "own_column", "column"]].itertuples(index=False)
    for (first, name, place), (second, other, other_place) in itertools.combinations(columns, 2):
        if first == second or name == other:
            continue
        is_found = place is not None and place == other_place
        is_same = domains.truth[first].get(name, name) == domains.truth[second].get(other, other)
        counts["correct"] += is_found and is_same
        counts["wrong"] += is_found and not is_same
        counts["missed"] += is_same and not is_found
    return counts


def round_trip(domains: Domains, translate: Translate) -> dict[str, float]:
    """Send rows to another domain and back, and compare them with what they were.

    Rows of each other domain go to the target domain and back, and held-out rows of that one to
    each other domain and back. The target column, which always stays, is not counted, nor are
    cells that were missing.

    Returns
    -------
    dict of str to float
        ``states``, the share of cells with the same state, and ``values``, the mean distance of
        numbers in standard deviations, where a number that came back missing counts as the mean;
        ``shared_states`` and ``shared_values``, the same of columns that both domains have,
        under whatever name.
    """
    found: dict[str, list[float]] = {
        name: [] for name in ("states", "values", "shared_states", "shared_values")
    }
    for source, other in _journeys(domains):
        table = domains.test if source == domains.target_domain else domains.tables[source]
        n_rows = min(len(table), MAX_ROUND_TRIP_ROWS)
        rows = table.sample(n_rows, random_state=0).reset_index(drop=True)
        back = translate(translate(rows, source, other), other, source)
        there = _own_names(domains, other)
        for name, own in _own_names(domains, source).items():
            if own != domains.target:
                kind, figure = _kept(rows[own], back[own])
                found[kind].append(figure)
                if name in there:
                    found[f"shared_{kind}"].append(figure)
    return {name: round(float(np.nanmean(values)), 5) for name, values in found.items()}


def _journeys(domains: Domains) -> Iterator[tuple[str, str]]:
    for other in domains.tables:
        if other != domains.target_domain:
            yield other, domains.target_domain
            yield domains.target_domain, other


def _kept(before: pd.Series, after: pd.Series) -> tuple[str, float]:
    """Whether a column is of states or of values, and how much of it came back."""
    known = before.notna()
    if not known.any():
        return "values" if pd.api.types.is_numeric_dtype(before) else "states", np.nan
    if pd.api.types.is_numeric_dtype(before):
        spread = float(before.std())
        back = after.astype("float64").fillna(before.mean())
        lost = float((before - back)[known].abs().mean())
        return "values", lost / spread if spread > 0 else np.nan
    return "states", float((before == after)[known].mean())
