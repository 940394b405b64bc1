"""The small parts of training against numbers worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from synthwgan.networks.heads import OutputHead
from synthwgan.table.layout import EncodedTable, Layout
from synthwgan.training import data
from synthwgan.training.callbacks import History, ProgressBar, announce
from synthwgan.training.config import (
    FULL_BATCH,
    MAX_STEPS,
    MIN_BATCH,
    MIN_STEPS,
    auto_batch_size,
    auto_max_steps,
)
from synthwgan.training.cost import TrainingCost
from synthwgan.training.data import TableBatches
from synthwgan.training.device import resolve_device, resolve_precision
from synthwgan.training.ema import ExponentialMovingAverage
from synthwgan.training.schedule import learning_rate_factor


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# Schedule


def test_schedule_is_flat_then_a_cosine_down_to_one_percent():
    assert learning_rate_factor(0.0, 0.4) == 1.0
    assert learning_rate_factor(0.4, 0.4) == 1.0
    # Halfway through the cosine: (1 + 0.01) / 2.
    assert learning_rate_factor(0.7, 0.4) == pytest.approx(0.505)
    assert learning_rate_factor(1.0, 0.4) == pytest.approx(0.01)


def test_schedule_never_rises():
    factors = [learning_rate_factor(progress, 0.25) for progress in np.linspace(0, 1, 101)]
    assert all(later <= earlier for earlier, later in zip(factors, factors[1:], strict=False))
    assert factors[26] < 1


def test_schedule_at_the_ends_of_its_range():
    assert learning_rate_factor(0.5, 0.0) == pytest.approx(0.505)
    assert learning_rate_factor(1.0, 1.0) == 1.0


# Moving average


def test_moving_average_warms_up():
    module = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        module.weight.fill_(0.0)
        average = ExponentialMovingAverage(module, decay=0.998)
        module.weight.fill_(1.0)
    # Decays 1/10 and 2/11: 0.9 after one update, 1 - 0.1 * 2/11 after two.
    average.update()
    assert average.module.weight.item() == pytest.approx(0.9)
    average.update()
    assert average.module.weight.item() == pytest.approx(1 - 0.1 * 2 / 11)
    assert module.weight.item() == 1.0


def test_moving_average_never_decays_slower_than_asked():
    module = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        module.weight.fill_(0.0)
        average = ExponentialMovingAverage(module, decay=0.05)
        module.weight.fill_(1.0)
    average.update()
    assert average.module.weight.item() == pytest.approx(0.95)


def test_moving_average_follows_the_weights_but_needs_no_gradient():
    module = nn.Linear(2, 2)
    average = ExponentialMovingAverage(module, decay=0.998)
    with torch.no_grad():
        module.weight.add_(3.0)
    for _ in range(2000):
        average.update()
    torch.testing.assert_close(average.module.weight, module.weight.detach(), atol=1e-3, rtol=0)
    assert not any(weight.requires_grad for weight in average.module.parameters())
    assert all(weight.requires_grad for weight in module.parameters())


# Batches of the table


@pytest.fixture
def batches(mixed_layout: Layout, mixed_encoded: EncodedTable) -> TableBatches:
    return TableBatches(mixed_encoded, OutputHead(mixed_layout))


def slots_by_hand(layout: Layout, encoded: EncodedTable) -> np.ndarray:
    slots = np.zeros((len(encoded), layout.n_slots), dtype=np.float32)
    for row, codes in enumerate(encoded.codes):
        slots[row, layout.block_starts + codes] = 1
    slots[:, layout.n_state_slots :] = encoded.values
    return slots


def test_in_order_gives_every_row_once(batches, mixed_layout, mixed_encoded, monkeypatch):
    expected = slots_by_hand(mixed_layout, mixed_encoded)
    (whole,) = batches.in_order()
    np.testing.assert_array_equal(whole.numpy(), expected)
    monkeypatch.setattr(data, "MAX_BATCH_FLOATS", 1)
    parts = list(batches.in_order())
    assert [len(part) for part in parts] == [256, 256, 88]
    np.testing.assert_array_equal(torch.cat(parts).numpy(), expected)


def test_draw_gives_rows_of_the_table(batches, mixed_layout, mixed_encoded):
    drawn = batches.draw(400, rng()).numpy()
    assert drawn.shape == (400, mixed_layout.n_slots)
    rows = {row.tobytes() for row in slots_by_hand(mixed_layout, mixed_encoded)}
    assert all(row.tobytes() in rows for row in drawn)
    # With replacement, 400 draws of 600 rows hit about 600 * (1 - exp(-2/3)) = 292.
    assert 240 < len({row.tobytes() for row in drawn}) < 340


def test_draw_repeats_with_its_generator(batches):
    assert torch.equal(batches.draw(50, rng(1)), batches.draw(50, rng(1)))
    assert not torch.equal(batches.draw(50, rng(1)), batches.draw(50, rng(2)))


def test_marginals_are_the_shares_of_the_states(batches, mixed_layout, mixed_encoded):
    expected = slots_by_hand(mixed_layout, mixed_encoded).mean(0)[: mixed_layout.n_state_slots]
    np.testing.assert_allclose(batches.marginals().numpy(), expected, rtol=1e-5)
    assert (batches.marginals()[~torch.from_numpy(mixed_layout.state_mask)] == 0).all()


@pytest.mark.parametrize("code_type", [np.uint8, np.int16, np.int32])
def test_every_type_of_codes(code_type):
    layout = Layout((3,), (), (0,), (-1,))
    encoded = EncodedTable(np.array([[0], [2], [2]], code_type), np.empty((3, 0), np.float32))
    batches = TableBatches(encoded, OutputHead(layout))
    assert next(batches.in_order()).tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 1]]
    assert batches.marginals().tolist() == pytest.approx([1 / 3, 0, 2 / 3])


# Sizes, device, precision


def test_batches_are_half_of_a_small_table_within_bounds():
    assert [auto_batch_size(n_rows) for n_rows in (2, 64, 100, 999, 10**6)] == [
        MIN_BATCH,
        MIN_BATCH,
        50,
        499,
        FULL_BATCH,
    ]


def test_larger_tables_get_more_steps_within_bounds():
    sizes = [2, 50, 100, 500, 1000, 5000, 20_000, 10**5, 10**7]
    steps = [auto_max_steps(n_rows) for n_rows in sizes]
    assert steps == sorted(steps)
    assert (steps[0], steps[-1]) == (MIN_STEPS, MAX_STEPS)
    assert len(set(steps)) >= 5
    assert all(isinstance(number, int) for number in steps)


def test_devices_resolve():
    assert resolve_device("cpu") == torch.device("cpu")
    assert resolve_device("auto").type in ("cpu", "cuda", "mps")


@pytest.mark.parametrize("device", ["toaster", "cuda:99", "cpu:x", ""])
def test_a_device_that_is_not_here_is_refused(device):
    with pytest.raises(ValueError, match=f"device '{device}' cannot be used here.*'auto'.*'cpu'"):
        resolve_device(device)


def test_precision_resolves(monkeypatch):
    cpu = torch.device("cpu")
    assert resolve_precision("bfloat16", cpu) == "bfloat16"
    assert resolve_precision("float32", cpu) == "float32"
    for capabilities, expected in (
        ({"amx_bf16": True}, "bfloat16"),
        ({"avx512_bf16": True}, "bfloat16"),
        ({"avx512_bf16": False}, "float32"),
        ({}, "float32"),
    ):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda c=capabilities: c, raising=False)
        assert resolve_precision("auto", cpu) == expected
    assert resolve_precision("auto", torch.device("mps")) == "float32"


# Observers and cost


def test_history_keeps_each_record():
    records: list[dict] = []
    history = History(records, "conditions")
    history.on_log({"step": 1}, 0.5)
    history.on_log({"step": 2}, 1.0)
    history.on_end()
    assert records == [{"phase": "conditions", "step": 1}, {"phase": "conditions", "step": 2}]


def test_progress_bar_goes_to_stderr_up_to_the_whole(capsys):
    announce("some title")
    bar = ProgressBar("whole rows")
    bar.on_log({"step": 7, "wasserstein": 1.25, "detective": 0.875}, 0.5)
    bar.on_log({"step": 9}, 1.7)
    bar.on_end()
    out, err = capsys.readouterr()
    assert not out
    assert "some title" in err
    assert "training, whole rows" in err
    assert "100%" in err
    assert "step 9, Wasserstein nan, held-out AUC 0.875" in err
    assert "170%" not in err


def test_cost_in_words():
    cost = TrainingCost(12, 34_567, 8.4)
    assert str(cost) == (
        "training learns 34,567 weights from rows of 12 numbers in about 8 MiB of memory"
    )
    timed = TrainingCost(12, 34_567, 8.4, 3.21)
    assert str(timed).endswith("of memory; 1,000 steps take 3.2 s")
