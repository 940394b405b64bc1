"""The commands of the page about many machines, with two processes."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from synthwgan import WGANGPSynthesizer
from synthwgan.cli import app

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "guide" / "many-machines.md").read_text(encoding="utf-8")
SHORT = ["--max-steps", "6", "--no-rejection"]


def lines(start: str) -> list[list[str]]:
    """Commands of the page for one machine, as words."""
    found = re.findall(r"^torchrun .*$", PAGE, re.M)
    return [shlex.split(line) for line in found if start in line and "--nnodes" not in line]


def run(words: list[str], folder: Path) -> str:
    assert words[0] == "torchrun"
    # A port of its own: tests run beside others.
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", *words[1:]]
    finished = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    return finished.stdout


def test_commands_and_the_script_train_one_model(tmp_path):
    invented, script = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)[:2]
    subprocess.run(
        [sys.executable, "-c", invented],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        check=True,
    )
    _, fit = lines("synthwgan fit")
    assert run([*fit, *SHORT], tmp_path).count("Model in customers.safetensors") == 1
    first = WGANGPSynthesizer.load(tmp_path / "customers.safetensors").digest_
    assert not (tmp_path / "fit.ckpt").exists()

    assert "random_state=1)" in script
    script = script.replace("random_state=1)", "random_state=1, max_steps=6, rejection=None)")
    (tmp_path / "train.py").write_text(script, encoding="utf-8")
    (command,) = lines("train.py")
    run(command, tmp_path)
    second = WGANGPSynthesizer.load(tmp_path / "customers.safetensors").digest_
    # The same table, parameters and number of processes.
    assert second == first


def test_commands_that_are_work_for_one_process_say_so(monkeypatch):
    told = {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    for words in (["sample", "model", "-n", "3"], ["radial", "fit", "a.csv", "-o", "model"]):
        found = CliRunner().invoke(app, words)
        assert found.exit_code == 1
        assert f"start {words[0]} without torchrun" in found.output
