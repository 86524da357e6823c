"""Stubs in Java, by Maven's protobuf plugin and protoc-gen-grpc-java."""

from clients.stubs.generating import PROTOS
from clients.stubs.program import check_answers
from clients.toolchains import HERE, java_classpath, json_lines, need
from stand.tocsin_process import Tocsin


def test_it_is_generated_compiled_and_calls(server: Tocsin, folder: str) -> None:
    need("java")
    classes = java_classpath(HERE / "java" / "stub", PROTOS)
    answers = json_lines("java", "-cp", classes, "Main", server.grpc_address, folder)
    check_answers(answers, "by-java")
