"""An OpenTelemetry collector that remembers what it is sent, over gRPC."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import grpc
from opentelemetry.proto.collector.metrics.v1 import (
    metrics_service_pb2,
    metrics_service_pb2_grpc,
)
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status

PATIENCE = 30


@dataclass(frozen=True)
class Span:
    """A span as it came, with its ids as hexadecimal digits."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    failed: bool
    attributes: dict[str, Any]
    resource: dict[str, Any]


class Collector:
    def __init__(self) -> None:
        self._came = threading.Condition()
        self._spans: list[Span] = []
        self._metrics: dict[str, Metric] = {}
        self._server = grpc.server(ThreadPoolExecutor(2))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(_Traces(self), self._server)
        metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(_Metrics(self), self._server)
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a server that sends here, without waiting for long."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.url,
            "OTEL_BSP_SCHEDULE_DELAY": "50",
            "OTEL_METRIC_EXPORT_INTERVAL": "200",
        }

    def spans(self, enough: Callable[[list[Span]], bool]) -> list[Span]:
        """Returns all spans, as soon as they are enough."""
        with self._came:
            assert self._came.wait_for(lambda: enough(self._spans), PATIENCE), self._spans
            return list(self._spans)

    def metrics(self, enough: Callable[[dict[str, Metric]], bool]) -> dict[str, Metric]:
        with self._came:
            assert self._came.wait_for(lambda: enough(self._metrics), PATIENCE), self._metrics
            return dict(self._metrics)

    def take_spans(self, spans: list[Span]) -> None:
        with self._came:
            self._spans.extend(spans)
            self._came.notify_all()

    def take_metrics(self, metrics: dict[str, Metric]) -> None:
        with self._came:
            self._metrics.update(metrics)
            self._came.notify_all()

    def close(self) -> None:
        self._server.stop(None).wait()


class _Traces(trace_service_pb2_grpc.TraceServiceServicer):
    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def Export(  # noqa: N802
        self, request: trace_service_pb2.ExportTraceServiceRequest, _: object
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        for sent in request.resource_spans:
            resource = attributes(sent.resource.attributes)
            for scope in sent.scope_spans:
                self._collector.take_spans([read(span, resource) for span in scope.spans])
        return trace_service_pb2.ExportTraceServiceResponse()


class _Metrics(metrics_service_pb2_grpc.MetricsServiceServicer):
    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def Export(  # noqa: N802
        self, request: metrics_service_pb2.ExportMetricsServiceRequest, _: object
    ) -> metrics_service_pb2.ExportMetricsServiceResponse:
        for sent in request.resource_metrics:
            for scope in sent.scope_metrics:
                self._collector.take_metrics({each.name: each for each in scope.metrics})
        return metrics_service_pb2.ExportMetricsServiceResponse()


def read(span: WireSpan, resource: dict[str, Any]) -> Span:
    return Span(
        name=span.name,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        failed=span.status.code == Status.STATUS_CODE_ERROR,
        attributes=attributes(span.attributes),
        resource=resource,
    )


def attributes(pairs: Any) -> dict[str, Any]:
    def plain(value: AnyValue) -> Any:
        return getattr(value, value.WhichOneof("value") or "string_value")

    return {each.key: plain(each.value) for each in pairs}
