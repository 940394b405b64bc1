"""Tables come from databases and go there with their types, whole or not at all."""

from __future__ import annotations

import contextlib
import datetime
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from synthwgan import WGANGPSynthesizer
from synthwgan.cli import app
from synthwgan.cli.elsewhere import without_passwords
from synthwgan.io import TableWriter, batches, read_table, write_table
from synthwgan.io.batches import Batches, read_or_batches
from synthwgan.io.sql.columns import column_type, described
from synthwgan.io.sql.types import SQL_TYPES, TYPES, checked_types

sa = pytest.importorskip("sqlalchemy")
pytestmark = pytest.mark.usefixtures("hasty", "small_networks")

PASSWORD = "s3cr3t/@w'rd"
WRITTEN = "s3cr3t%2F%40w%27rd"
TABLE = """
CREATE TYPE mood AS ENUM ('sad', 'so; so', 'happy''s');
CREATE TABLE people (
    small smallint, whole integer, big bigint, single real, double double precision,
    price numeric(10, 2), free numeric, name varchar(12), code char(4), note text,
    member boolean, born date, wakes time, seen timestamp, exact timestamptz(3),
    slept interval, key uuid, feels mood
);
INSERT INTO people VALUES
    (1, 2, 1152921504606846977, 0.1, 0.1, 10.50, 1.23456, 'Zoë', 'ab', 'a "b"\n', true,
     '2020-02-29', '07:30:01.5', '2020-01-01 01:02:03.456789', '2020-01-01 01:02:03.5+02',
     '1 day 02:00:00.000001', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'so; so'),
    (-1, NULL, NULL, NULL, NULL, -0.05, NULL, NULL, NULL, '', NULL,
     NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (32767, 2147483647, -9223372036854775808, 1e30, 1e300, 99999999.99, 10, '', 'abcd', NULL,
     false, '1900-01-01', '00:00', '1700-01-01', '2020-06-01 00:00:00+00', '-3 hours',
     'ffffffff-ffff-ffff-ffff-ffffffffffff', 'happy''s');
"""


# A real server


def _programs() -> Path | None:
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None, key=lambda bin: bin.parent)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


@contextlib.contextmanager
def _server(programs: Path, folder: str) -> Iterator[str]:
    """A server of its own user, as PostgreSQL refuses to be started by root."""
    given: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL}
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        given |= {"user": "postgres", "group": "postgres", "extra_groups": []}
    secret = Path(folder, "secret")
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    options = ["-A", "scram-sha-256", "-U", "tester", "--pwfile", "secret", "-N"]
    options += ["-E", "UTF8", "--locale", "C"]
    subprocess.run([programs / "initdb", "-D", "data", *options], check=True, **given)
    port = _free_port()
    settings = {"port": port, "listen_addresses": "127.0.0.1", "fsync": "off"}
    settings |= {"unix_socket_directories": folder, "timezone": "Asia/Tokyo"}
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    log = open(Path(folder, "log"), "w")
    server = subprocess.Popen([programs / "postgres", "-D", "data", *words], **given, stderr=log)
    try:
        url = f"postgresql://tester:{WRITTEN}@127.0.0.1:{port}/postgres"
        _wait(url, server)
        yield url
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait(30)
        log.close()


def _wait(url: str, server: subprocess.Popen) -> None:
    while True:
        try:
            with engine(url).connect():
                return
        except sa.exc.SQLAlchemyError:
            assert server.poll() is None, "the server ended"
            time.sleep(0.05)


def engine(url: str) -> Any:
    return sa.create_engine(url.replace("postgresql:", "postgresql+pg8000:"))


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    pytest.importorskip("pg8000")
    programs = _programs()
    if programs is None:
        reason = "there is no PostgreSQL (Debian: apt-get install postgresql)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    folder = tempfile.mkdtemp()
    try:
        with _server(programs, folder) as url:
            yield url
            asking(url).close()
            asking(url).engine.dispose()
            asking.cache_clear()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def url(postgres: str) -> Iterator[str]:
    """The server, with the table of people and nothing else."""
    run(postgres, "DROP SCHEMA public CASCADE; CREATE SCHEMA public", TABLE)
    yield postgres


@cache
def asking(url: str) -> Any:
    """The connection by which tests ask and prepare, as each one anew takes its time."""
    return engine(url).connect().execution_options(isolation_level="AUTOCOMMIT")


def run(url: str, *statements: str) -> None:
    for statement in statements:
        asking(url).exec_driver_sql(statement)


def rows(url: str, statement: str) -> list[tuple]:
    return [tuple(row) for row in asking(url).exec_driver_sql(statement)]


def types(url: str, table: str) -> dict[str, str]:
    statement = (
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
        f"WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped"
    )
    return dict(rows(url, statement))


def assert_no_password(error: BaseException) -> None:
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        for said in (str(error), repr(error), repr(error.args)):
            assert PASSWORD not in said and WRITTEN not in said
        seen.append(error)
        error = error.__cause__ or error.__context__  # type: ignore[assignment]


def refused(call: Callable[[], Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert_no_password(caught.value)


# Reading and writing


class TestPostgres:
    def test_every_type_and_every_cell_comes_back(self, url: str) -> None:
        table = read_table(url, table="people")
        for name in ("small", "whole", "big"):
            # A float would round a whole number beside a missing cell.
            assert table[name].dtype.kind == "i"
        assert table["big"].tolist()[::2] == [2**60 + 1, -(2**63)]
        assert table["price"].tolist() == [
            Decimal("10.50"),
            Decimal("-0.05"),
            Decimal("99999999.99"),
        ]
        assert table["feels"].cat.categories.tolist() == ["sad", "so; so", "happy's"]
        assert table["exact"][0] == pd.Timestamp("2019-12-31 23:02:03.5", tz="UTC")
        assert table["note"].tolist()[:2] == ['a "b"\n', ""] and pd.isna(table["note"][2])
        write_table(table, url, table="copies")
        assert types(url, "copies") == types(url, "people")
        both = "SELECT * FROM people EXCEPT SELECT * FROM copies"
        assert rows(url, both) == [] and len(rows(url, "SELECT * FROM copies")) == 3
        pd.testing.assert_frame_equal(read_table(f"{url}#copies"), table)

    def test_a_query(self, url: str) -> None:
        query = "SELECT small, big * 1 AS big, price, exact, key FROM people WHERE small > 0"
        table = read_table(url, query=query)
        assert list(table) == ["small", "big", "price", "exact", "key"] and len(table) == 2
        assert [str(table[name].dtype) for name in ("small", "exact")] == [
            "int16",
            "datetime64[us, UTC]",
        ]
        assert table["key"][0] == "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
        refused(lambda: read_table(url, query="SELEC 1"), ValueError, 'syntax error at or near "S')
        refused(lambda: read_table(url, query="DELETE FROM people"), ValueError, "syntax error")
        refused(
            lambda: read_table(url, query="SELECT 1 AS a, 2 AS a"), ValueError, "two columns of the"
        )
        assert len(read_table(url, query="SELECT * FROM people")) == 3
        assert len(read_table(url, query="SELECT * FROM people WHERE false")) == 0

    def test_what_has_no_type_of_ours_is_text_and_said(self, url: str) -> None:
        run(url, "CREATE TABLE odd (j jsonb, i inet, a integer[])")
        run(url, """INSERT INTO odd VALUES ('{"b": 1}', '10.0.0.1', '{1,2}')""")
        with pytest.warns(UserWarning, match="is read as text") as caught:
            table = read_table(url, table="odd")
        assert sum("is read as text" in str(one.message) for one in caught) == 3
        assert table.iloc[0].tolist() == ['{"b": 1}', "10.0.0.1/32", "{1,2}"]

    def test_what_is_no_cell_is_refused(self, url: str) -> None:
        run(
            url,
            "CREATE TABLE odd (photo bytea, age interval, seen timestamp, n numeric)",
            "INSERT INTO odd VALUES ('abc', '1 month', 'infinity', 'NaN')",
        )
        refused(
            lambda: read_table(url, table="odd"), ValueError, "'photo' holds bytes .BYTEA.*query="
        )
        for column in ("photo", "age", "seen", "n"):
            query = f"SELECT {column} FROM odd"
            refused(
                lambda q=query: read_table(url, query=q), ValueError, f"column '{column}' cannot"
            )

    def test_rows_stream(self, url: str) -> None:
        run(
            url,
            "CREATE TABLE many AS "
            "SELECT n, n::numeric(9, 2) / 4 AS x FROM generate_series(1, 35) n",
        )
        found = batches(url, batch_rows=10, table="many")
        for _ in range(2):
            sizes = []
            for batch in found:
                assert batch.schema == found.schema
                sizes.append(batch.num_rows)
                running = rows(
                    url, "SELECT query FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                )
                assert any("FETCH FORWARD " in (query or "") for (query,) in running)
            assert sizes == [10] * 3 + [5]
        table = pa.Table.from_batches(list(found)).to_pandas()
        assert sorted(table["n"]) == list(range(1, 36))

    @pytest.mark.parametrize(
        ("if_exists", "error"),
        [("append", KeyboardInterrupt), ("replace", RuntimeError), ("replace", SystemExit)],
    )
    def test_a_failure_leaves_the_old_table(self, url: str, if_exists: str, error: type) -> None:
        table = read_table(url, table="people")
        with pytest.raises(error), TableWriter(url, table="people", if_exists=if_exists) as writer:
            writer.write(table)
            writer.write(table)
            # Until it ends, others see and read the old one.
            assert len(rows(url, "SELECT * FROM people")) == 3
            raise error
        assert len(rows(url, "SELECT * FROM people")) == 3
        assert [
            name
            for (name,) in rows(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ] == ["people"]

    def test_rows_that_do_not_fit_leave_nothing(self, url: str) -> None:
        table = pd.DataFrame({"name": ["much too long a name"]})
        table.attrs[SQL_TYPES] = {"name": ["varchar", 12]}
        for if_exists in ("append", "replace"):
            refused(
                lambda if_exists=if_exists: write_table(
                    table, url, table="people", if_exists=if_exists
                ),
                ValueError,
                "value too long",
            )
        refused(lambda: write_table(table, url, table="other"), ValueError, "value too long")
        assert rows(url, "SELECT count(*) FROM people") == [(3,)]
        assert rows(url, "SELECT to_regclass('other')") == [(None,)]

    def test_what_to_do_with_a_table(self, url: str) -> None:
        table = read_table(url, table="people")
        refused(lambda: write_table(table, url, table="people"), ValueError, "say if_exists=")
        write_table(table[["feels", "small"]], url, table="people", if_exists="append")
        assert len(rows(url, "SELECT * FROM people")) == 6
        refused(
            lambda: write_table(table.assign(z=1), url, table="people", if_exists="append"),
            ValueError,
            "has no column 'z'",
        )
        run(url, "CREATE TABLE others (feels mood)")
        write_table(table[["small", "feels"]], url, table="people", if_exists="replace")
        # Another table still has the type.
        assert types(url, "people") == {"small": "smallint", "feels": "mood"}
        assert types(url, "others") == {"feels": "mood"}
        with pytest.raises(ValueError, match="if_exists must be one of"):
            write_table(table, url, table="people", if_exists="nonsense")

    def test_types_of_tables_from_elsewhere(self, url: str) -> None:
        table = pd.DataFrame(
            {
                "n": np.array([1, 2], dtype="int8"),
                "u": np.array([2**64 - 1, 0], dtype="uint64"),
                "f": np.array([0.5, np.nan], dtype="float32"),
                "t": pd.Categorical(["a", None]),
                "m": pd.period_range("2020-01", periods=2, freq="M"),
                "d": [Decimal("1.5"), Decimal("22.25")],
                "z": pd.to_datetime(["2020-01-01"] * 2).tz_localize("Asia/Tokyo"),
            }
        )
        with TableWriter(url, table="mixed") as writer:
            writer.write(table)
            writer.write(table.assign(d=[Decimal("123456.789"), None]))
        assert types(url, "mixed") == {
            "n": "smallint",
            "u": "numeric(20,0)",
            "f": "real",
            "t": "text",
            "m": "text",
            "d": "numeric",
            "z": "timestamp with time zone",
        }
        found = rows(url, "SELECT n, u, m, d FROM mixed")
        assert found[0] == (1, 2**64 - 1, "2020-01", Decimal("1.5"))
        assert found[2][3] == Decimal("123456.789")
        fine = pd.DataFrame({"at": pd.to_datetime(["2020-01-01 00:00:00.000000001"])})
        refused(lambda: write_table(fine, url, table="fine"), ValueError, "'at' cannot be written")
        mixed = pd.DataFrame({"x": [1, "a"]})
        with pytest.raises(ValueError, match="'x' does not fit into a database"):
            write_table(mixed, url, table="fine")

    def test_names_are_names_whatever_they_say(self, url: str) -> None:
        name = 'Robert"); DROP TABLE people; --'
        table = pd.DataFrame({name: [1, 2], "select": ["a", "%s :x"], "Ä ü": [0.5, 1.5]})
        for _ in range(2):
            write_table(table, url, table=name.replace(".", ""), if_exists="replace")
            pd.testing.assert_frame_equal(read_table(url, table=name), table)
        labels = ["it's", '"; DROP TABLE people', "%(x)s"]
        table = pd.DataFrame({"label": pd.Categorical(labels, categories=labels, ordered=True)})
        table.attrs[SQL_TYPES] = {"label": ["enum", "La'bel\"s; %", labels]}
        write_table(table, url, table="labels")
        pd.testing.assert_frame_equal(read_table(url, table="labels"), table)
        run(url, 'CREATE SCHEMA "Sales"')
        write_table(table, url, table="Sales.labels")
        assert len(read_table(url, table="Sales.labels")) == 3
        assert len(rows(url, "SELECT * FROM people")) == 3

    def test_errors_are_one_line_without_the_password(self, url: str) -> None:
        table = pd.DataFrame({"a": [1]})
        for place, kind, message in (
            (url.replace("w%27", "w"), ConnectionError, "password authentication failed .*PGPASS"),
            (url.replace(f":{WRITTEN}", ""), ConnectionError, "PGPASSWORD"),
            (url.replace("/postgres", "/nowhere"), ValueError, '"nowhere" does not exist'),
            (url.replace(f":{_port(url)}/", ":1/"), ConnectionError, "that the server runs"),
            (url.replace("postgresql:", "postgresql+psycopg2:"), ImportError, "psycopg2"),
            (url.replace("postgresql:", "martian:"), ValueError, "knows no database 'martian'"),
            (url.replace("/postgres", ":x/postgres"), ValueError, "URL of the database cannot be"),
        ):
            refused(lambda p=place: read_table(p, table="people"), kind, message)
            refused(lambda p=place: write_table(table, p, table="new"), kind, message)
        refused(lambda: read_table(url, table="peopel"), ValueError, "did you mean 'people'")
        refused(lambda: read_table(url), ValueError, "say table= or query=")
        refused(lambda: read_table(url, table="a", query="b"), ValueError, "not both")
        assert PASSWORD not in repr(TableWriter(url, table="new").__dict__.get("_shown"))

    def test_a_lost_connection(self, url: str) -> None:
        end = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND usename = 'tester'"
        )
        table = read_table(url, table="people")

        def writing() -> None:
            with TableWriter(url, table="people", if_exists="replace") as writer:
                writer.write(table)
                rows(url, end)
                writer.write(table)

        def reading() -> None:
            for _ in batches(url, batch_rows=1, table="people"):
                rows(url, end)

        refused(writing, ConnectionError, "check that the server runs")
        refused(reading, ConnectionError, "check that the server runs")
        assert len(rows(url, "SELECT * FROM people")) == 3


def _port(url: str) -> str:
    return url.rpartition(":")[2].partition("/")[0]


class TestCommands:
    """From a database to a model and back, as one does it on the command line."""

    @pytest.fixture
    def grown(self, url: str) -> str:
        statement = (
            "CREATE TABLE customers AS SELECT n AS id, (n % 7)::smallint AS visits, "
            "(n * 1.25)::numeric(10, 2) AS spent, "
            "(ARRAY['a', 'b'])[1 + n % 2]::varchar(8) AS plan, "
            "(ARRAY['sad', 'so; so'])[1 + n % 2]::mood AS feels, n % 3 = 0 AS member, "
            "timestamptz '2020-01-01' + n * interval '1 hour' AS seen, gen_random_uuid() AS key "
            "FROM generate_series(1, 80) n"
        )
        run(url, statement, "UPDATE customers SET visits = NULL WHERE id % 5 = 0")
        return url

    def test_types_go_through_a_model(
        self, grown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PGPASSWORD", PASSWORD)
        place, model = grown.replace(f":{WRITTEN}", ""), tmp_path / "model"
        said = [
            command("fit", grown, "--table", "customers", "-o", model, *QUICK),
            command("sample", model, "-n", 30, "-o", place, "--table", "drawn", "--seed", 1),
            command("sample", model, "-n", 10, "-o", f"{place}#drawn", "--if-exists", "append"),
            command("impute", model, f"{place}#customers", "-o", f"{grown}#full"),
            command("info", model, "--card"),
            command("rules", place, "--query", "SELECT visits, spent FROM customers", "-q"),
        ]
        assert [one.exit_code for one in said] == [0] * 6, [one.output for one in said]
        assert types(grown, "drawn") == types(grown, "full") == types(grown, "customers")
        assert len(rows(grown, "SELECT * FROM drawn")) == 40
        assert "another draw has the same ones" in said[2].stderr
        assert "another draw" not in said[1].stderr
        assert rows(grown, 'SELECT count(*) FROM "full" WHERE visits IS NULL') == [(0,)]
        texts = [one.output.encode() for one in said] + [model.read_bytes()]
        for text in texts:
            assert PASSWORD.encode() not in text and WRITTEN.encode() not in text
        rows_of_python = WGANGPSynthesizer.load(model).sample(5, random_state=0)
        assert rows_of_python.attrs[SQL_TYPES]["spent"] == ["numeric", 10, 2]
        write_table(rows_of_python, grown, table="drawn", if_exists="replace")
        assert types(grown, "drawn") == types(grown, "customers")

    def test_many_rows_go_through_a_model_in_batches(
        self, grown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys.modules["synthwgan.io.batches"], "MEMORY_ROWS", 79)
        monkeypatch.setitem(batches.__kwdefaults__, "batch_rows", 30)
        said = [
            command("fit", grown, "--table", "customers", "-o", tmp_path / "model", *QUICK),
            command("sample", tmp_path / "model", "-n", 9, "-o", grown, "--table", "drawn"),
        ]
        assert [one.exit_code for one in said] == [0] * 2, [one.output for one in said]
        assert types(grown, "drawn") == types(grown, "customers")
        query = "SELECT spent, plan FROM customers"
        of_query = read_or_batches(grown, query=query)
        assert isinstance(of_query, Batches)
        assert of_query.sql_types == read_table(grown, query=query).attrs[SQL_TYPES]

    def test_errors_are_one_line(self, grown: str, tmp_path: Path) -> None:
        wrong = grown.replace("w%27", "w")
        for arguments in (
            ["fit", wrong, "--table", "customers", "-o", tmp_path / "model"],
            ["fit", grown, "--table", "customer", "-o", tmp_path / "model"],
            ["fit", grown, "-o", tmp_path / "model"],
            ["rules", grown.replace("postgresql:", "postgresql+nodriver:"), "--table", "customers"],
            ["demo", "-o", f"{grown}#customers"],
            ["radial", "fit", *[f"{grown}#customers"] * 2, "-o", tmp_path / "model"],
            ["sample", tmp_path / "model", "-n", 1, "-o", grown, "--table", "customers"],
        ):
            said = command(*arguments)
            assert said.exit_code == 1
            assert said.stderr.startswith("Error: ") and said.stderr.count("\n") == 1
            assert WRITTEN not in said.output and WRITTEN.replace("w%27", "w") not in said.output
        usage = command("info", "model", grown)
        assert usage.exit_code == 2 and WRITTEN not in usage.output
        assert list(tmp_path.iterdir()) == []


QUICK = ("--max-steps", 3, "--no-rejection", "--rules", "none", "--seed", 0)


def command(*arguments: Any) -> Any:
    with warnings.catch_warnings():
        return CliRunner().invoke(app, [str(argument) for argument in arguments])


# Databases without a server


@pytest.fixture(params=["sqlite", "duckdb"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "duckdb":
        pytest.importorskip("duckdb")
    return f"{request.param}:///{tmp_path}/shop.db"


def shop() -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "n": pd.array([1, None, 2**60 + 1], dtype="Int64"),
            "x": [0.1, None, 2.25],
            "price": [Decimal("1.25"), None, Decimal("3.10")],
            "name": ["a", "b'\"", None],
            "yes": [True, None, False],
            "day": [datetime.date(2020, 1, 1), None, datetime.date(1999, 1, 1)],
            "at": pd.to_datetime(["2020-01-01 01:02:03", None, "2021-01-01 00:00:00"]).astype(
                "datetime64[us]"
            ),
        }
    )
    table.attrs[SQL_TYPES] = {"price": ["numeric", 10, 2], "name": ["varchar", 12]}
    return table


class TestFiles:
    def test_rows_and_types_come_back(self, place: str) -> None:
        write_table(shop(), place, table="t")
        read = read_table(place, table="t")
        pd.testing.assert_frame_equal(read, shop(), check_dtype=False)
        assert [str(read[name].dtype) for name in ("n", "x", "at")] == [
            "Int64",
            "float64",
            "datetime64[us]",
        ]
        write_table(read, place, table="u")
        again = read_table(f"{place}#u")
        pd.testing.assert_frame_equal(again, read)
        assert again.attrs == read.attrs
        assert read.attrs[SQL_TYPES]["price"] == ["numeric", 10, 2]
        query = "SELECT n, price FROM t WHERE n IS NOT NULL"
        assert read_table(place, query=query)["n"].tolist() == [1, 2**60 + 1]

    def test_failures_leave_what_was(self, place: str, tmp_path: Path) -> None:
        with pytest.raises(RuntimeError), TableWriter(place, table="t") as writer:
            writer.write(shop())
            raise RuntimeError
        # Not even an empty file.
        assert list(tmp_path.iterdir()) == []
        write_table(shop(), place, table="t")
        for if_exists in ("append", "replace"):
            with (
                pytest.raises(RuntimeError),
                TableWriter(place, table="t", if_exists=if_exists) as writer,
            ):
                writer.write(shop())
                raise RuntimeError
            assert len(read_table(place, table="t")) == 3
        refused(lambda: write_table(shop(), place, table="t"), ValueError, "say if_exists=")
        write_table(shop(), place, table="t", if_exists="append")
        assert len(read_table(place, table="t")) == 6
        write_table(shop()[["x"]], place, table="t", if_exists="replace")
        assert list(read_table(place, table="t")) == ["x"]

    def test_what_is_not_there(self, place: str, tmp_path: Path) -> None:
        refused(lambda: read_table(place, table="t"), FileNotFoundError, "does not exist")
        assert list(tmp_path.iterdir()) == []
        write_table(shop(), place, table="people")
        refused(lambda: read_table(place, table="peopel"), ValueError, "did you mean 'people'")
        refused(lambda: read_table(place, query="SELEC 1"), ValueError, "syntax error")
        with pytest.raises(ValueError):
            read_table(place, query="DELETE FROM people")
        assert len(read_table(place, table="people")) == 3

    def test_batches(self, place: str) -> None:
        write_table(shop(), place, table="t")
        found = batches(place, batch_rows=2, table="t")
        for _ in range(2):
            assert sum(batch.num_rows for batch in found) == 3
            assert {batch.schema for batch in found} == {found.schema}

    def test_a_quick_fit_and_rows_back(self, tmp_path: Path) -> None:
        place = f"sqlite:///{tmp_path}/shop.db"
        table = pd.concat([shop().drop(columns="n")] * 10, ignore_index=True)
        table.attrs = shop().attrs
        write_table(table, place, table="t")
        model = tmp_path / "model"
        fitted = command("fit", place, "--table", "t", "-o", model, "--quiet", *QUICK)
        drawn = command("sample", model, "-n", 7, "-o", place, "--table", "drawn")
        assert fitted.exit_code == drawn.exit_code == 0, fitted.output + drawn.output
        read = read_table(place, table="drawn")
        assert len(read) == 7
        types = read_table(place, table="t").attrs[SQL_TYPES]
        assert read.attrs[SQL_TYPES] == types
        # And of a table that is read in batches.
        model = WGANGPSynthesizer(max_steps=3, rejection=None, conditional=False, rules=None)
        assert model.fit(f"{place}#t").sql_types_ == types
        assert model.fit(batches(place, table="t")).sql_types_ == types

    def test_names(self, place: str) -> None:
        twins = pd.DataFrame([[1, 2]], columns=["a", "a"])
        refused(lambda: write_table(twins, place, table="t"), ValueError, "two columns are .* 'a'")
        assert not Path(place.partition(":///")[2]).exists()
        table = pd.DataFrame({"a": [1]})
        for there, name in ((place, ""), (f"{place}#t", "")):
            refused(lambda p=there, n=name: read_table(p, table=n), ValueError, "table='' names no")
        refused(lambda: write_table(table, place, table=""), ValueError, "table='' names nothing")
        refused(lambda: read_table(place, query=""), ValueError, "query='' names nothing")
        write_table(table, place, table="main.t")
        assert len(read_table(place, table="t")) == len(read_table(place, table="main.t")) == 1
        ask(place, 'CREATE TABLE "main.t" (a INTEGER)')
        assert len(read_table(place, table="main.t")) == 0
        write_table(table, place, table="main.t", if_exists="replace")
        write_table(table, place, table="main.main.t", if_exists="append")
        assert len(read_table(place, table="main.t")) == 2
        refused(lambda: read_table(place, table="man.t"), ValueError, "did you mean 'main.t'")
        refused(lambda: read_table(place, table="x.yz"), ValueError, "tables are .'main.t', 't'.")
        twice = "SELECT 1 AS a, 2 AS a"
        refused(lambda: read_table(place, query=twice), ValueError, "two columns of the query.*'a'")

    @pytest.mark.parametrize(
        ("kind", "cells"),
        [
            ("INTEGER", [1.5]),
            ("SMALLINT", ["1.5"]),
            ("BIGINT", np.array([2**64 - 1], dtype="uint64")),
            ("NUMERIC(5, 1)", [Decimal("1.25")]),
            ("NUMERIC(5, 1)", [1.25]),
            ("DOUBLE", [2**60 + 1]),
            ("DOUBLE", [Decimal("1234567890123456.78")]),
            ("BOOLEAN", [2]),
            ("DATE", pd.to_datetime(["2020-01-01 10:00"])),
            ("TIMESTAMP", pd.to_datetime(["2020-01-01 00:00:00.000000001"])),
            ("TIMESTAMP", pd.to_datetime(["2020-01-01"]).tz_localize("Asia/Tokyo")),
            ("TIMESTAMP", [17]),
        ],
    )
    def test_nothing_is_rounded(self, place: str, kind: str, cells: Any) -> None:
        ask(place, f"CREATE TABLE t (c {kind})")
        table = pd.DataFrame({"c": cells})
        refused(
            lambda: write_table(table, place, table="t", if_exists="append"),
            ValueError,
            "column 'c' cannot be written as .* round it",
        )
        assert len(read_table(place, table="t")) == 0

    def test_what_fits_is_converted(self, place: str) -> None:
        kinds = {"n": "INTEGER", "p": "NUMERIC(5, 2)", "q": "NUMERIC(5, 2)", "x": "DOUBLE"}
        ask(place, f"CREATE TABLE t ({', '.join(f'{n} {k}' for n, k in kinds.items())}, s VARCHAR)")
        table = pd.DataFrame({"n": [1.0, None], "p": [0.1, None], "q": [2, 3], "x": [2, 3]})
        table["s"] = pd.to_timedelta(["1h", None])
        write_table(table, place, table="t", if_exists="append")
        read = read_table(place, table="t")
        assert read["n"].tolist() == [1, pd.NA] and read["p"].tolist() == [Decimal("0.10"), None]
        assert read["q"].tolist() == [2, 3] == read["x"].tolist()
        assert read["s"].notna().tolist() == [True, False]

    def test_commands_offer_what_they_have(self, place: str, tmp_path: Path) -> None:
        said = command("sample", tmp_path / "model", "-n", 1, "-o", place)
        assert "say --table, or write the table after the URL" in said.stderr
        said = command("report", place, place)
        assert said.exit_code == 1 and "--table" not in said.stderr and "after a #" in said.stderr


def ask(place: str, *statements: str) -> None:
    """Say something to a database that is a file."""
    kind, _, file = place.partition(":///")
    with contextlib.closing(
        import_module("sqlite3" if kind == "sqlite" else kind).connect(file)
    ) as to:
        for statement in statements:
            to.execute(statement)
        to.commit()


class TestSqlite:
    @pytest.mark.parametrize(
        ("kind", "cell"),
        [
            ("BOOLEAN", 2),
            ("BOOLEAN", ""),
            ("BOOLEAN", b"5"),
            ("INTEGER", 1.5),
            ("BIGINT", "many"),
            ("NUMERIC(5, 1)", 1.25),
            ("NUMERIC(5, 1)", "many"),
            ("DATE", "today"),
            ("DATE", 20240101),
            ("DATE", "2024-01-01 10:00:00"),
            ("DATETIME", "2024-01-01T10:00:00+02:00"),
            ("TIMESTAMP", "2024-01-01 10:00:00.123456789"),
            ("TIME", "10:00:00Z"),
            ("TIME", "10:00:00.1234567"),
        ],
    )
    def test_cells_that_are_not_of_the_column_type(
        self, tmp_path: Path, kind: str, cell: Any
    ) -> None:
        place = f"sqlite:///{tmp_path}/odd.db"
        with engine(place).begin() as connection:
            connection.exec_driver_sql(f"CREATE TABLE t (c {kind})")
            connection.exec_driver_sql("INSERT INTO t VALUES (?)", (cell,))
        value = "" if isinstance(cell, float | bytes) else re.escape(str(cell))
        refused(
            lambda: read_table(place, table="t"),
            ValueError,
            f"column 'c' cannot be read as .*{value}.*CAST",
        )
        cast = read_table(place, query="SELECT CAST(c AS TEXT) AS c FROM t")
        assert cast["c"].tolist() == [cell.decode() if isinstance(cell, bytes) else str(cell)]

    def test_ways_to_write_a_cell(self, tmp_path: Path) -> None:
        place = f"sqlite:///{tmp_path}/odd.db"
        ask(
            place,
            "CREATE TABLE t (b BOOLEAN, at DATETIME, wakes TIME)",
            "INSERT INTO t VALUES ('t', '2024-01-01 10:00', '10:00'), (1, '2024-01-01', NULL), "
            "('False', NULL, '10:00:00.5'), (0, '2024-01-01T10:00:00.25', NULL)",
        )
        read = read_table(place, table="t")
        assert read["b"].tolist() == [True, True, False, False]
        assert read["at"][3] == pd.Timestamp("2024-01-01 10:00:00.25")
        half = datetime.time(10, 0, 0, 500000)
        assert read["wakes"].tolist()[::2] == [datetime.time(10), half]

    def test_columns_of_no_type_are_what_their_cells_are(self, tmp_path: Path) -> None:
        place = f"sqlite:///{tmp_path}/odd.db"
        ask(
            place,
            "CREATE TABLE t (n INTEGER, i INTERVAL, p POINT, z TIMESTAMPTZ, u UNSIGNED BIG INT)",
            "INSERT INTO t VALUES (3, '1 day', '(1, 2)', '2024-01-01T10:00:00+02:00', 4)",
            "CREATE VIEW v AS SELECT *, n * 2 AS m, n / 2.0 AS h, 'x' || n AS s FROM t",
        )
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            read = read_table(place, table="v")
        assert read.iloc[0].tolist()[1:4] == ["1 day", "(1, 2)", "2024-01-01T10:00:00+02:00"]
        assert read[["m", "h", "s"]].iloc[0].tolist() == [6, 1.5, "x3"]
        assert read.attrs[SQL_TYPES] == {"n": ["bigint"], "u": ["bigint"]}

    def test_numbers_keep_their_digits(self, tmp_path: Path) -> None:
        place = f"sqlite:///{tmp_path}/numbers.db"
        table = pd.DataFrame({"u": np.array([2**60 + 1, 0], dtype="uint64")})
        table["d"] = [Decimal("1152921504606846977"), Decimal("0.1")]
        write_table(table, place, table="t")
        read = read_table(place, table="t")
        assert read["u"].tolist() == [2**60 + 1, 0] and read["d"].tolist() == table["d"].tolist()
        for column, cells in {
            "u": np.array([2**64 - 1, 0], dtype="uint64"),
            "d": [Decimal("1234567890123456.78"), None],
        }.items():
            finer = read.assign(**{column: cells})
            refused(
                lambda finer=finer: write_table(finer, place, table="u", if_exists="replace"),
                ValueError,
                f"'{column}' .*{cells[0]} has more digits .* convert it to text",
            )
            finer[column] = finer[column].map(str, na_action="ignore")
            write_table(finer, place, table="u", if_exists="replace")
            assert read_table(place, table="u")[column][0] == str(cells[0])


class TestDuckdb:
    @pytest.fixture
    def place(self, tmp_path: Path) -> str:
        pytest.importorskip("duckdb")
        return f"duckdb:///{tmp_path}/shop.db"

    @pytest.mark.parametrize(
        ("cell", "message"),
        [
            ("timestamp 'infinity'", "a moment that is infinite"),
            ("timestamptz '-infinity'", "a moment that is infinite"),
            ("date 'infinity'", "a date that is infinite"),
            ("date '0044-03-15 (BC)'", "not of the years 1 to 9999"),
            ("timetz '10:00:00+02'", "the zone would be lost"),
        ],
    )
    def test_moments_that_are_no_cells(self, place: str, cell: str, message: str) -> None:
        ask(place, f"CREATE TABLE t AS SELECT {cell} AS x")
        refused(lambda: read_table(place, table="t"), ValueError, f"column 'x' .*{message}.*CAST")
        assert len(read_table(place, query="SELECT CAST(x AS TEXT) AS x FROM t")) == 1

    def test_types_of_its_own(self, place: str) -> None:
        whole = ("int8", "int16", "uint8", "uint16", "uint32", "uint64")
        table = pd.DataFrame({kind: np.array([np.iinfo(kind).max, 0], kind) for kind in whole})
        for unit in ("s", "ms", "us", "ns"):
            table[unit] = pd.to_datetime(["2020-01-01", None]).astype(f"datetime64[{unit}]")
        table.loc[0, "ns"] = pd.Timestamp(1, unit="ns")
        table["d"] = [Decimal("1.23456"), None]
        for _ in range(2):
            write_table(table, place, table="t", if_exists="replace")
            table, given = read_table(place, table="t"), table
            pd.testing.assert_frame_equal(table, given)
        fine = pd.DataFrame({"c": pd.to_timedelta([1], unit="ns")})
        refused(lambda: write_table(fine, place, table="u"), ValueError, "'c' .* lose data.*round")


@pytest.mark.parametrize(
    ("driver", "module", "package"),
    [
        ("mysql", "MySQLdb", "mysqlclient"),
        ("mysql+mysqlconnector", "mysql", "mysql-connector-python"),
        ("postgresql+psycopg", "psycopg", "'psycopg.binary.'"),
        ("mssql+pyodbc", "pyodbc", "pyodbc"),
    ],
)
def test_which_package_a_driver_is_of(
    driver: str, module: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    message = f"needs the driver {module}.*: pip install {package}$"
    refused(lambda: read_table(f"{driver}://host/shop", table="t"), ImportError, message)


# Types that a file says


@pytest.mark.parametrize(
    "types",
    [
        [],
        {"a": "text"},
        {"a": []},
        {"a": ["text; DROP TABLE t"]},
        {"a": ["numeric", "10); DROP TABLE t; --"]},
        {"a": ["numeric", 10, 2, 1]},
        {"a": ["varchar", -1]},
        {"a": ["varchar", True]},
        {"a": ["enum", "mood"]},
        {"a": ["enum", "mood", []]},
        {"a": ["enum", 1, ["x"]]},
        {"a": ["enum", "mood", [1]]},
        {1: ["text"]},
    ],
)
def test_types_that_are_none_are_refused(types: Any) -> None:
    with pytest.raises(ValueError, match="are none that are known"):
        checked_types(types)


@pytest.mark.parametrize("name", TYPES)
def test_a_type_made_and_read_again_is_the_same(name: str) -> None:
    """Each type has a row in both tables, and the rows agree."""
    if name in ("char", "varchar"):
        given = [7]  # Of no length, they are text.
    else:
        given = [9, 3][2 - TYPES[name].n_numbers :]
    state = [name, *given]
    assert checked_types({"a": state}) == {"a": state}
    assert described(column_type(state, "postgresql"), "postgresql") == state


def test_a_model_that_says_other_types_is_refused(tmp_path: Path) -> None:
    from synthwgan.io.model import TABLE, read_file, write_model

    table = pd.DataFrame({"a": [1, 2] * 10})
    table.attrs[SQL_TYPES] = {"a": ["smallint"], "gone": ["text"]}
    model = WGANGPSynthesizer(max_steps=1, conditional=False, rejection=None).fit(table)
    assert model.sql_types_ == {"a": ["smallint"]}
    model.save(tmp_path / "model")
    assert WGANGPSynthesizer.load(tmp_path / "model").sql_types_ == {"a": ["smallint"]}
    content, arrays = read_file(tmp_path / "model")
    assert content["kind"] == TABLE
    content["sql_types"] = {"a": ["smallint); DROP TABLE t"]}
    write_model(tmp_path / "model", content, arrays)
    with pytest.raises(ValueError, match="types of a database's columns"):
        WGANGPSynthesizer.load(tmp_path / "model")


def test_passwords_of_urls_are_left_out_of_texts() -> None:
    text = "Got unexpected extra argument (postgresql://me:a/b@c@host/db)"
    assert without_passwords(text) == "Got unexpected extra argument (postgresql://me@host/db)"
    assert without_passwords("sqlite:///C:/x.db: a@b") == "sqlite:///C:/x.db: a@b"
