"""Reads from each route which fields the query of a URL may set (google/api/http.proto).

Fields of the path are bound by the path alone, fields of the body by the body alone. With the body
`*` nothing is left for the query.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from google.protobuf.descriptor import Descriptor, FieldDescriptor, ServiceDescriptor

from tocsin.contract.routes import Route, routes

# How deep the fields of a query may lie; messages that hold themselves have no end.
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class QueryRule:
    """What the query may say on one route.

    `path_fields` and `body_fields` are names that are refused, in each spelling that a transcoder
    takes: proto names and JSON names. `repeated` are the fields that may be there more than once,
    spelt so too. `whole_body`: the body is `*`, and every name is refused.
    """

    route: Route
    path_fields: tuple[str, ...]
    body_fields: tuple[str, ...]
    repeated: tuple[str, ...]
    whole_body: bool


def query_rules(services: Iterable[ServiceDescriptor]) -> Iterator[QueryRule]:
    """Gives the rule of each route of the services, overlay included."""
    for service in services:
        for route in routes([service]):
            request = service.methods_by_name[route.method.rpartition(".")[2]].input_type
            whole_body = route.body == "*"
            fields = re.findall(r"{([\w.]+)", route.template)
            yield QueryRule(
                route,
                path_fields=tuple(each for field in fields for each in _spellings(request, field)),
                body_fields=_spellings(request, route.body) if route.body.strip("*") else (),
                repeated=() if whole_body else tuple(_repeated(request, ("",), _DEEPEST)),
                whole_body=whole_body,
            )


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


def _repeated(message: Descriptor, above: tuple[str, ...], depth: int) -> Iterator[str]:
    for field in message.fields:
        paths = tuple(prefix + name for prefix in above for name in _names(field))
        if field.is_repeated:
            yield from paths
        elif field.message_type is not None and depth > 1:
            yield from _repeated(field.message_type, tuple(f"{path}." for path in paths), depth - 1)
