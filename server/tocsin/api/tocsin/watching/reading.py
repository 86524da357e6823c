"""Reads changed rows, and makes the messages of them that streams send."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from tocsin.access.permissions.resources import folder
from tocsin.api.tocsin.invocations.message import to_message
from tocsin.api.tocsin.invocations.names import origin_names
from tocsin.api.tocsin.watching.recent import Item
from tocsin.compilers.loading import load_plan
from tocsin.gate.resources import resource_of_invocation
from tocsin.store.driver.changes import Watched
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.listing import find_summaries
from tocsin.store.invocations.rows import Invocation
from tocsin.store.triggers.folders import folder_of_trigger
from tocsin.store.triggers.watched import TriggerNow, triggers_now
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.tocsin.v1.event_service_pb2 import EventServiceGetIntakeResponse
from tocsin_protos.tocsin.v1.watch_service_pb2 import WatchedTrigger

# Returns the intake of a trigger, or None if the trigger does not exist.
IntakeOf = Callable[[Transaction, str], EventServiceGetIntakeResponse | None]


class RowReading:
    """Reads changed rows; one that no longer exists is left out, unless it is a trigger."""

    def __init__(self, intake_of: IntakeOf) -> None:
        self._intake_of = intake_of

    def items(self, tx: Transaction, changed: Sequence[tuple[Watched, str]]) -> list[Item]:
        ids: defaultdict[Watched, list[str]] = defaultdict(list)
        for kind, row_id in changed:
            ids[kind].append(row_id)
        return [
            *_of_invocations(tx, ids[Watched.INVOCATIONS]),
            *_of_triggers(tx, ids[Watched.TRIGGERS]),
            *self._of_intakes(tx, ids[Watched.INTAKES]),
        ]

    def _of_intakes(self, tx: Transaction, ids: Sequence[str]) -> Iterator[Item]:
        for trigger in triggers_now(tx, ids):
            message = self._intake_of(tx, trigger.id)
            if message is not None:
                its_folder = folder(trigger.folder_id)
                yield Item(
                    Watched.INTAKES,
                    trigger.id,
                    its_folder,
                    trigger.id,
                    its_folder,
                    message,
                    message.ByteSize(),
                )


def _of_invocations(tx: Transaction, ids: Sequence[str]) -> Iterator[Item]:
    found = find_summaries(tx, ids)
    # One look for all of them.
    names = origin_names(tx, [row.origin for row in found])
    return (_of_invocation(row, names.get(row.origin, "")) for row in found)


def _of_invocation(row: Invocation, origin_name: str) -> Item:
    message = to_message(row)
    message.origin_name = origin_name
    return Item(
        Watched.INVOCATIONS,
        row.id,
        row.parent,
        row.origin,
        resource_of_invocation(row.parent, row.origin),
        message,
        message.ByteSize(),
        row.state if row.state.final else None,
    )


def _of_triggers(tx: Transaction, ids: Sequence[str]) -> Iterator[Item]:
    found = {trigger.id: trigger for trigger in triggers_now(tx, ids)}
    for trigger_id in ids:
        trigger = found.get(trigger_id)
        if trigger is not None:
            yield _item_of_trigger(_message_of(trigger))
        elif (folder_id := folder_of_trigger(tx, trigger_id)) is not None:
            yield _item_of_trigger(
                WatchedTrigger(trigger_id=trigger_id, folder_id=folder_id, deleted=True)
            )


def _message_of(trigger: TriggerNow) -> WatchedTrigger:
    message = WatchedTrigger(trigger_id=trigger.id, folder_id=trigger.folder_id, name=trigger.name)
    try:
        plan = load_plan(trigger.contract, trigger.message)
    except ValueError:  # of a later version; `kind` stays empty
        pass
    else:
        message.kind, message.paused = plan.kind, not plan.active
    if trigger.next_at is not None:
        message.next_fire_at.CopyFrom(to_timestamp(trigger.next_at))
    return message


def _item_of_trigger(message: WatchedTrigger) -> Item:
    its_folder = folder(message.folder_id)
    return Item(
        Watched.TRIGGERS,
        message.trigger_id,
        its_folder,
        message.trigger_id,
        its_folder,
        message,
        message.ByteSize(),
    )
