"""Bounds what all clients together may take of Envoy: its connections, and its memory."""

from tocsin.gateway.settings import Limits
from tocsin.gateway.typed import Json, typed

_CONNECTIONS = "envoy.resource_monitors.global_downstream_max_connections"
_HEAP = "envoy.resource_monitors.fixed_heap"

# Shares of `Limits.heap_bytes`. An idle Envoy has about a tenth of it.
_FIRST_RESET = 0.3
_LAST_RESET = 0.6
_REFUSED = 0.95
_RESETS = {"scaling_threshold": _FIRST_RESET, "saturation_threshold": _LAST_RESET}

_IDLE_SECONDS = 2
"""Time that a REST call may be silent where memory is shortest."""

TRACKED_POWER = 16
"""A request is counted among those that hold much memory from 2 to this power of bytes on."""


def overload_manager(limits: Limits) -> Json:
    """Returns the bounds.

    When memory runs short, the requests that hold most of it are ended first, and those over REST
    that are silent: a client that never ends its requests holds 20 KB and more with each. New
    requests are refused only when even that is not enough.
    """
    package = "extensions.resource_monitors"
    return {
        "refresh_interval": "0.1s",
        "resource_monitors": [
            {
                "name": _CONNECTIONS,
                "typed_config": typed(
                    f"{package}.downstream_connections.v3",
                    "DownstreamConnectionsConfig",
                    max_active_downstream_connections=limits.connections,
                ),
            },
            {
                "name": _HEAP,
                "typed_config": typed(
                    f"{package}.fixed_heap.v3",
                    "FixedHeapConfig",
                    max_heap_size_bytes=limits.heap_bytes,
                ),
            },
        ],
        "actions": [
            _action("reset_high_memory_stream", scaled=_RESETS),
            _action(
                "reduce_timeouts",
                scaled=_RESETS,
                typed_config=typed(
                    "config.overload.v3",
                    "ScaleTimersOverloadActionConfig",
                    timer_scale_factors=[
                        {"timer": "HTTP_DOWNSTREAM_STREAM_IDLE", "min_timeout": f"{_IDLE_SECONDS}s"}
                    ],
                ),
            ),
            _action("shrink_heap", threshold={"value": _FIRST_RESET}),
            _action("stop_accepting_requests", threshold={"value": _REFUSED}),
        ],
        "buffer_factory_config": {"minimum_account_to_track_power_of_two": TRACKED_POWER},
    }


def _action(name: str, *, typed_config: Json | None = None, **trigger: Json) -> Json:
    action = {"name": f"envoy.overload_actions.{name}", "triggers": [{"name": _HEAP, **trigger}]}
    return action if typed_config is None else {**action, "typed_config": typed_config}
