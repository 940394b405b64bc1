"""Rules that are declared as public: all rows keep them, and no row of the table teaches them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from synthwgan import Domain, PrivateSynthesizer
from synthwgan.cli import app
from synthwgan.private import rules as room
from synthwgan.private.columns import Column
from synthwgan.private.particles import Effort
from synthwgan.private.storage import Stored
from synthwgan.rules import (
    Bands,
    Combinations,
    Custom,
    Determines,
    Function,
    MissingTogether,
    MissingWhere,
    OneHot,
    Order,
    Product,
    Rule,
    RuleSet,
    Sum,
    Unique,
    ValueWhere,
)
from synthwgan.table.rules.columns import Column as RuleColumn

CHEAP: dict[str, Any] = {"n_particles": 40, "max_steps": 30}
RULES = [
    Sum("total", ["net", "tax"]),
    Product("net", ["n", "price"]),
    Order("start", "<=", "end"),
    Function("month", of="start", part="month"),
    Function("year", of="written", part="year"),
    OneHot(["cash", "card", "bill"]),
]
COMPUTED = ["total", "net", "month", "year"]
DOMAIN: dict[str, Any] = {
    "start": Domain(bounds=("2021-01-01", "2022-12-31"), missing=False),
    "end": Domain(bounds=("2021-01-01", "2023-12-31")),
    "written": Domain(bounds=("01.01.2021", "31.12.2022"), missing=False),
    "n": (0, 20),
    "price": Domain(bounds=(0, 500), decimals=2),
    "net": Domain(decimals=2),
    "tax": Domain(bounds=(0, 900), decimals=2),
    "total": Domain(decimals=2),
    "cash": (0, 1),
    "card": [0, 1],
}


def table(n_rows: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    start = pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 700, n_rows), "D")
    n, price = rng.integers(1, 9, n_rows), rng.lognormal(2, 0.5, n_rows).round(2)
    kind = rng.integers(0, 3, n_rows)
    frame = pd.DataFrame(
        {
            "start": start,
            "month": start.month.astype("int8"),
            "end": start + pd.to_timedelta(rng.integers(0, 60, n_rows), "D"),
            "n": n,
            "price": np.where(rng.random(n_rows) < 0.1, np.nan, price),
            "net": (n * price).round(2),
            "tax": (0.2 * n * price).round(2),
            "total": 0.0,
            "written": start.strftime("%d.%m.%Y"),
            "year": start.year.astype("int32"),
            "cash": (kind == 0).astype("int64"),
            "card": pd.array(kind == 1, dtype="Int64"),
            "bill": kind == 2,
        }
    )
    frame["net"] = (frame["n"] * frame["price"]).round(2)
    return frame.assign(total=(frame["net"] + frame["tax"]).round(2))


def fitted(frame: pd.DataFrame, **others: Any) -> PrivateSynthesizer:
    given = {"domain": DOMAIN, "rules": RULES, "random_state": 0, **CHEAP, **others}
    return PrivateSynthesizer(20.0, 1e-5, **given).fit(frame)


@pytest.fixture(scope="module")
def model() -> PrivateSynthesizer:
    return fitted(table())


def assert_kept(rows: pd.DataFrame) -> None:
    checked = RuleSet(RULES).check(rows)
    assert checked["n_broken"].tolist() == [0] * len(RULES), checked
    # A rule says nothing where a cell is missing: what is computed is missing only then.
    assert rows["net"].isna().equals(rows["price"].isna())
    assert rows["total"].isna().equals(rows["net"].isna() | rows["tax"].isna())


def test_all_rows_keep_the_rules(model: PrivateSynthesizer, tmp_path: Path) -> None:
    real = table()
    rows = model.sample(800, random_state=0)
    assert_kept(rows)
    pd.testing.assert_series_equal(rows.dtypes, real.dtypes)
    assert rows["end"].dropna().between("2021-01-01", "2023-12-31").all()
    assert_kept(pd.concat(model.sample_iter(60, chunk_size=20, random_state=1)))
    model.save(tmp_path / "model.safetensors")
    loaded = PrivateSynthesizer.load(tmp_path / "model.safetensors")
    pd.testing.assert_frame_equal(loaded.sample(800, random_state=0), rows)
    assert loaded.card() == model.card()
    assert "kept" not in str(loaded.get_params())
    for rule in RULES:
        assert str(rule) in loaded.card()
    assert "total: computed, total = net + tax" in loaded.summary()


def test_rows_keep_the_rules_under_conditions(model: PrivateSynthesizer) -> None:
    for conditions in (
        {"start": ("2022-06-01", None)},
        {"end": (None, "2021-03-01"), "n": 4},
        {"start": ("2022-01-01", "2022-02-01"), "end": ("2022-01-01", "2022-02-01"), "cash": 1},
        {"start": ("2022-06-01", None), "end": (None, "2022-06-02"), "cash": (1, 1)},
        {"start": pd.Timestamp("2022-03-05"), "bill": True},
        {"cash": 0, "card": 0},
    ):
        rows = model.sample(60, conditions=conditions, random_state=0)
        assert_kept(rows)
        for name, wish in conditions.items():
            if isinstance(wish, tuple):
                low, high = wish[0] or "1900-01-01", wish[1] or "2100-01-01"
                assert rows[name].between(low, high).all()
            else:
                assert (rows[name] == wish).all()
    with pytest.raises(ValueError, match="rule 'total = net . tax' computes; ask something of"):
        model.sample(5, conditions={"total": (0, 10)})
    with pytest.raises(ValueError, match="cannot keep rule 'end >= start'"):
        model.sample(
            5,
            conditions={
                "start": pd.Timestamp("2022-03-05"),
                "end": pd.Timestamp("2022-03-04"),
            },
        )
    apart = {"start": ("2022-06-01", None), "end": (None, "2022-03-01")}
    both = r"'end >= start' .*'start' in \(2022-06-01.*, None\) and 'end' in \(None, 2022-03-01"
    with pytest.raises(ValueError, match=both):
        model.sample(5, conditions=apart)
    with pytest.raises(ValueError, match=r"rule 'exactly one .*'cash' in \(1, 1\)"):
        model.sample(5, conditions={"cash": (1, 1), "card": 1})
    # Beyond the bounds of `end`.
    with (
        pytest.warns(UserWarning, match="outside of its range"),
        pytest.raises(ValueError, match="rule 'end >= start'"),
    ):
        model.impute(pd.DataFrame({"start": [pd.Timestamp("2024-02-01")]}))


def test_half_known_rows_keep_the_rules(model: PrivateSynthesizer) -> None:
    holes = table(200)
    rng = np.random.default_rng(1)
    holes = holes.astype({"n": "Int64", "cash": "Int64", "bill": "boolean"})
    for name in ("end", "n", "price", "tax", "cash", "card", "bill"):
        holes.loc[rng.random(len(holes)) < 0.4, name] = None
    complete = holes[["n", "price", "tax"]].notna().all(axis=1)
    holes.loc[~complete, ["net", "total"]] = None
    filled = model.impute(holes, random_state=0)
    assert_kept(filled)
    assert not filled.isna().any(axis=None)
    some = model.impute(holes, columns=["end", "tax"], random_state=0)
    assert not some[["end", "tax"]].isna().any(axis=None)
    assert some["n"].isna().equals(holes["n"].isna())
    assert RuleSet(RULES).check(some)["n_broken"].sum() == 0
    for name in holes:
        known = holes[name].notna()
        assert (filled[name][known] == holes[name][known].astype(filled[name].dtype)).all()
    with pytest.raises(ValueError, match="row 7 has a cell of 'total', which rule"):
        model.impute(pd.DataFrame({"total": [5.0]}, index=[7]))
    with pytest.raises(ValueError, match="row 0 breaks rule 'net = n . price'"):
        model.impute(pd.DataFrame({"net": [5.0], "n": [2], "price": [2.0]}))


def test_a_computed_column_is_neither_read_nor_paid_for(model: PrivateSynthesizer) -> None:
    """Whatever is in it, and whether rows keep the rules or break them, the model is the same."""
    frame = table()
    other = frame.assign(
        total=-1.0, net=np.nan, month=np.int8(99), year=np.arange(len(frame), dtype="int32")
    )
    assert not RuleSet(RULES).check(other)["n_broken"].sum() == 0
    assert fitted(other).digest_ == model.digest_
    free = fitted(frame, rules=None)
    assert len(model.privacy_["ledger"]) < len(free.privacy_["ledger"])
    assert model.privacy_["spent_epsilon"] <= 20.0
    paid = json.dumps(model.privacy_["ledger"])
    assert not [name for name in COMPUTED if repr(name) in paid]
    assert "'tax'" in paid
    assert model.privacy_["bought"]["total"] == []
    assert "computed by a rule" in model.privacy_["public"]["total"]


def test_rules_see_no_row_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a fit, rules read one made-up row, and a table that breaks them all is no error."""
    seen: list[pd.Series] = []
    read = RuleColumn.__init__

    def recorded(self: RuleColumn, name: Any, series: pd.Series, *others: Any) -> None:
        seen.append(series)
        read(self, name, series, *others)

    monkeypatch.setattr(RuleColumn, "__init__", recorded)
    frame = table(200)
    frame = frame.assign(end=frame["start"] - pd.Timedelta(5, "D"), cash=1, bill=True)
    broken = fitted(frame)
    assert seen
    assert {len(series) for series in seen} == {1}
    assert_kept(broken.sample(100, random_state=0))


def test_a_file_has_the_form_of_rules_alone(model: PrivateSynthesizer, tmp_path: Path) -> None:
    state = model.kept_.to_dict()
    for rule in state["rules"]["rules"]:
        assert "support" not in rule
        learned = set(rule.get("learned", {}))
        assert learned <= {"form_", "part_forms_", "keeps_states_", "keeps_values_"}
    assert room.KeptRules.from_dict(state).to_dict() == state
    for damage in ({"limits": []}, {"rules": {"rules": [Unique(["n"]).to_dict()]}}):
        with pytest.raises(ValueError, match="rules|limits"):
            room.KeptRules.from_dict({**state, **damage})


def found_in_a_table() -> Rule:
    return Order("start", "<=", "end").fit(table(50))


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ("auto", "finding rules reads rows outside the budget"),
        (["auto"], "rules are such as"),
        (Order("n", "<", "tax"), "rules are a list"),
        ([Determines("n", "price")], "learned from rows"),
        ([Bands("n", "price")], "edges"),
        ([Combinations(["n", "cash"])], "learned from rows"),
        ([Unique(["n"])], "pattern"),
        ([MissingTogether(["n", "tax"])], "keep Sum, Product, Function, Order, OneHot"),
        ([MissingWhere("price", "n", [3])], "keep Sum, Product, Function, Order, OneHot"),
        ([ValueWhere("tax", 0, "n", 0)], "keep Sum, Product, Function, Order, OneHot"),
        ([Custom(lambda frame: frame["n"] > 0)], "cannot be written"),
        ([found_in_a_table()], "declare it anew as Order"),
        ([Sum("total", ["net", "tax"], tolerate=0.1)], "leave out tolerate"),
        ([Sum("total", ["net", "tax"], clock=["net"])], "clock"),
        ([Sum("total", ["net", "none"])], "'none', which is no column"),
        ([Sum("end", ["start", "written"])], "weights must add up"),
        ([Function("month", of="start")], "say which part"),
        ([Function("month", of="end", part="month")], "may have some; declare"),
        ([Function("n", of="price", part="month")], "does not hold what the rule needs"),
        ([Product("n", ["cash"], over=["year"])], "quotient by 0"),
        ([Order("tax", "<", "written")], "no order|convert"),
        ([Order("n", "<", "price"), Order("price", "<", "n")], "circle"),
        ([Order("n", ">", 20)], "leave no value"),
        ([Order("net", "<=", "total"), Sum("total", ["net", "tax"])], "computed by another rule"),
        ([Sum("net", ["tax"]), Product("net", ["price"])], "computed by two rules"),
        ([Sum("year", ["n"])], "may not fit dtype int32"),
        ([OneHot(["cash", "n"])], "does not hold what the rule needs"),
    ],
)
def test_rules_that_cannot_be_kept_are_refused_with_the_reason(rules: Any, told: str) -> None:
    with pytest.raises((TypeError, ValueError), match=told):
        fitted(table(50), rules=rules)


def test_unit_and_identifiers_have_no_rules() -> None:
    frame = table(60).assign(person=np.arange(60) // 2)
    for domain in (DOMAIN, {**DOMAIN, "person": Domain(pattern="1###")}):
        with pytest.raises(ValueError, match="'person'"):
            fitted(frame, rules=[Sum("person", ["n"])], unit="person", domain=domain)
    with pytest.raises(ValueError, match="computed by a rule"):
        fitted(frame, target="total")


def number(name: str, dtype: str, step: float, is_grid: bool = True) -> Column:
    return Column(name, Stored.of(np.dtype(dtype)), "number", True, (), step=step, is_grid=is_grid)


ORDERED = {
    "a": number("a", "int16", 1.0),
    "b": number("b", "float64", 0.1),
    "c": number("c", "float64", 1.0, is_grid=False),
    "d": number("d", "int64", 5.0),
}
CELLS = st.lists(st.integers(0, 60), min_size=4, max_size=4)


@settings(max_examples=40, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=8), st.lists(st.booleans(), min_size=4, max_size=4))
def test_rows_that_no_draw_helps_are_mended(cells: list[list[int]], strict: list[bool]) -> None:
    signs = ["<" if one else "<=" for one in strict]
    orders = [
        Order("a", signs[0], "b", signs[1], "c"),
        Order("d", {"<": ">", "<=": ">="}[signs[2]], "a"),
        Order("c", signs[3], 70),
    ]
    limits = dict.fromkeys("abcd", (0.0, 100.0))
    frame = pd.DataFrame(np.array(cells, dtype=float), columns=list("abcd"))
    frame["b"], frame["c"] = (frame["b"] / 10).round(1), frame["c"] / 7
    frame["d"] = (frame["d"] // 5) * 5
    frame.loc[frame.index % 3 == 1, "b"] = np.nan
    frame = frame.astype({"a": "int16", "d": "int64"})
    kept = room.KeptRules([], orders, limits)
    held = {"a": np.arange(len(frame)) % 2 == 0}
    rows = kept.keep(
        lambda own: frame.iloc[own].reset_index(drop=True),
        len(frame),
        list(ORDERED.values()),
        np.random.default_rng(0),
        held,
    )
    assert not kept.breaks(rows).any()
    pd.testing.assert_series_equal(rows.dtypes, frame.dtypes)
    assert rows["a"][held["a"]].equals(frame["a"][held["a"]])
    assert rows["b"].isna().equals(frame["b"].isna())
    assert ((rows["b"] * 10 - (rows["b"] * 10).round()).abs().dropna() < 1e-6).all()
    assert (rows["d"] % 5 == 0).all()
    assert rows.ge(0).where(rows.notna(), True).all(axis=None)
    untouched = ~kept.breaks(frame)
    pd.testing.assert_frame_equal(rows[untouched], frame[untouched])


def test_dates_of_other_units_are_mended() -> None:
    days = Column(
        "day", Stored.of(np.dtype("M8[s]")), "number", True, (), step=86_400.0, is_grid=True
    )
    moment = Column("at", Stored.of(np.dtype("M8[ns]")), "number", True, (), step=1e9, is_grid=True)
    frame = pd.DataFrame(
        {
            "day": pd.Series(["2024-01-05", "2024-02-01"]).astype("M8[s]"),
            "at": pd.to_datetime(["2024-01-04 11:00:00", "2024-01-31 23:59:59"]).as_unit("ns"),
        }
    )
    start = pd.Timestamp("2024-01-01")
    kept = room.KeptRules(
        [],
        [Order("day", "<", "at"), Order("day", ">=", start)],
        {"day": (-np.inf, np.inf), "at": (-np.inf, np.inf)},
    )
    rows = kept.keep(
        lambda own: frame.iloc[own].reset_index(drop=True),
        2,
        [days, moment],
        np.random.default_rng(0),
        {},
    )
    assert not kept.breaks(rows).any()
    assert (rows["day"] == frame["day"]).all()
    assert (rows["at"] - rows["day"]).tolist() == [pd.Timedelta(1, "s")] * 2


def test_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synthwgan.private.synthesizer.Effort", lambda *_: Effort(40, 30))
    data, file, rules = tmp_path / "t.csv", tmp_path / "m.safetensors", tmp_path / "r.json"
    table(300)[["n", "cash", "tax", "net"]].dropna().to_csv(data, index=False)
    rules.write_text('[{"kind": "Sum", "total": "net", "parts": ["n", "tax"]}]', encoding="utf-8")
    arguments = ["private", "fit", str(data), "--epsilon", "3", "-o", str(file), "--rules"]
    done = CliRunner().invoke(app, [*arguments, str(rules)])
    assert done.exit_code == 0, done.output
    assert "kept by all rows and learned from none: net = n + tax." in " ".join(done.output.split())
    output = tmp_path / "rows.csv"
    done = CliRunner().invoke(app, ["private", "sample", str(file), "-n", "50", "-o", str(output)])
    assert done.exit_code == 0, done.output
    rows = pd.read_csv(output)
    assert np.allclose(rows["net"], rows["n"] + rows["tax"], equal_nan=True)
    refused = CliRunner().invoke(app, [*arguments, "auto"])
    assert refused.exit_code != 0
    assert "outside the budget" in " ".join(refused.output.split())
