"""Tables to arrays and back; knows no torch."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synthwgan.table.layout import EncodedTable, Layout
    from synthwgan.table.transformer import TableTransformer

__all__ = ["EncodedTable", "Layout", "TableTransformer"]

_MODULES = {
    "EncodedTable": "synthwgan.table.layout",
    "Layout": "synthwgan.table.layout",
    "TableTransformer": "synthwgan.table.transformer",
}


def __getattr__(name: str) -> Any:
    """Import a class when it is first asked for: rules need no transformer, nor scikit-learn."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
