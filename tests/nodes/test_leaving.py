"""A node that is told to stop leaves nothing that others have to wait for."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from stand.processes import eventually
from stand.services.postgres_server import PostgresServer
from stand.tocsin_process import Tocsin, serving
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

PATIENCE = 30
# Each node looks for the duty of notices every five seconds, and nobody listens at the broker.
CONFIG = """
    [notify.receivers.ops]
    function = "ops"
    folders = ["*"]
    [targets]
    function = "http://127.0.0.1:1/{function_id}"
    [sources.mqtt.dead]
    url = "mqtt://127.0.0.1:1"
    [sources.mqtt.dead.registries.are0]
"""
DUTIES = {"retention", "expiry", "notices"}


class Leases:
    """What the nodes have."""

    def __init__(self, postgres: PostgresServer, database: str) -> None:
        self._postgres = postgres
        self._database = database

    def of_duties(self) -> dict[object, object]:
        """The node that has each duty."""
        held = "SELECT name, node FROM duties WHERE held_until > 0"
        return dict(self._postgres.execute(self._database, held))

    def of_sources(self) -> set[object]:
        """The nodes that read sources."""
        held = "SELECT node FROM source_parts WHERE held_until > 0"
        return {node for (node,) in self._postgres.execute(self._database, held)}


class Nodes:
    """Servers on one database, which a test starts one by one."""

    def __init__(self, stack: ExitStack, url: str, directory: Path) -> None:
        self._stack = stack
        self._url = url
        self._directory = directory
        self._started = 0

    def start(self) -> Tocsin:
        self._started += 1
        directory = self._directory / str(self._started)
        directory.mkdir()
        options = ("--database", self._url)
        return self._stack.enter_context(serving(directory, CONFIG, *options, http="off"))


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    return postgres.new_database()


@pytest.fixture
def leases(postgres: PostgresServer, url: str) -> Leases:
    return Leases(postgres, url.rpartition("/")[2])


@pytest.fixture
def nodes(url: str, tmp_path: Path) -> Iterator[Nodes]:
    with ExitStack() as stack:
        yield Nodes(stack, url, tmp_path)


def test_another_node_takes_up_its_duties_at_once(leases: Leases, nodes: Nodes) -> None:
    first = nodes.start()
    eventually(lambda: leases.of_duties().keys() >= DUTIES)
    [leaving] = set(leases.of_duties().values())
    nodes.start()
    assert first.stop() == 0
    assert leaving not in leases.of_duties().values()
    eventually(lambda: "notices" in leases.of_duties())


def test_another_node_reads_its_sources_at_once(leases: Leases, nodes: Nodes) -> None:
    first = nodes.start()
    request = contract.CreateTriggerRequest(folder_id="b1g0")
    rule = request.rule.iot_message
    rule.registry_id, rule.device_id, rule.mqtt_topic = "are0", "dev0", "$devices/dev0/events"
    rule.invoke_function.function_id = "f"
    with first.channel() as channel:
        TriggerServiceStub(channel).Create(request, timeout=PATIENCE)
    eventually(lambda: bool(leases.of_sources()))
    [leaving] = leases.of_sources()
    nodes.start()
    assert first.stop() == 0
    assert leaving not in leases.of_sources()
    eventually(lambda: bool(leases.of_sources()))
