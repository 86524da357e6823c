"""Links answers to the calls that can follow: what one call makes, others get, change or delete."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tocsin.contract.openapi import Json

_TRIGGERS: Final = "yandex.cloud.serverless.triggers.v1.TriggerService"
_OPERATION: Final = {"operationId": "$response.body#/id"}
_CHANGED: Final = {"triggerId": "$response.body#/metadata/triggerId", **_OPERATION}

# Which parameters of other paths the answer of a method has.
MADE: Final[Mapping[str, Mapping[str, str]]] = {
    f"{_TRIGGERS}.Create": _CHANGED,
    f"{_TRIGGERS}.Update": _CHANGED,
    f"{_TRIGGERS}.Pause": _CHANGED,
    f"{_TRIGGERS}.Resume": _CHANGED,
    f"{_TRIGGERS}.Delete": _OPERATION,
    f"{_TRIGGERS}.List": {"triggerId": "$response.body#/triggers/0/id"},
    "google.cloud.integrations.v1alpha.Executions.ScheduleIntegrations": {
        "project": "$request.path.project",
        "location": "$request.path.location",
        "operation": "$response.body#/executionInfoIds/0",
    },
    "tocsin.v1.FiringService.FireTrigger": {"invocationId": "$response.body#/invocations/0/id"},
    "tocsin.v1.InvocationService.List": {"invocationId": "$response.body#/invocations/0/id"},
    "tocsin.v1.AccessService.CreateAccount": {"accountId": "$response.body#/account/id"},
    "tocsin.v1.AccessService.CreateKey": {"keyId": "$response.body#/key/id"},
    "tocsin.v1.AccessService.CreateCredential": {"credentialId": "$response.body#/credential/id"},
}


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a document: its id, its method, its path, and the names in that path."""

    id: str
    method: str
    path: str
    names: tuple[str, ...]


def links_of(operation: Operation, all_of_them: Iterable[Operation]) -> Json:
    """Returns the links of an operation's answer, by the ids of where they lead."""
    made = MADE.get(operation.method)
    if made is None:
        return {}
    return dict(_links(operation, made, all_of_them))


def _links(
    operation: Operation, made: Mapping[str, str], all_of_them: Iterable[Operation]
) -> Iterator[tuple[str, Json]]:
    for other in all_of_them:
        # The versions of Google's API have the same methods, each under its own paths.
        google = operation.method.startswith("google.")
        if google and other.path.split("/")[1] != operation.path.split("/")[1]:
            continue
        if other.names and set(other.names) <= made.keys() and other.id != operation.id:
            parameters = {f"path.{name}": made[name] for name in other.names}
            yield other.id, {"operationId": other.id, "parameters": parameters}
