"""Writes what events need to find a trigger, when it is created, changed or deleted."""

from collections.abc import Callable
from typing import TypeAlias

from tocsin.plans.plan import Plan
from tocsin.sources.kinds.catalog import keys_of_plan, short_key
from tocsin.sources.kinds.message_queue import MessageQueueSource
from tocsin.sources.reader import wake_readers
from tocsin.store.driver.transaction import Transaction, UniqueViolation
from tocsin.store.events import accepted as events
from tocsin.store.events import held_messages, sources, subscriptions
from tocsin.wire import errors

# Returns the queue that an id leads to in the rule of a trigger in a folder; None if the trigger
# reads no queue of its own: several may read it, or the queue is not bound to the folder.
SoleQueue: TypeAlias = Callable[[str, str], str | None]


def each_id_one_queue(queue_id: str, _folder_id: str) -> str:
    """Returns the id, as if it could lead to no other queue, and every folder could read it."""
    return queue_id


def listen(tx: Transaction, plan: Plan, sole_queue: SoleQueue) -> None:
    """Lets events find a new trigger.

    Raises:
        ApiError: its queue feeds another trigger.
    """
    if keys := keys_of_plan(plan):
        _subscribe(tx, plan, keys, sole_queue)
    wake_readers(tx, plan.kind)


def listen_elsewhere(tx: Transaction, before: Plan, after: Plan, sole_queue: SoleQueue) -> None:
    """Lets events find a changed trigger, whose kind stays the same.

    Raises:
        ApiError: its new queue feeds another trigger.
    """
    if keys_of_plan(before) != (keys := keys_of_plan(after)):
        _subscribe(tx, after, keys, sole_queue)
    wake_readers(tx, after.kind)


def stop_listening(tx: Transaction, trigger_id: str, kind: str) -> None:
    """Removes a deleted trigger's source and waiting events."""
    subscriptions.unsubscribe(tx, trigger_id)
    events.drop_events(tx, trigger_id)
    events.forget_lost(tx, trigger_id)
    sources.forget_source(tx, trigger_id)
    held_messages.release_all(tx, trigger_id)
    wake_readers(tx, kind)


def another_reads(tx: Transaction, plan: Plan, sole_queue: SoleQueue) -> bool:
    """Returns whether another trigger reads the queue that a trigger names, by the same id."""
    return isinstance(plan.source, MessageQueueSource) and any(
        sole_queue(plan.source.queue_id, folder_id) is not None
        for key in keys_of_plan(plan)
        for folder_id in subscriptions.folders_of_others(
            tx, plan.trigger_id, kind=plan.kind, key=key
        )
    )


def _subscribe(tx: Transaction, plan: Plan, keys: tuple[str, ...], sole_queue: SoleQueue) -> None:
    if not isinstance(plan.source, MessageQueueSource):
        subscriptions.subscribe(tx, trigger_id=plan.trigger_id, kind=plan.kind, keys=keys)
        return
    queue_id = plan.source.queue_id
    queue = sole_queue(queue_id, plan.folder_id)
    if queue is not None and another_reads(tx, plan, sole_queue):
        raise errors.queue_taken(queue_id)
    try:
        subscriptions.subscribe(
            tx,
            trigger_id=plan.trigger_id,
            kind=plan.kind,
            keys=keys,
            sole=None if queue is None else short_key(queue),
        )
    except UniqueViolation:
        raise errors.queue_taken(queue_id) from None
