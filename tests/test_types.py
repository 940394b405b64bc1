"""What a user's type checker says of the package."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from synthwgan.networks.critics import CRITICS, CriticName
from synthwgan.networks.generators import GENERATORS, GeneratorName
from synthwgan.networks.objectives import OBJECTIVES, ObjectiveName

CHECKER = Path(sys.executable).with_name("basedpyright")
SNIPPET = """
import numpy as np
import pandas as pd

from synthwgan import WGANGPSynthesizer

table = pd.DataFrame({"age": [23, 41, 35, 62]})
model = WGANGPSynthesizer(rare="mask", objective="wgan").fit(table)
rows: pd.DataFrame = model.sample(10)
given: pd.DataFrame = model.sample(conditions={"age": 23}, on_rare="fewer")
filled: pd.DataFrame = model.impute(table)
array: np.ndarray = model.impute(table.to_numpy())
chunks: list[pd.DataFrame] = list(model.sample_iter(10))
history: pd.DataFrame = model.history_
loaded: pd.DataFrame = WGANGPSynthesizer.load("model.safetensors").sample()
"""
WRONG = {
    'WGANGPSynthesizer(rare="drop")': "reportArgumentType",
    'WGANGPSynthesizer(objective="wgan-pg")': "reportArgumentType",
    'WGANGPSynthesizer(precision="float16")': "reportArgumentType",
    "WGANGPSynthesizer(epochs=3)": "reportCallIssue",
    "model.sample(n=3)": "reportCallIssue",
    "model.generate(3)": "reportAttributeAccessIssue",
}


@pytest.mark.skipif(not CHECKER.exists(), reason="basedpyright is not installed")
def test_what_users_write_passes_and_what_is_wrong_does_not(tmp_path: Path) -> None:
    first = SNIPPET.count("\n") + 1
    (tmp_path / "snippet.py").write_text("\n".join([SNIPPET, *WRONG]), encoding="utf-8")
    settings = {
        "typeCheckingMode": "basic",
        "reportUnusedExpression": False,
        "extraPaths": [str(Path(__file__).parents[1])],
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    checked = subprocess.run(
        [CHECKER, "--project", tmp_path, "--pythonpath", sys.executable, "--outputjson"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    found = {
        problem["range"]["start"]["line"]: problem.get("rule")
        for problem in json.loads(checked.stdout)["generalDiagnostics"]
    }
    assert found == dict(enumerate(WRONG.values(), start=first))


@pytest.mark.parametrize(
    ("names", "registry"),
    [(ObjectiveName, OBJECTIVES), (GeneratorName, GENERATORS), (CriticName, CRITICS)],
)
def test_a_checker_knows_the_short_names(names: object, registry: dict[str, type]) -> None:
    assert get_args(names) == tuple(registry)
