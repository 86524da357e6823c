"""Compiles a scheduled integration of `google.cloud.integrations.v1alpha` into an action."""

import json
from collections.abc import Mapping
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


@lru_cache(maxsize=1024)
def payload_form(integration: str, trigger_id: str) -> "PayloadForm":
    """Returns what writes the bodies of an integration.

    Args:
        integration: the integration's short name.
        trigger_id: the trigger of the integration.
    """
    return PayloadForm(integration, trigger_id)


class PayloadForm:
    """Writes the JSON bodies of requests to one integration's URL."""

    __slots__ = ("_shared",)

    def __init__(self, integration: str, trigger_id: str) -> None:
        shared = _ENCODER.encode({"integration": integration, "triggerId": trigger_id})
        self._shared = shared[1:-1]

    def payload(
        self, execution_id: str, schedule_time: datetime, parameters: Mapping[str, Json]
    ) -> bytes:
        """Returns the body of one request; `execution_id` has letters, digits and hyphens."""
        return (
            f'{{"executionId":"{execution_id}",{self._shared},'
            f'"scheduleTime":"{rfc3339(schedule_time)}","parameters":{_ENCODER.encode(parameters)}}}'
        ).encode()
