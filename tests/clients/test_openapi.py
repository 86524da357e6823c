"""OpenAPI is generated from `make descriptors`, with all paths and the protos' comments."""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from clients.page import code
from clients.stubs.generating import BUF, path_with
from clients.toolchains import ROOT, go_install, run
from gateway.grpc_gateway import VERSION
from tocsin.contract import routes

SECTION = "OpenAPI by protoc-gen-openapiv2"
PLUGIN = "github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-openapiv2"
# A name of several segments, which OpenAPI has as one parameter.
NAME = re.compile(r"\{(\w+)(=[^}]*)?\}")


@pytest.fixture(scope="module")
def descriptors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("descriptors") / "build" / "tocsin.binpb"
    run(sys.executable, ROOT / "gen" / "descriptors.py", file)
    return file


@pytest.fixture(scope="module")
def openapi(descriptors: Path) -> Any:
    """What the lines of the page make."""
    folder = descriptors.parent.parent
    (folder / "openapi.gen.yaml").write_text(code(SECTION, "yaml"))
    assert f"go install {PLUGIN}@{VERSION}\n" in code(SECTION, "sh")
    line = code(SECTION, "sh", 1).replace(".venv/bin/buf", str(BUF))
    plugin = go_install(PLUGIN, VERSION)
    bash = shutil.which("bash")
    run(bash or "bash", "-euc", line, directory=folder, environment=path_with([plugin]))
    return json.loads((folder / "build" / "tocsin.swagger.json").read_text())


def test_it_has_every_path_of_every_service(openapi: Any, descriptors: Path) -> None:
    described = {
        (verb.upper(), NAME.sub("{}", path))
        for path, verbs in openapi["paths"].items()
        for verb in verbs
    }
    served = {(verb, NAME.sub("{}", template)) for verb, template in _bindings(descriptors)}
    assert served
    assert served - described == set()


def _bindings(descriptors: Path) -> Iterator[tuple[str, str]]:
    for file in FileDescriptorSet.FromString(descriptors.read_bytes()).file:
        for service in file.service:
            for method in service.method:
                rule = method.options.Extensions[routes.annotations_pb2.http]
                for binding in (rule, *rule.additional_bindings):
                    if verb := binding.WhichOneof("pattern"):
                        yield verb.upper(), getattr(binding, verb)


def test_it_has_the_comments_of_the_protos(openapi: Any) -> None:
    create = openapi["paths"]["/triggers/v1/triggers"]["post"]
    assert create["summary"].startswith("Makes a trigger")
    fields = openapi["definitions"]["v1Invocation"]["properties"]
    assert fields["attemptCount"]["description"]


def test_each_file_has_its_comments_and_each_field_its_json_name(descriptors: Path) -> None:
    for file in FileDescriptorSet.FromString(descriptors.read_bytes()).file:
        assert file.source_code_info.location, file.name
        for message in file.message_type:
            assert all(field.json_name for field in message.field), message.name
