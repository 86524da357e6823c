"""Wrong servers of the profile `firing`: what they deliver instead of what they should."""

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mutants.changes import Code, made, refuses, shows
from mutants.declaring import Mutant, mutant
from mutants.proxies.calls import Call, Forward, Reply
from mutants.replaying import WrongTarget, but
from tocsin.conformance.targets import Letter, Received
from tocsin_protos.google.cloud.integrations.v1alpha.execution_pb2 import (
    REPLAY_MODE_FROM_BEGINNING,
    ExecutionDetails,
)

MINUTE = 60
SOON = 5


def delivers(breaks: str, does: str, change: Callable[[list[Received]], Any]) -> Mutant:
    """A server that calls targets otherwise; `change` returns the calls as it makes them."""

    def wrong() -> WrongTarget:
        return WrongTarget(calls=change)

    wrong.__doc__ = does
    return mutant(breaks, where="target")(wrong)


def puts(breaks: str, does: str, change: Callable[[list[Letter], list[Received]], Any]) -> Mutant:
    """A server that writes dead letters otherwise."""

    def wrong() -> WrongTarget:
        return WrongTarget(letters=change)

    wrong.__doc__ = does
    return mutant(breaks, where="target")(wrong)


def event(breaks: str, does: str, change: Callable[[dict[str, Any]], Any]) -> Mutant:
    """A server whose events are other ones."""

    def changed(call: Received) -> Received:
        if b'"messages"' not in call.body:
            return call
        body = json.loads(call.body)
        for each in body["messages"]:
            change(each)
        return but(call, body=json.dumps(body).encode())

    return delivers(breaks, does, lambda calls: [changed(each) for each in calls])


def body(breaks: str, does: str, change: Callable[[bytes], bytes]) -> Mutant:
    return delivers(
        breaks, does, lambda calls: [but(each, body=change(each.body)) for each in calls]
    )


def repeats(calls: list[Received]) -> set[int]:
    """Returns the calls, by identity, that repeat a failed one."""
    seen: set[bytes] = set()
    again: set[int] = set()
    for each in calls:
        if each.body in seen:
            again.add(id(each))
        seen.add(each.body)
    return again


def never_again(calls: list[Received]) -> list[Received]:
    again = repeats(calls)
    return [each for each in calls if id(each) not in again]


def once_again(calls: list[Received]) -> list[Received]:
    """Repeats a failed call once at most."""
    count: dict[bytes, int] = defaultdict(int)
    kept = []
    for each in calls:
        count[each.body] += 1
        if count[each.body] <= 2:
            kept.append(each)
    return kept


def always_again(calls: list[Received]) -> list[Received]:
    return [copy for each in calls for copy in (each, but(each, at=each.at + 10))]


def at_once(calls: list[Received]) -> list[Received]:
    again = repeats(calls)
    return [but(each, at=each.at - 9) if id(each) in again else each for each in calls]


def with_new_ids(calls: list[Received]) -> list[Received]:
    return [
        but(each, body=each.body.replace(b'"event_id":', b'"event_id": "%d", "was":' % number))
        for number, each in enumerate(calls)
    ]


def earlier(calls: list[Received]) -> list[Received]:
    return [but(each, at=each.at - SOON) for each in calls]


def nothing(calls: list[Received]) -> list[Received]:
    return []


def only_first_minute(calls: list[Received]) -> list[Received]:
    first = min((each.at for each in calls if b'"messages"' in each.body), default=0)
    return [each for each in calls if each.at < first + MINUTE / 2]


def every_minute(calls: list[Received]) -> list[Received]:
    """Fires each timer again a minute later."""
    return [copy for each in calls for copy in (each, but(each, at=each.at + MINUTE))]


TICKS = [
    delivers("firing.tick.not-early", "fires seconds before the minute", earlier),
    *(
        delivers(f"firing.tick.{what}", "fires nothing", nothing)
        for what in ("single-minute", "hourly", "cron.weekday", "cron.step", "cron.list")
    ),
    delivers("firing.tick.every-minute", "fires a timer of every minute once", only_first_minute),
    event(
        "firing.tick.event-ids-differ",
        "has one event id for all ticks",
        lambda e: e["event_metadata"].update(event_id="one"),
    ),
    event(
        "firing.tick.event-ids-of-triggers-differ",
        "has one event id for all triggers",
        lambda e: e["event_metadata"].update(event_id="one"),
    ),
    delivers(
        "firing.tick.once-is-once", "fires a timer of one minute in the next one, too", every_minute
    ),
]

BODIES = [
    body("firing.timer.body.json", "sends no JSON", lambda b: b"event=" + b),
    body("firing.timer.body.utf-8", "sends UTF-16", lambda b: b.decode().encode("utf-16")),
    body(
        "firing.timer.body.messages",
        "sends an event without its list",
        lambda b: json.dumps(json.loads(b)["messages"][0]).encode() if b"messages" in b else b,
    ),
    event(
        "firing.timer.body.members",
        "writes eventMetadata",
        lambda e: e.update(eventMetadata=e.pop("event_metadata")),
    ),
    *(
        event(f"firing.timer.body.{what}", does, change)
        for what, does, change in (
            (
                "event-id",
                "has an empty event id",
                lambda e: e["event_metadata"].update(event_id=""),
            ),
            (
                "event-type",
                "has TIMER as the type of an event",
                lambda e: e["event_metadata"].update(event_type="TIMER"),
            ),
            (
                "created-at",
                "writes seconds since 1970",
                lambda e: e["event_metadata"].update(created_at="1700000000"),
            ),
            (
                "created-at-is-recent",
                "has the hour before",
                lambda e: e["event_metadata"].update(created_at="2020-01-01T00:00:00Z"),
            ),
            (
                "cloud-id",
                "has null as the cloud",
                lambda e: e["event_metadata"].update(cloud_id=None),
            ),
            ("folder-id", "has no folder", lambda e: e["event_metadata"].pop("folder_id", None)),
            (
                "trigger-id",
                "has the function's id as the trigger's",
                lambda e: e["details"].update(trigger_id="f"),
            ),
            (
                "payload",
                "strips payloads",
                lambda e: e["details"].update(payload=e["details"].get("payload", "")[:-1]),
            ),
            (
                "payload-is-a-text",
                "sends a payload of JSON as an object",
                lambda e: e["details"].update(payload={"job": "nightly"}),
            ),
        )
    ),
    delivers(
        "firing.timer.http.integration-raw",
        "does not send integration=raw",
        lambda calls: [but(each, query="") for each in calls],
    ),
    delivers(
        "firing.timer.http.container-path",
        "calls containers at /",
        lambda calls: [but(e, path=e.path.removesuffix("/hooks/tick")) for e in calls],
    ),
    delivers(
        "firing.timer.http.container-post",
        "calls containers with PUT",
        lambda calls: [but(each, method="PUT") for each in calls],
    ),
    delivers(
        "firing.timer.http.container-body",
        "sends nothing to containers",
        lambda calls: [but(e, body=b"{}") if "/containers/" in e.path else e for e in calls],
    ),
    delivers("firing.timer.http.old-action", "knows no deprecated actions", nothing),
]

RETRIES = [
    delivers("firing.retry.repeats", "repeats nothing", never_again),
    delivers("firing.retry.ends-with-success", "repeats what has succeeded", always_again),
    delivers("firing.retry.success-is-not-repeated", "repeats what succeeded", always_again),
    delivers("firing.retry.as-often-as-needed", "repeats once", once_again),
    delivers(
        "firing.retry.no-more-than-attempts", "repeats more often than it is told", always_again
    ),
    delivers("firing.retry.none-without-settings", "repeats without retry settings", always_again),
    delivers("firing.retry.interval", "repeats a second later", at_once),
    delivers("firing.retry.same-body", "has a new event id for each repeat", with_new_ids),
    delivers("firing.retry.container.404", "takes 404 for a success", never_again),
    delivers("firing.retry.container.302", "takes 302 for a success", never_again),
    delivers("firing.retry.container.204", "takes 204 for a failure", always_again),
]

LETTERS = [
    puts("firing.dead-letter.without-retries", "puts no dead letters", lambda *_: []),
    puts("firing.dead-letter.after-retries", "puts nothing after the last repeat", lambda *_: []),
    puts(
        "firing.dead-letter.not-before",
        "puts a letter after the first failure",
        lambda letters, _: [Letter(e.at - 12, e.queue, e.body) for e in letters],
    ),
    puts(
        "firing.dead-letter.queue",
        "has one queue for all",
        lambda letters, _: [Letter(e.at, "all", e.body) for e in letters],
    ),
]

CHANGES = [
    *(
        delivers(f"firing.change.{what}", does, change)
        for what, does, change in (
            ("resumed", "does not fire again after a Resume", nothing),
            ("updated.cron", "fires by the old expression", nothing),
            ("resumed-later", "does not fire again after a long pause", only_first_minute),
            ("updated-later", "fires no more after an Update", only_first_minute),
        )
    ),
    event(
        "firing.change.updated.payload",
        "sends the payload of before",
        lambda e: e["details"].update(payload="old"),
    ),
]


EXECUTIONS = [
    *(
        delivers(f"firing.execution.{what}", does, nothing)
        for what, does in (
            ("at-once", "does not run at once"),
            ("past", "forgets the past"),
            ("at-its-time", "does not run"),
            ("deleted-operation", "does not run what has no operation"),
        )
    ),
    delivers("firing.execution.not-early", "runs before its time", earlier),
    delivers("firing.execution.request-id", "runs a repeat again", always_again),
]


def all_failed(call: Call, forward: Forward) -> Reply:
    reply = forward(call.request)
    if reply.ok:
        reply.message.error.code = 13
        reply.message.error.message = "failed"
    return reply


def all_succeeded(call: Call, forward: Forward) -> Reply:
    reply = forward(call.request)
    if reply.ok:
        reply.message.response.SetInParent()
    return reply


OPERATIONS = [
    made(
        all_failed, "says that all has failed", "firing.execution.done", "Operations/GetOperation"
    ),
    made(
        all_succeeded,
        "says that all has succeeded",
        "firing.execution.failed",
        "Operations/GetOperation",
    ),
]

GET, LIST = "Executions/GetExecution", "Executions/ListExecutions"
REPLAY, CANCEL = "Executions/ReplayExecution", "Executions/CancelExecution"


def in_state(state: int) -> Callable[[Any, Call], Any]:
    """Shows every execution in one state."""

    def change(execution: Any, _: Call) -> None:
        execution.execution_details.state = state

    return change


def without_attempts(execution: Any, _: Call) -> None:
    del execution.execution_details.attempt_stats[:]


def without_ends(execution: Any, _: Call) -> None:
    for each in execution.execution_details.attempt_stats:
        each.ClearField("end_time")


def lists_nothing(answer: Any, _: Call) -> None:
    del answer.executions[:]


def cancelled_at_once(answer: Any, _: Call) -> None:
    answer.is_canceled = True


def only_in_mode(mode: int) -> Callable[[Call], Any]:
    return lambda call: call.request.replay_mode == mode


FAILING = [
    shows(
        "firing.execution.failed.state",
        GET,
        "says that what has failed is cancelled",
        in_state(ExecutionDetails.CANCELLED),
    ),
    shows("firing.execution.failed.listed", LIST, "lists nothing that failed", lists_nothing),
    shows("firing.execution.failed.attempts", GET, "tells no attempts", without_attempts),
    replace(
        shows(
            "firing.execution.failed.attempts",
            GET,
            "does not tell when attempts ended",
            without_ends,
        ),
        number=2,
    ),
    refuses(
        "firing.execution.replay.from-the-beginning",
        REPLAY,
        "replays nothing from the beginning",
        only_in_mode(REPLAY_MODE_FROM_BEGINNING),
        Code.FAILED_PRECONDITION,
    ),
    delivers("firing.execution.replay.from-failure", "says that it replays, and does not", nothing),
    shows(
        "firing.execution.replay.failed-stays",
        GET,
        "shows what was replayed as what came of it",
        in_state(ExecutionDetails.SUCCEEDED),
    ),
    shows(
        "firing.execution.hanging.processing",
        GET,
        "says that what has begun waits",
        in_state(ExecutionDetails.PENDING),
    ),
    shows(
        "firing.execution.hanging.cancel",
        CANCEL,
        "says that what runs is cancelled",
        cancelled_at_once,
    ),
    shows(
        "firing.execution.hanging.ends",
        GET,
        "forgets how what was to be cancelled ended",
        in_state(ExecutionDetails.CANCELLED),
    ),
]


def all_timers(calls: list[Received]) -> list[Received]:
    """Fires every timer that there is whenever the first one fires."""
    fired = []
    for each in calls:
        if each.path.endswith("a") and "/functions/" in each.path:
            fired += [but(each, path=each.path[:-1] + part) for part in "jlnogi68"]
    return [*calls, *fired]


def other_id_after_change(each: dict[str, Any]) -> None:
    if each["details"].get("payload") == "changed later":
        each["details"]["trigger_id"] = "a1snewidofthesame000"


SILENCE = [
    *(
        delivers(f"firing.{what}", "fires all timers at once", all_timers)
        for what in (
            "change.paused",
            "change.deleted",
            "change.pausing",
            "change.deleting",
            "tick.cron.other-weekday",
            "tick.cron.other-step",
            "tick.other-minute",
            "tick.other-minute-of-the-hour",
        )
    ),
    event(
        "firing.change.updated-later.id-stays",
        "gives a changed timer a new id",
        other_id_after_change,
    ),
]


def of_successes(letters: list[Letter], received: list[Received]) -> list[Letter]:
    """Puts a letter for each call, whatever it was answered."""
    return [*letters, *(Letter(e.at, "all", e.body.decode("utf-8")) for e in received)]


def never_cancelled() -> WrongTarget:
    """runs executions that were cancelled"""
    return WrongTarget(calls=cancelled_too)


def cancelled_too(calls: list[Received]) -> list[Received]:
    """Runs everything that anyone may have asked for: each token is in a body."""
    return [*calls, *(but(each, body=EVERY_ID) for each in calls[:1])]


class _EveryId(bytes):
    """Holds every execution's id."""

    def __contains__(self, token: object) -> bool:
        return isinstance(token, bytes)


EVERY_ID = _EveryId(b"{}")

LAST = [
    puts("firing.dead-letter.not-on-success", "puts what has succeeded", of_successes),
    mutant("firing.execution.cancelled", where="target")(never_cancelled),
]
