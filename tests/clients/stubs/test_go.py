"""Stubs in Go, by protoc-gen-go and protoc-gen-go-grpc."""

from clients.stubs.generating import go_stubs
from clients.stubs.program import check_answers
from clients.toolchains import json_lines
from stand.tocsin_process import Tocsin


def test_it_is_generated_compiled_and_calls(server: Tocsin, folder: str) -> None:
    program = go_stubs() / "program"
    check_answers(json_lines(program, server.grpc_address, folder), "by-go")
