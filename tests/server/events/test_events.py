"""Events that are posted fire triggers of every kind, over both wires."""

import base64
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from stand.apis.events import EventApi, GrpcEvents, RestEvents, answered
from stand.apis.triggers import RestApi, create
from stand.apis.wire import Json, Refused, Reply, send
from stand.recording_target import Received, RecordingTarget
from stand.tocsin_process import Tocsin

PUBLISH_CLOUD_EVENT = "/tocsin/v1/events:publishCloudEvent"


@pytest.fixture(params=["grpc", "rest"])
def events(request: pytest.FixtureRequest, server: Tocsin) -> EventApi:
    """Each test that asks for it runs over both wires."""
    if request.param == "grpc":
        return GrpcEvents(server.grpc_address)
    return RestEvents(server.http_address)


@pytest.fixture
def mine() -> str:
    """The id of a function, an account, a bucket, … that no other test knows."""
    return f"x{uuid.uuid4().hex[:15]}"


def calls_of(target: RecordingTarget, function_id: str, count: int = 1) -> list[Received]:
    return target.wait_for(lambda call: call.path == f"/functions/{function_id}", count)


def messages(call: Received) -> list[Any]:
    found: list[Any] = call.json["messages"]
    return found


def budget(account: str, **fields: Any) -> Json:
    return {"billing_account_id": account, "budget_id": "bud", **fields}


def budget_trigger(api: RestApi, folder: str, mine: str, **fields: Any) -> str:
    rule = {"billingAccountId": mine, "invokeFunction": {"functionId": mine}, **fields}
    created: str = create(api, folder, rule={"billingBudget": rule})["id"]
    return created


BATCH = {"cutoff": "1s"}
# Of each kind: a rule but for its action, an event that it lets pass, and what is delivered.
KINDS: dict[str, Callable[[str], tuple[Json, Json, Json]]] = {
    "message_queue": lambda mine: (
        {"queueId": mine, "serviceAccountId": "a", "batchSettings": BATCH},
        {"queue_id": mine, "body": "hello"},
        {"queue_id": mine},
    ),
    "iot_message": lambda mine: (
        {"registryId": mine, "mqttTopic": "rooms/+"},
        {"registry_id": mine, "mqtt_topic": "rooms/1", "payload": "aGk="},
        {"registry_id": mine, "device_id": "", "mqtt_topic": "rooms/1", "payload": "aGk="},
    ),
    "iot_broker_message": lambda mine: (
        {"brokerId": mine},
        {"broker_id": mine, "mqtt_topic": "rooms/1"},
        {"broker_id": mine, "mqtt_topic": "rooms/1", "payload": ""},
    ),
    "object_storage": lambda mine: (
        {"eventType": ["OBJECT_STORAGE_EVENT_TYPE_CREATE_OBJECT"], "bucketId": mine},
        {"change": "OBJECT_CHANGE_CREATE", "bucket_id": mine, "object_id": "a"},
        {"bucket_id": mine, "object_id": "a"},
    ),
    "container_registry": lambda mine: (
        {"eventType": ["CONTAINER_REGISTRY_EVENT_TYPE_CREATE_IMAGE_TAG"], "registryId": mine},
        {
            "change": "REGISTRY_CHANGE_CREATE_IMAGE_TAG",
            "registry_id": mine,
            "image_name": "shop",
            "tag": "v1",
        },
        {
            "image_digest": "",
            "image_id": "",
            "registry_id": mine,
            "repository_name": f"{mine}/shop",
            "tag": "v1",
        },
    ),
    "cloud_logs": lambda mine: (
        {"logGroupId": ["other", mine], "batchSettings": BATCH},
        {"log_group_id": mine, "message": "m"},
        {"log_group_id": mine, "log_stream_name": "", "message": "m"},
    ),
    "logging": lambda mine: (
        {"logGroupId": mine, "levels": ["WARN"], "batchSettings": BATCH},
        {
            "log_group_id": mine,
            "level": "LOG_RECORD_LEVEL_WARN",
            "message": "m",
            "json_payload": {"took": 3, "ratio": 0.5},
        },
        {
            "resource": {"type": "", "id": ""},
            "level": "WARN",
            "message": "m",
            "json_payload": {"took": 3, "ratio": 0.5},
        },
    ),
    "data_stream": lambda mine: (
        {"endpoint": "e", "database": "d", "stream": mine},
        {"endpoint": "e", "database": "d", "stream": mine, "data": '{"n": 1.50}'},
        {"n": 1.5},
    ),
}
CAMEL = {
    "message_queue": "messageQueue",
    "iot_message": "iotMessage",
    "iot_broker_message": "iotBrokerMessage",
    "object_storage": "objectStorage",
    "container_registry": "containerRegistry",
    "cloud_logs": "cloudLogs",
    "logging": "logging",
    "data_stream": "dataStream",
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_of_each_kind_fires(
    events: EventApi, rest_api: RestApi, target: RecordingTarget, folder: str, mine: str, kind: str
) -> None:
    rule, event, details = KINDS[kind](mine)
    function = {"invokeFunction": {"functionId": mine}}
    trigger = create(rest_api, folder, rule={CAMEL[kind]: rule | function})
    request = {"id": "one", "time": "2026-11-21T10:00:00.5Z", kind: event}

    test = {"event": request, "trigger_ids": [trigger["id"]], "include_payload": True}
    verdict = events.call("TestEvent", test)["verdicts"][0]
    assert (verdict["fires"], verdict["kind"], verdict["obstacles"]) == (True, kind, [])

    [told] = events.call("Publish", {"events": [request]})["events"]
    assert told == published("one", accepted=1)
    [call] = calls_of(target, mine)
    [message] = messages(call)
    delivered = message.get("details", message)
    if "messages" in delivered:
        [delivered] = delivered["messages"]
    assert details.items() <= delivered.items()
    if kind not in ("cloud_logs", "logging"):  # whose frame is made with the batch
        assert json.loads(verdict["payload"]) == call.json


def test_a_mail_fires(
    events: EventApi, rest_api: RestApi, target: RecordingTarget, folder: str, mine: str
) -> None:
    rule = {"mail": {"invokeFunction": {"functionId": mine}}}
    email = create(rest_api, folder, rule=rule)["rule"]["mail"]["email"]
    mail = {"recipient": email.upper(), "headers": [{"name": "subject", "value": "x"}]}
    events.call("Publish", {"events": [{"mail": mail, "time": "2026-11-21T10:00:00Z"}]})
    [call] = calls_of(target, mine)
    [message] = messages(call)
    assert message["received_at"] == "2026-11-21 10:00:00 +0000 UTC m=+0.000000000"
    assert message["headers"] == [{"name": "Subject", "values": ["x"]}]


def published(event_id: str, **counts: int) -> Json:
    none = {"accepted": "0", "repeated": "0", "lost": "0", "filtered": "0"}
    return {"id": event_id} | none | {name: str(count) for name, count in counts.items()}


def test_what_a_target_of_a_budget_receives_is_what_was_posted(
    events: EventApi, rest_api: RestApi, target: RecordingTarget, folder: str, mine: str
) -> None:
    budget_trigger(rest_api, folder, mine, budgetId="dev")
    element = {
        "billing_account_id": mine,
        "budget_id": "dev",
        "budget_display_name": "Dev",
        "amount": 120.5,
        "currency": "RUB",
        "period": "2026",
        "budgeted_amount": 100.0,
        "threshold_amount": 120.0,
        "threshold_type": "percent",
    }
    events.call("Publish", {"events": [{"billing_budget": element}]})
    [call] = calls_of(target, mine)
    assert call.json == {"messages": [element]}


def test_an_event_is_for_all_who_listen_and_for_no_others(
    events: EventApi, rest_api: RestApi, target: RecordingTarget, folder: str, mine: str
) -> None:
    for budget_id in ("", "bud", "other"):
        function = {"invokeFunction": {"functionId": f"{mine}-{budget_id}"}}
        budget_trigger(rest_api, folder, mine, budgetId=budget_id, **function)
    [told] = events.call("Publish", {"events": [{"id": "1", "billing_budget": budget(mine)}]})[
        "events"
    ]
    assert told == published("1", accepted=2, filtered=1)
    calls_of(target, f"{mine}-")
    calls_of(target, f"{mine}-bud")
    nobodys = {"id": "2", "billing_budget": budget(mine + "x")}
    assert events.call("Publish", {"events": [nobodys]})["events"] == [published("2")]


def test_an_event_that_is_sent_again_is_one_event(
    events: EventApi, rest_api: RestApi, target: RecordingTarget, folder: str, mine: str
) -> None:
    budget_trigger(rest_api, folder, mine)
    event = {"id": "same", "billing_budget": budget(mine, amount=1)}
    twice = events.call("Publish", {"events": [event, event]})["events"]
    assert twice == [published("same", accepted=1), published("same", repeated=1)]
    again = events.call("Publish", {"events": [event]})["events"]
    assert again == [published("same", repeated=1)]
    events.call("Publish", {"events": [{"billing_budget": budget(mine, amount=2)}]})
    amounts = [messages(call)[0]["amount"] for call in calls_of(target, mine, 2)]
    assert sorted(amounts) == [1, 2]


def test_a_batch_goes_out_when_it_is_full_or_has_waited(
    events: EventApi, rest_api: RestApi, target: RecordingTarget, folder: str, mine: str
) -> None:
    rule, _, _ = KINDS["iot_broker_message"](mine)
    rule |= {"batchSettings": {"size": "3", "cutoff": "1s"}}
    create(
        rest_api, folder, rule={"iotBrokerMessage": rule | {"invokeFunction": {"functionId": mine}}}
    )
    five = [
        {"iot_broker_message": {"broker_id": mine, "mqtt_topic": f"t/{place}"}}
        for place in range(5)
    ]
    events.call("Publish", {"events": five})
    first, second = calls_of(target, mine, 2)
    topics = [
        [each["details"]["mqtt_topic"] for each in messages(call)] for call in (first, second)
    ]
    assert topics == [["t/0", "t/1", "t/2"], ["t/3", "t/4"]]
    waited = (second.at - first.at).total_seconds()
    assert waited > 0.5


def test_the_batch_of_a_stream_is_measured_in_bytes(
    events: EventApi, rest_api: RestApi, target: RecordingTarget, folder: str, mine: str
) -> None:
    rule, record, _ = KINDS["data_stream"](mine)
    rule |= {"batchSettings": {"size": "10", "cutoff": "1s"}}
    create(rest_api, folder, rule={"dataStream": rule | {"invokeFunction": {"functionId": mine}}})
    records = [record | {"data": data} for data in ("1234", "123456", "12345678901234", "12")]
    events.call("Publish", {"events": [{"data_stream": each} for each in records]})
    bodies = [messages(call) for call in calls_of(target, mine, 3)]
    # The calls of two batches are made side by side.
    assert sorted(bodies) == [[12], [1234, 123456], [12345678901234]]


def test_a_batch_that_would_be_too_large_is_split(
    events: EventApi, rest_api: RestApi, target: RecordingTarget, folder: str, mine: str
) -> None:
    rule, _, _ = KINDS["iot_broker_message"](mine)
    rule |= {"batchSettings": {"size": "100", "cutoff": "1s"}}
    create(
        rest_api, folder, rule={"iotBrokerMessage": rule | {"invokeFunction": {"functionId": mine}}}
    )
    payload = "A" * 80_000
    large = {"broker_id": mine, "mqtt_topic": "t", "payload": payload}
    events.call("Publish", {"events": [{"iot_broker_message": large}] * 5})
    calls = calls_of(target, mine, 3)
    assert [len(messages(call)) for call in calls] == [2, 2, 1]


def test_what_comes_while_a_trigger_is_paused_is_lost_and_counted(
    events: EventApi, rest_api: RestApi, target: RecordingTarget, folder: str, mine: str
) -> None:
    trigger_id = budget_trigger(rest_api, folder, mine)
    rest_api.call("Pause", {"triggerId": trigger_id})
    event = {"id": "1", "billing_budget": budget(mine, amount=1)}
    assert events.call("Publish", {"events": [event]})["events"] == [published("1", lost=1)]
    intake = events.call("GetIntake", {"triggerId": trigger_id})
    assert (intake["lostEvents"], intake["kind"]) == ("1", "billing_budget")
    assert intake["lastLost"]
    rest_api.call("Resume", {"triggerId": trigger_id})
    after = {"id": "2", "billing_budget": budget(mine, amount=2)}
    assert events.call("Publish", {"events": [after]})["events"] == [published("2", accepted=1)]
    [call] = calls_of(target, mine)
    assert messages(call)[0]["amount"] == 2


def test_the_intakes_of_a_folder_are_listed_page_by_page(
    events: EventApi, rest_api: RestApi, folder: str, mine: str
) -> None:
    timer = {"cronExpression": "0 0 1 1 ? 2090", "invokeFunction": {"functionId": mine}}
    made = [budget_trigger(rest_api, folder, mine)]
    create(rest_api, folder, rule={"timer": timer})
    made += [budget_trigger(rest_api, folder, mine) for _ in range(2)]
    rest_api.call("Pause", {"triggerId": made[1]})
    events.call("Publish", {"events": [{"billing_budget": budget(mine, amount=1)}]})
    found: list[Json] = []
    pages, token = 0, ""
    while token or not pages:
        page = events.call("ListIntakes", {"folderId": folder, "pageSize": 2, "pageToken": token})
        found += page["intakes"]
        pages, token = pages + 1, page["nextPageToken"]
    # A timer takes no events, yet it has its place on the way.
    assert pages == 2
    assert [each["triggerId"] for each in found] == made
    assert [each["lostEvents"] for each in found] == ["0", "1", "0"]
    assert found == [events.call("GetIntake", {"triggerId": each}) for each in made]
    with pytest.raises(Refused) as refused:
        events.call("ListIntakes", {"folderId": ""})
    assert refused.value.code == "INVALID_ARGUMENT"


def test_what_waits_when_a_trigger_is_paused_goes_out_after_the_pause(
    events: EventApi, rest_api: RestApi, target: RecordingTarget, folder: str, mine: str
) -> None:
    rule, _, _ = KINDS["iot_broker_message"](mine)
    rule |= {"batchSettings": {"size": "10", "cutoff": "1s"}}
    rule |= {"invokeFunction": {"functionId": mine}}
    trigger_id = create(rest_api, folder, rule={"iotBrokerMessage": rule})["id"]
    message = {"iot_broker_message": {"broker_id": mine, "mqtt_topic": "t"}}
    events.call("Publish", {"events": [message]})
    rest_api.call("Pause", {"triggerId": trigger_id})
    wait_until(lambda: "due" not in events.call("GetIntake", {"triggerId": trigger_id}))
    assert events.call("GetIntake", {"triggerId": trigger_id})["waitingEvents"] == "1"
    assert target.all(lambda call: call.path == f"/functions/{mine}") == []
    rest_api.call("Resume", {"triggerId": trigger_id})
    calls_of(target, mine)
    wait_until(lambda: events.call("GetIntake", {"triggerId": trigger_id})["waitingEvents"] == "0")


def wait_until(true: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 30
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_a_trigger_listens_to_what_it_was_changed_to(
    events: EventApi, rest_api: RestApi, target: RecordingTarget, folder: str, mine: str
) -> None:
    trigger_id = budget_trigger(rest_api, folder, mine)
    rule = {"billingAccountId": mine + "2", "invokeFunction": {"functionId": mine}}
    change = {"triggerId": trigger_id, "updateMask": "rule", "rule": {"billingBudget": rule}}
    rest_api.call("Update", change)
    both = [{"id": each, "billing_budget": budget(each)} for each in (mine, mine + "2")]
    told = events.call("Publish", {"events": both})["events"]
    assert told == [published(mine), published(mine + "2", accepted=1)]
    rest_api.call("Delete", {"triggerId": trigger_id})
    gone = {"id": "3", "billing_budget": budget(mine + "2")}
    assert events.call("Publish", {"events": [gone]})["events"] == [published("3")]
    with pytest.raises(Refused, match=f"Trigger {trigger_id} not found"):
        events.call("GetIntake", {"triggerId": trigger_id})


def test_why_an_event_does_not_fire_is_told(
    events: EventApi, rest_api: RestApi, folder: str, mine: str
) -> None:
    timer = create(rest_api, folder)["id"]
    rule, _, _ = KINDS["object_storage"](mine)
    rule |= {"prefix": "in/", "suffix": ".jpg", "invokeFunction": {"functionId": mine}}
    stored = create(rest_api, folder, name="photos", rule={"objectStorage": rule})["id"]
    rest_api.call("Pause", {"triggerId": stored})
    change = {"change": "OBJECT_CHANGE_DELETE", "bucket_id": mine, "object_id": "in/a.png"}
    test = {"event": {"object_storage": change}, "folder_id": folder}
    verdicts = events.call("TestEvent", test)["verdicts"]
    assert [(each["triggerId"], each["fires"]) for each in verdicts] == [
        (timer, False),
        (stored, False),
    ]
    assert verdicts[0]["obstacles"] == [
        {"otherKind": {"expected": "timer", "got": "object_storage"}}
    ]
    assert verdicts[1]["name"] == "photos"
    assert verdicts[1]["obstacles"] == [
        {"paused": {}},
        filtered("event_type", "ANY_OF", "CREATE_OBJECT", "DELETE_OBJECT"),
        filtered("suffix", "SUFFIX", ".jpg", "in/a.png"),
    ]


def filtered(field: str, comparison: str, expected: str, got: str) -> Json:
    return {
        "filtered": {
            "field": field,
            "comparison": f"COMPARISON_{comparison}",
            "expected": [expected],
            "got": got,
        }
    }


def test_a_folder_is_tested_page_by_page(
    events: EventApi, rest_api: RestApi, folder: str, mine: str
) -> None:
    made = [budget_trigger(rest_api, folder, mine) for _ in range(5)]
    test = {
        "event": {"id": "1", "billing_budget": budget(mine)},
        "folder_id": folder,
        "page_size": 2,
    }
    found: list[str] = []
    token = ""
    while True:
        page = events.call("TestEvent", test | {"page_token": token})
        found += [each["triggerId"] for each in page["verdicts"]]
        token = page["nextPageToken"]
        if not token:
            break
    assert found == made


def test_a_page_is_no_longer_than_clients_take(
    events: EventApi, rest_api: RestApi, folder: str, mine: str
) -> None:
    made = [budget_trigger(rest_api, folder, mine) for _ in range(8)]
    long = budget(mine, budget_display_name="x" * 700_000)
    test = {"event": {"id": "1", "billing_budget": long}, "include_payload": True}
    found: list[str] = []
    page = {"nextPageToken": ""}
    while not found or page["nextPageToken"]:
        page = events.call(
            "TestEvent", test | {"folder_id": folder, "page_token": page["nextPageToken"]}
        )
        assert sum(len(each["payload"]) for each in page["verdicts"]) < 4_000_000
        found += [each["triggerId"] for each in page["verdicts"]]
    assert found == made
    with pytest.raises(Refused) as refused:
        events.call("TestEvent", test | {"trigger_ids": made})
    assert refused.value.code == "INVALID_ARGUMENT"
    assert "name fewer" in json.dumps(refused.value.details)


def test_a_payload_that_clients_could_not_take_is_left_out(
    events: EventApi, rest_api: RestApi, folder: str, mine: str
) -> None:
    budget_trigger(rest_api, folder, mine)
    # JSON writes each of these in six characters.
    long = budget(mine, budget_display_name="\x01" * 800_000)
    test = {"event": {"id": "1", "billing_budget": long}, "folder_id": folder}
    [verdict] = events.call("TestEvent", test | {"include_payload": True})["verdicts"]
    assert (verdict["fires"], verdict["payload"]) == (True, "")
    assert int(verdict["payloadSize"]) > 6 * 800_000


@pytest.mark.parametrize(
    ("event", "field", "told"),
    [
        ({}, "events[0]", "must have one of"),
        ({"billing_budget": {}}, "events[0].billing_budget.billing_account_id", "required"),
        (
            {"data_stream": {"stream": "s", "data": "hello"}},
            "events[0].data_stream.data",
            "is not JSON",
        ),
        ({"mail": {"recipient": "a\0b"}}, "events[0].mail.recipient", "NUL"),
    ],
)
def test_an_event_that_is_wrong_is_refused_by_its_field(
    events: EventApi, event: Json, field: str, told: str
) -> None:
    with pytest.raises(Refused) as refused:
        events.call("Publish", {"events": [event]})
    assert refused.value.code == "INVALID_ARGUMENT"
    assert told in refused.value.fields[field]


def test_a_test_needs_a_folder_or_triggers(events: EventApi, folder: str) -> None:
    event = {"billing_budget": budget("a")}
    for scope in ({}, {"folder_id": folder, "trigger_ids": ["a1s"]}):
        with pytest.raises(Refused, match="either folder_id or trigger_ids is required"):
            events.call("TestEvent", {"event": event, **scope})
    with pytest.raises(Refused, match="Trigger a1s not found"):
        events.call("TestEvent", {"event": event, "trigger_ids": ["a1s"]})


@pytest.mark.parametrize("count", [0, 1001])
def test_a_call_has_1_to_1000_events(events: EventApi, count: int) -> None:
    with pytest.raises(Refused, match="1 to 1000"):
        events.call("Publish", {"events": [{"billing_budget": budget("a")}] * count})


@pytest.mark.parametrize("kind", ["iotMessage", "iotBrokerMessage"])
def test_a_topic_filter_that_is_none_is_refused(rest_api: RestApi, folder: str, kind: str) -> None:
    rule = {"registryId": "r"} if kind == "iotMessage" else {"brokerId": "b"}
    rule |= {"mqttTopic": "a/#/b", "invokeFunction": {"functionId": "f"}}
    with pytest.raises(Refused, match="must be the last level"):
        create(rest_api, folder, rule={kind: rule})


def cloud_event(event_id: str, mine: str, **fields: Any) -> CloudEvent:
    attributes = {"type": "tocsin.v1.billing_budget", "source": "/billing", "id": event_id}
    return CloudEvent(attributes | {"specversion": "1.0"} | fields, budget(mine, amount=7))


def post(server: Tocsin, headers: Any, body: bytes) -> Reply:
    return send(server.http_address, "POST", PUBLISH_CLOUD_EVENT, body, dict(headers))


@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_a_cloud_event_fires(
    server: Tocsin,
    rest_api: RestApi,
    target: RecordingTarget,
    folder: str,
    mine: str,
    mode: str,
) -> None:
    budget_trigger(rest_api, folder, mine)
    encode = to_structured_event if mode == "structured" else to_binary_event
    sent = encode(cloud_event("one", mine))
    told = answered(post(server, sent.headers, sent.body))
    assert told == {"events": [published("one", accepted=1)]}
    [call] = calls_of(target, mine)
    assert messages(call)[0]["amount"] == 7
    # The same id of the same source is the same event, of another source it is another.
    told = answered(post(server, sent.headers, sent.body))
    assert told == {"events": [published("one", repeated=1)]}
    other = encode(cloud_event("one", mine, source="/other"))
    told = answered(post(server, other.headers, other.body))
    assert told == {"events": [published("one", accepted=1)]}


def test_cloud_events_come_in_batches_too(
    server: Tocsin, rest_api: RestApi, target: RecordingTarget, folder: str, mine: str
) -> None:
    budget_trigger(rest_api, folder, mine)
    batch = [json.loads(to_structured_event(cloud_event(each, mine)).body) for each in "ab"]
    headers = {"Content-Type": "application/cloudevents-batch+json"}
    told = answered(post(server, headers, json.dumps(batch).encode()))
    assert told == {"events": [published(each, accepted=1) for each in "ab"]}
    calls_of(target, mine, 2)


def test_a_cloud_event_of_a_batch_that_can_not_be_read_holds_up_no_other(
    server: Tocsin, rest_api: RestApi, target: RecordingTarget, folder: str, mine: str
) -> None:
    trigger_id = budget_trigger(rest_api, folder, mine)
    good, other, *bad = (
        json.loads(to_structured_event(cloud_event(each, mine)).body) for each in "abcdef"
    )
    bad[0]["data"]["amount"] = "much"
    bad[1]["time"] = "yesterday"
    bad[2] |= {"type": "com.example.other"}
    bad[3] |= {"data": None, "id": 7}
    headers = {"Content-Type": "application/cloudevents-batch+json"}
    batch = [good, *bad, other]
    told = answered(post(server, headers, json.dumps(batch).encode()))["events"]
    assert [told[0], told[-1]] == [published("a", accepted=1), published("b", accepted=1)]
    errors = [each["error"] for each in told[1:-1]]
    assert all(f"event[{number}]" in error for number, error in enumerate(errors, 1))
    assert [each["id"] for each in told[1:-1]] == ["c", "d", "e", ""]
    calls_of(target, mine, 2)
    intake = RestEvents(server.http_address).call("GetIntake", {"triggerId": trigger_id})
    # One has another type.
    assert intake["source"]["refusedEvents"] == "3"
    with pytest.raises(Refused) as refused:
        answered(post(server, headers, json.dumps(bad).encode()))
    assert refused.value.http == 400


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": "com.example.other"}, "event.type"),
        ({"data": {"budget_id": "b"}}, "event.billing_budget.billing_account_id"),
        ({"data": json.loads("[" * 101 + "]" * 101)}, "event"),
    ],
)
def test_a_cloud_event_that_is_wrong_is_refused_by_its_field(
    server: Tocsin, rest_api: RestApi, folder: str, mine: str, changes: Json, field: str
) -> None:
    budget_trigger(rest_api, folder, mine)
    content = json.loads(to_structured_event(cloud_event("one", mine)).body) | changes
    headers = {"Content-Type": "application/cloudevents+json"}
    with pytest.raises(Refused) as refused:
        answered(post(server, headers, json.dumps(content).encode()))
    assert field in refused.value.fields


def test_what_is_not_unicode_in_a_cloud_event_of_a_batch_holds_up_no_other(
    server: Tocsin, rest_api: RestApi, target: RecordingTarget, folder: str, mine: str
) -> None:
    trigger_id = budget_trigger(rest_api, folder, mine)
    good, *bad = (json.loads(to_structured_event(cloud_event(each, mine)).body) for each in "abcde")
    half = "\ud800"
    bad[0]["data"]["amount"] = half
    bad[1]["id"] = half
    bad[2]["data"]["billing_account_id"] = half
    bad[3]["data"][half] = half
    headers = {"Content-Type": "application/cloudevents-batch+json"}
    body = json.dumps([*bad, good]).encode()
    told = answered(post(server, headers, body))["events"]
    assert told[-1] == published("a", accepted=1)
    assert all(each["error"] for each in told[:-1])
    calls_of(target, mine, 1)
    intake = RestEvents(server.http_address).call("GetIntake", {"triggerId": trigger_id})
    assert intake["source"]["refusedEvents"] == "4"


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b'"caf\xe9"', "bytes that are not UTF-8"),
        (b'"", "amount": ' + b"9" * 5000, "more than 4,300 digits"),
        (b'"", "budget_id": ""', "'budget_id' twice"),
    ],
    ids=["bytes", "digits", "twice"],
)
def test_what_json_can_not_have_in_a_cloud_event_of_a_batch_holds_up_no_other(
    server: Tocsin,
    rest_api: RestApi,
    target: RecordingTarget,
    folder: str,
    mine: str,
    bad: bytes,
    why: str,
) -> None:
    budget_trigger(rest_api, folder, mine)
    good, other = (json.loads(to_structured_event(cloud_event(each, mine)).body) for each in "ab")
    other["data"] = {"billing_account_id": mine, "budget_id": "?"}
    headers = {"Content-Type": "application/cloudevents-batch+json"}
    body = json.dumps([other, good]).encode().replace(b'"?"', bad)
    wrong, told = answered(post(server, headers, body))["events"]
    assert told == published("a", accepted=1)
    assert wrong["id"] == "b"
    assert "event[0]: is not JSON" in wrong["error"]
    assert why in wrong["error"]
    calls_of(target, mine, 1)


def test_a_cloud_event_may_not_have_its_data_twice(server: Tocsin, mine: str) -> None:
    content = json.loads(to_structured_event(cloud_event("one", mine)).body)
    content["data_base64"] = base64.b64encode(b"{}").decode()
    headers = {"Content-Type": "application/cloudevents+json"}
    with pytest.raises(Refused) as refused:
        answered(post(server, headers, json.dumps(content).encode()))
    assert "beside data" in refused.value.fields["event.data_base64"]


def test_an_attribute_in_a_header_is_escaped_utf_8(server: Tocsin, mine: str) -> None:
    # Both would be one id if what can't be read were replaced.
    for id_ in ("caf%E9", "caf%E8"):
        headers = {**to_binary_event(cloud_event("one", mine)).headers, "ce-id": id_}
        with pytest.raises(Refused) as refused:
            answered(post(server, headers, b"{}"))
        assert "UTF-8" in refused.value.fields["event.id"]


def test_a_cloud_event_that_has_a_member_twice_is_refused(server: Tocsin, mine: str) -> None:
    text = to_structured_event(cloud_event("one", mine)).body.decode()
    headers = {"Content-Type": "application/cloudevents+json"}
    with pytest.raises(Refused) as refused:
        answered(post(server, headers, (text[:-1] + ', "id": "two"}').encode()))
    assert "'id' twice" in refused.value.fields["event"]


def test_a_batch_of_cloud_events_may_be_empty(server: Tocsin) -> None:
    headers = {"Content-Type": "application/cloudevents-batch+json"}
    assert answered(post(server, headers, b"[]")) == {"events": []}
    with pytest.raises(Refused):
        answered(post(server, headers, b"{}"))


def test_a_cloud_event_may_begin_with_a_byte_order_mark(server: Tocsin, mine: str) -> None:
    headers = {"Content-Type": "application/cloudevents+json"}
    body = to_structured_event(cloud_event("one", mine)).body
    assert len(answered(post(server, headers, b"\xef\xbb\xbf" + body))["events"]) == 1
