"""Makes wrong servers of what REST says of executions."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from mutants.declaring import Mutant, mutant
from mutants.proxies.requests import Forward, Request, Response
from mutants.rest_changes import JSON, bad, error

Json = Any
Change = Callable[[Any, Request], Any]
Asked = Callable[[Request], Request]
When = Callable[[Request], Any]


def kind(request: Request) -> str:
    """Returns which method of executions or integrations a request calls."""
    path = request.target.partition("?")[0]
    verb = path.rpartition("/")[2].partition(":")[2]
    if verb:
        return verb
    if request.verb == "GET" and path.endswith("/executions"):
        return "list"
    return "get" if "/executions/" in path else ""


def fits(request: Request, which: str, version: str = "") -> bool:
    """Returns whether a request is one of this method, and of a version if one is named."""
    return kind(request) == which and request.target.startswith(f"/{version}/" if version else "/")


def always(_: Request) -> bool:
    """Fits every request."""
    return True


def declared(wrong: Any, breaks: str, does: str, number: int = 1) -> Mutant:
    """Declares a function that has no docstring of its own."""
    wrong.__doc__ = does
    return mutant(breaks, where="requests", number=number)(wrong)


def says(
    breaks: str,
    does: str,
    which: str,
    change: Change,
    *,
    version: str = "",
    when: When = always,
    number: int = 1,
) -> Mutant:
    """A server that answers one method otherwise: `change` writes to the JSON of a success."""

    def wrong(request: Request, forward: Forward) -> Response:
        response = forward(request)
        if not response.ok or not fits(request, which, version) or not when(request):
            return response
        told = response.json
        change(told, request)
        return response.with_json(told)

    return declared(wrong, breaks, does, number)


def asks(breaks: str, does: str, which: str, change: Asked, *, version: str = "") -> Mutant:
    """A server that takes a request of one method for another one."""

    def wrong(request: Request, forward: Forward) -> Response:
        return forward(change(request) if fits(request, which, version) else request)

    return declared(wrong, breaks, does)


def lies(breaks: str, does: str, which: str, when: When) -> Mutant:
    """A server that refuses what it has to take."""

    def wrong(request: Request, forward: Forward) -> Response:
        refused = fits(request, which) and when(request)
        return bad(request) if refused else forward(request)

    return declared(wrong, breaks, does)


def takes(breaks: str, does: str, which: str, answer: Any, *, of: int = 400) -> Mutant:
    """A server that takes what it has to refuse with that status."""

    def wrong(request: Request, forward: Forward) -> Response:
        response = forward(request)
        if not fits(request, which) or response.status != of:
            return response
        return Response(200, "OK", JSON, json.dumps(answer).encode())

    return declared(wrong, breaks, does)


def not_there(breaks: str, which: str, version: str, below: bool) -> Mutant:
    """A server that lacks one path of a method."""

    def wrong(request: Request, forward: Forward) -> Response:
        there = fits(request, which, version) and below == ("/products/" in request.target)
        return error(request, 404, 5, "NOT_FOUND") if there else forward(request)

    product = " below a product" if below else ""
    return declared(wrong, breaks, f"has no {which} by {version}{product}")


def renamed(pattern: str, instead: str) -> Asked:
    """Reads another path and query, where the pattern matches."""
    return lambda request: request.but(target=re.sub(pattern, instead, request.target))


def queried(change: Callable[[dict[str, list[str]]], Any]) -> Asked:
    """Reads another query: `change` writes to its parameters."""

    def changed(request: Request) -> Request:
        path, _, query = request.target.partition("?")
        found: dict[str, list[str]] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            found.setdefault(name, []).append(value)
        change(found)
        return request.but(target=f"{path}?{urlencode(found, doseq=True)}")

    return changed


def unqueried(name: str) -> Asked:
    """Does not read a parameter."""
    return queried(lambda found: found.pop(name, None))


def narrowed(request: Request) -> Request:
    """Reads of a filter only which executions the check has made."""

    def change(found: dict[str, list[str]]) -> None:
        found["filter"] = [each.rpartition(") AND (")[2] for each in found.get("filter", [])]
        found["filter"] = [each.removesuffix(")") for each in found["filter"]]

    return queried(change)(request)


def bodied(change: Callable[[Any], Any]) -> Asked:
    """Reads another body: `change` writes to its JSON."""

    def changed(request: Request) -> Request:
        body = request.json
        change(body)
        return request.with_json(body)

    return changed


def body_without(name: str) -> Asked:
    """Does not read a member of a body."""
    return bodied(lambda body: body.pop(name, None))


def filled(name: str, value: Any) -> Asked:
    """Reads a member that is not there."""
    return bodied(lambda body: body.setdefault(name, value))
