"""What the vendor's SDKs expect of a connection, and what they do when one breaks."""

import shutil

import pytest

from clients.losing_network import LosingNetwork
from clients.yandex.sdk import SDKS, node_sdk
from clients.yandex.servers import Served


@pytest.fixture(scope="module", autouse=True)
def begin_what_takes_long(request: pytest.FixtureRequest) -> None:
    """Half a minute of silence, which test_yandex_pings.py looks at."""
    if shutil.which("go"):
        request.getfixturevalue("idle")


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
