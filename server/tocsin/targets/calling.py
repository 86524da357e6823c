"""Calls a target over HTTP and reports the outcome."""

import asyncio
import codecs
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import Protocol, TypeAlias

import aiohttp
import structlog
from yarl import URL

from tocsin.outgoing.connecting import CheckedConnector, on_kept_connection
from tocsin.outgoing.names import unresolved
from tocsin.outgoing.reach import AddressRefused, Reach
from tocsin.outgoing.shortage import shortage_of
from tocsin.outgoing.tokens import TokenUnavailable
from tocsin.plans.plan import Integration, Notice, Target
from tocsin.schedule import Clock, SystemClock
from tocsin.targets.addresses import Addresses, UnmappedTarget
from tocsin.targets.not_called import NotCalled
from tocsin.targets.retry_after import retry_after
from tocsin.targets.signing import signed_headers
from tocsin.wire.json_text import parse_json

log = structlog.get_logger(__name__)

# An integration's answer becomes its response parameters; other targets' text is kept for errors.
LARGEST_ANSWER = 8 * 1024 * 1024
# Each response parameter costs tens of microseconds whenever the execution is shown.
MOST_PARAMETERS = 10_000
LARGEST_ERROR = 16 * 1024
LONGEST_REASON = 1000
HIDDEN = "***"
CONTENT_TYPE = "application/json"
# An answer that is larger asks for room.
SMALL_ANSWER = 64 * 1024
# The time of a call is limited by `asyncio.timeout`, which stands still while an answer waits.
NO_LIMIT = aiohttp.ClientTimeout(total=None)
CALLED_AGAIN = "a kept connection had ended, so the call was made again on a new one"


Room: TypeAlias = Callable[[int], Awaitable[None]]
"""Waits until this node has room for an answer of so many bytes."""


async def _any_room(_: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """Says how a delivery ended; `error` is why it failed, or what is odd about a success."""

    succeeded: bool
    status: int | None = None
    answer: bytes | None = None
    error: str | None = None
    retry_after: timedelta | None = None
    may_retry: bool = True


class Tokens(Protocol):
    async def authorization(self, account_id: str, audience: str) -> str | None:
        """Returns the `Authorization` header for a service account; None if it has no token.

        Raises:
            TokenUnavailable: a token can't be issued now.
        """


class Mails(Protocol):
    """Sends notices by mail."""

    def takes(self, receiver: str) -> bool:
        """Returns whether a receiver is told by mail."""

    async def send(self, receiver: str, notice: bytes, *, message_id: str) -> Outcome:
        """Sends a notice once; no failure of the server or the network raises an exception.

        Raises:
            NotCalled: this node could not make the connection.
        """


class TargetCaller:
    """Calls targets through one pool of connections; it follows no redirects.

    A call for a service account carries a token from `tokens`. Its audience is the target's origin:
    the scheme, the host, and the port if it is not the scheme's default. Notices for receivers that
    have mail go through `mails`.
    """

    def __init__(
        self,
        addresses: Addresses,
        *,
        timeout_seconds: float,
        user_agent: str,
        largest_payload: int | None = None,
        reach: Reach | None = None,
        tokens: Tokens | None = None,
        mails: Mails | None = None,
        machine_clock: Clock | None = None,
    ) -> None:
        self._largest_payload = largest_payload
        self._tokens = tokens
        self._mails = mails
        self._machine_clock = machine_clock or SystemClock()
        self.use(addresses, timeout_seconds=timeout_seconds)
        self._session = _session(user_agent, reach or Reach(), keep=True)
        self._unkept = _session(user_agent, reach or Reach(), keep=False)

    def use(self, addresses: Addresses, *, timeout_seconds: float) -> None:
        """Uses these addresses and this time limit for calls from now on."""
        self._url = lru_cache(maxsize=4096)(addresses.url)
        self._signing_key = addresses.signing_key
        self._seconds = timeout_seconds

    async def close(self) -> None:
        await self._session.close()
        await self._unkept.close()

    async def call(
        self,
        target: Target,
        payload: bytes,
        *,
        request_id: str,
        headers: Mapping[str, str] | None = None,
        room: Room = _any_room,
    ) -> Outcome:
        """POSTs the payload once; no failure of the target or the network raises an exception.

        Args:
            target: the target.
            payload: the body.
            request_id: the `X-Request-Id`.
            headers: further headers.
            room: is waited for before an answer of more than 64 KiB is read, with the bytes that it
                may have. The wait does not count as the target's time.

        Raises:
            NotCalled: this node could not make the call.
        """
        if self._is_too_large(target, payload):
            error = (
                f"the payload of {len(payload)} bytes was not sent: "
                f"at most {self._largest_payload} bytes are allowed"
            )
            return Outcome(succeeded=False, error=error, may_retry=False)
        if isinstance(target, Notice) and self._mails and self._mails.takes(target.receiver):
            return await self._mails.send(target.receiver, payload, message_id=request_id)
        try:
            url = self._url(target)
        except UnmappedTarget as error:
            return Outcome(succeeded=False, error=str(error))
        sent = {"X-Request-Id": request_id, **(headers or {})}
        if key := self._signing_key(target):
            sent |= signed_headers(key, request_id, payload, self._machine_clock.now())
        try:
            token = await self._authorization(target, url)
        except TokenUnavailable as error:
            raise NotCalled(
                f"{_public(url)} was not called: {error}", node_is_short=False
            ) from error
        if token is not None:
            sent["Authorization"] = token
        return await self._post(target, url, payload, sent, room)

    async def _authorization(self, target: Target, url: URL) -> str | None:
        if self._tokens is None:
            return None
        # Credentials in the configured URL take precedence.
        if not target.service_account_id or url.raw_user is not None:
            return None
        return await self._tokens.authorization(target.service_account_id, str(url.origin()))

    async def _post(
        self, target: Target, url: URL, payload: bytes, headers: Mapping[str, str], room: Room
    ) -> Outcome:
        again = False
        try:
            async with asyncio.timeout(self._seconds) as limit:
                response = await self._answer(self._session, url, payload, headers)
                if response is None:
                    again = True
                    response = await self._answer(self._unkept, url, payload, headers)
                assert response is not None, "a connection that is not kept is never an old one"
                outcome = await self._outcome(target, response, headers, _untimed(room, limit))
        except TimeoutError:
            outcome = _failed(url, f"no answer within {self._seconds:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if (lacking := shortage_of(error)) is not None:
                reason = f"{_public(url)} was not called, this node is short: {lacking}"
                raise NotCalled(reason, node_is_short=True) from error
            outcome = _failed(url, _words(error))
        return _noted(outcome) if again else outcome

    async def _answer(
        self,
        session: aiohttp.ClientSession,
        url: URL,
        payload: bytes,
        headers: Mapping[str, str],
    ) -> aiohttp.ClientResponse | None:
        """Sends the request; returns the answer once its head is there.

        Returns None if the request went over a kept connection that ended before any answer: the
        target had most likely closed it already.
        """
        try:
            return await session.post(
                url, data=payload, headers=headers, allow_redirects=False, timeout=NO_LIMIT
            )
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if not on_kept_connection.get() or _began(error):
                raise
            return None

    async def _outcome(
        self,
        target: Target,
        response: aiohttp.ClientResponse,
        headers: Mapping[str, str],
        room: Room,
    ) -> Outcome:
        async with response:
            pause = retry_after(response, self._machine_clock)
            return await _outcome(target, response, headers.get("Authorization"), pause, room)

    def _is_too_large(self, target: Target, payload: bytes) -> bool:
        """Applies the vendor's limit for events; the schedule API limits an integration's input."""
        if self._largest_payload is None or isinstance(target, Integration):
            return False
        return len(payload) > self._largest_payload


def _session(user_agent: str, reach: Reach, *, keep: bool) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=CheckedConnector(reach, limit=0, keep=keep),
        headers={"User-Agent": user_agent, "Content-Type": CONTENT_TYPE},
        cookie_jar=aiohttp.DummyCookieJar(),
    )


def _began(error: Exception) -> bool:
    """Returns whether a part of an answer had come when its connection ended."""
    return isinstance(error, aiohttp.ServerDisconnectedError) and not isinstance(error.message, str)


async def _outcome(
    target: Target,
    response: aiohttp.ClientResponse,
    authorization: str | None,
    pause: timedelta | None,
    room: Room,
) -> Outcome:
    status = response.status
    function_error = response.headers.get("X-Function-Error")
    if not 200 <= status < 300 or (target.kind == "function" and function_error):
        text = (await response.content.read(LARGEST_ERROR)).decode("utf-8", "replace")
        if authorization is not None:
            # The target's text is stored and shown, and it may repeat the token.
            text = text.replace(authorization.rpartition(" ")[2], HIDDEN)
        said = f": {text.strip()}" if text.strip() else ""
        what = f"answered {status}" + (" with X-Function-Error" if function_error else "")
        return _failed(response.url, what + said, status, pause)
    if not isinstance(target, Integration):
        return Outcome(succeeded=True, status=status)
    answer = await _read(response, room)
    return Outcome(True, status, *_response_parameters(answer))


async def _read(response: aiohttp.ClientResponse, room: Room) -> bytes | None:
    """Reads to the end; returns None if the answer has more than `LARGEST_ANSWER` bytes."""
    parts, size, has_room = [], 0, False
    async for part in response.content.iter_any():
        size += len(part)
        if size > LARGEST_ANSWER:
            return None
        if size > SMALL_ANSWER and not has_room:
            await room(_most_bytes(response))
            has_room = True
        parts.append(part)
    return b"".join(parts)


def _most_bytes(response: aiohttp.ClientResponse) -> int:
    """Returns how many bytes of an answer may be kept; it tells its size unless compressed."""
    told = response.content_length
    if told is None or "Content-Encoding" in response.headers:
        return LARGEST_ANSWER
    return min(told, LARGEST_ANSWER)


def _untimed(room: Room, limit: asyncio.Timeout) -> Room:
    """Returns the same room; the limit of the call is later by the time that it waited."""

    async def wait(size: int) -> None:
        loop, ends_at = asyncio.get_running_loop(), limit.when()
        assert ends_at is not None
        left = ends_at - loop.time()
        limit.reschedule(None)
        await room(size)
        limit.reschedule(loop.time() + left)

    return wait


def _response_parameters(answer: bytes | None) -> tuple[bytes | None, str | None]:
    """Returns the answer if it is a JSON object that can be kept, else why it is dropped."""
    if answer is None:
        return None, f"the answer was dropped: it has more than {LARGEST_ANSWER} bytes"
    # A byte order mark is not part of the JSON that it begins (RFC 8259, 8.1).
    answer = answer.removeprefix(codecs.BOM_UTF8)
    if not answer.strip():
        return None, None
    try:
        parsed = parse_json(answer.decode())
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        return None, "the answer gave no response parameters: it is not a JSON object"
    if len(parsed) > MOST_PARAMETERS:
        return None, f"the answer was dropped: it has more than {MOST_PARAMETERS} parameters"
    return answer, None


def _failed(
    url: URL, reason: str, status: int | None = None, retry_after: timedelta | None = None
) -> Outcome:
    # PostgreSQL stores no zero bytes in text.
    error = f"{_public(url)} {reason}"[:LONGEST_REASON].replace("\0", "\ufffd")
    return Outcome(succeeded=False, status=status, error=error, retry_after=retry_after)


def _noted(outcome: Outcome) -> Outcome:
    """Returns an outcome that also says that the call was made a second time."""
    if outcome.error is None:
        return replace(outcome, error=CALLED_AGAIN)
    return replace(outcome, error=f"{outcome.error} ({CALLED_AGAIN})")


def _public(url: URL) -> URL:
    """Returns the URL without what may be secret in it."""
    return url.with_user(None).with_query(None)


def _words(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorError(os_error=AddressRefused() as refused):
            return f"is not called: {refused}"
        case aiohttp.ClientConnectorDNSError():
            return f"can't be reached: {unresolved(error.host, error.os_error)}"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return f"can't be reached: TLS failed ({error})"
        case aiohttp.ClientConnectorError():
            reason = os.strerror(error.errno) if error.errno else error.os_error
            return f"can't be reached: {reason}"
        case aiohttp.ServerDisconnectedError():
            return "closed the connection without an answer"
        case aiohttp.ClientResponseError():
            # The error's own text has the whole URL in it.
            return f"gave an answer that is not HTTP: {error.message}"
        case aiohttp.InvalidURL():
            return "is not a usable URL"
    return f"failed: {error or type(error).__name__}"
