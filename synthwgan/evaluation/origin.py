"""Where a report comes from: its tables' names, the day, the seed, and what drew the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.io.base import PROVENANCE
from synthwgan.randomness import RandomState


@dataclass(frozen=True)
class Origin:
    """What a reader asks of a report that lies on a table.

    Parameters
    ----------
    names : dict of str to str
        What the tables are called: ``"real"``, ``"synthetic"`` and ``"test"``, those that have
        a name.
    date : str
        The day on which the report was made, in UTC.
    seed : int or None
        Of the report; None if it cannot be told.
    version : str
        Of synthwgan, which made the report.
    rows : dict of str to str
        What the synthetic rows say of themselves: package, version, model, date and seed.
    model : dict of str to str
        Parameters of the model that differ from the defaults, where it is known.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.evaluation.origin import Origin
    >>> table = pd.DataFrame({"size": [1, 2]})
    >>> table.attrs["name"] = "sizes"
    >>> origin = Origin.of({"real": table, "synthetic": table}, {"synthetic": "CTGAN"}, 7)
    >>> origin.names, origin.seed
    ({'real': 'sizes', 'synthetic': 'CTGAN'}, 7)
    >>> Origin.of({"real": table}, {"reel": "sizes"}, 7)
    Traceback (most recent call last):
        ...
    ValueError: names has 'reel', and the tables are 'real', 'synthetic' and 'test'
    """

    names: dict[str, str] = field(default_factory=dict)
    date: str = ""
    seed: int | None = None
    version: str = ""
    rows: dict[str, str] = field(default_factory=dict)
    model: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        tables: Mapping[str, Any],
        names: Mapping[str, str] | None,
        random_state: RandomState,
    ) -> Origin:
        """Gather what is known of tables.

        Parameters
        ----------
        tables : mapping of str to DataFrame or None
            The tables as they were given.
        names : mapping of str to str or None
            Names that are given; others are those in the frames' ``attrs``.
        random_state : int, Generator, RandomState or None
            The seed, if it is a number, is noted.

        Raises
        ------
        ValueError
            If `names` has what is no table.
        """
        unknown = [key for key in names or () if key not in ("real", "synthetic", "test")]
        if unknown:
            raise ValueError(
                f"names has {unknown[0]!r}, and the tables are 'real', 'synthetic' and 'test'"
            )
        found = {part: _attributes(table).get("name") for part, table in tables.items()}
        found |= dict(names or {})
        drawn = _attributes(tables.get("synthetic")).get(PROVENANCE)
        said = drawn if isinstance(drawn, Mapping) else {}
        return cls(
            {part: str(name) for part, name in found.items() if name},
            datetime.now(UTC).date().isoformat(),
            seed_of(random_state),
            version("synthwgan"),
            {str(key): str(value) for key, value in said.items() if value is not None},
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain Python objects."""
        return asdict(self)


def seed_of(random_state: RandomState) -> int | None:
    """Return the seed, if it is a number: a generator does not say where it stands."""
    return int(random_state) if isinstance(random_state, int | np.integer) else None


def _attributes(table: Any) -> Mapping[Any, Any]:
    return table.attrs if isinstance(table, pd.DataFrame) else {}
