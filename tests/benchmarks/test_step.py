"""The bare products beside a step are the ones that the step does."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import step
from benchmarks.cell import read
from benchmarks.page import read_part
from synthwgan.networks.heads import OutputHead
from synthwgan.table.layout import Layout


@pytest.fixture(scope="module")
def training_step():
    return step.make_step("breast_cancer", "float32")


def test_products_are_those_of_the_step(training_step):
    needed = step.products(training_step)
    flops = sum(2 * n * k * m * times for (n, k, m), times in needed)
    with FlopCounterMode(display=False) as counter:
        for _ in range(training_step.config.objective.penalty_interval):
            training_step(0.0)
    counted = counter.get_total_flops() / training_step.config.objective.penalty_interval
    # Left out are the critic's output layer and the coupling of columns, here of two states.
    assert flops == pytest.approx(counted, rel=0.02)
    assert flops < counted


class ProductShapes(TorchDispatchMode):
    """Notes the shapes (n, k, m) of products that are not empty."""

    def __init__(self):
        super().__init__()
        self.shapes = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if function.overloadpacket in (torch.ops.aten.mm, torch.ops.aten.addmm_):
            left, right = args[-2:]
            if left.numel() and right.numel():
                self.shapes.append((*left.shape, right.shape[1]))
        return function(*args, **(kwargs or {}))


def test_coupling_products_are_those_of_the_head():
    layout = Layout((4, 3, 2), (2, -1), (0, 1, 2, -1), (-1, -1, 0, 1))
    head = OutputHead(layout)
    of_step = SimpleNamespace(head=head, config=SimpleNamespace(batch_size=10))
    raw = torch.randn(layout.n_slots, 10).requires_grad_()
    with ProductShapes() as noted:
        head(raw.T).sum().backward()
    needed = step.coupling_products(of_step)
    assert sorted(noted.shapes) == sorted(shape for shape, _ in needed)
    assert all(times == 1 for _, times in needed)


def test_a_product_needed_every_other_step_is_done_every_other_call():
    bare = step.bare_products([((3, 4, 5), 0.5, torch.float32)])
    counts = []
    for _ in range(4):
        with FlopCounterMode(display=False) as counter:
            bare()
        counts.append(counter.get_total_flops())
    assert counts == [0, 120, 0, 120]


def test_the_page_shows_the_results():
    results = [read(path) for path in sorted(step.FOLDER.glob("*.json"))]
    assert results
    assert read_part(step.PAGE, "step") == step.table(results)
