"""W3C Trace Context: where an invocation stands in a trace (https://www.w3.org/TR/trace-context/).

An invocation is one span of a trace, and each try to deliver it a child of that. Both the trace's
id and the span's follow from what is stored of the invocation, so that any node, whatever died
before it, comes to the same.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass

_HEADER = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_SAMPLED = 1


@dataclass(frozen=True, slots=True)
class SpanContext:
    """A span's place: 32 and 16 hexadecimal digits, and whether its trace is recorded."""

    trace_id: str
    span_id: str
    sampled: bool = True

    def header(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"


def parse_traceparent(header: str | None) -> SpanContext | None:
    """Reads a `traceparent`; what is not one counts as none, as the standard asks."""
    found = _HEADER.fullmatch(header or "")
    if found is None or not int(found[1], 16) or not int(found[2], 16):
        return None
    return SpanContext(found[1], found[2], bool(int(found[3], 16) & _SAMPLED))


def invocation_context(invocation_id: str, traceparent: str | None) -> SpanContext:
    """Returns the invocation's own span: in the trace of the call that asked for it, if one did.

    A tick was asked for by no call, and begins a trace.
    """
    derived = hashlib.sha256(invocation_id.encode()).hexdigest()
    asked = parse_traceparent(traceparent)
    if asked is None:
        return SpanContext(derived[:32], derived[32:48])
    return SpanContext(asked.trace_id, derived[32:48], asked.sampled)


def try_traceparent(invocation_id: str, traceparent: str | None) -> str:
    """Returns the header for one try of an invocation where nobody records spans."""
    context = invocation_context(invocation_id, traceparent)
    return SpanContext(context.trace_id, secrets.token_hex(8), context.sampled).header()
