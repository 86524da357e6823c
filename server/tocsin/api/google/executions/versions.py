"""Leaves out of answers what the version that was asked for does not have."""

from collections.abc import Mapping
from typing import TypeVar

from google.protobuf.message import Message

from tocsin.wire.calls import Call

M = TypeVar("M", bound=Message)

V1ALPHA = "/v1alpha/"
# Fields that only the discovery document of v1 has.
NEWER: Mapping[str, tuple[str, ...]] = {
    "Execution": ("replay_info",),
    "ExecuteIntegrationsResponse": ("parameters",),
    "Integration": ("create_time",),
    "IntegrationVersion": ("cloud_kms_key",),
    "TriggerConfig": ("input_variables", "output_variables"),
    "IntegrationParameter": ("description",),
}


def fitting(message: M, call: Call) -> M:
    """Returns the message without the fields that a call by v1alpha does not know."""
    if (call.arrival.url or "").startswith(V1ALPHA):
        for field in NEWER[message.DESCRIPTOR.name]:
            message.ClearField(field)
    return message
