"""The benchmark of mode coverage: its cases, its files and its tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import objectives
from benchmarks.cell import read
from benchmarks.page import read_part
from benchmarks.toys import count_modes, cube


def options(*arguments: str):
    return objectives._parser().parse_args(arguments)


def test_the_cube_has_a_thousand_modes() -> None:
    toy = cube()
    rows = toy.draw(20_000, seed=0)
    assert list(rows.columns) == ["x", "y", "z"]
    counted = count_modes(toy, rows)
    # Within three deviations lie 97.1 % of a round Gaussian in three dimensions.
    assert counted["modes"] == 1000
    assert counted["high_quality"] == pytest.approx(0.971, abs=0.01)
    half = rows[rows["z"] > 0]
    assert count_modes(toy, half)["modes"] == 500


def test_every_objective_meets_every_option_five_times() -> None:
    cases = objectives.cases(options())
    plain = [case for case in cases if case.objective != objectives.DEFAULTS]
    assert len({case.path for case in cases}) == len(cases)
    # Toys, settings, objectives, options and seeds.
    assert len(plain) == 2 * 2 * 5 * 4 * 5
    assert len(cases) - len(plain) == 2 * 5


def test_a_case_changes_nothing_but_its_objective_and_option() -> None:
    case = objectives.Case("grid", "adam", "gan", "packing", 10)
    changed = dict(case.params.items() - objectives.PLAIN.items())
    assert changed == {
        "generator__latent_dim": 2,
        "objective": "gan",
        **objectives.SETTINGS["adam"],
        **objectives.DIVERSITY["packing"],
    }
    defaults = objectives.Case("grid", "dcgan", "defaults", "none", 10)
    assert defaults.params == {"conditional": False}


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder and a page of one's own, and fits of three steps."""
    page = tmp_path / "objectives.md"
    page.write_text("<!-- modes grid adam: start -->\n<!-- modes grid adam: end -->\n")
    monkeypatch.setattr(objectives, "PAGE", page)
    monkeypatch.setattr(objectives, "FOLDER", tmp_path / "results")
    monkeypatch.setitem(objectives.N_ROWS, "grid", 200)
    monkeypatch.setitem(objectives.PLAIN, "max_steps", 3)
    return page


CALL = (
    *("--toys", "grid", "--settings", "adam", "--objectives", "gan"),
    *("--diversity", "none", "packing", "--jobs", "1"),
)


def test_a_run_is_kept_and_gone_on_with(small: Path, capsys: pytest.CaptureFixture) -> None:
    objectives.main([*CALL, "--seeds", "1"])
    assert capsys.readouterr().out.count("grid, adam, gan, ") == 2
    objectives.main([*CALL, "--seeds", "1", "2"])
    assert capsys.readouterr().out.count(", seed 2: modes ") == 2
    results = [read(path) for path in sorted(objectives.FOLDER.glob("*.json"))]
    assert [(one["diversity"], one["seed"]) for one in results] == [
        ("none", 1),
        ("none", 2),
        ("packing", 1),
        ("packing", 2),
    ]
    assert read_part(small, "modes grid adam") == objectives.table(results, "grid", "adam")


def test_shortened_fits_are_only_printed(small: Path, capsys: pytest.CaptureFixture) -> None:
    before = small.read_text()
    objectives.main([*CALL, "--seeds", "1", "--max-steps", "2"])
    assert "grid, adam, gan, packing, seed 1: modes" in capsys.readouterr().out
    assert small.read_text() == before
    assert not list(objectives.FOLDER.iterdir())


def test_the_table_shows_means_over_the_seeds() -> None:
    def result(diversity: str, seed: int, modes: int) -> dict:
        return {
            "date": "2026-01-01T00:00:00+00:00",
            "toy": "grid",
            "setting": "adam",
            "objective": "gan",
            "diversity": diversity,
            "seed": seed,
            "figures": {"modes": modes, "high_quality": 0.9},
            "figures_of_real_rows": {"modes": 25, "high_quality": 0.99},
            "machine": {"cpu": "abacus", "cores": 2},
        }

    results = [result("none", 0, 10), result("none", 1, 12), result("packing", 0, 20)]
    lines = objectives.table(results, "grid", "adam").splitlines()
    assert lines[2] == '| `"gan"` | 11.0 ± 1.4, 90.0% | – | – | 20.0, 90.0% |'
    assert lines[-1].startswith("Modes of 25, mean and standard deviation of 1 to 2 seeds")
    assert "(99.0% of real rows)" in lines[-1]


def test_the_page_shows_the_results() -> None:
    results = [read(path) for path in sorted(objectives.FOLDER.glob("*.json"))]
    for toy, setting in {(result["toy"], result["setting"]) for result in results}:
        shown = read_part(objectives.PAGE, f"modes {toy} {setting}")
        assert shown == objectives.table(results, toy, setting)
