"""A server that stands still while its Envoy asks for its health, as on a machine that is busy."""

import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stand.preloaded import Forked
from stand.processes import eventually
from stand.tocsin_process import Tocsin, clean_environment, serve_command, started

FAILED_CHECKS = "cluster.grpc.health_check.failure"


@contextmanager
def starting_slowly(directory: Path, *options: str, http: str) -> Iterator[Tocsin]:
    """Runs a server whose Envoy gets no answer at first; gives it when it says that it is ready."""
    log = directory / "log"
    command = serve_command(directory, "", *options, http=http)
    with (
        log.open("a") as stderr,
        started(command, stderr, clean_environment({})) as process,
    ):
        assert isinstance(process, Forked)
        assert process.stdout is not None
        server = Tocsin(process, "", log)
        try:
            eventually(lambda: bool(envoys(server)))
            process.send_signal(signal.SIGSTOP)
            (admin,) = envoys(server)
            eventually(lambda: failed_checks(admin) > 0)
            process.send_signal(signal.SIGCONT)
            ready = process.stdout.readline().strip()
            assert ready, f"the server did not start:\n{log.read_text()}"
            yield Tocsin(process, ready, log)
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()


def envoys(server: Tocsin) -> list[Path]:
    """The admin sockets of the Envoys that it has started."""
    commands = [Path(f"/proc/{pid}/cmdline").read_text() for pid in server.children()]
    found = [re.search(r"--config-path\0([^\0]+)", command) for command in commands]
    return [Path(each[1]).with_name("admin.sock") for each in found if each]


def failed_checks(admin: Path) -> int:
    """How often an Envoy has asked for the server's health without an answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(admin))
        except OSError:  # it is only starting
            return 0
        request = f"GET /stats?filter=^{FAILED_CHECKS}$ HTTP/1.1\r\nHost: envoy\r\n"
        connection.sendall(f"{request}Connection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(4096), b"")).decode()
    counted = re.search(rf"{FAILED_CHECKS}: (\d+)", answer)
    return 0 if counted is None else int(counted[1])
