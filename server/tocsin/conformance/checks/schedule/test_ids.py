"""The ids that a caller chooses: of a request, and of an execution."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tocsin.conformance.checks.schedule.scheduler import DISCOVERY, PROTO, Scheduler, in_seconds
from tocsin.conformance.clauses import MAY, MUST, SHOULD, clause
from tocsin.conformance.expecting import Code, expect_error

pytest_plugins = ["tocsin.conformance.checks.schedule.fixtures"]

DEDUPLICATED = f"{DISCOVERY}.requestId: 'if the duplicate request was detected, the response from "
DEDUPLICATED += "the previous execution is returned'"
OWN_ID = f"{DISCOVERY}.userGeneratedExecutionId: 'Must have no more than 36 characters and contain "
OWN_ID += "only alphanumeric characters and hyphens'"


def fresh(scheduler: Scheduler) -> str:
    return scheduler.peer.name("c")


@clause(
    "schedule.request-id.repeated",
    MUST,
    "A repeat with the same request id MUST be answered with the first answer.",
    source=DEDUPLICATED,
)
def test_a_repeat_is_answered_as_the_first(scheduler: Scheduler) -> None:
    request_id = fresh(scheduler)
    first = scheduler.ids(request_id=request_id)
    for _ in range(3):
        assert scheduler.ids(request_id=request_id) == first


@clause(
    "schedule.request-id.one-execution",
    MUST,
    "A repeat with the same request id MUST NOT make another execution.",
    source=DEDUPLICATED,
    features=("google-operations",),
)
def test_a_repeat_makes_no_execution(scheduler: Scheduler) -> None:
    request_id = fresh(scheduler)
    first = scheduler.ids(request_id=request_id)
    again = scheduler.ids(request_id=request_id)
    assert len(set(first + again)) == len(first)
    assert all(scheduler.get(each).name for each in first)


@clause(
    "schedule.request-id.at-once",
    MUST,
    "Twenty calls at once with the same request id MUST be answered with one execution.",
    source=f"{DEDUPLICATED}; AIP-155",
)
def test_repeats_at_once_are_one_execution(scheduler: Scheduler) -> None:
    request_id = fresh(scheduler)

    def call(_: int) -> tuple[str, ...]:
        return tuple(scheduler.ids(request_id=request_id))

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(call, range(20)))) == 1


@clause(
    "schedule.request-id.over-rest",
    MUST,
    "A repeat with the same request id over REST MUST be answered with the answer over gRPC.",
    source=f"{DEDUPLICATED}; proto google/api/http.proto: both are one method",
    features=("rest", "schedule"),
)
def test_a_repeat_over_rest_is_the_same(scheduler: Scheduler) -> None:
    request_id = fresh(scheduler)
    first = scheduler.ids(request_id=request_id)
    assert scheduler.rest_ids({"requestId": request_id}) == first


@clause(
    "schedule.request-id.other",
    MUST,
    "Calls with different request ids MUST make different executions.",
    source=DEDUPLICATED,
)
def test_another_request_id_is_another_call(scheduler: Scheduler) -> None:
    request_id = fresh(scheduler)
    assert scheduler.ids(request_id=request_id) != scheduler.ids(request_id=request_id + "x")


@clause(
    "schedule.request-id.case",
    MUST,
    "Request ids that differ in case MUST be different ids.",
    source=f"{DEDUPLICATED}: ids are strings, and compared as such",
)
def test_case_makes_another_request_id(scheduler: Scheduler) -> None:
    request_id = fresh(scheduler)
    assert scheduler.ids(request_id=request_id) != scheduler.ids(request_id=request_id.upper())


@clause(
    "schedule.request-id.after-a-refusal",
    MUST,
    "A request id of a call that was refused MUST be good for a call that is valid.",
    source="AIP-155: the response of the earlier successful call is returned",
)
def test_a_refusal_uses_no_request_id_up(scheduler: Scheduler) -> None:
    request_id = fresh(scheduler)
    scheduler.refused(Code.INVALID_ARGUMENT, request_id=request_id, trigger_id=None)
    assert scheduler.ids(request_id=request_id)


@clause(
    "schedule.request-id.other-request",
    MAY,
    "A request id with another request MAY be refused or answered as the first; known answers "
    "are INVALID_ARGUMENT, ALREADY_EXISTS, and the first answer.",
    source="AIP-155 leaves it open; Google publishes nothing",
)
def test_a_request_id_of_another_request(scheduler: Scheduler) -> None:
    request_id = fresh(scheduler)
    first = scheduler.ids(request_id=request_id)
    answer = scheduler.call(request_id=request_id, schedule_time=in_seconds(10**7))
    if answer.ok:
        assert list(answer.message.execution_info_ids) == first
    else:
        expect_error(answer, Code.INVALID_ARGUMENT, Code.ALREADY_EXISTS, Code.FAILED_PRECONDITION)


@clause(
    "schedule.request-id.before-execution-id",
    SHOULD,
    "A repeat with the same request id and the same id of the execution SHOULD be answered with "
    "the first answer, and not with ALREADY_EXISTS.",
    source=DEDUPLICATED,
)
def test_a_repeat_with_an_execution_id(scheduler: Scheduler) -> None:
    both = {"request_id": fresh(scheduler), "user_generated_execution_id": fresh(scheduler)}
    assert scheduler.ids(**both) == scheduler.ids(**both)


LIMITS = f"{PROTO}: options yandex.cloud.length and pattern of request_id; AIP-155: 36 characters"
FIELDS: dict[str, tuple[str, str]] = {
    "request-id": ("request_id", LIMITS),
    "execution-id": ("user_generated_execution_id", OWN_ID),
}
GOOD: dict[str, str] = {
    "36-characters": "36 characters",
    "letters": "letters of both cases, digits and hyphens",
}


def good_id(scheduler: Scheduler, kind: str) -> str:
    unique = scheduler.peer.name("c").partition("-")[2]
    if kind == "36-characters":
        return (unique + "-Aa0" * 9)[:36]
    return f"Zz-{unique}-09"


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        pytest.param(
            field,
            kind,
            marks=clause(
                f"schedule.{part}.taken.{kind}",
                MUST,
                f"A {field} of {what} MUST be taken.",
                source=source,
            ),
        )
        for part, (field, source) in FIELDS.items()
        for kind, what in GOOD.items()
    ],
)
def test_an_id_is_taken(scheduler: Scheduler, field: str, kind: str) -> None:
    assert scheduler.ids(**{field: good_id(scheduler, kind)})


BAD: dict[str, tuple[str, str]] = {
    "37-characters": ("a" * 37, "37 characters"),
    "space": ("a b", "a space"),
    "slash": ("a/b", "a slash"),
    "underscore": ("a_b", "an underscore"),
    "dot": ("a.b", "a dot"),
    "letter-beyond-ascii": ("aж", "a letter beyond ASCII"),
    "line-break": ("a\n", "a line break at its end"),
}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        pytest.param(
            field,
            text,
            marks=clause(
                f"schedule.{part}.refused.{kind}",
                level,
                f"A {field} with {what} {level} be refused with INVALID_ARGUMENT.",
                source=source,
            ),
        )
        for part, (field, source) in FIELDS.items()
        # Google publishes the form of an execution's id, and of a request's id elsewhere alone.
        for level in (MUST if part == "execution-id" else SHOULD,)
        for kind, (text, what) in BAD.items()
    ],
)
def test_an_id_is_refused(scheduler: Scheduler, field: str, text: str) -> None:
    scheduler.refused(Code.INVALID_ARGUMENT, **{field: text})


@pytest.mark.parametrize(
    "field",
    [
        pytest.param(
            field,
            marks=clause(
                f"schedule.{part}.blamed",
                SHOULD,
                f"A {field} that is wrong SHOULD be named in google.rpc.BadRequest.",
                source="proto google/rpc/error_details.proto, BadRequest",
            ),
        )
        for part, (field, _) in FIELDS.items()
    ],
)
def test_a_bad_id_is_blamed(scheduler: Scheduler, field: str) -> None:
    wrong: dict[str, Any] = {field: "a b"}
    expect_error(scheduler.call(**wrong), Code.INVALID_ARGUMENT, field=field)


@clause(
    "schedule.execution-id.used",
    MUST,
    "An id that the caller chose for the execution MUST be the execution's id.",
    source=f"{DISCOVERY}.userGeneratedExecutionId: 'If provided this will be used as the "
    "execution_id'",
)
def test_an_id_of_the_callers_is_used(scheduler: Scheduler) -> None:
    mine = fresh(scheduler)
    assert scheduler.ids(user_generated_execution_id=mine) == [mine]


@clause(
    "schedule.execution-id.used-over-rest",
    MUST,
    "userGeneratedExecutionId of a request over REST MUST be the execution's id.",
    source=f"{DISCOVERY}.userGeneratedExecutionId: 'If provided this will be used as the "
    "execution_id'",
    features=("rest",),
)
def test_an_id_of_the_callers_is_used_over_rest(scheduler: Scheduler) -> None:
    mine = fresh(scheduler)
    assert scheduler.rest_ids({"userGeneratedExecutionId": mine}) == [mine]


@clause(
    "schedule.execution-id.uuid",
    MUST,
    "A UUID MUST be taken as the execution's id, as it is written.",
    source=OWN_ID + ", 'a string representation of a UUID'",
)
def test_a_uuid_is_used(scheduler: Scheduler) -> None:
    digits = "".join(each for each in scheduler.peer.name("x") if each in "0123456789abcdef")
    digits = (digits * 3)[:32]
    mine = "-".join((digits[:8], digits[8:12], "4" + digits[13:16], "8" + digits[17:20]))
    mine += "-" + digits[20:]
    assert scheduler.ids(user_generated_execution_id=mine) == [mine]


@clause(
    "schedule.execution-id.taken",
    SHOULD,
    "An id that another execution of the location has SHOULD be refused with ALREADY_EXISTS.",
    source=f"{DISCOVERY}.userGeneratedExecutionId: 'a unique id'; AIP-133",
)
def test_an_id_that_is_taken_is_refused(scheduler: Scheduler) -> None:
    mine = fresh(scheduler)
    scheduler.ids(user_generated_execution_id=mine)
    scheduler.refused(Code.ALREADY_EXISTS, user_generated_execution_id=mine)


@clause(
    "schedule.execution-id.taken-is-refused",
    MUST,
    "Two executions MUST NOT have one id.",
    source=f"{DISCOVERY}.userGeneratedExecutionId: 'This is a unique id provided by the method "
    "caller'",
)
def test_no_two_executions_have_one_id(scheduler: Scheduler) -> None:
    mine = fresh(scheduler)
    scheduler.ids(user_generated_execution_id=mine)
    assert not scheduler.call(user_generated_execution_id=mine).ok


@clause(
    "schedule.execution-id.taken-at-once",
    MUST,
    "Of twenty calls at once with one id for the execution exactly one MUST succeed.",
    source=f"{DISCOVERY}.userGeneratedExecutionId: 'This is a unique id provided by the method "
    "caller'",
)
def test_one_of_many_gets_an_id(scheduler: Scheduler) -> None:
    mine = fresh(scheduler)

    def call(_: int) -> bool:
        return scheduler.call(user_generated_execution_id=mine).ok

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(call, range(20))) == 1


@clause(
    "schedule.execution-id.after-a-refusal",
    MUST,
    "An id in a call that was refused MUST be free for a call that is valid.",
    source="AIP-193: a failed request has no effect",
)
def test_a_refusal_takes_no_id(scheduler: Scheduler) -> None:
    mine = fresh(scheduler)
    scheduler.refused(
        Code.INVALID_ARGUMENT, user_generated_execution_id=mine, request_id="not valid"
    )
    assert scheduler.ids(user_generated_execution_id=mine) == [mine]
