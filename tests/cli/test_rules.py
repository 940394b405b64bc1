"""The command that finds rules and checks tables for them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

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
