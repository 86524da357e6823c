"""Gives access to a call's metadata, request id, trace, peer and caller."""

import uuid
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias
from urllib.parse import unquote

import grpc
from google.protobuf.descriptor import MethodDescriptor

from tocsin.access import doors
from tocsin.access.principal import Principal
from tocsin.plans.trace_context import SpanContext, parse_traceparent

Context: TypeAlias = grpc.aio.ServicerContext[bytes, bytes]
Metadata: TypeAlias = Iterable[tuple[str, str | bytes]]

REQUEST_ID = "x-request-id"
SERVER_TRACE_ID = "x-server-trace-id"
LONGEST_REQUEST_ID = 64
ORIGINAL_PATH = "x-envoy-original-path"
"""Where Envoy keeps the path and query of a call over REST; clients can't send it."""
LINT = "x-tocsin-lint"
LONGEST_LINT = 1024


class Arrival:
    """A call as it arrives; costly values are computed when they are first read.

    The gate sets `caller`, which stays None while access control is off and for public methods. A
    watcher that records the call's span sets `span`.
    """

    __slots__ = ("_metadata", "_request_id", "caller", "context", "span")

    def __init__(self, context: Context, metadata: Metadata | None = None) -> None:
        """Takes the metadata from the context unless they are given."""
        self.context = context
        self.caller: Principal | None = None
        self.span: SpanContext | None = None
        self._metadata = metadata
        self._request_id: str | None = None

    @property
    def metadata(self) -> Metadata:
        if self._metadata is None:
            # gRPC builds the metadata again at each call.
            self._metadata = self.context.invocation_metadata() or ()
        return self._metadata

    def metadata_value(self, key: str) -> str | None:
        for name, value in self.metadata:
            if name == key:
                return text_of(value)
        return None

    @property
    def by_envoy(self) -> bool:
        return (self.context.peer() or "").startswith("unix:")

    @property
    def peer(self) -> str:
        """The client's IP address without port, or empty if it is not known.

        Envoy sends it as metadata through its socket; other calls may not set these metadata.
        """
        kind, _, address = (self.context.peer() or "").partition(":")
        if kind == "unix":
            return self.metadata_value(doors.PEER) or ""
        return unquote(address).rpartition(":")[0].strip("[]")

    @property
    def url(self) -> str | None:
        """The path and query of a call over REST, as Envoy keeps them; None over gRPC."""
        return self.metadata_value(ORIGINAL_PATH) if self.by_envoy else None

    @property
    def sent_request_id(self) -> str | None:
        """The request id that the client sent, or None if metadata can't carry it back."""
        sent = (self.metadata_value(REQUEST_ID) or "")[:LONGEST_REQUEST_ID]
        return sent if sent and sent.isascii() and sent.isprintable() else None

    @property
    def request_id(self) -> str:
        """The request id that the client sent, or a new one."""
        if self._request_id is None:
            self._request_id = self.sent_request_id or str(uuid.uuid4())
        return self._request_id

    @property
    def parent_span(self) -> SpanContext | None:
        """The parent span for the work of this call: the call's own span, or the client's."""
        return self.span or parse_traceparent(self.metadata_value("traceparent"))


@dataclass(frozen=True, slots=True)
class Call:
    """An admitted call, as methods see it.

    `sight` returns whether the caller may see a resource (such as `folders/ID`), for methods that
    list several; None means all resources. `usable_accounts` are the service accounts of a stored
    rule that the caller may use, or None if the gate did not check. Methods compare them with the
    rule that they read, which may have another account by then. `check_accounts` is for methods
    that find the accounts by themselves: it raises an ApiError unless the caller may use them all;
    None if the gate checks none. `grant` returns whether the caller has another permission on a
    resource, for methods that show less without it; None means that the gate checks none.
    `count_brought` counts invocations against the caller's quota; None if there is no gate, or the
    method makes none.
    """

    arrival: Arrival
    sight: Callable[[str], bool] | None = None
    usable_accounts: frozenset[str] | None = None
    check_accounts: Callable[[Iterable[str]], Awaitable[None]] | None = None
    grant: Callable[[str, str], bool] | None = None
    count_brought: Callable[[int], Awaitable[None]] | None = None

    def may(self, permission: str, resource: str) -> bool:
        """Returns whether the caller has a permission on a resource, such as `folders/ID`."""
        return self.grant is None or self.grant(permission, resource)

    def sees(self, resource: str) -> bool:
        """Returns whether the caller has the method's own permission on a resource."""
        return self.sight is None or self.sight(resource)

    async def bring(self, count: int) -> None:
        """Counts invocations that the request alone does not tell, before anything is written.

        Raises:
            ApiError: the quota is used up.
            StoreUnavailable: the store can't be reached.
        """
        if self.count_brought is not None and count:
            await self.count_brought(count)

    async def use_accounts(self, account_ids: Iterable[str]) -> None:
        """Checks that the caller may use service accounts.

        Raises:
            ApiError: the caller may not use one of them.
            StoreUnavailable: the store can't be reached.
        """
        if self.check_accounts is not None:
            await self.check_accounts(account_ids)

    @property
    def caller(self) -> Principal | None:
        return self.arrival.caller

    @property
    def caller_id(self) -> str:
        """The caller's id without the kind of subject, or empty without a caller."""
        caller = self.arrival.caller
        return "" if caller is None else caller.subject.partition(":")[2]

    def scope(self, name: str) -> str:
        """Returns a scope for names that callers choose, so that callers don't share names."""
        caller = self.arrival.caller
        return name if caller is None else f"{name} {caller.subject}"

    def identify(self, caller: Principal) -> None:
        """Sets the caller for the audit log, if the request proves it and the metadata do not."""
        self.arrival.caller = caller

    @property
    def request_id(self) -> str:
        return self.arrival.request_id

    @property
    def traceparent(self) -> str | None:
        """The `traceparent` for work on behalf of this call."""
        span = self.arrival.parent_span
        return None if span is None else span.header()

    @property
    def metadata(self) -> Metadata:
        return self.arrival.metadata

    def metadata_value(self, key: str) -> str | None:
        return self.arrival.metadata_value(key)

    @property
    def by_envoy(self) -> bool:
        return self.arrival.by_envoy

    @property
    def peer(self) -> str:
        return self.arrival.peer

    async def send_metadata(self, metadata: Metadata) -> None:
        """Sends metadata to the client before the answer; over REST they are headers."""
        await self.arrival.context.send_initial_metadata(tuple(metadata))

    async def send_lint(self, found: Sequence[str]) -> None:
        """Tells the caller, in metadata of the answer, what of a request may surprise people."""
        if found:
            text = "; ".join(found).encode("ascii", "backslashreplace").decode()
            await self.send_metadata([(LINT, text[:LONGEST_LINT])])


Ended: TypeAlias = Callable[[grpc.StatusCode], None]
# Called when a call of a method begins; returns a function that is called with the final code.
Watch: TypeAlias = Callable[[Arrival], Ended]


class Watcher(Protocol):
    def watch(self, method: MethodDescriptor) -> Watch:
        """Returns a function that watches calls of a method. It must be quick and not raise."""


def text_of(value: str | bytes) -> str:
    """Returns a value of metadata as text; only keys that end in `-bin` have non-ASCII bytes."""
    return value if isinstance(value, str) else value.decode("ascii", "replace")


def server_trace_id(arrival: Arrival) -> tuple[tuple[str, str], ...]:
    """Returns metadata with the call's trace id, if the call has a span."""
    return () if arrival.span is None else ((SERVER_TRACE_ID, arrival.span.trace_id),)


def refused_trace_id(arrival: Arrival) -> tuple[tuple[str, str], ...]:
    """Returns the same for a refused call, never empty because SDKs show it to people.

    Without tracing it is the client's trace id, or else the request id, which the log has too.
    """
    span = arrival.parent_span
    return ((SERVER_TRACE_ID, arrival.request_id if span is None else span.trace_id),)
