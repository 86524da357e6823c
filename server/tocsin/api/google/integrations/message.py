"""Converts stored versions into the contract's messages and back."""

from collections.abc import Mapping
from typing import Any

from tocsin.store.integrations.versions import StoredVersion, VersionState, VersionSummary
from tocsin.wire.resource_names import IntegrationName
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.google.cloud.integrations.v1alpha import integration_version_pb2 as contract
from tocsin_protos.google.cloud.integrations.v1alpha.integration_state_pb2 import IntegrationState

IntegrationVersion = contract.IntegrationVersion

STATES: Mapping[VersionState, Any] = {
    state: IntegrationState.Value(state.value) for state in VersionState
}
STATUSES: Mapping[VersionState, Any] = {
    state: IntegrationVersion.Status.Value(state.value) for state in VersionState
}
NO_ERRORS: Mapping[tuple[str, str], str] = {}
# What the server sets, whatever a client sends.
OUTPUT = (
    "name",
    "snapshot_number",
    "state",
    "status",
    "create_time",
    "update_time",
    "euc_hardening_disposition",
)


def without_output(version: IntegrationVersion) -> IntegrationVersion:
    """Returns a version as it is stored: without what the server sets."""
    kept = IntegrationVersion()
    kept.CopyFrom(version)
    for field in OUTPUT:
        kept.ClearField(field)
    for trigger in kept.trigger_configs:
        if trigger.HasField("cloud_scheduler_config"):
            trigger.cloud_scheduler_config.ClearField("error_message")
    return kept


def to_version(
    stored: StoredVersion,
    parent: IntegrationName,
    errors: Mapping[tuple[str, str], str] = NO_ERRORS,
) -> IntegrationVersion:
    """Returns a stored version below the parent that a client asked for.

    `errors` says why schedules can't fire, by the ids of versions and triggers.
    """
    summary = stored.summary
    version = IntegrationVersion.FromString(stored.message)
    version.name = version_name(summary, parent)
    version.snapshot_number = summary.snapshot_number
    version.state = STATES[summary.state]
    version.status = STATUSES[summary.state]
    version.create_time.CopyFrom(to_timestamp(summary.created_at))
    version.update_time.CopyFrom(to_timestamp(summary.updated_at))
    if summary.modifier:
        version.last_modifier_email = summary.modifier
    for trigger in version.trigger_configs:
        if why := errors.get((summary.id, trigger.trigger_id)):
            trigger.cloud_scheduler_config.error_message = why
    return version


def version_name(summary: VersionSummary, parent: IntegrationName) -> str:
    return f"{parent.of(summary.integration)}/versions/{summary.id}"
