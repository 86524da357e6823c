"""Writes notices: what a receiver is told, as JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.schedule.instants import iso

FAILED, SILENT, RECOVERED = "trigger.failed", "trigger.silent", "trigger.recovered"


@dataclass(frozen=True, slots=True)
class Told:
    """What a notice is about: its type, its trigger, a sentence for people, and details.

    `command` shows more of it.
    """

    type: str
    trigger_id: str
    name: str
    folder_id: str
    text: str
    command: str
    details: Mapping[str, Any]


def body_of(told: Told, now: datetime) -> bytes:
    """Returns the body of a notice, in the form that Standard Webhooks recommend."""
    data = {
        "triggerId": told.trigger_id,
        "triggerName": told.name,
        "folderId": told.folder_id,
        "text": told.text,
        "command": told.command,
        **told.details,
    }
    message = {"type": told.type, "timestamp": iso(now), "data": data}
    return json.dumps(message, ensure_ascii=False).encode()
