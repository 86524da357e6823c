"""Imports modules once, then forks a process for each command that `preloaded` asks for.

Run as `python preloading.py FD MODULE...`. The modules start no thread and open no file when they
are imported: a fork would not have them. Requests come through the socket FD, until its other end
is closed. A request is a JSON object (`arguments`, `environment`, `directory`) and four
descriptors: the command's stdin, stdout and stderr, and one that takes its exit status at the end.
"""

import contextlib
import gc
import io
import json
import os
import selectors
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

LARGEST_REQUEST = 1 << 18


@dataclass(frozen=True)
class Command:
    arguments: Sequence[str]


def next_command(requests: socket.socket) -> Command | None:
    """Forks for each request; returns its command in the fork, and None here at the end."""
    ended: dict[int, tuple[int, int]] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(requests, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not requests:
                    _tell_end(selector, key.fd, *ended.pop(key.fd))
                    continue
                message, descriptors, _, _ = socket.recv_fds(requests, LARGEST_REQUEST, 4)
                if not message:
                    return None
                *standard, status = descriptors
                pid = os.fork()
                if pid == 0:
                    return _become(json.loads(message), standard)
                for each in standard:
                    os.close(each)
                process = os.pidfd_open(pid)
                ended[process] = (pid, status)
                selector.register(process, selectors.EVENT_READ)
                requests.send(str(pid).encode())


def _tell_end(selector: selectors.BaseSelector, process: int, pid: int, status: int) -> None:
    selector.unregister(process)
    os.close(process)
    _, ended = os.waitpid(pid, 0)
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
        os.write(status, str(os.waitstatus_to_exitcode(ended)).encode())
    os.close(status)


def _become(asked: dict[str, object], standard: Sequence[int]) -> Command:
    """Makes this process what an interpreter would be that was started for the command."""
    for number, descriptor in enumerate(standard):
        os.dup2(descriptor, number)
    os.closerange(3, max(int(each) for each in os.listdir("/proc/self/fd")) + 1)
    sys.stdin = io.TextIOWrapper(open(0, "rb", closefd=False))  # noqa: SIM115
    sys.stdout = _writer(1, "strict")
    sys.stderr = _writer(2, "backslashreplace")
    environment, directory, arguments = asked["environment"], asked["directory"], asked["arguments"]
    assert isinstance(environment, dict)
    assert isinstance(arguments, list)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(str(directory))
    time.tzset()
    tempfile.tempdir = None
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.enable()
    return Command(arguments)


def _writer(descriptor: int, errors: str) -> io.TextIOWrapper:
    buffer = open(descriptor, "wb", closefd=False)  # noqa: SIM115
    lines = errors == "backslashreplace" or os.isatty(descriptor)
    return io.TextIOWrapper(buffer, errors=errors, line_buffering=lines)


if __name__ == "__main__":
    # Ctrl-C is for the tests, which end this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    number, *modules = sys.argv[1:]
    for name in modules:
        import_module(name)
    gc.freeze()
    command = next_command(socket.socket(fileno=int(number)))
    if command is not None:
        sys.argv = [*command.arguments]
        main = import_module("tocsin.cli").main
        main()
