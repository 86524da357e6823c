"""A call of a target, and how its outcome is told; the targets are real servers that misbehave."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from aiohttp.abc import ResolveResult

from tocsin.outgoing import connecting
from tocsin.outgoing.names import Names
from tocsin.outgoing.tokens import TokenUnavailable
from tocsin.plans.plan import Container, Function, Integration, Target
from tocsin.targets.addresses import Addresses
from tocsin.targets.calling import SMALL_ANSWER, Outcome, Room, TargetCaller
from tocsin.targets.not_called import NotCalled
from tocsin.targets.settings import IntegrationSettings, TargetSettings

FUNCTION, CONTAINER, INTEGRATION = Function("d4e1"), Container("bba1"), Integration("nightly")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def addresses_at(url: str) -> Addresses:
    # Not checked, so that an address which the settings refuse gets as far as the connection.
    return Addresses(
        TargetSettings.model_construct(function=url, container=url),
        {"nightly": IntegrationSettings.model_construct(triggers=["t"], url=url)},
    )


async def called(url: str, target: Target, *, patience: float = 5.0) -> Outcome:
    caller = TargetCaller(addresses_at(url), timeout_seconds=patience, user_agent="test")
    try:
        return await caller.call(target, b"{}", request_id="id-1")
    finally:
        await caller.close()


def outcome(handler: Handler, target: Target, *, patience: float = 5.0) -> Outcome:
    async def scenario() -> Outcome:
        async with serving(handler) as port:
            return await called(f"http://127.0.0.1:{port}/", target, patience=patience)

    return asyncio.run(scenario())


def answering(status: int, text: str = "", **headers: str) -> Handler:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(
            status=status,
            text=text,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    return handler


def test_the_payload_is_posted_as_json_under_its_id() -> None:
    seen: list[object] = []

    async def handler(request: web.Request) -> web.Response:
        seen.extend(
            [
                request.method,
                request.headers["Content-Type"],
                request.headers["X-Request-Id"],
                await request.read(),
            ]
        )
        return web.Response()

    assert outcome(handler, CONTAINER).succeeded
    assert seen == ["POST", "application/json", "id-1", b"{}"]


@pytest.mark.parametrize(
    ("target", "handler", "succeeded"),
    [
        (FUNCTION, answering(200), True),
        (FUNCTION, answering(204), True),
        (FUNCTION, answering(200, X_Function_Error="true"), False),
        (CONTAINER, answering(200, X_Function_Error="true"), True),
        (CONTAINER, answering(302, Location="/elsewhere"), False),
        (CONTAINER, answering(404), False),
        (CONTAINER, answering(500), False),
        (INTEGRATION, answering(299), True),
    ],
)
def test_what_counts_as_success(target: Target, handler: Handler, succeeded: bool) -> None:
    assert outcome(handler, target).succeeded is succeeded


def test_a_failure_tells_the_status_and_what_the_target_said() -> None:
    failed = outcome(answering(502, '{"errorMessage": "boom"}', X_Function_Error="true"), FUNCTION)
    assert failed.status == 502
    assert failed.error is not None
    assert 'answered 502 with X-Function-Error: {"errorMessage": "boom"}' in failed.error


def test_a_long_error_is_cut() -> None:
    failed = outcome(answering(500, "x" * 1_000_000), FUNCTION)
    assert failed.error is not None
    assert len(failed.error) <= 1000


@pytest.mark.parametrize(
    ("text", "answer", "remark"),
    [
        ('{"rows": 3}', b'{"rows": 3}', None),
        ('\ufeff{"rows": 3}', b'{"rows": 3}', None),
        ("", None, None),
        ("\ufeff ", None, None),
        ("[1]", None, "not a JSON object"),
        ("fine", None, "not a JSON object"),
        (json.dumps(dict.fromkeys(map(str, range(10_001)))), None, "more than 10000 parameters"),
    ],
)
def test_the_answer_of_an_integration(text: str, answer: bytes | None, remark: str | None) -> None:
    done = outcome(answering(200, text), INTEGRATION)
    assert done.succeeded
    assert done.answer == answer
    assert (remark or "") in (done.error or "")
    assert (done.error is None) is (remark is None)


def test_an_answer_that_is_too_large_is_not_kept() -> None:
    done = outcome(answering(200, '{"x": "' + "y" * 9_000_000 + '"}'), INTEGRATION)
    assert done.succeeded
    assert done.answer is None
    assert done.error is not None


def test_no_answer_in_time_is_a_failure() -> None:
    async def handler(_: web.Request) -> web.Response:
        await asyncio.sleep(1)
        return web.Response()

    failed = outcome(handler, FUNCTION, patience=0.2)
    assert not failed.succeeded
    assert failed.error is not None
    assert failed.error.endswith("no answer within 0.2 s")


def test_a_connection_closed_without_an_answer_is_a_failure() -> None:
    async def handler(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    failed = outcome(handler, FUNCTION)
    assert failed.error is not None
    assert "closed the connection without an answer" in failed.error


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:1/", "can't be reached: Connection refused"),
        ("http://no-such-host.invalid/", "the name no-such-host.invalid is unknown"),
    ],
)
def test_a_target_that_can_not_be_reached(url: str, said: str) -> None:
    failed = asyncio.run(called(url, FUNCTION))
    assert not failed.succeeded
    assert failed.error is not None
    assert said in failed.error


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "http://[::ffff:169.254.169.254]/", "http://0.0.0.0/"]
)
def test_a_target_at_an_address_that_is_never_called(url: str) -> None:
    failed = asyncio.run(called(url, FUNCTION))
    assert not failed.succeeded
    assert failed.may_retry
    assert failed.error is not None
    assert "is not called" in failed.error
    assert "is never called" in failed.error


def test_a_target_whose_name_leads_to_a_private_address(monkeypatch: pytest.MonkeyPatch) -> None:
    class Private(Names):
        async def resolve(self, host: str, port: int = 0, *_: object) -> list[ResolveResult]:
            del host
            return await super().resolve("10.1.2.3", port, socket.AF_INET)

    monkeypatch.setattr(connecting, "Names", Private)
    failed = asyncio.run(called("http://fn.example:9000/", FUNCTION))
    assert failed.error is not None
    assert failed.error.startswith(
        "http://fn.example:9000/ is not called: fn.example has the private address 10.1.2.3"
    )
    assert "networks in [targets]" in failed.error


def test_an_error_shows_no_password_and_no_query() -> None:
    failed = asyncio.run(called("http://user:secret@127.0.0.1:1/path?key=secret", FUNCTION))
    assert failed.error is not None
    assert failed.error.startswith("http://127.0.0.1:1/path ")
    assert "secret" not in failed.error


@pytest.mark.parametrize(
    "answer",
    [
        b"NONSENSE\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    ],
)
def test_an_answer_that_is_no_http_is_a_failure_and_shows_no_query(answer: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async def scenario() -> Outcome:
        async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await called(f"http://127.0.0.1:{port}/?key=secret", FUNCTION)

    failed = asyncio.run(scenario())
    assert failed.error is not None
    assert "gave an answer that is not HTTP" in failed.error
    assert "secret" not in failed.error


def test_an_unmapped_target_fails_with_the_setting_that_is_missing() -> None:
    async def scenario() -> Outcome:
        caller = TargetCaller(Addresses(TargetSettings(), {}), timeout_seconds=1, user_agent="test")
        try:
            return await caller.call(FUNCTION, b"{}", request_id="id-1")
        finally:
            await caller.close()

    failed = asyncio.run(scenario())
    assert failed.error is not None
    assert "set function in [targets]" in failed.error


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_leads_nowhere(status: int) -> None:
    came: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        came.append(request.path)
        return web.Response(status=status, headers={"Location": f"http://{request.host}/other"})

    failed = outcome(handler, CONTAINER)
    assert not failed.succeeded
    assert failed.status == status
    assert came == ["/"]


class OneToken:
    """Gives one token to all, and keeps who asked."""

    def __init__(self, error: str | None = None) -> None:
        self.asked: list[tuple[str, str]] = []
        self._error = error

    async def authorization(self, account_id: str, audience: str) -> str | None:
        self.asked.append((account_id, audience))
        if self._error is not None:
            raise TokenUnavailable(self._error)
        return "Bearer head.body.sign"


async def called_with(tokens: OneToken, url: str, target: Target) -> Outcome:
    caller = TargetCaller(addresses_at(url), timeout_seconds=5, user_agent="test", tokens=tokens)
    try:
        return await caller.call(target, b"{}", request_id="id-1")
    finally:
        await caller.close()


@pytest.mark.parametrize(
    ("target", "user", "sent"),
    [
        (Function("d4e1", service_account_id="aje1"), "", "Bearer head.body.sign"),
        (Container("bba1", service_account_id="aje1"), "", "Bearer head.body.sign"),
        (Container("bba1"), "", None),
        (INTEGRATION, "", None),
        (Function("d4e1", service_account_id="aje1"), "u:p@", "Basic dTpw"),
    ],
)
def test_a_call_for_a_service_account_carries_its_token(
    target: Target, user: str, sent: str | None
) -> None:
    seen: list[str | None] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.Response(text="{}")

    async def scenario() -> None:
        tokens = OneToken()
        async with serving(handler) as port:
            await called_with(tokens, f"http://{user}LOCALHOST:{port}/x?y", target)
        expected = [("aje1", f"http://localhost:{port}")] if sent and not user else []
        assert tokens.asked == expected

    asyncio.run(scenario())
    assert seen == [sent]


def test_a_target_that_tells_what_it_was_sent_tells_no_token() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=500, text="." * 200 + str(request.headers))

    async def scenario() -> Outcome:
        async with serving(handler) as port:
            target = Function("d4e1", service_account_id="aje1")
            return await called_with(OneToken(), f"http://127.0.0.1:{port}/", target)

    failed = asyncio.run(scenario())
    assert failed.error is not None
    assert "'Authorization': 'Bearer ***'" in failed.error
    assert "head.body" not in failed.error


def test_where_it_can_not_be_said_whether_there_is_a_token_nothing_is_called() -> None:
    async def scenario() -> None:
        target = Function("d4e1", service_account_id="aje1")
        with pytest.raises(NotCalled) as caught:
            await called_with(OneToken("the store is away"), "http://127.0.0.1:1/", target)
        assert str(caught.value) == "http://127.0.0.1:1/ was not called: the store is away"
        assert not caught.value.node_is_short

    asyncio.run(scenario())


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


@asynccontextmanager
async def talking(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """Serves connections by `talk`, and waits for the last to end."""
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await talk(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        if connections:
            await asyncio.wait(connections)


async def read_request(reader: asyncio.StreamReader) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(2)


@pytest.mark.parametrize("target", [FUNCTION, INTEGRATION])
@pytest.mark.parametrize(
    "parts",
    [
        [HEAD + b"{}stray"],
        [HEAD, b"{}stray"],
        [HEAD + b"{}", b"stray"],
        [HEAD + b"{}" + HEAD + b"{}"],
        [b"HTTP/1.1 204 No Content\r\n\r\nstray"],
        [b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"{}stray"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nstray"],
        [b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}stray"],
    ],
)
def test_a_complete_answer_is_a_success_whatever_follows(
    target: Target, parts: list[bytes]
) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.01)

    async def scenario() -> None:
        async with talking(talk) as url:
            done = await called(url, target)
            assert (done.succeeded, done.error) == (True, None)

    asyncio.run(scenario())


class OnePerConnection:
    """Answers the first request of each connection; the second one ends it, as does `also`."""

    def __init__(self, *, before_end: bytes = b"", also: int = 0) -> None:
        self.connections = 0
        self._before_end = before_end
        self._also = also

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await read_request(reader)
        if self.connections == self._also:
            writer.transport.abort()
            return
        writer.write(HEAD + b"{}")
        await read_request(reader)
        writer.write(self._before_end)


async def called_twice(target: OnePerConnection) -> tuple[Outcome, Outcome]:
    async with talking(target.talk) as url:
        caller = TargetCaller(addresses_at(url), timeout_seconds=5, user_agent="test")
        try:
            first = await caller.call(CONTAINER, b"{}", request_id="id-1")
            return first, await caller.call(CONTAINER, b"{}", request_id="id-2")
        finally:
            await caller.close()


def test_a_kept_connection_that_ended_is_no_failure_and_the_outcome_says_so() -> None:
    target = OnePerConnection()
    first, second = asyncio.run(called_twice(target))
    assert (first.succeeded, first.error) == (True, None)
    assert second.succeeded
    assert second.error is not None
    assert "made again on a new one" in second.error
    assert target.connections == 2


def test_a_second_reset_is_a_failure() -> None:
    target = OnePerConnection(also=2)
    _, second = asyncio.run(called_twice(target))
    assert not second.succeeded
    assert second.error is not None
    assert "made again on a new one" in second.error
    assert target.connections == 2


def test_a_new_connection_that_ends_is_a_failure() -> None:
    target = OnePerConnection(also=1)
    first, second = asyncio.run(called_twice(target))
    assert not first.succeeded
    assert second.succeeded
    assert target.connections == 2


def test_an_answer_that_began_on_a_kept_connection_is_not_asked_for_again() -> None:
    target = OnePerConnection(before_end=HEAD + b"{")
    _, second = asyncio.run(called_twice(target))
    assert target.connections == 1
    assert second.succeeded  # Its status came; of a container nothing else matters.


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("7", 7),
        ("0007", 7),
        ("0", 0),
        ("9" * 5000, 86400),
        ("Sat, 28 Nov 2026 07:00:30 GMT", 30),
        ("Saturday, 28-Nov-26 07:00:30 GMT", 30),
        ("Sat, 28 Nov 2026 06:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86400),
        ("soon", None),
        ("-5", None),
        ("Sat, 99 Nov 2026 07:00:30 GMT", None),
        (f"Sat, 28 Nov {'9' * 20} 07:00:30 GMT", None),
        ("", None),
    ],
)
def test_a_busy_target_names_a_pause_in_seconds_or_as_a_date(
    asked: str, seconds: int | None
) -> None:
    handler = answering(503, Retry_After=asked, Date="Sat, 28 Nov 2026 07:00:00 GMT")
    pause = outcome(handler, CONTAINER).retry_after
    assert pause == (None if seconds is None else timedelta(seconds=seconds))


def test_without_a_date_of_the_target_this_clock_counts() -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=50), usegmt=True)
    answer = b"HTTP/1.1 429 Busy\r\nContent-Length: 0\r\nRetry-After: " + until.encode()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer + b"\r\n\r\n")

    async def scenario() -> None:
        async with talking(talk) as url:
            pause = (await called(url, CONTAINER)).retry_after
            assert pause is not None
            assert timedelta(seconds=20) < pause <= timedelta(seconds=50)

    asyncio.run(scenario())


async def called_with_room(room: Room, *, patience: float = 5.0) -> Outcome:
    async with serving(answering(200, '{"text": "' + "y" * SMALL_ANSWER + '"}')) as port:
        caller = TargetCaller(
            addresses_at(f"http://127.0.0.1:{port}/"), timeout_seconds=patience, user_agent="test"
        )
        try:
            return await caller.call(INTEGRATION, b"{}", request_id="id-1", room=room)
        finally:
            await caller.close()


def test_a_large_answer_asks_once_for_room_for_all_its_bytes() -> None:
    asked: list[int] = []

    async def room(size: int) -> None:
        asked.append(size)

    told = asyncio.run(called_with_room(room))
    assert told.answer is not None
    assert asked == [len(told.answer)]


def test_the_wait_for_room_is_not_the_time_of_the_target() -> None:
    async def room(_: int) -> None:
        await asyncio.sleep(1.6)

    assert asyncio.run(called_with_room(room, patience=1.5)).succeeded
