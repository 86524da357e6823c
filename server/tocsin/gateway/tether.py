"""Runs a command that dies with its parent: `tether.py PARENT_PID COMMAND ARGUMENT…`.

A process that is killed with -9 can't take its children with it, so on Linux the kernel is asked
to. It must be asked in the child, between fork and exec, and not from a `preexec_fn`: that one
runs Python in a fork of a process with threads. Elsewhere the command just runs.

Started by path with `python -I -S`, so it may import nothing but the standard library. The
kernel watches the thread that forked: the one with the event loop, which must live on.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def tie_to(parent: int) -> None:
    """Have this process killed when its parent ends; raises OSError if that can't be had."""
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
