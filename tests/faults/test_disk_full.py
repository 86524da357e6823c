"""The disk is full: calls are refused in words, nothing is half done, and all goes on after."""

import resource
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import pytest

from faults.checking.journal import Journal
from faults.checking.seen import SqliteFile, judge, listed, ticking
from faults.conftest import Run
from faults.load.clients import Clients
from faults.load.fleet import Fleet
from stand.recording_target import RecordingTarget
from stand.tocsin_process import Tocsin
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

TOLERANCE = timedelta(seconds=40)
PATIENCE = 60
TMPFS = "size=12m,mode=700"
FULL = "RESOURCE_EXHAUSTED: The store has no space left, and nothing was changed; try again when "
UNWRITABLE = "UNAVAILABLE: The store can't be reached; try again"


class Disk(Protocol):
    refusal: str
    """What clients are told."""

    def fill(self, server: Tocsin, /) -> None: ...

    def free(self, server: Tocsin, /) -> None: ...


class SmallDisk:
    """A file system of its own, in memory; filled up by a file that is nobody's."""

    refusal = FULL

    def __init__(self, path: Path) -> None:
        self._ballast = path / "ballast"

    def fill(self, _: Tocsin) -> None:
        with self._ballast.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4096)):
                pass

    def free(self, _: Tocsin) -> None:
        self._ballast.unlink()


class SmallFiles:
    """The system lets the server's files grow no further: what can be had without privileges."""

    refusal = UNWRITABLE

    def __init__(self, path: Path) -> None:
        self._path = path

    def fill(self, server: Tocsin) -> None:
        largest = max(each.stat().st_size for each in self._path.iterdir())
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (largest, -1))

    def free(self, server: Tocsin) -> None:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (-1, -1))


@contextmanager
def small_disk(path: Path) -> Iterator[Disk]:
    """Mounts one where this process may; else what is nearest to it."""
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", TMPFS, "none", str(path)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        yield SmallFiles(path)
        return
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", str(path)], check=True)


@pytest.fixture(params=["disk", "files"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    path = tmp_path / "disk"
    if request.param == "files":
        path.mkdir()
        yield SmallFiles(path)
    else:
        with small_disk(path) as made:
            yield made


def test_a_full_disk_is_told_and_survived(
    disk: Disk,
    run: Run,
    tmp_path: Path,
    config: str,
    target: RecordingTarget,
    journal: Journal,
) -> None:
    file = tmp_path / "disk" / "tocsin.db"
    store = SqliteFile(file)
    with Fleet(tmp_path, config, "--database", f"sqlite:///{file}") as fleet:
        [server] = fleet.start()
        clients = Clients(journal, fleet.addresses, run.seed)
        with clients.calling(3), ticking(store, journal, run.chance):
            for _ in range(10 if run.long else 1):
                time.sleep(0.3)
                before = refusals(journal, disk)
                disk.fill(server)
                wait_until_refused(journal, disk, times=before + 10)
                with server.channel() as channel:
                    assert listed(TriggerServiceStub(channel)), "what is there can still be read"
                disk.free(server)
        report = judge(journal, store, target, server.grpc_address, tolerance=TOLERANCE)
    run.tell(report, **journal.errors)
    assert {error for error in journal.errors if not error.startswith(disk.refusal)} == set()


def refusals(journal: Journal, disk: Disk) -> int:
    return sum(n for error, n in journal.errors.items() if error.startswith(disk.refusal))


def wait_until_refused(journal: Journal, disk: Disk, *, times: int) -> None:
    give_up = time.monotonic() + PATIENCE
    while refusals(journal, disk) < times:
        assert time.monotonic() < give_up, journal.errors
        time.sleep(0.05)
