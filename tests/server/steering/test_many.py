"""Many invocations at once: by their ids, by a filter, by the cause of their failure; and anew."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from stand.apis.steering import MINUTE, Steering, shown
from stand.apis.tocsin import pages
from stand.apis.wire import Json, Refused
from stand.recording_target import Answer

EVERY_MINUTE = "* * * * ? *"


def many(it: Steering, method: str, selection: Json, **fields: Any) -> Json:
    service = "DeadLetterService" if method == "RedriveMany" else "InvocationService"
    answer = it.api.call(f"{service}.{method}", {"selection": selection, **fields})
    changes: Json = answer["changes"]
    return changes


def ticked(it: Steering, count: int, **timer: Any) -> str:
    """Makes a timer that has ticked so often."""
    start = it.next_hour()
    trigger = it.timer(EVERY_MINUTE, **timer)
    it.advance_to(start + count * MINUTE)
    it.tick_no_more(trigger)
    return trigger


def ended(it: Steering, changes: Json) -> Json:
    """The job that changes belong to, at its end."""
    # The engine settles, its jobs too.
    it.advance(timedelta())
    job: Json = it.api.call("JobService.Get", {"jobId": changes["job"]["id"]})["job"]
    assert job["state"] in ("STATE_DONE", "STATE_CANCELLED")
    return job


def states(it: Steering, trigger: str) -> list[str]:
    return [each["state"].removeprefix("STATE_") for each in it.invocations(triggerId=trigger)]


# By ids


def test_those_that_are_named_are_retried_and_the_others_say_why_not(it: Steering) -> None:
    it.answer(500)
    trigger = ticked(it, 2)
    failed = [each["id"] for each in it.invocations(triggerId=trigger)]
    waits = it.schedule(it.now() + timedelta(days=1))
    it.answer(200)
    changes = many(it, "RetryMany", {"invocationIds": [*failed, waits, "no-such", failed[0]]})
    assert changes["selected"] == {"count": "2"}
    assert changes["invocationIds"] == failed
    why = {each["invocationId"]: each["error"] for each in changes["failures"]}
    assert "waits for its call" in why[waits]["message"]
    assert "not found" in why["no-such"]["message"]
    it.advance(timedelta())
    assert states(it, trigger) == ["SUCCEEDED", "SUCCEEDED"]


def test_those_that_are_named_are_counted_only(it: Steering) -> None:
    it.answer(500)
    trigger = ticked(it, 2)
    failed = [each["id"] for each in it.invocations(triggerId=trigger)]
    changes = many(it, "RetryMany", {"invocationIds": failed, "validateOnly": True})
    assert changes == {"selected": {"count": "2"}}
    assert states(it, trigger) == ["FAILED", "FAILED"]
    with pytest.raises(Refused, match="3 invocations were expected") as refused:
        many(it, "RetryMany", {"invocationIds": failed, "expectedCount": "3"})
    assert refused.value.reasons == ["COUNT_DIFFERS"]
    assert states(it, trigger) == ["FAILED", "FAILED"]


def test_waiting_ones_are_cancelled_by_ids(it: Steering) -> None:
    waiting = [it.schedule(it.now() + timedelta(days=1)) for _ in range(3)]
    changes = many(it, "CancelMany", {"invocationIds": waiting[:2]})
    assert changes["invocationIds"] == waiting[:2]
    found = [it.invocation(each)["state"] for each in waiting]
    assert found == ["STATE_CANCELLED", "STATE_CANCELLED", "STATE_PENDING"]


# By a filter


def test_a_job_retries_what_a_filter_finds_and_says_how_far_it_is(it: Steering) -> None:
    it.answer(500)
    trigger = ticked(it, 5)
    it.answer(200)
    wanted = {"triggerId": trigger, "states": ["STATE_FAILED"], "errorText": "SO IT IS"}
    counted = many(it, "RetryMany", {"filter": wanted, "validateOnly": True})
    assert counted == {"selected": {"count": "5"}}
    later = wanted | {"scheduledFrom": shown(it.now() - 2 * MINUTE)}
    assert many(it, "RetryMany", {"filter": later, "validateOnly": True})["selected"] != counted
    with pytest.raises(Refused) as refused:
        many(it, "RetryMany", {"filter": wanted, "expectedCount": "4"})
    assert refused.value.reasons == ["COUNT_DIFFERS"]
    changes = many(it, "RetryMany", {"filter": wanted, "expectedCount": "5"})
    assert changes["job"]["resource"] == f"folders/{it.folder}"
    job = ended(it, changes)
    assert (job["state"], job["kind"]) == ("STATE_DONE", "KIND_RETRY")
    assert (job["selected"], job["changed"]) == ({"count": "5"}, "5")
    assert states(it, trigger) == ["SUCCEEDED"] * 5
    assert {each.headers["x-attempt"] for each in it.calls()} == {"1", "2"}


def test_a_job_leaves_what_came_after_it_began_and_what_fails_again(it: Steering) -> None:
    it.answer(500)
    trigger = ticked(it, 3)
    wanted = {"triggerId": trigger, "states": ["STATE_FAILED"]}
    job = ended(it, many(it, "RetryMany", {"filter": wanted}))
    assert job["changed"] == "3"
    assert [each["attemptCount"] for each in it.invocations(triggerId=trigger)] == [2, 2, 2]


def test_what_a_deleted_trigger_left_is_skipped(it: Steering) -> None:
    it.answer(500)
    trigger, other = ticked(it, 2), it.timer(EVERY_MINUTE, function=f"{it.folder}-x")
    it.target.answers[f"/{it.folder}-x"] = lambda _: Answer(500)
    it.advance(MINUTE)
    it.tick_no_more(other)
    it.delete(trigger)
    wanted = {"folderId": it.folder, "states": ["STATE_FAILED"]}
    job = ended(it, many(it, "RetryMany", {"filter": wanted}))
    assert (job["changed"], job["skipped"]) == ("1", "2")


def test_a_retry_by_a_filter_names_the_states(it: Steering) -> None:
    with pytest.raises(Refused) as refused:
        many(it, "RetryMany", {"filter": {"folderId": it.folder}})
    assert "such as STATE_FAILED" in refused.value.fields["selection.filter.states"]


@pytest.mark.parametrize("selection", [{}, {"filter": {}, "invocationIds": ["a"]}])
def test_a_selection_is_either_named_or_found(it: Steering, selection: Json) -> None:
    with pytest.raises(Refused) as refused:
        many(it, "CancelMany", selection)
    assert list(refused.value.fields) == ["selection"]


def test_what_waits_is_cancelled_by_a_job(it: Steering) -> None:
    waiting = [it.schedule(it.now() + timedelta(days=1)) for _ in range(3)]
    integration = f"projects/{it.folder}/locations/l/integrations/-"
    job = ended(it, many(it, "CancelMany", {"filter": {"integration": integration}}))
    assert (job["kind"], job["changed"]) == ("KIND_CANCEL", "3")
    assert {it.invocation(each)["state"] for each in waiting} == {"STATE_CANCELLED"}
    listed = it.api.call("JobService.List", {"pageSize": 1000})["jobs"]
    assert job["id"] in [each["id"] for each in listed]
    again = it.api.call("JobService.Cancel", {"jobId": job["id"]})["job"]
    assert again["state"] == "STATE_DONE"


def test_jobs_are_listed_the_latest_first(it: Steering) -> None:
    wanted = {"filter": {"folderId": it.folder}}
    made = [many(it, "CancelMany", wanted)["job"]["id"] for _ in range(3)]
    found = pages(it.api, "JobService.List", "jobs", {"pageSize": 2, "folderId": it.folder})
    listed = [each["id"] for page in found for each in page]
    assert listed == made[::-1]


@pytest.mark.parametrize("method", ["Get", "Cancel"])
def test_a_job_that_there_is_not_is_not_found(it: Steering, method: str) -> None:
    with pytest.raises(Refused, match="Job no-such not found") as refused:
        it.api.call(f"JobService.{method}", {"jobId": "no-such"})
    assert refused.value.code == "NOT_FOUND"


# Dead letters


def letters_of_two_causes(it: Steering) -> tuple[str, str]:
    """Makes dead letters that failed in two ways, whose errors also differ in numbers."""
    queue = it.queues.create(it.folder)
    numbers = iter(range(1000, 2000))
    functions = {"out of paper, order": f"{it.folder}-a", "no such row:": f"{it.folder}-b"}
    triggers = []
    for text, function in functions.items():
        it.target.answers[f"/{function}"] = lambda _, text=text: Answer(
            500, f"{text} {next(numbers)}".encode()
        )
        triggers.append(ticked(it, 3, function=function, queue=queue, name=f"by-{function[-1]}"))
    it.advance(timedelta())
    return triggers[0], triggers[1]


def causes(it: Steering, **of: str) -> list[Json]:
    found = it.api.call("DeadLetterService.ListCauses", of)
    assert "searchedUntil" not in found
    listed: list[Json] = found.get("causes", [])
    return listed


def test_dead_letters_are_grouped_listed_and_redriven_by_their_cause(it: Steering) -> None:
    first, second = letters_of_two_causes(it)
    found = causes(it, folderId=it.folder)
    assert [each["letters"] for each in found] == [{"count": "3"}, {"count": "3"}]
    [paper] = [each for each in found if "paper" in each["error"]]
    assert paper["error"].endswith("answered 500: out of paper, order #")
    assert paper["target"] == f"function/{it.folder}-a"
    assert paper["triggers"] == [{"triggerId": first, "name": "by-a"}]
    assert paper["oldestAt"] < paper["newestAt"]
    assert "order 10" in paper["exampleError"]
    assert [each["causeId"] for each in causes(it, triggerId=first)] == [paper["causeId"]]
    asked = {"folderId": it.folder, "causeId": paper["causeId"], "pageSize": 2}
    listed = [
        each
        for page in pages(it.api, "DeadLetterService.List", "deadLetters", asked)
        for each in page
    ]
    assert [each["triggerId"] for each in listed] == [first] * 3
    assert paper["exampleInvocationId"] == listed[0]["id"]
    it.answer(200, f"{it.folder}-a")
    selection = {"filter": {"folderId": it.folder}}
    cause = {"causeId": paper["causeId"]}
    counted = many(it, "RedriveMany", selection | {"validateOnly": True}, **cause)
    assert counted == {"selected": {"count": "3"}}
    job = ended(it, many(it, "RedriveMany", selection | {"expectedCount": "3"}, **cause))
    assert (job["kind"], job["changed"]) == ("KIND_REDRIVE", "3")
    assert states(it, first) == ["SUCCEEDED"] * 3
    assert states(it, second) == ["DEAD_LETTERED"] * 3


def test_dead_letters_are_redriven_by_ids_and_by_folder(it: Steering) -> None:
    first, second = letters_of_two_causes(it)
    one = it.invocations(triggerId=first)[0]["id"]
    for function in "ab":
        it.answer(200, f"{it.folder}-{function}")
    assert many(it, "RedriveMany", {"invocationIds": [one, "no"]})["invocationIds"] == [one]
    it.advance(timedelta())
    assert sorted(states(it, first)) == ["DEAD_LETTERED", "DEAD_LETTERED", "SUCCEEDED"]
    job = ended(it, many(it, "RedriveMany", {"filter": {"folderId": it.folder}}))
    assert job["changed"] == "5"
    assert set(states(it, first) + states(it, second)) == {"SUCCEEDED"}
    assert causes(it, folderId=it.folder) == []


def test_a_redrive_takes_no_states_and_no_cause_without_a_filter(it: Steering) -> None:
    with pytest.raises(Refused) as refused:
        many(it, "RedriveMany", {"filter": {"states": ["STATE_FAILED"]}})
    assert list(refused.value.fields) == ["selection.filter.states"]
    with pytest.raises(Refused) as refused:
        many(it, "RedriveMany", {"invocationIds": ["a"]}, causeId="b")
    assert list(refused.value.fields) == ["cause_id"]


# Anew


def resend(it: Steering, invocation_id: str, **changes: Any) -> Json:
    asked = {"invocationId": invocation_id, **changes}
    made: Json = it.api.call("InvocationService.Resend", asked)["invocation"]
    it.advance(timedelta())
    return made


def test_a_payload_is_sent_again_as_a_new_invocation(it: Steering) -> None:
    trigger = ticked(it, 1, payload="hello")
    first = it.only(trigger)
    again = resend(it, first["id"])
    assert again["id"] != first["id"]
    assert (again["resentFrom"], again["cause"]) == (first["id"], "CAUSE_FIRED_BY_HAND")
    assert [call.body for call in it.calls()] == [base64.b64decode(first["payload"])] * 2
    assert it.calls()[-1].headers["x-request-id"] == again["id"]
    # The first one stays as it was.
    assert it.invocation(first["id"]) == first


def test_a_payload_is_sent_again_with_changes(it: Steering) -> None:
    trigger = ticked(it, 1)
    first = it.only(trigger)
    changed = resend(it, first["id"], json={"order": 7, "note": "é"})
    assert json.loads(it.calls()[-1].body) == {"order": 7, "note": "é"}
    resend(it, changed["id"], body=base64.b64encode(b"\x00raw").decode())
    assert it.calls()[-1].body == b"\x00raw"


def test_a_repeated_request_sends_once(it: Steering) -> None:
    first = it.only(ticked(it, 1))
    made = [resend(it, first["id"], requestId=it.folder)["id"] for _ in range(2)]
    assert made[0] == made[1]
    assert len(it.calls()) == 2


def test_an_execution_is_sent_again_with_other_parameters(it: Steering) -> None:
    it.target.answers["/nightly"] = lambda _: Answer(200, b"{}")
    execution = it.schedule(it.now())
    it.advance(timedelta())
    again = resend(it, execution, parameters={"rows": 7, "all": True}, reason="mended")
    assert again["resentFrom"] == execution
    [call] = it.executed(again["executionId"] if "executionId" in again else again["id"])
    assert json.loads(call.body)["parameters"] == {"rows": 7, "all": True}


def test_what_does_not_fit_is_refused(it: Steering) -> None:
    trigger = ticked(it, 1)
    first = it.only(trigger)["id"]
    execution = it.schedule(it.now() + timedelta(days=1))
    for invocation_id, changes, field in (
        (first, {"parameters": {"a": 1}}, "parameters"),
        (execution, {"json": {}}, "json"),
    ):
        with pytest.raises(Refused) as refused:
            resend(it, invocation_id, **changes)
        assert list(refused.value.fields) == [field]
    with pytest.raises(Refused, match="be replayed yet: it is pending"):
        resend(it, execution)
    it.delete(trigger)
    with pytest.raises(Refused, match="was deleted"):
        resend(it, first)
