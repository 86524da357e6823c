"""Serves `opentelemetry.proto.collector.logs.v1.LogsService`, whose records fire triggers."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as contract

from tocsin.api.otlp.records import GROUP, Destination, read_records
from tocsin.api.tocsin.events.taking import take
from tocsin.schedule import Clock
from tocsin.sources.folders import Folders
from tocsin.sources.incoming import TakesEvents
from tocsin.sources.instants import nanos_of
from tocsin.wire.calls import Call
from tocsin.wire.serving import SelfChecked

SERVICE = contract.DESCRIPTOR.services_by_name["LogsService"]

GROUP_HEADER = "tocsin-log-group-id"
UNKNOWN_GROUP = (
    f"the log group of these records is unknown: set the attribute {GROUP}, the header "
    f"{GROUP_HEADER}, or otlp_group in [sources.logs]; or the group belongs to no folder: set its "
    "folders in folders_of in [sources.logs]"
)

# A larger request takes milliseconds to read, in a thread; several would take them from each other.
LARGE_BYTES = 64 * 1024
LARGE_AT_ONCE = 1

Result = TypeVar("Result")


class LogRecords:
    """Accepts log records; `default_group` is the log group of records that name none.

    `folders_of` returns the folders that get the records of a group.
    """

    def __init__(
        self,
        clock: Clock,
        intake: TakesEvents,
        default_group: str | None,
        folders_of: Callable[[str], Folders],
    ) -> None:
        self._clock = clock
        self._intake = intake
        self._default_group = default_group or ""
        self._folders_of = folders_of
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    async def apart(self, size: int, work: Callable[..., Result], *args: object) -> Result:
        """Does work on a request of that many bytes; what is large does not hold up other calls."""
        if size <= LARGE_BYTES:
            return work(*args)
        async with self._large:
            return await asyncio.to_thread(work, *args)

    async def accept(
        self, request: contract.ExportLogsServiceRequest, call: Call, only_group: str | None = None
    ) -> contract.ExportLogsServiceResponse:
        """Accepts records of known log groups, and counts the others as rejected.

        Args:
            request: the records.
            call: the call, whose header may name the log group.
            only_group: the log group of all records, whatever they name; None: what they name.

        Raises:
            StoreUnavailable: the store can't be reached; some records may have been accepted.
        """
        group = only_group or call.metadata_value(GROUP_HEADER) or self._default_group
        destination = Destination(group, only_group is not None, self._folders_of)
        now = nanos_of(self._clock.now())
        read = await self.apart(request.ByteSize(), read_records, request, destination, now)
        await take(self._intake, read.incoming)
        response = contract.ExportLogsServiceResponse()
        if read.rejected:
            response.partial_success.rejected_log_records = read.rejected
            response.partial_success.error_message = UNKNOWN_GROUP
        return response


class OtlpLogsService:
    """Serves OTLP over gRPC."""

    def __init__(self, records: LogRecords) -> None:
        self._records = records

    def methods(self) -> dict[str, SelfChecked]:
        return {"Export": SelfChecked(self.export, lambda _: ())}

    async def export(
        self, request: contract.ExportLogsServiceRequest, call: Call
    ) -> contract.ExportLogsServiceResponse:
        """Accepts records of known log groups, and counts the others as rejected."""
        return await self._records.accept(request, call)
