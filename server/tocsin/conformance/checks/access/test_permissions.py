"""A caller with a credential may do what its rights allow, and nothing elsewhere."""

from collections.abc import Callable
from typing import Any

import pytest
from google.longrunning import operations_pb2

from tocsin.conformance.checks.access.calls import Owned, schedule_body, schedule_request
from tocsin.conformance.clauses import MUST, SHOULD, clause
from tocsin.conformance.expecting import Code, expect_error, expect_rest_error
from tocsin.conformance.made import create_request
from tocsin.conformance.peer import Peer
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2

pytest_plugins = ["tocsin.conformance.checks.access.fixtures"]

BOUNDED = "bounded-caller"
CODE = "proto google/rpc/code.proto: PERMISSION_DENIED, 'The caller does not have permission to "
CODE += "execute the specified operation'"
AIP_211 = "AIP-211: permission is checked before existence and before validation"


def elsewhere(peer: Peer) -> str:
    project, _, location = peer.location.removeprefix("projects/").partition("/")
    return f"projects/{project}-{peer.other_folder[-8:]}/{location}"


def create(owned: Owned, peer: Peer) -> Any:
    answer = peer.triggers.Create(create_request(peer, folder_id=peer.other_folder))
    owned.made.maybe_trigger(answer)
    return answer


def listing(owned: Owned, peer: Peer) -> Any:
    request = trigger_service_pb2.ListTriggersRequest(folder_id=peer.other_folder)
    return peer.triggers.List(request)


def schedule(owned: Owned, peer: Peer) -> Any:
    name = f"{elsewhere(peer)}/integrations/{peer.options.integration}"
    return peer.executions.ScheduleIntegrations(schedule_request(peer, name=name))


def list_operations(owned: Owned, peer: Peer) -> Any:
    request = operations_pb2.ListOperationsRequest(name=elsewhere(peer))
    return peer.google_operations.ListOperations(request)


CALLS: dict[str, tuple[str, Callable[[Owned, Peer], Any], tuple[str, ...]]] = {
    "triggers.create": ("Create in another folder", create, ()),
    "triggers.list": ("List of another folder", listing, ()),
    "executions.schedule-integrations": (
        "ScheduleIntegrations in another project",
        schedule,
        ("schedule",),
    ),
    "google-operations.list-operations": (
        "ListOperations of another project",
        list_operations,
        ("google-operations",),
    ),
}


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(
            ask,
            marks=clause(
                f"access.elsewhere.{name}",
                MUST,
                f"{what}, where the caller has no rights, MUST be refused with PERMISSION_DENIED.",
                source=CODE,
                features=(BOUNDED, *features),
            ),
        )
        for name, (what, ask, features) in CALLS.items()
    ],
)
def test_elsewhere_nothing_is_allowed(owned: Owned, peer: Peer, ask: Callable[..., Any]) -> None:
    expect_error(ask(owned, peer), Code.PERMISSION_DENIED)


@clause(
    "access.elsewhere.rest",
    MUST,
    "A list of a folder where the caller has no rights MUST be answered over REST with 403.",
    source=CODE + ", 'HTTP Mapping: 403 Forbidden'",
    features=("rest", BOUNDED),
)
def test_elsewhere_is_403(owned: Owned, peer: Peer) -> None:
    answer = peer.rest("GET", "/triggers/v1/triggers", query={"folderId": peer.other_folder})
    expect_rest_error(answer, Code.PERMISSION_DENIED)


@clause(
    "access.elsewhere.google-rest",
    MUST,
    "A schedule call in a project where the caller has no rights MUST be answered over REST with "
    "403 and the status PERMISSION_DENIED.",
    source=CODE + ", 'HTTP Mapping: 403 Forbidden'; AIP-193",
    features=("rest", "schedule", BOUNDED),
)
def test_elsewhere_is_403_in_googles_envelope(owned: Owned, peer: Peer) -> None:
    path = f"/v1/{elsewhere(peer)}/integrations/{peer.options.integration}:schedule"
    answer = peer.rest("POST", path, json=schedule_body(peer))
    expect_rest_error(answer, Code.PERMISSION_DENIED)
    assert answer.json.get("error", {}).get("status") == "PERMISSION_DENIED"


def invalid(owned: Owned, peer: Peer) -> Any:
    request = create_request(peer, folder_id=peer.other_folder, name="Not A Name")
    answer = peer.triggers.Create(request)
    owned.made.maybe_trigger(answer)
    return answer


def unknown(owned: Owned, peer: Peer) -> Any:
    name = f"{elsewhere(peer)}/integrations/{peer.name('nobody')}"
    return peer.executions.ScheduleIntegrations(schedule_request(peer, name=name))


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(
            ask,
            marks=clause(
                f"access.elsewhere.before-{name}",
                SHOULD,
                f"A caller without rights SHOULD be refused with PERMISSION_DENIED {what}.",
                source=AIP_211,
                features=(BOUNDED, *features),
            ),
        )
        for name, what, ask, features in (
            ("validation", "before the request is validated", invalid, ()),
            ("existence", "before it is told what exists", unknown, ("schedule",)),
        )
    ],
)
def test_rights_come_first(owned: Owned, peer: Peer, ask: Callable[..., Any]) -> None:
    expect_error(ask(owned, peer), Code.PERMISSION_DENIED)


@clause(
    "access.elsewhere.unknown-trigger",
    MUST,
    "A trigger that does not exist MUST be refused with NOT_FOUND or PERMISSION_DENIED, also for "
    "a caller who has rights.",
    source=AIP_211,
)
def test_an_unknown_trigger_is_refused(owned: Owned, peer: Peer) -> None:
    request = trigger_service_pb2.DeleteTriggerRequest(trigger_id=peer.name("nobody"))
    expect_error(peer.triggers.Delete(request), Code.NOT_FOUND, Code.PERMISSION_DENIED)
