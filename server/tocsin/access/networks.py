"""Says which addresses count as one client."""

import ipaddress


def net_of(peer: str) -> str:
    """Returns the network that counts as one client: an IPv4 address, or the /64 of an IPv6."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer
    if isinstance(address, ipaddress.IPv4Address):
        return peer
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))
