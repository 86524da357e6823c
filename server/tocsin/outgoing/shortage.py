"""Tells what this node itself lacks from what is wrong with the service that it calls."""

import errno
import os
import socket
from contextlib import ExitStack
from typing import Final

# No descriptor, no memory, no port of this machine is free.
SHORTAGES: Final = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL}
)
NO_THREAD = "can't start new thread"
# A library that opens sockets itself may report "no server answers" when it got none.
PROBED_SOCKETS = 4


def shortage_of(error: BaseException) -> str | None:
    """Returns what this node lacks if that is why a call failed, else None."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError):
            return os.strerror(errno.ENOMEM)
        if isinstance(cause, RuntimeError) and NO_THREAD in str(cause):
            return NO_THREAD
        # The client libraries keep the system's error in an attribute of theirs.
        for each in (cause, getattr(cause, "os_error", None)):
            if isinstance(each, OSError) and _is_shortage(each):
                return each.strerror or str(each)
        cause = cause.__cause__ or cause.__context__
    return None


def _is_shortage(error: OSError) -> bool:
    # Failed names have numbers of their own, which may be the same.
    known = error.errno in SHORTAGES and not isinstance(error, socket.gaierror)
    return known and not _is_foreign(error)


def lacks_sockets() -> OSError | None:
    """Returns the error with which this process can't open a few more sockets, or None."""
    with ExitStack() as opened:
        try:
            for _ in range(PROBED_SOCKETS):
                opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        except OSError as error:
            return error
    return None


def _is_foreign(error: OSError) -> bool:
    """Returns whether EADDRNOTAVAIL means an IPv6 address on a machine without IPv6."""
    if error.errno != errno.EADDRNOTAVAIL:
        return False
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return True
    return False
