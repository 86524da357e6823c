"""Ends a change of a trigger: waits for its operation, and shows what was written."""

import asyncio
from collections.abc import Sequence
from typing import Any

from tocsin.cli.connection import Blame, Connection, refused_with
from tocsin.cli.terminal.lines import note, say
from tocsin.cli.terminal.output import Output, print_details, print_json
from tocsin.cli.triggers import view as trigger_view
from tocsin.schedule import SystemClock
from tocsin.schedule.day_numbers import timer_lint
from tocsin_protos.yandex.cloud.operation import operation_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

POLL_SECONDS = 0.2


def finished(api: Connection, operation: Any, blame: Blame = lambda _: "") -> Any:
    """Waits until an operation is done; if it failed, ends the program with its error."""
    while not operation.done:
        asyncio.run(SystemClock().sleep(POLL_SECONDS))
        request = operation_service_pb2.GetOperationRequest(operation_id=operation.id)
        operation = api.operations.Get(request)
    if operation.HasField("error"):
        raise refused_with(operation.error, blame)
    return operation


def result(operation: Any) -> Trigger:
    """Returns the trigger in the response of an operation."""
    trigger = Trigger()
    operation.response.Unpack(trigger)
    return trigger


def tell_surprises(api: Connection, written: Trigger) -> None:
    """Says of a timer that was just written why it never fires, and what else may surprise."""
    if written.rule.WhichOneof("rule") != "timer":
        return
    for line in timer_lint(written.rule.timer.cron_expression):
        note(line)
    if (silence := trigger_view.silence(written, api.now())) is not None:
        note(silence)


def show(trigger: Trigger, output: Output, source: Sequence[tuple[str, str]] = ()) -> None:
    """Prints a trigger; `source` holds names and values about its source."""
    if output is Output.JSON:
        print_json(trigger)
    else:
        *head, rule = trigger_view.details(trigger)
        print_details([*head, *source, rule])


def show_status(trigger: Trigger) -> None:
    """Prints a trigger's id and its status."""
    say(f"{trigger.id} {Trigger.Status.Name(trigger.status)}")
