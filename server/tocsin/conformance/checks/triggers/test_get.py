"""Checks TriggerService.Get."""

from typing import Any

from tocsin.conformance.clauses import MUST, clause
from tocsin.conformance.expecting import Code, expect_error, expect_ok
from tocsin.conformance.peer import Peer
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2 import GetTriggerRequest

PROTO = "yandex/cloud/serverless/triggers/v1/trigger_service.proto"


@clause(
    "triggers.get.returns-what-was-created",
    MUST,
    "Get MUST return the trigger that Create's operation had in its response.",
    source=f"{PROTO}: Get, 'One trigger by its id'",
)
def test_get_returns_the_trigger_of_the_operation(peer: Peer, trigger: Any) -> None:
    got = expect_ok(peer.triggers.Get(GetTriggerRequest(trigger_id=trigger.id)))
    assert got == trigger


@clause(
    "triggers.get.unknown",
    MUST,
    "Get of a trigger that does not exist MUST be refused with NOT_FOUND.",
    source=f"{PROTO}: 'A trigger that does not exist is NOT_FOUND'",
)
def test_an_unknown_trigger_is_not_found(peer: Peer) -> None:
    answer = peer.triggers.Get(GetTriggerRequest(trigger_id=peer.name()))
    expect_error(answer, Code.NOT_FOUND)
