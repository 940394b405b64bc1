"""Time a training step against the bare matrix products in it.

One training step of the default model on Adult beside the bare matrix products that the step
cannot avoid: the same shapes and precision, in the same run, in turns. Run from the
repository root::

    python -m benchmarks.step --threads 1 2

prints the ratio of the times, and writes them to ``benchmarks/results/step`` and to the page
about speed.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import torch

from benchmarks.cell import RESULTS, machine, read, write
from benchmarks.data import REPOSITORY, load
from benchmarks.page import markdown_table, measured, write_part
from synthwgan import TableTransformer, WGANGPSynthesizer
from synthwgan.networks.build import build_networks
from synthwgan.networks.heads import OutputHead
from synthwgan.networks.moments import PairwiseMoments
from synthwgan.training.config import TrainingConfig
from synthwgan.training.data import TableBatches
from synthwgan.training.step import TrainingStep

DATA_SET = "adult"
FOLDER = RESULTS / "step"
PAGE = REPOSITORY / "docs" / "benchmarks" / "speed.md"
N_TURNS, STEPS_A_TURN = 15, 8
PRECISIONS = ("float32", "bfloat16")

Product = tuple[int, int, int]


def make_step(data_set: str, precision: str, device: str = "cpu") -> TrainingStep:
    """Make the step that `fit` repeats with whole rows, with the default parameters."""
    train = load(data_set).train
    transformer = TableTransformer().fit(train)
    encoded = transformer.encode(train, random_state=0)
    config = TrainingConfig.resolve(WGANGPSynthesizer().get_params(deep=False), n_rows=len(encoded))
    head = OutputHead(transformer.layout_, config.couple_columns).to(device)
    batches = TableBatches(encoded, head)
    networks = build_networks(head, batches.marginals(), config, seed=0)
    moments = PairwiseMoments(head).to(device).fit(batches.in_order)
    return TrainingStep(networks, moments, batches, config, precision, seed=0)


def products(step: TrainingStep) -> list[tuple[Product, float]]:
    """Shapes (n, k, m) of the products of one step, and how often a step needs each.

    Products with a vector (the critic's output layer) are left out, and so are those of the
    coupling, which are in float32 in either precision: see `coupling_products`.
    """
    config, n_slots = step.config, step.head.layout.n_slots
    batch, width = config.batch_size, config.generator.width
    generator = [
        (config.generator.latent_dim, width),
        *[(width, width)] * config.generator.layers,
        (width, n_slots),
    ]
    fine = step.critic.fine
    critic = [
        *([(fine.n_features, config.critic.width)] if fine is not None else []),
        (n_slots, config.critic.width),
        *[(config.critic.width,) * 2] * (config.critic.layers - 1),
    ]
    forward, by_input, by_weight = 1.0, 1.0, 1.0
    needed: list[tuple[Product, float]] = []
    for layer, (n_in, n_out) in enumerate(generator):
        of_input = by_input if layer else 0.0
        needed.append(((batch, n_in, n_out), forward + of_input))
        needed.append(((n_in, batch, n_out), by_weight))
    for layer, (n_in, n_out) in enumerate(critic):
        of_input = by_input if layer else 0.0
        # The penalty's closed form is a second product a layer, with two gradients.
        penalty = (forward + 2.0 + of_input) / config.objective.penalty_interval
        in_critic_step = config.objective.n_critic * (2 * (forward + of_input) + penalty)
        in_generator_step = forward + by_input
        needed.append(((batch, n_in, n_out), in_critic_step + in_generator_step))
        needed.append(((n_in, batch, n_out), 2 * config.objective.n_critic * by_weight))
    n_features = step.moments.n_features
    needed.append(((n_features, batch // 2, n_features), 2.0))
    needed.append(((n_features, n_features, batch // 2), 2.0))
    return needed


def coupling_products(step: TrainingStep) -> list[tuple[Product, float]]:
    """Shapes of the products of the coupling, as `products` gives them.

    Rows are drawn stage by stage, each stage from the states before it. Going back, each stage
    gets what comes after it; the gradient by the weights is one product.
    """
    coupling, batch = step.head.coupling, step.config.batch_size
    n_after, n_coupled = coupling.weight.shape
    if not n_coupled:
        return []
    last = n_after - n_coupled
    needed = [((last, n_coupled, batch), 1.0), ((n_after, batch, n_coupled), 1.0)]
    for stage in filter(coupling.holds, coupling.stages):
        n_stage, before = stage.stop - stage.start, stage.start - coupling.first
        after = n_after - before - n_stage
        needed += [((n_stage, before, batch), 1.0), ((n_stage, after, batch), 1.0)]
    return [(shape, times) for shape, times in needed if min(shape)]


def bare_products(needed: Sequence[tuple[Product, float, torch.dtype]]) -> Callable:
    """Return a function that does the products of one step into buffers made before.

    A product that is needed on every other step, say, is done on every other call.
    """
    operands = [
        (torch.randn(n, k).to(dtype), torch.randn(k, m).to(dtype), torch.empty(n, m, dtype=dtype))
        for (n, k, m), _, dtype in needed
    ]
    due = [0.0] * len(needed)

    def run() -> None:
        for index, (left, right, out) in enumerate(operands):
            due[index] += needed[index][1]
            while due[index] >= 1:
                torch.mm(left, right, out=out)
                due[index] -= 1

    return run


def seconds_of(run: Callable) -> float:
    start = time.perf_counter()
    for _ in range(STEPS_A_TURN):
        run()
    return (time.perf_counter() - start) / STEPS_A_TURN


def measure(data_set: str, precision: str, n_threads: int) -> dict[str, Any]:
    """Time the step and its bare products in turns; give medians in milliseconds."""
    torch.set_num_threads(n_threads)
    step = make_step(data_set, precision)
    needed = [(*product, getattr(torch, precision)) for product in products(step)]
    needed += [(*product, torch.float32) for product in coupling_products(step)]
    bare = bare_products(needed)
    for run in (lambda: step(0.0), bare):
        seconds_of(run)
    turns = [(seconds_of(lambda: step(0.0)), seconds_of(bare)) for _ in range(N_TURNS)]
    flops = sum(2 * n * k * m * times for (n, k, m), times, _ in needed)
    bare_seconds = statistics.median(bare for _, bare in turns)
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "data_set": data_set,
        "precision": precision,
        "threads": n_threads,
        "batch_size": step.config.batch_size,
        "step_ms": 1e3 * statistics.median(whole for whole, _ in turns),
        "products_ms": 1e3 * bare_seconds,
        "ratio": statistics.median(whole / bare for whole, bare in turns),
        "gflops": flops / bare_seconds / 1e9,
        "machine": machine(["synthwgan", "torch"]),
    }


def table(results: Iterable[dict[str, Any]]) -> str:
    """Return the results as a Markdown table."""
    results = sorted(results, key=lambda result: (result["threads"], result["precision"]))
    titles = ["precision", "threads", "step ms", "bare products ms", "ratio", "GFLOP/s of products"]
    rows = [
        [
            result["precision"],
            str(result["threads"]),
            f"{result['step_ms']:.1f}",
            f"{result['products_ms']:.1f}",
            f"{result['ratio']:.2f}",
            f"{result['gflops']:.0f}",
        ]
        for result in results
    ]
    return f"{markdown_table(titles, rows)}\n\n{measured(results)}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every precision with every number of threads, and rewrite the page."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.step",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args(arguments)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for n_threads in options.threads:
        for precision in PRECISIONS:
            result = measure(DATA_SET, precision, n_threads)
            write(result, FOLDER / f"{precision}-t{n_threads}.json")
            print(f"{precision}, {n_threads} threads: ratio {result['ratio']:.2f}", flush=True)
    write_part(PAGE, "step", table(map(read, sorted(FOLDER.glob("*.json")))))


if __name__ == "__main__":
    main()
