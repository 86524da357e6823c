"""Answers requests that come as lines of JSON on stdin; answers are lines of JSON on stdout."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import uvloop

from tocsin.logs import configure_logs
from tocsin.testing.process.calls import CallFailed
from tocsin.testing.process.desk import Desk
from tocsin.testing.process.server import START_ERRORS

LONGEST_REQUEST = 64 * 1024 * 1024


async def answer_requests(answer: Callable[[Mapping[str, Any]], None]) -> None:
    """Answers what comes on stdin until its end."""
    requests = asyncio.StreamReader(limit=LONGEST_REQUEST)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(requests), sys.stdin)
    desk, under_way = Desk(), set[asyncio.Task[None]]()
    try:
        while line := await requests.readline():
            task = asyncio.create_task(_answer(desk, json.loads(line), answer))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await desk.close()


async def _answer(
    desk: Desk, request: dict[str, Any], answer: Callable[[Mapping[str, Any]], None]
) -> None:
    number, ask = request.pop("id"), request.pop("ask")
    try:
        answer({"id": number, "result": await desk.do(ask, request)})
    except asyncio.CancelledError:
        # Its caller waits, whether the server stopped under the call or this process ends.
        answer({"id": number, "error": {"message": "the server was stopped before it answered"}})
    except CallFailed as error:
        answer({"id": number, "error": error.told()})
    except START_ERRORS as error:
        answer({"id": number, "error": {"message": f"the server did not start: {error}"}})
    except Exception as error:
        answer({"id": number, "error": {"message": f"{type(error).__name__}: {error}"}})
        raise


def run() -> None:
    """Answers requests until stdin ends."""
    # What else prints to stdout must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    configure_logs("console", "info")

    def answer(result: Mapping[str, Any]) -> None:
        # At the end nobody may be left to read it.
        with suppress(BrokenPipeError):
            answers.write(json.dumps(result) + "\n")
            answers.flush()

    uvloop.run(answer_requests(answer))
