"""The step as a CUDA graph: a step that is repeated, tensors apart, is the step that was meant.

Without a GPU two stand-ins say what can be known. `Tape` repeats operations as a graph repeats
kernels: with the tensors and the numbers of Python that were there when it was recorded. `Watch`
finds what a graph cannot hold: waiting for the device, and copies between host and device. What
CUDA itself makes of it is tested where there is a GPU.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from synthwgan import WGANGPSynthesizer
from synthwgan.networks.build import build_networks
from synthwgan.networks.heads import OutputHead
from synthwgan.networks.moments import PairwiseMoments
from synthwgan.table.layout import EncodedTable, Layout
from synthwgan.training import fit
from synthwgan.training.conditional import ConditionalStep
from synthwgan.training.config import TrainingConfig
from synthwgan.training.data import TableBatches
from synthwgan.training.graph import N_WARM_UP, CudaRecorder, GraphedStep, Run, graphed
from synthwgan.training.step import TrainingStep
from synthwgan.training.trainer import Trainer

N_STEPS = 18
KINDS = (TrainingStep, ConditionalStep)
CHANGES: dict[str, dict[str, Any]] = {
    "default": {},
    "bfloat16": {"precision": "bfloat16"},
    "two critic updates": {"n_critic": 2},
    "noise and packs": {"instance_noise": 0.3, "packing": 2},
    "compared rows": {"minibatch_features": 3, "minibatch_std": True},
    "style": {"generator": "style"},
    "weight clipping": {"objective": "wgan"},
    "two penalties": {"objective": "relativistic", "optimizer": "AdamW"},
    "balanced rows": {"training_by_sampling": True},
    "neither moments nor penalty": {"moment_weight": 0.0, "gradient_penalty": 0.0},
    "tempered, not coupled": {"temperature": 0.7, "couple_columns": False},
}
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")


@pytest.fixture(autouse=True)
def capturable_everywhere(monkeypatch):
    """Let optimizers hold their state in tensors on any device, as they do on CUDA."""
    for optimizer in (torch.optim.Adam, torch.optim.RMSprop):
        monkeypatch.setattr(
            sys.modules[optimizer.__module__],
            "_get_capturable_supported_devices",
            lambda *args, **options: ["cpu", "cuda", "meta"],
        )


@pytest.fixture
def make(quick, mixed_layout, mixed_encoded):
    """Make a step of some kind, of small networks, with changed parameters."""

    def make(kind: type[TrainingStep], device: str = "cpu", **changes: Any) -> TrainingStep:
        parameters = quick | {"penalty_interval": 3, "constant_share": 0.25} | changes
        step = step_of(kind, mixed_layout, mixed_encoded, parameters, device)
        for optimizer in step.optimizers.values():
            for group in optimizer.param_groups:
                # As all but Adam, which is fused, are on CUDA.
                group["foreach"] = not group.get("fused")
        return step

    return make


def step_of(
    kind: type[TrainingStep],
    layout: Layout,
    encoded: EncodedTable,
    parameters: dict[str, Any],
    device: str,
) -> TrainingStep:
    precision = parameters["precision"]
    parameters = WGANGPSynthesizer(**parameters).get_params()
    config = TrainingConfig.resolve(parameters, n_rows=len(encoded))
    head = OutputHead(layout, config.temperature, config.couple_columns).to(device)
    batches = TableBatches(encoded, head)
    conditional = kind is ConditionalStep
    networks = build_networks(head, batches.marginals(), config, seed=0, conditional=conditional)
    moments = PairwiseMoments(head).to(device).fit(batches.in_order)
    return kind(networks, moments, batches, config, precision, seed=0)


def train(step: TrainingStep | GraphedStep, n_steps: int = N_STEPS) -> list[dict[str, float]]:
    """Train over the whole schedule; return the figures."""
    return [
        {name: float(figure) for name, figure in step(number / n_steps).items()}
        for number in range(n_steps)
    ]


def state_of(step: TrainingStep | GraphedStep) -> dict[str, torch.Tensor]:
    trained, averaged = step.snapshot()
    return {f"trained.{name}": tensor for name, tensor in trained.items()} | {
        f"averaged.{name}": tensor for name, tensor in averaged.items()
    }


def differing(one: TrainingStep | GraphedStep, other: TrainingStep | GraphedStep) -> list[str]:
    """Names of weights, batch statistics and averages that are not the same to the last bit."""
    others = state_of(other)
    return [name for name, tensor in state_of(one).items() if not torch.equal(tensor, others[name])]


# Stand-ins for CUDA


class Tape(TorchDispatchMode):
    """Notes each operation with its tensors, and does them again, into the same tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, ...]] = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        self.calls.append((function, args, kwargs or {}, made))
        return made

    @torch.no_grad()
    def play(self) -> None:
        for function, args, kwargs, made in self.calls:
            again = function(*args, **kwargs)
            for old, new in zip(tensors(made), tensors(again), strict=True):
                # A view, or what was changed in place, is there already; zeros may have no memory.
                if old.untyped_storage()._cdata != new.untyped_storage()._cdata:
                    if not old._is_zerotensor():
                        old.copy_(new)


def tensors(tree: Any) -> list[torch.Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


class Direct:
    """Records nothing: what is to be recorded is run each time."""

    def warm_up(self, run: Run) -> Any:
        return run()

    def record(self, run: Run) -> Run:
        return run


class Taped(Direct):
    """Records on tapes."""

    def __init__(self) -> None:
        self.n_recorded = self.n_played = 0

    def record(self, run: Run) -> Run:
        tape = Tape()
        # Unlike a graph, a tape is recorded by doing it: the first replay is done by then.
        with tape:
            figures = run()
        self.n_recorded += 1
        is_done = [True]

        def replay() -> Any:
            if is_done:
                is_done.pop()
            else:
                tape.play()
                self.n_played += 1
            return figures

        return replay


# Of what a step is made of, or could be: what makes the host wait although nothing shows it.
WAITING = {
    *("_local_scalar_dense", "item", "is_nonzero", "equal", "nonzero", "masked_select", "bincount"),
    *("_unique2", "unique_dim", "unique_consecutive", "multinomial", "repeat_interleave.Tensor"),
}


class Watch(TorchDispatchMode):
    """Fails on what a graph cannot hold; the device is "meta", all else is the host."""

    def __init__(self) -> None:
        super().__init__()
        self.n_calls = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = str(function).removeprefix("aten.")
        if name in WAITING or name.partition(".")[0] in WAITING:
            raise AssertionError(f"the host waits for {function}")
        if name.startswith(("index.", "index_put")) and any(
            index.dtype == torch.bool for index in tensors(args[1])
        ):
            raise AssertionError(f"the host waits for the size of a mask: {function}")
        made = function(*args, **(kwargs or {}))
        found = tensors((args, kwargs, made))
        if any(tensor.device.type != "meta" for tensor in found):
            raise AssertionError(f"{function} has a tensor of the host")
        self.n_calls += 1
        return made


# A repeated step is the step that was meant


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES.keys())
def test_replayed_steps_are_steps(make, kind, changes):
    direct = GraphedStep(make(kind, **changes), Direct())
    taped = GraphedStep(make(kind, **changes), recorder := Taped())
    assert train(taped) == train(direct)
    assert not differing(taped, direct)
    assert torch.equal(taped.step.rng.get_state(), direct.step.rng.get_state())
    n_kinds = 1 if direct.step.penalty is None else {1: 2, 2: 3}[direct.step.config.n_critic]
    assert recorder.n_recorded == n_kinds
    assert recorder.n_played == N_STEPS - n_kinds * (N_WARM_UP + 1)


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_in_tensors_train_as_numbers_of_python(make, kind):
    step, taped = make(kind, n_critic=2), GraphedStep(make(kind, n_critic=2), Taped())
    # Learning rates in single precision: equal but for rounding, which adds up.
    for one, other in zip(train(step), train(taped), strict=True):
        assert list(one) == list(other)
        assert one == pytest.approx(other, rel=1e-3, abs=1e-4)
    for name, tensor in state_of(step).items():
        torch.testing.assert_close(state_of(taped)[name], tensor, rtol=1e-4, atol=1e-5)


def hide_learning_rate(step: TrainingStep) -> None:
    for optimizer in step.optimizers.values():
        for group in optimizer.param_groups:
            group["lr"] = float(group["lr"])


def hide_noise(step: TrainingStep) -> None:
    seen = step.critic_input
    seen.anneal = lambda progress: setattr(seen, "scale", seen.instance_noise * (1 - progress))


def hide_average(step: TrainingStep) -> None:
    warm_up, ema = step.ema.warm_up, step.ema

    def warm_up_a_copy() -> None:
        ema._share = ema._share.clone()
        warm_up()

    ema.warm_up = warm_up_a_copy


def hide_penalty(step: TrainingStep) -> None:
    perform = step.perform
    step.prepare = lambda progress, plain=step.prepare: (plain(progress), ("same",))[1]
    numbers = iter(range(10**6))
    step.perform = lambda kind: perform((next(numbers) % step.config.penalty_interval == 0,))


@pytest.mark.parametrize("hide", [hide_learning_rate, hide_noise, hide_average, hide_penalty])
def test_the_check_finds_what_hides_in_python(make, hide):
    steps = []
    for recorder in (Direct(), Taped()):
        steps.append(GraphedStep(make(TrainingStep, instance_noise=0.3), recorder))
        hide(steps[-1].step)
        train(steps[-1])
    assert differing(*steps)


def test_noise_is_fresh_in_each_replay(make):
    taped = GraphedStep(make(TrainingStep, penalty_interval=1), Taped())
    figures = [of_step["wasserstein"] for of_step in train(taped)]
    assert len(set(figures)) == N_STEPS


# What a graph cannot hold


@contextmanager
def on_meta(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make steps on "meta", for which there are neither generators nor autocast."""
    plain = torch.Generator
    with monkeypatch.context() as patched:
        patched.setattr(torch, "Generator", lambda device: plain())
        patched.setattr(TrainingStep, "autocast", lambda step: nullcontext())
        yield


def move_to_meta(thing: Any) -> None:
    for name, value in vars(thing).items():
        if isinstance(value, torch.Tensor):
            setattr(thing, name, value.to("meta"))


def step_on_meta(step: TrainingStep) -> TrainingStep:
    """Make the same step with all of its tensors on "meta"."""
    networks, moments, batches = step.networks.to("meta"), step.moments.to("meta"), step.batches
    drawer = getattr(step, "drawer", None)
    for thing in filter(None, (batches, drawer, getattr(drawer, "_balanced", None))):
        move_to_meta(thing)
    moved = type(step)(networks, moments, batches, step.config, "float32", seed=0)
    move_to_meta(moved.critic_input)
    moved.rng = moved.critic_input.rng = None
    if drawer is not None:
        moved.drawer = drawer
    for optimizer in moved.optimizers.values():
        for group in optimizer.param_groups:
            # The fused kernel of Adam is one operation on tensors; there is none for "meta".
            group |= {"fused": False, "foreach": True}
    return moved


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES.keys())
def test_nothing_waits_for_the_device(make, monkeypatch, kind, changes):
    with on_meta(monkeypatch):
        step = step_on_meta(make(kind, **changes))
        GraphedStep(step, Direct())
        for penalised in {step.prepare(0.0) for _ in range(3)}:
            step.perform(penalised)
            with Watch() as watch:
                step.perform(penalised)
            assert watch.n_calls > 100


@pytest.mark.parametrize(
    ("act", "match"),
    [
        (lambda slots: float(slots.sum()), "waits for aten._local_scalar_dense"),
        (lambda slots: slots[slots > 0], "size of a mask"),
        (lambda slots: slots.abs().multinomial(1), "waits for aten.multinomial"),
        (lambda slots: slots + torch.tensor([1.0]).to("meta"), "tensor of the host"),
        (lambda slots: slots * torch.tensor(2.0), "tensor of the host"),
    ],
)
def test_the_watch_finds_what_waits(act, match):
    slots = torch.ones(3, 2, device="meta")
    with pytest.raises(AssertionError, match=match), Watch():
        act(slots)


def test_the_watch_lets_numbers_pass():
    slots = torch.ones(3, 2, device="meta")
    with Watch():
        slots[torch.zeros(2, dtype=torch.long, device="meta")] = 2.0
        torch.where(slots > 1, slots * 2, 0.5)


# Around the graph


def test_a_kind_is_recorded_after_some_steps(make):
    step = GraphedStep(make(TrainingStep), recorder := Taped())
    recorded = []
    for _ in range(14):
        step(0.0)
        recorded.append(recorder.n_recorded)
    # Penalties come in steps 0, 3, 6 and 9; the other kind is seen thrice by step 4.
    assert recorded == [0] * 5 + [1] * 4 + [2] * 5


class Failing(Direct):
    def __init__(self) -> None:
        self.n_tries = 0

    def record(self, run: Run) -> Run:
        self.n_tries += 1
        raise RuntimeError("operation not permitted")


@pytest.mark.parametrize("kind", KINDS)
def test_where_recording_fails_training_goes_on(make, kind):
    direct = GraphedStep(make(kind), Direct())
    failing = GraphedStep(make(kind), recorder := Failing())
    with pytest.warns(UserWarning, match=r"CUDA graph \(RuntimeError: operation not") as caught:
        assert train(failing) == train(direct)
    assert (recorder.n_tries, len(caught)) == (1, 1)
    assert not differing(failing, direct)


def test_a_failure_leaves_no_replays(make):
    class FailingLater(Taped):
        def record(self, run: Run) -> Run:
            if self.n_recorded:
                raise RuntimeError("out of memory")
            return super().record(run)

    direct = GraphedStep(make(TrainingStep), Direct())
    failing = GraphedStep(make(TrainingStep), FailingLater())
    with pytest.warns(UserWarning, match="out of memory"):
        assert train(failing) == train(direct)
    assert not failing._replays
    assert not differing(failing, direct)


def test_an_error_in_the_generators_update_leaves_a_critic_that_learns(make, monkeypatch):
    step = make(TrainingStep)
    monkeypatch.setattr(step, "_moment_distance", lambda fake, real: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        step(0.0)
    assert all(weights.requires_grad for weights in step.critic.parameters())


def test_weights_are_restored_in_place(make):
    step = GraphedStep(make(TrainingStep), Taped())
    modules = (step.step.networks, step.step.ema.module)
    places = [tensor.data_ptr() for module in modules for tensor in module.state_dict().values()]
    good = step.snapshot()
    train(step)
    step.restore(good)
    assert all(
        torch.equal(tensor, kept)
        for module, state in zip(modules, good, strict=True)
        for tensor, kept in zip(module.state_dict().values(), state.values(), strict=True)
    )
    train(step)
    restored = [tensor.data_ptr() for module in modules for tensor in module.state_dict().values()]
    assert restored == places
    assert step.is_finite()


def test_the_trainer_stops_a_graphed_step_that_is_not_finite(make):
    step = GraphedStep(make(TrainingStep), Taped())
    plain, calls = step.step.prepare, []

    def ruin(progress: float) -> tuple[bool, ...]:
        calls.append(progress)
        if len(calls) == 15:
            with torch.no_grad():
                step.step.generator.output.bias.fill_(torch.inf)
        return plain(progress)

    step.step.prepare = ruin
    outcome = Trainer(100, None, 10).run(step)
    assert (outcome.stopped_by, outcome.n_steps) == ("non-finite", 20)
    assert step.is_finite()


def test_a_fit_with_tapes_is_a_fit(quick, monkeypatch):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.normal(size=90), "b": rng.choice(list("xyz"), 90)})
    model = WGANGPSynthesizer(**(quick | {"max_steps": 30, "early_stopping": True, "verbose": 1}))
    fits = []
    for recorder in (Direct, Taped):
        monkeypatch.setattr(fit, "graphed", lambda step, of=recorder: GraphedStep(step, of()))
        model.fit(table)
        given = model.sample(20, conditions={"b": "x"}, random_state=0)
        fits.append(
            (model.history_.drop(columns="seconds"), model.sample(20, random_state=0), given)
        )
    for direct, taped in zip(*fits, strict=True):
        pd.testing.assert_frame_equal(direct, taped)


# Where there is a graph


def test_a_step_on_the_cpu_is_no_graph(make):
    step = make(TrainingStep)
    assert graphed(step) is step


@pytest.mark.parametrize(
    ("optimizer", "networks", "expected"),
    [
        (torch.optim.Adam, {}, True),
        (torch.optim.AdamW, {}, True),
        (torch.optim.RMSprop, {}, True),
        (torch.optim.SGD, {}, False),
        (torch.optim.NAdam, {}, False),
        (torch.optim.Adam, {"generator": torch.nn.Linear}, False),
        (torch.optim.Adam, {"critic": torch.nn.Linear}, False),
    ],
)
def test_which_steps_are_graphs_on_a_gpu(monkeypatch, optimizer, networks, expected):
    monkeypatch.setattr("synthwgan.training.graph.CudaRecorder", lambda rng: Direct())
    made = optimizer([torch.nn.Parameter(torch.ones(2))], lr=0.1)
    config = SimpleNamespace(**({"generator": "residual", "critic": "mlp"} | networks))
    step = SimpleNamespace(
        device=torch.device("cuda:0"), rng=None, config=config, optimizers={"critic": made}
    )
    found = graphed(step)
    assert isinstance(found, GraphedStep) == expected
    assert expected or found is step
    assert isinstance(made.param_groups[0]["lr"], torch.Tensor) == expected


class FakeCuda:
    """Notes in which order a `CudaRecorder` asks what of torch."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.notes: list[str] = []
        for name in ("Stream", "CUDAGraph", "graph", "stream", "current_stream"):
            monkeypatch.setattr(torch.cuda, name, getattr(self, name))
        self.default = self.generator("default")
        monkeypatch.setattr(torch.cuda, "default_generators", (self.default,), raising=False)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def generator(self, name: str) -> Any:
        return SimpleNamespace(
            device=torch.device("cuda:0"),
            clone_state=lambda: f"state of {name}",
            graphsafe_set_state=lambda state: self.note(f"{name} gets {state}"),
        )

    def Stream(self, device: torch.device) -> Any:
        return SimpleNamespace(wait_stream=lambda other: self.note("side waits"))

    def current_stream(self, device: torch.device) -> Any:
        return SimpleNamespace(wait_stream=lambda other: self.note("main waits"))

    def CUDAGraph(self) -> Any:
        return SimpleNamespace(
            register_generator_state=lambda rng: self.note("registered"),
            replay=lambda: self.note("replayed"),
        )

    @contextmanager
    def stream(self, stream: Any) -> Iterator[None]:
        self.note("on side")
        yield
        self.note("off side")

    @contextmanager
    def graph(self, graph: Any, stream: Any) -> Iterator[None]:
        self.note("recording")
        yield
        self.note("recorded")


def test_what_is_asked_of_cuda(monkeypatch):
    cuda = FakeCuda(monkeypatch)
    recorder = CudaRecorder(cuda.generator("noise"))

    def run() -> dict[str, torch.Tensor]:
        cuda.note("run")
        warnings.warn("This instance was constructed with capturable=True ...", stacklevel=1)
        return {}

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        recorder.warm_up(run)
    assert cuda.notes == ["side waits", "on side", "run", "off side", "main waits"]
    cuda.notes.clear()
    replay = recorder.record(lambda: {"loss": cuda.note("run")})
    assert cuda.notes == ["registered", "on side", "recording", "run", "recorded", "off side"]
    assert replay() == replay() == {"loss": None}
    assert cuda.notes[-2:] == ["replayed", "replayed"]
    cuda.notes.clear()
    with pytest.raises(ZeroDivisionError):
        recorder.record(lambda: {"loss": 1 / 0})
    assert cuda.notes[-2:] == ["noise gets state of noise", "default gets state of default"]


# On a GPU


def on_gpu(step: TrainingStep) -> GraphedStep:
    return GraphedStep(step, CudaRecorder(step.rng))


@pytest.fixture
def deterministic() -> Iterator[None]:
    torch.use_deterministic_algorithms(True, warn_only=True)
    yield
    torch.use_deterministic_algorithms(False)


@needs_gpu
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES.keys())
def test_graphs_train_as_steps_do(make, deterministic, kind, changes):
    eager = GraphedStep(make(kind, "cuda", **changes), Direct())
    graph = on_gpu(make(kind, "cuda", **changes))
    for one, other in zip(train(graph), train(eager), strict=True):
        assert one == pytest.approx(other, rel=1e-2, abs=1e-2)
    assert graph._replays
    for name, tensor in state_of(eager).items():
        torch.testing.assert_close(state_of(graph)[name], tensor, rtol=1e-2, atol=1e-3)


@needs_gpu
def test_noise_is_fresh_in_each_replay_on_a_gpu(make):
    graph = on_gpu(make(TrainingStep, "cuda", generator_lr=1e-9, critic_lr=1e-9))
    figures = [of_step["wasserstein"] for of_step in train(graph)]
    assert graph._replays
    assert len(set(figures)) == N_STEPS


@needs_gpu
def test_where_recording_fails_on_a_gpu_training_goes_on(make, monkeypatch):
    step = make(TrainingStep, "cuda")
    plain = step._moment_distance
    monkeypatch.setattr(
        step, "_moment_distance", lambda fake, real: plain(fake, real) + 0 * float(fake.sum())
    )
    stream, graph = torch.cuda.current_stream(), on_gpu(step)
    with pytest.warns(UserWarning, match="cannot be recorded as a CUDA graph"):
        train(graph)
    assert graph.is_finite()
    assert torch.cuda.current_stream() == stream
    assert torch.randn(2, device="cuda").isfinite().all()


@needs_gpu
def test_graphs_are_faster(make):
    seconds = []
    for step in (make(TrainingStep, "cuda"), on_gpu(make(TrainingStep, "cuda"))):
        train(step)
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(200):
            step(0.5)
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    assert seconds[1] < 0.7 * seconds[0]


@needs_gpu
def test_a_fit_on_a_gpu_has_graphs(quick, monkeypatch):
    recorded, plain = [], CudaRecorder.record
    monkeypatch.setattr(CudaRecorder, "record", lambda *given: recorded.append(1) or plain(*given))
    table = pd.DataFrame({"a": np.arange(90.0), "b": list("xyz") * 30})
    model = WGANGPSynthesizer(**(quick | {"max_steps": 40, "device": "cuda"}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(table)
    # A penalty comes in every fourth step; 40 steps of whole rows, and 13 of conditions.
    assert len(recorded) == 3
    assert len(model.sample(20)) == 20
