"""Tables and models as files: whole or not at all, and nothing in them is executed."""

from synthwgan.io.base import ReadOptions, TableFormat, TextOptions
from synthwgan.io.formats import FORMATS
from synthwgan.io.tables import (
    TableWriter,
    check_writable,
    read_table,
    write_table,
    write_text,
)

__all__ = [
    "FORMATS",
    "ReadOptions",
    "TableFormat",
    "TableWriter",
    "TextOptions",
    "check_writable",
    "read_table",
    "write_table",
    "write_text",
]
