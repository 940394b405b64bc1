"""The WGAN-GP step moves what it should, and every hyperparameter takes effect."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import Any, cast

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from torch import nn

from synthwgan import (
    GAN,
    MLP,
    WGAN,
    WGANGP,
    Conditional,
    EarlyStopping,
    MinimaxGAN,
    Optimizer,
    Relativistic,
    Residual,
    Style,
)
from synthwgan.networks import critics, generators
from synthwgan.networks.build import build_networks
from synthwgan.networks.heads import OutputHead
from synthwgan.networks.moments import PairwiseMoments
from synthwgan.networks.state import module_arrays
from synthwgan.table.layout import EncodedTable, Layout
from synthwgan.training.config import (
    COMPONENTS,
    MAX_CONDITIONAL_STEPS,
    TrainingConfig,
    auto_batch_size,
    auto_conditional_steps,
    auto_max_steps,
)
from synthwgan.training.cost import estimate_cost, measure_cost
from synthwgan.training.data import TableBatches
from synthwgan.training.fit import TrainedNetworks, train_networks
from synthwgan.training.step import TrainingStep

CONFIG = TrainingConfig(
    objective=WGANGP(gradient_penalty=1.0, penalty_interval=2),
    generator=Residual(latent_dim=6, width=12, layers=1),
    critic=MLP(width=14),
    optimizer=Optimizer(),
    couple_columns=True,
    conditional=Conditional(max_steps=4),
    batch_size=32,
    max_steps=6,
    max_seconds=None,
    moment_weight=1.0,
    early_stopping=None,
    log_every=2,
)


def changed(config: TrainingConfig, **changes: Any) -> TrainingConfig:
    """A config with other fields, or, with two underscores, other parameters of its components."""
    plain = {name: value for name, value in changes.items() if "__" not in name}
    config = replace(config, **plain)
    for name in changes.keys() - plain.keys():
        component, _, parameter = name.partition("__")
        other = clone(getattr(config, component)).set_params(**{parameter: changes[name]})
        config = replace(config, **{component: other})
    return config


def own_generator(n_in: int, n_out: int) -> nn.Module:
    return nn.Sequential(nn.Linear(n_in, 9), nn.ReLU(), nn.Dropout(0.2), nn.Linear(9, n_out))


def own_critic(n_in: int) -> nn.Module:
    return nn.Sequential(nn.Linear(n_in, 9), nn.SiLU(), nn.Linear(9, 1))


CHANGES: dict[str, Any] = {
    "objective": GAN(),
    "objective__penalty": "one-sided",
    "objective__penalty_at": "real",
    "objective__gradient_penalty": 5.0,
    "objective__penalty_interval": 1,
    "objective__n_critic": 2,
    "generator": generators.MLP(latent_dim=6, width=12, layers=1),
    "generator__latent_dim": 7,
    "generator__width": 13,
    "generator__layers": 2,
    "critic": critics.Own(own_critic),
    "critic__width": 15,
    "critic__layers": 2,
    "critic__frequencies": 0,
    "critic__packing": 2,
    "critic__minibatch_features": 3,
    "critic__minibatch_std": True,
    "critic__instance_noise": 0.5,
    "optimizer": Optimizer("rmsprop"),
    "optimizer__algorithm": "sgd",
    "optimizer__generator_lr": 2e-3,
    "optimizer__critic_lr": 2e-3,
    "optimizer__betas": (0.5, 0.9),
    "optimizer__constant_share": 0.0,
    "couple_columns": False,
    "conditional": None,
    "conditional__max_steps": 3,
    "conditional__training_by_sampling": True,
    "batch_size": 48,
    "max_steps": 5,
    "max_seconds": 1e-9,
    "moment_weight": 0.0,
    "optimizer__ema_decay": 0.05,
    "early_stopping": EarlyStopping(fraction=0.4),
    "early_stopping__patience": 1,
    "early_stopping__fraction": 0.4,
    "early_stopping__tol": 9.0,
    "log_every": 3,
}
# What a change needs to take effect.
STOPS = {"early_stopping": EarlyStopping(fraction=0.3), "max_steps": 60}
NEEDS: dict[str, dict[str, Any]] = {
    "early_stopping__patience": STOPS,
    "early_stopping__fraction": STOPS,
    "early_stopping__tol": {"early_stopping": EarlyStopping(fraction=0.3, patience=3)}
    | {"max_steps": 60},
}
# Other choices, one after another.
CHOICES: list[dict[str, Any]] = [
    {},
    {"objective": WGAN()},
    {"objective": GAN(label_smoothing=0.1)},
    {"objective": MinimaxGAN(penalty="one-sided")},
    {"objective": Relativistic()},
    {"objective": WGANGP(penalty="squared", penalty_at="generated")},
    {"objective": WGANGP(penalty="r1")},
    {"optimizer": Optimizer("SGD")},
    {"critic__packing": 3, "objective": Relativistic()},
    {"critic__minibatch_features": 4, "critic__minibatch_std": True, "critic__packing": 2},
    {"critic__minibatch_std": True, "critic__layers": 1, "critic__instance_noise": 0.2},
    {"generator": Style(latent_dim=6, width=12, layers=1)},
    {"generator": generators.MLP(latent_dim=6, width=12, layers=1)},
    {
        "generator": generators.Own(own_generator, latent_dim=6),
        "critic": critics.Own(own_critic, packing=2),
    },
    {"early_stopping": EarlyStopping(fraction=0.2), "critic__packing": 2},
]


def train(
    layout: Layout,
    encoded: EncodedTable,
    config: TrainingConfig = CONFIG,
    *,
    seed: int = 0,
    precision: str = "float32",
    verbose: int = 0,
    forbidden: np.ndarray | None = None,
) -> TrainedNetworks:
    return train_networks(
        encoded,
        layout,
        config,
        device=torch.device("cpu"),
        precision=precision,
        seed=seed,
        verbose=verbose,
        forbidden=forbidden,
    )


def outcome_of(trained: TrainedNetworks) -> tuple[dict[str, np.ndarray], list[int]]:
    modules = {"generator": trained.generator, "critic": trained.critic}
    if trained.conditional is not None:
        modules["conditional"] = trained.conditional.generator
    return module_arrays(modules), [record["step"] for record in trained.history]


def same(one: TrainedNetworks, other: TrainedNetworks) -> bool:
    (weights, steps), (other_weights, other_steps) = outcome_of(one), outcome_of(other)
    if steps != other_steps or weights.keys() != other_weights.keys():
        return False
    return all(np.array_equal(weights[name], other_weights[name]) for name in weights)


def make_step(
    layout: Layout,
    encoded: EncodedTable,
    precision: str = "float32",
    device: str = "cpu",
    **changes: Any,
) -> TrainingStep:
    config = changed(CONFIG, **changes)
    batches = TableBatches(encoded, OutputHead(layout).to(device))
    networks = build_networks(batches.head, batches.marginals(), config, seed=0)
    moments = PairwiseMoments(batches.head).fit(batches.in_order)
    return TrainingStep(networks, moments, batches, config, precision, seed=0)


def weights_of(module: torch.nn.Module) -> list[torch.Tensor]:
    return [weight.detach().clone() for weight in module.parameters()]


def equal(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


# The config


def test_the_table_of_changes_is_complete():
    names = {field.name for field in fields(TrainingConfig)}
    for name in names & COMPONENTS.keys():
        component = getattr(CONFIG, name) or EarlyStopping()
        names |= {f"{name}__{parameter}" for parameter in component.get_params(deep=False)}
    assert set(CHANGES) == names


@pytest.fixture(scope="module")
def baselines() -> dict[str, TrainedNetworks]:
    """What was trained with the parameters before a change, by what the change needs."""
    return {}


@pytest.mark.parametrize("name", CHANGES)
def test_every_parameter_takes_effect(mixed_layout, mixed_encoded, baselines, name):
    needs = NEEDS.get(name, {})
    config = changed(CONFIG, **needs)
    if str(needs) not in baselines:
        baseline = baselines[str(needs)] = train(mixed_layout, mixed_encoded, config)
        # Else any change would seem to take effect.
        assert same(baseline, train(mixed_layout, mixed_encoded, config))
    other = train(mixed_layout, mixed_encoded, changed(config, **{name: CHANGES[name]}))
    assert not same(baselines[str(needs)], other)


def test_resolve_takes_given_values_and_sizes_the_rest():
    given = vars(CONFIG) | {"early_stopping": False}
    config = TrainingConfig.resolve(given | {"rare": "mask"}, n_rows=900)
    assert replace(config, log_every=CONFIG.log_every) == CONFIG
    sizes = {"batch_size": "auto", "max_steps": "auto", "conditional": True, "generator": "style"}
    auto = TrainingConfig.resolve(given | sizes, n_rows=900)
    assert auto.conditional.max_steps == auto_conditional_steps(auto.max_steps)
    assert (auto.batch_size, auto.max_steps) == (auto_batch_size(900), auto_max_steps(900))
    assert auto.generator == Style(latent_dim=64)
    assert auto.log_every == max(1, auto.max_steps // 20)
    large = TrainingConfig.resolve(given | sizes, n_rows=100_000)
    assert (large.max_steps, large.conditional.max_steps) == (8000, MAX_CONDITIONAL_STEPS)
    longer = TrainingConfig.resolve(given | sizes | {"max_steps": 6000}, n_rows=100_000)
    assert longer.conditional.max_steps == 2000


def test_resolving_leaves_the_estimators_own_components_as_they_are():
    conditional, generator = Conditional(), Residual()
    given = vars(CONFIG) | {"conditional": conditional, "generator": generator}
    TrainingConfig.resolve(given | {"early_stopping": False}, n_rows=900)
    assert (conditional.max_steps, generator.latent_dim) == ("auto", "auto")


def test_a_batch_is_a_whole_number_of_packs():
    given = vars(CONFIG) | {"critic": MLP(packing=5), "early_stopping": True}
    config = TrainingConfig.resolve(given, n_rows=900)
    assert (config.batch_size, config.early_stopping.fraction) == (35, 0.1)


@pytest.mark.parametrize(("steps", "log_every"), [(1, 1), (40, 2), (1000, 50), (50_000, 100)])
def test_log_every_gives_twenty_logs_and_at_least_one_in_a_hundred(steps, log_every):
    given = vars(CONFIG) | {"max_steps": steps, "early_stopping": False}
    assert TrainingConfig.resolve(given, n_rows=10).log_every == log_every


# The step


# The names of cases are the same in every process: an address of a function is not.
@pytest.mark.parametrize(
    "choice", CHOICES, ids=lambda choice: re.sub(" at 0x\\w+", "", str(choice))
)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_every_choice_trains_both_phases(mixed_layout, mixed_encoded, choice, precision):
    trained = train(mixed_layout, mixed_encoded, changed(CONFIG, **choice), precision=precision)
    phases = {record["phase"] for record in trained.history}
    assert phases == {"whole rows", "conditions"}
    assert trained.outcome.ended_well
    weights, _ = outcome_of(trained)
    assert all(np.isfinite(array).all() for array in weights.values())


def test_critic_step_moves_the_critic_only(mixed_layout, mixed_encoded):
    step = make_step(mixed_layout, mixed_encoded)
    generator, critic = weights_of(step.generator), weights_of(step.critic)
    real = step.batches.draw(32, step.rng)
    figures = step.critic_step(real, step._generate(32).detach(), is_penalised=True)
    assert equal(generator, weights_of(step.generator))
    assert not equal(critic, weights_of(step.critic))
    assert set(figures) == {"critic_loss", "wasserstein", "penalty", "gradient_norm"}
    assert not any(figure.requires_grad for figure in figures.values())


def test_generator_step_moves_the_generator_only(mixed_layout, mixed_encoded):
    step = make_step(mixed_layout, mixed_encoded)
    generator, critic = weights_of(step.generator), weights_of(step.critic)
    figures = step.generator_step(step._generate(32), step.batches.draw(32, step.rng))
    assert not equal(generator, weights_of(step.generator))
    assert equal(critic, weights_of(step.critic))
    assert set(figures) == {"moment_distance"}
    assert all(weight.requires_grad for weight in step.critic.parameters())


def test_the_critic_learns_to_tell_real_from_generated(mixed_layout, mixed_encoded):
    step = make_step(mixed_layout, mixed_encoded, optimizer__generator_lr=1e-9)
    estimates = [float(step(0.0)["wasserstein"]) for _ in range(60)]
    assert np.mean(estimates[-10:]) > np.mean(estimates[:10]) + 0.05


@pytest.mark.parametrize("n_critic", [1, 3])
def test_n_critic_updates_of_the_critic_a_step(mixed_layout, mixed_encoded, n_critic):
    step = make_step(mixed_layout, mixed_encoded, objective__n_critic=n_critic)
    for _ in range(4):
        step(0.0)
    optimizers = step.optimizers.values()
    updates = [int(next(iter(optimizer.state.values()))["step"]) for optimizer in optimizers]
    assert updates == [4, 4 * n_critic]


def test_the_penalty_comes_every_interval_with_its_weight_multiplied(mixed_layout, mixed_encoded):
    step = make_step(
        mixed_layout, mixed_encoded, objective__penalty_interval=3, objective__gradient_penalty=2.0
    )
    assert [step._is_penalised() for _ in range(7)] == [True, False, False] * 2 + [True]
    real, fake = step.batches.draw(32, step.rng), step._generate(32).detach()
    weighted, figures = step._penalty(real, fake, None)
    assert weighted.item() == pytest.approx(6 * figures["penalty"].item(), rel=1e-5)


def test_the_penalty_goes_by_updates_of_the_critic_not_by_steps(
    mixed_layout, mixed_encoded, monkeypatch
):
    step = make_step(
        mixed_layout, mixed_encoded, objective__penalty_interval=3, objective__n_critic=2
    )
    penalised, critic_step = [], step.critic_step

    def noted(real, fake, given, is_penalised):
        penalised.append(is_penalised)
        return critic_step(real, fake, given, is_penalised)

    monkeypatch.setattr(step, "critic_step", noted)
    for _ in range(3):
        step(0.0)
    assert penalised == [True, False, False, True, False, False]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_step_on_a_cuda_device_moves_all_weights(mixed_layout, mixed_encoded):
    step = make_step(mixed_layout, mixed_encoded, device="cuda")
    before = step.snapshot()
    for _ in range(3):
        step(0.0)
    assert step.is_finite()
    for old, new in zip(before[0].items(), step.snapshot()[0].items(), strict=True):
        assert old[1].is_cuda
        assert not torch.equal(old[1], new[1]), new[0]


def test_figures_of_the_last_penalty_stay(mixed_layout, mixed_encoded):
    step = make_step(mixed_layout, mixed_encoded, objective__penalty_interval=2)
    figures = [step(0.0) for _ in range(3)]
    names = ["critic_loss", "wasserstein", "penalty", "gradient_norm", "moment_distance"]
    assert [list(of_step) for of_step in figures] == [names] * 3
    penalties = [of_step["penalty"].item() for of_step in figures]
    assert penalties[0] == penalties[1] != penalties[2]


def test_no_penalty_and_no_moments_leave_no_figures(mixed_layout, mixed_encoded):
    step = make_step(
        mixed_layout, mixed_encoded, objective__gradient_penalty=0.0, moment_weight=0.0
    )
    assert set(step(0.0)) == {"critic_loss", "wasserstein"}


def test_weights_are_clipped_after_every_critic_update(mixed_layout, mixed_encoded):
    step = make_step(mixed_layout, mixed_encoded, objective=WGAN(n_critic=2))
    for _ in range(3):
        step(0.0)
        largest = max(weights.abs().max().item() for weights in step.critic.parameters())
        assert largest <= 0.01
        assert largest == pytest.approx(0.01)
    assert max(weights.abs().max() for weights in step.generator.parameters()) > 0.01


def test_smoothing_lowers_real_scores(mixed_layout, mixed_encoded):
    scores = []
    for smoothing in (0.0, 0.3):
        step = make_step(
            mixed_layout,
            mixed_encoded,
            objective=GAN(label_smoothing=smoothing),
            optimizer__generator_lr=1e-9,
        )
        for _ in range(150):
            step(0.0)
        with torch.no_grad():
            scores.append(step.critic(step.batches.draw(500, step.rng)).mean().item())
    assert scores[1] < scores[0] - 0.1


def test_the_step_sees_noise_of_its_progress(mixed_layout, mixed_encoded):
    step = make_step(mixed_layout, mixed_encoded, critic__instance_noise=0.8)
    for progress, scale in ((0.0, 0.8), (0.25, 0.6), (1.0, 0.0)):
        step(progress)
        assert step.critic_input.scale == pytest.approx(scale)


def test_the_critic_sees_packs(mixed_layout, mixed_encoded):
    step = make_step(mixed_layout, mixed_encoded, critic__packing=4)
    seen = []
    step.critic.register_forward_pre_hook(lambda module, given: seen.append(given[0].shape))
    step(0.0)
    assert seen == [(8, 4 * mixed_layout.n_slots)] * 3


def test_a_penalty_needs_the_gradient_of_packs(mixed_layout, mixed_encoded, monkeypatch):
    step = make_step(mixed_layout, mixed_encoded, critic__packing=4)
    found, plain = [], step.critic.input_gradient

    def note(points: torch.Tensor, given: torch.Tensor | None = None) -> torch.Tensor:
        found.append(plain(points, given))
        return found[-1]

    monkeypatch.setattr(step.critic, "input_gradient", note)
    figures = step(0.0)
    (gradients,) = found
    assert gradients.shape == (8, 4 * mixed_layout.n_slots)
    expected = gradients.norm(dim=1).mean().item()
    assert figures["gradient_norm"].item() == pytest.approx(expected, rel=1e-4)


def test_validation_is_the_critics_estimate_on_held_out_rows(mixed_layout, mixed_encoded):
    step = make_step(mixed_layout, mixed_encoded, optimizer__generator_lr=1e-9)
    held_out = TableBatches(mixed_encoded.take(np.arange(200)), step.head)
    state = step.rng.get_state()
    first = step.validate(held_out, torch.Generator().manual_seed(1))
    assert first == step.validate(held_out, torch.Generator().manual_seed(1))
    assert torch.equal(step.rng.get_state(), state)
    for _ in range(60):
        figures = step(0.0)
    later = step.validate(held_out, torch.Generator().manual_seed(1))
    # The rows are of the same table, and the generator has not moved.
    assert later[0] == pytest.approx(float(figures["wasserstein"]), abs=0.3)
    # Estimates of other rows scatter by about as much as is said.
    assert 0 < later[1] < 0.3
    assert later[0] > first[0] + 0.05


def test_the_penalty_keeps_the_gradient_norm_near_one(mixed_layout, mixed_encoded):
    norms = {}
    for weight in (0.0001, 10.0):
        step = make_step(
            mixed_layout,
            mixed_encoded,
            objective=WGANGP(gradient_penalty=weight, penalty_interval=1, n_critic=5),
        )
        for _ in range(60):
            figures = step(0.0)
        norms[weight] = float(figures["gradient_norm"])
    assert abs(norms[10.0] - 1) < 0.2
    assert abs(norms[0.0001] - 1) > 0.4


def test_learning_rates_follow_the_schedule(mixed_layout, mixed_encoded):
    step = make_step(
        mixed_layout, mixed_encoded, optimizer=Optimizer(generator_lr=2e-3, critic_lr=6e-3)
    )
    step(0.7)
    rates = [optimizer.param_groups[0]["lr"] for optimizer in step.optimizers.values()]
    assert rates == pytest.approx([2e-3 * 0.505, 6e-3 * 0.505])


def test_snapshot_and_restore(mixed_layout, mixed_encoded):
    step = make_step(mixed_layout, mixed_encoded)
    step(0.0)
    kept, modules = step.snapshot(), (step.networks, step.ema.module)
    before = [weights_of(module) for module in modules]
    step(0.0)
    assert not any(equal(old, weights_of(m)) for old, m in zip(before, modules, strict=True))
    step.restore(kept)
    assert all(equal(old, weights_of(m)) for old, m in zip(before, modules, strict=True))


@pytest.mark.parametrize("network", ["generator", "critic"])
def test_is_finite_sees_every_network(mixed_layout, mixed_encoded, network):
    step = make_step(mixed_layout, mixed_encoded)
    step(0.0)
    assert step.is_finite()
    with torch.no_grad():
        step.networks[network].output.bias[0] = float("nan")
    assert not step.is_finite()


def test_bfloat16_keeps_float32_weights_near_those_of_float32(mixed_layout, mixed_encoded):
    exact, rounded = (make_step(mixed_layout, mixed_encoded, p) for p in ("float32", "bfloat16"))
    start = weights_of(exact.critic)
    estimates = [float(step(0.0)["wasserstein"]) for step in (exact, rounded)]
    assert estimates[0] != estimates[1]
    assert estimates[0] == pytest.approx(estimates[1], abs=0.05)
    assert all(weight.dtype == torch.float32 for weight in rounded.networks.parameters())
    assert not equal(start, weights_of(rounded.critic))


# The whole fit


def test_same_seed_same_networks(mixed_layout, mixed_encoded):
    first, again = (train(mixed_layout, mixed_encoded) for _ in range(2))
    assert same(first, again)
    assert not same(first, train(mixed_layout, mixed_encoded, seed=1))


def test_showing_the_cost_does_not_change_the_result(mixed_layout, mixed_encoded, capsys):
    quiet = train(mixed_layout, mixed_encoded)
    assert capsys.readouterr() == ("", "")
    shown = train(mixed_layout, mixed_encoded, verbose=1)
    assert same(quiet, shown)
    assert "1,000 steps take" in capsys.readouterr().err
    assert quiet.cost.seconds_per_1000_steps is None
    assert shown.cost.seconds_per_1000_steps > 0


def test_the_moving_average_is_returned_not_the_last_weights(mixed_layout, mixed_encoded):
    step = make_step(mixed_layout, mixed_encoded)
    for _ in range(CONFIG.max_steps):
        step(0.0)
    assert not equal(weights_of(step.generator), weights_of(step.ema.module))


def test_every_layout_trains(layout):
    rng = np.random.default_rng(0)
    codes = (rng.random((40, layout.n_blocks)) * layout.block_sizes).astype(np.uint8)
    values = rng.normal(size=(40, layout.n_values)).astype(np.float32)
    trained = train(layout, EncodedTable(codes, values))
    assert trained.outcome.stopped_by == "steps"
    assert [record["phase"] for record in trained.history].count("whole rows") == 3


def test_the_gram_form_trains(mixed_layout, mixed_encoded, monkeypatch):
    monkeypatch.setattr(PairwiseMoments.__init__, "__defaults__", (1,))
    trained = train(mixed_layout, mixed_encoded)
    assert trained.outcome.stopped_by == "steps"
    assert np.isfinite([record["moment_distance"] for record in trained.history]).all()


def test_a_loss_that_is_not_finite_warns(mixed_layout, mixed_encoded):
    encoded = EncodedTable(mixed_encoded.codes, np.full_like(mixed_encoded.values, np.inf))
    with pytest.warns(ConvergenceWarning, match="step 2: a loss was not finite.*precision"):
        # Given infinite values, the generator's own statistics would not be finite either.
        trained = train(mixed_layout, encoded, replace(CONFIG, conditional=None))
    weights, _ = outcome_of(trained)
    assert all(np.isfinite(array).all() for array in weights.values())


def test_looking_at_held_out_rows_and_diversity_changes_nothing_else(mixed_layout, mixed_encoded):
    plain = train(mixed_layout, mixed_encoded)
    names = set(plain.history[0])
    assert {"distinct_rows", "entropy"} <= names
    assert "validation_wasserstein" not in names
    held_out = train(
        mixed_layout,
        mixed_encoded,
        replace(CONFIG, early_stopping=EarlyStopping(fraction=0.5, patience=99)),
    )
    assert all(np.isfinite(record["validation_wasserstein"]) for record in held_out.history)


def test_diversity_is_looked_at_now_and_then(mixed_layout, mixed_encoded):
    config = replace(CONFIG, max_steps=130, log_every=10, conditional=None)
    trained = train(mixed_layout, mixed_encoded, config)
    assert [r["step"] for r in trained.history if "entropy" in r] == [10, 60, 110]


def test_early_stopping_gives_the_best_weights_of_the_average(mixed_layout, mixed_encoded):
    config = replace(
        CONFIG,
        early_stopping=EarlyStopping(patience=3, fraction=0.3),
        max_steps=400,
        conditional=None,
    )
    trained = train(mixed_layout, mixed_encoded, config)
    assert trained.outcome.stopped_by == "early stopping"
    assert trained.outcome.n_steps < 400
    distances = [abs(record["validation_wasserstein"]) for record in trained.history]
    errors = [record["validation_error"] for record in trained.history]
    needed = [distances[-4] - error for error in errors[-3:]]
    assert all(later >= least for later, least in zip(distances[-3:], needed, strict=True))


def test_one_row_cannot_be_held_out(mixed_layout, mixed_encoded):
    one = mixed_encoded.take(np.array([0]))
    with pytest.raises(ValueError, match="early_stopping holds rows out and needs 2"):
        train(mixed_layout, one, replace(CONFIG, early_stopping=EarlyStopping()))
    two = mixed_encoded.take(np.array([0, 1]))
    trained = train(mixed_layout, two, replace(CONFIG, early_stopping=EarlyStopping()))
    assert trained.outcome.ended_well


def test_dropout_of_own_networks_repeats_and_leaves_torchs_state(mixed_layout, mixed_encoded):
    before = torch.get_rng_state()
    config = replace(CONFIG, generator=generators.Own(own_generator, latent_dim=6))
    first, again = (train(mixed_layout, mixed_encoded, config) for _ in range(2))
    assert same(first, again)
    assert torch.equal(torch.get_rng_state(), before)


# Cost


def test_cost_counts_what_is_there(mixed_layout, mixed_encoded):
    step = make_step(mixed_layout, mixed_encoded)
    cost = estimate_cost(mixed_layout, mixed_encoded, step.networks, CONFIG)
    assert cost.n_slots == mixed_layout.n_slots
    assert cost.n_parameters == sum(
        array.size for array in (weight.detach().numpy() for weight in step.networks.parameters())
    )
    assert cost.memory_mb > mixed_encoded.nbytes / 2**20
    assert cost.memory_mb < 5
    wide = estimate_cost(
        mixed_layout, mixed_encoded, step.networks, replace(CONFIG, batch_size=9999)
    )
    assert wide.memory_mb > 20 * cost.memory_mb


def test_measured_cost_is_the_time_of_a_usual_step(mixed_layout, mixed_encoded, monkeypatch):
    step = make_step(mixed_layout, mixed_encoded)
    cost = estimate_cost(mixed_layout, mixed_encoded, step.networks, CONFIG)
    # The first step sets up, and during another one the machine was busy.
    seconds = iter([9.0, 0.01, 0.01, 5.0, 0.01, 0.01])
    now = [0.0]

    def trial(progress: float) -> dict[str, float]:
        now[0] += next(seconds)
        return {"wasserstein": 0.0}

    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    measured = measure_cost(cost, cast(TrainingStep, trial), n_steps=5)
    assert measured.seconds_per_1000_steps == pytest.approx(10)
