"""Several processes that train one model, started as torchrun starts them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from synthwgan.networks.heads import OutputHead
from synthwgan.networks.moments import PairwiseMoments
from synthwgan.table.layout import EncodedTable, Layout
from synthwgan.training.config import TrainingConfig
from synthwgan.training.data import TableBatches
from synthwgan.training.ranks import ALONE, Ranks, n_processes, own_device

# What both processes run; each writes what it found.
SCRIPT = """
import json, os, signal, sys, warnings
import numpy as np
import pandas as pd
import torch
from synthwgan import WGANGPSynthesizer
from synthwgan.training import fit, ranks, stopping

def table(seed=0):
    rng = np.random.default_rng(seed)
    number = rng.normal(size=1100).round(3)
    return pd.DataFrame({"number": number, "label": np.where(number > 0, "a", "b")})

def synthesizer(**settings):
    short = {"max_steps": 6, "batch_size": 64, "rejection": None, "random_state": 1}
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

rank, results = int(os.environ["RANK"]), {}
torch.set_num_threads(1)
%s
with open(sys.argv[1] + str(rank), "w") as file:
    json.dump(results, file)
"""


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
            env={**os.environ, **own, "RANK": str(rank)},
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(size)
    ]


def results(scenario: str, folder: Path) -> list[dict[str, Any]]:
    """Run processes to their end; return what each found."""
    processes = start(scenario, folder)
    shown = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "\n".join(shown)
    return [json.loads((folder / f"found{rank}").read_text()) for rank in range(2)]


# One pair of processes for all of it: to start one takes longer than to train.
SCENARIOS = """
model = synthesizer(max_steps=8, rejection=1, verbose=1).fit(table())
results["whole"] = found(model)
called = []
model = synthesizer(max_seconds=3.0, max_steps=10**6, conditional=False)
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
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("ranks")
    found = results(SCENARIOS, folder)
    assert sorted(path.name for path in folder.glob("*.ckpt*")) == ["fit.ckpt"]
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


def test_the_end_of_one_process_ends_the_other(tmp_path):
    scenario = """
def die(figures):
    if figures["step"] == 4:
        print(os.getpid(), flush=True)
        signal.raise_signal(signal.SIGKILL)

fit.Callbacks = type("Everywhere", (fit.Callbacks,), {})
observer = ranks.SameWeights.on_log
def on_log(self, record, progress):
    if rank == 1:
        die(record)
    observer(self, record, progress)

ranks.SameWeights.on_log = on_log
results["error"] = error(lambda: synthesizer().fit(table(), checkpoint="fit.ckpt"))
"""
    processes = start(scenario, tmp_path)
    shown = [process.communicate(timeout=60)[0] for process in processes]
    assert processes[1].returncode == -signal.SIGKILL, shown[1]
    assert processes[0].returncode == 0, shown[0]
    error = json.loads((tmp_path / "found0").read_text())["error"]
    assert error.startswith("ConnectionError: process 0 of 2") and "'fit.ckpt'" in error
    assert (tmp_path / "fit.ckpt").exists()
