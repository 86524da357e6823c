"""Wrong servers with one rule of the contract replaced: an option removed, or moved by one."""

from dataclasses import replace
from typing import Any

from mutants.changes import (
    Code,
    made,
    refuses,
    set_to,
    shows,
    takes,
    trigger_of,
)
from mutants.declaring import Mutant
from mutants.proxies.calls import Call, Forward, Reply
from mutants.wrong.changing import after

CREATE, UPDATE, GET, LIST, PAUSE, DELETE = (
    f"TriggerService/{name}" for name in ("Create", "Update", "Get", "List", "Pause", "Delete")
)

KINDS = ("timer", "message_queue", "logging", "mail")

# Fields with an option, of kinds of rules and of actions that differ.
REMOVED = {
    "required": (
        "folder_id",
        "rule",
        "rule.timer.cron_expression",
        "rule.timer.gateway_websocket_broadcast.path",
        "rule.message_queue.queue_id",
        "rule.timer.invoke_function_with_retry.retry_settings.interval",
    ),
    "length": (
        "description",
        "rule.timer.payload",
        "rule.mail.attachments_bucket.bucket_id",
        "rule.timer.invoke_function.function_id",
    ),
    "pattern": ("name", "labels", "labels.map_key", "rule.logging.resource_type"),
    "size": ("labels", "rule.object_storage.event_type", "rule.logging.levels"),
    "value": (
        "rule.message_queue.batch_settings.size",
        "rule.message_queue.visibility_timeout",
        "rule.timer.invoke_function_with_retry.retry_settings.retry_attempts",
        "rule.logging.batch_settings.cutoff",
    ),
    "exactly_one": ("rule.rule", "rule.timer.action", "rule.mail.action"),
}

# A range whose end is moved: the field, how much it has, and the last that is allowed.
MOVED = (
    (
        "description.length",
        "a description of 499 characters at most",
        lambda r: len(r.description) == 500,
    ),
    (
        "rule.timer.payload.length",
        "a payload of 4095 characters at most",
        lambda r: len(r.rule.timer.payload) == 4096,
    ),
    ("labels.size", "63 labels at most", lambda r: len(r.labels) == 64),
    (
        "labels.length",
        "values of 62 characters at most",
        lambda r: any(len(value) == 63 for value in r.labels.values()),
    ),
    (
        "rule.logging.resource_id.size",
        "99 resources at most",
        lambda r: len(r.rule.logging.resource_id) == 100,
    ),
    (
        "rule.timer.invoke_function_with_retry.retry_settings.retry_attempts.value",
        "four repeats at most",
        lambda r: r.rule.timer.invoke_function_with_retry.retry_settings.retry_attempts == 5,
    ),
    (
        "rule.timer.invoke_function_with_retry.retry_settings.interval.value",
        "intervals of 11 seconds at least",
        lambda r: r.rule.timer.invoke_function_with_retry.retry_settings.interval.seconds == 10,
    ),
    (
        "rule.data_stream.batch_settings.size.value",
        "65535 bytes at most",
        lambda r: r.rule.data_stream.batch_settings.size == 65536,
    ),
)


def removed(method: str, field: str, option: str) -> Mutant:
    where = method.rpartition("/")[2].lower()
    return takes(
        f"triggers.{where}.{field}.{option}",
        method,
        f"does not hold {field} to its option {option}",
        family=f"triggers.{where}.*.{option}",
    )


def moved(method: str, field: str, does: str, fits: Any) -> Mutant:
    where = method.rpartition("/")[2].lower()
    one = refuses(f"triggers.{where}.{field}", method, f"takes {does}", lambda c: fits(c.request))
    return replace(one, number=2)


RULES = [
    *(removed(CREATE, field, option) for option, fields in REMOVED.items() for field in fields),
    *(
        removed(UPDATE, field, option)
        for option, fields in REMOVED.items()
        for field in fields
        if field not in ("folder_id", "rule")
    ),
]

EDGES = [
    *(moved(method, *each) for method in (CREATE, UPDATE) for each in MOVED),
]


def unrenamed(call: Call, forward: Forward) -> Reply:
    """Finds triggers under their former names."""
    if call.method == UPDATE and call.request.name:
        call.memory[trigger_of(call).name] = call.request.name
    if call.method == LIST:
        for former, new in call.memory.items():
            call.request.filter = call.request.filter.replace(former, new)
    return forward(call.request)


def kept_after_delete(call: Call, forward: Forward) -> Reply:
    if call.method == DELETE:
        call.memory[call.request.trigger_id] = trigger_of(call)
    reply = forward(call.request)
    if call.method == GET and reply.code is Code.NOT_FOUND:
        shown = call.memory.get(call.request.trigger_id)
        return reply if shown is None else Reply(message=shown)
    return reply


def no_targets(message: Any) -> None:
    kind = message.rule.WhichOneof("rule")
    rule = getattr(message.rule, kind)
    rule.ClearField(rule.WhichOneof("action"))


EACH_KIND = [
    *(
        after(
            UPDATE,
            f"triggers.update.rule.{kind}.left-alone",
            "drops the action of a rule that is not updated",
            no_targets,
            "triggers.update.rule.*.left-alone",
        )
        for kind in KINDS
    ),
    *(
        after(
            PAUSE,
            f"triggers.pause.{kind}.left-alone",
            "drops the action of what was paused",
            no_targets,
            "triggers.pause.*.left-alone",
        )
        for kind in KINDS
    ),
    *(
        shows(
            f"triggers.list.{kind}.as-get",
            LIST,
            "lists triggers without their actions",
            lambda m, _: [no_targets(each) for each in m.triggers],
            family="triggers.list.*.as-get",
        )
        for kind in KINDS
    ),
    *(
        made(
            kept_after_delete,
            "finds what was deleted",
            f"triggers.delete.{kind}.gone",
            "",
            "triggers.delete.*.gone",
        )
        for kind in KINDS
    ),
]

NAMES = [
    takes(
        "triggers.update.name.unique",
        UPDATE,
        "takes a name twice in Updates",
        of=Code.ALREADY_EXISTS,
    ),
    refuses(
        "triggers.update.name.per-folder",
        UPDATE,
        "refuses names that any folder has",
        lambda c: c.request.name,
        Code.ALREADY_EXISTS,
    ),
    refuses(
        "triggers.update.name.free-after-delete",
        UPDATE,
        "keeps names for ever",
        lambda c: c.request.name,
        Code.ALREADY_EXISTS,
    ),
    made(unrenamed, "finds triggers under their former names", "triggers.list.filter.renamed", ""),
    shows(
        "triggers.create.id.unique",
        GET,
        "shows all triggers under one id",
        lambda m, c: set_to(m, id=c.memory.setdefault("id", m.id)),
    ),
    shows(
        "triggers.create.rule.mail.email.unique",
        GET,
        "gives all mail triggers one address",
        lambda m, c: (
            m.rule.HasField("mail")
            and set_to(m.rule.mail, email=c.memory.setdefault("email", m.rule.mail.email))
        ),
    ),
    shows(
        "triggers.create.rule.timer.payload.verbatim",
        GET,
        "strips payloads",
        lambda m, _: (
            m.rule.HasField("timer") and set_to(m.rule.timer, payload=m.rule.timer.payload.strip())
        ),
    ),
]
