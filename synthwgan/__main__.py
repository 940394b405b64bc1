"""What the command ``synthwgan`` starts; also ``python -m synthwgan``."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import NoReturn

# From the system, a service or `kill`, and from a terminal that was closed; Windows has no second.
_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
_INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    _leave_in_order()
    try:
        # Imports take seconds, in which one may have second thoughts.
        from synthwgan.cli import app

        app()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(_INTERRUPTED)


def _leave_in_order() -> None:
    """Let signals that end the process run what cleans up first: they raise SystemExit."""
    for number in _ENDING:
        # Under nohup, say, the process is to live on.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _leave)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    # A second one shall not end the cleaning up.
    for other in _ENDING:
        signal.signal(other, signal.SIG_IGN)
    # As a shell says that a process was ended by a signal.
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
