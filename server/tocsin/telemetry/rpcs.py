"""Measures calls: how many come, how they end, how long they take."""

import grpc
from google.protobuf.descriptor import MethodDescriptor
from prometheus_client import CollectorRegistry, Counter, Histogram

from tocsin.schedule import Clock
from tocsin.wire.calls import Arrival, Ended, Watch

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)


class RpcMetrics:
    """Counts calls by method, if the method is served; that keeps the number of labels bounded."""

    def __init__(self, registry: CollectorRegistry, machine_clock: Clock) -> None:
        self._machine_clock = machine_clock
        self._durations = Histogram(
            "tocsin_rpc_duration_seconds",
            "Time from a call's arrival to its answer.",
            ("service", "method", "code"),
            buckets=SECONDS,
            registry=registry,
        )
        self._unknown = Counter(
            "tocsin_rpc_unknown_method_total",
            "Calls of methods that are not served, all together.",
            registry=registry,
        )
        self.overload = Counter(
            "tocsin_rpc_overload_total",
            "Calls that were refused because too many were under way.",
            registry=registry,
        )

    def watch(self, method: MethodDescriptor) -> Watch:
        monotonic = self._machine_clock.monotonic
        service, name = method.containing_service.full_name, method.name
        # Looking a label up takes as long as counting.
        of_code: dict[grpc.StatusCode, Histogram] = {}

        def began(_: Arrival) -> Ended:
            started = monotonic()

            def ended(code: grpc.StatusCode) -> None:
                durations = of_code.get(code)
                if durations is None:
                    durations = self._durations.labels(service, name, code.name)
                    of_code[code] = durations
                durations.observe(monotonic() - started)

            return ended

        return began

    def unknown_methods(self) -> grpc.GenericRpcHandler:
        """Returns a handler for gRPC to ask last: it serves no method and counts the call."""
        return _Unknown(self._unknown)


class _Unknown(grpc.GenericRpcHandler):
    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> None:
        del handler_call_details
        self._counter.inc()
