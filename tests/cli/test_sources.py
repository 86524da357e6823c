"""How the commands show where a trigger's events come from."""

import re

import grpc
import pytest

from cli.person import Person
from cli.triggers import TIMER, create
from tocsin_protos.tocsin.v1 import event_service_pb2
from tocsin_protos.tocsin.v1.event_service_pb2_grpc import EventServiceStub

QUEUE = """\
rule:
  messageQueue:
    queueId: {function}
    serviceAccountId: aje1
    batchSettings: {{size: 1, cutoff: 0s}}
    invokeFunction: {{functionId: {function}}}
"""
BUDGET = """\
rule:
  billingBudget:
    billingAccountId: {function}
    invokeFunction: {{functionId: {function}}}
"""
UNREACHABLE = "no queue service is configured: set endpoint in [sources.message_queue]"


def fields(shown: str) -> dict[str, str]:
    return dict(re.findall(r"^(\w+) {2,}(.*)$", shown, flags=re.MULTILINE))


def source_column(person: Person) -> dict[str, str]:
    """What a list tells of the source of each trigger, by name."""
    head, *lines = person.gets("triggers", "list").splitlines()
    start = head.index("SOURCE")
    return {line.split()[0]: line[start:] for line in lines}


def test_create_says_that_a_source_cant_be_reached(person: Person) -> None:
    text = f"name: orders\n{QUEUE.format(function='orders')}"
    told = fields(person.gets("triggers", "create", "-f", "-", stdin=text))
    assert (told["status"], told["connected"]) == ("ACTIVE", "no")
    assert told["lastError"] == f"queue orders: {UNREACHABLE}"
    assert fields(person.gets("triggers", "get", "orders")).items() >= told.items()


def test_a_list_tells_of_each_source(person: Person) -> None:
    create(person, "nightly", TIMER)
    create(person, "orders", QUEUE)
    person.gets("triggers", "create", "-f", "-", stdin=f"name: last\n{QUEUE.format(function='x')}")
    told = source_column(person)
    assert told["nightly"] == "-"
    assert told["last"] == f"not connected: queue x: {UNREACHABLE}"


def test_what_a_pause_loses_is_counted(person: Person) -> None:
    trigger = create(person, "budget", BUDGET)
    assert "SOURCE" not in person.gets("triggers", "list")
    person.gets("triggers", "pause", "budget")
    request = event_service_pb2.EventServicePublishRequest()
    budget = request.events.add().billing_budget
    budget.billing_account_id = trigger.rule.billing_budget.billing_account_id
    budget.budget_id = "dev"
    with grpc.insecure_channel(person.server) as channel:
        EventServiceStub(channel).Publish(request)
    assert source_column(person) == {"budget": "1 lost"}
    assert fields(person.gets("triggers", "get", "budget"))["lostEvents"] == "1"


@pytest.mark.parametrize("command", ["list", "get"])
def test_json_is_the_contracts_message_alone(person: Person, command: str) -> None:
    create(person, "orders", QUEUE)
    names = ("orders",) if command == "get" else ()
    assert "connected" not in person.gets("triggers", command, *names, "-o", "json")
