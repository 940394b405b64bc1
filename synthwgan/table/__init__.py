"""Tables to arrays and back; knows no torch."""

from synthwgan.table.layout import EncodedTable, Layout
from synthwgan.table.transformer import TableTransformer

__all__ = ["EncodedTable", "Layout", "TableTransformer"]
