"""A server notices that its database was removed, replaced or damaged, and acknowledges no more."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from server.fences.health import NOT_SERVING, SERVING, health
from server.fences.integrations import LOCATION, config_of
from stand.apis.google import GoogleGrpc, schedule
from stand.apis.wire import Refused
from stand.services.amazon import until
from stand.tocsin_process import run_tocsin, serve_command, serving

NOBODY = "http://127.0.0.1:1"
LATER = "2099-01-01T00:00:00Z"
CONFIG = config_of({"kept": NOBODY})


def scheduled(channel: grpc.Channel) -> str:
    """Schedules an execution for the far future."""
    [execution] = schedule(GoogleGrpc(channel), LOCATION, "kept", scheduleTime=LATER)
    return execution


def outcome(channel: grpc.Channel) -> str:
    """Returns `ok`, or the code with which a call was refused."""
    try:
        scheduled(channel)
    except Refused as refused:
        return refused.code
    return "ok"


def known(channel: grpc.Channel, execution: str) -> bool:
    """Returns whether the server has an execution that waits."""
    found = GoogleGrpc(channel).call("GetOperation", {"name": f"{LOCATION}/operations/{execution}"})
    return "done" not in found


def beside(database: Path, ending: str) -> Path:
    return database.with_name(database.name + ending)


def remove_log(database: Path) -> None:
    beside(database, "-wal").unlink()


def replace_log(database: Path) -> None:
    log = beside(database, "-wal")
    shutil.copy(log, beside(log, ".copy"))
    beside(log, ".copy").replace(log)


def empty_log(database: Path) -> None:
    beside(database, "-wal").write_bytes(b"")


def cut_log(database: Path) -> None:
    os.truncate(beside(database, "-wal"), 4096)


def remove_index(database: Path) -> None:
    beside(database, "-shm").unlink()


def remove_file(database: Path) -> None:
    database.unlink()


def replace_file(database: Path) -> None:
    copy = beside(database, ".copy")
    shutil.copy(database, copy)
    copy.replace(database)


def empty_file(database: Path) -> None:
    database.write_bytes(b"")


def move_folder(database: Path) -> None:
    database.parent.rename(database.parent.with_name("moved"))


HARMS = [
    remove_log,
    replace_log,
    empty_log,
    cut_log,
    remove_index,
    remove_file,
    replace_file,
    empty_file,
    move_folder,
]


@pytest.mark.parametrize("harm", HARMS)
def test_a_server_whose_files_are_gone_acknowledges_nothing(
    directory: Path, harm: Callable[[Path], None]
) -> None:
    data = directory / "data"
    data.mkdir()
    database = f"sqlite:///{data / 'tocsin.db'}"
    with serving(directory, CONFIG, "--database", database, http="off") as server:
        with server.channel() as channel:
            assert outcome(channel) == "ok"
            harm(data / "tocsin.db")
            # More than one commit takes at once, so that some wait while others are refused.
            with ThreadPoolExecutor(64) as clients:
                outcomes = set(clients.map(lambda _: outcome(channel), range(400)))
            assert outcomes == {"UNAVAILABLE"}
            with pytest.raises(Refused, match="can't be reached"):
                known(channel, "any")
        server.stop()
        assert "while the server used it" in server.log.read_text()
        assert "Traceback" not in server.log.read_text()


def test_what_was_answered_before_its_log_was_removed_outlives_a_kill(directory: Path) -> None:
    with serving(directory, CONFIG, http="off") as server, server.channel() as channel:
        answered = [scheduled(channel) for _ in range(20)]
        remove_log(directory / "tocsin.db")
        assert outcome(channel) == "UNAVAILABLE"
        until(lambda: "moved the lost log of SQLite" in server.log.read_text(), "the log is saved")
        server.kill()
    with serving(directory, CONFIG, http="off") as server, server.channel() as channel:
        assert all(known(channel, each) for each in answered)


def test_a_server_goes_on_when_its_file_is_back(directory: Path) -> None:
    database, away = directory / "tocsin.db", directory / "away.db"
    with serving(directory, CONFIG, http="off") as server, server.channel() as channel:
        before = scheduled(channel)
        database.rename(away)
        assert outcome(channel) == "UNAVAILABLE"
        until(lambda: health(channel) == NOT_SERVING, "health says so")
        away.rename(database)
        until(lambda: health(channel) == SERVING, "health says that the file is back")
        after = scheduled(channel)
        server.kill()
    with serving(directory, CONFIG, http="off") as server, server.channel() as channel:
        assert known(channel, before)
        assert known(channel, after)


def test_a_log_without_its_database_is_not_thrown_away(directory: Path) -> None:
    database = directory / "tocsin.db"
    with serving(directory, CONFIG, http="off") as server, server.channel() as channel:
        scheduled(channel)
        server.kill()
    database.rename(directory / "away.db")
    log = beside(database, "-wal").read_bytes()
    assert log
    ended = run_tocsin(*serve_command(directory, CONFIG, http="off")[1:])
    assert ended.status == 1
    assert "is missing or empty, but" in ended.stderr
    assert beside(database, "-wal").read_bytes() == log
    assert not database.exists()


def test_a_second_server_is_refused_whatever_name_it_has_for_the_file(directory: Path) -> None:
    database, other = directory / "tocsin.db", directory / "other"
    other.mkdir()
    (other / "tocsin.toml").write_text("")
    with serving(directory, CONFIG, http="off") as server, server.channel() as channel:
        scheduled(channel)
        (other / "tocsin.db").hardlink_to(database)
        beside(database, ".lock").unlink()
        for folder in (other, directory):
            ended = run_tocsin(*serve_command(folder, CONFIG, http="off")[1:])
            assert ended.status == 1
            assert "another tocsin is using" in ended.stderr
        # The refused ones dropped no lock: another program finds the database in use.
        program = sqlite3.connect(database, timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            program.execute("PRAGMA journal_mode = DELETE")
        program.close()
        assert beside(database, "-wal").exists()
        assert outcome(channel) == "ok"


def damage(database: Path, table: str) -> None:
    """Overwrites the first pages of a table and its indexes, in a database that is not in use."""
    with sqlite3.connect(database) as connection:
        pages = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE tbl_name = ?", (table,)
        ).fetchall()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    assert pages
    with database.open("r+b") as file:
        for (page,) in pages:
            file.seek((page - 1) * size)
            file.write(b"\xff" * size)


def stopped_with_data(directory: Path) -> None:
    with serving(directory, CONFIG, http="off") as server:
        with server.channel() as channel:
            scheduled(channel)
        assert server.stop() == 0


def test_a_damaged_page_ends_readiness_with_a_reason(directory: Path) -> None:
    stopped_with_data(directory)
    damage(directory / "tocsin.db", "batches")
    with serving(directory, CONFIG, http="off") as server, server.channel() as channel:
        until(lambda: health(channel) == NOT_SERVING, "health says so")
        # What lies on other pages works.
        assert outcome(channel) == "ok"
        until(lambda: "engine step keeps failing" in server.log.read_text(), "the log says why")
        assert "the database is damaged: restore a backup" in server.log.read_text()


def test_a_call_that_needs_a_damaged_page_learns_of_it(directory: Path) -> None:
    stopped_with_data(directory)
    damage(directory / "tocsin.db", "remembered_requests")
    with serving(directory, CONFIG, http="off") as server, server.channel() as channel:
        until(lambda: health(channel) == NOT_SERVING, "health says so")
        request = {"requestId": "8b4a9f0e-0000-4000-8000-000000000001", "scheduleTime": LATER}
        with pytest.raises(Refused) as refused:
            schedule(GoogleGrpc(channel), LOCATION, "kept", **request)
        assert refused.value.code == "DATA_LOSS"
        assert "restore a backup" in str(refused.value)


def test_a_damaged_database_that_stops_the_start_is_called_so(directory: Path) -> None:
    stopped_with_data(directory)
    damage(directory / "tocsin.db", "alembic_version")
    ended = run_tocsin(*serve_command(directory, CONFIG, http="off")[1:])
    assert ended.status == 1
    assert "the database is damaged: restore a backup" in ended.stderr
    assert "Traceback" not in ended.stderr


MISSING_LOG = "the database was in use when it was last written, but its log is missing"


def test_a_copy_without_its_log_starts_with_a_word(tmp_path: Path) -> None:
    database = tmp_path / "tocsin.db"
    with serving(tmp_path, CONFIG, http="off") as server, server.channel() as channel:
        scheduled(channel)
        copy = tmp_path / "copy" / "tocsin.db"
        copy.parent.mkdir()
        shutil.copy(database, copy)
        server.kill()
    with serving(copy.parent, CONFIG, http="off"):
        pass
    assert MISSING_LOG in (copy.parent / "log").read_text()


def test_a_start_after_a_stop_or_a_kill_says_nothing_of_a_missing_log(tmp_path: Path) -> None:
    for kill in (False, True, False):
        with serving(tmp_path, CONFIG, http="off") as server, server.channel() as channel:
            scheduled(channel)
            if kill:
                server.kill()
    assert MISSING_LOG not in (tmp_path / "log").read_text()
