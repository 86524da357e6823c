"""Writes what events need to find a trigger, when it is created, changed or deleted."""

from tocsin.plans.plan import Plan
from tocsin.sources.kinds.catalog import keys_of_plan
from tocsin.sources.reader import wake_readers
from tocsin.store.driver.transaction import Transaction
from tocsin.store.events import accepted as events
from tocsin.store.events import held_messages, sources, subscriptions


def listen(tx: Transaction, plan: Plan) -> None:
    """Lets events find a new trigger."""
    if keys := keys_of_plan(plan):
        subscriptions.subscribe(tx, trigger_id=plan.trigger_id, kind=plan.kind, keys=keys)
    wake_readers(tx, plan.kind)


def listen_elsewhere(tx: Transaction, before: Plan, after: Plan) -> None:
    """Lets events find a changed trigger, whose kind stays the same."""
    if keys_of_plan(before) != (keys := keys_of_plan(after)):
        subscriptions.subscribe(tx, trigger_id=after.trigger_id, kind=after.kind, keys=keys)
    wake_readers(tx, after.kind)


def stop_listening(tx: Transaction, trigger_id: str, kind: str) -> None:
    """Removes a deleted trigger's source and waiting events."""
    subscriptions.unsubscribe(tx, trigger_id)
    events.drop_events(tx, trigger_id)
    events.forget_lost(tx, trigger_id)
    sources.forget_source(tx, trigger_id)
    held_messages.release_all(tx, trigger_id)
    wake_readers(tx, kind)
