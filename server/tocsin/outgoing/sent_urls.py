"""Checks URLs that callers of the API send, as far as that can be done before they are called."""

from yarl import URL

from tocsin.outgoing.reach import AddressRefused, Reach, is_address
from tocsin.outgoing.settings import check_url

LONGEST_URL = 2048


def refusal_of(reach: Reach, url: str) -> str | None:
    """Returns why a URL of a caller is not called; None if it may be.

    A caller is trusted less than the settings: an address in the URL must be one to which a host
    name may lead. Where a host name leads is checked when it is called.
    """
    if len(url) > LONGEST_URL:
        return f"must have at most {LONGEST_URL} characters"
    try:
        check_url(url)
    except ValueError as error:
        return str(error)
    parsed = URL(url)
    if parsed.raw_user is not None or parsed.raw_password is not None:
        return "must not hold a user or a password: set run_as_service_account instead"
    host = parsed.raw_host or ""
    try:
        if is_address(host):
            reach.check_named(host, host)
    except AddressRefused as error:
        return f"is not called: {error}"
    return None
