"""Wrong servers of the profile `schedule`."""

import re
from typing import Any

from google.longrunning.operations_pb2 import DeleteOperationRequest
from google.protobuf.empty_pb2 import Empty

from mutants import rest_changes as rest
from mutants.changes import (
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
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2

SCHEDULE = "Executions/ScheduleIntegrations"
GET, LIST, CANCEL, DELETE, WAIT = (
    f"Operations/{name}Operation{'s' if name == 'List' else ''}"
    for name in ("Get", "List", "Cancel", "Delete", "Wait")
)


def fresh(field: str, *, when: str = "") -> Any:
    """Does not read a field, if its value has a pattern."""

    def change(call: Call) -> None:
        if re.search(when, getattr(call.request, field)):
            call.request.ClearField(field)

    return change


def small_request_ids(call: Call) -> None:
    call.request.request_id = call.request.request_id.lower()


def one_request_id(call: Call) -> None:
    if call.request.request_id:
        call.request.request_id = "one-for-all"
        call.request.user_generated_execution_id = ""


def remembers_refused(field: str) -> Any:
    def wrong(call: Call, forward: Forward) -> Reply:
        value = getattr(call.request, field)
        if value and value in call.memory:
            kept: Reply = call.memory[value]
            return kept
        reply = forward(call.request)
        if value and not reply.ok:
            call.memory[value] = reply
        return reply

    return wrong


def taken_is_taken_again(call: Call, forward: Forward) -> Reply:
    reply = forward(call.request)
    if reply.code is Code.ALREADY_EXISTS:
        used = call.request.user_generated_execution_id
        answer = executions_pb2.ScheduleIntegrationsResponse(execution_info_ids=[used])
        return Reply(message=answer)
    return reply


def same_ids(message: Any, call: Call) -> None:
    ids = call.memory.setdefault("ids", list(message.execution_info_ids))
    del message.execution_info_ids[:]
    message.execution_info_ids.extend(ids)


def any_location(call: Call) -> None:
    """Finds an operation by its last part alone."""
    home = call.memory.get("home")
    if home and "/operations/" in call.request.name:
        call.request.name = f"{home}/operations/{call.request.name.rpartition('/')[2]}"


def elsewhere_is_here(call: Call, forward: Forward) -> Reply:
    if call.method == SCHEDULE:
        call.memory["home"] = call.request.name.partition("/integrations/")[0]
    elif call.method != LIST:
        any_location(call)
    return forward(call.request)


def elsewhere(breaks: str, does: str) -> Any:
    def wrong(call: Call, forward: Forward) -> Reply:
        return elsewhere_is_here(call, forward)

    return made(wrong, does, breaks, "", "schedule.operation.*.other-location")


def all_locations(call: Call, forward: Forward) -> Reply:
    if call.method == SCHEDULE:
        call.memory["home"] = call.request.name.partition("/integrations/")[0]
    if call.method == LIST:
        call.request.name = call.memory.get("home", call.request.name)
    return forward(call.request)


def deletes_instead(call: Call, forward: Forward) -> Reply:
    reply = forward(call.request)
    if reply.ok:
        call.ask(DELETE, DeleteOperationRequest(name=call.request.name))
    return reply


def cancels_what_is_known(call: Call, forward: Forward) -> Reply:
    if call.method == SCHEDULE:
        reply = forward(call.request)
        if reply.ok:
            home = call.request.name.partition("/integrations/")[0]
            names = [f"{home}/operations/{each}" for each in reply.message.execution_info_ids]
            call.memory.setdefault("names", []).extend(names)
        return reply
    if call.method == CANCEL:
        for name in call.memory.get("names", []):
            call.ask(CANCEL, call.request.__class__(name=name))
    return forward(call.request)


def not_cancelled(call: Call, forward: Forward) -> Reply:
    return Reply(message=Empty()) if call.method == CANCEL else forward(call.request)


def drop_last(message: Any, call: Call) -> None:
    if message.next_page_token and len(message.operations) > 1:
        del message.operations[-1]


def one_more(message: Any, call: Call) -> None:
    if call.request.page_size and message.operations:
        message.operations.add().CopyFrom(message.operations[0])


def parameter(kind: str) -> Any:
    return lambda call: any(
        value.WhichOneof("value") == kind for value in call.request.input_parameters.values()
    )


def finds_renamed(call: Call, forward: Forward) -> Reply:
    reply = forward(call.request)
    if reply.ok:
        reply.message.name = f"{reply.message.name}x"
    return reply


IDS = [
    *(
        asks(
            f"schedule.request-id.{what}",
            SCHEDULE,
            "does not read request_id",
            fresh("request_id"),
            family="schedule.request-id.*",
        )
        for what in ("repeated", "one-execution", "at-once")
    ),
    asks("schedule.request-id.other", SCHEDULE, "takes all request ids for one", one_request_id),
    asks(
        "schedule.request-id.case",
        SCHEDULE,
        "does not mind the case of a request id",
        small_request_ids,
    ),
    made(
        remembers_refused("request_id"),
        "answers a request id with the refusal that it had",
        "schedule.request-id.after-a-refusal",
        SCHEDULE,
    ),
    refuses(
        "schedule.request-id.taken.36-characters",
        SCHEDULE,
        "takes 35 characters at most",
        lambda c: len(c.request.request_id) > 35,
        family="schedule.request-id.taken.*",
    ),
    refuses(
        "schedule.execution-id.taken.letters",
        SCHEDULE,
        "takes small letters alone",
        lambda c: re.search("[A-Z]", c.request.user_generated_execution_id),
        family="schedule.execution-id.taken.*",
    ),
    takes(
        "schedule.request-id.refused.37-characters",
        SCHEDULE,
        "takes 37 characters",
        lambda c: len(c.request.request_id) == 37,
        family="schedule.request-id.refused.*",
    ),
    takes(
        "schedule.request-id.refused.line-break",
        SCHEDULE,
        "takes a line break at the end",
        lambda c: c.request.request_id.endswith("\n"),
        family="schedule.request-id.refused.*",
    ),
    takes(
        "schedule.execution-id.refused.underscore",
        SCHEDULE,
        "takes an underscore",
        lambda c: "_" in c.request.user_generated_execution_id,
        family="schedule.execution-id.refused.*",
    ),
    asks(
        "schedule.execution-id.used",
        SCHEDULE,
        "makes its own execution ids",
        fresh("user_generated_execution_id"),
    ),
    rest.reads(
        "schedule.execution-id.used-over-rest",
        "makes its own execution ids over REST",
        r'"userGeneratedExecutionId"',
        '"requestId"',
    ),
    made(
        taken_is_taken_again,
        "gives an id twice",
        "schedule.execution-id.taken-is-refused",
        SCHEDULE,
    ),
    made(
        taken_is_taken_again,
        "gives an id twice in a race",
        "schedule.execution-id.taken-at-once",
        SCHEDULE,
    ),
    made(
        remembers_refused("user_generated_execution_id"),
        "keeps the id of a call that it refused",
        "schedule.execution-id.after-a-refusal",
        SCHEDULE,
    ),
]

CALLS = [
    shows(
        "schedule.answer.ids",
        SCHEDULE,
        "answers no ids",
        lambda m, _: m.ClearField("execution_info_ids"),
    ),
    shows("schedule.answer.distinct-ids", SCHEDULE, "answers the same ids to all", same_ids),
    refuses(
        "schedule.name.products",
        SCHEDULE,
        "knows no products",
        lambda c: "/products/" in c.request.name,
        Code.NOT_FOUND,
    ),
    *(
        takes(f"schedule.name.{what}", SCHEDULE, f"takes a name {does}", family="schedule.name.*")
        for what, does in (("bare", "without its project"), ("too-long", "with more segments"))
    ),
    takes(
        "schedule.name.unknown-is-refused",
        SCHEDULE,
        "schedules what does not exist",
        of=Code.NOT_FOUND,
    ),
    takes(
        "schedule.trigger-id.required",
        SCHEDULE,
        "does not ask for a trigger id",
        lambda c: not c.request.trigger_id,
    ),
    asks(
        "schedule.trigger-id.upper-case",
        SCHEDULE,
        "does not mind the case of a trigger id",
        lambda c: set_to(c.request, trigger_id=c.request.trigger_id.lower()),
        family="schedule.trigger-id.*",
    ),
    asks(
        "schedule.trigger-id.space",
        SCHEDULE,
        "strips a trigger id",
        lambda c: set_to(c.request, trigger_id=c.request.trigger_id.strip()),
        family="schedule.trigger-id.*",
    ),
    made(
        lambda c, f: f(c.request).but(details=()),
        "has no details in its errors",
        "schedule.error.info",
        SCHEDULE,
    ),
    made(
        lambda c, f: f(c.request).but(text=""),
        "has no message in its errors",
        "schedule.error.message",
        SCHEDULE,
    ),
    refuses(
        "schedule.unknown-field",
        SCHEDULE,
        "refuses fields that it does not know",
        lambda c: c.request.ByteSize() != _known(c.request).ByteSize(),
    ),
    *(
        refuses(
            f"schedule.time.{what}", SCHEDULE, f"refuses {does}", when, family="schedule.time.*"
        )
        for what, does, when in (
            ("past", "the past", lambda c: 0 < c.request.schedule_time.seconds < 3e9),
            ("long-past", "times before 1970", lambda c: c.request.schedule_time.seconds < 0),
            ("fraction", "nanoseconds", lambda c: c.request.schedule_time.nanos % 1000),
        )
    ),
    *(
        takes(
            f"schedule.time.invalid.{what}",
            SCHEDULE,
            f"takes {does}",
            family="schedule.time.invalid.*",
        )
        for what, does in (
            ("negative-nanos", "negative nanoseconds"),
            ("year-10000", "the year 10000"),
        )
    ),
    *(
        refuses(
            f"schedule.parameters.input.{kind.replace('_', '-')}",
            SCHEDULE,
            f"refuses a {kind}",
            parameter(kind),
            family="schedule.parameters.*",
        )
        for kind in ("string_value", "int_array", "json_value")
    ),
    refuses(
        "schedule.parameters.entries.proto-value",
        SCHEDULE,
        "refuses parameter_entries",
        lambda c: c.request.parameter_entries,
        family="schedule.parameters.entries.*",
    ),
    refuses(
        "schedule.parameters.events.string-value",
        SCHEDULE,
        "refuses parameters",
        lambda c: c.request.HasField("parameters"),
        family="schedule.parameters.events.*",
    ),
    refuses(
        "schedule.parameters.carriers.together",
        SCHEDULE,
        "takes one carrier of parameters",
        lambda c: c.request.parameter_entries and c.request.input_parameters,
    ),
    refuses(
        "schedule.parameters.input.odd.many",
        SCHEDULE,
        "takes 256 parameters at most",
        lambda c: len(c.request.input_parameters) > 256,
        family="schedule.parameters.input.odd.*",
    ),
    refuses(
        "schedule.parameters.input.odd.nan",
        SCHEDULE,
        "refuses NaN",
        lambda c: any(
            v.double_value != v.double_value for v in c.request.input_parameters.values()
        ),
        family="schedule.parameters.input.odd.*",
    ),
    takes(
        "schedule.parameters.input.too-large",
        SCHEDULE,
        "takes input of any size",
        of=Code.INVALID_ARGUMENT,
    ),
    rest.reads(
        "schedule.parameters.input.wrong.string-value",
        "reads a number as a stringValue",
        r'("stringValue":\s*)(\d+)',
        r'\1"\2"',
        family="schedule.parameters.input.wrong.*",
    ),
    rest.refuses_if(
        "schedule.system-parameter.alt",
        "knows no alt in a query",
        lambda r: re.search(r"[?&]alt=", r.target),
        family="schedule.system-parameter.*",
    ),
    rest.refuses_if(
        "schedule.system-parameter.xgafv-2",
        "knows no $.xgafv in a query",
        lambda r: "xgafv" in r.target,
        family="schedule.system-parameter.*",
    ),
    rest.refuses_if(
        "schedule.system-header.quota-user",
        "refuses headers that it does not know",
        lambda r: r.header("x-goog-quota-user"),
        family="schedule.system-header.*",
    ),
]

OPERATIONS = [
    shows(
        "schedule.operations.has-what-waits",
        LIST,
        "lists what is done",
        lambda m, _: [m.operations.remove(e) for e in list(m.operations) if not e.done],
    ),
    shows(
        "schedule.operations.has-what-is-done",
        LIST,
        "lists what is not done",
        lambda m, _: [m.operations.remove(e) for e in list(m.operations) if e.done],
    ),
    made(
        all_locations, "lists one location for another", "schedule.operations.of-one-location", ""
    ),
    shows(
        "schedule.operations.page-size.kept", LIST, "has one operation too many on a page", one_more
    ),
    shows(
        "schedule.operations.pages.complete",
        LIST,
        "drops an operation between two pages",
        drop_last,
    ),
    refuses(
        "schedule.operations.page-size.coerced",
        LIST,
        "refuses pages that are too large",
        lambda c: c.request.page_size > 1000,
    ),
    refuses(
        "schedule.operations.page-size.default",
        LIST,
        "asks for a page size",
        lambda c: not c.request.page_size,
    ),
    takes(
        "schedule.operations.page-size.negative",
        LIST,
        "takes a negative page size",
        lambda c: c.request.page_size < 0,
    ),
    shows(
        "schedule.operations.token.url-safe",
        LIST,
        "has slashes in its tokens",
        lambda m, _: set_to(m, next_page_token=m.next_page_token and f"/+{m.next_page_token}"),
    ),
    *(
        takes(
            f"schedule.operations.token.{what}",
            LIST,
            f"takes a token that is {what}",
            family="schedule.operations.token.*",
        )
        for what in ("garbage", "cut")
    ),
    *(
        takes(
            f"schedule.operations.filter.{what}",
            LIST,
            f"takes a filter: {what}",
            family="schedule.operations.filter.*",
        )
        for what in ("broken", "no-field")
    ),
    takes(
        "schedule.operations.partial-success",
        LIST,
        "takes return_partial_success",
        of=Code.UNIMPLEMENTED,
    ),
    made(finds_renamed, "answers an operation of another name", "schedule.operation.get.name", GET),
    shows(
        "schedule.operation.waiting.not-done",
        GET,
        "says that all is done",
        lambda m, _: set_to(m, done=True),
    ),
    shows(
        "schedule.operation.done.one-result",
        GET,
        "has no result when it is done",
        lambda m, _: m.ClearField("result"),
    ),
    *(
        says(
            f"schedule.operation.{name}.unknown",
            method,
            f"calls {name} of an unknown id invalid",
            Code.INVALID_ARGUMENT,
            instead_of=Code.NOT_FOUND,
            family="schedule.operation.*.unknown",
        )
        for name, method in (("get", GET), ("cancel", CANCEL), ("delete", DELETE), ("wait", WAIT))
    ),
    *(
        elsewhere(f"schedule.operation.{name}.other-location", "does not read the location")
        for name in ("get", "cancel", "delete", "wait")
    ),
    made(
        not_cancelled,
        "answers Cancel and does nothing",
        "schedule.operation.cancel.error-is-cancelled",
        "",
    ),
    made(deletes_instead, "deletes what is cancelled", "schedule.operation.cancel.is-kept", CANCEL),
    made(
        cancels_what_is_known, "cancels all that waits", "schedule.operation.cancel.others-stay", ""
    ),
    made(
        taken_is_taken_again,
        "gives the id of what was cancelled",
        "schedule.operation.cancel.keeps-its-id",
        SCHEDULE,
    ),
    made(
        lambda c, f: Reply(message=Empty()) if c.method == DELETE else f(c.request),
        "answers Delete and does nothing",
        "schedule.operation.delete.is-gone",
        "",
    ),
    made(
        lambda c, f: Reply(message=Empty()) if c.method == DELETE else f(c.request),
        "lists what was deleted",
        "schedule.operation.delete.is-not-listed",
        "",
    ),
    refuses(
        "schedule.operation.wait.timeout",
        WAIT,
        "breaks when its time is over",
        code=Code.DEADLINE_EXCEEDED,
        family="schedule.operation.wait.*",
    ),
    refuses(
        "schedule.operation.wait.zero",
        WAIT,
        "refuses a timeout of zero",
        lambda c: c.request.HasField("timeout") and not c.request.timeout.ToNanoseconds(),
    ),
    refuses(
        "schedule.operation.wait.done-at-once",
        WAIT,
        "does not wait for what is done",
        code=Code.FAILED_PRECONDITION,
    ),
]


def reads_anything(call: Call, forward: Forward) -> Reply:
    if isinstance(call.request, bytes):
        return Reply(message=executions_pb2.ScheduleIntegrationsResponse())
    return forward(call.request)


MORE = [
    refuses(
        "schedule.execution-id.uuid",
        SCHEDULE,
        "refuses a UUID as the execution's id",
        lambda c: re.fullmatch("[0-9a-fA-F-]{36}", c.request.user_generated_execution_id),
    ),
    takes(
        "schedule.operations.parent.other-form",
        LIST,
        "lists nothing for a name of another form",
    ),
    *(
        takes(
            f"schedule.operation.get.{what}",
            GET,
            "finds an operation by any name",
            of=code,
            family="schedule.operation.get.name-*",
        )
        for what, code in (
            ("name-empty", Code.NOT_FOUND),
            ("name-bare", Code.NOT_FOUND),
        )
    ),
    refuses(
        "schedule.operation.cancel.answers-empty",
        CANCEL,
        "can't cancel",
        code=Code.FAILED_PRECONDITION,
    ),
    refuses(
        "schedule.answer.does-not-wait",
        SCHEDULE,
        "waits for the time of an execution",
        code=Code.DEADLINE_EXCEEDED,
    ),
    made(
        reads_anything,
        "takes any bytes for a request",
        "schedule.error.no-bytes-of-a-message",
        SCHEDULE,
    ),
]


def _known(request: Any) -> Any:
    kept = request.__class__()
    kept.CopyFrom(request)
    kept.DiscardUnknownFields()
    return kept
