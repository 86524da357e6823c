"""Defines what a test gets: a server of its own, its clock, and what its functions received."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tocsin.testing.child import Child
from tocsin.testing.deliveries import Delivery, in_order
from tocsin.testing.failure import TocsinError
from tocsin.testing.instants import read_instant, write_duration, write_instant
from tocsin.testing.parameters import as_parameters
from tocsin.testing.servers import Serving
from tocsin.testing.target import Function, Recorder
from tocsin.testing.triggers import SERVICE, Explanation, Trigger, calling

CLOCK = "tocsin.v1.ClockService"
EVENTS = "tocsin.v1.EventService"
EXECUTIONS = "google.cloud.integrations.v1alpha.Executions"
LOCATION = "projects/tests/locations/here"
# One move of the clock is at most this long.
LONGEST_MOVE = timedelta(days=400)
INTERVAL = timedelta(seconds=10)
LONGEST_ID = 50
UNNAMED = "function"


@dataclass(frozen=True)
class Published:
    """Says how many triggers an event concerned.

    Attributes:
        id: the event's id.
        accepted: triggers that the event fires.
        filtered: triggers that listen to the source but whose rules don't match.
        lost: paused triggers.
        repeated: triggers that had the event before.
    """

    id: str
    accepted: int = 0
    filtered: int = 0
    lost: int = 0
    repeated: int = 0


class Tocsin:
    """A server for one test, whose time stands still until the test moves it.

    Attributes:
        folder: the folder in which the test's triggers are.
    """

    def __init__(
        self,
        child: Child,
        serving: Serving,
        recorder: Recorder,
        folder: str,
        runs_function: Callable[[], bool],
    ) -> None:
        self.folder = folder
        self._child = child
        self._serving = serving
        self._recorder = recorder
        self._runs_function = runs_function

    @property
    def grpc(self) -> str:
        """Returns HOST:PORT of gRPC without TLS."""
        return self._serving.grpc

    @property
    def rest(self) -> str:
        """Returns HOST:PORT of REST; the first use starts Envoy.

        Raises:
            TocsinError: Envoy can't be started here, or the server that you named serves no REST.
        """
        self._not_in_a_function("start REST")
        return self._serving.rest(self.now)

    @property
    def now(self) -> datetime:
        """Returns the server's time."""
        __tracebackhide__ = True
        return read_instant(self.call(f"{CLOCK}/Get")["now"])

    @property
    def deliveries(self) -> list[Delivery]:
        """Returns all calls of functions so far, by their instants.

        What is due is delivered first, so no test has to wait. Retries that are due later come when
        the test moves the clock there.
        """
        __tracebackhide__ = True
        self.advance()
        return in_order(self._recorder.deliveries)

    def advance(self, by: timedelta = timedelta(), **units: float) -> datetime:
        """Moves the clock on, and returns its time; what falls due is delivered at its instant.

        Args:
            by: how far.
            units: what is added to it, by the names that `timedelta` has: `days=7`.
        """
        __tracebackhide__ = True
        self._not_in_a_function("move the clock")
        left = by + timedelta(**units)
        while True:
            step = min(left, LONGEST_MOVE)
            moved = self.call(f"{CLOCK}/Advance", {"duration": write_duration(step)})
            left -= step
            if not left:
                return read_instant(moved["now"])

    def advance_to(self, instant: str | datetime) -> datetime:
        """Moves the clock on to an instant, as `advance` does."""
        __tracebackhide__ = True
        return self.advance(read_instant(instant) - self.now)

    def function(self, function: Function, *, id: str | None = None) -> str:
        """Serves a Python function, and returns the id by which triggers call it.

        Args:
            function: takes the event, or the event and a context, as the vendor's functions do.
                What it returns is its answer as JSON; what it raises fails the call.
            id: the id; the function's name if it is left out.
        """
        functions = self._recorder.functions
        if id is None:
            name = re.sub(r"\W", "-", getattr(function, "__name__", UNNAMED)).strip("-")[:40]
            taken = [name or UNNAMED, *(f"{name or UNNAMED}-{n}" for n in range(2, 1000))]
            id = next(each for each in taken if functions.get(each, function) is function)
        functions[id] = function
        return id

    def create_timer(
        self,
        cron_expression: str,
        *,
        function: Function | str = UNNAMED,
        payload: str = "",
        retries: int = 0,
        interval: timedelta = INTERVAL,
        name: str = "",
    ) -> Trigger:
        """Creates a timer.

        Args:
            cron_expression: when it ticks, in UTC, such as `0 9 ? * MON *`.
            function: what it calls: a Python function, or an id whose calls are only remembered.
            payload: what the function gets in each tick.
            retries: how often a failed call is repeated, 0 to 5.
            interval: the pause before each of them, 10 seconds to a minute.
            name: the trigger's name.
        """
        __tracebackhide__ = True
        timer = {"cronExpression": cron_expression, "payload": payload}
        return self.create_trigger(
            {"timer": timer}, function=function, retries=retries, interval=interval, name=name
        )

    def create_trigger(
        self,
        trigger: Mapping[str, Any] | str | Path,
        *,
        function: Function | str | None = None,
        retries: int = 0,
        interval: timedelta = INTERVAL,
        name: str = "",
    ) -> Trigger:
        """Creates a trigger of any kind.

        Args:
            trigger: the rule by its kind (`{"object_storage": {"bucket_id": …}}`), or a YAML or
                JSON file, as `tocsin triggers create -f` takes it.
            function: what a rule calls; None if the rule says so itself.
            retries: how often a failed call of `function` is repeated, 0 to 5.
            interval: the pause before each of them, 10 seconds to a minute.
            name: the trigger's name.
        """
        __tracebackhide__ = True
        request: dict[str, Any] = {}
        if isinstance(trigger, Mapping):
            request["rule"] = dict(trigger)
        else:
            request.update(self._child.read(Path(trigger).absolute()))
        if function is not None:
            function_id = function if isinstance(function, str) else self.function(function)
            request["rule"] = calling(request["rule"], function_id, retries, interval)
        if name:
            request["name"] = name
        request = {key: value for key, value in request.items() if key not in _FOLDER}
        operation = self.call(f"{SERVICE}/Create", {**request, "folderId": self.folder})
        return Trigger(operation["metadata"]["triggerId"], self.call)

    def publish(self, *, id: str = "", **event: Mapping[str, Any]) -> Published:
        """Publishes an event to all triggers that listen to its source.

        Args:
            id: the event's id; events with the same id are one event.
            event: its kind and its fields, as in `tocsin.v1.SourceEvent`:
                `object_storage={"change": "CREATE", "bucket_id": …, "object_id": …}`.
        """
        __tracebackhide__ = True
        sent = {**event, **({"id": id} if id else {})}
        (outcome,) = self.call(f"{EVENTS}/Publish", {"events": [sent]})["events"]
        counts = {name: int(outcome[name]) for name in _COUNTS}
        return Published(outcome["id"], **counts)

    def schedule(
        self,
        integration: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        at: str | datetime | None = None,
        function: Function | None = None,
    ) -> str:
        """Schedules an integration, and returns the execution's id.

        Args:
            integration: the integration's name.
            parameters: its input parameters: text, numbers, truth values, lists of one of these,
                or anything else that JSON can hold.
            at: when it runs; at once if it is left out.
            function: what runs it; without one its runs are only remembered.
        """
        __tracebackhide__ = True
        if function is not None:
            self.function(function, id=integration)
        self._serving.integrate(integration)
        request: dict[str, Any] = {
            "name": f"{LOCATION}/integrations/{integration}",
            "triggerId": f"api_trigger/{integration}",
            "inputParameters": as_parameters(parameters or {}),
        }
        if at is not None:
            request["scheduleTime"] = write_instant(read_instant(at))
        answer = self.call(f"{EXECUTIONS}/ScheduleIntegrations", request)
        execution: str = answer["executionInfoIds"][0]
        return execution

    def explain(self, trigger: Trigger, at: str | datetime) -> Explanation:
        """Explains why a trigger fired in the minute of an instant, or why it did not."""
        __tracebackhide__ = True
        return trigger.explain(at)

    def restart(self, down: timedelta = timedelta(), **units: float) -> datetime:
        """Stops the server, and starts it on the same data after a downtime; returns its time.

        Args:
            down: how long the server was down.
            units: what is added to it, by the names that `timedelta` has: `hours=3`.
        """
        __tracebackhide__ = True
        self._not_in_a_function("restart the server")
        self.advance()
        self._serving.restart(self.now + down + timedelta(**units))
        return self.now

    def call(self, method: str, request: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Calls any method of the server by its full name, and returns its response as JSON.

        Args:
            method: such as `tocsin.v1.InvocationService/List`.
            request: the request as JSON, with the names of its fields in either form.

        Raises:
            TocsinError: the server refused the call.
        """
        __tracebackhide__ = True
        return self._child.call(method, request or {})

    def _not_in_a_function(self, what: str) -> None:
        if self._runs_function():
            raise TocsinError(f"a function that Tocsin calls can't {what}: the clock waits for it")


_FOLDER = ("folderId", "folder_id")
_COUNTS = ("accepted", "filtered", "lost", "repeated")
