"""The requests to create and to change a trigger, as files hold them.

What can't be ends the program, with a line for each thing that is wrong.
"""

from typing import TypeVar

from google.protobuf.message import Message

from tocsin.cli.documents.reading import Document, DocumentError, read_document
from tocsin.cli.refusal import USAGE, refusal
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2 import (
    CreateTriggerRequest,
    UpdateTriggerRequest,
)

M = TypeVar("M", bound=Message)

CHANGEABLE = ("name", "description", "labels", "rule")


def read_file(file: str) -> Document:
    """Reads an object from a file; `-` is the standard input."""
    try:
        return read_document(file)
    except DocumentError as error:
        raise refusal(*error.lines, status=USAGE) from error


def create_request(document: Document) -> CreateTriggerRequest:
    """Returns the request that a document holds."""
    return _parsed(document, CreateTriggerRequest())


def update_request(document: Document, trigger_id: str) -> UpdateTriggerRequest:
    """Returns a request that changes only what the document has.

    Without a mask the server would reset what is left out. A document with an `id` is a trigger as
    it was shown; what can't be changed in it is left aside.
    """
    if "id" in document.fields:
        shown = _parsed(document, Trigger())
        request = UpdateTriggerRequest(trigger_id=shown.id, update_mask={"paths": CHANGEABLE})
        request.name, request.description = shown.name, shown.description
        request.labels.update(shown.labels)
        request.rule.CopyFrom(shown.rule)
    else:
        request = _parsed(document, UpdateTriggerRequest())
    if request.trigger_id not in ("", trigger_id):
        told = f"{document.name}: is for trigger {request.trigger_id}, not for {trigger_id}"
        raise refusal(told, status=USAGE)
    request.trigger_id = trigger_id
    if not request.update_mask.paths:
        given = [each for each in CHANGEABLE if each in document.fields]
        request.update_mask.paths.extend(given)
    if not request.update_mask.paths:
        told = f"{document.name}: names nothing to change: it can have {', '.join(CHANGEABLE)}"
        raise refusal(told, status=USAGE)
    return request


def _parsed(document: Document, message: M) -> M:
    try:
        return document.parse(message)
    except DocumentError as error:
        raise refusal(*error.lines, status=USAGE) from error
