"""Runs a command that dies with its parent: `tether.py PARENT_PID COMMAND ARGUMENT…`.

A process that is killed with -9 can't end its children, so on Linux the kernel does it. The child
must ask the kernel for that between fork and exec, but not in a `preexec_fn`, which would run
Python in a fork of a process with threads. On other systems the command just runs.

The gateway starts this file by path with `python -I -S`, so it may import only the standard
library. The kernel watches the thread that forked, so the event loop's thread must live on.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def tie_to(parent: int) -> None:
    """Asks the kernel to kill this process when its parent ends.

    Raises:
        OSError: the kernel refused, or the parent has already ended.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        raise ProcessLookupError(f"the parent, process {parent}, has already ended")


def main(arguments: list[str]) -> None:
    parent, *command = arguments
    if sys.platform == "linux":
        tie_to(int(parent))
    os.execv(command[0], command)  # noqa: S606 (the command is the gateway's own)


if __name__ == "__main__":
    main(sys.argv[1:])
