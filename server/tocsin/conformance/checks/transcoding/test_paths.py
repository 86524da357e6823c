"""Checks which method a path calls, and what of the path becomes a field."""

from typing import Any

from tocsin.conformance.clauses import MUST, clause
from tocsin.conformance.expecting import Code, expect_rest_error, expect_rest_ok
from tocsin.conformance.peer import Peer

TRIGGERS = "/triggers/v1/triggers"


@clause(
    "transcoding.path.variable",
    MUST,
    "A variable of the path MUST be read into the field of the request that it names.",
    source="google/api/http.proto: 'Path template', and the binding of TriggerService.Get",
    features=("rest",),
)
def test_a_variable_of_the_path_is_a_field(peer: Peer, trigger: Any) -> None:
    got = expect_rest_ok(peer.rest("GET", f"{TRIGGERS}/{trigger.id}"))
    assert got["id"] == trigger.id
    assert got["folderId"] == peer.folder


@clause(
    "transcoding.error.not-found",
    MUST,
    "NOT_FOUND MUST be answered with the HTTP status 404 and its code in the body.",
    source="google/rpc/code.proto: NOT_FOUND, 'HTTP Mapping: 404 Not Found'",
    features=("rest",),
)
def test_an_unknown_trigger_is_404(peer: Peer) -> None:
    expect_rest_error(peer.rest("GET", f"{TRIGGERS}/{peer.name()}"), Code.NOT_FOUND)
