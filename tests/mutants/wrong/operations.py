"""Wrong servers of the profile `operations`."""

from typing import Any

from google.protobuf.empty_pb2 import Empty

from mutants.changes import (
    NOBODYS,
    Code,
    asks,
    made,
    refuses,
    says,
    set_to,
    shows,
    takes,
)
from mutants.proxies.calls import Call, Forward, Reply
from tocsin_protos.yandex.cloud.operation.operation_pb2 import Operation
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract

GET, CANCEL = "OperationService/Get", "OperationService/Cancel"
LIST = "TriggerService/ListOperations"
CREATE, PAUSE, DELETE = (f"TriggerService/{name}" for name in ("Create", "Pause", "Delete"))


def first_asked(call: Call) -> None:
    call.request.operation_id = call.memory.setdefault("first", call.request.operation_id)


def counts(message: Any, call: Call) -> None:
    call.memory["n"] = call.memory.get("n", 0) + 1
    message.modified_at.seconds += call.memory["n"]


def same_id(message: Any, call: Call) -> None:
    if isinstance(message, Operation) and call.method != GET:
        message.id = call.memory.setdefault("id", message.id)


def changing_creator(message: Any, call: Call) -> None:
    call.memory["n"] = call.memory.get("n", 0) + 1
    message.created_by = f"someone{call.memory['n']}"


def of_all_triggers(call: Call, forward: Forward) -> Reply:
    reply = forward(call.request)
    if call.method == CREATE and reply.ok:
        call.memory.setdefault("all", []).append(reply.message)
    if call.method == LIST and reply.ok:
        known = {each.id for each in reply.message.operations}
        more = [each for each in call.memory.get("all", []) if each.id not in known]
        reply.message.operations.extend(more)
    return reply


def one_more(message: Any, call: Call) -> None:
    if call.request.page_size and message.operations:
        message.operations.add().CopyFrom(message.operations[0])


def drop_last(message: Any, call: Call) -> None:
    if message.next_page_token and len(message.operations) > 1:
        del message.operations[-1]


def without(method: str) -> Any:
    def change(message: Any, call: Call) -> None:
        kept = [e for e in message.operations if not e.metadata.type_url.endswith(method)]
        del message.operations[:]
        message.operations.extend(kept)

    return change


def cancels_undo(call: Call, forward: Forward) -> Reply:
    reply = forward(call.request)
    if call.method == CANCEL and reply.ok:
        trigger = contract.CreateTriggerMetadata()
        trigger.ParseFromString(reply.message.metadata.value)
        call.ask(DELETE, contract.DeleteTriggerRequest(trigger_id=trigger.trigger_id))
    return reply


ASKING = [
    says(
        "operations.get.not-found",
        GET,
        "calls an unknown operation an invalid argument",
        Code.INVALID_ARGUMENT,
        instead_of=Code.NOT_FOUND,
    ),
    says(
        "operations.cancel.not-found",
        CANCEL,
        "calls cancelling an unknown operation aborted",
        Code.ABORTED,
        instead_of=Code.NOT_FOUND,
    ),
    takes(
        "operations.get.not-a-trigger",
        GET,
        "takes a trigger's id for an operation's",
        of=Code.NOT_FOUND,
    ),
    asks(
        "operations.get.that-operation",
        GET,
        "shows the operation that was asked for first",
        first_asked,
    ),
    shows(
        "operations.cancel.answers-operation",
        CANCEL,
        "answers Cancel with an empty operation",
        lambda m, _: m.Clear(),
    ),
    shows("operations.cancel.done-stays", GET, "moves modified_at each time it is asked", counts),
    made(
        cancels_undo,
        "undoes what is done when it is cancelled",
        "operations.cancel.undoes-nothing",
        "",
    ),
    *(
        takes(f"operations.{subject}.{field}.required", method, f"asks nobody for {field}")
        for subject, field, method in (
            ("get", "operation_id", GET),
            ("cancel", "operation_id", CANCEL),
            ("list", "trigger_id", LIST),
        )
    ),
]

LIFE = [
    *(
        shows(
            f"operations.{name.lower()}.{what}",
            f"TriggerService/{name}",
            does,
            change,
            family=f"operations.*.{what}",
        )
        for what, does, change, methods in (
            (
                "metadata.type",
                "has Empty as the metadata of operations",
                lambda m, _: m.metadata.Pack(Empty()),
                ("Create", "Delete"),
            ),
            (
                "metadata.trigger_id",
                "has another trigger's id in the metadata",
                lambda m, _: m.metadata.Pack(contract.UpdateTriggerMetadata(trigger_id=NOBODYS)),
                ("Update",),
            ),
            (
                "response.type",
                "has Empty as the response",
                lambda m, _: m.response.Pack(Empty()),
                ("Create", "Pause"),
            ),
            (
                "readable",
                "answers an id that OperationService does not know",
                lambda m, _: set_to(m, id="a1onobodyhasthisid00"),
                ("Update", "Resume"),
            ),
            (
                "done-has-result",
                "has no result when it is done",
                lambda m, _: m.ClearField("result"),
                ("Create", "Delete"),
            ),
        )
        for name in methods
    ),
    shows(
        "operations.id.letters-and-digits",
        CREATE,
        "has hyphens in ids of operations",
        lambda m, _: set_to(m, id=f"{m.id[:4]}-{m.id[4:]}"),
    ),
    shows("operations.id.unique", "", "gives operations one id", same_id),
    shows(
        "operations.created_at.set",
        CREATE,
        "does not say when an operation was created",
        lambda m, _: m.ClearField("created_at"),
    ),
    shows(
        "operations.modified_at.set",
        CREATE,
        "does not say when an operation was modified",
        lambda m, _: m.ClearField("modified_at"),
    ),
    shows(
        "operations.modified_at.not-before-created_at",
        CREATE,
        "modified before it was created",
        lambda m, _: set_to(m.modified_at, seconds=m.created_at.seconds - 1),
    ),
    shows(
        "operations.created_by.set",
        CREATE,
        "does not say who asked",
        lambda m, _: m.ClearField("created_by"),
    ),
    shows(
        "operations.created_by.same-caller",
        CREATE,
        "has another caller each time",
        changing_creator,
    ),
    shows(
        "operations.description.length",
        CREATE,
        "has 257 characters as a description",
        lambda m, _: set_to(m, description="d" * 257),
    ),
    shows("operations.done.stays", GET, "moves modified_at of what is done", counts),
]

LISTING = [
    *(
        shows(
            f"operations.list.shows-{name}",
            LIST,
            f"does not list the {name}",
            without(f"{name.capitalize()}TriggerMetadata"),
            family="operations.list.shows-*",
        )
        for name in ("create", "update", "pause", "resume")
    ),
    made(
        of_all_triggers,
        "lists the operations of all triggers",
        "operations.list.of-one-trigger",
        "",
    ),
    shows(
        "operations.list.as-get",
        LIST,
        "lists operations without their responses",
        lambda m, _: [each.ClearField("response") for each in m.operations],
    ),
    shows("operations.list.page-size.most", LIST, "has one operation too many on a page", one_more),
    shows(
        "operations.list.page-size.token-if-more",
        LIST,
        "ends a list with its first page",
        lambda m, _: m.ClearField("next_page_token"),
    ),
    shows(
        "operations.list.pages.each-once", LIST, "drops an operation between two pages", drop_last
    ),
    shows(
        "operations.list.pages.last-has-no-token",
        LIST,
        "gives its last page a token",
        lambda m, _: set_to(m, next_page_token=m.next_page_token or "more"),
    ),
    asks(
        "operations.list.pages.size-may-change",
        LIST,
        "keeps the page size of the first page",
        lambda c: set_to(
            c.request,
            page_size=c.memory.get("size", 0)
            if c.request.page_token
            else c.memory.update(size=c.request.page_size) or c.request.page_size,
        ),
    ),
    asks(
        "operations.list.page-size.default",
        LIST,
        "has pages of 1000 if no size is given",
        lambda c: set_to(c.request, page_size=c.request.page_size or 1000),
    ),
    shows(
        "operations.list.token.length",
        LIST,
        "has tokens of 101 characters",
        lambda m, _: set_to(m, next_page_token=m.next_page_token and "t" * 101),
    ),
    takes(
        "operations.list.not-found", LIST, "lists nothing for an unknown trigger", of=Code.NOT_FOUND
    ),
    refuses(
        "operations.list.page_size.value",
        LIST,
        "takes pages of 999 at most",
        lambda c: c.request.page_size == 1000,
    ),
    takes(
        "operations.list.page_token.length",
        LIST,
        "takes tokens of any length",
        lambda c: len(c.request.page_token) > 100,
    ),
    takes(
        "operations.list.filter.length",
        LIST,
        "takes filters of any length",
        lambda c: len(c.request.filter) > 1000,
    ),
]
