"""buf curl over the gRPC protocol, which knows the contracts by reflection alone."""

import base64
import json
import subprocess

from google.rpc import error_details_pb2

from clients.services import RULE, SERVED, TRIGGERS
from clients.stubs.generating import BUF
from clients.toolchains import Json, run
from clients.yandex.servers import Served
from stand.tocsin_process import Tocsin

CURL = (BUF, "curl", "--protocol", "grpc", "--http2-prior-knowledge")


def call(server: Tocsin, method: str, request: Json) -> Json:
    url = f"http://{server.grpc_address}/{TRIGGERS}/{method}"
    answer: Json = json.loads(run(*CURL, "--data", json.dumps(request), url))
    return answer


def test_it_lists_every_service(server: Tocsin) -> None:
    listed = run(*CURL, "--list-services", f"http://{server.grpc_address}").split()
    assert set(listed) == SERVED


def test_it_lists_every_method(server: Tocsin) -> None:
    listed = run(*CURL, "--list-methods", f"http://{server.grpc_address}").split()
    assert {method.partition("/")[0] for method in listed} == SERVED
    assert f"{TRIGGERS}/Pause" in listed


def test_a_call_round_trips(server: Tocsin, folder: str) -> None:
    request = {"folder_id": folder, "name": "by-buf", "rule": RULE}
    created = call(server, "Create", request)["response"]
    assert created["@type"].endswith(f"/{TRIGGERS.removesuffix('Service')}")

    [listed] = call(server, "List", {"folder_id": folder})["triggers"]
    assert listed == {name: value for name, value in created.items() if name != "@type"}


def test_an_error_is_shown_with_its_details(server: Tocsin) -> None:
    url = f"http://{server.grpc_address}/{TRIGGERS}/Create"
    done = subprocess.run(
        [*CURL, "--data", '{"name": "Bad Name"}', url], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3 << 3  # how buf curl tells the code, INVALID_ARGUMENT
    error = json.loads(done.stderr)
    assert error["code"] == "invalid_argument"
    assert error["message"].startswith("Validation failed:\n  - folder_id: Field is required")
    told = {detail["type"]: detail["value"] for detail in error["details"]}
    encoded = base64.b64decode(told["google.rpc.BadRequest"] + "==")
    violations = error_details_pb2.BadRequest.FromString(encoded).field_violations
    assert [each.field for each in violations] == ["folder_id", "name", "rule"]


def test_it_speaks_tls(open_server: Served, folder: str) -> None:
    trusting = (BUF, "curl", "--protocol", "grpc", "--cacert", open_server.ca)
    listed = run(*trusting, "--list-services", f"https://{open_server.tls}").split()
    assert set(listed) == SERVED

    url = f"https://{open_server.tls}/{TRIGGERS}/List"
    assert json.loads(run(*trusting, "--data", json.dumps({"folder_id": folder}), url)) == {}
