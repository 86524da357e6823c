"""A reset deletes all of one folder, and nothing of another."""

import re
import uuid
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

from server.data.stores import FOLDER, NEVER, new_execution, new_timer, rows, served, succeeded
from server.data.stores import tocsin as run
from stand.recording_target import RecordingTarget
from tocsin.store.copying.resetting import PARTS
from tocsin.store.schema import metadata
from tocsin_protos.tocsin.v1 import firing_service_pb2
from tocsin_protos.tocsin.v1.firing_service_pb2_grpc import FiringServiceStub

OTHER = "b1g00000000000000002"
LARGE = "y" * 10_000


def fire(channel: grpc.Channel, trigger: str, body: str, request_id: str) -> str:
    request = firing_service_pb2.FireTriggerRequest(
        trigger_id=trigger, body=body.encode(), request_id=request_id
    )
    return str(FiringServiceStub(channel).FireTrigger(request, timeout=30))


def counts(url: str) -> dict[str, int]:
    """How many rows each table has, but for those that servers write for themselves."""
    probes = {"remembered_requests": " WHERE scope <> 'tocsin/probe'"}
    return {
        table.name: rows(url, f"SELECT count(*) FROM {table.name}{probes.get(table.name, '')}")[0][
            0
        ]
        for table in metadata.sorted_tables
        if table.name not in ("nodes", "duties")
    }


def test_all_of_a_folder_goes_and_nothing_else(
    url: str, target: RecordingTarget, tmp_path: Path
) -> None:
    asked = str(uuid.uuid4())
    with served(tmp_path / "first", target, url) as server, server.channel() as channel:
        kept = new_timer(channel, "kept", cron=NEVER, folder=OTHER)
        new_execution(channel)
        fire(channel, kept, "small", str(uuid.uuid4()))
    before = counts(url)
    with served(tmp_path / "second", target, url) as server, server.channel() as channel:
        mine = new_timer(channel, "mine", cron=NEVER)
        fire(channel, mine, LARGE, asked)
    assert counts(url)["remembered_requests"] == before["remembered_requests"] + 1
    said = succeeded("reset", "--folder", FOLDER, "--yes", database=url)
    assert re.search(r"triggers: 1, operations: 1, waiting events: 0, deliveries: 1", said)
    assert counts(url) == before
    with served(tmp_path / "third", target, url) as server, server.channel() as channel:
        again = new_timer(channel, "mine", cron=NEVER)
        assert again not in fire(channel, kept, "small", asked)
    assert "Nothing is wrong." in succeeded("check", database=url)


def test_a_reset_asks_first_and_needs_one_folder_and_no_servers(
    url: str, target: RecordingTarget, tmp_path: Path, new_store: Callable[[str], str]
) -> None:
    with served(tmp_path / "first", target, url) as server, server.channel() as channel:
        new_timer(channel, "mine", cron=NEVER)
        busy = run("reset", "--folder", FOLDER, "--yes", database=url)
        assert (busy.status, "another tocsin is using" in busy.stderr) == (1, True)
    before = counts(url)
    unsure = run("reset", "--folder", FOLDER, database=url)
    assert unsure.status == 1
    assert "triggers: 1" in unsure.stdout
    assert "Give --yes if you are sure" in unsure.stderr
    for wrong in ("*", "folders/x", "a,b"):
        refused = run("reset", "--folder", wrong, "--yes", database=url)
        assert (refused.status, "give the ID of one folder" in refused.stderr) == (2, True)
    unset = run("reset", "--folder", "", "--yes", database=url)
    assert (unset.status, "--folder must not be empty" in unset.stderr) == (2, True)
    said = succeeded("reset", "--folder", "typo", "--yes", database=url)
    assert f"Folders that have something: {FOLDER}" in said
    assert counts(url) == before
    missing = new_store("sqlite")
    nothing = run("reset", "--folder", FOLDER, "--yes", database=missing)
    assert (nothing.status, "does not exist" in nothing.stderr) == (1, True)
    assert not Path(missing.removeprefix("sqlite:///")).exists()


@pytest.mark.parametrize("schema", ["0030", "9999"])
def test_a_reset_does_not_migrate(
    schema: str, url: str, target: RecordingTarget, tmp_path: Path
) -> None:
    with served(tmp_path / "first", target, url) as server, server.channel() as channel:
        new_timer(channel, "mine", cron=NEVER)
    rows(url, f"UPDATE alembic_version SET version_num = '{schema}' RETURNING 1")
    refused = run("reset", "--folder", FOLDER, "--yes", database=url)
    assert refused.status == 1
    assert f"has schema {schema}" in refused.stderr
    assert rows(url, "SELECT count(*) FROM triggers") == [(1,)]


def test_each_table_of_folders_triggers_and_deliveries_is_reset() -> None:
    kept = {"access_accounts", "integration_schedules"}
    owners = {"folder_id", "trigger_id", "invocation_id"}
    theirs = {table.name for table in metadata.sorted_tables if owners & set(table.c.keys())}
    assert theirs - kept <= {table.name for table, _ in PARTS}
