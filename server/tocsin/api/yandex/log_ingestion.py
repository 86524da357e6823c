"""Serves `yandex.cloud.logging.v1.LogIngestionService`, whose log records fire triggers.

No log is kept: records that no trigger listens to are dropped.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tocsin.api.tocsin.events.taking import take
from tocsin.contract.validation import Violation, validator
from tocsin.sources.folders import NOBODY, Folders
from tocsin.sources.incoming import Incoming, TakesEvents
from tocsin.sources.instants import NANOS
from tocsin.sources.kinds.log_records import incoming_of_record
from tocsin.sources.kinds.logging import LogLevel, LogRecord
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.idempotency import IDEMPOTENCY_KEY
from tocsin.wire.serving import SelfChecked
from tocsin.wire.statuses import to_status
from tocsin.wire.structs import plain
from tocsin_protos.yandex.cloud.logging.v1 import log_ingestion_service_pb2 as contract
from tocsin_protos.yandex.cloud.logging.v1 import log_resource_pb2
from tocsin_protos.yandex.cloud.logging.v1.log_entry_pb2 import (
    Destination,
    IncomingLogEntry,
    LogEntryDefaults,
)
from tocsin_protos.yandex.cloud.logging.v1.log_entry_pb2 import LogLevel as Level

SERVICE = contract.DESCRIPTOR.services_by_name["LogIngestionService"]

_violations_of_request = validator(contract.WriteRequest.DESCRIPTOR)
_violations_of_entry = validator(IncomingLogEntry.DESCRIPTOR)


@dataclass(frozen=True, slots=True)
class Written:
    """Holds what the records of one call share.

    `key` is the idempotency key with the caller's scope, so that callers can't use each other's
    keys; it is empty if the call has none.
    """

    log_group_id: str
    folders: Folders
    resource: log_resource_pb2.LogEntryResource
    defaults: LogEntryDefaults
    json_payload: Mapping[str, Any]
    key: str


class LogIngestionService:
    """Accepts log records; `default_groups` holds the log groups of folders by folder id.

    `folders_of` returns the folders that get the records of a group.
    """

    def __init__(
        self,
        intake: TakesEvents,
        default_groups: Mapping[str, str],
        folders_of: Callable[[str], Folders],
    ) -> None:
        self._intake = intake
        self._default_groups = default_groups
        self._folders_of = folders_of

    def methods(self) -> dict[str, SelfChecked]:
        return {"Write": SelfChecked(self.write, _violations_of_all_entries)}

    async def write(self, request: contract.WriteRequest, call: Call) -> contract.WriteResponse:
        """Accepts log records, and returns an error for each wrong one."""
        payload = plain(request.defaults.json_payload, "defaults.json_payload")
        group = self._group(request.destination)
        folders = self._folders_of(group)
        if folders == NOBODY:
            raise errors.log_group_unbound(group)
        written = Written(
            group,
            folders,
            request.resource,
            request.defaults,
            payload,
            _key(call),
        )
        response = contract.WriteResponse()
        incoming: list[Incoming] = []
        for index, entry in enumerate(request.entries):
            try:
                incoming += _incoming(entry, index, written)
            except errors.ApiError as error:
                status = to_status(error, call.request_id)
                response.errors[index].CopyFrom(status)
        await take(self._intake, incoming)
        return response

    def _group(self, destination: Destination) -> str:
        if destination.WhichOneof("destination") == "log_group_id":
            if not destination.log_group_id:
                raise errors.invalid_field("destination.log_group_id", "Field is required")
            return destination.log_group_id
        group = self._default_groups.get(destination.folder_id)
        if group is None:
            raise errors.no_default_group(destination.folder_id)
        return group


def _key(call: Call) -> str:
    sent = call.metadata_value(IDEMPOTENCY_KEY)
    return f"{call.scope('log')} {sent}" if sent else ""


def _violations_of_all_entries(request: contract.WriteRequest) -> Sequence[Violation]:
    """Lists the violations that refuse the whole call; those of single entries are left out."""
    return [v for v in _violations_of_request(request) if "entries[" not in v.field]


def _incoming(entry: IncomingLogEntry, index: int, written: Written) -> Sequence[Incoming]:
    path = f"entries[{index}]"
    if violations := _violations_of_entry(entry):
        raise errors.invalid([Violation(f"{path}.{v.field}", v.description) for v in violations])
    defaults = written.defaults
    record = LogRecord(
        written.log_group_id,
        written.resource.type,
        written.resource.id,
        entry.stream_name or defaults.stream_name,
        LogLevel(Level.Level.Name(entry.level or defaults.level)),
        entry.message,
        {**written.json_payload, **plain(entry.json_payload, f"{path}.json_payload")},
    )
    happened_ns = entry.timestamp.seconds * NANOS + entry.timestamp.nanos
    key = f"{written.key} {index}" if written.key else ""
    return incoming_of_record(record, happened_ns, key, written.folders)
