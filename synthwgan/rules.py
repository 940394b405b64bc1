"""Rules between the columns of a table: find them, declare them, check any table for them.

Examples
--------
>>> import pandas as pd
>>> from synthwgan.rules import Order, RuleSet
>>> trips = pd.DataFrame({"start": [1, 4], "end": [3, 2]})
>>> RuleSet([Order("start", "<=", "end")]).check(trips)["n_broken"].tolist()
[1]
"""

from synthwgan.table.rules.bands import Bands
from synthwgan.table.rules.base import Rule, Support
from synthwgan.table.rules.combinations import Combinations
from synthwgan.table.rules.custom import Custom
from synthwgan.table.rules.determines import Determines
from synthwgan.table.rules.find import find_rules
from synthwgan.table.rules.function import Function
from synthwgan.table.rules.missing_together import MissingTogether
from synthwgan.table.rules.missing_where import MissingWhere
from synthwgan.table.rules.one_hot import OneHot
from synthwgan.table.rules.order import Order
from synthwgan.table.rules.product import Product
from synthwgan.table.rules.ruleset import RuleSet
from synthwgan.table.rules.sum import Sum
from synthwgan.table.rules.unique import Unique
from synthwgan.table.rules.value_where import ValueWhere

__all__ = [
    "Bands",
    "Combinations",
    "Custom",
    "Determines",
    "Function",
    "MissingTogether",
    "MissingWhere",
    "OneHot",
    "Order",
    "Product",
    "Rule",
    "RuleSet",
    "Sum",
    "Support",
    "Unique",
    "ValueWhere",
    "find_rules",
]
