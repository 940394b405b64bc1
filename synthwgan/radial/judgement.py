"""How well the new rows of several domains agree with real ones."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.evaluation.scorer import make_scorer
from synthwgan.radial.columns.intake import check_domain, naming_domain, rows_of
from synthwgan.table.schema import Schema


@dataclass(frozen=True)
class OfDomain:
    """One domain of a model, as a scorer asks a synthesizer of one table.

    Parameters
    ----------
    model : RadialGANSynthesizer
        The fitted model.
    domain : str
        Its domain.
    """

    model: Any
    domain: str

    @property
    def schema_(self) -> Schema:
        """What each column was found to be."""
        return self.model.union_.domains[self.domain].transformer.schema_

    def sample(self, n_samples: int, random_state: Any = None) -> pd.DataFrame:
        """Draw new rows of the domain."""
        return self.model.sample(n_samples, self.domain, random_state=random_state)


def score_domains(model: Any, X: Any, domain: Any) -> float:
    """Return the mean over the domains that have rows in X; see `RadialGANSynthesizer.score`."""
    scorer, found = make_scorer(), []
    for name, rows in _rows_of(model, X, domain).items():
        with naming_domain(name):
            found.append(scorer(OfDomain(model, name), rows))
    return float(np.mean(found))


def _rows_of(model: Any, X: Any, domain: Any) -> dict[str, pd.DataFrame]:
    """Return rows by domain, with the columns that were fitted."""
    if not isinstance(X, Mapping):
        X = rows_of(X)
        if domain not in X.columns:
            raise ValueError(
                f"one table needs a column that says the domain, and {domain!r} is none of "
                f"{list(X.columns[:10])}; pass domain=, or a dict of tables"
            )
        names = X[domain].astype(str)
        X = {name: X[names == name] for name in names.unique()}
    if not X:
        raise ValueError("there are no rows to compare with")
    rows = {}
    for name, table in X.items():
        check_domain(name, model.domains_)
        table = rows_of(table)
        own = list(model.union_.domains[name].transformer.column_index_)
        missing = [column for column in own if column not in table.columns]
        if missing:
            raise ValueError(f"domain {name!r}: the rows lack the columns {missing[:10]}")
        rows[name] = table.loc[:, own]
    return rows
