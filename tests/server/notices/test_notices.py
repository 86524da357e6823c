"""Receivers are told of failures, silence and recovery, by a server that really calls them."""

import base64
import hashlib
import hmac
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stand.apis.steering import MINUTE, NEVER, REGION, QueueService, Steering
from stand.apis.tocsin import TocsinRest
from stand.apis.wire import Json
from stand.recording_target import Answer, Received, RecordingTarget
from stand.services.postgres_server import PostgresServer
from stand.tocsin_process import serving

KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
EVERY_10 = "*/10 * * * ? *"
HOUR = timedelta(hours=1)
START = "2026-03-01T12:00:30Z"


def settings(target: RecordingTarget, queues: QueueService) -> str:
    return f"""
        [targets]
        function = "{target.url}/{{function_id}}"
        [dead_letters]
        endpoint = "{queues.url}"
        region = "{REGION}"
        access_key_id = "id"
        secret_access_key = "key"
        [notify.receivers.ops]
        url = "{target.url}/ops"
        secret = "{SECRET}"
        folders = ["*"]
        [notify.receivers.patient]
        url = "{target.url}/patient"
        secret = "{SECRET}"
        failures = 3
        [notify.receivers.function]
        function = "tells"
        on = ["failure"]
        [notify.receivers.other]
        url = "{target.url}/other"
        secret = "{SECRET}"
        folders = ["another-folder"]
    """


@contextmanager
def started(
    directory: Path, target: RecordingTarget, queues: QueueService, folder: str, start: str = START
) -> Iterator[Steering]:
    manual = ("--clock", "manual", "--clock-start", start)
    with serving(directory, settings(target, queues), *manual) as tocsin:
        yield Steering(tocsin, TocsinRest(tocsin.http_address), target, queues, folder)


@pytest.fixture
def queues() -> Iterator[QueueService]:
    service = QueueService()
    yield service
    service.close()


@pytest.fixture
def here(target: RecordingTarget, queues: QueueService, folder: str) -> Iterator[Steering]:
    with tempfile.TemporaryDirectory() as made, started(Path(made), target, queues, folder) as it:
        yield it
    target.answers.clear()


@pytest.fixture
def target() -> Iterator[RecordingTarget]:
    target = RecordingTarget()
    yield target
    target.close()


def told(target: RecordingTarget, receiver: str = "ops") -> list[Received]:
    return target.all(lambda request: request.path == f"/{receiver}")


def data(notice: Received) -> Json:
    found: Json = notice.json["data"]
    return found


def check_signature(notice: Received) -> None:
    """Does what a receiver of Standard Webhooks does."""
    sent = notice.headers
    age = datetime.now(UTC).timestamp() - int(sent["webhook-timestamp"])
    assert abs(age) < 300
    signed = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode() + notice.body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert sent["webhook-signature"] == f"v1,{expected}"


def test_a_delivery_that_failed_for_good_is_told_of_once_and_signed(here: Steering) -> None:
    here.answer(500)
    trigger = here.timer(EVERY_10, name="report", retries=2)
    here.advance(15 * MINUTE)
    [notice] = told(here.target)
    check_signature(notice)
    assert notice.json["type"] == "trigger.failed"
    assert (data(notice)["triggerId"], data(notice)["triggerName"]) == (trigger, "report")
    assert (data(notice)["attempts"], data(notice)["failuresInARow"]) == (3, 1)
    assert data(notice)["scheduledAt"] == "2026-03-01T12:10:00Z"
    assert "answered 500: so it is" in data(notice)["lastError"]
    assert told(here.target, "other") == []
    # The same cause within the hour.
    here.advance(40 * MINUTE)
    assert len(told(here.target)) == 1
    here.advance(30 * MINUTE)
    first, second = told(here.target)
    assert data(second)["failuresInARow"] > 1
    assert first.headers["webhook-id"] != second.headers["webhook-id"]


def test_a_notice_is_an_invocation_that_is_tried_again_under_its_id(here: Steering) -> None:
    here.target.answers["/ops"] = lambda _: Answer(503)
    here.answer(500)
    trigger = here.timer(EVERY_10)
    here.advance(10 * MINUTE)
    here.tick_no_more(trigger)
    here.target.answers["/ops"] = lambda _: Answer(204)
    here.advance(5 * MINUTE)
    notices = told(here.target)
    assert len(notices) > 1
    assert len({notice.headers["webhook-id"] for notice in notices}) == 1
    for notice in notices:
        check_signature(notice)
    [shown] = here.invocations(triggerId=f"notice-{trigger}")
    assert shown["state"] == "STATE_SUCCEEDED"
    assert (shown["cause"], shown["target"]) == ("CAUSE_NOTICE", "notice/ops")
    # The trigger's own list has its own deliveries alone.
    assert {one["target"] for one in here.invocations(triggerId=trigger)} == {
        f"function/{here.folder}"
    }


def test_nobody_is_told_of_a_notice_that_failed(here: Steering) -> None:
    here.target.answers["/ops"] = lambda _: Answer(500)
    here.answer(500)
    trigger = here.timer(EVERY_10)
    here.advance(10 * MINUTE)
    here.tick_no_more(trigger)
    here.advance(timedelta(days=1))
    [shown] = here.invocations(triggerId=f"notice-{trigger}")
    assert (shown["state"], shown["attemptCount"]) == ("STATE_FAILED", 11)
    assert here.invocations(triggerId=f"notice-notice-{trigger}") == []


def test_a_receiver_may_wait_for_failures_in_a_row(here: Steering) -> None:
    here.answer(500)
    here.timer(EVERY_10, labels={"tocsin/notify": "patient"})
    here.advance(20 * MINUTE)
    assert told(here.target, "patient") == []
    here.answer(200)
    here.advance(10 * MINUTE)
    here.answer(500)
    here.advance(20 * MINUTE)
    assert told(here.target, "patient") == []
    here.advance(10 * MINUTE)
    [notice] = told(here.target, "patient")
    assert data(notice)["failuresInARow"] == 3
    # The label goes before the folder.
    assert told(here.target, "ops") == []


def test_a_label_turns_notices_off_and_a_misspelt_one_silences_nobody(here: Steering) -> None:
    here.answer(500)
    here.timer(EVERY_10, labels={"tocsin/notify": "off"})
    here.advance(10 * MINUTE)
    assert told(here.target) == []
    here.timer(EVERY_10, name="misspelt", labels={"tocsin/notify": "opps"})
    # That receiver is for another folder.
    here.timer(EVERY_10, name="strange", labels={"tocsin/notify": "other"})
    here.advance(10 * MINUTE)
    names = sorted(data(notice)["triggerName"] for notice in told(here.target))
    assert names == ["misspelt", "strange"]
    assert told(here.target, "other") == []


def test_a_function_is_told_as_any_target_is_called(here: Steering) -> None:
    here.answer(500)
    here.timer(EVERY_10, labels={"tocsin/notify": "function"})
    here.advance(10 * MINUTE)
    [notice] = told(here.target, "tells")
    assert notice.query == {"integration": "raw"}
    assert notice.json["type"] == "trigger.failed"
    assert "webhook-signature" not in notice.headers


def test_what_goes_to_a_dead_letter_queue_is_told_of(here: Steering) -> None:
    here.answer(500)
    here.timer(EVERY_10, queue=here.queues.create(here.folder))
    here.advance(10 * MINUTE)
    [notice] = told(here.target)
    assert data(notice)["goesToDeadLetterQueue"] is True


def test_a_deleted_or_paused_trigger_keeps_no_notice_back(here: Steering) -> None:
    here.target.answers["/ops"] = lambda _: Answer(503)
    here.answer(500)
    trigger = here.timer(EVERY_10)
    here.advance(10 * MINUTE)
    here.delete(trigger)
    here.target.answers["/ops"] = lambda _: Answer(204)
    here.advance(MINUTE)
    [shown] = here.invocations(triggerId=f"notice-{trigger}")
    assert shown["state"] == "STATE_SUCCEEDED"


def test_success_tells_of_recovery_and_costs_nobody_a_notice_before(here: Steering) -> None:
    here.timer(EVERY_10, name="report")
    here.advance(20 * MINUTE)
    assert told(here.target) == []
    here.answer(500)
    here.advance(10 * MINUTE)
    here.answer(200)
    here.advance(10 * MINUTE)
    _, recovered = here.target.wait_for(lambda request: request.path == "/ops", 2)
    check_signature(recovered)
    assert recovered.json["type"] == "trigger.recovered"
    assert data(recovered)["from"] == "failure"


def test_a_timer_that_was_silent_in_a_downtime_is_told_of(
    target: RecordingTarget, queues: QueueService, folder: str
) -> None:
    with tempfile.TemporaryDirectory() as made:
        with started(Path(made), target, queues, folder) as it:
            trigger = it.timer(EVERY_10, name="nightly")
            it.change("Pause", it.timer(EVERY_10, name="paused"))
        with started(Path(made), target, queues, folder, "2026-03-01T13:00:30Z") as it:
            it.advance(timedelta(seconds=1))
            [silent] = target.wait_for(lambda request: request.path == "/ops")
            check_signature(silent)
            assert silent.json["type"] == "trigger.silent"
            assert data(silent)["triggerId"] == trigger
            assert data(silent)["tick"] == "2026-03-01T12:10:00Z"
            assert data(silent)["overdueSeconds"] > 3000
            it.advance(10 * MINUTE)
            _, recovered = target.wait_for(lambda request: request.path == "/ops", 2)
            assert (recovered.json["type"], data(recovered)["from"]) == (
                "trigger.recovered",
                "silence",
            )


def test_on_postgresql_failure_and_recovery_are_told_of(
    target: RecordingTarget, queues: QueueService, folder: str, postgres: PostgresServer
) -> None:
    database = ("--database", postgres.new_database())
    with (
        tempfile.TemporaryDirectory() as made,
        serving(Path(made), settings(target, queues), *database) as tocsin,
    ):
        it = Steering(tocsin, TocsinRest(tocsin.http_address), target, queues, folder)
        it.answer(500)
        trigger = it.timer(NEVER)
        for _ in range(3):
            it.api.call("FiringService.FireTrigger", {"triggerId": trigger})
        [failed] = target.wait_for(lambda request: request.path == "/ops")
        check_signature(failed)
        target.wait_for(lambda request: request.path == f"/{folder}", 3)
        it.answer(200)
        it.api.call("FiringService.FireTrigger", {"triggerId": trigger})
        _, recovered = target.wait_for(lambda request: request.path == "/ops", 2)
        assert [failed.json["type"], recovered.json["type"]] == [
            "trigger.failed",
            "trigger.recovered",
        ]
