"""Reads the requests to create and to change a trigger from files.

A wrong file ends the program, with a line for each error.
"""

from typing import TypeVar

from google.protobuf.message import Message

from tocsin.cli.refusal import USAGE, refusal
from tocsin.documents.reading import Document, DocumentError, read_document
from tocsin.documents.triggers import KIND_FIELD, other_kind
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2 import (
    UpdateTriggerRequest,
)

M = TypeVar("M", bound=Message)

CHANGEABLE = ("name", "description", "labels", "rule")


def read_file(file: str) -> Document:
    """Reads an object from a file; `-` means standard input."""
    try:
        return read_document(file)
    except DocumentError as error:
        raise refusal(*error.lines, status=USAGE) from error


def trigger_of(document: Document) -> Trigger:
    """Returns the trigger in a document, without what only the server sets."""
    trigger = Trigger()
    problems = document.read(trigger, beside=(KIND_FIELD,))
    if (other := other_kind(document)) is not None:
        problems = [other]
    if problems:
        raise refusal(*(f"{document.name}:{problem}" for problem in problems), status=USAGE)
    return trigger


def update_request(document: Document, trigger_id: str) -> UpdateTriggerRequest:
    """Returns a request that changes only the fields in the document.

    The request has a mask, as without one the server resets fields that are left out. A document
    with an `id` is a trigger that `get` printed; its unchangeable fields are ignored.
    """
    if "id" in document.fields:
        trigger = _parsed(document, Trigger())
        request = UpdateTriggerRequest(trigger_id=trigger.id, update_mask={"paths": CHANGEABLE})
        request.name, request.description = trigger.name, trigger.description
        request.labels.update(trigger.labels)
        request.rule.CopyFrom(trigger.rule)
    else:
        request = _parsed(document, UpdateTriggerRequest())
    if request.trigger_id not in ("", trigger_id):
        where = document.where("id" if "id" in document.fields else "trigger_id")
        problem = f"{where}is for trigger {request.trigger_id}, not for {trigger_id}"
        raise refusal(problem, status=USAGE)
    request.trigger_id = trigger_id
    if not request.update_mask.paths:
        request.update_mask.paths.extend(name for name in CHANGEABLE if name in document.fields)
    if not request.update_mask.paths:
        problem = f"{document.where('')}must have at least one of {', '.join(CHANGEABLE)}"
        raise refusal(problem, status=USAGE)
    return request


def _parsed(document: Document, message: M) -> M:
    try:
        return document.parse(message)
    except DocumentError as error:
        raise refusal(*error.lines, status=USAGE) from error
