"""Tables and models as files: whole or not at all, and nothing in them is executed."""

from synthwgan.io.tables import SUFFIXES, TableWriter, check_writable, read_table, write_text

__all__ = ["SUFFIXES", "TableWriter", "check_writable", "read_table", "write_text"]
