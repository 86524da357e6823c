"""Writes notices: what a receiver is told, as JSON."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.engine.notices.subjects import EXECUTION, TRIGGER, Subject
from tocsin.schedule.instants import iso, rfc3339
from tocsin.store.invocations.rows import Invocation

FAILED, SILENT, RECOVERED = "failed", "silent", "recovered"


@dataclass(frozen=True, slots=True)
class Told:
    """What a notice says of its subject: what became of it, a sentence for people, and details.

    `command` shows more of it.
    """

    state: str
    subject: Subject
    text: str
    command: str
    details: Mapping[str, Any]


def body_of(told: Told, now: datetime) -> bytes:
    """Returns the body of a notice, in the form that Standard Webhooks recommend."""
    data = {
        **told.subject.names,
        "text": told.text,
        "command": told.command,
        **told.details,
    }
    kind = f"{told.subject.kind}.{told.state}"
    message = {"type": kind, "timestamp": iso(now), "data": data}
    return json.dumps(message, ensure_ascii=False).encode()


def command_for_failure(invocation: Invocation) -> str:
    """Returns the command that shows a failed delivery."""
    if not invocation.is_execution:
        return f"tocsin invocations get {invocation.id}"
    return shlex.join(
        ["tocsin", "executions", "get", invocation.shown_id, "--location", invocation.parent]
    )


def command_for_silence(subject: Subject, due: datetime) -> str:
    """Returns the command that explains why something did not fire."""
    names, instant = subject.names, rfc3339(due)
    if subject.kind == TRIGGER:
        return f"tocsin triggers explain {subject.key} {instant}"
    if "schedule" in names:
        return shlex.join(["tocsin", "schedules", "explain", names["schedule"], instant])
    command = ["tocsin", "integrations", "explain", names["integration"], instant]
    return shlex.join([*command, "--trigger", names["integrationTrigger"]])


def command_for_recovery(subject: Subject) -> str:
    """Returns the command that lists the latest deliveries."""
    if subject.kind == TRIGGER:
        return f"tocsin invocations list --trigger {subject.key}"
    return shlex.join(
        ["tocsin", "executions", "list", "--integration", subject.names["integration"]]
    )


def what_failed(subject: Subject) -> str:
    """Returns what a failure is one of, as texts say it."""
    return "execution" if subject.kind == EXECUTION else "delivery"
