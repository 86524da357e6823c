"""Metrics of the calls that are served: how many, how they ended, how long they took."""

import grpc
from google.protobuf.descriptor import MethodDescriptor
from prometheus_client import CollectorRegistry, Counter, Histogram

from tocsin.schedule import Clock
from tocsin.wire.calls import Arrival, Ended, Watch

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)


class RpcMetrics:
    """Only methods that are served have labels of their own, so that there is an end to them."""

    def __init__(self, registry: CollectorRegistry, clock: Clock) -> None:
        self._clock = clock
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

    def watch(self, method: MethodDescriptor) -> Watch:
        monotonic = self._clock.monotonic
        service, name = method.containing_service.full_name, method.name
        # Looking labels up takes as long as counting.
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
        """Returns what is asked last for a method: it serves none, and counts."""
        return _Unknown(self._unknown)


class _Unknown(grpc.GenericRpcHandler):
    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> None:
        del handler_call_details
        self._counter.inc()
