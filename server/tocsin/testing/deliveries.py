"""Defines what a function received, as a value that tests compare."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from tocsin.testing.instants import read_instant, write_instant


class _Anything:
    """Equals everything: what an expected delivery says nothing about."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "ANYTHING"


ANYTHING: Any = _Anything()


@dataclass(frozen=True, repr=False)
class Delivery:
    """One call of a function; what you leave out of an expected one may have any value.

    Attributes:
        at: when the call began by the server's clock; ISO 8601 with a time zone, or a `datetime`.
        payload: a timer's payload, an integration's parameters, or of any other trigger the list
            of what its `messages` have in `details`.
        function: the function's id, or the integration's name.
        attempt: 1 for the first call; more for the calls that repeat it.
        error: what the function raised, such as `ValueError: no rows`; None if it raised nothing.
        event: the whole body that the function received.
        headers: the headers of the call, by their names in lower case.
        answer: what the function returned.
    """

    at: Any = ANYTHING
    payload: Any = ANYTHING
    function: Any = ANYTHING
    attempt: Any = 1
    error: Any = None
    event: Any = field(default=None, compare=False)
    headers: Mapping[str, str] = field(default_factory=dict, compare=False)
    answer: Any = field(default=None, compare=False)

    # Equal deliveries may differ, and payloads may be lists.
    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if isinstance(self.at, str | datetime):
            object.__setattr__(self, "at", read_instant(self.at))

    def __repr__(self) -> str:
        at = write_instant(self.at) if isinstance(self.at, datetime) else self.at
        shown = [repr(at), repr(self.payload), f"function={self.function!r}"]
        if self.attempt != 1:
            shown.append(f"attempt={self.attempt!r}")
        if self.error is not None:
            shown.append(f"error={self.error!r}")
        return f"Delivery({', '.join(shown)})"

    @property
    def request_id(self) -> str:
        """Returns the invocation's id, which all attempts share."""
        return self.headers.get("x-request-id", "")


def payload_of(event: Any) -> Any:
    """Returns what a body carries for the function; of an unknown form, the whole body."""
    match event:
        case {"messages": [{"details": {"trigger_id": str(), "payload": str(payload)}}]}:
            return payload
        case {"messages": [*messages]}:
            return [message.get("details") for message in messages]
        case {"executionId": str(), "parameters": parameters}:
            return parameters
    return event


def parsed(body: bytes) -> Any:
    """Returns a body's JSON, or its text."""
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def in_order(deliveries: list[Delivery]) -> list[Delivery]:
    """Returns deliveries by their instants; those of one instant in an order that never varies."""
    return sorted(
        deliveries, key=lambda each: (each.at, each.function, each.attempt, repr(each.payload))
    )
