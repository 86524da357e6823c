"""Dead letters to a queue service that counts its connections."""

import asyncio
from dataclasses import replace

from aiohttp import web
from pydantic import SecretStr

from tocsin.outgoing.reach import Reach
from tocsin.targets.dead_letters import DeadLetter, DeadLetterQueues, _attributes, _bodies
from tocsin.targets.settings import DeadLetterSettings

LETTER = DeadLetter("dead", b'{"messages": [{"n": 1}]}', "a1s1", "i1", 1, "out of order")


def queues_at(endpoint: str, urls: dict[str, str]) -> DeadLetterQueues:
    # Not checked, so that an address which the settings refuse gets as far as the connection.
    settings = DeadLetterSettings.model_construct(
        endpoint=endpoint,
        region="x",
        access_key_id="id",
        secret_access_key=SecretStr("key"),
        queues=urls,
    )
    return DeadLetterQueues(settings, Reach())


def test_letters_share_one_client_and_its_connection() -> None:
    connections: list[object] = []

    async def receive(request: web.Request) -> web.Response:
        connections.append(request.transport)
        return web.json_response({"MessageId": "m1"})

    async def scenario() -> list[str | None]:
        app = web.Application()
        app.router.add_post("/{path:.*}", receive)
        runner = web.AppRunner(app, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}"
        queues = queues_at(endpoint, {"dead": f"{endpoint}/dead"})
        try:
            return [await queues.put(LETTER) for _ in range(3)]
        finally:
            await queues.close()
            await runner.cleanup()

    assert asyncio.run(scenario()) == [None, None, None]
    assert len(connections) == 3
    assert len({id(each) for each in connections}) == 1


def test_a_queue_at_an_address_that_is_never_called_is_refused() -> None:
    async def scenario() -> str | None:
        queues = queues_at("http://169.254.169.254", {})
        try:
            return await queues.put(LETTER)
        finally:
            await queues.close()

    error = asyncio.run(scenario())
    assert error is not None
    assert "is never called" in error


def test_a_fifo_queue_takes_no_letter_and_says_so() -> None:
    letter = replace(LETTER, queue_id="yrn:yc:ymq:ru-central1:b1g1:dead.fifo")

    async def put(urls: dict[str, str]) -> str | None:
        queues = queues_at("http://169.254.169.254", urls)
        try:
            return await queues.put(letter)
        finally:
            await queues.close()

    assert "is a FIFO queue" in (asyncio.run(put({})) or "")
    # The settings may lead the id to another queue.
    mapped = asyncio.run(put({letter.queue_id: "http://169.254.169.254/1/dead"})) or ""
    assert "is never called" in mapped


def test_what_is_not_a_character_for_a_queue_stays_escaped() -> None:
    payload = b'{"messages": [{"n": "\\ud800"}, {"n": "\\uffff"}, {"n": "\xd1\x8f"}]}'
    bodies = list(_bodies(replace(LETTER, payload=payload)))
    assert bodies == ['{"n": "\\ud800"}', '{"n": "\\uffff"}', '{"n": "я"}']
    told = _attributes(replace(LETTER, error="bad \x00 byte"))["last_error"]
    assert told["StringValue"] == "bad \\x00 byte"
