"""Update changes what its mask names, and nothing else."""

from collections.abc import Mapping
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration

from tocsin.conformance.changes import Changes, Code, update_request
from tocsin.conformance.clauses import MAY, MUST, SHOULD, clause
from tocsin.conformance.comparing import expect_same
from tocsin.conformance.edges.samples import Way, full
from tocsin.conformance.made import NEVER, timer
from tocsin.conformance.peer import Peer
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

GUIDE = "Yandex Cloud API design guide, Standard methods, Update"
MASK = "google/protobuf/field_mask.proto"
LEAVES = ("update-mask-paths",)


def _before(changes: Changes) -> Any:
    """Returns a trigger that has a value in every field."""
    rule = timer(NEVER, payload="before")
    rule.timer.invoke_function_with_retry.service_account_id = "before"
    rule.timer.invoke_function_with_retry.retry_settings.retry_attempts = 2
    rule.timer.invoke_function_with_retry.retry_settings.interval.seconds = 20
    return changes.create(description="before", labels={"when": "before", "a": "1"}, rule=rule)


def _after(peer: Peer) -> dict[str, Any]:
    """Returns values for all fields that differ from those before."""
    rule = timer(NEVER.replace("0 0", "5 0", 1), payload="after")
    function = rule.timer.invoke_function_with_retry
    function.function_id, function.function_tag = "after", "after"
    function.service_account_id = "after"
    function.retry_settings.retry_attempts = 5
    function.retry_settings.interval.seconds = 50
    labels = {"when": "after", "b": "2"}
    return {"name": peer.name("after"), "description": "after", "labels": labels, "rule": rule}


def _expected(before: Any, fields: Mapping[str, Any]) -> Any:
    """Returns the trigger with some of its fields replaced."""
    meant = Trigger()
    meant.CopyFrom(before)
    for name, value in fields.items():
        meant.ClearField(name)
        meant.MergeFrom(Trigger(**{name: value}))
    return meant


@pytest.mark.parametrize(
    "field",
    [
        pytest.param(
            field,
            id=field,
            marks=clause(
                f"triggers.update.mask.{field}-alone",
                MUST,
                f"Update with the mask `{field}` MUST write {field} and leave the rest, whatever "
                "else the request holds.",
                source=f"{GUIDE} (fields not specified in the update_mask will not be updated); "
                f"{MASK} (ignores the values of all fields not covered by the mask)",
            ),
        )
        for field in ("name", "description", "labels", "rule")
    ],
)
def test_a_mask_of_one_field_writes_that_field(changes: Changes, peer: Peer, field: str) -> None:
    before, sent = _before(changes), _after(peer)
    shown = changes.update(before.id, field, **sent)
    meant = _expected(before, {field: sent[field]})
    expect_same(shown, meant, f"the trigger after Update with the mask `{field}`")


@clause(
    "triggers.update.mask.several",
    MUST,
    "Update with several paths in its mask MUST write each of them, in whatever order they are.",
    source=f"{GUIDE} (updateMask: name,description); {MASK}",
)
def test_a_mask_of_several_fields_writes_them(changes: Changes, peer: Peer) -> None:
    for paths in (("name", "labels"), ("rule", "description"), ("labels", "rule", "name")):
        before, sent = _before(changes), _after(peer)
        shown = changes.update(before.id, *paths, **sent)
        meant = _expected(before, {path: sent[path] for path in paths})
        expect_same(shown, meant, f"the trigger after Update with the mask {','.join(paths)}")


@pytest.mark.parametrize(
    "field",
    [
        pytest.param(
            field,
            id=field,
            marks=clause(
                f"triggers.update.mask.{field}-reset",
                MUST,
                f"Update whose mask names {field}, without a value, MUST reset {field}.",
                source=f"{MASK} (to reset a field, it must be in the mask and set to the default "
                f"value in the provided resource); {GUIDE}",
            ),
        )
        for field in ("name", "description", "labels")
    ],
)
def test_a_field_without_a_value_is_reset(changes: Changes, field: str) -> None:
    before = _before(changes)
    shown = changes.update(before.id, field)
    meant = Trigger()
    meant.CopyFrom(before)
    meant.ClearField(field)
    expect_same(shown, meant, f"the trigger after Update with the mask `{field}`")


@clause(
    "triggers.update.mask.rule-reset",
    SHOULD,
    "Update whose mask names `rule`, without a value, SHOULD be refused with INVALID_ARGUMENT.",
    source="proto yandex.cloud.serverless.triggers.v1.Trigger.rule [(yandex.cloud.required) = "
    "true]",
)
def test_a_rule_cannot_be_reset(changes: Changes) -> None:
    before = _before(changes)
    request = update_request(before.id, "rule")
    changes.refused("Update", request, Code.INVALID_ARGUMENT, why="with the mask `rule` alone")
    expect_same(changes.get(before.id), before, "the trigger after the refused Update")


@clause(
    "triggers.update.no-mask.all-fields",
    MUST,
    "Update without a mask MUST write name, description, labels and rule.",
    source=f"{GUIDE} (if no update_mask is passed, the values of all fields will be updated)",
)
def test_without_a_mask_all_fields_are_written(changes: Changes, peer: Peer) -> None:
    before, sent = _before(changes), _after(peer)
    shown = changes.update(before.id, **sent)
    expect_same(shown, _expected(before, sent), "the trigger after Update without a mask")


@pytest.mark.parametrize(
    "field",
    [
        pytest.param(
            field,
            id=field,
            marks=clause(
                f"triggers.update.no-mask.{field}-reset",
                MUST,
                f"Update without a mask and without {field} MUST reset {field}.",
                source=f"{GUIDE} (the values of the other fields will be reset to their defaults)",
            ),
        )
        for field in ("name", "description", "labels")
    ],
)
def test_without_a_mask_what_is_left_out_is_reset(changes: Changes, peer: Peer, field: str) -> None:
    before, sent = _before(changes), _after(peer)
    del sent[field]
    shown = changes.update(before.id, **sent)
    meant = _expected(before, sent)
    meant.ClearField(field)
    expect_same(shown, meant, "the trigger after Update without a mask")


@clause(
    "triggers.update.no-mask.empty-mask",
    MAY,
    "An Update with a mask of no paths MAY be taken as one without a mask; known answers: taken "
    "so (Tocsin).",
    source=f"{GUIDE} (if no update_mask is passed); whether an empty one is passed is not said",
)
def test_an_empty_mask_may_be_none(changes: Changes, peer: Peer) -> None:
    before, sent = _before(changes), _after(peer)
    request = update_request(before.id, **sent)
    request.update_mask.SetInParent()
    changes.done("Update", request)
    shown = changes.get(before.id)
    expect_same(shown, _expected(before, sent), "the trigger after Update with an empty mask")


@clause(
    "triggers.update.no-mask.without-rule",
    MAY,
    "An Update without a mask and without a rule MAY be refused; known answers: refused (Tocsin).",
    source=f"{GUIDE} (the other fields will be reset to their defaults; a rule has none)",
)
def test_without_a_mask_a_rule_may_have_to_be_sent(changes: Changes) -> None:
    before = _before(changes)
    request = update_request(before.id, name=before.name)
    changes.refused("Update", request, Code.INVALID_ARGUMENT, why="without a mask and a rule")


@clause(
    "triggers.update.mask.star",
    SHOULD,
    "Update with the mask `*` SHOULD write all fields, and reset those that are left out.",
    source="AIP-134 'Request message' (must support the value `*`, meaning full replacement)",
    features=("update-mask-star",),
)
def test_a_star_means_all_fields(changes: Changes, peer: Peer) -> None:
    before, sent = _before(changes), _after(peer)
    del sent["labels"]
    shown = changes.update(before.id, "*", **sent)
    meant = _expected(before, sent)
    meant.ClearField("labels")
    expect_same(shown, meant, "the trigger after Update with the mask `*`")


def _timer_function() -> str:
    return "rule.timer.invoke_function_with_retry"


def _leaf(name: str, path: str) -> Any:
    return pytest.param(
        path,
        id=name,
        marks=clause(
            f"triggers.update.mask.leaf.{name}",
            MUST,
            f"Update with the mask `{path}` MUST write that field alone, not what is beside it.",
            source=f'{MASK} (paths: "f.b.d"; the API is required to only change the values of '
            "the fields as specified in the mask)",
            features=LEAVES,
        ),
    )


@pytest.mark.parametrize(
    "path",
    [
        _leaf("kind", "rule.timer"),
        _leaf("cron_expression", "rule.timer.cron_expression"),
        _leaf("payload", "rule.timer.payload"),
        _leaf("whole-message", "rule.timer.invoke_function_with_retry.retry_settings"),
        _leaf("action", "rule.timer.invoke_function_with_retry"),
        _leaf("text-in-action", "rule.timer.invoke_function_with_retry.function_tag"),
        _leaf("number", "rule.timer.invoke_function_with_retry.retry_settings.retry_attempts"),
        _leaf("duration", "rule.timer.invoke_function_with_retry.retry_settings.interval"),
    ],
)
def test_a_leaf_is_written_alone(changes: Changes, peer: Peer, path: str) -> None:
    before, sent = _before(changes), _after(peer)
    shown = changes.update(before.id, path, **sent)
    meant = Trigger()
    meant.CopyFrom(before)
    _copy(sent["rule"], meant.rule, path.split(".")[1:])
    expect_same(shown, meant, f"the trigger after Update with the mask `{path}`")


def _copy(source: Any, target: Any, names: list[str]) -> None:
    name, *below = names
    if below:
        _copy(getattr(source, name), getattr(target, name), below)
        return
    target.ClearField(name)
    value = getattr(source, name)
    if hasattr(value, "CopyFrom"):
        getattr(target, name).CopyFrom(value)
    else:
        setattr(target, name, value)


@clause(
    "triggers.update.mask.leaf.several",
    MUST,
    "Update with several paths below `rule` MUST write each of them, and nothing beside them.",
    source=f'{MASK} (paths: "f.b", "f.c")',
    features=LEAVES,
)
def test_several_leaves_are_written(changes: Changes, peer: Peer) -> None:
    before, sent = _before(changes), _after(peer)
    paths = (
        "rule.timer.payload",
        "description",
        "rule.timer.invoke_function_with_retry.function_id",
    )
    shown = changes.update(before.id, *paths, **sent)
    meant = _expected(before, {"description": "after"})
    meant.rule.timer.payload = "after"
    meant.rule.timer.invoke_function_with_retry.function_id = "after"
    expect_same(shown, meant, "the trigger after Update with three paths")


@clause(
    "triggers.update.mask.leaf.reset",
    MUST,
    "Update whose mask names a field below `rule`, without a value, MUST reset that field alone.",
    source=f"{MASK} (to reset a field, it must be in the mask and set to the default value)",
    features=LEAVES,
)
def test_a_leaf_without_a_value_is_reset(changes: Changes) -> None:
    before = _before(changes)
    path = f"{_timer_function()}.retry_settings"
    shown = changes.update(before.id, "rule.timer.payload", path)
    meant = Trigger()
    meant.CopyFrom(before)
    meant.rule.timer.payload = ""
    meant.rule.timer.invoke_function_with_retry.ClearField("retry_settings")
    expect_same(shown, meant, f"the trigger after Update with the masks payload and {path}")


@clause(
    "triggers.update.mask.leaf.is-checked",
    MUST,
    "A field below `rule` that a mask names MUST be held to the contract's options.",
    source="proto yandex.cloud.serverless.triggers.v1.Trigger.Timer.payload [(yandex.cloud.length) "
    '= "<=4096"], cron_expression [(yandex.cloud.required) = true]',
    features=LEAVES,
)
def test_a_leaf_is_checked(changes: Changes) -> None:
    before = _before(changes)
    for path, rule in (
        ("rule.timer.payload", timer(payload="x" * 4097)),
        ("rule.timer.cron_expression", timer("")),
        ("rule.timer.cron_expression", timer("no cron expression")),
    ):
        request = update_request(before.id, path, rule=rule)
        changes.refused("Update", request, Code.INVALID_ARGUMENT, why=f"with the mask {path}")
    expect_same(changes.get(before.id), before, "the trigger after the refused Updates")


@clause(
    "triggers.update.mask.leaf.in-other-kinds",
    MUST,
    "Update MUST write a leaf of any kind of rule alone, such as one of its batch settings.",
    source=f"{MASK} (the API is required to only change the values of the fields as specified)",
    features=(*LEAVES, "kind-object_storage", "kind-mail"),
)
def test_a_leaf_of_another_kind_is_written_alone(changes: Changes) -> None:
    for kind, leaf in (
        ("object_storage", "batch_settings.size"),
        ("mail", "batch_settings.cutoff"),
        ("object_storage", "prefix"),
    ):
        way = Way(kind, "invoke_function")
        before = changes.create(rule=full(way, "a"))
        path = f"rule.{kind}.{leaf}"
        sent = full(way, "b")
        shown = changes.update(before.id, path, rule=sent)
        meant = Trigger()
        meant.CopyFrom(before)
        _copy(sent, meant.rule, path.split(".")[1:])
        expect_same(shown, meant, f"the trigger after Update with the mask `{path}`")


@clause(
    "triggers.update.mask.leaf.of-other-kind",
    MUST,
    "A path into a kind of rule that the trigger does not have MUST NOT change its kind.",
    source="Yandex Cloud documentation, Updating a trigger (any parameters except for the trigger "
    "type)",
    features=(*LEAVES, "kind-mail"),
)
def test_a_path_into_another_kind_changes_nothing(changes: Changes) -> None:
    before = _before(changes)
    rule = Trigger.Rule()
    rule.mail.batch_settings.size = 5
    rule.mail.batch_settings.cutoff.CopyFrom(Duration(seconds=5))
    rule.mail.invoke_function.function_id = "conformance"
    changes.ask("Update", update_request(before.id, "rule.mail.batch_settings", rule=rule))
    expect_same(changes.get(before.id), before, "the trigger after Update with a mail's path")


@clause(
    "triggers.update.mask.leaf.of-other-action",
    MUST,
    "A path of an action that the trigger does not have MUST NOT change the type of its resource.",
    source="Yandex Cloud documentation, Updating a trigger (any parameters except for the trigger "
    "type and launched resource type)",
    features=LEAVES,
)
def test_a_path_of_another_action_changes_nothing(changes: Changes) -> None:
    before = _before(changes)
    rule = full(Way("timer", "invoke_container_with_retry"))
    for below in ("", ".container_id", ".retry_settings.interval"):
        path = f"rule.timer.invoke_container_with_retry{below}"
        changes.ask("Update", update_request(before.id, path, rule=rule))
        expect_same(changes.get(before.id), before, f"the trigger after Update with `{path}`")


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(
            path,
            id=name,
            marks=clause(
                f"triggers.update.mask.unknown.{name}",
                SHOULD,
                f"Update SHOULD be refused with INVALID_ARGUMENT if its mask {words}, and change "
                "nothing.",
                source=f"{source}",
            ),
        )
        for name, path, words, source in (
            (
                "field",
                "nothing",
                "names a field that does not exist",
                f"{MASK} 'Field Mask Verification' (INVALID_ARGUMENT if any path is unmappable); "
                "AIP-161",
            ),
            (
                "below-rule",
                "rule.timer.nothing",
                "names a field of a rule that does not exist",
                f"{MASK} 'Field Mask Verification'; AIP-161",
            ),
            (
                "below-text",
                "name.first",
                "leads into a text",
                f"{MASK} 'Field Mask Verification'; AIP-161",
            ),
            (
                "oneof",
                "rule.timer.action",
                "names a oneof",
                f"{MASK} (oneof type names cannot be used in paths)",
            ),
            (
                "index",
                "rule.object_storage.event_type.0",
                "names an item of a list by its index",
                "AIP-161 'Wildcards' (must return INVALID_ARGUMENT if this is attempted)",
            ),
            (
                "empty-path",
                "",
                "has an empty path",
                f"{MASK} 'Field Mask Verification'",
            ),
            (
                "camel-case",
                "rule.timer.cronExpression",
                "has a name of JSON, in the bytes of gRPC",
                f"{MASK} 'JSON Encoding of Field Masks' (names are converted from JSON)",
            ),
        )
    ],
)
def test_an_unknown_path_is_refused(changes: Changes, peer: Peer, path: str) -> None:
    before, sent = _before(changes), _after(peer)
    request = update_request(before.id, "description", path, **sent)
    changes.refused("Update", request, Code.INVALID_ARGUMENT, why=f"with {path!r} in its mask")
    expect_same(changes.get(before.id), before, "the trigger after the refused Update")


@pytest.mark.parametrize(
    "field",
    [
        pytest.param(
            field,
            id=field,
            marks=clause(
                f"triggers.update.mask.output-only.{field}",
                MUST,
                f"Update MUST NOT change {field}, even if its mask names it.",
                source="AIP-161 'Output only fields' (ignored, or refused with INVALID_ARGUMENT); "
                f"proto yandex.cloud.serverless.triggers.v1.Trigger.{field}: no field of "
                "UpdateTriggerRequest",
            ),
        )
        for field in ("id", "folder_id", "created_at", "status")
    ],
)
def test_what_the_server_sets_stays(changes: Changes, field: str) -> None:
    before = _before(changes)
    ending = changes.ask("Update", update_request(before.id, "description", field))
    assert ending.ok or ending.code is Code.INVALID_ARGUMENT, (
        f"Update must succeed or be refused with INVALID_ARGUMENT, but was answered {ending}"
    )
    shown = changes.get(before.id)
    meant = _expected(before, {} if not ending.ok else {"description": ""})
    expect_same(shown, meant, f"the trigger after Update with {field} in its mask")


@clause(
    "triggers.update.mask.output-only.email",
    MUST,
    "Update MUST NOT change the address of a mail trigger, even if its mask names it.",
    source="proto yandex.cloud.serverless.triggers.v1.Mail.email (ignored for write requests)",
    features=(*LEAVES, "kind-mail"),
)
def test_an_address_stays_though_the_mask_names_it(changes: Changes) -> None:
    before = changes.create(rule=full(Way("mail", "invoke_function")))
    rule = full(Way("mail", "invoke_function"))
    rule.mail.email = "mine@example.com"
    request = update_request(before.id, "description", "rule.mail.email", rule=rule)
    ending = changes.ask("Update", request)
    assert ending.ok or ending.code is Code.INVALID_ARGUMENT, f"Update was answered {ending}"
    email = changes.get(before.id).rule.mail.email
    assert email == before.rule.mail.email, f"the address was {before.rule.mail.email}, is {email}"


@pytest.mark.parametrize(
    "paths",
    [
        pytest.param(
            paths,
            id=name,
            marks=clause(
                f"triggers.update.mask.{name}",
                SHOULD,
                f"Update SHOULD take a mask that names {words}.",
                source=f"{MASK} (a set of symbolic field paths)",
                features=features,
            ),
        )
        for name, paths, words, features in (
            ("twice", ("description", "description", "rule"), "a path twice", ()),
            (
                "path-and-one-below",
                ("rule", "description", "rule.timer.payload"),
                "a path and another below it",
                LEAVES,
            ),
        )
    ],
)
def test_paths_may_overlap(changes: Changes, peer: Peer, paths: tuple[str, ...]) -> None:
    before, sent = _before(changes), _after(peer)
    shown = changes.update(before.id, *paths, **sent)
    meant = _expected(before, {"description": "after", "rule": sent["rule"]})
    expect_same(shown, meant, f"the trigger after Update with the mask {','.join(paths)}")


@clause(
    "triggers.update.labels.replaced",
    MUST,
    "Update MUST replace the labels as a whole, so that those it was not given are gone.",
    source="proto yandex.cloud.serverless.triggers.v1.UpdateTriggerRequest.labels (the existing "
    "set of labels is completely replaced by the provided set)",
)
def test_labels_are_replaced(changes: Changes) -> None:
    before = _before(changes)
    for paths in (("labels",), ("labels", "description")):
        labels = {"only": "one"}
        shown = dict(changes.update(before.id, *paths, labels=labels).labels)
        assert shown == labels, f"the labels must be {labels}, but are {shown}"
