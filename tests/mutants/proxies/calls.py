"""A proxy of gRPC that a wrong server is made of: one thing of a call or its answer is changed."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import grpc
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc.status_pb2 import Status
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionResponse

from tocsin.conformance.peer import described, unpacked

Pairs = list[tuple[str, str | bytes]]

_DETAILS = "grpc-status-details-bin"
_REFLECTION = "grpc.reflection."
_PACKAGES = {
    "TriggerService": "yandex.cloud.serverless.triggers.v1",
    "OperationService": "yandex.cloud.operation",
    "Executions": "google.cloud.integrations.v1alpha",
    "Operations": "google.longrunning",
}
_HOP = ("grpc-", "user-agent", "content-type", "te")


@dataclass(slots=True)
class Call:
    """A call as it came to the proxy."""

    method: str
    """`TriggerService/Get`: the name of the service without its package."""
    request: Any
    """The message; the bytes, if no contract has the method."""
    metadata: Pairs
    memory: dict[Any, Any]
    """What this wrong server remembers from one call to the next."""
    ask: Callable[[str, Any], "Reply"]
    """Calls another method of the honest server, `Service/Method`, with the same metadata."""
    answers: Any
    """The class of the method's response; bytes, if no contract has the method."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a call."""

    message: Any = None
    code: grpc.StatusCode = grpc.StatusCode.OK
    text: str = ""
    details: tuple[Any, ...] = ()
    headers: Pairs = field(default_factory=list)
    trailers: Pairs = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.code is grpc.StatusCode.OK

    def but(self, **fields: Any) -> "Reply":
        """Returns it with other fields."""
        return replace(self, **fields)


Forward = Callable[[Any], Reply]
WrongCall = Callable[[Call, Forward], Reply]
WrongFile = Callable[[ServerReflectionResponse], ServerReflectionResponse]


def refused(code: grpc.StatusCode, text: str = "wrong", *details: Any) -> Reply:
    """Returns the answer of a call that is refused."""
    return Reply(code=code, text=text, details=details)


class CallProxy(grpc.GenericRpcHandler):
    """Passes calls on to a server; `wrong` and `wrong_file` change what they are given."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel
        self.wrong: WrongCall | None = None
        self.wrong_file: WrongFile | None = None
        self.memory: dict[Any, Any] = {}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        method = handler_call_details.method
        if method.startswith(f"/{_REFLECTION}"):
            return grpc.stream_stream_rpc_method_handler(
                lambda requests, context: self._reflect(method, requests, context)
            )
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: self._answer(method, request, context)
        )

    def _reflect(
        self, method: str, requests: Iterator[bytes], context: grpc.ServicerContext
    ) -> Iterator[bytes]:
        called = self._channel.stream_stream(method)(requests)
        context.add_callback(called.cancel)
        try:
            for packed in called:
                if self.wrong_file is None:
                    yield packed
                else:
                    shown = self.wrong_file(ServerReflectionResponse.FromString(packed))
                    yield shown.SerializeToString()
        except grpc.RpcError:
            context.abort(called.code(), called.details())

    def _answer(self, method: str, packed: bytes, context: grpc.ServicerContext) -> bytes:
        metadata = [
            (key, value) for key, value in context.invocation_metadata() if not key.startswith(_HOP)
        ]
        asks, answers = _types(method)
        request = _parsed(asks, packed)

        def ask(other: str, asked: Any) -> Reply:
            full = other if other.startswith("/") else f"/{_PACKAGES[other.split('/')[0]]}.{other}"
            return self._forward(full, asked, metadata, _types(full)[1], context.time_remaining())

        def forward(asked: Any) -> Reply:
            return ask(method, asked)

        if self.wrong is None:
            reply = forward(request)
        else:
            named = method.rpartition(".")[2]
            called = Call(named, request, metadata, self.memory, ask, answers)
            reply = self.wrong(called, forward)
        return _send(reply, context)

    def _forward(
        self, method: str, request: Any, metadata: Pairs, answers: Any, timeout: float | None
    ) -> Reply:
        called = self._channel.unary_unary(method).future(
            _bytes(request), metadata=tuple(metadata), timeout=timeout
        )
        failed = called.exception()
        trailers = [(key, value) for key, value in called.trailing_metadata() or ()]
        status = next((value for key, value in trailers if key == _DETAILS), b"")
        return Reply(
            message=_parsed(answers, called.result()) if failed is None else None,
            code=called.code(),
            text=called.details() or "",
            details=tuple(unpacked(each) for each in Status.FromString(status).details),
            headers=[(key, value) for key, value in called.initial_metadata() or ()],
            trailers=[pair for pair in trailers if pair[0] != _DETAILS],
        )


def _send(reply: Reply, context: grpc.ServicerContext) -> bytes:
    context.send_initial_metadata(_passed_on(reply.headers))
    trailers = _passed_on(reply.trailers)
    if reply.ok:
        context.set_trailing_metadata(trailers)
        return _bytes(reply.message)
    if reply.details:
        status = Status(code=reply.code.value[0], message=reply.text)
        for detail in reply.details:
            if isinstance(detail, Message) and detail.DESCRIPTOR.name != "Any":
                status.details.add().Pack(detail)
            else:
                status.details.add().CopyFrom(detail)
        trailers = (*trailers, (_DETAILS, status.SerializeToString()))
    context.set_trailing_metadata(trailers)
    context.abort(reply.code, reply.text)
    raise AssertionError("abort has raised")


def _passed_on(pairs: Pairs) -> tuple[tuple[str, str | bytes], ...]:
    return tuple(pair for pair in pairs if not pair[0].startswith(_HOP))


def _types(method: str) -> tuple[Any, Any]:
    try:
        found = described(method.removeprefix("/"))
    except KeyError:
        return bytes, bytes  # no contract has the method
    return GetMessageClass(found.input_type), GetMessageClass(found.output_type)


def _parsed(kind: Any, packed: bytes) -> Any:
    try:
        return packed if kind is bytes else kind.FromString(packed)
    except DecodeError:  # the server refuses it
        return packed


def _bytes(message: Any) -> bytes:
    return message if isinstance(message, bytes) else message.SerializeToString()


@contextmanager
def call_proxy(address: str) -> Iterator[tuple[CallProxy, str]]:
    """Runs a proxy in front of a server of gRPC; yields it with its own address."""
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(address, options=[*options, ("grpc.enable_retries", 0)]) as channel:
        proxy = CallProxy(channel)
        # A race makes 50 calls at once.
        server = grpc.server(ThreadPoolExecutor(64), options=options)
        server.add_generic_rpc_handlers((proxy,))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield proxy, f"127.0.0.1:{port}"
        finally:
            server.stop(None).wait()
