"""A server with access control, and those who call it."""

import json
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.longrunning import operations_pb2
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.rpc import error_details_pb2  # noqa: F401 (details print by name)
from grpc_channelz.v1 import channelz_pb2
from grpc_status import rpc_status
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2

from server.tocsin_process import Tocsin, serving
from server.wire import Json, Refused
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2, log_entries_pb2  # noqa: F401
from tocsin_protos.tocsin.v1 import (
    clock_service_pb2,
    dead_letter_service_pb2,
    event_service_pb2,
    firing_service_pb2,
    invocation_service_pb2,
    webhook_service_pb2,
)
from tocsin_protos.yandex.cloud.logging.v1 import log_ingestion_service_pb2
from tocsin_protos.yandex.cloud.operation import operation_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2

HERE = Path(__file__).parent
FILES: tuple[Any, ...] = (
    trigger_service_pb2,
    operation_service_pb2,
    executions_pb2,
    operations_pb2,
    log_ingestion_service_pb2,
    logs_service_pb2,
    clock_service_pb2,
    dead_letter_service_pb2,
    event_service_pb2,
    firing_service_pb2,
    invocation_service_pb2,
    webhook_service_pb2,
    channelz_pb2,
)
METHODS: dict[str, MethodDescriptor] = {
    method.full_name: method
    for file in FILES
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"


@dataclass(frozen=True)
class Caller:
    """Someone with a credential, or with none."""

    server: "Guarded"
    subject: str
    credential: str | None

    def call(self, method: str, request: Json, **metadata: str) -> Json:
        """Calls a method by its full name. Raises Refused."""
        described = METHODS[method]
        answer = message_factory.GetMessageClass(described.output_type)
        message = message_factory.GetMessageClass(described.input_type)()
        json_format.ParseDict(request, message)
        sent = [(name.replace("_", "-"), value) for name, value in metadata.items()]
        if self.credential is not None:
            sent.append(("authorization", self.credential))
        rpc = self.server.channel.unary_unary(
            f"/{described.containing_service.full_name}/{described.name}",
            type(message).SerializeToString,
            answer.FromString,
        )
        try:
            return json_format.MessageToDict(rpc(message, timeout=30, metadata=sent))
        except grpc.RpcError as error:
            raise _refused(error) from error

    def code(self, method: str, request: Json) -> str:
        """The code that a call is answered with."""
        try:
            self.call(method, request)
        except Refused as refused:
            return refused.code
        return "OK"

    def refusal(self, method: str, request: Json, **metadata: str) -> Refused:
        """What a call is refused with."""
        try:
            answered = self.call(method, request, **metadata)
        except Refused as refused:
            return refused
        raise AssertionError(f"{method} was not refused, but answered {answered}")


def _refused(error: Any) -> Refused:
    status = rpc_status.from_call(error)
    details = [json_format.MessageToDict(detail) for detail in status.details] if status else []
    return Refused(error.code().name, error.details(), details)


class Guarded:
    """A server that asks who calls."""

    def __init__(self, tocsin: Tocsin, who: "Who", channel: grpc.Channel) -> None:
        self.tocsin = tocsin
        self.channel = channel
        self._who = who
        self.admin = self.caller(admin="*")
        self.nobody = Caller(self, "", None)

    def caller(self, scopes: list[str] | None = None, **roles: str) -> Caller:
        """Someone new, with roles: each says on what."""
        return self.caller_with(list(roles.items()), scopes)

    def caller_with(self, roles: list[tuple[str, str]], scopes: list[str] | None = None) -> Caller:
        subject = f"serviceAccount:aje{uuid.uuid4().hex[:17]}"
        credential = self._who.know(subject, scopes)
        for role, resource in roles:
            self._who.bind(subject, role, resource)
        return Caller(self, subject, credential)

    def bind(self, subject: str, role: str, resource: str) -> None:
        self._who.bind(subject, role, resource)

    def unbind(self, subject: str, role: str, resource: str) -> None:
        self._who.unbind(subject, role, resource)

    def account(self, folder: str) -> str:
        """A service account in a folder."""
        account_id = f"aje{uuid.uuid4().hex[:17]}"
        self._who.account(account_id, folder)
        return account_id


class Who:
    """The file that the stand-in reads."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._told: Any = {"credentials": {}, "bindings": [], "accounts": {}}
        self._write()

    def know(self, subject: str, scopes: list[str] | None) -> str:
        credential = f"Bearer {uuid.uuid4().hex}"
        self._told["credentials"][credential] = {"subject": subject, "scopes": scopes}
        self._write()
        return credential

    def bind(self, *binding: str) -> None:
        self._told["bindings"].append(binding)
        self._write()

    def unbind(self, *binding: str) -> None:
        self._told["bindings"].remove(binding)
        self._write()

    def account(self, account_id: str, folder: str) -> None:
        self._told["accounts"][account_id] = folder
        self._write()

    def _write(self) -> None:
        written = self.file.with_suffix(".new")
        written.write_text(json.dumps(self._told))
        written.replace(self.file)


@contextmanager
def guarded(directory: Path, config: str = "", *options: str) -> Iterator[Guarded]:
    who = Who(directory / "who.json")
    program = (sys.executable, str(HERE / "guarded_program.py"), str(who.file))
    enabled = f"{config}\n[access]\nenabled = true\n"
    with (
        serving(directory, enabled, *options, program=program) as tocsin,
        tocsin.channel() as channel,
    ):
        yield Guarded(tocsin, who, channel)
