"""A pause keeps a trigger's target from being called, and a deletion does so for good."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest

from stand.apis.steering import MINUTE, Steering
from stand.apis.wire import Json, Refused
from stand.recording_target import Answer, held_until

SECOND = timedelta(seconds=1)
HOURLY = "0 * * * ? *"


def failing(it: Steering, retries: int = 3) -> tuple[str, Json]:
    """Makes a timer whose first call failed; returns its id and what is to be called again."""
    it.answer(500)
    start = it.next_hour()
    trigger = it.timer(HOURLY, retries=retries)
    it.advance_to(start + 60 * MINUTE)
    return trigger, it.only(trigger)


def explained(it: Steering, trigger: str, invocation: Json) -> tuple[str, str]:
    minute = it.now().fromisoformat(invocation["scheduledAt"])
    [delivery] = it.explain(trigger, minute)["deliveries"]
    return delivery["reason"].removeprefix("REASON_"), delivery["explanation"]


def refused(it: Steering, method: str, **request: object) -> str:
    with pytest.raises(Refused) as refusal:
        it.api.call(method, request)
    assert refusal.value.code == "FAILED_PRECONDITION"
    return str(refusal.value)


@contextmanager
def under_way(it: Steering) -> Iterator[tuple[str, threading.Event]]:
    """Makes a timer whose call is under way until the event is set; it ends with 500."""
    let_go = threading.Event()

    def answer(request: object) -> Answer:
        held_until(let_go)(request)  # type: ignore[arg-type]
        return Answer(500, b"so it is")

    start = it.next_hour()
    trigger = it.timer(HOURLY, retries=3)
    it.target.answers[f"/{it.folder}"] = answer
    with ThreadPoolExecutor(1) as pool:
        moved = pool.submit(it.advance_to, start + 60 * MINUTE)
        it.target.wait_for(lambda request: request.path == f"/{it.folder}")
        try:
            yield trigger, let_go
        finally:
            let_go.set()
        moved.result()


def test_a_retry_waits_until_its_trigger_is_resumed(it: Steering) -> None:
    trigger, _ = failing(it)
    it.change("Pause", trigger)
    it.advance(10 * MINUTE)
    assert len(it.calls()) == 1
    waiting = it.only(trigger)
    assert (waiting["state"], waiting["parked"]) == ("STATE_RETRYING", True)
    reason, text = explained(it, trigger, waiting)
    assert reason == "TRIGGER_PAUSED"
    assert text.endswith("it waits until the trigger is resumed.")
    it.answer(200)
    it.change("Resume", trigger)
    it.advance(SECOND)
    assert len(it.calls()) == 2
    ended = it.only(trigger)
    assert ended["state"] == "STATE_SUCCEEDED"
    assert "parked" not in ended


def test_a_call_under_way_ends_and_its_retry_waits(it: Steering) -> None:
    with under_way(it) as (trigger, let_go):
        it.change("Pause", trigger)
        assert it.only(trigger)["state"] == "STATE_RUNNING"
        let_go.set()
    it.advance(10 * MINUTE)
    assert len(it.calls()) == 1
    waiting = it.only(trigger)
    assert (waiting["state"], waiting["attemptCount"]) == ("STATE_RETRYING", 1)
    assert waiting["parked"] is True


def test_what_is_asked_for_by_hand_runs_though_the_trigger_is_paused(it: Steering) -> None:
    trigger, first = failing(it)
    it.change("Pause", trigger)
    it.api.call("InvocationService.Retry", {"invocationId": first["id"]})
    it.advance(90 * SECOND)
    # The retries of what was asked for come, too.
    assert len(it.calls()) == 3
    it.answer(200)
    fired = it.api.call("FiringService.FireTrigger", {"triggerId": trigger})["invocations"]
    it.advance(SECOND)
    assert it.invocation(fired[0]["id"])["state"] == "STATE_SUCCEEDED"
    assert it.triggers.call("Get", {"triggerId": trigger})["status"] == "PAUSED"


def test_a_dead_letter_is_redriven_though_the_trigger_is_paused(it: Steering) -> None:
    it.answer(500)
    start = it.next_hour()
    trigger = it.timer(HOURLY, queue=it.queues.create(it.folder))
    it.advance_to(start + 60 * MINUTE)
    it.change("Pause", trigger)
    it.answer(200)
    it.api.call("DeadLetterService.Redrive", {"triggerId": trigger})
    it.advance(SECOND)
    assert it.only(trigger)["state"] == "STATE_SUCCEEDED"


def test_a_paused_trigger_keeps_no_other_from_its_target(it: Steering) -> None:
    paused, _ = failing(it)
    it.change("Pause", paused)
    it.answer(200)
    other = it.timer("5 * * * ? *")
    it.advance(10 * MINUTE)
    assert it.only(other)["state"] == "STATE_SUCCEEDED"
    assert len(it.calls()) == 2


def test_what_waits_for_a_deleted_trigger_is_cancelled_and_says_why(it: Steering) -> None:
    trigger, waiting = failing(it)
    it.delete(trigger)
    ended = it.invocation(waiting["id"])
    assert ended["state"] == "STATE_CANCELLED"
    assert ended["cancelReason"] == "CANCEL_REASON_TRIGGER_DELETED"
    assert [each["httpStatus"] for each in ended["attempts"]] == [500]
    it.advance(10 * MINUTE)
    assert len(it.calls()) == 1
    reason, text = explained(it, trigger, ended)
    assert reason == "TRIGGER_DELETED"
    assert text.endswith("its trigger was deleted.")


def test_what_is_parked_is_cancelled_when_its_trigger_is_deleted(it: Steering) -> None:
    trigger, waiting = failing(it)
    it.change("Pause", trigger)
    it.delete(trigger)
    ended = it.invocation(waiting["id"])
    assert ended["cancelReason"] == "CANCEL_REASON_TRIGGER_DELETED"
    assert "parked" not in ended


def test_a_call_under_way_ends_and_is_not_made_again_after_a_deletion(it: Steering) -> None:
    with under_way(it) as (trigger, let_go):
        [running] = it.invocations(triggerId=trigger)
        it.delete(trigger)
        let_go.set()
    it.advance(10 * MINUTE)
    assert len(it.calls()) == 1
    ended = it.invocation(running["id"])
    assert ended["cancelReason"] == "CANCEL_REASON_TRIGGER_DELETED"


def test_what_a_deleted_trigger_left_is_not_delivered_again(it: Steering) -> None:
    it.answer(500)
    start = it.next_hour()
    trigger = it.timer(HOURLY, queue=it.queues.create(it.folder))
    it.advance_to(start + 60 * MINUTE)
    letter = it.only(trigger)
    assert letter["state"] == "STATE_DEAD_LETTERED"
    it.delete(trigger)
    said = f"Trigger {trigger} was deleted: its invocations can't be delivered again"
    assert said in refused(it, "InvocationService.Retry", invocationId=letter["id"])
    assert said in refused(it, "DeadLetterService.Redrive", invocationId=letter["id"])
    assert said in refused(it, "DeadLetterService.Redrive", triggerId=trigger)


def test_a_caller_who_cancels_is_told_so(it: Steering) -> None:
    trigger, waiting = failing(it)
    it.change("Pause", trigger)
    it.api.call("InvocationService.Cancel", {"invocationId": waiting["id"]})
    ended = it.only(trigger)
    assert ended["cancelReason"] == "CANCEL_REASON_REQUESTED"
    it.change("Resume", trigger)
    it.advance(10 * MINUTE)
    assert len(it.calls()) == 1
