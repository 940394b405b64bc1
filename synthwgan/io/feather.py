"""Tables as Feather, which is Arrow's own file format."""

from __future__ import annotations

from typing import BinaryIO

import pandas as pd
import pyarrow as pa

from synthwgan.io.base import ReadOptions, Sink, TableFormat, TextOptions, unreadable_explained
from synthwgan.io.parquet import ArrowSink, refuse_twice
from synthwgan.table.storage.frame import frame_of_arrow


class Feather(TableFormat):
    """Feather, which keeps dtypes as Parquet does."""

    suffix = ".feather"

    def read(self, file: BinaryIO, shown: str, options: ReadOptions) -> pd.DataFrame:
        from pyarrow import feather

        with unreadable_explained(shown, self.suffix):
            frame = frame_of_arrow(feather.read_table(file, memory_map=False))
        refuse_twice(frame, shown)
        return frame

    def sink(self, file: BinaryIO, shown: str, options: TextOptions) -> Sink:
        return ArrowSink(file, shown, "Feather", _open_writer)


def _open_writer(file: BinaryIO, schema: pa.Schema) -> pa.RecordBatchFileWriter:
    return pa.ipc.new_file(file, schema, options=pa.ipc.IpcWriteOptions(compression="lz4"))
