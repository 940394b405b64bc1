"""What the command ``synthwgan`` starts; also ``python -m synthwgan``."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import NoReturn

# SIGTERM comes from `kill` or a service manager, SIGHUP from a terminal that was closed; Windows
# has no SIGHUP.
_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
_INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    _leave_in_order()
    try:
        # Inside the try: imports take seconds, in which Ctrl-C may be pressed.
        from synthwgan.cli import app

        app()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(_INTERRUPTED)


def _leave_in_order() -> None:
    """Let signals that end the process run what cleans up first: they raise SystemExit."""
    for number in _ENDING:
        # A signal that is ignored, as under nohup, stays so.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _leave)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    # A second signal must not interrupt the cleaning up.
    for other in _ENDING:
        signal.signal(other, signal.SIG_IGN)
    # The exit code by which shells report a process that a signal ended.
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
