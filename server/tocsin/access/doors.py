"""Names the headers in which Envoy says by which listener a call came, and one of its answers.

No client can set them: Envoy drops a client's headers with this prefix, and the server reads them
only from calls over the Unix socket, which only Envoy can reach.
"""

import ipaddress
import re

PREFIX = "x-tocsin-"

PEER = "x-tocsin-peer"
"""The caller's IP address."""
DOOR = "x-tocsin-door"
"""The listener's name: `http` or `tls`."""
AUTHORITY = "x-tocsin-authority"
"""The host, usually with the port, that the client dialled: `Host` or HTTP/2's `:authority`."""
LOCAL = "x-tocsin-local"
"""The local address and port of the client's connection."""

LEGACY_ERROR = "x-tocsin-legacy-error"
"""In an answer to Envoy alone: what an entry of `errors` has beside the message, as members of
JSON, for clients that ask for Google's older format."""

_AUTHORITY = re.compile(
    r"(?P<host>[A-Za-z0-9][A-Za-z0-9._-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])(:(?P<port>[0-9]{1,5}))?"
)


def dialled(authority: str, local: str) -> str:
    """Returns the `HOST:PORT` at which a client can call again.

    Args:
        authority: the address that the client claims to have dialled. If it has no port, as from
            clients that were told which name to expect in the certificate, `local` has it.
        local: the local address of the connection; the result if `authority` can't be dialled.
    """
    match = _AUTHORITY.fullmatch(authority)
    if match is None or is_unspecified(match["host"]):
        return local
    port = match["port"] or local.rpartition(":")[2]
    return f"{match['host']}:{port}" if 0 < int(port) < 65536 else local


def is_unspecified(host: str) -> bool:
    """Returns whether a host is `0.0.0.0` or `::`, which a client can't call."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return False
