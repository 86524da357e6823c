"""Reads the requests of a method: messages of gRPC, and the JSON of REST."""

import asyncio
from typing import Any, Final

from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from tocsin.contract.bodies import Binding, binding_of, body_of
from tocsin.contract.json.messages import JsonFaults, read_message
from tocsin.contract.routes import Envelope, envelope_of
from tocsin.contract.validation import Violation
from tocsin.wire import errors
from tocsin.wire.calls import Arrival

BODY_ROOM: Final = 32 * 1024
"""Bytes that a request of REST may have beside its body: the fields of its path, its encoding."""

_LARGE_BYTES: Final = 64 * 1024
"""A larger body is read in a thread, so that other calls go on meanwhile."""
_LARGE_AT_ONCE: Final = 2
_ORIGINAL_PATH: Final = "x-envoy-original-path"


class Bodies:
    """Says how bodies are read, for all methods of a server.

    Unknown names are refused on Google's paths, as Google does, and with `strict` everywhere.
    """

    __slots__ = ("large", "largest", "strict")

    def __init__(self, largest: int, *, strict: bool) -> None:
        """Takes the largest size of a message of gRPC, in bytes."""
        self.largest = largest
        self.strict = strict
        self.large = asyncio.Semaphore(_LARGE_AT_ONCE)


class Requests:
    """Reads the requests of one method."""

    __slots__ = ("_binding", "_bodies", "_class", "_strict")

    def __init__(self, method: MethodDescriptor, bodies: Bodies) -> None:
        self._class: Any = message_factory.GetMessageClass(method.input_type)
        self._binding = binding_of(method)
        self._bodies = bodies
        is_google = envelope_of(method.containing_service) is Envelope.GOOGLE
        self._strict = is_google or bodies.strict

    async def read(self, received: bytes, arrival: Arrival) -> tuple[Any, bytes]:
        """Returns a request, and its bytes as they would have come over gRPC.

        Raises:
            DecodeError: it is not a message of this method.
            ApiError: the JSON of its body is not a request of this method, or it is too large.
        """
        body = None
        if self._binding is not None and arrival.metadata_value(_ORIGINAL_PATH) is not None:
            body = body_of(received) if arrival.by_envoy else None
        if body is None or self._binding is None:
            if len(received) > self._bodies.largest:
                raise errors.message_too_large(self._bodies.largest)
            return self._class.FromString(received), received
        bound = self._class.FromString(received)
        if len(body) <= _LARGE_BYTES:
            request = self._from_json(self._binding, body, bound)
        else:
            async with self._bodies.large:
                request = await asyncio.to_thread(self._from_json, self._binding, body, bound)
        return request, request.SerializeToString()

    def _from_json(self, binding: Binding, body: bytes, bound: Message) -> Message:
        """Returns the request of a body, with the fields of the path that are bound already."""
        request: Message = self._class()
        within = getattr(request, binding.body) if binding.body else request
        try:
            read_message(body, within, strict=self._strict, at=binding.body)
        except JsonFaults as error:
            raise errors.unreadable(error.faults) from None
        differing = [path for path in binding.path if not _bind(request, bound, path.split("."))]
        if differing:
            raise errors.unreadable([Violation(path, _DIFFERS.format(path)) for path in differing])
        return request


_DIFFERS = "Invalid value at '{}': the path of the URL says another."


def _bind(request: Any, bound: Any, names: list[str]) -> bool:
    """Sets a field of the path; returns False if the body has another value there."""
    *above, name = names
    for each in above:
        request, bound = getattr(request, each), getattr(bound, each)
    said, value = getattr(request, name), getattr(bound, name)
    setattr(request, name, value or said)
    return said in (value, type(said)())
