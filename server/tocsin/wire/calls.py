"""What is known of a call beside its request: its id, its trace, and who watches it."""

import uuid
from collections.abc import Callable
from contextvars import ContextVar
from typing import Protocol, TypeAlias
from urllib.parse import unquote

import grpc
from google.protobuf.descriptor import MethodDescriptor

from tocsin.access import doors
from tocsin.access.principal import Principal
from tocsin.plans.trace_context import SpanContext, parse_traceparent

Context: TypeAlias = grpc.aio.ServicerContext[bytes, bytes]

REQUEST_ID = "x-request-id"
SERVER_TRACE_ID = "x-server-trace-id"
LONGEST_REQUEST_ID = 64

# The span of the call that is being served, where someone records it. Each call has its own task.
SPAN: ContextVar[SpanContext | None] = ContextVar("span", default=None)
MADE: ContextVar[str | None] = ContextVar("made", default=None)
# Who calls; None: nobody was asked, since access control is off or the method is public.
CALLER: ContextVar[Principal | None] = ContextVar("caller", default=None)

# Tells whether the caller may see what is at a place (`folders/ID` and such) where a method shows
# what it finds in several; None: all of it.
SIGHT: ContextVar[Callable[[str], bool] | None] = ContextVar("sight", default=None)

# The service accounts of a stored rule that the caller may use, where that was asked; None: it was
# not. Methods look again at what they read: the rule may have another one since.
USABLE: ContextVar[frozenset[str] | None] = ContextVar("usable", default=None)

Ended: TypeAlias = Callable[[grpc.StatusCode], None]
# Is told that a call of a method begins; what it returns is told the code with which it ended.
Watch: TypeAlias = Callable[[Context], Ended]


class Watcher(Protocol):
    def watch(self, method: MethodDescriptor) -> Watch:
        """Returns what watches the calls of one method. It must be quick and must not raise."""


def metadata_value(context: Context, key: str) -> str | None:
    for name, value in context.invocation_metadata() or ():
        if name == key:
            return value if isinstance(value, str) else value.decode("ascii", "replace")
    return None


def peer_of(context: Context) -> str:
    """Returns the IP address that a call comes from, without its port; empty: not known.

    What comes through Envoy's socket has Envoy's word for it; what others say of it counts nothing.
    """
    kind, _, address = (context.peer() or "").partition(":")
    if kind == "unix":
        return metadata_value(context, doors.PEER) or ""
    return unquote(address).rpartition(":")[0].strip("[]")


def sent_request_id(context: Context) -> str | None:
    """Returns the client's own, where it can stand in metadata again."""
    sent = (metadata_value(context, REQUEST_ID) or "")[:LONGEST_REQUEST_ID]
    return sent if sent and sent.isascii() and sent.isprintable() else None


def request_id(context: Context) -> str:
    """Returns the client's own, else one that is made for this call and stays its own."""
    name = sent_request_id(context) or MADE.get()
    if name is None:
        name = str(uuid.uuid4())
        MADE.set(name)
    return name


def caller_id() -> str:
    """Returns the id of who calls, without what kind of subject it is; empty: nobody was asked."""
    caller = CALLER.get()
    return "" if caller is None else caller.subject.partition(":")[2]


def of_caller(scope: str) -> str:
    """Returns a scope in which callers choose names: each has their own, and sees no other's."""
    caller = CALLER.get()
    return scope if caller is None else f"{scope} {caller.subject}"


def traceparent_of(context: Context) -> str | None:
    """Returns what is done for this call belongs under: its own span, else its client's."""
    span = SPAN.get() or parse_traceparent(metadata_value(context, "traceparent"))
    return None if span is None else span.header()


def server_trace_id() -> tuple[tuple[str, str], ...]:
    """Returns the metadata that tells a client by which id its call is found among the traces."""
    span = SPAN.get()
    return () if span is None else ((SERVER_TRACE_ID, span.trace_id),)


def refused_trace_id(context: Context, name: str) -> tuple[tuple[str, str], ...]:
    """Returns the same for a call that was refused: SDKs show it to people, so there is always one.

    Where nothing is traced here it is the trace that the client has named, else the call's own id,
    under which the log has it.
    """
    span = SPAN.get() or parse_traceparent(metadata_value(context, "traceparent"))
    return ((SERVER_TRACE_ID, name if span is None else span.trace_id),)
