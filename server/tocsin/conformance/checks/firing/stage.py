"""Sets up what fires, once for all checks, and waits for what the targets are called with.

Timers tick on the minute, so all of them are made at once, before one minute, and all checks look
at the same ticks. Twice something is asked of them: in the first act they tick as they were made;
in the second one some were paused, resumed, deleted or changed between two minutes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from tocsin.conformance.declared.features import declared_missing
from tocsin.conformance.made import Made, create_request
from tocsin.conformance.patience import pause, unix_seconds
from tocsin.conformance.peer import Peer
from tocsin.conformance.targets import Received, Reply, Targets
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_pb2, trigger_service_pb2

EVERY_MINUTE = "* * * * ? *"
NEVER = "0 0 1 1 ? 2099"
INTERVAL_SECONDS = 10
# What is asked between two minutes takes no longer.
SETUP_SECONDS = 5.0
# How late a call may come after its instant.
LATE_SECONDS = 15.0
# Clocks of two machines differ by so much at most.
EARLY_SECONDS = 2.0
# The vendor allows five minutes for a change to be in force.
LAG_SECONDS = 300.0
# What is silent is silent for so long after others were called.
SILENCE_SECONDS = 5.0
PAYLOAD = '{"job": "nightly", "who": "жя 🎉"}'

BAD = Reply(500, body=b"no")
GOOD = Reply()


@dataclass(frozen=True, slots=True)
class Part:
    """Holds one trigger of the stage."""

    target_id: str
    trigger_id: str


@dataclass(eq=False)
class Stage:
    """Holds the triggers, and the targets that they call."""

    peer: Peer
    targets: Targets
    made: Made
    parts: dict[str, Part] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # A minute that is about to begin would find half of them.
        if seconds_to_minute() < SETUP_SECONDS:
            pause(seconds_to_minute() + 0.5)
        self.first_minute = next_minute() + self.lag
        for name, rule in _rules(self._token, self.first_minute).items():
            self._make(name, rule)
        for name, replies in _REPLIES.items():
            self.targets.answer(self.parts[name].target_id, *replies)
        self._pause("paused")
        self._pause("resumed-later")
        self._pause("resumed")
        self._resume("resumed")
        self._delete("deleted")
        self._update("updated", EVERY_MINUTE, "changed")

    @cached_property
    def _token(self) -> str:
        return self.peer.name("fires").replace("-", "")

    def _make(self, name: str, rule: Any) -> None:
        answer = self.peer.triggers.Create(create_request(self.peer, rule=rule))
        trigger = self.made.trigger(answer)
        self.parts[name] = Part(target_of(rule), trigger.id)

    def _pause(self, name: str) -> None:
        request = trigger_service_pb2.PauseTriggerRequest(trigger_id=self.parts[name].trigger_id)
        _expect(self.peer.triggers.Pause(request), f"{name} can't be paused")

    def _resume(self, name: str) -> None:
        request = trigger_service_pb2.ResumeTriggerRequest(trigger_id=self.parts[name].trigger_id)
        _expect(self.peer.triggers.Resume(request), f"{name} can't be resumed")

    def _delete(self, name: str) -> None:
        request = trigger_service_pb2.DeleteTriggerRequest(trigger_id=self.parts[name].trigger_id)
        _expect(self.peer.triggers.Delete(request), f"{name} can't be deleted")

    def _update(self, name: str, cron: str, payload: str) -> None:
        rule = timer(cron, payload, function=self.parts[name].target_id)
        request = trigger_service_pb2.UpdateTriggerRequest(
            trigger_id=self.parts[name].trigger_id,
            update_mask=FieldMask(paths=["rule"]),
            rule=rule,
        )
        _expect(self.peer.triggers.Update(request), f"{name} can't be changed")

    @cached_property
    def lag(self) -> float:
        """Seconds that the server takes for a change; 0 unless declared otherwise."""
        return (
            LAG_SECONDS if "prompt-changes" in declared_missing(self.peer.options.features) else 0.0
        )

    def called(self, name: str) -> Callable[[Received], bool]:
        """Returns whether a call is one of that part's target, since the first minute."""
        target_id, since = self.parts[name].target_id, self.first_minute - EARLY_SECONDS

        def matches(call: Received) -> bool:
            return call.at >= since and target_id in (call.header("host") or "") + call.path

        return matches

    def calls(self, name: str, count: int = 1, *, after: float = 0.0) -> list[Received]:
        """Returns the calls of a part's target; waits until there are `count` of them.

        Args:
            name: of the part.
            count: how many are waited for.
            after: seconds after the first minute at which the last of them is due.

        Raises:
            AssertionError: they did not come in time.
        """
        until = self.first_minute + after + LATE_SECONDS
        found = self.targets.wait_for(self.called(name), count, until)
        self._record(found)
        assert len(found) >= count, (
            f"the target {self.parts[name].target_id} must have been called {count} times by "
            f"{until - self.first_minute:.0f} seconds after its minute, but was called "
            f"{len(found)} times"
        )
        return found

    def first(self, name: str) -> Received:
        """Returns the first call of a part's target."""
        return self.calls(name)[0]

    def event(self, name: str) -> dict[str, Any]:
        """Returns the only element of `messages` in the first call of a part's target."""
        body = self.first(name).json
        assert isinstance(body, dict), f"the body must be an object, but is {body!r}"
        messages = body.get("messages")
        assert isinstance(messages, list), f"`messages` must be a list, but is {messages!r}"
        assert len(messages) == 1, f"`messages` must have one element, but has {len(messages)}"
        assert isinstance(messages[0], dict), "an element of `messages` must be an object"
        return messages[0]

    def metadata(self, name: str) -> dict[str, Any]:
        """Returns the `event_metadata` of that element."""
        found = self.event(name).get("event_metadata")
        assert isinstance(found, dict), f"`event_metadata` must be an object, but is {found!r}"
        return found

    def details(self, name: str) -> dict[str, Any]:
        """Returns the `details` of that element."""
        found = self.event(name).get("details")
        assert isinstance(found, dict), f"`details` must be an object, but is {found!r}"
        return found

    def silent(self, name: str, *, since: float | None = None) -> None:
        """Asks that a part's target was not called, though others were.

        Args:
            name: of the part.
            since: seconds since 1970; only later calls count.

        Raises:
            AssertionError: it was called.
        """
        self._quiet(self.first_minute if since is None else self.second_minute)
        begin = since or 0.0
        found = [each for each in self.targets.calls(self.called(name)) if each.at >= begin]
        self._record(found)
        assert not found, f"the target must not be called, but was called {len(found)} times"

    def _quiet(self, minute: float) -> None:
        """Waits until the timer that ticks on each minute was called, and a little longer."""
        ticks = self.called("plain")
        found = self.targets.wait_for(
            lambda call: ticks(call) and call.at >= minute - EARLY_SECONDS,
            1,
            minute + LATE_SECONDS,
        )
        assert found, "no timer fired, so the silence of one says nothing"
        pause(max(0.0, minute + SILENCE_SECONDS - unix_seconds()))

    @cached_property
    def acted(self) -> float:
        """Does what happens between two minutes; returns when it was done, since 1970."""
        for name in ("pausing", "deleting", "updated-later"):
            self.calls(name)
        if seconds_to_minute() < SETUP_SECONDS:
            pause(seconds_to_minute() + 0.5)
        self._pause("pausing")
        self._delete("deleting")
        self._resume("resumed-later")
        self._update("updated-later", EVERY_MINUTE, "changed later")
        return unix_seconds()

    @cached_property
    def second_minute(self) -> float:
        """The first minute after the second act, since 1970."""
        return round(self.acted + 60 - self.acted % 60 + self.lag)

    def later(self, name: str) -> list[Received]:
        """Returns the calls of a part's target that came after the second act; at least one.

        Raises:
            AssertionError: none came in time.
        """
        minute = self.second_minute
        ticks = self.called(name)
        found = self.targets.wait_for(
            lambda call: ticks(call) and call.at >= minute - EARLY_SECONDS,
            1,
            minute + LATE_SECONDS,
        )
        self._record(found)
        assert found, f"the target {self.parts[name].target_id} must be called again, but was not"
        return found

    def _record(self, calls: Iterable[Received]) -> None:
        for call in calls:
            call.record(self.peer.recorder)


def seconds_to_minute() -> float:
    """Returns how many seconds it is to the next minute."""
    return 60 - unix_seconds() % 60


def next_minute() -> float:
    """Returns the beginning of the next minute, in seconds since 1970."""
    return round(unix_seconds() + seconds_to_minute())


def retries(attempts: int) -> Any:
    """Returns settings by which a failed call is repeated so often."""
    return trigger_pb2.RetrySettings(
        retry_attempts=attempts, interval=Duration(seconds=INTERVAL_SECONDS)
    )


def timer(
    cron: str = EVERY_MINUTE,
    payload: str = "",
    *,
    function: str | None = None,
    container: str | None = None,
    **more: Any,
) -> Any:
    """Returns a rule with a timer that calls a function or a container."""
    rule = trigger_pb2.Trigger.Rule(
        timer=trigger_pb2.Trigger.Timer(cron_expression=cron, payload=payload)
    )
    if function is not None:
        rule.timer.invoke_function_with_retry.CopyFrom(
            trigger_pb2.InvokeFunctionWithRetry(function_id=function, **more)
        )
    else:
        rule.timer.invoke_container_with_retry.CopyFrom(
            trigger_pb2.InvokeContainerWithRetry(container_id=container, **more)
        )
    return rule


def target_of(rule: Any) -> str:
    """Returns the id of the function or container that a timer calls."""
    action = rule.timer.WhichOneof("action")
    called = getattr(rule.timer, action)
    found = called.container_id if "container" in action else called.function_id
    assert isinstance(found, str)
    return found


def _expect(answer: Any, what: str) -> None:
    assert answer.ok, f"{what}: {answer}"


# What each target answers, call by call; the others answer 200.
_REPLIES: dict[str, tuple[Reply, ...]] = {
    "always-fails": (BAD,),
    "fails-once": (BAD, GOOD),
    "fails-twice": (BAD, BAD, GOOD),
    "fails-for-good": (BAD,),
    "container-404": (Reply(404), GOOD),
    "container-302": (Reply(302, (("Location", "/elsewhere"),)), GOOD),
    "container-204": (Reply(204),),
    "function-429": (Reply(429), GOOD),
    "function-error": (Reply(200, (("X-Function-Error", "true"),)), GOOD),
    "dead-at-once": (BAD,),
    "dead-after-retry": (BAD,),
}


def _rules(token: str, minute: float) -> dict[str, Any]:
    """Returns the rules of the stage by the names of their parts."""
    once = _at(minute)
    # Only in the first minute, so that no second tick hides how often a call is repeated.
    rules: dict[str, Any] = {
        "plain": timer(payload=PAYLOAD, function=f"{token}a"),
        "without-payload": timer(once, function=f"{token}b"),
        "old-action": _old_action(once, f"{token}c"),
        "tagged": timer(once, function=f"{token}d", function_tag="blue"),
        "container": timer(once, PAYLOAD, container=f"{token}e", path="/hooks/tick"),
        "once": timer(once, function=f"{token}f"),
        "other-minute": timer(_at(minute + 3 * 3600), function=f"{token}g"),
        "hourly": timer(f"{_minute_of(minute)} * ? * * *", function=f"{token}h"),
        "other-hourly": timer(f"{_minute_of(minute + 1800)} * ? * * *", function=f"{token}i"),
        "weekday": timer(_on(minute, weekday=0), function=f"{token}5"),
        "other-weekday": timer(_on(minute, weekday=1), function=f"{token}6"),
        "step": timer(f"{_minute_of(minute) % 20}/20 * * * ? *", function=f"{token}7"),
        "other-step": timer(f"{(_minute_of(minute) + 7) % 20}/20 * * * ? *", function=f"{token}8"),
        "list": timer(
            f"{_minute_of(minute + 1800)},{_minute_of(minute)} * * * ? *", function=f"{token}9"
        ),
        "paused": timer(function=f"{token}j"),
        "resumed": timer(function=f"{token}k"),
        "deleted": timer(function=f"{token}l"),
        "updated": timer(NEVER, "old", function=f"{token}m"),
        "pausing": timer(function=f"{token}n"),
        "deleting": timer(function=f"{token}o"),
        "resumed-later": timer(function=f"{token}p"),
        "updated-later": timer(payload="old", function=f"{token}q"),
        "always-fails": timer(once, function=f"{token}r", retry_settings=retries(1)),
        "fails-once": timer(once, function=f"{token}s", retry_settings=retries(3)),
        "fails-twice": timer(once, function=f"{token}t", retry_settings=retries(3)),
        "fails-for-good": timer(once, function=f"{token}u"),
        "succeeds": timer(once, function=f"{token}v", retry_settings=retries(2)),
        "function-429": timer(once, function=f"{token}w", retry_settings=retries(1)),
        "function-error": timer(once, function=f"{token}x", retry_settings=retries(1)),
        "container-404": timer(once, container=f"{token}y", retry_settings=retries(1)),
        "container-302": timer(once, container=f"{token}z", retry_settings=retries(1)),
        "container-204": timer(once, container=f"{token}0", retry_settings=retries(1)),
        "dead-at-once": timer(once, function=f"{token}1", dead_letter_queue=_queue("at-once")),
        "dead-after-retry": timer(
            once,
            PAYLOAD,
            function=f"{token}2",
            retry_settings=retries(1),
            dead_letter_queue=_queue("after-retry"),
        ),
        "not-dead": timer(once, function=f"{token}3", dead_letter_queue=_queue("not-dead")),
    }
    return rules


def _old_action(cron: str, function: str) -> Any:
    rule = timer(cron, function=function)
    rule.timer.invoke_function.CopyFrom(trigger_pb2.InvokeFunctionOnce(function_id=function))
    return rule


def _queue(name: str) -> Any:
    return trigger_pb2.PutQueueMessage(queue_id=queue_id(name), service_account_id="conformance")


def queue_id(name: str) -> str:
    """Returns the id of a dead letter queue of the stage."""
    return f"yrn:yc:ymq:ru-central1:conformance:conformance-{name}"


def _minute_of(instant: float) -> int:
    return int(instant // 60) % 60


def _at(instant: float) -> str:
    """Returns the cron expression of one minute."""
    when = datetime.fromtimestamp(instant, UTC)
    return f"{when.minute} {when.hour} {when.day} {when.month} ? {when.year}"


def _on(instant: float, *, weekday: int) -> str:
    """Returns the cron expression of one minute by its day of the week, or by a later day."""
    when = datetime.fromtimestamp(instant, UTC)
    # Sunday is 1.
    day = (when.isoweekday() + weekday) % 7 + 1
    return f"{when.minute} {when.hour} ? * {day} *"
