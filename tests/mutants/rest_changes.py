"""Makes wrong servers of REST out of one small change each."""

import json
import re
from collections.abc import Callable
from typing import Any

from mutants.declaring import Mutant, mutant
from mutants.proxies.requests import Forward, Request, Response

JSON = (("content-type", "application/json"),)
PATHS = "/triggers/v1/triggers"


def made(wrong: Callable[..., Any], does: str, breaks: str, at: str, family: str = "") -> Mutant:
    """Declares a function that has no docstring of its own."""
    wrong.__doc__ = does
    return mutant(breaks, where="requests", at=at, family=family)(wrong)


def error(request: Request, status: int, code: int, name: str) -> Response:
    """Returns an error in the envelope that the path has."""
    if request.target.startswith("/v1"):
        told: Any = {"error": {"code": status, "message": "wrong", "status": name}}
    else:
        told = {"code": code, "message": "wrong", "details": []}
    return Response(status, "Error", JSON, json.dumps(told).encode())


def bad(request: Request) -> Response:
    """Returns INVALID_ARGUMENT."""
    return error(request, 400, 3, "INVALID_ARGUMENT")


def reads(
    breaks: str, does: str, pattern: str, instead: str, *, at: str = "", family: str = ""
) -> Mutant:
    """A server that reads a body as another one: what the pattern matches is replaced."""

    def wrong(request: Request, forward: Forward) -> Response:
        body = re.sub(pattern.encode(), instead.encode(), request.body)
        return forward(request if body == request.body else request.but(body=body))

    return made(wrong, does, breaks, at, family)


def refuses_body(breaks: str, does: str, pattern: str, *, family: str = "") -> Mutant:
    """A server that can't read a body in which the pattern is."""

    def wrong(request: Request, forward: Forward) -> Response:
        found = re.search(pattern.encode(), request.body)
        return bad(request) if found else forward(request)

    return made(wrong, does, breaks, "", family)


def refuses_if(
    breaks: str,
    does: str,
    when: Callable[[Request], Any],
    status: int = 400,
    *,
    family: str = "",
) -> Mutant:
    """A server that refuses requests."""

    def wrong(request: Request, forward: Forward) -> Response:
        if not when(request):
            return forward(request)
        code, name = {404: (5, "NOT_FOUND")}.get(status, (3, "INVALID_ARGUMENT"))
        return error(request, status, code, name)

    return made(wrong, does, breaks, "", family)


def asks(
    breaks: str, does: str, change: Callable[[Request], Request], *, at: str = "", family: str = ""
) -> Mutant:
    """A server that takes a request for another one."""

    def wrong(request: Request, forward: Forward) -> Response:
        return forward(change(request))

    return made(wrong, does, breaks, at, family)


def answers(
    breaks: str,
    does: str,
    change: Callable[[Response], Response],
    *,
    at: str = "",
    family: str = "",
) -> Mutant:
    """A server that answers otherwise."""

    def wrong(request: Request, forward: Forward) -> Response:
        return change(forward(request))

    return made(wrong, does, breaks, at, family)


def writes(
    breaks: str, does: str, pattern: str, instead: str, *, at: str = "", family: str = ""
) -> Mutant:
    """A server that writes something of its answers otherwise."""

    def change(response: Response) -> Response:
        return response.but(body=re.sub(pattern.encode(), instead.encode(), response.body))

    return answers(breaks, does, change, at=at, family=family)


def objects(breaks: str, does: str, change: Callable[[dict[str, Any]], Any], **more: str) -> Mutant:
    """A server that writes the objects of its answers otherwise, from the innermost on."""

    def on_all(response: Response) -> Response:
        if not response.body.lstrip().startswith((b"{", b"[")):
            return response
        return response.with_json(json.loads(response.body, object_hook=change))

    return answers(breaks, does, on_all, **more)


def target(request: Request, pattern: str, instead: str | Callable[[Any], str]) -> Request:
    """Returns a request whose target is another one where the pattern matches."""
    changed = re.sub(pattern, instead, request.target)
    return request if changed == request.target else request.but(target=changed)


def headed(request: Request, name: str, value: str | None) -> Request:
    """Returns a request with another value of a header; None drops it."""
    kept = tuple(pair for pair in request.headers if pair[0].lower() != name)
    return request.but(headers=kept if value is None else (*kept, (name, value)))
