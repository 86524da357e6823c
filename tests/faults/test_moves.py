"""A store moves to the other kind of database and back, each time by a move that is killed on the
way: all that was answered is there, and nothing fires twice."""

import time
import uuid
from datetime import timedelta
from pathlib import Path

import grpc

from faults.checking.journal import Journal
from faults.checking.seen import (
    PostgresDatabase,
    SqliteFile,
    Store,
    judge,
    listed,
    tick_now,
    ticking,
    timers,
)
from faults.conftest import Run
from faults.load.clients import Clients, now, schedule
from faults.load.fleet import Fleet
from stand.moves import kill_a_move, moved
from stand.recording_target import RecordingTarget
from stand.services.postgres_server import PostgresServer
from stand.tocsin_process import run_tocsin, serve_command
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

TOLERANCE = timedelta(seconds=20)
# Due when the store has moved: it waits on the way.
LATER = timedelta(seconds=4)
LONG_ROUNDS = 10
CLIENTS = 3
WAITING = 6
# Rows that nothing reads. So many need several transactions, in a table that is neither the first
# to be moved nor the last.
BALLAST_TABLE = "remembered_requests"
BALLAST_ROWS = 25_000
BALLAST = f"""
    INSERT INTO {BALLAST_TABLE} (scope, key, fingerprint, answer, expires_at)
    WITH RECURSIVE numbers(n) AS (
        SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {BALLAST_ROWS}
    )
    SELECT 'ballast', 'n' || n, x'00ff', x'00ff', 4000000000000000 FROM numbers
"""
COUNT_BALLAST = f"SELECT count(*) FROM {BALLAST_TABLE} WHERE scope = 'ballast'"
MAIL_FOLDER = "b1g-mail"


def test_a_store_moves_there_and_back_under_load_though_each_move_is_killed(
    run: Run,
    tmp_path: Path,
    config: str,
    target: RecordingTarget,
    journal: Journal,
    postgres: PostgresServer,
) -> None:
    moves = 2 * (LONG_ROUNDS if run.long else 1)
    store: Store = SqliteFile(tmp_path / "tocsin-0.db")
    addresses: set[str] = set()
    killed_after: list[int] = []
    before: list[Trigger] = []
    for number in range(moves + 1):
        directory = tmp_path / f"round-{number}"
        directory.mkdir()
        with Fleet(directory, config, "--database", url_of(store)) as fleet:
            [node] = fleet.start()
            with node.channel() as channel:
                if number == 0:
                    new_mail_trigger(channel)
                    store.execute(BALLAST)
                else:
                    # Ids, names, rules, statuses, times: to the byte.
                    assert shown(channel) == before
                    assert store.execute(COUNT_BALLAST) == [(BALLAST_ROWS,)]
                [mail] = listed(TriggerServiceStub(channel), MAIL_FOLDER)
                addresses.add(mail.rule.mail.email)
                call_for_a_while(journal, fleet, store, run, number)
                if number == moves:
                    report = judge(journal, store, target, node.grpc_address, tolerance=TOLERANCE)
                    break
                leave_work(journal, channel, store, run)
                before = shown(channel)
            # What is under way at this moment is called again from the other store.
            fleet.kill(node)
        url, store = url_of(store), new_store(tmp_path, postgres, number + 1)
        killed_after.append(move_though_killed(tmp_path, url, url_of(store)))
    told = {f"rows before kill {n}": rows for n, rows in enumerate(killed_after, 1)}
    run.tell(report, moves=moves, **told)
    assert len(addresses) == 1
    assert all(0 < rows < BALLAST_ROWS for rows in killed_after)
    assert report.counts["ticks that must be"] > 3 * moves
    assert report.counts["executions"] > WAITING * moves
    assert report.counts["events that must have come"] > moves


def new_store(directory: Path, postgres: PostgresServer, number: int) -> Store:
    """Another one each time, of the kind that the one before is not."""
    if number % 2:
        return PostgresDatabase(postgres, postgres.new_database().rpartition("/")[2])
    return SqliteFile(directory / f"tocsin-{number}.db")


def url_of(store: Store) -> str:
    if isinstance(store, PostgresDatabase):
        return store.server.url(store.name)
    assert isinstance(store, SqliteFile)
    return f"sqlite:///{store.path}"


def new_mail_trigger(channel: grpc.Channel) -> None:
    """One without a journal: the checker looks into another folder."""
    request = contract.CreateTriggerRequest(folder_id=MAIL_FOLDER, name="mail")
    request.rule.mail.invoke_function.function_id = "mailed"
    TriggerServiceStub(channel).Create(request)


def shown(channel: grpc.Channel) -> list[Trigger]:
    triggers = TriggerServiceStub(channel)
    return [*listed(triggers), *listed(triggers, MAIL_FOLDER)]


def call_for_a_while(journal: Journal, fleet: Fleet, store: Store, run: Run, number: int) -> None:
    integrations = ("nightly", "slow")
    clients = Clients(journal, fleet.addresses, run.seed + number, integrations=integrations)
    with clients.calling(CLIENTS), ticking(store, journal, run.chance):
        time.sleep(run.chance.uniform(0.3, 0.6))


def leave_work(journal: Journal, channel: grpc.Channel, store: Store, run: Run) -> None:
    """Leaves executions that fall due while nobody serves them or later, and ticks that are due."""
    for number in range(WAITING):
        made = str(uuid.UUID(int=run.chance.getrandbits(128), version=4))
        schedule(journal, channel, "nightly", made, now() + LATER * number / WAITING)
    ticking_on = timers(journal)
    for trigger in run.chance.sample(ticking_on, min(5, len(ticking_on))):
        tick_now(store, trigger, minutes=5)


def move_though_killed(directory: Path, source: str, destination: str) -> int:
    """Returns how many rows of the large table were there when the move was killed."""
    rows = kill_a_move(source, destination, within=BALLAST_TABLE)
    for url in (source, destination):
        assert "has not ended" in refusal(directory, url)
    status, said, problem = moved(source, destination)
    assert status == 0, problem
    assert f"{source} is marked as moved; serve" in said
    assert "was moved to" in refusal(directory, source)
    return rows


def refusal(directory: Path, url: str) -> str:
    """The words with which a server refuses a store."""
    ended = run_tocsin(*serve_command(directory, "", "--database", url, http="off")[1:])
    assert ended.status == 1
    return ended.stderr
