"""The search for the rules of a table, finder by finder."""

from __future__ import annotations

from typing import Any

import numpy as np

from synthwgan.table.rules.bands import Bands
from synthwgan.table.rules.base import Rule
from synthwgan.table.rules.columns import as_table
from synthwgan.table.rules.find.bands import find_bands
from synthwgan.table.rules.find.combinations import find_combinations
from synthwgan.table.rules.find.dependencies import find_dependencies
from synthwgan.table.rules.find.functions import find_functions
from synthwgan.table.rules.find.linear import find_linear
from synthwgan.table.rules.find.missing import find_missing
from synthwgan.table.rules.find.one_hots import find_one_hots
from synthwgan.table.rules.find.orders import find_orders
from synthwgan.table.rules.find.products import find_products
from synthwgan.table.rules.find.prune import prune
from synthwgan.table.rules.find.ratios import find_ratios
from synthwgan.table.rules.find.scaled import find_scaled
from synthwgan.table.rules.find.search import MIN_ROWS, SAMPLE_ROWS, Search
from synthwgan.table.rules.find.ties import find_equal, find_ties
from synthwgan.table.rules.find.times import find_clock_sums, find_differences
from synthwgan.table.rules.find.values import find_values
from synthwgan.table.rules.missing_together import MissingTogether
from synthwgan.table.rules.missing_where import MissingWhere
from synthwgan.table.rules.order import Order
from synthwgan.table.rules.ruleset import RuleSet
from synthwgan.table.rules.sum import Sum

_FINDERS = (
    ("missing cells", find_missing),
    ("one-hot columns", find_one_hots),
    ("equal columns", find_equal),
    ("functions", find_functions),
    ("differences of dates", find_differences),
    ("clock times", find_clock_sums),
    ("linear relations", find_linear),
    ("ratios", find_ratios),
    ("products", find_products),
    ("multiples", find_scaled),
    ("ties", find_ties),
    ("bands", find_bands),
    ("dependencies", find_dependencies),
    ("combinations", find_combinations),
    ("orders", find_orders),
    ("values that go together", find_values),
)
# What the others find is believed of `MIN_ROWS` and more.
_OF_FEW_ROWS = (find_missing, find_equal, find_ties, find_bands, find_orders)


def find_rules(
    frame: Any,
    *,
    sample_rows: int = SAMPLE_ROWS,
    random_state: int | None = 0,
    verbose: int = 0,
) -> RuleSet:
    """Find the rules that the rows of a table keep.

    A rule is reported if it holds in all rows, or in nearly all (99.9 %), and is surprising: with
    permuted columns at least 10 rows would break it, and the chance that it holds by accident,
    times the number of rules tried, is below 1e-4. Sums may hold in a share of the rows, products
    in 97 % of them. What follows from other rules is left out. Of fewer than 100 rows only orders,
    bands, equal columns and missing cells are believed.

    Parameters
    ----------
    frame : DataFrame of any library or array, of shape (n_rows, n_columns)
    sample_rows : int, default=20000
        Candidates are sought on so many random rows, and verified on all.
    random_state : int, optional
        Seed of the sample; None for another at each call.
    verbose : int, default=0
        1 shows a line of progress for each kind of rule, once the search has taken two seconds.

    Returns
    -------
    rules : RuleSet
        Its `left_out` says what was not searched because the table is too wide, and which columns
        nothing could be sought in, and why.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from synthwgan.rules import find_rules
    >>> rng = np.random.default_rng(0)
    >>> net = rng.integers(100, 10_000, 500) / 100
    >>> bills = pd.DataFrame({"net": net, "tax": (net * 0.19).round(2)})
    >>> bills["total"] = (bills["net"] + bills["tax"]).round(2)
    >>> for rule in find_rules(bills):
    ...     print(rule)
    tax = 0.19 net
    total = net + tax
    """
    table = as_table(frame)
    rng = np.random.default_rng(random_state)
    n_rows = len(table)
    rows = np.arange(n_rows)
    if n_rows > sample_rows:
        rows = np.sort(rng.choice(n_rows, sample_rows, replace=False))
    search = Search(table, rows, rng, verbose)
    for what, finder in _FINDERS:
        if len(search.columns) > 1 and (n_rows >= MIN_ROWS or finder in _OF_FEW_ROWS):
            # Squares of numbers near the end of floats are beyond it, and find no candidate there.
            with np.errstate(over="ignore", invalid="ignore"):
                finder(search)
            search.say(what)
    prune(search)
    search.note_unusable()
    rules = [rule for rule in search.rules if n_rows >= MIN_ROWS or _is_simple(rule)]
    return RuleSet(rules, left_out=list(dict.fromkeys(search.left_out)))


def _is_simple(rule: Rule) -> bool:
    """Whether a few rows are enough to believe a rule."""
    if isinstance(rule, Sum):
        return len(rule.sources) == 1 and rule.weights is None and not rule.constant
    return isinstance(rule, Order | Bands | MissingTogether | MissingWhere)
