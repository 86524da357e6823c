"""Writes Envoy's bootstrap from the contracts, the listeners and a few limits."""

from collections.abc import Iterator
from pathlib import Path

from tocsin.access import doors
from tocsin.contract.routes import Envelope
from tocsin.gateway import inflating, tls
from tocsin.gateway.bounds import caller_checks, connections, proxies
from tocsin.gateway.bounds.overload import overload_manager
from tocsin.gateway.errors import OTHER_VERSIONS, local_reply_mappers, path_pattern
from tocsin.gateway.filters import filters
from tocsin.gateway.routes import CALLS, PROBES, STREAMS, route_config
from tocsin.gateway.settings import HTTP, PLAIN, EnvoySettings, Limits, Listener
from tocsin.gateway.typed import Json, typed

MOST_OF_PATTERN = 1000
"""How large RE2 may make a pattern: ours name all services, and no stranger sends one."""

CONNECTIONS_A_TURN = 4
"""How many connections a worker accepts before it sees to those that it has. By default it accepts
all that wait, and a burst of them takes half a second."""

STAT_PREFIX = "rest"
"""The prefix of Envoy's counters for the listeners."""


def bootstrap(settings: EnvoySettings) -> Json:
    """Returns the bootstrap as a JSON object (envoy.config.bootstrap.v3.Bootstrap)."""
    return {
        # Envoy accepts secrets only if its node has a name.
        "node": {"id": "tocsin", "cluster": "tocsin"},
        "admin": {"address": {"pipe": {"path": str(settings.admin), "mode": 0o600}}},
        "overload_manager": overload_manager(settings.limits),
        "layered_runtime": {"layers": [{"name": "bounds", "static_layer": _runtime()}]},
        "static_resources": {
            "listeners": [_listener(settings, listener) for listener in settings.listeners],
            "clusters": list(_clusters(settings)),
        },
    }


def _runtime() -> Json:
    levels = ("error_level", "warn_level")
    return {f"re2.max_program_size.{level}": MOST_OF_PATTERN for level in levels}


def _clusters(settings: EnvoySettings) -> Iterator[Json]:
    yield _calls(settings)
    # The same server for streams of health and reflection: they take no place of a call.
    yield _cluster(settings.upstream, PROBES, most=settings.limits.probes)
    yield _answer_streams(settings)
    if settings.checks is not None:
        yield _cluster(settings.checks, caller_checks.CLUSTER, most=settings.limits.connections)


def _calls(settings: EnvoySettings) -> Json:
    return {
        **_cluster(settings.upstream, CALLS, most=settings.limits.connections),
        # Only for load balancers: with one server, Envoy sends it the calls in any case.
        "health_checks": [_health_check()],
        "common_lb_config": {"healthy_panic_threshold": {"value": 100}},
    }


def _answer_streams(settings: EnvoySettings) -> Json:
    """Returns the cluster of streams, of which a client that does not read holds little here.

    The windows of all streams fit into that of their connection, so that none holds others up.
    """
    limits = settings.limits
    windows = {
        "initial_stream_window_size": limits.answer_stream_bytes,
        "initial_connection_window_size": limits.answer_stream_bytes * limits.server_streams,
    }
    return _cluster(settings.upstream, STREAMS, most=limits.answer_streams, http2=windows)


def _cluster(socket: Path, name: str, *, most: int, http2: Json | None = None) -> Json:
    thresholds = {"max_connections": most, "max_pending_requests": most, "max_requests": most}
    endpoint = {"endpoint": {"address": {"pipe": {"path": str(socket)}}}}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "circuit_breakers": {"thresholds": [thresholds]},
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
                "extensions.upstreams.http.v3",
                "HttpProtocolOptions",
                explicit_http_config={"http2_protocol_options": http2 or {}},
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


def _listener(settings: EnvoySettings, listener: Listener) -> Json:
    # `[::]` means IPv4 too, as it does for the gRPC server.
    address = {
        "address": listener.ip,
        "port_value": listener.port,
        "ipv4_compat": listener.ip == "::",
    }
    described: Json = {
        "name": listener.name,
        "address": {"socket_address": address},
        # Otherwise a second server could listen on the same port and take half of the calls.
        "enable_reuse_port": False,
        "max_connections_to_accept_per_socket_event": CONNECTIONS_A_TURN,
        # Envoy inflates all that it has read before it checks the size.
        "per_connection_buffer_limit_bytes": inflating.READ_BYTES,
    }
    return {
        **described,
        "listener_filters": proxies.listener_filters(settings.proxies),
        "listener_filters_timeout": f"{settings.limits.headers_seconds}s",
        "filter_chains": [_chain(settings, listener)],
    }


def _chain(settings: EnvoySettings, listener: Listener) -> Json:
    limits = settings.limits
    # Before TLS and all else: a connection is seen when it is accepted, though it stays silent.
    bounding = connections.bounding_filter(
        settings.connections,
        first_seconds=limits.headers_seconds,
        idle_seconds=limits.connection_idle_seconds,
    )
    chain: Json = {
        "filter_chain_match": proxies.chain_match(settings.proxies),
        "filters": [bounding, _connection_manager(settings, listener)],
    }
    if listener.tls is None:
        return chain
    return {
        **chain,
        "transport_socket": tls.transport_socket(listener.tls, [tls.H2, tls.HTTP1]),
        "transport_socket_connect_timeout": f"{limits.headers_seconds}s",
    }


def _http2(limits: Limits) -> Json:
    """Returns what holds for HTTP/2, which has no idle timeout.

    gRPC clients keep an idle connection for hours and ping every 30 seconds, but Envoy's idle
    timeout ignores pings. So Envoy pings the client, and closes a connection whose client does not
    answer. HTTP/1.1 has no ping: `connections.wat` closes its idle connections.
    """
    return {
        "max_concurrent_streams": limits.streams,
        "connection_keepalive": {
            "interval": f"{limits.ping_seconds}s",
            "timeout": f"{limits.ping_timeout_seconds}s",
        },
    }


def _connection_manager(settings: EnvoySettings, listener: Listener) -> Json:
    limits, rest_only = settings.limits, listener.name == HTTP
    manager = typed(
        "extensions.filters.network.http_connection_manager.v3",
        "HttpConnectionManager",
        stat_prefix=STAT_PREFIX,
        server_name="tocsin",
        codec_type="HTTP2" if listener.name == PLAIN else "AUTO",
        **proxies.who_calls(settings.proxies),
        early_header_mutation_extensions=[_without_private_headers()],
        generate_request_id=settings.request_ids,
        preserve_external_request_id=True,
        normalize_path=False,
        path_with_escaped_slashes_action="KEEP_UNCHANGED",
        max_request_headers_kb=limits.headers_kib if rest_only else limits.grpc_headers_kib,
        request_headers_timeout=f"{limits.headers_seconds}s",
        request_timeout=f"{limits.request_seconds}s",
        stream_idle_timeout=f"{limits.stream_idle_seconds}s",
        common_http_protocol_options={
            "idle_timeout": "0s",
            **({} if rest_only else {"max_headers_count": limits.grpc_headers}),
        },
        http2_protocol_options=_http2(limits),
        local_reply_config={"mappers": list(_mappers(settings))},
        http_filters=filters(settings, CALLS),
        route_config=route_config(settings, listener),
    )
    return {"name": "http", "typed_config": manager}


def _mappers(settings: EnvoySettings) -> Iterator[Json]:
    # As clients write them, and after transcoding.
    transcoded = [f"/{name}/[^/]+" for name in settings.names_of(Envelope.OTLP)]
    return local_reply_mappers(
        _google_paths(settings),
        settings.limits,
        settings.public_paths,
        [*settings.otlp_paths, *transcoded],
    )


def _google_paths(settings: EnvoySettings) -> list[str]:
    """Returns patterns for Google's paths: as clients write them, and after transcoding.

    Clients of versions that are not served read errors of Google's form too.
    """
    services = settings.names_of(Envelope.GOOGLE)
    names = [*settings.segments_of(Envelope.GOOGLE), *services]
    return [path_pattern(names), OTHER_VERSIONS] if services else []


def _without_private_headers() -> Json:
    """Drops the headers that no client may set: those that steer Envoy, and those that it adds."""
    removed = ("x-envoy-", doors.PREFIX)
    return {
        "name": "envoy.http.early_header_mutation.header_mutation",
        "typed_config": typed(
            "extensions.http.early_header_mutation.header_mutation.v3",
            "HeaderMutation",
            mutations=[
                {"remove_on_match": {"key_matcher": {"prefix": prefix}}} for prefix in removed
            ],
        ),
    }
