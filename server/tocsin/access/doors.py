"""By which of our listeners a call came, and where its client finds it again.

Envoy tells it in headers that no client can set: it drops those that come with this prefix. They
are believed only of calls that come by the Unix socket, which nobody but Envoy can reach.
"""

import ipaddress
import re

PREFIX = "x-tocsin-"

PEER = "x-tocsin-peer"
"""The IP address of who calls."""
DOOR = "x-tocsin-door"
"""The listener's name: `http` or `tls`."""
AUTHORITY = "x-tocsin-authority"
"""The host, and mostly the port, that the client dialled: HTTP's `Host`, HTTP/2's `:authority`."""
LOCAL = "x-tocsin-local"
"""The address and port at which its connection came in."""

_AUTHORITY = re.compile(
    r"(?P<host>[A-Za-z0-9][A-Za-z0-9._-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])(:(?P<port>[0-9]{1,5}))?"
)


def dialled(authority: str, local: str) -> str:
    """Returns `HOST:PORT` where a client can call again.

    Args:
        authority: what it says that it dialled. Where that has no port, as with clients that
            were told which name to expect in the certificate, it is the port of `local`.
        local: where its connection came in; the answer where `authority` is none that can be
            dialled.
    """
    found = _AUTHORITY.fullmatch(authority)
    if found is None or is_unspecified(found["host"]):
        return local
    port = found["port"] or local.rpartition(":")[2]
    return f"{found['host']}:{port}" if 0 < int(port) < 65536 else local


def is_unspecified(host: str) -> bool:
    """Whether it is `0.0.0.0` or `::`: good to listen on, of no use to a client."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return False
