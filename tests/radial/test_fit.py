"""One domain more: it is learnt, and the others stay as they are."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from pandas.testing import assert_frame_equal

from synthwgan import MLP, RadialGANSynthesizer, Residual
from synthwgan.radial.growth import Growth
from synthwgan.table.layout import Layout

SEED = 0
SMALL = {"generator": Residual(width=64), "critic": MLP(width=64), "precision": "float32"}


def people(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    age = rng.integers(25, 85, n)
    smokes = rng.random(n) < 0.4
    risk = 0.12 * (age - 55) + 2.5 * smokes
    ill = np.where(rng.random(n) < 1 / (1 + np.exp(-risk)), "yes", "no")
    return pd.DataFrame(
        {"age": age, "smokes": np.where(smokes, "yes", "no"), "town": "ab", "ill": ill}
    ).assign(town=rng.choice(["x", "y", "z"], n))


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    north, south, east = (people(n, seed) for n, seed in ((300, 1), (200, 2), (80, 3)))
    return {
        "north": north,
        "south": south.drop(columns="town"),
        "east": east.assign(months=12 * east["age"], weight=east["age"] + 20.5).drop(
            columns=["age", "town"]
        ),
    }


@pytest.fixture(scope="module")
def before(tables: dict[str, pd.DataFrame]) -> RadialGANSynthesizer:
    two = {name: tables[name] for name in ("north", "south")}
    return RadialGANSynthesizer(**SMALL, max_steps=60, random_state=SEED).fit(two, target="ill")


@pytest.fixture(scope="module")
def after(before: RadialGANSynthesizer, tables: dict[str, pd.DataFrame]) -> RadialGANSynthesizer:
    return copy.deepcopy(before).add_domain("east", tables["east"])


def test_the_latent_space_of_the_others_stays(before, after, tables):
    for name in ("north", "south"):
        assert np.array_equal(before.encode(tables[name], name), after.encode(tables[name], name))


def test_raw_outputs_of_the_others_stay(before, after):
    old, new = before.sampler_, after.sampler_
    order = sorted(before.union_.domains, key=before.union_.code_of)
    codes = np.array([after.union_.code_of(name) for name in order])
    slots = Growth(before.union_.layout, after.union_.layout, codes).slots
    known = np.flatnonzero(slots >= 0)
    latents = torch.randn(16, old.latent_dim, generator=torch.Generator().manual_seed(0))
    for name in order:
        contexts = (
            sampler._empty(model.union_.code_of(name), 16)
            for sampler, model in ((old, before), (new, after))
        )
        raw, grown = (
            sampler.generator.eval()(latents, context)
            for sampler, context in zip((old, new), contexts, strict=True)
        )
        # Sums of other lengths are rounded in another order.
        assert torch.allclose(raw[:, known], grown[:, slots[known]], atol=1e-5)


def test_rows_with_gaps_of_the_others_stay(before, after, tables):
    assert_frame_equal(
        before.translate(tables["north"], "north", "south", fill=False),
        after.translate(tables["north"], "north", "south", fill=False),
    )


def test_the_new_domain_is_translated_both_ways(after, tables):
    east = after.translate(tables["north"], "north", "east", random_state=0)
    assert list(east.dtypes) == list(tables["east"].dtypes)
    assert (east["months"] == 12 * tables["north"]["age"]).all()
    assert (east["ill"] == tables["north"]["ill"]).all()
    assert east.notna().all(axis=None)
    back = after.translate(east, "east", "north", random_state=0)
    assert (back["age"] == tables["north"]["age"]).all()
    assert set(back["town"]) <= {"x", "y", "z"}


def test_the_new_domain_is_learnt(after, tables):
    own = tables["east"]
    drawn = after.sample(2000, "east", random_state=0)
    # Shares of 2000 rows are within 0.03 of what is drawn from; 80 rows tell them to 0.1.
    assert abs((drawn["ill"] == "yes").mean() - (own["ill"] == "yes").mean()) < 0.1
    # The sick are older, by 15 years or so.
    months = [rows.groupby("ill")["months"].mean() for rows in (own, drawn)]
    gaps = [by_state["yes"] - by_state["no"] for by_state in months]
    assert gaps[0] > 120
    assert gaps[1] > 60


def test_gain_can_be_told(after):
    enlarged = after.augment("east", random_state=0)
    assert len(enlarged) == 580
    assert after.gain_.n_rows == 80


def test_a_loaded_model_takes_a_domain(before, tables, tmp_path: Path):
    path = tmp_path / "model"
    before.save(path)
    loaded = RadialGANSynthesizer.load(path)
    rows = loaded.encode(tables["north"], "north")
    loaded.add_domain("east", tables["east"], random_state=SEED)
    assert loaded.domains_ == ["north", "south", "east"]
    assert np.array_equal(rows, loaded.encode(tables["north"], "north"))
    loaded.save(path)
    again = RadialGANSynthesizer.load(path)
    assert_frame_equal(
        again.sample(50, "east", random_state=1), loaded.sample(50, "east", random_state=1)
    )


def test_what_cannot_be_added(after, before, tables):
    with pytest.raises(ValueError, match="there is a domain 'north' already"):
        before.add_domain("north", tables["north"])
    with pytest.raises(ValueError, match="domain 'west' lacks the target 'ill'"):
        before.add_domain("west", tables["north"].drop(columns="ill"))
    assert before.domains_ == ["north", "south"]


def test_slots_move_with_their_states():
    # The domain's block grows by a state, and a larger block comes before the old ones.
    old = Layout((3, 2, 2), (2,), (1, 0, 2), (-1, -1, 0))
    new = Layout((5, 3, 3, 2), (3,), (1, 2, 3, 0), (-1, -1, 0, -1))
    slots = Growth(old, new, np.array([0, 2])).slots
    column_of = new.slot_columns[slots[slots >= 0]]
    assert column_of.tolist() == old.slot_columns[np.flatnonzero(slots >= 0)].tolist()
    start = new.block_starts[1]
    old_start = old.block_starts[1]
    assert slots[old_start : old_start + 2].tolist() == [start, start + 2]
    assert len(set(slots[slots >= 0])) == (slots >= 0).sum()


def test_twenty_domains():
    many = {f"d{number}": people(30, number) for number in range(20)}
    for number, table in enumerate(many.values()):
        # Every other one counts months, and has a column of its own.
        if number % 2:
            table["months"] = 12 * table.pop("age")
            table[f"own{number}"] = np.arange(30) % 7
    model = RadialGANSynthesizer(
        max_steps=2, generator=Residual(width=16), critic=MLP(width=16), random_state=0
    )
    model.fit(many, target="ill")
    assert model.domains_ == list(many)
    rows = model.translate(many["d0"], "d0", "d19", random_state=0)
    assert list(rows.dtypes) == list(many["d19"].dtypes)
    assert (rows["ill"] == many["d0"]["ill"]).all()
    enlarged = model.augment("d0", random_state=0)
    assert len(enlarged) == 600
