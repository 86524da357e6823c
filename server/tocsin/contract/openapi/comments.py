"""Reads the comments of the protos, which `make gen` writes beside the stubs."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import tocsin_protos

_OPERATIONS = "google.longrunning.Operations"
# What Google's methods do here; their own comments stay theirs.
_OF_OTHERS: Mapping[str, str] = {
    _OPERATIONS: "Executions of integrations as long-running operations (AIP-151).",
    f"{_OPERATIONS}.ListOperations": "Lists the executions of a location, page by page.",
    f"{_OPERATIONS}.GetOperation": "Returns one execution, as far as it is.",
    f"{_OPERATIONS}.DeleteOperation": "Forgets an execution. One that is not done is cancelled.",
    f"{_OPERATIONS}.CancelOperation": "Cancels an execution that is not done.",
    f"{_OPERATIONS}.WaitOperation": "Waits until an execution is done, or a time has passed.",
}


@cache
def _comments() -> Mapping[str, str]:
    text = files(tocsin_protos).joinpath("comments.json").read_text(encoding="utf-8")
    found: dict[str, str] = json.loads(text)
    return {**_OF_OTHERS, **found}


def comment_of(full_name: str) -> str:
    """Returns the comment of what has this full name, in Markdown; empty if it has none.

    The protos of others have none.
    """
    return _comments().get(full_name, "")


def first_sentence(text: str) -> str:
    """Returns the first sentence of a comment, without its full stop."""
    head, _, _ = text.partition("\n")
    sentence, _, _ = head.partition(". ")
    return sentence.removesuffix(".").removesuffix(":")
