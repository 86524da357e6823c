"""Compiles a scheduled integration of `google.cloud.integrations.v1alpha` into an action."""

import json
from datetime import datetime
from functools import lru_cache

from tocsin.plans.plan import Action, Integration, action_to_json
from tocsin.schedule.instants import rfc3339
from tocsin.wire.json_text import Json

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=1024)
def integration_action(name: str) -> str:
    """Returns the action that calls an integration, as JSON.

    Args:
        name: the integration's short name.
    """
    return action_to_json(Action(Integration(name)))


def execution_payload(
    *,
    execution_id: str,
    integration: str,
    trigger_id: str,
    schedule_time: datetime,
    parameters: dict[str, Json],
) -> bytes:
    """Returns the JSON body of the request to the integration's URL."""
    body = {
        "executionId": execution_id,
        "integration": integration,
        "triggerId": trigger_id,
        "scheduleTime": rfc3339(schedule_time),
        "parameters": parameters,
    }
    return _ENCODER.encode(body).encode()
