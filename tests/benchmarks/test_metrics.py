"""Each figure of the benchmarks is good on good rows and bad on broken ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from benchmarks import metrics
from benchmarks.data import Dataset
from benchmarks.judge import METRIC_NAMES
from benchmarks.metrics import METRICS, plain
from synthwgan.evaluation.sections.manifold import alpha_beta

N_ROWS = 1000


def rows(seed: int, n_rows: int = N_ROWS) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    # Bounded, because sdmetrics bins each table by its own extremes.
    size = rng.uniform(-1, 1, size=n_rows)
    weight = size**2 + rng.uniform(-0.1, 0.1, size=n_rows)
    label = np.where(weight + rng.normal(scale=0.1, size=n_rows) > 0.35, "yes", "no")
    city = rng.choice(["a", "b", "c"], p=[0.6, 0.3, 0.1], size=n_rows)
    frame = pd.DataFrame({"size": size, "weight": weight, "city": city, "label": label})
    return frame.astype({"city": object, "label": object})


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """On a busy machine the threads of boosted trees wait for each other."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return Dataset("toy", rows(0), rows(1), ("size", "weight"), ("city", "label"), "label")


def figures(metric: str, synthetic: pd.DataFrame, dataset: Dataset) -> dict[str, float]:
    return METRICS[metric](dataset.train, dataset.test, synthetic, dataset)


def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return frame.apply(lambda column: rng.permutation(column.to_numpy()))


def test_a_detective_on_held_out_rows_is_not_fooled_by_copies(dataset: Dataset) -> None:
    pytest.importorskip("xgboost")
    areas = {
        "fresh": rows(2, 5 * N_ROWS),
        "false": shuffled(rows(2, 5 * N_ROWS)),
        "copies": dataset.train.sample(5 * N_ROWS, replace=True, random_state=0),
    }
    found = {
        name: figures("held_out", synthetic, dataset)["held_out_auc"]
        for name, synthetic in areas.items()
    }
    # 1000 rows among 4000 have a standard error of 0.01.
    assert found["fresh"] == pytest.approx(0.5, abs=0.03)
    assert found["false"] > 0.8
    assert found["copies"] > 0.48
    with pytest.raises(ValueError, match="--force"):
        figures("held_out", dataset.train, dataset)


def test_shape_and_trend_error(dataset: Dataset) -> None:
    pytest.importorskip("sdmetrics")
    good = figures("quality", rows(2), dataset)
    assert good["shape_err"] < 4
    assert good["trend_err"] < 8
    independent = figures("quality", shuffled(dataset.train), dataset)
    assert independent["shape_err"] == pytest.approx(0)
    assert independent["trend_err"] > 2 * good["trend_err"]
    moved = dataset.train.assign(size=dataset.train["size"] + 1)
    assert figures("quality", moved, dataset)["shape_err"] > 8


def test_logistic_detection(dataset: Dataset) -> None:
    pytest.importorskip("sdmetrics")
    assert figures("c2st_lr", rows(2), dataset)["c2st_lr"] > 0.9
    moved = dataset.train.assign(size=dataset.train["size"] + 1)
    assert figures("c2st_lr", moved, dataset)["c2st_lr"] < 0.6


def test_boosted_detection_sees_what_marginals_hide(dataset: Dataset) -> None:
    assert figures("c2st_gb", rows(2), dataset)["c2st_gb"] == pytest.approx(0.5, abs=0.05)
    assert figures("c2st_gb", shuffled(dataset.train), dataset)["c2st_gb"] > 0.8


def test_xgboost_detection(dataset: Dataset) -> None:
    pytest.importorskip("sdmetrics")
    pytest.importorskip("xgboost")
    assert figures("c2st_xgb", rows(2), dataset)["c2st_xgb"] > 0.88
    assert figures("c2st_xgb", shuffled(dataset.train), dataset)["c2st_xgb"] < 0.4


def test_lightgbm_detection(dataset: Dataset) -> None:
    pytest.importorskip("lightgbm")
    assert figures("c2st_lgbm", rows(2), dataset)["c2st_lgbm"] > 0.88
    assert figures("c2st_lgbm", shuffled(dataset.train), dataset)["c2st_lgbm"] < 0.4


def test_detection_takes_categories_that_the_real_rows_lack(dataset: Dataset) -> None:
    pytest.importorskip("sdmetrics")
    unknown = rows(2).assign(city="elsewhere")
    assert 0 <= figures("c2st_lr", unknown, dataset)["c2st_lr"] < 0.9


def test_efficacy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "N_BOOSTERS", 1)
    # Of 500 rows the two differ by 0.01 at most, over seeds.
    train, test, fresh = (rows(seed, 500) for seed in range(3))
    dataset = Dataset("toy", train, test, ("size", "weight"), ("city", "label"), "label")
    good = figures("mle", fresh, dataset)
    assert good["mle_real"] > 0.85
    assert good["mle"] == pytest.approx(good["mle_real"], abs=0.03)
    assert figures("mle", shuffled(train), dataset)["mle"] < 0.65
    assert figures("mle", fresh.assign(label="yes"), dataset)["mle"] == 0.5


def test_efficacy_of_a_regression() -> None:
    numbers = Dataset(
        "toy", rows(0), rows(1), ("size", "weight"), ("city", "label"), "weight", "regression"
    )
    assert figures("mle", rows(2), numbers)["mle"] > 0.7
    assert figures("mle", shuffled(rows(2)), numbers)["mle"] < 0.2


def test_distance_to_training_rows(dataset: Dataset) -> None:
    assert figures("dcr", rows(2), dataset)["dcr_share"] == pytest.approx(0.5, abs=0.05)
    nearly = dataset.train.assign(size=dataset.train["size"] + 1e-4)
    assert figures("dcr", nearly, dataset)["dcr_share"] > 0.95


def test_exact_copies(dataset: Dataset) -> None:
    fresh = figures("copies", rows(2), dataset)
    assert fresh == {"copies": 0.0, "copies_test": 0.0}
    half = pd.concat([rows(2).head(500), dataset.train.head(500)])
    assert figures("copies", half, dataset)["copies"] == 0.5


def test_missing_cells_are_taken_by_every_metric(dataset: Dataset) -> None:
    pytest.importorskip("sdmetrics")
    pytest.importorskip("xgboost")
    holey = [
        frame.mask(np.random.default_rng(0).random(frame.shape) < 0.1)
        for frame in (dataset.train.head(200), dataset.test.head(200), rows(2, 400))
    ]
    gaps = Dataset("gaps", holey[0], holey[1], dataset.numeric, dataset.categorical, "label")
    assert all(frame.isna().any().all() for frame in holey)
    for name, metric in METRICS.items():
        for value in metric(holey[0], holey[1], holey[2], gaps).values():
            assert np.isfinite(value), name


def test_alpha_precision_and_beta_recall_of_points() -> None:
    rng = np.random.default_rng(0)
    real, fresh = rng.normal(size=(2, 2000, 3))
    precision, recall = alpha_beta(real, fresh)
    assert precision == pytest.approx(1, abs=0.05)
    assert recall == pytest.approx(0.5, abs=0.05)
    precision, recall = alpha_beta(real, real[rng.integers(2000, size=2000)])
    assert precision == pytest.approx(1, abs=0.05)
    assert recall > 0.6
    assert alpha_beta(real, real)[1] == pytest.approx(1, abs=0.01)


def test_alpha_precision_and_beta_recall_fall_with_what_they_ask_for() -> None:
    rng = np.random.default_rng(0)
    real, fresh = rng.normal(size=(2, 2000, 3))
    precision, recall = alpha_beta(real, fresh + 5)
    assert precision < 0.1
    assert recall < 0.1
    in_the_middle = 0.1 * fresh
    precision, recall = alpha_beta(real, in_the_middle)
    assert precision < 0.3
    assert recall < 0.3


def test_alpha_precision_by_hand() -> None:
    """All at the centre: every share is 1, so the mean difference to the levels is a half."""
    real = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    precision, _ = alpha_beta(real, np.zeros((4, 1)))
    assert precision == pytest.approx(0)


def test_alpha_and_beta_of_rows(dataset: Dataset) -> None:
    good = figures("alpha_beta", rows(2), dataset)
    assert good["alpha_precision"] > 0.9
    assert good["beta_recall"] == pytest.approx(0.5, abs=0.1)
    moved = figures("alpha_beta", rows(2).assign(size=5.0), dataset)
    assert moved["alpha_precision"] < 0.1


def test_every_metric_has_a_name_on_the_command_line() -> None:
    assert tuple(METRICS) == METRIC_NAMES


def test_rows_become_plain() -> None:
    codes = [f"c{i}" for i in range(300)]
    train = pd.DataFrame(
        {
            "day": pd.to_datetime(["2013-01-01"] * 299 + ["2013-01-03"]),
            "code": codes[:200] + codes[:100],
            "many": codes,
        }
    )
    table = Dataset("toy", train, train, (), ("code", "many"), "code", dates=("day",))
    synthetic = train.assign(code=train["code"].astype("string"), many="unseen")
    dataset, judged = plain(table, synthetic)
    assert dataset.numeric == ("day",)
    assert judged["day"].tolist()[-2:] == [0.0, 2.0]
    assert judged["code"].tolist() == train["code"].tolist()
    assert dataset.train["many"].nunique() == 201
    assert set(judged["many"]) == {"<other>"}
    assert train["many"].nunique() == 300
