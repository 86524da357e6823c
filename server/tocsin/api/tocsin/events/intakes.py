"""Serves the methods of `EventService` about intakes of triggers."""

from collections.abc import Iterator

from tocsin.api.changes.listening import SoleQueue, another_reads
from tocsin.compilers.loading import load_plan
from tocsin.plans.plan import Plan
from tocsin.schedule import Clock
from tocsin.schedule.silence import silence_of
from tocsin.sources.kinds.message_queue import MessageQueueSource
from tocsin.sources.kinds.timer import TimerSource
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.events.intakes import StoredIntake, find_intake, page_of_intakes
from tocsin.store.events.sources import SourceState
from tocsin.targets.settings import DeadLetterSettings
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.paging import PageTokens, page_of, page_size
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.tocsin.v1 import event_service_pb2 as contract

TIMER = "timer"


class Intakes:
    """Shows the intakes of triggers: waiting events, lost events, and the state of sources.

    `sole_queue` returns the queue that a rule reads, if it may feed no other trigger.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        pages: PageTokens,
        dead_letters: DeadLetterSettings,
        sole_queue: SoleQueue,
    ) -> None:
        self._database = database
        self._clock = clock
        self._pages = pages
        self._dead_letters = dead_letters
        self._sole_queue = sole_queue

    async def get(
        self, request: contract.EventServiceGetIntakeRequest
    ) -> contract.EventServiceGetIntakeResponse:
        """Returns the intake of a trigger."""

        intake = await self._database.read(lambda tx: self.find(tx, request.trigger_id))
        if intake is None:
            raise errors.trigger_not_found(request.trigger_id)
        return intake

    def find(
        self, tx: Transaction, trigger_id: str
    ) -> contract.EventServiceGetIntakeResponse | None:
        """Returns the intake of a trigger, or None if the trigger does not exist."""
        intake = find_intake(tx, trigger_id)
        return None if intake is None else self._message(tx, intake)

    async def list(
        self, request: contract.EventServiceListIntakesRequest, call: Call
    ) -> contract.EventServiceListIntakesResponse:
        """Lists the intakes of a folder's triggers, except timers."""
        tokens = self._pages.of(call, request, request.folder_id)
        after = tokens.position(request.page_token) or ""
        size = page_size(request.page_size)

        def read(tx: Transaction) -> tuple[list[contract.EventServiceGetIntakeResponse], bool]:
            rows = page_of_intakes(tx, folder_id=request.folder_id, after=after, limit=size + 1)
            messages = (self._message(tx, row) for row in rows)
            return page_of(messages, size, contract.EventServiceGetIntakeResponse.ByteSize)

        page, more = await self._database.read(read)
        response = contract.EventServiceListIntakesResponse(
            intakes=[intake for intake in page if intake.kind != TIMER]
        )
        if more:
            response.next_page_token = tokens.token(page[-1].trigger_id)
        return response

    def _message(
        self, tx: Transaction, intake: StoredIntake
    ) -> contract.EventServiceGetIntakeResponse:
        plan = _plan(intake)
        message = contract.EventServiceGetIntakeResponse(
            trigger_id=intake.trigger_id,
            kind="" if plan is None else plan.kind,
            waiting_events=intake.waiting,
            lost_events=intake.lost,
            warnings=() if plan is None else self._warnings(tx, plan, intake),
        )
        if intake.due_at is not None:
            message.due.CopyFrom(to_timestamp(intake.due_at))
        if intake.last_lost_at is not None:
            message.last_lost.CopyFrom(to_timestamp(intake.last_lost_at))
        if intake.source is not None:
            _fill(message.source, intake.source)
        return message

    def _warnings(self, tx: Transaction, plan: Plan, intake: StoredIntake) -> Iterator[str]:
        match plan.source:
            case TimerSource(cron):
                if (silence := silence_of(cron, self._clock.now())) is not None:
                    yield silence
            case MessageQueueSource(queue_id) if intake.shares_queue:
                reads = self._sole_queue(queue_id, plan.folder_id) is not None
                if reads and another_reads(tx, plan, self._sole_queue):
                    yield (
                        f"another trigger reads queue {queue_id}, too: each message goes to one "
                        "of them"
                    )
        for action in plan.actions:
            queue = action.dead_letter
            if queue is not None and (why := self._dead_letters.refusal(queue.queue_id)):
                yield why


def _plan(intake: StoredIntake) -> Plan | None:
    """Returns the trigger's plan; None if this version can't read the trigger."""
    try:
        return load_plan(intake.contract, intake.message)
    except ValueError:
        return None


def _fill(message: contract.SourceState, state: SourceState) -> None:
    message.connected = state.connected
    message.last_error = state.last_error or ""
    message.refused_events = state.refused
    if state.last_event_at is not None:
        message.last_event.CopyFrom(to_timestamp(state.last_event_at))
    if state.last_error_at is not None:
        message.last_error_time.CopyFrom(to_timestamp(state.last_error_at))
