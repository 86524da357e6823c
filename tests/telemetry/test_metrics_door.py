"""Who may see the metrics is asked in other threads than the one that knows."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.schedule import ManualClock
from tocsin.store.driver.database import StoreUnavailable
from tocsin.telemetry import metrics_door
from tocsin.telemetry.metrics_door import FRESH_SECONDS, UNKNOWN, USABLE_SECONDS, MetricsDoor
from tocsin.wire import errors

GOOD, BAD, POOR = "Bearer good", "Bearer bad", "Bearer poor"
PEER = "192.0.2.1"


class Scene:
    """A door whose event loop runs in a thread, and can be made to stand still."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.clock = ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
        self.asked: list[tuple[str, str]] = []
        self.away = False
        self.go_on = threading.Event()
        self.door = asyncio.run_coroutine_threadsafe(self._make(), self.loop).result()

    async def _make(self) -> MetricsDoor:
        return MetricsDoor(self.clock)

    def open(self) -> None:
        self.loop.call_soon_threadsafe(self.door.guard_by, self.check)

    async def check(self, authorization: str, peer: str) -> None:
        self.asked.append((authorization, peer))
        if self.away:
            raise StoreUnavailable("away")
        match authorization:
            case "":
                raise errors.credential_missing()
            case "Bearer bad":
                raise errors.credential_refused()
            case "Bearer poor":
                raise errors.permission_denied("tocsin.metrics.get", "*")

    def later(self, seconds: float) -> None:
        self.clock.jump_to(self.clock.now() + timedelta(seconds=seconds))

    def stand_still(self) -> None:
        self.loop.call_soon_threadsafe(self.go_on.wait)

    def status(self, authorization: str) -> str:
        refusal = self.door.refusal(authorization, PEER)
        return "200" if refusal is None else refusal.status[:3]

    async def _end_what_was_asked(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)

    def close(self) -> None:
        self.go_on.set()
        asyncio.run_coroutine_threadsafe(self._end_what_was_asked(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@pytest.fixture
def it(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setattr(metrics_door, "PATIENCE_SECONDS", 0.2)
    scene = Scene()
    yield scene
    scene.close()


def test_who_may_is_let_in_and_others_are_told_why_not(it: Scene) -> None:
    it.open()
    assert [it.status(each) for each in (GOOD, "", BAD, POOR)] == ["200", "401", "401", "403"]
    missing = it.door.refusal("", PEER)
    assert missing is not None
    assert missing.headers == (("WWW-Authenticate", "Bearer"),)
    assert it.asked[0] == (GOOD, PEER)


def test_a_good_answer_is_believed_for_a_moment_and_a_bad_one_is_not(it: Scene) -> None:
    it.open()
    assert [it.status(each) for each in (GOOD, GOOD, BAD, BAD)] == ["200", "200", "401", "401"]
    assert [each for each, _ in it.asked] == [GOOD, BAD, BAD]
    it.later(FRESH_SECONDS)
    assert it.status(GOOD) == "200"
    assert len(it.asked) == 4


def test_metrics_are_seen_while_the_loop_stands_still_by_who_was_let_in_before(it: Scene) -> None:
    it.open()
    assert it.status(GOOD) == "200"
    it.stand_still()
    it.later(USABLE_SECONDS - 1)
    assert it.status(GOOD) == "200"
    assert it.status("Bearer new") == "503"
    it.later(1)
    assert it.status(GOOD) == "503"


def test_metrics_are_seen_while_the_store_is_away_by_who_was_let_in_before(it: Scene) -> None:
    it.open()
    assert it.status(GOOD) == "200"
    it.away = True
    it.later(FRESH_SECONDS)
    assert it.status(GOOD) == "200"
    assert it.status("Bearer new") == "503"


def test_who_lost_the_right_is_not_remembered(it: Scene) -> None:
    it.open()
    assert it.status(GOOD) == "200"
    it.door._check = it.loop.create_future()

    async def deny(authorization: str, peer: str) -> None:
        raise errors.credential_refused()

    it.door._check.set_result(deny)
    it.later(FRESH_SECONDS)
    assert it.status(GOOD) == "401"
    it.stand_still()
    assert it.status(GOOD) == "503"


def test_nobody_is_let_in_before_it_is_known_how_to_check(it: Scene) -> None:
    assert it.door.refusal(GOOD, PEER) == UNKNOWN
