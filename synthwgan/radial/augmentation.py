"""A domain's table, enlarged by rows of the others, and whether they help."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from synthwgan.evaluation.gain import Gain, GainNotMeasurable, measure_gain, warn_if_useless
from synthwgan.provenance import marked
from synthwgan.radial.columns.intake import check_domain, naming_domain, rows_of
from synthwgan.radial.columns.union import DomainUnion
from synthwgan.radial.columns.values import read_values, sort_of
from synthwgan.radial.rows import DomainRows
from synthwgan.radial.sampler import DomainSampler
from synthwgan.randomness import RandomState, as_generator
from synthwgan.table.door import select
from synthwgan.warn import warn


class AugmentationMixin:
    """Enlarges a domain's table; for a synthesizer of several domains that is fitted."""

    union_: DomainUnion
    sampler_: DomainSampler
    target_: Any
    tables_: Mapping[str, pd.DataFrame] | None
    gain_: Gain | None
    digest_: str

    @abstractmethod
    def _checked(self, *domains: str, **arguments: Any) -> list[int]:
        """Check that the model is fitted, and the arguments; return seeds."""

    @abstractmethod
    def _dressed(self, rows: pd.DataFrame, domain: str) -> Any:
        """Return rows in the form of a domain's table, or in the one that the user chose."""

    def augment(
        self,
        domain: str,
        tables: Mapping[str, Any] | None = None,
        *,
        n_samples: int | None = None,
        include_real: bool = True,
        fill: bool = False,
        provenance: Any = None,
        estimator: Any = None,
        cv: int = 5,
        random_state: RandomState = None,
    ) -> Any:
        """Return a domain's table, enlarged by rows of the others.

        What the added rows do for the prediction of the target is measured by cross-validation
        on the domain's real rows, at most 20,000 of them and of the added ones: `gain_` tells.
        Which columns are the same was found with the held-out rows, and drawn cells come from
        networks that have seen them; known cells are the other domains' own.

        Parameters
        ----------
        domain : str
            The domain to enlarge.
        tables : dict of str to DataFrame of any library, optional
            Rows of the domains; by default those of `fit`, which a model that was loaded from
            a file does not have.
        n_samples : int, optional
            Number of rows to add, drawn from those of all other domains; by default all of them.
        include_real : bool, default True
            Whether the domain's own rows stand before the added ones.
        fill : bool, default False
            Whether cells that a row does not tell are drawn. Left missing, they measured better
            with learners that take gaps, as gradient boosting does.
        provenance : column name, optional
            Name of a column that says each row's domain.
        estimator : estimator, optional
            For the gain; by default gradient boosting.
        cv : int, default 5
            Folds for the gain.
        random_state : int, Generator, RandomState or None, default None
            Seed of what is drawn, and of the folds.

        Returns
        -------
        DataFrame or Table
            The domain's columns, in the form of its table or of `set_output`. Where cells are
            missing of which the domain has none, a column gets a dtype that can say so (``int64``
            becomes ``Int64``).

        Warns
        -----
        UserWarning
            If the added rows do not help, or too few real rows tell whether they do; if the
            domain's columns cannot hold cells of the others.

        Raises
        ------
        ValueError
            If a domain is not known, a table lacks a column, or there are no rows of the domain and
            of another.
        """
        wanted = {} if n_samples is None else {"n_samples": n_samples}
        seeds = self._checked(domain, cv=cv, random_state=random_state, **wanted)
        rows = DomainRows(self.union_, self.sampler_, self.target_, seeds)
        tables = self._tables(tables, domain)
        real = tables[domain].reset_index(drop=True)
        if provenance is not None and provenance in real.columns:
            raise ValueError(f"provenance={provenance!r} is a column of the table: name another")
        added, origins = rows.from_others(tables, domain, n_samples, fill)
        gain = None
        if self.target_ is not None:
            try:
                rng = as_generator(seeds[1])
                own, others = (self._with_plain_target(rows, domain) for rows in (real, added))
                gain = measure_gain(own, others, self.target_, estimator, cv, rng)
                warn_if_useless(gain, domain)
            except GainNotMeasurable as error:
                warn(f"domain {domain!r}: {error}; gain_ is None")
        enlarged = pd.concat([real, added], ignore_index=True) if include_real else added
        if provenance is not None:
            enlarged[provenance] = [domain] * len(real) * include_real + origins
        self.gain_ = gain
        dressed = self._dressed(enlarged, domain)
        return marked(dressed, self.digest_, "completed", random_state)

    def _tables(self, tables: Mapping[str, Any] | None, domain: str) -> Mapping[str, pd.DataFrame]:
        tables = self.tables_ if tables is None else tables
        if tables is None:
            raise ValueError(
                "a model file holds no rows: pass the tables, augment(domain, {'name': table, ...})"
            )
        for name in tables:
            check_domain(name, self.union_.domains)
        if domain not in tables or len(tables) < 2:
            raise ValueError(
                f"rows of {domain!r} and of another domain are needed, got those of "
                f"{list(tables)}; the domains are {list(self.union_.domains)}"
            )
        rows = {name: rows_of(table) for name, table in tables.items()}
        for name, table in rows.items():
            fitted = self.union_.domains[name].transformer
            with naming_domain(name):
                select(table, fitted.column_index_, len(fitted.columns_))
        return rows

    def _with_plain_target(self, rows: pd.DataFrame, domain: str) -> pd.DataFrame:
        """Return rows with a target of numbers as such, however they are written."""
        named = self.union_.domains[domain].named()
        column = next(column for name, column, _ in named if name == self.target_)
        if sort_of(column) != "number" or is_numeric_dtype(rows[self.target_]):
            return rows
        rows = rows.copy()
        rows[self.target_] = read_values(column, pd.Series(rows[self.target_]))
        return rows
