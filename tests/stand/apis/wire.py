"""What both vendors' REST has in common, and how a refusal looks to a test."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

# Whatever proxy this machine has for the world, the server is on loopback.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class Refused(Exception):
    """What a call was refused with; `code` is the name of the gRPC code, `http` REST's status."""

    code: str
    message: str
    details: list[Json]
    http: int | None = None

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    @property
    def fields(self) -> dict[str, str]:
        """The fields to blame, with what is wrong with each."""
        return {
            violation["field"]: violation["description"]
            for detail in self.details
            if detail["@type"].endswith("google.rpc.BadRequest")
            for violation in detail["fieldViolations"]
        }

    @property
    def reasons(self) -> list[str]:
        return [detail["reason"] for detail in self.details if "reason" in detail]


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def send(
    address: str,
    verb: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    request = urllib.request.Request(
        f"http://{address}{path}", body, headers=dict(headers or {}), method=verb
    )
    if body is not None and not request.has_header("Content-type"):
        request.add_header("Content-Type", "application/json")
    try:
        with DIRECT.open(request, timeout=30) as answer:
            return Reply(answer.status, dict(answer.headers), answer.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, dict(error.headers), error.read().decode())
