"""The same load for a long time: memory stays flat and nothing falls behind."""

import itertools
import random
import statistics
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from faults.checking.journal import Journal
from faults.checking.seen import SqliteFile, judge, micros
from faults.conftest import Run
from faults.load.clients import Clients, now, schedule
from faults.load.feeders import feeding
from faults.load.fleet import Fleet
from faults.load.real_sources import feeders_of, services, until_all_came
from stand.recording_target import RecordingTarget
from stand.tocsin_process import Tocsin

RATE = 40
# In the long form, from each of the real sources.
FED_EACH_SECONDS = 0.5
AHEAD = timedelta(seconds=0.5)
SHORT, LONG = (3, 1.5), (20, 30.0)
MEBIBYTE = 1024
# What caches and the allocator may still take after the first third.
GROWTH = 8 * MEBIBYTE
BACKLOG = "SELECT count(*) FROM invocations WHERE next_at <= {now}"


@dataclass(frozen=True)
class Interval:
    """What was measured in one; lags are from due to the arrival at the target, in ms."""

    seconds: float
    came: int
    p50: float
    p99: float
    backlog: int
    rss: int
    """KiB"""

    def __str__(self) -> str:
        rate = self.came / self.seconds
        lag = f"{self.p50:8.1f} {self.p99:8.1f}"
        return f"{rate:8.1f} {lag} {self.backlog:8} {self.rss / MEBIBYTE:8.1f}"


HEAD = f"\n{'rate/s':>8} {'p50 ms':>8} {'p99 ms':>8} {'backlog':>8} {'RSS MiB':>8}\n"


def test_a_steady_load_is_borne(
    run: Run, tmp_path: Path, config: str, target: RecordingTarget, journal: Journal
) -> None:
    count, seconds = LONG if run.long else SHORT
    store = SqliteFile(tmp_path / "tocsin.db")
    with ExitStack() as stack:
        sources = stack.enter_context(services("soak")) if run.long else None
        settings = config if sources is None else sources.config(config)
        database = f"sqlite:///{tmp_path}/tocsin.db"
        fleet = stack.enter_context(Fleet(tmp_path, settings, "--database", database))
        [server] = fleet.start()
        clients = Clients(journal, fleet.addresses, run.seed, pause_seconds=0.5)
        feeders = [] if sources is None else feeders_of(journal, fleet, sources, FED_EACH_SECONDS)
        with clients.calling(1), scheduling(server, journal, run.chance), feeding(journal, feeders):
            sys.stdout.write(HEAD)
            intervals = list(measured(count, seconds, server, store, journal, target))
        if sources is not None:
            until_all_came(journal, target, sources)
        report = judge(journal, store, target, server.grpc_address, tolerance=timedelta(seconds=20))
    run.tell(report, seconds=round(count * seconds), asked_a_second=RATE)
    third = max(1, count // 3)
    middle, last = intervals[third : 2 * third], intervals[-third:]
    assert mean_rss(last) - mean_rss(middle) < GROWTH
    # What is due is at its target before two seconds' worth more is: it does not pile up.
    assert intervals[-1].backlog < 2 * RATE


def mean_rss(intervals: list[Interval]) -> float:
    return statistics.mean(each.rss for each in intervals)


@contextmanager
def scheduling(server: Tocsin, journal: Journal, chance: random.Random) -> Iterator[None]:
    """Schedules at the fixed rate, whether answers are quick or not."""
    mine, stopped = random.Random(chance.random()), threading.Event()

    def run() -> None:
        with server.channel() as channel:
            started = time.monotonic()
            for number in itertools.count():
                if stopped.wait(max(0, started + number / RATE - time.monotonic())):
                    return
                made = str(uuid.UUID(int=mine.getrandbits(128), version=4))
                schedule(journal, channel, "nightly", made, now() + AHEAD)

    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(run)
        try:
            yield
        finally:
            stopped.set()
    under_way.result()


def measured(
    count: int,
    seconds: float,
    server: Tocsin,
    store: SqliteFile,
    journal: Journal,
    target: RecordingTarget,
) -> Iterator[Interval]:
    seen = 0
    for _ in range(count):
        time.sleep(seconds)
        came = target.all(lambda call: call.path == "/nightly")
        due = {each.id: each.due for each in list(journal.executions)}
        lags = sorted(
            (call.at - due[call.json["executionId"]]) / timedelta(milliseconds=1)
            for call in came[seen:]
        )
        [(backlog,)] = store.execute(BACKLOG.format(now=micros(now())))
        p50, p99 = (lags[len(lags) * part // 100] for part in (50, 99))
        interval = Interval(seconds, len(came) - seen, p50, p99, backlog, rss(server))
        seen = len(came)
        sys.stdout.write(f"{interval}\n")
        sys.stdout.flush()
        yield interval


def rss(server: Tocsin) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])
