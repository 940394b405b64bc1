"""A model file gives the same model back, or a clear error; nothing in it is executed."""

from __future__ import annotations

import json
import os
import pickle
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from synthwgan import Optimizer, WGANGPSynthesizer
from synthwgan.io.model import FORMAT_VERSION, digest, read_file


@pytest.fixture(scope="module")
def model(quick: dict[str, Any]) -> WGANGPSynthesizer:
    """A calibrated model of a mixed table with missing cells."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "key": [f"k{number:03d}" for number in rng.permutation(90)],
            "number": np.where(rng.random(90) < 0.2, np.nan, rng.normal(size=90)),
            "label": rng.choice(["a", "b", "ä"], 90),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 99, 90), "D"),
        }
    )
    return WGANGPSynthesizer(**(quick | {"calibrate": True})).fit(table)


@pytest.fixture
def path(tmp_path: Path, model: WGANGPSynthesizer) -> Path:
    target = tmp_path / "model.safetensors"
    model.save(target)
    return target


def rewrite(path: Path, change: Callable[[dict[str, str], dict[str, np.ndarray]], None]) -> None:
    """Write a model file again with another header or other arrays."""
    with safe_open(path, framework="numpy") as file:
        header = dict(file.metadata())
    arrays = load_file(path)
    change(header, arrays)
    save_file(arrays, path, header)


# Round trips


def test_a_loaded_model_gives_the_same_rows_and_scores(model, path):
    loaded = WGANGPSynthesizer.load(path, device="cpu")
    rows = model.sample(200, random_state=5)
    pd.testing.assert_frame_equal(loaded.sample(200, random_state=5), rows)
    np.testing.assert_array_equal(loaded.score_samples(rows), model.score_samples(rows))
    chunks = zip(
        loaded.sample_iter(70, chunk_size=40, random_state=1),
        model.sample_iter(70, chunk_size=40, random_state=1),
        strict=True,
    )
    for chunk, expected in chunks:
        pd.testing.assert_frame_equal(chunk, expected)


def test_a_loaded_model_remembers_its_fit(model, path):
    loaded = WGANGPSynthesizer.load(path, device="cpu")
    assert loaded.get_params() == model.get_params()
    pd.testing.assert_frame_equal(loaded.history_, model.history_)
    assert (loaded.n_iter_, loaded.fit_seconds_) == (model.n_iter_, model.fit_seconds_)
    assert loaded.cost_ == model.cost_
    assert loaded.summary() == model.summary()
    assert loaded.n_features_in_ == 4
    assert loaded.feature_names_in_.tolist() == ["key", "number", "label", "day"]
    assert type(loaded.config_) is type(model.config_)


@pytest.mark.slow
def test_a_fresh_process_gives_the_same_rows(model, path, tmp_path):
    code = (
        "import sys; from synthwgan import WGANGPSynthesizer as W\n"
        "m = W.load(sys.argv[1], device='cpu'); r = m.sample(50, random_state=5)\n"
        "r['score'] = m.score_samples(r); r.to_parquet(sys.argv[2])\n"
    )
    out = tmp_path / "rows.parquet"
    subprocess.run([sys.executable, "-c", code, path, out], check=True, timeout=120)
    rows = model.sample(50, random_state=5)
    there = pd.read_parquet(out)
    scores = there.pop("score")
    pd.testing.assert_frame_equal(there, rows, check_dtype=False)
    np.testing.assert_allclose(scores, model.score_samples(rows), rtol=1e-12)


def test_saving_a_loaded_model_writes_the_same_file(path, tmp_path):
    again = tmp_path / "again.safetensors"
    WGANGPSynthesizer.load(path, device="cpu").save(again)
    first, second = read_file(path), read_file(again)
    assert first[0] == second[0]
    assert first[1].keys() == second[1].keys()
    for name, array in first[1].items():
        np.testing.assert_array_equal(array, second[1][name])


def test_a_loaded_model_can_be_fitted_again(path):
    table = pd.DataFrame({"other": np.arange(50) % 7, "more": np.arange(50.0)})
    loaded = WGANGPSynthesizer.load(path, device="cpu").fit(table)
    assert list(loaded.sample(3).columns) == ["other", "more"]


@pytest.mark.parametrize(
    "names",
    [
        [1, 2, 3],
        [("a", 1), ("a", 2), ("b", 1)],
        [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-02-01"), pd.Timestamp("2024-03-01")],
        ["", "täxt \U0001f600", 'quo"te'],
        [0, "zero", None],
        [1.5, np.inf, True],
    ],
    ids=["int", "tuple", "timestamp", "odd text", "mixed", "float"],
)
def test_column_names_of_any_kind_survive(names, quick, tmp_path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.integers(0, 3, (40, 3)))
    table.columns = pd.Index(names, tupleize_cols=False)
    model = WGANGPSynthesizer(**quick, column_kinds={names[1]: "categorical"}).fit(table)
    model.save(tmp_path / "model.safetensors")
    loaded = WGANGPSynthesizer.load(tmp_path / "model.safetensors", device="cpu")
    rows = loaded.sample(9, random_state=0)
    assert list(rows.columns) == names
    assert loaded.column_kinds == model.column_kinds
    pd.testing.assert_frame_equal(rows, model.sample(9, random_state=0))


def test_multi_level_names_survive(quick, tmp_path):
    columns = pd.MultiIndex.from_product([["x", "y"], [1, 2]], names=["letter", None])
    table = pd.DataFrame(np.random.default_rng(0).integers(0, 4, (30, 4)), columns=columns)
    WGANGPSynthesizer(**quick).fit(table).save(tmp_path / "model")
    rows = WGANGPSynthesizer.load(tmp_path / "model", device="cpu").sample(2)
    pd.testing.assert_index_equal(rows.columns, columns)


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": Optimizer(betas=(0.0, 0.9))},
        {"max_steps": np.int64(3), "batch_size": np.int32(16)},
        {"optimizer": Optimizer(generator_lr=np.float32(1e-3)), "moment_weight": np.float64(0.5)},
        {"random_state": np.int64(3)},
        {"random_state": np.random.RandomState(3)},
        {"column_kinds": {}},
        {"max_seconds": 1e-9},
    ],
    ids=lambda changes: "+".join(changes),
)
def test_every_kind_of_parameter_can_be_saved(changes, quick, tmp_path):
    table = pd.DataFrame({"a": np.arange(30) % 4, "b": np.linspace(0, 1, 30) ** 2})
    model = WGANGPSynthesizer(**(quick | changes)).fit(table)
    model.save(tmp_path / "model")
    loaded = WGANGPSynthesizer.load(tmp_path / "model", device="cpu")
    pd.testing.assert_frame_equal(loaded.sample(5, random_state=0), model.sample(5, random_state=0))
    for name in changes:
        expected = None if isinstance(changes[name], np.random.RandomState) else changes[name]
        expected = tuple(expected) if isinstance(expected, list) else expected
        assert loaded.get_params()[name] == expected


def test_a_model_of_an_array_and_one_with_a_target(quick, tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 2)), rng.integers(0, 2, 40)
    WGANGPSynthesizer(**quick).fit(X, y).save(tmp_path / "model")
    loaded = WGANGPSynthesizer.load(tmp_path / "model", device="cpu")
    assert loaded.sample(6).shape == (6, 3)
    assert loaded.n_features_in_ == 2
    assert loaded.score_samples(X).shape == (40,)


def test_a_model_with_rejection_gives_the_same_rows(trained, tmp_path):
    assert trained.n_rejection_rounds_ > 0
    trained.save(tmp_path / "model")
    loaded = WGANGPSynthesizer.load(tmp_path / "model", device="cpu")
    assert loaded.acceptance_rate_ == trained.acceptance_rate_ < 1
    assert loaded.n_rejection_rounds_ == trained.n_rejection_rounds_
    rows = trained.sample(2000, random_state=5)
    pd.testing.assert_frame_equal(loaded.sample(2000, random_state=5), rows)
    loaded.save(tmp_path / "again")
    assert read_file(tmp_path / "again")[0] == read_file(tmp_path / "model")[0]


# The file itself


def test_the_header_is_readable_json(path, model):
    with safe_open(path, framework="numpy") as file:
        header = file.metadata()
        names = set(file.keys())
    assert header["format"] == "synthwgan"
    assert int(header["format_version"]) == FORMAT_VERSION
    content = json.loads(header["content"])
    assert content["parameters"]["generator"]["parameters"]["latent_dim"] == 8
    assert content["n_iter"] == model.n_iter_
    assert {
        "value_knots",
        "generator.output.bias",
        "critic.output.bias",
        "head.logit_bias",
        "head.coupling.forbidden",
    } <= names


def test_the_file_holds_no_pickle(path):
    """safetensors: eight bytes of length, JSON, then nothing but the arrays' bytes."""
    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + size])
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    assert max(ends) == len(raw) - 8 - size
    assert {entry["dtype"] for name, entry in header.items() if name != "__metadata__"} <= {
        "F32",
        "F64",
        "I64",
        "BOOL",
    }


def test_the_file_holds_no_identifier_of_the_table(path):
    raw = path.read_bytes()
    assert not [number for number in range(90) if f"k{number:03d}".encode() in raw]


# Files that are no models


class Malicious:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple:
        return (open, (os.fspath(self.marker), "w"))


def test_a_pickle_is_refused_and_not_executed(tmp_path):
    marker, path = tmp_path / "executed", tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(Malicious(marker)))
    with pytest.raises(ValueError, match="truncated or not a model file"):
        WGANGPSynthesizer.load(path)
    assert not marker.exists()
    pickle.loads(path.read_bytes()).close()
    assert marker.exists()  # the payload does work where a file is unpickled


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 100, 0.5, -1])
def test_a_truncated_file_is_refused(path, kept):
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * kept)] if kept == 0.5 else raw[:kept])
    with pytest.raises(
        ValueError, match="model.safetensors' is truncated or not a model file"
    ) as e:
        WGANGPSynthesizer.load(path)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("seed", range(5))
def test_random_bytes_are_refused(tmp_path, seed):
    path = tmp_path / "noise"
    path.write_bytes(np.random.default_rng(seed).bytes(1000))
    with pytest.raises(ValueError, match="truncated or not a model file"):
        WGANGPSynthesizer.load(path)


def test_a_csv_is_refused(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\n" * 100)
    with pytest.raises(ValueError, match="is a table; give the file that save"):
        WGANGPSynthesizer.load(path)


@pytest.mark.parametrize("header", [None, {"format": "pt"}])
def test_a_foreign_safetensors_file_is_refused(tmp_path, header):
    path = tmp_path / "foreign.safetensors"
    save_file({"weight": np.zeros(3, np.float32)}, path, header)
    with pytest.raises(ValueError, match="safetensors file, but not a synthwgan model$"):
        WGANGPSynthesizer.load(path)


def test_a_newer_format_is_refused_with_the_remedy(path):
    rewrite(path, lambda header, arrays: header.update(format_version=str(FORMAT_VERSION + 1)))
    with pytest.raises(ValueError, match=f"format {FORMAT_VERSION + 1}, newer .*upgrade synthwgan"):
        WGANGPSynthesizer.load(path)


@pytest.mark.parametrize("version", ["", "one", None])
def test_a_format_that_is_no_number_is_refused(path, version):
    def change(header: dict[str, str], arrays: dict[str, np.ndarray]) -> None:
        del header["format_version"]
        if version is not None:
            header["format_version"] = version

    rewrite(path, change)
    with pytest.raises(ValueError, match="model.safetensors' is truncated or not a model file"):
        WGANGPSynthesizer.load(path)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "null"])
def test_a_damaged_description_is_refused(path, content):
    rewrite(path, lambda header, arrays: header.update(content=content))
    with pytest.raises(ValueError, match="model.safetensors' is truncated or not a model file"):
        WGANGPSynthesizer.load(path)


@pytest.mark.parametrize(
    "name", ["generator.output.bias", "head.logit_bias", "head.coupling.forbidden"]
)
def test_missing_weights_are_named(path, name):
    def drop(header: dict[str, str], arrays: dict[str, np.ndarray]) -> None:
        del arrays[name]
        header["digest"] = digest(header["content"], arrays)

    rewrite(path, drop)
    network = name.split(".")[0]
    with pytest.raises(ValueError, match=f"weights of the {network} do not fit"):
        WGANGPSynthesizer.load(path)


def test_a_missing_file_and_a_folder(tmp_path):
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(FileNotFoundError, match=f"no model file at '{path}'"):
            WGANGPSynthesizer.load(path)


def test_a_device_that_is_not_here_is_refused(path):
    with pytest.raises(ValueError, match="device 'toaster' cannot be used here"):
        WGANGPSynthesizer.load(path, device="toaster")


def test_an_older_format_is_refused_with_the_remedy(path):
    rewrite(path, lambda header, arrays: header.update(format_version="1"))
    with pytest.raises(ValueError, match="format 1, older than .*; fit and save the model again"):
        WGANGPSynthesizer.load(path)


@pytest.mark.parametrize("name", ["masks", "leaves", "features", "effects", "value_edges"])
def test_a_rejection_that_does_not_fit_is_refused(trained, tmp_path, name):
    def cut(header: dict[str, str], arrays: dict[str, np.ndarray]) -> None:
        arrays[f"rejection.{name}"] = arrays[f"rejection.{name}"][:-1]
        header["digest"] = digest(header["content"], arrays)

    path = tmp_path / "model"
    trained.save(path)
    rewrite(path, cut)
    with pytest.raises(ValueError, match="not a model file \\(of its rejection: "):
        WGANGPSynthesizer.load(path)


@pytest.mark.parametrize("rejection", [[], "", {"ceiling": 1.0}])
def test_a_rejection_that_is_none_is_refused(trained, tmp_path, rejection):
    def change(header: dict[str, str], arrays: dict[str, np.ndarray]) -> None:
        content = json.loads(header["content"]) | {"rejection": rejection}
        header["content"] = json.dumps(content)
        header["digest"] = digest(header["content"], arrays)

    path = tmp_path / "model"
    trained.save(path)
    rewrite(path, change)
    with pytest.raises(ValueError, match="not a model file \\((of its |)rejection"):
        WGANGPSynthesizer.load(path)


# Writing


def test_an_error_while_writing_leaves_the_old_file(path, model, quick):
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))
    try:
        with pytest.raises(OSError, match=r"."):
            model.save(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_an_interrupt_while_writing_leaves_the_old_file(path, model, monkeypatch):
    before = path.read_bytes()

    def interrupt(source: Any, target: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt, match="^$"):
        model.save(path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_a_folder_that_is_missing_is_named(model, tmp_path):
    with pytest.raises(OSError, match="absent"):
        model.save(tmp_path / "absent" / "model.safetensors")


def test_saving_replaces_an_older_model(path, quick):
    table = pd.DataFrame({"only": np.arange(40) % 5})
    WGANGPSynthesizer(**quick).fit(table).save(path)
    assert list(WGANGPSynthesizer.load(path, device="cpu").sample(2)) == ["only"]


def test_str_and_path_like_are_both_taken(model, tmp_path):
    model.save(str(tmp_path / "one"))
    model.save(tmp_path / "two")
    (content, _), (other_content, _) = (read_file(tmp_path / name) for name in ("one", "two"))
    assert content == other_content


def test_a_damaged_array_is_noticed(model, tmp_path):
    path = tmp_path / "model"
    model.save(path)
    content = bytearray(path.read_bytes())
    content[-100] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ValueError, match="it is damaged"):
        WGANGPSynthesizer.load(path)
