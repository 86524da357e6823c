"""A backup has all that was answered before it began, and a restored store fires nothing."""

import re
import shutil
import sqlite3
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from server.data.stores import (
    NEVER,
    make_overdue,
    new_execution,
    new_timer,
    rows,
    served,
    succeeded,
    tocsin,
)
from stand.apis.google import GoogleGrpc, finished, schedule
from stand.recording_target import RecordingTarget
from stand.tocsin_process import Tocsin, run_tocsin
from tocsin_protos.tocsin.v1 import firing_service_pb2
from tocsin_protos.tocsin.v1.firing_service_pb2_grpc import FiringServiceStub

CALLERS = 4
BEFORE_THE_BACKUP = 20
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVING = health_pb2.HealthCheckResponse.SERVING
FOUR_THOUSAND = 4096


def health(server: Tocsin, service: str) -> int:
    with server.channel() as channel:
        request = health_pb2.HealthCheckRequest(service=service)
        return int(health_pb2_grpc.HealthStub(channel).Check(request, timeout=10).status)


class Load:
    """Clients that create triggers and schedule executions, and note what was answered."""

    def __init__(self, server: Tocsin) -> None:
        self.answered: list[tuple[str, str]] = []
        self.enough = threading.Event()
        self._server = server
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(CALLERS)
        for number in range(CALLERS):
            self._pool.submit(self._run, number)

    def stop(self) -> None:
        self._stopped.set()
        self._pool.shutdown()

    def _run(self, number: int) -> None:
        with self._server.channel() as channel:
            count = 0
            while not self._stopped.is_set():
                count += 1
                try:
                    timer = new_timer(channel, f"t{number}-{count}", cron=NEVER)
                    self.answered.append(("triggers", timer))
                    self.answered.append(("invocations", new_execution(channel)))
                except grpc.RpcError:
                    continue  # the server was killed
                if len(self.answered) >= BEFORE_THE_BACKUP:
                    self.enough.set()


def kept(url: str) -> set[tuple[str, str]]:
    triggers = {("triggers", id_) for (id_,) in rows(url, "SELECT id FROM triggers")}
    executions = rows(url, "SELECT COALESCE(execution_id, id) FROM invocations")
    return triggers | {("invocations", id_) for (id_,) in executions}


def test_a_backup_under_load_has_all_that_was_answered_before_it(
    url: str, kind: str, new_store: Callable[[str], str], target: RecordingTarget, tmp_path: Path
) -> None:
    backup, restored = tmp_path / "backup.db", new_store(kind)
    with served(tmp_path / "first", target, url) as server:
        load = Load(server)
        assert load.enough.wait(30)
        before = set(load.answered)
        said = succeeded("backup", "--to", str(backup), database=url)
        server.kill()
        load.stop()
    assert re.search(r"^taken    .* UTC, \d+ s ago$", said, re.MULTILINE)
    succeeded("restore", str(backup), database=restored)
    with served(tmp_path / "second", target, restored) as server:
        assert before <= kept(restored)
        with server.channel() as channel:
            assert new_timer(channel, "after", cron=NEVER)
    assert list(tmp_path.glob("*.partial*")) == []


def test_a_restored_store_fires_nothing_until_it_is_released(
    url: str, kind: str, new_store: Callable[[str], str], target: RecordingTarget, tmp_path: Path
) -> None:
    backup, restored = tmp_path / "backup.db", new_store(kind)
    with served(tmp_path / "first", target, url) as server, server.channel() as channel:
        timer = new_timer(channel, "overdue", cron="0 * * * ? *")
        server.kill()
    make_overdue(url)
    succeeded("backup", "--to", str(backup), database=url)
    said = succeeded("restore", str(backup), database=restored)
    assert "overdue timers: 1" in said
    assert timer in said
    options = ("--metrics", "127.0.0.1:0")
    with served(tmp_path / "second", target, restored, *options) as server:
        assert server.address("hold") == "on"
        assert health(server, "") == SERVING
        assert health(server, "tocsin.v1.firing") == NOT_SERVING
        with server.channel() as channel:
            FiringServiceStub(channel).FireTrigger(
                firing_service_pb2.FireTriggerRequest(trigger_id=timer), timeout=30
            )
            [execution] = schedule(GoogleGrpc(channel), "projects/p/locations/l", "nightly")
            assert "overdue timers: 1" in succeeded("release", "--dry-run", database=restored)
            # Both are due, and are called at once by a server that fires.
            assert health(server, "tocsin.v1.firing") == NOT_SERVING
            assert target.all(lambda _: True) == []
            succeeded("release", database=restored)
            finished(GoogleGrpc(channel), "projects/p/locations/l", execution)
        target.wait_for(lambda call: call.path == "/functions/overdue", count=2)
        assert health(server, "tocsin.v1.firing") == SERVING
    with served(tmp_path / "third", target, restored) as server:
        assert "hold" not in server.ready
    assert "is not on hold" in tocsin("release", database=restored).stderr
    log = (tmp_path / "second" / "log").read_text()
    assert "on hold: nothing fires until `tocsin release`" in log


def test_nodes_of_earlier_versions_are_kept_out_while_it_is_on_hold(
    url: str, kind: str, new_store: Callable[[str], str], target: RecordingTarget, tmp_path: Path
) -> None:
    backup, restored = tmp_path / "backup.db", new_store(kind)
    with served(tmp_path / "first", target, url):
        pass
    oldest = "SELECT oldest_known FROM compatibility"
    [(usual,)] = rows(url, oldest)
    succeeded("backup", "--to", str(backup), database=url)
    succeeded("restore", str(backup), database=restored)
    with served(tmp_path / "second", target, restored):
        assert rows(restored, oldest) == [("0030",)] > [(usual,)]
    succeeded("release", database=restored)
    with served(tmp_path / "third", target, restored):
        assert rows(restored, oldest) == [(usual,)]


def test_files_are_for_their_owner_alone(
    new_store: Callable[[str], str], target: RecordingTarget, tmp_path: Path
) -> None:
    url, restored = new_store("sqlite"), new_store("sqlite")
    with served(tmp_path / "first", target, url):
        directory = tmp_path / "backups"
        directory.mkdir()
        succeeded("backup", "--to", str(directory), database=url)
    [backup] = directory.iterdir()
    assert re.fullmatch(r"tocsin-\d{8}T\d{6}Z\.db", backup.name)
    succeeded("restore", str(backup), database=restored)
    for file in (backup, Path(restored.removeprefix("sqlite:///"))):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_large_values_are_kept_in_both_stores(
    url: str, kind: str, new_store: Callable[[str], str], target: RecordingTarget, tmp_path: Path
) -> None:
    backup, other = tmp_path / "backup.db", "postgresql" if kind == "sqlite" else "sqlite"
    restored = new_store(other)
    with served(tmp_path / "first", target, url) as server, server.channel() as channel:
        large = {"text": {"stringValue": "x" * 3 * FOUR_THOUSAND}}
        [execution] = schedule(
            GoogleGrpc(channel),
            "projects/p/locations/l",
            "nightly",
            inputParameters=large,
            scheduleTime="2099-01-01T00:00:00Z",
        )
    succeeded("backup", "--to", str(backup), database=url)
    succeeded("restore", str(backup), database=restored)
    apart = 0 if other == "postgresql" else 2
    assert rows(restored, "SELECT count(*) FROM large_values") == [(apart,)]
    succeeded("release", database=restored)
    later = "SET next_at = 0 WHERE next_at IS NOT NULL RETURNING id"
    assert len(rows(restored, f"UPDATE invocations {later}")) == 1
    with served(tmp_path / "second", target, restored) as server, server.channel() as channel:
        finished(GoogleGrpc(channel), "projects/p/locations/l", execution)
    [call] = target.all(lambda call: call.path == "/nightly")
    assert b"x" * 3 * FOUR_THOUSAND in call.body


def test_a_restore_replaces_data_only_when_it_is_told(
    url: str, target: RecordingTarget, tmp_path: Path
) -> None:
    backup = tmp_path / "backup.db"
    with served(tmp_path / "first", target, url) as server, server.channel() as channel:
        old = new_timer(channel, "old", cron=NEVER)
        succeeded("backup", "--to", str(backup), database=url)
        new = new_timer(channel, "new", cron=NEVER)
        refused = tocsin("restore", str(backup), "--overwrite", database=url)
        assert refused.status == 1
        assert "another tocsin is using" in refused.stderr
    refused = tocsin("restore", str(backup), database=url)
    assert refused.status == 1
    assert "give --overwrite" in refused.stderr
    assert {id_ for (id_,) in rows(url, "SELECT id FROM triggers")} == {old, new}
    succeeded("restore", str(backup), "--overwrite", database=url)
    assert rows(url, "SELECT id FROM triggers") == [(old,)]
    with served(tmp_path / "second", target, url):
        assert rows(url, "SELECT id FROM triggers") == [(old,)]


@pytest.fixture(scope="module")
def whole_backup() -> Iterator[Path]:
    """A backup of a store with one trigger."""
    with closing(RecordingTarget()) as target, tempfile.TemporaryDirectory() as made:
        url = f"sqlite:///{made}/tocsin.db"
        with served(Path(made), target, url) as server, server.channel() as channel:
            new_timer(channel, "harmless", cron=NEVER)
            succeeded("backup", "--to", f"{made}/backup.db", database=url)
        yield Path(made) / "backup.db"


@pytest.fixture
def backup(whole_backup: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copy(whole_backup, tmp_path))


def damaged(backup: Path) -> None:
    content = bytearray(backup.read_bytes())
    at = content.index(b"harmless")
    content[at : at + 8] = b"harmful!"
    backup.write_bytes(content)


def cut(backup: Path) -> None:
    backup.write_bytes(backup.read_bytes()[: 20 * FOUR_THOUSAND])


def emptied(backup: Path) -> None:
    connection = sqlite3.connect(backup)
    with connection:
        connection.execute("DELETE FROM operations")
    connection.close()


def replaced_by_text(backup: Path) -> None:
    backup.write_text("a backup of something else " * 1000)


def removed(backup: Path) -> None:
    backup.unlink()


@pytest.mark.parametrize("harm", [damaged, cut, emptied, replaced_by_text, removed])
def test_a_damaged_backup_is_refused_and_changes_nothing(
    harm: Callable[[Path], None], backup: Path, new_store: Callable[[str], str]
) -> None:
    url = new_store("sqlite")
    succeeded("restore", str(backup), database=url)
    before = rows(url, "SELECT * FROM triggers")
    harm(backup)
    refused = tocsin("restore", str(backup), "--overwrite", database=url)
    assert refused.status == 1
    assert str(backup) in refused.stderr
    assert "Traceback" not in refused.stderr
    assert rows(url, "SELECT * FROM triggers") == before


def test_a_restore_that_fails_leaves_a_postgresql_database_as_it_was(
    backup: Path, new_store: Callable[[str], str]
) -> None:
    url = new_store("postgresql")
    succeeded("restore", str(backup), database=url)
    indexes = "SELECT indexname FROM pg_indexes ORDER BY 1"
    before = rows(url, "SELECT * FROM triggers"), rows(url, indexes)
    # A row that the restore inserts is refused when almost all is done.
    rows(url, "ALTER TABLE holds ADD CONSTRAINT never CHECK (backup_at < 0) NOT VALID")
    refused = tocsin("restore", str(backup), "--overwrite", database=url)
    assert refused.status == 1
    assert "never" in refused.stderr
    assert (rows(url, "SELECT * FROM triggers"), rows(url, indexes)) == before


def test_a_backup_replaces_no_file_and_needs_a_database(
    url: str, target: RecordingTarget, tmp_path: Path
) -> None:
    missing = tocsin("backup", "--to", str(tmp_path / "b.db"), database=url)
    assert missing.status == 1
    assert "Traceback" not in missing.stderr
    with served(tmp_path / "first", target, url):
        pass
    mine = tmp_path / "mine.db"
    mine.write_text("mine")
    refused = tocsin("backup", "--to", str(mine), database=url)
    assert refused.status == 1
    assert f"{mine} exists" in refused.stderr
    assert mine.read_text() == "mine"
    nowhere = tocsin("backup", "--to", str(tmp_path / "none" / "b.db"), database=url)
    assert nowhere.status == 1
    assert "No such file" in nowhere.stderr


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("", "--to must not be empty"),
        ("{}/none/", "is not a directory: make it, or name a file"),
    ],
)
def test_a_directory_that_is_not_there_is_not_taken_for_a_file(
    to: str, why: str, backup: Path, tmp_path: Path
) -> None:
    refused = tocsin("backup", "--to", to.format(tmp_path), database=f"sqlite:///{backup}")
    assert refused.status == 2
    assert why in refused.stderr
    assert not (tmp_path / "none").exists()


def test_what_a_newer_version_wrote_is_not_copied_without_what_only_it_knows(
    backup: Path, kind: str, new_store: Callable[[str], str], tmp_path: Path
) -> None:
    url = new_store(kind)
    succeeded("restore", str(backup), database=url)
    for each in (url, f"sqlite:///{backup}"):
        rows(each, "UPDATE alembic_version SET version_num = '9999' RETURNING 1")
    made = tocsin("backup", "--to", str(tmp_path / "b.db"), database=url)
    moved = run_tocsin("move", "--from", url, "--to", new_store("sqlite"))
    restored = tocsin("restore", str(backup), database=new_store(kind))
    for refused in (made, moved, restored):
        assert refused.status == 1
        assert "would lose what it does not know" in refused.stderr
    # A node of this version may serve it, so nothing is wrong with it.
    checked = succeeded("check", database=url)
    assert "what only a newer one knows is not checked" in checked
    rows(url, "UPDATE compatibility SET oldest_known = '9998' RETURNING 1")
    wrong = tocsin("check", database=url)
    assert wrong.status == 1
    assert "upgrade tocsin" in wrong.stderr


def test_a_database_is_no_backup_and_the_refusal_says_how_to_make_one(
    new_store: Callable[[str], str], target: RecordingTarget, tmp_path: Path
) -> None:
    url = new_store("sqlite")
    with served(tmp_path / "first", target, url):
        pass
    refused = tocsin("restore", url.removeprefix("sqlite:///"), database=new_store("sqlite"))
    assert refused.status == 1
    assert "tocsin backup --database" in refused.stderr
