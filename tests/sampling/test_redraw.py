"""Numbers drawn again follow the rest of their row; what is given or lacks a number stays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeRegressor

from synthwgan import WGANGPSynthesizer
from synthwgan.sampling import growing
from synthwgan.sampling.growing import MIN_LEAF_ROWS, MIN_ROWS, grow, n_rows_for
from synthwgan.sampling.redraw import Redraw
from synthwgan.table.layout import EncodedTable, Layout

# Three states, a gate, a gated value and a free one.
LAYOUT = Layout((3, 2), (1, -1), (0, 1, -1), (-1, 0, 1))


def table(n_rows: int, *, is_dependent: bool, seed: int = 0) -> EncodedTable:
    """The free value is the state's, if values depend; the gated one is the free one's square."""
    rng = np.random.default_rng(seed)
    codes = np.stack([rng.integers(0, 3, n_rows), rng.integers(0, 2, n_rows)], axis=1)
    means, noise = codes[:, 0] - 1.0, rng.normal(size=(2, n_rows))
    free = means + 0.3 * noise[0] if is_dependent else rng.permutation(means) + 0.3 * noise[0]
    gated = free**2 - 1 + 0.1 * noise[1] if is_dependent else rng.permutation(free**2) - 1
    gated = np.where(codes[:, 1] == 0, gated, 0.0)
    return EncodedTable(codes.astype(np.uint8), np.stack([gated, free], 1).astype(np.float32))


@pytest.fixture(scope="module")
def redraw() -> Redraw:
    return grow(table(4000, is_dependent=True), LAYOUT, 4000, seed=0)


def uniform(rows: EncodedTable, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).random(rows.values.T.shape)


def errors(rows: EncodedTable) -> tuple[float, float]:
    """How far numbers lie from what their rows say, in absolute means."""
    gated, free = rows.values.T
    has_gated = rows.codes[:, 1] == 0
    return (
        float(np.abs(free - (rows.codes[:, 0] - 1.0)).mean()),
        float(np.abs(gated - (free**2 - 1))[has_gated].mean()),
    )


def test_independent_numbers_get_the_tables_dependence(redraw):
    before = table(20_000, is_dependent=False, seed=5)
    once = redraw(before, uniform(before))
    after = redraw(once, uniform(once, 2))
    goal, at_first, in_the_end = map(
        errors, (table(20_000, is_dependent=True, seed=6), before, after)
    )
    # The first column is drawn from a number that is not its row's yet, which a sweep mends.
    for best, far, near in zip(goal, at_first, in_the_end, strict=True):
        assert near < best + (far - best) / 5, (best, far, near)
    np.testing.assert_array_equal(after.codes, before.codes)
    assert (after.values[before.codes[:, 1] == 1, 0] == 0).all()
    assert after.values.dtype == np.float32


def test_the_distribution_of_the_tables_own_rows_stays(redraw):
    """The trees' conditionals are the table's, so that a sweep of its rows changes no margin."""
    rows = table(20_000, is_dependent=True, seed=7)
    after = redraw(rows, uniform(rows))
    for value, is_on in enumerate([rows.codes[:, 1] == 0, np.ones(20_000, dtype=bool)]):
        levels = np.linspace(0.02, 0.98, 25)
        real, drawn = (np.quantile(r.values[is_on, value], levels) for r in (rows, after))
        # Quantiles of 10,000 rows have errors of some 0.02, and those of 4000 in trees 0.03.
        assert np.abs(real - drawn).max() < 0.12


def test_rows_fall_into_scikit_learns_leaves(monkeypatch):
    monkeypatch.setattr(growing, "N_TREES", 1)
    monkeypatch.setattr(growing, "FEATURE_SHARE", 1.0)
    rows = table(2000, is_dependent=True)
    redraw = grow(rows, LAYOUT, 2000, seed=0)
    others = np.hstack([rows.codes, rows.values[:, :1]]).astype(np.float32)
    theirs = DecisionTreeRegressor(min_samples_leaf=MIN_LEAF_ROWS, random_state=0)
    leaves = theirs.fit(others, rows.values[:, 1]).apply(others)
    # The lowest and the highest score of each row's leaf; a score moves by four ranks at most.
    low, high = (
        redraw(rows, np.full((2, 2000), at), np.tile([False, True, False], (2000, 1))).values[:, 1]
        for at in (0.0, 1 - 1e-9)
    )
    order = np.sort(rows.values[:, 1])
    for leaf in np.unique(leaves):
        inside = rows.values[leaves == leaf, 1]
        places = np.searchsorted(order, [inside.min(), inside.max()])
        near = order[np.clip([places[0] - 2, places[0] + 2, places[1] - 2, places[1] + 2], 0, 1999)]
        assert np.ptp(low[leaves == leaf]) == 0
        assert near[0] - 0.6 < low[leaves == leaf][0] < near[1] + 0.6
        assert near[2] - 0.6 < high[leaves == leaf][0] < near[3] + 0.6


def test_given_cells_stay(redraw):
    rows = table(3000, is_dependent=False)
    given = np.zeros((3000, 3), dtype=bool)
    given[:1000, 1] = True
    given[1000:2000, 2] = True
    after = redraw(rows, uniform(rows), given)
    is_same = after.values == rows.values
    assert is_same[:1000, 0].all()
    assert is_same[1000:2000, 1].all()
    assert not is_same[2000:, 1].any()


def test_no_score_is_one_of_the_tables(redraw):
    rows = table(4000, is_dependent=True)
    # Two floats may be the same by chance, and the outermost score is bounded.
    assert np.isin(redraw.scores, rows.values).mean() < 0.002


def test_what_has_too_few_numbers_is_left(monkeypatch):
    few = table(MIN_ROWS - 1, is_dependent=True)
    assert n_rows_for(few, LAYOUT) == 0
    enough = table(MIN_ROWS, is_dependent=True)
    assert n_rows_for(enough, LAYOUT) == MIN_ROWS
    # Half of the rows have no gated value: their number is left as it is.
    redraw = grow(enough, LAYOUT, MIN_ROWS, seed=0)
    assert (redraw.roots[0] == -1).all()
    assert (redraw.roots[1] >= 0).all()
    constant = EncodedTable(enough.codes, np.zeros_like(enough.values))
    assert grow(constant, LAYOUT, MIN_ROWS, seed=0) is None
    assert n_rows_for(enough, Layout((3, 2), (), (0, 1), (-1, -1))) == 0
    assert n_rows_for(enough, Layout((), (-1,), (-1,), (0,))) == 0


def test_rows_are_bounded_by_time_and_width():
    rows = table(5000, is_dependent=True)
    assert n_rows_for(rows, LAYOUT, seconds=0.05) == 0.05 * growing.CELLS_PER_SECOND // 40
    assert n_rows_for(rows, LAYOUT, seconds=0.0) == 0
    wide = Layout((), (-1,) * 300, (-1,) * 300, tuple(range(300)))
    assert n_rows_for(rows, wide) == growing.MAX_CELLS // (32 * 300 * 5)
    redraw = grow(rows, LAYOUT, 2000, seed=0)
    assert len(redraw.scores) < 5 * (2000 + 2000)


def test_arrays_come_back(redraw):
    rows = table(500, is_dependent=False)
    again = Redraw.from_arrays(LAYOUT, redraw.to_arrays())
    np.testing.assert_array_equal(
        again(rows, uniform(rows)).values, redraw(rows, uniform(rows)).values
    )


def _changed(array: np.ndarray, at: int, to: Any) -> np.ndarray:
    array = array.copy()
    array.flat[at] = to
    return array


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("roots", lambda r: r.roots[:, :0]),
        ("roots", lambda r: r.roots[:1]),
        ("roots", lambda r: _changed(r.roots, 0, -1)),
        ("roots", lambda r: _changed(r.roots, 0, len(r.features))),
        ("features", lambda r: _changed(r.features, 0, 4)),
        ("features", lambda r: _changed(r.features, 0, -1)),
        ("thresholds", lambda r: _changed(r.thresholds, 0, np.nan)),
        ("thresholds", lambda r: r.thresholds[1:]),
        ("thresholds", lambda r: np.minimum(r.thresholds, np.float32(9))),
        # A circle would never end.
        ("children", lambda r: _changed(r.children, 1, 0)),
        ("children", lambda r: _changed(r.children, 0, len(r.children) - 1)),
        ("children", lambda r: _changed(r.children, 0, 0)),
        ("starts", lambda r: _changed(r.starts, -1, r.starts[-1] + 1)),
        ("starts", lambda r: r.starts[::-1].copy()),
        ("scores", lambda r: _changed(r.scores, 0, np.inf)),
        ("scores", lambda r: r.scores[1:]),
    ],
)
def test_arrays_that_do_not_fit_are_refused(redraw, name, change):
    with pytest.raises(ValueError, match="do not fit together"):
        replace(redraw, **{name: change(redraw)})


def test_arrays_of_another_type_are_refused(redraw):
    arrays = redraw.to_arrays()
    arrays["redraw.scores"] = arrays["redraw.scores"].astype(np.float64)
    with pytest.raises(TypeError, match="scores"):
        Redraw.from_arrays(LAYOUT, arrays)


# In a model


def curve(n_rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-3, 3, n_rows)
    return pd.DataFrame({"x": x, "y": np.sin(3 * x) + 0.05 * rng.normal(size=n_rows)})


def off_curve(rows: pd.DataFrame) -> float:
    return float((rows["y"] - np.sin(3 * rows["x"])).abs().mean())


@pytest.fixture(scope="module")
def models(quick: dict[str, Any]) -> dict[Any, WGANGPSynthesizer]:
    options = quick | {"max_steps": 60}
    return {
        how: WGANGPSynthesizer(**options | {"calibrate": how}).fit(curve(2000, 0))
        for how in (True, "margins")
    }


def test_a_model_draws_nearer_to_a_curve_than_its_networks_do(models):
    """Sixty steps of a small network know the margins at best; a leaf of ten rows is narrow."""
    far, near = (off_curve(models[how].sample(4000, random_state=1)) for how in ("margins", True))
    assert near < far / 2


def test_a_condition_keeps_its_number_and_draws_the_other_by_it(models):
    far, near = (
        models[how].sample(500, conditions={"x": 0.5}, random_state=1) for how in ("margins", True)
    )
    assert (near["x"] == 0.5).all()
    assert off_curve(near) < off_curve(far) / 2


def test_a_loaded_model_draws_the_same(models, tmp_path):
    for how, model in models.items():
        model.save(tmp_path / "model")
        loaded = WGANGPSynthesizer.load(tmp_path / "model")
        assert loaded.calibrate == how
        pd.testing.assert_frame_equal(
            loaded.sample(50, random_state=2), model.sample(50, random_state=2)
        )
        pd.testing.assert_frame_equal(
            loaded.sample(9, conditions={"x": 1.0}, random_state=2),
            model.sample(9, conditions={"x": 1.0}, random_state=2),
        )
