"""A gRPC server that takes every call of the commands, remembers it, and answers something."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from google.longrunning import operations_pb2
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from tocsin_protos.google.cloud.integrations.v1alpha import (
    executions_pb2,
    integration_versions_pb2,
    integrations_pb2,
)
from tocsin_protos.google.cloud.integrations.v1alpha.execution_pb2 import ExecutionDetails
from tocsin_protos.tocsin.v1 import (
    access_service_pb2,
    clock_service_pb2,
    dead_letter_service_pb2,
    event_service_pb2,
    firing_service_pb2,
    folder_service_pb2,
    invocation_service_pb2,
    job_service_pb2,
    schedule_service_pb2,
    settings_service_pb2,
    trigger_setup_service_pb2,
    watch_service_pb2,
)
from tocsin_protos.tocsin.v1.invocation_pb2 import Invocation
from tocsin_protos.tocsin.v1.job_service_pb2 import Job
from tocsin_protos.yandex.cloud.iam.v1 import iam_token_service_pb2
from tocsin_protos.yandex.cloud.operation.operation_pb2 import Operation
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

FILES = (
    access_service_pb2,
    clock_service_pb2,
    dead_letter_service_pb2,
    event_service_pb2,
    executions_pb2,
    firing_service_pb2,
    folder_service_pb2,
    integration_versions_pb2,
    integrations_pb2,
    iam_token_service_pb2,
    operations_pb2,
    invocation_service_pb2,
    job_service_pb2,
    schedule_service_pb2,
    settings_service_pb2,
    trigger_service_pb2,
    trigger_setup_service_pb2,
    watch_service_pb2,
)
METHODS = {
    f"/{service.full_name}/{method.name}": method
    for file in FILES
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
TRIGGER = "a1s00000000000000000"
INVOCATIONS = [f"a1s0000000000000000{n}" for n in (1, 2)]
LOCATION = "projects/p/locations/l"
INTEGRATION = f"{LOCATION}/integrations/nightly"


class RecordingServer(grpc.GenericRpcHandler):
    """`calls` has a method's path and the bytes of its request for each call."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, bytes]] = []

    def service(self, handler_call_details: Any) -> Any:
        path = handler_call_details.method
        method = METHODS.get(path)
        if method is None:
            return None

        def answer(request: bytes, _context: Any) -> bytes:
            self.calls.append((path, request))
            return self._answer(method).SerializeToString()

        def stream(request: bytes, context: Any) -> Iterator[bytes]:
            self.calls.append((path, request))
            yield self._answer(method).SerializeToString()
            # What follows for ever ends.
            context.abort(grpc.StatusCode.ABORTED, "enough")

        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(stream)
        return grpc.unary_unary_rpc_method_handler(answer)

    def _answer(self, method: Any) -> Message:
        response: Any = GetMessageClass(method.output_type)()
        match method.output_type.name:
            case "ClockServiceGetResponse":
                response.now.FromJsonString("2026-01-31T09:00:00Z")
            case "Operation" if not isinstance(response, Operation):
                response.name, response.done = f"{LOCATION}/operations/{INVOCATIONS[0]}", True
            case "ListOperationsResponse":
                for each in INVOCATIONS:
                    response.operations.add(name=f"{LOCATION}/operations/{each}")
            case "Operation":
                response.done = True
                response.response.Pack(Trigger(id=TRIGGER))
            case "ListFoldersResponse":
                response.folders.add(id="b1g1")
                response.folders.add(id="b1g2")
            case "ListTriggersResponse":
                response.triggers.add(id=TRIGGER, name="nightly", labels={"repository": "shop"})
            case "FireTriggerResponse":
                response.invocations.add(id=INVOCATIONS[0], state=Invocation.STATE_PENDING)
            case "InvocationServiceGetResponse":
                response.invocation.id = INVOCATIONS[0]
                response.invocation.state = Invocation.STATE_SUCCEEDED
                response.invocation.payload = b'{"name": "nightly"}'
            case "InvocationServiceListResponse":
                for each in INVOCATIONS:
                    response.invocations.add(id=each, state=Invocation.STATE_SUCCEEDED)
            case "ListExecutionsResponse":
                for each in INVOCATIONS:
                    execution = response.executions.add(name=f"{INTEGRATION}/executions/{each}")
                    execution.execution_details.state = ExecutionDetails.SUCCEEDED
            case "Execution":
                response.name = f"{INTEGRATION}/executions/{INVOCATIONS[0]}"
            case "ListIntegrationsResponse":
                for each in ("nightly", "weekly"):
                    response.integrations.add(name=f"{LOCATION}/integrations/{each}")
            case "ListIntegrationVersionsResponse":
                response.integration_versions.add(name=f"{INTEGRATION}/versions/v1")
            case "IntegrationVersion":
                response.name = f"{INTEGRATION}/versions/v1"
            case "ScheduleIntegrationsResponse":
                response.execution_info_ids.append(INVOCATIONS[0])
            case "ListSchedulesResponse":
                for each in ("evenings", "mornings"):
                    response.schedules.add(name=f"{LOCATION}/schedules/{each}")
            case "BackfillScheduleResponse":
                response.execution_ids.append(INVOCATIONS[0])
            case "ReplayExecutionResponse":
                response.execution_id = INVOCATIONS[1]
            case "CancelExecutionResponse":
                response.is_canceled = True
            case "CreateKeyResponse":
                response.key_file = "{}"
            case "WatchResponse":
                response.reset.reason = response.reset.REASON_BEGUN
                response.counts.due = 1
            case "RetryManyResponse" | "CancelManyResponse" | "RedriveManyResponse":
                response.changes.selected.count = len(INVOCATIONS)
                response.changes.job.id = INVOCATIONS[0]
                response.changes.job.state = Job.STATE_DONE
            case "JobServiceListResponse":
                for each in INVOCATIONS:
                    response.jobs.add(id=each, state=Job.STATE_DONE)
            case "ReloadSettingsResponse":
                response.changed.append("targets.timeout")
            case "RedriveResponse":
                response.invocation_ids.extend(INVOCATIONS)
        return response


@contextmanager
def recording_server() -> Iterator[tuple[str, RecordingServer]]:
    """Gives the address of a server, and the server."""
    recording = RecordingServer()
    server = grpc.server(ThreadPoolExecutor(4), handlers=(recording,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}", recording
    server.stop(0).wait()
