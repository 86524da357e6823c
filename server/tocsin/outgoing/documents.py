"""Gets small documents over HTTP, such as an issuer's keys, with limits of size and time."""

from collections.abc import Callable

import aiohttp

from tocsin.outgoing.connecting import CheckedConnector
from tocsin.outgoing.reach import Reach

LARGEST_BYTES = 256 * 1024
TIMEOUT_SECONDS = 5.0


class Documents:
    """Gets documents from URLs that the settings trust, and follows no redirect from them.

    `failed` makes the exception to raise when a document can't be had.
    """

    def __init__(
        self, user_agent: str, failed: Callable[[str], Exception], reach: Reach | None = None
    ) -> None:
        self._reach = reach or Reach()
        self._user_agent = user_agent
        self._failed = failed
        self._session: aiohttp.ClientSession | None = None

    async def get(self, url: str) -> bytes:
        """Returns the body of an answer with status 200; raises what `failed` makes otherwise."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=CheckedConnector(self._reach),
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
                headers={"User-Agent": self._user_agent, "Accept": "application/json"},
            )
        try:
            async with self._session.get(url, allow_redirects=False) as response:
                if response.status != 200:
                    raise self._failed(f"{url} answered {response.status}, not 200")
                body = bytearray()
                async for chunk in response.content.iter_any():
                    body += chunk
                    if len(body) > LARGEST_BYTES:
                        raise self._failed(f"{url} answered more than {LARGEST_BYTES} bytes")
                return bytes(body)
        except TimeoutError as error:
            raise self._failed(f"{url} did not answer within {TIMEOUT_SECONDS:g} s") from error
        except (aiohttp.ClientError, ValueError) as error:
            raise self._failed(f"{url}: {error}") from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
