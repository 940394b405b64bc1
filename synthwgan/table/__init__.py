"""Tables to arrays and back; knows no torch."""

from typing import TYPE_CHECKING

from synthwgan.lazy import lazily

if TYPE_CHECKING:
    from synthwgan.table.layout import EncodedTable, Layout
    from synthwgan.table.transformer import TableTransformer

__all__ = ["EncodedTable", "Layout", "TableTransformer"]

_MODULES = {
    "EncodedTable": "synthwgan.table.layout",
    "Layout": "synthwgan.table.layout",
    "TableTransformer": "synthwgan.table.transformer",
}


__getattr__ = lazily(__name__, _MODULES)
