"""Bounds the connections of each address, and ends those that stay silent.

Envoy has no such bound for one address. So a small program runs in it, written in WebAssembly
(`connections.wat`): it sees a connection when it is accepted, before a byte of it has come.
"""

import base64
import secrets
import struct
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from ipaddress import IPv4Network, IPv6Network, ip_network

from tocsin.gateway.typed import Json, typed

_PROGRAM = "connections.wasm"
_NAME = "tocsin.connections"
# What stands before an IPv4 address that is mapped into IPv6.
_MAPPED = bytes(10) + b"\xff\xff"


@dataclass(frozen=True, slots=True)
class ConnectionBounds:
    """What connections may do."""

    of_address: int = 1000
    """Most open connections of an address; IPv6 addresses of one /64 are one.

    The first ones of an address that is new may be more by one for each further worker thread:
    Envoy's shared memory has no way to write a value only if there is none.
    """
    exempt: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    """Networks whose addresses have no such bound."""
    seed: int = field(default_factory=lambda: secrets.randbits(31))
    """Begins the hashes of addresses, so that nobody can look for two that have the same."""


def bounding_filter(bounds: ConnectionBounds, *, first_seconds: int, idle_seconds: int) -> Json:
    """Returns the filter, which must stand before all others.

    Args:
        bounds: how many connections an address may have.
        first_seconds: time until a connection's first byte.
        idle_seconds: time that a connection of HTTP/1 may be silent.
    """
    settings = program_settings(bounds, first_seconds=first_seconds, idle_seconds=idle_seconds)
    config = {
        "name": _NAME,
        "root_id": _NAME,
        # A program that failed must not stop the service: connections then have no bound but that
        # of all together.
        "failure_policy": "FAIL_OPEN",
        "configuration": {
            "@type": "type.googleapis.com/google.protobuf.BytesValue",
            "value": base64.b64encode(settings).decode(),
        },
        "vm_config": {
            # Programs of one id count together: those of all listeners, in all worker threads.
            "vm_id": _NAME,
            "runtime": "envoy.wasm.runtime.v8",
            "code": {"local": {"inline_bytes": _program()}},
        },
    }
    return {
        "name": _NAME,
        "typed_config": typed("extensions.filters.network.wasm.v3", "Wasm", config=config),
    }


def program_settings(bounds: ConnectionBounds, *, first_seconds: int, idle_seconds: int) -> bytes:
    """Returns the settings of the program, in the form that it reads."""
    numbers = struct.pack("<4I", bounds.of_address, first_seconds, idle_seconds, bounds.seed)
    return numbers + b"".join(_network(ip_network(each)) for each in bounds.exempt)


def _network(network: IPv4Network | IPv6Network) -> bytes:
    packed, bits = network.network_address.packed, network.prefixlen
    if network.version == 4:
        packed, bits = _MAPPED + packed, 8 * len(_MAPPED) + bits
    return packed + struct.pack("<I", bits)


@cache
def _program() -> str:
    return base64.b64encode(files(__package__).joinpath(_PROGRAM).read_bytes()).decode()
