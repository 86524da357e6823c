"""timer: a tick of the clock."""

from dataclasses import dataclass
from datetime import datetime

# What JSONEncoder(ensure_ascii=False) writes for a string.
from json.encoder import encode_basestring as quoted

from tocsin.plans.plan import MisfirePolicy, Plan
from tocsin.schedule import Cron
from tocsin.schedule.instants import iso

EVENT_TYPE = "yandex.cloud.events.serverless.triggers.TimerMessage"

# json.dumps with an indent writes the same, ten times as slowly.
TEMPLATE = f"""{{
  "messages": [
    {{
      "event_metadata": {{
        "event_id": %s,
        "event_type": "{EVENT_TYPE}",
        "created_at": %s,
        "cloud_id": %s,
        "folder_id": %s
      }},
      "details": {{
        "trigger_id": %s,
        "payload": %s
      }}
    }}
  ]
}}"""


@dataclass(frozen=True, slots=True)
class TimerSource:
    """Fires at the instants of a cron expression. `misfire` None means the server's policy."""

    cron: Cron
    payload: str
    misfire: MisfirePolicy | None = None


def tick_payload(
    plan: Plan, source: TimerSource, *, event_id: str, tick: datetime, cloud_id: str
) -> bytes:
    """Returns the body of one tick's call (vendor's page: timer trigger, message format)."""
    return (
        TEMPLATE
        % (
            quoted(event_id),
            quoted(iso(tick)),
            quoted(cloud_id),
            quoted(plan.folder_id),
            quoted(plan.trigger_id),
            quoted(source.payload),
        )
    ).encode()
