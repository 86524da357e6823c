"""Looks for what fell silent and for what recovered, on one node at a time."""

from datetime import datetime, timedelta

from tocsin.engine.notices.messages import RECOVERED, Told, command_for_recovery, what_failed
from tocsin.engine.notices.noticing import QUIET, Notices
from tocsin.engine.notices.subjects import Subject, is_path, subjects_of
from tocsin.engine.upkeep.duty import Duty
from tocsin.schedule import Clock
from tocsin.schedule.instants import rfc3339
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.notices.causes import (
    Cause,
    CauseKind,
    LateTimer,
    end_cause,
    fired_since,
    late_configs,
    late_schedules,
    late_timers,
    latest_succeeded,
    may_notice,
    missed_since,
    noticed_at,
    ongoing_causes,
)
from tocsin.store.triggers.decisions import DecisionKind
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
            late.key: (late.next_at, now, "no node has fired it yet")
            for late in _late(tx, now - least)
        }
        for decision in missed_since(tx, now - QUIET, limit=MOST):
            unreadable = decision.kind is DecisionKind.UNREADABLE
            what = "schedule" if is_path(decision.trigger_id) else "trigger"
            why = f"the stored {what} can't be read" if unreadable else "it was found only then"
            overdue.setdefault(decision.trigger_id, (decision.first_at, decision.decided_at, why))
        subjects = subjects_of(tx, sorted(overdue), self._notices.settings)
        for key, subject in sorted(subjects.items()):
            due, found, why = overdue[key]
            for name, receiver in subject.receivers.items():
                grace = timedelta(seconds=receiver.silence)
                if Occasion.SILENCE in receiver.on and found - due > grace:
                    last = noticed_at(tx, key, CauseKind.SILENCE, name)
                    if last is None or not due <= last <= now:
                        # Else it was told of this silence, which may be over meanwhile.
                        self._notices.tell_silence(tx, subject, name, due, found, why, now)

    def _tell_recovery(self, tx: Transaction, now: datetime) -> None:
        """Tells that causes are over, and forgets those of which nobody is to be told."""
        causes = ongoing_causes(tx, limit=MOST)
        keys = sorted({cause.trigger_id for cause in causes})
        subjects = subjects_of(tx, keys, self._notices.settings)
        for cause in causes:
            subject = subjects.get(cause.trigger_id)
            receiver = None if subject is None else subject.receivers.get(cause.receiver)
            if subject is None or receiver is None:
                end_cause(tx, cause)
            elif _is_over(tx, cause):
                self._end(tx, subject, receiver, cause, now)

    def _end(
        self,
        tx: Transaction,
        subject: Subject,
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
            text = f"Its latest {what_failed(subject)} succeeded." if failed else "It fires again."
            self._notices.tell(
                tx,
                Told(
                    RECOVERED,
                    subject,
                    text,
                    command_for_recovery(subject),
                    {"from": cause.kind.value, "noticedAt": rfc3339(cause.noticed_at)},
                ),
                cause.receiver,
                now,
            )
        end_cause(tx, cause)


def _late(tx: Transaction, before: datetime) -> list[LateTimer]:
    """Returns all that should have fired before an instant and has not."""
    return [
        *late_timers(tx, before, limit=MOST),
        *late_schedules(tx, before, limit=MOST),
        *late_configs(tx, before, limit=MOST),
    ]


def _is_over(tx: Transaction, cause: Cause) -> bool:
    if cause.kind is CauseKind.FAILURE:
        return latest_succeeded(tx, cause.trigger_id)
    return fired_since(tx, cause.trigger_id, cause.noticed_at)
