"""Answers requests of a test's process: `python -m tocsin.testing.process`.

A request is a line of JSON on stdin, with an `id`, what is asked (`ask`) and its arguments; its
answer is a line of JSON on stdout. Requests are worked on at once, and answered as they end. When
stdin ends, so does the process. The log goes to stderr.
"""

import gc
import os
import signal
import sys


def main() -> None:
    """Answers requests until stdin ends."""
    # Ctrl-C is for the tests, which end this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Modules live until the end. Searching them for cycles takes a quarter of the start.
    gc.disable()
    from tocsin.testing.process.answering import run

    gc.freeze()
    gc.enable()
    run()
    sys.stderr.flush()
    # Servers and calls are closed; forgetting all modules would only take time.
    os._exit(0)


if __name__ == "__main__":
    main()
