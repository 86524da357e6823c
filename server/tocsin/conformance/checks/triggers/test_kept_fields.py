"""What a trigger is made of comes back as it was sent, for each kind with each action."""

from collections.abc import Iterator
from typing import Any

import pytest

from tocsin.conformance.changes import Changes, Code
from tocsin.conformance.clauses import MUST, SHOULD, Level, clause
from tocsin.conformance.comparing import expect_same
from tocsin.conformance.edges.samples import Way, full, least, ways
from tocsin.conformance.listing import listed_triggers
from tocsin.conformance.made import timer
from tocsin.conformance.peer import Peer
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

ACTIONS_SOURCE = "proto yandex.cloud.serverless.triggers.v1.Trigger.Rule, {kind}.{action}"


def _ways(
    name: str,
    level: Level,
    sentence: str,
    *,
    source: str,
    kinds: bool = False,
    more: tuple[str, ...] = (),
) -> pytest.MarkDecorator:
    def params() -> Iterator[Any]:
        seen: set[str] = set()
        for way in ways():
            if kinds and way.kind in seen:
                continue
            seen.add(way.kind)
            words = {"kind": way.kind, "action": way.action}
            yield pytest.param(
                way,
                id=str(way),
                marks=clause(
                    name.format(**words),
                    level,
                    sentence.format(**words),
                    source=source.format(**words),
                    features=(f"kind-{way.kind}", *more),
                ),
            )

    return pytest.mark.parametrize("way", list(params()))


SERVER_SET = ("mail.email",)


@_ways(
    "triggers.create.rule.{kind}.{action}.kept",
    MUST,
    "A trigger MUST have all fields of rule.{kind} with {action} as Create was given them.",
    source="Yandex Cloud API design guide, Standard methods, Create (the request is the "
    "resource's view); " + ACTIONS_SOURCE,
)
def test_create_keeps_all_fields_of_a_rule(changes: Changes, way: Way) -> None:
    sent = full(way)
    kept = changes.create(rule=sent).rule
    expect_same(kept, sent, "the rule after Create", without=SERVER_SET)


@clause(
    "triggers.create.rule.timer.payload.verbatim",
    MUST,
    "A timer's payload MUST be kept as it was sent: blanks, line ends, JSON and other scripts.",
    source="proto yandex.cloud.serverless.triggers.v1.Trigger.Timer.payload (to be passed to the "
    "function)",
    features=("kind-timer",),
)
def test_a_payload_is_kept_verbatim(changes: Changes) -> None:
    for payload in (' {"a": [1, 2.0, null]} ', "line\r\n\tline\n", "<a&b> жд 🔔 \\ %s ${x}"):
        kept = changes.create(rule=timer(payload=payload)).rule.timer.payload
        assert kept == payload, f"{payload!r} was sent, but {kept!r} is kept"


@clause(
    "triggers.create.rule.lists.kept",
    MUST,
    "Lists in a rule MUST be kept with all items in their order.",
    source="protobuf.dev, Language Guide (proto 3), Specifying Field Labels (the order of the "
    "repeated values will be preserved)",
    features=("kind-logging", "kind-object_storage", "kind-cloud_logs"),
)
def test_lists_are_kept_in_order(changes: Changes) -> None:
    logging: Any = full(Way("logging", "invoke_function"))
    for field in ("resource_type", "resource_id", "stream_name"):
        getattr(logging.logging, field)[:] = ["zeta", "alpha", "mid-one", "beta"]
    logging.logging.levels[:] = [5, 1, 3]
    bucket: Any = full(Way("object_storage", "invoke_function"))
    bucket.object_storage.event_type[:] = [3, 1, 2]
    groups: Any = full(Way("cloud_logs", "invoke_function"))
    groups.cloud_logs.log_group_id[:] = ["zeta", "alpha", "beta"]
    for sent in (logging, bucket, groups):
        expect_same(changes.create(rule=sent).rule, sent, "the rule after Create")


@_ways(
    "triggers.create.rule.{kind}.unset-stays-unset",
    SHOULD,
    "A field of rule.{kind} that Create was not given SHOULD stay unset.",
    source="AIP-129 'Server-modified values and defaults' (a user-specified field is not changed); "
    "Terraform shows a default that a server adds as a change",
    kinds=True,
)
def test_create_adds_nothing_to_a_rule(changes: Changes, way: Way) -> None:
    sent = least(way)
    kept = changes.create(rule=sent).rule
    expect_same(kept, sent, "the rule after Create", without=SERVER_SET)


@_ways(
    "triggers.update.rule.{kind}.left-alone",
    MUST,
    "Update with the mask `description` MUST leave a rule of the kind {kind} as it was.",
    source="Yandex Cloud API design guide, Standard methods, Update (the fields not specified in "
    "the update_mask will not be updated)",
    kinds=True,
)
def test_update_leaves_a_rule_that_is_not_named(changes: Changes, way: Way) -> None:
    made = changes.create(rule=full(way, "a"), labels={"a": "1"})
    shown = changes.update(made.id, "description", description="after")
    expect_same(shown, made, "the trigger after Update", without=("description",))


@_ways(
    "triggers.pause.{kind}.left-alone",
    MUST,
    "Pause and Resume of a trigger of the kind {kind} MUST change its status alone.",
    source="proto yandex.cloud.serverless.triggers.v1.TriggerService.Pause, Resume (the specified "
    "trigger); Trigger.Status",
    kinds=True,
    more=("pause",),
)
def test_pause_and_resume_leave_a_rule(changes: Changes, way: Way) -> None:
    made = changes.create(rule=full(way, "a"))
    changes.pause(made.id)
    paused = changes.get(made.id)
    assert paused.status == Trigger.PAUSED, f"after Pause its status is {paused.status}"
    expect_same(paused, made, "the trigger after Pause", without=("status",))
    changes.resume(made.id)
    expect_same(changes.get(made.id), made, "the trigger after Pause and Resume")


@_ways(
    "triggers.list.{kind}.as-get",
    MUST,
    "List MUST show a trigger of the kind {kind} as Get does.",
    source="proto yandex.cloud.serverless.triggers.v1.ListTriggersResponse.triggers (list of "
    "triggers in the specified folder)",
    kinds=True,
)
def test_list_shows_each_kind(changes: Changes, peer: Peer, way: Way) -> None:
    made = changes.create(rule=full(way, "a"))
    found = [trigger for trigger in listed_triggers(peer) if trigger.id == made.id]
    assert len(found) == 1, f"List shows the trigger {len(found)} times"
    expect_same(found[0], made, "the trigger in List")


@_ways(
    "triggers.delete.{kind}.gone",
    MUST,
    "A trigger of the kind {kind} MUST NOT be found after Delete.",
    source="proto yandex.cloud.serverless.triggers.v1.TriggerService.Delete (deletes the specified "
    "trigger); Yandex Cloud API design guide, Errors, NOT_FOUND",
    kinds=True,
)
def test_delete_takes_each_kind_away(changes: Changes, way: Way) -> None:
    made = changes.create(rule=full(way, "a"))
    changes.delete(made.id)
    found = changes.look(made.id)
    assert found.code is Code.NOT_FOUND, f"Get must say NOT_FOUND, but said {found}"


@_ways(
    "triggers.update.rule.{kind}.written",
    MUST,
    "Update with the mask `rule` MUST write the fields of rule.{kind}.",
    source="proto yandex.cloud.serverless.triggers.v1.UpdateTriggerRequest.rule ('New parameters "
    "for trigger'); Yandex Cloud documentation, 'Updating a trigger' (any parameters except the "
    "type of trigger and of resource)",
    kinds=True,
)
def test_update_writes_all_fields_of_a_rule(changes: Changes, way: Way) -> None:
    made = changes.create(rule=full(way, "a"))
    sent = full(way, "b")
    kept = changes.update(made.id, "rule", rule=sent).rule
    # field_mask.proto lets a server add to a list; the vendor's guide does not speak of it.
    expect_same(kept, sent, "the rule after Update", without=SERVER_SET, lists=False)


@_ways(
    "triggers.update.rule.{kind}.replaced",
    SHOULD,
    "Update with the mask `rule` SHOULD leave nothing of rule.{kind} that was not sent.",
    source="AIP-161 'Read-write consistency' (who reads with the mask gets what was written with "
    "it); Yandex Cloud API design guide, Standard methods, Update",
    kinds=True,
)
def test_update_replaces_a_rule(changes: Changes, way: Way) -> None:
    made = changes.create(rule=full(way, "a"))
    sent = least(way)
    kept = changes.update(made.id, "rule", rule=sent).rule
    expect_same(kept, sent, "the rule after Update", without=SERVER_SET)
