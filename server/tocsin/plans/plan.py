"""Defines the plan: what a trigger means to the engine, whichever contract it came from."""

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
class Output:
    """A parameter that comes back from an integration: its declared type, and how it is shown.

    One that was given and does not come back keeps its value if it is `kept`.
    """

    key: str
    data_type: str
    masked: bool = False
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Integration:
    """An integration: of the settings by its name, or with the URL of its published version.

    One that was registered over the API also has its `location`; names are unique within it. Only
    `outputs` come back from it, or everything if they are None.
    """

    name: str
    location: str = ""
    url: str = ""
    service_account_id: str = ""
    outputs: tuple[Output, ...] | None = None
    kind: Literal["integration"] = "integration"


@dataclass(frozen=True, slots=True)
class Notice:
    """The webhook or the mail of a receiver of notices, by its name in the settings."""

    receiver: str
    service_account_id: str = ""
    kind: Literal["notice"] = "notice"


Target: TypeAlias = Annotated[
    Function | Container | Workflow | WebsocketBroadcast | Integration | Notice,
    Field(discriminator="kind"),
]


def target_key(target: Target) -> str:
    """Returns the key that identifies a target among all: its kind and its id."""
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
            location = f"{target.location}/integrations/" if target.location else ""
            return f"integration/{location}{target.name}"
        case Notice():
            return f"notice/{target.receiver}"


@dataclass(frozen=True, slots=True)
class Retry:
    """Says how often a failed call is repeated, and how long the pause before each try is.

    `interval` is the first pause; `growth` says how the others follow from it.
    """

    attempts: int
    interval: timedelta
    growth: Literal["fixed", "linear", "exponential"] = "fixed"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    queue_id: str
    service_account_id: str


DEAD_LETTER_QUEUE = "dead_letter_queue/"


def queue_key(queue: DeadLetter) -> str:
    """Returns the key that identifies a dead letter queue among all that deliveries go to."""
    return f"{DEAD_LETTER_QUEUE}{queue.queue_id}"


def is_queue_key(key: str) -> bool:
    """Returns whether a key is that of a dead letter queue, and not of a target."""
    return key.startswith(DEAD_LETTER_QUEUE)


@dataclass(frozen=True, slots=True)
class Action:
    """Says what to call with each batch. Invocations carry their action as JSON."""

    target: Target
    retry: Retry | None = None
    dead_letter: DeadLetter | None = None


_ACTION = TypeAdapter(Action)


# All ticks of a timer, and all their deliveries, share one action.
@lru_cache(maxsize=4096)
def action_to_json(action: Action) -> str:
    return _ACTION.dump_json(action).decode()


@lru_cache(maxsize=4096)
def action_from_json(text: str) -> Action:
    return _ACTION.validate_json(text)


def outputs_of_action(text: str) -> tuple[Output, ...] | None:
    """Returns what comes back from the integration that an action calls; None for everything."""
    target = action_from_json(text).target
    return target.outputs if isinstance(target, Integration) else None


def target_of_action(text: str) -> str:
    """Returns the key of the target that an action calls, by the action's JSON."""
    return target_key(action_from_json(text).target)


class MisfirePolicy(StrEnum):
    """Says how missed ticks are made up for: by one call for all, by none, or by one for each."""

    FIRE_ONCE = "fire_once"
    SKIP = "skip"
    FIRE_ALL = "fire_all"


# A frozen value that the kind's module in sources/kinds defines: where events come from, and which
# of them match. An empty string or an empty set matches every event.
Source: TypeAlias = Hashable


@dataclass(frozen=True, slots=True)
class Batching:
    """Says when a batch is complete: at `size` events, at `size_bytes`, or `cutoff` after its first
    event, whichever comes first. None means no such limit.

    An event that is bigger than `size_bytes` makes a batch by itself.
    """

    size: int | None
    cutoff: timedelta
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Says where a trigger's events come from, how they are batched, and what they call.

    `kind` is the name of the rule in its contract (`timer`, `message_queue`, …). A trigger that is
    not active is paused and does not fire. `created_at` is None for a trigger that is not stored.
    """

    trigger_id: str
    folder_id: str
    kind: str
    source: Source
    batching: Batching | None
    actions: tuple[Action, ...]
    active: bool = True
    created_at: datetime | None = None
