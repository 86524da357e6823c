"""Defines the trigger that a test made, and builds rules that call functions."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tocsin.testing.instants import read_instant, write_duration, write_instant

SERVICE = "yandex.cloud.serverless.triggers.v1.TriggerService"
FIRING = "tocsin.v1.FiringService"

Call = Callable[[str, Mapping[str, Any]], dict[str, Any]]
"""Calls a method of the server by its full name, with a request in JSON."""


@dataclass(frozen=True)
class Explanation:
    """Says why a trigger fired in a minute, or why it did not.

    Attributes:
        reason: the decision, such as `FIRED` or `TRIGGER_WAS_PAUSED`: `ExplainResponse.Reason`
            without its prefix.
        text: the decision in a sentence or two.
        details: the whole answer, as JSON.
    """

    reason: str
    text: str
    details: Mapping[str, Any] = field(compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.reason}: {self.text}"


@dataclass(frozen=True)
class Trigger:
    """A trigger on the server."""

    id: str
    _call: Call = field(compare=False, repr=False)

    def pause(self) -> None:
        """Pauses the trigger."""
        self._call(f"{SERVICE}/Pause", {"triggerId": self.id})

    def resume(self) -> None:
        """Resumes the trigger."""
        self._call(f"{SERVICE}/Resume", {"triggerId": self.id})

    def delete(self) -> None:
        """Deletes the trigger."""
        self._call(f"{SERVICE}/Delete", {"triggerId": self.id})

    def fire(self, payload: str | None = None) -> None:
        """Fires the trigger now; a timer may be given another payload than its rule's."""
        given = {} if payload is None else {"payload": payload}
        self._call(f"{FIRING}/FireTrigger", {"triggerId": self.id, **given})

    def next(self, count: int = 1) -> list[datetime]:
        """Returns the next ticks of a timer."""
        request = {"triggerId": self.id, "count": count}
        times = self._call(f"{FIRING}/NextFireTimes", request)["fireTimes"]
        return [read_instant(time) for time in times]

    def explain(self, at: str | datetime) -> Explanation:
        """Explains why the trigger fired in the minute of an instant, or why it did not."""
        request = {"triggerId": self.id, "instant": write_instant(read_instant(at))}
        found = self._call(f"{FIRING}/Explain", request)
        return Explanation(found["reason"].removeprefix("REASON_"), found["explanation"], found)


def list_ids(call: Call, folder: str) -> Iterator[str]:
    """Yields the ids of a folder's triggers."""
    token = ""
    while True:
        request = {"folderId": folder, "pageSize": 1000, "pageToken": token}
        page = call(f"{SERVICE}/List", request)
        for trigger in page["triggers"]:
            yield trigger["id"]
        token = page["nextPageToken"]
        if not token:
            return


def calling(
    rule: Mapping[str, Any], function_id: str, retries: int, interval: timedelta
) -> dict[str, Any]:
    """Returns a rule of one kind that calls a function.

    Args:
        rule: the fields of the rule, by its kind.
        function_id: the function.
        retries: how often a failed call is repeated, 0 to 5.
        interval: the pause before each of them, 10 seconds to a minute.

    Raises:
        ValueError: the rule is not of one kind.
    """
    if len(rule) != 1:
        raise ValueError(f"a rule has one kind, such as 'object_storage'; this one has {[*rule]}")
    ((kind, fields),) = rule.items()
    invoke: dict[str, Any] = {"functionId": function_id}
    if retries:
        invoke["retrySettings"] = {
            "retryAttempts": retries,
            "interval": write_duration(interval),
        }
    # A timer has a field of its own for functions whose calls are repeated.
    name = "invokeFunctionWithRetry" if kind == "timer" else "invokeFunction"
    return {kind: {**fields, name: invoke}}
