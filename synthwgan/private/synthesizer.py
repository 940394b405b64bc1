"""The synthesizer whose rows have a proof of privacy."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from synthwgan.components import ComponentParameters
from synthwgan.parameters import (
    N_SAMPLES,
    RANDOM_STATE,
    Constraint,
    Either,
    Number,
    OneOf,
    check_parameters,
    reject_misnamed,
)
from synthwgan.private.accountant import Ledger
from synthwgan.private.card import NOT_FOR_RELEASE, card, describe, guarantee
from synthwgan.private.conditions import Group, groups_of, known_cells
from synthwgan.private.domain import Declared, declare
from synthwgan.private.file import PrivateState, load_private, private_digest, save_private
from synthwgan.private.measure import Census, limit_rows
from synthwgan.private.mechanism import THRESHOLD_DELTA, Measured, measure
from synthwgan.private.noise import Bits
from synthwgan.private.particles import Effort, fit_particles
from synthwgan.private.patterns import Identifiers
from synthwgan.private.rules import COMPUTED, KeptRules, declare_rules, words_of
from synthwgan.private.sampler import ParticleSampler
from synthwgan.processes import n_processes
from synthwgan.provenance import Origin, marked
from synthwgan.randomness import RandomState, draw_seeds
from synthwgan.table.door import chosen_places, column_hint
from synthwgan.table.frames import (
    ARRAY,
    MixedTableMixin,
    OutputMixin,
    TableForm,
    as_frame,
    chosen_output,
    take,
    take_column,
)
from synthwgan.table.storage.dtypes import blank
from synthwgan.warn import warn

if TYPE_CHECKING:
    from synthwgan.evaluation import Report
    from synthwgan.rules import Rule

_POSITIVE = Number(1, integer=True)
PRIVATE_PARAMETERS: dict[str, Constraint] = {
    "epsilon": Number(0, open_low=True),
    "delta": Number(0, 1, open_low=True, open_high=True),
    "max_rows_per_unit": _POSITIVE,
    "n_bins": Either((OneOf(("auto",)), Number(2, 256, integer=True))),
    "n_particles": _POSITIVE,
    "max_steps": _POSITIVE,
    "random_state": RANDOM_STATE,
}
_SAVED = ("epsilon", "delta", "max_rows_per_unit", "n_bins", "n_particles", "max_steps")
_SAMPLING = {
    "n_samples": N_SAMPLES,
    "n_draws": _POSITIVE,
    "chunk_size": _POSITIVE,
    "random_state": RANDOM_STATE,
}
_CHUNK = 50_000


class PrivateSynthesizer(OutputMixin, MixedTableMixin, ComponentParameters):
    """Makes tables with differential privacy: a proof, and not only a measurement, of privacy.

    It counts how often values of each column, and of pairs of columns, occur, adds noise to the
    counts, and fits a mixture to the noisy counts alone. Everything that is read of the table is
    paid for from the budget, and written down in `privacy_`; all that comes after, any number of
    rows drawn included, costs nothing.

    Parameters
    ----------
    epsilon : float
        The budget: how much one person may change what is seen. There is no right default; 1 is a
        strong guarantee, 3 a usual one, above 10 it says little.
    delta : float, default 1e-06
        Probability with which the guarantee may fail: well below 1 over the number of rows. It is
        never derived from the table.
    target : column name or None, default None
        The column that one would predict; how pairs of columns depend on it is learned besides.
    domain : mapping, "dtype" or None, default None
        What is publicly known of columns, which costs nothing: a pair ``(low, high)``, a list of
        categories, or a `Domain`, by column name. "dtype" says that pandas' categories are public,
        with their order, for all columns, or for one as its value in the mapping. What is not
        declared is bought; categories that are bought have no order.
    unit : column name or None, default None
        The column that names the person, where one can have several rows; it is left out of the
        rows unless its domain is a pattern. Without it, one row is one person.
    rules : list of rules, RuleSet or None, default None
        Rules between columns that are public knowledge, which all rows keep and which cost
        nothing: `Sum`, `Product`, `Function`, `Order` and `OneHot` of `synthwgan.rules`. Only their
        form is used: a computed column is not measured but computed. "auto" is refused, as finding
        rules reads rows outside the budget.
    max_rows_per_unit : int, default 1
        Rows of one person that are used at most, chosen at random.
    n_bins : int or "auto", default "auto"
        Slots of a number's range in pairs; "auto" has 4 to 32, more where there is less noise: a
        cell of two numbers, in one of two classes, has rows of 2.5 deviations of the noise.
    n_particles : int, default 1000
        Products in the mixture.
    max_steps : int, default 1500
        Steps in which the mixture is fitted.
    random_state : int, Generator, RandomState or None, default None
        None takes the noise from the operating system. Anything else makes noise that can be
        taken away again: the model is then marked "not private: seeded".

    Attributes
    ----------
    privacy_ : dict
        What is promised: epsilon, delta, accountant, neighbours, unit, noise, what was public
        and what was bought, and each release.
    n_rows_ : int
        The number of rows, with noise.
    digest_ : str
        SHA-256 of the model's arrays, by which its rows can be traced back to it.

    References
    ----------
    Canonne, Kamath and Steinke 2020, "The Discrete Gaussian for Differential Privacy".
    Liu, Vietri and Wu 2021, "Iterative Methods for Private Synthetic Data".
    McKenna, Miklau and Sheldon 2021, "Winning the NIST Contest".

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan import PrivateSynthesizer
    >>> df = pd.DataFrame({"age": [23, 41, 35, 62] * 250, "paid": ["yes", "no"] * 500})
    >>> model = PrivateSynthesizer(
    ...     1.0, target="paid", domain={"age": (18, 100), "paid": ["yes", "no"]}, max_steps=50
    ... ).fit(df)
    >>> rows = model.sample(1000)
    >>> rows["age"].between(18, 100).all()
    np.True_
    >>> model.privacy_["neighbours"]
    'add or remove one row'
    >>> PrivateSynthesizer(0).fit(df)
    Traceback (most recent call last):
        ...
    ValueError: epsilon must be a number > 0, got 0
    """

    needs = (
        "epsilon",
        "the budget: 1 is a strong guarantee, 3 a usual one, above 10 it says little",
    )
    # Once it is fitted.
    names_: pd.Index
    columns_: list[Any]
    identifiers_: list[Identifiers]
    logits_: np.ndarray
    n_rows_: int
    privacy_: dict[str, Any]
    form_: TableForm
    kept_: KeptRules

    def __init__(
        self,
        epsilon: float,
        delta: float = 1e-6,
        *,
        target: Any = None,
        domain: Mapping[Any, Any] | Literal["dtype"] | None = None,
        unit: Any = None,
        rules: Iterable[Rule] | None = None,
        max_rows_per_unit: int = 1,
        n_bins: int | Literal["auto"] = "auto",
        n_particles: int = 1000,
        max_steps: int = 1500,
        random_state: RandomState = None,
    ) -> None:
        self.epsilon = epsilon
        self.delta = delta
        self.target = target
        self.domain = domain
        self.unit = unit
        self.rules = rules
        self.max_rows_per_unit = max_rows_per_unit
        self.n_bins = n_bins
        self.n_particles = n_particles
        self.max_steps = max_steps
        self.random_state = random_state

    def __getnewargs__(self) -> tuple[float]:
        """Return what a copy cannot be made without."""
        return (self.epsilon,)

    def fit(self, X: Any, y: Any = None) -> Self:
        """Measure a table within the budget, and learn what was measured.

        Another fit on a table of the same people is another spend: their epsilons add up.

        Parameters
        ----------
        X : DataFrame of any library or ndarray, of shape (n_rows, n_columns)
            The table. Names, order and dtypes of its columns count as public; the labels of a
            Categorical of polars, or of an Arrow dictionary without order, are no part of a dtype.
        y : Series or array of shape (n_rows,), optional
            A target apart from the table; it becomes its last column, and the `target`.

        Returns
        -------
        PrivateSynthesizer
            Itself.

        Raises
        ------
        TypeError, ValueError
            If parameters, declarations, names or dtypes are wrong. No error tells a cell.

        Warns
        -----
        UserWarning
            If there are too many columns for the budget, or `delta` is above 1 over the noisy
            number of rows, or if several processes were started together: each would learn a model
            of its own, and spend the budget.
        """
        parameters = self.get_params(deep=False)
        check_parameters(parameters, PRIVATE_PARAMETERS)
        X, form = take(X, labels_are_public=False)
        form = TableForm(ARRAY) if isinstance(X, np.ndarray) else form
        frame, target = self._enter(X, y)
        rules, declared = self._declare(frame)
        kept = [one for one in declared if self._is_measured(one)]
        if not kept:
            raise ValueError("there is no column to measure")
        place = _place_of(target, kept)
        if n_processes() > 1:
            warn(
                f"PrivateSynthesizer learns in one process: each of the {n_processes()} that were "
                "started learns a model of its own, and each spends the budget; fit in one of them"
            )
        is_seeded = self.random_state is not None
        seeds: list[int | None] = list(draw_seeds(self.random_state, 3))
        noise_seed, unit_seed = seeds[:2] if is_seeded else (None, None)
        ledger = Ledger(self.epsilon, self.delta, self._threshold_delta(kept))
        max_rows = 1
        if self.unit is not None:
            max_rows = self.max_rows_per_unit
            frame = limit_rows(frame, self.unit, max_rows, unit_seed)
        census = Census(
            frame.loc[:, [one.name for one in kept]], ledger, Bits(noise_seed), max_rows
        )
        measured = measure(census, ledger, kept, place, self.n_bins)
        census.close()
        self._warn_of_delta(measured.n_rows)
        logits = self._learn(measured, int(seeds[2] or 0))
        own_version, words = version("synthwgan"), words_of(rules)
        privacy = describe(ledger, declared, self.unit, max_rows, is_seeded, own_version, words)
        privacy["n_pairs"] = len(measured.tables)
        privacy["n_dependent_pairs"] = sum(one.measured for one in measured.tables)
        state = PrivateState(
            names=frame.columns if self.unit is None else _made(frame.columns, declared, self.unit),
            columns=measured.columns,
            identifiers=[
                Identifiers(one.name, one.pattern or "", one.stored)
                for one in declared
                if one.kind == "pattern"
            ],
            logits=logits,
            n_rows=round(measured.n_rows),
            privacy=privacy,
            form=form,
            kept=rules,
        )
        return self._keep(state)

    def _declare(self, frame: pd.DataFrame) -> tuple[KeptRules, list[Declared]]:
        """Return what is public: the rules, and what is known of columns."""
        declared = declare(frame, self.domain)
        # Rows have no unit, unless it is made of a pattern.
        made = [one for one in declared if one.kind == "pattern" or one.name != self.unit]
        rules, made = declare_rules(self.rules, made)
        of = {one.name: one for one in made}
        return rules, [of.get(one.name, one) for one in declared]

    def _is_measured(self, one: Declared) -> bool:
        return one.kind not in ("pattern", COMPUTED) and (
            self.unit is None or one.name != self.unit
        )

    def _enter(self, X: Any, y: Any) -> tuple[pd.DataFrame, Any]:
        """Return the table and the target's name, by names and dtypes alone."""
        y = take_column(y)[0]
        if isinstance(X, np.ndarray):
            X = pd.DataFrame(X)
        if not isinstance(X, pd.DataFrame):
            raise TypeError(f"a table must be a DataFrame, got {type(X).__name__}")
        target = self.target
        if y is not None:
            name = getattr(y, "name", None)
            target = "target" if name is None else name
            X = _with_target(X, y, target)
        if X.shape[1] == 0:
            raise ValueError("the table has no columns")
        if not X.columns.is_unique:
            repeated = list(X.columns[X.columns.duplicated()].unique())
            raise ValueError(f"column names occur more than once: {repeated}; rename the columns")
        for what, name in (("target", target), ("unit", self.unit)):
            if name is not None and name not in X.columns:
                raise ValueError(f"{what} {name!r} is no column; {column_hint(name, X.columns)}")
        if self.unit is None and self.max_rows_per_unit != 1:
            raise ValueError("max_rows_per_unit needs unit=, the column that names the person")
        return X, target

    def _named(self, table: Any) -> Any:
        """Return a table as a frame; an array has all columns, in their order."""
        frame, names = as_frame(table), self.names_
        if not isinstance(frame, np.ndarray):
            return frame
        if frame.ndim != 2 or frame.shape[1] != len(names):
            raise ValueError(f"an array has all {len(names)} columns, got shape {frame.shape}")
        return pd.DataFrame(frame, columns=names)

    def _threshold_delta(self, kept: list[Declared]) -> float:
        bought = any(one.kind == "category" and one.labels is None for one in kept)
        return THRESHOLD_DELTA * self.delta if bought else 0.0

    def _warn_of_delta(self, n_rows: float) -> None:
        if self.delta * n_rows > 1:
            warn(
                f"delta={self.delta:g} is above 1 over the number of rows, about {n_rows:.0f}: the "
                "guarantee may fail for somebody; choose a smaller one"
            )

    def _learn(self, measured: Measured, seed: int) -> np.ndarray:
        """Fit the mixture to what was released; the table is out of reach."""
        effort = Effort(self.n_particles, self.max_steps)
        return fit_particles(
            measured.columns,
            measured.tables,
            measured.classes,
            measured.one_way_variance,
            effort,
            seed,
        )

    def _keep(self, state: PrivateState) -> Self:
        for one in fields(state):
            setattr(self, f"{one.name}_", getattr(state, one.name))
        self._sampler = ParticleSampler(state.columns, state.logits)
        # Of another fit.
        vars(self).pop("digest_", None)
        return self

    @cached_property
    def digest_(self) -> str:
        """SHA-256 of the model's arrays, which its rows carry in their ``attrs``."""
        check_is_fitted(self)
        return private_digest(self.columns_, self.logits_)

    def _marked(self, rows: pd.DataFrame, origin: Origin, random_state: RandomState) -> Any:
        """Return rows in the user's form, which say that they are synthetic, and what holds."""
        said = guarantee(self.privacy_)
        return marked(self._dressed(rows), self.digest_, origin, random_state, privacy=said)

    def sample(
        self,
        n_samples: int = 1,
        *,
        conditions: Any = None,
        n_draws: int = 1,
        random_state: RandomState = None,
        **misnamed: Any,
    ) -> Any:
        """Draw rows, of all kinds or under conditions; it costs no privacy, however many.

        Parameters
        ----------
        n_samples : int, default 1
            Number of rows.
        conditions : mapping or DataFrame of any library, optional
            What the rows must be. A mapping says it for all rows, by column name: a value (None for
            a missing cell), a list of values, a range ``(low, high)`` with both ends, None for no
            bound, or a mapping of values or ranges to shares. A DataFrame has half-known rows: each
            gives one row (`n_draws` rows), its cells unchanged and its missing cells drawn.
        n_draws : int, default 1
            Rows for each row of a DataFrame.
        random_state : int, Generator, RandomState or None, default None
            Seed of the rows; it has nothing to do with privacy.

        Returns
        -------
        DataFrame, Table or ndarray
            Rows in the form of the table given to `fit`, names, order and dtypes included, or of
            `set_output`.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If an argument is out of range, conditions ask for what cannot be or contradict a rule,
            or a pattern has fewer identifiers than there are rows.
        """
        reject_misnamed(misnamed)
        rng = self._rng(n_samples=n_samples, n_draws=n_draws, random_state=random_state)
        conditions = as_frame(conditions)
        if isinstance(conditions, pd.DataFrame):
            if n_samples != 1:
                raise ValueError("the number of rows is that of the conditions; pass n_draws")
            rows = self._completed(conditions, n_draws, rng)
            return self._marked(rows, "completed", random_state)
        rows = next(self._chunks(n_samples, n_samples, conditions, rng))
        return self._marked(rows, "drawn", random_state)

    def sample_iter(
        self,
        n_samples: int,
        *,
        conditions: Mapping[Any, Any] | None = None,
        chunk_size: int = _CHUNK,
        random_state: RandomState = None,
    ) -> Iterator[pd.DataFrame]:
        """Draw rows in chunks, in constant memory.

        Parameters
        ----------
        n_samples : int
            Number of rows in all.
        conditions : mapping, optional
            See `sample`.
        chunk_size : int, default 50_000
            Rows of a chunk.
        random_state : int, Generator, RandomState or None, default None
            Seed of the rows.

        Yields
        ------
        DataFrame, Table or ndarray
            The next rows, in the form of those of `sample`; identifiers are unique over all chunks.
        """
        rng = self._rng(n_samples=n_samples, chunk_size=chunk_size, random_state=random_state)
        chunks = self._chunks(n_samples, chunk_size, conditions, rng)
        return (self._marked(chunk, "drawn", random_state) for chunk in chunks)

    def impute(
        self,
        X: Any,
        *,
        columns: Iterable[Any] | None = None,
        n_draws: int = 1,
        random_state: RandomState = None,
    ) -> Any:
        """Fill missing cells by drawing them, given the other cells of the row.

        The rows to fill are not measured: what is filled in comes from the model and the row, and a
        filled table is as private as the cells that were there.

        Parameters
        ----------
        X : DataFrame of any library or ndarray
            Rows with columns of the table given to `fit`; columns that are absent are drawn. An
            array has all of them.
        columns : list of column names, optional
            The columns to fill; by default all. Gaps of others stay, and what is drawn beside them
            suits them; columns that are absent are drawn all the same.
        n_draws : int, default 1
            Rows for each row of `X`.
        random_state : int, Generator, RandomState or None, default None
            Seed of the draws.

        Returns
        -------
        DataFrame, Table or ndarray
            The rows, in the form of those of `sample`, with the index of `X` if it has one. No
            cell of `columns` is missing, but in columns of which all were.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError, TypeError
            If a name is that of no fitted column, or `columns` is no list.
        """
        rng = self._rng(n_draws=n_draws, random_state=random_state)
        names = pd.Index(self.names_, tupleize_cols=False)
        filled = list(names)
        if columns is not None:
            filled = [names[place] for place in chosen_places(names, columns)]
        rows = self._completed(self._named(X), n_draws, rng, filled)
        return self._marked(rows, "completed", random_state)

    def _dressed(self, rows: pd.DataFrame) -> Any:
        """Return rows in the form of the fitted table, or in the one that the user chose."""
        return self.form_.dress(rows, chosen_output(self))

    def card(self) -> str:
        """Return the guarantee in two sentences that can be quoted, its limits, and the spending.

        Returns
        -------
        str
        """
        check_is_fitted(self)
        return card(self.privacy_, self.n_rows_, len(self.names_))

    def summary(self) -> str:
        """Describe the model: its guarantee, and its columns.

        Returns
        -------
        str
        """
        check_is_fitted(self)
        lines = [
            f"  {column.name}: {column.kind}, {column.stored.name}, {column.n_cells} cells, "
            f"{column.n_slots} slots"
            for column in self.columns_
        ]
        lines += [f"  {one.name}: identifier, {one.pattern}" for one in self.identifiers_]
        lines += [f"  {one.target}: computed, {one}" for one in self.kept_.computed]
        return "\n".join([self.card(), "", "Columns:", *lines])

    def report(
        self,
        X: Any,
        y: Any = None,
        *,
        test: Any = None,
        target: Any = None,
        n_samples: int | None = None,
        quick: bool = False,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> Report:
        """Draw rows and judge them against real ones; *not for release*.

        A report reads real rows, and its figures have no noise: it is for the keepers of the table
        only. It says so itself.

        Parameters
        ----------
        X, y
            The table given to `fit`.
        test : DataFrame of any library, optional
            Real rows that the model never saw.
        target : hashable, optional
            The column that one would predict; by default the target of `fit`.
        n_samples : int, optional
            Synthetic rows; by default as many as `X` has, of a quick report 5,000 at most.
        quick : bool, default False
            Whether to answer in seconds, without the slow figures; see `evaluate`.
        random_state : int, Generator, RandomState or None, default None
            Seed of the rows and of the report.
        verbose : int, default 0
            1 shows a progress bar.

        Returns
        -------
        Report
            See `synthwgan.evaluation.evaluate`.
        """
        from synthwgan.evaluation.evaluate import evaluate, rows_to_draw

        check_is_fitted(self)
        real, own_target = self._enter(as_frame(X), y)
        real = real.loc[:, list(self.names_)]
        seeds = draw_seeds(random_state, 2)
        n_rows = rows_to_draw(real, quick) if n_samples is None else n_samples
        rows = self._named(self.sample(n_rows, random_state=seeds[0]))
        report = evaluate(
            real,
            rows,
            None if test is None else self._named(test).loc[:, list(self.names_)],
            own_target if target is None else target,
            quick=quick,
            random_state=seeds[1],
            verbose=verbose,
        )
        stamp = [NOT_FOR_RELEASE]
        if not self.privacy_["is_private"]:
            stamp.append(f"The model is {self.privacy_['noise']}.")
        if self.privacy_["unit"] is None:
            stamp.append("The model's guarantee is for one row: one row counts as one person.")
        return report.of_model(self, random_state, (*stamp, *report.notes))

    def save(self, path: str | os.PathLike) -> None:
        """Write the model to one file: the mixture and the ledger, and nothing of the table.

        Parameters
        ----------
        path : path
            Where to; by custom it ends in ``.safetensors``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        OSError
            If the file cannot be written; an older file there stays whole.
        """
        check_is_fitted(self)
        state = {one.name: getattr(self, f"{one.name}_") for one in fields(PrivateState)}
        parameters = {name: getattr(self, name) for name in _SAVED}
        check_parameters(parameters, {name: PRIVATE_PARAMETERS[name] for name in _SAVED})
        save_private(path, parameters, PrivateState(**state))

    @classmethod
    def load(cls, path: str | os.PathLike) -> Self:
        """Read a model written by `save`; nothing in the file is executed.

        Parameters
        ----------
        path : path
            The file.

        Returns
        -------
        PrivateSynthesizer
            Fitted. Domain, names of target and unit and the seed are not in the file.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is damaged, or no such model.
        """
        constraints = {name: PRIVATE_PARAMETERS[name] for name in _SAVED}
        parameters, state = load_private(path, constraints)
        return cls(**parameters)._keep(state)

    def _rng(self, **arguments: Any) -> np.random.Generator:
        check_is_fitted(self)
        check_parameters(arguments, {name: _SAMPLING[name] for name in arguments})
        return np.random.default_rng(draw_seeds(arguments["random_state"], 1)[0])

    def _chunks(
        self, n_samples: int, chunk_size: int, conditions: Any, rng: np.random.Generator
    ) -> Iterator[pd.DataFrame]:
        if conditions is not None and not isinstance(conditions, Mapping):
            raise TypeError(
                "conditions are a mapping by column name, such as {'age': (60, None)}, or a "
                f"DataFrame of half-known rows; got {type(conditions).__name__}"
            )
        self._check_room(n_samples)
        groups = [Group()]
        if conditions:
            self._refuse_computed(conditions)
            groups = groups_of(conditions, self.columns_, self._sampler)
        return self._drawn(n_samples, chunk_size, groups, rng)

    def _drawn(
        self, n_samples: int, chunk_size: int, groups: list[Group], rng: np.random.Generator
    ) -> Iterator[pd.DataFrame]:
        key = int(rng.integers(2**62))
        weights = np.array([group.weight for group in groups])
        labels = _shared_out(weights, n_samples, rng)
        for start in range(0, n_samples, chunk_size):
            own = labels[start : start + chunk_size]
            parts, places = [], []
            for number, group in enumerate(groups):
                rows = np.flatnonzero(own == number)
                if len(rows):
                    parts.append(self._rows(len(rows), group, rng))
                    places.append(rows)
            frame = parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
            frame = frame.iloc[np.argsort(np.concatenate(places))].reset_index(drop=True)
            yield self._ordered(frame, start, key)

    def _check_room(self, n_rows: int) -> None:
        for one in self.identifiers_:
            one.check_room(n_rows)

    def _refuse_computed(self, names: Iterable[Any]) -> None:
        """Refuse conditions on columns that rules compute."""
        for name in names:
            rule = self.kept_.computing(name)
            if rule is not None:
                raise ValueError(
                    f"conditions name {name!r}, which rule '{rule}' computes; ask something of "
                    f"{rule.sources}"
                )

    def _rows(self, n_rows: int, group: Group, rng: np.random.Generator) -> pd.DataFrame:
        def draw(rows: np.ndarray) -> pd.DataFrame:
            cells, within = self._sampler.draw(len(rows), rng, group.allowed)
            found = {}
            for place, column in enumerate(self.columns_):
                series = column.decode(cells[:, place], within[:, place])
                if place in group.fixed:
                    series = pd.Series([group.fixed[place]] * len(rows)).astype(series.dtype)
                found[column.name] = series
            return pd.DataFrame(found)

        given, limits = {}, {}
        for place, allowed in group.allowed.items():
            column = self.columns_[place]
            if column.edges is None or place in group.fixed:
                given[column.name] = np.ones(n_rows, dtype=bool)
            else:
                limits[column.name] = allowed.limits(column.step, column.is_grid)
        return self.kept_.keep(draw, n_rows, self.columns_, rng, given, limits)

    def _ordered(self, frame: pd.DataFrame, first: int, key: int) -> pd.DataFrame:
        """Return measured columns with identifiers beside them, in the table's order."""
        made = {one.name: one.make(first, len(frame), key) for one in self.identifiers_}
        columns = [made[name] if name in made else frame[name] for name in self.names_]
        found = pd.concat(columns, axis=1)
        found.columns = self.names_
        return found

    def _completed(
        self, X: Any, n_draws: int, rng: np.random.Generator, filled: Collection[Any] | None = None
    ) -> pd.DataFrame:
        """Draw what half-known rows lack; with columns to fill, the gaps of others stay."""
        if not isinstance(X, pd.DataFrame):
            raise TypeError(f"rows to complete are a DataFrame, got {type(X).__name__}")
        unknown = [name for name in X.columns if name not in self.names_]
        if unknown:
            raise ValueError(f"columns {unknown} are none of the fitted ones")
        self._check_room(len(X) * n_draws)
        X = X.iloc[np.repeat(np.arange(len(X)), n_draws)]
        kept = [] if filled is None else [name for name in X.columns if name not in filled]
        given, places = known_cells(X, self.columns_, kept)
        own = [place for place, one in enumerate(self.columns_) if one.name in (filled or ())]
        there = {name: X[name].notna().to_numpy() for name in X.columns}
        self.kept_.check_given(X, there)

        def draw(rows: np.ndarray) -> pd.DataFrame:
            cells, within = self._sampler.draw(len(rows), rng, None, given[rows], places[rows], own)
            found = {
                column.name: column.decode(cells[:, place], within[:, place])
                for place, column in enumerate(self.columns_)
            }
            return _with_given(pd.DataFrame(found), X.iloc[rows])

        rows = self.kept_.keep(draw, len(X), self.columns_, rng, there)
        frame = _with_given(self._ordered(rows, 0, int(rng.integers(2**62))), X)
        for name in kept:
            cells: Any = frame[name]
            frame[name] = blank(cells, ~there[name])
        return frame.set_axis(X.index)


def _with_given(frame: pd.DataFrame, X: pd.DataFrame) -> pd.DataFrame:
    """Put the cells of half-known rows in the place of drawn ones."""
    for name in X.columns:
        if name in frame.columns:
            there = X[name].notna().to_numpy()
            dtype: Any = frame[name].dtype
            frame.loc[there, name] = X[name].reset_index(drop=True)[there].astype(dtype)
    return frame


def _with_target(X: pd.DataFrame, y: Any, name: Any) -> pd.DataFrame:
    """Return the table with a target as its last column; no cell is looked at."""
    if len(y) != len(X):
        raise ValueError("X and y must have the same number of rows")
    if name in X.columns:
        raise ValueError(f"X already has a column {name!r}; leave y out, or rename one of them")
    target = pd.Series(y) if not isinstance(y, pd.Series) else y
    return pd.concat([X, target.set_axis(X.index).rename(name)], axis=1)


def _place_of(target: Any, kept: list[Declared]) -> int | None:
    if target is None:
        return None
    names = [one.name for one in kept]
    if target not in names:
        raise ValueError(
            f"target {target!r} is the unit, has a pattern or is computed by a rule; it is not "
            "measured"
        )
    return names.index(target)


def _made(names: pd.Index, declared: list[Declared], unit: Any) -> pd.Index:
    """Return the names of columns that are made: the unit is one only by a pattern."""
    dropped = {one.name for one in declared if one.name == unit and one.kind != "pattern"}
    return names[[name not in dropped for name in names]]


def _shared_out(weights: np.ndarray, n_rows: int, rng: np.random.Generator) -> np.ndarray:
    """Return a group for each row, in random order, with shares as near as whole rows come."""
    exact = weights * n_rows
    counts = np.floor(exact).astype(int)
    rest = n_rows - counts.sum()
    counts[np.argsort(counts - exact)[:rest]] += 1
    labels = np.repeat(np.arange(len(weights)), counts)
    return labels if len(weights) == 1 else rng.permutation(labels)
