"""Create makes a trigger as it was asked for, and nothing if it fails."""

import re
from typing import Any

import pytest

from tocsin.conformance.changes import Changes, Code
from tocsin.conformance.clauses import MAY, MUST, SHOULD, clause
from tocsin.conformance.comparing import expect_same
from tocsin.conformance.expecting import metadata_of, response_of
from tocsin.conformance.listing import listed_triggers
from tocsin.conformance.made import create_request, timer
from tocsin.conformance.peer import Peer
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

GUIDE = "Yandex Cloud API design guide"
PROTO = "proto yandex.cloud.serverless.triggers.v1"
LABELS = {"environment": "conformance", "a": "", "with-all_of./@these": "1.2/3@-_"}


def _kept(field: str, value: Any) -> Any:
    return pytest.param(
        field,
        value,
        id=field,
        marks=clause(
            f"triggers.create.{field}.kept",
            MUST,
            f"A trigger MUST have the {field} that Create was given.",
            source=f"{PROTO}.CreateTriggerRequest.{field}; {GUIDE}, Standard methods, Create",
        ),
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        _kept("name", ""),
        _kept("description", "Line one,\n\ttwo; «три» & <four> 🔔"),
        _kept("labels", LABELS),
    ],
)
def test_create_keeps_a_field(changes: Changes, peer: Peer, field: str, value: Any) -> None:
    sent = value or peer.name("kept")
    made = changes.create(**{field: sent})
    shown = getattr(made, field)
    shown = dict(shown) if field == "labels" else shown
    assert shown == sent, f"{field} was sent as {sent!r}, but is {shown!r}"


@clause(
    "triggers.create.folder_id.kept",
    MUST,
    "A trigger MUST be in the folder that Create was given.",
    source=f"{PROTO}.Trigger.folder_id; TriggerService.Create (in the specified folder)",
)
def test_create_puts_a_trigger_into_its_folder(changes: Changes, peer: Peer) -> None:
    made = changes.create()
    assert made.folder_id == peer.folder, (
        f"the trigger's folder must be {peer.folder!r}, but is {made.folder_id!r}"
    )


@clause(
    "triggers.create.unset-stays-unset",
    MUST,
    "A trigger that is created without a name, a description and labels MUST have none.",
    source=f"{PROTO}.CreateTriggerRequest (the pattern of name allows an empty one)",
)
def test_create_invents_no_fields(changes: Changes) -> None:
    made = changes.create(name="")
    found = [name for name in ("name", "description", "labels") if getattr(made, name)]
    assert not found, f"{', '.join(found)} must be empty, as in the request: {made}"


@clause(
    "triggers.create.id.letters-and-digits",
    MUST,
    "The id of a trigger MUST consist of Latin letters and digits.",
    source=f"{GUIDE}, Resource identification; {PROTO}.Trigger.id (generated at creation time)",
)
def test_an_id_is_of_letters_and_digits(changes: Changes) -> None:
    made = changes.create()
    assert re.fullmatch("[A-Za-z0-9]+", made.id), f"the id is {made.id!r}"


@clause(
    "triggers.create.id.unique",
    MUST,
    "Each trigger MUST have an id of its own.",
    source=f"{GUIDE}, Resource identification (its own unique ID)",
)
def test_ids_are_unique(changes: Changes) -> None:
    ids = [changes.create().id for _ in range(5)]
    assert len(set(ids)) == len(ids), f"ids of five triggers: {ids}"


@clause(
    "triggers.create.id.not-used-again",
    SHOULD,
    "The id of a deleted trigger SHOULD NOT be given to the next one.",
    source=f"{GUIDE}, Resource identification (its own unique ID)",
)
def test_the_id_of_a_deleted_trigger_is_not_used_again(changes: Changes) -> None:
    first = changes.create().id
    changes.delete(first)
    assert changes.create().id != first, f"the id {first} was used again"


@clause(
    "triggers.create.created_at.set",
    MUST,
    "A trigger MUST have a created_at that is a valid timestamp.",
    source=f"{PROTO}.Trigger.created_at (creation timestamp); google/protobuf/timestamp.proto",
)
def test_a_trigger_says_when_it_was_created(changes: Changes) -> None:
    made = changes.create()
    assert made.HasField("created_at"), "created_at is not there"
    # Raises for what timestamp.proto does not allow.
    year = made.created_at.ToDatetime().year
    assert year > 1970, f"created_at is {made.created_at.ToJsonString()}"


@clause(
    "triggers.create.created_at.in-order",
    SHOULD,
    "A trigger that is created after another SHOULD NOT have an earlier created_at.",
    source=f"{PROTO}.Trigger.created_at (creation timestamp)",
)
def test_later_triggers_are_not_older(changes: Changes) -> None:
    times = [changes.create().created_at.ToNanoseconds() for _ in range(3)]
    assert times == sorted(times), f"created_at of three triggers, in nanoseconds: {times}"


@clause(
    "triggers.create.created_at.of-the-operation",
    SHOULD,
    "The created_at of a trigger SHOULD be within a minute of when Create's operation ran.",
    source=f"{PROTO}.Trigger.created_at (creation timestamp); proto "
    "yandex.cloud.operation.Operation.created_at",
)
def test_a_trigger_is_as_old_as_its_operation(changes: Changes, peer: Peer) -> None:
    operation = changes.done("Create", create_request(peer))
    made = changes.get(metadata_of(operation).trigger_id).created_at.ToSeconds()
    began, ended = operation.created_at.ToSeconds(), operation.modified_at.ToSeconds()
    assert began - 60 <= made <= ended + 60, (
        f"it was created at {made}, but the operation ran from {began} to {ended} (Unix seconds)"
    )


@clause(
    "triggers.create.folder_id.length",
    MAY,
    "Create MAY refuse a folder_id of more than 50 characters; known answers: refused (Tocsin).",
    source=f'{PROTO}.Trigger.folder_id [(yandex.cloud.length) = "<=50"]; the request has no limit',
)
def test_a_folder_may_have_to_be_short(changes: Changes, peer: Peer) -> None:
    request = create_request(peer, folder_id="f" * 51)
    changes.refused("Create", request, Code.INVALID_ARGUMENT, why="with a folder of 51 characters")


@clause(
    "triggers.create.status.active",
    SHOULD,
    "A new trigger SHOULD be ACTIVE.",
    source=f"{PROTO}.Trigger.Status.ACTIVE (will fire when the triggering event occurs); Yandex "
    "Cloud documentation, Create a trigger (it starts within five minutes)",
)
def test_a_new_trigger_is_active(changes: Changes) -> None:
    made = changes.create()
    assert made.status == Trigger.ACTIVE, (
        f"its status must be ACTIVE, but is {Trigger.Status.Name(made.status)}"
    )


@clause(
    "triggers.create.readable-at-once",
    MUST,
    "A trigger MUST be found by Get under the id in the metadata of Create's first answer.",
    source=f"{GUIDE}, Standard methods, Create (the ID of the resource being created, even if the "
    "operation is not complete yet; access it via Get or List)",
)
def test_the_first_answer_names_the_trigger(changes: Changes, peer: Peer) -> None:
    request = create_request(peer)
    answer = peer.triggers.Create(request)
    changes.made.maybe_trigger(answer)
    assert answer.ok, f"Create must succeed, but was answered {answer}"
    trigger_id = getattr(metadata_of(answer.message), "trigger_id", "")
    assert trigger_id, "the metadata of the first answer has no trigger_id"
    found = changes.look(trigger_id)
    assert found.ok, f"Get of {trigger_id} must succeed, but was answered {found}"
    assert found.message.name == request.name, f"Get shows another trigger: {found.message}"


@clause(
    "triggers.create.response.as-get",
    MUST,
    "The response of Create MUST be the trigger as Get shows it.",
    source=f"{GUIDE}, Operation object (response contains a view of the created resource); proto "
    "yandex.cloud.operation.Operation.response (the target resource)",
)
def test_the_response_is_the_trigger(changes: Changes, peer: Peer) -> None:
    request = create_request(peer, description="as Get shows it", labels=LABELS)
    operation = changes.done("Create", request)
    shown = changes.get(metadata_of(operation).trigger_id)
    expect_same(response_of(operation), shown, "the response of Create")


@clause(
    "triggers.create.name.unique",
    MUST,
    "Create MUST refuse a name that the folder has already, with ALREADY_EXISTS.",
    source=f"{PROTO}.CreateTriggerRequest.name (must be unique within the folder); {GUIDE}, "
    "Standard methods, Create (returns the ALREADY_EXISTS error)",
)
def test_a_name_can_be_taken_once(changes: Changes, peer: Peer) -> None:
    name = changes.create(name=peer.name("taken")).name
    changes.refused(
        "Create", create_request(peer, name=name), Code.ALREADY_EXISTS, why="with a taken name"
    )


@clause(
    "triggers.create.name.unique-across-kinds",
    MUST,
    "A name MUST be unique within the folder whatever the kinds of the triggers are.",
    source=f"{PROTO}.CreateTriggerRequest.name (must be unique within the folder)",
    features=("kind-mail",),
)
def test_a_name_is_taken_for_all_kinds(changes: Changes, peer: Peer) -> None:
    name = changes.create(name=peer.name("taken")).name
    mail = Trigger.Rule()
    mail.mail.invoke_function.function_id = "conformance"
    request = create_request(peer, name=name, rule=mail)
    changes.refused("Create", request, Code.ALREADY_EXISTS, why="with a taken name")


@clause(
    "triggers.create.name.unique-while-paused",
    MUST,
    "A paused trigger MUST keep its name to itself.",
    source=f"{PROTO}.CreateTriggerRequest.name (must be unique within the folder)",
    features=("pause",),
)
def test_a_paused_trigger_keeps_its_name(changes: Changes, peer: Peer) -> None:
    made = changes.create(name=peer.name("taken"))
    changes.pause(made.id)
    request = create_request(peer, name=made.name)
    changes.refused("Create", request, Code.ALREADY_EXISTS, why="with a paused trigger's name")


@clause(
    "triggers.create.name.per-folder",
    MUST,
    "Create MUST take a name that only another folder has.",
    source=f"{PROTO}.CreateTriggerRequest.name (must be unique within the folder)",
    features=("second-folder",),
)
def test_another_folder_may_have_the_same_name(changes: Changes, peer: Peer) -> None:
    name = changes.create(name=peer.name("shared")).name
    other = changes.create(name=name, folder_id=peer.other_folder)
    assert other.folder_id == peer.other_folder, f"it is in the folder {other.folder_id!r}"


@clause(
    "triggers.create.name.free-after-delete",
    MUST,
    "Create MUST take the name of a trigger that was deleted.",
    source=f"{PROTO}.CreateTriggerRequest.name (must be unique within the folder)",
)
def test_a_deleted_trigger_frees_its_name(changes: Changes, peer: Peer) -> None:
    made = changes.create(name=peer.name("freed"))
    changes.delete(made.id)
    again = changes.create(name=made.name)
    assert again.name == made.name, f"the name is {again.name!r}"


@clause(
    "triggers.create.name.free-after-rename",
    MUST,
    "Create MUST take the former name of a trigger that was renamed.",
    source=f"{PROTO}.CreateTriggerRequest.name (must be unique within the folder)",
)
def test_a_renamed_trigger_frees_its_name(changes: Changes, peer: Peer) -> None:
    made = changes.create(name=peer.name("freed"))
    changes.update(made.id, "name", name=peer.name("renamed"))
    changes.create(name=made.name)


@clause(
    "triggers.create.name.nameless",
    MAY,
    "A folder MAY have several triggers without a name; known answers: it may (Tocsin).",
    source=f"{PROTO}.CreateTriggerRequest.name (the pattern allows an empty name; whether it must "
    "be unique is not said)",
)
def test_several_triggers_may_have_no_name(changes: Changes) -> None:
    first, second = changes.create(name=""), changes.create(name="")
    assert first.id != second.id, "both are the same trigger"


@clause(
    "triggers.create.refused.leaves-nothing",
    MUST,
    "A Create that is refused MUST leave no trigger.",
    source=f"{GUIDE}, Operation object, error (the service goes back to the previous state); "
    "google/rpc/code.proto, INVALID_ARGUMENT",
)
def test_a_refused_create_leaves_nothing(changes: Changes, peer: Peer) -> None:
    name = peer.name("refused")
    request = create_request(peer, name=name, description="x" * 501)
    changes.refused("Create", request, Code.INVALID_ARGUMENT, why="with a long description")
    left = [trigger.id for trigger in listed_triggers(peer) if trigger.name == name]
    assert not left, f"List shows {left} of the refused Create"
    changes.create(name=name)


@clause(
    "triggers.create.description.characters",
    MUST,
    "The length of a description MUST be counted in characters, not in bytes.",
    source=f"{PROTO}.CreateTriggerRequest.description; Yandex Cloud documentation, API reference, "
    "Trigger.create (the maximum string length in characters)",
)
def test_a_description_is_counted_in_characters(changes: Changes) -> None:
    made = changes.create(description="ж" * 500)
    assert made.description == "ж" * 500, "the description is not as it was sent"


@clause(
    "triggers.create.rule.timer.payload.characters",
    MUST,
    "The length of a timer's payload MUST be counted in characters, not in bytes.",
    source=f"{PROTO}.Trigger.Timer.payload; Yandex Cloud documentation, API reference, "
    "Trigger.create (the maximum string length in characters)",
    features=("kind-timer",),
)
def test_a_payload_is_counted_in_characters(changes: Changes) -> None:
    made = changes.create(rule=timer(payload="ж" * 4096))
    assert made.rule.timer.payload == "ж" * 4096, "the payload is not as it was sent"


@clause(
    "triggers.create.description.beyond-the-bmp",
    MAY,
    "A character beyond U+FFFF MAY count as one; known answers: one (Tocsin), two (UTF-16).",
    source=f"{PROTO}.CreateTriggerRequest.description (what a character is, is not said)",
)
def test_characters_beyond_the_bmp_may_count_once(changes: Changes) -> None:
    changes.create(description="🔔" * 500)


@clause(
    "triggers.create.rule.last-kind-wins",
    SHOULD,
    "Of two kinds of rule in one request's bytes, the last SHOULD be taken.",
    source="protobuf.dev, Language Guide (proto 3), Oneof (only the last member seen is used)",
    features=("kind-mail", "kind-timer"),
)
def test_the_last_member_of_a_oneof_wins(changes: Changes, peer: Peer) -> None:
    mail = Trigger.Rule()
    mail.mail.invoke_function.function_id = "conformance"
    first = create_request(peer, rule=mail)
    second = type(first)(rule=timer())
    answer = peer.triggers.Create(first.SerializeToString() + second.SerializeToString())
    changes.made.maybe_trigger(answer)
    ending = changes.ending(answer)
    assert ending.ok, f"Create must succeed, but was answered {ending}"
    rule = changes.get(metadata_of(ending.operation).trigger_id).rule
    assert rule.WhichOneof("rule") == "timer", f"the rule is {rule}"


@clause(
    "triggers.create.unknown-fields",
    SHOULD,
    "Create SHOULD take a request with a field that it does not know.",
    source="protobuf.dev, Language Guide (proto 3), Unknown Fields (a new client calls an old "
    "server)",
)
def test_an_unknown_field_is_no_fault(changes: Changes, peer: Peer) -> None:
    # Field 1900, of the wire type for lengths, with three bytes.
    unknown = b"\xe2\x76\x03new"
    answer = peer.triggers.Create(create_request(peer).SerializeToString() + unknown)
    changes.made.maybe_trigger(answer)
    ending = changes.ending(answer)
    assert ending.ok, f"Create must succeed, but was answered {ending}"


@clause(
    "triggers.create.rule.mail.email.made",
    MUST,
    "A mail trigger MUST be given an address when it is created.",
    source=f"{PROTO}.Mail.email (populated on trigger creation)",
    features=("kind-mail",),
)
def test_a_mail_trigger_gets_an_address(changes: Changes) -> None:
    made = changes.create(rule=_mail())
    email = made.rule.mail.email
    assert re.fullmatch(r"[^@\s]+@[^@\s]+", email), f"the address is {email!r}"


@clause(
    "triggers.create.rule.mail.email.ignored",
    MUST,
    "The address of a mail trigger MUST NOT be what a Create asks for.",
    source=f"{PROTO}.Mail.email (ignored for write requests)",
    features=("kind-mail",),
)
def test_an_address_cannot_be_chosen(changes: Changes) -> None:
    made = changes.create(rule=_mail("mine@example.com"))
    assert made.rule.mail.email not in ("", "mine@example.com"), (
        f"the address is {made.rule.mail.email!r}"
    )


@clause(
    "triggers.create.rule.mail.email.unique",
    MUST,
    "Each mail trigger MUST have an address of its own.",
    source=f"{PROTO}.Mail.email (address to receive emails for trigger activation); Yandex Cloud "
    "documentation, Trigger for email (the address is generated for the trigger)",
    features=("kind-mail",),
)
def test_addresses_are_unique(changes: Changes) -> None:
    emails = [changes.create(rule=_mail()).rule.mail.email for _ in range(3)]
    assert len(set(emails)) == 3, f"the addresses of three triggers are {emails}"


def _mail(email: str = "") -> Any:
    rule = Trigger.Rule()
    rule.mail.email = email
    rule.mail.invoke_function.function_id = "conformance"
    return rule


@clause(
    "triggers.create.rule.cloud_logs.log_group_id.one-at-least",
    SHOULD,
    "Create SHOULD refuse a rule for cloud_logs without a log group, with INVALID_ARGUMENT.",
    source=f"{PROTO}.Trigger.CloudLogs.log_group_id (at least one value is required)",
    features=("kind-cloud_logs",),
)
def test_cloud_logs_need_a_log_group(changes: Changes, peer: Peer) -> None:
    rule = Trigger.Rule()
    rule.cloud_logs.batch_settings.cutoff.seconds = 1
    rule.cloud_logs.invoke_function.function_id = "conformance"
    request = create_request(peer, rule=rule)
    changes.refused("Create", request, Code.INVALID_ARGUMENT, why="without a log group")


@clause(
    "triggers.create.rule.iot_message.mqtt_topic.device-wildcard",
    SHOULD,
    "Create SHOULD refuse a topic with `+` in the place of the device's id, with INVALID_ARGUMENT.",
    source="Yandex Cloud documentation, Trigger for IoT Core (a wildcard in place of the device id "
    "is invalid)",
    features=("kind-iot_message",),
)
def test_a_topic_names_its_device(changes: Changes, peer: Peer) -> None:
    rule = Trigger.Rule()
    rule.iot_message.registry_id = "conformance"
    rule.iot_message.mqtt_topic = "$devices/+/events"
    rule.iot_message.invoke_function.function_id = "conformance"
    request = create_request(peer, rule=rule)
    changes.refused("Create", request, Code.INVALID_ARGUMENT, why="with $devices/+")


def _unknown_event(kind: str, number: int) -> Any:
    rule = Trigger.Rule()
    source = getattr(rule, kind)
    source.event_type.append(number)
    source.invoke_function.function_id = "conformance"
    return rule


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        pytest.param(
            kind,
            number,
            id=f"{kind}-{number}",
            marks=clause(
                f"triggers.create.rule.{kind}.event_type.{name}",
                MAY,
                f"Create MAY refuse a type of event that is {words}; known answers: refused "
                "(Tocsin).",
                source=f"{PROTO}.Trigger (the enum's numbers); nothing says what becomes of others",
                features=(f"kind-{kind}",),
            ),
        )
        for kind in ("object_storage", "container_registry")
        for number, name, words in (
            (0, "unspecified", "UNSPECIFIED"),
            (99, "unknown", "not in the contract"),
        )
    ],
)
def test_a_type_of_event_may_have_to_be_known(
    changes: Changes, peer: Peer, kind: str, number: int
) -> None:
    request = create_request(peer, rule=_unknown_event(kind, number))
    changes.refused("Create", request, Code.INVALID_ARGUMENT, why=f"with event type {number}")
