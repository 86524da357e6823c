"""Writes OpenTelemetry spans of calls, of invocations, and of each try to deliver one.

The id of an invocation's span follows from its row (`plans.trace_context`). The node that ends the
invocation writes the span. So the tries of a node that died appear in the same trace, under the
same span, as those of the node that took over.
"""

from datetime import UTC, datetime, timedelta

import grpc
from google.protobuf.descriptor import MethodDescriptor
from opentelemetry.context import Context as OtelContext
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    format_span_id,
    format_trace_id,
    set_span_in_context,
)
from opentelemetry.trace import Span as AnySpan
from opentelemetry.trace import SpanContext as OtelSpanContext

from tocsin.engine.observer import Observer
from tocsin.plans.trace_context import SpanContext, invocation_context, parse_traceparent
from tocsin.store.invocations.deliveries import Ending
from tocsin.store.invocations.rows import Invocation, State
from tocsin.wire.calls import Arrival, Ended, Watch

SCOPE = "tocsin"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
# The codes that count as server errors by OpenTelemetry's conventions for gRPC.
SERVER_ERRORS = frozenset(
    {
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)


class ChosenIds(RandomIdGenerator):
    """Generates random ids, except for a span whose ids were chosen before."""

    def __init__(self) -> None:
        self._next: SpanContext | None = None

    def choose(self, context: SpanContext) -> None:
        """Sets the ids of the next span; the trace id counts only if the span has no parent."""
        self._next = context

    def generate_trace_id(self) -> int:
        if self._next is None:
            return super().generate_trace_id()
        return int(self._next.trace_id, 16)

    def generate_span_id(self) -> int:
        chosen, self._next = self._next, None
        return super().generate_span_id() if chosen is None else int(chosen.span_id, 16)


class CallTraces:
    """Writes a span for each call, in the client's trace if the call has a `traceparent`."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer(SCOPE)

    def watch(self, method: MethodDescriptor) -> Watch:
        service = method.containing_service.full_name
        name = f"{service}/{method.name}"
        fixed = {"rpc.system": "grpc", "rpc.service": service, "rpc.method": method.name}

        def began(arrival: Arrival) -> Ended:
            sent = parse_traceparent(arrival.metadata_value("traceparent"))
            span = self._tracer.start_span(
                name,
                context=_under(sent),
                kind=SpanKind.SERVER,
                attributes={**fixed, "tocsin.request_id": arrival.request_id},
            )
            arrival.span = context_of(span)

            def ended(code: grpc.StatusCode) -> None:
                span.set_attribute("rpc.grpc.status_code", code.value[0])
                if code in SERVER_ERRORS:
                    span.set_status(Status(StatusCode.ERROR))
                span.end()

            return ended

        return began


class EngineTraces(Observer):
    """Observes the engine, and writes spans of invocations and of tries to deliver them."""

    def __init__(self, provider: TracerProvider, ids: ChosenIds) -> None:
        self._tracer = provider.get_tracer(SCOPE)
        self._sampler = provider.sampler
        self._ids = ids
        self._tries: dict[str, AnySpan] = {}

    def began(self, invocation: Invocation, at: datetime) -> str | None:
        letter = invocation.state is State.DEAD_LETTERING
        span = self._tracer.start_span(
            "put dead letter" if letter else f"call {invocation.target.partition('/')[0]}",
            context=_under(self._context(invocation)),
            kind=SpanKind.PRODUCER if letter else SpanKind.CLIENT,
            attributes={**_attributes(invocation), "tocsin.attempt": invocation.attempts},
            start_time=_nanos(at),
        )
        self._tries[invocation.id] = span
        return context_of(span).header()

    def ended(
        self, invocation: Invocation, ending: Ending, began: datetime, ended: datetime
    ) -> None:
        del began
        span = self._tries.pop(invocation.id, None)
        if span is not None:
            _end(span, ending, ended, succeeded=ending.state in _GOOD)
        if ending.state.final:
            self._write_invocation(invocation, ending, ended)

    def broke_off(self, invocation: Invocation) -> None:
        span = self._tries.pop(invocation.id, None)
        if span is not None:
            span.set_status(Status(StatusCode.ERROR, "broken off, to be repeated"))
            span.end()

    def _write_invocation(self, invocation: Invocation, ending: Ending, ended: datetime) -> None:
        self._ids.choose(self._context(invocation))
        span = self._tracer.start_span(
            "invocation",
            context=_under(parse_traceparent(invocation.traceparent)),
            attributes={**_attributes(invocation), "tocsin.attempts": invocation.attempts},
            start_time=_nanos(invocation.created_at),
        )
        _end(span, ending, ended, succeeded=ending.state is State.SUCCEEDED)

    def _context(self, invocation: Invocation) -> SpanContext:
        context = invocation_context(invocation.id, invocation.traceparent)
        if parse_traceparent(invocation.traceparent) is not None:
            return context
        # The invocation begins its trace; every node derives from its id whether it is recorded.
        trace_id = int(context.trace_id, 16)
        decision = self._sampler.should_sample(None, trace_id, "invocation").decision
        return SpanContext(
            context.trace_id, context.span_id, decision is Decision.RECORD_AND_SAMPLE
        )


_GOOD = (State.SUCCEEDED, State.DEAD_LETTERED)


def context_of(span: AnySpan) -> SpanContext:
    context = span.get_span_context()
    return SpanContext(
        format_trace_id(context.trace_id),
        format_span_id(context.span_id),
        context.trace_flags.sampled,
    )


def _under(parent: SpanContext | None) -> OtelContext:
    """Returns the context of a child span; without a parent, of a span that begins a trace."""
    if parent is None:
        return OtelContext()
    flags = TraceFlags(TraceFlags.SAMPLED if parent.sampled else TraceFlags.DEFAULT)
    context = OtelSpanContext(
        int(parent.trace_id, 16), int(parent.span_id, 16), is_remote=True, trace_flags=flags
    )
    return set_span_in_context(NonRecordingSpan(context), OtelContext())


def _attributes(invocation: Invocation) -> dict[str, str]:
    return {
        "tocsin.invocation_id": invocation.id,
        "tocsin.origin": invocation.origin,
        "tocsin.target": invocation.target,
        "tocsin.scheduled_at": invocation.scheduled_at.isoformat(),
    }


def _end(span: AnySpan, ending: Ending, ended: datetime, *, succeeded: bool) -> None:
    span.set_attribute("tocsin.state", ending.state.value)
    if not succeeded:
        span.set_status(Status(StatusCode.ERROR, ending.error))
    span.end(end_time=_nanos(ended))


def _nanos(instant: datetime) -> int:
    return (instant - EPOCH) // MICROSECOND * 1000
