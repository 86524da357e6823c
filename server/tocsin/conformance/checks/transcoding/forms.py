"""Ways to write a value in JSON, each with what it stands for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from tocsin.conformance.clauses import MAY, MUST, SHOULD, Level, clause

PROTO_JSON = "ProtoJSON (protobuf.dev/programming-guides/json), 'JSON mapping'"
CONFORMANCE = "protobuf's own conformance suite, binary_json_conformance_suite.cc"
HTTP_RULE = "proto google/api/http.proto, 'Rules for HTTP mapping'"
PATHS = "proto google/api/http.proto, 'Path template syntax'"

__all__ = [
    "CONFORMANCE",
    "HTTP_RULE",
    "MAY",
    "MUST",
    "PATHS",
    "PROTO_JSON",
    "SHOULD",
    "Form",
    "read",
    "refused",
]


@dataclass(frozen=True, slots=True)
class Form:
    """Holds one way to write a value."""

    name: str
    """The last part of the clause's id."""
    text: str
    """The JSON, as it is sent."""
    what: str
    """How it is written, for the sentence."""
    means: Any = None
    """The value that a server reads from it."""
    level: Level = MUST
    source: str = PROTO_JSON


def read(
    prefix: str, subject: str, forms: Iterable[Form], *, features: tuple[str, ...] = ()
) -> list[Any]:
    """Returns a parameter for each form that a server reads.

    Args:
        prefix: of the clauses' ids.
        subject: the value with its article, such as "an int64".
        forms: how it is written.
        features: what the server may lack, beside `rest`.
    """
    words = "A server {} read {} that is written as {}."
    return [_marked(prefix, form, words, subject, features) for form in forms]


def refused(
    prefix: str, subject: str, forms: Iterable[Form], *, features: tuple[str, ...] = ()
) -> list[Any]:
    """Returns a parameter for each form that a server refuses; see `read`."""
    words = "A server {} refuse {} that is written as {}, with 400, and change nothing."
    return [_marked(prefix, form, words, subject, features) for form in forms]


def _marked(prefix: str, form: Form, words: str, subject: str, features: tuple[str, ...]) -> Any:
    mark = clause(
        f"{prefix}.{form.name}",
        form.level,
        words.format(form.level, subject, form.what),
        source=form.source,
        features=("rest", *features),
    )
    return pytest.param(form, marks=mark)
