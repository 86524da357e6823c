"""Refuses calls with large headers before they reach the gRPC server, which would refuse them too.

A header that was sent before is a byte on the wire (RFC 7541), so 70 bytes bring 64 KiB to read.
Envoy's limit of the size ends a stream without words. Its rate limit has words, and counts requests
by any expression.
"""

from tocsin.gateway.settings import Limits
from tocsin.gateway.typed import Json, typed

_PACKAGE, _MESSAGE = "extensions.filters.http.local_ratelimit.v3", "LocalRateLimit"
_ALWAYS = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
_KEY = "large"
# A bucket has a token at least, so each such request asks for two.
_BUCKET = {"max_tokens": 1, "tokens_per_fill": 1, "fill_interval": "3600s"}
_ASKED = {"number": 2}


def refusing_filter(limits: Limits) -> Json:
    """Returns the filter, which answers 431, or RESOURCE_EXHAUSTED to gRPC."""
    size = typed(
        "extensions.rate_limit_descriptors.expr.v3",
        "Descriptor",
        descriptor_key=_KEY,
        # As HTTP/2 and gRPC count them (RFC 9113, section 6.5.2); filters see them before any body.
        text=f"request.total_size + 32 * size(request.headers) > {limits.headers_kib * 1024}",
    )
    counted = {"actions": [{"extension": {"name": "size", "typed_config": size}}]}
    large = {"entries": [{"key": _KEY, "value": "true"}], "token_bucket": _BUCKET}
    return {
        "name": "tocsin.large_headers",
        "typed_config": typed(
            _PACKAGE,
            _MESSAGE,
            stat_prefix="large_headers",
            filter_enabled=_ALWAYS,
            filter_enforced=_ALWAYS,
            status={"code": "RequestHeaderFieldsTooLarge"},
            rate_limits=[{**counted, "hits_addend": _ASKED}],
            descriptors=[large],
            rate_limited_as_resource_exhausted=True,
        ),
    }
