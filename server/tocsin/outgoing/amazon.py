"""Makes clients of services that speak Amazon's protocols, wherever they run.

The clients connect only to addresses that `Reach` allows, and follow no redirects.
"""

import asyncio
import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, NoCredentialsError

from tocsin.outgoing.reach import AddressRefused, Reach
from tocsin.outgoing.settings import AmazonAccount

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials

    from tocsin.outgoing.amazon_sessions import Sessions

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

    The library is loaded by the first use of all: it takes a tenth of a second and 15 MB, and most
    servers never need it. `usage` is `READING`, `SENDING` or `PUTTING`.
    """

    def __init__(
        self, service: str, account: AmazonAccount, reach: Reach, usage: Mapping[str, Any]
    ) -> None:
        self._service = service
        self._account = account
        self._reach = reach
        self._usage = usage
        self._sessions: Sessions | None = None
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
        creating = (await self._opened()).session.create_client(
            self._service,
            endpoint_url=endpoint,
            region_name=self._account.region,
            aws_access_key_id=self._account.access_key_id,
            aws_secret_access_key=self._secret,
            config=(await self._opened()).config,
        )
        return await self._open.enter_async_context(creating)

    async def _opened(self) -> "Sessions":
        """Loads the library, outside of the event loop, and begins a session."""
        if self._sessions is None:
            module = await asyncio.to_thread(import_module, "tocsin.outgoing.amazon_sessions")
            self._sessions = module.open_sessions(self._reach, USER_AGENT, self._usage)
        return self._sessions

    async def credentials(self) -> "ReadOnlyCredentials":
        """Returns the present credentials, for callers that sign requests themselves.

        Raises:
            NoCredentialsError: the settings and the environment have no credentials.
        """
        opened = await self._opened()
        if self._account.access_key_id is not None and self._secret is not None:
            return opened.credentials(self._account.access_key_id, self._secret)
        credentials = await opened.session.get_credentials()
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
