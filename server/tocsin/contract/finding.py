"""Finds the method that an HTTP request calls, by its verb and path."""

import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

from google.protobuf.descriptor import ServiceDescriptor

from tocsin.contract.routes import routes

Finder: TypeAlias = Callable[[str, str], str | None]
"""Takes a verb and a path without its query; returns the full name of a method, or None."""


def method_finder(services: Iterable[ServiceDescriptor]) -> Finder:
    """Returns what finds the methods of these services: called by REST, or by gRPC."""
    services = tuple(services)
    by_verb: dict[str, list[tuple[re.Pattern[str], str]]] = {}
    for route in routes(services):
        pattern = re.compile(path_pattern(route.template))
        by_verb.setdefault(route.http_verb, []).append((pattern, route.method))
    called = {
        f"/{service.full_name}/{method.name}": method.full_name
        for service in services
        for method in service.methods
    }

    def find(verb: str, path: str) -> str | None:
        if verb == "POST" and path in called:
            return called[path]
        plain = path.rstrip("/")
        found = (method for pattern, method in by_verb.get(verb, ()) if pattern.fullmatch(plain))
        return next(found, None)

    return find


def path_pattern(template: str) -> str:
    """Returns a pattern for the paths that a template matches (google/api/http.proto)."""
    plain = re.sub(r"{[\w.]+(?:=([^}]*))?}", lambda found: found[1] or "*", template)
    wild = {"*": "[^/]+", "**": ".*"}
    return "".join(wild.get(piece) or re.escape(piece) for piece in re.split(r"(\*\*|\*)", plain))
