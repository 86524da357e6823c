"""Applies the triggers of files when a server starts; it never deletes one."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast

import structlog

from tocsin.api.yandex.triggers.message import complete, violations_of_document
from tocsin.api.yandex.triggers.service import TriggerService
from tocsin.documents.changes import Change, Move, WantedTrigger, changes_of, read_wanted
from tocsin.documents.folders import read_files
from tocsin.documents.reading import Document, Problem
from tocsin.documents.triggers import KIND, KIND_FIELD
from tocsin.schedule import Clock
from tocsin.schedule.day_numbers import timer_lint
from tocsin.store.driver.database import Database
from tocsin.store.duties import hold_duty, release_duty
from tocsin.wire.calls import Arrival, Call
from tocsin.wire.errors import ApiError
from tocsin_protos.tocsin.v1.trigger_setup_service_pb2 import CreatePausedRequest
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

log = structlog.get_logger(__name__)

DUTY = "apply"
# A node that dies while it applies holds up the others for this long.
HELD_FOR = timedelta(seconds=30)
WAIT_SECONDS = 0.2
LARGEST_PAGE = 1000


class SeedError(Exception):
    """Files can't be applied; the message has a line for each thing that is wrong."""


def read_seeds(source: str, folder_id: str) -> list[WantedTrigger]:
    """Reads and checks the triggers of a file, or of all files of a directory.

    Args:
        source: the path.
        folder_id: the folder of triggers that name none; may be empty.

    Raises:
        SeedError: something in the files is wrong.
    """
    read = read_files([source])
    others = [each for each in read.documents if each.fields.get(KIND_FIELD, KIND) != KIND]
    documents = [each for each in read.documents if each not in others]
    wanted, problems = read_wanted(documents, folder_id, None, violations_of_document)
    text = "only triggers are applied at a start"
    problems += [(each, Problem(each.place_of(KIND_FIELD), KIND_FIELD, text)) for each in others]
    _refuse(read.problems, problems)
    return wanted


async def apply_seeds(
    service: TriggerService,
    wanted: Sequence[WantedTrigger],
    database: Database,
    *,
    clock: Clock,
    machine_clock: Clock,
    node: str,
) -> None:
    """Creates and changes triggers, so that they are as files want them; one node at a time.

    Raises:
        SeedError: a trigger can't become what its file wants, or is refused.
        StoreUnavailable: the store can't be reached.
    """
    async with _duty(database, clock, machine_clock, node):
        folders = sorted({each.trigger.folder_id for each in wanted})
        existing = {folder: [each async for each in _listed(service, folder)] for folder in folders}
        changes = changes_of(wanted, existing, complete=complete)
        _refuse([], changes.problems)
        for change in changes.changes:
            await _take(service, change)
            _tell(change)
    counts = Counter(change.move for change in changes.changes)
    log.info(
        "applied the triggers of files",
        created=counts[Move.CREATE],
        changed=counts[Move.UPDATE],
        unchanged=counts[Move.KEEP],
    )


def _tell(change: Change) -> None:
    """Logs what people should know of a change that was made."""
    trigger = change.trigger
    if change.warning:
        log.warning(f"a trigger of the files {change.warning}", name=trigger.name)
    if change.move is Move.KEEP or change.wanted is None:
        return
    where = change.wanted.document.where("rule.timer.cron_expression").removesuffix(": ")
    for line in timer_lint(trigger.rule.timer.cron_expression):
        log.warning("a timer of the files may surprise", name=trigger.name, file=where, why=line)


async def _take(service: TriggerService, change: Change) -> None:
    trigger, trigger_id = change.trigger, change.trigger.id
    try:
        if change.move is Move.CREATE:
            request = contract.CreateTriggerRequest(
                folder_id=trigger.folder_id,
                name=trigger.name,
                description=trigger.description,
                labels=trigger.labels,
                rule=trigger.rule,
            )
            if trigger.status == Trigger.PAUSED:
                await service.create_paused(CreatePausedRequest(trigger=request), _own_call())
            else:
                await service.create(request, _own_call())
        if change.pauses:
            await service.pause(contract.PauseTriggerRequest(trigger_id=trigger_id), _own_call())
        if change.paths:
            await service.update(change.update_request(), _own_call())
        if change.resumes:
            await service.resume(contract.ResumeTriggerRequest(trigger_id=trigger_id), _own_call())
    except ApiError as error:
        document = None if change.wanted is None else change.wanted.document
        where = "" if document is None else f"{document.name}:{document.place.line}: "
        raise SeedError(f"{where}{trigger.name}: {error.message}") from error


async def _listed(service: TriggerService, folder_id: str) -> AsyncIterator[Trigger]:
    request = contract.ListTriggersRequest(folder_id=folder_id, page_size=LARGEST_PAGE)
    while True:
        page = await service.list(request, _own_call())
        for trigger in page.triggers:
            yield trigger
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


class _NoWire:
    """Stands for the wire of a call of the server itself: nobody reads what it sends."""

    async def send_initial_metadata(self, _metadata: object) -> None:
        """Sends nothing."""


def _own_call() -> Call:
    """Returns a call of the server itself, which came over no wire."""
    return Call(Arrival(cast("Any", _NoWire()), ()))


@asynccontextmanager
async def _duty(
    database: Database, clock: Clock, machine_clock: Clock, node: str
) -> AsyncIterator[None]:
    """Holds the duty, for which other nodes wait; a node alone with its store needs none."""
    if database.exclusive:
        yield
        return
    while not await database.write(
        lambda tx: hold_duty(tx, DUTY, node=node, now=clock.now(), until=clock.now() + HELD_FOR)
    ):
        await machine_clock.sleep(WAIT_SECONDS)
    try:
        yield
    finally:
        await database.write(lambda tx: release_duty(tx, DUTY, node=node))


def _refuse(lines: Sequence[str], problems: Sequence[tuple[Document, Problem]]) -> None:
    placed = sorted(problems, key=lambda each: (each[0].name, each[1].place))
    told = [*lines, *(f"{document.name}:{problem}" for document, problem in placed)]
    if told:
        raise SeedError("\n".join(told))
