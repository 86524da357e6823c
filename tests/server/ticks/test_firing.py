"""Timers that really fire: all tests here look at one real minute, which has to pass first.

So this module takes up to a minute, waiting; what needs no real minute is in test_timers.py.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from stand.apis.triggers import RestApi, changed, create
from stand.apis.wire import Json
from stand.recording_target import Answer, Received, RecordingTarget
from stand.tocsin_process import Tocsin

EVERY_MINUTE = "* * * * ? *"
ACCOUNT = "aje00000000000000acc"
ACTIONS: dict[str, Json] = {
    "tagged": {"invokeFunction": {"functionId": "tagged", "functionTag": "stable & new"}},
    "plain": {"invokeFunctionWithRetry": {"functionId": "plain"}},
    "special": {"invokeFunction": {"functionId": "special"}},
    "container": {"invokeContainerWithRetry": {"containerId": "box", "path": "/on/tick"}},
    "root": {"invokeContainerWithRetry": {"containerId": "root"}},
    "workflow": {"startWorkflow": {"workflowId": "flow"}},
    "gateway": {
        "gatewayWebsocketBroadcast": {
            "gatewayId": "gate",
            "path": "/ws",
            "serviceAccountId": ACCOUNT,
        }
    },
    "failing": {"invokeFunction": {"functionId": "failing"}},
    "raising": {"invokeFunction": {"functionId": "raising"}},
    "climbing": {"invokeContainerWithRetry": {"containerId": "box", "path": "/../up"}},
    "encoded": {"invokeContainerWithRetry": {"containerId": "box", "path": "/%2E%2e/up"}},
    "dots": {"invokeFunction": {"functionId": ".."}},
    "changed": {"invokeFunction": {"functionId": "changed"}},
    "resumed": {"invokeFunction": {"functionId": "resumed"}},
    "paused": {"invokeFunction": {"functionId": "paused"}},
    "deleted": {"invokeFunction": {"functionId": "deleted"}},
}
LEAVING = ["climbing", "encoded", "dots"]
NOT_CALLED = {*LEAVING, "paused", "deleted"}


@dataclass(frozen=True)
class Minute:
    """What was called when the minute came, by the name of the trigger."""

    folder: str
    triggers: dict[str, Json]
    calls: dict[str, Received]
    log: str


@pytest.fixture(scope="module")
def minute(server: Tocsin, rest_api: RestApi, target: RecordingTarget) -> Minute:
    target.answers["/functions/failing"] = lambda _: Answer(503, b"too busy")
    error = {"X-Function-Error": "true"}
    target.answers["/functions/raising"] = lambda _: Answer(200, b'{"errorMessage": "oh"}', error)
    folder = f"b1g-minute-{datetime.now(UTC):%H%M%S}"

    def create_timer(name: str) -> Json:
        timer = {"cronExpression": EVERY_MINUTE, "payload": f"of {name}, ы", **ACTIONS[name]}
        return create(rest_api, folder, name=name, rule={"timer": timer})

    made = {name: create_timer(name) for name in ACTIONS}
    ids = {name: {"triggerId": trigger["id"]} for name, trigger in made.items()}
    changed(rest_api, "Update", ids["changed"] | {"updateMask": "rule.timer.payload"})
    for name in ("paused", "resumed"):
        changed(rest_api, "Pause", ids[name])
    changed(rest_api, "Resume", ids["resumed"])
    rest_api.call("Delete", ids["deleted"])

    calls = {
        name: target.wait_for(lambda call, name=name: is_of(call, made[name]["id"]), seconds=75)[0]
        for name in made
        if name not in NOT_CALLED
    }
    for trigger in ids.values():
        if trigger is not ids["deleted"]:
            rest_api.call("Delete", trigger)
    return Minute(folder, made, calls, server.log.read_text())


def is_of(call: Received, trigger_id: str) -> bool:
    return trigger_id.encode() in call.body


@pytest.mark.parametrize(
    ("name", "path", "query"),
    [
        ("tagged", "/functions/tagged", {"tag": "stable & new", "integration": "raw"}),
        ("plain", "/functions/plain", {"integration": "raw"}),
        ("special", "/special", {"kept": "yes", "integration": "raw"}),
        ("container", "/containers/box/on/tick", {}),
        ("root", "/containers/root", {}),
        ("workflow", "/workflows/flow", {}),
        ("gateway", "/gateways/gate/ws", {}),
    ],
)
def test_a_tick_is_posted_to_the_path_of_its_target(
    minute: Minute, name: str, path: str, query: dict[str, str]
) -> None:
    call = minute.calls[name]
    assert (call.method, call.path, call.query) == ("POST", path, query)
    assert call.headers["content-type"] == "application/json"


@pytest.mark.parametrize("name", [name for name in ACTIONS if name not in NOT_CALLED])
def test_the_body_is_the_timers_message(minute: Minute, name: str) -> None:
    call = minute.calls[name]
    assert call.body == json.dumps(call.json, ensure_ascii=False, indent=2).encode()
    [message] = call.json["messages"]
    event_id = message["event_metadata"].pop("event_id")
    tick = message["event_metadata"].pop("created_at")
    assert message == {
        "event_metadata": {
            "event_type": "yandex.cloud.events.serverless.triggers.TimerMessage",
            "cloud_id": "b1g0000000000000cld0",
            "folder_id": minute.folder,
        },
        "details": {
            "trigger_id": minute.triggers[name]["id"],
            "payload": "" if name == "changed" else f"of {name}, ы",
        },
    }
    assert re.fullmatch(r"a1s[0-9a-v]{17}", event_id)
    assert call.headers["x-request-id"] == event_id
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:00Z", tick)
    assert call.at >= datetime.fromisoformat(tick)
    assert call.at - datetime.fromisoformat(tick) < timedelta(minutes=1)


def test_each_trigger_has_a_call_of_its_own(minute: Minute) -> None:
    ids = {call.headers["x-request-id"] for call in minute.calls.values()}
    assert len(ids) == len(minute.calls)


@pytest.mark.parametrize("name", ["paused", "deleted"])
def test_a_trigger_that_is_paused_or_deleted_is_not_called(
    minute: Minute, target: RecordingTarget, name: str
) -> None:
    trigger_id = minute.triggers[name]["id"]
    assert not target.all(lambda call: is_of(call, trigger_id))
    assert trigger_id not in minute.log


@pytest.mark.parametrize("name", LEAVING)
def test_a_path_that_leaves_its_target_is_not_called(
    minute: Minute, target: RecordingTarget, name: str
) -> None:
    trigger_id = minute.triggers[name]["id"]
    assert not target.all(lambda call: is_of(call, trigger_id))
    assert "would lead out of the target's URL" in line_about(minute, name)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("failing", "answered 503: too busy"),
        ("raising", "answered 200 with X-Function-Error"),
    ],
)
def test_a_call_that_failed_is_told_with_its_reason(minute: Minute, name: str, told: str) -> None:
    line = line_about(minute, name)
    assert "delivery failed" in line
    assert told in line
    assert minute.calls[name].headers["x-request-id"] in line


def test_a_call_that_was_answered_is_told_too(minute: Minute) -> None:
    assert "[info     ] delivered" in line_about(minute, "plain")


def line_about(minute: Minute, name: str) -> str:
    trigger_id = minute.triggers[name]["id"]
    return next(line for line in minute.log.splitlines() if trigger_id in line)
