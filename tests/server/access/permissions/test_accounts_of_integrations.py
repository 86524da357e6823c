"""Whoever writes or publishes a version must be allowed to use its service accounts."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stand.access.guarded import Guarded, guarded
from stand.access.methods import CONFIG, VERSIONS, World, new_world
from stand.apis.wire import Json, Refused


@pytest.fixture(scope="module")
def server() -> Iterator[Guarded]:
    with tempfile.TemporaryDirectory() as made, guarded(Path(made), CONFIG) as running:
        yield running


@pytest.fixture
def world(server: Guarded) -> World:
    return new_world(server)


def version_as(account: str, name: str) -> Json:
    return {
        "triggerConfigs": [{"triggerId": f"api_trigger/{name}"}],
        "taskConfigs": [
            {
                "task": "GenericRestV2Task",
                "parameters": {"url": {"value": {"stringValue": "http://127.0.0.1:1/"}}},
            }
        ],
        "runAsServiceAccount": account,
    }


@pytest.mark.parametrize("field", ["runAsServiceAccount", "triggerConfigs"])
@pytest.mark.parametrize("method", ["Create", "Upload", "Update", "Publish"])
def test_an_account_is_used_only_by_who_may(world: World, method: str, field: str) -> None:
    account = world.server.account(world.folder)
    version = version_as("", "bills")
    if field == "runAsServiceAccount":
        version[field] = account
    else:
        schedule = {"cronTab": "0 9 * * *", "location": "l", "serviceAccountEmail": account}
        version[field][0]["cloudSchedulerConfig"] = schedule
    parent = f"{world.location}/integrations/bills"
    admin = world.server.admin
    made = admin.call(
        f"{VERSIONS}.CreateIntegrationVersion", {"parent": parent, "integrationVersion": version}
    )
    requests: dict[str, Json] = {
        "Create": {"parent": parent, "integrationVersion": version},
        "Upload": {"parent": parent, "content": json.dumps(version)},
        "Update": {"name": made["name"], "integrationVersion": version},
        "Publish": {"name": made["name"]},
    }
    full = f"{VERSIONS}.{method}IntegrationVersion"
    stranger = world.server.caller(editor=world.project)
    with pytest.raises(Refused) as caught:
        stranger.call(full, requests[method])
    assert caught.value.code == "PERMISSION_DENIED"
    assert "iam.serviceAccounts.use" in caught.value.message
    friend = world.server.caller_with(
        [
            ("editor", world.project),
            ("iam.serviceAccounts.user", f"folders/{world.folder}"),
        ]
    )
    friend.call(full, requests[method])


def test_to_write_drafts_is_not_to_publish_them(world: World) -> None:
    writer = world.server.caller_with([("roles/integrations.integrationEditor", world.project)])
    parent = f"{world.location}/integrations/bills"
    request = {"parent": parent, "integrationVersion": version_as("", "bills")}
    made = writer.call(f"{VERSIONS}.CreateIntegrationVersion", request)
    publish = f"{VERSIONS}.PublishIntegrationVersion"
    with pytest.raises(Refused) as caught:
        writer.call(publish, {"name": made["name"]})
    assert caught.value.code == "PERMISSION_DENIED"
    assert "integrations.integrationVersions.deploy" in caught.value.message
    role = "roles/integrations.integrationDeployer"
    deployer = world.server.caller_with([(role, world.project)])
    deployer.call(publish, {"name": made["name"]})
