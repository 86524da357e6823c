"""Wrong servers of the profile `triggers`: updating, pausing, deleting, keys of idempotency."""

import time
import uuid
from collections.abc import Callable
from typing import Any

from mutants.changes import (
    Code,
    asks,
    does_more,
    in_response,
    made,
    refuses,
    set_to,
    shows,
    takes,
    trigger_of,
)
from mutants.declaring import Mutant
from mutants.proxies.calls import Call, Forward, Reply, refused
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract

GET, CREATE, UPDATE, DELETE, PAUSE, RESUME = (
    f"TriggerService/{name}" for name in ("Get", "Create", "Update", "Delete", "Pause", "Resume")
)
LIST_OPERATIONS = "TriggerService/ListOperations"
PAUSED = 2
KEY = "idempotency-key"


def mask(call: Call) -> Any:
    return call.request.update_mask.paths


def also(name: str) -> Callable[[Call], None]:
    """Writes a field that the mask does not name."""

    def change(call: Call) -> None:
        if mask(call) and name not in mask(call):
            mask(call).append(name)

    return change


def kept(name: str, *, without_mask: bool) -> Callable[[Call], None]:
    """Leaves a field as it was that has to be reset."""

    def change(call: Call) -> None:
        if bool(mask(call)) is not without_mask and not getattr(call.request, name):
            before = getattr(trigger_of(call), name)
            if name == "labels":
                call.request.labels.update(before)
            else:
                setattr(call.request, name, before)

    return change


def whole_rule(call: Call) -> None:
    """Writes the whole rule where a field within it is named."""
    if any(path.startswith("rule.") for path in mask(call)):
        set_paths(call, "rule")
        call.request.rule.timer.cron_expression = (
            call.request.rule.timer.cron_expression or "0 0 29 2 ? 2096"
        )
        action = call.request.rule.timer.invoke_function_with_retry
        action.function_id = action.function_id or "f"
        if action.HasField("retry_settings"):
            action.retry_settings.interval.seconds = action.retry_settings.interval.seconds or 10
            action.retry_settings.retry_attempts = action.retry_settings.retry_attempts or 1


def set_paths(call: Call, *paths: str) -> None:
    del mask(call)[:]
    mask(call).extend(paths)


def merged(call: Call) -> None:
    labels = {**trigger_of(call).labels, **call.request.labels}
    call.request.labels.update(labels)


def changed_after_mask(path: str, change: Callable[[Any], Any]) -> Mutant:
    def wrong(call: Call, forward: Forward) -> Reply:
        if call.method == UPDATE and path in mask(call):
            call.memory[call.request.trigger_id] = True
        reply = forward(call.request)
        if call.method == GET and reply.ok and call.memory.get(call.request.trigger_id):
            change(reply.message)
        return reply

    clause = f"triggers.update.mask.output-only.{path.rpartition('.')[2]}"
    family = "triggers.update.mask.output-only.*"
    return made(wrong, f"lets a mask write {path}", clause, "", family)


def after(
    method: str, breaks: str, does: str, change: Callable[[Any], Any], family: str = ""
) -> Mutant:
    """Shows a trigger otherwise once a method was called for it."""

    def wrong(call: Call, forward: Forward) -> Reply:
        reply = forward(call.request)
        if call.method == method and reply.ok:
            call.memory[call.request.trigger_id] = True
        if call.method == GET and reply.ok and call.memory.get(call.request.trigger_id):
            change(reply.message)
        return reply

    return made(wrong, does, breaks, "", family)


def others(
    method: str, breaks: str, does: str, make_request: Callable[[str], Any], family: str = ""
) -> Mutant:
    """Does the same to all triggers that were created."""

    def wrong(call: Call, forward: Forward) -> Reply:
        reply = forward(call.request)
        if call.method == CREATE and reply.ok:
            metadata = contract.CreateTriggerMetadata()
            reply.message.metadata.Unpack(metadata)
            call.memory.setdefault("all", []).append(metadata.trigger_id)
        if call.method == method and reply.ok:
            for other in call.memory.get("all", []):
                if other != call.request.trigger_id:
                    call.ask(method, make_request(other))
        return reply

    return made(wrong, does, breaks, "", family)


def again(method: str, instead: str, breaks: str, does: str) -> Mutant:
    """Does the opposite when it is called for the second time."""

    def wrong(call: Call, forward: Forward) -> Reply:
        reply = forward(call.request)
        seen = call.memory.get(call.request.trigger_id)
        call.memory[call.request.trigger_id] = True
        if seen and reply.ok:
            call.ask(instead, by_id(instead, call.request.trigger_id))
        return reply

    return made(wrong, does, breaks, method)


def by_id(method: str, trigger_id: str) -> Any:
    kind = getattr(contract, f"{method.rpartition('/')[2]}TriggerRequest")
    return kind(trigger_id=trigger_id)


def described(trigger_id: str, text: str) -> Any:
    request = contract.UpdateTriggerRequest(trigger_id=trigger_id, description=text)
    request.update_mask.paths.append("description")
    return request


def resume_restores(call: Call, forward: Forward) -> Reply:
    reply = forward(call.request)
    if call.method == PAUSE and reply.ok:
        call.memory[call.request.trigger_id] = trigger_of(call)
    before = call.memory.get(getattr(call.request, "trigger_id", ""))
    if call.method == RESUME and reply.ok and before is not None:
        update = contract.UpdateTriggerRequest(
            trigger_id=before.id,
            name=before.name,
            description=before.description,
            labels=before.labels,
            rule=before.rule,
        )
        call.ask(UPDATE, update)
    return reply


def paused_is_not_deleted(call: Call, forward: Forward) -> Reply:
    if trigger_of(call).status == PAUSED:
        return refused(Code.FAILED_PRECONDITION)
    return forward(call.request)


def heirs(call: Call, forward: Forward) -> Reply:
    if call.method == DELETE:
        call.memory["deleted"] = trigger_of(call)
    if call.method == CREATE and "deleted" in call.memory:
        deleted = call.memory["deleted"]
        call.request.description = call.request.description or deleted.description
        call.request.labels.update(call.request.labels or deleted.labels)
        call.request.rule.timer.payload = call.request.rule.timer.payload or "an heir"
    return forward(call.request)


def read_then_write(call: Call, forward: Forward) -> Reply:
    """Reads a trigger, waits, and writes all of it."""
    before, asked = trigger_of(call), call.request
    time.sleep(0.05)
    if not mask(call) or not before.id:
        return forward(asked)
    named = set(mask(call))
    whole = contract.UpdateTriggerRequest(trigger_id=asked.trigger_id)
    for name in ("name", "description"):
        setattr(whole, name, getattr(asked if name in named else before, name))
    whole.labels.update((asked if "labels" in named else before).labels)
    whole.rule.CopyFrom((asked if "rule" in named else before).rule)
    return forward(whole)


def one_delete_breaks(call: Call, forward: Forward) -> Reply:
    reply = forward(call.request)
    return reply if reply.ok else refused(Code.INTERNAL)


def written_when_refused(call: Call, forward: Forward) -> Reply:
    reply = forward(call.request)
    if not reply.ok:
        call.ask(UPDATE, described(call.request.trigger_id, "written all the same"))
    return reply


def own_name_is_taken(call: Call) -> bool:
    return bool(call.request.name) and call.request.name == trigger_of(call).name


def another_kind(call: Call, forward: Forward) -> Reply:
    if call.method == UPDATE and any(p.startswith("rule.") for p in mask(call)):
        call.memory[call.request.trigger_id] = [p.split(".")[1] for p in mask(call) if "." in p]
    reply = forward(call.request)
    if (
        call.method == GET
        and reply.ok
        and not reply.message.rule.HasField((call.memory.get(reply.message.id) or ["timer"])[0])
    ):
        getattr(reply.message.rule, call.memory[reply.message.id][0]).SetInParent()
    return reply


def without_key(call: Call) -> None:
    call.metadata[:] = [pair for pair in call.metadata if pair[0] != KEY]


def a_key_for_all(call: Call) -> None:
    key = call.memory.setdefault("key", str(uuid.uuid4()))
    without_key(call)
    call.metadata.append((KEY, key))


def new_id_for_repeats(message: Any, call: Call) -> None:
    key = dict(call.metadata).get(KEY)
    if key is not None:
        seen = call.memory.setdefault(key, [])
        seen.append(1)
        message.id = message.id if len(seen) == 1 else f"{message.id[:-1]}{len(seen)}"


def twice(message: Any, call: Call) -> None:
    for operation in list(message.operations):
        message.operations.add().CopyFrom(operation)


MASKS = [
    *(
        asks(
            f"triggers.update.mask.{name}-alone",
            UPDATE,
            f"writes {other} with {name}",
            also(other),
            family="triggers.update.mask.*-alone",
        )
        for name, other in (
            ("name", "description"),
            ("description", "labels"),
            ("labels", "name"),
            ("rule", "description"),
        )
    ),
    asks(
        "triggers.update.mask.several",
        UPDATE,
        "takes the first path of a mask",
        lambda c: set_paths(c, *mask(c)[:1]),
    ),
    *(
        asks(
            f"triggers.update.mask.{name}-reset",
            UPDATE,
            f"keeps {name} if the mask names it without a value",
            kept(name, without_mask=False),
        )
        for name in ("name", "description", "labels")
    ),
    asks(
        "triggers.update.no-mask.all-fields",
        UPDATE,
        "writes the name alone without a mask",
        lambda c: None if mask(c) else set_paths(c, "name"),
    ),
    *(
        asks(
            f"triggers.update.no-mask.{name}-reset",
            UPDATE,
            f"keeps {name} if there is no mask and no value",
            kept(name, without_mask=True),
        )
        for name in ("name", "description", "labels")
    ),
    *(
        asks(
            f"triggers.update.mask.leaf.{leaf}",
            UPDATE,
            "writes the whole rule where the mask names a part of it",
            whole_rule,
            family="triggers.update.mask.leaf.*",
        )
        for leaf in ("cron_expression", "payload", "number")
    ),
    asks(
        "triggers.update.mask.leaf.several",
        UPDATE,
        "takes the first path below rule",
        lambda c: set_paths(c, *mask(c)[:1]),
    ),
    takes("triggers.update.mask.leaf.is-checked", UPDATE, "does not check a part of a rule"),
    made(
        another_kind,
        "changes the kind where a path leads into another one",
        "triggers.update.mask.leaf.of-other-kind",
        "",
    ),
    changed_after_mask("id", lambda m: set_to(m, id="a1sotherid0000000000")),
    changed_after_mask("folder_id", lambda m: set_to(m, folder_id="b1gotherfolder000000")),
    changed_after_mask("created_at", lambda m: set_to(m.created_at, seconds=1)),
    changed_after_mask("status", lambda m: set_to(m, status=PAUSED)),
    asks("triggers.update.labels.replaced", UPDATE, "merges labels", merged),
]

UPDATING = [
    shows(
        "triggers.update.response.as-get",
        UPDATE,
        "responds with the trigger as it was named",
        lambda m, _: in_response(m, lambda t: set_to(t, description="before")),
    ),
    *(
        after(
            UPDATE,
            f"triggers.update.{name}.stays",
            f"changes {name} with an Update",
            change,
            family="triggers.update.*.stays",
        )
        for name, change in (
            ("folder_id", lambda m: set_to(m, folder_id="b1gotherfolder000000")),
            ("created_at", lambda m: m.created_at.GetCurrentTime()),
        )
    ),
    does_more(
        "triggers.update.status.paused-stays",
        UPDATE,
        "resumes what it updates",
        lambda c, _: c.ask(RESUME, by_id(RESUME, c.request.trigger_id)),
    ),
    does_more(
        "triggers.update.status.active-stays",
        UPDATE,
        "pauses what it updates",
        lambda c, _: c.ask(PAUSE, by_id(PAUSE, c.request.trigger_id)),
    ),
    others(
        UPDATE,
        "triggers.update.others-stay",
        "describes all triggers alike",
        lambda other: described(other, "as another one"),
    ),
    refuses(
        "triggers.update.name.own",
        UPDATE,
        "refuses a trigger's own name",
        own_name_is_taken,
        Code.ALREADY_EXISTS,
    ),
    made(
        written_when_refused,
        "writes the description of an Update that it refuses",
        "triggers.update.refused.changes-nothing",
        UPDATE,
    ),
    asks(
        "triggers.update.what-was-read",
        UPDATE,
        "adds a full stop to a description",
        lambda c: set_to(c.request, description=f"{c.request.description}."),
    ),
    after(
        UPDATE,
        "triggers.update.rule.mail.email.stays",
        "gives an updated trigger a new address",
        lambda m: set_to(m.rule.mail, email="another@localhost"),
    ),
    after(
        UPDATE,
        "triggers.update.rule.logging.written",
        "drops the log group of an Update",
        lambda m: m.rule.logging.ClearField("log_group_id"),
        "triggers.update.rule.*.written",
    ),
    after(
        UPDATE,
        "triggers.update.rule.timer.written",
        "drops the payload of an Update",
        lambda m: m.rule.timer.ClearField("payload"),
        "triggers.update.rule.*.written",
    ),
    *(
        takes(
            f"triggers.update.{what}.{kind}-stays",
            UPDATE,
            f"takes another {does} for a {kind}",
            family=f"triggers.update.{what}.*-stays",
        )
        for what, does in (("kind", "kind of rule"), ("resource", "kind of target"))
        for kind in ("timer", "mail")
    ),
    takes(
        "triggers.update.name.race",
        UPDATE,
        "lets several of a race have one name",
        of=Code.ALREADY_EXISTS,
    ),
    made(
        read_then_write,
        "reads a trigger, waits, and writes all of it",
        "triggers.update.race.no-write-lost",
        UPDATE,
    ),
]

STATES = [
    shows(
        "triggers.pause.paused",
        GET,
        "shows all triggers as active",
        lambda m, _: set_to(m, status=1),
    ),
    after(
        PAUSE,
        "triggers.resume.active",
        "shows what was paused as paused for ever",
        lambda m: set_to(m, status=PAUSED),
    ),
    does_more(
        "triggers.pause.nothing-else",
        PAUSE,
        "describes what it pauses",
        lambda c, _: c.ask(UPDATE, described(c.request.trigger_id, "paused")),
    ),
    does_more(
        "triggers.resume.nothing-else",
        RESUME,
        "describes what it resumes",
        lambda c, _: c.ask(UPDATE, described(c.request.trigger_id, "resumed")),
    ),
    others(
        PAUSE,
        "triggers.pause.others-stay",
        "pauses all triggers",
        lambda other: by_id(PAUSE, other),
    ),
    others(
        RESUME,
        "triggers.resume.others-stay",
        "resumes all triggers",
        lambda other: by_id(RESUME, other),
    ),
    others(
        DELETE,
        "triggers.delete.others-stay",
        "deletes all triggers",
        lambda other: by_id(DELETE, other),
    ),
    shows(
        "triggers.pause.response.as-get",
        PAUSE,
        "responds with the trigger before the Pause",
        lambda m, _: in_response(m, lambda t: set_to(t, status=1)),
    ),
    shows(
        "triggers.resume.response.as-get",
        RESUME,
        "responds with the trigger before the Resume",
        lambda m, _: in_response(m, lambda t: set_to(t, status=PAUSED)),
    ),
    again(PAUSE, RESUME, "triggers.pause.again.state", "resumes what is paused twice"),
    again(RESUME, PAUSE, "triggers.resume.again.state", "pauses what is resumed twice"),
    made(
        resume_restores,
        "restores what it was when it was paused",
        "triggers.resume.after-update",
        "",
    ),
    made(
        paused_is_not_deleted, "refuses to delete what is paused", "triggers.delete.paused", DELETE
    ),
    made(heirs, "gives a new trigger what a deleted one had", "triggers.delete.frees-no-id", ""),
    made(one_delete_breaks, "breaks at the second Delete", "triggers.delete.race", DELETE),
    after(
        PAUSE,
        "triggers.pause.race",
        "has no status after a Pause",
        lambda m: m.ClearField("status"),
    ),
]

KEYS = [
    *(
        shows(
            f"triggers.idempotency.{method.lower()}.same-operation",
            f"TriggerService/{method}",
            f"answers a repeated {method} with another operation",
            new_id_for_repeats,
            family="triggers.idempotency.*.same-operation",
        )
        for method in ("Create", "Delete")
    ),
    *(
        asks(
            f"triggers.idempotency.{method.lower()}.runs-once",
            f"TriggerService/{method}",
            f"knows no idempotency-key for {method}",
            without_key,
            family="triggers.idempotency.*.runs-once",
        )
        for method in ("Create", "Update", "Pause", "Resume")
    ),
    shows("triggers.idempotency.one-operation", LIST_OPERATIONS, "lists operations twice", twice),
    asks("triggers.idempotency.other-key", CREATE, "takes all keys for one", a_key_for_all),
    asks("triggers.idempotency.no-key", CREATE, "takes calls without a key for one", a_key_for_all),
    asks("triggers.idempotency.race", CREATE, "knows no idempotency-key in a race", without_key),
]
