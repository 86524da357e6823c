"""A real pool of PostgreSQL's connections, Debian's pgbouncer."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stand.services.debian import debian_program
from stand.services.postgres_server import free_port, unprivileged_user

PATIENCE = 30


@contextmanager
def pgbouncer(postgres_port: int, *lines: str) -> Iterator[int]:
    """Runs a pool before a PostgreSQL on loopback, with lines for its settings; yields its port."""
    port, user = free_port(), unprivileged_user()
    with tempfile.TemporaryDirectory(prefix="tocsin-pgbouncer-") as made:
        directory = Path(made)
        copied_to = None if user is None else directory / "programs"
        program = debian_program("pgbouncer", "usr/sbin/pgbouncer", copied_to)
        settings = (
            "[databases]",
            f"* = host=127.0.0.1 port={postgres_port} user=postgres",
            "[pgbouncer]",
            "listen_addr = 127.0.0.1",
            f"listen_port = {port}",
            "unix_socket_dir =",
            "auth_type = any",
            "default_pool_size = 40",
            *lines,
        )
        file = directory / "pgbouncer.ini"
        file.write_text("\n".join(settings) + "\n")
        if user is not None:
            os.chown(directory, user, -1)
        log = directory / "log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [program.path, str(file)],
                env=program.environment,
                user=user,
                stdout=output,
                stderr=output,
            )
        try:
            wait_for(port, process, log)
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < give_up, log.read_text()
            time.sleep(0.02)
        else:
            return
