"""Calls the demo's server as a client: the trigger API by gRPC, the schedule API by REST."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp
import grpc
from google.longrunning import operations_pb2
from google.longrunning.operations_pb2_grpc import OperationsStub
from google.protobuf import json_format

from tocsin.demo.server import Doors
from tocsin.schedule.instants import iso
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2, log_entries_pb2
from tocsin_protos.google.cloud.integrations.v1alpha.executions_pb2_grpc import ExecutionsStub
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_pb2, trigger_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

FOLDER = "demo"
LOCATION = "projects/demo/locations/here"
TIMER = "every-minute"
CRON = "* * * * ? *"
FUNCTION = "ring"
INTEGRATION = "greet"
API_TRIGGER = "api_trigger/greet"
SCHEDULE_PATH = f"/v1/{LOCATION}/integrations/{INTEGRATION}:schedule"


class CallFailed(Exception):
    """The server refused one of the demo's calls; the message is its answer."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Says how an execution ended, in the words of `google.longrunning`."""

    state: str
    error: str
    response: dict[str, Any]


class Client:
    def __init__(
        self, channel: grpc.aio.Channel, session: aiohttp.ClientSession, http: str | None
    ) -> None:
        # The generated stubs have no types.
        self._triggers: Any = TriggerServiceStub(channel)  # type: ignore[no-untyped-call]
        self._executions: Any = ExecutionsStub(channel)  # type: ignore[no-untyped-call]
        self._operations: Any = OperationsStub(channel)
        self._session = session
        self._http = http

    async def create_timer(self) -> str:
        """Creates a trigger that calls a function every minute; returns its ID."""
        request = trigger_service_pb2.CreateTriggerRequest(folder_id=FOLDER, name=TIMER)
        timer = request.rule.timer
        timer.cron_expression = CRON
        timer.payload = "One more minute has passed."
        timer.invoke_function_with_retry.function_id = FUNCTION
        operation = await self._triggers.Create(request)
        metadata = trigger_service_pb2.CreateTriggerMetadata()
        operation.metadata.Unpack(metadata)
        return metadata.trigger_id

    async def is_ticking(self, trigger_id: str) -> bool | None:
        """Returns whether the trigger is active, or None if it was deleted."""
        try:
            trigger = await self._triggers.Get(
                trigger_service_pb2.GetTriggerRequest(trigger_id=trigger_id)
            )
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return None
            raise
        return bool(trigger.status == trigger_pb2.Trigger.ACTIVE)

    async def schedule(self, schedule_time: datetime) -> str:
        """Schedules the integration; returns the execution's ID."""
        body = {
            "triggerId": API_TRIGGER,
            "scheduleTime": iso(schedule_time),
            "inputParameters": {"name": {"stringValue": "you who are watching"}},
        }
        if self._http is None:
            message = json_format.ParseDict(body, executions_pb2.ScheduleIntegrationsRequest())
            message.name = f"{LOCATION}/integrations/{INTEGRATION}"
            response = await self._executions.ScheduleIntegrations(message)
            return str(response.execution_info_ids[0])
        url = f"http://{self._http}{SCHEDULE_PATH}"
        async with self._session.post(url, json=body) as answer:
            if answer.status != 200:
                raise CallFailed(f"{url} answered {answer.status}: {await answer.text()}")
            return str((await answer.json())["executionInfoIds"][0])

    async def outcome(self, execution_id: str) -> Outcome:
        """Waits until an execution has ended, and returns how."""
        request = operations_pb2.WaitOperationRequest(name=f"{LOCATION}/operations/{execution_id}")
        operation = await self._operations.WaitOperation(request)
        info = log_entries_pb2.ExecutionInfo()
        # The response of a success has the answer, the metadata of a failure has the error.
        (operation.response if operation.HasField("response") else operation.metadata).Unpack(info)
        state = info.integration_execution_details.integration_execution_state
        states = log_entries_pb2.IntegrationExecutionDetails.IntegrationExecutionState
        return Outcome(
            state=states.Name(state),
            error=operation.error.message,
            response={key: _plain(param.value) for key, param in info.response_params.items()},
        )


@asynccontextmanager
async def connected(doors: Doors) -> AsyncIterator[Client]:
    async with (
        grpc.aio.insecure_channel(doors.grpc) as channel,
        aiohttp.ClientSession() as session,
    ):
        yield Client(channel, session, doors.http)


def _plain(value: Any) -> Any:
    """Returns the value of the one field that a ValueType sets."""
    return next(iter(json_format.MessageToDict(value).values()), None)
