"""What hangs holds up nothing else: targets, and dead letter queues."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.fences.integrations import LOCATION, config_of
from stand.apis.google import GoogleGrpc, schedule
from stand.apis.tocsin import TocsinGrpc
from stand.recording_target import Answer, Received, RecordingTarget
from stand.tocsin_process import Tocsin, serving

HANGING_TARGETS = 25
# As many as one target may have under way by default.
OF_EACH = 50
LETTERS = 120


@contextmanager
def hanging() -> Iterator[str]:
    """The URL of a server that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_many_hanging_targets_hold_up_no_other(directory: Path, target: RecordingTarget) -> None:
    names = [f"hangs-{number}" for number in range(HANGING_TARGETS)]
    with hanging() as url:
        config = config_of(dict.fromkeys(names, url) | {"healthy": target.url})
        with serving(directory, config, http="off") as server, server.channel() as channel:
            api = GoogleGrpc(channel)
            for _ in range(OF_EACH):
                for name in names:
                    schedule(api, LOCATION, name)
            for _ in range(60):
                schedule(api, LOCATION, "healthy")
            target.wait_for(lambda call: call.path == "/healthy", count=60)
            # What hangs would be waited for.
            server.kill()


def created(server: Tocsin, name: str, payload: str, **action: object) -> str:
    """Creates a timer that never fires by itself; returns its id."""
    action = {"functionId": "shared", **action}
    timer = {
        "cronExpression": "0 0 1 1 ? 2099",
        "payload": payload,
        "invokeFunctionWithRetry": action,
    }
    api = TocsinGrpc(server.grpc_address)
    request = {"folderId": "b1g1", "name": name, "rule": {"timer": timer}}
    found: str = api.call("TriggerService.Create", request)["response"]["id"]
    return found


def test_a_dead_letter_queue_that_hangs_holds_up_no_call(
    directory: Path, target: RecordingTarget
) -> None:
    def answer(request: Received) -> Answer:
        return Answer(status=500 if b"bad" in request.body else 200)

    target.answers["/shared"] = answer
    with hanging() as url:
        config = f"""
            [targets]
            function = "{target.url}/{{function_id}}"
            [dead_letters]
            endpoint = "{url}"
            access_key_id = "id"
            secret_access_key = "secret"
        """
        with serving(directory, config, http="off") as server:
            queue = {"queueId": "yrn:yc:ymq:r:b1g1:dead", "serviceAccountId": "aje1"}
            failing = created(server, "failing", "bad", deadLetterQueue=queue)
            healthy = created(server, "healthy", "good")
            api = TocsinGrpc(server.grpc_address)
            for trigger, count in ((failing, LETTERS), (healthy, 60)):
                for _ in range(count):
                    api.call("FiringService.FireTrigger", {"triggerId": trigger})
            target.wait_for(lambda call: b"good" in call.body, count=60)
            shown = api.call("DeadLetterService.List", {"triggerId": failing, "pageSize": 5})
            assert {each["target"] for each in shown["deadLetters"]} == {"function/shared"}
            # Delivered again, they are calls of the target, however their queue stands.
            target.answers["/shared"] = lambda _: Answer()
            calls = len(target.all(lambda call: b"bad" in call.body))
            api.call("DeadLetterService.Redrive", {"triggerId": failing, "limit": 50})
            target.wait_for(lambda call: b"bad" in call.body, count=calls + 50)
            server.kill()
