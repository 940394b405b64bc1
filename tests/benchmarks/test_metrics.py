"""Each figure of the benchmarks is good on good rows and bad on broken ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from benchmarks import data, fidelity
from benchmarks.data import Dataset
from benchmarks.metrics import METRICS

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


def test_detection_takes_categories_that_the_real_rows_lack(dataset: Dataset) -> None:
    pytest.importorskip("sdmetrics")
    unknown = rows(2).assign(city="elsewhere")
    assert 0 <= figures("c2st_lr", unknown, dataset)["c2st_lr"] < 0.9


def test_efficacy(dataset: Dataset) -> None:
    good = figures("mle", rows(2), dataset)
    assert good["mle_real"] > 0.85
    assert good["mle"] == pytest.approx(good["mle_real"], abs=0.03)
    assert figures("mle", shuffled(dataset.train), dataset)["mle"] < 0.65
    assert figures("mle", rows(2).assign(label="yes"), dataset)["mle"] == 0.5


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
        for frame in (dataset.train, dataset.test, rows(2))
    ]
    gaps = Dataset("gaps", holey[0], holey[1], dataset.numeric, dataset.categorical, "label")
    for name, metric in METRICS.items():
        for value in metric(holey[0], holey[1], holey[2], gaps).values():
            assert np.isfinite(value), name


def test_a_run_is_written_and_tabled(tmp_path: Path, monkeypatch, capsys, dataset: Dataset) -> None:
    monkeypatch.setattr(fidelity, "load", lambda name, seed: dataset)
    arguments = ["adult", "--model", "bootstrap", "--seeds", "0", "1", "--params", "width=3"]
    arguments += ["--metrics", "dcr", "copies", "--results", str(tmp_path)]
    fidelity.main(arguments)
    results = [json.loads(path.read_text()) for path in sorted(tmp_path.glob("*.json"))]
    assert [result["seed"] for result in results] == [0, 1]
    assert results[0]["params"] == {"width": 3}
    assert results[0]["n_synthetic"] == fidelity.MIN_SYNTHETIC_ROWS
    assert results[0]["figures"]["copies"] == 1.0
    assert results[0]["machine"]["versions"]["torch"]
    fidelity.main(["--table", "--results", str(tmp_path)])
    *_, row, _, measured = capsys.readouterr().out.strip().splitlines()
    assert row.startswith("| adult | bootstrap | width=3 | 2 |")
    assert measured.startswith(f"Measured {results[0]['date'][:10]} on ")


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
