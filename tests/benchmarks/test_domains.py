"""Tables by work class and by hospital: columns, names, units, codes and rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks import domains
from benchmarks.data import HOSPITALS, Dataset
from benchmarks.domains import Domains, adult_domains, as_they_are, heart_domains


def _with_common_names(tables: Domains, domain: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Undo what a regime did to the names and the codes of a domain's rows."""
    meant = {
        name: frame[name].map(tables.codes[domain, name])
        if (domain, name) in tables.codes
        else frame[name]
        for name in frame
    }
    return pd.DataFrame(meant).rename(columns=tables.truth[domain])


def test_each_work_class_lacks_its_columns(small_adult: Dataset) -> None:
    tables = adult_domains("gov", 50, 0).tables
    everything = set(small_adult.train.columns) - {"workclass"}
    for domain, lacking in domains.LACKING.items():
        assert everything - set(tables[domain].columns) - {"age"} == set(lacking)
    assert "age_months" in tables["gov"]
    assert tables["gov"]["age_months"].mod(12).eq(0).all()


def test_the_target_has_few_rows_and_none_are_held_out(small_adult: Dataset) -> None:
    tables = adult_domains("self", 50, 0, part="development")
    assert len(tables.tables["self"]) == 50
    assert len(tables.tables["private"]) == (small_adult.train["workclass"] == "Private").sum()
    rows = tables.tables["self"]["fnlwgt"].astype(str) + tables.tables["self"]["age"].astype(str)
    assert tables.all_target_rows.iloc[:50].equals(tables.tables["self"])
    of_class = small_adult.train["workclass"].isin(domains.WORK_CLASSES["self"]).sum()
    assert len(tables.test) + len(tables.all_target_rows) == of_class
    assert rows.nunique() > 40
    assert not adult_domains("self", 50, 1).tables["self"].equals(tables.tables["self"])


@pytest.mark.parametrize("regime", domains.REGIMES)
def test_truth_and_codes_undo_a_regime(small_adult: Dataset, regime: str) -> None:
    plain = adult_domains("gov", 50, 3, "shifted" if regime == "shifted" else "names shared")
    changed = adult_domains("gov", 50, 3, regime)
    for domain, table in changed.tables.items():
        undone = _with_common_names(changed, domain, table)
        before = _with_common_names(plain, domain, plain.tables[domain])
        assert list(undone.columns) == list(before.columns)
        for name in before:
            if pd.api.types.is_numeric_dtype(before[name]):
                assert np.corrcoef(before[name], undone[name])[0, 1] == pytest.approx(1)
            else:
                assert undone[name].equals(before[name])
    # Held-out rows and all rows of the target are changed alike.
    undone = _with_common_names(changed, "gov", changed.test)
    assert undone["sex"].equals(plain.test["sex"])
    assert list(changed.test.columns) == list(changed.tables["gov"].columns)
    assert changed.all_target_rows[:50].equals(changed.tables["gov"])


def test_what_is_renamed(small_adult: Dataset) -> None:
    def shared(regime: str) -> set[str]:
        first, second, third = adult_domains("gov", 50, 0, regime).tables.values()
        pairs = ((first, second), (first, third), (second, third))
        return {name for one, other in pairs for name in set(one.columns) & set(other.columns)}

    assert shared("no shared names") == {"income"}
    every_name = shared("names shared")
    half = shared("renamed")
    assert half < every_name
    assert len(every_name - half) == 6
    units = adult_domains("gov", 50, 0, "renamed").tables["private"]["private_fnlwgt"]
    plain = adult_domains("gov", 50, 0).tables["private"]["fnlwgt"]
    assert np.allclose(units, plain * 12)


def test_the_shifted_population_is_older(small_adult: Dataset) -> None:
    for target, name, limit in (("gov", "age_months", 600), ("self", "age", 50)):
        tables = adult_domains(target, 50, 0, "shifted")
        for rows in (tables.tables[target], tables.test, tables.all_target_rows):
            assert rows[name].min() > limit
        assert tables.tables["private"]["age"].min() <= 50


def test_as_they_are_has_gaps_where_a_column_lacks(small_adult: Dataset) -> None:
    tables = adult_domains("gov", 50, 0)
    rows = as_they_are(tables)
    assert list(rows.columns) == list(tables.tables["gov"].columns)
    assert len(rows) == sum(map(len, tables.tables.values()))
    assert rows["age_months"].notna().sum() == 50
    assert rows["education.num"].isna().sum() == len(tables.tables["private"])
    assert rows["sex"].notna().all()


def test_a_hospital_keeps_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = dict(zip(HOSPITALS, (200, 150, 80, 130), strict=True))
    monkeypatch.setattr(
        domains,
        "load_hospital",
        lambda name: pd.DataFrame({"age": range(sizes[name]), "disease": "0"}),
    )
    tables = heart_domains("cleveland", 0)
    assert [len(table) for table in tables.tables.values()] == [60, 150, 80, 130]
    assert set(tables.tables["cleveland"]["age"]) | set(tables.test["age"]) == set(range(200))
    assert len(heart_domains("switzerland", 0).tables["switzerland"]) == 40
