"""The whole report: any table, sections that fail in their place, and the ways to show it."""

from __future__ import annotations

import importlib
import json
import math
import re
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from synthwgan.evaluation import Comparison, Measure, Report, Section, compare, evaluate
from synthwgan.evaluation.sections import detection, learners, privacy, utility, yardsticks

evaluation = importlib.import_module("synthwgan.evaluation.evaluate")

KEYS = ["validity", "columns", "pairs", "rules", "joint", "utility", "privacy"]
N_ROWS = 200


@pytest.fixture(autouse=True)
def _quick(monkeypatch) -> None:
    monkeypatch.setattr(detection, "N_SUSPECTS", 2)
    monkeypatch.setattr(detection, "N_TREES", 10)


def frame(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    size = rng.uniform(-1, 1, size=N_ROWS)
    return pd.DataFrame(
        {
            "size": size,
            "weight": size + rng.normal(scale=0.1, size=N_ROWS),
            "big": np.where(size > 0, "yes", "no"),
        }
    )


def shuffled(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return frame(seed).apply(lambda column: rng.permutation(column.to_numpy()))


@pytest.fixture(scope="module")
def good() -> Report:
    """A whole report, made where nothing is installed beyond what always is."""
    history = [{"step": 0, "loss": 1.0}]
    pair = frame(0), frame(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "sdmetrics", None)
        patch.setitem(sys.modules, "plotly", None)
        return evaluate(*pair, frame(2), "big", history=history, random_state=0, verbose=0)


def hand_made(**scores: float) -> Report:
    sections = (
        Section(key, key, (Measure(f"m_{key}", key, score, 0.0, 1.0),))
        for key, score in scores.items()
    )
    return Report(tuple(sections), tables=None)


class TestEvaluate:
    def test_all_sections_are_there_of_what_is_always_installed(self, good: Report) -> None:
        assert [section.key for section in good.sections] == KEYS
        assert [section.error for section in good.sections] == [None] * len(KEYS)
        assert good.score > 0.93
        assert set(good.seconds) == set(KEYS)
        assert good.history == [{"step": 0, "loss": 1.0}]

    def test_a_table_of_few_rows_is_not_flattered_by_the_floor_of_a_large_one(self) -> None:
        """A classifier learns little from thirty rows, of any table."""
        report = evaluate(frame(0), shuffled(1).head(30), frame(2), random_state=0)
        for key in ("pairs", "joint"):
            assert not report[key].score > 0.25, key

    def test_what_could_not_be_scored_is_said(self) -> None:
        """Of noise neither its relations nor a target can be: fresh rows do no better either."""
        rng = np.random.default_rng(0)
        noise = [pd.DataFrame(rng.normal(size=(N_ROWS, 3))).add_prefix("x") for _ in range(3)]
        report = evaluate(*noise, target="x2", random_state=0)
        assert [section.key for section in report.without_score] == ["pairs", "joint", "utility"]
        assert math.isnan(report["utility"].score)
        assert math.isnan(report.score)
        assert "Not scored, as real rows do" in str(report)

    def test_the_score_card_says_how_many_findings_it_leaves_out(self, good: Report) -> None:
        leaks = [f"Leak: finding {number}." for number in range(6)]
        sections = (replace(good.sections[0], notes=leaks), *good.sections[1:])
        shown = str(replace(good, sections=sections))
        assert "finding 3" in shown
        assert "finding 4" not in shown
        assert re.search("[2-9] more such findings are in the report", shown)

    def test_the_same_seed_gives_the_same_report(self) -> None:
        pair = frame(0)[["size"]].head(40), frame(1)[["size"]].head(40)
        reports = [evaluate(*pair, random_state=5).to_dict() for _ in range(2)]
        assert reports[0] == reports[1]

    def test_a_section_that_fails_says_so_and_the_others_appear(self, monkeypatch) -> None:
        def broken(*args) -> None:
            raise RuntimeError("no memory")

        monkeypatch.setattr(utility, "fit_learners", broken)
        report = evaluate(frame(0), frame(1), target="big", random_state=0)
        assert report["utility"].error == "RuntimeError: no memory"
        assert math.isnan(report["utility"].score)
        assert report["joint"].error is None
        assert "failed: RuntimeError: no memory" in str(report)
        assert math.isnan(report.score)
        assert str(report).startswith("No score: the others alone would flatter, and these have")
        assert re.search("these have\\s+none: .*utility", str(report))
        assert repr(report) == "<Report: no score, 7 sections>"
        assert report.to_dict()["score"] is None

    def test_a_quick_report_names_what_it_leaves_out_and_does_not_do_it(self, monkeypatch) -> None:
        monkeypatch.setattr(evaluation, "QUICK_ROWS", 150)
        monkeypatch.setattr(privacy, "QUICK_CANDIDATES", 30)
        monkeypatch.setattr(privacy, "QUICK_MEMBERS", 20)
        for name in ("torch", "sdmetrics", "plotly"):
            # What is None there cannot be imported.
            monkeypatch.setitem(sys.modules, name, None)
        fits, searches = [], []
        fit, search = HistGradientBoostingClassifier.fit, privacy.nearest_distances

        def counted_fit(model, X, y):
            fits.append(model.max_iter)
            return fit(model, X, y)

        def counted_search(reference, rows, k=1):
            searches.append(len(rows))
            return search(reference, rows, k)

        monkeypatch.setattr(HistGradientBoostingClassifier, "fit", counted_fit)
        monkeypatch.setattr(privacy, "nearest_distances", counted_search)
        report = evaluate(frame(0), frame(1), frame(2), "big", quick=True, random_state=0)
        assert len(report.tables.real) == 150
        # The synthetic table, the ceiling and three floors, once each in joint and in utility.
        n_tables = 2 + yardsticks.N_FLOORS
        n_trees = [learners.QUICK_TREES // 2, detection.N_TREES]
        assert sorted(fits) == sorted(n_trees * n_tables)
        # Three tables' ratios, two tables twice, and members with as many others.
        assert sorted(searches) == sorted([30] * 7 + [2 * 20] * 2)
        assert "150 of 200 synthetic rows, drawn at random." in report.notes
        found = {measure.key for section in report.sections for measure in section.measures}
        left_out = {"held_out_boosting", "c2st_logistic", "global_utility", "tstr_random_forest"}
        assert not found & left_out
        assert {"c2st_boosting", "precision", "tstr", "accuracy_3", "membership_auc"} <= found
        words = " ".join(report.left_out)
        said = ("folds", "unseen rows", "logistic", "gives the table away", "most of the trees")
        for word in (*said, "global utility", "training rows that are attacked"):
            assert word in words
        assert report.to_html()
        assert not [section.key for section in report.sections if section.error]
        assert report.score > 0.8
        assert "Left out, as the report is a quick one" in str(report)
        assert report.to_dict()["left_out"] == list(report.left_out)

    def test_nothing_is_left_out_of_a_whole_report(self, good: Report) -> None:
        assert good.left_out == ()
        assert "global_utility" in {measure.key for measure in good["utility"].measures}

    def test_every_figure_has_a_plain_question_and_those_aside_a_reason(self, good: Report) -> None:
        for section in good.sections:
            for measure in section.measures:
                assert measure.question.endswith("?"), measure.key
                assert measure.is_scored or measure.why_not_counted, measure.key
                assert measure.counts or measure.aside, measure.key

    def test_odd_data(self) -> None:
        real = pd.DataFrame({"empty": [None] * 9, "same": [1] * 9, "size": np.arange(9) / 7})
        report = evaluate(real, real.head(3), target="same", random_state=0)
        assert "one value only" in report["utility"].error
        assert "needs 6 rows" in report["joint"].error
        assert json.loads(report.to_json())["sections"][KEYS.index("joint")]["score"] is None
        assert str(report)

    def test_the_real_table_handed_out_fails_on_privacy(self) -> None:
        """A leak is not averaged away by what is harmless, nor a total kept back by the rest."""
        real, test = frame(0), frame(1)
        report = evaluate(real, real, test, random_state=0)
        assert report["privacy"].score < 0.1
        assert report.score < 0.7
        assert any(note.startswith("Leak: exact copies") for note in report["privacy"].notes)
        # No target was given.
        assert report["utility"].skipped and report.without_score == ()

    def test_global_state_stays(self, capsys) -> None:
        np.random.seed(3)  # noqa: NPY002
        expected = np.random.random()  # noqa: NPY002
        np.random.seed(3)  # noqa: NPY002
        evaluate(*(frame(seed)[["size", "big"]].head(30) for seed in (0, 1)), target="big")
        assert np.random.random() == expected  # noqa: NPY002
        assert capsys.readouterr() == ("", "")

    def test_progress_is_shown_when_asked(self, capsys) -> None:
        evaluate(frame(0)[["size"]].head(9), frame(1)[["size"]].head(9), verbose=1)
        assert "report" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"target": "width"}, "target='width' is no column; the columns are"),
            ({"target": "SIZE"}, "target='SIZE' is no column; did you mean 'size'"),
            ({"test": frame(1)[["size"]]}, "test table lacks the columns"),
            ({"test": frame(1).head(1)}, "test has 1 rows, too few"),
            ({"column_kinds": {"siz": "numeric"}}, "did you mean 'size'"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, arguments: dict, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            evaluate(frame(0), frame(1), **arguments)

    def test_what_is_no_table_is_refused(self) -> None:
        with pytest.raises(TypeError, match="got .table.csv.: read a file or a database"):
            evaluate("table.csv", frame(1))


class TestReport:
    def test_the_score_is_the_geometric_mean(self) -> None:
        assert hand_made(a=0.9, b=0.4).score == pytest.approx(0.6)
        assert hand_made(a=1.0, b=0.0).score == pytest.approx(0.1)
        assert math.isnan(Report((Section("a", "A"),), tables=None).score)

    def test_what_pulled_it_down_is_named_worst_first(self) -> None:
        weakest = hand_made(a=0.5, b=0.995, c=0.2, d=0.8, e=0.9).weakest()
        assert [measure.key for _, measure in weakest] == ["m_c", "m_a", "m_d"]
        assert hand_made(a=1.0).weakest() == []

    def test_the_text_fits_a_terminal(self, good: Report) -> None:
        lines = str(good).splitlines()
        assert max(map(len, lines)) < 80
        assert len(lines) < 45
        assert lines[0].startswith("Score ")
        # The longest label moves all figures.
        figures = [line for line in lines if "  ceiling " in line]
        assert "  Boosted trees, unseen rows  " in "".join(figures)
        assert len({line.index("  ceiling ") for line in figures}) == 1

    def test_the_frame_has_one_row_a_measure(self, good: Report) -> None:
        table = good.to_frame()
        assert len(table) == sum(len(section.measures) for section in good.sections)
        assert table.set_index("key").loc["tstr", "section"] == "utility"
        assert (table["low"].isna() == table["high"].isna()).all()
        assert hand_made().to_frame().empty

    def test_json_is_strict(self, good: Report) -> None:
        state = json.loads(good.to_json(indent=2), parse_constant=pytest.fail)
        assert state["score"] == good.score
        assert state["target"] == "big"
        assert [section["key"] for section in state["sections"]] == KEYS

    def test_sections_by_key(self, good: Report) -> None:
        assert good["joint"].key == "joint"
        with pytest.raises(KeyError, match="they are"):
            good["quality"]


class TestCompare:
    def test_tables_side_by_side(self) -> None:
        pair = {"fresh": frame(1), "shuffled": shuffled(1)}
        comparison = compare(pair, frame(0), frame(2), "big", random_state=0)
        assert comparison.best == "fresh"
        scores = comparison.scores()
        assert list(scores.index) == ["score", *KEYS]
        for key in ("pairs", "joint", "utility"):
            assert scores.loc[key, "fresh"] > 0.9 > 0.2 > scores.loc[key, "shuffled"]
        table = comparison.to_frame()
        assert {"section", "key", "label", "floor", "ceiling", "fresh", "shuffled"} == set(table)
        assert not table.duplicated(["section", "key"]).any()

    def test_one_table_alone_has_the_same_report(self) -> None:
        table = frame(1)[["size"]].head(40)
        comparison = compare({"a": table, "b": table}, frame(0)[["size"]], random_state=0)
        assert comparison["a"].to_dict()["sections"] == comparison["b"].to_dict()["sections"]
        assert comparison["b"].origin.names == {"synthetic": "b"}
        assert comparison["b"].origin.seed == 0

    def test_long_names_do_not_break_the_text(self) -> None:
        comparison = Comparison({"x" * 60: hand_made(joint=0.5), "y": hand_made(joint=math.nan)})
        lines = str(comparison).splitlines()
        assert max(map(len, lines)) < 40
        assert lines[0].split() == ["x" * 13 + "…", "y"]
        # As on the page.
        assert lines[2].startswith("Whole rows ")

    def test_what_is_no_dict_of_tables_is_refused(self) -> None:
        with pytest.raises(TypeError, match="dict of name to DataFrame"):
            compare(frame(1), frame(0).to_numpy().tolist())
        with pytest.raises(TypeError, match="dict of name"):
            compare([frame(1)], frame(0))
        with pytest.raises(ValueError, match="lacks the columns") as caught:
            compare({"ours": frame(1)[["size"]]}, frame(0))
        assert "ours" in str(caught.value)
