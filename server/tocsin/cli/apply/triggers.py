"""Makes the steps for triggers."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import grpc

from tocsin.api.yandex.triggers.message import complete, violations_of_document
from tocsin.cli.apply.existing import Problems, blaming
from tocsin.cli.apply.steps import OperationFailed, Step, diff
from tocsin.cli.connection import Connection, pages
from tocsin.cli.terminal.lines import note
from tocsin.documents.changes import ApplySet, Change, Changes, Move, WantedTrigger, changes_of
from tocsin.documents.triggers import yaml_of
from tocsin.schedule import SystemClock
from tocsin.schedule.day_numbers import timer_lint
from tocsin_protos.tocsin.v1.trigger_setup_service_pb2 import CreatePausedRequest
from tocsin_protos.yandex.cloud.operation.operation_pb2 import Operation
from tocsin_protos.yandex.cloud.operation.operation_service_pb2 import GetOperationRequest
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

POLL_SECONDS = 0.2
# Deleted ones give their names and queues to others.
ORDERS = {Move.DELETE: 10, Move.UPDATE: 11, Move.CREATE: 12, Move.KEEP: 12}

check = violations_of_document


def planned(
    api: Connection,
    wanted: Sequence[WantedTrigger],
    folders: Sequence[str],
    apply_set: ApplySet | None,
    *,
    prune: bool,
) -> Changes:
    """Compares the triggers of documents with those of folders."""
    existing: dict[str, list[Trigger]] = {}
    refused: Problems = []
    for folder in folders:
        documents = [each.document for each in wanted if each.trigger.folder_id == folder]
        with blaming(documents, "folder_id", refused):
            existing[folder] = list(_listed(api, folder))
    if refused:
        return Changes(problems=refused)
    return changes_of(wanted, existing, complete=complete, apply_set=apply_set, prune=prune)


def steps_of(api: Connection, changes: Sequence[Change], *, wait: bool) -> list[Step]:
    """Returns a step for each change."""
    return [_step(api, change, wait=wait) for change in changes]


def create(api: Connection, trigger: Trigger) -> Operation:
    """Creates a trigger, paused if its status says so."""
    request = contract.CreateTriggerRequest(
        folder_id=trigger.folder_id,
        name=trigger.name,
        description=trigger.description,
        labels=trigger.labels,
        rule=trigger.rule,
    )
    if request.rule.HasField("mail"):
        request.rule.mail.ClearField("email")
    if trigger.status == Trigger.PAUSED:
        operation: Operation = api.setups.CreatePaused(CreatePausedRequest(trigger=request))
    else:
        operation = api.triggers.Create(request)
    return operation


def calls_of(api: Connection, change: Change) -> Iterator[Callable[[], Operation]]:
    """Yields the calls that make a change, in their order.

    A trigger is paused before it is changed, and resumed after.
    """
    trigger_id = change.trigger.id
    if change.move is Move.CREATE:
        yield partial(create, api, change.trigger)
    if change.move is Move.DELETE:
        yield partial(api.triggers.Delete, contract.DeleteTriggerRequest(trigger_id=trigger_id))
    if change.pauses:
        yield partial(api.triggers.Pause, contract.PauseTriggerRequest(trigger_id=trigger_id))
    if change.paths:
        yield partial(api.triggers.Update, change.update_request())
    if change.resumes:
        yield partial(api.triggers.Resume, contract.ResumeTriggerRequest(trigger_id=trigger_id))


def finished(api: Connection, operation: Operation, *, wait: bool) -> Operation:
    """Returns an operation as it ended; without `wait`, as it is.

    Raises:
        OperationFailed: it ended with an error.
    """
    while wait and not operation.done:
        asyncio.run(SystemClock().sleep(POLL_SECONDS))
        operation = api.operations.Get(GetOperationRequest(operation_id=operation.id))
    if operation.HasField("error"):
        raise OperationFailed(operation)
    return operation


def _step(api: Connection, change: Change, *, wait: bool) -> Step:
    def take() -> None:
        for call in calls_of(api, change):
            try:
                # The second of two calls needs the first one done.
                finished(api, call(), wait=wait or change.pauses or change.resumes)
            except grpc.RpcError as error:
                if change.move is not Move.DELETE or not _is_gone(error):
                    raise

        if wanted is not None and _rule_is_written(change):
            where = wanted.document.where("rule.timer.cron_expression")
            for line in timer_lint(change.trigger.rule.timer.cron_expression):
                note(f"{where}trigger {change.trigger.name}: {line}")

    wanted = change.wanted
    return Step(
        change.move,
        "trigger",
        _name(change),
        _lines(change),
        take,
        (lambda field: wanted.document.where(field.removeprefix("trigger."))) if wanted else _none,
        change.warning,
        ORDERS[change.move],
    )


def _rule_is_written(change: Change) -> bool:
    return change.move is Move.CREATE or any(path.startswith("rule") for path in change.paths)


def _lines(change: Change) -> list[str]:
    before = yaml_of(change.before) if change.before is not None else ""
    after = yaml_of(change.after) if change.after is not None else ""
    if change.move is Move.CREATE:
        return [f"+{line}" for line in after.splitlines()]
    if change.move is Move.DELETE:
        return []
    return diff(before, after)


def _name(change: Change) -> str:
    trigger = change.trigger
    name = trigger.name or trigger.id
    was = change.before.name if change.before is not None else name
    return f"{name} in {trigger.folder_id}" + (f" (was {was})" if was not in ("", name) else "")


def _listed(api: Connection, folder_id: str) -> Iterator[Trigger]:
    request = contract.ListTriggersRequest(folder_id=folder_id)
    yield from pages(api.triggers.List, request, "triggers")


def _is_gone(error: Any) -> bool:
    return bool(error.code() is grpc.StatusCode.NOT_FOUND)


def _none(_field: str) -> str:
    return ""
