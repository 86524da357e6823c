"""Opens sessions of the library for Amazon's protocols, which takes long to load.

Only `Clients` imports this, on the first use of one. Its clients connect only to addresses that
`Reach` allows, and follow no redirects.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple

import aiohttp
from aiobotocore.config import AioConfig
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.session import get_session
from botocore.credentials import ReadOnlyCredentials

from tocsin.outgoing.connecting import CheckedResolver, CheckedSockets
from tocsin.outgoing.reach import Reach

CONNECT_SECONDS = 5


class Sessions(NamedTuple):
    """Holds a session, which reads a service's description once, and how its clients connect."""

    session: Any
    config: AioConfig

    @staticmethod
    def credentials(access_key_id: str, secret: str) -> ReadOnlyCredentials:
        return ReadOnlyCredentials(access_key_id, secret, None)


def open_sessions(reach: Reach, user_agent: str, usage: Mapping[str, Any]) -> Sessions:
    """Begins a session.

    Args:
        reach: the addresses to which its clients may connect.
        user_agent: sent by them. The library builds its own for each request, at a fifth of the
            cost of an empty poll.
        usage: further options of its clients.
    """
    config = AioConfig(
        connect_timeout=CONNECT_SECONDS,
        user_agent=user_agent,
        http_session_cls=checked_session(reach),
        **usage,
    )
    return Sessions(get_session(), config)


class Redirected(aiohttp.ClientError):
    """A service answered with a redirect, which is not followed."""


def checked_session(reach: Reach) -> Callable[..., AIOHTTPSession]:
    """Returns a value for `http_session_cls` of `AioConfig`."""
    return partial(CheckedSession, reach)


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
