"""Ways to enlarge a small table by rows of other populations: RadialGAN and its relatives."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from benchmarks.domains import Domains, as_they_are
from benchmarks.radial_measures import alignment, pairs_found, round_trip, told_apart
from synthwgan import RadialGANSynthesizer, WGANGPSynthesizer

METHODS = {
    "target": "target rows only",
    "as-is": "as they are",
    "all": "all target rows",
    "radial": "RadialGAN",
    "filled": "RadialGAN, filled",
    "drawn": "RadialGAN, all drawn",
    "paper": "paper's form",
    "pairwise": "pairwise",
    "union": "union WGAN-GP",
}
WITHOUT_FIT = ("target", "as-is", "all")
# Of these the rows do not depend on how long networks are trained.
WITHOUT_NETWORKS = (*WITHOUT_FIT, "radial")
ORIGIN = "origin"
DOMAIN = "domain"


@dataclass
class Made:
    """Rows to learn from, and what is to be said of them.

    Parameters
    ----------
    rows : DataFrame
        The target domain's own rows, and those that were added.
    figures : dict
        JSON.
    """

    rows: pd.DataFrame
    figures: dict[str, Any] = field(default_factory=dict)


class Fits:
    """The tables of a cell, and the models that are fitted to them.

    Parameters
    ----------
    domains : Domains
        The tables.
    seed : int
        Of all models.
    max_steps : int or None
        Shortens the fits.
    """

    def __init__(self, domains: Domains, seed: int, max_steps: int | None) -> None:
        self.domains, self.seed, self.max_steps = domains, seed, max_steps

    @property
    def own(self) -> pd.DataFrame:
        """The target domain's rows."""
        return self.domains.tables[self.domains.target_domain]

    @property
    def others(self) -> dict[str, pd.DataFrame]:
        """Tables of the other domains."""
        return {
            name: table
            for name, table in self.domains.tables.items()
            if name != self.domains.target_domain
        }

    def fitted(
        self, model: type, params: Mapping[str, Any], *arguments: Any, **named: Any
    ) -> tuple[Any, dict[str, float]]:
        """Return a fitted model, and what that took: seconds of the clock and of the CPUs."""
        steps = {} if self.max_steps is None else {"max_steps": self.max_steps}
        started, cpu_started = time.perf_counter(), time.process_time()
        fitted = model(**params, **steps, random_state=self.seed).fit(*arguments, **named)
        seconds = {
            "fit_seconds": round(time.perf_counter() - started, 2),
            "fit_cpu_seconds": round(time.process_time() - cpu_started, 2),
        }
        return fitted, seconds

    def radial(
        self, tables: Mapping[str, pd.DataFrame], **params: Any
    ) -> tuple[RadialGANSynthesizer, dict[str, float]]:
        """Fit a `RadialGANSynthesizer`."""
        return self.fitted(RadialGANSynthesizer, params, tables, target=self.domains.target)

    @cached_property
    def default(self) -> tuple[RadialGANSynthesizer, dict[str, float]]:
        """The fit with default parameters, that all of RadialGAN's rows are from."""
        return self.radial(self.domains.tables)

    def enlarged(self, added: list[pd.DataFrame]) -> pd.DataFrame:
        """Own rows, and below them others with the same columns."""
        return pd.concat([self.own, *added], ignore_index=True)


def target_rows(fits: Fits) -> Made:
    """Nothing is added."""
    return Made(fits.own)


def rows_as_they_are(fits: Fits) -> Made:
    """Rows of the other domains are added, by the names of their columns."""
    return Made(as_they_are(fits.domains))


def all_target_rows(fits: Fits) -> Made:
    """All rows there are of the target domain: what could be reached at best."""
    return Made(fits.domains.all_target_rows)


def radial_rows(fits: Fits) -> Made:
    """What `augment` returns by default: known cells stay, others are left missing."""
    rows, figures = _augmented(fits, fill=False)
    model, _ = fits.default
    return Made(rows, figures | {"pairs": pairs_found(fits.domains, model.matches_)})


def filled_rows(fits: Fits) -> Made:
    """The same with all cells filled; what the networks cost and how faithful they are."""
    rows, figures = _augmented(fits, fill=True)
    model, seconds = fits.default

    def translate(rows: pd.DataFrame, source: str, target: str) -> pd.DataFrame:
        return model.translate(rows, source, target, random_state=fits.seed)

    added = rows.iloc[len(fits.own) :]
    figures |= {
        "c2st_gb": told_apart(added, fits.domains),
        "round_trip": round_trip(fits.domains, translate),
    }
    return Made(rows, seconds | {"n_steps": model.n_iter_} | figures)


def _augmented(fits: Fits, fill: bool) -> tuple[pd.DataFrame, dict[str, Any]]:
    domains, (model, _) = fits.domains, fits.default
    with warnings.catch_warnings():
        # That rows do not help is one of the results.
        warnings.filterwarnings("ignore", "rows from other domains do not help")
        rows = model.augment(
            domains.target_domain, fill=fill, provenance=ORIGIN, random_state=fits.seed
        )
    gain = model.gain_
    figures = {
        name: round(float(value), 5)
        for name, value in {
            "difference": gain.difference,
            "low": gain.low,
            "high": gain.high,
        }.items()
    }
    origins = rows.pop(ORIGIN)
    translated = {name: rows[(origins == name).to_numpy()] for name in fits.others}
    return rows, {"gain": figures, "alignment": alignment(domains, translated)}


def drawn_rows(fits: Fits) -> Made:
    """Own rows and others of which only the target column stays."""
    model, _ = fits.default
    added = [_drawn(fits, model, source, table) for source, table in fits.others.items()]
    figures = {"c2st_gb": told_apart(pd.concat(added, ignore_index=True), fits.domains)}
    return Made(fits.enlarged(added), figures)


def _drawn(
    fits: Fits, model: RadialGANSynthesizer, source: str, table: pd.DataFrame
) -> pd.DataFrame:
    return model.translate(
        table, source, fits.domains.target_domain, keep_shared=False, random_state=fits.seed
    )


def paper_rows(fits: Fits) -> Made:
    """As in the paper: nothing but the target is known to be shared, and no moment term.

    Each domain's columns get names of their own. Not as in the paper, all domains share networks,
    and latent vectors are kept near normal ones.
    """
    target = fits.domains.target
    tables = {
        name: table.rename(columns=lambda own, name=name: own if own == target else f"{name}:{own}")
        for name, table in fits.domains.tables.items()
    }
    model, seconds = fits.radial(tables, align_columns=False, moment_weight=0.0)
    added = [
        _drawn(fits, model, source, tables[source]).set_axis(fits.own.columns, axis=1)
        for source in fits.others
    ]
    return Made(fits.enlarged(added), seconds)


def pairwise_rows(fits: Fits) -> Made:
    """As CycleGAN does: for each other domain a model of that one and the target domain."""
    added, total = [], {"fit_seconds": 0.0, "fit_cpu_seconds": 0.0}
    for source, table in fits.others.items():
        pair = {source: table, fits.domains.target_domain: fits.own}
        model, seconds = fits.radial(pair, align_columns=False)
        added.append(_drawn(fits, model, source, table))
        total = {name: round(total[name] + seconds[name], 2) for name in total}
    return Made(fits.enlarged(added), total)


def union_rows(fits: Fits) -> Made:
    """One conditional WGAN-GP of all columns, by their names, with the domain as one more.

    Rows of other domains keep what they have of the target's columns, and `impute` draws the rest
    as in the target domain.
    """
    tables = [table.assign(**{DOMAIN: name}) for name, table in fits.domains.tables.items()]
    union = pd.concat(tables, ignore_index=True)
    # Rejection would cost time, and only `sample` uses it.
    model, seconds = fits.fitted(WGANGPSynthesizer, {"rejection": None}, union)
    rows = pd.concat(fits.others.values(), ignore_index=True)
    rows = rows.reindex(columns=fits.own.columns).reindex(columns=union.columns)
    rows[DOMAIN] = fits.domains.target_domain
    filled = model.impute(rows, random_state=fits.seed)
    return Made(fits.enlarged([filled[fits.own.columns]]), seconds)


MAKERS: dict[str, Callable[[Fits], Made]] = {
    "target": target_rows,
    "as-is": rows_as_they_are,
    "all": all_target_rows,
    "radial": radial_rows,
    "filled": filled_rows,
    "drawn": drawn_rows,
    "paper": paper_rows,
    "pairwise": pairwise_rows,
    "union": union_rows,
}
