"""Finds the triggers that a filter means, step by step, so that other calls go on between."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

from tocsin.access.permissions.roles import Permission
from tocsin.compilers.summaries import has_words, may_have, reader_of, words_of
from tocsin.contract.validation import Violation
from tocsin.sources.kinds.catalog import KINDS
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.rows import State
from tocsin.store.triggers.listing import (
    Listed,
    Part,
    Position,
    latest_invocations,
    parts_by_id,
    parts_by_name,
    parts_by_tick,
)
from tocsin.store.triggers.rows import StoredTrigger
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin_protos.tocsin.v1.folder_service_pb2 import TriggerFilter, TriggerRow
from tocsin_protos.tocsin.v1.invocation_pb2 import Invocation

# Rows that are read at once: on SQLite, all other calls wait meanwhile.
STEP = 500
# The most triggers that one call looks at for a page, and those whose invocations it looks at.
LOOKED_AT, LOOKED_INTO = 10_000, 2_000
LONGEST_TEXT = 256
TRIGGER_KINDS = frozenset({"timer", *KINDS})
STATES = {TriggerRow.STATE_ACTIVE: False, TriggerRow.STATE_PAUSED: True}
LAST_STATES = {Invocation.State.Value(f"STATE_{state.name}"): state for state in State}
ORDERS = {"id": parts_by_id, "name": parts_by_name, "next_fire": parts_by_tick}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter; what is empty or None does not narrow."""

    words: Sequence[str] = ()
    kinds: Collection[str] = ()
    paused: bool | None = None
    last_states: Collection[State] = ()

    @property
    def everything(self) -> bool:
        return not (self.words or self.kinds or self.last_states or self.paused is not None)

    def of(self, tx: Transaction, rows: Sequence[StoredTrigger]) -> list[StoredTrigger]:
        """Returns those that are wanted, in their order."""
        if self.everything:
            return list(rows)
        found = [row for row in rows if self._fits(row)]
        if not self.last_states or not found:
            return found
        latest = latest_invocations(tx, [row.id for row in found])
        return [
            row for row in found if row.id in latest and latest[row.id].state in self.last_states
        ]

    def _fits(self, row: StoredTrigger) -> bool:
        if self.words and not may_have(row.message, self.words):
            return False
        if not (self.words or self.kinds or self.paused is not None):
            return True
        try:
            reader = reader_of(row.contract)
            if self.kinds or self.paused is not None:
                kind, paused = reader.standing(row.message)
                if self.kinds and kind not in self.kinds:
                    return False
                if self.paused is not None and paused is not self.paused:
                    return False
            return not self.words or has_words(row.id, reader.summary(row.message), self.words)
        except ValueError:
            # What can't be read is found by its id alone.
            return bool(self.words) and all(word in row.id for word in self.words)


@dataclass(frozen=True, slots=True)
class Found:
    """Triggers that were found, with their positions; the list goes on after `rest`, and ends here
    if that is None."""

    rows: list[tuple[Position, StoredTrigger]]
    rest: Position | None

    @property
    def triggers(self) -> list[StoredTrigger]:
        return [trigger for _, trigger in self.rows]


def wanted_by(sent: TriggerFilter, field: str) -> Wanted:
    """Reads a filter.

    Args:
        sent: the filter.
        field: its path in the request.

    Raises:
        ApiError: the text is too long, or a kind or state is unknown.
    """
    violations = []
    if len(sent.text) > LONGEST_TEXT:
        violations.append(
            Violation(f"{field}.text", f"Length must be at most {LONGEST_TEXT} characters")
        )
    if unknown := sorted(set(sent.kinds) - TRIGGER_KINDS):
        known = ", ".join(sorted(TRIGGER_KINDS))
        violations.append(
            Violation(f"{field}.kinds", f"{unknown[0][:64]!r} is no kind; the kinds are {known}")
        )
    if sent.state and sent.state not in STATES:
        violations.append(Violation(f"{field}.state", "must be STATE_ACTIVE or STATE_PAUSED"))
    if any(state not in LAST_STATES for state in sent.last_states):
        violations.append(
            Violation(
                f"{field}.last_states", f"must be of {', '.join(Invocation.State.keys()[1:])}"
            )
        )
    if violations:
        raise errors.invalid(violations)
    return Wanted(
        words_of(sent.text),
        frozenset(sent.kinds),
        STATES.get(sent.state),
        frozenset(LAST_STATES[state] for state in sent.last_states),
    )


def check_sight(sent: TriggerFilter, call: Call, resource: str) -> None:
    """Checks that a caller may learn what a filter tells of a folder's triggers.

    Raises:
        ApiError: a permission is missing.
    """
    needed = [Permission.TRIGGERS_LIST]
    if sent.last_states:
        needed.append(Permission.INVOCATIONS_LIST)
    for permission in needed:
        if not call.may(permission, resource):
            raise errors.permission_denied(permission, resource)


def parts_in_order(order_by: str) -> Sequence[Part]:
    """Returns the parts of a list in an order (AIP-132).

    Raises:
        ApiError: there is no such order.
    """
    name, *direction = order_by.split() or ["id"]
    if name not in ORDERS or direction not in ([], ["asc"], ["desc"]):
        known = ", ".join(ORDERS)
        raise errors.invalid_field("order_by", f"must be one of {known}, or one of these and desc")
    return ORDERS[name](descending=direction == ["desc"])


async def find_triggers(
    database: Database,
    folder_id: str,
    wanted: Wanted,
    parts: Sequence[Part],
    *,
    after: Position | None,
    limit: int,
    look_at: int | None = None,
) -> Found:
    """Finds up to `limit` triggers after a position, and looks at `look_at` for that.

    Raises:
        StoreUnavailable: the store can't be reached.
    """
    left = look_at or (LOOKED_INTO if wanted.last_states else LOOKED_AT)
    found: list[tuple[Position, StoredTrigger]] = []
    position, number = after, 0 if after is None else after.part
    while number < len(parts):
        # Without a filter, the first rows are usually all that is needed.
        step = min(STEP, limit + 1) if wanted.everything and not found else STEP
        work = partial(
            _step,
            folder_id=folder_id,
            wanted=wanted,
            part=parts[number],
            after=position,
            limit=step,
        )
        rows, fitting = await database.read(work)
        found += fitting
        # On SQLite a read keeps the event loop, so other calls go on between two.
        await asyncio.sleep(0)
        if len(found) > limit:
            return Found(found[:limit], found[limit - 1][0])
        left -= len(rows)
        if len(rows) == step:
            position = rows[-1].position
        else:
            number, position = number + 1, None
        if left <= 0 and number < len(parts):
            return Found(found, position or Position(number))
    return Found(found, None)


def _step(
    tx: Transaction,
    *,
    folder_id: str,
    wanted: Wanted,
    part: Part,
    after: Position | None,
    limit: int,
) -> tuple[list[Listed], list[tuple[Position, StoredTrigger]]]:
    """Returns the rows of one step, and those that are wanted with their positions."""
    if after is not None and after == Position(after.part):
        after = None
    rows = part(tx, folder_id, after, limit)
    of_folder = {row.trigger.id: row.position for row in rows if row.trigger is not None}
    fitting = wanted.of(tx, [row.trigger for row in rows if row.trigger is not None])
    return rows, [(of_folder[row.id], row) for row in fitting]
