"""Opens the standard streams of a program that was started without them."""

import os
import sys

STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def open_standard_streams() -> None:
    """Opens the null device for each standard stream that was closed, such as by `>&-`.

    The system gives a new file the lowest number that is free. A database would get that of the
    closed stream, and libraries that log to number 2 would write into it.
    """
    for number, (name, mode) in enumerate(STREAMS):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(descriptor, descriptor == number)
            setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8"))
