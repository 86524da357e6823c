"""How it looks to people where a trigger's events come from."""

import asyncio
from typing import Any

from tocsin.cli.terminal.output import shown
from tocsin.schedule import SystemClock
from tocsin_protos.tocsin.v1 import event_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

HEAD = "SOURCE"
# Kinds whose source is asked for its events: the server tells of them soon after Create.
ASKED = ("message_queue", "data_stream", "iot_message", "iot_broker_message")
TOLD_WITHIN_SECONDS = 3.0
ASKED_EACH_SECONDS = 0.2


def cell(intake: contract.EventServiceGetIntakeResponse) -> str:
    """Returns what a list tells of it in few words; empty: there is nothing to tell."""
    told = []
    if intake.HasField("source"):
        told.append("connected" if intake.source.connected else "not connected")
        if not intake.source.connected and intake.source.last_error:
            told[0] += f": {' '.join(intake.source.last_error.split())}"
        if intake.source.refused_events:
            told.append(f"{intake.source.refused_events} refused")
    if intake.lost_events:
        told.append(f"{intake.lost_events} lost")
    return ", ".join(told)


def details(intake: contract.EventServiceGetIntakeResponse) -> list[tuple[str, str]]:
    """Returns what is to be told, in the words of the API."""
    source = intake.source
    found = [
        ("waitingEvents", _count(intake.waiting_events)),
        ("lostEvents", _count(intake.lost_events)),
    ]
    if intake.HasField("source"):
        found += [
            ("connected", "yes" if source.connected else "no"),
            ("lastEvent", shown(source.last_event) if source.HasField("last_event") else ""),
            ("lastError", source.last_error),
            ("lastErrorTime", shown(source.last_error_time) if source.last_error else ""),
            ("refusedEvents", _count(source.refused_events)),
        ]
    return found


def _count(events: int) -> str:
    return str(events) if events else ""


def of_trigger(events: Any, trigger: Trigger) -> list[tuple[str, str]]:
    """Asks how it stands; a timer has none."""
    if trigger.rule.WhichOneof("rule") == "timer":
        return []
    return details(_intake(events, trigger))


def of_new_trigger(events: Any, trigger: Trigger) -> list[tuple[str, str]]:
    """As `of_trigger`, once the server knows whether it reaches the source."""
    if trigger.rule.WhichOneof("rule") not in ASKED:
        return []
    clock = SystemClock()
    give_up = clock.monotonic() + TOLD_WITHIN_SECONDS
    while True:
        intake = _intake(events, trigger)
        source = intake.source
        if source.connected or source.last_error or clock.monotonic() > give_up:
            return details(intake)
        asyncio.run(clock.sleep(ASKED_EACH_SECONDS))


def _intake(events: Any, trigger: Trigger) -> contract.EventServiceGetIntakeResponse:
    request = contract.EventServiceGetIntakeRequest(trigger_id=trigger.id)
    intake: contract.EventServiceGetIntakeResponse = events.GetIntake(request)
    return intake
