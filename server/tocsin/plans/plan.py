"""The plan: what a trigger means to the engine, whichever contract it came from."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter


@dataclass(frozen=True, slots=True)
class Function:
    function_id: str
    tag: str = ""
    service_account_id: str = ""
    kind: Literal["function"] = "function"


@dataclass(frozen=True, slots=True)
class Container:
    container_id: str
    path: str = ""
    service_account_id: str = ""
    kind: Literal["container"] = "container"


@dataclass(frozen=True, slots=True)
class Workflow:
    workflow_id: str
    service_account_id: str = ""
    kind: Literal["workflow"] = "workflow"


@dataclass(frozen=True, slots=True)
class WebsocketBroadcast:
    gateway_id: str
    path: str
    service_account_id: str
    kind: Literal["websocket_broadcast"] = "websocket_broadcast"


@dataclass(frozen=True, slots=True)
class Integration:
    name: str
    kind: Literal["integration"] = "integration"


Target: TypeAlias = Annotated[
    Function | Container | Workflow | WebsocketBroadcast | Integration,
    Field(discriminator="kind"),
]


def target_key(target: Target) -> str:
    """Returns what tells one target from all others: its kind and its id."""
    match target:
        case Function():
            return f"function/{target.function_id}"
        case Container():
            return f"container/{target.container_id}"
        case Workflow():
            return f"workflow/{target.workflow_id}"
        case WebsocketBroadcast():
            return f"websocket_broadcast/{target.gateway_id}"
        case Integration():
            return f"integration/{target.name}"


@dataclass(frozen=True, slots=True)
class Retry:
    """Calls after the first one that failed, and the pause before each."""

    attempts: int
    interval: timedelta


@dataclass(frozen=True, slots=True)
class DeadLetter:
    queue_id: str
    service_account_id: str


@dataclass(frozen=True, slots=True)
class Action:
    """What is done with each batch. It travels with its invocations, as JSON."""

    target: Target
    retry: Retry | None = None
    dead_letter: DeadLetter | None = None


_ACTION = TypeAdapter(Action)


# Actions repeat: one for all ticks of a timer, and for all that are delivered of them.
@lru_cache(maxsize=4096)
def action_to_json(action: Action) -> str:
    return _ACTION.dump_json(action).decode()


@lru_cache(maxsize=4096)
def action_from_json(text: str) -> Action:
    return _ACTION.validate_json(text)


class MisfirePolicy(StrEnum):
    """What becomes of ticks that were missed: one call for all of them, none, or one for each."""

    FIRE_ONCE = "fire_once"
    SKIP = "skip"
    FIRE_ALL = "fire_all"


# What a rule says of where its events come from: a frozen value that its module in sources/kinds
# defines. An empty text, or an empty set, lets every event pass.
Source: TypeAlias = Hashable


@dataclass(frozen=True, slots=True)
class Batching:
    """When events become a call: at `size` events, at `size_bytes` of them, or `cutoff` after the
    first one came, whichever is sooner. None: no such limit.

    One event that is bigger than `size_bytes` goes by itself.
    """

    size: int | None
    cutoff: timedelta
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a trigger's events come from, how they are grouped, and what is done with them.

    `kind` is the name of the rule in its contract (`timer`, `message_queue`, …). One that is not
    active is paused, and nothing of it fires. `created_at` None: it is not yet.
    """

    trigger_id: str
    folder_id: str
    kind: str
    source: Source
    batching: Batching | None
    actions: tuple[Action, ...]
    active: bool = True
    created_at: datetime | None = None
