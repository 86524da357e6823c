"""Two PostgreSQL that Patroni leads, with a real etcd: the leader dies, the standby takes over."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stand.services.debian import debian_program
from stand.services.postgres_server import (
    PATIENCE,
    free_port,
    of_servers,
    programs,
    unprivileged_user,
)
from stand.vendors.environment import make_environment, pip, run

PATRONI = ("patroni[etcd3]==4.1.5", "psycopg[binary]==3.3.4")
# The least that Patroni takes: for so long a dead leader's key stays.
TTL_SECONDS = 20
FAILOVER_SECONDS = 120


class Member:
    """A PostgreSQL and the Patroni beside it."""

    def __init__(self, directory: Path, name: str, config: dict[str, Any]) -> None:
        self.name = name
        self.port = free_port()
        self.data = directory / name
        self._rest = f"127.0.0.1:{free_port()}"
        self._file = directory / f"{name}.json"  # JSON is YAML
        self._log = directory / f"{name}.log"
        at = f"127.0.0.1:{self.port}"
        postgresql = {
            **config["postgresql"],
            "listen": at,
            "connect_address": at,
            "data_dir": str(self.data),
            "pgpass": str(directory / f"{name}.pgpass"),
        }
        rest = {"listen": self._rest, "connect_address": self._rest}
        own = {"name": name, "restapi": rest, "postgresql": postgresql}
        self._file.write_text(json.dumps({**config, **own}))
        self._file.chmod(0o644)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, python: Path, user: int | None) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(python), "-m", "patroni", str(self._file)],
                cwd=self.data.parent,
                user=user,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """kill -9, of Patroni, of PostgreSQL and of all its processes."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(PATIENCE)
        for pid in self._postgres():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(PATIENCE)

    def log(self) -> str:
        return self._log.read_text()

    def roles_it_knows(self) -> list[str]:
        """Returns the roles of all members, or none if it is down."""
        try:
            with urllib.request.urlopen(f"http://{self._rest}/cluster", timeout=PATIENCE) as answer:
                return [each["role"] for each in json.load(answer)["members"]]
        except OSError:
            return []

    def _postgres(self) -> list[int]:
        try:
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            return []
        return [pid, *map(int, children)]


def environment(folder: Path, user: int | None) -> Path:
    """Makes an environment with Patroni; root's own interpreter may be closed to others."""
    if user is None:
        return make_environment(folder, *PATRONI)
    system = shutil.which("python3", path="/usr/local/bin:/usr/bin")
    assert system is not None, "there is no Python that all users can run"
    run(system, "-m", "venv", "--without-pip", str(folder))
    pip(folder / "bin" / "python", "install", "--quiet", *PATRONI)
    return folder / "bin" / "python"


class PatroniCluster:
    """Starts on creation; its members replicate synchronously."""

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="tocsin-patroni-"))
        self._user = unprivileged_user()
        if self._user is not None:
            os.chown(self._directory, self._user, -1)
        self._python = environment(self._directory / "venv", self._user)
        config = self._config(self._start_etcd())
        self.members = [Member(self._directory, name, config) for name in ("one", "two")]
        try:
            for member in self.members:
                self.start(member)
            self.wait_until_synchronous()
        except BaseException:
            self.close()
            raise

    def url(self, database: str) -> str:
        hosts = ",".join(f"127.0.0.1:{member.port}" for member in self.members)
        return f"postgresql://postgres@{hosts}/{database}"

    def execute(self, database: str, statement: str) -> list[tuple[Any, ...]]:
        """Runs a statement at the primary.

        Raises:
            OSError, asyncpg.PostgresError: there is no primary at the moment.
        """
        return of_servers(self.url(database), statement)

    def leader(self) -> Member | None:
        try:
            [(port,)] = self.execute("postgres", "SELECT current_setting('port')")
        except OSError:
            return None
        return next(member for member in self.members if member.port == int(port))

    def start(self, member: Member) -> None:
        member.start(self._python, self._user)

    def wait_until_synchronous(self) -> None:
        self.wait_for(self._is_synchronous)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        give_up = time.monotonic() + FAILOVER_SECONDS
        while not condition():
            logs = "\n".join(member.log()[-3000:] for member in self.members)
            assert time.monotonic() < give_up, logs
            time.sleep(0.1)

    def close(self) -> None:
        for member in self.members:
            member.stop()
        self._etcd.terminate()
        self._etcd.wait(PATIENCE)
        shutil.rmtree(self._directory)

    def _is_synchronous(self) -> bool:
        """Returns whether Patroni itself knows that the standby may be promoted."""
        roles = [role for member in self.members for role in member.roles_it_knows()]
        return "sync_standby" in roles

    def _start_etcd(self) -> int:
        etcd = debian_program("etcd-server", "usr/bin/etcd")
        port, peers = free_port(), f"http://127.0.0.1:{free_port()}"
        clients = f"http://127.0.0.1:{port}"
        options = {
            "data-dir": str(self._directory / "etcd"),
            "listen-client-urls": clients,
            "advertise-client-urls": clients,
            "listen-peer-urls": peers,
            "initial-advertise-peer-urls": peers,
            "initial-cluster": f"default={peers}",
        }
        with (self._directory / "etcd.log").open("ab") as log:
            self._etcd = subprocess.Popen(
                [etcd.path, *(f"--{name}={value}" for name, value in options.items())],
                env=etcd.environment,
                stdout=log,
                stderr=log,
            )
        return port

    def _config(self, etcd_port: int) -> dict[str, Any]:
        settings = {"fsync": "off", "max_connections": 200}
        return {
            "scope": "tocsin",
            "etcd3": {"host": f"127.0.0.1:{etcd_port}"},
            "bootstrap": {
                "dcs": {
                    "ttl": TTL_SECONDS,
                    "loop_wait": 2,
                    "retry_timeout": 3,
                    "synchronous_mode": True,
                    "postgresql": {"use_pg_rewind": True, "parameters": settings},
                },
                "initdb": ["no-sync", {"encoding": "UTF8"}, {"auth": "trust"}],
            },
            "postgresql": {
                "bin_dir": str(programs(self._directory)),
                "authentication": {
                    "superuser": {"username": "postgres"},
                    "replication": {"username": "postgres"},
                },
                "parameters": {"unix_socket_directories": str(self._directory)},
                "pg_hba": [
                    "local all all trust",
                    "host all all 127.0.0.1/32 trust",
                    "host replication all 127.0.0.1/32 trust",
                ],
            },
        }
