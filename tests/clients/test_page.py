"""The lines of docs/clients.md do what the page says."""

import os
import re
import shutil
from pathlib import Path

from clients.generating import BUF, PROTOS, generate, go_plugins
from clients.page import addresses, code, go_sources, pointed_at
from clients.toolchains import (
    HERE,
    built,
    go_build,
    go_install,
    java_classpath,
    need,
    node_project,
    npm_ci,
    run,
)
from server.tocsin_process import Tocsin
from vendor_environment import vendor_python

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
TRIGGER = r"a1s[0-9a-v]{17}\n"


def check_schedule(printed: str) -> None:
    """An execution's id, then the error of a request without a trigger."""
    first, rest = printed.split("\n", 1)
    assert re.search(UUID, first)
    assert re.match(r"400 Validation failed:\s+- trigger_id: Field is required", rest)
    assert "fieldViolations" in rest


def test_google_in_python(server: Tocsin) -> None:
    program = pointed_at(code("google-api-python-client", "python"), server)
    check_schedule(run(vendor_python(), "-c", program))


def test_google_in_node(server: Tocsin) -> None:
    project = node_project(HERE / "node" / "integrations")
    program = pointed_at(code("googleapis for Node", "js"), server)
    told = run("node", "-e", program, directory=project)
    assert re.search(UUID, told)
    assert "400 Validation failed:" in told


def go_page(name: str, module: Path, section: str) -> Path:
    """The program of a section, with the versions of a module of ours."""
    sources = go_sources(code(section, "go"))

    def make(folder: Path) -> None:
        copy = shutil.copytree(module, folder / "module")
        for file, text in sources.items():
            (copy / file).write_text(text)
        if (copy / "buf.gen.yaml").exists():
            generate(copy / "buf.gen.yaml", copy, go_plugins())
        go_build(copy, folder)

    return built(name, ["go"], [module, PROTOS, *sources.values()], make) / "program"


def test_google_in_go(server: Tocsin) -> None:
    section = "google.golang.org/api/integrations"
    program = go_page("go-page-integrations", HERE / "go" / "integrations", section)
    told = run(program, environment=addresses(server))
    assert re.search(UUID, told)
    assert "400 Validation failed:" in told


def test_google_in_java(server: Tocsin, tmp_path: Path) -> None:
    need("java")
    project = HERE / "java" / "integrations"
    section = "google-api-client for Java"
    request = project / "src" / "main" / "java" / "Integrations.java"
    assert code(section, "java") == request.read_text()
    assert code(section, "xml") in (project / "pom.xml").read_text()

    example = tmp_path / "Example.java"
    example.write_text(pointed_at(code(section, "java", 1), server))
    check_schedule(run("java", "-cp", java_classpath(project), example))


def shell(text: str, tools: list[Path]) -> str:
    folders = os.pathsep.join(str(tool.parent) for tool in tools)
    environment = {"PATH": f"{folders}{os.pathsep}{os.environ['PATH']}"}
    return run("bash", "-euo", "pipefail", "-c", text, environment=environment)


def test_grpcurl(server: Tocsin) -> None:
    version = "v1.9.4"
    grpcurl = go_install("github.com/fullstorydev/grpcurl/cmd/grpcurl", version)
    told = shell(pointed_at(code("grpcurl", "sh", 1), server), [grpcurl])
    assert "rpc Create (" in told
    assert told.count('"name": "every-minute-by-grpcurl"') == 2


def test_buf_curl(server: Tocsin) -> None:
    told = shell(pointed_at(code("buf curl", "sh", 1), server), [BUF])
    assert "TriggerService/Create" in told


def test_stubs_in_go(server: Tocsin) -> None:
    module = HERE / "go" / "stub"
    assert code("Stubs in Go", "yaml") == (module / "buf.gen.yaml").read_text()
    program = go_page("go-page-stub", module, "Stubs in Go")
    assert re.fullmatch(TRIGGER, run(program, environment=addresses(server)))


def test_stubs_in_java(server: Tocsin, tmp_path: Path) -> None:
    need("java")
    project = HERE / "java" / "stub"
    assert code("Stubs in Java", "xml") in (project / "pom.xml").read_text()
    example = tmp_path / "Example.java"
    example.write_text(pointed_at(code("Stubs in Java", "java"), server))
    told = run("java", "-cp", java_classpath(project, PROTOS), example)
    assert re.fullmatch(TRIGGER, told)


def test_stubs_in_typescript(server: Tocsin) -> None:
    project = HERE / "node" / "stub"
    assert code("Stubs in TypeScript", "yaml") == (project / "buf.gen.yaml").read_text()
    source = code("Stubs in TypeScript", "ts")
    source = source.replace('"127.0.0.1:50051"', "process.env.GRPC_ADDRESS!")

    def make(folder: Path) -> None:
        npm_ci(project, folder)
        (folder / "main.ts").write_text(source)
        binaries = folder / "node_modules" / ".bin"
        generate(folder / "buf.gen.yaml", folder, [binaries / "protoc-gen-ts_proto"])
        run(binaries / "tsc", directory=folder, patience=300)

    made = built("node-page-stub", ["node", "npm"], [project, PROTOS, source], make)
    told = run("node", made / "build" / "main.js", environment=addresses(server))
    assert re.fullmatch(TRIGGER, told)
