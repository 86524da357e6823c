"""Update keeps what a trigger is, and refuses what would make it another."""

from typing import Any

import pytest

from tocsin.conformance.changes import Changes, Code, update_request
from tocsin.conformance.clauses import MAY, MUST, SHOULD, clause
from tocsin.conformance.comparing import expect_same
from tocsin.conformance.edges.samples import KINDS, Way, actions_of, full, least
from tocsin.conformance.expecting import response_of
from tocsin.conformance.made import timer
from tocsin.conformance.peer import Peer
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

PROTO = "proto yandex.cloud.serverless.triggers.v1"
PAGE = (
    "Yandex Cloud documentation, Updating a trigger (you can update any parameters except for the "
    "trigger type and launched resource type)"
)
REFUSALS = (Code.INVALID_ARGUMENT, Code.FAILED_PRECONDITION)


@clause(
    "triggers.update.response.as-get",
    MUST,
    "The response of Update MUST be the trigger as Get then shows it.",
    source="Yandex Cloud API design guide, Operation object (response contains a view of the "
    "updated resource); AIP-134",
)
def test_the_response_is_the_trigger(changes: Changes) -> None:
    made = changes.create(labels={"a": "1"})
    request = update_request(made.id, "description", description="after")
    operation = changes.done("Update", request)
    shown = changes.get(made.id)
    assert shown.description == "after", f"the description is {shown.description!r}"
    expect_same(response_of(operation), shown, "the response of Update")


@pytest.mark.parametrize(
    "field",
    [
        pytest.param(
            field,
            id=field,
            marks=clause(
                f"triggers.update.{field}.stays",
                MUST,
                f"Update of all that can be updated MUST leave {field} as it was.",
                source=f"{PROTO}.Trigger.{field}: no field of UpdateTriggerRequest",
            ),
        )
        for field in ("id", "folder_id", "created_at")
    ],
)
def test_update_leaves_what_cannot_be_updated(changes: Changes, peer: Peer, field: str) -> None:
    made = changes.create()
    shown = changes.update(made.id, name=peer.name("after"), rule=timer(payload="after"))
    assert getattr(shown, field) == getattr(made, field), (
        f"{field} was {getattr(made, field)}, and is {getattr(shown, field)}"
    )


@clause(
    "triggers.update.status.paused-stays",
    MUST,
    "A paused trigger MUST stay PAUSED when it is updated.",
    source=f"{PROTO}.Trigger.status: no field of UpdateTriggerRequest; TriggerService.Pause",
    features=("pause",),
)
def test_a_paused_trigger_stays_paused(changes: Changes, peer: Peer) -> None:
    made = changes.create()
    changes.pause(made.id)
    for paths in (("description",), ("rule",), ()):
        fields = {"description": "after", "rule": timer(payload="after"), "name": peer.name()}
        shown = changes.update(made.id, *paths, **fields)
        assert shown.status == Trigger.PAUSED, (
            f"after Update with the mask {paths}, it is {Trigger.Status.Name(shown.status)}"
        )


@clause(
    "triggers.update.status.active-stays",
    MUST,
    "An active trigger MUST stay ACTIVE when it is updated.",
    source=f"{PROTO}.Trigger.status: no field of UpdateTriggerRequest",
)
def test_an_active_trigger_stays_active(changes: Changes, peer: Peer) -> None:
    made = changes.create()
    shown = changes.update(made.id, name=peer.name(), rule=timer(payload="after"))
    assert shown.status == made.status, (
        f"it was {Trigger.Status.Name(made.status)}, is {Trigger.Status.Name(shown.status)}"
    )


@clause(
    "triggers.update.others-stay",
    MUST,
    "Update of one trigger MUST NOT change another.",
    source=f"{PROTO}.TriggerService.Update (updates the specified trigger)",
)
def test_update_leaves_other_triggers(changes: Changes, peer: Peer) -> None:
    other = changes.create(description="other", labels={"a": "1"})
    made = changes.create()
    changes.update(made.id, name=peer.name(), description="after", rule=timer(payload="after"))
    expect_same(changes.get(other.id), other, "the other trigger")


@clause(
    "triggers.update.name.unique",
    MUST,
    "Update MUST refuse a name that another trigger of the folder has, with ALREADY_EXISTS.",
    source=f"{PROTO}.UpdateTriggerRequest.name (must be unique within the folder); Yandex Cloud "
    "API design guide, Errors, ALREADY_EXISTS",
)
def test_a_taken_name_is_refused(changes: Changes) -> None:
    taken, made = changes.create().name, changes.create(description="before")
    for paths in (("name",), ("name", "description"), ()):
        request = update_request(
            made.id, *paths, name=taken, description="after", rule=timer(payload="after")
        )
        changes.refused("Update", request, Code.ALREADY_EXISTS, why="with a taken name")
        expect_same(changes.get(made.id), made, "the trigger after the refused Update")


@clause(
    "triggers.update.name.own",
    MUST,
    "Update MUST take the name that the trigger has already.",
    source=f"{PROTO}.UpdateTriggerRequest.name (must be unique within the folder); Terraform's "
    "provider sends the name with each Update",
)
def test_a_trigger_may_keep_its_name(changes: Changes) -> None:
    made = changes.create()
    shown = changes.update(made.id, name=made.name, description="after", rule=made.rule)
    assert (shown.name, shown.description) == (made.name, "after"), f"the trigger is {shown}"


@clause(
    "triggers.update.name.per-folder",
    MUST,
    "Update MUST take a name that only a trigger of another folder has.",
    source=f"{PROTO}.UpdateTriggerRequest.name (must be unique within the folder)",
    features=("second-folder",),
)
def test_a_name_of_another_folder_is_free(changes: Changes, peer: Peer) -> None:
    other = changes.create(folder_id=peer.other_folder)
    made = changes.create()
    assert changes.update(made.id, "name", name=other.name).name == other.name, "it is not renamed"


@clause(
    "triggers.update.name.free-after-delete",
    MUST,
    "Update MUST take the name of a trigger that was deleted.",
    source=f"{PROTO}.UpdateTriggerRequest.name (must be unique within the folder)",
)
def test_the_name_of_a_deleted_trigger_is_free(changes: Changes) -> None:
    gone, made = changes.create(), changes.create()
    changes.delete(gone.id)
    assert changes.update(made.id, "name", name=gone.name).name == gone.name, "it is not renamed"


@clause(
    "triggers.update.refused.changes-nothing",
    MUST,
    "An Update that is refused MUST change nothing.",
    source="Yandex Cloud API design guide, Operation object, error (the service goes back to the "
    "previous state)",
)
def test_a_refused_update_changes_nothing(changes: Changes, peer: Peer) -> None:
    made = changes.create(description="before", labels={"a": "1"})
    for wrong in (
        {"description": "x" * 501},
        {"labels": {"A": "1"}},
        {"rule": timer("no cron expression")},
        {"rule": timer(payload="x" * 4097)},
    ):
        usual: dict[str, Any] = {
            "name": peer.name("after"),
            "description": "after",
            "labels": {"b": "2"},
            "rule": timer(payload="after"),
        }
        request = update_request(made.id, **{**usual, **wrong})
        changes.refused("Update", request, Code.INVALID_ARGUMENT, why=f"with wrong {[*wrong]}")
        expect_same(changes.get(made.id), made, "the trigger after the refused Update")


@clause(
    "triggers.update.what-was-read",
    MUST,
    "Update with what Get showed MUST change nothing.",
    source="AIP-161 'Read-write consistency' (updating with the returned data must be a no-op)",
    features=("kind-mail",),
)
def test_what_was_read_can_be_written(changes: Changes) -> None:
    for rule in (timer(payload="as it is"), full(Way("mail", "invoke_container"))):
        made = changes.create(description="as it is", labels={"a": "1"}, rule=rule)
        fields = {
            "name": made.name,
            "description": made.description,
            "labels": dict(made.labels),
            "rule": made.rule,
        }
        for paths in ((), tuple(fields)):
            shown = changes.update(made.id, *paths, **fields)
            expect_same(shown, made, "the trigger after Update with what was read")


@clause(
    "triggers.update.rule.mail.email.stays",
    MUST,
    "The address of a mail trigger MUST stay when its rule is updated, whatever address is sent.",
    source=f"{PROTO}.Mail.email (ignored for write requests and populated on trigger creation)",
    features=("kind-mail",),
)
def test_an_address_stays(changes: Changes) -> None:
    way = Way("mail", "invoke_function")
    made = changes.create(rule=least(way))
    for email in ("", "mine@example.com"):
        rule = full(way, "b")
        rule.mail.email = email
        shown = changes.update(made.id, "rule", rule=rule).rule.mail.email
        assert shown == made.rule.mail.email, (
            f"the address was {made.rule.mail.email}, is {shown} after Update with {email!r}"
        )


def _other_kind(kind: str) -> Any:
    other = "mail" if kind != "mail" else "timer"
    return pytest.param(
        kind,
        other,
        id=kind,
        marks=clause(
            f"triggers.update.kind.{kind}-stays",
            MUST,
            f"Update MUST refuse to make a trigger of the kind {kind} one of another kind, and "
            "leave it as it was.",
            source=PAGE,
            features=(f"kind-{kind}", f"kind-{other}"),
        ),
    )


@pytest.mark.parametrize(("kind", "other"), [_other_kind(kind) for kind in KINDS])
def test_a_trigger_keeps_its_kind(changes: Changes, kind: str, other: str) -> None:
    made = changes.create(rule=least(Way(kind, "invoke_function")))
    rule = least(Way(other, "invoke_function"))
    for paths in (("rule",), ()):
        request = update_request(made.id, *paths, name=made.name, rule=rule)
        changes.refused("Update", request, *REFUSALS, why=f"with a rule for {other}")
        expect_same(changes.get(made.id), made, "the trigger after the refused Update")


# What is called, by the beginning of the action's name.
RESOURCES = ("invoke_function", "invoke_container", "gateway", "start_workflow")


def _resource(action: str) -> str:
    return next(resource for resource in RESOURCES if action.startswith(resource))


def _other_resource(kind: str) -> Any:
    return pytest.param(
        kind,
        id=kind,
        marks=clause(
            f"triggers.update.resource.{kind}-stays",
            MUST,
            f"Update MUST refuse to make a trigger of the kind {kind} call another type of "
            "resource, and leave it as it was.",
            source=PAGE,
            features=(f"kind-{kind}",),
        ),
    )


@pytest.mark.parametrize("kind", [_other_resource(kind) for kind in KINDS])
def test_a_trigger_keeps_the_type_of_its_resource(changes: Changes, kind: str) -> None:
    made = changes.create(rule=least(Way(kind, "invoke_function")))
    for action in actions_of(kind):
        if _resource(action) == "invoke_function":
            continue
        request = update_request(made.id, "rule", rule=least(Way(kind, action)))
        changes.refused("Update", request, *REFUSALS, why=f"with {action}")
        expect_same(changes.get(made.id), made, "the trigger after the refused Update")


@clause(
    "triggers.update.resource.function-with-retry",
    SHOULD,
    "A timer that calls a function once SHOULD be updated to one that calls it with retries.",
    source=f"{PAGE}; {PROTO}.Trigger.Timer.invoke_function is deprecated",
    features=("kind-timer",),
)
def test_a_timer_can_learn_to_retry(changes: Changes) -> None:
    made = changes.create(rule=least(Way("timer", "invoke_function")))
    rule = full(Way("timer", "invoke_function_with_retry"))
    expect_same(changes.update(made.id, "rule", rule=rule).rule, rule, "the rule after Update")


@clause(
    "triggers.update.mask.wrong-but-not-named",
    MAY,
    "Update MAY take a request with a wrong value in a field that its mask does not name; known "
    "answers: taken (Tocsin).",
    source="google/protobuf/field_mask.proto (ignores the values of all fields not covered by the "
    "mask); the request's own options hold for it as a whole",
)
def test_what_the_mask_does_not_name_may_be_wrong(changes: Changes) -> None:
    made = changes.create()
    shown = changes.update(made.id, "description", description="after", name="No Name")
    assert (shown.name, shown.description) == (made.name, "after"), f"the trigger is {shown}"


@clause(
    "triggers.update.same-again",
    MAY,
    "An Update that changes nothing MAY succeed; known answers: it does, with an operation of its "
    "own (Tocsin).",
    source="Yandex Cloud API design guide, Standard methods, Update (nothing is said of it)",
)
def test_an_update_may_change_nothing(changes: Changes) -> None:
    made = changes.create(description="same")
    first = changes.done("Update", update_request(made.id, "description", description="same"))
    again = changes.done("Update", update_request(made.id, "description", description="same"))
    assert first.id != again.id, "both have the same operation"
