"""Speaks to the server under test, over gRPC and REST, and records every exchange."""

import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import grpc
from google.longrunning import operations_pb2
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2  # noqa: F401 (details are unpacked by their names)
from google.rpc.status_pb2 import Status

from tocsin.conformance.credentials import open_channel
from tocsin.conformance.options import Options
from tocsin.conformance.patience import monotonic
from tocsin.conformance.wire.exchanges import Recorder, shown_messages
from tocsin.conformance.wire.rest import Body, HeaderPairs, Pairs, RestAnswer, RestClient
from tocsin_protos.google.cloud.integrations.v1alpha import (
    executions_pb2,
    log_entries_pb2,  # noqa: F401 (metadata and responses are unpacked by their names)
)
from tocsin_protos.google.cloud.integrations.v2 import executions_pb2 as executions_v2_pb2
from tocsin_protos.yandex.cloud.operation import operation_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2

TRIGGERS = trigger_service_pb2.DESCRIPTOR.services_by_name["TriggerService"].full_name
OPERATIONS = operation_service_pb2.DESCRIPTOR.services_by_name["OperationService"].full_name
EXECUTIONS = executions_pb2.DESCRIPTOR.services_by_name["Executions"].full_name
EXECUTIONS_V2 = executions_v2_pb2.DESCRIPTOR.services_by_name["Executions"].full_name
GOOGLE_OPERATIONS = operations_pb2.DESCRIPTOR.services_by_name["Operations"].full_name

CALL_SECONDS = 15.0
_DETAILS = "grpc-status-details-bin"

Metadata = Sequence[tuple[str, str | bytes]]

_CHANNEL_OPTIONS: list[tuple[str, Any]] = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.enable_http_proxy", 0),  # the server is named; a proxy to the internet is not meant
    ("grpc.enable_retries", 0),  # each call is on the wire once
]


class NotGivenError(Exception):
    """A check needs an option that the command line does not have; the text names it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call of gRPC was answered, an error or not."""

    message: Any
    """The response; None if the call failed."""
    code: grpc.StatusCode
    text: str
    """The status message; empty for OK."""
    details: tuple[Any, ...]
    """What `google.rpc.Status.details` holds, unpacked; an unknown type stays an Any."""
    headers: tuple[tuple[str, str | bytes], ...]
    trailers: tuple[tuple[str, str | bytes], ...]
    messages: tuple[Any, ...] = ()
    """All responses of a stream."""

    @property
    def ok(self) -> bool:
        return self.code is grpc.StatusCode.OK

    def __str__(self) -> str:
        return self.code.name if self.ok else f"{self.code.name}: {self.text}"


class Stubs:
    """Holds the methods of a service: `peer.triggers.Get(request)` returns an Answer."""

    def __init__(self, peer: "Peer", service: str) -> None:
        self._peer = peer
        self._service = service

    def __getattr__(self, method: str) -> Any:
        def call(
            request: Message | bytes, *, metadata: Metadata = (), timeout: float = CALL_SECONDS
        ) -> Answer:
            return self._peer.call(
                f"{self._service}/{method}", request, metadata=metadata, timeout=timeout
            )

        return call


class Peer:
    """The server under test, as one caller sees it.

    `folder` is the run's own; `location`, `integration` and `trigger_id` name an integration that
    can be scheduled. Calls and requests never raise for a status.
    """

    def __init__(self, options: Options, recorder: Recorder, authorization: str | None) -> None:
        self.options = options
        self.recorder = recorder
        self.folder = options.folder
        self.other_folder = f"elsewhere-{secrets.token_hex(4)}"
        self.location = options.location
        self.authorization = authorization
        self._strangers: list[Peer] = []
        self.triggers = Stubs(self, TRIGGERS)
        self.operations = Stubs(self, OPERATIONS)
        self.executions = Stubs(self, EXECUTIONS)
        self.executions_v2 = Stubs(self, EXECUTIONS_V2)
        self.google_operations = Stubs(self, GOOGLE_OPERATIONS)

    @cached_property
    def channel(self) -> grpc.Channel:
        """The connection; what goes over it directly is not recorded."""
        return open_channel(self.options, _CHANNEL_OPTIONS)

    @property
    def integration(self) -> str:
        """The integration's full name, `projects/P/locations/L/integrations/I`."""
        if self.options.integration is None:
            raise NotGivenError("--integration")
        return f"{self.location}/integrations/{self.options.integration}"

    @property
    def trigger_id(self) -> str:
        """The trigger of the integration, such as `api_trigger/name`."""
        if self.options.trigger_id is None:
            raise NotGivenError("--trigger-id")
        return self.options.trigger_id

    @property
    def absent(self) -> tuple[grpc.StatusCode, ...]:
        """The codes for what does not exist: NOT_FOUND, and who may not see it is denied.

        AIP-211: the permission is checked before it is known whether the resource exists.
        """
        denied = () if self.authorization is None else (grpc.StatusCode.PERMISSION_DENIED,)
        return (grpc.StatusCode.NOT_FOUND, *denied)

    def name(self, prefix: str = "check") -> str:
        """Returns a name that nobody has and that the contract's pattern allows."""
        return f"{prefix[:40]}-{secrets.token_hex(6)}"

    def stranger(self, authorization: str | None = None) -> "Peer":
        """Returns the same server as another caller sees it.

        Args:
            authorization: the header with a credential of your own making; None sends none.
        """
        other = Peer(self.options, self.recorder, authorization)
        other.other_folder = self.other_folder
        self._strangers.append(other)
        return other

    def call(
        self,
        method: str,
        request: Message | bytes,
        *,
        metadata: Metadata = (),
        timeout: float = CALL_SECONDS,
    ) -> Answer:
        """Calls a unary method.

        Args:
            method: `package.Service/Method`.
            request: the message, or the bytes to send in its place.
            metadata: beside the caller's credential.
            timeout: seconds.
        """
        return self._exchange(method, [request], metadata, timeout, streams=False)

    def stream(
        self,
        method: str,
        requests: Sequence[Message],
        *,
        metadata: Metadata = (),
        timeout: float = CALL_SECONDS,
    ) -> Answer:
        """Calls a method whose requests and responses are streams; `messages` has the responses."""
        return self._exchange(method, requests, metadata, timeout, streams=True)

    def rest(
        self,
        method: str,
        path: str,
        *,
        query: Pairs | str | None = None,
        json: Any = None,
        body: Body | None = None,
        headers: HeaderPairs | None = None,
        timeout: float = CALL_SECONDS,
    ) -> RestAnswer:
        """Sends a request of REST.

        Args:
            method: the verb.
            path: behind the URL of --rest, sent as it is, so escape it where it has to be.
            query: pairs, which are escaped, or a text, which is sent as it is.
            json: the body, as a value.
            body: the body, as bytes; an iterable of bytes is sent in chunks.
            headers: they take the place of our own of the same name; None as a value drops one.
            timeout: seconds.
        """
        return self._rest.send(
            method, path, query=query, json=json, body=body, headers=headers, timeout=timeout
        )

    def rest_bytes(self, request: bytes, *, timeout: float = CALL_SECONDS) -> RestAnswer:
        """Sends bytes that need not be valid HTTP, on a connection of their own."""
        return self._rest.send_bytes(request, timeout=timeout)

    @cached_property
    def _rest(self) -> RestClient:
        if self.options.rest is None:
            raise NotGivenError("--rest")
        return RestClient(self.options.rest, self.options.ca, self.recorder, self.authorization)

    def close(self) -> None:
        """Closes its connections."""
        for other in self._strangers:
            other.close()
        if "channel" in self.__dict__:
            self.channel.close()

    def _exchange(
        self,
        method: str,
        requests: Sequence[Message | bytes],
        metadata: Metadata,
        timeout: float,
        *,
        streams: bool,
    ) -> Answer:
        sent = [*metadata]
        if self.authorization is not None and "authorization" not in dict(metadata):
            sent.append(("authorization", self.authorization))
        began = monotonic()
        call = self._stream if streams else self._unary
        messages, ended = call(method, requests, sent, timeout)
        answer = _answer(messages, ended)
        if answer.code is grpc.StatusCode.UNIMPLEMENTED:
            self.recorder.unimplemented = True
        self.recorder.add(
            "gRPC",
            method,
            sent,
            shown_messages(requests),
            answer.code.name if answer.ok else f"{answer.code.name}: {answer.text}",
            [pair for pair in (*answer.headers, *answer.trailers) if pair[0] != _DETAILS],
            shown_messages((*answer.messages, *answer.details)),
            monotonic() - began,
        )
        return answer

    def _unary(
        self,
        method: str,
        requests: Sequence[Message | bytes],
        metadata: Metadata,
        timeout: float,
    ) -> tuple[list[Any], Any]:
        """Returns the response, if there is one, and the call that has ended."""
        one = self.channel.unary_unary(f"/{method}", _to_bytes, _parser(method))
        try:
            # `future` would start a thread for each call.
            message, call = one.with_call(requests[0], metadata=tuple(metadata), timeout=timeout)
        except grpc.RpcError as error:
            return [], error
        return [message], call

    def _stream(
        self,
        method: str,
        requests: Sequence[Message | bytes],
        metadata: Metadata,
        timeout: float,
    ) -> tuple[list[Any], Any]:
        """Returns the responses that came, and the call that has ended."""
        many = self.channel.stream_stream(f"/{method}", _to_bytes, _parser(method))
        call: Any = many(iter(requests), metadata=tuple(metadata), timeout=timeout)
        messages: list[Any] = []
        # The call itself has the status, also of one that failed.
        with suppress(grpc.RpcError):
            messages.extend(call)
        return messages, call


def _answer(messages: Sequence[Any], call: Any) -> Answer:
    code = call.code()
    return Answer(
        message=messages[-1] if messages and code is grpc.StatusCode.OK else None,
        code=code,
        text=call.details() or "",
        details=_details(call.trailing_metadata() or ()),
        headers=_pairs(call.initial_metadata()),
        trailers=_pairs(call.trailing_metadata()),
        messages=tuple(messages),
    )


def _pairs(metadata: Any) -> tuple[tuple[str, str | bytes], ...]:
    return tuple((key, value) for key, value in metadata or ())


def _details(trailers: Iterable[tuple[str, str | bytes]]) -> tuple[Any, ...]:
    for key, value in trailers:
        if key == _DETAILS and isinstance(value, bytes):
            try:
                return tuple(unpacked(detail) for detail in Status.FromString(value).details)
            except DecodeError:
                return (value,)
    return ()


def unpacked(packed: Any) -> Any:
    """Returns the message in an Any; the Any itself if its type is unknown or it does not parse."""
    name = packed.type_url.rpartition("/")[2]
    try:
        described = descriptor_pool.Default().FindMessageTypeByName(name)
        return message_factory.GetMessageClass(described).FromString(packed.value)
    except (KeyError, DecodeError):
        return packed


def described(method: str) -> MethodDescriptor:
    """Returns the descriptor of `package.Service/Method`.

    Raises:
        KeyError: our contracts do not have it.
    """
    service, _, name = method.partition("/")
    found: MethodDescriptor = descriptor_pool.Default().FindMethodByName(f"{service}.{name}")
    return found


def _parser(method: str) -> Any:
    try:
        return message_factory.GetMessageClass(described(method).output_type).FromString
    except KeyError:
        return bytes  # a method that no contract has is called with bytes, and answers with them


def _to_bytes(request: Message | bytes) -> bytes:
    return request if isinstance(request, bytes) else request.SerializeToString()
