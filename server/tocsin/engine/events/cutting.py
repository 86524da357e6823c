"""Cuts the events that wait for a trigger into batches: pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.plans.plan import Batching, Plan
from tocsin.store.events.accepted import WaitingEvent

# Of what stands around the elements, and of the indent that each of their lines gets.
FRAME_BYTES = 512
INDENT_BYTES = 12


@dataclass(frozen=True, slots=True)
class Cut:
    """Batches to send now, in order. What is left becomes due at `again_at`; None: nothing is."""

    batches: tuple[Sequence[WaitingEvent], ...]
    again_at: datetime | None

    @property
    def taken(self) -> list[WaitingEvent]:
        return [event for batch in self.batches for event in batch]


def one_by_one(plan: Plan) -> bool:
    """Tells whether each event of a plan is called for by itself, so that none ever waits."""
    batching = plan.batching
    return batching is None or batching.size == 1 or batching.size_bytes == 1


def cut(
    events: Sequence[WaitingEvent], batching: Batching, now: datetime, *, largest_payload: int
) -> Cut:
    """Cuts events of a trigger, the first of which is due, in the order in which they came.

    The first batch is sent in any case, further ones where they are full, or where their first
    event has waited for the cutoff. A batch stays below the largest payload, unless one event is
    bigger by itself.
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
    """Returns how many events are the first batch, and whether no more could join it."""
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
