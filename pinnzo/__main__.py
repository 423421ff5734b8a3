"""The program: ``pinnzo``, and ``python -m pinnzo``.

Loading torch and SymPy takes seconds, in which Ctrl-C has to be answered too.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

INTERRUPTED = 130
"""The exit code of a program that was ended by Ctrl-C, by convention: 128 plus the number of the signal."""


def main() -> None:
    """Run the command line."""
    try:
        # An exception may come in the middle of a module that is being loaded, which can answer it with anything.
        before = signal.getsignal(signal.SIGINT)
        if before is signal.default_int_handler:
            # Otherwise the shell has this program ignore it, as one in the background.
            signal.signal(signal.SIGINT, _leave)
        from pinnzo.cli import main as run

        signal.signal(signal.SIGINT, before)
        run()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(INTERRUPTED)


def _leave(number: int, frame: Any) -> None:
    """Leave at once: there is nothing yet that could be lost."""
    os.write(2, b"Interrupted before the run began.\n")
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
