"""Get shows a trigger, the same to everyone who asks, as long as it is there."""

from typing import Any

import pytest

from tocsin.conformance.changes import Changes, Code, nobody
from tocsin.conformance.clauses import MUST, SHOULD, clause
from tocsin.conformance.comparing import expect_same
from tocsin.conformance.expecting import metadata_of
from tocsin.conformance.listing import listed_triggers
from tocsin.conformance.made import create_request
from tocsin.conformance.peer import TRIGGERS, Peer
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract

ERRORS = "Yandex Cloud API design guide, Errors, 'List of possible errors', NOT_FOUND"


def _about_unknown(method: str) -> Any:
    features = ("pause",) if method in ("Pause", "Resume") else ()
    return pytest.param(
        method,
        id=method,
        marks=clause(
            f"triggers.{method.lower()}.not-found",
            MUST,
            f"{method} of an id that no trigger has MUST be refused with NOT_FOUND.",
            source=ERRORS,
            features=features,
        ),
    )


@pytest.mark.parametrize(
    "method", [_about_unknown(method) for method in ("Get", "Update", "Delete", "Pause", "Resume")]
)
def test_an_unknown_trigger_is_not_found(changes: Changes, peer: Peer, method: str) -> None:
    unknown = nobody(changes.create().id)
    request = getattr(contract, f"{method}TriggerRequest")(trigger_id=unknown)
    if method == "Update":
        request.name = peer.name()
        request.update_mask.paths.append("name")
    answer = peer.call(f"{TRIGGERS}/{method}", request)
    assert answer.code is Code.NOT_FOUND, f"{method} must say NOT_FOUND, but said {answer}"


def _about_deleted(method: str) -> Any:
    features = ("pause",) if method in ("Pause", "Resume") else ()
    return pytest.param(
        method,
        id=method,
        marks=clause(
            f"triggers.{method.lower()}.not-found-after-delete",
            MUST,
            f"{method} of a trigger that was deleted MUST be refused with NOT_FOUND.",
            source=ERRORS,
            features=features,
        ),
    )


@pytest.mark.parametrize(
    "method", [_about_deleted(method) for method in ("Get", "Update", "Delete", "Pause", "Resume")]
)
def test_a_deleted_trigger_is_not_found(changes: Changes, peer: Peer, method: str) -> None:
    made = changes.create()
    changes.delete(made.id)
    request = getattr(contract, f"{method}TriggerRequest")(trigger_id=made.id)
    if method == "Update":
        request.description = "deleted"
        request.update_mask.paths.append("description")
    answer = peer.call(f"{TRIGGERS}/{method}", request)
    assert answer.code is Code.NOT_FOUND, f"{method} must say NOT_FOUND, but said {answer}"


@clause(
    "triggers.get.that-trigger",
    MUST,
    "Get MUST show the trigger whose id was asked for, and no other.",
    source="proto yandex.cloud.serverless.triggers.v1.TriggerService.Get (returns the specified "
    "trigger)",
)
def test_get_shows_the_trigger_that_was_asked_for(changes: Changes) -> None:
    made = {}
    for description in ("one", "other"):
        request = create_request(changes.peer, description=description)
        made[metadata_of(changes.done("Create", request)).trigger_id] = description
    for trigger_id, description in made.items():
        shown = changes.get(trigger_id)
        assert (shown.id, shown.description) == (trigger_id, description), (
            f"Get of {trigger_id} shows {shown.id} with the description {shown.description!r}"
        )


@clause(
    "triggers.get.repeatable",
    MUST,
    "Two Gets of a trigger that nobody changes MUST show the same.",
    source="Yandex Cloud API design guide, Standard methods, Get; AIP-131 (no side effects)",
)
def test_get_changes_nothing(changes: Changes) -> None:
    made = changes.create(labels={"a": "1", "b": "2"})
    expect_same(changes.get(made.id), changes.get(made.id), "the trigger in the second Get")


@clause(
    "triggers.list.as-get",
    MUST,
    "List MUST show a trigger as Get does.",
    source="proto yandex.cloud.serverless.triggers.v1.ListTriggersResponse.triggers (list of "
    "triggers in the specified folder)",
)
def test_list_shows_a_trigger_as_get_does(changes: Changes, peer: Peer) -> None:
    made = changes.create(description="as Get", labels={"a": "1"})
    found = [trigger for trigger in listed_triggers(peer) if trigger.id == made.id]
    assert len(found) == 1, f"List shows the trigger {len(found)} times"
    expect_same(found[0], changes.get(made.id), "the trigger in List")


@pytest.mark.parametrize(
    "trigger_id",
    [
        pytest.param(
            value,
            id=name,
            marks=clause(
                f"triggers.get.strange-id.{name}",
                SHOULD,
                f"Get of an id {words} SHOULD be refused with NOT_FOUND or INVALID_ARGUMENT.",
                source=f"{ERRORS}; google/rpc/code.proto (INTERNAL is for broken invariants)",
            ),
        )
        for name, value, words in (
            ("long", "a" * 5000, "of 5000 characters"),
            ("slashes", "../triggers/x", "with slashes"),
            ("blanks", " a1 ", "with blanks"),
            ("other-scripts", "триггер🔔", "in another script"),
            ("control", "a\x00b\nc", "with control characters"),
            ("wildcards", "%", "that is a wildcard"),
            ("quotes", "' OR '1'='1", "with quotes"),
        )
    ],
)
def test_a_strange_id_is_refused(peer: Peer, trigger_id: str) -> None:
    answer = peer.triggers.Get(contract.GetTriggerRequest(trigger_id=trigger_id))
    assert answer.code in (Code.NOT_FOUND, Code.INVALID_ARGUMENT), (
        f"Get must be refused with NOT_FOUND or INVALID_ARGUMENT, but was answered {answer}"
    )
