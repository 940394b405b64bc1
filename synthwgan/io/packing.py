"""Packed files of text: a stream around a file, for each ending of their names."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow as pa


@dataclass(frozen=True)
class Packing:
    """How files are packed: all that is in one, and a stream that packs what is written to it."""

    unpack: Callable[[bytes], bytes]
    pack: Callable[[BinaryIO], Any]


def _gzip(file: BinaryIO) -> Any:
    # No name and no time in the header: the same rows give the same bytes.
    return gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0)


def _zstd(file: BinaryIO) -> Any:
    return pa.CompressedOutputStream(file, "zstd")


def _unpack_zstd(data: bytes) -> bytes:
    with pa.CompressedInputStream(io.BytesIO(data), "zstd") as stream:
        return stream.read()


PACKINGS = {
    ".gz": Packing(gzip.decompress, _gzip),
    ".zst": Packing(_unpack_zstd, _zstd),
}
