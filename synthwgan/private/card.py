"""What is promised, in words that can be quoted, and what is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from synthwgan.private.accountant import Ledger
from synthwgan.private.domain import Declared

ACCOUNTANT = "zCDP, converted as in Canonne, Kamath and Steinke 2020, corollary 13"
SEEDED = "not private: seeded"
NOT_FOR_RELEASE = (
    "Not for release: this report was made from real rows, and nothing here is covered by "
    "differential privacy."
)


def describe(
    ledger: Ledger,
    declared: Sequence[Declared],
    unit: Any,
    max_rows: int,
    is_seeded: bool,
    version: str,
    rules: Sequence[str] = (),
) -> dict[str, Any]:
    """Return everything that a claim of privacy has to say, as JSON."""
    person = "row" if unit is None else f"person ({unit!r})"
    return {
        "epsilon": ledger.epsilon,
        "delta": ledger.delta,
        "spent_epsilon": ledger.spent_epsilon,
        "rho": ledger.spent,
        "threshold_delta": sum(release.delta for release in ledger.releases),
        "accountant": ACCOUNTANT,
        "neighbours": f"add or remove one {person}",
        "unit": None if unit is None else str(unit),
        "max_rows_per_unit": 1 if unit is None else max_rows,
        "noise": SEEDED
        if is_seeded
        else "discrete Gaussian, from the operating system's randomness",
        "is_private": not is_seeded,
        "public": {str(one.name): one.given for one in declared},
        "bought": {str(one.name): one.bought for one in declared},
        "rules": list(rules),
        "ledger": [release.to_dict() for release in ledger.releases],
        "version": version,
    }


def guarantee(privacy: dict[str, Any]) -> str:
    """Return in a few words what is promised of every row."""
    if not privacy["is_private"]:
        return SEEDED
    return (
        f"({privacy['epsilon']:g}, {privacy['delta']:g})-differential privacy, neighbours: "
        f"{privacy['neighbours']}"
    )


def card(privacy: dict[str, Any], n_rows: int, n_columns: int) -> str:
    """Return the guarantee in two sentences, its limits and what was spent, as text."""
    protected = "one row" if privacy["unit"] is None else "all rows of one person"
    first = (
        f"Everything in this model, and every row drawn from it, is ({privacy['epsilon']:g}, "
        f"{privacy['delta']:g})-differentially private with respect to adding or removing "
        f"{protected} of the table."
    )
    second = (
        f"Whoever sees it, whatever else they know, can tell whether {protected} was in the table "
        f"with odds that change by a factor of at most e^{privacy['epsilon']:g}, but for a "
        f"probability of {privacy['delta']:g}."
    )
    lines = [first, second, ""]
    if not privacy["is_private"]:
        lines = [
            f"{SEEDED.capitalize()}. Whoever knows the random_state can take the noise away; the "
            "guarantee below holds only for a fit without one.",
            "",
            *lines,
        ]
    if privacy["unit"] is None:
        lines.append("One row counts as one person: who has several rows is protected less.")
    else:
        lines.append(
            f"A person is a value of {privacy['unit']!r}; at most {privacy['max_rows_per_unit']} "
            "rows of each were used."
        )
    public = [name for name, words in privacy["public"].items() if words]
    bought = [name for name, words in privacy["bought"].items() if words]
    lines += [
        "It covers one fit of one table: further releases of the same people add up.",
        "It keeps no secret of what holds for many people, nor of columns' names and dtypes.",
        f"Declared as public, not measured: {_listed(privacy['public'], public)}.",
        f"Bought from the budget: {_listed(privacy['bought'], bought)}.",
        *_of_rules(privacy["rules"]),
        f"{privacy['n_dependent_pairs']} of {privacy['n_pairs']} pairs of columns stood out from "
        "the noise; the others are drawn as if they did not depend on each other.",
        f"Noise: {privacy['noise']}. Accountant: {privacy['accountant']}.",
        f"{len(privacy['ledger'])} releases, rho {privacy['rho']:.5g}, epsilon spent "
        f"{privacy['spent_epsilon']:.4g}. About {n_rows:,} rows (noisy), {n_columns} columns.",
    ]
    return "\n".join(lines)


def _of_rules(rules: Sequence[str]) -> list[str]:
    if not rules:
        return []
    return [
        f"Rules declared as public, kept by all rows and learned from none: {'; '.join(rules)}."
    ]


def _listed(words: dict[str, list[str]], names: list[str]) -> str:
    if not names:
        return "nothing"
    return "; ".join(f"{name} ({', '.join(words[name])})" for name in names)
