"""The figures of the toys are good on good rows and bad on collapsed or bridged ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import toys
from benchmarks.cell import read
from benchmarks.page import read_part, write_part

N_ROWS = 4000


def points(*rows: tuple[float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["x", "y"])


@pytest.mark.parametrize("name", toys.TOYS)
def test_real_rows_cover_all_modes(name: str) -> None:
    toy = toys.TOYS[name]()
    counted = toys.count_modes(toy, toy.draw(N_ROWS, seed=0))
    assert counted["modes"] == toy.n_modes
    # Within three deviations lie 98.9 % of a round Gaussian and 99.7 % of a line's width.
    assert counted["high_quality"] == pytest.approx(0.99, abs=0.01)


@pytest.mark.parametrize("name", toys.TOYS)
def test_collapsed_rows_cover_one_mode(name: str) -> None:
    toy = toys.TOYS[name]()
    collapsed = points(*[tuple(toy.centres[0])] * N_ROWS)
    assert toys.count_modes(toy, collapsed) == {"modes": 1, "high_quality": 1.0}
    real, fresh = toy.draw(N_ROWS, seed=0), toy.draw(N_ROWS, seed=1)
    near, far = (toys.sliced_wasserstein(real, rows) for rows in (fresh, collapsed))
    assert far > 10 * near


def test_rows_between_modes_are_of_low_quality() -> None:
    toy = toys.grid(3)
    between = toy.draw(N_ROWS, seed=0) + 1
    assert toys.count_modes(toy, between) == {"modes": 0, "high_quality": 0.0}


def test_shuffled_columns_lose_the_ring() -> None:
    ring = toys.ring()
    rows = ring.draw(N_ROWS, seed=0)
    shuffled = rows.assign(y=np.random.default_rng(0).permutation(rows["y"]))
    assert toys.count_modes(ring, shuffled)["high_quality"] < 0.5


def test_three_deviations_by_hand() -> None:
    toy = toys.Toy("two", np.array([[0.0, 0.0], [10.0, 0.0]]), np.arange(2), deviation=1.0)
    rows = points((2.9, 0.0), (0.0, -2.9), (2.5, 2.5), (10.0, 3.1))
    assert toys.count_modes(toy, rows) == {"modes": 1, "high_quality": 0.5}


@pytest.mark.parametrize(("n_second", "modes"), [(49, 1), (50, 2)])
def test_a_mode_needs_a_tenth_of_its_rows(n_second: int, modes: int) -> None:
    toy = toys.Toy("two", np.array([[0.0, 0.0], [10.0, 0.0]]), np.arange(2), deviation=1.0)
    rows = points(*[(0.0, 0.0)] * (1000 - n_second), *[(10.0, 0.0)] * n_second)
    assert toys.count_modes(toy, rows)["modes"] == modes


def test_sliced_wasserstein_of_a_shift() -> None:
    rows = toys.ring().draw(500, seed=0)
    assert toys.sliced_wasserstein(rows, rows) == 0
    # A shift by 1 moves a shadow by the cosine of its angle, in the mean by 2 / pi.
    shifted = rows.assign(x=rows["x"] + 1)
    assert toys.sliced_wasserstein(rows, shifted) == pytest.approx(2 / np.pi, abs=1e-3)


def test_the_roll_is_that_of_scikit_learn() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    theirs = datasets.make_swiss_roll(N_ROWS, noise=0.25, random_state=0)[0][:, [0, 2]]
    toy = toys.swiss_roll()
    rows = pd.DataFrame(theirs, columns=["x", "y"])
    assert toys.count_modes(toy, rows)["modes"] == toy.n_modes
    assert toys.sliced_wasserstein(rows, toy.draw(N_ROWS, seed=0)) < 0.3


def test_a_run_is_written_to_page_and_picture(tmp_path: Path, monkeypatch) -> None:
    pytest.importorskip("matplotlib")
    page, folder = tmp_path / "toys.md", tmp_path / "results"
    folder.mkdir()
    page.write_text("# Toys\n\n<!-- toys: start -->\n<!-- toys: end -->\nend\n")
    monkeypatch.setattr(toys, "PAGE", page)
    monkeypatch.setattr(toys, "FOLDER", folder)
    monkeypatch.setattr(toys, "N_ROWS", 100)
    measure = toys.measure
    monkeypatch.setattr(
        toys, "measure", lambda name, seed, _: measure(name, seed, {"max_steps": 3})
    )
    toys.main(["--toys", "ring", "--seeds", "0", "1", "--jobs", "1"])
    results = [read(path) for path in sorted(folder.glob("*.json"))]
    assert [(result["seed"], result["n_steps"]) for result in results] == [(0, 3), (1, 3)]
    assert read_part(page, "toys") == toys.table(results)
    assert page.read_text().endswith("<!-- toys: end -->\nend\n")
    assert (tmp_path / "toys-ring.png").exists()


def test_other_parameters_are_only_printed(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(toys, "PAGE", tmp_path / "toys.md")
    monkeypatch.setattr(toys, "FOLDER", tmp_path)
    monkeypatch.setattr(toys, "N_ROWS", 100)
    params = json.dumps({"max_steps": 2})
    toys.main(["--toys", "grid", "--seeds", "0", "--jobs", "1", "--params", params])
    assert "grid, seed 0: modes" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_a_page_without_markers_is_named(tmp_path: Path) -> None:
    page = tmp_path / "empty.md"
    page.write_text("nothing")
    with pytest.raises(ValueError, match=r"empty\.md has no markers for 'toys'"):
        write_part(page, "toys", "table")


def test_the_table_is_that_of_the_results() -> None:
    results = [read(path) for path in sorted(toys.FOLDER.glob("*.json"))]
    assert {result["toy"] for result in results} == set(toys.TOYS)
    assert read_part(toys.PAGE, "toys") == toys.table(results)


@pytest.mark.parametrize("name", toys.TOYS)
def test_pictures_are_small(name: str) -> None:
    assert toys.PAGE.with_name(f"toys-{name}.png").stat().st_size < 150_000
