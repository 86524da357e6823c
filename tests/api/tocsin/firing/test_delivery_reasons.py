"""Why an invocation is in its state, in words."""

from datetime import UTC, datetime

from tocsin.api.tocsin.firing.delivery_reasons import explained_delivery
from tocsin.api.tocsin.firing.evidence import Evidence
from tocsin.plans.plan import Action, Function, action_to_json
from tocsin.store.invocations.rows import Invocation
from tocsin_protos.tocsin.v1.firing_service_pb2 import Delivery

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_what_is_due_may_lack_a_slot_or_room_for_its_payload() -> None:
    action = action_to_json(Action(Function("d4e1")))
    due = Invocation("i1", "folders/f", "a1s1", NOON, action, NOON, next_at=NOON)
    evidence = Evidence(
        trigger_id="a1s1",
        tick=NOON,
        now=NOON,
        created_at=NOON,
        cron=None,
        cron_now=None,
        unreadable_now="",
        paused_unrecorded=False,
        paused_now=None,
        invocations=[due],
        pause=None,
        misfire=None,
        unreadable=None,
        deleted=None,
        rule_change=None,
        next_pause=None,
        armed=None,
        oldest_kept=None,
    )
    found = explained_delivery(due, evidence, lambda _: 50)
    assert found.reason == Delivery.REASON_DUE
    for word in ("free slot", "room for its payload", "concurrency", "payload_bytes"):
        assert word in found.explanation
