"""A real container registry tells of pushes, tags and deletions, and they fire triggers."""

import socket
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stand.apis.triggers import RestApi, create
from stand.recording_target import PATIENCE, Received, RecordingTarget
from stand.services.docker_registry import Registry, docker_registry
from stand.services.postgres_server import free_port
from stand.tocsin_process import Tocsin, serving

REGISTRY = "crt00000000000000reg"
ALL = ("CREATE_IMAGE", "DELETE_IMAGE", "CREATE_IMAGE_TAG", "DELETE_IMAGE_TAG")
SECRET = "s3cret"
WITH_SECRET = f'[sources.webhooks]\nsecret = "{SECRET}"\n'


def webhook(address: str) -> str:
    return f"http://{address}/tocsin/v1/webhooks/containerRegistries/{REGISTRY}"


@pytest.fixture(scope="module")
def registry(server: Tocsin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    folder = tmp_path_factory.mktemp("registry")
    with docker_registry(folder, webhook(server.http_address)) as registry:
        yield registry


@pytest.fixture
def mine() -> str:
    """A repository, and a function, that no other test knows."""
    return f"x{uuid.uuid4().hex[:15]}"


def trigger(api: RestApi, folder: str, mine: str, *changes: str, **fields: Any) -> str:
    rule = {
        "eventType": [f"CONTAINER_REGISTRY_EVENT_TYPE_{each}" for each in changes],
        "registryId": REGISTRY,
        "imageName": f"shop/{mine}",
        "invokeFunction": {"functionId": mine},
        **fields,
    }
    created: str = create(api, folder, rule={"containerRegistry": rule})["id"]
    return created


def called(mine: str) -> Callable[[Received], bool]:
    return lambda call: call.path == f"/functions/{mine}"


def told(target: RecordingTarget, mine: str, count: int) -> set[tuple[str, str, str]]:
    """What the function was called with: the change, the tag and the digest of each event."""
    return {
        (
            message["event_metadata"]["event_type"].rpartition(".")[2],
            message["details"]["tag"],
            message["details"]["image_digest"],
        )
        for call in target.wait_for(called(mine), count)
        for message in call.json["messages"]
    }


def test_a_push_a_tag_and_a_deletion_fire(
    rest_api: RestApi, registry: Registry, target: RecordingTarget, folder: str, mine: str
) -> None:
    trigger(rest_api, folder, mine, *ALL)
    digest = registry.push(f"shop/{mine}", "v1", "one")
    pushed = {("CreateImage", "v1", digest), ("CreateImageTag", "v1", digest)}
    assert told(target, mine, 2) == pushed
    # It does not say whether the image was there before.
    registry.tag(f"shop/{mine}", "v1", "v2")
    tagged = {("CreateImage", "v2", digest), ("CreateImageTag", "v2", digest)}
    assert told(target, mine, 4) == pushed | tagged
    registry.delete(f"shop/{mine}", digest)
    deleted = {
        ("DeleteImage", "", digest),
        ("DeleteImageTag", "v1", ""),
        ("DeleteImageTag", "v2", ""),
    }
    assert told(target, mine, 7) == pushed | tagged | deleted
    details = [
        message["details"]
        for call in target.all(called(mine))
        for message in call.json["messages"]
        if message["details"]["tag"] == "v1" and message["details"]["image_digest"]
    ]
    assert (
        details
        == [
            {
                "image_digest": digest,
                "image_id": digest,
                "registry_id": REGISTRY,
                "repository_name": f"{REGISTRY}/shop/{mine}",
                "tag": "v1",
            }
        ]
        * 2
    )


def test_a_rule_asks_for_a_change_and_a_tag(
    rest_api: RestApi, registry: Registry, target: RecordingTarget, folder: str, mine: str
) -> None:
    trigger(rest_api, folder, mine, "CREATE_IMAGE_TAG", tag="stable")
    registry.push(f"shop/{mine}", "v1", "one")
    registry.push(f"shop/{mine}-not", "stable", "one")
    stable = registry.push(f"shop/{mine}", "stable", "two")
    assert told(target, mine, 1) == {("CreateImageTag", "stable", stable)}


def test_a_registry_that_does_not_show_the_secret_fires_nothing(
    directory: Path, config: str, target: RecordingTarget, folder: str, mine: str
) -> None:
    with serving(directory, config + WITH_SECRET) as server:
        trigger(RestApi(server.http_address), folder, mine, "CREATE_IMAGE_TAG")
        url = webhook(server.http_address)
        for name, shown in (("wrong", "Bearer wrong"), ("right", f"Bearer {SECRET}")):
            (directory / name).mkdir()
            with docker_registry(directory / name, url, shown) as registry:
                digest = registry.push(f"shop/{mine}", name, name)
                if name == "right":
                    assert told(target, mine, 1) == {("CreateImageTag", "right", digest)}


def wait_until_free(address: str) -> None:
    """Waits until nobody listens there: a killed server's Envoy goes right after it."""
    host, port = address.split(":")
    give_up = time.monotonic() + PATIENCE
    while True:
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) != 0:
                return
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_what_a_registry_tells_a_server_that_is_killed_is_not_lost(
    directory: Path, config: str, target: RecordingTarget, folder: str, mine: str
) -> None:
    http = f"127.0.0.1:{free_port()}"
    pushed = set()
    with docker_registry(directory, webhook(http)) as registry:
        for number in range(2):
            with serving(directory, config, http=http) as server:
                if number == 0:
                    trigger(RestApi(http), folder, mine, "CREATE_IMAGE_TAG")
                digest = registry.push(f"shop/{mine}", f"v{number}", f"layer {number}")
                pushed.add(("CreateImageTag", f"v{number}", digest))
                # In whatever the notification is just then.
                server.kill()
            wait_until_free(http)
        with serving(directory, config, http=http):
            give_up = time.monotonic() + PATIENCE
            while told(target, mine, 1) != pushed:
                assert time.monotonic() < give_up, told(target, mine, 1)
                time.sleep(0.02)
    # What is called again after a kill is the same invocation.
    invocations = {call.headers["x-request-id"] for call in target.all(called(mine))}
    assert len(invocations) == len(pushed)
