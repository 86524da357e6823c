"""Shows what is overdue, sources that are not connected, and nodes."""

from datetime import datetime, timedelta

from tocsin.api.tocsin.overview.view import View
from tocsin.compilers.summaries import summary_of
from tocsin.store.driver.instants import MICROSECOND
from tocsin.store.driver.transaction import Transaction
from tocsin.store.nodes import NodeState, all_nodes, deliveries_under_way
from tocsin.store.overview.trouble import (
    Late,
    SilentSource,
    late_batches,
    late_invocations,
    late_ticks,
    silent_sources,
)
from tocsin.wire.timestamps import to_duration, to_timestamp
from tocsin_protos.tocsin.v1 import overview_service_pb2 as contract

# Nodes poll, and slots for deliveries are few: what is due a moment ago is not late.
LATE_AFTER = timedelta(seconds=5)
MOST_LATE = 5000
# Sources that are looked at, and those that are shown.
MOST_SILENT, MOST_SHOWN = 1000, 100
LOST_AFTER = timedelta(seconds=30)
MOST_NODES = 1000


def read_overdue(tx: Transaction, view: View, now: datetime) -> contract.Overdue:
    """Counts what should have begun already."""
    before = now - LATE_AFTER
    invocations = late_invocations(tx, before, limit=MOST_LATE)
    ticks = late_ticks(tx, before, limit=MOST_LATE)
    batches = late_batches(tx, before, limit=MOST_LATE)
    full = any(_total(late) == MOST_LATE for late in (invocations, ticks, batches))
    invocations = [late for late in invocations if view.invocations_of(late.place)]
    ticks = [late for late in ticks if view.triggers_of(late.place)]
    batches = [late for late in batches if view.triggers_of(late.place)]
    answer = contract.Overdue(
        invocations=_total(invocations),
        ticks=_total(ticks),
        batches=_total(batches),
        at_least=full,
    )
    if every := [*invocations, *ticks, *batches]:
        answer.oldest_due.CopyFrom(to_timestamp(min(late.oldest for late in every)))
    return answer


def _total(late: list[Late]) -> int:
    return sum(each.late for each in late)


def read_silent_sources(tx: Transaction, view: View) -> contract.SilentSources:
    """Returns the triggers that hear nothing from their source."""
    found = silent_sources(tx, limit=MOST_SILENT)
    seen = [each for each in found if view.triggers_of(each.folder_id)]
    return contract.SilentSources(
        sources=[_source(each) for each in seen[:MOST_SHOWN]],
        more=len(seen) > MOST_SHOWN or len(found) == MOST_SILENT,
    )


def _source(silent: SilentSource) -> contract.SilentSource:
    trigger, state = silent.trigger, silent.state
    try:
        kind = summary_of(trigger.contract, trigger.message).kind
    except ValueError:
        kind = ""
    message = contract.SilentSource(
        trigger_id=trigger.id,
        name=trigger.name,
        folder_id=silent.folder_id,
        kind=kind,
        last_error=state.last_error or "",
    )
    if state.last_error_at is not None:
        message.last_error_time.CopyFrom(to_timestamp(state.last_error_at))
    if state.last_event_at is not None:
        message.last_event.CopyFrom(to_timestamp(state.last_event_at))
    return message


def read_nodes(tx: Transaction, now: datetime) -> list[contract.Node]:
    """Returns the nodes; `now` is the time by which they say that they are there."""
    states = all_nodes(tx, limit=MOST_NODES)
    under_way = deliveries_under_way(tx)
    alive = [state for state in states if now - state.seen_at <= LOST_AFTER]
    claims = sum(state.claims for state in alive)
    return [
        _node(state, under_way.get(state.name, 0), claims, lost=state not in alive)
        for state in states
    ]


def _node(state: NodeState, under_way: int, all_claims: int, *, lost: bool) -> contract.Node:
    node = contract.Node(
        name=state.name,
        host=state.host,
        version=state.version,
        since=to_timestamp(state.since),
        seen_at=to_timestamp(state.seen_at),
        lost=lost,
        claims=state.claims,
        share=0 if lost or not all_claims else state.claims / all_claims,
        under_way=under_way,
    )
    if state.behind_us is not None:
        node.clock_behind.CopyFrom(to_duration(state.behind_us * MICROSECOND))
    return node
