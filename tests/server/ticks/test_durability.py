"""What was answered stays, whatever happens to the process; what stops, stops altogether."""

import re
import signal
import sqlite3
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stand.apis.google import NEVER, GoogleGrpc, finished, operation, schedule
from stand.apis.wire import Refused
from stand.recording_target import Received, RecordingTarget, held_until
from stand.tocsin_process import run_tocsin, serve_command, serving
from tocsin.store.driver.database import StoreError
from tocsin.store.driver.opening import open_database


def test_what_was_under_way_at_kill_9_is_delivered_again_with_the_same_id(
    directory: Path, config: str, target: RecordingTarget, location: str
) -> None:
    let_go = threading.Event()
    target.answers["/held"] = held_until(let_go)
    mine = str(uuid.uuid4())

    def is_mine(call: Received) -> bool:
        return f'"executionId":"{mine}"'.encode() in call.body

    with serving(directory, config, http="off") as server, server.channel() as channel:
        schedule(GoogleGrpc(channel), location, "held", userGeneratedExecutionId=mine)
        target.wait_for(is_mine)
        server.kill()
    let_go.set()
    with serving(directory, config, http="off") as server, server.channel() as channel:
        finished(GoogleGrpc(channel), location, mine)
        first, second = target.wait_for(is_mine, count=2)
        assert first.body == second.body
        assert first.headers["x-request-id"] == second.headers["x-request-id"] != mine


def test_a_stop_lets_a_delivery_finish(
    directory: Path, config: str, target: RecordingTarget, location: str
) -> None:
    let_go = threading.Event()
    target.answers["/held"] = held_until(let_go)
    with serving(directory, config, http="off") as server, server.channel() as channel:
        [mine] = schedule(GoogleGrpc(channel), location, "held")
        target.wait_for(lambda call: call.headers["x-request-id"] == mine)
        server.process.send_signal(signal.SIGTERM)
        let_go.set()
        assert server.process.wait(30) == 0
    with serving(directory, config, http="off") as server, server.channel() as channel:
        shown = operation(GoogleGrpc(channel), location, mine)
        assert shown["response"]
    assert len(target.all(lambda call: call.headers["x-request-id"] == mine)) == 1


def test_a_stop_ends_a_call_that_outlasts_the_grace(
    directory: Path, config: str, location: str
) -> None:
    environment = {"TOCSIN_GRACE": "0.2"}
    with (
        serving(directory, config, http="off", environment=environment) as server,
        server.channel() as channel,
    ):
        api = GoogleGrpc(channel)
        [mine] = schedule(api, location, "nightly", scheduleTime=NEVER)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(finished, api, location, mine)
            assert server.stop() == 0
            assert isinstance(waiting.exception(), Refused)


def is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    # Whoever adopted it may be late to bury it.
    return stat.rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(pids: list[int]) -> None:
    give_up = time.monotonic() + 30
    while any(is_running(pid) for pid in pids):
        assert time.monotonic() < give_up
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_and_its_envoy(directory: Path, number: int) -> None:
    with serving(directory) as server:
        children = server.children()
        assert children
        assert server.stop(number) == 0
        assert not any(is_running(pid) for pid in children)
        assert server.process.stdout is not None
        assert server.process.stdout.read() == ""
        assert "Traceback" not in server.log.read_text()


def test_kill_9_leaves_no_envoy(directory: Path) -> None:
    with serving(directory) as server:
        children = server.children()
        assert children
        server.kill()
        wait_until_gone(children)


def test_a_second_server_on_the_same_database_is_refused(directory: Path) -> None:
    with serving(directory, http="off"):
        ended = run_tocsin(*serve_command(directory)[1:])
    assert ended.status == 1
    assert ended.stdout == ""
    assert f"another tocsin is using {directory / 'tocsin.db'}" in ended.stderr
    assert "--database" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_database_of_a_newer_tocsin_is_refused_and_left_alone(directory: Path) -> None:
    with serving(directory, http="off") as server:
        server.stop()
    file = directory / "tocsin.db"
    connection = sqlite3.connect(file)
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.execute("UPDATE compatibility SET oldest_known = '9998'")
    connection.close()

    ended = run_tocsin(*serve_command(directory)[1:])
    assert (ended.status, ended.stdout) == (1, "")
    assert f"{file} was written by a newer Tocsin (its schema is 9999" in ended.stderr
    assert "Traceback" not in ended.stderr
    connection = sqlite3.connect(file)
    assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
    connection.close()


def test_a_damaged_database_is_refused_and_left_alone(directory: Path) -> None:
    file = directory / "tocsin.db"
    file.write_bytes(b"no database " * 1000)
    ended = run_tocsin(*serve_command(directory)[1:])
    assert (ended.status, ended.stdout) == (1, "")
    assert f"{file} is not a SQLite database" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert file.read_bytes() == b"no database " * 1000


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgres", "must be a URL"),
        ("mysql://localhost/x", "'mysql' are not supported"),
        ("sqlite:///:memory:", "does not name a file"),
        ("sqlite:////dev/null/x/t.db", "can't use /dev/null/x/t.db: Not a directory"),
        ("sqlite:////tmp", "can't use /tmp: Is a directory"),
    ],
)
def test_a_database_that_cannot_be_opened_is_told(url: str, told: str) -> None:
    with pytest.raises(StoreError, match=re.escape(told)):
        open_database(url)
