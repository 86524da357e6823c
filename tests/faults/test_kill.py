"""kill -9, again and again, while clients call and timers tick: all that was answered stays."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from faults.checking.journal import Journal
from faults.checking.seen import (
    PostgresDatabase,
    SqliteFile,
    Store,
    judge,
    tick_now,
    ticking,
    timers,
)
from faults.conftest import Run
from faults.load.clients import Clients
from faults.load.fleet import Fleet
from stand.recording_target import RecordingTarget

CLIENTS = 4
# How late a tick may be: a start takes seconds where the machine is busy.
TOLERANCE = timedelta(seconds=20)
# One more follows at the end.
LONG_KILLS = 50


@pytest.mark.parametrize(("kind", "nodes", "kills"), [("sqlite", 1, 2), ("postgresql", 3, 1)])
def test_nothing_answered_is_lost_and_no_tick_is_doubled(
    kind: str,
    nodes: int,
    kills: int,
    run: Run,
    tmp_path: Path,
    config: str,
    target: RecordingTarget,
    journal: Journal,
    request: pytest.FixtureRequest,
) -> None:
    store: Store
    if kind == "sqlite":
        store, url = SqliteFile(tmp_path / "tocsin.db"), f"sqlite:///{tmp_path}/tocsin.db"
    else:
        postgres = request.getfixturevalue("postgres")
        url = postgres.new_database()
        store = PostgresDatabase(postgres, url.rpartition("/")[2])
    kills = LONG_KILLS if run.long else kills
    with Fleet(tmp_path, config, "--database", url) as fleet:
        fleet.start(nodes)
        clients = Clients(journal, fleet.addresses, run.seed, integrations=("nightly", "slow"))
        with clients.calling(CLIENTS), ticking(store, journal, run.chance):
            for _ in range(kills):
                time.sleep(run.chance.uniform(0.1, 0.5))
                clients.hurry.set()
                time.sleep(run.chance.uniform(0.05, 0.2))
                fleet.kill(run.chance.choice(fleet.nodes))
                clients.hurry.clear()
                fleet.start()
        # Once more with all that still ticks, and nobody who changes it any more.
        ticking_on = timers(journal)
        for trigger in run.chance.sample(ticking_on, min(10, len(ticking_on))):
            tick_now(store, trigger, minutes=5)
        fleet.kill(fleet.nodes[0])
        if not fleet.nodes:
            fleet.start()
        report = judge(journal, store, target, fleet.addresses()[0], tolerance=TOLERANCE)
    run.tell(report, kills=kills)
    # How much a busy machine lets happen between two kills varies; nothing would be no test.
    assert report.counts["ticks that must be"] > 3 * kills
    assert report.counts["executions"] > 3 * kills
    assert report.counts["events that must have come"] > 3 * kills
