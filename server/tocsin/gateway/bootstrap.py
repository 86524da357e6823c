"""Envoy's bootstrap: REST to gRPC transcoding, written from the contracts and a few limits."""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tocsin.contract.routes import Envelope
from tocsin.gateway import inflating
from tocsin.gateway.errors import Json, local_reply_mappers, path_pattern, wrap_status_script

STAT_PREFIX = "rest"
"""Under which Envoy counts what the listener does."""

HEALTH_PATH = "/healthz"
"""Where load balancers ask over HTTP: 200 while gRPC's health says SERVING, else 503."""

_UPSTREAM = "grpc"
_LUA = "envoy.filters.http.lua"
_TRANSCODER = "envoy.filters.http.grpc_json_transcoder"
_WRAP_STATUS = "wrap_status"

_NOT_SERVED: Json = {
    "match": {"prefix": "/"},
    "direct_response": {
        "status": 404,
        "body": {"inline_string": "Could not resolve the path to a method."},
    },
}

# Google's clients add these to any call; they are for its front end, not for the method.
# https://cloud.google.com/apis/docs/system-parameters, and `parameters` in discovery documents.
SYSTEM_PARAMETERS = (
    *("alt", "$alt", "fields", "$fields", "prettyPrint", "$prettyPrint", "key", "$key"),
    *("quotaUser", "$quotaUser", "callback", "$callback", "access_token", "oauth_token"),
    *("$.xgafv", "$ct", "$apiVersion", "$outputDefaults", "$unique"),
    *("uploadType", "upload_protocol"),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client, or all of them, may take."""

    body_bytes: int = 4 * 1024 * 1024
    """Largest request body; the default is what a gRPC server takes by default."""
    response_bytes: int = 64 * 1024 * 1024
    headers_kib: int = 16
    """All request headers together; a gRPC server refuses more metadata than this anyway."""
    connections: int = 10_000
    headers_seconds: int = 10
    """Time in which a request's headers must have come."""
    request_seconds: int = 60
    """Time in which a whole request, its body included, must have come."""
    stream_idle_seconds: int = 300
    """Time for which a call may be silent: how long the server may take to answer."""
    connection_idle_seconds: int = 600


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a bootstrap depends on."""

    listen: tuple[str, int]
    """An IP address and a port; port 0 picks a free one."""
    upstream: Path
    """The gRPC server's Unix socket."""
    admin: Path
    """Where Envoy puts its admin interface's Unix socket."""
    descriptors: Path
    """A serialized FileDescriptorSet with everything that is served."""
    services: Mapping[Envelope, tuple[str, ...]]
    """Full names of the services, by the envelope of their errors."""
    segments: Mapping[str, Envelope]
    """The top path segments that are served."""
    limits: Limits = field(default_factory=Limits)


def bootstrap(settings: Settings) -> Json:
    """The bootstrap as a JSON object (envoy.config.bootstrap.v3.Bootstrap)."""
    return {
        "admin": {"address": {"pipe": {"path": str(settings.admin), "mode": 0o600}}},
        "overload_manager": _overload_manager(settings.limits),
        "static_resources": {
            "listeners": [_listener(settings)],
            "clusters": [_upstream(settings)],
        },
    }


def _typed(package: str, message: str, **fields: Any) -> Json:
    return {"@type": f"type.googleapis.com/envoy.{package}.{message}", **fields}


def _overload_manager(limits: Limits) -> Json:
    monitor = "global_downstream_max_connections"
    return {
        "resource_monitors": [
            {
                "name": f"envoy.resource_monitors.{monitor}",
                "typed_config": _typed(
                    "extensions.resource_monitors.downstream_connections.v3",
                    "DownstreamConnectionsConfig",
                    max_active_downstream_connections=limits.connections,
                ),
            }
        ]
    }


def _upstream(settings: Settings) -> Json:
    most = settings.limits.connections
    thresholds = {"max_connections": most, "max_pending_requests": most, "max_requests": most}
    endpoint = {"endpoint": {"address": {"pipe": {"path": str(settings.upstream)}}}}
    return {
        "name": _UPSTREAM,
        "type": "STATIC",
        "connect_timeout": "5s",
        # It is only for those who ask: the one server there is gets its calls in any case.
        "health_checks": [_health_check()],
        "common_lb_config": {"healthy_panic_threshold": {"value": 100}},
        "circuit_breakers": {"thresholds": [thresholds]},
        "load_assignment": {
            "cluster_name": _UPSTREAM,
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": _typed(
                "extensions.upstreams.http.v3",
                "HttpProtocolOptions",
                explicit_http_config={"http2_protocol_options": {}},
            )
        },
    }


def _health_check() -> Json:
    return {
        "grpc_health_check": {},
        "interval": "1s",
        "no_traffic_interval": "1s",
        "no_traffic_healthy_interval": "1s",
        "unhealthy_interval": "1s",
        "timeout": "2s",
        "healthy_threshold": 1,
        "unhealthy_threshold": 1,
    }


def _health_answer() -> Json:
    """Answers at `HEALTH_PATH`, whoever asks: a load balancer knows no host name."""
    return _typed(
        "extensions.filters.http.health_check.v3",
        "HealthCheck",
        pass_through_mode=False,
        headers=[{"name": ":path", "string_match": {"exact": HEALTH_PATH}}],
        cluster_min_healthy_percentages={_UPSTREAM: {"value": 100}},
    )


def _listener(settings: Settings) -> Json:
    host, port = settings.listen
    # `[::]` means IPv4 too, as it does for the gRPC server.
    address = {"address": host, "port_value": port, "ipv4_compat": host == "::"}
    manager = {"name": "http", "typed_config": _connection_manager(settings)}
    return {
        "name": "rest",
        "address": {"socket_address": address},
        # With it, a second server could listen on the same port and take half of the calls.
        "enable_reuse_port": False,
        # What is read at once is inflated at once, before its size is looked at.
        "per_connection_buffer_limit_bytes": inflating.READ_BYTES,
        "filter_chains": [{"filters": [manager]}],
    }


def _connection_manager(settings: Settings) -> Json:
    limits = settings.limits
    return _typed(
        "extensions.filters.network.http_connection_manager.v3",
        "HttpConnectionManager",
        stat_prefix=STAT_PREFIX,
        server_name="tocsin",
        use_remote_address=True,
        early_header_mutation_extensions=[_without_envoy_headers()],
        preserve_external_request_id=True,
        always_set_request_id_in_response=True,
        normalize_path=False,
        # Hosts are known by their names, whatever port they are reached through.
        strip_any_host_port=True,
        path_with_escaped_slashes_action="KEEP_UNCHANGED",
        max_request_headers_kb=limits.headers_kib,
        request_headers_timeout=f"{limits.headers_seconds}s",
        request_timeout=f"{limits.request_seconds}s",
        stream_idle_timeout=f"{limits.stream_idle_seconds}s",
        common_http_protocol_options={"idle_timeout": f"{limits.connection_idle_seconds}s"},
        local_reply_config={"mappers": list(local_reply_mappers(_google_paths(settings)))},
        http_filters=_filters(settings),
        route_config=_route_config(settings),
    )


def _google_paths(settings: Settings) -> str | None:
    """Paths as clients write them, and as they are after transcoding: `/package.Service/…`."""
    services = settings.services.get(Envelope.GOOGLE, ())
    return path_pattern([*_segments(settings, Envelope.GOOGLE), *services]) if services else None


def _segments(settings: Settings, envelope: Envelope) -> list[str]:
    return [segment for segment, its in settings.segments.items() if its is envelope]


def _without_envoy_headers() -> Json:
    """Drops the headers that steer Envoy itself (timeouts, retries): no client is to set them."""
    remove = {"remove_on_match": {"key_matcher": {"prefix": "x-envoy-"}}}
    return {
        "name": "envoy.http.early_header_mutation.header_mutation",
        "typed_config": _typed(
            "extensions.http.early_header_mutation.header_mutation.v3",
            "HeaderMutation",
            mutations=[remove],
        ),
    }


def _filters(settings: Settings) -> list[Json]:
    buffer = _typed(
        "extensions.filters.http.buffer.v3",
        "Buffer",
        max_request_bytes=settings.limits.body_bytes,
    )
    lua = _typed(
        "extensions.filters.http.lua.v3",
        "Lua",
        source_codes={_WRAP_STATUS: {"inline_string": wrap_status_script()}},
    )
    router = _typed("extensions.filters.http.router.v3", "Router", suppress_envoy_headers=True)
    return [
        {"name": "envoy.filters.http.health_check", "typed_config": _health_answer()},
        inflating.inflating_filter(),
        # The transcoder streams a body on as it comes; only here does its size have an end.
        {"name": "envoy.filters.http.buffer", "typed_config": buffer},
        inflating.check_filter(),
        {"name": _LUA, "typed_config": lua},
        {"name": _TRANSCODER, "typed_config": _transcoder(settings, None)},
        {"name": "envoy.filters.http.router", "typed_config": router},
    ]


def _route_config(settings: Settings) -> Json:
    served = [route for envelope in settings.services for route in _routes(settings, envelope)]
    if not ipaddress.ip_address(settings.listen[0]).is_loopback:
        return {"virtual_hosts": [_host("rest", ["*"], [*served, _NOT_SERVED])]}
    # A page of any site that is open in a browser here can call loopback, and, with a name that
    # it points here, read the answers too. Its origin, or its host, gives it away.
    return {
        "virtual_hosts": [
            _host("rest", _LOCAL_HOSTS, [_FOREIGN_PAGE, *served, _NOT_SERVED]),
            _host("others", ["*"], [_refused("the Host header names no host of this machine")]),
        ]
    }


def _host(name: str, domains: list[str], routes: list[Json]) -> Json:
    return {"name": name, "domains": domains, "routes": routes}


def _refused(why: str, **match: Any) -> Json:
    return {
        "match": {"prefix": "/", **match},
        "direct_response": {"status": 403, "body": {"inline_string": why}},
    }


# The vendors' names are there for those who point them here in their hosts file.
_LOCAL_HOSTS = [
    *("localhost", "*.localhost", "127.0.0.1", "[::1]"),
    *("*.yandex.net", "*.yandexcloud.net", "*.googleapis.com"),
]
_LOCAL_ORIGIN = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?"
_FOREIGN_PAGE = _refused(
    "a page of another site may not call this server",
    headers=[
        {
            "name": "origin",
            "string_match": {"safe_regex": {"regex": _LOCAL_ORIGIN}},
            "invert_match": True,
        }
    ],
)


def _routes(settings: Settings, envelope: Envelope) -> Iterator[Json]:
    filters = {_TRANSCODER: _transcoder(settings, envelope)}
    if envelope is Envelope.GOOGLE:
        filters[_LUA] = _typed("extensions.filters.http.lua.v3", "LuaPerRoute", name=_WRAP_STATUS)
    pattern = path_pattern(_segments(settings, envelope))
    yield _route(
        {"safe_regex": {"regex": pattern}, "headers": [inflating.COMPRESSED]},
        {**filters, inflating.CHECK: inflating.checked()},
    )
    yield _route({"safe_regex": {"regex": pattern}}, filters)


def _route(match: Json, filters: Json) -> Json:
    return {
        "match": match,
        # A call may take as long as the server lets it, as long as it isn't silent for too long.
        "route": {"cluster": "grpc", "timeout": "0s"},
        "typed_per_filter_config": filters,
    }


def _transcoder(settings: Settings, envelope: Envelope | None) -> Json:
    """The transcoder for one envelope's services; None is the filter switched off."""
    package, message = "extensions.filters.http.grpc_json_transcoder.v3", "GrpcJsonTranscoder"
    if envelope is None:
        return _typed(package, message, proto_descriptor_bin="", services=[])
    is_google = envelope is Envelope.GOOGLE
    return _typed(
        package,
        message,
        proto_descriptor=str(settings.descriptors),
        services=list(settings.services[envelope]),
        # The route was chosen by the path as the client wrote it, and stays.
        match_incoming_request_route=True,
        convert_grpc_status=True,
        # Yandex's REST shows `"done": false`, Google's leaves defaults out.
        print_options={"always_print_primitive_fields": not is_google},
        request_validation_options={
            "reject_unknown_method": True,
            "reject_unknown_query_parameters": True,
            "reject_binding_body_field_collisions": True,
        },
        ignored_query_parameters=list(_system_parameters()) if is_google else [],
        url_unescape_spec="ALL_CHARACTERS_EXCEPT_SLASH",
        query_param_unescape_plus=True,
        match_unregistered_custom_verb=True,
        max_request_body_size=settings.limits.body_bytes,
        max_response_body_size=settings.limits.response_bytes,
    )


def _system_parameters() -> Iterator[str]:
    """Envoy compares names as they stand in the URL, where a client may escape the `$`."""
    for name in SYSTEM_PARAMETERS:
        yield from dict.fromkeys((name, quote(name)))
