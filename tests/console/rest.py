"""What tests of the page make and read over REST."""

import json
from typing import Any

from stand.apis.wire import send
from stand.tocsin_process import Tocsin

Json = dict[str, Any]


def called(server: Tocsin, verb: str, path: str, body: Json | None = None) -> Json:
    """The answer of a call that succeeds."""
    sent = None if body is None else json.dumps(body).encode()
    reply = send(server.http_address, verb, path, sent)
    assert reply.status == 200, reply.text
    answer: Json = reply.json
    return answer


def trigger(server: Tocsin, folder: str, name: str, rule: Json, **more: Any) -> str:
    """The id of a new trigger."""
    body = {"folderId": folder, "name": name, "rule": rule, **more}
    operation = called(server, "POST", "/triggers/v1/triggers", body)
    made: str = operation["response"]["id"]
    return made


def timer(function: str = "hello", **more: Any) -> Json:
    """The rule of a timer that will not tick while a test runs."""
    action = {"invokeFunction": {"functionId": function}}
    return {"timer": {"cronExpression": "0 0 1 1 ? *", **action, **more}}


def failing_timer(function: str, dead_letters: str = "") -> Json:
    """The rule of a timer whose target is called once."""
    action: Json = {"functionId": function}
    if dead_letters:
        action["deadLetterQueue"] = {"queueId": dead_letters, "serviceAccountId": "account"}
    return {
        "timer": {"cronExpression": "0 0 1 1 ? *", "invokeFunctionWithRetry": action},
    }


def fire(server: Tocsin, trigger_id: str) -> str:
    """The id of the invocation of a trigger that is fired by hand."""
    answer = called(server, "POST", f"/tocsin/v1/triggers/{trigger_id}:fire", {})
    invocation: str = answer["invocations"][0]["id"]
    return invocation


def state(server: Tocsin, invocation_id: str) -> str:
    answer = called(server, "GET", f"/tocsin/v1/invocations/{invocation_id}")
    reached: str = answer["invocation"]["state"]
    return reached
