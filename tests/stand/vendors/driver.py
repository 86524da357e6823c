"""Calls a server with the vendors' own clients: a JSON line in, a JSON line out.

Runs in the vendors' environment and imports nothing of ours. Each line is a list: the name of a
function below, and its arguments.
"""

import functools
import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import grpc
from google.auth.credentials import AnonymousCredentials
from google.longrunning import operations_pb2, operations_pb2_grpc
from google.protobuf import json_format, symbol_database
from google.rpc import error_details_pb2, status_pb2  # noqa: F401 (details are printed by name)
from googleapiclient import discovery, errors
from googleapiclient.discovery_cache import get_static_doc
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


def integrations(address: str, version: str, collection: str, method: str, arguments: Json) -> Json:
    """Calls a method of integrations with google-api-python-client.

    Answers with the response and what of it, or of the body, the discovery document does not have.
    """
    document = json.loads(get_static_doc("integrations", version))
    described = document
    with discovery.build_from_document(
        document,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": f"http://{address}"},
    ) as api:
        resource = api
        for name in collection.split("."):
            resource, described = getattr(resource, name)(), described["resources"][name]
        described = described["methods"][method]
        try:
            response = getattr(resource, method)(**arguments).execute()
        except errors.HttpError as error:
            told = {"status": error.status_code, "reason": error.reason}
            return {"error": told | {"details": error.error_details}}
    schemas = document["schemas"]
    odd = [*oddities(response, described["response"], schemas, "response")]
    if "body" in arguments:
        odd += oddities(arguments["body"], described["request"], schemas, "body")
    return {"response": response, "odd": odd}


def oddities(value: Any, schema: Json, schemas: Json, path: str) -> Iterator[str]:
    """Yields what of a JSON value a schema of a discovery document does not have."""
    schema = schemas[schema["$ref"]] if "$ref" in schema else schema
    match schema.get("type", "any"):
        case "any":
            return
        case "object" if isinstance(value, dict):
            known, others = schema.get("properties", {}), schema.get("additionalProperties")
            for name, inner in value.items():
                if (below := known.get(name, others)) is None:
                    yield f"{path}.{name} is unknown"
                else:
                    yield from oddities(inner, below, schemas, f"{path}.{name}")
        case "array" if isinstance(value, list):
            for index, inner in enumerate(value):
                yield from oddities(inner, schema["items"], schemas, f"{path}[{index}]")
        case kind if not isinstance(value, TYPES.get(kind, ())):
            yield f"{path} must be of type {kind}, not {value!r}"
        case "string" if value not in schema.get("enum", [value]):
            yield f"{path} must be one of {schema['enum']}, not {value!r}"
        case "string" if (form := FORMS.get(schema.get("format", ""))) is not None:
            if not re.fullmatch(form, value):
                yield f"{path} must be a {schema['format']}, not {value!r}"


TYPES = {"string": str, "boolean": bool, "integer": int, "number": (int, float)}
FORMS = {"int64": r"-?\d+", "google-datetime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"}


def main() -> None:
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print(json.dumps(globals()[name](*arguments)), flush=True)


if __name__ == "__main__":
    main()
