"""Patroni's leader dies under load, again and again; only `make chaos` runs this, for minutes.

Patroni comes from its registry, etcd from Debian's packages.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from faults.checking.journal import Journal
from faults.conftest import Run
from faults.load.clients import now
from faults.load.failover import lose_primaries
from stand.recording_target import RecordingTarget
from stand.services.patroni import Member, PatroniCluster

LOSSES = 3
# The longest that calls may fail once there is a primary again.
GAP_SECONDS = 5.0


@pytest.fixture
def patroni() -> Iterator[PatroniCluster]:
    cluster = PatroniCluster()
    yield cluster
    cluster.close()


def test_nothing_answered_is_lost_when_a_leader_dies(
    patroni: PatroniCluster,
    run: Run,
    tmp_path: Path,
    config: str,
    target: RecordingTarget,
    journal: Journal,
) -> None:
    dead: list[Member] = []

    def lose_the_leader() -> datetime:
        while dead:
            patroni.start(dead.pop())
        patroni.wait_until_synchronous()
        leader = patroni.leader()
        assert leader is not None
        leader.kill()
        dead.append(leader)
        patroni.wait_for(lambda: patroni.leader() is not None)
        return now()

    url = patroni.url("postgres")
    gaps = lose_primaries(
        run, tmp_path, config, target, journal, url, lose_the_leader, times=LOSSES
    )
    assert max(gaps) < GAP_SECONDS
