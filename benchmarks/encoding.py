"""How fast is the table's encoding? Adult tiled to a million rows, one thread.

Run from the repository root::

    python -m benchmarks.encoding
    python -m benchmarks.encoding --rows 100000
"""

from __future__ import annotations

import argparse
import time

import pandas as pd

from benchmarks.data import load
from synthwgan import TableTransformer


def measure(n_rows: int) -> dict[str, float]:
    """Return seconds to fit, encode and decode, and the encoded bytes per cell."""
    adult = load("adult").train
    copies = -(-n_rows // len(adult))
    frame = pd.concat([adult] * copies, ignore_index=True).head(n_rows)
    started = time.perf_counter()
    transformer = TableTransformer(random_state=0).fit(frame)
    fitted = time.perf_counter()
    encoded = transformer.encode(frame)
    finished = time.perf_counter()
    decoded = transformer.decode(encoded)
    seconds = time.perf_counter() - finished
    pd.testing.assert_frame_equal(decoded, frame)
    return {
        "fit (s)": fitted - started,
        "encode (s)": finished - fitted,
        "decode (s)": seconds,
        "bytes per cell": encoded.nbytes / frame.size,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    print(f"Adult tiled to {rows:,} rows of 15 columns")
    for name, figure in measure(rows).items():
        print(f"  {name:<15} {figure:.2f}")


if __name__ == "__main__":
    main()
