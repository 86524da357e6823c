"""Reads triggers from documents, and writes them."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from tocsin.contract.validation import Violation
from tocsin.documents.plain_form import json_form, plain_form
from tocsin.documents.reading import Document, Problem, read_documents
from tocsin.documents.writing import as_yaml
from tocsin.printable import printable_json
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

KIND = "Trigger"
KIND_FIELD = "kind"

# What names and ids of the contract do not have; it could lead out of a directory.
_NOT_IN_FILE_NAMES = re.compile(r"[^-a-z0-9]")

# Lists what is wrong with a trigger by its contract, and by what its server can do.
Check: TypeAlias = Callable[[Trigger], Sequence[Violation]]


@dataclass(frozen=True, slots=True)
class ReadTrigger:
    """Holds a trigger of a document; those fields are set that could be read."""

    document: Document
    trigger: Trigger


@dataclass(frozen=True, slots=True)
class ReadTriggers:
    """Holds the triggers of a text, and all that is wrong with them, in the order of the text."""

    triggers: list[ReadTrigger]
    problems: list[Problem]


def read_triggers(name: str, text: str, check: Check) -> ReadTriggers:
    """Reads the triggers of a text: documents of YAML, JSON, or a list of triggers.

    Args:
        name: the text's name, for errors.
        text: YAML or JSON.
        check: lists the violations of a trigger.
    """
    documents, problems = read_documents(name, text)
    read = []
    for document in documents:
        trigger, wrong = read_trigger(document, check)
        read.append(ReadTrigger(document, trigger))
        problems += wrong
    return ReadTriggers(read, sorted(problems, key=lambda problem: problem.place))


def read_trigger(document: Document, check: Check) -> tuple[Trigger, list[Problem]]:
    """Returns the trigger of a document, and what is wrong with it.

    What only the server sets, and `get` shows, is left out of it, except for its id.
    """
    trigger = Trigger()
    problems = document.read(trigger, beside=(KIND_FIELD,))
    if (other := other_kind(document)) is not None:
        problems.append(other)
    problems += document.beyond(problems, check(trigger))
    trigger.ClearField("created_at")
    if trigger.rule.HasField("mail"):
        trigger.rule.mail.ClearField("email")
    return trigger, problems


def other_kind(document: Document) -> Problem | None:
    """Returns what is wrong with a document that is not a trigger's; None if it is one's."""
    kind = document.fields.get(KIND_FIELD, KIND)
    if kind == KIND:
        return None
    return Problem(document.place_of(KIND_FIELD), KIND_FIELD, f"must be {KIND}, not {kind}")


def written(trigger: Trigger) -> Trigger:
    """Returns what a document says of a trigger: what its owner wrote, and whether it is paused.

    A trigger without a name keeps its id, by which alone it can be found.
    """
    kept = Trigger(
        id="" if trigger.name else trigger.id,
        name=trigger.name,
        description=trigger.description,
        labels=trigger.labels,
    )
    if trigger.HasField("rule"):
        kept.rule.CopyFrom(trigger.rule)
    if kept.rule.HasField("mail"):
        kept.rule.mail.ClearField("email")
    if trigger.status == Trigger.PAUSED:
        kept.status = Trigger.PAUSED
    return kept


def file_name(trigger: Trigger) -> str:
    """Returns what a trigger's file is called, without a suffix, whatever a server says."""
    return _NOT_IN_FILE_NAMES.sub("_", trigger.name or trigger.id) or "trigger"


def yaml_of(trigger: Trigger) -> str:
    """Returns a trigger's document in YAML."""
    return as_yaml(plain_form(written(trigger)))


def json_of(triggers: Sequence[Trigger]) -> str:
    """Returns the document of one trigger in JSON, or a list of several."""
    values: list[Any] = [json_form(written(trigger)) for trigger in triggers]
    value = values[0] if len(values) == 1 else values
    return printable_json(json.dumps(value, indent=2, ensure_ascii=False)) + "\n"


def yaml_of_all(triggers: Sequence[Trigger]) -> str:
    """Returns a document in YAML for each trigger."""
    return "---\n".join(map(yaml_of, triggers))
