"""`synthwgan report` judges files, and lets a pipeline fail."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from synthwgan.cli import app
from synthwgan.cli.reports import TOO_LOW
from synthwgan.rules import Order, RuleSet

pytest.importorskip("sdmetrics")

N_ROWS = 250


def draw(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    age = rng.normal(40, 12, N_ROWS).round(1)
    paid = np.where(age + rng.normal(0, 3, N_ROWS) > 40, "yes", "no")
    code = rng.choice(["007", "012"], N_ROWS)
    years = (age / 2 + rng.normal(0, 1, N_ROWS)).round(1)
    return pd.DataFrame({"age": age, "years": years, "code": code, "paid": paid})


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Real rows, others of the same kind, and rows of which no two columns belong together."""
    folder = tmp_path_factory.mktemp("report")
    draw(0).to_csv(folder / "real.csv", index=False)
    draw(1).to_csv(folder / "test.csv", index=False)
    draw(2).to_parquet(folder / "good.parquet")
    draw(2).assign(synthetic=True).to_parquet(folder / "marked.parquet")
    rng = np.random.default_rng(3)
    shuffled = {name: rng.permutation(cells) for name, cells in draw(2).items()}
    pd.DataFrame(shuffled).to_csv(folder / "bad.csv", index=False)
    return folder


def report(folder: Path, synthetic: str, *options: object) -> Result:
    arguments = [folder / "real.csv", folder / synthetic, "--test", folder / "test.csv", *options]
    return CliRunner().invoke(app, ["report", *map(str, arguments)])


def test_good_rows_pass_and_the_page_is_there(folder: Path) -> None:
    page = folder / "good.html"
    result = report(folder, "good.parquet", "--target", "paid", "--fail-under", 0.7, "-o", page)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Score ")
    assert f"Report in {page}" in result.stdout
    text = page.read_text(encoding="utf-8")
    assert text.lstrip().lower().startswith("<!doctype html>")
    assert "paid" in text


def test_bad_rows_fail_with_their_own_exit_code(folder: Path) -> None:
    path = folder / "bad.json"
    result = report(folder, "bad.csv", "--target", "paid", "--fail-under", 0.7, "-q", "-o", path)
    assert result.exit_code == TOO_LOW
    assert "below 0.7" in result.stderr
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["score"] < 0.7
    assert [section["key"] for section in found["sections"]][0] == "validity"


def sections(folder: Path, *options: object) -> dict[str, dict]:
    path = folder / "rules-report.json"
    result = report(folder, "good.parquet", "--quick", "-q", "-o", path, *options)
    assert result.exit_code == 0, result.output
    found = json.loads(path.read_text(encoding="utf-8"))
    return {section["key"]: section for section in found["sections"]}


def test_rules_come_from_a_file_or_not_at_all(folder: Path) -> None:
    rules = RuleSet([Order("years", "<=", "age")])
    (folder / "rules.json").write_text(rules.to_json(), encoding="utf-8")
    given = sections(folder, "--rules", folder / "rules.json")["rules"]
    shares, _ = given["details"].values()
    assert [line["rule"] for line in shares] == ["age >= years"]
    none = sections(folder, "--rules", "none")["rules"]
    assert none["skipped"] and "asked for no rules" in none["notes"][0]


@pytest.mark.parametrize(
    ("synthetic", "options", "said"),
    [
        ("missing.csv", [], "does not exist"),
        ("good.parquet", ["--target", "wage"], "wage is no column"),
        ("good.parquet", ["-o", "report.pdf"], "end in .html or .json"),
        ("good.parquet", ["--rules", "some.json"], "some.json"),
        ("marked.parquet", [], "Leave out what only marks its rows: --drop synthetic."),
        ("good.parquet", ["--drop", "mark"], "--drop mark: no table has such a column."),
    ],
)
def test_mistakes_are_said_in_one_line(folder: Path, synthetic, options, said) -> None:
    result = report(folder, synthetic, *options)
    assert result.exit_code == 1
    assert said in result.stderr.strip().splitlines()[-1]


def test_a_quick_report_of_files_has_their_names_on_its_page(folder: Path) -> None:
    page = folder / "quick.html"
    result = report(
        folder, "marked.parquet", "--drop", "synthetic", "--quick", "--seed", 3, "-o", page
    )
    assert result.exit_code == 0, result.output
    assert "Left out, as the report is a quick one" in result.stdout
    text = page.read_text(encoding="utf-8")
    for name in ("real.csv", "marked.parquet", "test.csv"):
        assert f"({name})" in text
    assert "Left out, as the report is a quick one" in text
