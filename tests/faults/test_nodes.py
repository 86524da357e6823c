"""Nodes on one PostgreSQL that freeze, come to life again, and join."""

import collections
import random
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from faults.checking.journal import Journal
from faults.checking.seen import PostgresDatabase, judge
from faults.conftest import Run
from faults.load.clients import Clients, now, schedule
from faults.load.fleet import Fleet
from stand.recording_target import RecordingTarget, held_until
from stand.services.postgres_server import PostgresServer
from stand.tocsin_process import Tocsin

TOLERANCE = timedelta(seconds=20)
PATIENCE = 60
AT_ONCE = 240
# A node that gets no time from a busy machine gets another chance.
ROUNDS = 5
HELD = "SELECT node, count(*) FROM invocations WHERE state = 'running' GROUP BY node"


@pytest.fixture
def store(postgres: PostgresServer) -> PostgresDatabase:
    return PostgresDatabase(postgres, postgres.new_database().rpartition("/")[2])


@pytest.fixture
def fleet(store: PostgresDatabase, tmp_path: Path, config: str) -> Iterator[Fleet]:
    with Fleet(tmp_path, config, "--database", store.server.url(store.name)) as fleet:
        yield fleet


def schedule_many(
    journal: Journal,
    node: Tocsin,
    integration: str,
    count: int,
    due: datetime,
    chance: random.Random,
) -> None:
    with node.channel() as channel:
        for _ in range(count):
            made = str(uuid.UUID(int=chance.getrandbits(128), version=4))
            schedule(journal, channel, integration, made, due)


def test_a_frozen_node_loses_nothing_and_writes_nothing_late(
    run: Run, fleet: Fleet, store: PostgresDatabase, target: RecordingTarget, journal: Journal
) -> None:
    let_go = threading.Event()
    target.answers["/held"] = held_until(let_go)
    [frozen] = fleet.start()
    hold_some(journal, frozen, target, run.chance)
    [(its_id,)] = store.execute("SELECT DISTINCT node FROM invocations")
    let_go.set()
    fleet.start(2)
    holds = f"node = '{its_id}' AND state = 'running' AND origin LIKE '%/held'"
    for number in range(5 if run.long else 1):
        clients = Clients(journal, fleet.addresses, run.seed + number)
        let_go.clear()
        with clients.calling(2):
            while not store.execute(f"SELECT 1 FROM invocations WHERE {holds}"):
                hold_some(journal, frozen, target, run.chance)
            fleet.freeze(frozen)
            wait_until_none(store, holds)
            let_go.set()
            wait_until_none(store, "state = 'running' AND origin LIKE '%/held'")
            fleet.thaw(frozen)
    report = judge(journal, store, target, frozen.grpc_address, tolerance=TOLERANCE)
    fenced = frozen.log.read_text().count("lost the lease of a delivery")
    run.tell(report, late_completions_refused=fenced)
    assert fenced > 0
    assert report.counts["most of one"] == 2


def hold_some(
    journal: Journal, node: Tocsin, target: RecordingTarget, chance: random.Random
) -> None:
    """Schedules what the target holds; most of it the node takes, which hears of it first."""
    came = len(target.all(lambda call: call.path == "/held"))
    schedule_many(journal, node, "held", 10, now(), chance)
    target.wait_for(lambda call: call.path == "/held", count=came + 10)


def wait_until_none(store: PostgresDatabase, which: str) -> None:
    give_up = time.monotonic() + PATIENCE
    while store.execute(f"SELECT 1 FROM invocations WHERE {which} LIMIT 1"):
        assert time.monotonic() < give_up
        time.sleep(0.1)


def test_a_node_that_joins_takes_its_share(
    run: Run,
    store: PostgresDatabase,
    tmp_path: Path,
    config: str,
    target: RecordingTarget,
    journal: Journal,
) -> None:
    let_go = threading.Event()
    target.answers["/held"] = held_until(let_go)
    # Any node alone could take all of it.
    config = config.replace("[targets]", f"[targets]\nconcurrency_per_target = {AT_ONCE}")
    with Fleet(tmp_path, config, "--database", store.server.url(store.name)) as fleet:
        first, _ = fleet.start(2)
        fleet.start(1)
        shares: collections.Counter[str] = collections.Counter()
        for _ in range(ROUNDS):
            let_go.clear()
            came = shares.total()
            # Due at one instant, when the calls that schedule it are long over.
            due = now() + timedelta(seconds=2)
            schedule_many(journal, first, "held", AT_ONCE, due, run.chance)
            target.wait_for(lambda call: call.path == "/held", count=came + AT_ONCE)
            shares.update(dict(store.execute(HELD)))
            let_go.set()
            report = judge(journal, store, target, first.grpc_address, tolerance=TOLERANCE)
            if len(shares) == 3 and min(shares.values()) >= shares.total() // 10:
                break
    told = {f"taken by {n}": count for n, count in enumerate(sorted(shares.values()))}
    run.tell(report, **told)
    assert len(shares) == 3
    assert min(shares.values()) >= shares.total() // 10
