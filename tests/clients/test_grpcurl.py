"""grpcurl, which knows the contracts by reflection alone."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from clients.services import RULE, SERVED, TRIGGERS
from clients.services import grpcurl as grpcurl_program
from clients.toolchains import Json, run
from clients.yandex.servers import Served
from stand.tocsin_process import Tocsin


@pytest.fixture
def grpcurl() -> Path:
    return grpcurl_program()


def call(grpcurl: Path, server: Tocsin, method: str, request: Json) -> Json:
    options = ("-plaintext", "-d", json.dumps(request), server.grpc_address)
    answer: Json = json.loads(run(grpcurl, *options, f"{TRIGGERS}/{method}"))
    return answer


def test_it_lists_every_service(grpcurl: Path, server: Tocsin) -> None:
    listed = run(grpcurl, "-plaintext", server.grpc_address, "list").split()
    assert set(listed) == SERVED


def test_it_describes_every_service_and_method(grpcurl: Path, server: Tocsin) -> None:
    described = run(grpcurl, "-plaintext", server.grpc_address, "describe")
    assert set(re.findall(r"^([\w.]+) is a service:$", described, re.MULTILINE)) == SERVED

    method = run(grpcurl, "-plaintext", server.grpc_address, "describe", f"{TRIGGERS}.Pause")
    assert method.startswith(f"{TRIGGERS}.Pause is a method:\nrpc Pause (")


def test_a_call_round_trips(grpcurl: Path, server: Tocsin, folder: str) -> None:
    request = {"folder_id": folder, "name": "by-grpcurl", "rule": RULE}
    operation = call(grpcurl, server, "Create", request)
    created = operation["response"]
    assert created["@type"].endswith(f"/{TRIGGERS.removesuffix('Service')}")
    assert created["rule"] == RULE

    [listed] = call(grpcurl, server, "List", {"folder_id": folder})["triggers"]
    assert listed == {name: value for name, value in created.items() if name != "@type"}


def test_an_error_is_shown_with_its_details(grpcurl: Path, server: Tocsin) -> None:
    options = ("-plaintext", "-format-error", "-d", '{"name": "Bad Name"}', server.grpc_address)
    done = subprocess.run(
        [grpcurl, *options, f"{TRIGGERS}/Create"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 64 + 3  # what grpcurl adds to the code, INVALID_ARGUMENT
    error = json.loads(done.stderr)
    assert error["code"] == 3
    assert error["message"].startswith("Validation failed:\n  - folder_id: Field is required")
    violations = error["details"][0]["field_violations"]
    assert [each["field"] for each in violations] == ["folder_id", "name", "rule"]


def test_it_speaks_tls(grpcurl: Path, open_server: Served, folder: str) -> None:
    trusting = ("-cacert", open_server.ca)
    listed = run(grpcurl, *trusting, open_server.tls, "list").split()
    assert set(listed) == SERVED

    request = json.dumps({"folder_id": folder})
    method = f"{TRIGGERS}/List"
    assert json.loads(run(grpcurl, *trusting, "-d", request, open_server.tls, method)) == {}
