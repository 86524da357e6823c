"""`grpc.channelz.v1.Channelz`: what gRPC knows of its connections, by its own code."""

from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf.message import Message
from grpc_channelz.v1 import channelz, channelz_pb2

from tocsin.wire.errors import ApiError
from tocsin.wire.serving import Method

SERVICE: Any = channelz_pb2.DESCRIPTOR.services_by_name["Channelz"]


def methods() -> dict[str, Method]:
    return {
        method.name: _served(getattr(channelz.ChannelzServicer, method.name))
        for method in SERVICE.methods
    }


def _served(answer: Callable[[Any, Any], Any]) -> Method:
    async def serve(request: Any) -> Message:
        refusal = _Refusal()
        answered = answer(request, refusal)
        if not isinstance(answered, Message):
            raise ApiError(refusal.code, "CHANNELZ", refusal.details)
        return answered

    return serve


class _Refusal:
    """Takes what gRPC's own code says of an error, as it would say it to a call."""

    code = grpc.StatusCode.INTERNAL
    details = ""

    def set_code(self, code: grpc.StatusCode) -> None:
        self.code = code

    def set_details(self, details: str) -> None:
        self.details = details
