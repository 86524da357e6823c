"""A server with access control, and those who call it."""

import re
import time
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
from grpc_status import rpc_status
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2

from stand.access.oidc_issuer import AUDIENCE, OidcIssuer
from stand.apis.wire import Json, Refused
from stand.tocsin_process import Tocsin, run_tocsin, serving
from tocsin_protos.google.cloud.integrations.v1alpha import (
    executions_pb2,
    integration_versions_pb2,
    integrations_pb2,
    log_entries_pb2,  # noqa: F401
)
from tocsin_protos.google.cloud.integrations.v2 import executions_pb2 as executions_v2_pb2
from tocsin_protos.tocsin.v1 import (
    access_service_pb2,
    clock_service_pb2,
    console_service_pb2,
    dead_letter_service_pb2,
    document_service_pb2,
    event_service_pb2,
    firing_service_pb2,
    folder_service_pb2,
    invocation_service_pb2,
    job_service_pb2,
    open_api_service_pb2,
    open_id_service_pb2,
    otlp_service_pb2,
    overview_service_pb2,
    schedule_service_pb2,
    session_service_pb2,
    settings_service_pb2,
    trigger_setup_service_pb2,
    watch_service_pb2,
    webhook_service_pb2,
)
from tocsin_protos.yandex.cloud.endpoint import api_endpoint_service_pb2
from tocsin_protos.yandex.cloud.iam.v1 import iam_token_service_pb2
from tocsin_protos.yandex.cloud.logging.v1 import log_ingestion_service_pb2
from tocsin_protos.yandex.cloud.operation import operation_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2

ISSUER = "test"
FILES: tuple[Any, ...] = (
    trigger_service_pb2,
    operation_service_pb2,
    executions_pb2,
    integrations_pb2,
    integration_versions_pb2,
    executions_v2_pb2,
    operations_pb2,
    log_ingestion_service_pb2,
    logs_service_pb2,
    clock_service_pb2,
    console_service_pb2,
    dead_letter_service_pb2,
    document_service_pb2,
    trigger_setup_service_pb2,
    event_service_pb2,
    firing_service_pb2,
    folder_service_pb2,
    invocation_service_pb2,
    job_service_pb2,
    open_api_service_pb2,
    open_id_service_pb2,
    otlp_service_pb2,
    overview_service_pb2,
    schedule_service_pb2,
    watch_service_pb2,
    session_service_pb2,
    settings_service_pb2,
    webhook_service_pb2,
    access_service_pb2,
    iam_token_service_pb2,
    api_endpoint_service_pb2,
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
        """Calls a method by its full name; of a stream it takes the first answer.

        Raises Refused.
        """
        described = METHODS[method]
        answer = message_factory.GetMessageClass(described.output_type)
        message = message_factory.GetMessageClass(described.input_type)()
        json_format.ParseDict(request, message)
        sent = [(name.replace("_", "-"), value) for name, value in metadata.items()]
        if self.credential is not None:
            sent.append(("authorization", self.credential))
        channel = self.server.channel
        rpc: Any = channel.unary_stream if described.server_streaming else channel.unary_unary
        called = rpc(
            f"/{described.containing_service.full_name}/{described.name}",
            type(message).SerializeToString,
            answer.FromString,
        )
        try:
            answered = called(message, timeout=30, metadata=sent)
            if described.server_streaming:
                first = next(answered)
                answered.cancel()
                return json_format.MessageToDict(first)
            return json_format.MessageToDict(answered)
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
    """A server that asks who calls. All that its callers have they were given through its API."""

    def __init__(
        self,
        tocsin: Tocsin,
        channel: grpc.Channel,
        admin: str,
        admin_key: str,
        issuer: OidcIssuer | None,
    ) -> None:
        self.tocsin = tocsin
        self.channel = channel
        self.admin = Caller(self, admin, f"Api-Key {admin_key}")
        self.nobody = Caller(self, "", None)
        self._issuer = issuer

    def caller(self, **roles: str) -> Caller:
        """Someone new, with roles: each says on what."""
        return self.caller_with(list(roles.items()))

    def caller_with(self, roles: list[tuple[str, str]]) -> Caller:
        """Someone new, with any number of roles."""
        account_id = self.account(f"b1g{uuid.uuid4().hex[:17]}")
        subject = f"serviceAccount:{account_id}"
        for role, resource in roles:
            self.bind(subject, role, resource)
        made = self._access("CreateCredential", {"accountId": account_id, "kind": "KIND_API_KEY"})
        return Caller(self, subject, f"Api-Key {made['secret']}")

    def limited_caller(self, scope: str, **roles: str) -> Caller:
        """Someone whom an outside issuer knows, with a token that is limited to scopes."""
        assert self._issuer is not None
        name = f"someone-{uuid.uuid4().hex}"
        subject = f"federatedUser:{ISSUER}:{name}"
        for role, resource in roles.items():
            self.bind(subject, role, resource)
        now = int(time.time())
        claims = {
            "iss": self._issuer.url,
            "aud": AUDIENCE,
            "sub": name,
            "iat": now,
            "exp": now + 3600,
            "scope": scope,
        }
        return Caller(self, subject, f"Bearer {self._issuer.token(claims)}")

    def bind(self, subject: str, role: str, resource: str) -> None:
        self._access("AddBinding", {"binding": _binding(subject, role, resource)})

    def unbind(self, subject: str, role: str, resource: str) -> None:
        self._access("RemoveBinding", {"binding": _binding(subject, role, resource)})

    def account(self, folder: str) -> str:
        """A service account in a folder."""
        request = {"kind": "KIND_SERVICE_ACCOUNT", "folderId": folder}
        return str(self._access("CreateAccount", request)["account"]["id"])

    def _access(self, method: str, request: Json) -> Json:
        return self.admin.call(f"tocsin.v1.AccessService.{method}", request)


def _binding(subject: str, role: str, resource: str) -> Json:
    return {"subject": subject, "role": role, "resource": resource}


@contextmanager
def guarded(
    directory: Path,
    config: str = "",
    *options: str,
    issuer: OidcIssuer | None = None,
    http: str = "127.0.0.1:0",
) -> Iterator[Guarded]:
    """Makes an administrator on a database, then serves that."""
    database = f"sqlite:///{directory / 'tocsin.db'}"
    made = run_tocsin("access", "init", "--database", database)
    [admin] = re.findall(r"\((aje\w+)\)", made.stderr)
    if issuer is not None:
        config += f'\n[access.issuers.{ISSUER}]\nissuer = "{issuer.url}"\naudience = "{AUDIENCE}"\n'
    with (
        serving(directory, config, "--access", *options, http=http) as tocsin,
        tocsin.channel() as channel,
    ):
        yield Guarded(tocsin, channel, f"userAccount:{admin}", made.stdout.strip(), issuer)
