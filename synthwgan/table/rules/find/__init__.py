"""Finding the rules of a table: one finder a file, and what they share."""

from synthwgan.table.rules.find.find_rules import find_rules

__all__ = ["find_rules"]
