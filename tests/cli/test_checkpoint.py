"""A command that is killed goes on when it is given again, to the same model."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner, Result

from synthwgan import Checkpoint, WGANGPSynthesizer, base
from synthwgan.__main__ import _leave
from synthwgan.cli import app
from synthwgan.io.tables import read_table
from synthwgan.training.checkpoint import PhaseCheckpoint

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="signals of POSIX")
PATIENCE = 120
ROOT = Path(__file__).resolve().parents[2]
# The command line with the small networks of the tests beside this one.
PROGRAM = """
from functools import partial
from synthwgan.__main__ import main
from synthwgan.networks.critics import CRITICS, MLP
from synthwgan.networks.generators import GENERATORS, Residual

GENERATORS["residual"] = partial(Residual, latent_dim=8, width=16, layers=1)
CRITICS["mlp"] = partial(MLP, width=16)
main()
"""
OPTIONS = ("--max-steps", 100, "--seed", 3, "--no-rejection", "--device", "cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    rng = np.random.default_rng(0)
    number = rng.normal(size=300)
    label = np.where(number > 0, "up", rng.choice(["down", "level"], 300))
    pd.DataFrame({"number": number, "label": label}).to_csv(folder / "table.csv", index=False)
    return folder


def fit_command(folder: Path, *more: object) -> list[str]:
    table, model, kept = (folder / name for name in ("table.csv", "model", "fit.ckpt"))
    command = ["fit", table, "-o", model, "--checkpoint", kept, *OPTIONS, *more]
    return [str(argument) for argument in command]


@contextmanager
def command(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command line as a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # The last digits of a model depend on the number of threads.
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": str(torch.get_num_threads()),
        },
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(happened: Callable[[], object], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + PATIENCE
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.005)


def changes_of(path: Path, n_changes: int) -> Callable[[], bool]:
    """Whether a file was written so many times since."""
    seen: list[Any] = [path.stat().st_mtime_ns if path.exists() else None]

    def happened() -> bool:
        now = path.stat().st_mtime_ns if path.exists() else None
        if now != seen[-1]:
            seen.append(now)
        return len(seen) > n_changes

    return happened


def test_a_command_that_is_killed_goes_on(folder, monkeypatch):
    path, arguments = folder / "fit.ckpt", fit_command(folder, "--checkpoint-every", 0)
    with command(*arguments) as process:
        # In the middle of a write, perhaps: the one before is whole.
        wait_for(changes_of(path, 3), process)
        process.kill()
    assert path.exists() and not (folder / "model").exists()
    result = terminated_after(2, arguments, monkeypatch)
    assert result.exit_code == 128 + signal.SIGTERM
    assert f"{path}: training goes on with whole rows from step " in result.stderr
    assert f"{path}: training was ended after step " in result.stderr
    result = run(*arguments)
    assert result.exit_code == 0
    assert f"{path}: training goes on with whole rows from step " in result.stderr
    # It is of no use any more; what a kill in the middle of a write may have left went before.
    assert sorted(each.name for each in folder.iterdir()) == ["model", "table.csv"]
    settings = {"max_steps": 100, "random_state": 3, "rejection": None, "device": "cpu"}
    expected = WGANGPSynthesizer(**settings).fit(read_table(folder / "table.csv"))
    found = WGANGPSynthesizer.load(folder / "model")
    assert found.digest_ == expected.digest_


def terminated_after(n_writes: int, arguments: list[str], monkeypatch) -> Result:
    """Run a command of this process, to which SIGTERM comes as `synthwgan` takes it."""
    calls, keep = [], PhaseCheckpoint.keep

    def ended(self: PhaseCheckpoint) -> None:
        calls.append(keep(self))
        if len(calls) == n_writes:
            signal.raise_signal(signal.SIGTERM)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        with monkeypatch.context() as patched:
            patched.setattr(PhaseCheckpoint, "keep", ended)
            signal.signal(signal.SIGTERM, _leave)
            return run(*arguments)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_checkpoint_of_other_parameters_is_refused_in_one_line(folder):
    def end(figures: dict[str, Any]) -> None:
        raise SystemExit

    settings = {"max_steps": 5, "random_state": 3, "rejection": None, "device": "cpu"}
    table, kept = read_table(folder / "table.csv"), Checkpoint(folder / "fit.ckpt")
    with pytest.raises(SystemExit):
        WGANGPSynthesizer(**settings).fit(
            table, checkpoint=kept, callbacks=[lambda f: f["step"] > 2 and end(f)]
        )
    result = run(*fit_command(folder, "--quiet"))
    assert result.exit_code == 1
    (line,) = result.stderr.strip().splitlines()
    assert "is of a fit with --max-steps 5, not 100. Set these as they were, or delete" in line
    assert (folder / "fit.ckpt").exists()


def test_a_checkpoint_is_neither_table_nor_model(folder):
    table = folder / "table.csv"
    for kept in (table, folder / "model"):
        result = run("fit", table, "-o", folder / "model", "--checkpoint", kept)
        assert result.exit_code == 1
        assert "is the table or the model" in result.stderr
    result = run("fit", table, "-o", folder / "model", "--checkpoint", folder / "other.csv")
    assert "is the name of a table; let the checkpoint end in .ckpt" in result.stderr


def test_ctrl_c_after_training_writes_the_model_and_says_what_it_lacks(folder, monkeypatch):
    def press(path: Path, *arguments: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        plain(path, *arguments)

    def interrupt(*arguments: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    plain = base.save_model
    model, kept = folder / "interrupted", folder / "interrupted.ckpt"
    arguments = ("fit", folder / "table.csv", "-o", model, "--checkpoint", kept, "--max-steps", 4)
    try:
        with monkeypatch.context() as patched:
            patched.setattr("synthwgan.fitted.calibrate", interrupt)
            patched.setattr("synthwgan.base.save_model", press)
            result = run(*arguments, "--seed", 3)
    finally:
        signal.signal(signal.SIGINT, before)
    assert result.exit_code == 0
    assert "Warning: fit was interrupted; the model is kept" in result.stderr
    assert f"fit again with --checkpoint {kept}, which goes on from there." in result.stderr
    assert len(WGANGPSynthesizer.load(model).sample(5)) == 5
    assert kept.exists()
    result = run(*arguments, "--seed", 3)
    assert result.exit_code == 0 and "was interrupted" not in result.stderr
    assert f"{kept}: training with conditions has ended before" in result.stderr
    assert not kept.exists()
