"""Lists the kinds of sources, except the timer: its events are ticks of the clock.

A new kind is a new module here, and its `KIND` in this list. CONTRIBUTING.md has the recipe.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

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
from tocsin.sources.kinds.definition import Event, Kind

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
    """Returns the kind whose events are of this event's type."""
    return _BY_EVENT[type(event)]


# The longest key that an index can hold on every store; some ids in rules have no limit.
LONGEST_KEY = 256


def keys_of_plan(plan: Plan) -> tuple[str, ...]:
    """Returns the keys by which events find a trigger; empty for a timer."""
    kind = KINDS.get(plan.kind)
    return () if kind is None else _indexed(kind.keys_of_source(plan.source))


def keys_of_event(event: Event) -> tuple[str, ...]:
    """Returns the keys by which an event finds triggers, each once."""
    return _indexed(kind_of(event).keys_of_event(event))


def short_key(key: str) -> str:
    """Returns the key, or a digest of it if an index can't hold it."""
    if len(key) <= LONGEST_KEY and "\0" not in key:
        return key
    return f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def _indexed(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(short_key(key) for key in keys))
