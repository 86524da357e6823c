"""Rules of triggers that listen, and events that were published: what clients choose from."""

import base64
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tocsin_protos.tocsin.v1 import event_service_pb2 as events_contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger as TriggerMessage

BUDGET, QUEUE, BUCKET = KINDS = ("billing_budget", "message_queue", "object_storage")
# Of these, and of the queue, events come from real sources too.
STREAM, BROKER, MAIL = "data_stream", "iot_broker_message", "mail"
NAMED_BY = {QUEUE: "queue_id", STREAM: "stream", BROKER: "broker_id", MAIL: "email"}
# A broker sends again what was not acknowledged, and nothing in it tells that it came before.
AT_LEAST_ONCE = (BROKER,)
RECORD_BYTES = 100
SOURCES = ("one", "two")
BUDGETS = ("dev", "prod")
FOLDERS = ("in/", "out/")
ENDINGS = (".png", ".txt")
CHANGES = (1, 2, 3)
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class EventRule:
    """What a trigger listens to. An empty text lets all pass; `changes` are only for a bucket."""

    kind: str
    source: str
    budget: str = ""
    changes: frozenset[int] = frozenset()
    prefix: str = ""
    suffix: str = ""
    size: int = 1
    cutoff: timedelta = timedelta()


@dataclass
class Sending:
    """One call that published an event, repeated until there was an answer.

    `taken` are the triggers that it fires, or has fired before; `lost` those that are paused. A
    source that is not ours does not tell: `taken` is None.
    """

    asked: datetime
    answered: datetime | None = None
    tries: int = 0
    taken: int | None = 0
    lost: int = 0


@dataclass
class Event:
    """`what` is a budget or the key of an object. The same event may be published again."""

    id: str
    kind: str
    source: str
    what: str = ""
    change: int = 0
    sendings: list[Sending] = field(default_factory=list)


def some_rule(kind: str, chance: random.Random) -> EventRule:
    source = chance.choice(SOURCES)
    if kind == BUDGET:
        return EventRule(kind, source, budget=chance.choice(("", *BUDGETS)))
    size = chance.choice((1, 2, 5))
    cutoff = chance.choice((0, 100, 700)) * MILLISECOND
    if kind == QUEUE:
        return EventRule(kind, source, size=size, cutoff=cutoff)
    return EventRule(
        kind,
        chance.choice(("", source)),
        changes=frozenset(chance.sample(CHANGES, chance.randint(1, 3))),
        prefix=chance.choice(("", *FOLDERS)),
        suffix=chance.choice(("", *ENDINGS)),
        size=size,
        cutoff=cutoff,
    )


def some_event(event_id: str, chance: random.Random) -> Event:
    kind, source = chance.choice(KINDS), chance.choice(SOURCES)
    if kind == BUDGET:
        return Event(event_id, kind, source, chance.choice(BUDGETS))
    if kind == QUEUE:
        return Event(event_id, kind, source)
    key = chance.choice(FOLDERS) + event_id + chance.choice(ENDINGS)
    return Event(event_id, kind, source, key, chance.choice(CHANGES))


# In the words of the contracts


def rule_message(rule: EventRule, target: str) -> TriggerMessage.Rule:
    message = TriggerMessage.Rule()
    told: Any = getattr(message, rule.kind)
    if rule.kind == BUDGET:
        told.billing_account_id, told.budget_id = rule.source, rule.budget
    else:
        told.batch_settings.size = rule.size
        told.batch_settings.cutoff.FromTimedelta(rule.cutoff)
    if rule.kind == QUEUE:
        told.service_account_id = "account"
    if rule.kind in NAMED_BY:
        setattr(told, NAMED_BY[rule.kind], rule.source)
    if rule.kind == STREAM and rule.size > 1:
        told.batch_settings.size = rule.size * RECORD_BYTES
    if rule.kind == BUCKET:
        told.bucket_id, told.prefix, told.suffix = rule.source, rule.prefix, rule.suffix
        told.event_type.extend(sorted(rule.changes))
    told.invoke_function.function_id = target
    return message


def rule_of(message: TriggerMessage.Rule) -> EventRule | None:
    """Returns None for a timer."""
    told: Any = getattr(message, kind := message.WhichOneof("rule") or "timer")
    if kind == BUDGET:
        return EventRule(kind, told.billing_account_id, told.budget_id)
    if kind not in (*KINDS, *NAMED_BY):
        return None
    size = told.batch_settings.size
    batching = {
        "size": size // RECORD_BYTES if kind == STREAM and size > 1 else size,
        "cutoff": told.batch_settings.cutoff.ToTimedelta(),
    }
    if kind in NAMED_BY:
        return EventRule(kind, getattr(told, NAMED_BY[kind]), **batching)
    return EventRule(
        kind,
        told.bucket_id,
        changes=frozenset(told.event_type),
        prefix=told.prefix,
        suffix=told.suffix,
        **batching,
    )


def event_message(event: Event) -> events_contract.SourceEvent:
    message = events_contract.SourceEvent(id=event.id)
    if event.kind == BUDGET:
        budget = message.billing_budget
        budget.billing_account_id, budget.budget_id = event.source, event.what
        # The payload of a budget has no id of its own.
        budget.budget_display_name = event.id
    elif event.kind == QUEUE:
        message.message_queue.queue_id, message.message_queue.body = event.source, event.id
    else:
        changed = message.object_storage
        changed.bucket_id, changed.object_id = event.source, event.what
        changed.change = event.change  # type: ignore[assignment]
    return message


def id_in(element: Mapping[str, Any]) -> str:
    """Returns the id of the event that an element of a call's `messages` is."""
    if "budget_display_name" in element:
        return str(element["budget_display_name"])
    if "event" in element:  # a record of a stream
        return str(element["event"])
    if "headers" in element:  # a mail
        return str(element["message"]).strip()
    details = element["details"]
    if "queue_id" in details:
        return str(details["message"]["body"])
    if "payload" in details:
        return base64.b64decode(details["payload"]).decode()
    return str(element["event_metadata"]["event_id"])


def record_of(event_id: str) -> str:
    """A stream's record, of RECORD_BYTES."""
    record = json.dumps({"event": event_id, "pad": ""})
    return record[:-2] + "x" * (RECORD_BYTES - len(record)) + record[-2:]
