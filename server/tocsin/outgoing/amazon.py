"""Clients of services that speak Amazon's protocols, wherever they run.

They connect to nothing that `Reach` does not allow, and no redirect leads them elsewhere.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import aiohttp
from aiobotocore.config import AioConfig
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.session import get_session
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError

from tocsin.outgoing.connecting import CheckedResolver, CheckedSockets
from tocsin.outgoing.reach import AddressRefused, Reach
from tocsin.outgoing.settings import AmazonAccount

CONNECT_SECONDS = 5
LONGEST_POLL_SECONDS = 20
USER_AGENT = f"tocsin/{version('tocsin')}"

# How a client waits for events.
READING: Mapping[str, Any] = {
    "read_timeout": LONGEST_POLL_SECONDS + 10,
    # A reader waits and tries again by itself, and says so.
    "retries": {"max_attempts": 0},
    # Each reader keeps one request open.
    "max_pool_connections": 10_000,
    # A poll that finds nothing is mostly what the client does around it; we check what we ask.
    "parameter_validation": False,
    "disable_request_compression": True,
}
# How a client sends a message, or an object.
SENDING: Mapping[str, Any] = {
    "read_timeout": 20,
    "retries": {"max_attempts": 1},
    # A bucket's name need not be one of a host.
    "s3": {"addressing_style": "path"},
}


class Clients:
    """One client for each endpoint of a service; it is made when it is first asked for.

    `usage` is `READING` or `SENDING`.
    """

    def __init__(
        self, service: str, account: AmazonAccount, reach: Reach, usage: Mapping[str, Any]
    ) -> None:
        self._service = service
        self._account = account
        self._config = AioConfig(
            connect_timeout=CONNECT_SECONDS,
            # The library's own user agent is made anew for each request, and costs as much as
            # a fifth of an empty poll.
            user_agent=USER_AGENT,
            http_session_cls=checked_session(reach),
            **usage,
        )
        # One session reads the description of its service once.
        self._session = get_session()
        self._open = AsyncExitStack()
        self._making = asyncio.Lock()
        self._made: dict[str, Any] = {}

    async def of(self, endpoint: str) -> Any:
        """Returns the client. Making one keeps the event loop busy for some 50 ms."""
        if endpoint not in self._made:
            async with self._making:
                if endpoint not in self._made:
                    self._made[endpoint] = await self._make(endpoint)
        return self._made[endpoint]

    async def _make(self, endpoint: str) -> Any:
        creating = self._session.create_client(
            self._service,
            endpoint_url=endpoint,
            region_name=self._account.region,
            aws_access_key_id=self._account.access_key_id,
            aws_secret_access_key=self._secret,
            config=self._config,
        )
        return await self._open.enter_async_context(creating)

    async def credentials(self) -> ReadOnlyCredentials:
        """Returns what requests are signed with at this moment, for callers that sign their own.

        Raises:
            NoCredentialsError: none are set, and none are found where the clients look for them.
        """
        if self._account.access_key_id is not None and self._secret is not None:
            return ReadOnlyCredentials(self._account.access_key_id, self._secret, None)
        found = await self._session.get_credentials()
        if found is None:
            raise NoCredentialsError
        frozen: ReadOnlyCredentials = await found.get_frozen_credentials()
        return frozen

    @property
    def _secret(self) -> str | None:
        secret = self._account.secret_access_key
        return None if secret is None else secret.get_secret_value()

    async def close(self) -> None:
        """Closes the connections; a client that is asked for afterwards is made anew."""
        self._made = {}
        await self._open.aclose()


class Redirected(aiohttp.ClientError):
    """A service answered that something is elsewhere, and what it was asked is not sent there."""


def checked_session(reach: Reach) -> Callable[..., AIOHTTPSession]:
    """Returns what `AioConfig` takes as `http_session_cls`."""
    return partial(CheckedSession, reach)


def words(error: Exception) -> str:
    """Returns what to say of an error of such a client: of a refused address, why it is refused."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, AddressRefused):
            return str(cause)
        cause = cause.__cause__ or cause.__context__
    return str(error)


class CheckedSession(AIOHTTPSession):  # type: ignore[misc]
    """Connects to nothing that `reach` does not allow, and follows no redirect."""

    def __init__(self, reach: Reach, **settings: Any) -> None:
        super().__init__(**settings)
        self._connector_args: dict[str, Any] = {
            **(settings.get("connector_args") or {}),
            "resolver": CheckedResolver(reach),
            "socket_factory": CheckedSockets(reach),
        }

    async def _get_session(self, proxy_url: str | None) -> aiohttp.ClientSession:
        session: aiohttp.ClientSession = await super()._get_session(proxy_url)
        # Its own way of asking leaves redirects to aiohttp, which would follow them.
        if UNREDIRECTED not in session.trace_configs:
            session.trace_configs.append(UNREDIRECTED)
        return session


async def _refuse_redirect(
    _session: aiohttp.ClientSession,
    _context: SimpleNamespace,
    redirect: aiohttp.TraceRequestRedirectParams,
) -> None:
    redirect.response.close()
    raise Redirected(f"answered {redirect.response.status}, a redirect, which is not followed")


UNREDIRECTED = aiohttp.TraceConfig()
UNREDIRECTED.on_request_redirect.append(_refuse_redirect)
UNREDIRECTED.freeze()
