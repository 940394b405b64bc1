"""Rules between the columns of a table: find them, declare them, check any table for them.

Examples
--------
>>> import pandas as pd
>>> from synthwgan.rules import Order, RuleSet
>>> trips = pd.DataFrame({"start": [1, 4], "end": [3, 2]})
>>> RuleSet([Order("start", "<=", "end")]).check(trips)["n_broken"].tolist()
[1]
"""

from synthwgan.table.rules import (
    Bands,
    Combinations,
    Custom,
    Determines,
    Function,
    MissingTogether,
    MissingWhere,
    OneHot,
    Order,
    Product,
    Rule,
    RuleSet,
    Sum,
    Support,
    Unique,
    find_rules,
)

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
    "find_rules",
]
