"""Derives an invocation's span from W3C Trace Context (https://www.w3.org/TR/trace-context/).

An invocation is one span of a trace, and each try to deliver it is a child of that span. The ids of
the trace and of the span follow from the stored invocation, so every node derives the same ones,
even after another node died.
"""

import hashlib
import random
import re
from dataclasses import dataclass

_HEADER = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_SAMPLED = 1


@dataclass(frozen=True, slots=True)
class SpanContext:
    """Identifies a span: 32 and 16 hexadecimal digits, and whether its trace is recorded."""

    trace_id: str
    span_id: str
    sampled: bool = True

    def header(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"


def parse_traceparent(header: str | None) -> SpanContext | None:
    """Parses a `traceparent` header; returns None if it is not valid, as the standard asks."""
    match = _HEADER.fullmatch(header or "")
    if match is None or not int(match[1], 16) or not int(match[2], 16):
        return None
    return SpanContext(match[1], match[2], bool(int(match[3], 16) & _SAMPLED))


def invocation_context(invocation_id: str, traceparent: str | None) -> SpanContext:
    """Returns the invocation's own span.

    It belongs to the trace of the call that asked for the invocation. Without such a call, as for
    a tick, it begins a trace.
    """
    derived = _derived(invocation_id)
    asked = parse_traceparent(traceparent)
    if asked is None:
        return SpanContext(derived[:32], derived[32:48])
    return SpanContext(asked.trace_id, derived[32:48], asked.sampled)


def try_traceparent(invocation_id: str, traceparent: str | None) -> str:
    """Returns the `traceparent` of one try of an invocation, for a server that records no spans."""
    trace_id, sampled = _derived(invocation_id)[:32], True
    if traceparent is not None and (asked := parse_traceparent(traceparent)) is not None:
        trace_id, sampled = asked.trace_id, asked.sampled
    # Not a secret: whoever sees one id learns nothing by guessing the next.
    span = random.getrandbits(64) or 1
    return f"00-{trace_id}-{span:016x}-{int(sampled):02x}"


def _derived(invocation_id: str) -> str:
    return hashlib.sha256(invocation_id.encode()).hexdigest()
