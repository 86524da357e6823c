"""Calls a server with the vendors' own clients: a JSON line in, a JSON line out.

Runs in the vendors' environment and imports nothing of ours. Each line is a list: the name of a
function below, and its arguments.
"""

import functools
import json
import sys
from typing import Any

import grpc
from google.auth.credentials import AnonymousCredentials
from google.longrunning import operations_pb2, operations_pb2_grpc
from google.protobuf import json_format, symbol_database
from google.rpc import error_details_pb2, status_pb2  # noqa: F401 (details are printed by name)
from googleapiclient import discovery, errors
from yandex.cloud.logging.v1 import log_ingestion_service_pb2, log_ingestion_service_pb2_grpc
from yandex.cloud.operation import operation_service_pb2, operation_service_pb2_grpc
from yandex.cloud.serverless.triggers.v1 import (
    trigger_pb2,
    trigger_service_pb2,
    trigger_service_pb2_grpc,
)
from yandexcloud._operation_waiter import OperationWaiter

Json = dict[str, Any]

SERVICES = {
    "TriggerService": (trigger_service_pb2, trigger_service_pb2_grpc.TriggerServiceStub),
    "OperationService": (operation_service_pb2, operation_service_pb2_grpc.OperationServiceStub),
    "LogIngestionService": (
        log_ingestion_service_pb2,
        log_ingestion_service_pb2_grpc.LogIngestionServiceStub,
    ),
    "Operations": (operations_pb2, operations_pb2_grpc.OperationsStub),
}


@functools.cache
def stub(address: str, service: str) -> Any:
    return SERVICES[service][1](grpc.insecure_channel(address))


def call(
    address: str, service: str, method: str, request: Json, metadata: list[tuple[str, str]]
) -> Json:
    described = SERVICES[service][0].DESCRIPTOR.services_by_name[service].methods_by_name[method]
    message = symbol_database.Default().GetSymbol(described.input_type.full_name)()
    json_format.ParseDict(request, message)
    try:
        response = getattr(stub(address, service), method)(
            message, metadata=[(name, value) for name, value in metadata], timeout=30
        )
    except grpc.RpcError as error:
        return {"error": refusal(error)}
    return {"response": json_format.MessageToDict(response)}


def refusal(error: Any) -> Json:
    details = []
    for name, value in error.trailing_metadata() or ():
        if name == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value)
            details = [json_format.MessageToDict(detail) for detail in status.details]
    return {"code": error.code().name, "message": error.details(), "details": details}


def wait_for_trigger(address: str, operation_id: str) -> Json:
    """Waits as the vendor's SDK does, and unpacks the answer into the vendor's Trigger."""
    waiter = OperationWaiter(operation_id, stub(address, "OperationService"), timeout=30)
    for _ in waiter:
        pass
    trigger = trigger_pb2.Trigger()
    assert waiter.operation.response.Unpack(trigger)
    return {"response": json_format.MessageToDict(trigger)}


def schedule(address: str, version: str, collection: str, arguments: Json) -> Json:
    """Schedules with google-api-python-client; the collection is its chain of resources."""
    with discovery.build(
        "integrations",
        version,
        credentials=AnonymousCredentials(),
        static_discovery=True,
        client_options={"api_endpoint": f"http://{address}"},
    ) as api:
        resource = api
        for name in collection.split("."):
            resource = getattr(resource, name)()
        try:
            return {"response": resource.schedule(**arguments).execute()}
        except errors.HttpError as error:
            told = {"status": error.status_code, "reason": error.reason}
            return {"error": told | {"details": error.error_details}}


def main() -> None:
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print(json.dumps(globals()[name](*arguments)), flush=True)


if __name__ == "__main__":
    main()
