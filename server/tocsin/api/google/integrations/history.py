"""Records which schedules of an integration were published, so that they can later be explained."""

import json
from datetime import datetime

from tocsin.compilers.integration_schedules import decided_key, expressions_of
from tocsin.store.driver.transaction import Transaction
from tocsin.store.integrations.schedules import armed_schedules
from tocsin.store.integrations.versions import StoredVersion
from tocsin.store.triggers.decisions import Decision, DecisionKind, record_decision
from tocsin.wire.ids import Ids
from tocsin_protos.google.cloud.integrations.v1alpha.integration_version_pb2 import (
    IntegrationVersion,
)


class PublishingHistory:
    """Writes decisions in the transaction of a change, before schedules are disarmed.

    If the change withdraws a tick that is due but has not fired, `overdue` records the tick.
    """

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    def changed(
        self,
        tx: Transaction,
        origin: str,
        before: StoredVersion | None,
        after: IntegrationVersion | None,
        now: datetime,
    ) -> None:
        """Records what changes when a version takes the place of another; None: none is there."""
        old = (
            {} if before is None else expressions_of(IntegrationVersion.FromString(before.message))
        )
        new = {} if after is None else expressions_of(after)
        armed = {} if before is None else armed_schedules(tx, before.summary.id)
        for trigger_id in sorted(old.keys() | new.keys()):
            cron_before, zone_before = old.get(trigger_id, ("", ""))
            cron_after, zone_after = new.get(trigger_id, ("", ""))
            detail = {
                "before": cron_before,
                "zone_before": zone_before,
                "after": cron_after,
                "zone_after": zone_after,
            }
            tick = armed.get(trigger_id)
            if tick is not None and tick <= now:
                detail["overdue"] = tick.isoformat()
            record_decision(
                tx,
                Decision(
                    id=self._ids.new(),
                    trigger_id=decided_key(origin, trigger_id),
                    kind=DecisionKind.RULE,
                    first_at=now,
                    last_at=now,
                    decided_at=now,
                    detail=json.dumps(detail),
                ),
            )
