"""Serves the demo's target, which answers every function and integration and reports the calls."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from tocsin.schedule import Clock

# The largest input of an integration, with room for the rest of the body.
LARGEST_BODY = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """Holds one call of the target; `due` is its scheduled instant, if the body has it."""

    arrived: datetime
    kind: str
    name: str
    request_id: str
    body: Any
    due: datetime | None


@asynccontextmanager
async def running_target(clock: Clock, called: Callable[[Call], None]) -> AsyncIterator[str]:
    """Serves on a free port and yields the URL; `called` gets each call before it is answered."""

    async def answer(request: web.Request) -> web.Response:
        arrived = clock.now()
        body = _parsed(await request.read())
        kind, name = request.match_info["kind"], request.match_info["name"]
        request_id = request.headers.get("X-Request-Id", "")
        called(Call(arrived, kind, name, request_id, body, due_instant(body)))
        return web.json_response(_answer(body) if kind == "integration" else {})

    app = web.Application(client_max_size=LARGEST_BODY)
    app.router.add_post("/{kind}/{name}{rest:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def due_instant(body: Any) -> datetime | None:
    """Returns an execution's scheduleTime, or the instant of a timer's tick."""
    match body:
        case {"scheduleTime": str(text)}:
            pass
        case {"messages": [{"event_metadata": {"created_at": str(text)}}, *_]}:
            pass
        case _:
            return None
    with suppress(ValueError):
        return datetime.fromisoformat(text)
    return None


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")


def _answer(body: Any) -> dict[str, str]:
    """Returns the integration's answer, which becomes its response parameters."""
    match body:
        case {"parameters": {"name": str(name)}}:
            return {"greeting": f"Hello, {name}!"}
        case _:
            return {"greeting": "Hello!"}
