"""A trigger is no way to addresses that its owner could not reach by himself."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stand.apis.tocsin import TocsinGrpc
from stand.apis.triggers import RestApi, create
from stand.recording_target import RecordingTarget
from stand.tocsin_process import Tocsin, run_tocsin, serving

MANUAL = ("--clock", "manual")


@pytest.fixture(scope="module")
def server(target: RecordingTarget) -> Iterator[Tocsin]:
    """Its functions are named by hosts, and its containers by a path."""
    port = target.url.rpartition(":")[2]
    config = f"""
        [targets]
        function = "http://{{function_id}}:{port}/reached"
        container = "{target.url}/{{container_id}}"
    """
    with tempfile.TemporaryDirectory() as made, serving(Path(made), config, *MANUAL) as tocsin:
        yield tocsin


def why_failed(server: Tocsin, folder: str, action: dict[str, object]) -> str:
    """Fires a new trigger by hand; returns why its call failed."""
    rule = {"timer": {"cronExpression": "0 0 1 1 ? 2099", **action}}
    trigger = create(RestApi(server.http_address), folder, rule=rule)["id"]
    api = TocsinGrpc(server.grpc_address)
    [made] = api.call("FiringService.FireTrigger", {"triggerId": trigger})["invocations"]
    api.call("ClockService.Advance", {"duration": "0s"})
    told = api.call("InvocationService.Get", {"invocationId": made["id"]})["invocation"]
    assert told["state"] == "STATE_FAILED"
    return str(told["lastError"])


@pytest.mark.parametrize(
    "function_id",
    ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "[::1]", "169.254.169.254", "a@b"],
)
def test_an_id_makes_no_address_of_a_host(
    server: Tocsin, target: RecordingTarget, folder: str, function_id: str
) -> None:
    error = why_failed(server, folder, {"invokeFunction": {"functionId": function_id}})
    assert "the id " in error
    assert target.all(lambda call: call.path.startswith("/reached")) == []


def test_a_path_leads_out_of_no_container(
    server: Tocsin, target: RecordingTarget, folder: str
) -> None:
    container = {"containerId": folder, "path": "/../other"}
    error = why_failed(server, folder, {"invokeContainerWithRetry": container})
    assert "would lead out of the target's URL" in error


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "[fe80::1]", "0.0.0.0"])
@pytest.mark.parametrize(
    "setting",
    [
        "[targets]\nfunction",
        "[dead_letters]\nendpoint",
        "[sources.message_queue]\nendpoint",
        "[sources.mail]\ns3_endpoint",
    ],
)
def test_a_server_is_told_no_address_that_is_never_called(
    tmp_path: Path, setting: str, host: str
) -> None:
    config = tmp_path / "tocsin.toml"
    config.write_text(f'{setting} = "http://{host}/x"\n')
    done = run_tocsin("config", "check", "--config", str(config))
    assert done.status != 0
    assert "is never called" in done.stderr
    assert setting.rpartition("\n")[2] in done.stderr
