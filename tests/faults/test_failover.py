"""The primary dies under load, and its synchronous standby is promoted by hand."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from faults.checking.journal import Journal
from faults.conftest import Run
from faults.load.clients import now
from faults.load.failover import lose_primaries
from stand.recording_target import RecordingTarget
from stand.services.postgres_server import PostgresServer


class Pair:
    """A primary whose commits wait for a standby."""

    def __init__(self) -> None:
        self.primary = PostgresServer()
        self.standby = PostgresServer(standby_of=self.primary)
        self.primary.execute("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.primary.execute("postgres", "SELECT pg_reload_conf()")

    @property
    def url(self) -> str:
        hosts = f"127.0.0.1:{self.standby.port},127.0.0.1:{self.primary.port}"
        return f"postgresql://postgres@{hosts}/postgres"

    def lose_the_primary(self) -> datetime:
        self.primary.kill()
        self.standby.execute("postgres", "SELECT pg_promote()")
        return now()

    def close(self) -> None:
        self.standby.close()
        self.primary.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.close()


def test_nothing_answered_is_lost_with_the_primary(
    pair: Pair, run: Run, tmp_path: Path, config: str, target: RecordingTarget, journal: Journal
) -> None:
    lose_primaries(run, tmp_path, config, target, journal, pair.url, pair.lose_the_primary, times=1)
