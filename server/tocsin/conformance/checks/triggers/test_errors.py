"""An error says what was wrong: with a status, its message and its details."""

import re
from typing import Any

import pytest
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status

from tocsin.conformance.changes import Changes, Code, update_request
from tocsin.conformance.clauses import MAY, MUST, SHOULD, clause
from tocsin.conformance.edges.samples import Way, full
from tocsin.conformance.expecting import expect_error, violations
from tocsin.conformance.made import Made, create_request, timer
from tocsin.conformance.peer import TRIGGERS, Answer, Peer
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract

ERRORS = "Yandex Cloud API design guide, Errors"
DETAILS = (
    f"{ERRORS} (details: which parameters were specified incorrectly, of the types in "
    "google.rpc.ErrorDetails); google/rpc/error_details.proto, BadRequest"
)


def _invalid(peer: Peer, made: Made) -> Answer:
    answer: Answer = peer.triggers.Create(create_request(peer, description="x" * 501))
    made.maybe_trigger(answer)
    return answer


def _missing(peer: Peer, _: Made | None = None) -> Answer:
    answer: Answer = peer.triggers.Get(contract.GetTriggerRequest(trigger_id="nosuchtrigger"))
    return answer


def _broken(name: str, field: str, words: str, *features: str) -> Any:
    return pytest.param(
        name,
        field,
        id=name,
        marks=clause(
            f"triggers.errors.field-path.{name}",
            SHOULD,
            f"INVALID_ARGUMENT for {words} SHOULD name it in google.rpc.BadRequest: {field}.",
            source=DETAILS,
            features=features,
        ),
    )


def _request_with(name: str, peer: Peer) -> Any:
    request = create_request(peer)
    match name:
        case "top":
            request.description = "x" * 501
        case "left-out":
            request.folder_id = ""
        case "nested":
            request.rule.timer.payload = "x" * 4097
        case "action":
            request.rule.timer.invoke_function_with_retry.function_id = ""
        case "deep":
            retry = request.rule.timer.invoke_function_with_retry.retry_settings
            retry.interval.seconds = 61
        case "cron":
            request.rule.timer.cron_expression = "no cron expression"
        case "item":
            rule = full(Way("logging", "invoke_function"))
            rule.logging.resource_type.append("a type with blanks")
            request.rule.CopyFrom(rule)
        case "map-value":
            request.labels["key"] = "A VALUE"
        case "map-key":
            request.labels["A KEY"] = "value"
        case "oneof":
            request.rule.timer.ClearField("action")
    return request


@pytest.mark.parametrize(
    ("name", "field"),
    [
        _broken("top", "description", "a field of the request"),
        _broken("left-out", "folder_id", "a required field that is left out"),
        _broken("nested", "rule.timer.payload", "a field of a rule"),
        _broken(
            "action",
            "rule.timer.invoke_function_with_retry.function_id",
            "a field of an action",
        ),
        _broken(
            "deep",
            "rule.timer.invoke_function_with_retry.retry_settings.interval",
            "a field of an action's settings",
        ),
        _broken("cron", "rule.timer.cron_expression", "a cron expression"),
        _broken("item", "rule.logging.resource_type", "an item of a list", "kind-logging"),
        _broken("map-value", "labels", "a value of a map"),
        _broken("map-key", "labels", "a key of a map"),
        _broken("oneof", "rule.timer", "a choice that is not made"),
    ],
)
def test_an_error_names_the_field(changes: Changes, peer: Peer, name: str, field: str) -> None:
    ending = changes.refused("Create", _request_with(name, peer), Code.INVALID_ARGUMENT)
    named = violations(ending.details)
    # An index, a key or the oneof may follow.
    found = [path for path in named if re.fullmatch(rf"{re.escape(field)}([\[.].*)?", path)]
    assert found, f"google.rpc.BadRequest must name {field}, but names {', '.join(named) or 'none'}"
    assert len(named) == 1, f"nothing else is wrong, but {', '.join(named)} are named"
    assert named[found[0]], f"the violation of {field} has no description"


@clause(
    "triggers.errors.all-at-once",
    SHOULD,
    "INVALID_ARGUMENT SHOULD name all fields that are wrong, not the first alone.",
    source="google/rpc/error_details.proto, BadRequest.field_violations (describes all violations "
    "in a client request)",
)
def test_an_error_names_all_fields(changes: Changes, peer: Peer) -> None:
    request = create_request(
        peer, name="No Name", description="x" * 501, rule=timer(payload="x" * 4097)
    )
    ending = changes.refused("Create", request, Code.INVALID_ARGUMENT)
    named = violations(ending.details)
    missing = {"name", "description", "rule.timer.payload"} - set(named)
    assert not missing, f"google.rpc.BadRequest does not name {', '.join(sorted(missing))}"


@clause(
    "triggers.errors.update-mask.field",
    SHOULD,
    "INVALID_ARGUMENT for a path in a mask SHOULD name update_mask in google.rpc.BadRequest.",
    source=DETAILS,
)
def test_an_error_names_the_mask(changes: Changes) -> None:
    made = changes.create()
    answer = changes.peer.triggers.Update(update_request(made.id, "nothing"))
    expect_error(answer, Code.INVALID_ARGUMENT, field="update_mask")


@clause(
    "triggers.errors.list.field",
    SHOULD,
    "INVALID_ARGUMENT for a filter SHOULD name filter in google.rpc.BadRequest.",
    source=DETAILS,
    features=("filters",),
)
def test_an_error_names_the_filter(peer: Peer) -> None:
    request = contract.ListTriggersRequest(folder_id=peer.folder, filter='nothing="x"')
    expect_error(peer.triggers.List(request), Code.INVALID_ARGUMENT, field="filter")


@clause(
    "triggers.errors.text",
    MAY,
    "The message of INVALID_ARGUMENT MAY be `Validation failed:` and a line `  - field: what` for "
    "each field; known answers: it is (the vendor, Tocsin).",
    source="an issue of the vendor's Terraform provider shows it; no page says so",
)
def test_an_error_has_the_vendors_text(peer: Peer, made: Made) -> None:
    answer = peer.triggers.Create(create_request(peer, folder_id=""))
    made.maybe_trigger(answer)
    assert answer.text == "Validation failed:\n  - folder_id: Field is required", (
        f"the message is {answer.text!r}"
    )


def _errors(name: str) -> Any:
    return {"invalid": _invalid, "missing": _missing}[name]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            id=name,
            marks=clause(
                f"triggers.errors.status.{name}",
                SHOULD,
                f"{code} SHOULD have a google.rpc.Status in `grpc-status-details-bin` with the "
                "same code and message.",
                source=f"{ERRORS} (errors are described using google.rpc.Status, in both gRPC and "
                "REST); AIP-193",
            ),
        )
        for name, code in (("invalid", "INVALID_ARGUMENT"), ("missing", "NOT_FOUND"))
    ],
)
def test_an_error_has_a_status(peer: Peer, made: Made, name: str) -> None:
    answer = _errors(name)(peer, made)
    sent = [value for key, value in answer.trailers if key == "grpc-status-details-bin"]
    assert len(sent) == 1, f"the trailers have {len(sent)} grpc-status-details-bin"
    status = Status.FromString(sent[0])
    assert status.code == answer.code.value[0], f"{answer.code} has a Status of {status.code}"
    assert status.message == answer.text, f"{answer.text!r} has a Status of {status.message!r}"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            id=name,
            marks=clause(
                f"triggers.errors.message.{name}",
                SHOULD,
                f"{code} SHOULD have a message.",
                source=f"{ERRORS} (message: error description); AIP-193 (must populate the message "
                "string)",
            ),
        )
        for name, code in (("invalid", "INVALID_ARGUMENT"), ("missing", "NOT_FOUND"))
    ],
)
def test_an_error_has_a_message(peer: Peer, made: Made, name: str) -> None:
    answer = _errors(name)(peer, made)
    assert answer.text.strip(), f"{answer.code} has no message"


@clause(
    "triggers.errors.request-info",
    SHOULD,
    "An error SHOULD have a google.rpc.RequestInfo whose request_id no other answer has.",
    source=f"{ERRORS} (the example has one); google/rpc/error_details.proto, RequestInfo",
)
def test_an_error_has_a_request_id(peer: Peer, made: Made) -> None:
    ids = []
    for answer in (_invalid(peer, made), _missing(peer), _missing(peer)):
        found = [
            detail.request_id
            for detail in answer.details
            if isinstance(detail, error_details_pb2.RequestInfo)
        ]
        assert len(found) == 1, f"{answer.code} has {len(found)} google.rpc.RequestInfo"
        assert found[0], f"the request_id of {answer.code} is empty"
        ids += found
    assert len(set(ids)) == 3, f"three errors have the request ids {ids}"


@clause(
    "triggers.errors.error-info",
    SHOULD,
    "An error SHOULD have one google.rpc.ErrorInfo with a reason in capitals and a domain.",
    source="AIP-193 'ErrorInfo payload' (must include an ErrorInfo; reason: at most 63 characters, "
    "[A-Z][A-Z0-9_]+[A-Z0-9])",
)
def test_an_error_has_a_reason(peer: Peer, made: Made) -> None:
    for answer in (_invalid(peer, made), _missing(peer)):
        found = [
            detail for detail in answer.details if isinstance(detail, error_details_pb2.ErrorInfo)
        ]
        assert len(found) == 1, f"{answer.code} has {len(found)} google.rpc.ErrorInfo"
        assert re.fullmatch("[A-Z][A-Z0-9_]{1,61}[A-Z0-9]", found[0].reason), (
            f"the reason of {answer.code} is {found[0].reason!r}"
        )
        assert found[0].domain, f"the ErrorInfo of {answer.code} has no domain"


@clause(
    "triggers.errors.reasons-differ",
    SHOULD,
    "Errors of different causes SHOULD have different reasons.",
    source="AIP-193 'ErrorInfo payload' (map to one and only one cause)",
)
def test_different_errors_have_different_reasons(changes: Changes, peer: Peer, made: Made) -> None:
    taken = changes.refused(
        "Create", create_request(peer, name=changes.create().name), Code.ALREADY_EXISTS
    )
    reasons = [
        detail.reason
        for details in (_invalid(peer, made).details, _missing(peer).details, taken.details)
        for detail in details
        if isinstance(detail, error_details_pb2.ErrorInfo)
    ]
    assert len(set(reasons)) == 3, f"three different errors have the reasons {reasons}"


@clause(
    "triggers.errors.details-once",
    SHOULD,
    "An error SHOULD have each type of detail once at most.",
    source="AIP-193 'Uniqueness' (must be included at most once)",
)
def test_details_come_once(peer: Peer, made: Made) -> None:
    for answer in (_invalid(peer, made), _missing(peer)):
        names = [detail.DESCRIPTOR.full_name for detail in answer.details]
        assert len(names) == len(set(names)), f"the details of {answer.code} are {names}"


@clause(
    "triggers.errors.unknown-method",
    MUST,
    "A method that the service does not have MUST be refused with UNIMPLEMENTED.",
    source="gRPC, Status codes and their use in gRPC, UNIMPLEMENTED",
    unimplemented=True,
)
def test_an_unknown_method_is_unimplemented(peer: Peer) -> None:
    answer = peer.call(f"{TRIGGERS}/Explode", b"")
    assert answer.code is Code.UNIMPLEMENTED, f"Explode said {answer}"


@clause(
    "triggers.errors.unknown-service",
    MUST,
    "A service that the server does not have MUST be refused with UNIMPLEMENTED.",
    source="gRPC, Status codes and their use in gRPC, UNIMPLEMENTED",
    unimplemented=True,
)
def test_an_unknown_service_is_unimplemented(peer: Peer) -> None:
    answer = peer.call("conformance.v1.NoSuchService/Get", b"")
    assert answer.code is Code.UNIMPLEMENTED, f"NoSuchService said {answer}"


@clause(
    "triggers.errors.broken-bytes",
    SHOULD,
    "Bytes that are no message SHOULD be refused with INVALID_ARGUMENT or INTERNAL.",
    source="gRPC, Status codes and their use in gRPC (INTERNAL: a request that can't be parsed); "
    "google/rpc/code.proto, INVALID_ARGUMENT",
)
def test_broken_bytes_are_refused(peer: Peer) -> None:
    for sent in (b"\xff", b"\x0a\x05abc", b"\x0a\x01\xff"):
        answer = peer.call(f"{TRIGGERS}/Get", sent)
        assert answer.code in (Code.INVALID_ARGUMENT, Code.INTERNAL), (
            f"Get with the bytes {sent.hex(' ')} said {answer}"
        )
