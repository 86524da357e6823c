"""Tocsin beside other systems, doing the same work in the same run: `make bench`.

N jobs are added durably by 50 callers, each by itself, then all of them make a trivial HTTP call to
the same target, 50 under way at once. The others run in an environment of their own, made on first
use in build/. It writes bench/results/peers.json.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
import venv
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import uvloop
from rich.console import Console
from rich.table import Table

from running import BODY, HERE, RESULTS, Stores, bare_client, gathered, keep, started, target
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2

SYSTEMS = HERE / "peer_systems"
REQUIREMENTS = SYSTEMS / "requirements.txt"
ENVIRONMENT = HERE.parent / "build" / "peers"
METHOD = "/google.cloud.integrations.v1alpha.Executions/ScheduleIntegrations"
CONFIG = """
[integrations.bench]
triggers = ["api_trigger/bench"]
url = "{url}"
"""
UNDER_WAY = 50


@dataclass(frozen=True)
class Measured:
    """What came in and what went out, a second; `repeated` calls were made more than once."""

    system: str
    version: str
    store: str
    added: float
    fired: float
    of_raw: float
    cpu_us: float
    repeated: int


@dataclass(frozen=True)
class Firing:
    added: float
    fired: float
    cpu_us: float
    repeated: int


def main() -> None:
    options = arguments()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stores, url = stack.enter_context(Stores(scratch)), stack.enter_context(target())
        peers = [each for each in options.systems if not each.startswith("tocsin")]
        python = environment() if peers else Path()
        before, found = bare_client(url, 10_000).rate, []
        for name in options.systems:
            kind = "sqlite" if name in ("tocsin-sqlite", "apscheduler") else "postgresql"
            database = stores.new(kind)
            if name.startswith("tocsin"):
                firing, version = tocsin(scratch, database, url, options.jobs), "this one"
            else:
                firing, version = peer(name, python, database, url, options.jobs)
            found.append((name.partition("-")[0], version, kind, firing))
            print(found[-1], file=sys.stderr)
        raw = (before + bare_client(url, 10_000).rate) / 2
    rows = [
        Measured(*told, of_raw=round(firing.fired / raw, 3), **asdict(firing))
        for *told, firing in found
    ]
    show(rows, raw)
    keep(
        options.results,
        {"jobs": options.jobs, "raw_rate": round(raw), "systems": [asdict(row) for row in rows]},
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=3_000)
    parser.add_argument("--systems", nargs="+", choices=RUNS, default=list(RUNS))
    parser.add_argument("--results", type=Path, default=RESULTS / "peers.json")
    return parser.parse_args()


# In the order in which they run and are shown; a peer with its program and its distribution.
RUNS = {
    "tocsin-sqlite": ("", ""),
    "apscheduler": ("apscheduler3.py", "APScheduler"),
    "tocsin-postgresql": ("", ""),
    "procrastinate": ("procrastinate3.py", "procrastinate"),
    "dbos": ("dbos3.py", "dbos"),
}


def environment() -> Path:
    """Makes the peers' environment, where there is none with these versions; gives its Python."""
    python, stamp = ENVIRONMENT / "bin" / "python", ENVIRONMENT / "installed"
    if not stamp.exists() or stamp.read_text() != REQUIREMENTS.read_text():
        print(f"installing what to measure beside into {ENVIRONMENT}", file=sys.stderr)
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", REQUIREMENTS], check=True)
        stamp.write_text(REQUIREMENTS.read_text())
    return python


def peer(name: str, python: Path, database: str, url: str, jobs: int) -> tuple[Firing, str]:
    program, distribution = RUNS[name]
    told = {"BENCH_TARGET": url, "BENCH_DATABASE": database}
    command = [str(python), str(SYSTEMS / program)]
    adding = subprocess.run(
        [*command, "add", str(jobs)],
        env={**os.environ, **told},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    seconds = float(adding.stdout.split()[-1])
    with started([*command, "fire"], **told) as server:
        came = gathered(url, jobs, patience=300)
        # What it used for its start is a second or so of what many jobs cost, and not taken off.
        cpu = server.cpu_seconds()
    [version] = [
        line.partition("==")[2]
        for line in REQUIREMENTS.read_text().splitlines()
        if line.startswith(f"{distribution}==")
    ]
    return firing(jobs, seconds, [at for at, _, _ in came], cpu), version


def tocsin(scratch: Path, database: str, url: str, jobs: int) -> Firing:
    config = scratch / "tocsin.toml"
    config.write_text(CONFIG.format(url=url))
    command = [sys.executable, "-m", "tocsin", "serve", "--config", str(config), "--http", "off"]
    with started([*command, "--database", database, "--listen", "127.0.0.1:0"]) as server:
        address = server.line.split()[1].removeprefix("grpc=")
        due = datetime.now(UTC) + timedelta(seconds=2 + jobs / 500)
        seconds = uvloop.run(schedule(address, due, jobs))
        left = (due - datetime.now(UTC)).total_seconds()
        if left < 0:
            sys.exit(f"scheduling took {-left:.1f} s too long")
        time.sleep(left)
        before = server.cpu_seconds()
        came = gathered(url, jobs, patience=300)
        cpu = server.cpu_seconds() - before
    return firing(jobs, seconds, [at for at, _, _ in came], cpu)


async def schedule(address: str, due: datetime, jobs: int) -> float:
    """Asks for that many executions, each in a call of its own; returns how long it took."""
    request = executions_pb2.ScheduleIntegrationsRequest(
        name="projects/bench/locations/local/integrations/bench", trigger_id="api_trigger/bench"
    )
    request.schedule_time.FromDatetime(due)
    request.input_parameters["body"].string_value = BODY.decode()
    written, left = request.SerializeToString(), iter(range(jobs))
    async with grpc.aio.insecure_channel(address) as channel:
        ask = channel.unary_unary(METHOD)

        async def caller() -> None:
            for _ in left:
                await ask(written)

        began = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(UNDER_WAY)))
        return time.perf_counter() - began


def firing(jobs: int, seconds: float, instants: list[float], cpu: float) -> Firing:
    return Firing(
        added=round(jobs / seconds),
        fired=round(jobs / (max(instants) - min(instants))),
        cpu_us=round(cpu / jobs * 1e6, 1),
        repeated=len(instants) - jobs,
    )


def show(rows: list[Measured], raw: float) -> None:
    table = Table(title=f"the same work; a bare client makes {raw:,.0f} calls a second")
    for column in ("system", "store", "added/s", "fired/s", "of raw", "CPU µs"):
        table.add_column(column, justify="left" if column in ("system", "store") else "right")
    for row in rows:
        table.add_row(
            *(f"{row.system} {row.version}", row.store, f"{row.added:,.0f}", f"{row.fired:,.0f}"),
            *(f"{row.of_raw:.3f}", f"{row.cpu_us:,.0f}"),
        )
    Console().print(table)


if __name__ == "__main__":
    main()
