"""Where a table is in which database, and errors in one line that never hold a password."""

from __future__ import annotations

import getpass
import logging
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from synthwgan.io.base import extra_explained
from synthwgan.parameters import required

Result = TypeVar("Result")
# Classes of SQLSTATE: the connection, who may connect, the server's end.
_CONNECTION = ("08", "57P", "53")
_NOT_ALLOWED = "28"
_LOGGER = "synthwgan"
# What to install, where a driver's module is not called as its package.
_PACKAGES = {
    "MySQLdb": "mysqlclient",
    "mysql": "mysql-connector-python",
    "psycopg": "'psycopg[binary]'",
    "psycopg2": "psycopg2-binary",
}


@dataclass(frozen=True)
class Address:
    """A table, or a query, of a database.

    Parameters
    ----------
    url : sqlalchemy.URL
        The database; shown without its password.
    table : str or None
        A table, as it is given; without its schema once it is `located`.
    schema : str or None
        The schema that the table is in; None is the usual one.
    query : str or None
        A statement that selects rows, in place of a table.
    """

    url: Any = field(repr=False)
    table: str | None = None
    schema: str | None = None
    query: str | None = None

    @property
    def shown(self) -> str:
        """What messages call the database."""
        url = self.url
        user = "" if url.username is None else f"{url.username}@"
        port = "" if url.port is None else f":{url.port}"
        return f"{url.get_backend_name()}://{user}{url.host or ''}{port}/{url.database or ''}"

    @property
    def name(self) -> str:
        """The table's name as a user writes it."""
        return ".".join(part for part in (self.schema, self.table) if part is not None)

    @property
    def is_duckdb(self) -> bool:
        """Whether DuckDB's own package reads and writes it."""
        return self.url.get_backend_name() == "duckdb"


def address_of(
    place: str, table: str | None = None, query: str | None = None, may_query: bool = True
) -> Address:
    """Return where a table is.

    Parameters
    ----------
    place : str
        The database's URL, maybe with the table after ``#``.
    table : str, optional
        The table, maybe with its schema before a point.
    query : str, optional
        What to select in its place.
    may_query : bool, default True
        Whether the message may offer a query.

    Raises
    ------
    ImportError
        If the extra ``sql`` is not installed.
    ValueError
        If the URL is none, or says no table.
    """
    with extra_explained("Databases need", "sqlalchemy", "synthwgan[sql]"):
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError
    text, hash_sign, name = place.rpartition("#")
    if hash_sign and name and not set(name) & set("/@?"):
        place = text
        if table is None and query is None:
            table = name
    try:
        url = make_url(place)
    except (ArgumentError, ValueError):
        url = None
    if url is None:
        # The driver's own error would show the URL, and with it the password.
        raise ValueError(
            "the URL of the database cannot be read; write it as postgresql://user@host/database, "
            "and %40 for an @ in a password"
        )
    shown = Address(url).shown
    if "" in (table, query):
        raise ValueError(f"{shown}: {'table' if table == '' else 'query'}='' names nothing")
    if (table is None) == (query is None):
        either = "table= or query=" if may_query else "table="
        say = "not both" if table else "or write the table after the URL and a #"
        raise ValueError(f"{shown}: say {either}, {say}")
    return Address(_completed(url), table, None, query)


def located(address: Address, is_there: Callable[[str, str | None], bool]) -> Address:
    """Return where a table is: one of exactly this name, else one of the schema before a point.

    Parameters
    ----------
    address : Address
        A table as it is given.
    is_there : callable
        Whether there is a table of a name in a schema, None for the usual one.
    """
    parts = required(address.table).split(".") if address.schema is None else []
    ways = [(".".join(parts[n:]), ".".join(parts[:n])) for n in range(1, len(parts))]
    ways = [(table, schema) for table, schema in ways if table and schema]
    if not ways or is_there(required(address.table), None):
        return address
    # Of a table that is not there, the last point is what counts.
    table, schema = next((way for way in ways if is_there(*way)), ways[-1])
    return replace(address, table=table, schema=schema)


def _completed(url: Any) -> Any:
    """A URL with what PostgreSQL's own programs take from the environment."""
    if url.get_backend_name() != "postgresql":
        return url
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+pg8000")
    return url.set(
        username=url.username or os.environ.get("PGUSER") or getpass.getuser(),
        password=url.password or os.environ.get("PGPASSWORD"),
    )


def engine_of(address: Address) -> Any:
    """Return SQLAlchemy's engine for a database; it connects when it is first used.

    Raises
    ------
    ImportError
        If the driver is not installed.
    ValueError
        If there is no such driver.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.exc import NoSuchModuleError
    from sqlalchemy.pool import NullPool

    failure: Exception | None = None
    # Without a password, pg8000 fails with an unclear error if the server asks for one.
    given = {"password": ""} if _is_pg8000(address) and not address.url.password else {}
    options = {"poolclass": NullPool, "pool_logging_name": _LOGGER, "connect_args": given}
    try:
        engine = create_engine(address.url, **options)
    except NoSuchModuleError:
        failure = ValueError(
            f"{address.shown}: SQLAlchemy knows no database {address.url.drivername!r}; install "
            "its dialect, or check the beginning of the URL"
        )
    except ImportError as error:
        driver = error.name or address.url.get_driver_name()
        module = driver.partition(".")[0]
        package = _PACKAGES.get(module, module)
        failure = ImportError(f"{address.shown} needs the driver {driver}: pip install {package}")
    if failure is not None:
        raise failure
    # After an error SQLAlchemy logs, in many lines, what else goes wrong on closing.
    logging.getLogger(engine.pool.logger.name).disabled = True
    if engine.dialect.name == "sqlite":
        _begin_ourselves(engine)
    return engine


def _is_pg8000(address: Address) -> bool:
    return address.url.drivername == "postgresql+pg8000"


def _begin_ourselves(engine: Any) -> None:
    """Let SQLite's driver begin transactions with the first statement, and not before an INSERT.

    Else a table that is dropped would be lost whatever comes after.
    """
    from sqlalchemy import event

    @event.listens_for(engine, "connect")
    def leave_it_to_us(connection: Any, record: Any) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")


def guarded(address: Address, call: Callable[[], Result]) -> Result:
    """Return what a call returns; what the database says against it is an error of one line.

    Errors of drivers may hold the password, so the new one has none of them as its cause.

    Raises
    ------
    ConnectionError
        If the database cannot be reached, lets the user not in, or is lost.
    ValueError
        If it refuses what was asked for.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return call()
    except (SQLAlchemyError, OSError, struct.error) as error:
        failure = _explained(error, address)
    raise failure


def _explained(error: Exception, address: Address) -> Exception:
    from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

    cause: Any = error.orig if isinstance(error, DBAPIError) else error
    reason, state = _reason(cause)
    text = f"{address.shown}: {without_password(reason, address)}"
    if state.startswith(_NOT_ALLOWED):
        return ConnectionError(f"{text}; give the password in the URL or in PGPASSWORD")
    is_broken = isinstance(error, OSError | struct.error)
    is_lost = isinstance(error, DBAPIError) and error.connection_invalidated
    # If no server answered, there is no SQLSTATE.
    is_silent = isinstance(error, OperationalError | InterfaceError) and not state
    if is_broken or is_lost or state.startswith(_CONNECTION) or (is_silent and _is_remote(address)):
        return ConnectionError(f"{text}; check that the server runs and can be reached")
    return ValueError(text)


def _is_remote(address: Address) -> bool:
    return address.url.get_backend_name() not in ("sqlite", "duckdb")


def _reason(error: Any) -> tuple[str, str]:
    """The first line of an error, and the SQLSTATE if it has one."""
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__, ""
    said = error.args[0] if getattr(error, "args", ()) else error
    if isinstance(said, dict):
        # pg8000 gives a dict by the one-letter field names of PostgreSQL's protocol.
        return str(said.get("M", "the server refused")), str(said.get("C", ""))
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or ""
    lines = str(said).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip("."), str(state)


def without_password(text: str, address: Address) -> str:
    """Return a text with the password of a database left out."""
    from urllib.parse import quote, quote_plus

    password = address.url.password
    if password:
        for written in {password, quote(password), quote_plus(password), quote(password, "")}:
            text = text.replace(written, "***")
    return text
