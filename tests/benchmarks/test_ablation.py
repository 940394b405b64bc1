"""The ablation: what its variants change, and its table."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from benchmarks import ablation, run
from benchmarks.cell import cell_of, cell_parser
from benchmarks.page import read_part
from benchmarks.tables import Run, load_runs
from synthwgan import WGANGPSynthesizer
from synthwgan.training.config import COMPONENTS


def result(params: dict[str, Any], **figures: float) -> dict[str, Any]:
    return {
        "date": "2026-01-01T00:00:00+00:00",
        "model": "synthwgan",
        "data_set": "adult",
        "seed": 0,
        "threads": 1,
        "params": {"max_seconds": 40, **ablation.BASE, **params},
        "fit_cpu_seconds": 39.0,
        "figures": figures,
        "machine": {"cpu": "abacus", "cores": 2},
    }


STUDIES = pytest.mark.parametrize("study", ablation.STUDIES.values(), ids=ablation.STUDIES)
VARIANTS = [
    (variant, changed)
    for study in ablation.STUDIES.values()
    for variant, changed in study.variants.items()
]


@pytest.mark.parametrize(("variant", "changed"), VARIANTS)
def test_variants_are_parameters_that_differ_from_the_defaults(
    variant: str, changed: dict[str, Any]
) -> None:
    plain = {name: value for name, value in changed.items() if "__" not in name}
    defaults = WGANGPSynthesizer().get_params(deep=False)
    assert all(defaults[name] != value for name, value in plain.items())
    for name in changed.keys() - plain.keys():
        component, _, parameter = name.partition("__")
        chosen = COMPONENTS[component].resolve((defaults | plain)[component])
        assert chosen.get_params()[parameter] != changed[name]
    assert (not changed) == (variant == "defaults")


@pytest.mark.parametrize("variant", ["no-penalty", "gan-smoothed", "minibatch-std"])
def test_a_cells_parameters_reach_its_process(variant: str, tmp_path: Path, monkeypatch) -> None:
    commands = []
    monkeypatch.setattr(subprocess, "run", lambda command, **_: commands.append(command))
    cell = ablation.cell("adult", ablation.OBJECTIVES.variants[variant], 40, 0)
    run._half(cell, tmp_path, "cell", Path("/"))
    assert cell_of(cell_parser(None).parse_args(commands[0][3:])) == cell


def test_the_table_has_the_order_of_the_variants() -> None:
    runs = [
        Run((result({"objective__penalty": "r1"}, trend_err=2.0),)),
        Run((result({}, trend_err=1.0),)),
        Run((result({"objective": "gan", "objective__label_smoothing": 0.1}),)),
    ]
    lines = ablation.table(ablation.OBJECTIVES, runs).splitlines()
    assert lines[2] == "| adult | nothing | 1 | 39 | – | 1.00 | – | – |"
    assert lines[3] == "| adult | `objective__penalty='r1'` | 1 | 39 | – | 2.00 | – | – |"
    smoothed = "| adult | `objective='gan'`, `objective__label_smoothing=0.1` | 1 |"
    assert lines[4].startswith(smoothed)
    assert lines[-1].endswith("At most 40 seconds of training on one thread.")


@STUDIES
def test_the_page_shows_the_results(study: ablation.Study) -> None:
    shown = read_part(study.page, ablation.MARKER)
    assert shown == ablation.table(study, load_runs(study.folder))
