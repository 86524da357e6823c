"""Paths that are written so that two who read them may understand two things."""

import pytest
import trustme

from attacks.wire import ask, head
from stand.access.secured import Secured
from stand.certificates import trusting
from stand.h2_client import H2Client

UNAUTHENTICATED, NOT_FOUND, UNIMPLEMENTED = "16", 404, "12"
LIST = "/yandex.cloud.serverless.triggers.v1.TriggerService/List"
QUERY = "?folderId=b1g1"
TRIGGERS = "/triggers/v1/triggers"
OPERATIONS = "/v1/projects/p/locations/l/operations"

# No method has these, whoever asks.
NOWHERE = [
    f"/{TRIGGERS}{QUERY}",
    f"/.{TRIGGERS}{QUERY}",
    f"/x/..{TRIGGERS}{QUERY}",
    f"/%2e{TRIGGERS}{QUERY}",
    f"/x/%2e%2e{TRIGGERS}{QUERY}",
    f"/x/%2E%2E{TRIGGERS}{QUERY}",
    f"/x/%252e%252e{TRIGGERS}{QUERY}",
    f"/healthz/..{TRIGGERS}{QUERY}",
    f"/.well-known/..{TRIGGERS}{QUERY}",
    f"/.well-known/%2e%2e{TRIGGERS}{QUERY}",
    f"/triggers%2fv1%2ftriggers{QUERY}",
    f"/triggers/v1%2ftriggers{QUERY}",
    f"/triggers/v1%252ftriggers{QUERY}",
    f"/triggers/v1//triggers{QUERY}",
    f"/TRIGGERS/v1/triggers{QUERY}",
    f"/triggers/V1/triggers{QUERY}",
    f"{TRIGGERS};a=b{QUERY}",
    f"/triggers/v1\\triggers{QUERY}",
    f"{TRIGGERS}%00{QUERY}",
    f"{TRIGGERS}%0d%0aX:y",
    f"{TRIGGERS}/a/../b",
    f"{TRIGGERS}/%2e%2e/x",
    LIST,
    f"/grpc.health.v1.Health/Check/..{LIST}",
]
GOOGLES = [
    "/v1//projects/p/locations/l/operations",
    "/v1/projects/p/locations/l/../../../p2/locations/l/operations",
    "/v1/projects/p%2flocations%2fl/operations",
    "/v1/projects/p/locations/l%2foperations",
    "/v1/./projects/p/locations/l/operations",
    "/google.longrunning.Operations/ListOperations",
]
# What these lead to is a method, and asks who calls.
SOMEWHERE = [
    (f"{TRIGGERS}/", 16),
    (f"{TRIGGERS}/..", 16),
    (f"{TRIGGERS}/%2e%2e", 16),
    (f"{TRIGGERS}/a%2f..%2fb", 16),
    (f"{TRIGGERS}/a%252fb", 16),
    (f"{OPERATIONS}/", 401),
    ("/v1/projects/%2e%2e/locations/l/operations", 401),
    ("/v1/projects/p%2f..%2fq/locations/l/operations", 401),
]


@pytest.mark.parametrize("path", NOWHERE)
def test_a_path_that_is_none_is_nowhere(it: Secured, authorization: str, path: str) -> None:
    for headers in ([], [f"Authorization: {authorization}"]):
        answer = ask(it.server.http_address, head("GET", path, headers))
        assert (answer.status, answer.json["code"]) == (404, 5)


@pytest.mark.parametrize("path", GOOGLES)
def test_it_is_so_in_googles_envelope(it: Secured, authorization: str, path: str) -> None:
    for headers in ([], [f"Authorization: {authorization}"]):
        answer = ask(it.server.http_address, head("GET", path, headers))
        assert answer.status == 404
        assert answer.json["error"]["status"] == "NOT_FOUND"


@pytest.mark.parametrize(("path", "code"), SOMEWHERE)
def test_a_path_that_is_one_asks_who_calls(it: Secured, path: str, code: int) -> None:
    answer = ask(it.server.http_address, head("GET", path))
    assert answer.status == 401
    assert answer.json.get("code", answer.json.get("error", {}).get("code")) == code


@pytest.mark.parametrize(
    "path", [f"{TRIGGERS}/..", f"{TRIGGERS}/%2e%2e%2f%2e%2e", f"{TRIGGERS}/a%252fb"]
)
def test_an_id_is_what_stands_there_and_leads_nowhere(
    it: Secured, authorization: str, path: str
) -> None:
    request = head("GET", path, [f"Authorization: {authorization}"])
    answer = ask(it.server.http_address, request)
    assert answer.status == 404
    assert answer.json["details"][0]["reason"] == "TRIGGER_NOT_FOUND"


@pytest.mark.parametrize(
    ("target", "host"),
    [
        (f"http://evil.example{TRIGGERS}{QUERY}", "localhost"),
        (f"{TRIGGERS}{QUERY}", "evil.example"),
        (f"{TRIGGERS}{QUERY}", "localhost@evil.example"),
        (f"{TRIGGERS}{QUERY}", "localhost\r\nHost: evil.example"),
    ],
)
def test_a_host_that_is_not_ours_is_refused_without_tls(
    it: Secured, authorization: str, target: str, host: str
) -> None:
    request = head("GET", target, [f"Authorization: {authorization}"], host)
    answer = ask(it.server.http_address, request)
    assert (answer.status, answer.json["code"]) == (403, 7)


def test_a_fragment_is_for_browsers(it: Secured, authorization: str) -> None:
    request = head("GET", f"{TRIGGERS}{QUERY}#x", [f"Authorization: {authorization}"])
    assert ask(it.server.http_address, request).status == 400


@pytest.mark.parametrize(
    ("verb", "headers", "status"),
    [
        ("TRACE", [], 404),
        ("OPTIONS", [], 404),
        ("PROPFIND", [], 404),
        ("GET", ["Connection: Upgrade", "Upgrade: websocket"], 403),
        ("POST", ["X-HTTP-Method-Override: GET", "Content-Length: 0"], 400),
    ],
)
def test_a_verb_is_what_it_is(
    it: Secured, authorization: str, verb: str, headers: list[str], status: int
) -> None:
    request = head(verb, TRIGGERS + QUERY, [f"Authorization: {authorization}", *headers])
    assert ask(it.server.http_address, request).status == status


@pytest.mark.parametrize(
    "path",
    [
        f"/{LIST}",
        LIST.lower(),
        f"{LIST}/",
        LIST.replace("/List", "%2fList"),
        LIST.replace("/List", "/%4cist"),
        f"{LIST}?x",
        f"/grpc.health.v1.Health/Check/..{LIST}",
        TRIGGERS,
    ],
)
@pytest.mark.parametrize("door", ["grpc", "tls"])
def test_a_method_of_grpc_has_one_name(
    it: Secured, ca: trustme.CA, authorization: str, door: str, path: str
) -> None:
    context = trusting(ca) if door == "tls" else None
    with H2Client(it.server.address(door), context) as client:
        blocks = client.call(path, b"\n\x04b1g1", [("authorization", authorization)])
        assert blocks.headers[-1]["grpc-status"] == UNIMPLEMENTED
        known = client.call(LIST, b"\n\x04b1g1")
        assert known.headers[-1]["grpc-status"] == UNAUTHENTICATED
