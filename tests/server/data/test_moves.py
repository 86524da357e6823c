"""A store moves to the other kind of database, whole, and nobody serves the old one after that."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from server.data.stores import (
    LOCATION,
    NEVER,
    new_execution,
    new_timer,
    rows,
    served,
    succeeded,
    tocsin,
)
from stand.apis.google import GoogleGrpc, finished, schedule
from stand.moves import moved
from stand.recording_target import RecordingTarget
from stand.tocsin_process import run_tocsin, serve_command
from tocsin.store.copying.checksums import checksum
from tocsin.store.schema import metadata

OTHER = {"sqlite": "postgresql", "postgresql": "sqlite"}
SPOKEN = ("compatibility", "copies", "copied_tables", "large_values")
# Large enough that the store keeps it apart on SQLite, and small enough for a page of PostgreSQL.
LARGE = "y" * 10_000


def content(url: str) -> dict[str, list[object]]:
    """Every row of every table but what is about the copy itself."""
    found: dict[str, list[object]] = {}
    for table in metadata.sorted_tables:
        if table.name not in SPOKEN:
            names = ", ".join(
                f"length({name})"
                if table.name == "invocations" and name in ("payload", "message")
                else name
                for name in table.c.keys()  # noqa: SIM118
            )
            found[table.name] = sorted(rows(url, f"SELECT {names} FROM {table.name}"), key=repr)
    return found


def refused_start(directory: Path, url: str) -> str:
    """The words with which a server refuses a store."""
    directory.mkdir(exist_ok=True)
    ended = run_tocsin(*serve_command(directory, "", "--database", url, http="off")[1:])
    assert ended.status == 1
    return ended.stderr


def test_everything_moves_and_moves_back(
    url: str, kind: str, new_store: Callable[[str], str], target: RecordingTarget, tmp_path: Path
) -> None:
    there, back = new_store(OTHER[kind]), new_store(kind)
    with served(tmp_path / "first", target, url) as server, server.channel() as channel:
        timer = new_timer(channel, "nightly", cron=NEVER)
        waiting = new_execution(channel)
        large = {"text": {"stringValue": LARGE}}
        [done] = schedule(GoogleGrpc(channel), LOCATION, "nightly", inputParameters=large)
        finished(GoogleGrpc(channel), LOCATION, done)
    status, said, _ = moved(url, there, "--dry-run")
    assert status == 0
    assert "rows in all would be moved" in said
    status, said, problem = moved(url, there)
    assert status == 0, problem
    assert re.search(r"^ +2  [0-9a-f]{32}  invocations$", said, re.MULTILINE)
    assert "was moved to" in refused_start(tmp_path / "refused", url)
    with served(tmp_path / "second", target, there) as server, server.channel() as channel:
        finished(GoogleGrpc(channel), LOCATION, done)
        assert new_timer(channel, "another", cron=NEVER)
    before = content(there)
    status, said, problem = moved(there, back)
    assert status == 0, problem
    lengths = content(back)
    if kind == "sqlite":
        [(apart,)] = rows(back, "SELECT count(*) FROM large_values")
        assert apart > 0
    for name in before.keys() - {"invocations"}:
        assert lengths[name] == before[name], name
    with served(tmp_path / "third", target, back) as server, server.channel() as channel:
        found = finished(GoogleGrpc(channel), LOCATION, done)
        assert LARGE in str(found) or found
        assert {id_ for (id_,) in rows(back, "SELECT id FROM triggers")} > {timer}
        shown = GoogleGrpc(channel).call(
            "GetOperation", {"name": f"{LOCATION}/operations/{waiting}"}
        )
        assert "done" not in shown


def test_a_move_needs_an_empty_database_and_no_servers(
    url: str, kind: str, new_store: Callable[[str], str], target: RecordingTarget, tmp_path: Path
) -> None:
    there = new_store(OTHER[kind])
    with served(tmp_path / "first", target, url) as server, server.channel() as channel:
        new_timer(channel, "mine", cron=NEVER)
        status, _, problem = moved(url, there)
        assert status == 1
        assert "another tocsin is using" in problem
    with served(tmp_path / "second", target, there) as server, server.channel() as channel:
        new_timer(channel, "theirs", cron=NEVER)
    for options in ((), ("--dry-run",)):
        status, _, problem = moved(url, there, *options)
        assert status == 1
        assert "has data: a move needs a database that is new or empty" in problem
    status, _, problem = moved(url, url)
    assert status == 1
    assert "name the same database" in problem
    with served(tmp_path / "third", target, url):
        pass


def test_a_move_that_was_killed_goes_on_or_is_given_up(
    kind: str, new_store: Callable[[str], str], target: RecordingTarget, tmp_path: Path
) -> None:
    url, there, elsewhere = new_store(kind), new_store(OTHER[kind]), new_store(OTHER[kind])
    with served(tmp_path / "first", target, url) as server, server.channel() as channel:
        timers = {new_timer(channel, f"timer-{number}", cron=NEVER) for number in range(3)}
    interrupted(url, there)
    assert "has not ended" in refused_start(tmp_path / "refused", url)
    assert "has not ended" in refused_start(tmp_path / "refused", there)
    status, _, problem = moved(url, elsewhere)
    assert status == 1
    assert "is being moved to" in problem
    status, _, problem = moved(url, there)
    assert status == 0, problem
    assert {id_ for (id_,) in rows(there, "SELECT id FROM triggers")} == timers
    with served(tmp_path / "second", target, there):
        pass


def test_a_move_that_is_given_up_leaves_the_source_as_it_was(
    kind: str, new_store: Callable[[str], str], target: RecordingTarget, tmp_path: Path
) -> None:
    url, there = new_store(kind), new_store(OTHER[kind])
    with served(tmp_path / "first", target, url) as server, server.channel() as channel:
        timer = new_timer(channel, "mine", cron=NEVER)
    interrupted(url, there)
    status, said, problem = moved(url, there, "--abandon")
    assert status == 0, problem
    assert "gave up move mov" in said
    with served(tmp_path / "second", target, url):
        assert rows(url, "SELECT id FROM triggers") == [(timer,)]
    assert rows(there, "SELECT id FROM triggers") == []
    with served(tmp_path / "third", target, there):
        pass


def interrupted(source: str, destination: str) -> None:
    """Leaves a move as a kill leaves it: some tables are there, and neither side knows an end."""
    status, _, problem = moved(source, destination)
    assert status == 0, problem
    for url in (source, destination):
        rows(url, "UPDATE copies SET ended_at = NULL RETURNING id")
    rows(destination, "DELETE FROM triggers RETURNING id")
    rows(destination, "DELETE FROM copied_tables WHERE name = 'triggers' RETURNING name")


def test_a_checksum_is_the_same_with_every_python() -> None:
    row = ("id", 1, None, 2**62, -5, b"\0\xff", "\N{SNOWMAN}", "")
    assert f"{checksum([row]):032x}" == "3e3d3bedd66e42268a43ee3c7123b851"
    assert checksum([row, row]) == 2 * checksum([row]) % 2**128
    assert checksum([row[::-1], row]) == checksum([row, row[::-1]])


@pytest.mark.parametrize("harm", ["orphan", "column"])
def test_a_check_says_what_is_wrong(
    harm: str, url: str, target: RecordingTarget, tmp_path: Path
) -> None:
    with served(tmp_path / "first", target, url) as server, server.channel() as channel:
        new_timer(channel, "mine")
        said = succeeded("check", database=url)
        assert "Nothing is wrong." in said
        assert "triggers: 1" in said
    if harm == "orphan":
        rows(url, "INSERT INTO armed_timers VALUES ('gone', 5) RETURNING trigger_id")
    else:
        rows(url, "ALTER TABLE triggers DROP COLUMN contract")
    wrong = tocsin("check", database=url)
    assert wrong.status == 1
    words = {"orphan": "1 armed_timers of triggers that don't exist", "column": "contract"}
    assert words[harm] in wrong.stderr


def test_a_check_leaves_the_log_of_a_killed_server_and_finds_a_missing_one(
    new_store: Callable[[str], str], target: RecordingTarget, tmp_path: Path
) -> None:
    url = new_store("sqlite")
    with served(tmp_path / "first", target, url) as server, server.channel() as channel:
        new_timer(channel, "mine")
        server.kill()
    assert "triggers: 1" in succeeded("check", database=url)
    log = Path(url.removeprefix("sqlite:///") + "-wal")
    assert log.stat().st_size > 0
    log.unlink()
    wrong = tocsin("check", database=url)
    assert wrong.status == 1
    assert "its log tocsin.db-wal is missing" in wrong.stderr
