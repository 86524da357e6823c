"""What the benchmarks share: processes, the target, stores and the facts of a run."""

import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import uvloop

from processor import cpu_seconds, cpu_seconds_of_family

sys.path.append(str(Path(__file__).parent.parent / "tests"))
from stand.services.postgres_server import PostgresServer

HERE = Path(__file__).parent
RESULTS = HERE / "results"
# As large as a timer's call with a short payload.
BODY = json.dumps({"messages": [{"details": {"payload": "x" * 300}}]}, indent=2).encode()


@dataclass(frozen=True)
class Server:
    """A process under test, and the first line that it printed."""

    pid: int
    line: str

    def cpu_seconds(self) -> float:
        """What the process has used of the processor since its start, without its children."""
        return cpu_seconds(self.pid)

    def memory_mib(self) -> float:
        """What it holds of memory, with what it shares with nobody."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        raise LookupError("VmRSS")


@contextmanager
def started(command: list[str], **environment: str) -> Iterator[Server]:
    """Runs a server until the block ends; what it logs is shown only where it fails to start."""
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, **environment},
        ) as process,
    ):
        try:
            line = process.stdout.readline().strip() if process.stdout else ""
            if not line:
                log.seek(0)
                sys.exit(f"did not start: {' '.join(command)}\n{log.read()}")
            yield Server(process.pid, line)
        finally:
            process.terminate()


@contextmanager
def target() -> Iterator[str]:
    """Runs the target; gives its URL."""
    with started([sys.executable, str(HERE / "target.py")]) as server:
        yield f"http://127.0.0.1:{server.line}/"


@contextmanager
def tocsin(database: str, target_url: str) -> Iterator[Server]:
    """Runs a node whose functions are all at the target."""
    functions = {"TOCSIN_TARGETS__FUNCTION": f"{target_url}{{function_id}}"}
    with started(tocsin_command(database), **functions) as server:
        yield server


def tocsin_command(database: str) -> list[str]:
    """Returns the command of a node without REST."""
    command = [sys.executable, "-m", "tocsin", "serve", "--listen", "127.0.0.1:0", "--http", "off"]
    return [*command, "--database", database]


@dataclass(frozen=True)
class Addresses:
    """Where a node is reached; empty where it does not listen."""

    grpc: str
    http: str = ""
    smtp: str = ""


@contextmanager
def node_with(database: Path) -> Iterator[tuple[Server, Addresses]]:
    """Runs a node on a file, with the settings that stand beside it in a file of the same name."""
    command = [
        *(sys.executable, "-m", "tocsin", "serve", "--config", str(database.with_suffix(".toml"))),
        *("--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"),
        *("--database", f"sqlite:///{database}"),
    ]
    with started(command) as server:
        told = dict(word.split("=") for word in server.line.split()[1:])
        yield server, Addresses(told["grpc"], told["http"], told.get("smtp", ""))


class Stores:
    """Empty stores that sync their commits: files, and databases of one PostgreSQL."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._stack = ExitStack()
        self._postgres: PostgresServer | None = None
        self._made = 0

    def __enter__(self) -> "Stores":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def new(self, kind: str) -> str:
        """Returns the URL of another one."""
        if kind == "sqlite":
            self._made += 1
            return f"sqlite:///{self._scratch}/{self._made}.db"
        if self._postgres is None:
            self._postgres = PostgresServer({"fsync": "on", "shared_buffers": "256MB"})
            self._stack.callback(self._postgres.close)
        return self._postgres.new_database()

    def cpu_seconds(self) -> float:
        """What PostgreSQL has used of the processor; a file uses that of its node."""
        return 0 if self._postgres is None else cpu_seconds_of_family(self._postgres.pid)


Arrival = tuple[float, str | None, float | None]


def arrivals(target_url: str) -> list[Arrival]:
    """Returns (when it came, its id, when it was due) of what came since this was last asked."""
    with urllib.request.urlopen(target_url) as response:
        return [(at, name, due) for at, name, due in json.load(response)]


def gathered(target_url: str, count: int, *, patience: float = 60) -> list[Arrival]:
    """Waits until that many different ids have come; gives up where nothing new comes."""
    found: list[Arrival] = []
    ids: set[str | None] = set()
    last = time.monotonic()
    while len(ids) < count:
        if time.monotonic() - last > patience:
            sys.exit(f"only {len(ids)} of {count} came")
        time.sleep(0.25)
        if new := arrivals(target_url):
            last = time.monotonic()
            found += new
            ids.update(name for _, name, _ in new)
    return found


@dataclass(frozen=True)
class Bare:
    """What a bare aiohttp client did: its calls a second, and its processor time for one."""

    rate: float
    cpu_us: float


def bare_client(target_url: str, calls: int, under_way: int = 50) -> Bare:
    """Makes POSTs to the target, in this process."""

    async def drive() -> Bare:
        left = iter(range(calls))
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def caller() -> None:
                for _ in left:
                    async with session.post(target_url, data=BODY) as response:
                        response.raise_for_status()

            began, used = time.perf_counter(), time.process_time()
            await asyncio.gather(*(caller() for _ in range(under_way)))
            used, took = time.process_time() - used, time.perf_counter() - began
            return Bare(calls / took, used / calls * 1e6)

    bare = uvloop.run(drive())
    arrivals(target_url)
    return bare


def percentile(values: list[float], part: float) -> float:
    """Returns the value that this part of them, from 0 to 1, does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def machine() -> dict[str, Any]:
    """Tells what this runs on, and how busy it was."""
    return {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "load_average": round(os.getloadavg()[0], 2),
    }


def keep(path: Path, measured: dict[str, Any]) -> None:
    """Writes the numbers of a run, for the report."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"machine": machine(), **measured}, indent=2) + "\n")
