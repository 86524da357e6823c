"""What is answered has reached the standby, wherever commits wait for one."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stand.apis.events import GrpcEvents
from stand.apis.google import GoogleGrpc, schedule
from stand.apis.tocsin import TocsinGrpc
from stand.apis.wire import Refused
from stand.recording_target import RecordingTarget
from stand.services.postgres_server import PostgresServer
from stand.tocsin_process import Tocsin, serving

LOCATION = "projects/p1/locations/here"
NEVER = {
    "timer": {
        "cronExpression": "0 0 1 1 ? 2099",
        "invokeFunctionWithRetry": {"functionId": "f"},
    }
}
BUDGET = {
    "billingBudget": {
        "billingAccountId": "acc",
        "budgetId": "b",
        "invokeFunction": {"functionId": "f"},
    }
}
CANCEL = (
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity"
    " WHERE wait_event = 'SyncRep' AND application_name = 'tocsin'"
)
Answered = Callable[[], object]


class Primary:
    """A PostgreSQL whose standby can be lost: then its commits wait."""

    def __init__(self) -> None:
        self.server = PostgresServer()

    def wait_for(self, standbys: str) -> None:
        self.server.execute(
            "postgres", f"ALTER SYSTEM SET synchronous_standby_names = '{standbys}'"
        )
        self.server.execute("postgres", "SELECT pg_reload_conf()")

    def cancelling_waits(self, call: Answered) -> None:
        """Makes a call while somebody cancels whatever waits for the standby."""
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(call)
            while not answer.done():
                self.server.execute("postgres", CANCEL)
            answer.result()


@pytest.fixture(scope="module")
def primary() -> Iterator[Primary]:
    primary = Primary()
    yield primary
    primary.server.close()


@pytest.fixture
def node(primary: Primary, tmp_path: Path) -> Iterator[Tocsin]:
    target = RecordingTarget()
    config = f"""
        [targets]
        function = "{target.url}/{{function_id}}"
        [integrations.nightly]
        triggers = ["api_trigger/nightly"]
        url = "{target.url}/nightly"
    """
    database = primary.server.new_database()
    with serving(tmp_path, config, "--database", database, http="off") as node:
        yield node
        primary.wait_for("")
    target.close()


def created(node: Tocsin, rule: object) -> str:
    request = {"folderId": "b1g1", "rule": rule}
    answer = TocsinGrpc(node.grpc_address).call("TriggerService.Create", request)
    trigger_id: str = answer["response"]["id"]
    return trigger_id


def fire(node: Tocsin) -> Answered:
    request = {"triggerId": created(node, NEVER), "requestId": "once"}
    return lambda: TocsinGrpc(node.grpc_address).call("FiringService.FireTrigger", request)


def schedule_once(node: Tocsin) -> Answered:
    def call() -> object:
        with node.channel() as channel:
            return schedule(GoogleGrpc(channel), LOCATION, "nightly", requestId="once")

    return call


def publish(node: Tocsin) -> Answered:
    created(node, BUDGET)
    event = {"id": "once", "billingBudget": {"billingAccountId": "acc", "budgetId": "b"}}
    return lambda: GrpcEvents(node.grpc_address).call("Publish", {"events": [event]})


@pytest.mark.parametrize("kind", [fire, schedule_once, publish])
def test_a_commit_whose_wait_for_the_standby_is_cancelled_answers_neither_call_nor_repeat(
    primary: Primary, node: Tocsin, kind: Callable[[Tocsin], Answered]
) -> None:
    call = kind(node)
    primary.wait_for("*")
    # The second time the first transaction can be seen, and the answer would be at hand.
    for _ in range(2):
        with pytest.raises(Refused, match="UNAVAILABLE"):
            primary.cancelling_waits(call)
    primary.wait_for("")
    assert call() == call()
