"""Waits until the sources of new triggers are connected."""

import asyncio
from collections.abc import Iterable

from tocsin.cli.connection import Connection, pages
from tocsin.cli.refusal import refusal
from tocsin.cli.triggers.intake_view import POLL_SECONDS, PULLED, cell
from tocsin.documents.changes import Change
from tocsin.schedule import SystemClock
from tocsin_protos.tocsin.v1 import event_service_pb2 as events
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

WAIT_SECONDS = 60.0


def wait_for_sources(api: Connection, created: Iterable[Change]) -> None:
    """Waits until the server reads the sources of triggers that were created.

    Ends the program after WAIT_SECONDS, with a line for each source that is not connected.
    """
    names = {
        (change.trigger.folder_id, change.trigger.name)
        for change in created
        if change.trigger.rule.WhichOneof("rule") in PULLED
        and change.trigger.status != Trigger.PAUSED
    }
    clock = SystemClock()
    give_up = clock.monotonic() + WAIT_SECONDS
    while waiting := _not_connected(api, names):
        if clock.monotonic() > give_up:
            raise refusal(*waiting)
        asyncio.run(clock.sleep(POLL_SECONDS))


def _not_connected(api: Connection, names: set[tuple[str, str]]) -> list[str]:
    lines = []
    for folder in sorted({folder for folder, _ in names}):
        listed = pages(
            api.triggers.List, contract.ListTriggersRequest(folder_id=folder), "triggers"
        )
        of_ids = {each.id: each.name for each in listed if (folder, each.name) in names}
        request = events.EventServiceListIntakesRequest(folder_id=folder)
        lines += [
            f"trigger {of_ids[intake.trigger_id]} in {folder}: {cell(intake)}"
            for intake in pages(api.events.ListIntakes, request, "intakes")
            if intake.trigger_id in of_ids and not intake.source.connected
        ]
    return lines
