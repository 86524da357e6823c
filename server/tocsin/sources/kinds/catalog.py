"""All kinds of sources but the timer, whose events are ticks of the clock.

A kind more is a module more, and a line here.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, TypeAlias

from tocsin.plans.plan import Plan
from tocsin.sources.kinds import (
    billing_budget,
    cloud_logs,
    container_registry,
    data_stream,
    iot,
    logging,
    mail,
    message_queue,
    object_storage,
)
from tocsin.sources.kinds.billing_budget import BudgetEvent
from tocsin.sources.kinds.cloud_logs import CloudLogsRecord
from tocsin.sources.kinds.container_registry import RegistryEvent
from tocsin.sources.kinds.data_stream import StreamRecord
from tocsin.sources.kinds.definition import Kind
from tocsin.sources.kinds.iot import IotBrokerMessage, IotMessage
from tocsin.sources.kinds.logging import LogRecord
from tocsin.sources.kinds.mail import MailEvent
from tocsin.sources.kinds.message_queue import QueueMessage
from tocsin.sources.kinds.object_storage import ObjectEvent

Event: TypeAlias = (
    QueueMessage
    | IotMessage
    | IotBrokerMessage
    | ObjectEvent
    | RegistryEvent
    | CloudLogsRecord
    | LogRecord
    | BudgetEvent
    | StreamRecord
    | MailEvent
)

KINDS: Mapping[str, Kind[Any, Any]] = {
    kind.name: kind
    for kind in (
        message_queue.KIND,
        iot.KIND,
        iot.BROKER_KIND,
        object_storage.KIND,
        container_registry.KIND,
        cloud_logs.KIND,
        logging.KIND,
        billing_budget.KIND,
        data_stream.KIND,
        mail.KIND,
    )
}
_BY_EVENT: Mapping[type, Kind[Any, Any]] = {kind.event: kind for kind in KINDS.values()}


def kind_of(event: Event) -> Kind[Any, Any]:
    return _BY_EVENT[type(event)]


# What an index can hold on every store; some ids that a rule may name have no limit.
LONGEST_KEY = 256


def keys_of_plan(plan: Plan) -> tuple[str, ...]:
    """Returns the keys by which events find a trigger; a timer has none."""
    kind = KINDS.get(plan.kind)
    return () if kind is None else _indexed(kind.keys_of_source(plan.source))


def keys_of_event(event: Event) -> tuple[str, ...]:
    """Returns the keys by which an event finds triggers, each once."""
    return _indexed(kind_of(event).keys_of_event(event))


def short_key(key: str) -> str:
    """Returns the key, or a digest in its place where an index could not hold it."""
    if len(key) <= LONGEST_KEY and "\0" not in key:
        return key
    return f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def _indexed(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(short_key(key) for key in keys))
