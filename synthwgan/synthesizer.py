"""`WGANGPSynthesizer`: fit a table, sample another."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal, Self

import torch

from synthwgan.base import BaseSynthesizer
from synthwgan.checkpoint import Checkpoint, KeptFit, check_agreement, describe_table
from synthwgan.fitted import (
    FittedState,
    add_redraw,
    add_rejection,
    calibrate_samplers,
    make_conditional_sampler,
    make_sampler,
    pack_parameters,
)
from synthwgan.interrupts import Interrupts
from synthwgan.io.sql.types import sql_types_of
from synthwgan.large import encoded_rows, opened
from synthwgan.networks.critics import CriticChoice, CriticName
from synthwgan.networks.generators import GeneratorChoice, GeneratorName
from synthwgan.networks.objectives import Objective, ObjectiveName
from synthwgan.parameters import (
    DEVICE,
    PRECISION,
    RANDOM_STATE,
    VERBOSE,
    Constraint,
    Either,
    Instance,
    Number,
    OneOf,
    Precision,
    check_parameters,
)
from synthwgan.randomness import RandomState, draw_seeds
from synthwgan.sampling.boosting import RejectionPlan
from synthwgan.sampling.conditional import ConditionalSampler
from synthwgan.sampling.sampler import Sampler
from synthwgan.table import TableTransformer
from synthwgan.table.choice import Rules, show_rules
from synthwgan.table.columns.options import LOCALE
from synthwgan.table.frames import TableForm, take_column
from synthwgan.table.layout import EncodedTable
from synthwgan.table.rules.ruleset import RuleSet
from synthwgan.table.target import target_name, with_target
from synthwgan.training.callbacks import LOGGER, Callback, check_callbacks, tell
from synthwgan.training.config import TRAINING_PARAMETERS, Conditional, TrainingConfig
from synthwgan.training.device import resolve_device, resolve_precision
from synthwgan.training.fit import TrainedNetworks, train_networks
from synthwgan.training.optimizers import Optimizer
from synthwgan.training.ranks import Ranks, joined, own_device
from synthwgan.training.stopping import EarlyStopping

SYNTHESIZER_PARAMETERS: dict[str, Constraint] = {
    "column_kinds": Either((OneOf((None,)), Instance((dict,)))),
    "max_categories": Number(2, integer=True),
    "min_category_rows": Number(1, integer=True),
    "rare": OneOf(("resample", "mask")),
    "protect_extremes": Number(0, integer=True),
    "locale": LOCALE,
    "rules": Either((OneOf((None, "auto")), Instance((list, tuple, RuleSet)))),
    **TRAINING_PARAMETERS,
    "calibrate": OneOf((True, False, "margins")),
    "rejection": Either((Number(1, integer=True), OneOf(("auto", None)))),
    "device": DEVICE,
    "precision": PRECISION,
    "random_state": RANDOM_STATE,
    "verbose": VERBOSE,
}

_OF_RULES = (
    "\n(In brackets: how many rows keep a rule, and how many would break it by chance, if the "
    "cells of each column were shuffled.)"
)
_OF_TABLE = (
    "column_kinds",
    "max_categories",
    "min_category_rows",
    "rare",
    "protect_extremes",
    "locale",
    "rules",
)


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
        Kind of a column (``"numeric"``, ``"categorical"``, ``"datetime"``, ``"identifier"``,
        ``"pair"``, or what text is made anew as: ``"name"``, ``"email"``, ``"street"`` and others,
        see `TableTransformer`) by name, where the inferred one is not wanted.
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
    locale : str or None, default None
        Where names, streets and other texts that are made anew are from, such as ``"de_DE"``; None
        takes what most cells tell.
    rules : "auto", RuleSet, list of rules or None, default "auto"
        What holds between columns, and every drawn row keeps: rules found in the table ("auto"),
        declared ones (``[Order("start", "<=", "end")]``, see `synthwgan.rules`), or both
        (``["auto", Order(...)]``). None lets rows break what the table's rows keep.
    max_steps : int or "auto", default "auto"
        Training steps with whole rows. "auto" takes fewer for small tables, which would be
        memorised; from 1000 rows on it adds more as long as boosted trees, judged on held-out rows,
        find the drawn ones harder to tell from them. Never with `early_stopping`.
    max_seconds : float or None, default None
        Wall-clock bound on training and `rejection` together, conditions included; the learning
        rate's schedule follows whichever of the two bounds comes first. Only `max_steps` gives
        the same model each time.
    conditional : bool or Conditional, default True
        Whether copies of the networks learn to draw any columns given any others, once they
        know whole rows. `sample` with conditions, `impute` and `GANOverSampler` need it.
    rejection : int, "auto" or None, default "auto"
        Rounds at most of learning, from 1000 rows on, which drawn rows to keep. "auto": 15, while
        a quarter of the rows or more is kept, and up to 100, down to a tenth, while they help on
        rows held out of them.
    calibrate : bool or "margins", default True
        Whether rows are fitted to the table after training: each column's distribution is made
        exact, and, from 1000 rows on, each number is drawn again given the rest of its row, from
        the leaves of regression trees. "margins" does the first only.
    random_state : int, Generator, RandomState or None, default None
        Seed of `fit`. The same int gives the same model on the same machine and device; torch's
        and numpy's global seeds are neither used nor changed.
    verbose : int, default 0
        1 shows, on standard error, the inferred schema and rules, the cost of training and a
        progress bar.
    batch_size : int or "auto", default "auto"
        Rows a step. "auto" is 1000, or half the rows of a small table, at least 32.
    optimizer : str, Optimizer or callable, default "auto"
        ``"adam"``, ``"rmsprop"``, an `Optimizer` with learning rates of its own, or a function
        ``(params, lr) -> optimizer``. "auto" is RMSprop with ``"wgan"``, else Adam.
    moment_weight : float, default 1.0
        Weight of the pairwise-moment term in the generator's loss; 0 turns it off.
    early_stopping : bool or EarlyStopping, default False
        Whether a phase of training ends when `validation_wasserstein` of a tenth of the rows,
        which are held out, comes no nearer to zero by more than its error, with the weights for
        which it was nearest.
    objective : str or Objective, default "wgan-gp"
        What the networks play for: ``"wgan-gp"`` (`WGANGP`), ``"wgan"`` (`WGAN`: weight clipping,
        RMSprop), ``"gan"`` (`GAN`: not saturating), ``"gan-minimax"`` (`MinimaxGAN`, the original
        game) or ``"relativistic"`` (`Relativistic`: pairs of rows, R1 and R2).
    generator : str, GeneratorChoice or callable, default "residual"
        ``"residual"`` (`Residual`), ``"mlp"``, ``"style"`` (`Style`, StyleGAN's for tables) or a
        function ``(latent_dim, n_slots)`` that makes a module to map the one length to the other.
    critic : str, CriticChoice or callable, default "mlp"
        ``"mlp"`` (`MLP`, which may look at packs or batches of rows), or a function ``(n_slots)``
        that makes a module to map so long a row to a score. Under conditions, own networks are
        made anew with longer inputs.
    couple_columns : bool, default True
        Whether a row's states are drawn one after another, each knowing those before it.
    device : str, default "auto"
        ``"auto"`` (CUDA, then MPS, then CPU) or a torch device such as ``"cuda:1"``.
    precision : {"auto", "float32", "bfloat16"}, default "auto"
        Precision of the matrix products in training. "auto" takes bfloat16 where the
        hardware is faster at it; the quality is the same.

    Attributes
    ----------
    transformer_ : TableTransformer
        The fitted encoding.
    schema_ : Schema
        What each column was found to be; ``print`` it.
    rules_ : RuleSet
        The rules that every drawn row keeps; ``print`` them.
    history_ : DataFrame
        One row for each logged step: ``phase`` ("whole rows", "conditions"), ``step``,
        ``seconds``, ``critic_loss``, ``wasserstein`` (real minus generated mean score: the estimate
        of the distance with a Wasserstein objective), ``penalty``, ``gradient_norm``,
        ``moment_distance``; ``validation_wasserstein`` and its standard error
        ``validation_error`` if rows are held out; and every 50 steps or more, for 1000 rows of the
        averaged generator, ``distinct_rows``, their share, and ``entropy``, the columns' mean
        relative to the table's. With ``max_steps="auto"`` also ``detective``, the area under the
        ROC curve of boosted trees on held-out rows, and ``nearer_rows``, the share of drawn rows
        nearer to learnt rows than to held-out ones, 0.5 where other real rows are as near.
    n_rows_ : int
        Rows of the table that was learned.
    n_iter_ : int
        Training steps done with whole rows.
    fit_seconds_ : float
        Wall-clock seconds of training.
    cost_ : TrainingCost
        Encoded width, parameters, memory and time per 1000 steps.
    acceptance_rate_ : float
        Share of drawn rows that `sample` keeps.
    n_rejection_rounds_ : int
        Rounds of `rejection` that count.
    digest_ : str
        SHA-256 of the model's weights, by which its rows can be traced back to it.
    sql_types_ : dict of str to list
        Types of the columns of the database that the table was read from; empty if there was none.
    n_features_in_ : int
        Number of columns of ``X``.
    feature_names_in_ : ndarray of str
        Their names, if all are strings.

    Notes
    -----
    Parameters come in groups: the columns (up to `rules`), what most people set (`max_steps` to
    `verbose`), training (`batch_size` to `early_stopping`), the networks (`objective` to
    `couple_columns`) and the machine (`device`, `precision`). `objective`, `generator`,
    `critic`, `optimizer`, `conditional` and `early_stopping` take a short form, or an object with
    parameters of its own, which ``set_params(objective__gradient_penalty=1)`` and grid searches
    reach.

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

    constraints = SYNTHESIZER_PARAMETERS

    def __init__(
        self,
        *,
        column_kinds: dict[Any, str] | None = None,
        max_categories: int = 256,
        min_category_rows: int = 1,
        rare: Literal["resample", "mask"] = "resample",
        protect_extremes: int = 0,
        locale: str | None = None,
        rules: Rules = "auto",
        max_steps: int | Literal["auto"] = "auto",
        max_seconds: float | None = None,
        conditional: bool | Conditional = True,
        rejection: int | Literal["auto"] | None = "auto",
        calibrate: bool | Literal["margins"] = True,
        random_state: RandomState = None,
        verbose: int = 0,
        batch_size: int | Literal["auto"] = "auto",
        optimizer: str | Optimizer | Callable[..., Any] = "auto",
        moment_weight: float = 1.0,
        early_stopping: bool | EarlyStopping = False,
        objective: ObjectiveName | Objective = "wgan-gp",
        generator: GeneratorName | GeneratorChoice | Callable[..., Any] = "residual",
        critic: CriticName | CriticChoice | Callable[..., Any] = "mlp",
        couple_columns: bool = True,
        device: str = "auto",
        precision: Precision = "auto",
    ) -> None:
        self.column_kinds = column_kinds
        self.max_categories = max_categories
        self.min_category_rows = min_category_rows
        self.rare = rare
        self.protect_extremes = protect_extremes
        self.locale = locale
        self.rules = rules
        self.max_steps = max_steps
        self.max_seconds = max_seconds
        self.conditional = conditional
        self.rejection = rejection
        self.calibrate = calibrate
        self.random_state = random_state
        self.verbose = verbose
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.moment_weight = moment_weight
        self.early_stopping = early_stopping
        self.objective = objective
        self.generator = generator
        self.critic = critic
        self.couple_columns = couple_columns
        self.device = device
        self.precision = precision

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        callbacks: Sequence[Callback] | None = None,
        checkpoint: str | os.PathLike | Checkpoint | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
    ) -> Self:
        """Learn a table.

        In several processes that `torchrun`, or torch's process group, started together, all learn
        one model: each must call it with the same parameters and table.

        Parameters
        ----------
        X : frame or array of shape (n_rows, n_columns), or a table in batches
            The table: a DataFrame of pandas or polars, a LazyFrame, a pyarrow Table or
            RecordBatchReader, a DuckDB relation, or what else gives an Arrow stream; or a NumPy
            array. It is not written to, and an index plays no part. A path to a folder, a glob or a
            file of Parquet, an Arrow Dataset, or an iterable of frames that can be read again and
            again, such as a list, is never in memory as a whole; nor is a Dask frame, whose
            partitions are encoded where they are.
        y : Series or array of shape (n_rows,), optional
            One more column, put last; a Series keeps its name, else it is ``"target"``.
        callbacks : list of callable, optional
            Functions that are called with the figures of each logged step, a dict with the columns
            of `history_`. When one returns True, the phase of training ends there, as with
            `early_stopping`; conditions are learned all the same. What one raises ends `fit`.
        checkpoint : path or Checkpoint, optional
            A file that gets all that training needs, every minute or as a `Checkpoint` says. If it
            exists, and is of this table and these parameters, `fit` goes on from it, to the model
            of a fit that was never ended. It stays until you delete it.
        cache_dir : path, optional
            Folder for the encoded rows of a table in batches, about 2 bytes a cell; by default the
            one for temporary files. Nothing is left there, however `fit` ends.

        Returns
        -------
        WGANGPSynthesizer
            Itself.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the table cannot be used, or the table breaks a declared rule; before
            any training; so is a checkpoint of something else.
        OSError
            If the checkpoint could not be written.
        ConnectionError
            If another of several processes is lost.
        """
        parameters = self.get_params(deep=False)
        check_parameters(parameters, self.constraints)
        functions = check_callbacks(callbacks)
        if checkpoint is not None and not isinstance(checkpoint, Checkpoint):
            checkpoint = Checkpoint(checkpoint)
        device = own_device(resolve_device(self.device))
        with joined(device, _advice(checkpoint)) as ranks:
            return self._fit(X, y, functions, checkpoint, cache_dir, device, ranks)

    def _fit(
        self,
        X: Any,
        y: Any,
        functions: list[Callback],
        checkpoint: Checkpoint | None,
        cache_dir: str | os.PathLike[str] | None,
        device: torch.device,
        ranks: Ranks,
    ) -> Self:
        """Do `fit`, beside other processes if there are any."""
        parameters, verbose = self.get_params(deep=False), self.verbose if ranks.is_first else 0
        precision = resolve_precision(self.precision, device)
        seeds, kept = ranks.of_first(draw_seeds(self.random_state, 5)), None
        ranks.agree(checkpoint is None, "must all be given a checkpoint, or none of them")
        packed = {}
        if checkpoint is not None or ranks.size > 1:
            packed = pack_parameters(dict(parameters), self.constraints)
        if checkpoint is not None:
            kept = KeptFit(checkpoint, packed, verbose, device, precision, ranks)
            seeds = kept.seeds(seeds)
        LOGGER.info("encoding the table")
        X, form = opened(X, y)
        y, form_of_y = take_column(y)
        name = None if y is None else target_name(y)
        table = with_target(X, y, name)
        transformer = self._transformer(
            table, name, form.beside(name, form_of_y), seeds[3], verbose
        )
        encoded = encoded_rows(transformer, table, cache_dir, random_state=seeds[0])
        check_agreement(ranks, packed, transformer, encoded)
        checkpoints = None if kept is None else kept.start(describe_table(transformer, encoded))
        spent = 0.0 if checkpoints is None else checkpoints.seconds
        plan = self._plan(spent)
        parameters["max_seconds"] = plan.training_seconds
        config = TrainingConfig.resolve(parameters, n_rows=len(encoded))
        with Interrupts(can_end=ranks.size == 1) as interrupts:
            trained = train_networks(
                encoded,
                transformer.layout_,
                config,
                until_learnt=self.max_steps == "auto",
                forbidden=transformer.impossible_pairs(),
                doubtful=transformer.doubtful_pairs(),
                callbacks=functions,
                checkpoints=checkpoints,
                interrupts=interrupts,
                device=device,
                precision=precision,
                seed=seeds[1],
                verbose=verbose,
                ranks=ranks,
            )
            told = {"verbose": verbose, "interrupts": interrupts, "ranks": ranks}
            samplers = self._samplers(trained, encoded, transformer, plan, seeds, told)
            of_table = {"n_rows": len(encoded), "sql_types": sql_types_of(X)}
            self._keep(FittedState.of(trained, transformer, name, config, *samplers, **of_table))
            if kept is not None:
                kept.checkpoint.is_complete = not interrupts.lacking
        interrupts.warn(None if kept is None else kept.path)
        return self

    def _transformer(
        self, table: Any, name: Any, form: TableForm, seed: int, verbose: int
    ) -> TableTransformer:
        """Return a transformer that knows the table, in which `name` is the target, or None."""
        parameters = self.get_params(deep=False)
        of_table = {name: parameters[name] for name in _OF_TABLE}
        transformer = TableTransformer(**of_table, random_state=seed)
        learned = () if name is None else [name]
        transformer.fit(table, learned=learned, form=form, verbose=verbose)
        rules = show_rules(transformer.rules_) + (_OF_RULES if len(transformer.rules_) else "")
        tell(f"{transformer.schema_}\n\n{rules}\n", verbose)
        return transformer

    def _plan(self, spent: float) -> RejectionPlan:
        """Return the bounds of what comes after training."""
        redraws = self.calibrate is True
        return RejectionPlan.resolve(self.rejection, self.max_seconds, spent, redraws=redraws)

    def _samplers(
        self,
        trained: TrainedNetworks,
        encoded: EncodedTable,
        transformer: TableTransformer,
        plan: RejectionPlan,
        seeds: list[int],
        told: dict[str, Any],
    ) -> tuple[Sampler, ConditionalSampler | None]:
        """Return both samplers, calibrated and with redraw, the first with its rejection."""
        samplers = make_sampler(trained), make_conditional_sampler(trained)
        if self.calibrate:
            calibrate_samplers(trained, *samplers, seed=seeds[2], **told)
        if self.calibrate is True:
            add_redraw(encoded, *samplers, plan, seed=seeds[2], **told)
        add_rejection(samplers[0], encoded, transformer, plan, seed=seeds[4], **told)
        return samplers


def _advice(checkpoint: Checkpoint | None) -> str:
    """Say what to do if one of several processes is lost."""
    if checkpoint is None:
        return "With a checkpoint, training could be gone on with."
    path = os.fspath(checkpoint.path)
    return f"Started as before, they go on from the checkpoint {path!r}."
