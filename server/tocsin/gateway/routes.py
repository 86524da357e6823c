"""Routes requests in Envoy, and refuses those that match no route."""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from tocsin.access import doors
from tocsin.contract.routes import Envelope
from tocsin.gateway import inflating, otlp
from tocsin.gateway.bounds import caller_checks
from tocsin.gateway.errors import NOT_JSON, path_pattern
from tocsin.gateway.filters import (
    OF_PAGE,
    compressed_answers,
    otlp_script,
    rest_filters,
    says_grpc_filter,
    small_body,
    unbuffered,
)
from tocsin.gateway.settings import HTTP, PLAIN, EnvoySettings, Listener, Transcoded
from tocsin.gateway.typed import Json

CALLS = "grpc"
"""The cluster for calls."""
PROBES = "probes"
"""The cluster for streams that tell of the server: of its health, and of what it serves."""
STREAMS = "streams"
"""The cluster for methods that answer with streams."""

Kind: TypeAlias = tuple[list[Json], Json]
"""The headers by which a kind of requests is known, and what the filters do with them."""

_PLAIN: Kind = ([], {})
# Nobody else's requests: one could learn of an answer by how well it compresses (docs/security.md).
_READ_BY_PAGE: Kind = (
    [{"name": ":method", "string_match": {"exact": "GET"}}, OF_PAGE],
    {**compressed_answers(), **unbuffered()},
)
_PROBING = ("/grpc.health.v1.Health/", "/grpc.reflection.")

# A method's path that is not UTF-8 would stop grpcio's server.
_REST_OF_METHOD = "[!-~]*"

# Headers that Envoy adds, and one of nearly every client, which the server never reads. Each is
# written and read anew at each call, since the server keeps no table of headers (grpc_server.py).
_UNREAD = [
    "accept",
    "x-envoy-external-address",
    "x-envoy-original-method",
    "x-forwarded-for",
    "x-forwarded-proto",
]

_NOT_SERVED: Json = {
    "match": {"prefix": "/"},
    "direct_response": {
        "status": 404,
        "body": {"inline_string": "Could not resolve the path to a method."},
    },
}

_SAYS_GRPC: Json = {
    "name": "content-type",
    "string_match": {"safe_regex": {"regex": r"(?i)\s*application/grpc.*"}},
}

# Each call of gRPC has this header (PROTOCOL-HTTP2.md).
_NO_CALL: Json = {
    "name": "te",
    "string_match": {"exact": "trailers"},
    "invert_match": True,
    "treat_missing_header_as_empty": True,
}

_UNKNOWN_ENCODING: Json = {
    "match": {
        "prefix": "/",
        "headers": [
            {
                "name": "content-encoding",
                "string_match": {"safe_regex": {"regex": "(?i)gzip|identity"}},
                "invert_match": True,
                "treat_missing_header_as_empty": False,
            },
            {"name": "content-encoding", "present_match": True},
        ],
    },
    "direct_response": {
        "status": 415,
        "body": {"inline_string": "Content-Encoding must be gzip, or not be there."},
    },
}


def route_config(settings: EnvoySettings, listener: Listener) -> Json:
    """Returns the routes of a listener, for all its hosts."""
    routes: list[Json] = []
    if listener.name != PLAIN:
        routes += _says_grpc(settings, [] if listener.name == HTTP else [_NO_CALL])
    if listener.name != HTTP:
        routes += _grpc_routes(settings, listener)
    if listener.name != PLAIN:
        routes += [*_otlp(settings), _UNKNOWN_ENCODING]
        routes += [*_public(settings), *_rest_routes(settings, listener)]
    routes.append(_NOT_SERVED)
    # A client may reach a host through any port.
    return {
        "ignore_port_in_host_matching": True,
        "request_headers_to_remove": _UNREAD,
        # Not `x-forwarded-for`: for a peer on loopback it names another address of this machine.
        "request_headers_to_add": [_header(doors.PEER, "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%")],
        "virtual_hosts": _virtual_hosts(listener, routes),
    }


def _virtual_hosts(listener: Listener, routes: list[Json]) -> list[Json]:
    if not ipaddress.ip_address(listener.ip).is_loopback:
        return [_host("all", ["*"], routes)]
    # Any page in a browser on this machine can call loopback and, through a host name that its
    # site points here, read the answers too. Its Origin or Host header tells it from a local one.
    guarded = [_FOREIGN_PAGE, *routes]
    if listener.tls is not None:
        # A browser stops if the certificate is not for the host name.
        return [_host("all", ["*"], guarded)]
    return [
        _host("local", _LOCAL_HOSTS, guarded),
        _host(
            "others", ["*"], [_refused("the Host header must name this machine, such as localhost")]
        ),
    ]


def _host(name: str, domains: list[str], routes: list[Json]) -> Json:
    return {"name": name, "domains": domains, "routes": routes}


def _refused(why: str, **match: Any) -> Json:
    return {
        "match": {"prefix": "/", **match},
        "direct_response": {"status": 403, "body": {"inline_string": why}},
    }


# Whoever points other names here, the vendors' too, serves them over TLS: pages of such a name (a
# bucket's site is one) could read from here by pointing it to this machine.
_LOCAL_HOSTS = ["localhost", "*.localhost", "127.0.0.1", "[::1]"]
_LOCAL_ORIGIN = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?"
_FOREIGN_PAGE = _refused(
    "a page of another site may not call this server",
    headers=[
        {
            "name": "origin",
            "string_match": {"safe_regex": {"regex": _LOCAL_ORIGIN}},
            "invert_match": True,
        },
        # A proxy on this machine that serves the page under another name keeps its Origin, and
        # gives us a local Host. A browser says so of the page itself alone.
        {
            "name": "sec-fetch-site",
            "string_match": {"exact": "same-origin"},
            "invert_match": True,
            "treat_missing_header_as_empty": True,
        },
    ],
)


def _says_grpc(settings: EnvoySettings, more: list[Json]) -> Iterator[Json]:
    """Gives the routes that answer 415 on paths of REST to requests which say that they are gRPC.

    Envoy would pass them on, or answer 200 without a body. `more` are headers that they have too.
    """
    otlp_paths = [{"path": path} for path in settings.otlp_paths]
    for paths in (*otlp_paths, _paths(settings.segments)):
        yield {
            "match": {**paths, "headers": [_SAYS_GRPC, *more]},
            "direct_response": {"status": 415, "body": {"inline_string": NOT_JSON}},
            "typed_per_filter_config": says_grpc_filter(),
        }


def _paths(segments: Iterable[str]) -> Json:
    return {"safe_regex": {"regex": path_pattern(segments)}}


def _rest_routes(settings: EnvoySettings, listener: Listener) -> list[Json]:
    routes = [*_streams(settings), *_unary(settings)]
    if settings.discovery is None:
        return routes
    envelope = settings.segments[settings.discovery_segments[0]]
    asking = _rest(settings, envelope, settings.discovery_segments, settings.discovery_services)
    named = {**_door_headers(listener), **_NOT_SHARED}
    return [*({**route, **named} for route in asking), *routes]


def _unary(settings: EnvoySettings) -> Iterator[Json]:
    for envelope in settings.services:
        if envelope is not Envelope.OTLP:
            yield from _rest(settings, envelope, settings.segments_of(envelope))


def _streams(settings: EnvoySettings) -> Iterator[Json]:
    """Gives the routes of methods that answer with streams, which take no place of other calls."""
    for path in settings.stream_paths:
        envelope = settings.segments[path.split("/")[1]]
        per_route = rest_filters(settings, envelope, settings.services_at[path])
        for route in _rest_kinds(_bodies(settings), {"path": path}, per_route):
            yield {**route, "route": _to_streams(settings)}


def _to_streams(settings: EnvoySettings) -> Json:
    idle = f"{settings.limits.answer_stream_idle_seconds}s"
    return {"cluster": STREAMS, "timeout": "0s", "idle_timeout": idle}


def _rest(
    settings: EnvoySettings,
    envelope: Envelope,
    segments: list[str] | tuple[str, ...],
    services: Transcoded | None = None,
) -> Iterator[Json]:
    *heavy, light = _bodies(settings)
    kinds = [*heavy, _READ_BY_PAGE, light]
    yield from _rest_kinds(kinds, _paths(segments), rest_filters(settings, envelope, services))


def _public(settings: EnvoySettings) -> Iterator[Json]:
    """Gives the routes of the methods that anyone may call, and that need no large body."""
    small = small_body(settings.limits.public_bytes)
    for path in settings.public_paths:
        envelope = settings.segments[path.split("/")[1]]
        transcoded = rest_filters(settings, envelope, settings.services_at[path])
        per_route = {**transcoded, **small}
        # Nobody is asked for a credential, so bodies are refused by their size alone.
        kinds = [([inflating.COMPRESSED], inflating.INFLATED), _PLAIN]
        yield from _rest_kinds(kinds, {"path": path}, per_route)


def _otlp(settings: EnvoySettings) -> Iterator[Json]:
    """Gives the routes of OTLP over HTTP, by the encodings of their requests."""
    for path in settings.otlp_paths:
        yield from otlp.wrong_verbs(path, otlp_script())
        transcoded = rest_filters(settings, Envelope.OTLP)
        for encoding, script in ((otlp.PROTOBUF, otlp_script()), (otlp.JSON, {})):
            yield _unknown_encoding(path, encoding, script)
            kinds = [
                ([*headers, encoding], filters)
                for headers, filters in _bodies(settings, inflating.INFLATED_BYTES)
            ]
            yield from _rest_kinds(kinds, {"path": path}, {**transcoded, **script})
        yield otlp.wrong_encoding(path)


def _unknown_encoding(path: str, content_type: Json, filters: Json) -> Json:
    headers = [*_UNKNOWN_ENCODING["match"]["headers"], content_type]
    match = {"path": path, "headers": headers}
    return {**_UNKNOWN_ENCODING, "match": match, "typed_per_filter_config": filters}


def _rest_kinds(bodies: Iterable[Kind], paths: Json, per_route: Json) -> Iterator[Json]:
    """Gives a route for each kind of request; the first that matches serves a request."""
    for headers, filters in bodies:
        yield _rest_route({**paths, "headers": headers}, {**per_route, **filters})


def _bodies(settings: EnvoySettings, inflated: Json = inflating.INFLATED) -> Iterator[Kind]:
    """Gives the kinds of bodies, those that cost Envoy much first."""
    asked = {} if settings.checks is None else caller_checks.CHECKED
    yield [inflating.COMPRESSED], {**inflated, **asked}
    yield from ((headers, asked) for headers in caller_checks.heavy(settings.limits))
    # The server checks the caller by the headers, and bounds how many bodies may be unfinished.
    yield [], unbuffered()


def _rest_route(match: Json, per_route: Json) -> Json:
    return {
        "match": match,
        # The server limits how long a call takes; Envoy limits only how long it is silent.
        "route": {"cluster": CALLS, "timeout": "0s"},
        "typed_per_filter_config": per_route,
        "response_headers_to_add": [_CLIENTS_ID],
    }


def _grpc_routes(settings: EnvoySettings, listener: Listener) -> list[Json]:
    routes = [_grpc(prefix, PROBES) for prefix in _PROBING]
    every = _grpc("/", CALLS)
    if settings.discovery is not None:
        match = _grpc_match(f"/{settings.discovery}/")
        routes.append({**every, "match": match, **_door_headers(listener)})
    streams = [
        {**_grpc(method, STREAMS), "route": _to_streams(settings)}
        for method in settings.stream_methods
    ]
    for route in (*streams, every):
        if settings.checks is not None:
            routes.append(_checked(route))
        routes.append(route)
    return routes


def _checked(route: Json) -> Json:
    """Returns a route for the same calls where they have no credential."""
    filters = {**route["typed_per_filter_config"], **caller_checks.CHECKED}
    match = {**route["match"], "headers": [caller_checks.WITHOUT_CREDENTIAL]}
    return {**route, "match": match, "typed_per_filter_config": filters}


def _grpc(prefix: str, cluster: str) -> Json:
    return {
        "match": _grpc_match(prefix),
        # A watch of health may be silent for days.
        "route": {"cluster": cluster, "timeout": "0s", "idle_timeout": "0s"},
        "typed_per_filter_config": unbuffered(),
    }


def _grpc_match(prefix: str) -> Json:
    return {"safe_regex": {"regex": f"{re.escape(prefix)}{_REST_OF_METHOD}"}, "grpc": {}}


# Scripts that complete an error must know it.
_CLIENTS_ID: Json = {
    "header": {"key": "x-request-id", "value": "%REQ(X-REQUEST-ID):64%"},
    "append_action": "ADD_IF_ABSENT",
}


# The answer names the host of the request, so no cache may give it to others.
_NOT_SHARED: Json = {
    "response_headers_to_add": [
        _CLIENTS_ID,
        {"header": {"key": "vary", "value": "Host"}},
        {"header": {"key": "cache-control", "value": "no-store"}},
    ]
}


def _door_headers(listener: Listener) -> Json:
    """Adds headers that name the listener; on discovery only, as each header costs every call."""
    return {
        "request_headers_to_add": [
            _header(doors.DOOR, listener.name),
            _header(doors.AUTHORITY, "%REQ(:AUTHORITY)%"),
            _header(doors.LOCAL, "%DOWNSTREAM_LOCAL_ADDRESS%"),
        ]
    }


def _header(header: str, value: str) -> Json:
    """Sets a header for the server, and overwrites a client's header of that name."""
    return {
        "header": {"key": header, "value": value},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    }
