"""Rows say that they are synthetic, wherever they go, and a model says what it is."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.exceptions import NotFittedError

from synthwgan import Conditional, WGANGPSynthesizer
from synthwgan.io import read_table
from synthwgan.io.tables import TableWriter


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "key": [f"k{place:04d}" for place in range(60)],
            "size": rng.normal(size=60),
            "a|b": ["rare", "rare", *rng.choice(["x", "<y>"], 58)],
        }
    )


@pytest.fixture
def model(quick, table) -> WGANGPSynthesizer:
    settings = {"conditional": Conditional(max_steps=4), "rare": "mask", "min_category_rows": 3}
    return WGANGPSynthesizer(**quick | settings).fit(table)


def test_all_ways_to_draw_rows_say_so(model, table):
    gaps = table.assign(size=np.nan)
    ways = {
        "drawn": [
            model.sample(3, random_state=5),
            model.sample(3, conditions={"a|b": "x"}, random_state=5),
            *model.sample_iter(5, chunk_size=3, random_state=5),
            *model.sample_iter(5, conditions={"a|b": "x"}, chunk_size=3, random_state=5),
        ],
        "completed": [
            model.sample(conditions=gaps[["a|b"]].iloc[2:4], random_state=5),
            model.impute(gaps.iloc[2:], random_state=5),
        ],
    }
    for origin, frames in ways.items():
        for frame in frames:
            told = frame.attrs["synthetic"]
            assert (told["rows"], told["package"], told["seed"]) == (origin, "synthwgan", 5)
            assert told["model"] == model.digest_
            assert pd.Timestamp(told["date"]) <= pd.Timestamp.now()
    assert gaps.attrs == {}
    assert model.sample(1).attrs["synthetic"]["seed"] is None
    json.dumps(model.sample(1, random_state=np.random.default_rng(0)).attrs)


def test_the_digest_is_that_of_the_weights(model, table, quick, tmp_path):
    model.save(tmp_path / "model.safetensors")
    assert WGANGPSynthesizer.load(tmp_path / "model.safetensors").digest_ == model.digest_
    first = model.digest_
    assert model.set_params(random_state=1).fit(table).digest_ != first
    assert model.set_params(random_state=0).fit(table).digest_ == first


def test_a_parquet_file_keeps_it(model, tmp_path):
    path = tmp_path / "rows.parquet"
    rows = list(model.sample_iter(5, chunk_size=3, random_state=5))
    with TableWriter(path) as writer:
        for chunk in rows:
            writer.write(chunk)
    told = rows[0].attrs["synthetic"]
    assert json.loads(pq.read_schema(path).metadata[b"synthetic"]) == told
    assert read_table(path).attrs == pd.read_parquet(path).attrs == {"synthetic": told}
    with TableWriter(path) as writer:
        writer.write(pd.DataFrame({"real": [1]}))
    assert b"synthetic" not in pq.read_schema(path).metadata


def test_arrays_stay_arrays(quick):
    X = np.random.default_rng(0).normal(size=(40, 2))
    assert type(WGANGPSynthesizer(**quick).fit(X).sample(3)) is np.ndarray


def test_the_card_tells_data_rules_and_privacy(model):
    with pytest.raises(TypeError, match="report must be what `report` returned"):
        model.card("x")
    content = json.loads(model.card().to_json())
    assert content == model.card().to_dict()
    assert [one["kind"] for one in content["data"]["columns"]] == list(
        model.schema_.to_frame().kind
    )
    assert content["model"]["digest"] == model.digest_
    assert content["model"]["settings"]["rare"] == "'mask'"
    assert content["privacy"]["made_anew"] == ["key"]
    notes = " ".join(content["privacy"]["notes"])
    assert "1 category in 2 rows masked" in notes
    assert "not masked" not in notes
    assert "largest numbers are not protected" in notes
    assert content["figures"] is None
    assert content["data"]["n_rows"] == 60
    assert "Learned from 60 rows of 3 columns." in model.card().to_markdown()


def test_the_card_is_markdown_in_which_names_break_nothing(model):
    page = str(model.card())
    lines = [line for line in page.splitlines() if line.startswith("|")]
    assert len(lines) == 5
    # Bars of names are escaped: each row has as many cells as the heading.
    assert {line.replace("\\|", "").count("|") for line in lines} == {6}
    assert "- `rare='mask'`" in page
    assert "No report was made." in page


def test_the_card_has_a_reports_scores(model):
    sections = [
        SimpleNamespace(title="Valid?", score=0.5),
        SimpleNamespace(title="Useful?", score=float("nan")),
    ]
    card = model.card(SimpleNamespace(score=float("nan"), sections=sections))
    figures = json.loads(card.to_json())["figures"]
    assert figures == {"score": None, "sections": {"Valid?": 0.5, "Useful?": None}}
    assert "- Valid?: 50%\n- Useful?: no score" in card.to_markdown()


def test_before_fit_there_is_no_card():
    for ask in (lambda model: model.card(), lambda model: model.digest_):
        with pytest.raises(NotFittedError):
            ask(WGANGPSynthesizer())
