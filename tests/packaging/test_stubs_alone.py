"""The stubs are a distribution of their own: the server needs it, and clients need nothing else."""

import json
import venv
import zipfile
from pathlib import Path

import pytest

from docs.markdown import blocks
from stand.tocsin_process import serving
from stand.vendors.environment import ROOT, make_environment, pip, run

# What a client installs: these, and nothing of the server.
NEEDED = {"tocsin-protos", "grpcio", "protobuf", "googleapis-common-protos", "typing-extensions"}
LARGEST_WHEEL = 512 * 1024

CREATE_AND_LIST = """
import sys
import grpc
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as triggers
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

with grpc.insecure_channel(sys.argv[1]) as channel:
    stub = TriggerServiceStub(channel)
    request = triggers.CreateTriggerRequest(folder_id="folder", name="nightly")
    request.rule.timer.cron_expression = "0 3 * * ? *"
    request.rule.timer.invoke_function.function_id = "function"
    assert stub.Create(request).done
    listed = stub.List(triggers.ListTriggersRequest(folder_id="folder"))
    print(*(trigger.name for trigger in listed.triggers))
"""


@pytest.fixture(scope="module")
def client(stubs_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds the stubs alone."""
    return make_environment(tmp_path_factory.mktemp("client"), str(stubs_wheel))


def requirements(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        lines = archive.read(name).decode().splitlines()
    return [line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires")]


def tops(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name.split("/")[0] for name in archive.namelist()}


def test_the_server_needs_the_stubs_of_its_own_version_and_does_not_carry_them(
    server_wheel: Path, stubs_wheel: Path
) -> None:
    version = server_wheel.name.split("-")[1]
    assert f"tocsin-protos=={version}" in requirements(server_wheel)
    beside = {f"tocsin-{version}.data", f"tocsin-{version}.dist-info"}
    assert tops(server_wheel) == {"tocsin", *beside}
    assert tops(stubs_wheel) == {"tocsin_protos", f"tocsin_protos-{version}.dist-info"}
    assert stubs_wheel.stat().st_size < LARGEST_WHEEL
    assert (ROOT / "gen" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_an_editable_installation_has_the_stubs_in_its_checkout(tmp_path: Path) -> None:
    folder = tmp_path / "editable"
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    # Without dependencies: what they are is read from the metadata, as pip does.
    pip(python, "install", "--quiet", "--no-deps", "--editable", str(ROOT))
    found = run(
        str(python),
        "-c",
        "import json; from importlib.metadata import requires; import tocsin_protos\n"
        "print(json.dumps([requires('tocsin'), *tocsin_protos.__path__]))",
    )
    needed, stubs = json.loads(found)
    assert not [name for name in needed if name.startswith("tocsin-protos")]
    assert [name for name in needed if name.startswith("grpcio")]
    assert Path(stubs) == ROOT / "gen" / "tocsin_protos"


@pytest.mark.parametrize("page", ["gen/README.md", "docs/clients.md"])
def test_what_the_pages_show_runs_with_the_stubs_alone(
    client: Path, tmp_path: Path, page: str
) -> None:
    (shown,) = [each.code for each in blocks(ROOT / page, "python") if "tocsin_protos" in each.code]
    with serving(tmp_path, http="off") as server:
        run(str(client), "-c", shown.replace("127.0.0.1:50051", server.grpc_address))


def test_a_client_with_the_stubs_alone_calls_a_server(client: Path, tmp_path: Path) -> None:
    listed = json.loads(pip(client, "list", "--format", "json"))
    assert {package["name"].lower().replace("_", "-") for package in listed} <= NEEDED
    with serving(tmp_path, http="off") as server:
        assert run(str(client), "-c", CREATE_AND_LIST, server.grpc_address) == "nightly\n"
