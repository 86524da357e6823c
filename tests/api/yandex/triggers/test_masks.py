"""Update masks: an oracle that knows only descriptors says what each mask changes."""

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.api.yandex.triggers.masks import merge, sent_part, update_paths
from tocsin.wire.errors import ApiError
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2 import (
    UpdateTriggerRequest,
)

Flat = dict[str, Any]
WRITTEN = ("name", "description", "labels", "rule")


def flat(message: Any, prefix: str = "") -> Flat:
    """What a message holds, by path; a message that is there holds its own path, too."""
    found: Flat = {}
    for field, value in message.ListFields():
        path = f"{prefix}{field.name}"
        if field.message_type is not None and not field.is_repeated:
            found[path] = "present"
            found |= flat(value, f"{path}.")
        else:
            found[path] = dict(value) if field.message_type is not None else copied(value)
    return found


def copied(value: Any) -> Any:
    return value if isinstance(value, str | int | bool) else list(value)


def paths_of(descriptor: Any, prefix: str = "") -> Iterator[str]:
    for field in descriptor.fields:
        yield f"{prefix}{field.name}"
        if field.message_type is not None and not field.is_repeated:
            yield from paths_of(field.message_type, f"{prefix}{field.name}.")


def within(path: str, outer: str) -> bool:
    return path == outer or path.startswith(f"{outer}.")


def rivals(path: str) -> list[str]:
    """The other members of the oneof that a path's last field belongs to."""
    names = path.split(".")
    descriptor: Any = Trigger.DESCRIPTOR
    for name in names[:-1]:
        descriptor = descriptor.fields_by_name[name].message_type
    oneof = descriptor.fields_by_name[names[-1]].containing_oneof
    members = [] if oneof is None else oneof.fields
    return [".".join([*names[:-1], field.name]) for field in members if field.name != names[-1]]


def ancestors(path: str) -> list[str]:
    parts = path.split(".")
    return [".".join(parts[:depth]) for depth in range(1, len(parts))]


def expected(before: Flat, sent: Flat, mask: list[str]) -> Flat | None:
    """What the trigger holds afterwards; None where the mask must be refused."""
    asked = [
        path for path in mask if not any(within(path, other) for other in mask if other != path)
    ]
    for path in asked:
        for above in ancestors(path):
            if any(rival in held for rival in rivals(above) for held in (before, sent)):
                return None
    kept = {
        path: value for path, value in before.items() if not any(within(path, a) for a in asked)
    }
    taken = {path: value for path, value in sent.items() if any(within(path, a) for a in asked)}
    for path in asked:
        if path in taken:
            for rival in rivals(path):
                kept = {name: value for name, value in kept.items() if not within(name, rival)}
    for path in taken:
        kept |= dict.fromkeys(ancestors(path), "present")
    return kept | taken


@st.composite
def messages(draw: st.DrawFn, kind: type[Message], depth: int = 0) -> Any:
    message: Any = kind()
    chosen = {
        oneof.name: draw(st.sampled_from(list(oneof.fields))) for oneof in kind.DESCRIPTOR.oneofs
    }
    for field in kind.DESCRIPTOR.fields:
        oneof = field.containing_oneof
        wanted = oneof is None or chosen[oneof.name].name == field.name
        if wanted and (depth < 2 or draw(st.booleans())):
            fill(draw, message, field, depth)
    return message


def fill(draw: st.DrawFn, message: Any, field: FieldDescriptor, depth: int) -> None:
    texts = st.sampled_from(["", "a", "b"])
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        getattr(message, field.name).update(draw(st.dictionaries(texts, texts, max_size=2)))
    elif field.message_type is not None:
        inner = draw(messages(type(getattr(message, field.name)), depth + 1))
        getattr(message, field.name).CopyFrom(inner)
        getattr(message, field.name).SetInParent()
    elif field.is_repeated:
        one = texts if field.type == field.TYPE_STRING else st.integers(0, 3)
        getattr(message, field.name).extend(draw(st.lists(one, max_size=2)))
    elif field.type == field.TYPE_STRING:
        setattr(message, field.name, draw(texts))
    else:
        setattr(message, field.name, draw(st.integers(0, 3)))


@st.composite
def updates(draw: st.DrawFn) -> tuple[Trigger, UpdateTriggerRequest]:
    before, sent = draw(messages(Trigger)), draw(messages(Trigger))
    if draw(st.booleans()):  # as a client that has read the trigger sends it back
        sent.CopyFrom(before)
    written = [path for path in paths_of(Trigger.DESCRIPTOR) if path.split(".")[0] in WRITTEN]
    near = [path for path in written if path in flat(before) or path in flat(sent)]
    paths = st.sampled_from(near) | st.sampled_from(written)
    request = UpdateTriggerRequest(
        name=sent.name, description=sent.description, labels=sent.labels, rule=sent.rule
    )
    request.update_mask.paths.extend(draw(st.lists(paths, min_size=1, max_size=5, unique=True)))
    return before, request


def merged(before: Trigger, request: UpdateTriggerRequest) -> Trigger:
    after = Trigger()
    after.CopyFrom(before)
    merge(request, after, update_paths(request))
    return after


def sent_of(request: UpdateTriggerRequest) -> Flat:
    return {path: value for path, value in flat(request).items() if path.split(".")[0] in WRITTEN}


@settings(max_examples=400, deadline=None)
@given(updates())
def test_a_mask_changes_what_it_names_and_nothing_else(
    case: tuple[Trigger, UpdateTriggerRequest],
) -> None:
    before, request = case
    mask = [path for path in request.update_mask.paths if path != "rule.mail.email"]
    foreseen = expected(flat(before), sent_of(request), mask)
    if foreseen is None:
        with pytest.raises(ApiError, match="replace that, name rule"):
            merged(before, request)
        return
    after = flat(merged(before, request))
    if "rule.mail" in mask or "rule" in mask:
        foreseen.pop("rule.mail.email", None)
        after.pop("rule.mail.email", None)
    assert after == foreseen


@settings(max_examples=100, deadline=None)
@given(messages(Trigger), st.data())
def test_what_was_read_and_is_sent_back_with_a_mask_changes_nothing(
    trigger: Trigger, data: st.DataObject
) -> None:
    request = UpdateTriggerRequest(
        name=trigger.name,
        description=trigger.description,
        labels=trigger.labels,
        rule=trigger.rule,
    )
    held = sorted(flat(trigger))
    paths = [path for path in held if path.split(".")[0] != "folder_id"]
    mask = data.draw(st.lists(st.sampled_from(paths), max_size=20)) if paths else []
    request.update_mask.paths.extend([*mask, "status"])
    assert merged(trigger, request) == trigger


def test_a_star_means_all_fields_as_no_mask_does() -> None:
    star = UpdateTriggerRequest(update_mask={"paths": ["*"]}, name="n")
    assert update_paths(star) == update_paths(UpdateTriggerRequest()) == WRITTEN
    assert sent_part(star) is star


def test_output_only_paths_alone_change_nothing() -> None:
    paths = ["id", "created_at.seconds", "status", "rule.mail.email"]
    assert update_paths(UpdateTriggerRequest(update_mask={"paths": paths})) == ()


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("rule.timer.cronExpression", "expected 'rule.timer.cron_expression'"),
        ("rule.timer.noSuch", "expected name, description, labels, rule"),
        ("", "unknown path ''"),
        ("rule.", "unknown path 'rule.'"),
        ("rule..timer", "unknown path"),
        ("rule.rule", "unknown path"),
        ("rule.*", "unknown path"),
        ("labels.team", "unknown path"),
        ("labels.value", "unknown path"),
        ("rule.object_storage.event_type.x", "unknown path"),
        ("folder_id", "can't be updated"),
        ("trigger_id", "unknown path"),
    ],
)
def test_a_path_that_is_wrong_is_refused_with_what_would_be_right(path: str, hint: str) -> None:
    with pytest.raises(ApiError, match="update_mask") as refused:
        update_paths(UpdateTriggerRequest(update_mask={"paths": ["name", path]}))
    assert hint in refused.value.message
