"""Serves `tocsin.v1.OtlpService`: OTLP over HTTP, whose records fire triggers.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from google.api.httpbody_pb2 import HttpBody
from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs

from tocsin.access.shared_secret import SharedSecret
from tocsin.api.otlp.json_form import OtlpJsonError, parse_logs
from tocsin.api.otlp.logs import LogRecords
from tocsin.wire import errors
from tocsin.wire.calls import Arrival, Call
from tocsin.wire.serving import SelfChecked
from tocsin_protos.tocsin.v1 import otlp_service_pb2 as contract

SERVICE = contract.DESCRIPTOR.services_by_name["OtlpService"]

PROTOBUF, JSON = "application/x-protobuf", "application/json"
BODY = "records"


@dataclass(frozen=True, slots=True)
class Sender:
    """Holds the secret of a sender, and the log group of all its records."""

    secret: SharedSecret
    log_group: str


class OtlpService:
    """Accepts log records over HTTP from senders that show a secret.

    Without senders anyone may send, unless they must be `proven`.
    """

    def __init__(self, records: LogRecords, senders: Mapping[str, Sender], *, proven: bool) -> None:
        self._records = records
        self._senders = tuple(senders.values())
        self._proven = proven

    def methods(self) -> dict[str, SelfChecked]:
        # The proof comes first: a sender without one learns nothing of what is wrong.
        return {"ExportLogs": SelfChecked(self.export_logs, lambda _: (), self.check_sender)}

    def check_sender(self, _: str, arrival: Arrival) -> bool:
        """Checks the sender by the headers of its request, which are all that it is known by."""
        self._group_of(arrival)
        return True

    async def export_logs(
        self, request: contract.OtlpServiceExportLogsRequest, call: Call
    ) -> contract.OtlpServiceExportLogsResponse:
        """Accepts records of known log groups, and counts the others as rejected."""
        group = self._group_of(call)
        body = request.records
        encoding = body.content_type.partition(";")[0].strip().lower()
        read = _READERS.get(encoding)
        if read is None:
            raise errors.invalid_field(
                f"{BODY}.content_type", f"expected {PROTOBUF} or {JSON}, not {encoding[:64]!r}"
            )
        message = await self._parsed(read, body.data)
        answer = await self._records.accept(message, call, group)
        data = answer.SerializeToString() if encoding == PROTOBUF else _json(answer)
        result = HttpBody(content_type=encoding, data=data)
        return contract.OtlpServiceExportLogsResponse(result=result)

    async def _parsed(
        self, read: Callable[[bytes], logs.ExportLogsServiceRequest], data: bytes
    ) -> logs.ExportLogsServiceRequest:
        try:
            return await self._records.apart(len(data), read, data)
        except OtlpJsonError as error:
            field = f"{BODY}.{error.field}" if error.field else BODY
            raise errors.invalid_field(field, error.reason) from error

    def _group_of(self, call: Call | Arrival) -> str | None:
        """Returns the log group of the sender; None if its records may name theirs."""
        if not self._senders:
            if self._proven:
                raise errors.log_sender_unprovable()
            return None
        header = call.metadata_value("authorization") or ""
        # Each secret is compared, so that the time says nothing of which one was close.
        found = [sender for sender in self._senders if sender.secret.shown_in(header)]
        if not found:
            raise errors.log_sender_unproven()
        return found[0].log_group


def _json(answer: logs.ExportLogsServiceResponse) -> bytes:
    return MessageToJson(answer, indent=None).encode()


_READERS: Mapping[str, Callable[[bytes], logs.ExportLogsServiceRequest]] = {
    PROTOBUF: logs.ExportLogsServiceRequest.FromString,
    JSON: parse_logs,
}
