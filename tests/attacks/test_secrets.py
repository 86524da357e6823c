"""No secret of the settings is in any output: neither in the log, nor in answers, nor in errors."""

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, SecretStr

from attacks.wire import PATIENCE, ask, head
from stand.apis.rules import KINDS
from stand.apis.tocsin import TocsinGrpc
from stand.apis.triggers import RestApi, create
from stand.apis.wire import send
from stand.tocsin_process import Ended, Tocsin, run_tocsin, serving
from tocsin.settings import Settings

KEY = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXM="
CONFIG = """
log_level = "debug"
[targets]
function = "http://user:secret-01@127.0.0.1:1/{function_id}?key=secret-02"
container = "http://secret-03@127.0.0.1:1/{container_id}?key=secret-04"
workflow = "http://user:secret-05@127.0.0.1:1/"
[dead_letters]
endpoint = "http://user:secret-06@127.0.0.1:1"
access_key_id = "id"
secret_access_key = "secret-07"
[sources.mail]
s3_endpoint = "http://user:secret-08@127.0.0.1:1"
s3_access_key_id = "id"
s3_secret_access_key = "secret-09"
[sources.mqtt.broker]
url = "mqtt://127.0.0.1:1"
username = "user"
password = "secret-10"
brokers = ["are00000000000000brk"]
[sources.mqtt.broker.registries.are00000000000000reg]
devices = "$devices/{device_id}"
[sources.webhooks]
secret = "secret-11"
hub_keys = ["secret-12"]
standard_keys = ["KEY"]
[sources.webhooks.object_storage]
secret = "secret-13"
hub_keys = ["secret-14"]
standard_keys = ["KEY"]
[sources.webhooks.registries.r]
secret = "secret-15"
hub_keys = ["secret-16"]
standard_keys = ["KEY"]
[sources.object_storage]
queue = "http://user:secret-17@127.0.0.1:1/q?key=secret-18"
access_key_id = "id"
secret_access_key = "secret-19"
[sources.message_queue]
endpoint = "http://user:secret-20@127.0.0.1:1"
access_key_id = "id"
secret_access_key = "secret-21"
shared = true
[sources.message_queue.urls]
other = "http://user:secret-22@127.0.0.1:1/q"
[sources.data_stream]
endpoint = "http://user:secret-23@127.0.0.1:1"
access_key_id = "id"
secret_access_key = "secret-24"
[sources.logs.otlp_senders.collector]
secret = "secret-27"
log_group = "e2300000000000000002"
[notify.receivers.ops]
url = "http://127.0.0.1:1/notices"
secret = "KEY"
folders = ["b1g00000000000000001"]
[notify.mail]
host = "127.0.0.1"
port = 1
security = "off"
username = "user"
password = "secret-29"
sender = "tocsin@example.com"
[access]
key = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I="
[access.issuers.example]
issuer = "https://issuer.example.com"
audience = "tocsin"
client_id = "console"
client_secret = "secret-28"
[integrations.nightly]
triggers = ["api_trigger/nightly"]
url = "http://user:secret-25@127.0.0.1:1/?key=secret-26"
""".replace("KEY", KEY)
MARKS = ("secret-", KEY.removeprefix("whsec_")[:12], "c2VjcmV0")


def shown(text: str) -> list[str]:
    """The lines that show a secret; names of settings have no hyphen."""
    return [line for line in text.splitlines() if any(mark in line for mark in MARKS)]


def secret_settings(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[str]:
    """The paths of all settings that are secrets by their type."""
    for name, field in model.model_fields.items():
        yield from _secrets_in(field.annotation, (*path, name))


def _secrets_in(annotation: Any, path: tuple[str, ...]) -> Iterator[str]:
    if annotation is SecretStr:
        yield ".".join(path)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from secret_settings(annotation, path)
    for each in get_args(annotation):
        yield from _secrets_in(each, path)


def test_each_secret_that_there_is_is_tried_here() -> None:
    given = {
        "access.key",
        "access.issuers.client_secret",
        "dead_letters.secret_access_key",
        "notify.mail.password",
        "notify.receivers.secret",
        "sources.mail.s3_secret_access_key",
        "sources.mqtt.password",
        "sources.webhooks.secret",
        "sources.webhooks.hub_keys",
        "sources.webhooks.standard_keys",
        "sources.webhooks.object_storage.secret",
        "sources.webhooks.object_storage.hub_keys",
        "sources.webhooks.object_storage.standard_keys",
        "sources.webhooks.registries.secret",
        "sources.webhooks.registries.hub_keys",
        "sources.webhooks.registries.standard_keys",
        "sources.object_storage.secret_access_key",
        "sources.logs.otlp_senders.secret",
        "sources.message_queue.secret_access_key",
        "sources.data_stream.secret_access_key",
    }
    assert set(secret_settings(Settings)) == given


def checked(tmp_path: Path, config: str) -> Ended:
    file = tmp_path / "tocsin.toml"
    file.write_text(config)
    return run_tocsin("config", "check", "--config", str(file))


def test_config_check_shows_none(tmp_path: Path) -> None:
    database = 'database = "postgresql://user:secret-00@127.0.0.1/db?password=secret-99"\n'
    done = checked(tmp_path, database + CONFIG)
    assert done.status == 0, done.stderr
    assert "127.0.0.1" in done.stdout
    assert shown(done.stdout + done.stderr) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (
            'key = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I="',
            'key = ["c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I="]',
        ),
        ('secret = "secret-11"', 'secret = " secret-11"'),
        ('password = "secret-10"', 'password = ["secret-10"]'),
        ('hub_keys = ["secret-12"]', 'hub_keys = "secret-12"'),
        (f'standard_keys = ["{KEY}"]', 'standard_keys = ["whsec_c2VjcmV0"]'),
        ('"mqtt://127.0.0.1:1"', '"mqtt://user:secret-10@127.0.0.1:1"'),
        ('"http://user:secret-20@127.0.0.1:1"', '"ftp://user:secret-20@127.0.0.1:1"'),
        ('"http://user:secret-20@127.0.0.1:1"', '"http://user:secret-20@169.254.169.254"'),
        ('"http://user:secret-20@127.0.0.1:1"', '"http://user:secret-20@127.0.0.1:port"'),
    ],
)
def test_what_is_said_of_a_wrong_setting_shows_none(tmp_path: Path, right: str, wrong: str) -> None:
    assert right in CONFIG
    done = checked(tmp_path, CONFIG.replace(right, wrong, 1))
    assert done.status != 0
    assert shown(done.stdout + done.stderr) == []


@pytest.fixture(scope="module")
def server() -> Iterator[Tocsin]:
    doors = ("--metrics", "127.0.0.1:0", "--smtp", "127.0.0.1:0")
    with tempfile.TemporaryDirectory() as made, serving(Path(made), CONFIG, *doors) as tocsin:
        yield tocsin


def test_a_server_whose_calls_and_sources_fail_shows_none(server: Tocsin) -> None:
    triggers, api = RestApi(server.http_address), TocsinGrpc(server.grpc_address)
    ids = []
    for kind, (fields, actions) in KINDS.items():
        for action, invoke in actions.items():
            rule = {kind: {**fields, action: invoke}}
            ids.append(create(triggers, "b1g1", rule=rule)["id"])
    fired = [
        api.call("FiringService.FireTrigger", {"triggerId": each, "json": {}})["invocations"][0]
        for each in ids
    ]
    give_up = time.monotonic() + PATIENCE
    told: list[Any] = []
    while len(told) < len(fired):
        assert time.monotonic() < give_up
        time.sleep(0.1)
        found = [api.call("InvocationService.Get", {"invocationId": each["id"]}) for each in fired]
        told = [each for each in found if each["invocation"].get("lastError")]
    answers = json.dumps(told)
    assert "127.0.0.1:1" in answers
    for each in ids:
        answers += send(server.http_address, "GET", f"/tocsin/v1/triggers/{each}/intake").text
    answers += send(server.address("metrics"), "GET", "/metrics").text
    assert shown(answers) == []
    log = server.log.read_text()
    assert "source" in log
    assert shown(log) == []


@pytest.mark.parametrize(
    "path", ["objectStorage", "containerRegistries/r", "containerRegistries/x"]
)
def test_a_sender_that_proves_nothing_is_told_none(server: Tocsin, path: str) -> None:
    shows = ["Authorization: Bearer shown-and-wrong", "Content-Length: 2"]
    answer = ask(server.http_address, head("POST", f"/tocsin/v1/webhooks/{path}", shows) + b"{}")
    assert answer.status == 401
    assert shown(answer.body.decode()) == []
    assert "shown-and-wrong" not in server.log.read_text()
