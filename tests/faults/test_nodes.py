"""Nodes on one PostgreSQL that freeze, come to life again, and join."""

import random
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from faults.clients import Clients, now, schedule
from faults.conftest import Run
from faults.fleet import Fleet
from faults.journal import Journal
from faults.seen import PostgresDatabase, judge
from postgres_server import PostgresServer
from server.recording_target import RecordingTarget, held_until
from server.tocsin_process import Tocsin

TOLERANCE = timedelta(seconds=20)
PATIENCE = 60


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
    frozen, *_ = fleet.start(3)
    clients = Clients(journal, fleet.addresses, run.seed)
    for _ in range(5 if run.long else 1):
        let_go.clear()
        came = len(target.all(lambda call: call.path == "/held"))
        clients.stopped.clear()
        with clients.calling(2):
            schedule_many(journal, frozen, "held", 20, now(), run.chance)
            target.wait_for(lambda call: call.path == "/held", count=came + 20)
            fleet.freeze(frozen)
            wait_until_taken_up(store)
            let_go.set()
            wait_until_none(store, "state = 'running' AND origin LIKE '%/held'")
            fleet.thaw(frozen)
    report = judge(journal, store, target, frozen.grpc_address, tolerance=TOLERANCE)
    fenced = frozen.log.read_text().count("lease was lost")
    run.tell(report, late_completions_refused=fenced)
    assert fenced > 0
    assert report.counts["most of one"] == 2


def wait_until_taken_up(store: PostgresDatabase) -> None:
    """Waits until whatever is held is held by a node that lives."""
    give_up = time.monotonic() + PATIENCE
    while not store.execute("SELECT 1 FROM invocations WHERE attempts > 1 AND state = 'running'"):
        assert time.monotonic() < give_up
        time.sleep(0.1)
    wait_until_none(
        store, "state = 'running' AND next_at < extract(epoch FROM clock_timestamp()) * 1000000"
    )


def wait_until_none(store: PostgresDatabase, which: str) -> None:
    give_up = time.monotonic() + PATIENCE
    while store.execute(f"SELECT 1 FROM invocations WHERE {which} LIMIT 1"):
        assert time.monotonic() < give_up
        time.sleep(0.1)


def test_a_node_that_joins_takes_its_share(
    run: Run, fleet: Fleet, store: PostgresDatabase, target: RecordingTarget, journal: Journal
) -> None:
    first, _ = fleet.start(2)
    [third] = fleet.start(1)
    rounds, at_once = (20, 300) if run.long else (1, 300)
    for _ in range(rounds):
        # All of it is due at one instant, when the call that schedules it is long over.
        schedule_many(journal, first, "nightly", at_once, now() + timedelta(seconds=2), run.chance)
        report = judge(journal, store, target, first.grpc_address, tolerance=TOLERANCE)
    delivered = [node.log.read_text().count("] delivered") for node in fleet.nodes]
    run.tell(report, **{f"node_{n}": count for n, count in enumerate(delivered)})
    assert third.log.read_text().count("] delivered") >= at_once * rounds // 10
    assert min(delivered) >= at_once * rounds // 10
