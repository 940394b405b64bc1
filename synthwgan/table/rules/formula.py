"""Rules that compute a column by arithmetic, and so need no cell of the fitted table."""

from __future__ import annotations

from collections.abc import Hashable

from synthwgan.table.rules.computed import ComputedRule


class Formula(ComputedRule):
    """A computed column that new cells tell as well as those of the fitted table."""

    def holds_for_new(self, name: Hashable) -> bool:
        return self.is_full and name not in self.dependent
