"""Stubs in TypeScript, by ts-proto for @grpc/grpc-js."""

from pathlib import Path

from clients.generating import PROTOS, generate, generate_error_details
from clients.stubs import check_answers
from clients.toolchains import HERE, built, json_lines, npm_ci, run
from server.tocsin_process import Tocsin

PROJECT = HERE / "node" / "stub"


def make(folder: Path) -> None:
    npm_ci(PROJECT, folder)
    plugins = [folder / "node_modules" / ".bin" / "protoc-gen-ts_proto"]
    template = folder / "buf.gen.yaml"
    generate(template, folder, plugins)
    generate_error_details(template, folder, plugins)
    run(folder / "node_modules" / ".bin" / "tsc", directory=folder, patience=300)


def test_it_is_generated_compiled_and_calls(server: Tocsin, folder: str) -> None:
    project = built("node-stub", ["node", "npm"], [PROJECT, PROTOS], make)
    program = project / "build" / "main.js"
    check_answers(json_lines("node", program, server.grpc_address, folder), "by-typescript")
