"""How much rows look like the training table, by the critic."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import nn

from synthwgan.networks.coupling import FORBIDDEN_PAIR
from synthwgan.networks.heads import OutputHead

CHUNK_ROWS = 16_384


@torch.no_grad()
def score_rows(
    critic: nn.Module, slots: np.ndarray, device: torch.device, packing: int = 1
) -> np.ndarray:
    """Critic's score of each row; higher is more like the training table.

    The products are float64 (float32 on MPS, which has none), so that a row's score does not
    depend on the rows scored with it. A critic of packs sees a row several times, and one that
    compares rows the means that it saw in training.

    Parameters
    ----------
    critic : nn.Module
        Maps slots, or packs of them, to scores.
    slots : ndarray of shape (n_rows, n_slots), float64
        Encoded rows.
    device : torch.device
        The critic's device.
    packing : int, default 1
        Rows that the critic sees at once.

    Returns
    -------
    ndarray of shape (n_rows,), float64
    """
    dtype = torch.float32 if device.type == "mps" else torch.float64
    critic = copy.deepcopy(critic).to(dtype).eval()
    scores = []
    for start in range(0, max(len(slots), 1), CHUNK_ROWS):
        rows = torch.from_numpy(slots[start : start + CHUNK_ROWS]).to(device, dtype)
        scores.append(critic(rows if packing == 1 else rows.repeat(1, packing)).cpu())
    return torch.cat(scores).double().numpy()


@torch.no_grad()
def score_pairs(head: OutputHead, slots: np.ndarray) -> np.ndarray:
    """What forbidden pairs of states add to the scores of rows.

    The critic has never seen such a pair generated, so it has not learnt to mind one.

    Parameters
    ----------
    head : OutputHead
        Knows the pairs.
    slots : ndarray of shape (n_rows, n_slots)
        Encoded rows.

    Returns
    -------
    ndarray of shape (n_rows,), float64
        0, or `FORBIDDEN_PAIR` for each pair that a row has: far more than scores differ otherwise.
    """
    scores = np.zeros(len(slots))
    if not head.coupling.forbids:
        return scores
    for start in range(0, len(slots), CHUNK_ROWS):
        of_states = slots[start : start + CHUNK_ROWS, : head.layout.n_state_slots]
        states = torch.from_numpy(of_states).to(head.device, torch.float32).T
        # Each pair is counted from both of its ends. An unknown cell may be a bit of each state.
        n_pairs = (head.coupling.n_forbidden(states) / 2).floor()
        scores[start : start + CHUNK_ROWS] = FORBIDDEN_PAIR * n_pairs.cpu().numpy()
    return scores
