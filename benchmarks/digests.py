"""Digests of seeded work: what a change of structure must leave as it is, bit by bit.

``python -m benchmarks.digests --write before.json`` before the change, ``--check before.json``
after it, on the same machine: floats differ from one processor to another.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from benchmarks.data import HOSPITALS, load, load_hospital
from synthwgan import GANOverSampler, RadialGANSynthesizer, WGANGPSynthesizer
from synthwgan.evaluation import evaluate

OBJECTIVES = ("wgan-gp", "wgan", "gan", "gan-minimax", "relativistic")
GENERATORS = ("residual", "mlp", "style")


def digest(*parts: Any) -> str:
    """SHA-256 of frames, arrays and plain values, in 16 digits."""
    sha = hashlib.sha256()
    for part in parts:
        if isinstance(part, pd.DataFrame):
            text = part.to_csv(index=False, float_format=repr) + repr(part.dtypes.tolist())
        elif isinstance(part, np.ndarray):
            text = part.tobytes().hex()
        else:
            text = repr(part)
        sha.update(text.encode("utf-8", "surrogatepass"))
    return sha.hexdigest()[:16]


def _adult(conditional: bool) -> Callable[[], str]:
    def work() -> str:
        train = load("adult").train
        model = WGANGPSynthesizer(
            max_steps=300, conditional=conditional, rejection=3, random_state=0
        ).fit(train)
        drawn = [model.sample(500, random_state=1), model.score_samples(train.head(100))]
        if conditional:
            hidden = np.random.default_rng(0).random((200, train.shape[1])) < 0.3
            known = train.head(200).mask(hidden)
            where = {"income": train["income"].iloc[0], "age": (20, 40)}
            drawn += [
                model.sample(200, conditions=where, random_state=1),
                model.impute(known, random_state=1),
            ]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.safetensors"
            model.save(path)
            drawn.append(WGANGPSynthesizer.load(path).sample(100, random_state=2))
        return digest(*drawn)

    return work


def _short(**parameters: Any) -> Callable[[], str]:
    def work() -> str:
        model = WGANGPSynthesizer(max_steps=30, rejection=None, random_state=0, **parameters).fit(
            load("shoppers").train.head(3000)
        )
        drawn = [model.sample(200, random_state=1)]
        if parameters.get("conditional", True):
            drawn.append(model.sample(50, conditions={"Revenue": "True"}, random_state=1))
        return digest(*drawn)

    return work


def _heart() -> str:
    tables = {name: load_hospital(name) for name in HOSPITALS}
    model = RadialGANSynthesizer(max_steps=60, random_state=0).fit(tables, target="disease")
    first = next(iter(tables))
    return digest(model.augment(first, random_state=1), model.sample(100, first, random_state=1))


def _oversampled() -> str:
    train = load("shoppers").train.head(3000)
    sampler = GANOverSampler(
        synthesizer=WGANGPSynthesizer(max_steps=60, rejection=None), random_state=0
    )
    rows, labels = sampler.fit_resample(train.drop(columns="Revenue"), train["Revenue"])
    return digest(rows, list(labels))


def _report() -> str:
    data = load("wine")
    model = WGANGPSynthesizer(max_steps=60, random_state=0).fit(data.train)
    synthetic = model.sample(len(data.train), random_state=1)
    report = evaluate(data.train, synthetic, target=data.target, random_state=0)
    return digest(report.to_frame())


WORK: dict[str, Callable[[], str]] = {
    "adult": _adult(conditional=False),
    "adult, conditions, imputation, a saved model": _adult(conditional=True),
    **{f"objective {name}": _short(objective=name, conditional=False) for name in OBJECTIVES},
    **{f"generator {name}": _short(generator=name) for name in GENERATORS},
    "radial, heart": _heart,
    "oversampler": _oversampled,
    "report": _report,
}


def main() -> None:
    """Write the digests, or compare them with those of before."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path)
    parser.add_argument("--check", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    before = {} if options.check is None else json.loads(options.check.read_text())
    found = {}
    for name, work in WORK.items():
        found[name] = work()
        verdict = "" if name not in before else before[name] == found[name] and "same" or "OTHER"
        print(f"{name:45} {found[name]} {verdict}", flush=True)
    if options.write is not None:
        options.write.write_text(json.dumps(found, indent=1) + "\n")
    raise SystemExit(any(before[name] != found[name] for name in before))


if __name__ == "__main__":
    main()
