"""The columns of all domains, each once, and the rows of a domain among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.parameters import required
from synthwgan.radial.columns.alignment import Match, align, with_new_states
from synthwgan.radial.columns.domain import Domain, OwnColumn, check_shared
from synthwgan.radial.columns.maps import SAME_CATEGORIES, ColumnMap, NumberMap
from synthwgan.radial.columns.values import (
    have_nothing_in_common,
    no_values,
    read_values,
    sort_of,
    unlearned,
    warn_of_units,
    warn_of_words,
    write_values,
)
from synthwgan.table import TableTransformer
from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.columns.categorical import CategoricalTransformer
from synthwgan.table.columns.options import ColumnOptions
from synthwgan.table.door import naming_column, select
from synthwgan.table.encoding import layout_of
from synthwgan.table.layout import EncodedTable, Layout, PartialRows
from synthwgan.table.schema import fit_column

# The place of the column that says which domain a row is of.
DOMAIN_PLACE = 0
DOMAIN_COLUMN = "domain"

Values = dict[int, np.ndarray]
_NOTHING = np.empty(0, dtype=object)


class DomainUnion:
    """Learns which columns of several tables are the same, and encodes rows of any of them.

    Parameters
    ----------
    names_of : mapping of str to mapping of str to column name
        Columns that are the same by the user's word: a name for all, and theirs by domain.
    align_columns : bool
        Whether columns that share no name are compared by what they say of the others.
    options : ColumnOptions
        Limits of the encoding.

    Attributes
    ----------
    domains : dict of str to Domain
    columns : list of (str, ColumnTransformer)
        The union's columns; the first says which domain a row is of.
    sorts : list of str or None
        What each column's plain values are, see `sort_of`; None for the first.
    layout : Layout
    """

    def __init__(
        self, names_of: Mapping[str, Mapping[str, Any]], align_columns: bool, options: ColumnOptions
    ) -> None:
        self.names_of, self.align_columns, self.options = names_of, align_columns, options
        self.domains: dict[str, Domain] = {}
        self.columns: list[tuple[str, ColumnTransformer | None]] = [(DOMAIN_COLUMN, None)]
        self.sorts: list[str | None] = [None]
        self._tables_of: dict[str, set[str]] = {}

    def fit(
        self,
        tables: Mapping[str, pd.DataFrame],
        transformers: Mapping[str, TableTransformer],
        rng: np.random.Generator,
    ) -> DomainUnion:
        """Learn tables, the largest first: each is compared with all before it.

        Parameters
        ----------
        tables : mapping of str to DataFrame
            By domain.
        transformers : mapping of str to TableTransformer
            Each fitted to its table.
        rng : Generator
            For the encoding.
        """
        parts: list[Values] = []
        self._note_names(transformers)
        for name in sorted(tables, key=lambda name: -len(tables[name])):
            parts.append(self.join(name, tables[name], transformers[name], parts))
        self.domains = {name: self.domains[name] for name in tables}
        self.fit_columns(parts, rng)
        return self

    def join(
        self,
        name: str,
        table: pd.DataFrame,
        transformer: TableTransformer,
        reference: Sequence[Values],
    ) -> Values:
        """Find the places of a table's columns, and add those that are new.

        Parameters
        ----------
        name : str
            The domain.
        table : DataFrame
            Its rows.
        transformer : TableTransformer
            Fitted to it.
        reference : sequence of dict of int to ndarray
            Plain values of rows of other domains, by place.

        Returns
        -------
        dict of int to ndarray
            The table's plain values, by place in the union.
        """
        check_shared(name, transformer)
        own = {
            place: read_values(column, table.iloc[:, place])
            for place, column in enumerate(transformer.columns_)
            if sort_of(column) is not None
        }
        if not own:
            raise ValueError(
                f"domain {name!r} has no column to learn from, only identifiers and empty ones: "
                "leave it out, or say their kinds with column_kinds"
            )
        fitted = {domain.name: domain.transformer for domain in self.domains.values()}
        self._note_names({**fitted, name: transformer})
        matches = self._matches(name, transformer, own, _stacked(reference))
        columns = []
        for place, column in enumerate(transformer.columns_):
            if place not in own:
                columns.append(OwnColumn(-1))
                continue
            label = self._common_name(name, transformer.column_index_[place])
            columns.append(matches.get(place) or self._new_column(name, label, sort_of(column)))
        self.domains[name] = Domain(name, transformer, tuple(columns), len(table))
        return {
            columns[place].place: columns[place].map.to_shared(values)
            for place, values in own.items()
        }

    def _matches(
        self, domain: str, transformer: TableTransformer, own: Values, reference: Values
    ) -> dict[int, OwnColumn]:
        """Columns of a table that the union has, by their place in the table."""
        known = self._known(domain, transformer, own, reference)
        if not self.align_columns or not self.domains:
            return known
        anchors = [Match(str(place), str(one.place), one.map) for place, one in known.items()]
        names = {str(place): values for place, values in reference.items()}
        columns = {str(place): values for place, values in own.items()}
        found = align(names, columns, anchors, self._apart(domain, transformer, own))
        for match in found:
            place, shared = int(match.own), int(match.reference)
            if sort_of(transformer.columns_[place]) == self.sorts[shared]:
                known[place] = OwnColumn(shared, match.map, "data", match.score)
        return known

    def _known(
        self, domain: str, transformer: TableTransformer, own: Values, reference: Values
    ) -> dict[int, OwnColumn]:
        """Columns of a table that share their name with one of the union or of a domain.

        A column of categories of which the other has none is another one, whatever its name.
        """
        labels: dict[str, int] = {}
        for place in own:
            label = self._common_name(domain, transformer.column_index_[place])
            if label in labels:
                raise ValueError(
                    f"two columns of domain {domain!r} would be called {label!r}: rename one of "
                    "them, or give it another name in mapping"
                )
            labels[label] = place
        known: dict[int, OwnColumn] = {}
        strange: dict[str, tuple[set[str], set[str]]] = {}
        for (label, shared), map in self._names().items():
            place = labels.get(label, -1)
            if place < 0 or place in known or any(one.place == shared for one in known.values()):
                continue
            column = transformer.columns_[place]
            self._check_sort(domain, label, sort_of(column), self.sorts[shared])
            words, others = _categories(column, map), self._categories_at(shared)
            if have_nothing_in_common(words, others):
                strange.setdefault(label, (words, others))
                continue
            warn_of_units(domain, label, column, [other for other, _ in self._columns_at(shared)])
            map = with_new_states(map, reference.get(shared, _NOTHING), own[place])
            known[place] = OwnColumn(shared, map, "name")
        for label, categories in strange.items():
            if labels[label] not in known:
                warn_of_words(domain, label, *categories)
        return known

    def _names(self) -> dict[tuple[str, int], ColumnMap]:
        """Maps by name and place: the union's names, then what its columns are called elsewhere."""
        names = {
            (name, place): _identity(self.sorts[place])
            for place, (name, _) in enumerate(self.columns)
            if place != DOMAIN_PLACE
        }
        for domain in self.domains.values():
            for name, _, own in domain.named():
                if own.place >= 0:
                    names.setdefault((self._common_name(domain.name, name), own.place), own.map)
        return names

    def _columns_at(self, place: int) -> list[tuple[ColumnTransformer, ColumnMap]]:
        """The domains' columns that are one of the union, with their maps to it."""
        return [
            (column, required(own.map))
            for domain in self.domains.values()
            for _, column, own in domain.named()
            if own.place == place
        ]

    def _categories_at(self, place: int) -> set[str]:
        """Categories that domains have in a column of the union, as they are called there."""
        return set().union(*(_categories(*column) for column in self._columns_at(place)))

    def _note_names(self, transformers: Mapping[str, TableTransformer]) -> None:
        """Remember which tables have a column of each name."""
        for domain, transformer in transformers.items():
            for name in transformer.column_index_:
                self._tables_of.setdefault(self._common_name(domain, name), set()).add(domain)

    def _apart(
        self, domain: str, transformer: TableTransformer, own: Values
    ) -> set[tuple[str, str]]:
        """Columns of a table that are none of the union's, as one table has both names."""
        apart = set()
        for name, shared in self._names():
            for place in own:
                label = self._common_name(domain, transformer.column_index_[place])
                if self._tables_of[label] & self._tables_of.get(name, set()):
                    apart.add((str(place), str(shared)))
        return apart

    def _common_name(self, domain: str, own_name: Any) -> str:
        for name, by_domain in self.names_of.items():
            if domain in by_domain and by_domain[domain] == own_name:
                return name
        return str(own_name)

    def _check_sort(self, domain: str, name: str, own: str, shared: str) -> None:
        if own != shared:
            raise ValueError(
                f"column {name!r} is a {own} in domain {domain!r} and a {shared} in another: make "
                "them alike, say its kind with column_kinds, or give one another name"
            )

    def _new_column(self, domain: str, label: str, sort: str) -> OwnColumn:
        taken = {name for name, _ in self.columns[DOMAIN_PLACE + 1 :]}
        self.columns.append((label if label not in taken else f"{label} ({domain})", None))
        self.sorts.append(sort)
        return OwnColumn(len(self.columns) - 1, _identity(sort), "new")

    def fit_columns(self, parts: Sequence[Values], rng: np.random.Generator) -> None:
        """Learn the encoding of columns that have none yet, and the layout."""
        names = pd.Series(list(self.domains), dtype=object)
        self.columns[DOMAIN_PLACE] = (
            DOMAIN_COLUMN,
            fit_column(DOMAIN_COLUMN, names, "categorical", ColumnOptions(), rng),
        )
        for place, (name, column) in enumerate(self.columns):
            if column is None:
                kind = "categorical" if self.sorts[place] == "category" else "numeric"
                series = pd.Series(np.concatenate([part[place] for part in parts if place in part]))
                self.columns[place] = (name, fit_column(name, series, kind, self.options, rng))
        self.layout: Layout = layout_of([column for _, column in self.columns])

    @property
    def has(self) -> np.ndarray:
        """Which columns each domain has, shape (n_domains, n_columns), bool.

        Domains are in the order of the states of the first column, which all of them have.
        """
        has = np.zeros((len(self.domains), len(self.columns)), dtype=bool)
        has[:, DOMAIN_PLACE] = True
        for name, domain in self.domains.items():
            has[self.code_of(name), domain.places] = True
        return has

    def places_of(self, name: Any) -> list[int]:
        """Return the places of the columns that domains have under a name."""
        columns = [column for domain in self.domains.values() for column in domain.named()]
        return sorted({own.place for own_name, _, own in columns if own_name == name} - {-1})

    def check_target(self, name: Any) -> None:
        """Raise a ValueError unless a column is one of all domains, of categories or numbers."""
        places = self.places_of(name)
        wrong = {self.sorts[place] for place in places} - {"category", "number"}
        if wrong:
            raise ValueError(
                f"the target {name!r} is a {wrong.pop()}, and has to be of categories or "
                "numbers: make such a column of it, the year say, or take another target or none"
            )
        if len(places) != 1:
            raise ValueError(
                f"the target {name!r} must be one column of all domains, of categories or "
                "numbers: take it out of mapping, give its categories the same words, or say its "
                "kind with column_kinds"
            )

    def matches(self) -> pd.DataFrame:
        """Return what each domain's columns were found to be, see `RadialGANSynthesizer`."""
        rows = [
            {
                "column": None if own.place < 0 else self.columns[own.place][0],
                "domain": domain.name,
                "own_column": name,
                "how": own.how,
                "score": own.score,
                "own_as_shared": own.map,
            }
            for domain in self.domains.values()
            for name, _, own in domain.named()
        ]
        order = [name for name, _ in self.columns]
        found = pd.DataFrame(rows)
        return found.sort_values(
            "column", key=lambda names: names.map(order.index, na_action="ignore"), kind="stable"
        ).reset_index(drop=True)

    def code_of(self, domain: str) -> int:
        """Return the state of a domain."""
        return int(required(self._codes(DOMAIN_PLACE, np.array([domain], dtype=object))[0])[0])

    def read(self, domain: str, table: pd.DataFrame, absent: Any = None) -> Values:
        """Return the rows of a domain as the union's plain values, by place.

        Parameters
        ----------
        domain : str
            The domain.
        table : DataFrame
            Its columns, found by name; others are ignored.
        absent : column name, optional
            A column that need not be there.

        Raises
        ------
        ValueError, TypeError
            If a column is missing, or a cell does not fit its dtype.
        """
        fitted, values = self.domains[domain].transformer, {}
        if absent is not None and absent not in table.columns and absent in fitted.column_index_:
            table = pd.concat([table, pd.Series(None, table.index, object, absent)], axis=1)
        table = select(table, fitted.column_index_, len(fitted.columns_))
        for place, (name, column, own) in enumerate(self.domains[domain].named()):
            if own.place >= 0 and not (name == absent and table.iloc[:, place].isna().all()):
                with naming_column(name):
                    plain = read_values(column, table.iloc[:, place])
                values[own.place] = required(own.map).to_shared(plain)
        return values

    def encode(
        self, domain: str, values: Values, n_rows: int, rng: np.random.Generator | None = None
    ) -> PartialRows:
        """Return plain values as rows of a domain, given wherever they have a state.

        Parameters
        ----------
        domain : str
            Of which domain the rows are.
        values : dict of int to ndarray of shape (n_rows,)
            The union's plain values by place.
        n_rows : int
            Number of rows.
        rng : Generator, optional
            Draws where in its span of ranks a repeated number falls.
        """
        codes = np.zeros((n_rows, self.layout.n_blocks), dtype=np.int32)
        scores = np.zeros((n_rows, self.layout.n_values), dtype=np.float32)
        given = np.zeros((n_rows, len(self.columns)), dtype=bool)
        given[:, DOMAIN_PLACE] = True
        codes[:, self.layout.column_blocks[DOMAIN_PLACE]] = self.code_of(domain)
        for place, plain in values.items():
            own_codes, own_scores = self._codes(place, plain, rng)
            block, value = self.layout.column_blocks[place], self.layout.column_values[place]
            known = np.ones(n_rows, dtype=bool) if block >= 0 else ~pd.isna(plain)
            if own_codes is not None:
                known = own_codes >= 0
                codes[known, block] = own_codes[known]
            if own_scores is not None:
                scores[known, value] = own_scores[known]
            given[:, place] = known
        return PartialRows(EncodedTable(codes, scores), given)

    def encode_all(
        self, tables: Mapping[str, pd.DataFrame], rng: np.random.Generator
    ) -> tuple[PartialRows, np.ndarray]:
        """Return the rows of all domains under each other, and the code of each row's domain."""
        parts = [
            self.encode(name, self.read(name, tables[name]), len(tables[name]), rng)
            for name in tables
        ]
        codes = [
            np.full(len(part), self.code_of(name)) for name, part in zip(tables, parts, strict=True)
        ]
        return PartialRows.concatenate(parts), np.concatenate(codes)

    def _codes(
        self, place: int, plain: np.ndarray, rng: np.random.Generator | None = None
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        column: Any = self.columns[place][1]
        return column.encode(pd.Series(plain), rng)

    def decode(self, domain: str, encoded: EncodedTable, rng: np.random.Generator) -> Values:
        """Return encoded rows of a domain as the union's plain values, within its own bounds."""
        values = {}
        for _, column, own in self.domains[domain].named():
            if own.place < 0:
                continue
            block, value = (
                places[own.place]
                for places in (self.layout.column_blocks, self.layout.column_values)
            )
            codes = None if block < 0 else encoded.codes[:, block]
            scores = None if value < 0 else encoded.values[:, value]
            shared: Any = self.columns[own.place][1]
            cells = shared.decode(len(encoded), codes, scores, rng)
            plain = read_values(shared, cells)
            if plain.dtype.kind == "f":
                low, high = sorted(
                    required(own.map).to_shared(np.array(required(column.plain).bounds()))
                )
                plain = np.clip(plain, low, high)
            elif len(shared.rare_levels):
                plain = _own_rare(column, own, shared, plain, rng)
            values[own.place] = plain
        return values

    def write(
        self, domain: str, values: Values, n_rows: int, rng: np.random.Generator
    ) -> pd.DataFrame:
        """Return the union's plain values as a table of a domain.

        A column for which there are no values is missing, and identifiers are new.
        """
        own_domain, written = self.domains[domain], {}
        identifiers = own_domain.transformer.identifier_stream(rng)
        for place, (_, column, own) in enumerate(own_domain.named()):
            if own.place >= 0:
                plain = values.get(own.place)
                if plain is None:
                    plain = no_values(column, n_rows)
                cells = required(own.map).to_own(plain)
                # Units found from the data are not exact; the domain's own steps are.
                cells = required(column.plain).on_grid(cells) if own.how == "data" else cells
                written[place] = write_values(column, cells)
            else:
                written[place] = unlearned(column, n_rows, rng, identifiers.sources[place])
        frame = pd.DataFrame(written, index=pd.RangeIndex(n_rows))
        frame.columns = own_domain.transformer.column_index_
        return frame

    def can_hold(self, domain: str, place: int, plain: np.ndarray) -> np.ndarray:
        """Whether a domain's column can hold each of the union's plain values; none is missing."""
        column, own = next(
            (column, own) for _, column, own in self.domains[domain].named() if own.place == place
        )
        return required(column.plain).can_hold(required(own.map).to_own(plain))


def _categories(column: ColumnTransformer, map: ColumnMap) -> set[str]:
    """A column's categories under the union's names, those that have none under their own."""
    labels = np.array(required(column.plain).labels(), dtype=object)
    shared = map.to_shared(labels)
    return set(np.where(pd.isna(shared), labels, shared))


def _identity(sort: str) -> ColumnMap:
    return SAME_CATEGORIES if sort == "category" else NumberMap()


def _stacked(parts: Sequence[Values]) -> Values:
    """Rows under each other; what a part lacks is missing."""
    kinds = {place: values.dtype for part in parts for place, values in part.items()}
    lengths = [len(next(iter(part.values()))) for part in parts]
    return {
        place: np.concatenate(
            [
                part.get(place, np.full(length, None, dtype=dtype))
                for part, length in zip(parts, lengths, strict=True)
            ]
        )
        for place, dtype in kinds.items()
    }


def _own_rare(
    column: ColumnTransformer,
    own: OwnColumn,
    shared: CategoricalTransformer,
    plain: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Put a domain's own rare categories in the place of others', which share a state with them."""
    own_labels = required(own.map).to_shared(
        np.array(required(column.plain).labels(), dtype=object)
    )
    foreign = ~pd.isna(plain) & ~pd.Index(plain).isin(own_labels)
    rare = own_labels[pd.Index(own_labels).isin(shared.rare_levels)]
    plain[foreign] = rng.choice(rare if len(rare) else own_labels, int(foreign.sum()))
    return plain
