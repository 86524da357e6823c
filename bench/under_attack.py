"""What an innocent caller notices of attacks: `make bench-attacks`.

For each attack a server is started with access control, TLS and REST at their defaults, but that
addresses of loopback have the bounds of others. A caller from 127.0.0.2 lists triggers, first
alone, then while a stranger attacks from 127.0.0.1. It writes bench/results/attacks.json.
"""

import argparse
import http.client
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from attackers import ATTACKS, LIST, TRIGGERS, Doors, run
from processor import cpu_seconds
from running import RESULTS, keep, machine, percentile
from stand.access.secured import Secured, secured
from stand.all_doors import Doors as Certified
from stand.all_doors import made_certificates
from stand.h2_client import Closed, H2Client
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2

INNOCENT = "127.0.0.2"
FOLDER = "f"
LISTS = trigger_service_pb2.ListTriggersRequest(folder_id=FOLDER).SerializeToString()
CONFIG = """
[connections]
exempt = []
[sources.webhooks.object_storage]
hub_keys = ["nobody knows it"]
folders = ["f"]
"""
BETWEEN_CALLS = 0.005
WARM_SECONDS = 0.5


@dataclass
class Seen:
    """How long the calls of the innocent took, in ms, and why others failed."""

    rest: list[float] = field(default_factory=list)
    grpc: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        times = {}
        for wire, took in (("rest", self.rest), ("grpc", self.grpc)):
            times[f"{wire}_calls"] = len(took)
            times[f"{wire}_p50_ms"] = round(statistics.median(took), 1) if took else None
            times[f"{wire}_p99_ms"] = round(percentile(took, 0.99), 1) if took else None
        return {**times, "errors": len(self.errors), "first_errors": self.errors[:3]}


class Innocent:
    """Lists triggers with a valid token, one call at a time.

    Over REST each call has a connection of its own; over gRPC with TLS they share one.
    """

    def __init__(self, doors: Doors, token: str) -> None:
        self._doors = doors
        self._authorization = f"Bearer {token}"
        self._client: H2Client | None = None

    def calls(self, seconds: float) -> Seen:
        seen = Seen()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for took, call in ((seen.rest, self._rest), (seen.grpc, self._grpc)):
                began = time.monotonic()
                try:
                    call()
                except (OSError, http.client.HTTPException, Closed, AssertionError) as error:
                    seen.errors.append(f"{call.__name__.strip('_')}: {error!r}")
                    self.close()
                else:
                    took.append((time.monotonic() - began) * 1000)
            time.sleep(BETWEEN_CALLS)
        return seen

    def close(self) -> None:
        if self._client is not None:
            self._client.__exit__(None, None, None)
            self._client = None

    def _rest(self) -> None:
        address, headers = self._doors.addresses["http"], {"Authorization": self._authorization}
        connection = http.client.HTTPConnection(address, timeout=30, source_address=(INNOCENT, 0))
        try:
            connection.request("GET", f"{TRIGGERS}?folderId={FOLDER}", headers=headers)
            answer = connection.getresponse()
            assert answer.status == 200, f"{answer.status} {answer.read()!r}"
            answer.read()
        finally:
            connection.close()

    def _grpc(self) -> None:
        if self._client is None:
            address, context = self._doors.addresses["tls"], self._doors.context()
            self._client = H2Client(address, context, source=INNOCENT)
        answer = self._client.call(LIST, LISTS, [("authorization", self._authorization)])
        assert answer.headers[-1].get("grpc-status") == "0", answer.headers


class Memory:
    """What the server and its Envoy hold, in MiB, and held at most since the last look."""

    def __init__(self, server: int, envoy: int) -> None:
        self._pids = {"server": server, "envoy": envoy}

    def now(self) -> dict[str, int]:
        """Returns what they hold; the peaks are counted from now on."""
        for pid in self._pids.values():
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        return {name: mebibytes(pid, "VmRSS") for name, pid in self._pids.items()}

    def peak(self) -> dict[str, int]:
        return {name: mebibytes(pid, "VmHWM") for name, pid in self._pids.items()}


def mebibytes(pid: int, what: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what):
            return round(int(line.split()[1]) / 1024)
    raise LookupError(what)


def main() -> None:
    options = arguments()
    load = machine()["load_average"]
    measured = []
    for name in options.attacks or ATTACKS:
        measured.append({"attack": name, **under(name, options.seconds)})
        show(measured[-1])
    result = {"seconds": options.seconds, "load_average_before": load, "attacks": measured}
    keep(options.results, result)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attacks", nargs="+", choices=ATTACKS)
    parser.add_argument("--seconds", type=float, default=4, help="without an attack, and with it")
    parser.add_argument("--results", type=Path, default=RESULTS / "attacks.json")
    return parser.parse_args()


def under(name: str, seconds: float) -> dict[str, Any]:
    """Measures one attack on a new server."""
    with served() as (it, doors):
        innocent = Innocent(doors, it.token(it.service_key(FOLDER)))
        [envoy] = it.server.children()
        memory = Memory(it.server.process.pid, envoy)
        innocent.calls(WARM_SECONDS)
        alone = innocent.calls(seconds)
        before = memory.now()
        with attacking(name, doors) as attacker:
            used, began = cpu_seconds(attacker), time.monotonic()
            beside = innocent.calls(seconds)
            cpu = (cpu_seconds(attacker) - used) / (time.monotonic() - began)
        peak = memory.peak()
        innocent.close()
    return {
        "alone": alone.told(),
        "beside": beside.told(),
        "memory_mib": {"before": before, "peak": peak},
        "attacker_cpu_percent": round(cpu * 100),
    }


@contextmanager
def served() -> Iterator[tuple[Secured, Doors]]:
    with tempfile.TemporaryDirectory() as scratch:
        certificates = made_certificates(Path(scratch))
        ports = [f"--{name}=127.0.0.1:0" for name in ("metrics", "smtp")]
        options = (*Certified.options(certificates), *ports)
        with secured(Path(scratch), CONFIG, *options, limits="") as it:
            names = ("http", "tls", "grpc", "metrics", "smtp")
            addresses = {name: it.server.address(name) for name in names}
            yield it, Doors(addresses, certificates / "ca.pem")


@contextmanager
def attacking(name: str, doors: Doors) -> Iterator[int]:
    """Attacks from another process until the block ends; gives its id when it is under way."""
    context = multiprocessing.get_context("spawn")
    began = context.Event()
    attacker = context.Process(target=run, args=(name, doors, began))
    attacker.start()
    try:
        if not began.wait(60):
            raise SystemExit(f"the attack did not begin: {name}")
        assert attacker.pid is not None
        yield attacker.pid
        if not attacker.is_alive():
            raise SystemExit(f"the attack ended by itself: {name}")
    finally:
        attacker.terminate()
        attacker.join()


def show(row: dict[str, Any]) -> None:
    table = Table(title=row["attack"])
    for column in ("", "REST p50 / p99 ms", "gRPC p50 / p99 ms", "calls", "errors"):
        table.add_column(column)
    for name in ("alone", "beside"):
        told = row[name]
        times = [
            f"{told[f'{wire}_p50_ms']} / {told[f'{wire}_p99_ms']}" for wire in ("rest", "grpc")
        ]
        calls = str(told["rest_calls"] + told["grpc_calls"])
        table.add_row(name, *times, calls, f"{told['errors']} {told['first_errors'][:1]}")
    console = Console()
    console.print(table)
    console.print(row["memory_mib"], f"attacker's CPU {row['attacker_cpu_percent']} %")


if __name__ == "__main__":
    main()
