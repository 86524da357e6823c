"""Writes the REST call that makes a trigger, as a line of a shell."""

import json
import shlex

from tocsin.documents.plain_form import json_form
from tocsin.documents.triggers import written
from tocsin.printable import printable_json
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

USUAL_ADDRESS = "http://127.0.0.1:8080"
PATH = "/triggers/v1/triggers"
PATH_OF_PAUSED = "/tocsin/v1/triggers:createPaused"
# The shell puts the key in, so that the line shows no secret.
AUTHORIZATION = '-H "Authorization: Api-Key $TOCSIN_API_KEY"'


def curl_of(trigger: Trigger, address: str, *, guarded: bool) -> str:
    """Returns the command that makes a trigger.

    Args:
        trigger: the trigger.
        address: where REST is served, such as `http://127.0.0.1:8080`; empty means there.
        guarded: whether the server asks for a credential.
    """
    kept = written(trigger)
    kept.ClearField("id")
    kept.ClearField("status")
    kept.folder_id = trigger.folder_id
    path = PATH_OF_PAUSED if trigger.status == Trigger.PAUSED else PATH
    body = printable_json(json.dumps(json_form(kept), indent=2, ensure_ascii=False))
    lines = [
        f"curl --fail-with-body {shlex.quote((address or USUAL_ADDRESS).rstrip('/') + path)}",
        "  -H 'Content-Type: application/json'",
        *([f"  {AUTHORIZATION}"] if guarded else []),
        f"  -d {shlex.quote(body)}",
    ]
    return " \\\n".join(lines) + "\n"
