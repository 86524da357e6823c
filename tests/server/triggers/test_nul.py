"""A NUL in a text, which PostgreSQL can't keep, is refused in the same words on both stores."""

import base64
import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from grpc_status import rpc_status

from stand.apis.google import GoogleGrpc, operation
from stand.apis.rules import RULES
from stand.apis.triggers import RestApi, create
from stand.apis.wire import Json, Refused
from stand.recording_target import Answer, RecordingTarget
from stand.tocsin_process import Tocsin, serving
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

SAYS = "must not hold a NUL character"
LOCATION = "projects/p/locations/l"
NIGHTLY = f"{LOCATION}/integrations/nightly"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, target: RecordingTarget) -> Iterator[Tocsin]:
    """A server on each of the stores."""
    config = f"""
        [integrations.nightly]
        triggers = ["api_trigger/nightly"]
        url = "{target.url}/answers-nul"
    """
    options: list[str] = []
    if request.param == "postgresql":
        options = ["--database", request.getfixturevalue("postgres").new_database()]
    with tempfile.TemporaryDirectory() as made, serving(Path(made), config, *options) as tocsin:
        yield tocsin


@pytest.fixture(scope="module")
def channel(either: Tocsin) -> Iterator[grpc.Channel]:
    with either.channel() as channel:
        yield channel


def texts(within: Any, path: str = "") -> Iterator[tuple[Any, str, str]]:
    """Gives each text of a message that is set: its message, its field's name, its path."""
    for field, value in within.ListFields():
        where = f"{path}{field.name}"
        if field.is_repeated:
            continue
        if isinstance(value, Message):
            yield from texts(value, f"{where}.")
        elif isinstance(value, str):
            yield within, field.name, where


def blamed(call: Any, request: Message) -> dict[str, str]:
    """The fields that a call is refused for."""
    with pytest.raises(grpc.RpcError) as refused:
        call(request, timeout=30)
    error: Any = refused.value
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT, error.details()
    status = rpc_status.from_call(error)
    details = [json_format.MessageToDict(detail) for detail in status.details]
    return Refused(error.code().name, error.details(), details).fields


@pytest.mark.parametrize("case", RULES)
def test_in_each_text_of_a_new_trigger(channel: grpc.Channel, case: str) -> None:
    told = {"folderId": "b1g0", "name": "name", "description": "d", "rule": RULES[case]}
    request = json_format.ParseDict(told, contract.CreateTriggerRequest())
    found = list(texts(request))
    assert len(found) >= 4
    for within, name, path in found:
        before = getattr(within, name)
        setattr(within, name, before[:1] + "\0" + before[2:])
        assert path in blamed(TriggerServiceStub(channel).Create, request)
        setattr(within, name, before)


@pytest.mark.parametrize(
    ("method", "request_", "field"),
    [
        ("Get", contract.GetTriggerRequest(trigger_id="a\0"), "trigger_id"),
        ("List", contract.ListTriggersRequest(folder_id="a\0"), "folder_id"),
        ("List", contract.ListTriggersRequest(folder_id="a", filter='name = "\0"'), "filter"),
        ("List", contract.ListTriggersRequest(folder_id="a", page_token="\0"), "page_token"),
        ("Pause", contract.PauseTriggerRequest(trigger_id="\0"), "trigger_id"),
        ("Update", contract.UpdateTriggerRequest(trigger_id="a\0"), "trigger_id"),
        (
            "Create",
            contract.CreateTriggerRequest(folder_id="a", labels={"k": "v\0"}),
            "labels[k]",
        ),
        (
            "Create",
            contract.CreateTriggerRequest(folder_id="a", labels={"k\0": "v"}),
            r"labels[k\x00]",
        ),
    ],
)
def test_elsewhere(channel: grpc.Channel, method: str, request_: Message, field: str) -> None:
    fields = blamed(getattr(TriggerServiceStub(channel), method), request_)
    assert field in fields


def test_in_what_a_page_token_of_the_first_release_hides(channel: grpc.Channel) -> None:
    digest = hashlib.blake2b(b"a\0", digest_size=6).digest()
    token = base64.urlsafe_b64encode(digest + b"a1s\0").decode().rstrip("=")
    request = contract.ListTriggersRequest(folder_id="a", page_token=token)
    assert "page_token" in blamed(TriggerServiceStub(channel).List, request)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": NIGHTLY + "\0"}, "name"),
        ({"triggerId": "\0"}, "trigger_id"),
        ({"requestId": "a\0"}, "request_id"),
        ({"userGeneratedExecutionId": "a\0"}, "user_generated_execution_id"),
        ({"inputParameters": {"a\0": {"stringValue": "b"}}}, r"input_parameters[a\x00]"),
        ({"inputParameters": {"a": {"stringValue": "\0"}}}, "input_parameters[a].string_value"),
    ],
)
def test_in_a_schedule(channel: grpc.Channel, changed: Json, field: str) -> None:
    request = {"name": NIGHTLY, "triggerId": "api_trigger/nightly", **changed}
    with pytest.raises(Refused) as refused:
        GoogleGrpc(channel).call("ScheduleIntegrations", request)
    assert refused.value.code == "INVALID_ARGUMENT"
    assert field in refused.value.fields


def test_over_rest(either: Tocsin) -> None:
    with pytest.raises(Refused) as refused:
        create(RestApi(either.http_address), "b1g0", description="a\0b")
    assert refused.value.code == "INVALID_ARGUMENT"
    assert refused.value.fields == {"description": SAYS}


def test_what_a_target_answers_may_hold_one(channel: grpc.Channel, target: RecordingTarget) -> None:
    target.answers["/answers-nul"] = lambda _: Answer(500, b"a\0b")
    api = GoogleGrpc(channel)
    request = {"name": NIGHTLY, "triggerId": "api_trigger/nightly"}
    [execution] = api.call("ScheduleIntegrations", request)["executionInfoIds"]
    wait = {"name": f"{LOCATION}/operations/{execution}", "timeout": "30s"}
    api.call("WaitOperation", wait)
    told = operation(api, LOCATION, execution)
    assert told["done"]
    assert "answered 500: a\N{REPLACEMENT CHARACTER}b" in told["error"]["message"]
