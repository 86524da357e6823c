"""An operation says from its first answer to its end what it is about and what came of it."""

import re
from typing import Any

import pytest

from tocsin.conformance.changes import Changes, Ending, update_request
from tocsin.conformance.clauses import MAY, MUST, SHOULD, Level, clause
from tocsin.conformance.comparing import expect_same
from tocsin.conformance.expecting import metadata_of, response_of
from tocsin.conformance.made import create_request
from tocsin.conformance.peer import TRIGGERS, Answer, Peer
from tocsin.contract.operations import operation_types
from tocsin_protos.yandex.cloud.operation.operation_service_pb2 import GetOperationRequest
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract

PROTO = "proto yandex.cloud.operation.Operation"
GUIDE = "Yandex Cloud API design guide, Operation object"
SERVICE = contract.DESCRIPTOR.services_by_name["TriggerService"]
METHODS = ("Create", "Update", "Pause", "Resume", "Delete")


def _types(method: str) -> Any:
    return operation_types(SERVICE.methods_by_name[method])


def _request(changes: Changes, peer: Peer, method: str) -> Any:
    if method == "Create":
        return create_request(peer)
    made = changes.create()
    if method == "Update":
        return update_request(made.id, "description", description="after")
    if method == "Resume":
        changes.pause(made.id)
    return getattr(contract, f"{method}TriggerRequest")(trigger_id=made.id)


def _ask(changes: Changes, peer: Peer, method: str) -> tuple[Any, Answer, Ending]:
    """Makes a change; returns its request, the first answer, and what became of it."""
    request = _request(changes, peer, method)
    answer = peer.call(f"{TRIGGERS}/{method}", request)
    if method == "Create":
        changes.made.maybe_trigger(answer)
    ending = changes.ending(answer)
    assert ending.ok, f"{method} must succeed, but was answered {ending}"
    return request, answer, ending


def _each(id: str, level: Level, sentence: str, source: str) -> pytest.MarkDecorator:
    """Returns the mark of a check that is a clause for each method; `{}` is the method."""
    return pytest.mark.parametrize(
        "method",
        [
            pytest.param(
                method,
                id=method,
                marks=clause(
                    f"operations.{method.lower()}.{id}",
                    level,
                    sentence.format(method),
                    source=source.format(method),
                    features=("pause",) if method in ("Pause", "Resume") else (),
                ),
            )
            for method in METHODS
        ],
    )


OPTION = f"proto {SERVICE.full_name}.{{}} [(yandex.cloud.api.operation)]"


@_each(
    "metadata.type",
    MUST,
    "The first answer of {} MUST have metadata of the type that its option names.",
    OPTION + f"; {PROTO}.metadata",
)
def test_the_metadata_have_their_type(changes: Changes, peer: Peer, method: str) -> None:
    _, answer, ending = _ask(changes, peer, method)
    meant = _types(method).metadata.full_name
    for operation in (answer.message, ending.operation):
        found = operation.metadata.type_url
        assert found.rpartition("/")[2] == meant, f"the metadata are a {found!r}, not a {meant}"


@_each(
    "metadata.trigger_id",
    MUST,
    "The first answer of {} MUST have the trigger's id in its metadata.",
    f"{GUIDE} (metadata: the ID of the resource the operation is being performed on); "
    f"proto {contract.DESCRIPTOR.package}.{{}}TriggerMetadata.trigger_id",
)
def test_the_metadata_name_the_trigger(changes: Changes, peer: Peer, method: str) -> None:
    request, answer, ending = _ask(changes, peer, method)
    named = getattr(metadata_of(answer.message), "trigger_id", None)
    meant = changes.get(named or "").id if method == "Create" else request.trigger_id
    assert named == meant, f"the metadata name the trigger {named!r}, not {meant!r}"
    later = getattr(metadata_of(ending.operation), "trigger_id", None)
    assert later == meant, f"the metadata of the operation that is done name {later!r}"


@_each(
    "response.type",
    MUST,
    "The operation of {} MUST have a response of the type that its option names.",
    OPTION + f"; {PROTO}.response",
)
def test_the_response_has_its_type(changes: Changes, peer: Peer, method: str) -> None:
    _, _, ending = _ask(changes, peer, method)
    meant, found = _types(method).response.full_name, ending.operation.response.type_url
    assert found.rpartition("/")[2] == meant, f"the response is a {found!r}, not a {meant}"
    parsed = response_of(ending.operation)
    assert parsed.DESCRIPTOR.full_name == meant, f"the response can't be read as a {meant}"


@_each(
    "readable",
    MUST,
    "OperationService.Get MUST show the operation of {} under the id of the first answer.",
    "proto yandex.cloud.operation.OperationService.Get (returns the specified Operation resource)",
)
def test_the_operation_can_be_read(changes: Changes, peer: Peer, method: str) -> None:
    _, answer, ending = _ask(changes, peer, method)
    shown = peer.operations.Get(GetOperationRequest(operation_id=answer.message.id))
    assert shown.ok, f"Get of {answer.message.id} must succeed, but was answered {shown}"
    expect_same(shown.message, ending.operation, f"the operation of {method} in Get")


@_each(
    "done-has-result",
    MUST,
    "The operation of {} MUST have exactly one of error and response when it is done, and no "
    "response before.",
    f"{PROTO}.result (if done == true, exactly one of error or response is set)",
)
def test_a_result_comes_with_the_end(changes: Changes, peer: Peer, method: str) -> None:
    _, answer, ending = _ask(changes, peer, method)
    for operation in (answer.message, ending.operation):
        result = operation.WhichOneof("result")
        if operation.done:
            assert result == "response", f"it is done, but its result is {result or 'not there'}"
        else:
            assert result is None, f"it is not done, but its result is a {result}"
    assert ending.operation.done, "it does not end"


@_each(
    "response.full-type-name",
    SHOULD,
    "The Any of metadata and response of {} SHOULD begin with type.googleapis.com/.",
    "google/protobuf/any.proto (type_url); Yandex Cloud API design guide, Operation object (the "
    "example)",
)
def test_types_have_the_usual_prefix(changes: Changes, peer: Peer, method: str) -> None:
    _, _, ending = _ask(changes, peer, method)
    for packed in (ending.operation.metadata, ending.operation.response):
        assert packed.type_url.startswith("type.googleapis.com/"), f"a type is {packed.type_url!r}"


@pytest.fixture
def operations(changes: Changes, peer: Peer) -> list[Any]:
    """Operations of several methods, which are done."""
    made = changes.create()
    created = changes.done("Create", create_request(peer))
    updated = changes.done("Update", update_request(made.id, "description", description="after"))
    return [created, updated, changes.delete(made.id)]


def _one(id: str, level: Level, sentence: str, source: str) -> pytest.MarkDecorator:
    return clause(f"operations.{id}", level, sentence, source=source)


@_one(
    "id.letters-and-digits",
    MUST,
    "The id of an operation MUST consist of Latin letters and digits.",
    f"{GUIDE} (id: required); Resource identification",
)
def test_an_id_is_of_letters_and_digits(operations: list[Any]) -> None:
    for operation in operations:
        assert re.fullmatch("[A-Za-z0-9]+", operation.id), f"an id is {operation.id!r}"


@_one(
    "id.unique",
    MUST,
    "Each operation MUST have an id of its own.",
    f"{GUIDE} (id); Resource identification (its own unique ID)",
)
def test_ids_are_unique(operations: list[Any]) -> None:
    ids = [operation.id for operation in operations]
    assert len(set(ids)) == len(ids), f"three operations have the ids {ids}"


@_one(
    "created_at.set",
    MUST,
    "An operation MUST say when it was created.",
    f"{GUIDE} (created_at: required); {PROTO}.created_at",
)
def test_an_operation_says_when_it_began(operations: list[Any]) -> None:
    for operation in operations:
        assert operation.HasField("created_at"), f"{operation.id} has no created_at"
        assert operation.created_at.ToDatetime().year > 1970, f"{operation.created_at}"


@_one(
    "modified_at.set",
    MUST,
    "An operation MUST say when it was last modified.",
    f"{GUIDE} (modified_at: required); {PROTO}.modified_at",
)
def test_an_operation_says_when_it_changed(operations: list[Any]) -> None:
    for operation in operations:
        assert operation.HasField("modified_at"), f"{operation.id} has no modified_at"


@_one(
    "modified_at.not-before-created_at",
    MUST,
    "The modified_at of an operation MUST NOT be before its created_at.",
    f"{PROTO}.modified_at (when the Operation resource was last modified)",
)
def test_no_change_comes_before_the_beginning(operations: list[Any]) -> None:
    for operation in operations:
        created, modified = (
            instant.ToNanoseconds() for instant in (operation.created_at, operation.modified_at)
        )
        assert modified >= created, f"created at {created}, modified at {modified} nanoseconds"


@_one(
    "created_by.set",
    MUST,
    "An operation MUST say who asked for it.",
    f"{GUIDE} (created_by: required); {PROTO}.created_by",
)
def test_an_operation_says_who_asked(operations: list[Any]) -> None:
    for operation in operations:
        assert operation.created_by, f"{operation.id} has no created_by"


@_one(
    "created_by.same-caller",
    MUST,
    "Operations of one caller MUST name the same caller.",
    f"{PROTO}.created_by (ID of the user or service account who initiated the operation)",
)
def test_one_caller_has_one_id(operations: list[Any]) -> None:
    callers = {operation.created_by for operation in operations}
    assert len(callers) == 1, f"one caller's operations are created by {callers}"


@_one(
    "description.length",
    MUST,
    "The description of an operation MUST have 256 characters at most.",
    f"{PROTO}.description (0-256 characters long); {GUIDE}",
)
def test_a_description_is_short(operations: list[Any]) -> None:
    for operation in operations:
        assert len(operation.description) <= 256, f"one has {len(operation.description)}"


@_one(
    "description.set",
    SHOULD,
    "An operation SHOULD have a description.",
    f"{PROTO}.description (such as Create VM, Stop VM)",
)
def test_an_operation_has_a_description(operations: list[Any]) -> None:
    for operation in operations:
        assert operation.description, f"{operation.id} has no description"


@_one(
    "created_at.in-order",
    SHOULD,
    "An operation SHOULD NOT have an earlier created_at than one that was done before it.",
    f"{PROTO}.created_at",
)
def test_later_operations_are_not_older(operations: list[Any]) -> None:
    times = [operation.created_at.ToNanoseconds() for operation in operations]
    assert times == sorted(times), f"created_at of three operations, in nanoseconds: {times}"


@_one(
    "done.stays",
    MUST,
    "An operation that is done MUST stay as it is.",
    f"{GUIDE} (done: the operation is completed); {PROTO}.done",
)
def test_what_is_done_stays(changes: Changes, peer: Peer, operations: list[Any]) -> None:
    # Whatever becomes of its trigger later.
    created = operations[0]
    trigger_id = metadata_of(created).trigger_id
    changes.update(trigger_id, "description", description="later")
    changes.delete(trigger_id)
    for operation in operations:
        shown = peer.operations.Get(GetOperationRequest(operation_id=operation.id))
        assert shown.ok, f"Get of {operation.id} must succeed, but was answered {shown}"
        expect_same(shown.message, operation, "the operation later on")


@_one(
    "poll-interval",
    MAY,
    "OperationService.Get MAY say in `x-operation-poll-interval` after how many whole seconds to "
    "ask again; known answers: it does (Tocsin).",
    "the vendor's Go SDK reads it",
)
def test_get_may_say_when_to_ask_again(peer: Peer, operations: list[Any]) -> None:
    answer = peer.operations.Get(GetOperationRequest(operation_id=operations[0].id))
    said = [value for key, value in answer.headers if key == "x-operation-poll-interval"]
    assert said, "the headers have no x-operation-poll-interval"
    assert re.fullmatch("[0-9]+", str(said[0])), f"it is {said[0]!r}"
