"""How people name a trigger: by its id, or by its name in a folder."""

import re
from typing import Annotated

import typer

from tocsin.cli.connection import Connection, pages
from tocsin.cli.refusal import USAGE, refusal
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

TriggerArgument = Annotated[
    str,
    typer.Argument(metavar="TRIGGER", help="The trigger's id, or its name in the folder."),
]

ID = re.compile(r"[0-9a-v]{20}")


def find_trigger(api: Connection, trigger: str, folder: str | None) -> Trigger:
    """Returns a trigger by its id or, where a folder is named, by its name.

    What looks like an id is taken for one. Ends the program where there is no such trigger.
    """
    if ID.fullmatch(trigger):
        request = trigger_service_pb2.GetTriggerRequest(trigger_id=trigger)
        shown: Trigger = api.triggers.Get(request)
        return shown
    if not folder:
        raise refusal(
            f"{trigger} is no id. To go by name, name the folder: --folder ID or TOCSIN_FOLDER.",
            status=USAGE,
        )
    named = trigger_service_pb2.ListTriggersRequest(folder_id=folder, filter=f'name = "{trigger}"')
    found: Trigger | None = next(pages(api.triggers.List, named, "triggers", 1), None)
    if found is None:
        raise refusal(f"NOT_FOUND: folder {folder} has no trigger named {trigger}")
    return found


def id_of(api: Connection, trigger: str, folder: str | None) -> str:
    """Returns the id of a trigger that is named by id or by name; see `find_trigger`."""
    if ID.fullmatch(trigger):
        return trigger
    return str(find_trigger(api, trigger, folder).id)
