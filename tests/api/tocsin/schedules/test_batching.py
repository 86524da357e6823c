"""A batch with many parameters does not keep the server from other calls while it is read."""

import asyncio

from tocsin.api.tocsin.schedules.batching import READ_TOGETHER, read_in_turns
from tocsin_protos.google.cloud.integrations.v1alpha.executions_pb2 import (
    ScheduleIntegrationsRequest,
)


def turns_of_others(requests: int, parameters: int) -> int:
    """Reads such a batch; returns how often other work had a turn meanwhile."""
    request = ScheduleIntegrationsRequest()
    for number in range(parameters):
        request.input_parameters[f"p{number}"].int_value = number

    async def reading() -> int:
        turns, done = 0, asyncio.Event()

        async def others() -> None:
            nonlocal turns
            while not done.is_set():
                turns += 1
                await asyncio.sleep(0)

        other = asyncio.create_task(others())
        read = await read_in_turns([request] * requests, lambda one: len(one.input_parameters))
        done.set()
        assert read == [parameters] * requests
        had = turns
        await other
        return had

    return asyncio.run(reading())


def test_others_have_a_turn_between_requests_with_many_parameters() -> None:
    assert turns_of_others(10, READ_TOGETHER) == 10
    assert turns_of_others(100, READ_TOGETHER // 10) == 10


def test_a_usual_batch_is_read_at_once() -> None:
    assert turns_of_others(100, 1) == 0
