"""Pairs of states that rules forbid, or make doubtful."""

import numpy as np
import pandas as pd

from synthwgan.rules import Determines
from synthwgan.table import TableTransformer


def shops() -> pd.DataFrame:
    """Cities and codes of shops, both of which tell the country."""
    rng = np.random.default_rng(0)
    country = rng.integers(0, 3, 2000)
    city, code = (country + 3 * rng.integers(0, most, 2000) for most in (4, 8))
    return pd.DataFrame(
        {
            "city": np.array([f"city {k:02d}" for k in range(12)])[city],
            "code": np.array([f"code {k:02d}" for k in range(24)])[code],
            "country": np.array(["A", "B", "C"])[country],
            "x": rng.normal(size=2000),
        }
    )


def named(transformer: TableTransformer, pairs: np.ndarray) -> set[tuple[str, ...]]:
    """Return pairs of slots as what they stand for."""
    labels = {}
    layout = transformer.layout_
    parts = [column.parts[0] for _, column in transformer.reduction_.learned]
    for part, block in zip(parts, layout.column_blocks, strict=True):
        for state, label in enumerate(part.state_labels() if block >= 0 else []):
            labels[int(layout.block_starts[block]) + state] = label
    return {tuple(sorted((labels[one], labels[other]))) for one, other in pairs.tolist()}


def test_states_that_compute_different_cells_of_a_third_column_never_meet():
    real = shops()
    transformer = TableTransformer(rules="auto", random_state=0).fit(real)
    assert "country" not in [name for name, _ in transformer.reduction_.learned]
    found = named(transformer, transformer.impossible_pairs())
    expected = {
        (f"city {city:02d}", f"code {code:02d}")
        for city in range(12)
        for code in range(24)
        if city % 3 != code % 3
    }
    assert found == expected


def test_what_rare_categories_share_is_any_of_them():
    real = shops()
    transformer = TableTransformer(rules="auto", max_categories=20, random_state=0).fit(real)
    found = named(transformer, transformer.impossible_pairs())
    assert found
    assert not any("<rare>" in pair for pair in found)


def test_a_look_up_with_exceptions_makes_pairs_doubtful():
    real = shops()
    real.loc[0, "country"] = "A" if real.loc[0, "country"] != "A" else "B"
    rule = Determines("code", "country", tolerate=0.01)
    transformer = TableTransformer(rules=[rule], max_categories=10, random_state=0).fit(real)
    assert not len(transformer.impossible_pairs())
    found = named(transformer, transformer.doubtful_pairs())
    own = transformer.columns_[1].levels
    country = real.groupby("code")["country"].agg(lambda cells: cells.mode()[0])
    assert found == {
        tuple(sorted((code, other))) for code in own for other in "ABC" if other != country[code]
    }
