"""The statements of the hot paths go by an index: no scan, no sort, whatever lies in the tables.

`make million` asserts the same with a million rows in each.
"""

import json
import os
import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Executable
from sqlalchemy.dialects import sqlite as sqlite_dialect

from stand.services.postgres_server import PostgresServer, in_a_loop
from store.work import opened
from tocsin.store import duties, schema
from tocsin.store import nodes as node_states
from tocsin.store.access import accounts, authorised_keys, bindings, credentials, tokens
from tocsin.store.driver.file.connecting import connect as connect_sqlite
from tocsin.store.driver.opening import migrate_sqlite
from tocsin.store.driver.postgresql import PostgresStatements
from tocsin.store.driver.primary.connecting import Primary
from tocsin.store.driver.primary.urls import parse_url
from tocsin.store.driver.transaction import Statements
from tocsin.store.events import accepted as events
from tocsin.store.events import held_messages, intakes, sources, subscriptions
from tocsin.store.events import reconciliation as event_reconciliation
from tocsin.store.expiry import PROOFS, REMEMBERED
from tocsin.store.invocations import (
    deliveries,
    depths,
    executions,
    large_values,
    listing,
    parking,
    reconciliation,
    retention,
    steering,
)
from tocsin.store.invocations import locations as places_of_runs
from tocsin.store.invocations import rows as invocations
from tocsin.store.invocations.selecting import statements
from tocsin.store.jobs import rows as jobs
from tocsin.store.notices import causes
from tocsin.store.overview import activity, forecast, single_triggers, trouble
from tocsin.store.triggers import changes, counting, decisions, missed, operations, timers
from tocsin.store.triggers import folders as places
from tocsin.store.triggers import idempotency as requests
from tocsin.store.triggers import listing as tables
from tocsin.store.triggers import rows as triggers

EVERY, OF_ORIGIN = statements(of_origin=False), statements(of_origin=True)
HOT = {
    "trigger by id": triggers.SELECT,
    "when a cause was told of": causes.NOTICED_AT,
    "end of a cause": causes.END,
    "late timers": causes.LATE,
    "ticks missed since": causes.MISSED_SINCE,
    "schedules that are late": causes.LATE_SCHEDULES,
    "integrations whose schedule is late": causes.LATE_CONFIGS,
    "latest run of a schedule": causes.LATEST_OF_SCHEDULE,
    "latest runs of an integration": causes.LATEST_OF_INTEGRATION,
    "latest tick of a trigger": causes.LATEST_MADE,
    "latest runs of a trigger": single_triggers.LATEST_RUNS,
    "trigger that has metrics": single_triggers.BY_NAME,
    "triggers that have metrics": single_triggers.OF_FOLDER,
    "decisions that go on": missed.GOING_ON,
    "decisions that ended": missed.ENDED,
    "timers that are late": missed.LATE_TIMERS,
    "schedules of integrations that are late": missed.LATE_CONFIGS,
    "message of a trigger": triggers.MESSAGE,
    "page of a folder": triggers.PAGE,
    "trigger by name": triggers.NAMED,
    "counting triggers of a folder": triggers.COUNT,
    "folder of a trigger": places.OF_TRIGGER,
    "folder of a trigger that is gone": places.OF_DELETED_TRIGGER,
    "parent of what a trigger made": places.PARENT_OF_ORIGIN,
    "folder of an operation": places.OF_OPERATION,
    "place of an invocation": places.OF_INVOCATION,
    "operation by id": operations.SELECT,
    "page of operations": operations.PAGE,
    "due timers": timers.DUE,
    "next tick": timers.EARLIEST,
    "who listens": subscriptions.LISTENERS,
    "whether one listens": subscriptions.LISTENER,
    "whether another listens": subscriptions.OTHERS,
    "who does not listen yet": subscriptions.UNSUBSCRIBED,
    "listening no more": subscriptions.DELETE,
    "waiting events": events.WAITING,
    "taking events": events.TAKE,
    "dropping events": events.DROP,
    "next batch": events.EARLIEST,
    "due batches": events.DUE,
    "triggers whose source is asked": sources.PAGE,
    "how an intake stands": intakes.ONE,
    "how the intakes of a folder stand": intakes.PAGE,
    "holding a part of a source": sources.RENEW,
    "how far a part was read": sources.MOVE,
    "parts of a source": sources.PARTS,
    "messages that are delivered": held_messages.ENDED,
    "a message that came again": held_messages.AGAIN,
    "messages that became a call": held_messages.SENT,
    "a message that is done": held_messages.RELEASE,
    "a message that may come again": held_messages.FORGET,
    "remembered request": requests.SELECT,
    "invocation by id": invocations.SELECT,
    "page of executions": invocations.PAGE,
    "executions of a trigger in a state": executions.OF_TRIGGER[False],
    "the oldest of a trigger in a state": executions.OF_TRIGGER[True],
    "executions of a trigger that no column tells": executions.OF_UNKNOWN_TRIGGER[False],
    "the oldest of a trigger that no column tells": executions.OF_UNKNOWN_TRIGGER[True],
    "next trigger of an integration": executions.NEXT_TRIGGER,
    "next integration of a location": executions.NEXT_ORIGIN,
    "what replays one": executions.REPLAYS,
    "the execution of an instant": listing.OF_OCCURRENCE,
    "next invocation": deliveries.NEXT_DUE,
    "first of what waits": deliveries.FIRST,
    "what is due": deliveries.CANDIDATES,
    "what is due of a target": deliveries.CANDIDATES_OF_TARGET,
    "targets that are waited for": deliveries.WAITING_TARGETS,
    "taking": deliveries.TAKE,
    "keeping": deliveries.EXTEND,
    "finishing": deliveries.FINISH.returning,
    "putting back": deliveries.PUT_BACK,
    "handing back": deliveries.HAND_BACK,
    "all invocations": EVERY.page,
    "all invocations, the oldest first": statements(of_origin=False, forward=True).page,
    "invocations of an origin": OF_ORIGIN.page,
    "invocations of an origin, the oldest first": statements(of_origin=True, forward=True).page,
    "troubled invocations": statements(of_origin=False, troubled=True).page,
    "troubled invocations of an origin": statements(of_origin=True, troubled=True).page,
    "a stretch of all": EVERY.stretch,
    "a stretch of an origin": OF_ORIGIN.stretch,
    "a stretch of the troubled": statements(of_origin=False, troubled=True).stretch,
    "counting what an error has in it": statements(of_origin=False, by=("error_text",)).counting,
    "oldest of an origin": listing.OLDEST,
    "under way at a target": listing.UNDER_WAY,
    "a value that is kept apart": large_values.VALUE,
    "how large values are": large_values.BYTES_OF,
    "deleting large values": large_values.DELETE,
    "delivering again": steering.RETRY,
    "dead letters": steering.CANDIDATES,
    "counting dead letters": steering.COUNT,
    "redriving": steering.REDRIVE,
    "locking what is steered": steering.LOCK_ALL,
    "job by id": jobs.SELECT,
    "jobs, the latest first": jobs.PAGE,
    "the next job": jobs.NEXT,
    "since when a job goes on": jobs.FIRST_SINCE,
    "a job, a step further": jobs.ADVANCE,
    "stopping a job": jobs.CANCEL,
    "what keeps a trigger from being delivered": parking.WITHHOLDING_OF,
    "origins of what is set aside": parking.ORIGINS,
    "what may wait for a trigger": parking.PAGE,
    "locking what waits for a trigger": parking.LOCK,
    "parking": parking.PARK,
    "cancelling for a deleted trigger": parking.CANCEL,
    "what is parked": parking.PARKED,
    "unparking": parking.UNPARK,
    "next trigger with something parked": parking.NEXT_PARKED_ORIGIN,
    "how far parking got": parking.WALK,
    "parking, a step further": parking.MOVE,
    "parking that ends": parking.END,
    "the pause of a trigger": decisions.PAUSE,
    "armed timer": timers.ARMED_AT,
    "decision about an instant": decisions.LATEST,
    "decision after an instant": decisions.FOLLOWING,
    "end of a pause": decisions.END_PAUSE,
    "decision that goes on": decisions.EXTEND,
    "handing back of one node": deliveries.HAND_BACK_OF_NODE,
    "arming": timers.DELETE,
    "change numbers": changes.NUMBERS,
    "finished, a page": retention.END_OF_PAGE,
    "finished, the rows of a page": retention.ROWS_OF_PAGE,
    "finished, to be swept": retention.FINISHED,
    "sweeping": retention.DELETE,
    "ticks that were swept": retention.SWEPT_UNTIL,
    "operations, to be swept": retention.OLD_OPERATIONS,
    "sweeping operations": retention.DELETE_OPERATIONS,
    "a page of triggers with what is armed": reconciliation.TIMERS,
    "a page of armed timers": reconciliation.ARMED,
    "lost invocations": reconciliation.LOST_PAGE,
    "taking up a lost one": reconciliation.TAKE_UP,
    "end of a slice of what waits": reconciliation.END_OF_SLICE,
    "what waits longest": reconciliation.LATEST,
    "odd ones of a slice": reconciliation.ODD,
    "overdue": reconciliation.OVERDUE,
    "repairing": reconciliation.DUE_AT,
    "a page of triggers that may listen": event_reconciliation.LISTENERS,
    "what a page of triggers listens to": event_reconciliation.LISTENING,
    "what a trigger listens to": event_reconciliation.CHANNELS_OF,
    "a page of batches with their first events": event_reconciliation.BATCHES,
    "a batch to be repaired": event_reconciliation.LOCK_BATCH,
    "first event of a trigger": event_reconciliation.FIRST_OF,
    "the next trigger with an event": event_reconciliation.NEXT_WAITING,
    "whether there is a batch": event_reconciliation.HAS_BATCH,
    "counting events of a trigger": event_reconciliation.COUNT,
    "opening a batch": event_reconciliation.FILL,
    "making a batch due": event_reconciliation.DUE_AT,
    "leaving alone": reconciliation.STOP_WAITING,
    "account by id": accounts.SELECT,
    "authorised key by id": authorised_keys.SELECT,
    "whose secret it is": credentials.BY_DIGEST,
    "secret by id": credentials.SELECT,
    "whether a token was revoked": tokens.REVOKED,
    "whether a JWT was used": tokens.USED,
    "roles of a subject": bindings.OF_SUBJECT,
    "holding a duty": duties.RENEW,
    "armed timers of a day": forecast.TIMERS,
    "armed timers of a folder": forecast.TIMERS_OF_FOLDER,
    "schedules of a day": forecast.SCHEDULES,
    "trigger configs of a day": forecast.CONFIGS,
    "counting what ended": activity.COUNT,
    "lags of what succeeded": activity.LAGS,
    "names of triggers": activity.NAMES,
    "silent sources": trouble.SILENT_SOURCES,
    "nodes that leave": node_states.FORGET,
    "folders": counting.FOLDERS,
    "pauses": counting.PAUSES,
    "triggers with their folders": tables.PLACED_TRIGGERS,
    **{f"locations {number}": each for number, each in enumerate(places_of_runs.LOCATIONS)},
    "triggers of a folder by their states": counting.COUNTS,
    **{f"a table by id, reversed {way}": tables.BY_ID[way] for way in (False, True)},
    **{f"a table by name, reversed {way}": tables.BY_NAME[way] for way in (False, True)},
    **{f"unnamed in a table, reversed {way}": tables.UNNAMED[way] for way in (False, True)},
    **{f"a table by tick, reversed {way}": tables.TICKING[way] for way in (False, True)},
    **{f"unarmed in a table, reversed {way}": tables.UNARMED[way] for way in (False, True)},
    "facts of the rows of a table": tables.FACTS,
    "latest invocations": tables.LATEST_IDS,
    "what a table shows of invocations": tables.LATEST_OF,
    "folders of some triggers": tables.FOLDERS_OF,
    **{f"expired {each.table}": each.delete for each in (*REMEMBERED, *PROOFS)},
    **{f"a slice of {each.table}": each.end_of_slice for each in (*REMEMBERED, *PROOFS)},
}


# What is counted for a gauge: up to a limit and along an index, though grouped after that.
COUNTED = {
    "what waits": depths.WAITING_BY_STATE,
    "what is held": depths.HELD_COUNT,
    "deliveries of each node": node_states.UNDER_WAY,
    "what is due by minutes": forecast.DUE,
    "what ended by resources": activity.COUNT_BY_RESOURCE,
    "what failed by origins": activity.FAILED,
    "late invocations": trouble.INVOCATIONS,
    "late ticks": trouble.TICKS,
    "late batches": trouble.BATCHES,
}

# Enough that going by an index pays: 20 folders, 5 % of the invocations still to be delivered.
ROWS = int(os.environ.get("TOCSIN_TEST_ROWS", "20000"))
FILL = """
INSERT INTO triggers (id, folder_id, name, message)
    SELECT 'i' || n, 'f' || (n % 20), 'n' || n, 'm' FROM numbers;
INSERT INTO operations (id, trigger_id, message)
    SELECT 'i' || n, 'i' || (n % 5000), 'm' FROM numbers;
INSERT INTO armed_timers (trigger_id, next_at)
    SELECT 'i' || n, n FROM numbers;
INSERT INTO swept_ticks (trigger_id, until)
    SELECT 'i' || n, n FROM numbers;
INSERT INTO remembered_requests (scope, key, fingerprint, answer, expires_at)
    SELECT 's' || (n % 5), 'k' || n, 'f', 'a', n FROM numbers;
INSERT INTO invocations
    (id, parent, origin, occurrence, state, scheduled_at, next_at, node, attempts, target, action,
     payload, created_at, finished_at)
    SELECT 'i' || n, 'p' || (n % 20), 'i' || (n % 5000), 'i' || (n % 5000) || '/' || n,
           CASE WHEN n % 20 = 0 THEN 'pending' WHEN n % 7 = 0 THEN 'failed' ELSE 'succeeded' END,
           n, CASE WHEN n % 20 = 0 THEN n END, CASE WHEN n % 200 = 0 THEN 'n' || (n % 3) END, 0,
           't' || (n % 5), 'a', 'p', n, CASE WHEN n % 20 <> 0 THEN n END
    FROM numbers;
INSERT INTO large_values (invocation_id, field, bytes, value)
    SELECT 'i' || n, 'payload', 1, CAST('p' AS {bytes}) FROM numbers WHERE n % 2 = 0;
INSERT INTO subscriptions (kind, key, trigger_id)
    SELECT 'k' || (n % 10), 'b' || (n % 1000), 'i' || n FROM numbers;
INSERT INTO events (trigger_id, id, received_at, body)
    SELECT 'i' || (n % 1000), 'e' || n, n, '{}' FROM numbers;
INSERT INTO batches (trigger_id, due_at, events, bytes)
    SELECT 'i' || n, CASE WHEN n % 20 > 0 THEN n END, 3, 100 FROM numbers;
INSERT INTO accepted_events (trigger_id, key, expires_at)
    SELECT 'i' || (n % 1000), 'e' || n, n FROM numbers;
INSERT INTO source_parts (trigger_id, part, position, node, held_until)
    SELECT 'i' || (n % 1000), 'p' || n, '', 'n', n FROM numbers;
INSERT INTO source_states (trigger_id, connected, refused)
    SELECT 'i' || n, 1, 0 FROM numbers;
INSERT INTO held_messages (trigger_id, key, receipt, event_id, invocation_id)
    SELECT 'i' || (n % 1000), 'k' || n, 'r', 'e' || n, 'i' || n FROM numbers;
INSERT INTO access_accounts (id, kind, folder_id, name, created_at, tokens_from, configured)
    SELECT 'i' || n, 'serviceAccount', 'f' || (n % 20), 'n' || n, n, n, 0 FROM numbers;
INSERT INTO access_keys
    (id, account_id, algorithm, public_key, description, created_at, configured)
    SELECT 'i' || n, 'i' || n, 'a', 'p', '', n, 0 FROM numbers;
INSERT INTO access_credentials
    (id, kind, account_id, digest, description, created_at, expires_at)
    SELECT 'i' || n, 'apiKey', 'i' || n, CAST('d' || n AS {bytes}), '', n,
           CASE WHEN n % 20 = 0 THEN n END
    FROM numbers;
INSERT INTO access_bindings (resource, subject, role, configured)
    SELECT 'folders/f' || (n % 20), 'serviceAccount:i' || n, 'viewer', 0 FROM numbers;
INSERT INTO access_revoked_tokens (id, expires_at) SELECT 't' || n, n FROM numbers;
INSERT INTO access_used_assertions (digest, used_at, expires_at)
    SELECT CAST('d' || n AS {bytes}), n, n FROM numbers;
INSERT INTO jobs (id, kind, state, resource, subject, wanted, selected, at_least, changed, skipped,
     created_at, finished_at)
    SELECT 'i' || n, 'retry', 'done', '*', '', '{}', n, 0, n, 0, n, CASE WHEN n % 20 > 0 THEN n END
    FROM numbers;
UPDATE invocations SET parked_due_at = next_at, next_at = 253370764800000000
    WHERE next_at IS NOT NULL AND node IS NULL AND CAST(substr(id, 2) AS INTEGER) % 60 = 0;
INSERT INTO parking_walks (trigger_id, since, before_at, before_id)
    SELECT 'i' || n, n, n, 'i' FROM numbers;
UPDATE triggers SET subscribed = 1 WHERE id > 'i2';
INSERT INTO decisions (id, trigger_id, kind, first_at, last_at, count, detail, decided_at)
    SELECT 'i' || n, 'i' || (n % 5000), 'pause', n, CASE WHEN n % 20 <> 0 THEN n END, 1, 'd', n
    FROM numbers;
ANALYZE;
"""
# All of an index that holds nothing, unless something went wrong or an older node was at work; of
# one that has an entry for each kind of source; and of one that holds just what is asked for.
WALKS = {
    "SCAN source_states USING INDEX source_states_disconnected",
    "SCAN change_numbers USING INDEX sqlite_autoindex_change_numbers_1",
    "SCAN invocations USING INDEX invocations_lost",
    "SCAN triggers USING INDEX triggers_to_subscribe",
    "SCAN jobs USING INDEX jobs_running",
}
FILLED_WITHIN_SECONDS = 600
NUMBERS = {
    "sqlite": """
CREATE TEMP VIEW numbers AS
    WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {rows})
    SELECT n FROM counted;
""",
    "postgresql": "CREATE TEMP VIEW numbers AS SELECT generate_series(1, {rows}) AS n;",
}


@pytest.fixture(scope="module", params=["never analyzed", "analyzed"])
def sqlite(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[sqlite3.Connection]:
    """A node never analyzes its tables. Somebody else may have."""
    path = tmp_path_factory.mktemp("plans") / "tocsin.db"
    # By the migrations, in the order of columns that users have.
    migrate_sqlite(path)
    connection = connect_sqlite(path)
    connection.executescript(NUMBERS["sqlite"].format(rows=ROWS))
    fill = FILL.replace("{bytes}", "BLOB")
    if request.param == "never analyzed":
        fill = fill.replace("ANALYZE;", "")
    connection.executescript(f"PRAGMA synchronous = OFF; BEGIN; {fill} COMMIT;")
    yield connection
    connection.close()


@pytest.mark.parametrize("name", HOT)
def test_it_goes_by_an_index_on_sqlite(sqlite: sqlite3.Connection, name: str) -> None:
    statement = Statements(sqlite_dialect.dialect(paramstyle="named")).compiled(HOT[name])
    names = {
        part.split(")")[0].split(",")[0].split()[0]
        for part in statement.text.replace("\n", " ").split(":")[1:]
    }
    values = dict.fromkeys(names, 1) | statement.bound
    plan = [row[3] for row in sqlite.execute(f"EXPLAIN QUERY PLAN {statement.text}", values)]
    assert plan
    tables = tuple(f"SCAN {table}" for table in schema.metadata.tables)
    scans = [step for step in plan if step.startswith(tables) and step not in WALKS]
    sorts = [step for step in plan if "TEMP B-TREE" in step]
    assert (scans, sorts) == ([], []), plan


# These are answered by an index alone, whatever the rows hold.
COVERED = [
    *("next invocation", "targets that are waited for", "a stretch of all"),
    *("a stretch of an origin", "oldest of an origin", "end of a slice of what waits"),
    *("what waits longest", "overdue", "finished, a page", "finished, the rows of a page"),
]


@pytest.mark.parametrize("name", COVERED)
def test_an_index_alone_answers_it_on_sqlite(sqlite: sqlite3.Connection, name: str) -> None:
    statement = Statements(sqlite_dialect.dialect(paramstyle="named")).compiled(HOT[name])
    names = re.findall(r":(\w+)", statement.text)
    values = dict.fromkeys(names, 1) | statement.bound
    plan = [row[3] for row in sqlite.execute(f"EXPLAIN QUERY PLAN {statement.text}", values)]
    steps = [step for step in plan if "invocations" in step]
    assert steps
    assert [step for step in steps if "COVERING INDEX" not in step] == [], plan


LARGE_COLUMNS = {
    ("invocations", "payload"),
    ("invocations", "message"),
    ("invocations", "answer"),
    ("large_values", "value"),
}
# By the key of one row, or of those that are claimed.
READS_LARGE_COLUMNS = {"invocation by id", "a value that is kept apart", "taking"}
# Flags of SQLite's instruction Column, which then leaves a value where it is: OPFLAG_LENGTHARG and
# OPFLAG_TYPEOFARG, for its length and for whether it is NULL.
ONLY_ITS_SIZE = 0x40 | 0x80


def test_nothing_else_reads_a_large_column_on_sqlite(sqlite: sqlite3.Connection) -> None:
    places = places_of_large_columns(sqlite)
    statements = Statements(sqlite_dialect.dialect(paramstyle="named"))
    named: set[tuple[str | None, str | None]] = set()

    def noted(action: int, table: str | None, column: str | None, *_: object) -> int:
        if action == sqlite3.SQLITE_READ:
            named.add((table, column))
        return sqlite3.SQLITE_OK

    found = set()
    for name, hot in (HOT | COUNTED).items():
        named.clear()
        statement = statements.compiled(hot)
        values = dict.fromkeys(re.findall(r":(\w+)", statement.text), 1) | statement.bound
        sqlite.set_authorizer(noted)
        try:
            program = sqlite.execute(f"EXPLAIN {statement.text}", values).fetchall()
        finally:
            sqlite.set_authorizer(None)
        # A change reads the rest of its row to write it anew, without naming it.
        if named & LARGE_COLUMNS and places & places_that_are_read(program):
            found.add(name)
    assert found == READS_LARGE_COLUMNS


def places_of_large_columns(sqlite: sqlite3.Connection) -> set[tuple[int, int]]:
    """The page at which a table begins, and the column's number in it, of each."""
    return {
        (root, number)
        for table, root in sqlite.execute("SELECT name, rootpage FROM sqlite_master").fetchall()
        for number, column, *_ in sqlite.execute(f"PRAGMA table_info({table})").fetchall()
        if (table, column) in LARGE_COLUMNS
    }


def places_that_are_read(program: list[tuple[Any, ...]]) -> set[tuple[int, int]]:
    """What instructions load: the page at which a table or an index begins, and the column."""
    opened = {
        (cursor, root)
        for _, instruction, cursor, root, *_ in program
        if instruction in ("OpenRead", "OpenWrite", "ReopenIdx")
    }
    return {
        (root, column)
        for _, instruction, of_cursor, column, _, _, flags, _ in program
        if instruction == "Column" and not flags & ONLY_ITS_SIZE
        for cursor, root in opened
        if cursor == of_cursor
    }


@pytest.mark.parametrize("name", COUNTED)
def test_counting_goes_by_an_index_on_sqlite(sqlite: sqlite3.Connection, name: str) -> None:
    statement = Statements(sqlite_dialect.dialect(paramstyle="named")).compiled(COUNTED[name])
    names = re.findall(r":(\w+)", statement.text)
    values = dict.fromkeys(names, 1) | statement.bound
    plan = [row[3] for row in sqlite.execute(f"EXPLAIN QUERY PLAN {statement.text}", values)]
    scans = [step for step in plan if step.startswith(("SCAN invocations", "SCAN armed_timers"))]
    assert any("INDEX" in step for step in plan), plan
    assert [step for step in scans if "INDEX" not in step] == [], plan
    assert not any("ORDER BY" in step for step in plan), plan


@pytest.fixture(scope="module", params=["full", "empty"])
def postgres_plans(
    postgres: PostgresServer, request: pytest.FixtureRequest
) -> dict[str, list[str]]:
    """The kinds of steps of each plan, the one that is made without a look at the values.

    A node makes it once: it must not matter how much there was at that time.
    """
    url = postgres.new_database()

    async def explain() -> dict[str, list[str]]:
        async with opened(url):
            pass
        connection = await Primary(parse_url(url)).connect()
        try:
            await connection.execute(NUMBERS["postgresql"].format(rows=ROWS))
            if request.param == "full":
                fill = FILL.replace("{bytes}", "BYTEA")
                await connection.execute(fill, timeout=FILLED_WITHIN_SECONDS)
            every = HOT | COUNTED
            return {name: await steps(connection, every[name]) for name in every}
        finally:
            await connection.close()

    return in_a_loop(explain())


async def steps(connection: asyncpg.Connection, statement: Executable) -> list[str]:
    compiled = PostgresStatements().compiled(statement)
    values = f"({', '.join(['NULL'] * len(compiled.order))})" if compiled.order else ""
    await connection.execute(f"PREPARE asked AS {compiled.text}")
    plan = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE asked{values}"))
    await connection.execute("DEALLOCATE asked")
    return list(kinds(plan[0]["Plan"]))


def kinds(step: dict[str, Any]) -> Iterator[str]:
    yield step["Node Type"]
    if "Index Name" in step:
        yield step["Index Name"]
    for below in step.get("Plans", []):
        yield from kinds(below)


@pytest.mark.parametrize("name", [*HOT, *COUNTED])
def test_it_goes_by_an_index_on_postgresql(postgres_plans: dict[str, list[str]], name: str) -> None:
    plan = postgres_plans[name]
    assert any("Index" in step for step in plan), plan
    assert [step for step in plan if step in ("Seq Scan", "Sort", "Incremental Sort")] == [], plan


def test_the_latest_invocation_is_found_by_its_origin_on_postgresql(
    postgres_plans: dict[str, list[str]],
) -> None:
    """Ids have another collation than origins, and an index of instants has all invocations."""
    assert "invocations_of_origin" in postgres_plans["latest invocations"]
