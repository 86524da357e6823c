"""Finds triggers by ID, or by name in a folder."""

import re
from typing import Annotated, Any

import typer

from tocsin.cli.connection import Connection, pages
from tocsin.cli.contexts.completion import completing
from tocsin.cli.refusal import USAGE, refusal
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger


def _names(api: Any, given: dict[str, Any], most: int) -> list[str]:
    """Returns names of triggers in the folder, for the shell."""
    folder = given["folder"]
    request = trigger_service_pb2.ListTriggersRequest(folder_id=folder, page_size=most)
    return [each.name for each in api.triggers.List(request).triggers]


TriggerArgument = Annotated[
    str,
    typer.Argument(
        metavar="TRIGGER",
        help="The trigger's ID, or its name in the folder.",
        autocompletion=completing(_names),
    ),
]

ID = re.compile(r"[0-9a-v]{20}")


def find_trigger(api: Connection, trigger: str, folder: str | None) -> Trigger:
    """Returns a trigger by its ID or, if a folder is given, by its name.

    Text that looks like an ID is taken as one. Ends the program if the trigger does not exist.
    """
    if ID.fullmatch(trigger):
        request = trigger_service_pb2.GetTriggerRequest(trigger_id=trigger)
        by_id: Trigger = api.triggers.Get(request)
        return by_id
    if not folder:
        raise refusal(
            f"{trigger} is not an ID; to find a trigger by name, give --folder ID or set "
            "TOCSIN_FOLDER",
            status=USAGE,
        )
    named = trigger_service_pb2.ListTriggersRequest(folder_id=folder, filter=f'name = "{trigger}"')
    found: Trigger | None = next(pages(api.triggers.List, named, "triggers", 1), None)
    if found is None:
        raise refusal(f"NOT_FOUND: folder {folder} has no trigger named {trigger}")
    return found


def id_of(api: Connection, trigger: str, folder: str | None) -> str:
    """Returns a trigger's ID, from its ID or its name; see `find_trigger`."""
    if ID.fullmatch(trigger):
        return trigger
    return str(find_trigger(api, trigger, folder).id)
