"""`WGANGPSynthesizer`: fit a table, sample another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.base import BaseSynthesizer
from synthwgan.finishing import add_rejection, make_conditional_sampler, make_sampler
from synthwgan.parameters import SYNTHESIZER_PARAMETERS, check_parameters, check_together
from synthwgan.persistence import FittedState
from synthwgan.randomness import RandomState, draw_seeds
from synthwgan.sampling.boosting import RejectionPlan
from synthwgan.table import TableTransformer
from synthwgan.table.target import target_name, with_target
from synthwgan.training.callbacks import announce
from synthwgan.training.config import TrainingConfig
from synthwgan.training.device import resolve_device, resolve_precision
from synthwgan.training.fit import train_networks

_OF_TABLE = ("column_kinds", "max_categories", "min_category_rows", "rare", "protect_extremes")


class WGANGPSynthesizer(BaseSynthesizer):
    """Learns a table with a WGAN-GP and samples synthetic rows like it.

    A generator and a critic are trained against each other on the table's rows
    (Gulrajani et al. 2017), with a term that matches all pairwise moments, a moving average
    of the generator, and a calibration of every column's distribution afterwards. Boosted trees
    then learn which drawn rows to keep (Azadi et al. 2019). Columns of mixed types, missing
    values and identifiers go in and come back as they were, see `TableTransformer`.

    Parameters
    ----------
    column_kinds : dict or None, default None
        Kind of a column (``"numeric"``, ``"categorical"``, ``"datetime"`` or
        ``"identifier"``) by name, where the inferred one is not wanted.
    max_categories : int, default 256
        Most frequent categories of a column that get a state of their own; the others share
        one, so that wide columns stay affordable.
    min_category_rows : int, default 1
        Categories of fewer rows share it too; 10 with ``rare="mask"`` for data of people.
    rare : {"resample", "mask"}, default "resample"
        Whether a rare category is drawn from the observed ones, or masked for privacy.
    protect_extremes : int, default 0
        How many of the smallest and of the largest numbers or dates of each column, by rows, are
        drawn anew and not kept; 10 for data of people.
    objective : str, default "wgan-gp"
        What the networks play for: ``"wgan-gp"`` (Gulrajani et al. 2017), ``"wgan"`` (weight
        clipping, RMSprop; Arjovsky et al. 2017), ``"gan"`` (Goodfellow et al. 2014, not
        saturating), ``"gan-minimax"`` (the original game) or ``"relativistic"`` (pairs of rows,
        R1 and R2; Huang et al. 2024).
    label_smoothing : float, default 0.0
        With a "gan" objective, how far the label of real rows is below 1.
    weight_clip : float, "auto" or None, default "auto"
        Bound that the critic's weights are clipped to after each update. "auto" is 0.01 with
        ``"wgan"``, else None.
    optimizer : str or callable, default "auto"
        ``"adam"``, ``"rmsprop"``, the name of a `torch.optim` class, or a function
        ``(params, lr) -> optimizer``. "auto" is RMSprop with ``"wgan"``, else Adam.
    latent_dim : int, default 64
        Length of the generator's latent vector.
    generator : str or callable, default "residual"
        ``"residual"``, ``"mlp"``, ``"style"`` (StyleGAN's for tables; Karras et al. 2019) or a
        function ``(latent_dim, n_slots)`` that makes a module to map the one length to the other.
    generator_width, critic_width : int, default 256
        Features of the hidden layers. 512 learns no more per second on a CPU.
    generator_layers, critic_layers : int, default 2
        Number of residual blocks, and of hidden layers.
    critic : str or callable, default "mlp"
        ``"mlp"``, or a function ``(n_slots)`` that makes a module to map so long a row to a
        score. Under conditions, own networks are made anew with longer inputs.
    packing : int, default 1
        Rows that the critic sees at once (PacGAN; Lin et al. 2018).
    minibatch_features : int, default 0
        Kernels by which the critic compares each row with 63 others (Salimans et al. 2016); 16
        of them make a step 5 times as long, and take 0.4 GB at a batch of 4096.
    minibatch_std : bool, default False
        Whether the critic knows how much rows vary in a batch (Karras et al. 2018).
    instance_noise : float, default 0.0
        Standard deviation of noise on the critic's input, fading to none over each phase.
    temperature : float, default 1.0
        Temperature of the Gumbel-softmax's gradient; 0.5 measured worse.
    couple_columns : bool, default True
        Whether a row's states are drawn one after another, each knowing those before it.
    conditional : bool, default True
        Whether copies of the networks learn to draw any columns given any others, once they
        know whole rows. `sample` with conditions, `impute` and `GANOverSampler` need it.
    conditional_steps : int or "auto", default "auto"
        Training steps of these copies. "auto" is a third of `max_steps`.
    training_by_sampling : bool, default False
        Whether, in these steps, the rare states of columns come more often than in the table.
    batch_size : int or "auto", default "auto"
        Rows a step. "auto" is 1000, or half the rows of a small table, at least 32.
    max_steps : int or "auto", default "auto"
        Training steps with whole rows. "auto" takes fewer for small tables, which would be
        memorised.
    max_seconds : float or None, default None
        Wall-clock bound on training and `rejection` together, conditions included; the learning
        rate's schedule follows whichever of the two bounds comes first. Only `max_steps` gives
        the same model each time.
    n_critic : int, default 1
        Critic updates a generator update. The paper's 5 is for image critics that lag
        behind; on tables, with the same time spent on more generator updates, 1 is better.
    generator_lr, critic_lr : float, default 4e-3
        Adam's learning rates: constant for the first `constant_share` of training, then
        down a cosine to 1 %.
    betas : pair of float, default (0.0, 0.95)
        Adam's averaging. No momentum: the objective moves with every step.
    constant_share : float, default 0.4
        Share of training with the full learning rates.
    penalty : str or None, default "auto"
        What is penalised of the norm g of the critic's gradient by a row: ``"two-sided"``
        (g - 1)^2, ``"one-sided"`` only above 1, ``"squared"`` g^2, ``"r1"`` g^2 / 2 at real rows,
        ``"r1+r2"`` at generated ones too (Mescheder et al. 2018). "auto" is two-sided with
        ``"wgan-gp"``, ``"r1+r2"`` with ``"relativistic"``, else None.
    penalty_at : str, default "auto"
        Where: ``"interpolates"`` between both kinds of rows, ``"real"``, ``"generated"`` or
        ``"both"``. "auto" is interpolates, but for ``"r1"`` and ``"r1+r2"``.
    gradient_penalty : float, default 0.3
        Weight of the penalty, gamma of R1 and R2. The paper's 10 is for images and was clearly
        worse here.
    penalty_interval : int, default 4
        Critic updates from one penalty to the next; its weight is multiplied by it.
    moment_weight : float, default 1.0
        Weight of the pairwise-moment term in the generator's loss; 0 turns it off.
    ema_decay : float, default 0.998
        Decay of the moving average of the generator's weights that is sampled from.
    early_stopping : bool, default False
        Whether a phase of training ends when `validation_wasserstein` comes no nearer to zero,
        with the weights for which it was nearest.
    validation_fraction : float or None, default None
        Share of the rows that the networks do not learn from. None is 0.1 with `early_stopping`,
        else none.
    n_iter_no_change : int, default 10
        Logged steps without a better one after which `early_stopping` ends a phase.
    tol : float, default 0.0
        By how much an estimate must be better to count.
    calibrate : bool, default True
        Whether each column's distribution is made exact after training.
    rejection : int, "auto" or None, default "auto"
        Rounds at most of learning, from 1000 rows on, which drawn rows to keep; they end when
        held-out rows gain nothing. "auto": at most 12, a quarter of the rows or more kept.
    gibbs_steps : int, default 0
        How often, in rows under conditions, a random half of what is not given is drawn again,
        given the rest.
    device : str, default "auto"
        ``"auto"`` (CUDA, then MPS, then CPU) or a torch device such as ``"cuda:1"``.
    precision : {"auto", "float32", "bfloat16"}, default "auto"
        Precision of the matrix products in training. "auto" takes bfloat16 where the
        hardware is faster at it; the quality is the same.
    random_state : int, Generator, RandomState or None, default None
        Seed of `fit`. The same int gives the same model on the same machine and device; torch's
        and numpy's global seeds are neither used nor changed.
    verbose : int, default 0
        1 shows, on standard error, the inferred schema, the cost of training and a progress bar.

    Attributes
    ----------
    transformer_ : TableTransformer
        The fitted encoding.
    schema_ : Schema
        What each column was found to be; ``print`` it.
    history_ : DataFrame
        One row for each logged step: ``phase`` ("whole rows", "conditions"), ``step``,
        ``seconds``, ``critic_loss``, ``wasserstein`` (real minus generated mean score: the estimate
        of the distance with a Wasserstein objective), ``penalty``, ``gradient_norm``,
        ``moment_distance``; ``validation_wasserstein`` if rows are held out; and every 50 steps or
        more, for 1000 rows of the averaged generator, ``distinct_rows``, their share, and
        ``entropy``, the columns' mean relative to the table's.
    n_iter_ : int
        Training steps done with whole rows.
    fit_seconds_ : float
        Wall-clock seconds of training.
    cost_ : TrainingCost
        Encoded width, parameters, memory and time per 1000 steps.
    acceptance_rate_ : float
        Share of drawn rows that `sample` keeps.
    n_rejection_rounds_ : int
        Rounds of `rejection` that paid.
    n_features_in_ : int
        Number of columns of ``X``.
    feature_names_in_ : ndarray of str
        Their names, if all are strings.

    References
    ----------
    Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville (2017), "Improved Training of
    Wasserstein GANs", algorithm 1.
    Azadi et al. (2019), "Discriminator Rejection Sampling", section 3.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan import WGANGPSynthesizer
    >>> df = pd.DataFrame({"age": [23, 41, 35, 62] * 25, "paid": ["yes", "no"] * 50})
    >>> model = WGANGPSynthesizer(max_steps=20, random_state=0).fit(df)
    >>> synthetic = model.sample(3, random_state=0)
    >>> synthetic.shape, list(synthetic.columns)
    ((3, 2), ['age', 'paid'])
    >>> model.sample(0)
    Traceback (most recent call last):
        ...
    ValueError: n_samples must be an integer >= 1, got 0
    """

    def __init__(  # noqa: PLR0915
        self,
        *,
        column_kinds: dict[Any, str] | None = None,
        max_categories: int = 256,
        min_category_rows: int = 1,
        rare: str = "resample",
        protect_extremes: int = 0,
        objective: str = "wgan-gp",
        label_smoothing: float = 0.0,
        weight_clip: float | str | None = "auto",
        optimizer: str | Callable[..., Any] = "auto",
        latent_dim: int = 64,
        generator: str | Callable[..., Any] = "residual",
        generator_width: int = 256,
        generator_layers: int = 2,
        critic: str | Callable[..., Any] = "mlp",
        critic_width: int = 256,
        critic_layers: int = 2,
        packing: int = 1,
        minibatch_features: int = 0,
        minibatch_std: bool = False,
        instance_noise: float = 0.0,
        temperature: float = 1.0,
        couple_columns: bool = True,
        conditional: bool = True,
        conditional_steps: int | str = "auto",
        training_by_sampling: bool = False,
        batch_size: int | str = "auto",
        max_steps: int | str = "auto",
        max_seconds: float | None = None,
        n_critic: int = 1,
        generator_lr: float = 4e-3,
        critic_lr: float = 4e-3,
        betas: tuple[float, float] = (0.0, 0.95),
        constant_share: float = 0.4,
        penalty: str | None = "auto",
        penalty_at: str = "auto",
        gradient_penalty: float = 0.3,
        penalty_interval: int = 4,
        moment_weight: float = 1.0,
        ema_decay: float = 0.998,
        early_stopping: bool = False,
        validation_fraction: float | None = None,
        n_iter_no_change: int = 10,
        tol: float = 0.0,
        calibrate: bool = True,
        rejection: int | str | None = "auto",
        gibbs_steps: int = 0,
        device: str = "auto",
        precision: str = "auto",
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        self.column_kinds = column_kinds
        self.max_categories = max_categories
        self.min_category_rows = min_category_rows
        self.rare = rare
        self.protect_extremes = protect_extremes
        self.objective = objective
        self.label_smoothing = label_smoothing
        self.weight_clip = weight_clip
        self.optimizer = optimizer
        self.latent_dim = latent_dim
        self.generator = generator
        self.generator_width = generator_width
        self.generator_layers = generator_layers
        self.critic = critic
        self.critic_width = critic_width
        self.critic_layers = critic_layers
        self.packing = packing
        self.minibatch_features = minibatch_features
        self.minibatch_std = minibatch_std
        self.instance_noise = instance_noise
        self.temperature = temperature
        self.couple_columns = couple_columns
        self.conditional = conditional
        self.conditional_steps = conditional_steps
        self.training_by_sampling = training_by_sampling
        self.batch_size = batch_size
        self.max_steps = max_steps
        self.max_seconds = max_seconds
        self.n_critic = n_critic
        self.generator_lr = generator_lr
        self.critic_lr = critic_lr
        self.betas = betas
        self.constant_share = constant_share
        self.penalty = penalty
        self.penalty_at = penalty_at
        self.gradient_penalty = gradient_penalty
        self.penalty_interval = penalty_interval
        self.moment_weight = moment_weight
        self.ema_decay = ema_decay
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.calibrate = calibrate
        self.rejection = rejection
        self.gibbs_steps = gibbs_steps
        self.device = device
        self.precision = precision
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: pd.DataFrame | np.ndarray, y: Any = None) -> WGANGPSynthesizer:
        """Learn a table.

        Parameters
        ----------
        X : DataFrame or array of shape (n_rows, n_columns)
            The table; it is not written to, and its index plays no part.
        y : Series or array of shape (n_rows,), optional
            One more column, put last; a Series keeps its name, else it is ``"target"``.

        Returns
        -------
        WGANGPSynthesizer
            Itself.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the table cannot be used; before any training.
        """
        parameters = self.get_params(deep=False)
        check_parameters(parameters, SYNTHESIZER_PARAMETERS)
        check_together(parameters)
        device = resolve_device(self.device)
        seeds = draw_seeds(self.random_state, 5)
        name = None if y is None else target_name(y)
        table = with_target(X, y, name)
        of_table = {name: parameters[name] for name in _OF_TABLE}
        transformer = TableTransformer(**of_table, random_state=seeds[3]).fit(table)
        if self.verbose:
            announce(f"{transformer.schema_}\n")
        encoded = transformer.encode(table, random_state=seeds[0])
        plan = RejectionPlan.resolve(self.rejection, self.max_seconds)
        parameters["max_seconds"] = plan.training_seconds
        config = TrainingConfig.resolve(parameters, n_rows=len(encoded))
        trained = train_networks(
            encoded,
            transformer.layout_,
            config,
            device=device,
            precision=resolve_precision(self.precision, device),
            seed=seeds[1],
            verbose=self.verbose,
        )
        sampler = make_sampler(trained, self.calibrate, seed=seeds[2])
        conditional_sampler = make_conditional_sampler(
            trained, self.calibrate, self.gibbs_steps, seed=seeds[2]
        )
        if trained.outcome.stopped_by != "interrupt":
            add_rejection(sampler, encoded, transformer, plan, seed=seeds[4], verbose=self.verbose)
        state = FittedState(
            transformer=transformer,
            target_name=name,
            config=config,
            sampler=sampler,
            conditional_sampler=conditional_sampler,
            critic=trained.critic,
            history=pd.DataFrame(trained.history),
            n_iter=trained.outcome.n_steps,
            fit_seconds=trained.outcome.seconds,
            cost=trained.cost,
            acceptance_rate=sampler.acceptance_rate,
            n_rejection_rounds=sampler.n_rejection_rounds,
        )
        return self._keep(state)
