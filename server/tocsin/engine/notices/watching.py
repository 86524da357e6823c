"""Looks for timers that fell silent and for triggers that recovered, on one node at a time."""

from datetime import datetime, timedelta

from tocsin.engine.notices.messages import RECOVERED, SILENT, Told
from tocsin.engine.notices.noticing import QUIET, Addressee, Notices
from tocsin.engine.upkeep.duty import Duty
from tocsin.schedule import Clock
from tocsin.schedule.instants import rfc3339
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.notices.causes import (
    Cause,
    CauseKind,
    end_cause,
    fired_since,
    late_timers,
    latest_succeeded,
    may_notice,
    missed_since,
    noticed_at,
    ongoing_causes,
)
from tocsin.store.triggers.decisions import DecisionKind
from tocsin.store.triggers.listing import placed_triggers
from tocsin.targets.receivers import Occasion, Receiver

EVERY_SECONDS = 5.0
# Of each kind, so many rows are read in one look.
MOST = 1000


class NoticeWatch:
    """Tells of silence and of recovery; failures are told of as they are written.

    `clock` is that by which triggers fire, `machine_clock` times the pauses.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        notices: Notices,
        duty: Duty,
        *,
        machine_clock: Clock,
    ) -> None:
        self._database = database
        self._clock = clock
        self._notices = notices
        self._duty = duty
        self._machine_clock = machine_clock

    async def run_once(self) -> None:
        """Looks once, then waits some seconds."""
        if await self._duty.held():
            now = self._clock.now()
            await self._database.write(lambda tx: self._look(tx, now))
        await self._machine_clock.sleep(EVERY_SECONDS)

    def _look(self, tx: Transaction, now: datetime) -> None:
        self._tell_silence(tx, now)
        self._tell_recovery(tx, now)

    def _tell_silence(self, tx: Transaction, now: datetime) -> None:
        """Tells of ticks that are overdue, and of those that were found too late."""
        receivers = self._notices.settings.receivers.values()
        least = timedelta(seconds=min(receiver.silence for receiver in receivers))
        overdue = {
            timer.trigger_id: (timer.next_at, now, "no node has fired it yet")
            for timer in late_timers(tx, now - least, limit=MOST)
        }
        for decision in missed_since(tx, now - QUIET, limit=MOST):
            unreadable = decision.kind is DecisionKind.UNREADABLE
            why = "the stored trigger can't be read" if unreadable else "it was found only then"
            overdue.setdefault(decision.trigger_id, (decision.first_at, decision.decided_at, why))
        placed = placed_triggers(tx, sorted(overdue))
        for trigger_id in sorted(placed):
            addressee = self._notices.addressee(placed[trigger_id])
            due, found, why = overdue[trigger_id]
            for name, receiver in addressee.receivers.items():
                grace = timedelta(seconds=receiver.silence)
                if Occasion.SILENCE in receiver.on and found - due > grace:
                    self._tell_of(tx, addressee, name, due, found, why, now)

    def _tell_of(
        self,
        tx: Transaction,
        addressee: Addressee,
        name: str,
        due: datetime,
        found: datetime,
        why: str,
        now: datetime,
    ) -> None:
        last = noticed_at(tx, addressee.trigger_id, CauseKind.SILENCE, name)
        if last is not None and due <= last <= now:
            # It was told of this silence, which may be over meanwhile.
            return
        cause = Cause(addressee.trigger_id, CauseKind.SILENCE, name, now)
        if not may_notice(tx, cause, before=now - QUIET):
            return
        text = f"The tick of {rfc3339(due)} had not fired at {rfc3339(found)}: {why}."
        self._notices.tell(
            tx,
            Told(
                SILENT,
                addressee.trigger_id,
                addressee.name,
                addressee.folder_id,
                text,
                f"tocsin triggers explain {addressee.trigger_id} {rfc3339(due)}",
                {"tick": rfc3339(due), "overdueSeconds": int((found - due).total_seconds())},
            ),
            name,
            now,
        )

    def _tell_recovery(self, tx: Transaction, now: datetime) -> None:
        """Tells that causes are over, and forgets those of which nobody is to be told."""
        causes = ongoing_causes(tx, limit=MOST)
        placed = placed_triggers(tx, sorted({cause.trigger_id for cause in causes}))
        for cause in causes:
            found = placed.get(cause.trigger_id)
            addressee = None if found is None else self._notices.addressee(found)
            receiver = None if addressee is None else addressee.receivers.get(cause.receiver)
            if addressee is None or receiver is None:
                end_cause(tx, cause)
            elif _is_over(tx, cause):
                self._end(tx, addressee, receiver, cause, now)

    def _end(
        self,
        tx: Transaction,
        addressee: Addressee,
        receiver: Receiver,
        cause: Cause,
        now: datetime,
    ) -> None:
        if Occasion.RECOVERY in receiver.on:
            told = Cause(cause.trigger_id, CauseKind.RECOVERY, cause.receiver, now, ongoing=False)
            if not may_notice(tx, told, before=now - QUIET):
                # It stays, and is told of when the hour is over, if it still holds.
                return
            failed = cause.kind is CauseKind.FAILURE
            text = "Its latest delivery succeeded." if failed else "It fires again."
            self._notices.tell(
                tx,
                Told(
                    RECOVERED,
                    addressee.trigger_id,
                    addressee.name,
                    addressee.folder_id,
                    text,
                    f"tocsin invocations list --trigger {addressee.trigger_id}",
                    {"from": cause.kind.value, "noticedAt": rfc3339(cause.noticed_at)},
                ),
                cause.receiver,
                now,
            )
        end_cause(tx, cause)


def _is_over(tx: Transaction, cause: Cause) -> bool:
    if cause.kind is CauseKind.FAILURE:
        return latest_succeeded(tx, cause.trigger_id)
    return fired_since(tx, cause.trigger_id, cause.noticed_at)
