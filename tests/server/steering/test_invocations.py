"""`tocsin.v1.InvocationService`: what there is, how it went, and how to step in."""

import base64
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from stand.apis.steering import MINUTE, Steering, shown
from stand.apis.tocsin import pages
from stand.apis.wire import Json, Refused
from stand.recording_target import Answer, held_until

HOURLY = "0 * * * ? *"
EVERY_10 = "*/10 * * * ? *"


@contextmanager
def held(it: Steering) -> Iterator[None]:
    """Holds the first call of the test's function, which the clock's next move makes."""
    let_go = threading.Event()
    it.target.answers[f"/{it.folder}"] = held_until(let_go)
    try:
        yield
    finally:
        let_go.set()


def failed(it: Steering, **settings: Any) -> tuple[str, datetime]:
    """Makes a tick whose calls all fail, as far as they are made within the minute."""
    it.answer(500)
    start = it.next_hour()
    trigger = it.timer("5 * * * ? *", **settings)
    it.advance_to(start + 5 * MINUTE)
    it.tick_no_more(trigger)
    return trigger, start + 5 * MINUTE


# Get


def test_one_that_succeeded_is_shown_with_all_that_is_known(it: Steering) -> None:
    start = it.next_hour()
    trigger = it.timer(EVERY_10, payload="hello")
    it.advance_to(start + 10 * MINUTE)
    [listed] = it.invocations(triggerId=trigger)
    tick = shown(start + 10 * MINUTE)
    invocation = it.invocation(listed["id"])
    payload = json.loads(base64.b64decode(invocation.pop("payload")))
    assert payload["messages"][0]["details"] == {"trigger_id": trigger, "payload": "hello"}
    assert invocation.pop("attempts") == [
        {"kind": "KIND_CALL", "number": 1, "startedAt": tick, "finishedAt": tick}
    ]
    call = it.calls()[-1]
    assert invocation.pop("traceId") == call.headers["traceparent"].split("-")[1]
    sent = {each["name"].lower(): each["value"] for each in invocation.pop("headers")}
    assert sent == {name: call.headers[name] for name in sent}
    assert {"content-type", "x-request-id", "x-attempt", "x-scheduled-at"} == set(sent)
    assert invocation == listed
    assert listed == {
        "id": it.calls()[-1].headers["x-request-id"],
        "triggerId": trigger,
        "parent": f"folders/{it.folder}",
        "target": f"function/{it.folder}",
        "state": "STATE_SUCCEEDED",
        "cause": "CAUSE_TICK",
        "scheduledAt": tick,
        "createdAt": tick,
        "startedAt": tick,
        "finishedAt": tick,
        "lateness": "0s",
        "duration": "0s",
        "attemptCount": 1,
    }


def test_one_that_is_retried_shows_its_calls_and_when_the_next_one_is(it: Steering) -> None:
    trigger, tick = failed(it, retries=3)
    it.advance(90 * timedelta(seconds=1))
    invocation = it.only(trigger)
    assert invocation["state"] == "STATE_RETRYING"
    assert (invocation["attemptCount"], invocation["retriesLeft"]) == (2, 1)
    assert "answered 500: so it is" in invocation["lastError"]
    first, second = invocation["attempts"]
    assert (first["number"], second["number"]) == (1, 2)
    assert first["startedAt"] == shown(tick)
    assert {each["httpStatus"] for each in (first, second)} == {500}
    assert {each["error"] for each in (first, second)} == {invocation["lastError"]}
    assert instant(invocation["startedAt"]) == instant(second["startedAt"])
    pause = instant(invocation["dueAt"]) - instant(second["finishedAt"])
    assert 60 * timedelta(seconds=1) <= pause <= 66 * timedelta(seconds=1)
    assert invocation["lateness"] == "0s"
    assert "finishedAt" not in invocation


def test_one_under_way_shows_which_node_holds_it_and_how_long(it: Steering) -> None:
    start = it.next_hour()
    trigger = it.timer("5 * * * ? *")
    with ThreadPoolExecutor(1) as pool, held(it):
        moved = pool.submit(it.advance_to, start + 5 * MINUTE)
        it.target.wait_for(lambda request: request.path == f"/{it.folder}")
        invocation = it.only(trigger)
        assert invocation["state"] == "STATE_RUNNING"
        assert invocation["node"].startswith("nod")
        assert instant(invocation["leaseUntil"]) > start + 5 * MINUTE
        assert "dueAt" not in invocation
        [attempt] = invocation["attempts"]
        assert attempt == {
            "kind": "KIND_CALL",
            "number": 1,
            "startedAt": shown(start + 5 * MINUTE),
        }
        for method in ("Retry", "Cancel"):
            with pytest.raises(Refused, match=f"delivered by node {invocation['node']}") as refused:
                it.api.call(f"InvocationService.{method}", {"invocationId": invocation["id"]})
            assert refused.value.code == "FAILED_PRECONDITION"
    moved.result()


def test_one_whose_queue_cannot_be_reached_says_why(it: Steering) -> None:
    trigger, _ = failed(it, queue="yrn:yc:ymq:ru-central1:b1g1:no-such-queue")
    invocation = it.only(trigger)
    assert invocation["state"] == "STATE_DEAD_LETTERING"
    assert invocation["deadLetterQueue"].endswith("no-such-queue")
    assert "no-such-queue" in invocation["lastError"]
    call, letter, *_ = invocation["attempts"]
    assert (call["kind"], letter["kind"]) == ("KIND_CALL", "KIND_DEAD_LETTER")
    assert instant(invocation["dueAt"]) > it.now()
    assert "retriesLeft" not in invocation


def test_an_execution_is_shown_with_its_answer(it: Steering) -> None:
    at = it.next_hour() + 7 * MINUTE
    execution = it.schedule(at)
    waiting = it.invocation(execution)
    name = f"projects/{it.folder}/locations/l"
    assert waiting["integration"] == f"{name}/integrations/nightly"
    assert waiting["cause"] == "CAUSE_SCHEDULED"
    assert waiting["state"] == "STATE_PENDING"
    assert waiting["dueAt"] == shown(at)
    assert waiting["parent"] == name
    it.target.answers["/nightly"] = lambda _: Answer(200, b'{"rows": 7}')
    it.advance_to(at)
    done = it.invocation(execution)
    assert done["state"] == "STATE_SUCCEEDED"
    assert json.loads(base64.b64decode(done["answer"])) == {"rows": 7}
    assert it.invocations(integration=waiting["integration"])[0]["id"] == execution


@pytest.mark.parametrize("method", ["Get", "Retry", "Cancel"])
def test_one_that_there_is_not_is_not_found(it: Steering, method: str) -> None:
    with pytest.raises(Refused, match="Invocation no-such not found") as refused:
        it.api.call(f"InvocationService.{method}", {"invocationId": "no-such"})
    assert refused.value.code == "NOT_FOUND"
    assert "INVOCATION_NOT_FOUND" in refused.value.reasons


# List


def test_a_list_is_in_order_and_comes_in_pages(it: Steering) -> None:
    start = it.next_hour()
    trigger, other = it.timer(EVERY_10), it.timer(EVERY_10)
    it.advance_to(start + 60 * MINUTE)
    ticks = [shown(start + n * 10 * MINUTE) for n in range(6, 0, -1)]
    found = list(
        pages(
            it.api, "InvocationService.List", "invocations", {"triggerId": trigger, "pageSize": 4}
        )
    )
    assert [[each["scheduledAt"] for each in page] for page in found] == [ticks[:4], ticks[4:]]
    assert {each["triggerId"] for page in found for each in page} == {trigger}
    both = it.invocations(scheduledFrom=shown(start), pageSize=1000)
    assert {trigger, other} <= {each.get("triggerId") for each in both}
    for first, second in pairwise(both):
        assert instant(first["scheduledAt"]) >= instant(second["scheduledAt"])


def test_a_list_is_narrowed_to_a_span_of_time(it: Steering) -> None:
    start = it.next_hour()
    trigger = it.timer(EVERY_10)
    it.advance_to(start + 60 * MINUTE)

    def found(**bounds: str) -> list[int]:
        listed = it.invocations(triggerId=trigger, **bounds)
        return [(instant(each["scheduledAt"]) - start) // MINUTE for each in listed]

    after, before = shown(start + 20 * MINUTE), shown(start + 40 * MINUTE)
    assert found(scheduledFrom=after) == [60, 50, 40, 30, 20]
    assert found(scheduledBefore=before) == [30, 20, 10]
    assert found(scheduledFrom=after, scheduledBefore=before) == [30, 20]


def test_a_list_is_narrowed_to_states(it: Steering) -> None:
    start = it.next_hour()
    it.answer(200, f"{it.folder}-good")
    it.answer(500, f"{it.folder}-bad")
    good = it.timer("5 * * * ? *", function=f"{it.folder}-good")
    bad = it.timer("5 * * * ? *", function=f"{it.folder}-bad")
    it.advance_to(start + 5 * MINUTE)
    pending = it.schedule(start + 9 * MINUTE)

    def found(*states: str) -> set[str]:
        wanted = [f"STATE_{state}" for state in states]
        listed = it.invocations(states=wanted, scheduledFrom=shown(start), pageSize=1000)
        return {each.get("triggerId", each["id"]) for each in listed} & {good, bad, pending}

    assert found("FAILED") == {bad}
    assert found("FAILED", "CANCELLED", "DEAD_LETTERED") == {bad}
    assert found("SUCCEEDED") == {good}
    assert found("SUCCEEDED", "FAILED") == {good, bad}
    assert found("PENDING") == {pending}
    assert found() == {good, bad, pending}
    assert len(it.invocations(triggerId=bad, states=["STATE_FAILED"])) == 1
    assert it.invocations(triggerId=good, states=["STATE_FAILED"]) == []


def test_a_list_is_narrowed_to_a_folder(it: Steering) -> None:
    start = it.next_hour()
    trigger = it.timer(EVERY_10)
    it.schedule(start)
    it.advance_to(start + 30 * MINUTE)
    asked = {"folderId": it.folder, "pageSize": 2}
    found = list(pages(it.api, "InvocationService.List", "invocations", asked))
    assert [[each["triggerId"] for each in page] for page in found] == [[trigger] * 2, [trigger]]
    assert it.invocations(folderId=it.folder, triggerId=trigger, pageSize=1)
    assert it.invocations(folderId=f"not-{it.folder}") == []


def test_a_list_is_narrowed_to_an_integration_by_each_of_its_names(it: Steering) -> None:
    start = it.next_hour()
    it.timer(EVERY_10)
    execution = it.schedule(start)
    it.advance_to(start + 10 * MINUTE)
    location = f"projects/{it.folder}/locations/l"
    for name in (
        f"{location}/integrations/nightly",
        f"{location}/products/apigee/integrations/nightly",
        f"{location}/integrations/-",
    ):
        assert [each["id"] for each in it.invocations(integration=name)] == [execution]
    assert it.invocations(integration=f"{location}/integrations/weekly") == []
    everywhere = it.invocations(integrationId="nightly", pageSize=1000)
    assert execution in [each["id"] for each in everywhere]
    assert not [each for each in everywhere if "triggerId" in each]
    assert it.invocations(integrationId="ightly") == []


def test_a_list_is_narrowed_to_a_text_in_the_error(it: Steering) -> None:
    start = it.next_hour()
    functions = {text: f"{it.folder}-{n}" for n, text in enumerate(("No 100%_Row", "no 100x row"))}
    triggers = {}
    for text, function in functions.items():
        it.target.answers[f"/{function}"] = lambda _, text=text: Answer(500, text.encode())
        triggers[text] = it.timer("5 * * * ? *", function=function)
    it.advance_to(start + 5 * MINUTE)

    def found(text: str, **more: Any) -> set[str]:
        listed = it.invocations(errorText=text, folderId=it.folder, **more)
        return {name for name, id_ in triggers.items() if id_ in {e["triggerId"] for e in listed}}

    assert found("NO 100") == set(triggers)
    # These stand for themselves.
    assert found("100%_r") == {"No 100%_Row"}
    assert found("no!") == set()
    assert found("row", states=["STATE_FAILED"], oldestFirst=True) == set(triggers)
    assert found("row", states=["STATE_SUCCEEDED"]) == set()
    assert found("row", triggerId=triggers["no 100x row"]) == {"no 100x row"}


def test_a_list_begins_with_the_oldest_if_asked(it: Steering) -> None:
    start = it.next_hour()
    trigger = it.timer(EVERY_10)
    it.advance_to(start + 60 * MINUTE)
    asked = {"triggerId": trigger, "pageSize": 4, "oldestFirst": True}
    ticks = [shown(start + n * 10 * MINUTE) for n in range(1, 7)]

    def found(**bounds: str) -> list[list[str]]:
        listed = pages(it.api, "InvocationService.List", "invocations", asked | bounds)
        return [[each["scheduledAt"] for each in page] for page in listed]

    assert found() == [ticks[:4], ticks[4:]]
    span = {"scheduledFrom": ticks[1], "scheduledBefore": ticks[4]}
    assert found(**span) == [ticks[1:4]]
    token = it.api.call("InvocationService.List", asked)["nextPageToken"]
    with pytest.raises(Refused) as refused:
        it.api.call(
            "InvocationService.List", {"triggerId": trigger, "pageSize": 4, "pageToken": token}
        )
    assert list(refused.value.fields) == ["page_token"]


def test_the_name_of_what_fired_is_shown(it: Steering) -> None:
    start = it.next_hour()
    trigger, unnamed = it.timer(EVERY_10, name="every-ten"), it.timer(EVERY_10)
    execution = it.schedule(start)
    it.advance_to(start + 10 * MINUTE)

    def names(**of: str) -> list[str | None]:
        listed = [each.get("originName") for each in it.invocations(**of)]
        got = [it.invocation(each["id"]).get("originName") for each in it.invocations(**of)]
        assert listed == got
        return listed

    assert names(triggerId=trigger) == ["every-ten"]
    assert names(triggerId=unnamed) == [None]
    assert names(integration=f"projects/{it.folder}/locations/l/integrations/-") == ["nightly"]
    assert it.invocation(execution)["originName"] == "nightly"
    it.delete(trigger)
    assert names(triggerId=trigger) == [None]


@pytest.mark.parametrize(
    ("request_", "field", "says"),
    [
        ({"errorText": "e" * 201}, "error_text", "at most 200 characters"),
        (
            {"triggerId": "a", "integration": "projects/p/locations/l/integrations/i"},
            "integration",
            "together with trigger_id",
        ),
        (
            {"states": ["STATE_FAILED", "STATE_UNSPECIFIED"]},
            "states[1]",
            "other than STATE_UNSPECIFIED",
        ),
        ({"integration": "nightly"}, "integration", "must be projects/*/locations/*/integrations"),
        ({"integrationId": "a/b"}, "integration_id", "must not have a slash"),
        ({"integrationId": "a", "triggerId": "b"}, "integration_id", "together with trigger_id"),
        ({"integrationId": "a", "folderId": "b"}, "integration_id", "together with folder_id"),
        (
            {"integration": "projects/p/locations/l/integrations/i", "folderId": "b"},
            "integration",
            "together with folder_id",
        ),
        ({"pageSize": 1001}, "page_size", "from 0 to 1000"),
        ({"pageToken": "nonsense"}, "page_token", "must be the next_page_token"),
    ],
)
def test_a_list_that_makes_no_sense_is_refused(
    it: Steering, request_: Json, field: str, says: str
) -> None:
    with pytest.raises(Refused) as refused:
        it.api.call("InvocationService.List", request_)
    assert refused.value.code == "INVALID_ARGUMENT"
    assert says in refused.value.fields[field]


def test_a_page_token_is_for_the_list_that_it_came_from(it: Steering) -> None:
    start = it.next_hour()
    trigger = it.timer(EVERY_10)
    it.advance_to(start + 30 * MINUTE)
    asked = {"triggerId": trigger, "pageSize": 1}
    token = it.api.call("InvocationService.List", asked)["nextPageToken"]
    for other in (
        {"states": ["STATE_SUCCEEDED"]},
        {"scheduledFrom": shown(start)},
        {"folderId": it.folder},
    ):
        with pytest.raises(Refused) as refused:
            it.api.call("InvocationService.List", asked | other | {"pageToken": token})
        assert list(refused.value.fields) == ["page_token"]


# Retry


def test_what_failed_is_delivered_again_as_the_same(it: Steering) -> None:
    trigger, tick = failed(it, retries=1)
    it.advance(2 * MINUTE)
    before = it.only(trigger)
    assert (before["state"], before["attemptCount"]) == ("STATE_FAILED", 2)
    asked = it.api.call("InvocationService.Retry", {"invocationId": before["id"]})["invocation"]
    assert asked["id"] == before["id"]
    assert asked["retriesLeft"] == 1
    assert "finishedAt" not in asked
    # All retries that the rule allows are there again.
    it.advance(2 * MINUTE)
    again = it.only(trigger)
    assert (again["state"], again["attemptCount"]) == ("STATE_FAILED", 4)
    assert [each["number"] for each in again["attempts"]] == [1, 2, 3, 4]
    calls = it.calls()
    assert [call.headers["x-attempt"] for call in calls] == ["1", "2", "3", "4"]
    assert {call.headers["x-request-id"] for call in calls} == {before["id"]}
    assert {call.headers["x-scheduled-at"] for call in calls} == {shown(tick)}
    it.answer(200)
    it.api.call("InvocationService.Retry", {"invocationId": before["id"]})
    it.advance(timedelta())
    assert it.only(trigger)["state"] == "STATE_SUCCEEDED"


def test_what_waits_for_its_next_call_is_called_at_once(it: Steering) -> None:
    trigger, _ = failed(it, retries=2)
    waiting = it.only(trigger)
    assert waiting["state"] == "STATE_RETRYING"
    it.api.call("InvocationService.Retry", {"invocationId": waiting["id"]})
    it.advance(timedelta())
    again = it.only(trigger)
    assert (again["state"], again["attemptCount"], again["retriesLeft"]) == ("STATE_RETRYING", 2, 1)


def test_what_succeeded_is_delivered_again_too_and_both_are_told(it: Steering) -> None:
    start = it.next_hour()
    trigger = it.timer("5 * * * ? *")
    it.advance_to(start + 5 * MINUTE)
    done = it.only(trigger)
    it.answer(500)
    it.api.call("InvocationService.Retry", {"invocationId": done["id"]})
    it.advance(timedelta())
    again = it.only(trigger)
    assert again["state"] == "STATE_FAILED"
    assert [each.get("httpStatus") for each in again["attempts"]] == [None, 500]
    assert again["attempts"][0] == done["attempts"][0]


def test_what_waits_for_its_first_call_is_not_retried(it: Steering) -> None:
    execution = it.schedule(it.now() + 7 * MINUTE)
    with pytest.raises(Refused, match="waits for its call, due at") as refused:
        it.api.call("InvocationService.Retry", {"invocationId": execution})
    assert refused.value.code == "FAILED_PRECONDITION"
    assert "INVOCATION_NOT_RETRIABLE" in refused.value.reasons


# Cancel


def test_what_waits_is_cancelled_and_never_called(it: Steering) -> None:
    at = it.now() + 7 * MINUTE
    execution = it.schedule(at)
    for _ in range(2):
        answer = it.api.call("InvocationService.Cancel", {"invocationId": execution})
        assert answer["invocation"]["state"] == "STATE_CANCELLED"
        assert answer["invocation"]["finishedAt"] == shown(at - 7 * MINUTE)
    it.advance(10 * MINUTE)
    assert it.executed(execution) == []
    assert it.invocation(execution)["state"] == "STATE_CANCELLED"


def test_what_waits_for_its_next_call_is_cancelled_too(it: Steering) -> None:
    trigger, _ = failed(it, retries=3)
    waiting = it.only(trigger)
    it.api.call("InvocationService.Cancel", {"invocationId": waiting["id"]})
    it.advance(10 * MINUTE)
    cancelled = it.only(trigger)
    assert cancelled["state"] == "STATE_CANCELLED"
    assert len(it.calls()) == 1
    it.answer(200)
    it.api.call("InvocationService.Retry", {"invocationId": waiting["id"]})
    it.advance(timedelta())
    assert it.only(trigger)["state"] == "STATE_SUCCEEDED"


@pytest.mark.parametrize(("status", "says"), [(200, "succeeded"), (500, "failed")])
def test_what_has_ended_is_not_cancelled(it: Steering, status: int, says: str) -> None:
    start = it.next_hour()
    it.answer(status)
    trigger = it.timer("5 * * * ? *")
    it.advance_to(start + 5 * MINUTE)
    ended = it.only(trigger)
    with pytest.raises(Refused, match=f"is already {says}") as refused:
        it.api.call("InvocationService.Cancel", {"invocationId": ended["id"]})
    assert refused.value.code == "FAILED_PRECONDITION"
    assert "INVOCATION_NOT_CANCELLABLE" in refused.value.reasons
    assert it.only(trigger) == ended


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
