"""The command that finds rules and checks tables for them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from synthwgan.cli import app

RUNNER = CliRunner()


@pytest.fixture
def bills(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"net": rng.integers(100, 9999, 300), "tax": rng.integers(1, 99, 300)})
    frame["total"] = frame["net"] + frame["tax"]
    frame.to_csv(tmp_path / "bills.csv", index=False)
    return tmp_path / "bills.csv"


def test_find_write_and_check(bills: Path) -> None:
    path = bills.with_name("rules.json")
    found = RUNNER.invoke(app, ["rules", str(bills), "-o", str(path), "--quiet"])
    assert found.exit_code == 0
    assert found.stdout.startswith("total = net + tax (300 rows, ")
    assert RUNNER.invoke(app, ["rules", str(bills), "--check", str(path)]).exit_code == 0
    for place in ("-", str(path.with_name("other.json"))):
        refused = RUNNER.invoke(app, ["rules", str(bills), "--check", str(path), "-o", place])
        assert "--check finds none" in refused.stderr
    assert "give its name" in RUNNER.invoke(app, ["rules", str(bills), "-o", "-"]).stderr

    broken = pd.read_csv(bills)
    broken.loc[7, "total"] += 1
    broken.to_csv(bills, index=False)
    checked = RUNNER.invoke(app, ["rules", str(bills), "--check", str(path)])
    assert checked.exit_code == 3
    assert "0.33% break total = net + tax" in checked.stdout
    assert "first in rows [7]" in checked.stdout
    broken.loc[:149, "tax"] = np.nan
    broken.to_csv(bills, index=False)
    checked = RUNNER.invoke(app, ["rules", str(bills), "--check", str(path)])
    assert "0.00%   0.00% break total = net + tax" in checked.stdout
    broken.loc[200, "total"] += 1
    broken.to_csv(bills, index=False)
    checked = RUNNER.invoke(app, ["rules", str(bills), "--check", str(path)])
    assert "0.33%   0.67% break total = net + tax" in checked.stdout
    checked = RUNNER.invoke(app, ["rules", str(bills), "--check", str(path), "--json"])
    (line,) = json.loads(checked.stdout)
    assert (line["n_broken"], line["share_applying"]) == (1, pytest.approx(1 / 150))


def test_json_and_errors(bills: Path) -> None:
    found = RUNNER.invoke(app, ["rules", str(bills), "--json", "--quiet"])
    (rule,) = json.loads(found.stdout)["rules"]
    assert rule["kind"] == "Sum"
    assert sorted(rule["parts"]) == ["net", "tax"]
    path = bills.with_name("rules.json")
    path.write_text('[{"kind": "Order", "terms": ["net", "<=", "gross"]}]')
    failed = RUNNER.invoke(app, ["rules", str(bills), "--check", str(path)])
    assert failed.exit_code == 1
    assert "the table has no column 'gross'" in failed.output


# Rules of a model.


def invoke(*arguments: object) -> Result:
    return RUNNER.invoke(app, [str(argument) for argument in arguments])


def fit(table: Path, *arguments: object) -> Result:
    return invoke("fit", table, "-o", table.with_name("model"), "--max-steps", 3, *arguments)


def drawn(table: Path) -> pd.DataFrame:
    output = table.with_name("rows.csv")
    result = invoke("sample", table.with_name("model"), "-n", 300, "-o", output, "-q")
    assert result.exit_code == 0, result.stderr
    return pd.read_csv(output)


def assert_one_line_error(result: Result, *parts: str) -> None:
    assert result.exit_code == 1
    line = result.stderr.strip().splitlines()[-1]
    assert line.startswith("Error: ")
    assert all(part in line for part in parts), line


def test_a_model_shows_its_rules_and_keeps_them(bills: Path) -> None:
    fitted = fit(bills)
    assert fitted.exit_code == 0, fitted.stderr
    shown = "Rules that every drawn row keeps:\n  total = net + tax (300 rows, "
    assert shown in fitted.stderr
    assert shown in invoke("info", bills.with_name("model")).stdout
    assert drawn(bills).eval("net + tax == total").all()


def test_a_model_without_rules(bills: Path) -> None:
    assert "No rules between columns." in fit(bills, "--rules", "none").stderr
    assert "No rules between columns." in invoke("info", bills.with_name("model")).stdout
    assert not drawn(bills).eval("net + tax == total").all()


def test_a_model_of_the_rules_of_a_file(bills: Path) -> None:
    path = bills.with_name("rules.json")
    path.write_text('[{"kind": "Order", "terms": ["tax", "<=", "total"]}]')
    assert "  total >= tax (300 rows, " in fit(bills, "--rules", path).stderr
    rows = drawn(bills)
    assert (rows["tax"] <= rows["total"]).all()
    assert not rows.eval("net + tax == total").all()
    # What the search writes is taken as well.
    assert invoke("rules", bills, "-o", path, "-q").exit_code == 0
    assert fit(bills, "--rules", path, "--quiet").stderr == ""
    assert drawn(bills).eval("net + tax == total").all()


def test_rules_that_a_model_cannot_have(bills: Path) -> None:
    path = bills.with_name("rules.json")
    result = fit(bills, "--rules", path)
    assert_one_line_error(result, "rules.json cannot be read", "`synthwgan rules TABLE -o FILE`")
    assert_one_line_error(fit(bills, "--rules", bills), "bills.csv holds no rules", "are no JSON")
    for text in ('{"rules": 3}', '[{"kind": "Sum"}]', "[3]", '[{"kind": "os.system"}]', "3"):
        path.write_text(text)
        assert_one_line_error(fit(bills, "--rules", path), "rules.json holds no rules: ")
    path.write_text('[{"kind": "Order", "terms": ["net", "<=", "gross"]}]')
    assert_one_line_error(fit(bills, "--rules", path), "the table has no column 'gross'")
    path.write_text('[{"kind": "Order", "terms": ["total", "<=", "net"]}]')
    result = fit(bills, "--rules", path)
    assert_one_line_error(result, "'net >= total' is broken in 300 of 300 rows", "drop the rule")
    assert not bills.with_name("model").exists()


def test_rules_are_read_before_the_table(bills: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synthwgan.io.tables.read_table", lambda *_, **__: pytest.fail("too late"))
    assert_one_line_error(fit(bills, "--rules", "found"), "found cannot be read")


def test_constraints_are_called_rules_here(bills: Path) -> None:
    result = fit(bills, "--constraints", "file.json")
    assert result.exit_code == 2
    assert "here it is --rules FILE" in result.stderr


def test_given_cells_that_break_a_rule(bills: Path) -> None:
    assert fit(bills, "-q").exit_code == 0
    gaps = pd.read_csv(bills).head(20).astype("Int64")
    gaps.loc[:4, "tax"] = pd.NA
    gaps.loc[10, "total"] += 1
    source, output = bills.with_name("gaps.csv"), bills.with_name("filled.csv")
    gaps.to_csv(source, index=False)
    arguments = ["impute", bills.with_name("model"), source, "-o", output]
    parts = ["'total = net + tax' in 1 of 20 rows (row 10:", "pass --on-broken keep to keep them"]
    assert_one_line_error(invoke(*arguments), *parts)
    assert not output.exists()
    result = invoke(*arguments, "--on-broken", "keep")
    assert result.exit_code == 0, result.stderr
    filled = pd.read_csv(output)
    assert not filled.isna().any().any()
    assert np.flatnonzero(filled.eval("net + tax != total")).tolist() == [10]
    assert invoke(*arguments, "--on-broken", "mend").exit_code == 2


def test_several_tables(bills: Path) -> None:
    other, model = bills.with_name("others.csv"), bills.with_name("model")
    pd.read_csv(bills).tail(200).drop(columns="tax").to_csv(other, index=False)
    arguments = ["radial", "fit", bills, other, "-o", model, "--max-steps", 2]
    fitted = invoke(*arguments)
    assert fitted.exit_code == 0, fitted.stderr
    shown = "bills:\n  Rules that every drawn row keeps:\n    total = net + tax (300 rows, "
    assert shown in fitted.stderr
    assert shown in invoke("radial", "info", model).stdout
    rows = invoke("radial", "sample", model, "-n", 100, "--domain", "bills").stdout
    assert pd.read_csv(io.StringIO(rows)).eval("net + tax == total").all()
    assert invoke(*arguments, "--rules", "none").exit_code == 0
    assert "bills:\n  No rules between columns.\n" in invoke("radial", "info", model).stdout
    assert invoke(*arguments, "--rules", "some.json").exit_code == 2
