"""Follows how far one stream has come, and makes its responses."""

from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

from tocsin.api.tocsin.watching.counts import counts_of
from tocsin.api.tocsin.watching.lookout import COUNT_EVERY_SECONDS, Lookout
from tocsin.api.tocsin.watching.scope import Scope
from tocsin.schedule import Clock
from tocsin.store.driver.changes import Watched
from tocsin.wire.paging import ListTokens
from tocsin.wire.streaming.stream import Stream
from tocsin_protos.tocsin.v1 import watch_service_pb2 as contract

if TYPE_CHECKING:
    from tocsin.store.invocations.rows import State

KEEPALIVE_SECONDS = 15.0
# With what grants and credentials are cached, a revocation ends a stream within 10 seconds.
AUTHORISE_EVERY_SECONDS = 5.0
# One response, at least one item of any size: what a client that stops reading holds here.
MOST_BYTES = 64 * 1024
MOST_ITEMS = 500

FIELDS = {
    Watched.INVOCATIONS: "invocations",
    Watched.TRIGGERS: "triggers",
    Watched.INTAKES: "intakes",
}
Reset: TypeAlias = contract.WatchReset


class Progress:
    """Holds how far one stream has come, and makes its next response."""

    def __init__(
        self,
        lookout: Lookout,
        scope: Scope,
        stream: Stream,
        cursors: ListTokens,
        machine_clock: Clock,
    ) -> None:
        self._lookout = lookout
        self._scope = scope
        self._stream = stream
        self._cursors = cursors
        self._monotonic = machine_clock.monotonic
        self._position = 0
        self._reset: Reset.Reason | None = None
        self._ended: Counter[State] = Counter()
        self._counts: contract.WatchedCounts | None = None
        self._sent_at = self._counted_at = float("-inf")
        self._authorised_at = self._monotonic()
        self._changed = scope.counts
        self.has_more = False

    def begin(self, start: tuple[str, int] | None) -> None:
        """Begins after a position that an earlier stream reached, or now."""
        lookout = self._lookout
        self._position = lookout.recent.number
        if start is None:
            self._reset = Reset.REASON_BEGUN
        elif start[0] != lookout.epoch or not lookout.recent.floor <= start[1] <= self._position:
            self._reset = Reset.REASON_CURSOR_TOO_OLD
        else:
            self._position = start[1]

    @property
    def too_slow(self) -> bool:
        """Whether changes were forgotten before the client had read those before them."""
        return max(self._position, self._lookout.lost_at) < self._lookout.recent.floor

    def cursor(self) -> str:
        return self._cursors.token(f"{self._lookout.epoch}/{self._position}")

    def seconds_left(self) -> float:
        """Returns the seconds until the stream has something to do without a change."""
        ends = [self._sent_at + KEEPALIVE_SECONDS, self._authorised_at + AUTHORISE_EVERY_SECONDS]
        if self._scope.counts and self._changed:
            ends.append(self._counted_at + COUNT_EVERY_SECONDS)
        return max(0.0, min(ends) - self._monotonic())

    async def authorise(self) -> None:
        """Checks the caller again, if that is due.

        Raises:
            ApiError: the caller may no longer have the stream.
            StoreError: the store can't be read.
        """
        now = self._monotonic()
        if now - self._authorised_at >= AUTHORISE_EVERY_SECONDS:
            await self._stream.authorise()
            self._authorised_at = now

    async def response(self) -> contract.WatchResponse | None:
        """Returns the next response, or None if none is due.

        Raises:
            StoreError: the store can't be read.
        """
        now = self._monotonic()
        response = contract.WatchResponse()
        worth = self._add_changes(response)
        worth = await self._add_counts(response, now) or worth
        if not worth and now - self._sent_at < KEEPALIVE_SECONDS:
            return None
        self._sent_at = now
        response.cursor = self.cursor()
        return response

    def _add_changes(self, response: contract.WatchResponse) -> bool:
        lookout = self._lookout
        if lookout.lost_at > self._position:
            self._position, self._reset = lookout.lost_at, lookout.lost
        if self._reset is not None:
            response.reset.reason = self._reset
        worth, self._reset = self._reset is not None, None
        size = count = 0
        sight = self._stream.call.sight
        self.has_more = False
        for number, item in lookout.recent.after(self._position):
            self._changed = True
            if self._scope.has(item, sight):
                size, count = size + item.size, count + 1
                if count > MOST_ITEMS or (count > 1 and size > MOST_BYTES):
                    self.has_more = True
                    break
                if item.ended is not None:
                    self._ended[item.ended] += 1
                if item.kind in self._scope.kinds:
                    getattr(response, FIELDS[item.kind]).append(item.message)
                    worth = True
            self._position = number
        return worth

    async def _add_counts(self, response: contract.WatchResponse, now: float) -> bool:
        """Adds the counts if they changed; without a change they are read with each keepalive."""
        if not self._scope.counts or self.has_more:
            return False
        every = COUNT_EVERY_SECONDS if self._changed else KEEPALIVE_SECONDS
        if now - self._counted_at < every:
            return False
        counted, capped = await self._lookout.open_invocations()
        self._counted_at, self._changed = now, False
        counts = counts_of(
            counted, self._scope, self._stream.call.sight, self._ended, capped=capped
        )
        if counts == self._counts and not self._ended:
            return False
        self._counts = counts_of(
            counted, self._scope, self._stream.call.sight, Counter(), capped=capped
        )
        self._ended.clear()
        response.counts.CopyFrom(counts)
        return True
