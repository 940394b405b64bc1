"""TableTransformer as a scikit-learn estimator and as a contract with networks."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from synthwgan.table import EncodedTable, TableTransformer
from synthwgan.table.columns.options import COLUMN_PARAMETERS


@parametrize_with_checks([TableTransformer()])
def test_scikit_learn(estimator, check) -> None:  # noqa: ANN001
    check(estimator)


def test_every_parameter_has_a_rule() -> None:
    assert COLUMN_PARAMETERS.keys() | {"rules"} == TableTransformer().get_params().keys()


def test_clone_keeps_parameters() -> None:
    parameters = {
        "column_kinds": {"zip": "categorical"},
        "max_categories": 9,
        "min_category_rows": 3,
        "rare": "mask",
        "max_discrete": 7,
        "spike_share": 0.2,
        "protect_extremes": 4,
        "locale": "de_DE",
        "rules": "auto",
        "random_state": 5,
    }
    assert clone(TableTransformer(**parameters)).get_params() == parameters


def test_grid_search_with_a_classifier(mixed: pd.DataFrame) -> None:
    target = mixed.pop("happy")
    pipeline = make_pipeline(TableTransformer(), LogisticRegression(max_iter=500))
    grid = {"tabletransformer__max_discrete": [5, 100]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(mixed, target)
    # The target leans on age by 0.4; always answering with its majority scores below.
    assert search.best_score_ > max(target.mean(), 1 - target.mean()) + 0.05


def test_set_output_names_the_features(mixed: pd.DataFrame) -> None:
    out = TableTransformer().set_output(transform="pandas").fit_transform(mixed)
    assert {"age", "income", "income=<missing>", "job=cook", "happy=True"} <= set(out.columns)
    assert not any(name.startswith("id") for name in out.columns)


def test_not_fitted() -> None:
    with pytest.raises(NotFittedError, match="not fitted"):
        TableTransformer().encode(pd.DataFrame({"a": [1, 2]}))


class TestEncode:
    def test_layout_and_arrays_agree(self, mixed: pd.DataFrame) -> None:
        transformer = TableTransformer(random_state=0).fit(mixed)
        layout, encoded = transformer.layout_, transformer.encode(mixed)
        assert encoded.codes.dtype == np.uint8
        assert encoded.values.dtype == np.float32
        assert encoded.codes.shape == (len(mixed), layout.n_blocks)
        assert encoded.values.shape == (len(mixed), layout.n_values)
        assert (encoded.codes.max(axis=0) < np.array(layout.block_sizes)).all()
        for value, gate in enumerate(layout.value_gates):
            if gate >= 0:
                assert not encoded.values[encoded.codes[:, gate] > 0, value].any()

    def test_gate_missing_spike(self, mixed: pd.DataFrame) -> None:
        transformer = TableTransformer().fit(mixed)
        place = list(mixed).index("income")
        codes = transformer.encode(mixed).codes[:, transformer.layout_.column_blocks[place]]
        income = mixed["income"]
        assert ((codes == 1) == income.isna()).all()
        assert ((codes == 2) == (income == 0)).all()
        assert ((codes == 0) == (income > 0)).all()

    def test_many_categories_need_wider_codes(self) -> None:
        table = pd.DataFrame({"a": np.repeat(np.arange(400).astype(str), 2), "b": [0, 1] * 400})
        encoded = TableTransformer(max_categories=1000).fit(table).encode(table)
        assert encoded.codes.dtype == np.int16

    def test_random_state_draws_the_ranks(self, mixed: pd.DataFrame) -> None:
        transformer = TableTransformer().fit(mixed)
        first, again, other = (transformer.encode(mixed, seed).values for seed in (1, 1, 2))
        assert np.array_equal(first, again)
        assert not np.array_equal(first, other)

    def test_values_are_normal(self, adult: pd.DataFrame) -> None:
        transformer = TableTransformer(random_state=0).fit(adult)
        age = transformer.encode(adult).values[:, transformer.layout_.column_values[0]]
        deciles = np.quantile(age, [0.1, 0.5, 0.9])
        # Sampling noise of these quantiles is below 0.01 at 32,561 rows.
        assert np.abs(deciles - [-1.2816, 0, 1.2816]).max() < 0.03

    def test_columns_are_found_by_name(self, mixed: pd.DataFrame) -> None:
        transformer = TableTransformer().fit(mixed)
        shuffled = mixed[list(mixed)[::-1]].assign(extra=1)
        expected, found = transformer.encode(mixed, 0), transformer.encode(shuffled, 0)
        assert np.array_equal(expected.codes, found.codes)
        assert np.array_equal(expected.values, found.values)

    def test_missing_column(self, mixed: pd.DataFrame) -> None:
        transformer = TableTransformer().fit(mixed)
        with pytest.raises(ValueError, match="(?s)- 'age'.*\\+ 'Age'"):
            transformer.encode(mixed.rename(columns={"age": "Age"}))

    def test_unknown_category(self, mixed: pd.DataFrame) -> None:
        transformer = TableTransformer().fit(mixed)
        other = mixed.assign(job="pilot")
        with pytest.raises(ValueError, match="column 'job': 'pilot' did not occur"):
            transformer.encode(other)
        assert transformer.encode(other, on_unknown="ignore").codes.dtype == np.uint8
        with pytest.raises(ValueError, match="on_unknown must be"):
            transformer.encode(other, on_unknown="guess")

    def test_new_missing_cell(self, mixed: pd.DataFrame) -> None:
        transformer = TableTransformer().fit(mixed)
        with pytest.raises(ValueError, match="column 'age': .*nan.* did not occur"):
            transformer.encode(mixed.assign(age=mixed["age"].astype(float).mask(mixed["happy"])))

    def test_no_rows(self, mixed: pd.DataFrame) -> None:
        transformer = TableTransformer().fit(mixed)
        assert_frame_equal(transformer.decode(transformer.encode(mixed[:0])), mixed[:0])


class TestTransform:
    def test_unseen_is_all_zeros(self, mixed: pd.DataFrame) -> None:
        transformer = TableTransformer().fit(mixed[["job", "age", "happy"]].dropna())
        new = pd.DataFrame({"job": ["pilot", None], "age": [30.0, np.nan], "happy": [True, False]})
        with pytest.warns(
            UserWarning, match=r"column 'job': 'pilot' did not .*cells \(1\) are tak"
        ):
            features = transformer.transform(new)
        assert not features[:, :3].any()
        assert np.isfinite(features).all()

    def test_unseen_is_missing_where_cells_were(self, mixed: pd.DataFrame) -> None:
        jobs = mixed[["job", "age"]].assign(job=mixed["job"].mask(mixed["age"] > 60))
        transformer = TableTransformer().fit(jobs)
        with pytest.warns(UserWarning, match="'pilot', 'baker' did not occur when fitted"):
            features = transformer.transform(
                pd.DataFrame({"job": ["pilot", None, "baker"], "age": [30, 30, 30]})
            )
        assert (features == features[0]).all()
        place = transformer.get_feature_names_out().tolist().index("job=<missing>")
        assert (features[:, place] == 1).all()

    def test_is_deterministic(self, mixed: pd.DataFrame) -> None:
        transformer = TableTransformer().fit(mixed)
        assert np.array_equal(transformer.transform(mixed), transformer.transform(mixed))

    @pytest.mark.parametrize("names", [["a", "c"], ["b", "a"], ["a", "b", "c"], ["a"]])
    def test_other_columns(self, names: list[str]) -> None:
        transformer = TableTransformer().fit(pd.DataFrame({"a": [1, 2], "b": [2, 3]}))
        with pytest.raises(ValueError, match="feature"):
            transformer.transform(pd.DataFrame(1, index=[0, 1], columns=names))

    def test_other_columns_that_are_no_text(self) -> None:
        transformer = TableTransformer().fit(pd.DataFrame({1: [1, 2], "b": [2, 3]}))
        with pytest.raises(ValueError, match="- 1\n.*\\+ 2"):
            transformer.transform(pd.DataFrame({2: [1, 2], "b": [2, 3]}))
        with pytest.raises(ValueError, match="another order"):
            transformer.transform(pd.DataFrame({"b": [1, 2], 1: [2, 3]}))

    def test_inverse_checks_its_matrix(self) -> None:
        transformer = TableTransformer().fit(pd.DataFrame({"a": [1, 2], "b": [2, 3]}))
        with pytest.raises(ValueError, match="expected \\(n_rows, 4\\)"):
            transformer.inverse_transform(np.zeros((2, 3)))
        with pytest.raises(ValueError, match="holds NaN"):
            transformer.inverse_transform(np.full((2, 4), np.nan))


class TestNames:
    @pytest.mark.parametrize(
        "columns",
        [
            pd.Index([3, 1]),
            pd.Index(["a", 1]),
            pd.Index([None, "a"]),
            pd.Index([("a", 1), "b"], tupleize_cols=False),
            pd.MultiIndex.from_tuples([("a", 1), ("a", 2)], names=["x", None]),
            pd.DatetimeIndex(["2020-01-01", "2021-01-01"], name="when"),
            pd.Index([2.5, np.nan]),
            pd.DatetimeIndex(["2020-01-01", None]),
            pd.CategoricalIndex(["b", 1], [2, "b", 1], ordered=True, name="what"),
            pd.CategoricalIndex([3, 1]),
        ],
    )
    def test_any_hashable(self, columns: pd.Index) -> None:
        table = pd.DataFrame([[1, "x"], [2, "y"], [3, "x"]])
        table.columns = columns
        transformer = TableTransformer().fit(table)
        assert not hasattr(transformer, "feature_names_in_")
        state, arrays = transformer.to_state()
        saved = TableTransformer.from_state(json.loads(json.dumps(state)), arrays)
        for fitted in (transformer, saved):
            assert_frame_equal(fitted.inverse_transform(fitted.transform(table)), table)
            assert_frame_equal(fitted.decode(fitted.encode(table)), table)
            assert TableTransformer(column_kinds={columns[1]: "categorical"}).fit(table)

    def test_one_that_cannot_be_saved(self) -> None:
        class Own:
            pass

        table = pd.DataFrame([[1, 2], [2, 3]], columns=pd.Index([Own(), "a"], dtype=object))
        transformer = TableTransformer().fit(table)
        with pytest.raises(TypeError, match="cannot save .*Own"):
            transformer.to_state()

    def test_category_that_cannot_be_saved(self) -> None:
        cells = pd.Categorical.from_codes([0, 1], categories=[complex(1, 2), "a"])
        transformer = TableTransformer().fit(pd.DataFrame({"c": cells}))
        with pytest.raises(TypeError, match="column 'c': cannot save"):
            transformer.to_state()

    def test_index_is_ignored(self, mixed: pd.DataFrame) -> None:
        table = mixed.drop(columns="id")
        transformer = TableTransformer().fit(table.set_axis(range(300, 0, -1)))
        back = transformer.decode(transformer.encode(table.set_axis(["same"] * 300)))
        assert_frame_equal(back, table)


class TestArrays:
    @pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "bool", "object", "U5"])
    def test_array_in_array_out(self, dtype: str) -> None:
        array = (
            np.arange(40).reshape(20, 2) % 7 > 2
            if dtype == "bool"
            else np.arange(40).reshape(20, 2) % 7
        ).astype(dtype)
        transformer = TableTransformer().fit(array)
        back = transformer.decode(transformer.encode(array))
        assert isinstance(back, np.ndarray)
        assert np.array_equal(back, array)
        assert transformer.get_feature_names_out()[0].startswith("x0=")

    def test_encode_counts_columns(self) -> None:
        transformer = TableTransformer().fit(np.arange(8).reshape(4, 2))
        with pytest.raises(ValueError, match="has 3 columns"):
            transformer.encode(np.zeros((2, 3)))


class TestState:
    def test_parameters_survive(self, mixed: pd.DataFrame) -> None:
        kinds = {"age": "categorical"}
        transformer = TableTransformer(column_kinds=kinds, random_state=4, rare="mask").fit(mixed)
        saved = TableTransformer.from_dict(json.loads(json.dumps(transformer.to_dict())))
        assert saved.get_params() == transformer.get_params()
        assert saved.layout_ == transformer.layout_
        assert str(saved.schema_) == str(transformer.schema_)
        assert saved.feature_names_in_.tolist() == list(mixed)

    def test_same_seed_same_rows_after_loading(self, mixed: pd.DataFrame) -> None:
        transformer = TableTransformer(random_state=4).fit(mixed)
        saved = TableTransformer.from_dict(json.loads(json.dumps(transformer.to_dict())))
        encoded = transformer.encode(mixed)
        assert_frame_equal(saved.decode(encoded, 8), transformer.decode(encoded, 8))

    def test_other_version(self, mixed: pd.DataFrame) -> None:
        state, arrays = TableTransformer().fit(mixed).to_state()
        with pytest.raises(ValueError, match="version 99"):
            TableTransformer.from_state({**state, "version": 99}, arrays)

    def test_missing_array(self, mixed: pd.DataFrame) -> None:
        state, _ = TableTransformer().fit(mixed).to_state()
        with pytest.raises(ValueError, match="lacks the array"):
            TableTransformer.from_state(state, {})

    def test_arrays_are_plain(self, mixed: pd.DataFrame) -> None:
        _, arrays = TableTransformer().fit(mixed).to_state()
        assert {str(array.dtype) for array in arrays.values()} <= {"int64", "float64"}

    def test_identifiers_are_not_in_it(self, mixed: pd.DataFrame) -> None:
        text = json.dumps(TableTransformer().fit(mixed).to_dict())
        assert not any(identifier in text for identifier in mixed["id"])


class TestRealData:
    def test_adult_comes_back(self, adult: pd.DataFrame) -> None:
        transformer = TableTransformer(random_state=0).fit(adult)
        assert_frame_equal(transformer.decode(transformer.encode(adult)), adult)
        assert_frame_equal(transformer.inverse_transform(transformer.transform(adult)), adult)

    def test_the_encoded_table_is_small(self, adult: pd.DataFrame) -> None:
        encoded = TableTransformer(random_state=0).fit(adult).encode(adult)
        assert encoded.nbytes <= 4 * adult.size


def test_many_columns() -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(60, 1000)), columns=[f"c{i}" for i in range(1000)])
    transformer = TableTransformer(random_state=0).fit(table)
    assert_frame_equal(transformer.decode(transformer.encode(table)), table)
    assert transformer.transform(table).shape == (60, 1000)


def test_global_randomness_is_left_alone(mixed: pd.DataFrame) -> None:
    np.random.seed(0)  # noqa: NPY002
    TableTransformer().fit(mixed).encode(mixed)
    drawn = np.random.random()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    assert drawn == np.random.random()  # noqa: NPY002


def test_decode_takes_other_rows(mixed: pd.DataFrame) -> None:
    transformer = TableTransformer(random_state=0).fit(mixed)
    layout = transformer.layout_
    rows = EncodedTable(
        np.zeros((7, layout.n_blocks), dtype=np.int64), np.zeros((7, layout.n_values))
    )
    decoded = transformer.decode(rows)
    assert (decoded.dtypes == mixed.dtypes).all()
    regular = mixed["income"][mixed["income"] > 0]
    assert decoded["income"].between(regular.quantile(0.45), regular.quantile(0.55)).all()
