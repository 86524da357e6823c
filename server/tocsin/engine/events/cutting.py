"""Cuts the waiting events of a trigger into batches; it is pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.plans.plan import Batching, Plan
from tocsin.store.events.accepted import DueBatch, WaitingEvent

# Upper bounds of the frame around the elements, and of the indent of each line.
FRAME_BYTES = 512
INDENT_BYTES = 12
# What one transaction reads, as every other call waits for it: events of one trigger, and about so
# many bytes of all.
EVENTS_AT_ONCE = 1000
BYTES_AT_ONCE = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Cut:
    """Holds batches to send now, in order; the rest is due at `again_at`, None if none is left."""

    batches: tuple[Sequence[WaitingEvent], ...]
    again_at: datetime | None

    @property
    def taken(self) -> list[WaitingEvent]:
        return [event for batch in self.batches for event in batch]


def one_by_one(plan: Plan) -> bool:
    """Returns whether each event of a plan makes a call by itself, so that none waits."""
    batching = plan.batching
    return batching is None or batching.size == 1 or batching.size_bytes == 1


def read_at_once(due: Sequence[DueBatch]) -> list[tuple[DueBatch, int]]:
    """Returns the first due batches, each with the number of its events to read.

    These are BYTES_AT_ONCE in all. Only a first batch that is larger is not read as a whole.
    """
    if due and due[0].bytes > BYTES_AT_ONCE:
        fit = due[0].events * BYTES_AT_ONCE // due[0].bytes
        return [(due[0], max(1, min(EVENTS_AT_ONCE, fit)))]
    chosen: list[tuple[DueBatch, int]] = []
    left = BYTES_AT_ONCE
    for batch in due:
        left -= batch.bytes
        if left < 0:
            break
        chosen.append((batch, EVENTS_AT_ONCE))
    return chosen


def cut(
    events: Sequence[WaitingEvent], batching: Batching, now: datetime, *, largest_payload: int
) -> Cut:
    """Cuts a trigger's events, the first of which is due, in the order in which they came.

    The first batch is always sent. A further batch is sent if it is full, or if its first event has
    waited for the cutoff. A batch stays below the largest payload unless it is a single event.
    """
    batches: list[Sequence[WaitingEvent]] = []
    start = 0
    while start < len(events):
        length, full = _first_batch(events[start:], batching, largest_payload)
        due_at = events[start].received_at + batching.cutoff
        if batches and not full and due_at > now:
            return Cut(tuple(batches), due_at)
        batches.append(events[start : start + length])
        start += length
    return Cut(tuple(batches), None)


def _first_batch(
    events: Sequence[WaitingEvent], batching: Batching, largest_payload: int
) -> tuple[int, bool]:
    """Returns the number of events in the first batch, and whether it is full."""
    size, framed = 0, FRAME_BYTES
    for count, event in enumerate(events):
        size += event.size
        framed += event.size + INDENT_BYTES * (event.body.count("\n") + 1)
        too_many_bytes = batching.size_bytes is not None and size > batching.size_bytes
        if count and (too_many_bytes or framed > largest_payload):
            return count, True
        if count + 1 == batching.size or size == batching.size_bytes:
            return count + 1, True
    return len(events), batching.size_bytes is not None and size >= batching.size_bytes
