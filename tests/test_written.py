"""Numbers in text, from end to end: learned, conditioned on, given, compared, carried over."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from synthwgan import MLP, RadialGANSynthesizer, Residual, WGANGPSynthesizer

N_ROWS = 600


@pytest.fixture(scope="module")
def bills() -> pd.DataFrame:
    """Months, a monthly charge and their product as text, blank where there are no months."""
    rng = np.random.default_rng(0)
    months = rng.integers(0, 73, N_ROWS)
    monthly = rng.uniform(18, 119, N_ROWS).round(2)
    total = (months * monthly * rng.normal(1, 0.02, N_ROWS)).round(2)
    return pd.DataFrame(
        {
            "months": months,
            "monthly": [f"${charge:.2f}" for charge in monthly],
            "total": np.where(months == 0, " ", total.astype(str)),
        }
    )


@pytest.fixture(autouse=True, scope="module")
def fits_are_hasty(hasty: None) -> None:
    """Let no test wait for a calibration that it does not look at."""


@pytest.fixture(scope="module")
def model(bills: pd.DataFrame) -> WGANGPSynthesizer:
    return WGANGPSynthesizer(
        max_steps=60,
        generator=Residual(width=64),
        critic=MLP(width=64),
        rejection=None,
        random_state=0,
    ).fit(bills)


def test_the_total_goes_with_what_it_is_the_product_of(model: WGANGPSynthesizer) -> None:
    assert [column.kind for column in model.schema_] == ["numeric"] * 3
    rows = model.sample(1500, random_state=1)
    total = pd.to_numeric(rows["total"], errors="coerce")
    assert set(rows["total"][total.isna()]) <= {" "}
    product = rows["months"] * pd.to_numeric(rows["monthly"].str.removeprefix("$"))
    # As categories, most of them in the rare state, they say next to nothing of each other: the
    # correlation is at most 0.15 after as many steps. Ranks of numbers have 0.9, for two seeds.
    assert np.corrcoef(total.fillna(0), product)[0, 1] > 0.7
    assert rows["monthly"].str.fullmatch(r"\$\d+\.\d\d").all()


def test_conditions_and_given_cells(model: WGANGPSynthesizer, bills: pd.DataFrame) -> None:
    rows = model.sample(30, conditions={"monthly": (50, "$60.00")}, random_state=0)
    assert pd.to_numeric(rows["monthly"].str.removeprefix("$")).between(50, 60).all()
    rows = model.sample(5, conditions={"total": " "}, random_state=0)
    assert set(rows["total"]) == {" "}
    gaps = bills.head(40).assign(months=pd.array([None] * 40, dtype="Int64"))
    filled = model.impute(gaps, random_state=0)
    assert filled["total"].tolist() == gaps["total"].tolist()
    assert filled["monthly"].tolist() == gaps["monthly"].tolist()


def test_a_saved_model_draws_the_same(model: WGANGPSynthesizer, tmp_path: object) -> None:
    model.save(tmp_path / "m.safetensors")
    loaded = WGANGPSynthesizer.load(tmp_path / "m.safetensors")
    expected = model.sample(50, random_state=3)
    pd.testing.assert_frame_equal(loaded.sample(50, random_state=3), expected)


def test_a_report_compares_them_as_numbers(bills: pd.DataFrame) -> None:
    from synthwgan.evaluation import Tables

    tables = Tables.of(bills, bills.sample(200, random_state=0))
    assert [column.kind for column in tables.columns] == ["number"] * 3
    assert tables.real["monthly"][0] == float(bills["monthly"][0].removeprefix("$"))
    blank = (bills["total"] == " ").to_numpy()
    assert np.array_equal(np.isnan(tables.real["total"]), blank)
    assert any("'total'" in note and "count as missing" in note for note in tables.notes)


def test_several_tables_share_what_is_written_otherwise(bills: pd.DataFrame) -> None:
    other = bills.assign(monthly=bills["monthly"].str.removeprefix("$").astype(float))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        radial = RadialGANSynthesizer(max_steps=5, random_state=0).fit(
            {"north": bills, "south": other}
        )
    rows = radial.translate(other.head(20), "south", "north")
    assert rows["monthly"].tolist() == bills["monthly"].head(20).tolist()
    rows = radial.translate(bills.head(20), "north", "south")
    assert rows["monthly"].tolist() == other["monthly"].head(20).tolist()
