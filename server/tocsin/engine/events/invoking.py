"""Makes the invocations of a batch of events, one for each action of the trigger."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.plans.plan import Plan, action_to_json, target_key
from tocsin.sources.instants import nanos_of
from tocsin.sources.kinds.catalog import KINDS
from tocsin.sources.kinds.definition import Metadata
from tocsin.store.invocations.rows import Invocation


@dataclass(frozen=True, slots=True)
class Calls:
    """Makes invocations; `cloud_id` goes into the metadata of batches."""

    new_id: Callable[[], str]
    cloud_id: str

    def of(self, plan: Plan, elements: Sequence[str], now: datetime) -> list[Invocation]:
        """Returns the invocations of one batch."""
        batch = Metadata(self.new_id(), nanos_of(now), self.cloud_id, plan.folder_id)
        payload = KINDS[plan.kind].payload(elements, batch)
        return [
            Invocation(
                id=self.new_id(),
                parent=f"folders/{plan.folder_id}",
                origin=plan.trigger_id,
                scheduled_at=now,
                action=action_to_json(action),
                target=target_key(action.target),
                payload=payload,
                created_at=now,
            )
            for action in plan.actions
        ]
