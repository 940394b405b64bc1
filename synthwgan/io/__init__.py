"""Tables and models as files: whole or not at all, and nothing in them is executed."""

from synthwgan.io.base import ReadOptions, TableFormat, TextOptions
from synthwgan.io.batches import Batches, batches
from synthwgan.io.croissant import write_croissant
from synthwgan.io.formats import FORMATS
from synthwgan.io.tables import (
    TableWriter,
    check_writable,
    read_table,
    write_table,
    write_text,
)
from synthwgan.table.storage.frame import frame_of_arrow

__all__ = [
    "Batches",
    "FORMATS",
    "ReadOptions",
    "TableFormat",
    "TableWriter",
    "TextOptions",
    "batches",
    "check_writable",
    "frame_of_arrow",
    "read_table",
    "write_croissant",
    "write_table",
    "write_text",
]
