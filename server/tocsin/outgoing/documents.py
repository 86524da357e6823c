"""Gets small documents over HTTP, such as an issuer's keys, with limits of size and time."""

import json
import re
from collections.abc import Callable, Mapping

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
        return await self._asked("GET", url, None, {})

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> bytes:
        """Posts a form and does the same; the failure names the `error` of an answer (RFC 6749)."""
        return await self._asked("POST", url, form, headers)

    async def _asked(
        self, verb: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> bytes:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=CheckedConnector(self._reach),
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
                # What is set for one caller's sign-in must not go along with another's.
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self._user_agent, "Accept": "application/json"},
            )
        try:
            async with self._session.request(
                verb, url, data=form, headers=headers, allow_redirects=False
            ) as response:
                body = bytearray()
                async for chunk in response.content.iter_any():
                    body += chunk
                    if len(body) > LARGEST_BYTES:
                        raise self._failed(f"{url} answered more than {LARGEST_BYTES} bytes")
                if response.status != 200:
                    why = _error_in(body)
                    raise self._failed(f"{url} answered {response.status}, not 200{why}")
                return bytes(body)
        except TimeoutError as error:
            raise self._failed(f"{url} did not answer within {TIMEOUT_SECONDS:g} s") from error
        except (aiohttp.ClientError, ValueError) as error:
            raise self._failed(f"{url}: {error}") from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


_ERROR = re.compile(r"[a-z_]{1,50}")


def _error_in(body: bytes | bytearray) -> str:
    """Returns the code of an error, and nothing else: descriptions may quote what was sent."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    code = document.get("error") if isinstance(document, dict) else None
    return f": {code}" if isinstance(code, str) and _ERROR.fullmatch(code) else ""
