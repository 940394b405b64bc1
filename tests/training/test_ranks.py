"""Several processes that train one model, started as torchrun starts them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from synthwgan import MLP, WGANGPSynthesizer
from synthwgan.checkpoint import _CONTENT
from synthwgan.io.checkpoint import read_checkpoint
from synthwgan.networks.heads import OutputHead
from synthwgan.networks.moments import PairwiseMoments
from synthwgan.processes import n_processes
from synthwgan.table.layout import EncodedTable, Layout
from synthwgan.training.checkpoint import unpack
from synthwgan.training.config import TrainingConfig
from synthwgan.training.data import TableBatches
from synthwgan.training.ranks import ALONE, Ranks, has_own_gpu, own_device

REPOSITORY = Path(__file__).resolve().parents[2]
# What both processes run; each writes what it found.
SCRIPT = """
import json, os, signal, sys, warnings
import numpy as np
import pandas as pd
import torch
from synthwgan import MLP, Residual, WGANGPSynthesizer
from synthwgan.sampling import boosting, calibration
from synthwgan.training import ranks, stopping

calibration.STATE_ROWS = calibration.VALUE_ROWS = boosting.MAX_RAKING_ROWS = 2000
boosting.TREES_PER_ROUND = 5

def table(seed=0):
    rng = np.random.default_rng(seed)
    number = rng.normal(size=1100).round(3)
    return pd.DataFrame({"number": number, "label": np.where(number > 0, "a", "b")})

def synthesizer(**settings):
    short = {"max_steps": 6, "batch_size": 64, "rejection": None, "random_state": 1,
             "calibrate": False, "generator": Residual(latent_dim=8, width=16, layers=1),
             "critic": MLP(width=16)}
    return WGANGPSynthesizer(**(short | settings))

def found(model):
    figures = model.history_.drop(columns="phase").fillna(-1).to_numpy().tolist()
    rows = model.sample(50, random_state=0).to_csv()
    return {"digest": model.digest_, "figures": figures, "rows": rows, "steps": model.n_iter_}

def error(act):
    try:
        act()
    except Exception as raised:
        return f"{type(raised).__name__}: {raised}"

def keep():
    with open(sys.argv[1] + str(rank), "w") as file:
        json.dump(results, file)

def lose(act):
    # The second process does something in the middle of its fifth step.
    average, n_updates = ranks.Together.average_gradients, 0
    def average_gradients(self, weights):
        nonlocal n_updates
        n_updates += 1
        if rank == 1 and n_updates == 9:
            act()
        average(self, weights)
    ranks.Together.average_gradients = average_gradients

rank, results = int(os.environ["RANK"]), {}
torch.set_num_threads(1)
%s
keep()
"""


PATIENCE = 200
pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="signals of POSIX")


def start(scenario: str, folder: Path, size: int = 2) -> list[subprocess.Popen]:
    """Start processes that know of each other."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = folder / "script.py"
    script.write_text(SCRIPT % scenario, encoding="utf-8")
    own = {"WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    return [
        subprocess.Popen(
            [sys.executable, str(script), str(folder / "found")],
            env={**os.environ, **own, "RANK": str(rank), "PYTHONPATH": str(REPOSITORY)},
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(size)
    ]


# One pair of processes for all of it: to start one takes longer than to train.
SCENARIOS = """
model = synthesizer(max_steps=8, rejection=1, verbose=1, calibrate=True).fit(table())
results["whole"] = found(model)
called = []
model = synthesizer(max_seconds=1.0, max_steps=10**6, conditional=False)
results["seconds"] = found(model.fit(table(), callbacks=[called.append]))
results["called"] = len(called)
model = synthesizer(random_state=None, conditional=False)
results["callback"] = found(model.fit(table(), callbacks=[lambda figures: figures["step"] == 3]))
model = synthesizer(early_stopping=stopping.EarlyStopping(patience=1), max_steps=40)
results["early"] = found(model.set_params(conditional=False).fit(table()))
drop = lambda latent_dim, n_slots: torch.nn.Sequential(
    torch.nn.Linear(latent_dim, n_slots), torch.nn.Dropout(0.1))

def with_checkpoint(path, step=None, **settings):
    def end(figures):
        if figures["step"] == step:
            raise ZeroDivisionError("no more")
    model = synthesizer(generator=drop, **settings)
    return model.fit(table(), checkpoint=path, callbacks=[end])

results["ended"] = error(lambda: with_checkpoint("fit.ckpt", 4))
results["resumed"] = found(with_checkpoint("fit.ckpt"))
results["never ended"] = found(with_checkpoint(None))
results["other table"] = error(lambda: synthesizer().fit(table(rank)))
results["other steps"] = error(lambda: synthesizer(max_steps=6 + rank).fit(table()))
results["one checkpoint"] = error(
    lambda: synthesizer().fit(table(), checkpoint="own.ckpt" if rank else None))
apart = lambda weights, lr: torch.optim.SGD(weights, lr * (1 + rank))
results["apart"] = error(lambda: synthesizer(optimizer=apart).fit(table()))
def kill():
    keep()
    signal.raise_signal(signal.SIGKILL)

lose(kill)
results["killed"] = error(lambda: synthesizer().fit(table(), checkpoint="killed.ckpt"))
"""
# The second process was killed in the middle of a step; all are started again, as torchrun does it.
AGAIN = """
results["resumed"] = found(synthesizer().fit(table(), checkpoint="killed.ckpt"))
results["never killed"] = found(synthesizer().fit(table()))
def stop():
    keep()
    signal.raise_signal(signal.SIGSTOP)

ranks.STEP_SECONDS = 3.0
lose(stop)
results["silence"] = error(lambda: synthesizer().fit(table()))
"""


def run(scenario: str, folder: Path) -> list[dict[str, Any]]:
    """Return what two processes found; a second one that is silent in the end is killed."""
    first, second = start(scenario, folder)
    try:
        shown = first.communicate(timeout=PATIENCE)[0]
    finally:
        second.kill()
        shown_by_second = second.communicate()[0]
    assert first.returncode == 0, shown + shown_by_second
    return [json.loads((folder / f"found{rank}").read_text()) for rank in range(2)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("ranks")


@pytest.fixture(scope="module")
def found(folder) -> list[dict[str, Any]]:
    found = run(SCENARIOS, folder)
    assert sorted(path.name for path in folder.glob("*.ckpt*")) == ["fit.ckpt", "killed.ckpt"]
    return found


@pytest.mark.parametrize("name", ["whole", "seconds", "callback", "early", "resumed"])
def test_all_processes_end_with_the_same_model(found, name):
    assert found[0][name] == found[1][name]


def test_the_first_process_decides_when_to_stop(found):
    assert found[0]["called"] > 0 and found[1]["called"] == 0
    assert found[0]["callback"]["steps"] == 3
    assert found[0]["early"]["steps"] < 40


def test_a_fit_of_several_processes_goes_on_to_the_same_model(found):
    """Of each the noise is kept, that of dropout too."""
    assert found[0]["ended"] == "ZeroDivisionError: no more"
    assert "lost another one" in found[1]["ended"] and "'fit.ckpt'" in found[1]["ended"]
    assert found[0]["resumed"]["digest"] == found[0]["never ended"]["digest"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("other table", "were given other tables"),
        ("other steps", "were given other parameters"),
        ("one checkpoint", "must all be given a checkpoint, or none"),
        ("apart", "do not have the same weights after step 1"),
    ],
)
def test_processes_that_do_not_fit_together_are_told_so(found, name, message):
    assert all(message in of_one[name] for of_one in found)


def test_a_killed_process_ends_the_other_and_both_go_on(found, folder):
    error = found[0]["killed"]
    assert error.startswith("ConnectionError: process 0 of 2") and "'killed.ckpt'" in error
    content, arrays = read_checkpoint(folder / "killed.ckpt", _CONTENT)
    assert content["parameters"]["processes"] == 2
    # The last whole step, in the middle of the phase.
    (phase,) = unpack(content["phases"], arrays).values()
    assert phase["outcome"] is None and phase["parts"]["loop"]["n_steps"] == 4

    again = run(AGAIN, folder)
    for name in ("digest", "rows"):
        models = [of_one[fit][name] for of_one in again for fit in ("resumed", "never killed")]
        assert models == 4 * models[:1]
    # And silence in the middle of a step ends the others.
    assert again[0]["silence"].startswith("ConnectionError: process 0 of 2")


class Two(Ranks):
    """The second of two processes that are not there."""

    rank, size = 1, 2


def test_a_process_has_noise_of_its_own():
    assert ALONE.seed(5) == 5
    assert Two().seed(5) == Two().seed(5) != 5
    assert Two().seed(5) != Two().seed(6)


def numbered(n_rows: int) -> TableBatches:
    """Rows of one column of three states."""
    layout = Layout((3,), (), (0,), (-1,))
    codes = np.random.default_rng(0).integers(3, size=(n_rows, 1)).astype(np.uint8)
    return TableBatches(EncodedTable(codes, np.empty((n_rows, 0), np.float32)), OutputHead(layout))


@pytest.mark.parametrize("n_rows", [1, 2, 7, 8])
def test_shards_are_all_rows(n_rows):
    batches = numbered(n_rows)
    rng = torch.Generator().manual_seed(0)
    shards = [set(batches.shard(rank, 3).draw_rows(500, rng).tolist()) for rank in range(3)]
    assert set.union(*shards) == set(range(n_rows))
    if n_rows >= 3:
        assert sum(map(len, shards)) == n_rows


def test_moments_are_those_of_all_parts(monkeypatch):
    monkeypatch.setattr("synthwgan.training.data.MAX_BATCH_FLOATS", 1)
    batches = numbered(1000)
    whole = PairwiseMoments(batches.head).fit(batches.in_order)
    parts = [batches.shard(rank, 3) for rank in range(3)]
    # What is added up first, and then, with that in hand, the matrices.
    sums: list[list[torch.Tensor]] = []

    def sum_(tensors: list[torch.Tensor]) -> None:
        """Stand for three processes, one after another, that are asked twice."""
        if len(sums) < 3:
            sums.append([tensor.clone() for tensor in tensors])
            raise StopIteration
        if len(tensors) == 2:
            for tensor, found in zip(tensors, zip(*sums[:3], strict=True), strict=True):
                tensor.copy_(sum(found))

    for part in parts:
        with pytest.raises(StopIteration):
            PairwiseMoments(batches.head).fit(part.in_order, sum_)
    found = [PairwiseMoments(batches.head).fit(part.in_order, sum_) for part in parts]
    assert {each.n_rows for each in found} == {1000} == {whole.n_rows}
    torch.testing.assert_close(found[0].scale, whole.scale)
    torch.testing.assert_close(sum(each.matrix for each in found), whole.matrix)


def test_a_batch_is_shared():
    config = TrainingConfig.resolve(WGANGPSynthesizer(batch_size=1000).get_params(deep=False), 5000)
    assert config.of_one(1) is config
    assert [config.of_one(size).batch_size for size in (2, 3, 4000)] == [500, 334, 2]
    packed = WGANGPSynthesizer(batch_size=1000, critic=MLP(packing=8)).get_params(deep=False)
    assert TrainingConfig.resolve(packed, 5000).of_one(3).batch_size == 336


@pytest.mark.parametrize(
    ("environment", "expected"),
    [({}, 1), ({"WORLD_SIZE": "4"}, 1), ({"WORLD_SIZE": "4", "RANK": "0"}, 1)],
)
def test_only_what_torchrun_started_trains_together(monkeypatch, environment, expected):
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert n_processes() == expected


def test_a_group_that_the_program_made_counts_before_what_a_launcher_says(monkeypatch):
    told = {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "29500"}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("torch.distributed.is_initialized", lambda: True)
    monkeypatch.setattr("torch.distributed.get_world_size", lambda: 3)
    assert n_processes() == 3
    monkeypatch.setattr("torch.distributed.is_available", lambda: False)
    assert n_processes() == 2
    # Whoever has not imported torch has no group of it.
    monkeypatch.delitem(sys.modules, "torch.distributed")
    assert n_processes() == 2


def test_each_process_has_a_gpu_of_its_own(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr("synthwgan.training.ranks.n_processes", lambda: 4)
    monkeypatch.setenv("LOCAL_RANK", "1")
    cuda, cpu = torch.device("cuda"), torch.device("cpu")
    assert own_device(cuda) == torch.device("cuda:1")
    assert own_device(torch.device("cuda:0")) == torch.device("cuda:0")
    assert own_device(cpu) == cpu
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert has_own_gpu(cuda) and not has_own_gpu(cpu)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert not has_own_gpu(cuda)
