"""Finds the session of a browser's request, and refuses requests that its page did not send.

A browser sends cookies along with whatever any page makes it ask for. So a request with a session
must show that it comes from the page of this server: by a header that other pages can't set, as
nobody allows them to; by what the browser says of the page (`Sec-Fetch-Site`, only over TLS and on
loopback); and by the page's origin, which must be the one at which the session began.
"""

from typing import Final

from tocsin.access.principal import Principal
from tocsin.access.sessions import cookie_in
from tocsin.wire import errors
from tocsin.wire.calls import Arrival

COOKIE: Final = "cookie"
ORIGIN: Final = "origin"
SITE: Final = "sec-fetch-site"
OF_PAGE: Final = "tocsin-console"
"""The header that the page sends with each request, and other pages can't."""

SAME: Final = "same-origin"


def session_of(arrival: Arrival, cookie: str) -> str | None:
    """Returns the credential of the session whose cookie a request over REST has, or None."""
    if arrival.url is None:
        return None
    value = cookie_in(arrival.metadata_value(COOKIE) or "", cookie)
    return None if value is None else f"Bearer {value}"


def is_by_page(arrival: Arrival, *, changes: bool) -> bool:
    """Returns whether nothing speaks for another page; what changes something needs the header.

    A read may come without it from what sets no headers, if the browser says which page it is on.
    """
    has_header = arrival.metadata_value(OF_PAGE) is not None
    site = arrival.metadata_value(SITE)
    return site in (None, SAME) and (has_header or (site == SAME and not changes))


def is_at_home(arrival: Arrival, principal: Principal) -> bool:
    """Returns whether a request comes from the origin at which its session began, or names none."""
    origin = arrival.metadata_value(ORIGIN)
    return principal.session is not None and origin in (None, principal.session.origin)


def page_of(arrival: Arrival) -> str:
    """Returns the origin of the page that sends a request without a session.

    Raises:
        ApiError: another page may have sent it, or no browser did.
    """
    origin, site = arrival.metadata_value(ORIGIN), arrival.metadata_value(SITE)
    by_page = arrival.metadata_value(OF_PAGE) is not None
    if arrival.url is None or origin is None or site not in (None, SAME) or not by_page:
        raise errors.not_signed_in_from_page()
    return origin
