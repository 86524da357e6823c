"""Serves `tocsin.v1.FiringService`, which fires triggers and previews and explains ticks."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Protocol

from google.protobuf import json_format

from tocsin.api.tocsin.firing.evidence import gather
from tocsin.api.tocsin.firing.explaining import explained
from tocsin.api.tocsin.firing.missing import Missing, missed_between
from tocsin.api.tocsin.firing.preview import merged
from tocsin.api.tocsin.firing.timetables import check_preview, read_timetables
from tocsin.api.tocsin.invocations.message import by_hand, to_message
from tocsin.api.tocsin.invocations.steering import find
from tocsin.api.tocsin.overview.view import View
from tocsin.compilers.loading import load_plan
from tocsin.gate.authorising import refuse_other_accounts
from tocsin.plans.plan import Plan, action_to_json, target_key
from tocsin.schedule import Clock, Cron, CronError
from tocsin.schedule.cron import FIRST_YEAR, LAST_YEAR
from tocsin.schedule.day_numbers import timer_lint
from tocsin.sources.kinds.timer import TimerSource
from tocsin.store.driver.database import Database
from tocsin.store.driver.instants import MICROSECOND
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.rows import Invocation, insert_invocation
from tocsin.store.triggers import rows as triggers
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.idempotency import Once
from tocsin.wire.ids import Ids
from tocsin.wire.paging import PageTokens, page_size
from tocsin.wire.serving import Method
from tocsin.wire.timestamps import from_timestamp, instant_in, to_timestamp
from tocsin_protos.tocsin.v1 import firing_service_pb2 as contract

SERVICE = contract.DESCRIPTOR.services_by_name["FiringService"]

LONGEST_EXPRESSION = 100
LONGEST_TIMER_PAYLOAD = 4096
DEFAULT_FIRE_TIMES = 10
LOOKED_BACK = timedelta(days=1)


class TickPayload(Protocol):
    """Returns the body that a timer's target gets for a tick."""

    def __call__(
        self, plan: Plan, source: TimerSource, *, event_id: str, tick: datetime
    ) -> bytes: ...


class FiringService:
    """Serves `FiringService`; `limit_of` returns the most calls of a target at once."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        pages: PageTokens,
        *,
        tick_payload: TickPayload,
        limit_of: Callable[[str], int],
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._pages = pages
        self._tick_payload = tick_payload
        self._limit_of = limit_of

    def methods(self) -> dict[str, Method]:
        return {
            "FireTrigger": self.fire_trigger,
            "NextFireTimes": self.next_fire_times,
            "Preview": self.preview,
            "Explain": self.explain,
            "ListMissed": self.list_missed,
        }

    async def fire_trigger(self, request: contract.FireTriggerRequest, call: Call) -> bytes:
        """Fires a trigger now, whatever its schedule or source."""
        now, scope = self._clock.now(), call.scope(SERVICE.full_name)
        once = Once.of("request_id", request.request_id, request, scope=scope)

        def fire(tx: Transaction) -> bytes:
            if (known := once.answer(tx, now)) is not None:
                return known
            plan = _plan(tx, request.trigger_id)
            refuse_other_accounts(call.usable_accounts, plan)
            ids = self._fire(tx, plan, request, now)
            answer = contract.FireTriggerResponse(
                invocations=[to_message(find(tx, invocation_id)) for invocation_id in ids]
            ).SerializeToString()
            once.remember(tx, answer, now)
            return answer

        return await self._database.write(fire)

    def _fire(
        self, tx: Transaction, plan: Plan, request: contract.FireTriggerRequest, now: datetime
    ) -> list[str]:
        ids = []
        for index, action in enumerate(plan.actions):
            invocation_id = self._ids.new()
            invocation = Invocation(
                id=invocation_id,
                parent=f"folders/{plan.folder_id}",
                origin=plan.trigger_id,
                occurrence=by_hand(plan.trigger_id, invocation_id, index),
                scheduled_at=now,
                action=action_to_json(action),
                target=target_key(action.target),
                payload=self._payload(request, plan, invocation_id, now),
                created_at=now,
                by_hand=True,
            )
            insert_invocation(tx, invocation, due_at=now)
            ids.append(invocation_id)
        return ids

    def _payload(
        self, request: contract.FireTriggerRequest, plan: Plan, event_id: str, now: datetime
    ) -> bytes:
        match request.WhichOneof("override"):
            case "body":
                return request.body
            case "json":
                return json_format.MessageToJson(
                    request.json, indent=None, ensure_ascii=False
                ).encode()
        if not isinstance(plan.source, TimerSource):
            raise errors.invalid_field(
                "override",
                f"a trigger of kind {plan.kind} has no payload of its own: give body or json",
            )
        source = plan.source
        if request.WhichOneof("override") == "payload":
            source = TimerSource(source.cron, _own_payload(request), source.misfire)
        return self._tick_payload(plan, source, event_id=event_id, tick=now)

    async def next_fire_times(
        self, request: contract.NextFireTimesRequest, call: Call
    ) -> contract.NextFireTimesResponse:
        """Returns when a timer, or a cron expression, fires next."""
        count = page_size(request.count, "count") if request.count else DEFAULT_FIRE_TIMES
        tick = instant_in(request, "after") or self._clock.now()
        paused = False
        if request.WhichOneof("timetable") == "cron_expression":
            cron = _expression(request.cron_expression)
        elif request.trigger_id:
            plan = await self._database.read(lambda tx: _plan(tx, request.trigger_id))
            paused = not plan.active
            cron = _cron(plan, "trigger_id")
        else:
            raise errors.invalid_field("timetable", "trigger_id or cron_expression is required")
        await call.send_lint(timer_lint(cron.expression))
        times = [to_timestamp(instant) for instant in islice(_ticks(cron, tick), count)]
        return contract.NextFireTimesResponse(fire_times=times, paused=paused)

    async def preview(
        self, request: contract.PreviewRequest, call: Call
    ) -> contract.PreviewResponse:
        """Lists the ticks of timers between two instants."""
        # A tick at this instant has fired or is about to.
        start = _known_instant(request, "start") or self._clock.now() + MICROSECOND
        end = _known_instant(request, "end") or start
        check_preview(request, start, end)
        tokens = self._pages.of(
            call,
            request,
            request.folder_id,
            *request.trigger_ids,
            *(bound.SerializeToString().hex() for bound in (request.start, request.end)),
            str(request.include_paused),
        )
        size = page_size(request.page_size)
        after = tokens.position_in_time(request.page_token)
        timers = await self._database.read(lambda tx: read_timetables(tx, request))
        response = contract.PreviewResponse(
            truncated=timers.truncated, unreadable_trigger_ids=timers.unreadable
        )
        timetables = [
            timetable
            for timetable in timers.timetables
            if request.include_paused or not timetable.paused
        ]
        for tick in islice(merged(timetables, start, end, after), size + 1):
            if len(response.firings) == size:
                last = response.firings[-1]
                response.next_page_token = tokens.token_in_time(
                    from_timestamp(last.fire_time), last.trigger_id
                )
                break
            response.firings.add(
                fire_time=to_timestamp(tick.instant),
                trigger_id=tick.timetable.trigger_id,
                trigger_name=tick.timetable.name,
                paused=tick.timetable.paused,
            )
        return response

    async def explain(self, request: contract.ExplainRequest) -> contract.ExplainResponse:
        """Explains why a trigger fired, or did not fire, at an instant."""
        now = self._clock.now()
        instant = _known_instant(request, "instant") or now
        evidence = await self._database.read(
            lambda tx: gather(tx, request.trigger_id, instant, now)
        )
        return explained(evidence, self._limit_of)

    async def list_missed(
        self, request: contract.ListMissedRequest, call: Call
    ) -> contract.ListMissedResponse:
        """Lists what should have fired between two instants and did not."""
        now = self._clock.now()
        end = min(_known_instant(request, "end") or now, now)
        start = _known_instant(request, "start") or end - LOOKED_BACK
        if start > end:
            raise errors.invalid_field("start", "must not be after end, or after now")
        limit = page_size(request.limit, "limit")
        asked = Missing(View(request.folder_id, call), start, end, now, limit)
        return await self._database.read(lambda tx: missed_between(tx, asked))


def _known_instant(
    request: contract.PreviewRequest | contract.ExplainRequest | contract.ListMissedRequest,
    field: str,
) -> datetime | None:
    """Returns the instant of a field, or None if it is not set.

    Raises:
        ApiError: the instant is outside the years of cron.
    """
    instant = instant_in(request, field)
    if instant is not None and not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise errors.invalid_field(field, f"must be in the years {FIRST_YEAR} to {LAST_YEAR}")
    return instant


def _plan(tx: Transaction, trigger_id: str) -> Plan:
    stored = triggers.find_trigger(tx, trigger_id)
    if stored is None:
        raise errors.trigger_not_found(trigger_id)
    try:
        return load_plan(stored.contract, stored.message)
    except ValueError as error:
        raise errors.trigger_unreadable(trigger_id, str(error)) from error


def _cron(plan: Plan, field: str) -> Cron:
    if not isinstance(plan.source, TimerSource):
        raise errors.not_a_timer(field, plan.trigger_id, plan.kind)
    return plan.source.cron


def _expression(text: str) -> Cron:
    _check_text("cron_expression", text, LONGEST_EXPRESSION)
    try:
        return Cron(text)
    except CronError as error:
        raise errors.invalid_field("cron_expression", str(error)) from error


def _own_payload(request: contract.FireTriggerRequest) -> str:
    _check_text("payload", request.payload, LONGEST_TIMER_PAYLOAD)
    return request.payload


def _check_text(field: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise errors.invalid_field(field, f"Length must be at most {longest} characters")


def _ticks(cron: Cron, after: datetime) -> Iterator[datetime]:
    while (tick := cron.next(after)) is not None:
        yield tick
        after = tick
