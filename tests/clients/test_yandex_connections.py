"""What the vendor's SDKs expect of a connection, and what they do when one breaks."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from clients.losing_network import LosingNetwork
from clients.yandex import SDKS, Sdk, go_sdk_v2, new_folder, node_sdk
from clients.yandex_server import Served

Idle = Future[dict[str, dict[str, object]]]


@pytest.fixture(scope="module", autouse=True)
def idle(open_server: Served) -> Iterator[dict[str, Idle]]:
    """The second Go SDK on each listener, silent for 35 seconds, while other tests run."""
    sdk = go_sdk_v2()
    plain = Sdk(("env", "PLAINTEXT=yes", *sdk.command))
    with ThreadPoolExecutor(2) as pool:
        yield {
            "tls": pool.submit(sdk.play, "idle", open_server.tls, new_folder(), open_server.ca),
            "plaintext": pool.submit(
                plain.play, "idle", open_server.plaintext, new_folder(), ca=None
            ),
        }


@pytest.mark.parametrize("name", ["python", "node", "go", "go-v2"])
def test_a_retry_after_a_lost_answer_makes_no_second_trigger(
    open_server: Served, folder: str, name: str
) -> None:
    sdk, files = SDKS[name](), open_server.certificates
    network = LosingNetwork(
        open_server.tls,
        mark=folder.encode(),
        ca=files.ca,
        certificate=files.certificate,
        key=files.key,
    )
    try:
        seen = sdk.play(
            "lost_answer",
            open_server.tls,
            folder,
            open_server.ca,
            LOSING_ENDPOINT=network.endpoint,
            IAM_TOKEN="t1.any.token",
        )
    finally:
        network.close()
    assert network.lost.is_set()
    assert seen["create"]["metadata"] == seen["create"]["trigger"]["id"]
    listed = sdk.play("ask", open_server.tls, folder, open_server.ca)
    assert listed["ask"]["names"] == ["lost"]


def test_a_hundred_connections_of_one_client_are_served(open_server: Served, folder: str) -> None:
    seen = node_sdk().play("many_connections", open_server.tls, folder, open_server.ca)
    assert seen["list"]["answered"] == 100


@pytest.mark.parametrize("listener", ["tls", "plaintext"])
def test_pings_with_no_call_in_flight_are_welcome(idle: dict[str, Idle], listener: str) -> None:
    """After three of them gRPC's own limits would have ended the connection."""
    seen = idle[listener].result()["idle"]
    assert seen["code"] == "OK"
    assert seen["ended"] == 0
