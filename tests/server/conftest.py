"""One server, one target and one process with the vendors' clients for all tests of this folder.

Tests don't meet in them, since each takes a folder, or a project, of its own. A test that needs
more of a server than its wires starts one by `serving`.
"""

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from stand.apis.google import GoogleApi, GoogleGrpc, GoogleRest
from stand.apis.steering import QueueService, Steering, steered
from stand.apis.tocsin import TocsinGrpc, TocsinRest
from stand.apis.triggers import GrpcApi, RestApi, TriggerApi
from stand.recording_target import Answers, RecordingTarget
from stand.services.amazon import Amazon, amazon
from stand.tocsin_process import Tocsin, serving
from stand.vendors.client import VendorClient


@pytest.fixture(scope="session")
def vendor() -> Iterator[VendorClient]:
    client = VendorClient()
    yield client
    client.close()


@pytest.fixture(scope="session")
def target() -> Iterator[RecordingTarget]:
    target = RecordingTarget()
    yield target
    target.close()


@pytest.fixture(autouse=True)
def answers(target: RecordingTarget) -> Iterator[dict[str, Answers]]:
    """What the target answers, by path; it lasts for one test."""
    yield target.answers
    target.answers.clear()


@pytest.fixture(scope="session")
def config(target: RecordingTarget) -> str:
    """Maps everything to the target, by paths that tell what was called."""
    return f"""
        cloud_id = "b1g0000000000000cld0"

        [targets]
        function = "{target.url}/functions/{{function_id}}"
        container = "{target.url}/containers/{{container_id}}"
        workflow = "{target.url}/workflows/{{workflow_id}}"
        websocket_broadcast = "{target.url}/gateways/{{gateway_id}}"

        [targets.functions]
        special = "{target.url}/special?kept=yes"

        [integrations.nightly]
        triggers = ["api_trigger/nightly", "api_trigger/both"]
        url = "{target.url}/nightly"

        [integrations.weekly]
        triggers = ["api_trigger/weekly", "api_trigger/both"]
        url = "{target.url}/weekly"

        [integrations.failing]
        triggers = ["api_trigger/failing"]
        url = "{target.url}/failing"

        [integrations.answering]
        triggers = ["api_trigger/answering"]
        url = "{target.url}/answering"

        [integrations.held]
        triggers = ["api_trigger/held"]
        url = "{target.url}/held"

        [integrations.unreachable]
        triggers = ["api_trigger/unreachable"]
        url = "http://127.0.0.1:1/"
    """


@pytest.fixture(scope="session")
def server(config: str) -> Iterator[Tocsin]:
    # Tests of this folder name the same queues.
    shared = "[sources.message_queue]\nshared = true\n"
    with tempfile.TemporaryDirectory() as made, serving(Path(made), config + shared) as tocsin:
        yield tocsin


@pytest.fixture(scope="session")
def aws() -> Iterator[Amazon]:
    """Queues and streams."""
    with amazon() as running:
        yield running


@pytest.fixture(scope="session")
def aws_config(config: str, aws: Amazon) -> str:
    return f"{config}\n{aws.config('message_queue')}\n{aws.config('data_stream')}"


@pytest.fixture(scope="session")
def asking(aws_config: str) -> Iterator[Tocsin]:
    """A server that reads queues and streams."""
    with (
        tempfile.TemporaryDirectory() as made,
        serving(Path(made), aws_config, http="off") as server,
    ):
        yield server


@pytest.fixture
def directory() -> Iterator[Path]:
    """An empty directory for a server of the test's own."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


@pytest.fixture(scope="session")
def grpc_api(server: Tocsin, vendor: VendorClient) -> GrpcApi:
    return GrpcApi(vendor, server.grpc_address)


@pytest.fixture(scope="session")
def rest_api(server: Tocsin) -> RestApi:
    return RestApi(server.http_address)


@pytest.fixture(params=["grpc", "rest"])
def api(request: pytest.FixtureRequest) -> TriggerApi:
    """Each test that asks for it runs over both wires."""
    found: TriggerApi = request.getfixturevalue(f"{request.param}_api")
    return found


@pytest.fixture
def folder() -> str:
    """A folder that no other test knows."""
    return f"b1g{uuid.uuid4().hex[:17]}"


@pytest.fixture(scope="session")
def google_grpc(server: Tocsin) -> Iterator[GoogleGrpc]:
    with server.channel() as channel:
        yield GoogleGrpc(channel)


@pytest.fixture(scope="session")
def google_rest(server: Tocsin) -> GoogleRest:
    return GoogleRest(server.http_address)


@pytest.fixture(params=["grpc", "rest"])
def google(request: pytest.FixtureRequest) -> GoogleApi:
    """Each test that asks for it runs over both wires."""
    found: GoogleApi = request.getfixturevalue(f"google_{request.param}")
    return found


@pytest.fixture
def location() -> str:
    """A location that no other test knows."""
    return f"projects/p-{uuid.uuid4().hex[:12]}/locations/local"


@pytest.fixture(scope="session")
def queues() -> Iterator[QueueService]:
    service = QueueService()
    yield service
    service.close()


STEERED_FROM = "2026-03-01T12:00:30Z"


@pytest.fixture(scope="session")
def steered_sqlite(target: RecordingTarget, queues: QueueService) -> Iterator[Tocsin]:
    with (
        tempfile.TemporaryDirectory() as made,
        steered(Path(made), target, queues, STEERED_FROM) as tocsin,
    ):
        yield tocsin


@pytest.fixture(params=["grpc", "rest"])
def it(
    request: pytest.FixtureRequest,
    steered_sqlite: Tocsin,
    target: RecordingTarget,
    queues: QueueService,
    folder: str,
) -> Iterator[Steering]:
    """Each test that asks for it runs over both wires, with a clock that is moved.

    That is for a node alone with its store; test_steering_on_postgresql.py has the other one.
    """
    server = steered_sqlite
    rest = request.param == "rest"
    api = TocsinRest(server.http_address) if rest else TocsinGrpc(server.grpc_address)
    steering = Steering(server, api, target, queues, folder)
    yield steering
    steering.leave()
