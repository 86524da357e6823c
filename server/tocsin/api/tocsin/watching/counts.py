"""Counts, for a stream, what waits and what ended."""

from collections import Counter
from collections.abc import Iterable

from tocsin.api.tocsin.watching.scope import Scope, Sight
from tocsin.store.driver.instants import from_micros
from tocsin.store.invocations.depths import OpenInvocations
from tocsin.store.invocations.rows import State
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.tocsin.v1.watch_service_pb2 import WatchedCounts

ENDED = {
    State.SUCCEEDED: "succeeded",
    State.FAILED: "failed",
    State.DEAD_LETTERED: "dead_lettered",
    State.CANCELLED: "cancelled",
}


def counts_of(
    counted: Iterable[OpenInvocations],
    scope: Scope,
    sight: Sight,
    ended: Counter[State],
    *,
    capped: bool,
) -> WatchedCounts:
    """Returns the counts of a scope, with what ended since the counts before."""
    message = WatchedCounts(capped=capped)
    oldest_us: int | None = None
    for each in counted:
        if not scope.counts_in(each, sight):
            continue
        for field in _fields_of(each):
            setattr(message, field, getattr(message, field) + each.count)
        if each.due:
            oldest_us = each.oldest_us if oldest_us is None else min(oldest_us, each.oldest_us)
    for state, field in ENDED.items():
        setattr(message, field, ended[state])
    if oldest_us is not None:
        message.oldest_due_at.CopyFrom(to_timestamp(from_micros(oldest_us)))
    return message


def _fields_of(each: OpenInvocations) -> Iterable[str]:
    if each.held:
        yield "under_way"
        return
    if each.due:
        yield "due"
    match each.state:
        case State.RETRYING:
            yield "retrying"
        case State.DEAD_LETTERING:
            yield "dead_lettering"
        case _ if not each.due:
            yield "waiting"
