"""Follows invocations: reads the recent ones, and then what the server says has changed."""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import grpc

from tocsin.cli.connection import Connection, pages
from tocsin.cli.invocations.following import follow, is_reset
from tocsin_protos.tocsin.v1.invocation_pb2 import Attempt, Invocation
from tocsin_protos.tocsin.v1.invocation_service_pb2 import (
    InvocationServiceGetRequest,
    InvocationServiceListRequest,
)
from tocsin_protos.tocsin.v1.watch_service_pb2 import WatchRequest

UNFINISHED = (
    Invocation.STATE_PENDING,
    Invocation.STATE_RUNNING,
    Invocation.STATE_RETRYING,
    Invocation.STATE_DEAD_LETTERING,
)

# Invocations scheduled later than this are not followed yet.
AHEAD = timedelta(minutes=1)

# The most recent and the most unfinished invocations that are read at first.
MOST_READ = 1000
# Recent invocations are read until a page holds nothing new.
PAGE = 100
# The most invocations that are remembered.
MOST_KNOWN = 10_000


def wait_until_final(
    api: Connection,
    invocations: Sequence[Invocation],
    tell: Callable[[str], None],
    ended: Callable[[Invocation, Attempt], None],
) -> list[Invocation]:
    """Follows invocations of one trigger until all are final, and returns them.

    `ended` is called with each attempt that ended, and `tell` with interruptions.
    """
    left = {invocation.id for invocation in invocations}
    found = {invocation.id: invocation for invocation in invocations}
    seen: set[tuple[str, int, int]] = set()
    watched = WatchRequest(
        topics=[WatchRequest.TOPIC_INVOCATIONS], trigger_id=invocations[0].trigger_id
    )
    for response in follow(api, watched, tell) if left else ():
        changed = left if is_reset(response) else {row.id for row in response.invocations}
        for invocation_id in sorted(changed & left):
            request = InvocationServiceGetRequest(invocation_id=invocation_id)
            now = found[invocation_id] = api.invocations.Get(request).invocation
            for attempt in now.attempts:
                key = invocation_id, attempt.kind, attempt.number
                if attempt.HasField("finished_at") and key not in seen:
                    seen.add(key)
                    ended(now, attempt)
            if now.state not in UNFINISHED:
                left.remove(invocation_id)
        if not left:
            break
    return [found[invocation.id] for invocation in invocations]


class Watch:
    """Finds the invocations that appeared or changed."""

    def __init__(self, api: Connection, request: InvocationServiceListRequest) -> None:
        """Follows the invocations of a list request that has no states and no page."""
        self._api = api
        self._request = request
        self._known: dict[str, Invocation] = {}

    def follow(self, tell: Callable[[str], None]) -> Iterator[list[Invocation]]:
        """Yields changes as they come; the first yields the recent invocations.

        A server that goes away after the first changes is waited for; `tell` is called with a line
        about it.
        """
        watched = WatchRequest(
            topics=[WatchRequest.TOPIC_INVOCATIONS],
            folder_id=self._request.folder_id,
            trigger_id=self._request.trigger_id,
            integration=self._request.integration,
        )
        for response in follow(self._api, watched, tell):
            if is_reset(response):
                yield self._changes(self._read())
            elif rows := [row for row in response.invocations if self._is_wanted(row)]:
                yield self._changes(rows)

    def latest(self, count: int, hidden: Container[str]) -> list[Invocation]:
        """Returns the known invocations with the latest `scheduled_at`, latest first."""
        shown = [each for each in self._known.values() if each.id not in hidden]
        return sorted(shown, key=_schedule_order, reverse=True)[:count]

    def _changes(self, rows: Iterable[Invocation]) -> list[Invocation]:
        """Returns the invocations that appeared or changed, in the order of `scheduled_at`."""
        changed = [invocation for invocation in rows if self._is_news(invocation)]
        for invocation in changed:
            self._known.pop(invocation.id, None)
            self._known[invocation.id] = invocation
        self._forget()
        return sorted(changed, key=_schedule_order)

    def _read(self) -> Iterable[Invocation]:
        before = self._api.now() + AHEAD
        seen = {invocation.id: invocation for invocation in self._recent(before)}
        seen |= {invocation.id: invocation for invocation in self._unfinished(before)}
        seen |= {invocation.id: invocation for invocation in self._gone_from(seen)}
        return seen.values()

    def _is_wanted(self, row: Invocation) -> bool:
        """Returns whether the request is for an invocation, as far as the stream does not know."""
        wanted = self._request.integration_id
        if wanted and not row.integration.endswith(f"/integrations/{wanted}"):
            return False
        if row.state != Invocation.STATE_PENDING:
            return True
        return bool(row.scheduled_at.ToDatetime(UTC) <= self._api.now() + AHEAD)

    def _recent(self, before: datetime) -> Iterator[Invocation]:
        """Yields the latest scheduled invocations, page by page, until a page has no news."""
        request = self._listing(before, PAGE)
        for read in range(PAGE, MOST_READ + PAGE, PAGE):
            response = self._api.invocations.List(request)
            yield from response.invocations
            request.page_token = response.next_page_token
            if not request.page_token or read >= MOST_READ:
                return
            if not response.invocations:
                continue  # those that the server looked at are others'
            news = any(self._is_news(invocation) for invocation in response.invocations)
            if not (news and self._known):
                return

    def _unfinished(self, before: datetime) -> Iterator[Invocation]:
        request = self._listing(before, MOST_READ)
        request.states.extend(UNFINISHED)
        return pages(self._api.invocations.List, request, "invocations", MOST_READ)

    def _gone_from(self, seen: Container[str]) -> Iterator[Invocation]:
        """Yields the invocations that were unfinished and that the lists no longer hold."""
        gone = [
            invocation.id
            for invocation in self._known.values()
            if invocation.state in UNFINISHED and invocation.id not in seen
        ]
        for invocation_id in gone[:PAGE]:
            try:
                request = InvocationServiceGetRequest(invocation_id=invocation_id)
                yield self._api.invocations.Get(request).invocation
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.NOT_FOUND:
                    raise
                del self._known[invocation_id]

    def _listing(self, before: datetime, page_size: int) -> InvocationServiceListRequest:
        request = InvocationServiceListRequest()
        request.CopyFrom(self._request)
        request.scheduled_before.FromDatetime(before)
        request.page_size = page_size
        return request

    def _is_news(self, invocation: Invocation) -> bool:
        known = self._known.get(invocation.id)
        return known is None or _progress(known) != _progress(invocation)

    def _forget(self) -> None:
        for invocation in list(self._known.values())[: max(len(self._known) - MOST_KNOWN, 0)]:
            if invocation.state not in UNFINISHED:
                del self._known[invocation.id]


def _progress(invocation: Invocation) -> tuple[object, ...]:
    due = invocation.due_at
    return (
        invocation.state,
        invocation.attempt_count,
        invocation.last_error,
        (due.seconds, due.nanos),
    )


def _schedule_order(invocation: Invocation) -> tuple[int, int, str]:
    return (invocation.scheduled_at.seconds, invocation.scheduled_at.nanos, invocation.id)
