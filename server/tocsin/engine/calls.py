"""A batch of events becomes what delivers it: one invocation for each action of its trigger."""

from collections.abc import Callable, Sequence
from datetime import datetime

from tocsin.plans.plan import Plan, action_to_json, target_key
from tocsin.sources.instants import nanos_of
from tocsin.sources.kind import Metadata
from tocsin.sources.kinds import KINDS
from tocsin.store.invocations import Invocation, insert_invocation
from tocsin.store.transaction import Transaction


def make_call(
    tx: Transaction,
    plan: Plan,
    elements: Sequence[str],
    *,
    now: datetime,
    new_id: Callable[[], str],
    cloud_id: str,
) -> None:
    """Adds the invocations of one batch, due at once."""
    batch = Metadata(new_id(), nanos_of(now), cloud_id, plan.folder_id)
    payload = KINDS[plan.kind].payload(elements, batch)
    for action in plan.actions:
        invocation = Invocation(
            id=new_id(),
            parent=f"folders/{plan.folder_id}",
            origin=plan.trigger_id,
            scheduled_at=now,
            action=action_to_json(action),
            target=target_key(action.target),
            payload=payload,
            created_at=now,
        )
        insert_invocation(tx, invocation, due_at=now)
