"""Serves `yandex.cloud.serverless.triggers.v1.TriggerService`."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import TypeAlias

import structlog

from tocsin.api.changes.listening import SoleQueue, each_id_one_queue
from tocsin.api.changes.operations import Change, Making, Mutations
from tocsin.api.changes.triggers import TriggerChanges
from tocsin.api.yandex.triggers.filters import name_filter
from tocsin.api.yandex.triggers.masks import update_paths
from tocsin.api.yandex.triggers.message import (
    complete,
    is_name,
    plan_of_updated,
    refuse_other_kind,
    updated,
    violations_of_new,
    violations_of_new_paused,
    violations_of_update,
)
from tocsin.compilers.triggers_v1 import CONTRACT, compile_trigger
from tocsin.gate.authorising import refuse_other_accounts
from tocsin.plans.errors import PlanError
from tocsin.plans.plan import Plan
from tocsin.schedule import Clock
from tocsin.schedule.day_numbers import timer_lint
from tocsin.schedule.silence import silence_of
from tocsin.sources.kinds.timer import TimerSource
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.triggers import operations
from tocsin.store.triggers import rows as triggers
from tocsin.store.triggers.rows import StoredTrigger
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.ids import Ids
from tocsin.wire.paging import PageTokens, page_of, page_size
from tocsin.wire.serving import Checked, SelfChecked, Served
from tocsin.wire.timestamps import from_timestamp, to_timestamp
from tocsin_protos.tocsin.v1 import trigger_setup_service_pb2 as setup
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

log = structlog.get_logger(__name__)

SERVICE = contract.DESCRIPTOR.services_by_name["TriggerService"]
SETUP_SERVICE = setup.DESCRIPTOR.services_by_name["TriggerSetupService"]

# Runs what makes a trigger, once per idempotency key, and returns the operation.
Make: TypeAlias = Callable[[Making], Awaitable[bytes]]


class TriggerService:
    """Serves `TriggerService`, and `tocsin.v1.TriggerSetupService`.

    `most_in_folder` limits the triggers of a folder, None does not. `sole_queue` returns the queue
    that a rule reads, if it may feed no other trigger.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        pages: PageTokens,
        most_in_folder: int | None = None,
        sole_queue: SoleQueue = each_id_one_queue,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._pages = pages
        self._mutations = Mutations(SERVICE, CONTRACT, database, clock, ids)
        self._setups = Mutations(SETUP_SERVICE, CONTRACT, database, clock, ids)
        self._changes = TriggerChanges(ids, most_in_folder, sole_queue)

    def methods(self) -> dict[str, Served]:
        return {
            "Get": self.get,
            "List": self.list,
            "Create": Checked(self.create, violations_of_new),
            "Update": SelfChecked(self.update, violations_of_update),
            "Delete": self.delete,
            "Pause": self.pause,
            "Resume": self.resume,
            "ListOperations": self.list_operations,
        }

    def changes(self) -> dict[str, Callable[[str, Call], Awaitable[bytes]]]:
        """Returns the methods that change a trigger by its id alone, by their names."""
        return {
            "Delete": lambda each, call: self.delete(
                contract.DeleteTriggerRequest(trigger_id=each), call
            ),
            "Pause": lambda each, call: self.pause(
                contract.PauseTriggerRequest(trigger_id=each), call
            ),
            "Resume": lambda each, call: self.resume(
                contract.ResumeTriggerRequest(trigger_id=each), call
            ),
        }

    def methods_of_setup(self) -> dict[str, Served]:
        return {
            "CreatePaused": Checked(self.create_paused, violations_of_new_paused),
        }

    async def get(self, request: contract.GetTriggerRequest) -> bytes:
        """Returns a trigger."""
        message = await self._database.read(
            lambda tx: triggers.find_message(tx, request.trigger_id, CONTRACT)
        )
        if message is None:
            raise errors.trigger_not_found(request.trigger_id)
        return message

    async def list(
        self, request: contract.ListTriggersRequest, call: Call
    ) -> contract.ListTriggersResponse:
        """Lists the triggers of a folder."""
        tokens = self._pages.of(call, request, request.folder_id, request.filter)
        after = tokens.position(request.page_token) or ""
        names = name_filter(request.filter, is_name)
        size = page_size(request.page_size)
        rows = await self._database.read(
            lambda tx: triggers.page_of_triggers(
                tx, folder_id=request.folder_id, names=names, after=after, limit=size + 1
            )
        )
        page, more = page_of(rows, size, lambda row: len(row.message))
        response = contract.ListTriggersResponse()
        for row in page:
            if row.contract == CONTRACT:
                response.triggers.add().MergeFromString(row.message)
        if more:
            response.next_page_token = tokens.token(page[-1].id)
        return response

    async def create(self, request: contract.CreateTriggerRequest, call: Call) -> bytes:
        """Creates a trigger and arms it."""
        make = partial(self._mutations.make, "Create", request, call)
        return await self._create(request, Trigger.ACTIVE, make, call)

    async def create_paused(self, request: setup.CreatePausedRequest, call: Call) -> bytes:
        """Creates a trigger that is paused, in one transaction."""
        make = partial(self._setups.make, "CreatePaused", request, call)
        return await self._create(request.trigger, Trigger.PAUSED, make, call)

    async def _create(
        self, request: contract.CreateTriggerRequest, status: Trigger.Status, make: Make, call: Call
    ) -> bytes:
        trigger = Trigger(
            id=self._ids.new(),
            folder_id=request.folder_id,
            name=request.name,
            description=request.description,
            labels=request.labels,
            rule=request.rule,
            status=status,
        )
        complete(trigger, before=None)
        plan = compile_trigger(trigger)
        silent: Plan | None = None

        def insert(tx: Transaction, now: datetime) -> Change:
            nonlocal silent
            trigger.created_at.CopyFrom(to_timestamp(now))
            stored = _stored(trigger)
            tick = self._changes.create(tx, stored, plan, now)
            silent = plan if tick is None and plan.active else None
            return Change(trigger.id, trigger.folder_id, stored.message)

        operation = await make(insert)
        self._log_silence(silent)
        await call.send_lint(timer_lint(request.rule.timer.cron_expression))
        return operation

    async def update(self, request: contract.UpdateTriggerRequest, call: Call) -> bytes:
        """Changes the fields of a trigger that the mask names."""
        paths = update_paths(request)
        written: Plan | None = None

        def replace(tx: Transaction, locked: StoredTrigger, now: datetime) -> Change:
            nonlocal written
            before = Trigger.FromString(locked.message)
            plan_before = compile_trigger(before)
            refuse_other_accounts(call.usable_accounts, plan_before)
            after = updated(before, request, paths)
            plan = plan_of_updated(after, paths)
            refuse_other_kind(plan_before, plan)
            stored = _stored(after)
            self._changes.update(tx, stored, plan_before, plan, now)
            written = None if plan.source == plan_before.source else plan
            return Change(after.id, after.folder_id, stored.message)

        operation = await self._mutations.change(
            "Update", request, call, request.trigger_id, replace
        )
        self._log_silence(written)
        if written is not None and isinstance(written.source, TimerSource):
            await call.send_lint(timer_lint(written.source.cron.expression))
        return operation

    async def delete(self, request: contract.DeleteTriggerRequest, call: Call) -> bytes:
        """Deletes a trigger with its waiting events."""

        def remove(tx: Transaction, locked: StoredTrigger, now: datetime) -> Change:
            trigger = Trigger.FromString(locked.message)
            try:
                plan = compile_trigger(trigger)
            except PlanError:
                plan = None
            created_at = from_timestamp(trigger.created_at)
            self._changes.delete(tx, trigger.id, _kind(trigger), plan, created_at, now)
            return Change(trigger.id, trigger.folder_id, b"")

        return await self._mutations.change("Delete", request, call, request.trigger_id, remove)

    async def pause(self, request: contract.PauseTriggerRequest, call: Call) -> bytes:
        """Stops a trigger from firing until it is resumed."""

        def stop(tx: Transaction, locked: StoredTrigger, now: datetime) -> Change:
            trigger = Trigger.FromString(locked.message)
            if trigger.status == Trigger.PAUSED:
                return Change(trigger.id, trigger.folder_id, trigger.SerializeToString())
            trigger.status = Trigger.PAUSED
            stored = _stored(trigger)
            self._changes.pause(tx, stored, _kind(trigger), now)
            return Change(trigger.id, trigger.folder_id, stored.message)

        return await self._mutations.change("Pause", request, call, request.trigger_id, stop)

    async def resume(self, request: contract.ResumeTriggerRequest, call: Call) -> bytes:
        """Lets a paused trigger fire again."""

        def start(tx: Transaction, locked: StoredTrigger, now: datetime) -> Change:
            trigger = Trigger.FromString(locked.message)
            if trigger.status == Trigger.ACTIVE:
                return Change(trigger.id, trigger.folder_id, trigger.SerializeToString())
            trigger.status = Trigger.ACTIVE
            stored = _stored(trigger)
            self._changes.resume(tx, stored, compile_trigger(trigger), now)
            return Change(trigger.id, trigger.folder_id, stored.message)

        return await self._mutations.change("Resume", request, call, request.trigger_id, start)

    async def list_operations(
        self, request: contract.ListTriggerOperationsRequest, call: Call
    ) -> contract.ListTriggerOperationsResponse:
        """Lists the operations of a trigger, the newest first."""
        if request.filter:
            raise errors.invalid_field(
                "filter", "must be empty: operations have no field to filter by"
            )
        trigger_id, size = request.trigger_id, page_size(request.page_size)
        tokens = self._pages.of(call, request, trigger_id)
        before = tokens.position(request.page_token) or operations.NEWEST

        def read(tx: Transaction) -> list[tuple[str, bytes]]:
            rows = operations.page_of_operations(
                tx, trigger_id=trigger_id, before=before, limit=size + 1
            )
            if not rows and triggers.find_trigger(tx, trigger_id) is None:
                raise errors.trigger_not_found(trigger_id)
            return rows

        rows = await self._database.read(read)
        page, more = page_of(rows, size, lambda row: len(row[1]))
        response = contract.ListTriggerOperationsResponse()
        for _id, message in page:
            response.operations.add().MergeFromString(message)
        if more:
            response.next_page_token = tokens.token(page[-1][0])
        return response

    def _log_silence(self, written: Plan | None) -> None:
        """Logs if a timer that was just written never fires; None means none was written."""
        if written is None or not isinstance(written.source, TimerSource):
            return
        if (silence := silence_of(written.source.cron, self._clock.now())) is not None:
            log.warning(
                "stored a timer that never fires", trigger_id=written.trigger_id, why=silence
            )


def _kind(trigger: Trigger) -> str:
    return trigger.rule.WhichOneof("rule") or ""


def _stored(trigger: Trigger) -> StoredTrigger:
    return StoredTrigger(trigger.id, trigger.name, CONTRACT, trigger.SerializeToString())
