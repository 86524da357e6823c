"""Stubs in TypeScript, by ts-proto for @grpc/grpc-js."""

from clients.stubs.generating import typescript_stubs
from clients.stubs.program import check_answers
from clients.toolchains import json_lines
from stand.tocsin_process import Tocsin


def test_it_is_generated_compiled_and_calls(server: Tocsin, folder: str) -> None:
    program = typescript_stubs() / "build" / "main.js"
    check_answers(json_lines("node", program, server.grpc_address, folder), "by-typescript")
