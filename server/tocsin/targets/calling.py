"""Calls a target over HTTP and tells how it went."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Protocol

import aiohttp
import structlog
from yarl import URL

from tocsin.outgoing.connecting import checked_connector
from tocsin.outgoing.reach import AddressRefused, Reach
from tocsin.outgoing.tokens import TokenUnavailable
from tocsin.plans.plan import Integration, Target
from tocsin.targets.addresses import Addresses, UnmappedTarget
from tocsin.wire.json_text import parse_json

log = structlog.get_logger(__name__)

# An integration's answer becomes its response parameters; of any other only an error's text counts.
LARGEST_ANSWER = 8 * 1024 * 1024
LARGEST_ERROR = 16 * 1024
LONGEST_REASON = 1000
HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended. `error` says in words why it failed, or what is odd about a success."""

    succeeded: bool
    status: int | None = None
    answer: bytes | None = None
    error: str | None = None
    retry_after: timedelta | None = None
    may_retry: bool = True


class Tokens(Protocol):
    async def authorization(self, account_id: str, audience: str) -> str | None:
        """Returns the `Authorization` header of calls for a service account, if they have one.

        Raises:
            TokenUnavailable: it can't be said now.
        """


class TargetCaller:
    """Calls targets through one pool of connections. Redirects are not followed.

    A call that is made for a service account carries what `tokens` gives for it. Its audience is
    the target's origin: the scheme, the host, and the port where it is not the scheme's own.
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
    ) -> None:
        self._url = lru_cache(maxsize=4096)(addresses.url)
        self._largest_payload = largest_payload
        self._tokens = tokens
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._session = aiohttp.ClientSession(
            connector=checked_connector(reach or Reach(), limit=0),
            headers={"User-Agent": user_agent, "Content-Type": "application/json"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        await self._session.close()

    async def call(
        self,
        target: Target,
        payload: bytes,
        *,
        request_id: str,
        headers: Mapping[str, str] | None = None,
    ) -> Outcome:
        """POSTs the payload once. Never raises for what the target or the network does."""
        if self._is_too_large(target, payload):
            reason = f"the payload of {len(payload)} bytes is over {self._largest_payload}"
            return Outcome(succeeded=False, error=f"{reason} and was not sent", may_retry=False)
        try:
            url = self._url(target)
        except UnmappedTarget as error:
            return Outcome(succeeded=False, error=str(error))
        sent = {"X-Request-Id": request_id, **(headers or {})}
        try:
            token = await self._authorization(target, url)
        except TokenUnavailable as error:
            return _failed(url, f"was not called: {error}")
        if token is not None:
            sent["Authorization"] = token
        return await self._post(target, url, payload, sent)

    async def _authorization(self, target: Target, url: URL) -> str | None:
        if self._tokens is None or isinstance(target, Integration):
            return None
        # Who is named in the URL of a target is who it is called as.
        if not target.service_account_id or url.raw_user is not None:
            return None
        return await self._tokens.authorization(target.service_account_id, str(url.origin()))

    async def _post(
        self, target: Target, url: URL, payload: bytes, headers: Mapping[str, str]
    ) -> Outcome:
        try:
            async with self._session.post(
                url,
                data=payload,
                headers=headers,
                allow_redirects=False,
                timeout=self._timeout,
            ) as response:
                return await _outcome(target, response, headers.get("Authorization"))
        except TimeoutError:
            return _failed(url, f"no answer within {self._timeout.total:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return _failed(url, _words(error))

    def _is_too_large(self, target: Target, payload: bytes) -> bool:
        """The vendor's limit is one of events; an integration's input has its own, at its API."""
        if self._largest_payload is None or isinstance(target, Integration):
            return False
        return len(payload) > self._largest_payload


async def _outcome(
    target: Target, response: aiohttp.ClientResponse, authorization: str | None
) -> Outcome:
    status = response.status
    function_error = response.headers.get("X-Function-Error")
    if not 200 <= status < 300 or (target.kind == "function" and function_error):
        text = (await response.content.read(LARGEST_ERROR)).decode("utf-8", "replace")
        if authorization is not None:
            # What a target says is kept and shown, and it may say what it was sent.
            text = text.replace(authorization.rpartition(" ")[2], HIDDEN)
        said = f": {text.strip()}" if text.strip() else ""
        what = f"answered {status}" + (" with X-Function-Error" if function_error else "")
        return _failed(response.url, what + said, status, _retry_after(response))
    if not isinstance(target, Integration):
        return Outcome(succeeded=True, status=status)
    answer = await _read(response.content, LARGEST_ANSWER)
    return Outcome(True, status, *_response_parameters(answer))


async def _read(content: aiohttp.StreamReader, most: int) -> bytes | None:
    """Reads to the end, or gives up where there is more than that."""
    parts, size = [], 0
    async for part in content.iter_any():
        size += len(part)
        if size > most:
            return None
        parts.append(part)
    return b"".join(parts)


def _response_parameters(answer: bytes | None) -> tuple[bytes | None, str | None]:
    """Returns the answer if it is a JSON object, else why it gives no response parameters."""
    if answer is None:
        return None, f"the answer is over {LARGEST_ANSWER} bytes and was not kept"
    if not answer.strip():
        return None, None
    try:
        parsed = parse_json(answer.decode())
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        return None, "the answer is no JSON object and gives no response parameters"
    return answer, None


def _retry_after(response: aiohttp.ClientResponse) -> timedelta | None:
    """Reads how long a busy target wants to be left alone (RFC 9110, 10.2.3), given in seconds."""
    asked = response.headers.get("Retry-After", "")
    if response.status not in (429, 503) or not asked.isdecimal() or len(asked) > 9:
        return None
    return timedelta(seconds=int(asked))


def _failed(
    url: URL, reason: str, status: int | None = None, retry_after: timedelta | None = None
) -> Outcome:
    shown = url.with_user(None).with_query(None)
    # No text of PostgreSQL holds a zero byte.
    error = f"{shown} {reason}"[:LONGEST_REASON].replace("\0", "\ufffd")
    return Outcome(succeeded=False, status=status, error=error, retry_after=retry_after)


def _words(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorError(os_error=AddressRefused() as refused):
            return f"is not called: {refused}"
        case aiohttp.ClientConnectorDNSError():
            return f"can't be reached: the name {error.host} is unknown"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return f"can't be reached: TLS failed ({error})"
        case aiohttp.ClientConnectorError():
            reason = os.strerror(error.errno) if error.errno else error.os_error
            return f"can't be reached: {reason}"
        case aiohttp.ServerDisconnectedError():
            return "closed the connection without an answer"
        case aiohttp.ClientResponseError():
            # Its own words have the whole URL in them.
            return f"answered what is no HTTP: {error.message}"
        case aiohttp.InvalidURL():
            return "is no usable URL"
    return f"failed: {error or type(error).__name__}"
