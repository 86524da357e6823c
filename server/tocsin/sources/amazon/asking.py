"""Services of Amazon's protocols, wherever they run: where they are, and how to be let in."""

from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import aiohttp
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from tocsin.outgoing.amazon import checked_session, words
from tocsin.outgoing.reach import Reach
from tocsin.sources.reader import SourceFailed

# Each reader keeps one request open that waits for events.
MOST_CONNECTIONS = 10_000
CONNECT_SECONDS = 5
LONGEST_POLL_SECONDS = 20
USER_AGENT = f"tocsin/{version('tocsin')}"


@dataclass(frozen=True, slots=True)
class Account:
    """Whose requests they are, the region that they are signed for, and where they may go."""

    region: str = "ru-central1"
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    reach: Reach = field(default_factory=Reach)


class Clients:
    """One client for each endpoint of a service, made when it is first asked for."""

    def __init__(self, service: str, account: Account) -> None:
        self._service = service
        self._account = account
        self._session = checked_session(account.reach)
        # One session reads the description of its service once.
        self._described = get_session()
        self._open = AsyncExitStack()
        self._made: dict[str, Any] = {}

    async def of(self, endpoint: str) -> Any:
        """Returns the client. To make it takes the event loop some 50 ms."""
        client = self._made.get(endpoint)
        if client is None:
            creating = self._described.create_client(
                self._service,
                endpoint_url=endpoint,
                region_name=self._account.region,
                aws_access_key_id=self._account.access_key_id,
                aws_secret_access_key=self._account.secret_access_key,
                config=AioConfig(
                    connect_timeout=CONNECT_SECONDS,
                    read_timeout=LONGEST_POLL_SECONDS + 10,
                    # Who reads waits and tries again, and says so.
                    retries={"max_attempts": 0},
                    max_pool_connections=MOST_CONNECTIONS,
                    http_session_cls=self._session,
                    # A poll that finds nothing is mostly what the client does around it. Its own
                    # user agent, made anew each time, is a fifth of that; we check what we ask.
                    user_agent=USER_AGENT,
                    parameter_validation=False,
                    disable_request_compression=True,
                ),
            )
            made = await self._open.enter_async_context(creating)
            # Another may have been as quick; the exit closes both.
            client = self._made.setdefault(endpoint, made)
        return client

    async def credentials(self) -> ReadOnlyCredentials:
        """Returns what requests are signed with at this moment, for those who sign their own.

        Raises:
            NoCredentialsError: none are set, and none are found where the clients look for them.
        """
        account = self._account
        if account.access_key_id is not None and account.secret_access_key is not None:
            return ReadOnlyCredentials(account.access_key_id, account.secret_access_key, None)
        found = await self._described.get_credentials()
        if found is None:
            raise NoCredentialsError
        frozen: ReadOnlyCredentials = await found.get_frozen_credentials()
        return frozen

    async def close(self) -> None:
        self._made = {}
        await self._open.aclose()


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Makes an error of the service one of the source, which names what was asked.

    Raises:
        SourceFailed: the service does not answer, or refuses.
    """
    try:
        yield
    except (BotoCoreError, ClientError, aiohttp.ClientError, OSError) as error:
        raise SourceFailed(f"{what}: {words(error)}") from error
