"""Decides which addresses may be called.

A rule chooses part of a URL, and the owner of a name in DNS chooses its addresses. So the check
looks at the address of the connection, not at the name.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TypeAlias

IpAddress: TypeAlias = IPv4Address | IPv6Address
IpNetwork: TypeAlias = IPv4Network | IPv6Network

LOCALHOST = "localhost"
LOOPBACK: tuple[IpNetwork, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))

# Addresses at which clouds hand a machine its credentials, besides the link-local ones.
METADATA = frozenset(
    ip_address(address)
    for address in (
        "100.100.100.200",  # Alibaba Cloud
        "168.63.129.16",  # Azure
        "192.0.0.192",  # Oracle Cloud
        "fd00:42::42",  # Scaleway
        "fd00:ec2::254",  # AWS
        "fd20:ce::254",  # Google Cloud
    )
)

# RFC 1122, 3.2.1.3: "this network", in which no host has an address. RFC 1112: reserved.
NOWHERE = (IPv4Network("0.0.0.0/8"), IPv4Network("240.0.0.0/4"))
# IPv6 addresses of the internet (RFC 4291), and those that mean an IPv4 address (RFC 6052, 3056).
GLOBAL_UNICAST = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")
COMPATIBLE = IPv6Network("::/96")


class AddressRefused(OSError):
    """An address must not be called; the message says which, why, and which setting allows it."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Checks addresses: names may lead to public addresses and to those in `networks`.

    The owner wrote the addresses of the settings, so these need no network. Those in a document
    that another server wrote are `foreign`: they are checked as if a name had led to them.
    """

    networks: tuple[IpNetwork, ...] = LOOPBACK
    foreign: bool = False

    def of_foreign_documents(self) -> "Reach":
        """Returns the addresses that a document of another server may lead to: never loopback."""
        return replace(self, foreign=True)

    def check_named(self, host: str, address: str) -> None:
        """Checks an address that a name resolved to.

        Raises:
            AddressRefused: the address is never called, or it is private and in none of the
                networks.
        """
        self._check_ever(host, address)
        meaning = _meaning(_parsed(address))
        localhost = host.rstrip(".").lower() == LOCALHOST and meaning.is_loopback
        if localhost and not self.foreign:
            return
        listed = any(meaning in network for network in self.networks)
        if self.foreign and meaning.is_loopback:
            listed = False
        if not _is_public(meaning) and not listed:
            how = (
                "write the URL that leads there into the settings"
                if self.foreign
                else "add its network to networks in [targets], or write the address instead of "
                "the name"
            )
            raise AddressRefused(f"{host} has the private address {address}: {how}")

    def check_written(self, host: str, address: str) -> None:
        """Checks an address that is written in a URL.

        Raises:
            AddressRefused: the address is never called, whatever the configuration says; or the URL
                is in a foreign document, and the address is private.
        """
        if self.foreign:
            self.check_named(host, address)
        else:
            self._check_ever(host, address)

    def _check_ever(self, host: str, address: str) -> None:
        if why := never_called(address):
            which = f"{host} has the address {address}" if host != address else address
            raise AddressRefused(f"{which}, {why}, which is never called")


def never_called(address: str) -> str | None:
    """Returns the reason why an IP address is never called, or None."""
    meaning = _meaning(_parsed(address))
    if meaning.is_link_local or meaning in METADATA:
        return "an address at which clouds keep their credentials"
    if meaning.is_multicast:
        return "a multicast address"
    if meaning.is_unspecified or any(meaning in network for network in NOWHERE):
        return "an address of no host"
    return None


def parse_networks(networks: Sequence[str]) -> tuple[IpNetwork, ...]:
    """Parses networks in CIDR form.

    Raises:
        ValueError: one of them is wrong; the message names it.
    """
    return tuple(ip_network(network) for network in networks)


def is_address(host: str) -> bool:
    """Returns whether a URL's host is an IP address and not a name."""
    try:
        _parsed(host)
    except ValueError:
        return False
    return True


def _parsed(address: str) -> IpAddress:
    return ip_address(address.partition("%")[0])


def _meaning(address: IpAddress) -> IpAddress:
    """Returns the IPv4 address that an IPv6 address leads to, else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and (address in NAT64 or (address in COMPATIBLE and int(address) > 1)):
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address


def _is_public(address: IpAddress) -> bool:
    if isinstance(address, IPv6Address) and address not in GLOBAL_UNICAST:
        return False
    return address.is_global
