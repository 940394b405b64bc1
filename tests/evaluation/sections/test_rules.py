"""Rules of the real rows, and in how many rows of another table they are broken."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from synthwgan.evaluation import Comparison, Report, Section, compare, evaluate, rulebook
from synthwgan.evaluation.evaluate import QUESTIONS
from synthwgan.evaluation.rulebook import Rulebook
from synthwgan.evaluation.sections import detection
from synthwgan.evaluation.sections import rules as kept_rules
from synthwgan.evaluation.sections.broken import breach
from synthwgan.evaluation.sections.rules import rules_section, shuffled
from synthwgan.rules import (
    Combinations,
    Custom,
    Determines,
    MissingTogether,
    OneHot,
    Order,
    Sum,
    Unique,
    find_rules,
)
from synthwgan.table.rules.columns import Table

N_ROWS = 400


def trips(seed: int, n_rows: int = N_ROWS) -> pd.DataFrame:
    """Trips end after they start, a total is a sum, and a city lies in one country."""
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 60, n_rows), "D")
    fare, tip = rng.integers(500, 5000, n_rows) / 100, rng.integers(0, 900, n_rows) / 100
    city = rng.choice(["Rome", "Milan", "Oslo"], n_rows)
    return pd.DataFrame(
        {
            "start": start,
            "end": start + pd.to_timedelta(rng.integers(0, 40, n_rows), "D"),
            "fare": fare,
            "tip": tip,
            "total": (fare + tip).round(2),
            "city": city,
            "country": np.where(city == "Oslo", "Norway", "Italy"),
        }
    )


def judge(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    test: pd.DataFrame | None = None,
    rules: Any = "auto",
) -> Section:
    return rules_section(
        None,
        None,
        np.random.default_rng(0),
        synthetic=synthetic,
        test=test,
        rulebook=Rulebook.of(rules, real),
    )


def figures(section: Section) -> dict[str, Any]:
    return {measure.key: measure for measure in section.measures}


def lines(section: Section) -> pd.DataFrame:
    return next(iter(section.details.values())).set_index("rule")


def first_cells(section: Section) -> pd.DataFrame:
    return section.details["First synthetic rows that break a rule"]


@pytest.fixture(scope="module")
def real() -> pd.DataFrame:
    return trips(0)


@pytest.fixture(scope="module")
def broken() -> pd.DataFrame:
    """A table of which 10 % of the ends, 5 % of the totals and 2 % of the countries are wrong."""
    table = trips(1)
    table.loc[:39, "end"] = table.loc[:39, "start"] - pd.Timedelta(days=2)
    table.loc[30:49, "total"] += 1
    table.loc[392:, "country"] = "Chile"
    return table


class TestFigures:
    def test_known_shares_are_counted_exactly(
        self, real: pd.DataFrame, broken: pd.DataFrame
    ) -> None:
        section = judge(real, broken, trips(2))
        shares = lines(section)["synthetic"]
        assert shares.to_dict() == pytest.approx(
            {"end >= start": 0.1, "total = fare + tip": 0.05, "city determines country": 0.02}
        )
        assert (lines(section)[["real", "held_out"]] == 0).all(axis=None)
        assert (lines(section)["shuffled"] > 0.1).all()
        assert (lines(section)["real_rows"] == N_ROWS).all()
        found = figures(section)
        assert found["rules_kept"].value == pytest.approx(1 - 0.17 / 3)
        # Rows 0 to 49 and 392 to 399: ten break two rules.
        assert found["lawful_rows"].value == pytest.approx(1 - 58 / N_ROWS)
        assert found["rules_kept"].ceiling == found["lawful_rows"].ceiling == 1
        for measure in found.values():
            low, high = measure.interval
            assert low <= measure.value <= high

    def test_rows_that_keep_all_score_1_and_shuffled_ones_0(self, real: pd.DataFrame) -> None:
        assert judge(real, trips(1), trips(2)).score == 1
        bad = judge(real, shuffled(real, np.random.default_rng(5)), trips(2))
        assert bad.score < 0.05
        for measure in bad.measures:
            assert abs(measure.value - measure.floor) < 0.07

    def test_first_rows_are_named_by_their_index_with_their_cells(
        self, real: pd.DataFrame, broken: pd.DataFrame
    ) -> None:
        section = judge(real, broken.rename(index=lambda row: f"t{row}"), trips(2))
        assert lines(section).loc["end >= start", "first_rows"] == "t0, t1, t2, t3, t4"
        assert lines(section).index[0] == "end >= start", "the worst stands first"
        cells = first_cells(section)
        assert cells["row"].tolist()[:3] == ["t0", "t1", "t2"]
        assert cells["rule"].value_counts().tolist() == [3, 3, 3]
        assert "country = Chile" in cells["cells"].iloc[-1]

    def test_plain_words_say_what_is_broken(self, real: pd.DataFrame, broken: pd.DataFrame) -> None:
        note = judge(real, broken, trips(2)).notes[0]
        assert note.startswith("Broken: end is before start in 10 % of rows (first: 0, 1, 2); ")
        assert "'total = fare + tip' is broken in 5 % of rows (first: 30, 31, 32)" in note
        assert not any(note.startswith("Broken") for note in judge(real, trips(1)).notes)

    def test_a_given_rule_is_judged_beside_the_found_ones(self, real: pd.DataFrame) -> None:
        dear = Custom(lambda frame: frame["fare"] < 45, name="fare below 45", columns=["fare"])
        section = judge(real, trips(1), trips(2), [dear, "auto"])
        assert "fare below 45" in lines(section).index and len(lines(section)) == 4
        alone = judge(real, trips(1), trips(2), [dear])
        share = float((trips(1)["fare"] >= 45).mean())
        assert lines(alone)["synthetic"].tolist() == pytest.approx([share])


class TestYardsticks:
    def test_a_rule_that_test_rows_break_is_too_strict(self, real: pd.DataFrame) -> None:
        test = trips(2)
        test.loc[:99, "country"] = "San Marino"
        section = judge(real, trips(1), test)
        assert lines(section).loc["city determines country", "held_out"] == 0.25
        assert figures(section)["lawful_rows"].ceiling == 0.75
        assert any(
            "'city determines country' may be too strict: of the test rows 25 % break it, of those "
            "it was found in 0 %." in note
            for note in section.notes
        )

    def test_without_test_rows_rules_are_learned_from_other_real_rows(self) -> None:
        rng = np.random.default_rng(0)
        real = pd.DataFrame({"shop": rng.integers(0, 15, 150), "till": rng.integers(0, 5, 150)})
        rules = [Combinations(["shop", "till"])]
        section = judge(real, real, None, rules)
        [line] = lines(section).to_dict("records")
        # Of 75 pairs some were seen once, and not in the other rows.
        assert line["real"] == 0 and 0.05 < line["held_out"] < 0.5
        assert "four fifths of the others" in section.notes[-1]
        assert lines(judge(real, real, real, rules))["held_out"].tolist() == [0]


class TestShares:
    def ties(self, seed: int, share: float) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        bill = rng.integers(100, 90_000, 1000)
        paid = np.where(rng.permutation(1000) < 1000 * share, bill, rng.integers(0, 90_000, 1000))
        return pd.DataFrame({"bill": bill, "paid": paid})

    @pytest.mark.parametrize(("share", "near"), [(0.2, 1), (0.1, 0.5), (0.4, 0.5), (0, 0)])
    def test_an_equation_that_holds_now_and_then_keeps_its_share(
        self, share: float, near: float
    ) -> None:
        tie = Sum("paid", ["bill"])
        section = judge(self.ties(0, 0.2), self.ties(1, share), self.ties(2, 0.2), [tie])
        [measure] = section.measures
        assert measure.key == "rules_kept"
        assert measure.value == pytest.approx(near, abs=0.01)
        assert section.score == pytest.approx(near, abs=0.01)
        assert first_cells(section).empty, "rows without a tie are no wrong rows"
        said = [note for note in section.notes if note.startswith("Broken")]
        assert bool(said) == (near < 1)
        assert all("rows, and in 20 % of the real ones" in note for note in said)

    def test_a_rule_with_exceptions_allows_as_many(self, real: pd.DataFrame) -> None:
        tables = [real.copy(), trips(1), trips(2)]
        for table in tables:
            table.loc[:19, "end"] = table.loc[:19, "start"] - pd.Timedelta(days=1)
        section = judge(*tables, [Order("start", "<=", "end")])
        assert figures(section).keys() == {"rules_kept"}, "no rule holds in each real row"
        assert section.score == 1
        assert not any(note.startswith("Broken") for note in section.notes)
        tables[1].loc[:199, "end"] = pd.Timestamp("2023-01-01")
        worse = judge(*tables, [Order("start", "<=", "end")])
        assert figures(worse)["rules_kept"].value == pytest.approx(0.5 / 0.95)
        assert "in 50 % of rows, and in 5 % of the real ones (first: 0, 1, 2)" in worse.notes[0]


class TestNotCounted:
    def test_no_rules_found(self) -> None:
        rng = np.random.default_rng(0)
        noise = [pd.DataFrame(rng.normal(size=(200, 3))).add_prefix("x") for _ in range(2)]
        section = judge(*noise)
        assert section.skipped and math.isnan(section.score) and not section.measures
        assert section.notes[0].startswith("Skipped: no rules were found in the real rows")

    def test_none_asked_for(self, real: pd.DataFrame) -> None:
        section = judge(real, real, rules=None)
        assert section.skipped and "asked for no rules" in section.notes[0]

    def test_rules_that_shuffled_rows_keep_say_nothing(self, real: pd.DataFrame) -> None:
        section = judge(real, trips(1), trips(2), [Order("fare", ">=", 1)])
        assert section.skipped and math.isnan(section.score)
        assert section.notes[0].startswith("Not counted: shuffled rows keep these rules nearly")
        assert len(lines(section)) == 1

    def test_a_handful_of_rows_says_nothing(self, real: pd.DataFrame) -> None:
        section = judge(real, trips(1, 5), trips(2))
        assert section.skipped
        assert section.notes[0].startswith("Not counted: too few rows")


class TestOddRows:
    def test_text_in_a_column_of_numbers_breaks_its_rows(self, real: pd.DataFrame) -> None:
        odd = trips(1).astype({"total": object})
        odd.loc[[3, 5], "total"] = "much"
        section = judge(real, odd, trips(2))
        line = lines(section).loc["total = fare + tip"]
        assert line["synthetic"] == pytest.approx(2 / N_ROWS)
        assert line["first_rows"] == "3, 5"
        assert any("2 cells of 'total' cannot be read as in the real" in x for x in section.notes)

    def test_a_column_of_other_cells_breaks_all_rows(self, real: pd.DataFrame) -> None:
        section = judge(real, trips(1).assign(end="soon"), trips(2))
        assert lines(section).loc["end >= start", "synthetic"] == 1
        assert figures(section)["lawful_rows"].value == 0

    def test_what_cannot_be_judged_is_said(self, real: pd.DataFrame) -> None:
        section = judge(real, trips(1).drop(columns="tip"), trips(2))
        assert lines(section).loc["total = fare + tip", "synthetic"] == 1
        note = next(note for note in section.notes if "cannot be judged" in note)
        assert "counts as broken in all" in note and "no column 'tip'" in note

    def test_a_users_function_may_fail(self, real: pd.DataFrame) -> None:
        def picky(frame: pd.DataFrame) -> pd.Series:
            if frame["fare"].isna().any():
                raise ZeroDivisionError
            return frame["fare"] <= frame["total"]

        rule = Custom(picky, name="picky", columns=["fare", "total"])
        synthetic = trips(1)
        synthetic.loc[0, "fare"] = None
        section = judge(real, synthetic, trips(2), [rule])
        assert section.score == 0
        assert any("ZeroDivisionError" in note for note in section.notes)
        assert judge(synthetic, real, trips(2), [rule]).skipped

    def test_other_dtypes_of_the_same_cells_keep_the_rules(self, real: pd.DataFrame) -> None:
        texts = trips(1)
        texts["start"] = texts["start"].dt.strftime("%Y-%m-%d")
        texts["end"] = texts["end"].dt.strftime("%Y-%m-%d")
        texts["city"] = texts["city"].astype("category")
        texts["fare"] = texts["fare"].astype(object)
        assert judge(real, texts, trips(2)).score == 1

    def test_emptied_columns_are_no_way_to_keep_a_rule(self, real: pd.DataFrame) -> None:
        section = judge(real, trips(1).assign(total=np.nan), trips(2))
        assert figures(section)["rules_kept"].value == pytest.approx(2 / 3)
        assert any("says nothing of any synthetic row" in note for note in section.notes)

    def test_names_that_are_no_text(self, real: pd.DataFrame) -> None:
        names = {"tip": 7, "city": ("a", 2)}

        def renamed(frame: pd.DataFrame) -> pd.DataFrame:
            new = [names.get(name, name) for name in frame.columns]
            return frame.set_axis(pd.Index(new, tupleize_cols=False), axis=1)

        section = judge(renamed(real), renamed(trips(1)), renamed(trips(2)))
        assert section.score == 1 and len(lines(section)) == 3


def only_rules(*tables: pd.DataFrame, **options: Any) -> Report:
    """Return a report of this one question; the others are slow."""
    others = {key: QUESTIONS[key] for key in QUESTIONS if key != "rules"}
    for key in others:
        del QUESTIONS[key]
    try:
        return evaluate(*tables, random_state=0, **options)
    finally:
        rules = QUESTIONS.pop("rules")
        for key, question in others.items():
            QUESTIONS[key] = question
            if key == "pairs":
                QUESTIONS["rules"] = rules


@pytest.fixture(scope="module")
def report(real: pd.DataFrame, broken: pd.DataFrame) -> Report:
    return only_rules(real, broken, trips(2))


class TestReport:
    def test_text_json_and_frame_show_it(self, report: Report) -> None:
        text = str(report)
        assert "Do rows keep the rules between columns?" in text
        assert "Broken: end is before start in 10 % of rows" in text
        assert max(map(len, text.splitlines())) < 80
        state = json.loads(report.to_json(), parse_constant=pytest.fail)
        [section] = [part for part in state["sections"] if part["key"] == "rules"]
        tables = section["details"]
        shares, rows = tables.values()
        assert shares[0]["rule"] == "end >= start" and shares[0]["synthetic"] == 0.1
        assert rows[0]["row"] == "0" and "end = 20" in rows[0]["cells"]
        assert report.to_frame()["key"].tolist() == ["rules_kept", "lawful_rows"]

    def test_the_score_counts_it_only_where_there_are_rules(self, report: Report) -> None:
        assert report.score == pytest.approx(report["rules"].score)
        bare = trips(0)[["fare", "city"]]
        assert only_rules(bare, bare)["rules"].skipped

    def test_names_and_cells_cannot_run_on_the_page(self, hostile_names: tuple) -> None:
        pytest.importorskip("jinja2")
        pytest.importorskip("plotly")
        image, script, bold = hostile_names
        tables = [
            trips(seed).rename(columns={"start": image, "end": script, "country": bold})
            for seed in range(3)
        ]
        for table in tables:
            table["city"] = table["city"].replace("Rome", image)
        tables[1].loc[:9, script] = pd.Timestamp("2020-01-01")
        tables[1].loc[:9, bold] = script
        report = only_rules(*tables)
        for page in (report.to_html(), report._repr_html_(), Comparison({"a": report}).to_html()):
            assert image not in page and script not in page and bold not in page
        assert "&lt;img src=x" in report.to_html()

    def test_the_same_seed_gives_the_same_figures(
        self, report: Report, real: pd.DataFrame, broken: pd.DataFrame
    ) -> None:
        again = only_rules(real, broken, trips(2))
        assert again.to_dict() == report.to_dict()

    def test_tables_that_are_compared_are_asked_for_the_same_rules(
        self, real: pd.DataFrame, broken: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls = []

        def counted(frame: pd.DataFrame) -> Any:
            calls.append(len(frame))
            return find_rules(frame)

        monkeypatch.setattr(rulebook, "find_rules", counted)
        # What tells rows apart is not asked here.
        monkeypatch.setattr(detection, "N_TREES", 5)
        monkeypatch.setattr(detection, "N_SUSPECTS", 0)
        tables = {"good": trips(1)[:60], "bad": broken[:60]}
        names = ["start", "end"]
        comparison = compare(
            {name: table[names] for name, table in tables.items()}, real[names], random_state=0
        )
        assert calls == [N_ROWS]
        scores = comparison.scores().loc["rules"]
        assert scores["good"] == 1 > 0.5 > scores["bad"]
        assert "bad: Broken: end is before start" in comparison.to_html()


def test_rows_that_are_judged_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the tables' size, so many rows are judged, and so many columns searched."""
    for module in (rulebook, kept_rules):
        monkeypatch.setattr(module, "MAX_ROWS", 2000)
    tables = [trips(seed, 60_000) for seed in range(3)]
    section = judge(*tables)
    assert (lines(section)["real_rows"] == 2000).all()
    assert "2,000 of 60,000 test rows, drawn at random, are judged by the rules." in section.notes
    assert section.score == 1


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Order("a", "<", "b"), "b is not more than a"),
        (Order("b", ">=", "a"), "b is less than a"),
        (Order("when", ">", "then"), "when is not after then"),
        (Order("a", "<=", "b", "<=", "c"), "'a <= b <= c' is broken"),
        (MissingTogether(["a", "b", "c"]), "only some of a, b and c are missing"),
        (OneHot(["a", "b"]), "not exactly one of a and b is set"),
        (OneHot(["a", "b"], at_most=True), "'at most one of a, b' is broken"),
        (Unique(["a"]), "a repeat an earlier row"),
        (Determines("a", "b"), "'a determines b' is broken"),
    ],
)
def test_words_for_what_is_broken(rule: Any, words: str) -> None:
    frame = pd.DataFrame({"a": [1], "b": [2], "c": [3]})
    frame["when"] = frame["then"] = pd.Timestamp("2024-01-01")
    assert breach(rule, Table(frame)) == words
