"""Refuses most requests of addresses that go on calling although they are refused.

A refusal costs the gRPC server as much as a cheap call, and Envoy next to nothing. Others behind
such an address share what it still may send.
"""

import asyncio
import json
from collections.abc import Iterable
from ipaddress import ip_network
from pathlib import Path
from typing import Protocol

from tocsin.gateway.files import replace_file
from tocsin.gateway.typed import Json, typed

CALLS_PER_SECOND = 100
"""Calls of such an address that the server still gets, and as many at once."""

_NAME = "tocsin.floods"
_PACKAGE, _MESSAGE = "extensions.filters.http.local_ratelimit.v3", "LocalRateLimit"
_ALWAYS = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
_KEY = "masked_remote_address"
_BUCKET = {
    "max_tokens": CALLS_PER_SECOND,
    "tokens_per_fill": CALLS_PER_SECOND // 10,
    "fill_interval": "0.1s",
}


class Floods(Protocol):
    """Knows the addresses most of whose requests Envoy refuses; `begun` is set while any are."""

    begun: asyncio.Event

    def nets(self) -> tuple[str, ...]:
        """Returns IPv4 addresses, and /64 of IPv6."""
        ...


def flood_filter(file: Path) -> Json:
    """Returns the filter, which follows the file that `publish_floods` writes."""
    source = {"path_config_source": {"path": str(file)}, "resource_api_version": "V3"}
    kind = f"type.googleapis.com/envoy.{_PACKAGE}.{_MESSAGE}"
    return {"name": _NAME, "config_discovery": {"config_source": source, "type_urls": [kind]}}


def publish_floods(file: Path, nets: Iterable[str], exempt: Iterable[str]) -> None:
    """Hands the addresses to Envoy.

    Args:
        file: what Envoy reads, in a private directory.
        nets: IPv4 addresses, and /64 of IPv6.
        exempt: networks whose addresses are never refused.
    """
    networks, spared = [ip_network(each) for each in nets], [ip_network(each) for each in exempt]
    flooding = [
        str(net)
        for net in networks
        if not any(net.version == each.version and net.overlaps(each) for each in spared)
    ]
    content = typed("config.core.v3", "TypedExtensionConfig", name=_NAME)
    content["typed_config"] = _limits(flooding)
    replace_file(file, json.dumps({"resources": [content]}))


def _limits(flooding: list[str]) -> Json:
    if not flooding:
        # Calls cost nothing more then.
        return typed(_PACKAGE, _MESSAGE, stat_prefix="floods")
    masked = {"v4_prefix_mask_len": 32, "v6_prefix_mask_len": 64}
    return typed(
        _PACKAGE,
        _MESSAGE,
        stat_prefix="floods",
        filter_enabled=_ALWAYS,
        filter_enforced=_ALWAYS,
        rate_limits=[{"actions": [{_KEY: masked}]}],
        descriptors=[
            {"entries": [{"key": _KEY, "value": net}], "token_bucket": _BUCKET} for net in flooding
        ],
        rate_limited_as_resource_exhausted=True,
    )
