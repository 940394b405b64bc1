"""Damaged model files: a sample of what `benchmarks.mutations` tries, in this process."""

from __future__ import annotations

import itertools
import json
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from benchmarks import mutations
from benchmarks.mutations import FORGED, MUTATORS, OTHER, REFUSED, SAME, Whole, forge, outcome
from synthwgan import Conditional, WGANGPSynthesizer

N_EACH = 6


@pytest.fixture(scope="module")
def wholes() -> dict[str, Whole]:
    """A model of a table with many dtypes, and one with conditions."""
    quick = mutations.QUICK | {"rejection": None, "max_steps": 2, "calibrate": False}
    models = {
        "all kinds": WGANGPSynthesizer(**quick, conditional=False, max_categories=5).fit(
            mutations._all()
        ),
        "rules": WGANGPSynthesizer(**quick, conditional=False, rules=mutations.ORDER_RULES).fit(
            mutations._orders()
        ),
        "conditional": WGANGPSynthesizer(**quick, conditional=Conditional(max_steps=2)).fit(
            mutations._mixed(100)
        ),
    }
    return {name: Whole.of(model) for name, model in models.items()}


@pytest.mark.parametrize("mutation", MUTATORS)
def test_a_damaged_file_is_refused_or_gives_the_same_rows(wholes, mutation, tmp_path):
    path, found = tmp_path / "model", Counter()
    for number, (name, whole) in itertools.islice(
        enumerate(itertools.cycle(wholes.items())), N_EACH
    ):
        path.write_bytes(MUTATORS[mutation](whole, np.random.default_rng([7, number])))
        result, message = outcome(whole, str(path), mutation in FORGED)
        allowed = (REFUSED, SAME, OTHER) if mutation in FORGED else (REFUSED, SAME)
        assert result in allowed, f"{name}, mutation {number}: {result}, {message}"
        found[result] += 1
    assert found[REFUSED] > N_EACH // 4


def test_the_whole_file_gives_its_rows_also_when_written_anew(wholes, tmp_path):
    path = tmp_path / "model"
    for whole in wholes.values():
        for raw in (whole.raw, forge(whole.text, whole.arrays)):
            path.write_bytes(raw)
            assert outcome(whole, str(path), False) == (SAME, "")


def test_faults_are_found(wholes, tmp_path):
    """The judge can say more than that all is well."""
    whole, path = wholes["conditional"], tmp_path / "model"
    content = json.loads(whole.text)
    labels = next(c for c in content["table"]["columns"] if c["kind"] == "categorical")["levels"]
    labels[0] = f"{labels[0]}x"
    path.write_bytes(forge(json.dumps(content), whole.arrays))
    assert outcome(whole, str(path), True) == (OTHER, "")
    assert outcome(whole, str(path), False) == ("other rows", "")

    def broken(path: str) -> None:
        raise KeyError(path)

    found = outcome(Whole(broken, b"", "", {}, [pd.DataFrame()]), str(path), True)
    assert found[0] == "other error"
