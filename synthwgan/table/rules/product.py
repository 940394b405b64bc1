"""One column is a product, or a quotient, of others."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, ClassVar

import numpy as np

from synthwgan.table.rules.base import in_words, names_of
from synthwgan.table.rules.columns import Table
from synthwgan.table.rules.computed import ComputedRule
from synthwgan.table.rules.formula import Formula
from synthwgan.table.rules.rounding import agrees, find_way, round_to
from synthwgan.table.rules.sum import as_fraction, as_weight

# From here on not every whole number is a float, and there is none of 64 bits.
_FLOATS_END, _WHOLE_END = 2.0**53, 2.0**62


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
    rounded : column name or list of column names, optional
        Factors and divisors that the product was not computed of as they stand, but before they
        were rounded. A row keeps the rule if some numbers that round to them give the result.
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
        rounded: Hashable | Sequence[Hashable] | None = None,
        tolerate: float = 0.0,
    ) -> None:
        self.result = result
        self.factors = factors
        self.over = over
        self.constant = constant
        self.rounding = rounding
        self.rounded = rounded
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
        # A part that is there twice would be a root.
        is_once = len({*self.sources, self.result}) > len(self.sources)
        return is_once and as_fraction(self.constant) != 0

    @property
    def is_near(self) -> bool:
        return self.rounded is not None

    @property
    def _rounded(self) -> list[Hashable]:
        return [] if self.rounded is None else names_of(self.rounded)

    def turned(self, part: Hashable) -> Product:
        factors, divisors = names_of(self.factors), self._divisors
        constant = as_fraction(self.constant)
        rounded = None
        if self.is_near:
            rounded = [*(name for name in self._rounded if name != part), self.result]
        if part in divisors:
            over = [name for name in divisors if name != part]
            over, constant = [*over, self.result], as_weight(constant)
            return Product(part, factors, over, constant, rounded=rounded)
        over = [name for name in factors if name != part] or None
        constant = as_weight(1 / constant)
        return Product(part, [self.result, *divisors], over, constant, rounded=rounded)

    def all_turned(self) -> list[ComputedRule]:
        rules = super().all_turned()
        form_of = dict(zip(self.sources, self.part_forms_, strict=True)) if rules else {}
        form_of[self.result] = self.form_
        for rule in rules:
            rule.part_forms_ = [form_of[name] for name in rule.sources]
        return rules

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

    def _whole(self, table: Table) -> np.ndarray | None:
        """Return products of whole numbers, exactly; None where floats are as exact, or needed."""
        constant, size, product = as_fraction(self.constant), 1.0, np.ones(len(table), np.int64)
        if self._divisors or self.is_near or constant.denominator != 1:
            return None
        for name in names_of(self.factors):
            column = self._column(table, name, "number")
            if column.values.dtype.kind not in "iu" or not column.present.any():
                return None
            size *= float(np.abs(column.floats[column.present]).max())
        if not _FLOATS_END <= abs(constant) * size < _WHOLE_END:
            return None
        for name in names_of(self.factors):
            column = table[name]
            product = product * np.where(column.missing, 1, column.values).astype(np.int64)
        return product * int(constant)

    def _applies(self, table: Table) -> np.ndarray:
        return super()._applies(table) & self._products(table)[1]

    def _learn_how(self, table: Table) -> None:
        unknown = [name for name in self._rounded if name not in self.sources]
        if unknown:
            raise ValueError(
                f"rule '{self}': rounded names {unknown[0]!r}, which is no factor and no divisor "
                f"of it; name some of {', '.join(repr(name) for name in self.sources)}"
            )
        self.part_forms_ = [table[name].form for name in self.sources]
        products, known = self._products(table)
        target = self._column(table, self.result, "number")
        rows = known & target.present
        actual = target.floats[rows]
        way = self.rounding or find_way(actual, products[rows], target.decimals)
        self.rounding_ = way

    def _compute(self, table: Table) -> tuple[np.ndarray, np.ndarray]:
        products, known = self._products(table)
        whole = self._whole(table)
        if whole is not None and self._form(table).decimals == 0:
            return np.where(known, whole, 0), known
        way = self.rounding or getattr(self, "rounding_", "nearest")
        return round_to(products, self._form(table).decimals, way), known

    def _keeps(self, table: Table) -> np.ndarray:
        products, known = self._products(table)
        target = self._column(table, self.result, "number")
        way = self.rounding or getattr(self, "rounding_", "nearest")
        whole = self._whole(table)
        if whole is not None and target.values.dtype.kind in "iu":
            return ~(known & target.present) | (target.values == whole)
        if self.is_near:
            products = self._nearest(table, target.floats)
        close = agrees(target.floats, products, self._decimals(table), way, target.precision)
        return ~(known & target.present) | close

    def _nearest(self, table: Table, actual: np.ndarray) -> np.ndarray:
        """Return the products nearest to actual numbers, of parts that round to those at hand."""
        low = high = np.full(len(table), float(as_fraction(self.constant)))
        with np.errstate(all="ignore"):
            for name in names_of(self.factors):
                low, high = _times(low, high, *self._ends(table, name))
            for name in self._divisors:
                least, most = self._ends(table, name)
                has_zero = (least <= 0) & (most >= 0)
                low, high = _times(low, high, 1 / most, 1 / least)
                low, high = np.where(has_zero, -np.inf, low), np.where(has_zero, np.inf, high)
            return np.clip(actual, low, high)

    def _ends(self, table: Table, name: Hashable) -> tuple[np.ndarray, np.ndarray]:
        """Return the least and the most that a part may have been before it was rounded."""
        column = table[name]
        decimals = column.decimals
        if hasattr(self, "part_forms_") and self.part_forms_:
            decimals = self.part_forms_[self.sources.index(name)].decimals
        if name not in self._rounded or decimals is None:
            return column.floats, column.floats
        error = 0.5 * 10.0**-decimals
        return column.floats - error, column.floats + error

    def _rounds_to(self, table: Table) -> np.ndarray:
        return self._keeps(table)

    def __str__(self) -> str:
        constant = as_fraction(self.constant)
        factors = [] if constant == 1 else [str(self.constant)]
        text = " * ".join([*factors, *(str(name) for name in names_of(self.factors))]) or "1"
        for name in self._divisors:
            text += f" / {name}"
        if self.is_near:
            were = "were" if len(self._rounded) > 1 else "was"
            text += f", before {in_words(self._rounded)} {were} rounded"
        return f"{self.result} = {text}"


def _times(
    low: np.ndarray, high: np.ndarray, least: np.ndarray, most: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the products of numbers from one range with those from another."""
    corners = np.stack([low * least, low * most, high * least, high * most])
    return corners.min(axis=0), corners.max(axis=0)
