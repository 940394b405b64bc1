"""Several processes that train one model: who this one is, and what they tell each other."""

# pyright: reportPrivateImportUsage=false, reportPossiblyUnboundVariable=false

from __future__ import annotations

import atexit
import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from synthwgan.processes import n_processes

# In a step a process that is not heard of for so long is lost. Between steps one may have much to
# do alone, or read a table slowly; where it ends, the others are told at once all the same.
STEP_SECONDS, PATIENT_SECONDS = 60.0, 3600.0
_SEED = 2**31 - 1


class Ranks:
    """The processes that train one model; as it stands, this one alone, which tells itself nothing.

    All of them do the same in the same order, so that each knows what the others wait for.

    Attributes
    ----------
    rank, size : int
        Number of this process, from 0 on, and how many there are.
    """

    rank, size = 0, 1

    @property
    def is_first(self) -> bool:
        """Whether this process decides, shows and writes."""
        return self.rank == 0

    def seed(self, seed: int) -> int:
        """Return a seed of this process's own, that of the first being the given one."""
        if self.is_first:
            return seed
        return int(np.random.SeedSequence([seed, self.rank]).generate_state(1)[0]) % _SEED

    def average_gradients(self, weights: Iterable[Tensor]) -> None:
        """Give all processes the mean of their gradients."""

    def sum_(self, tensors: Sequence[Tensor]) -> None:
        """Give all processes the sum of their tensors, in place."""

    def mean_(self, tensors: Sequence[Tensor]) -> None:
        """Give all processes the mean of their tensors, in place."""

    def mean(self, figures: dict[str, float]) -> dict[str, float]:
        """Return the mean of all processes' figures."""
        return figures

    def copy_first_(self, tensors: Iterable[Tensor]) -> None:
        """Give all processes the tensors of the first, in place."""

    def each(self, tensors: Mapping[str, Tensor]) -> list[dict[str, Tensor]]:
        """Return the tensors of all processes, which are on the CPU and of one shape each."""
        return [dict(tensors)]

    def share(
        self, content: Any, arrays: Mapping[str, np.ndarray]
    ) -> tuple[Any, Mapping[str, np.ndarray]]:
        """Return what the first process has, of JSON and arrays."""
        return content, arrays

    def of_first(self, content: Any) -> Any:
        """Return what the first process has, of JSON."""
        return self.share(content, {})[0]

    def alone(self, find: Callable[[], Any]) -> Any:
        """Return what the first process finds, of JSON; the others wait for it."""
        return self.of_first(find() if self.is_first else None)

    def meet(self) -> None:
        """Wait until all processes are here."""

    def agree(self, number: int, message: str) -> None:
        """Raise a ValueError in all processes unless they have the same number."""


ALONE = Ranks()


class Together(Ranks):
    """The processes of torch's process group; numbers go over gloo, gradients of GPUs over NCCL.

    Parameters
    ----------
    device : torch.device
        Where this process trains.
    advice : str
        What to do if another process is lost.
    """

    def __init__(self, device: torch.device, advice: str) -> None:
        self.rank, self.size, self._advice = dist.get_rank(), dist.get_world_size(), advice
        backend = "nccl" if has_own_gpu(device) else "gloo"
        # Of a GPU that has to share, or that gloo does not know, gradients go over the CPU.
        self._device = device if backend == "nccl" else torch.device("cpu")
        self._groups = {
            "patient": dist.new_group(backend="gloo", timeout=timedelta(seconds=PATIENT_SECONDS)),
            "steps": dist.new_group(backend=backend, timeout=timedelta(seconds=STEP_SECONDS)),
        }

    def leave(self) -> None:
        """Tell the others nothing more; those that still wait for this process learn of it."""
        while self._groups:
            # The connections close with the last reference, which an error's traceback may not be.
            dist.destroy_process_group(self._groups.popitem()[1])

    def average_gradients(self, weights: Iterable[Tensor]) -> None:
        """As in `Ranks`: all in one flat tensor, since a megabyte takes as long as a byte."""
        gradients = [each.grad for each in weights if each.grad is not None]
        flat = torch.cat([each.flatten() for each in gradients]).to(self._device)
        with self._listening():
            dist.all_reduce(flat, group=self._groups["steps"])
        _spread(flat.div_(self.size), gradients)

    @torch.no_grad()
    def sum_(self, tensors: Sequence[Tensor]) -> None:
        """As in `Ranks`."""
        for tensor in tensors:
            total = tensor.detach().cpu().contiguous()
            with self._listening():
                dist.all_reduce(total, group=self._groups["patient"])
            tensor.copy_(total)

    @torch.no_grad()
    def mean_(self, tensors: Sequence[Tensor]) -> None:
        """As in `Ranks`."""
        self.sum_(tensors)
        for tensor in tensors:
            tensor.div_(self.size)

    def mean(self, figures: dict[str, float]) -> dict[str, float]:
        """As in `Ranks`."""
        values = torch.tensor(list(figures.values()), dtype=torch.float64)
        self.mean_([values])
        return dict(zip(figures, values.tolist(), strict=True))

    @torch.no_grad()
    def copy_first_(self, tensors: Iterable[Tensor]) -> None:
        """As in `Ranks`."""
        for tensor in tensors:
            first = tensor.detach().cpu().contiguous()
            with self._listening():
                dist.broadcast(first, 0, group=self._groups["patient"])
            tensor.copy_(first)

    def each(self, tensors: Mapping[str, Tensor]) -> list[dict[str, Tensor]]:
        """As in `Ranks`."""
        found: list[dict[str, Tensor]] = [{} for _ in range(self.size)]
        for name, tensor in tensors.items():
            parts = [torch.empty_like(tensor) for _ in found]
            with self._listening():
                dist.all_gather(parts, tensor, group=self._groups["patient"])
            for of_rank, part in zip(found, parts, strict=True):
                of_rank[name] = part
        return found

    def share(
        self, content: Any, arrays: Mapping[str, np.ndarray]
    ) -> tuple[Any, Mapping[str, np.ndarray]]:
        """As in `Ranks`."""
        from safetensors.numpy import load, save

        told = b""
        if self.is_first:
            told = save({name: np.asarray(arrays[name], order="C") for name in arrays})
        content = json.loads(self._bytes_of_first(json.dumps(content).encode()))
        return content, load(self._bytes_of_first(told))

    def meet(self) -> None:
        """As in `Ranks`."""
        with self._listening():
            dist.barrier(group=self._groups["patient"])

    def agree(self, number: int, message: str) -> None:
        """As in `Ranks`."""
        found = [int(each["number"]) for each in self.each({"number": torch.tensor(number)})]
        if len(set(found)) > 1:
            raise ValueError(f"the {self.size} processes that train together {message}")

    def _bytes_of_first(self, told: bytes) -> bytes:
        length = torch.tensor(len(told))
        with self._listening():
            dist.broadcast(length, 0, group=self._groups["patient"])
            of_first = torch.zeros(int(length), dtype=torch.uint8)
            if self.is_first:
                of_first = torch.frombuffer(bytearray(told), dtype=torch.uint8)
            dist.broadcast(of_first, 0, group=self._groups["patient"])
        return of_first.numpy().tobytes()

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Say in words that another process is lost."""
        try:
            yield
        except RuntimeError as error:
            raise ConnectionError(
                f"process {self.rank} of {self.size} that train together lost another one, which "
                f"ended or was silent for a minute; its own error, if any, says why. {self._advice}"
            ) from error


class SameWeights:
    """Ends training if the processes' weights are not the same after a logged step.

    Then they would learn apart, from gradients that are not theirs.

    Parameters
    ----------
    ranks : Ranks
        The processes.
    networks : nn.Module
        What is trained.
    """

    def __init__(self, ranks: Ranks, networks: nn.Module) -> None:
        self._ranks, self._networks = ranks, networks

    def on_log(self, record: dict[str, float], progress: float) -> None:
        """Compare."""
        if self._ranks.size > 1:
            self._ranks.agree(
                checksum(self._networks),
                f"do not have the same weights after step {record['step']}: an optimizer of one's "
                "own must do the same in each of them, and their machines must be of one kind",
            )

    def on_end(self) -> None:
        """Do nothing."""


def checksum(module: nn.Module) -> int:
    """CRC of a module's weights; statistics of batches are not among them."""
    found = 0
    for weights in module.parameters():
        found = zlib.crc32(weights.detach().cpu().numpy().tobytes(), found)
    return found


@contextmanager
def joined(device: torch.device, advice: str) -> Iterator[Ranks]:
    """Join the processes that train together, if this one was started with others.

    These are torch's process group, if there is one, or those that ``torchrun`` started.

    Parameters
    ----------
    device : torch.device
        Where this process trains.
    advice : str
        What to do if another process is lost.
    """
    if n_processes() == 1:
        yield ALONE
        return
    if not dist.is_initialized():
        dist.init_process_group("gloo", timeout=timedelta(seconds=PATIENT_SECONDS))
        # Torch aborts a process that ends with its group.
        atexit.register(_leave_all)
    ranks = Together(device, advice)
    try:
        yield ranks
    finally:
        ranks.leave()


def own_device(device: torch.device) -> torch.device:
    """The GPU of this process, where only "cuda" was asked for and there are several processes."""
    if device.type != "cuda" or device.index is not None or n_processes() == 1:
        return device
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)) % torch.cuda.device_count())


def has_own_gpu(device: torch.device) -> bool:
    """Whether no other process of this machine has the same GPU: NCCL would refuse that."""
    n_here = int(os.environ.get("LOCAL_WORLD_SIZE", n_processes()))
    return device.type == "cuda" and n_here <= torch.cuda.device_count()


def _leave_all() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()


def _spread(flat: Tensor, tensors: Sequence[Tensor]) -> None:
    """Put parts of a flat tensor into others."""
    parts = flat.split([each.numel() for each in tensors])
    for tensor, part in zip(tensors, parts, strict=True):
        tensor.copy_(part.view_as(tensor))
