"""PostgreSQL dies and comes back, the network to it is cut, or lost without a word."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from faults.checking.journal import Journal
from faults.checking.seen import PostgresDatabase, judge, ticking
from faults.conftest import Run
from faults.load.clients import Clients
from faults.load.fleet import Fleet
from stand.recording_target import RecordingTarget
from stand.services.postgres_server import PostgresServer
from stand.tcp_proxy import TcpProxy
from stand.tocsin_process import Tocsin

CLIENTS = 3
TOLERANCE = timedelta(seconds=40)


@pytest.fixture
def network(postgres: PostgresServer) -> Iterator[TcpProxy]:
    proxy = TcpProxy(postgres.port)
    yield proxy
    proxy.close()


Away = Callable[[PostgresServer, TcpProxy, float], None]


def killed(postgres: PostgresServer, _: TcpProxy, seconds: float) -> None:
    postgres.kill()
    time.sleep(seconds)
    postgres.start()


def cut(_: PostgresServer, network: TcpProxy, seconds: float) -> None:
    network.cut()
    time.sleep(seconds)
    network.heal()


def vanished(_: PostgresServer, network: TcpProxy, seconds: float) -> None:
    """What was connected hangs for ever, and nothing tells so."""
    network.vanish()
    time.sleep(seconds)
    network.heal()


@pytest.mark.parametrize("away", [killed, cut, vanished])
def test_calls_and_ticks_go_on_when_the_store_is_back(
    away: Away,
    run: Run,
    tmp_path: Path,
    config: str,
    target: RecordingTarget,
    journal: Journal,
    postgres: PostgresServer,
    network: TcpProxy,
) -> None:
    url = postgres.new_database()
    store = PostgresDatabase(postgres, url.rpartition("/")[2])
    through = postgres.url(store.name, port=network.port)
    times = 10 if run.long else 1
    with Fleet(tmp_path, config, "--database", through) as fleet:
        fleet.start(1)
        clients = Clients(journal, fleet.addresses, run.seed, integrations=("nightly", "slow"))
        with clients.calling(CLIENTS), ticking(store, journal, run.chance):
            for _ in range(times):
                time.sleep(run.chance.uniform(0.3, 1))
                away(postgres, network, run.chance.uniform(0.3, 1))
                wait_for_answers(journal)
                wait_for_ears(fleet.nodes[0])
        report = judge(journal, store, target, fleet.addresses()[0], tolerance=TOLERANCE)
    run.tell(report, times_away=times, **journal.errors)
    assert journal.errors
    assert report.counts["ticks that must be"] > 0


def wait_for_answers(journal: Journal) -> None:
    """Waits until the server answers again: calls that were asked for after this moment."""
    before, give_up = len(journal.executions), time.monotonic() + 60
    while not any(each.answered for each in journal.executions[before:]):
        assert time.monotonic() < give_up, journal.errors
        time.sleep(0.05)


def wait_for_ears(node: Tocsin) -> None:
    """Waits until the node has noticed that it hears others no more; it listens anew then."""
    give_up = time.monotonic() + 60
    while "LISTEN connection lost" not in node.log.read_text():
        assert time.monotonic() < give_up
        time.sleep(0.05)
