"""Tables and models as files: whole or not at all, and nothing in them is executed."""

from synthwgan.io.croissant import write_croissant
from synthwgan.io.formats import FORMATS, TableFormat
from synthwgan.io.tables import TableWriter, check_writable, read_table, write_text

__all__ = [
    "FORMATS",
    "TableFormat",
    "TableWriter",
    "check_writable",
    "read_table",
    "write_croissant",
    "write_text",
]
