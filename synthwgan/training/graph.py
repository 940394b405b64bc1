"""The training step as CUDA graphs: recorded once, and then started as a whole."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor

from synthwgan.training.optimizers import is_capturable, make_capturable
from synthwgan.training.step import TrainingStep
from synthwgan.training.trainer import Step

Figures = dict[str, Tensor]
Run = Callable[[], Figures]

# Steps of a kind before it is recorded: optimizers make their states, libraries set themselves up.
N_WARM_UP = 3


class Recorder(Protocol):
    """Makes of what a function does on a device something that can be repeated at once.

    `warm_up` only runs the function, as it will be run for `record`. That does not run it, and
    returns a function that does what it would have done, with the numbers that then are in the
    same tensors.
    """

    def warm_up(self, run: Run) -> Figures: ...

    def record(self, run: Run) -> Run: ...


class GraphedStep:
    """A training step whose kernels are recorded and then started together.

    A step is some hundred small kernels, and to start each from Python takes longer than to compute
    it. A CUDA graph starts all of them at once (NVIDIA, "CUDA C++ Programming Guide", section "CUDA
    Graphs"), but does the same each time. So what changes from step to step lies in tensors, which
    `TrainingStep.prepare` fills, and there is a graph for each kind of step: with a penalty and
    without.

    If recording fails, it warns, and goes on without.

    Parameters
    ----------
    step : TrainingStep
        Before its first step.
    recorder : Recorder
        Records it.
    """

    # By then both kinds of the default step are recorded.
    n_warm_up = 20

    def __init__(self, step: TrainingStep, recorder: Recorder) -> None:
        self.step = step
        self._recorder: Recorder | None = recorder
        self._n_done: Counter[tuple[bool, ...]] = Counter()
        self._replays: dict[tuple[bool, ...], Run] = {}
        self._figures: Figures = {}
        for optimizer in step.optimizers.values():
            make_capturable(optimizer)

    def __call__(self, progress: float) -> Figures:
        """Do one step at the given share of training; return the latest of all figures."""
        self._figures = self._figures | self._perform(self.step.prepare(progress))
        return self._figures

    def _perform(self, kind: tuple[bool, ...]) -> Figures:
        run = partial(self.step.perform, kind)
        if self._recorder is None:
            return run()
        if kind not in self._replays:
            self._n_done[kind] += 1
            if self._n_done[kind] <= N_WARM_UP:
                return self._recorder.warm_up(run)
            try:
                self._replays[kind] = self._recorder.record(run)
            except Exception as error:
                self._give_up(error)
                return run()
        return self._replays[kind]()

    def _give_up(self, error: Exception) -> None:
        self._recorder = None
        self._replays.clear()
        warnings.warn(
            f"the training step cannot be recorded as a CUDA graph ({type(error).__name__}: "
            f"{error}). Training goes on without, slower and with the same result; another "
            "version of torch may help.",
            UserWarning,
            stacklevel=2,
        )

    def is_finite(self) -> bool:
        """Whether all weights are finite."""
        return self.step.is_finite()

    def snapshot(self) -> Any:
        """Copies of all weights, for `restore`."""
        return self.step.snapshot()

    def restore(self, weights: Any) -> None:
        """Go back to the weights of a `snapshot`, in place: graphs know where weights are."""
        self.step.restore(weights)


class CudaRecorder:
    """Records CUDA graphs.

    Parameters
    ----------
    rng : torch.Generator
        Source of noise of what is recorded, on a CUDA device; noise is fresh in each replay.
    """

    def __init__(self, rng: torch.Generator) -> None:
        self.rng, self.device = rng, rng.device
        self.stream = torch.cuda.Stream(self.device)

    def warm_up(self, run: Run) -> Figures:
        """Run on the stream on which it will be recorded."""
        current = torch.cuda.current_stream(self.device)
        self.stream.wait_stream(current)
        with torch.cuda.stream(self.stream), warnings.catch_warnings():
            # Optimizers that can be recorded complain of a step that is not.
            warnings.filterwarnings("ignore", "This instance was constructed with capturable")
            figures = run()
        current.wait_stream(self.stream)
        return figures

    def record(self, run: Run) -> Run:
        """Return a function that replays what would be run."""
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self.rng)
        # Where recording fails, these would still wait for its end.
        generators = [self.rng, torch.cuda.default_generators[self.device.index]]
        states = [generator.clone_state() for generator in generators]
        try:
            # `torch.cuda.graph` leaves its stream the current one where recording fails.
            with torch.cuda.stream(self.stream), torch.cuda.graph(graph, stream=self.stream):
                figures = run()
        except BaseException:
            for generator, state in zip(generators, states, strict=True):
                generator.graphsafe_set_state(state)
            raise

        def replay() -> Figures:
            graph.replay()
            return figures

        return replay


def graphed(step: TrainingStep) -> Step:
    """Return a step as CUDA graphs where that can be, else the step itself.

    It can on a CUDA device, with built-in networks and the usual optimizers. A user's own network
    may do anything, wait for the host or draw noise of its own.

    Parameters
    ----------
    step : TrainingStep
        Before its first step.
    """
    is_own = callable(step.config.generator) or callable(step.config.critic)
    if (
        step.device.type != "cuda"
        or is_own
        or not all(map(is_capturable, step.optimizers.values()))
    ):
        return step
    return GraphedStep(step, CudaRecorder(step.rng))
