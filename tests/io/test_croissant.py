"""A written table is described in Croissant, and what the description says is so."""

from __future__ import annotations

import datetime
import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from synthwgan import WGANGPSynthesizer
from synthwgan.cli import app
from synthwgan.io import FORMATS, TableWriter, read_table, write_croissant

TOLD = {
    "rows": "drawn",
    "package": "synthwgan",
    "version": "0.1.0",
    "model": "ab" * 32,
    "date": "2026-01-31",
    "seed": 7,
}
TYPES = {
    "age": "Integer",
    "x y": "Float",
    "Größe/ä": "Text",
    "when": "DateTime",
    "day": "Date",
    "is it": "Boolean",
    "kind": "Text",
    "price": "Float",
    "7": "Integer",
    "empty": "Float",
}


@pytest.fixture
def rows() -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "age": pd.array([1, None, 3], dtype="Int64"),
            "x y": [1.5, np.nan, 2.0],
            "Größe/ä": ["a", None, "b"],
            "when": pd.to_datetime(["2020-01-01 00:00", "2021-02-03 10:00", "2021-02-03 11:00"]),
            "day": [datetime.date(2020, 1, 1), None, datetime.date(2021, 1, 1)],
            "is it": [True, False, True],
            "kind": pd.Categorical(["u", "v", "u"]),
            "price": [Decimal("1.50"), Decimal("2.25"), None],
            7: [1, 2, 3],
            "empty": [np.nan] * 3,
        }
    )
    frame.attrs["synthetic"] = TOLD
    return frame


def written(folder: Path, rows: pd.DataFrame, suffix: str, **said: Any) -> tuple[Path, Path]:
    path = folder / f"my rows{suffix}"
    with TableWriter(path) as writer:
        writer.write(rows)
    return path, write_croissant(path, rows, **said)


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_it_says_what_the_file_holds_and_that_it_is_synthetic(tmp_path, rows, suffix):
    path, description = written(tmp_path, rows, suffix, description="People of nowhere.")
    assert description == tmp_path / f"my rows{suffix}.croissant.json"
    content = json.loads(description.read_text())
    assert "http://mlcommons.org/croissant/1.1" in content["conformsTo"]
    assert content["name"] == "my rows"
    assert content["description"].startswith("People of nowhere. Synthetic: every row was drawn")
    assert content["digitalSourceType"].endswith("/TrainedAlgorithmicMediaDigitalSource")
    assert content["dateCreated"] == "2026-01-31"
    assert content["prov:wasGeneratedBy"]["prov:used"] == {"@id": f"urn:sha256:{TOLD['model']}"}
    assert "seed 7" in content["rai:dataCollection"]
    (file,) = content["distribution"]
    assert file["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert file["contentSize"] == f"{path.stat().st_size} B"
    assert (tmp_path / file["contentUrl"]).samefile(path)
    fields = content["recordSet"][0]["field"]
    assert {one["name"]: one["dataType"].removeprefix("sc:") for one in fields} == TYPES
    assert [one["source"]["extract"]["column"] for one in fields] == list(read_table(path).columns)


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_the_reference_reader_finds_nothing_amiss_and_reads_the_rows(tmp_path, rows, suffix):
    reader = pytest.importorskip("mlcroissant")
    said = {"license": "https://spdx.org/licenses/CC0-1.0.html", "url": "https://example.org/rows"}
    rows["Größe/ä"] = ["a", "c", "b"]
    _, description = written(tmp_path, rows, suffix, creator="Somebody", **said)
    data = reader.Dataset(description)
    issues = data.metadata.ctx.issues
    assert not issues.errors
    assert all("is recommended, but does not exist" in one for one in issues.warnings)
    read = list(data.records("rows"))
    names = {name: f"rows/{quoted}" for name, quoted in (("age", "age"), ("x", "x%20y"))}
    assert [record[names["x"]] for record in read][::2] == [1.5, 2.0]
    assert [record[names["age"]] for record in read][::2] == [1, 3]
    assert [record["rows/Gr%C3%B6%C3%9Fe%2F%C3%A4"] for record in read] == [b"a", b"c", b"b"]
    assert read[1]["rows/when"] == pd.Timestamp("2021-02-03 10:00")


def test_completed_rows_are_partly_synthetic(tmp_path, rows):
    rows.attrs["synthetic"] = {**TOLD, "rows": "completed", "seed": None, "privacy": "as promised"}
    content = json.loads(written(tmp_path, rows, ".csv")[1].read_text())
    assert content["description"].startswith("Partly synthetic")
    assert content["digitalSourceType"].endswith(
        "/CompositeWithTrainedAlgorithmicMediaDigitalSource"
    )
    assert "seed" not in content["description"]
    assert content["description"].endswith("Privacy: as promised.")
    # What nobody said is not made up.
    assert not {"license", "creator", "url"} & set(content)


def test_real_rows_are_not_called_synthetic(tmp_path, rows):
    rows.attrs = {}
    with pytest.raises(ValueError, match="do not say that they are synthetic.*attrs"):
        written(tmp_path, rows, ".csv")


def test_the_command_line_describes_what_it_writes(quick, tmp_path, monkeypatch):
    X = np.random.default_rng(0).normal(size=(40, 2))
    table = pd.DataFrame({"a": X[:, 0], "b": np.where(X[:, 1] > 0, "x", "y")})
    WGANGPSynthesizer(**quick).fit(table).save(tmp_path / "model")
    # Rows of a model that was fitted to an array are described as well.
    WGANGPSynthesizer(**quick, conditional=False).fit(X).save(tmp_path / "array")
    table.assign(b=None).to_csv(tmp_path / "gaps.csv", index=False)
    commands = {
        "rows.parquet": ["sample", "model", "-n", "5", "--seed", "3", "--mark", "made", "-q"],
        "array.csv": ["sample", "array", "-n", "5", "-q"],
        "filled.csv": ["impute", "model", "gaps.csv"],
    }
    monkeypatch.chdir(tmp_path)
    for name, command in commands.items():
        result = CliRunner().invoke(app, [*command, "-o", name, "--croissant"])
        assert result.exit_code == 0, result.output
        content = json.loads(Path(f"{name}.croissant.json").read_text())
        is_drawn = content["digitalSourceType"].endswith("/TrainedAlgorithmicMediaDigitalSource")
        assert is_drawn == (command[0] == "sample")
        columns = [one["name"] for one in content["recordSet"][0]["field"]]
        assert columns == list(read_table(name).columns)
        assert "Add license, url and creator" in result.stderr
    result = CliRunner().invoke(app, ["sample", str(tmp_path / "model"), "-n", "5", "--croissant"])
    assert result.exit_code == 1
    assert "-o" in result.stderr


def test_every_format_of_files_has_a_media_type(tmp_path, rows):
    for suffix in [*FORMATS, ".csv.gz", ".jsonl.zst"]:
        path = tmp_path / f"rows{suffix}"
        path.write_bytes(b"")
        file = json.loads(write_croissant(path, rows).read_text())["distribution"][0]
        media = file["encodingFormat"]
        assert len([media] if isinstance(media, str) else media) == 1 + (suffix.count(".") > 1)
