"""What the tests of a failover have in common: the store as its primary shows it, and the gap."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from faults.checking.journal import Journal
from faults.checking.seen import judge, ticking
from faults.conftest import Run
from faults.load.clients import Clients
from faults.load.fleet import Fleet
from stand.recording_target import RecordingTarget
from stand.services.postgres_server import of_servers

NODES = 3
CLIENTS = 3
PATIENCE = 60
# A failover by Patroni takes the time of its leader's key, and then the timers are late by it.
TOLERANCE = timedelta(seconds=90)


@dataclass(frozen=True)
class PrimaryOf:
    """The store at whichever server is the primary now."""

    url: str

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        return of_servers(self.url, statement)


def lose_primaries(
    run: Run,
    directory: Path,
    config: str,
    target: RecordingTarget,
    journal: Journal,
    url: str,
    lose: Callable[[], datetime],
    times: int,
) -> list[float]:
    """Loses the primary under load that many times, and judges.

    `lose` returns once another server is the primary, with the instant. Returns for each loss the
    seconds from there to the next answer.
    """
    store, gaps = PrimaryOf(url), []
    with Fleet(directory, config, "--database", url) as fleet:
        fleet.start(NODES)
        clients = Clients(journal, fleet.addresses, run.seed, integrations=("nightly", "slow"))
        with clients.calling(CLIENTS), ticking(store, journal, run.chance):
            for _ in range(times):
                time.sleep(run.chance.uniform(0.5, 1.5))
                gaps.append(gap_after(journal, lose()))
        report = judge(journal, store, target, fleet.addresses()[0], tolerance=TOLERANCE)
    told = {f"ms from promotion {n} to an answer": round(gap * 1000) for n, gap in enumerate(gaps)}
    run.tell(report, primaries_lost=times, **told, **journal.errors)
    assert report.counts["executions"] > times
    return gaps


def gap_after(journal: Journal, promoted: datetime) -> float:
    """Waits for the first answer after an instant; returns the seconds between."""
    give_up = time.monotonic() + PATIENCE
    while True:
        later = [each.answered for each in list(journal.executions) if each.answered]
        if after := [instant for instant in later if instant >= promoted]:
            return (min(after) - promoted).total_seconds()
        assert time.monotonic() < give_up, journal.errors
        time.sleep(0.02)
