"""Lets trusted proxies say who calls: by `X-Forwarded-For`, or by the PROXY protocol."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network

from tocsin.gateway.typed import Json, typed


@dataclass(frozen=True, slots=True)
class Proxies:
    """Says which proxies are trusted, and how they name the client."""

    networks: tuple[str, ...] = ()
    forwarded_for: bool = False
    proxy_protocol: bool = False


def who_calls(proxies: Proxies) -> Json:
    """Returns the settings by which Envoy finds the address of the client of a request."""
    if not proxies.forwarded_for:
        return {"use_remote_address": True}
    detection = typed(
        "extensions.http.original_ip_detection.xff.v3",
        "XffConfig",
        xff_trusted_cidrs={"cidrs": list(_ranges(proxies))},
        skip_xff_append=False,
    )
    name = "envoy.http.original_ip_detection.xff"
    return {"original_ip_detection_extensions": [{"name": name, "typed_config": detection}]}


def listener_filters(proxies: Proxies) -> list[Json]:
    """Returns the filters of a listener that read what a proxy sends first."""
    if not proxies.proxy_protocol:
        return []
    config = typed("extensions.filters.listener.proxy_protocol.v3", "ProxyProtocol")
    return [{"name": "envoy.filters.listener.proxy_protocol", "typed_config": config}]


def chain_match(proxies: Proxies) -> Json:
    """Returns which connections are served: where the PROXY protocol names the client, no others.

    Otherwise whoever reaches the port could name anyone.
    """
    return {"direct_source_prefix_ranges": list(_ranges(proxies))} if proxies.proxy_protocol else {}


def _ranges(proxies: Proxies) -> Iterator[Json]:
    for text in proxies.networks:
        network = ip_network(text)
        yield {
            "address_prefix": str(network.network_address),
            "prefix_len": {"value": network.prefixlen},
        }
