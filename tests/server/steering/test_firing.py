"""`tocsin.v1.FiringService`: fired by hand, and what fires next. Explain has tests of its own."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from stand.apis.rules import LEAST
from stand.apis.steering import MINUTE, Steering, shown
from stand.apis.tocsin import TocsinGrpc, pages
from stand.apis.triggers import RestApi, create
from stand.apis.wire import Json, Refused
from stand.tocsin_process import Tocsin

NEVER = "0 0 1 1 ? 2099"


def fire(it: Steering, trigger_id: str, **override: Any) -> Json:
    """Fires a trigger and lets it be delivered; returns the invocation as it was made."""
    answer = it.api.call("FiringService.FireTrigger", {"triggerId": trigger_id, **override})
    [made] = answer["invocations"]
    it.advance(timedelta())
    invocation: Json = made
    return invocation


def other_kind(it: Steering, kind: str = "objectStorage") -> str:
    rule = {kind: LEAST[kind] | {"invokeFunction": {"functionId": it.folder}}}
    return str(create(it.triggers, it.folder, rule=rule)["id"])


# FireTrigger


def test_a_timer_sends_what_it_would_at_a_tick(it: Steering) -> None:
    trigger = it.timer(NEVER, payload="hello")
    made = fire(it, trigger)
    assert made["state"] == "STATE_PENDING"
    assert made["cause"] == "CAUSE_FIRED_BY_HAND"
    assert made["scheduledAt"] == made["dueAt"] == shown(it.now())
    [call] = it.calls()
    assert call.headers["x-request-id"] == made["id"]
    [message] = call.json["messages"]
    assert message["event_metadata"]["created_at"] == shown(it.now())
    assert message["details"] == {"trigger_id": trigger, "payload": "hello"}
    assert it.only(trigger)["state"] == "STATE_SUCCEEDED"


def test_a_payload_stands_in_for_the_rules_own(it: Steering) -> None:
    fire(it, it.timer(NEVER, payload="hello"), payload="by hand, ы")
    [message] = it.calls()[0].json["messages"]
    assert message["details"]["payload"] == "by hand, ы"


@pytest.mark.parametrize(
    ("override", "sent"),
    [
        ({"body": base64.b64encode(b"\x00\xffraw").decode()}, b"\x00\xffraw"),
        ({"body": ""}, b""),
        ({"json": {"rows": [1, 2.5, None, "ы"]}}, '{"rows": [1, 2.5, null, "ы"]}'.encode()),
        ({"json": "text"}, b'"text"'),
    ],
)
@pytest.mark.parametrize("timer", [True, False])
def test_a_body_is_sent_as_it_is_whatever_the_kind(
    it: Steering, override: Json, sent: bytes, timer: bool
) -> None:
    fire(it, it.timer(NEVER) if timer else other_kind(it), **override)
    [call] = it.calls()
    if "json" in override:
        assert json.loads(call.body) == json.loads(sent)
        assert "ы".encode() in call.body or b"text" in call.body
    else:
        assert call.body == sent


def test_one_that_is_paused_fires_and_stays_paused(it: Steering) -> None:
    start = it.next_hour()
    trigger = it.timer("*/10 * * * ? *")
    it.change("Pause", trigger)
    fire(it, trigger)
    it.advance_to(start + 60 * MINUTE)
    assert len(it.calls()) == 1
    assert it.triggers.call("Get", {"triggerId": trigger})["status"] == "PAUSED"


def test_the_timetable_is_untouched(it: Steering) -> None:
    start = it.next_hour()
    trigger = it.timer("*/10 * * * ? *")
    it.advance(5 * MINUTE)
    fire(it, trigger)
    it.advance(5 * MINUTE)
    told = [call.headers["x-scheduled-at"] for call in it.calls()]
    assert told == [shown(start + 5 * MINUTE), shown(start + 10 * MINUTE)]


def test_it_is_retried_and_dead_lettered_as_any_other(it: Steering) -> None:
    it.answer(500)
    name = f"hand-{it.folder}"
    trigger = it.timer(NEVER, retries=1, queue=it.queues.create(name))
    fire(it, trigger, body=base64.b64encode(b"no events").decode())
    it.advance(2 * MINUTE)
    assert it.only(trigger)["state"] == "STATE_DEAD_LETTERED"
    # What is no list of events is one message, as it is.
    assert it.queues.bodies(name) == ["no events"]


def test_the_same_request_fires_once(it: Steering) -> None:
    trigger = it.timer(NEVER)
    asked = {"triggerId": trigger, "payload": "a", "requestId": f"of {it.folder}"}
    first = it.api.call("FiringService.FireTrigger", asked)
    it.advance(MINUTE)
    assert it.api.call("FiringService.FireTrigger", asked) == first
    it.advance(timedelta())
    assert len(it.calls()) == 1
    with pytest.raises(Refused) as refused:
        it.api.call("FiringService.FireTrigger", asked | {"payload": "b"})
    assert list(refused.value.fields) == ["request_id"]


@pytest.mark.parametrize(
    ("override", "field", "says"),
    [
        ({"payload": "x" * 4097}, "payload", "4096"),
        ({"requestId": "x" * 129}, "request_id", "at most 128"),
    ],
)
def test_what_is_too_long_is_refused(it: Steering, override: Json, field: str, says: str) -> None:
    trigger = it.timer(NEVER)
    with pytest.raises(Refused) as refused:
        it.api.call("FiringService.FireTrigger", {"triggerId": trigger, **override})
    assert says in refused.value.fields[field]
    assert it.invocations(triggerId=trigger) == []


@pytest.mark.parametrize("override", [{}, {"payload": "of a timer"}])
def test_another_kind_has_nothing_to_send_by_itself(it: Steering, override: Json) -> None:
    trigger = other_kind(it)
    with pytest.raises(Refused) as refused:
        it.api.call("FiringService.FireTrigger", {"triggerId": trigger, **override})
    assert "object_storage has no payload of its own" in refused.value.fields["override"]


@pytest.mark.parametrize("method", ["FireTrigger", "NextFireTimes", "Explain"])
def test_a_trigger_that_there_is_not_is_not_found(it: Steering, method: str) -> None:
    request = {"triggerId": "no-such"}
    if method == "Explain":
        request["instant"] = "2026-03-01T12:00:00Z"
    with pytest.raises(Refused, match="Trigger no-such not found") as refused:
        it.api.call(f"FiringService.{method}", request)
    assert refused.value.code == "NOT_FOUND"


# NextFireTimes


def test_the_next_times_of_a_trigger(it: Steering) -> None:
    start = it.next_hour()
    trigger = it.timer("*/10 * * * ? *")
    answer = it.api.call("FiringService.NextFireTimes", {"triggerId": trigger, "count": 3})
    assert answer == {"fireTimes": [shown(start + n * 10 * MINUTE) for n in (1, 2, 3)]}
    it.change("Pause", trigger)
    answer = it.api.call("FiringService.NextFireTimes", {"triggerId": trigger})
    assert answer["paused"] is True
    assert len(answer["fireTimes"]) == 10


def test_the_next_times_of_an_expression(it: Steering) -> None:
    asked = {"cronExpression": "0 9 29 2 ? *", "after": "2026-01-01T00:00:00Z", "count": 2}
    answer = it.api.call("FiringService.NextFireTimes", asked)
    assert answer == {"fireTimes": ["2028-02-29T09:00:00Z", "2032-02-29T09:00:00Z"]}
    asked = {"cronExpression": "0 0 1 1 ? 2098-2099"}
    answer = it.api.call("FiringService.NextFireTimes", asked)
    assert answer == {"fireTimes": ["2098-01-01T00:00:00Z", "2099-01-01T00:00:00Z"]}


@pytest.mark.parametrize(
    ("request_", "field", "says"),
    [
        ({}, "timetable", "trigger_id or cron_expression is required"),
        ({"cronExpression": "61 * * * ? *"}, "cron_expression", "minutes"),
        ({"cronExpression": "x" * 101}, "cron_expression", "100"),
        ({"cronExpression": NEVER, "count": 1001}, "count", "from 0 to 1000"),
    ],
)
def test_a_timetable_that_there_is_not_is_refused(
    it: Steering, request_: Json, field: str, says: str
) -> None:
    with pytest.raises(Refused) as refused:
        it.api.call("FiringService.NextFireTimes", request_)
    assert refused.value.code == "INVALID_ARGUMENT"
    assert says in refused.value.fields[field]


def test_another_kind_has_no_timetable(it: Steering) -> None:
    trigger = other_kind(it)
    with pytest.raises(Refused) as refused:
        it.api.call("FiringService.NextFireTimes", {"triggerId": trigger})
    assert "is object_storage" in refused.value.fields["trigger_id"]
    asked = {"triggerIds": [trigger], "end": shown(it.now() + MINUTE)}
    with pytest.raises(Refused) as refused:
        it.api.call("FiringService.Preview", asked)
    assert "is object_storage" in refused.value.fields["trigger_ids[0]"]


# Preview


def test_a_preview_merges_the_ticks_of_a_folder(it: Steering) -> None:
    start = it.next_hour()
    twenties = it.timer("*/20 * * * ? *", name="twenties")
    thirties = it.timer("*/30 * * * ? *")
    paused = it.timer("*/15 * * * ? *")
    it.change("Pause", paused)
    other_kind(it)
    asked = {"folderId": it.folder, "end": shown(start + 60 * MINUTE), "pageSize": 2}
    found = list(pages(it.api, "FiringService.Preview", "firings", asked))
    assert [len(page) for page in found] == [2, 1]
    assert [firing for page in found for firing in page] == [
        {
            "fireTime": shown(start + 20 * MINUTE),
            "triggerId": twenties,
            "triggerName": "twenties",
        },
        {"fireTime": shown(start + 30 * MINUTE), "triggerId": thirties},
        {
            "fireTime": shown(start + 40 * MINUTE),
            "triggerId": twenties,
            "triggerName": "twenties",
        },
    ]
    everything = it.api.call(
        "FiringService.Preview", asked | {"includePaused": True, "pageSize": 100}
    )
    minutes = [int(each["fireTime"][14:16]) for each in everything["firings"]]
    assert minutes == [15, 20, 30, 30, 40, 45]
    is_paused = [each.get("paused", False) for each in everything["firings"]]
    assert is_paused == [True, False, False, True, False, True]


def test_ticks_of_one_instant_are_split_between_pages_without_loss(it: Steering) -> None:
    start = it.next_hour()
    ids = [it.timer("*/30 * * * ? *") for _ in range(5)]
    asked = {"triggerIds": ids[::-1], "end": shown(start + 90 * MINUTE), "pageSize": 3}
    found = list(pages(it.api, "FiringService.Preview", "firings", asked))
    firings = [(each["fireTime"], each["triggerId"]) for page in found for each in page]
    assert firings == [(shown(start + 30 * MINUTE), each) for each in ids] + [
        (shown(start + 60 * MINUTE), each) for each in ids
    ]


def test_a_preview_of_other_times(it: Steering) -> None:
    trigger = it.timer("0 12 ? * 2-6 *")
    asked = {
        "triggerIds": [trigger],
        "start": "2027-01-01T12:00:00Z",
        "end": "2027-01-05T12:00:00Z",
    }
    found = it.api.call("FiringService.Preview", asked)["firings"]
    days = [each["fireTime"][:10] for each in found]
    assert days == ["2027-01-01", "2027-01-04"]


@pytest.mark.parametrize(
    ("request_", "field", "says"),
    [
        ({}, "end", "required"),
        ({"end": "2027-01-01T00:00:00Z"}, "folder_id", "either folder_id or trigger_ids"),
        (
            {"folderId": "f", "triggerIds": ["a"], "end": "2027-01-01T00:00:00Z"},
            "folder_id",
            "either folder_id or trigger_ids",
        ),
        ({"folderId": "f", "end": "2026-01-01T00:00:00Z"}, "end", "must not be before start"),
        ({"folderId": "f", "end": "2028-01-01T00:00:00Z"}, "end", "at most 400 days"),
        ({"folderId": "f", "end": "0001-01-01T00:00:00Z"}, "end", "in the years 1970 to 2099"),
        (
            {"triggerIds": ["a", "a"], "end": "2026-12-01T00:00:00Z"},
            "trigger_ids",
            "only once",
        ),
        (
            {"triggerIds": [f"a{n}" for n in range(101)], "end": "2026-12-01T00:00:00Z"},
            "trigger_ids",
            "at most 100",
        ),
    ],
)
def test_a_preview_that_makes_no_sense_is_refused(
    it: Steering, request_: Json, field: str, says: str
) -> None:
    with pytest.raises(Refused) as refused:
        it.api.call("FiringService.Preview", request_)
    assert refused.value.code == "INVALID_ARGUMENT"
    assert says in refused.value.fields[field]


def test_a_folder_of_too_many_is_cut_off_and_says_so(steered_sqlite: Tocsin, folder: str) -> None:
    triggers, api = RestApi(steered_sqlite.http_address), TocsinGrpc(steered_sqlite.grpc_address)
    rule = {"timer": {"cronExpression": NEVER, "invokeFunction": {"functionId": "f"}}}
    asked = {"folderId": folder, "start": "2098-12-01T00:00:00Z", "end": "2099-02-01T00:00:00Z"}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: create(triggers, folder, rule=rule), range(1000)))
    assert "truncated" not in api.call("FiringService.Preview", asked)
    create(triggers, folder, rule=rule)
    cut = api.call("FiringService.Preview", asked | {"pageSize": 1000})
    assert cut["truncated"] is True
    assert len(cut["firings"]) == 1000
