"""Sessions of clients that speak AWS's protocols: checked, and led nowhere else by a redirect."""

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import aiohttp
from aiobotocore.httpsession import AIOHTTPSession

from tocsin.outgoing.connecting import CheckedResolver, CheckedSockets
from tocsin.outgoing.reach import AddressRefused, Reach


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
