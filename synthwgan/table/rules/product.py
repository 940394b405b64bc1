"""One column is a product, or a quotient, of others."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, ClassVar

import numpy as np

from synthwgan.table.rules.base import names_of
from synthwgan.table.rules.columns import Table
from synthwgan.table.rules.formula import Formula
from synthwgan.table.rules.rounding import agrees, find_way, round_to
from synthwgan.table.rules.sum import as_fraction, as_weight


class Product(Formula):
    """A column that is a product or a quotient of others, rounded as the column is.

    Parameters
    ----------
    result : column name
    factors : list of column names
    over : list of column names, optional
        What the product is divided by; where one of them is 0 the rule says nothing.
    constant : number or text, default=1
        A further factor, 100 for percentages.
    rounding : str, optional
        How the product is rounded to the column's decimals: "nearest", "half_even",
        "half_up", "floor" or "ceil"; by default as in the table.
    tolerate : float, default=0.0
        Share of rows that may break the rule in `fit`.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.rules import Product
    >>> orders = pd.DataFrame({"n": [3, 2], "price": [0.35, 1.25], "amount": [1.05, 2.0]})
    >>> rule = Product("amount", ["n", "price"])
    >>> print(rule)
    amount = n * price
    >>> rule.check(orders)
    array([ True, False])
    """

    rounding_: str
    _learned: ClassVar[tuple[str, ...]] = (*Formula._learned, "rounding_")

    def __init__(
        self,
        result: Hashable,
        factors: Hashable | Sequence[Hashable],
        over: Hashable | Sequence[Hashable] | None = None,
        constant: Any = 1,
        *,
        rounding: str | None = None,
        tolerate: float = 0.0,
    ) -> None:
        self.result = result
        self.factors = factors
        self.over = over
        self.constant = constant
        self.rounding = rounding
        self.tolerate = tolerate

    @property
    def target(self) -> Hashable:
        return self.result

    @property
    def _divisors(self) -> list[Hashable]:
        return [] if self.over is None else names_of(self.over)

    @property
    def sources(self) -> list[Hashable]:
        return [*names_of(self.factors), *self._divisors]

    @property
    def can_turn(self) -> bool:
        return as_fraction(self.constant) != 0

    def turned(self, part: Hashable) -> Product:
        factors, divisors = names_of(self.factors), self._divisors
        constant = as_fraction(self.constant)
        if part in divisors:
            over = [name for name in divisors if name != part]
            return Product(part, factors, [*over, self.result], as_weight(constant))
        others = [name for name in factors if name != part]
        return Product(part, [self.result, *divisors], others or None, as_weight(1 / constant))

    def _products(self, table: Table) -> tuple[np.ndarray, np.ndarray]:
        """Return the products before rounding, and where they are known."""
        product = np.full(len(table), float(as_fraction(self.constant)))
        known = np.ones(len(table), dtype=bool)
        with np.errstate(all="ignore"):
            for name in names_of(self.factors):
                column = self._column(table, name, "number")
                product = product * column.floats
                known &= column.present
            for name in self._divisors:
                column = self._column(table, name, "number")
                product = product / column.floats
                known &= column.present & (column.floats != 0)
        known &= np.isfinite(product)
        return np.where(known, product, 0.0), known

    def _applies(self, table: Table) -> np.ndarray:
        return super()._applies(table) & self._products(table)[1]

    def _learn_how(self, table: Table) -> None:
        products, known = self._products(table)
        target = self._column(table, self.result, "number")
        rows = known & target.present
        actual = target.floats[rows]
        way = self.rounding or find_way(actual, products[rows], target.decimals)
        self.rounding_ = way

    def _compute(self, table: Table) -> tuple[np.ndarray, np.ndarray]:
        products, known = self._products(table)
        way = self.rounding or getattr(self, "rounding_", "nearest")
        return round_to(products, self._form(table).decimals, way), known

    def _keeps(self, table: Table) -> np.ndarray:
        products, known = self._products(table)
        target = self._column(table, self.result, "number")
        way = self.rounding or getattr(self, "rounding_", "nearest")
        close = agrees(target.floats, products, self._decimals(table), way)
        return ~(known & target.present) | close

    def _rounds_to(self, table: Table) -> np.ndarray:
        return self._keeps(table)

    def __str__(self) -> str:
        constant = as_fraction(self.constant)
        factors = [] if constant == 1 else [str(self.constant)]
        text = " * ".join([*factors, *(str(name) for name in names_of(self.factors))]) or "1"
        for name in self._divisors:
            text += f" / {name}"
        return f"{self.result} = {text}"
