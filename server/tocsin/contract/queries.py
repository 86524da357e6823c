"""Reads the query of a URL as fields of a request (google/api/http.proto).

Fields of the path are bound by the path alone, fields of the body by the body alone. With the body
`*` nothing is left for the query.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any
from urllib.parse import unquote_to_bytes

from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message

from tocsin.contract.json.messages import APOSTROPHE, quoted
from tocsin.contract.json.scalars import Wrong, in_query, type_name
from tocsin.contract.json.well_known import WELL_KNOWN
from tocsin.contract.routes import Route, path_fields, routes
from tocsin.contract.validation import MOST_REPORTED, Violation

_RECEIVED = "Invalid JSON payload received. Unknown name"
_BINDING = "Cannot bind query parameter."
_IN_BODY = "all fields of this method come in the body"

Pairs = list[tuple[str, str]]
"""The names and values of a query, in its order."""


@dataclass(frozen=True, slots=True)
class QueryRule:
    """What the query may say on one route.

    `path_fields` and `body_fields` are names that are refused, in both spellings: proto names and
    JSON names. `whole_body`: the body is `*`, and every name is refused. `of_page`: what stands in
    the query of the page is for its script, and the server reads none of it.
    """

    route: Route
    path_fields: tuple[str, ...]
    body_fields: tuple[str, ...]
    whole_body: bool
    of_page: bool = False


def query_rules(method: MethodDescriptor) -> Iterator[QueryRule]:
    """Gives the rule of each route of a method, overlay included."""
    request = method.input_type
    for route in routes([method.containing_service]):
        if route.method == method.full_name:
            fields = path_fields(route)
            yield QueryRule(
                route,
                path_fields=tuple(each for field in fields for each in _spellings(request, field)),
                body_fields=_spellings(request, route.body) if route.body.strip("*") else (),
                whole_body=route.body == "*",
                of_page=route.template == "/",
            )


def parse_query(text: str) -> Pairs:
    """Splits and unescapes the query of a URL; a name without `=` has an empty value.

    Raises:
        ValueError: it is not UTF-8.
    """
    return [
        (_unescaped(name), _unescaped(value))
        for name, _, value in (part.partition("=") for part in text.split("&") if part)
    ]


def read_query(
    pairs: Iterable[tuple[str, str]], request: Message, rule: QueryRule
) -> list[Violation]:
    """Sets the fields of a query, and returns the faults of what can't be set.

    Reading ends at MOST_REPORTED faults: a URL has room for thousands.
    """
    faults: list[Violation] = []
    seen: set[str] = set()
    for name, value in pairs:
        if len(faults) >= MOST_REPORTED:
            break
        if refused := _refused(name, rule):
            faults.append(Violation("", f"Query parameter {_shown(name)}: {refused}"))
            continue
        path = _path(request.DESCRIPTOR, name)
        if isinstance(path, str):
            faults.append(Violation("", f"{_RECEIVED} {_shown(name)}: {_BINDING} {path}"))
            continue
        if rule.whole_body:
            faults.append(Violation("", f"Query parameter {_shown(name)}: {_IN_BODY}"))
            continue
        wrong = _set(request, path, value, seen)
        if wrong is not None:
            faults.append(wrong)
    return faults


def _shown(name: str, mark: str = '"') -> str:
    """Returns a name as errors show it, without what could harm whoever reads it."""
    return quoted(re.sub(r"[^\w.$-]", "?", name, flags=re.ASCII), mark)


def _unescaped(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode()


def _refused(name: str, rule: QueryRule) -> str | None:
    if name in rule.path_fields:
        return "the path says this field, and the query may not say it again"
    if any(name == field or name.startswith(f"{field}.") for field in rule.body_fields):
        return "this field comes in the body"
    return None


@cache
def _by_name(descriptor: Descriptor) -> dict[str, FieldDescriptor]:
    return {name: field for field in descriptor.fields for name in _names(field)}


def _path(descriptor: Any, name: str) -> list[FieldDescriptor] | str:
    """Returns the fields that a dotted name leads through, or why it can't be bound."""
    path: list[FieldDescriptor] = []
    within: Descriptor | None = descriptor
    for part in name.split("."):
        field = None if within is None else _by_name(within).get(part)
        if field is None:
            shown = _shown(part, mark=APOSTROPHE)
            return f"Field {shown} could not be found in request message."
        path.append(field)
        within = None if field.is_repeated or _fits(field) else field.message_type
    if not _fits(path[-1]):
        what = quoted(path[-1].name, mark=APOSTROPHE)
        return f"{what} is a message type. Parameters can only be bound to primitive types."
    return path


def _fits(field: FieldDescriptor) -> bool:
    """Returns whether one value of a query can be the field, or an item of it."""
    kind = field.message_type
    return kind is None or kind.full_name in WELL_KNOWN or _is_wrapper(kind)


def _is_wrapper(kind: Descriptor) -> bool:
    return kind.file.name == "google/protobuf/wrappers.proto"


def _set(request: Any, path: list[FieldDescriptor], value: str, seen: set[str]) -> Violation | None:
    field = path[-1]
    where = ".".join(each.name for each in path)
    if where in seen and not field.is_repeated:
        return Violation(where, f"Query parameter {quoted(where)}: this field may be there once")
    for each in path:
        oneof = each.containing_oneof
        other = None if oneof is None else request.WhichOneof(oneof.name)
        if oneof is not None and other not in (None, each.name):
            return Violation(
                where,
                f"Invalid value at '{where}' (oneof), oneof field '{oneof.name}' is already set. "
                f"Cannot set '{each.name}'",
            )
        if each is not field:
            request = getattr(request, each.name)
    seen.add(where)
    try:
        _put(request, field, value)
    except Wrong:
        return Violation(where, f"Invalid value at '{where}' ({type_name(field)}), {quoted(value)}")
    return None


def _put(message: Any, field: FieldDescriptor, value: str) -> None:
    kind = field.message_type
    if kind is None:
        read = in_query(field)(value)
        if field.is_repeated:
            getattr(message, field.name).append(read)
        else:
            setattr(message, field.name, read)
        return
    container = getattr(message, field.name)
    inner = container.add() if field.is_repeated else container
    inner.SetInParent()
    if _is_wrapper(kind):
        inner.value = in_query(kind.fields_by_name["value"])(value)
    else:
        WELL_KNOWN[kind.full_name](inner, value)


def _spellings(message: Descriptor, path: str) -> tuple[str, ...]:
    """Returns a field path with each of its names as the proto has it, and as JSON has it."""
    names: list[tuple[str, ...]] = []
    within: Descriptor | None = message
    for name in path.split("."):
        assert within is not None, f"{message.full_name}: {path}"
        field = within.fields_by_name[name]
        names.append(_names(field))
        within = field.message_type
    return tuple(".".join(spelling) for spelling in product(*names))


def _names(field: FieldDescriptor) -> tuple[str, ...]:
    return tuple(dict.fromkeys((field.name, field.json_name)))
