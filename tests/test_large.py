"""More rows than memory: the same model, nothing left on the disk, rows in parts."""

from __future__ import annotations

import gc
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as arrow_dataset
import pytest
import torch
from pandas.testing import assert_frame_equal
from typer.testing import CliRunner

from synthwgan import Conditional, EarlyStopping, WGANGPSynthesizer
from synthwgan.cli import app
from synthwgan.networks import zeros
from synthwgan.networks.heads import OutputHead
from synthwgan.parts import PartsPlan
from synthwgan.rules import Unique
from synthwgan.table import cache, layout, survey
from synthwgan.training import balance, data
from synthwgan.training.data import TableBatches

N_ROWS = 1200


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Numbers with spikes and gaps, categories of which one is rare, and keys."""
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "key": [f"C-{place:05d}" for place in rng.permutation(90_000)[:N_ROWS]],
            "age": rng.integers(17, 91, N_ROWS),
            "gain": np.where(rng.random(N_ROWS) < 0.7, 0, rng.integers(1, 9000, N_ROWS)),
            "size": np.where(rng.random(N_ROWS) < 0.1, np.nan, rng.normal(170, 9, N_ROWS).round(1)),
            "job": rng.choice(["a", "b", "c", "d"], N_ROWS, p=[0.5, 0.3, 0.19, 0.01]),
            "paid": rng.random(N_ROWS) < 0.4,
        }
    )


@pytest.fixture
def in_batches(table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> list[pd.DataFrame]:
    """The table in parts, most of it not in the sample."""
    monkeypatch.setattr(survey, "SAMPLE_ROWS", 400)
    return [table.iloc[start : start + 350] for start in range(0, N_ROWS, 350)]


@pytest.fixture
def nothing_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """All bounds so small that nothing is looked at as a whole."""
    monkeypatch.setattr(data, "MAX_WHOLE_ROWS", 600)
    monkeypatch.setattr(data, "CHUNK_ROWS", 400)
    monkeypatch.setattr(layout, "CHUNK_ROWS", 300)
    monkeypatch.setattr(zeros, "CHUNK_ROWS", 100)
    monkeypatch.setattr(zeros, "RENEWED", 200)
    monkeypatch.setattr(balance, "MAX_RARE_ROWS", 50)
    monkeypatch.setattr(balance, "MAX_KNOWN_ROWS", 500)
    monkeypatch.setattr(cache, "MAX_TOUCHED", 100)


def settings(quick: dict[str, Any], **others: Any) -> dict[str, Any]:
    return quick | {"max_steps": 5, "conditional": Conditional(max_steps=3)} | others


def check_same(one: WGANGPSynthesizer, other: WGANGPSynthesizer) -> None:
    assert one.digest_ == other.digest_
    rows = one.sample(40, random_state=0).drop(columns="key")
    pd.testing.assert_frame_equal(rows, other.sample(40, random_state=0).drop(columns="key"))


def maps() -> list[str]:
    """Files that look like memory and have no name."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return [line for line in lines if "(deleted)" in line]


def test_both_ways_give_the_same_model(
    table: pd.DataFrame, in_batches: list[pd.DataFrame], quick: dict[str, Any], tmp_path: Path
) -> None:
    own = settings(quick, calibrate=True, rejection=1)
    whole = WGANGPSynthesizer(**own).fit(table)
    in_parts = WGANGPSynthesizer(**own).fit(in_batches, cache_dir=tmp_path)
    check_same(whole, in_parts)
    assert not list(tmp_path.iterdir())


def test_both_ways_give_the_same_model_of_a_very_large_table(
    table: pd.DataFrame,
    in_batches: list[pd.DataFrame],
    nothing_whole: None,
    quick: dict[str, Any],
    tmp_path: Path,
) -> None:
    for others in ({"max_steps": "auto"}, {"early_stopping": EarlyStopping(patience=1)}):
        own = settings(quick, max_seconds=None, **others)
        stop = [lambda figures: figures["step"] >= 5]
        whole = WGANGPSynthesizer(**own).fit(table, callbacks=stop)
        in_parts = WGANGPSynthesizer(**own).fit(in_batches, callbacks=stop, cache_dir=tmp_path)
        check_same(whole, in_parts)


def test_parts_of_a_folder_are_one_table(
    table: pd.DataFrame, in_batches: list[pd.DataFrame], quick: dict[str, Any], tmp_path: Path
) -> None:
    for place, part in enumerate(in_batches):
        part.to_parquet(tmp_path / f"part-{place}.parquet", index=False)
    own = settings(quick, conditional=False)
    expected = WGANGPSynthesizer(**own).fit(table)
    for source in (tmp_path, f"{tmp_path}/*.parquet"):
        check_same(expected, WGANGPSynthesizer(**own).fit(source))
    rows = WGANGPSynthesizer(**own).fit(arrow_dataset.dataset(tmp_path)).sample(50, random_state=0)
    assert isinstance(rows, pa.Table)
    assert_frame_equal(
        rows.to_pandas(), expected.sample(50, random_state=0), check_dtype=False, check_exact=True
    )


class Failing:
    """Batches that fail when they are read for the n-th time, after the first part."""

    def __init__(self, parts: list[pd.DataFrame], error: BaseException, reading: int) -> None:
        self.parts, self.error, self.left = parts, error, reading

    def __iter__(self) -> Iterator[pd.DataFrame]:
        self.left -= 1
        yield self.parts[0]
        if not self.left:
            raise self.error
        yield from self.parts[1:]


@pytest.mark.parametrize("error", [ValueError("the tape is torn"), KeyboardInterrupt()])
@pytest.mark.parametrize("reading", [1, 2])
def test_nothing_is_left_after_a_failure(
    error: BaseException,
    reading: int,
    in_batches: list[pd.DataFrame],
    quick: dict[str, Any],
    tmp_path: Path,
) -> None:
    model = WGANGPSynthesizer(**settings(quick, rules=None))
    with pytest.raises(type(error)):
        model.fit(Failing(in_batches, error, reading), cache_dir=tmp_path)
    assert not list(tmp_path.iterdir())
    assert not hasattr(model, "sampler_")


def test_nothing_is_left_after_an_interrupt_or_a_fit(
    in_batches: list[pd.DataFrame], quick: dict[str, Any], tmp_path: Path
) -> None:
    held = []

    def interrupt(figures: dict[str, Any]) -> None:
        held.append((list(tmp_path.iterdir()), len(maps())))
        raise KeyboardInterrupt

    model = WGANGPSynthesizer(**settings(quick, conditional=False))
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit(in_batches, callbacks=[interrupt], cache_dir=tmp_path)
    gc.collect()
    # While it trained, the rows were in files without a name.
    (names, n_maps), *_ = held
    assert (names, list(tmp_path.iterdir())) == ([], [])
    assert n_maps == len(maps()) + 2


def test_a_folder_that_is_none_is_refused(
    in_batches: list[pd.DataFrame], quick: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        WGANGPSynthesizer(**settings(quick)).fit(in_batches, cache_dir=tmp_path / "no")
    with pytest.raises(ValueError, match="target of a table in batches is one of its columns"):
        WGANGPSynthesizer(**quick).fit(in_batches, [1, 2])


def test_batches_of_a_table_on_the_disk_are_those_of_one_in_memory(
    mixed_encoded: layout.EncodedTable, mixed_layout: layout.Layout, nothing_whole: None
) -> None:
    parts = [mixed_encoded.take(rows) for rows in (slice(0, 90), slice(90, None))]
    on_disk = cache.cached(parts, mixed_layout, None)
    assert not on_disk.in_memory
    one, other = (TableBatches(rows, OutputHead(mixed_layout)) for rows in (mixed_encoded, on_disk))
    rng = [torch.Generator().manual_seed(3) for _ in range(2)]
    for _ in range(5):
        assert torch.equal(one.draw(60, rng[0]), other.draw(60, rng[1]))
    assert torch.equal(one.marginals(), other.marginals())
    held_out, learnt = one.split(50, rng[0])
    assert len(learnt) + len(held_out) == len(one)
    rows = learnt.rows(torch.arange(len(learnt)))[1]
    both = torch.cat([rows, held_out.rows(torch.arange(len(held_out)))[1]])
    assert torch.equal(both.sort(0).values, one.values.sort(0).values)


@pytest.fixture(scope="module")
def model(table: pd.DataFrame, quick: dict[str, Any]) -> WGANGPSynthesizer:
    return WGANGPSynthesizer(**settings(quick)).fit(table)


def read(folder: Path) -> pd.DataFrame:
    return arrow_dataset.dataset(folder).to_table().to_pandas()


def test_parts_are_gone_on_with(model: WGANGPSynthesizer, tmp_path: Path) -> None:
    model.sample_to(tmp_path / "at once", 1050, rows_per_part=200, random_state=4)
    whole = read(tmp_path / "at once")
    assert len(whole) == 1050
    assert whole["key"].is_unique
    folder = tmp_path / "interrupted"
    model.sample_to(folder, 1050, rows_per_part=200, random_state=4)
    times = {file.name: file.stat().st_mtime_ns for file in folder.glob("*.parquet")}
    assert len(times) == 6
    for part in (1, 5):
        (folder / f"part-0000{part}.parquet").unlink()
    (folder / ".part-00001.parquet.1234.tmp").write_text("half a part")
    # Without a seed it is that of the folder.
    model.sample_to(folder, 1050, rows_per_part=200)
    pd.testing.assert_frame_equal(read(folder), whole)
    again = {file.name: file.stat().st_mtime_ns for file in folder.glob("*.parquet")}
    assert [name for name in sorted(times) if times[name] == again[name]] == [
        f"part-0000{part}.parquet" for part in (0, 2, 3, 4)
    ]
    assert sorted(file.name for file in folder.iterdir())[0] == "_synthetic.json"


def test_an_interrupted_part_is_not_there(
    model: WGANGPSynthesizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from synthwgan.conditions.rows import TableRows

    drawn, chunks = [], TableRows.in_chunks

    def interrupted(self: TableRows, n_rows: int, chunk_size: int) -> Iterator[Any]:
        for chunk in chunks(self, n_rows, chunk_size // 1000):
            drawn.append(len(chunk))
            if len(drawn) == 7:
                raise KeyboardInterrupt
            yield chunk

    monkeypatch.setattr(TableRows, "in_chunks", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.sample_to(tmp_path, 400, rows_per_part=200, random_state=4)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "_synthetic.json",
        "part-00000.parquet",
    ]


@pytest.mark.slow
def test_rows_are_the_same_for_any_number_of_processes(
    model: WGANGPSynthesizer, tmp_path: Path
) -> None:
    wish = {"conditions": {"job": ["a", "b"]}, "rows_per_part": 150, "random_state": 4}
    for n_jobs in (1, 2):
        model.sample_to(tmp_path / str(n_jobs), 400, n_jobs=n_jobs, **wish)
    rows = read(tmp_path / "1")
    assert set(rows["job"]) == {"a", "b"}
    pd.testing.assert_frame_equal(rows, read(tmp_path / "2"))


def test_a_folder_of_other_rows_is_refused(
    model: WGANGPSynthesizer, table: pd.DataFrame, quick: dict[str, Any], tmp_path: Path
) -> None:
    model.sample_to(tmp_path / "rows", 90, rows_per_part=40, random_state=4)
    for arguments, what in (
        ({"n_samples": 91}, "rows 90 and not 91"),
        ({"n_samples": 90, "random_state": 5}, "random_state 'another' and not 'this'"),
        ({"n_samples": 90, "conditions": {"job": "a"}}, "options {.*} and not"),
    ):
        with pytest.raises(ValueError, match=f"was begun with {what}"):
            model.sample_to(tmp_path / "rows", rows_per_part=40, **arguments)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"holds 'notes.txt' and no rows"):
        model.sample_to(tmp_path, 90)
    (tmp_path / "rows" / "_synthetic.json").write_text("{")
    with pytest.raises(ValueError, match="is damaged"):
        model.sample_to(tmp_path / "rows", 90, rows_per_part=40)
    with pytest.raises(NotADirectoryError, match=r"notes.txt is a file, or below one: name a new"):
        model.sample_to(tmp_path / "notes.txt", 90)
    for wrong in ({"n_jobs": 0}, {"rows_per_part": 0}, {"n_samples": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            model.sample_to(tmp_path / "new", **{"n_samples": 5} | wrong)
    key = Unique(["age", "gain", "size"])
    keyed = WGANGPSynthesizer(**settings(quick, rules=[key], conditional=False))
    keyed.fit(table.drop_duplicates(["age", "gain", "size"]))
    with pytest.raises(ValueError, match="is about all rows together, but parts are drawn apart"):
        keyed.sample_to(tmp_path / "new", 90)
    keyed = WGANGPSynthesizer(**settings(quick, rules=[Unique(["key"])], conditional=False))
    keyed.fit(table).sample_to(tmp_path / "new", 90)


def test_what_cannot_be_drawn_leaves_no_plan(
    model: WGANGPSynthesizer,
    table: pd.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "rows"
    for options, what in (
        ({"conditions": {"job": "astronaut"}}, "'astronaut' did not occur"),
        ({"conditions": {"jbo": "a"}}, "jbo"),
        ({"truncation": 0.5}, "truncation"),
    ):
        with pytest.raises(ValueError, match=what):
            model.sample_to(folder, 40, **options)
        assert not folder.exists()
    for rows in (table[["job"]], table[["job"]].to_numpy()):
        with pytest.raises(
            TypeError, match=r"sample_to\(\) takes conditions as a mapping; use samp"
        ):
            model.sample_to(folder, 40, conditions=rows)
    # No row is found to be so, which nobody knows before some are drawn.
    monkeypatch.setattr("synthwgan.conditions.rows.MIN_TRIED", 10)
    rare = {"age": (88, 90), "gain": (8900, 9000), "size": (190, None), "job": ["c", "d"]}
    with pytest.raises(ValueError, match="of the 40 rows asked for were found"):
        model.sample_to(folder, 40, conditions=rare, on_rare="error")
    assert list(folder.iterdir()) == []
    model.sample_to(folder, 40, conditions={"job": "a"})
    assert set(read(folder)["job"]) == {"a"}


def test_a_plan_tells_conditions_apart_in_any_process(
    model: WGANGPSynthesizer, tmp_path: Path
) -> None:
    ages = list(range(17, 91))
    long, other = pd.Series(ages * 20), pd.Series(ages * 20)
    other[700] = 90 if other[700] != 90 else 17
    assert repr(long) == repr(other)
    for first, second in ((long, other), (long.to_numpy(), other.to_numpy())):
        shown = [_plan({"age": wish})["conditions"] for wish in (first, second)]
        assert shown[0] != shown[1]
        assert all(len(one) < 1000 for one in shown)
    assert _plan({"age": np.array([20, 21])}) == _plan({"age": [20, 21]})
    assert _plan({"age": (20, 21)}) != _plan({"age": [20, 21]})
    assert _plan({"job": {"a": np.float64(0.5), "b": 0.5}})["conditions"] == (
        "{'job': {'a': 0.5, 'b': 0.5}}"
    )
    days = np.array(["2020-01-01", "2020-01-02"], "M8[ns]")
    assert _plan({"day": days[:1]}) != _plan({"day": days[1:]})
    # A set has another order in another process, and so would the rows.
    wish = {"conditions": {"job": {"a", "b", "c"}}, "rows_per_part": 30, "random_state": 4}
    model.sample_to(tmp_path / "set", 60, **wish)
    plan = json.loads((tmp_path / "set" / "_synthetic.json").read_text())
    assert plan["options"]["conditions"] == "{'job': ['a', 'b', 'c']}"
    model.sample_to(tmp_path / "list", 60, **{**wish, "conditions": {"job": ["a", "b", "c"]}})
    assert_frame_equal(read(tmp_path / "set"), read(tmp_path / "list"))


def _plan(conditions: dict[str, Any]) -> dict[str, Any]:
    return PartsPlan(1, 1, {"conditions": conditions}).to_dict()["options"]


def run(*arguments: object) -> None:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output


def test_the_commands_of_the_guide_run(
    table: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Path(__file__).parents[1] / "docs" / "guide" / "large.md"
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    commands = [shlex.split(line)[1:] for block in blocks for line in block.splitlines()]
    assert [command[0] for command in commands] == ["fit", "fit", "sample", "sample"]
    monkeypatch.chdir(tmp_path)
    Path("sales").mkdir()
    for month in (1, 2):
        table.iloc[month::2].to_parquet(f"sales/2024-0{month}.parquet", index=False)
    # Shorter, in one process, and where there is room here.
    here = {"/scratch": str(tmp_path), "100000000": "90", "4": "1"}
    short = {"fit": ["--max-steps", "2", "--max-seconds", "0.5", "--no-rejection"], "sample": []}
    for command in commands[1:]:
        run(*[here.get(word, word) for word in command], *short[command[0]])
    assert len(read(Path("synthetic"))) == 90
    # Parts of as many rows as are drawn at a time, and with what `sample` has beside it.
    model = commands[2][1]
    run("sample", model, "-n", 250, "-o", "made/", "--chunk-size", 100, "--mark", "made")
    rows = read(Path("made"))
    assert len(rows) == 250
    assert rows["made"].all()
    assert json.loads(Path("made/_synthetic.json").read_text())["rows_per_part"] == 100
