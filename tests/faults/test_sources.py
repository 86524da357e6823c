"""kill -9, again and again, while events come from real sources: what a source was told is taken
fires, and what it was not told comes again.
"""

import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from faults.checking.journal import Journal
from faults.checking.seen import PostgresDatabase, SqliteFile, Store, judge
from faults.conftest import Run
from faults.load.events import BROKER, MAIL, QUEUE, STREAM
from faults.load.feeders import feeding
from faults.load.fleet import Fleet
from faults.load.real_sources import feeders_of, services, until_all_came
from stand.recording_target import RecordingTarget

TOLERANCE = timedelta(seconds=30)
LONG_KILLS = 25


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The short form has one node alone."""
    long = metafunc.config.getoption("--long")
    stores = [("sqlite", 1), ("postgresql", 3)] if long else [("sqlite", 1)]
    metafunc.parametrize(("kind", "nodes"), stores)


def test_what_sources_were_told_is_taken_fires(
    kind: str,
    nodes: int,
    run: Run,
    tmp_path: Path,
    config: str,
    target: RecordingTarget,
    journal: Journal,
    request: pytest.FixtureRequest,
) -> None:
    store: Store = SqliteFile(tmp_path / "tocsin.db")
    url = f"sqlite:///{tmp_path}/tocsin.db"
    if kind == "postgresql":
        postgres = request.getfixturevalue("postgres")
        url = postgres.new_database()
        store = PostgresDatabase(postgres, url.rpartition("/")[2])
    kills = LONG_KILLS if run.long else 1
    with (
        services(kind) as sources,
        Fleet(tmp_path, sources.config(config), "--database", url) as fleet,
    ):
        fleet.start(nodes)
        feeders = feeders_of(journal, fleet, sources, 0.3 if run.long else 0.05)
        with feeding(journal, feeders):
            for _ in range(kills):
                time.sleep(run.chance.uniform(0.2, 1.0))
                fleet.kill(run.chance.choice(fleet.nodes))
                fleet.start()
            time.sleep(0.5)
        until_all_came(journal, target, sources)
        report = judge(journal, store, target, fleet.addresses()[0], tolerance=TOLERANCE)
    by_kind = Counter(event.kind for event in journal.events)
    run.tell(report, kills=kills, **by_kind, **journal.errors)
    # How much a busy machine lets happen between two kills varies; nothing would be no test.
    assert by_kind.keys() == {QUEUE, STREAM, BROKER, MAIL}
    assert min(by_kind.values()) > kills
