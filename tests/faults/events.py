"""Rules of triggers that listen, and events that were published: what clients choose from."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tocsin_protos.tocsin.v1 import event_service_pb2 as events_contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger as TriggerMessage

BUDGET, QUEUE, BUCKET = KINDS = ("billing_budget", "message_queue", "object_storage")
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

    `taken` are the triggers that it fires, or has fired before; `lost` those that are paused.
    """

    asked: datetime
    answered: datetime | None = None
    tries: int = 0
    taken: int = 0
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
        told.queue_id, told.service_account_id = rule.source, "account"
    elif rule.kind == BUCKET:
        told.bucket_id, told.prefix, told.suffix = rule.source, rule.prefix, rule.suffix
        told.event_type.extend(sorted(rule.changes))
    told.invoke_function.function_id = target
    return message


def rule_of(message: TriggerMessage.Rule) -> EventRule | None:
    """Returns None for a timer."""
    told: Any = getattr(message, kind := message.WhichOneof("rule") or "timer")
    if kind == BUDGET:
        return EventRule(kind, told.billing_account_id, told.budget_id)
    if kind not in KINDS:
        return None
    batching = {
        "size": told.batch_settings.size,
        "cutoff": told.batch_settings.cutoff.ToTimedelta(),
    }
    if kind == QUEUE:
        return EventRule(kind, told.queue_id, **batching)
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
    return str(element["event_metadata"]["event_id"])
