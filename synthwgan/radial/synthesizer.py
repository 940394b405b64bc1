"""`RadialGANSynthesizer`: several tables around one latent space."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from synthwgan.card import ModelCard
from synthwgan.checkpoint import Checkpoint, KeptFit
from synthwgan.components import ComponentParameters
from synthwgan.interrupts import Interrupts
from synthwgan.networks.critics import CriticChoice, CriticName
from synthwgan.networks.generators import GeneratorChoice, GeneratorName
from synthwgan.networks.objectives import Objective, ObjectiveName
from synthwgan.parameters import (
    DEVICE,
    PRECISION,
    RANDOM_STATE,
    SAMPLING_PARAMETERS,
    VERBOSE,
    Constraint,
    Either,
    Instance,
    Number,
    OneOf,
    Precision,
    check_parameters,
)
from synthwgan.processes import n_processes
from synthwgan.provenance import marked
from synthwgan.radial.augmentation import AugmentationMixin
from synthwgan.radial.columns.intake import (
    check_domain,
    check_kinds,
    check_mapping,
    check_rules_of,
    check_table,
    naming_domain,
    rows_of,
    show_rules_of,
    tables_of,
    warn_of_unknown_domains,
)
from synthwgan.radial.columns.union import DomainUnion
from synthwgan.radial.file import (
    RadialState,
    load_radial,
    n_parameters_of,
    pack_radial_parameters,
    radial_digest,
    save_radial,
    unpack_radial_parameter,
)
from synthwgan.radial.fit import TrainingPlace, learn_added_domain, learn_domains
from synthwgan.radial.judgement import score_domains
from synthwgan.radial.rows import DomainRows
from synthwgan.radial.step import RadialConfig
from synthwgan.randomness import RandomState, as_generator, draw_seeds
from synthwgan.synthesizer import WGANGPSynthesizer
from synthwgan.table import TableTransformer
from synthwgan.table.columns.options import LOCALE, ColumnOptions
from synthwgan.table.frames import OutputMixin, TableForm, chosen_output, take
from synthwgan.table.rules.ruleset import RuleSet
from synthwgan.table.storage.jsonable import to_jsonable
from synthwgan.training.callbacks import Callback, announce, check_callbacks
from synthwgan.training.config import COMPONENTS, TRAINING_PARAMETERS
from synthwgan.training.device import resolve_device, resolve_precision
from synthwgan.training.optimizers import Optimizer
from synthwgan.warn import warn

_COMPONENTS = {
    "objective": COMPONENTS["objective"],
    # The encoder is as the generator, so its sizes must be known.
    "generator": replace(COMPONENTS["generator"], own=None),
    "critic": replace(COMPONENTS["critic"], own=None),
    "optimizer": COMPONENTS["optimizer"],
}
RADIAL_PARAMETERS: dict[str, Constraint] = {
    "mapping": Either((OneOf((None,)), Instance((dict,)))),
    "align_columns": OneOf((True, False)),
    "column_kinds": Either((OneOf((None,)), Instance((dict,)))),
    "max_categories": Number(2, integer=True),
    "locale": LOCALE,
    "rules": Either((OneOf((None, "auto")), Instance((dict,)))),
    **{
        name: TRAINING_PARAMETERS[name]
        for name in ("batch_size", "max_steps", "max_seconds", "moment_weight")
    },
    **_COMPONENTS,
    "cycle_weight": Number(0),
    "latent_weight": Number(0),
    "device": DEVICE,
    "precision": PRECISION,
    "random_state": RANDOM_STATE,
    "verbose": VERBOSE,
}


class RadialGANSynthesizer(OutputMixin, ComponentParameters, AugmentationMixin):
    """Learns several tables together, so that rows of one become rows of another.

    Hospitals, say: other patients, other columns, other units, one question. Every domain's rows
    have a place in one latent space, and from there a row can be decoded in any domain (Yoon et
    al. 2018). Which columns of two domains are the same is known by name or found from the
    data; cells of columns that two domains share stay as they are, in the units and under
    the names of the domain they come to, and what is not shared is drawn, or left missing.

    Parameters
    ----------
    mapping : dict or None, default None
        Columns that are the same under different names: a name for all of them, and their own
        name by domain, ``{"age": {"north": "age", "south": "AGE_YEARS"}}``.
    align_columns : bool, default True
        Whether columns that share no name are compared by what they say of the others, and
        taken for the same if they are alike; see `matches_`.
    column_kinds : dict or None, default None
        Kind of a column, in all domains that have one of that name; see `WGANGPSynthesizer`.
    max_categories : int, default 256
        Most frequent categories of a column that get a state of their own.
    locale : str or None, default None
        Where names and other texts that are made anew are from; None asks the cells of each domain.
    rules : "auto", dict or None, default "auto"
        What holds between the columns of a domain, and its new rows keep: found in each table, or
        by domain what `WGANGPSynthesizer` takes; a domain that a dict leaves out has none.
    batch_size : int or "auto", default "auto"
        Rows a step. "auto" is 1000, or half of all rows if that is less.
    max_steps : int or "auto", default "auto"
        Training steps. "auto" takes fewer for few rows.
    max_seconds : float or None, default None
        Wall-clock bound on training.
    objective : str or Objective, default "wgan-gp"
        What the networks play for; see `WGANGPSynthesizer`.
    generator : str or GeneratorChoice, default "residual"
        ``"residual"``, ``"mlp"`` or ``"style"``, or one of these with sizes of its own,
        ``Residual(latent_dim=16, width=256)``. The latent space is as wide as its ``latent_dim``,
        16 where that is "auto"; the encoder is as wide and deep as the generator.
    critic : str or CriticChoice, default "mlp"
        ``"mlp"``, or `MLP` with sizes of its own.
    optimizer : str, Optimizer or callable, default "auto"
        See `WGANGPSynthesizer`.
    moment_weight : float, default 1.0
        Weight of the pairwise-moment term.
    cycle_weight : float, default 1.0
        Weight of both cycles: row to latent vector to row (cross-entropy of states, squared
        error of values), and latent vector to row to latent vector.
    latent_weight : float, default 1.0
        Weight of the distance of each domain's latent vectors from standard normal ones, by
        means and covariances, which makes the domains overlap.
    device, precision : str, default "auto"
        As for `WGANGPSynthesizer`.
    random_state : int, Generator, RandomState or None, default None
        Seed of `fit`.
    verbose : int, default 0
        1 shows the columns found to be the same, the rules of each domain, and a progress bar.

    Attributes
    ----------
    domains_ : list of str
        Names of the domains.
    matches_ : DataFrame
        One row for each column of each domain: ``column`` (its name among all), ``domain``,
        ``own_column``, ``how`` ("name" if it is shared by name or mapping, "data" if it was found
        to be another's, "new" else, "unused" for identifiers and empty columns), ``score`` (nats
        per row for what was found) and ``own_as_shared`` (the line or the categories).
    rules_ : dict of str to RuleSet
        The rules of each domain; new rows keep those without exceptions.
    history_ : DataFrame
        As that of `WGANGPSynthesizer`, with ``row_cycle``, ``latent_cycle`` and
        ``latent_distance``.
    gain_ : Gain or None
        What the last `augment` did for the prediction of the target.
    n_iter_, fit_seconds_ : int, float
        Training steps and their seconds.
    digest_ : str
        SHA-256 of the model's weights, which its rows carry in their ``attrs``.

    Notes
    -----
    All domains share their networks, with the domain as a condition. A network for each domain, as
    in the paper, has only that domain's rows to learn from. A column that two domains have is one
    column of the networks, so what one domain tells of it helps in the other.

    References
    ----------
    Yoon, Jordon, van der Schaar (2018), "RadialGAN: Leveraging Multiple Datasets to Improve
    Target-specific Predictive Models Using Generative Adversarial Networks", section 3.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from synthwgan import RadialGANSynthesizer
    >>> rng = np.random.default_rng(0)
    >>> age = rng.integers(30, 80, 120)
    >>> north = pd.DataFrame({"age": age, "smokes": age % 2 > 0, "ill": age > 60})
    >>> south = pd.DataFrame({"age": age[:40], "weight": age[:40] + 10, "ill": age[:40] > 55})
    >>> model = RadialGANSynthesizer(max_steps=5, random_state=0)
    >>> model = model.fit({"north": north, "south": south}, target="ill")
    >>> model.translate(north, "north", "south", random_state=0).columns.tolist()
    ['age', 'weight', 'ill']
    >>> model.encode(south, "south").shape
    (40, 16)
    >>> model.sample(2, "north", random_state=0).dtypes.astype(str).tolist()
    ['int64', 'bool', 'bool']
    """

    components = _COMPONENTS
    constraints = RADIAL_PARAMETERS

    def __init__(
        self,
        *,
        mapping: dict[str, dict[str, Any]] | None = None,
        align_columns: bool = True,
        column_kinds: dict[Any, str] | None = None,
        max_categories: int = 256,
        locale: str | None = None,
        rules: Literal["auto"] | dict[str, Any] | None = "auto",
        batch_size: int | Literal["auto"] = "auto",
        max_steps: int | Literal["auto"] = "auto",
        max_seconds: float | None = None,
        objective: ObjectiveName | Objective = "wgan-gp",
        generator: GeneratorName | GeneratorChoice = "residual",
        critic: CriticName | CriticChoice = "mlp",
        optimizer: str | Optimizer | Callable[..., Any] = "auto",
        moment_weight: float = 1.0,
        cycle_weight: float = 1.0,
        latent_weight: float = 1.0,
        device: str = "auto",
        precision: Precision = "auto",
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        self.mapping = mapping
        self.align_columns = align_columns
        self.column_kinds = column_kinds
        self.max_categories = max_categories
        self.locale = locale
        self.rules = rules
        self.batch_size = batch_size
        self.max_steps = max_steps
        self.max_seconds = max_seconds
        self.objective = objective
        self.generator = generator
        self.critic = critic
        self.optimizer = optimizer
        self.moment_weight = moment_weight
        self.cycle_weight = cycle_weight
        self.latent_weight = latent_weight
        self.device = device
        self.precision = precision
        self.random_state = random_state
        self.verbose = verbose

    def fit(
        self,
        X: Any,
        y: None = None,
        *,
        target: Any = None,
        domain: Any = "domain",
        callbacks: Sequence[Callback] | None = None,
        checkpoint: str | os.PathLike | Checkpoint | None = None,
    ) -> Self:
        """Learn the tables of two domains or more.

        Parameters
        ----------
        X : dict of str to DataFrame, or DataFrame, of any library
            Tables by domain, or one table in which a column says each row's domain; a column that
            is empty in all rows of a domain is then none of its own.
        y : None
            The target is a column of the tables.
        target : column name, optional
            A column of categories or numbers that all domains have. Rows keep it in every
            translation.
        domain : column name, default "domain"
            Which column says the domain, if there is one table.
        callbacks : list of callable, optional
            Functions that are called with the figures of each logged step, a dict with the columns
            of `history_`. When one returns True, training ends. What one raises ends `fit`.
        checkpoint : path or Checkpoint, optional
            A file that gets all that training needs, see `WGANGPSynthesizer.fit`. If it exists, and
            is of these tables, this target and these parameters, `fit` goes on from it.

        Raises
        ------
        ValueError, TypeError
            If a parameter or a table cannot be used, or a domain lacks the target; before any
            training; so is a checkpoint of something else.
        OSError
            If the checkpoint could not be written.
        """
        if y is not None:
            raise TypeError(
                f"fit() takes the target by name, a column of all tables: pass target={y!r}"
                if isinstance(y, str)
                else "fit() takes no y: pass target=, the name of a column of all tables"
            )
        parameters = self.get_params(deep=False)
        check_parameters(parameters, self.constraints)
        functions = check_callbacks(callbacks)
        if n_processes() > 1:
            warn(
                f"RadialGANSynthesizer trains in one process: each of the {n_processes()} that "
                "were started trains a model of its own"
            )
        device = resolve_device(self.device)
        precision = resolve_precision(self.precision, device)
        seeds, kept = draw_seeds(self.random_state, 4), None
        if checkpoint is not None:
            packed = self._packed(target)
            kept = KeptFit(
                checkpoint, packed, self.verbose, device, precision, unpack=unpack_radial_parameter
            )
            seeds = kept.seeds(seeds)
        tables, forms = tables_of(X, target, domain)
        check_rules_of(self.rules, tables)
        transformers = self._transformers(tables, forms, seeds[0])
        warn_of_unknown_domains(self.mapping or {}, tables)
        options = ColumnOptions(max_categories=self.max_categories)
        union = DomainUnion(self.mapping or {}, self.align_columns, options)
        union.fit(tables, transformers, as_generator(seeds[1]))
        if target is not None:
            union.check_target(target)
        if self.verbose:
            rules = {name: own.rules_ for name, own in transformers.items()}
            announce(f"{union.matches().to_string()}\n\n{show_rules_of(rules)}\n")
        config = self._config(sum(map(len, tables.values())))
        with Interrupts() as interrupts:
            how = precision, seeds[3], self.verbose, functions, interrupts
            where, rng = TrainingPlace(device, *how), as_generator(seeds[2])
            state = learn_domains(union, tables, target, config, where, rng, kept)
            self._keep(state, tables)
            if kept is not None:
                kept.checkpoint.is_complete = not interrupts.lacking
        interrupts.warn(None if kept is None else kept.path)
        return self

    def add_domain(
        self,
        name: str,
        X: Any,
        *,
        callbacks: Sequence[Callback] | None = None,
        random_state: RandomState = None,
    ) -> Self:
        """Learn one domain more; what the others' rows become is not changed.

        The new domain gets weights of its own for what is new in it, beside those that all share,
        which stay as they are. If the model was loaded from a file, drawn rows stand for those
        of the other domains.

        Parameters
        ----------
        name : str
            Its name.
        X : DataFrame of any library
            Its rows.
        callbacks : list of callable, optional
            As for `fit`.
        random_state : int, Generator, RandomState or None, default None
            Seed of the training; None takes the parameter's.

        Raises
        ------
        ValueError, TypeError
            If there is a domain of that name, or the table cannot be used or lacks the target.
        """
        check_is_fitted(self, "union_")
        if name in self.domains_:
            raise ValueError(f"there is a domain {name!r} already; give the new one another name")
        X, form = take(X)
        check_table(name, X, self.target_)
        functions = check_callbacks(callbacks)
        seeds = draw_seeds(self.random_state if random_state is None else random_state, 3)
        transformers = self._transformers({name: X}, {name: form}, seeds[0])
        others = self.tables_ or {
            other: self._rows(draw_seeds(seeds[0], 2)).new(domain.n_rows, other)
            for other, domain in self.union_.domains.items()
        }
        precision = resolve_precision(self.precision, self.sampler_.device)
        tables, rng = {**others, name: X}, as_generator(seeds[2])
        with Interrupts() as interrupts:
            how = precision, seeds[1], self.verbose, functions, interrupts
            where = TrainingPlace(self.sampler_.device, *how)
            state = learn_added_domain(
                self._state(), name, tables, transformers[name], self._config(len(X)), where, rng
            )
            self._keep(state, None if self.tables_ is None else tables)
        interrupts.warn(None)
        return self

    def _packed(self, target: Any) -> dict[str, Any]:
        """Return all that a model of the tables depends on, by its name, as JSON."""
        packed = pack_radial_parameters(self.get_params(deep=False), self.constraints)
        own = {"mapping": packed["mapping"], "target": to_jsonable(target)}
        return packed["parameters"] | own

    def _config(self, n_rows: int) -> RadialConfig:
        """Hyperparameters; what has no parameter here is as for one table."""
        of_one_table = WGANGPSynthesizer().get_params(deep=False)
        return RadialConfig.resolve(of_one_table | self.get_params(deep=False), n_rows=n_rows)

    def _transformers(
        self, tables: Mapping[str, pd.DataFrame], forms: Mapping[str, TableForm], seed: int
    ) -> dict[str, TableTransformer]:
        """Fit each table's own columns: their kinds, dtypes and bounds."""
        kinds = self.column_kinds or {}
        check_kinds(kinds, tables)
        check_mapping(self.mapping or {}, tables)
        fitted = {}
        for name, table in tables.items():
            own = {column: kind for column, kind in kinds.items() if column in table.columns}
            with naming_domain(name):
                fitted[name] = TableTransformer(
                    column_kinds=own or None,
                    max_categories=self.max_categories,
                    locale=self.locale,
                    rules=self.rules.get(name) if isinstance(self.rules, dict) else self.rules,
                    random_state=seed,
                ).fit(table, learned=list(table.columns), form=forms[name])
        return fitted

    def _keep(self, state: RadialState, tables: Mapping[str, pd.DataFrame] | None) -> Self:
        """Set the fitted attributes, all at once: a fit that fails changes none."""
        self.union_, self.target_, self.config_ = state.union, state.target, state.config
        self.sampler_, self.critic_, self.history_ = state.sampler, state.critic, state.history
        self.n_iter_, self.fit_seconds_ = state.n_iter, state.fit_seconds
        self.tables_, self.gain_ = tables, None
        # Of another fit.
        vars(self).pop("digest_", None)
        return self

    def _state(self) -> RadialState:
        return RadialState(
            union=self.union_,
            target=self.target_,
            config=self.config_,
            sampler=self.sampler_,
            critic=self.critic_,
            history=self.history_,
            n_iter=self.n_iter_,
            fit_seconds=self.fit_seconds_,
        )

    @cached_property
    def digest_(self) -> str:
        """SHA-256 of the model's weights, which its rows carry in their ``attrs``."""
        check_is_fitted(self, "union_")
        return radial_digest(self.sampler_, self.critic_)

    @property
    def domains_(self) -> list[str]:
        """Names of the domains."""
        check_is_fitted(self, "union_")
        return list(self.union_.domains)

    @property
    def rules_(self) -> dict[str, RuleSet]:
        """The rules of each domain; new rows keep those without exceptions."""
        check_is_fitted(self, "union_")
        return {name: own.transformer.rules_ for name, own in self.union_.domains.items()}

    @property
    def matches_(self) -> pd.DataFrame:
        """Which columns of the domains are the same, and how that was found."""
        check_is_fitted(self, "union_")
        return self.union_.matches()

    def translate(
        self,
        X: Any,
        source: str,
        target: str,
        *,
        keep_shared: bool = True,
        fill: bool = True,
        random_state: RandomState = None,
    ) -> Any:
        """Return rows of one domain as rows of another.

        Parameters
        ----------
        X : DataFrame of any library
            Rows with the columns of the source.
        source, target : str
            Domains.
        keep_shared : bool, default True
            Whether cells of columns that both domains have stay as they are, in the target's
            units, names and way of writing. If not, only the target column stays, and all else
            is drawn: rows then look like the target's population, and no longer are the source's
            rows.
        fill : bool, default True
            Whether cells that the source does not tell are drawn. If not, they are missing, and
            a column whose dtype cannot say so gets the one that pandas gives it then.
        random_state : int, Generator, RandomState or None, default None
            Seed of what is drawn.

        Returns
        -------
        DataFrame or Table
            As many rows, with the index of X, in the form of the target's table or of `set_output`.

        Warns
        -----
        UserWarning
            If the target's columns cannot hold shared cells, or rows break a rule.

        Raises
        ------
        ValueError
            If a domain is not known or a column is missing.
        """
        X = rows_of(X)
        seeds = self._checked(source, target, random_state=random_state)
        rows = self._rows(seeds)
        translated = rows.translate(X, source, target, keep_shared=keep_shared, fill=fill)
        dressed = self._dressed(translated, target)
        return marked(dressed, self.digest_, "completed", random_state)

    def sample(
        self, n_samples: int = 1, domain: str | None = None, *, random_state: RandomState = None
    ) -> Any:
        """Draw new rows of a domain from the latent space.

        Parameters
        ----------
        n_samples : int, default 1
            Number of rows.
        domain : str
            The domain; None takes the first.
        random_state : int, Generator, RandomState or None, default None
            Seed of what is drawn.

        Returns
        -------
        DataFrame or Table
            Rows in the form of the domain's table, dtypes included, or of `set_output`.

        Raises
        ------
        ValueError
            If there is no such domain, or more rows are asked for than keys are possible.
        """
        domain = self.domains_[0] if domain is None else domain
        seeds = self._checked(domain, n_samples=n_samples, random_state=random_state)
        dressed = self._dressed(self._rows(seeds).new(n_samples, domain), domain)
        return marked(dressed, self.digest_, "drawn", random_state)

    def encode(self, X: Any, domain: str) -> np.ndarray:
        """Return the latent vectors of rows, shape (n_rows, latent_dim), float32.

        Rows of all domains are in one space, so a model that was fitted to those of one domain can
        be used on another's. The target column is not known to be there: it may be missing in X.

        Parameters
        ----------
        X : DataFrame of any library
            Rows with the columns of the domain, except, if wanted, the target.
        domain : str
            Their domain.
        """
        X = rows_of(X)
        self._checked(domain)
        return self._rows([0, 0]).encode(X, domain)

    def _rows(self, seeds: list[int]) -> DomainRows:
        return DomainRows(self.union_, self.sampler_, self.target_, seeds)

    def _dressed(self, rows: pd.DataFrame, domain: str) -> Any:
        """Return rows in the form of a domain's table, or in the one that the user chose."""
        return self.union_.domains[domain].transformer.form_.dress(rows, chosen_output(self))

    def score(
        self,
        X: Any,
        y: None = None,
        *,
        domain: Any = "domain",
    ) -> float:
        """Say how well new rows agree with some real ones, best rows that `fit` was not given.

        Each domain is scored as `WGANGPSynthesizer.score` does, by columns one by one and the
        dependence between two of them; the score is the mean of those that have rows in X.

        Parameters
        ----------
        X : dict of str to DataFrame, or DataFrame, of any library
            Rows by domain, or one table in which a column says each row's domain.
        y : None
            The target is a column of the tables.
        domain : column name, default "domain"
            Which column says the domain, if there is one table.

        Returns
        -------
        float
            Between 0 and 1 (alike); as it has a fixed seed, the same each time.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If a domain is not known, or its rows lack a column.
        """
        check_is_fitted(self, "union_")
        return score_domains(self, X, domain)

    def card(self) -> ModelCard:
        """Describe the model for those who are given its rows: what it learned, hides and is for.

        Returns
        -------
        ModelCard
            ``print`` it for Markdown, or take ``to_markdown()``, ``to_json()`` or ``to_dict()``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        check_is_fitted(self, "union_")
        return ModelCard.of_domains(self, n_parameters_of(self.sampler_, self.critic_))

    def _checked(self, *domains: str, **arguments: Any) -> list[int]:
        """Check arguments; return two seeds."""
        check_is_fitted(self, "union_")
        for name in domains:
            check_domain(name, self.domains_)
        check_parameters(arguments, {name: SAMPLING_PARAMETERS[name] for name in arguments})
        return draw_seeds(arguments.get("random_state"), 2)

    def save(self, path: str | os.PathLike) -> None:
        """Write the model to one file, whole or not at all; it holds no rows.

        Parameters
        ----------
        path : path
            Where to.
        """
        check_is_fitted(self, "union_")
        save_radial(path, self.get_params(deep=False), self.constraints, self._state())

    @classmethod
    def load(cls, path: str | os.PathLike, *, device: str = "auto") -> Self:
        """Read a model written by `save`; nothing in the file is executed.

        Parameters
        ----------
        path : path
            The file.
        device : str, default "auto"
            Where to compute.
        """
        parameters, state = load_radial(path, resolve_device(device), cls.constraints)
        return cls(**parameters)._keep(state, None)
