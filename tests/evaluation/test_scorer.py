"""Scorers put synthesizers in order, and scikit-learn's searches choose by them."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_score

from synthwgan import MLP, Residual, WGANGPSynthesizer
from synthwgan.evaluation import make_scorer, wasserstein
from synthwgan.evaluation.scorer import METRICS
from synthwgan.evaluation.sections import detection
from synthwgan.rules import Determines, RuleSet
from synthwgan.table.target import with_target


def table(n_rows: int, seed: int) -> pd.DataFrame:
    """A number, a category that goes with it, one that says half of it, and gaps."""
    rng = np.random.default_rng(seed)
    size = rng.normal(size=n_rows)
    return pd.DataFrame(
        {
            "size": np.where(rng.random(n_rows) < 0.1, np.nan, size),
            "big": np.where(size > 0, "yes", "no"),
            "mood": np.where(size + rng.normal(size=n_rows) > 0, "up", "down"),
        }
    )


class Drawer(BaseEstimator):
    """Draws from the rows it is given: whole rows, columns on their own, or other numbers."""

    def __init__(self, way="rows"):
        self.way = way

    def fit(self, X, y=None):
        self.target_name_ = None if y is None else y.name
        self.rows_ = with_target(X, y, self.target_name_)
        return self

    def sample(self, n_samples, random_state):
        rng = np.random.default_rng(random_state)
        drawn = self.rows_.sample(n_samples, replace=True, random_state=rng)
        if self.way == "columns":
            drawn = drawn.apply(lambda column: rng.permutation(column))
        if self.way == "shifted":
            drawn = drawn.assign(size=drawn["size"] + 2)
        return drawn.reset_index(drop=True)


@pytest.mark.parametrize(
    ("metric", "worse"),
    [
        ("fidelity", "columns"),
        ("fidelity", "shifted"),
        ("columns", "shifted"),
        ("pairs", "columns"),
        ("detection", "columns"),
        ("detection", "shifted"),
        ("utility", "columns"),
    ],
)
def test_better_rows_score_higher(metric, worse, monkeypatch):
    # Few trees find what is planted here.
    monkeypatch.setattr(detection, "N_TREES", 20)
    scorer = make_scorer(metric, "big")
    train, held_out = table(600, 0), table(300, 1)
    good, bad = (scorer(Drawer(way).fit(train), held_out) for way in ("rows", worse))
    assert 0 <= bad < good - 0.1 < good <= 1
    assert scorer(Drawer(worse).fit(train), held_out) == bad


def test_what_is_right_in_single_columns_is_so_whatever_lies_between():
    train, held_out = table(600, 0), table(300, 1)
    fitted = [Drawer(way).fit(train) for way in ("rows", "columns")]
    assert min(make_scorer("columns")(one, held_out) for one in fitted) > 0.9
    assert make_scorer("pairs")(Drawer("columns").fit(train), held_out) < 0.2


def test_gaps_count():
    train, held_out = table(600, 0), table(300, 1)
    no_gaps = Drawer().fit(train.dropna())
    lost = make_scorer("columns")(Drawer().fit(train), held_out)
    lost -= make_scorer("columns")(no_gaps, held_out)
    assert 0.02 < lost < 0.06


def test_a_column_without_a_partner_has_fidelity_but_no_pairs():
    train, held_out = table(200, 0)[["mood"]], table(100, 1)[["mood"]]
    assert make_scorer()(Drawer().fit(train), held_out) > 0.8
    with pytest.raises(ValueError, match="two columns"):
        make_scorer("pairs")(Drawer().fit(train), held_out)


def test_a_target_given_as_y_is_one_more_column():
    train, held_out = table(400, 0), table(200, 1)
    fitted = Drawer().fit(train.drop(columns="big"), train["big"])
    X, y = held_out.drop(columns="big"), held_out["big"]
    scorer = make_scorer("utility")
    assert scorer(fitted, X, y) > 0.9
    assert scorer(fitted, X, y) == scorer(fitted, held_out[[*X.columns, "big"]])
    with pytest.raises(ValueError, match="scored with y"):
        scorer(fitted, X)


def test_own_functions_see_the_held_out_rows_and_drawn_ones():
    train, held_out = table(400, 0), table(200, 1)
    seen = []

    def distance(real, synthetic):
        seen.append((real, synthetic))
        return wasserstein(real["size"].dropna(), synthetic["size"].dropna())

    scorer = make_scorer(distance, greater_is_better=False, n_samples=50)
    scores = [scorer(Drawer(way).fit(train), held_out) for way in ("rows", "shifted")]
    assert scores[1] < scores[0] - 1 < 0
    assert all(real.equals(held_out) and len(synthetic) == 50 for real, synthetic in seen)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metric": "fidelty"}, "metric must be a function or one of 'fidelity'"),
        ({"metric": "pairs", "greater_is_better": False}, "more of 'pairs' is better"),
        ({"n_samples": 0}, "n_samples must be an integer >= 1 or None, got 0"),
        ({"n_samples": 2.5}, "n_samples must be an integer >= 1 or None, got 2.5"),
    ],
)
def test_what_cannot_be_measured_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_scorer(**arguments)


def test_errors_name_what_is_missing():
    fitted, held_out = Drawer().fit(table(100, 0)), table(50, 1)
    with pytest.raises(ValueError, match="say which, as in target='income'"):
        make_scorer("utility")(fitted, held_out)
    with pytest.raises(ValueError, match="'huge' is none of the compared columns: 'size', 'big'"):
        make_scorer("utility", "huge")(fitted, held_out)
    with pytest.raises(TypeError, match="int has no sample"):
        make_scorer()(3, held_out)


@pytest.mark.parametrize("metric", METRICS)
def test_scorers_can_be_pickled(metric):
    scorer = make_scorer(metric, "big")
    assert pickle.loads(pickle.dumps(scorer)) == scorer


def quick():
    return WGANGPSynthesizer(
        max_steps=5,
        conditional=False,
        rejection=None,
        rules=None,
        calibrate=False,
        generator=Residual(latent_dim=8, width=32),
        critic=MLP(width=32),
        random_state=0,
    )


def test_a_search_chooses_the_better_of_two_settings():
    search = GridSearchCV(quick(), {"max_steps": [40, 1]}, scoring=make_scorer("pairs"), cv=2)
    search.fit(table(400, 0))
    few, many = search.cv_results_["mean_test_score"][::-1]
    assert search.best_params_ == {"max_steps": 40}
    assert many > few + 0.1
    assert search.score(table(200, 1)) > few


def test_searches_take_a_synthesizers_own_score():
    space = {"batch_size": [32, 64], "objective__n_critic": [1, 2]}
    search = RandomizedSearchCV(quick(), space, n_iter=2, cv=2, random_state=0, refit=False)
    search.fit(table(100, 0))
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_score_is_the_scorer_of_the_same_rows():
    train = table(200, 0)
    X, y = train.drop(columns="big"), train["big"]
    fitted = quick().fit(X, y)
    assert fitted.score(X, y) == make_scorer("fidelity")(fitted, X, y)
    assert 0 < fitted.score(X, y) < 1
    folds = cross_val_score(quick(), X, y, cv=2, scoring=make_scorer("utility"))
    assert ((folds >= 0) & (folds <= 1)).all()


def test_a_target_that_a_rule_tells_is_warned_of():
    train = table(100, 0)
    drawer = Drawer().fit(train)
    drawer.rules_ = RuleSet([Determines("size", "big")])
    with pytest.warns(
        UserWarning, match="'size determines big' tells, in all rows or some, what 'big' is"
    ):
        make_scorer("utility", "big")(drawer, table(100, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_scorer("utility", "mood")(drawer, table(100, 1))


def test_arrays_are_scored_as_tables():
    X = np.random.default_rng(0).normal(size=(100, 2))
    fitted = quick().fit(X)
    assert 0 < fitted.score(X) < 1
    with pytest.raises(ValueError, match="X has 1 features, but WGANGPSynthesizer is expecting 2"):
        fitted.score(X[:, :1])


def test_a_fitted_column_that_lacks_is_named():
    years = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=[2019, 2020, 2021])
    model = WGANGPSynthesizer(max_steps=1, conditional=False, random_state=0).fit(years)
    assert 0 <= model.score(years) <= 1
    with pytest.raises(ValueError, match="X lacks column 2021"):
        model.score(years.drop(columns=2021))
