"""`WGANGPImputer` inside scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from synthwgan import MLP, Residual, WGANGPImputer, WGANGPSynthesizer

N_ROWS = 200
DAY = np.timedelta64(1, "D")
SMALL = WGANGPSynthesizer(
    generator=Residual(width=16, layers=1), critic=MLP(width=16, layers=1), max_steps=30
)


def gappy(seed: int = 0) -> pd.DataFrame:
    """A table of many dtypes with cells missing in each of its columns."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=N_ROWS).round(3)
    frame = pd.DataFrame(
        {
            "x": x,
            "twice": 2 * x + rng.normal(0, 0.01, N_ROWS).round(3),
            "count": pd.array(rng.integers(0, 100, N_ROWS), dtype="Int64"),
            "city": rng.choice(["Bonn", "Ulm", "Jena"], N_ROWS),
            "size": pd.Categorical(rng.choice(["S", "M", "L"], N_ROWS), ["S", "M", "L"], True),
            "since": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(rng.integers(0, 900, N_ROWS), "D"),
            "price": [f"${value:,.2f}" for value in rng.gamma(2, 900, N_ROWS)],
        },
        index=pd.RangeIndex(1000, 1000 + N_ROWS),
    )
    return frame.mask(rng.random(frame.shape) < 0.2)


@pytest.fixture(autouse=True, scope="module")
def fits_are_hasty(hasty: None) -> None:
    """Let no test wait for a calibration that it does not look at."""


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return gappy()


@pytest.fixture(scope="module")
def imputer(frame: pd.DataFrame) -> WGANGPImputer:
    return WGANGPImputer(synthesizer=SMALL, n_draws=5, random_state=0).fit(frame)


def test_gaps_are_filled_and_other_cells_stay(imputer: WGANGPImputer, frame: pd.DataFrame) -> None:
    before = frame.copy(deep=True)
    filled = imputer.transform(frame)
    assert_frame_equal(frame, before)
    assert not filled.isna().any().any()
    assert filled.dtypes.equals(frame.dtypes)
    assert filled.index.equals(frame.index)
    for name in frame.columns:
        there = frame[name].notna()
        assert filled.loc[there, name].equals(frame.loc[there, name]), name
    assert filled["price"].str.match(r"\$[\d,]+\.\d\d$").all()
    assert_frame_equal(imputer.transform(frame), filled)
    assert_array_equal(imputer.get_feature_names_out(), frame.columns)


def test_means_middles_and_modes_of_the_draws(imputer: WGANGPImputer, frame: pd.DataFrame) -> None:
    rows = frame.iloc[:40].assign(count=pd.NA, city=None, since=pd.NaT, x=np.nan)
    rows["count"] = rows["count"].astype("Int64")
    filled = imputer.transform(rows)
    draws = imputer.synthesizer_.impute(
        rows, n_draws=5, on_broken="keep", random_state=imputer._seed
    )
    groups = draws.groupby(np.repeat(np.arange(40), 5))
    assert filled["x"].to_numpy() == pytest.approx(groups["x"].mean().to_numpy())
    means = groups["count"].mean().astype("float64").round().astype("Int64")
    assert filled["count"].tolist() == means.tolist()
    assert filled["since"].tolist() == groups["since"].median().tolist()
    modes = groups["city"].agg(lambda cells: set(cells.mode()))
    assert all(city in mode for city, mode in zip(filled["city"], modes, strict=True))


def test_draws_of_the_posterior_have_spread(imputer: WGANGPImputer, frame: pd.DataFrame) -> None:
    rows = frame.assign(x=np.nan, twice=np.nan)
    means = imputer.transform(rows)["x"]
    drawn = clone(imputer).set_params(sample_posterior=True)
    drawn.synthesizer_, drawn._seed = imputer.synthesizer_, imputer._seed
    drawn.n_features_in_ = imputer.n_features_in_
    drawn.feature_names_in_ = imputer.feature_names_in_
    assert drawn.transform(rows)["x"].std() > 1.3 * means.std()


def test_other_gaps_than_fitted_and_new_categories(
    imputer: WGANGPImputer, frame: pd.DataFrame
) -> None:
    whole = frame.dropna()
    late = WGANGPImputer(synthesizer=SMALL, random_state=0, max_steps=5).fit(whole)
    rows = whole.head(3).assign(city=["Bern", None, "Ulm"], x=[np.nan, 1.0, 2.0])
    with pytest.warns(UserWarning, match="column 'city': 'Bern' did not occur when fitted"):
        filled = late.transform(rows)
    assert filled["city"].iloc[0] == "Bern"
    assert not filled.isna().any().any()
    empty = rows.assign(city=None, count=pd.Series(pd.NA, rows.index, "Int64"))
    assert not late.transform(empty).isna().any().any()
    assert late.transform(frame.iloc[:0]).shape == (0, frame.shape[1])


@pytest.mark.parametrize("dtype", [np.float64, object])
def test_arrays(dtype: Any) -> None:
    X = gappy()[["x", "twice"]].to_numpy(dtype=dtype)
    if dtype is object:
        X = np.column_stack([X, np.where(np.arange(N_ROWS) % 3, "a", None)])
    filled = WGANGPImputer(synthesizer=SMALL, n_draws=2, max_steps=5, random_state=0).fit_transform(
        X
    )
    assert isinstance(filled, np.ndarray)
    assert filled.dtype == dtype
    assert filled.shape == X.shape
    assert not pd.isna(filled).any()
    assert_array_equal(filled[~pd.isna(X)], X[~pd.isna(X)])


def test_in_pipelines_and_cross_validation(frame: pd.DataFrame) -> None:
    y = (frame["x"].fillna(0) > 0).to_numpy()
    imputer = WGANGPImputer(synthesizer=SMALL, n_draws=2, max_steps=5, random_state=0)
    prepare = make_column_transformer(
        (StandardScaler(), ["x", "twice"]), (OneHotEncoder(), ["city", "size"])
    )
    pipeline = make_pipeline(imputer.set_output(transform="pandas"), prepare, LogisticRegression())
    # Who only knows that most are below zero is right less often.
    guess = max(y.mean(), 1 - y.mean())
    assert cross_val_score(pipeline, frame, y, cv=2).mean() > guess + 0.05
    within = make_column_transformer((imputer, ["x", "city"]), remainder="drop")
    out = within.set_output(transform="pandas").fit_transform(frame)
    assert out.shape == (N_ROWS, 2)
    assert not out.isna().any().any()


def test_no_rule_leaves_a_gap_unless_it_is_asked_for() -> None:
    placed = np.arange(N_ROWS) % 3 > 0
    salary = np.random.default_rng(0).normal(size=N_ROWS).round(2)
    table = pd.DataFrame({"placed": placed, "salary": np.where(placed, salary, np.nan)})
    quick = {"max_steps": 5, "n_draws": 2, "random_state": 0}
    assert WGANGPImputer(**quick).fit_transform(table).notna().all().all()
    ruled = WGANGPImputer(synthesizer=SMALL, **quick).fit_transform(table)
    assert (ruled["salary"].isna() == ~placed).all()


def test_only_some_columns(frame: pd.DataFrame) -> None:
    names = ["count", "city"]
    imputer = WGANGPImputer(synthesizer=SMALL, columns=names, n_draws=2, random_state=0)
    filled = imputer.fit_transform(frame)
    assert filled[names].notna().all(axis=None)
    others = frame.columns.drop(names)
    assert_frame_equal(filled[others], frame[others])
    X = frame[["x", "twice"]].to_numpy()
    filled = clone(imputer).set_params(columns=[1]).fit_transform(X)
    assert not np.isnan(filled[:, 1]).any()
    np.testing.assert_array_equal(filled[:, 0], X[:, 0])


def test_what_is_refused(frame: pd.DataFrame, imputer: WGANGPImputer) -> None:
    with pytest.raises(NotFittedError):
        WGANGPImputer().transform(frame)
    with pytest.raises(TypeError, match="synthesizer must be a WGANGPSynthesizer or None"):
        WGANGPImputer(synthesizer="gan").fit(frame)
    with pytest.raises(ValueError, match="conditional=False, so it cannot fill gaps"):
        WGANGPImputer(synthesizer=WGANGPSynthesizer(conditional=False)).fit(frame)
    with pytest.raises(ValueError, match=r"(?s)n_draws must be.*sample_posterior must be"):
        WGANGPImputer(n_draws=0, sample_posterior="yes").fit(frame)
    with pytest.raises(ValueError, match="columns name 'town', which is no column"):
        WGANGPImputer(columns=["town"]).fit(frame)
    with pytest.raises(ValueError, match="max_steps must be"):
        WGANGPImputer(max_steps=0).fit(frame)
    with pytest.raises(ValueError, match="feature names"):
        imputer.transform(frame[["x", "city"]])


def test_parameters_reach_the_synthesizer(frame: pd.DataFrame) -> None:
    kinds = {"count": "categorical"}
    imputer = WGANGPImputer(
        synthesizer=SMALL, column_kinds=kinds, max_steps=4, device="cpu", verbose=0, random_state=0
    ).fit(frame[["x", "count"]])
    model = imputer.synthesizer_
    assert (model.column_kinds, model.max_steps, model.device, model.rejection) == (
        *(kinds, 4, "cpu", None),
    )
    assert SMALL.max_steps == 30
    assert imputer.transform(frame[["x", "count"]])["count"].notna().all()


def test_filled_cells_go_together_where_a_rule_says_how(quick: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    countries = {"Rome": "IT", "Oslo": "NO", "Bergen": "NO", "Moss": "NO", "Lima": "PE"}
    city = pd.Series(rng.choice(list(countries), 400, p=[0.3, 0.2, 0.2, 0.2, 0.1]))
    table = pd.DataFrame({"city": city, "country": city.map(countries), "x": rng.normal(size=400)})
    gaps = table.copy()
    gaps.loc[::2, ["city", "country"]] = None
    imputer = WGANGPImputer(synthesizer=WGANGPSynthesizer(**quick), random_state=0).fit(table)
    # The commonest of the draws is Rome, and that of the countries NO.
    filled = imputer.transform(gaps)
    assert "city determines country" in str(imputer.synthesizer_.rules_)
    assert filled["country"].equals(filled["city"].map(countries))
    assert_frame_equal(filled[1::2], gaps[1::2])


@pytest.mark.parametrize("form", ["polars", "arrow"])
def test_columns_of_nothing_but_gaps_are_filled(form: str, quick: dict[str, Any]) -> None:
    pl = pytest.importorskip("polars")
    rng = np.random.default_rng(0)
    table = pl.DataFrame({"x": rng.normal(size=200), "city": rng.choice(["Bonn", "Ulm"], 200)})
    imputer = WGANGPImputer(synthesizer=WGANGPSynthesizer(**quick), random_state=0).fit(table)
    for name in table.columns:
        gaps = table.head(5).with_columns(pl.lit(None).alias(name))
        filled = imputer.transform(gaps.to_arrow() if form == "arrow" else gaps)
        filled = pl.from_arrow(filled) if form == "arrow" else filled
        assert filled[name].null_count() == 0
        assert filled[name].dtype == table[name].dtype
