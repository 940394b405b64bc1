"""Columns of SQLAlchemy and the types of `synthwgan.io.sql.types`: a row for each type."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from synthwgan.io.sql.types import SqlType

# What SQLite has another width of: whole numbers and floats have one each.
_IN_SQLITE = {"integer": "bigint", "real": "double"}


class _Column(NamedTuple):
    """A type among those of SQLAlchemy.

    Parameters
    ----------
    read : tuple of class
        The classes of SQLAlchemy that are read as this type, with those below them.
    kept : callable
        Returns the numbers that follow the name, of such a type; None where it has none.
    made : callable
        Makes a column of PostgreSQL, of the numbers.
    elsewhere : callable
        Makes one of another database; what it has no type for is its text, as in CSV.
    """

    read: tuple[type, ...]
    kept: Callable[[Any], tuple[int | None, ...]]
    made: Callable[..., Any]
    elsewhere: Callable[..., Any]


@cache
def _columns() -> dict[str, _Column]:
    import sqlalchemy as sa
    from sqlalchemy.dialects import postgresql as pg

    def plain(made: Any, *others: type) -> _Column:
        return _Column((made, *others), _nothing, made, made)

    def varchar(*length: int) -> Any:
        return sa.String(*length) if length else sa.Text()

    def time(*digits: int) -> Any:
        return pg.TIME(precision=digits[0]) if digits else sa.Time()

    def timestamp(*digits: int) -> Any:
        return pg.TIMESTAMP(precision=digits[0]) if digits else sa.DateTime()

    def timestamptz(*digits: int) -> Any:
        return pg.TIMESTAMP(timezone=True, precision=digits[0] if digits else None)

    def text(*_: int) -> Any:
        return sa.Text()

    return {
        "smallint": plain(sa.SmallInteger),
        "integer": plain(sa.Integer),
        "bigint": plain(sa.BigInteger),
        "real": plain(sa.REAL),
        "double": plain(sa.Double, sa.Float),
        "numeric": _Column((sa.Numeric,), _precision, sa.Numeric, sa.Numeric),
        "boolean": plain(sa.Boolean),
        "date": plain(sa.Date),
        "time": _Column((sa.Time,), _digits, time, lambda *_: sa.Time()),
        "timestamp": _Column((sa.DateTime,), _digits, timestamp, lambda *_: sa.DateTime()),
        # Read as a timestamp, that is one with a time zone.
        "timestamptz": _Column((), _digits, timestamptz, text),
        "interval": _Column((sa.Interval, pg.INTERVAL), _nothing, pg.INTERVAL, text),
        "uuid": _Column((sa.Uuid,), _nothing, lambda: sa.Uuid(as_uuid=False), text),
        "char": _Column((sa.CHAR,), _length, sa.CHAR, sa.CHAR),
        "varchar": _Column((sa.String,), _length, varchar, varchar),
        "text": plain(sa.Text),
    }


def _nothing(_: Any) -> tuple[()]:
    return ()


def _length(kind: Any) -> tuple[int | None]:
    return (kind.length,)


def _precision(kind: Any) -> tuple[int | None, int | None]:
    return kind.precision, kind.scale


def _digits(kind: Any) -> tuple[int | None]:
    """Decimals of seconds, which only some databases have."""
    return (getattr(kind, "precision", None),)


@cache
def _names() -> dict[type, str]:
    return {each: name for name, column in _columns().items() for each in column.read}


def described(kind: Any, dialect: str) -> SqlType | None:
    """Return a type of SQLAlchemy as a list, or None if it is none of those we know.

    Parameters
    ----------
    kind : sqlalchemy type
        As reflected.
    dialect : str
        The database's name in SQLAlchemy.
    """
    import sqlalchemy as sa

    if isinstance(kind, sa.Enum):
        return ["enum", kind.name or "enum", list(kind.enums)] if kind.enums else None
    if isinstance(kind, sa.String) and not type(kind).__module__.startswith("sqlalchemy.sql"):
        # Texts of one database only, such as MySQL's sets, have rules of their own.
        return None
    known = _names()
    name = next((known[each] for each in type(kind).__mro__ if each in known), None)
    if name is None:
        return None
    if name in ("time", "timestamp") and kind.timezone:
        if name == "time":
            return None
        name = "timestamptz"
    if name in ("char", "varchar") and kind.length is None:
        return ["text"]
    if dialect == "sqlite":
        name = _IN_SQLITE.get(name, name)
    return [name, *(number for number in _columns()[name].kept(kind) if number is not None)]


def is_bytes(kind: Any) -> bool:
    """Whether a type of SQLAlchemy holds bytes."""
    import sqlalchemy as sa

    return isinstance(kind, sa.LargeBinary | sa.BINARY | sa.VARBINARY)


def column_type(state: SqlType, dialect: str) -> Any:
    """Return a type of SQLAlchemy, as a database has it, for a list that is checked."""
    import sqlalchemy as sa
    from sqlalchemy.dialects import postgresql as pg

    name, *rest = state
    is_postgres = dialect == "postgresql"
    if name == "enum":
        return pg.ENUM(*rest[1], name=rest[0], create_type=False) if is_postgres else sa.Text()
    if dialect == "sqlite" and name in ("bigint", "double"):
        # One width again, under the name by which SQLite's own tools know it.
        return sa.Integer() if name == "bigint" else sa.REAL()
    if dialect == "sqlite" and name == "numeric":
        return _numbers_as_they_are()(*rest)
    column = _columns()[name]
    return (column.made if is_postgres else column.elsewhere)(*rest)


@cache
def _numbers_as_they_are() -> Any:
    """A numeric whose cells go to the driver as they are: SQLAlchemy makes floats of them."""
    import sqlalchemy as sa

    class Numeric(sa.Numeric):
        def bind_processor(self, dialect: Any) -> None:
            return None

    return Numeric
