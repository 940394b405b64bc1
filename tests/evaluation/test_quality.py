"""The quality score takes any table and tells a good copy from a broken one."""

from __future__ import annotations

import datetime
import sys
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from synthwgan.evaluation import QualityScore, quality_score, sdmetrics_metadata

N_ROWS = 1000


def plain_frame(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    # Bounded, because sdmetrics bins each table by its own extremes.
    size = rng.uniform(-1, 1, size=N_ROWS)
    return pd.DataFrame(
        {
            "size": size,
            "weight": 2 * size + rng.normal(scale=0.1, size=N_ROWS),
            "city": np.where(size > 0, "north", "south"),
        }
    )


def rich_frame() -> pd.DataFrame:
    """One column of every kind the synthesizer takes, each with missing cells."""
    count = np.arange(60)
    days = pd.date_range("2020-01-01", periods=60, freq="D")
    frame = pd.DataFrame(
        {
            "order_id": count * 7 + 1000,
            "float": count / 7,
            "nullable": pd.array(count % 9, dtype="Int16"),
            "arrow_number": pd.array(count % 11, dtype="double[pyarrow]"),
            "arrow_text": pd.array([f"t{i % 3}" for i in count], dtype="string[pyarrow]"),
            "boolean": pd.array(count % 2 == 0, dtype="boolean"),
            "category": pd.Categorical(count % 4),
            "decimal": [Decimal(int(i)) / 4 for i in count],
            "duration": pd.to_timedelta(count, unit="h"),
            "moment": days,
            "zoned": days.tz_localize("Europe/Paris"),
            "period": pd.period_range("2000-01", periods=60, freq="M"),
            "date": [datetime.date(2020, 1, 1) + datetime.timedelta(days=int(i)) for i in count],
            "iso": days.strftime("%Y-%m-%d"),
            "iso_time": days.strftime("%Y-%m-%d %H:%M:%S"),
            "mixed": [i if i % 2 else f"s{i % 5}" for i in (count % 6)],
        }
    )
    for name in frame.columns[1:]:
        frame[name] = frame[name].where(np.arange(60) % 10 != 3)
    return frame


class TestMetadata:
    def test_every_kind_is_recognised(self) -> None:
        kinds = {
            name: entry["sdtype"]
            for name, entry in sdmetrics_metadata(rich_frame())["columns"].items()
        }
        numbers = ("float", "nullable", "arrow_number", "decimal", "duration")
        dates = ("moment", "zoned", "period", "date", "iso", "iso_time")
        assert kinds == (
            {"order_id": "id", "boolean": "boolean"}
            | dict.fromkeys(numbers, "numerical")
            | dict.fromkeys(dates, "datetime")
            | dict.fromkeys(("arrow_text", "category", "mixed"), "categorical")
        )

    @pytest.mark.parametrize(
        ("values", "pattern"),
        [
            (["2020-01-31", None, "1999-12-01"], "%Y-%m-%d"),
            (["2020-01-31 10:00:00"], "%Y-%m-%d %H:%M:%S"),
            (["2020-01-31T10:00"], "%Y-%m-%dT%H:%M"),
        ],
    )
    def test_iso_texts_are_dates(self, values: list, pattern: str) -> None:
        entry = sdmetrics_metadata(pd.DataFrame({"day": values}))["columns"]["day"]
        assert entry == {"sdtype": "datetime", "datetime_format": pattern}

    def test_a_text_among_dates_makes_a_category(self) -> None:
        frame = pd.DataFrame({"day": ["2020-01-31", "unknown"]})
        assert sdmetrics_metadata(frame)["columns"]["day"] == {"sdtype": "categorical"}

    @pytest.mark.parametrize(
        ("name", "values", "kind"),
        [
            ("code", [f"k{i}" for i in range(30)], "id"),
            ("code", [f"k{i % 29}" for i in range(30)], "categorical"),
            ("row", list(range(1, 31)), "id"),
            ("year", list(range(1991, 2021)), "numerical"),
            ("income", [i * i for i in range(30)], "numerical"),
            ("customerId", [i * i for i in range(30)], "id"),
            ("paid", [i * i for i in range(30)], "numerical"),
            ("empty", [None] * 30, "categorical"),
        ],
    )
    def test_keys(self, name: str, values: list, kind: str) -> None:
        assert sdmetrics_metadata(pd.DataFrame({name: values}))["columns"][name]["sdtype"] == kind


class TestScore:
    @pytest.fixture(autouse=True)
    def _needs_sdmetrics(self) -> None:
        pytest.importorskip("sdmetrics")

    def test_a_table_is_its_own_perfect_copy(self) -> None:
        score = quality_score(plain_frame(), plain_frame())
        assert (score.overall, score.column_shapes, score.column_pair_trends) == (1.0, 1.0, 1.0)

    def test_fresh_rows_of_the_same_source_score_high(self) -> None:
        assert quality_score(plain_frame(0), plain_frame(1)).overall > 0.93

    def test_shuffled_columns_keep_shapes_and_lose_trends(self) -> None:
        rng = np.random.default_rng(0)
        shuffled = plain_frame().apply(lambda column: rng.permutation(column.to_numpy()))
        score = quality_score(plain_frame(), shuffled)
        assert score.column_shapes == pytest.approx(1.0)
        assert score.column_pair_trends < 0.7

    def test_a_constant_copy_scores_low(self) -> None:
        frame = plain_frame()
        constant = pd.concat([frame.head(1)] * N_ROWS, ignore_index=True)
        assert quality_score(frame, constant).column_shapes < 0.6

    def test_every_dtype_is_scored(self) -> None:
        score = quality_score(rich_frame(), rich_frame().iloc[::-1])
        assert score.overall == pytest.approx(1.0)
        assert score.column_pair_trends == pytest.approx(1.0)

    def test_one_column_has_no_pairs(self) -> None:
        score = quality_score(plain_frame()[["size"]], plain_frame()[["size"]])
        assert score.overall == 1.0
        assert "column pair trends n/a" in str(score)

    def test_given_metadata_counts(self) -> None:
        frame = pd.DataFrame({"code": [1, 2, 3] * 20, "size": np.arange(60) ** 2})
        moved = frame.assign(code=frame["code"].replace({3: 9}))
        metadata = sdmetrics_metadata(frame)
        assert quality_score(frame, moved, metadata=metadata).column_shapes == pytest.approx(5 / 6)
        metadata["columns"]["code"]["sdtype"] = "id"
        assert quality_score(frame, moved, metadata=metadata).column_shapes == pytest.approx(1)

    def test_nothing_global_changes(self, capsys) -> None:
        frame = plain_frame()
        before = frame.copy()
        np.random.seed(3)  # noqa: NPY002
        expected = np.random.random()  # noqa: NPY002
        np.random.seed(3)  # noqa: NPY002
        filters = list(warnings.filters)
        quality_score(frame, frame)
        assert np.random.random() == expected  # noqa: NPY002
        assert warnings.filters == filters
        assert capsys.readouterr() == ("", "")
        pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("synthetic", "message"),
    [
        (plain_frame()[["size", "city"]], r"lacks the columns \['weight'\]"),
        (
            plain_frame().assign(extra=1),
            r"that the real one lacks: \['extra'\]. Leave out .*drop\(columns=\['extra'\]\)",
        ),
        (plain_frame().head(0), "at least one row"),
    ],
)
def test_tables_that_do_not_match_are_refused(synthetic: pd.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        quality_score(plain_frame(), synthetic)


def test_without_sdmetrics_the_error_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "sdmetrics", None)
    monkeypatch.setitem(sys.modules, "sdmetrics.reports", None)
    with pytest.raises(ImportError, match=r'pip install "synthwgan\[report\]"'):
        quality_score(plain_frame(), plain_frame())


def test_the_score_reads_well() -> None:
    score = QualityScore(overall=0.9512, column_shapes=0.97, column_pair_trends=0.9324)
    assert str(score) == "quality 95.1 % (column shapes 97.0 %, column pair trends 93.2 %)"


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(TypeError, match="wrap arrays in pd.DataFrame"):
        quality_score(np.zeros(3), np.zeros(3))
