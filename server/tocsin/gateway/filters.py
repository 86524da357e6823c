"""Configures Envoy's filters: limits, and the transcoding from REST to gRPC and back."""

from tocsin.contract.routes import Envelope
from tocsin.gateway import inflating, otlp
from tocsin.gateway.bounds import caller_checks, floods, large_headers
from tocsin.gateway.errors import (
    SAYS_GRPC_SCRIPT,
    whole_error_function,
    whole_status_script,
    wrap_status_script,
)
from tocsin.gateway.settings import EnvoySettings, Transcoded
from tocsin.gateway.typed import Json, typed

HEALTH_PATH = "/healthz"
"""The path that load balancers ask over HTTP: 200 while gRPC's health is SERVING, else 503."""

OF_PAGE: Json = {"name": "tocsin-console", "string_match": {"exact": "1"}}
"""Matches a request of our own page: a page of another site can't send this header."""

_COMPRESSED_FROM = 2048
_COMPRESSOR = "envoy.filters.http.compressor"
_BUFFER = "envoy.filters.http.buffer"
_LUA = "envoy.filters.http.lua"
_TRANSCODER = "envoy.filters.http.grpc_json_transcoder"
_TRANSCODERS = "extensions.filters.http.grpc_json_transcoder.v3"
_WRAP_STATUS = "wrap_status"
_WHOLE_STATUS = "whole_status"
_SAYS_GRPC = "says_grpc"


def filters(settings: EnvoySettings, upstream: str) -> list[Json]:
    """Returns the filters in their order; a request's route says what each of them does."""
    buffer = typed(
        "extensions.filters.http.buffer.v3",
        "Buffer",
        max_request_bytes=settings.limits.body_bytes,
    )
    whole_error = whole_error_function(settings.limits)
    lua = typed(
        "extensions.filters.http.lua.v3",
        "Lua",
        source_codes={
            _WRAP_STATUS: {"inline_string": wrap_status_script(whole_error)},
            _SAYS_GRPC: {"inline_string": SAYS_GRPC_SCRIPT},
            _WHOLE_STATUS: {"inline_string": whole_status_script(whole_error)},
            **otlp.scripts(whole_error),
        },
    )
    router = typed("extensions.filters.http.router.v3", "Router", suppress_envoy_headers=True)
    return [
        {"name": "envoy.filters.http.health_check", "typed_config": _health_answer(upstream)},
        large_headers.refusing_filter(settings.limits),
        *([] if settings.floods is None else [floods.flood_filter(settings.floods)]),
        *([] if settings.checks is None else [caller_checks.checking_filter()]),
        inflating.whole_filter(settings.limits.body_bytes),
        inflating.reading_filter(),
        inflating.inflating_filter(),
        # The transcoder streams a body as it comes, so only this filter limits its size.
        {"name": _BUFFER, "typed_config": buffer},
        inflating.checking_filter(),
        {"name": _COMPRESSOR, "typed_config": _compressor(), "disabled": True},
        {"name": _LUA, "typed_config": lua},
        {"name": _TRANSCODER, "typed_config": _no_transcoder()},
        {"name": "envoy.filters.http.router", "typed_config": router},
    ]


def rest_filters(
    settings: EnvoySettings, envelope: Envelope, services: Transcoded | None = None
) -> Json:
    """Returns the filters' settings on a route of REST.

    Each route has a transcoder of its own, and Envoy reads the descriptors anew for each.

    Args:
        services: those that the route reaches; None for all of the envelope.
    """
    transcoded = services or settings.services[envelope]
    script = _WRAP_STATUS if envelope is Envelope.GOOGLE else _WHOLE_STATUS
    return {_TRANSCODER: _transcoder(settings, envelope, transcoded), _LUA: _script(script)}


def says_grpc_filter() -> Json:
    """Returns the filters' settings that write an answer to what says that it is gRPC."""
    return {_LUA: _script(_SAYS_GRPC)}


def otlp_script() -> Json:
    """Returns the filters' settings that turn errors into protobuf."""
    return {_LUA: otlp.script_filter()}


def compressed_answers() -> Json:
    """Returns the filters' settings that compress a JSON answer for who can inflate it."""
    return {_COMPRESSOR: typed("config.route.v3", "FilterConfig", config={})}


def small_body(largest: int) -> Json:
    """Returns what the filters do on a route whose bodies are at most so large."""
    package = "extensions.filters.http.buffer.v3"
    return {_BUFFER: typed(package, "BufferPerRoute", buffer={"max_request_bytes": largest})}


def unbuffered() -> Json:
    """Returns what the filters do on a route where nothing waits for the end of a request.

    A request that waits in Envoy costs 20 KB and more, whoever sends it. So small ones, and all
    calls of gRPC, go to the server at once: it checks the caller by the headers alone, and bounds
    how many messages may be unfinished, and how long.
    """
    return {_BUFFER: typed("extensions.filters.http.buffer.v3", "BufferPerRoute", disabled=True)}


def _script(name: str) -> Json:
    return typed("extensions.filters.http.lua.v3", "LuaPerRoute", name=name)


def _compressor() -> Json:
    gzip = "extensions.compression.gzip.compressor.v3"
    return typed(
        "extensions.filters.http.compressor.v3",
        "Compressor",
        # By default it leaves streams of events alone.
        response_direction_config={"common_config": {"min_content_length": _COMPRESSED_FROM}},
        compressor_library={
            "name": "gzip",
            # Lists are a tenth of their size so, in a millisecond; the best takes five.
            "typed_config": typed(gzip, "Gzip", compression_level="BEST_SPEED", window_bits=15),
        },
    )


def _health_answer(upstream: str) -> Json:
    """Answers `HEALTH_PATH` for any host, since load balancers send no host name."""
    return typed(
        "extensions.filters.http.health_check.v3",
        "HealthCheck",
        pass_through_mode=False,
        headers=[{"name": ":path", "string_match": {"exact": HEALTH_PATH}}],
        cluster_min_healthy_percentages={upstream: {"value": 100}},
    )


def _no_transcoder() -> Json:
    """Returns the settings that switch the filter off."""
    return typed(_TRANSCODERS, "GrpcJsonTranscoder", proto_descriptor_bin="", services=[])


def _transcoder(settings: EnvoySettings, envelope: Envelope, transcoded: Transcoded) -> Json:
    """Returns the transcoder for services of one envelope."""
    is_google = envelope is Envelope.GOOGLE
    return typed(
        _TRANSCODERS,
        "GrpcJsonTranscoder",
        proto_descriptor=str(transcoded.descriptors),
        services=list(transcoded.services),
        # Envoy chose the route by the client's path and must not choose again.
        match_incoming_request_route=True,
        convert_grpc_status=True,
        # Yandex's REST prints defaults (`"done": false`), Google's leaves them out.
        # A stream over REST is server-sent events, each of them one message.
        print_options={
            "always_print_primitive_fields": not is_google,
            "stream_sse_style_delimited": True,
        },
        request_validation_options={
            "reject_unknown_method": True,
        },
        # The server reads the query itself, from the path that the transcoder keeps in a header.
        ignore_unknown_query_parameters=True,
        url_unescape_spec="ALL_CHARACTERS_EXCEPT_SLASH",
        match_unregistered_custom_verb=True,
        max_request_body_size=settings.limits.body_bytes,
        max_response_body_size=settings.limits.response_bytes,
    )
