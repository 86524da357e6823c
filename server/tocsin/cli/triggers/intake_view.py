"""Formats the intake of a trigger for people."""

import asyncio
from typing import Any

from tocsin.cli.terminal.output import instant_text
from tocsin.schedule import SystemClock
from tocsin_protos.tocsin.v1 import event_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

HEAD = "SOURCE"
# Kinds that the server pulls: soon after Create it knows whether it reaches the source.
PULLED = ("message_queue", "data_stream", "iot_message", "iot_broker_message")
KNOWN_WITHIN_SECONDS = 3.0
POLL_SECONDS = 0.2


def cell(intake: contract.EventServiceGetIntakeResponse) -> str:
    """Returns a few words for a list; empty if all is well and quiet."""
    words = []
    if intake.HasField("source"):
        words.append("connected" if intake.source.connected else "not connected")
        if not intake.source.connected and intake.source.last_error:
            words[0] += f": {' '.join(intake.source.last_error.split())}"
        if intake.source.refused_events:
            words.append(f"{intake.source.refused_events} refused")
    if intake.lost_events:
        words.append(f"{intake.lost_events} lost")
    words.extend(intake.warnings)
    return ", ".join(words)


def details(intake: contract.EventServiceGetIntakeResponse) -> list[tuple[str, str]]:
    """Returns names and values, in the words of the API."""
    source = intake.source
    fields = [
        ("waitingEvents", _count(intake.waiting_events)),
        ("lostEvents", _count(intake.lost_events)),
    ]
    if intake.HasField("source"):
        fields += [
            ("connected", "yes" if source.connected else "no"),
            ("lastEvent", instant_text(source.last_event) if source.HasField("last_event") else ""),
            ("lastError", source.last_error),
            ("lastErrorTime", instant_text(source.last_error_time) if source.last_error else ""),
            ("refusedEvents", _count(source.refused_events)),
        ]
    return [*fields, *_warnings(intake)]


def _warnings(intake: contract.EventServiceGetIntakeResponse) -> list[tuple[str, str]]:
    return [("warning", warning) for warning in intake.warnings]


def _count(events: int) -> str:
    return str(events) if events else ""


def of_trigger(events: Any, trigger: Trigger) -> list[tuple[str, str]]:
    """Returns names and values of a trigger's intake; of a timer only what it is warned of."""
    intake = _intake(events, trigger)
    return _warnings(intake) if trigger.rule.WhichOneof("rule") == "timer" else details(intake)


def of_new_trigger(events: Any, trigger: Trigger) -> list[tuple[str, str]]:
    """Returns the same as `of_trigger`, once the server knows whether it reaches the source."""
    if trigger.rule.WhichOneof("rule") not in PULLED:
        return []
    clock = SystemClock()
    give_up = clock.monotonic() + KNOWN_WITHIN_SECONDS
    while True:
        intake = _intake(events, trigger)
        source = intake.source
        if source.connected or source.last_error or clock.monotonic() > give_up:
            return details(intake)
        asyncio.run(clock.sleep(POLL_SECONDS))


def _intake(events: Any, trigger: Trigger) -> contract.EventServiceGetIntakeResponse:
    request = contract.EventServiceGetIntakeRequest(trigger_id=trigger.id)
    intake: contract.EventServiceGetIntakeResponse = events.GetIntake(request)
    return intake
