"""Makes clients of services that speak Amazon's protocols, wherever they run.

The clients connect only to addresses that `Reach` allows, and follow no redirects.
"""

import asyncio
import re
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
from botocore.exceptions import ClientError, NoCredentialsError

from tocsin.outgoing.connecting import CheckedResolver, CheckedSockets
from tocsin.outgoing.reach import AddressRefused, Reach
from tocsin.outgoing.settings import AmazonAccount

CONNECT_SECONDS = 5
LONGEST_POLL_SECONDS = 20
USER_AGENT = f"tocsin/{version('tocsin')}"

WEB_PAGE = re.compile(r"<(!doctype )?html", re.IGNORECASE)

# The options of a client that waits for events.
READING: Mapping[str, Any] = {
    "read_timeout": LONGEST_POLL_SECONDS + 10,
    # A reader itself reports an error, waits and tries again.
    "retries": {"max_attempts": 0},
    # Each reader keeps one request open.
    "max_pool_connections": 10_000,
    # Validation is most of the cost of an empty poll, and our requests have one form.
    "parameter_validation": False,
    "disable_request_compression": True,
}
# The options of a client that sends messages or objects.
SENDING: Mapping[str, Any] = {
    "read_timeout": 20,
    "retries": {"max_attempts": 1},
    # A bucket's name need not be valid in a host name.
    "s3": {"addressing_style": "path"},
}


# The options of a client that puts dead letters. Its caller bounds them by queue.
PUTTING: Mapping[str, Any] = {
    **SENDING,
    "read_timeout": 10,
    "max_pool_connections": 10_000,
}


class Clients:
    """Keeps one client for each endpoint of a service, made on its first use.

    `usage` is `READING`, `SENDING` or `PUTTING`.
    """

    def __init__(
        self, service: str, account: AmazonAccount, reach: Reach, usage: Mapping[str, Any]
    ) -> None:
        self._service = service
        self._account = account
        self._config = AioConfig(
            connect_timeout=CONNECT_SECONDS,
            # The library builds its own user agent for each request, at a fifth of the cost of an
            # empty poll.
            user_agent=USER_AGENT,
            http_session_cls=checked_session(reach),
            **usage,
        )
        # The session reads the service's description once.
        self._session = get_session()
        self._open = AsyncExitStack()
        self._making = asyncio.Lock()
        self._by_endpoint: dict[str, Any] = {}

    async def of(self, endpoint: str) -> Any:
        """Returns the client of an endpoint; making one blocks the event loop for some 50 ms."""
        if endpoint not in self._by_endpoint:
            async with self._making:
                if endpoint not in self._by_endpoint:
                    self._by_endpoint[endpoint] = await self._make(endpoint)
        return self._by_endpoint[endpoint]

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
        """Returns the present credentials, for callers that sign requests themselves.

        Raises:
            NoCredentialsError: the settings and the environment have no credentials.
        """
        if self._account.access_key_id is not None and self._secret is not None:
            return ReadOnlyCredentials(self._account.access_key_id, self._secret, None)
        credentials = await self._session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        frozen: ReadOnlyCredentials = await credentials.get_frozen_credentials()
        return frozen

    @property
    def _secret(self) -> str | None:
        secret = self._account.secret_access_key
        return None if secret is None else secret.get_secret_value()

    async def close(self) -> None:
        """Closes the connections; later uses make new clients."""
        self._by_endpoint = {}
        await self._open.aclose()


class Redirected(aiohttp.ClientError):
    """A service answered with a redirect, which is not followed."""


def checked_session(reach: Reach) -> Callable[..., AIOHTTPSession]:
    """Returns a value for `http_session_cls` of `AioConfig`."""
    return partial(CheckedSession, reach)


def words(error: Exception) -> str:
    """Returns the message of a client's error; for a refused address, the reason.

    A web page, which some services answer with after an error of their own, is not repeated.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, AddressRefused):
            return str(cause)
        cause = cause.__cause__ or cause.__context__
    text = str(error)
    if isinstance(error, ClientError) and WEB_PAGE.search(text):
        return (
            f"{error.operation_name} was answered with {error.response['Error']['Code']} and a web "
            "page, not in this protocol; moto does so if it does not know the `region` of the "
            "settings (us-east-1 is one that it knows)"
        )
    return text


class CheckedSession(AIOHTTPSession):  # type: ignore[misc]
    """Connects only to addresses that `reach` allows, and follows no redirects."""

    def __init__(self, reach: Reach, **settings: Any) -> None:
        super().__init__(**settings)
        self._resolver = CheckedResolver(reach)
        self._connector_args: dict[str, Any] = {
            **(settings.get("connector_args") or {}),
            "resolver": self._resolver,
            "socket_factory": CheckedSockets(reach),
        }

    async def __aexit__(self, *error: Any) -> None:
        await super().__aexit__(*error)
        await self._resolver.close()

    async def _get_session(self, proxy_url: str | None) -> aiohttp.ClientSession:
        session: aiohttp.ClientSession = await super()._get_session(proxy_url)
        # The library leaves redirects to aiohttp, which would follow them.
        if UNREDIRECTED not in session.trace_configs:
            session.trace_configs.append(UNREDIRECTED)
        return session


async def _refuse_redirect(
    _session: aiohttp.ClientSession,
    _context: SimpleNamespace,
    redirect: aiohttp.TraceRequestRedirectParams,
) -> None:
    redirect.response.close()
    raise Redirected(
        f"answered {redirect.response.status}: redirects are not followed, set the final URL"
    )


UNREDIRECTED = aiohttp.TraceConfig()
UNREDIRECTED.on_request_redirect.append(_refuse_redirect)
UNREDIRECTED.freeze()
