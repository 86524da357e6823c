"""Runs the demo from its start to Ctrl-C."""

import asyncio
import json
import signal
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import aiohttp
import grpc
from rich.console import Console

from tocsin.demo.client import API_TRIGGER, CRON, INTEGRATION, CallFailed, Client, connected
from tocsin.demo.screen import Screen
from tocsin.demo.server import Doors, Server, ServerFailed, usual_or_free
from tocsin.demo.target import running_target
from tocsin.gateway import GatewayError
from tocsin.gateway.envoy import envoy_binary
from tocsin.schedule import Clock, Cron
from tocsin.settings import Settings
from tocsin.targets.addresses import ID_FIELDS

SCHEDULED_AHEAD = timedelta(seconds=3)
# A dying server fails a call before its end is known; this is the time to wait for it.
DEATH_SECONDS = 2.0
LOOK_SECONDS = 0.5


class DemoFailed(Exception):
    """The demo can't go on; the message says why."""


async def run_demo(
    machine_clock: Clock, console: Console, *, listen: str | None = None, http: str | None = None
) -> None:
    """Shows Tocsin at work until SIGINT or SIGTERM, and leaves nothing behind.

    Args:
        machine_clock: the machine's clock.
        console: the console to write to.
        listen: HOST:PORT of gRPC; None means the usual port, or a free one if it is taken.
        http: HOST:PORT of REST, or `off`; None means as for gRPC, and off without Envoy.

    Raises:
        DemoFailed: the server can't start, ended by itself, or refused a call.
    """
    screen = Screen(console, machine_clock.now)
    showing = asyncio.create_task(_show(machine_clock, screen, listen, http))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, _cancel_once(showing))
    try:
        await showing
    except asyncio.CancelledError:
        screen.stopped()
    except (ServerFailed, CallFailed) as error:
        raise DemoFailed(str(error)) from error


async def _show(machine_clock: Clock, screen: Screen, listen: str | None, http: str | None) -> None:
    screen.starting()
    async with AsyncExitStack() as stack:
        temporary = tempfile.TemporaryDirectory(prefix="tocsin-demo-")
        directory = Path(stack.enter_context(temporary))
        target = await stack.enter_async_context(running_target(machine_clock, screen.called))
        config, log = directory / "tocsin.toml", directory / "server.log"
        config.write_text(_config(directory, target), encoding="utf-8")
        server = await Server.start(
            *("--config", str(config)),
            *("--listen", listen or usual_or_free(Settings.model_fields["listen"].default)),
            *("--http", http or _rest(screen)),
            log=log,
        )
        stack.push_async_callback(server.stop)
        doors = await server.ready()
        screen.header(doors, target, directory, log)
        client = await stack.enter_async_context(connected(doors))
        stack.enter_context(screen.countdown())
        stack.callback(screen.stopping)
        await _while_up(server, _story(machine_clock, screen, client, doors))


async def _story(machine_clock: Clock, screen: Screen, client: Client, doors: Doors) -> None:
    """Creates a timer, schedules an integration three seconds ahead, then follows the timer."""
    cron = Cron(CRON)
    trigger_id = await client.create_timer()
    screen.created(trigger_id, cron.next(machine_clock.now()))
    now = machine_clock.now()
    schedule_time = now.replace(microsecond=now.microsecond // 1000 * 1000) + SCHEDULED_AHEAD
    execution_id = await client.schedule(schedule_time)
    screen.scheduled(execution_id, schedule_time, rest=doors.http is not None)
    screen.waiting()
    screen.ended(execution_id, await client.outcome(execution_id))
    screen.serving(trigger_id, rest=doors.http is not None)
    ticked: bool | None = True
    while True:
        ticks = await client.is_ticking(trigger_id)
        if ticks is not ticked:
            screen.changed(trigger_id, ticks)
        if ticks:
            screen.expect_tick(cron.next(machine_clock.now()))
        ticked = ticks
        await machine_clock.sleep(LOOK_SECONDS)


async def _while_up(server: Server, story: Coroutine[None, None, None]) -> None:
    """Runs the story until it is cancelled or the server ends by itself."""
    telling, fails = asyncio.create_task(story), asyncio.create_task(server.fails())
    try:
        await asyncio.wait((telling, fails), return_when=asyncio.FIRST_COMPLETED)
        if telling.done():
            # The reason why the server died is more useful than the call that failed with it.
            await asyncio.wait((fails,), timeout=DEATH_SECONDS)
        if fails.done():
            raise fails.result()
        await telling
    except grpc.aio.AioRpcError as error:
        raise CallFailed(f"gRPC answered {error.code().name}: {error.details()}") from error
    except aiohttp.ClientError as error:
        raise CallFailed(f"REST failed: {error}") from error
    finally:
        telling.cancel()
        fails.cancel()
        await asyncio.gather(telling, fails, return_exceptions=True)


def _rest(screen: Screen) -> str:
    """Returns the address of REST; without Envoy, says so and returns `off`."""
    try:
        envoy_binary()
    except GatewayError as error:
        screen.without_rest(str(error))
        return "off"
    return usual_or_free(Settings.model_fields["http"].default)


def _config(directory: Path, target: str) -> str:
    """Returns the server's settings in TOML, with the demo's target for every kind of target."""
    called = {kind: f"{target}/{kind}/{{{field}}}" for kind, field in ID_FIELDS.items()}
    # A JSON string is a valid TOML string.
    lines = [
        f"database = {json.dumps(f'sqlite:///{directory}/tocsin.db')}",
        "[targets]",
        *(f"{kind} = {json.dumps(url)}" for kind, url in called.items()),
        f"[integrations.{INTEGRATION}]",
        f"triggers = [{json.dumps(API_TRIGGER)}]",
        f"url = {json.dumps(f'{target}/integration/{INTEGRATION}')}",
    ]
    return "\n".join(lines) + "\n"


def _cancel_once(task: "asyncio.Task[None]") -> Callable[[], None]:
    """Returns a function that cancels once: more signals must not interrupt the server's stop."""

    def cancel() -> None:
        if not task.cancelling():
            task.cancel()

    return cancel
