"""Stubs in Go, by protoc-gen-go and protoc-gen-go-grpc."""

import shutil
from pathlib import Path

from clients.generating import PROTOS, generate, go_plugins
from clients.stubs import check_answers
from clients.toolchains import HERE, built, go_build, json_lines
from server.tocsin_process import Tocsin

MODULE = HERE / "go" / "stub"


def make(folder: Path) -> None:
    module = shutil.copytree(MODULE, folder / "module")
    generate(module / "buf.gen.yaml", module, go_plugins())
    go_build(module, folder)


def test_it_is_generated_compiled_and_calls(server: Tocsin, folder: str) -> None:
    program = built("go-stub", ["go"], [MODULE, PROTOS], make) / "program"
    check_answers(json_lines(program, server.grpc_address, folder), "by-go")
