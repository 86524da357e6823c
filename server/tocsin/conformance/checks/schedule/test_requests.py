"""What a schedule call has to name, and what it answers."""

from typing import Any

import pytest

from tocsin.conformance.checks.schedule.scheduler import DISCOVERY, PROTO, Scheduler
from tocsin.conformance.clauses import MAY, MUST, SHOULD, clause
from tocsin.conformance.expecting import Code, expect_error, violations
from tocsin.conformance.peer import EXECUTIONS

pytest_plugins = ["tocsin.conformance.checks.schedule.fixtures"]

PATTERN = "discovery document integrations v1: name has the pattern of an integration's name"


@clause(
    "schedule.answer.ids",
    MUST,
    "A schedule call MUST answer the id of each execution that it made, and at least one.",
    source="discovery document integrations v1, ScheduleIntegrationsResponse.executionInfoIds",
)
def test_a_call_answers_its_executions(scheduler: Scheduler) -> None:
    found = scheduler.ids()
    assert found
    assert all(found)


@clause(
    "schedule.answer.distinct-ids",
    MUST,
    "Two schedule calls without a request id MUST make executions of different ids.",
    source=f"{DISCOVERY}.userGeneratedExecutionId: an execution's id is unique",
)
def test_each_call_makes_its_own_execution(scheduler: Scheduler) -> None:
    made = [*scheduler.ids(), *scheduler.ids(), *scheduler.rest_ids({})]
    assert len(set(made)) == len(made) >= 3


@clause(
    "schedule.answer.one-id",
    SHOULD,
    "A schedule call of one named integration SHOULD answer exactly one id.",
    source="callers of the API take executionInfoIds[0] and expect no other; AIP-136",
)
def test_one_integration_is_one_execution(scheduler: Scheduler) -> None:
    scheduler.one()


@clause(
    "schedule.answer.does-not-wait",
    MUST,
    "A schedule call MUST be answered before its time has come.",
    source="docs: application-integration, 'Schedule' is asynchronous; " + DISCOVERY,
)
def test_a_call_does_not_wait_for_its_time(scheduler: Scheduler) -> None:
    # The deadline of a call is seconds, its time is decades away.
    assert scheduler.ids()


@clause(
    "schedule.name.products",
    MUST,
    "A name below a product, projects/*/locations/*/products/*/integrations/*, MUST be taken.",
    source="the method's proto option google.api.http",
    features=("products",),
)
def test_a_name_below_a_product_is_taken(scheduler: Scheduler) -> None:
    name = scheduler.peer.integration.replace("/integrations/", "/products/apigee/integrations/")
    assert scheduler.ids(name=name)


NAMES: dict[str, tuple[str, str]] = {
    "empty": ("", "that is empty"),
    "bare": ("nightly", "without its project and location"),
    "no-location": ("projects/p/integrations/nightly", "without its location"),
    "other-collection": ("projects/p/locations/l/things/nightly", "of another collection"),
    "empty-segment": ("projects//locations/l/integrations/nightly", "with an empty segment"),
    "too-long": ("projects/p/locations/l/integrations/i/versions/v", "with too many segments"),
    "leading-slash": ("/projects/p/locations/l/integrations/i", "that begins with a slash"),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=clause(
                f"schedule.name.{id}",
                MUST,
                f"A name {what} MUST be refused with INVALID_ARGUMENT or NOT_FOUND.",
                source=f"{PATTERN}; proto google/rpc/code.proto: INVALID_ARGUMENT, 'a malformed "
                "file name'",
            ),
        )
        for id, (name, what) in NAMES.items()
    ],
)
def test_a_name_of_another_form_is_refused(scheduler: Scheduler, name: str) -> None:
    scheduler.refused(Code.INVALID_ARGUMENT, Code.NOT_FOUND, name=name)


@clause(
    "schedule.name.blamed",
    SHOULD,
    "A name of another form SHOULD be named in google.rpc.BadRequest.",
    source="proto google/rpc/error_details.proto, BadRequest",
    features=("schedule",),
)
def test_a_bad_name_is_blamed(scheduler: Scheduler) -> None:
    scheduler.refused(Code.INVALID_ARGUMENT, field="name", name="nightly")


@clause(
    "schedule.name.unknown",
    SHOULD,
    "An integration that does not exist SHOULD be refused with NOT_FOUND.",
    source=f"{PROTO}: 'An integration that does not exist is NOT_FOUND'; Google's text is not "
    "public",
)
def test_an_integration_that_does_not_exist(scheduler: Scheduler) -> None:
    name = f"{scheduler.peer.location}/integrations/{scheduler.peer.name('nobody')}"
    scheduler.refused(Code.NOT_FOUND, name=name)


@clause(
    "schedule.name.unknown-is-refused",
    MUST,
    "An integration that does not exist MUST NOT be scheduled.",
    source=f"{DISCOVERY}.triggerId: 'Matched against all TriggerConfigs'",
)
def test_nothing_is_not_scheduled(scheduler: Scheduler) -> None:
    name = f"{scheduler.peer.location}/integrations/{scheduler.peer.name('nobody')}"
    scheduler.refused(
        *(Code.NOT_FOUND, Code.INVALID_ARGUMENT, Code.FAILED_PRECONDITION, Code.PERMISSION_DENIED),
        name=name,
    )


@clause(
    "schedule.trigger-id.required",
    MUST,
    "A call without a trigger id MUST be refused with INVALID_ARGUMENT.",
    source=f"{DISCOVERY}.triggerId: 'Required'; proto option google.api.field_behavior",
)
def test_a_trigger_id_is_required(scheduler: Scheduler) -> None:
    scheduler.refused(Code.INVALID_ARGUMENT, trigger_id=None)


@clause(
    "schedule.trigger-id.blamed",
    SHOULD,
    "A trigger id that is missing SHOULD be named in google.rpc.BadRequest.",
    source="proto google/rpc/error_details.proto, BadRequest",
)
def test_a_missing_trigger_id_is_blamed(scheduler: Scheduler) -> None:
    scheduler.refused(Code.INVALID_ARGUMENT, field="trigger_id", trigger_id=None)


TRIGGER_IDS = {
    "unknown": (lambda own: own + "-nobody", "that the integration lacks"),
    "upper-case": (lambda own: own.swapcase(), "in another case"),
    "prefix": (lambda own: own[:-1], "that is the beginning of one"),
    "space": (lambda own: own + " ", "with a space after it"),
}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            change,
            marks=clause(
                f"schedule.trigger-id.{id}",
                MUST,
                f"A trigger id {what} MUST be refused: ids are compared for equality.",
                source=f"{DISCOVERY}.triggerId: 'TriggerConfig.trigger_id.equals(trigger_id)'",
            ),
        )
        for id, (change, what) in TRIGGER_IDS.items()
    ],
)
def test_another_trigger_is_not_fired(scheduler: Scheduler, change: Any) -> None:
    scheduler.refused(
        *(Code.NOT_FOUND, Code.INVALID_ARGUMENT, Code.FAILED_PRECONDITION),
        trigger_id=change(scheduler.peer.trigger_id),
    )


@clause(
    "schedule.error.all-fields",
    SHOULD,
    "All fields that are wrong SHOULD be named in one answer.",
    source=f"{PROTO}: 'with every violation in the details'; AIP-193",
)
def test_all_wrong_fields_are_named(scheduler: Scheduler) -> None:
    answer = scheduler.call(trigger_id=None, request_id="a b", user_generated_execution_id="c d")
    expect_error(answer, Code.INVALID_ARGUMENT)
    wanted = {"trigger_id", "request_id", "user_generated_execution_id"}
    assert wanted <= violations(answer.details).keys()


@clause(
    "schedule.error.info",
    MUST,
    "A refused call MUST have google.rpc.ErrorInfo in its details, with a reason and a domain.",
    source="AIP-193: 'All error responses must include an ErrorInfo within details'",
)
def test_a_refusal_has_its_reason(scheduler: Scheduler) -> None:
    answer = scheduler.refused(Code.INVALID_ARGUMENT, trigger_id=None)
    infos = [each for each in answer.details if each.DESCRIPTOR.name == "ErrorInfo"]
    assert len(infos) == 1, "there must be one ErrorInfo among the details"
    assert infos[0].reason
    assert infos[0].domain


@clause(
    "schedule.error.message",
    MUST,
    "A refused call MUST have a message for its developer.",
    source="proto google/rpc/status.proto: 'A developer-facing error message'; AIP-193",
)
def test_a_refusal_has_a_message(scheduler: Scheduler) -> None:
    assert scheduler.refused(Code.INVALID_ARGUMENT, trigger_id=None).text


@clause(
    "schedule.error.no-bytes-of-a-message",
    MUST,
    "Bytes that are not a ScheduleIntegrationsRequest MUST be refused, and not be read as one.",
    source="grpc.io, 'Status codes': INTERNAL or INVALID_ARGUMENT for what can't be parsed",
    features=("schedule",),
)
def test_bytes_that_are_no_request_are_refused(scheduler: Scheduler) -> None:
    answer = scheduler.peer.call(f"{EXECUTIONS}/ScheduleIntegrations", b"\x0a\xff\xff\xff\x0f")
    expect_error(answer, Code.INVALID_ARGUMENT, Code.INTERNAL)


@clause(
    "schedule.unknown-field",
    MUST,
    "A field that a server does not know MUST NOT break a call over gRPC.",
    source="protobuf.dev, 'Unknown fields': old code reads messages of new code",
    features=("schedule",),
)
def test_an_unknown_field_is_no_error(scheduler: Scheduler) -> None:
    data = scheduler.request().SerializeToString() + b"\xca\x3e\x03abc"  # field 1001
    answer = scheduler.peer.call(f"{EXECUTIONS}/ScheduleIntegrations", data)
    assert answer.ok, f"the call must succeed, but was answered {answer}"
    scheduler.forget(list(answer.message.execution_info_ids))


@clause(
    "schedule.wildcard.runs",
    MAY,
    "`-` in place of the integration MAY stand for all integrations that have the trigger; known "
    "answers are their executions, and a refusal.",
    source="docs: application-integration, the curl example of execute has integrations/-",
    features=("integration-wildcard",),
)
def test_a_dash_stands_for_integrations(scheduler: Scheduler) -> None:
    answer = scheduler.call(name=f"{scheduler.peer.location}/integrations/-")
    if answer.ok:
        assert answer.message.execution_info_ids
    else:
        expect_error(answer, Code.INVALID_ARGUMENT, Code.NOT_FOUND, Code.FAILED_PRECONDITION)


@clause(
    "schedule.wildcard.unknown-trigger",
    SHOULD,
    "`-` with a trigger that no integration has SHOULD be refused.",
    source=f"{DISCOVERY}.triggerId: 'Matched against all TriggerConfigs across all integrations'",
    features=("integration-wildcard",),
)
def test_a_dash_that_finds_nothing_is_refused(scheduler: Scheduler) -> None:
    scheduler.refused(
        *(Code.NOT_FOUND, Code.INVALID_ARGUMENT, Code.FAILED_PRECONDITION),
        name=f"{scheduler.peer.location}/integrations/-",
        trigger_id=f"api_trigger/{scheduler.peer.name('nobody')}",
    )
