"""`tocsin.v1.DeadLetterService`: what could not be delivered, and how it is sent once more."""

import json
from datetime import timedelta

import pytest

from stand.apis.steering import MINUTE, Steering
from stand.apis.tocsin import pages
from stand.apis.wire import Json, Refused

EVERY_10 = "*/10 * * * ? *"


def dead_letters(it: Steering, **filters: object) -> list[Json]:
    found = it.api.call("DeadLetterService.List", filters)
    letters: list[Json] = found.get("deadLetters", [])
    return letters


def with_letters(it: Steering, count: int, **settings: int) -> str:
    """Makes a trigger with so many dead letters in its queue; returns its id."""
    it.answer(500)
    start = it.next_hour()
    trigger = it.timer(EVERY_10, queue=it.queues.create(it.folder), **settings)
    it.advance_to(start + count * 10 * MINUTE + 5 * MINUTE)
    it.change("Pause", trigger)
    it.answer(200)
    return trigger


def test_they_are_listed_the_latest_first_in_pages(it: Steering) -> None:
    trigger, other = with_letters(it, 3), with_letters(it, 1)
    found = list(
        pages(
            it.api, "DeadLetterService.List", "deadLetters", {"triggerId": trigger, "pageSize": 2}
        )
    )
    assert [len(page) for page in found] == [2, 1]
    listed = [each for page in found for each in page]
    assert {(each["triggerId"], each["state"]) for each in listed} == {
        (trigger, "STATE_DEAD_LETTERED")
    }
    assert [each["scheduledAt"] for each in listed] == sorted(
        (each["scheduledAt"] for each in listed), reverse=True
    )
    everyones = [each["triggerId"] for each in dead_letters(it, pageSize=1000)]
    assert everyones.count(trigger) == 3
    assert everyones.count(other) == 1
    assert len(dead_letters(it, folderId=it.folder)) == 4
    assert dead_letters(it, folderId=f"not-{it.folder}") == []


def test_one_that_is_on_its_way_to_its_queue_is_one_and_what_just_failed_is_none(
    it: Steering,
) -> None:
    start = it.next_hour()
    it.answer(500)
    waiting = it.timer(EVERY_10, queue="yrn:yc:ymq:ru-central1:b1g1:no-such-queue")
    plain = it.timer(EVERY_10)
    it.advance_to(start + 10 * MINUTE)
    [letter] = dead_letters(it, triggerId=waiting)
    assert letter["state"] == "STATE_DEAD_LETTERING"
    assert "no-such-queue" in letter["lastError"]
    assert dead_letters(it, triggerId=plain) == []


def test_one_is_delivered_again_with_all_its_retries(it: Steering) -> None:
    trigger = with_letters(it, 1, retries=1)
    [letter] = dead_letters(it, triggerId=trigger)
    assert letter["attemptCount"] == 2
    it.answer(500)
    answer = it.api.call("DeadLetterService.Redrive", {"invocationId": letter["id"]})
    assert answer == {"invocationIds": [letter["id"]]}
    assert dead_letters(it, triggerId=trigger) == []
    it.advance(timedelta())
    assert it.only(trigger)["state"] == "STATE_RETRYING"
    it.answer(200)
    it.advance(2 * MINUTE)
    done = it.only(trigger)
    assert (done["state"], done["attemptCount"]) == ("STATE_SUCCEEDED", 4)
    assert {call.headers["x-request-id"] for call in it.calls()} == {letter["id"]}
    # What was put into the queue before is there still.
    [body] = it.queues.bodies(it.folder)
    assert json.loads(body)["event_metadata"]["event_id"] == letter["id"]


def test_those_of_a_trigger_are_delivered_again_the_oldest_first_some_at_a_time(
    it: Steering,
) -> None:
    trigger, other = with_letters(it, 5), with_letters(it, 1)
    oldest_first = [each["id"] for each in reversed(dead_letters(it, triggerId=trigger))]
    asked = {"triggerId": trigger, "limit": 3}
    first = it.api.call("DeadLetterService.Redrive", asked)
    assert first == {"invocationIds": oldest_first[:3], "left": "2"}
    second = it.api.call("DeadLetterService.Redrive", asked)
    assert second == {"invocationIds": oldest_first[3:]}
    assert it.api.call("DeadLetterService.Redrive", asked) == {}
    it.advance(timedelta())
    assert {each["state"] for each in it.invocations(triggerId=trigger)} == {"STATE_SUCCEEDED"}
    assert len(dead_letters(it, triggerId=other)) == 1


def test_those_of_a_trigger_that_was_deleted_are_shown_and_not_delivered_again(
    it: Steering,
) -> None:
    trigger = with_letters(it, 1)
    it.delete(trigger)
    [letter] = dead_letters(it, triggerId=trigger)
    with pytest.raises(Refused, match=f"Trigger {trigger} was deleted") as refused:
        it.api.call("DeadLetterService.Redrive", {"triggerId": trigger})
    assert refused.value.code == "FAILED_PRECONDITION"
    it.advance(timedelta())
    assert it.invocation(letter["id"])["state"] == "STATE_DEAD_LETTERED"


def test_one_that_can_not_reach_its_queue_is_delivered_again_too(it: Steering) -> None:
    start = it.next_hour()
    it.answer(500)
    trigger = it.timer(EVERY_10, queue="yrn:yc:ymq:ru-central1:b1g1:no-such-queue")
    it.advance_to(start + 10 * MINUTE)
    it.answer(200)
    answer = it.api.call("DeadLetterService.Redrive", {"triggerId": trigger})
    assert len(answer["invocationIds"]) == 1
    it.advance(timedelta())
    assert it.only(trigger)["state"] == "STATE_SUCCEEDED"


def test_what_is_no_dead_letter_is_not_redriven(it: Steering) -> None:
    start = it.next_hour()
    trigger = it.timer(EVERY_10)
    it.advance_to(start + 10 * MINUTE)
    done = it.only(trigger)
    with pytest.raises(Refused, match="is not a dead letter, it is succeeded") as refused:
        it.api.call("DeadLetterService.Redrive", {"invocationId": done["id"]})
    assert refused.value.code == "FAILED_PRECONDITION"
    assert "NOT_A_DEAD_LETTER" in refused.value.reasons
    assert it.only(trigger) == done


@pytest.mark.parametrize(
    ("request_", "code", "says"),
    [
        ({}, "INVALID_ARGUMENT", "invocation_id or trigger_id is required"),
        ({"invocationId": ""}, "INVALID_ARGUMENT", "invocation_id or trigger_id is required"),
        ({"triggerId": "a", "limit": 1001}, "INVALID_ARGUMENT", "limit"),
        ({"invocationId": "no-such"}, "NOT_FOUND", "Invocation no-such not found"),
    ],
)
def test_what_can_not_be_redriven_is_refused(
    it: Steering, request_: Json, code: str, says: str
) -> None:
    with pytest.raises(Refused, match=says) as refused:
        it.api.call("DeadLetterService.Redrive", request_)
    assert refused.value.code == code
