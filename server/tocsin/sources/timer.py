"""The timer: a tick as the event that its target receives."""

import json
from datetime import datetime

from tocsin.plans.plan import Plan, TimerSource

EVENT_TYPE = "yandex.cloud.events.serverless.triggers.TimerMessage"


def tick_payload(
    plan: Plan, source: TimerSource, *, event_id: str, tick: datetime, cloud_id: str
) -> bytes:
    """Returns the body of one tick's call (docs: timer trigger, message format)."""
    event = {
        "event_metadata": {
            "event_id": event_id,
            "event_type": EVENT_TYPE,
            "created_at": tick.isoformat().replace("+00:00", "Z"),
            "cloud_id": cloud_id,
            "folder_id": plan.folder_id,
        },
        "details": {"trigger_id": plan.trigger_id, "payload": source.payload},
    }
    return json.dumps({"messages": [event]}, ensure_ascii=False, indent=2).encode()
