"""What a trigger's source needs in the store, as the trigger comes, changes and goes."""

from tocsin.plans.plan import Plan
from tocsin.sources.kinds.catalog import keys_of_plan
from tocsin.sources.reader import wake_readers
from tocsin.store.driver.transaction import Transaction
from tocsin.store.events import accepted as events
from tocsin.store.events import held_messages, sources, subscriptions


def listen(tx: Transaction, plan: Plan) -> None:
    """Makes events find a trigger that is new."""
    if keys := keys_of_plan(plan):
        subscriptions.subscribe(tx, trigger_id=plan.trigger_id, kind=plan.kind, keys=keys)
    wake_readers(tx, plan.kind)


def listen_elsewhere(tx: Transaction, before: Plan, after: Plan) -> None:
    """Makes events find a trigger by what it listens to now; its kind is the same."""
    if keys_of_plan(before) != (keys := keys_of_plan(after)):
        subscriptions.subscribe(tx, trigger_id=after.trigger_id, kind=after.kind, keys=keys)
    wake_readers(tx, after.kind)


def stop_listening(tx: Transaction, trigger_id: str, kind: str) -> None:
    """Forgets a trigger's source, and the events that wait for it: it is deleted."""
    subscriptions.unsubscribe(tx, trigger_id)
    events.drop_events(tx, trigger_id)
    events.forget_lost(tx, trigger_id)
    sources.forget_source(tx, trigger_id)
    held_messages.release_all(tx, trigger_id)
    wake_readers(tx, kind)
