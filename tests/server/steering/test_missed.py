"""`FiringService.ListMissed`: what should have fired and did not, over all triggers."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from stand.apis.steering import MINUTE, QueueService, Steering, shown, steered
from stand.apis.tocsin import TocsinRest
from stand.apis.wire import Json, Refused
from stand.recording_target import RecordingTarget
from stand.tocsin_process import run_tocsin

EVERY_10 = "*/10 * * * ? *"
TOLD = ("name", "reason", "count")


def missed(it: Steering, **asked: object) -> list[Json]:
    found: list[Json] = it.api.call("FiringService.ListMissed", asked).get("missed", [])
    return found


def told(found: list[Json]) -> list[tuple[str, ...]]:
    return sorted(tuple(str(one.get(name, "")) for name in TOLD) for one in found)


def test_nothing_is_listed_while_everything_fires(it: Steering) -> None:
    it.timer(EVERY_10)
    it.advance(timedelta(hours=1))
    assert missed(it, folderId=it.folder) == []


def test_a_pause_counts_the_ticks_of_the_asked_span_alone(it: Steering) -> None:
    start = it.next_hour()
    trigger = it.timer(EVERY_10, name="report")
    it.advance_to(start + 15 * MINUTE)
    it.change("Pause", trigger)
    it.advance_to(start + 55 * MINUTE)
    [one] = missed(it, folderId=it.folder)
    assert (one["reason"], one["count"], one["triggerId"]) == ("REASON_PAUSED", "4", trigger)
    assert one["explanation"] == f"It has been paused since {shown(start + 15 * MINUTE)}."
    it.change("Resume", trigger)
    span = {"start": shown(start + 30 * MINUTE), "end": shown(start + 50 * MINUTE)}
    [one] = missed(it, folderId=it.folder, **span)
    # 12:30 and 12:40; the end is not in the span.
    assert one["count"] == "2"
    assert missed(it, folderId="another") == []
    it.advance_to(start + 75 * MINUTE)
    # After the pause everything fired.
    assert missed(it, folderId=it.folder, start=shown(start + 56 * MINUTE)) == []


@contextmanager
def started(
    directory: Path, target: RecordingTarget, queues: QueueService, folder: str, start: str
) -> Iterator[Steering]:
    with steered(directory, target, queues, start) as tocsin:
        yield Steering(tocsin, TocsinRest(tocsin.http_address), target, queues, folder)
        assert tocsin.stop() == 0


def test_a_downtime_tells_by_each_policy_what_never_fired(
    target: RecordingTarget, queues: QueueService, folder: str
) -> None:
    with tempfile.TemporaryDirectory() as made:
        here = (Path(made), target, queues, folder)
        with started(*here, "2026-03-01T12:00:30Z") as it:
            for policy in ("fire_once", "skip", "fire_all"):
                it.timer(EVERY_10, name=policy.replace("_", "-"), labels={"tocsin/misfire": policy})
            it.delete(it.timer(EVERY_10, name="deleted"))
        # Twelve ticks are missed. The window goes back to 12:35, the cap is 3.
        with started(*here, "2026-03-01T14:05:00Z") as it:
            it.advance(5 * MINUTE)
            found = missed(it)
            typed = run_tocsin("missed", "--from", "24h", "--server", it.server.grpc_address)
            limited = it.api.call("FiringService.ListMissed", {"limit": 2})
    assert told(found) == [
        ("fire-all", "REASON_MISFIRE_CAPPED", "6"),
        ("fire-all", "REASON_MISFIRE_EXPIRED", "3"),
        ("fire-once", "REASON_MISFIRE_COALESCED", "8"),
        ("fire-once", "REASON_MISFIRE_EXPIRED", "3"),
        ("skip", "REASON_MISFIRE_EXPIRED", "3"),
        ("skip", "REASON_MISFIRE_SKIPPED", "9"),
    ]
    assert {one["misfire"]["missed"] for one in found} == {"12"}
    assert len(limited["missed"]) == 2
    assert limited["truncated"] is True
    assert typed.status == 0
    for row in told(found):
        assert row[1].removeprefix("REASON_") in typed.stdout


def test_a_span_that_ends_before_it_begins_is_refused(it: Steering) -> None:
    now = it.now()
    with pytest.raises(Refused) as refused:
        missed(it, start=shown(now), end=shown(now - timedelta(hours=1)))
    assert "start" in str(refused.value)


def test_a_span_of_the_future_is_refused_and_a_future_end_is_now(it: Steering) -> None:
    now: datetime = it.now()
    assert missed(it, folderId=it.folder, end=shown(now + timedelta(days=9))) == []
    with pytest.raises(Refused):
        missed(it, start=shown(now + timedelta(days=1)))
