"""How a method is bound to its contract: the form it has is seen once, at the start."""

import asyncio
from collections.abc import Mapping
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2

from stand.calls import Context
from tocsin.schedule import SystemClock
from tocsin.wire.bounds.messages import Messages
from tocsin.wire.bounds.places import Places
from tocsin.wire.calls import Call
from tocsin.wire.rest.requests import Bodies
from tocsin.wire.serving import Room, Served, Waiting, service_handler
from tocsin.wire.streaming.open_streams import OpenStreams

HEALTH = health_pb2.DESCRIPTOR.services_by_name["Health"]
SERVING = health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVING)
REQUEST = health_pb2.HealthCheckRequest(service="s").SerializeToString()


class Methods:
    def __init__(self) -> None:
        self.calls: list[Call] = []

    async def of_request(self, request: health_pb2.HealthCheckRequest) -> bytes:
        assert request.service == "s"
        return SERVING.SerializeToString()

    async def of_call(
        self, request: health_pb2.HealthCheckRequest, call: Call
    ) -> health_pb2.HealthCheckResponse:
        assert request.service == "s"
        self.calls.append(call)
        return SERVING


def room(calls: int = 1, waiting: int = 1) -> Room:
    return Room(
        Messages(1024, SystemClock()),
        Bodies(1024, strict=False),
        Places(calls, lambda: None),
        Places(waiting, lambda: None),
        OpenStreams(),
        SystemClock(),
    )


def bound(methods: Mapping[str, Served], within: Room | None = None) -> grpc.GenericRpcHandler:
    return service_handler(HEALTH, methods, room=within or room(), machine_clock=SystemClock())


def answer(served: Served, context: Any, within: Room | None = None) -> bytes:
    handlers = bound(dict.fromkeys(HEALTH.methods_by_name, served), within)

    class Details(grpc.HandlerCallDetails):
        method = "/grpc.health.v1.Health/Check"
        invocation_metadata = ()

    handler: Any = handlers.service(Details())
    answered: bytes = asyncio.run(handler.stream_unary(None, context))
    return answered


def test_a_method_takes_its_call_or_its_request_alone() -> None:
    methods = Methods()
    for method in (methods.of_request, methods.of_call):
        context = Context("", ("x-request-id", "mine"), message=REQUEST)
        assert health_pb2.HealthCheckResponse.FromString(answer(method, context)) == SERVING
        assert context.trailing == (("x-request-id", "mine"),)
    assert [each.caller for each in methods.calls] == [None]


def test_a_service_is_served_as_its_contract_says() -> None:
    with pytest.raises(ValueError, match="Watch"):
        bound({"Check": Methods().of_call})


def test_calls_that_wait_take_no_place_of_the_others() -> None:
    method = Methods().of_request
    for served, within in (
        (Waiting(method), room(calls=0)),
        (method, room(waiting=0)),
    ):
        for _ in range(2):  # a place is free again after the call
            answered = answer(served, Context("", message=REQUEST), within)
            assert answered == SERVING.SerializeToString()
