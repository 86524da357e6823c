"""A server with a clock of its own, as those who watch and steer it see it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from stand.apis.tocsin import TocsinApi
from stand.apis.triggers import RestApi, changed, create
from stand.apis.wire import Json, send
from stand.recording_target import Answer, Received, RecordingTarget
from stand.tocsin_process import Tocsin, serving

MINUTE = timedelta(minutes=1)
NEVER = "0 0 1 1 ? 2099"
REGION = "us-east-1"


class QueueService:
    """A queue service of the SQS protocol."""

    def __init__(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.url = f"http://{host}:{port}"

    def close(self) -> None:
        self._server.stop()

    def create(self, name: str) -> str:
        """Makes a queue; returns its id, as rules name it."""
        self._client().create_queue(QueueName=name)
        return f"yrn:yc:ymq:ru-central1:b1g1:{name}"

    def bodies(self, name: str) -> list[str]:
        """Takes what is in a queue."""
        client = self._client()
        url = client.get_queue_url(QueueName=name)["QueueUrl"]
        received = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [message["Body"] for message in received.get("Messages", [])]

    def _client(self) -> Any:
        return boto3.client(
            "sqs",
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="id",
            aws_secret_access_key="key",
        )


@contextmanager
def steered(
    directory: Path, target: RecordingTarget, queues: QueueService, start: str, *options: str
) -> Iterator[Tocsin]:
    """Runs a server whose clock begins at an instant, and stands still there."""
    config = f"""
        [targets]
        function = "{target.url}/{{function_id}}"
        container = "{target.url}/{{container_id}}"
        concurrency_per_target = 2
        [dead_letters]
        endpoint = "{queues.url}"
        region = "{REGION}"
        access_key_id = "id"
        secret_access_key = "key"
        [integrations.nightly]
        triggers = ["api_trigger/nightly"]
        url = "{target.url}/nightly"
        [misfires]
        window = 5400
        cap = 3
    """
    manual = ("--clock", "manual", "--clock-start", start)
    with serving(directory, config, *manual, *options) as tocsin:
        yield tocsin


@dataclass(frozen=True)
class Steering:
    """One test's view of a server. Its functions are called after the test's own folder."""

    server: Tocsin
    api: TocsinApi
    target: RecordingTarget
    queues: QueueService
    folder: str

    @property
    def triggers(self) -> RestApi:
        return RestApi(self.server.http_address)

    def now(self) -> datetime:
        return datetime.fromisoformat(self.api.call("ClockService.Get", {})["now"])

    def advance(self, by: timedelta) -> None:
        self.api.call("ClockService.Advance", {"duration": f"{by.total_seconds():g}s"})

    def advance_to(self, instant: datetime) -> None:
        self.api.call("ClockService.AdvanceTo", {"instant": shown(instant)})

    def next_hour(self) -> datetime:
        """Moves on to the next full hour, where no timer of this test ticks yet."""
        hour = (self.now() + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
        self.advance_to(hour)
        return hour

    def timer(
        self,
        cron: str,
        *,
        function: str = "",
        retries: int = 0,
        queue: str | None = None,
        payload: str = "",
        **fields: Any,
    ) -> str:
        """Creates a timer; returns its id."""
        call: Json = {"functionId": function or self.folder}
        if retries:
            call["retrySettings"] = {"retryAttempts": retries, "interval": "60s"}
        if queue is not None:
            call["deadLetterQueue"] = {"queueId": queue, "serviceAccountId": "a"}
        rule = {"cronExpression": cron, "payload": payload, "invokeFunctionWithRetry": call}
        return str(create(self.triggers, self.folder, rule={"timer": rule}, **fields)["id"])

    def leave(self) -> None:
        """Leaves nothing behind that the next moves of the clock would have to do."""
        self.answer(200)
        for trigger in self.triggers.call("List", {"folderId": self.folder}).get("triggers", []):
            self.api.call("DeadLetterService.Redrive", {"triggerId": trigger["id"]})
            self.triggers.call("Delete", {"triggerId": trigger["id"]})

    def change(self, method: str, trigger_id: str, **fields: Any) -> None:
        changed(self.triggers, method, {"triggerId": trigger_id, **fields})

    def tick_no_more(self, trigger_id: str) -> None:
        """Gives a timer a rule whose next tick is far away; what it made goes on."""
        rule = {"timer": {"cronExpression": NEVER, "invokeFunction": {"functionId": self.folder}}}
        self.change("Update", trigger_id, updateMask="rule.timer.cron_expression", rule=rule)

    def delete(self, trigger_id: str) -> None:
        self.triggers.call("Delete", {"triggerId": trigger_id})

    def invocations(self, **filters: Any) -> list[Json]:
        found = self.api.call("InvocationService.List", filters)
        invocations: list[Json] = found.get("invocations", [])
        return invocations

    def invocation(self, invocation_id: str) -> Json:
        answer = self.api.call("InvocationService.Get", {"invocationId": invocation_id})
        invocation: Json = answer["invocation"]
        return invocation

    def only(self, trigger_id: str) -> Json:
        """The one invocation of a trigger, with all that is known of it."""
        [found] = self.invocations(triggerId=trigger_id)
        return self.invocation(found["id"])

    def explain(self, trigger_id: str, instant: datetime) -> Json:
        return self.api.call(
            "FiringService.Explain", {"triggerId": trigger_id, "instant": shown(instant)}
        )

    def schedule(self, at: datetime) -> str:
        """Schedules the integration in a location of the folder's name; returns the id."""
        path = f"/v1/projects/{self.folder}/locations/l/integrations/nightly:schedule"
        body = {"triggerId": "api_trigger/nightly", "scheduleTime": shown(at)}
        reply = send(self.server.http_address, "POST", path, json.dumps(body).encode())
        assert reply.status == 200, reply.json
        [execution_id] = reply.json["executionInfoIds"]
        return str(execution_id)

    def answer(self, status: int, function: str = "") -> None:
        """From here on the function answers so."""
        self.target.answers[f"/{function or self.folder}"] = lambda _: Answer(status, b"so it is")

    def calls(self, function: str = "") -> list[Received]:
        return self.target.all(lambda request: request.path == f"/{function or self.folder}")

    def executed(self, execution_id: str) -> list[Received]:
        """The calls of the integration for an execution."""
        return [call for call in self.calls("nightly") if execution_id.encode() in call.body]


def shown(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
