"""The lines of docs/clients.md do what the page says."""

import re
import shutil
import sys
from pathlib import Path

from clients.page import PAGE, addresses, code, go_sources, pointed_at
from clients.services import GRPCURL, grpcurl
from clients.stubs.generating import (
    BUF,
    GO_PLUGINS,
    PROTOS,
    go_plugins,
    go_stubs,
    lay_out_imports,
    path_with,
    typescript_stubs,
)
from clients.toolchains import (
    HERE,
    ROOT,
    built,
    go_build,
    java_classpath,
    need,
    node_project,
    run,
)
from gateway.grpc_gateway import PLUGIN, VERSION
from stand.tocsin_process import Tocsin
from stand.vendors.environment import vendor_python

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


def test_google_in_go(server: Tocsin) -> None:
    module = HERE / "go" / "integrations"
    sources = go_sources(code("google.golang.org/api/integrations", "go"))

    def make(folder: Path) -> None:
        copy = shutil.copytree(module, folder / "module")
        for file, text in sources.items():
            (copy / file).write_text(text)
        go_build(copy, folder)

    program = built("go-page", ["go"], [module, *sources.values()], make) / "program"
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
    command = ("bash", "-euo", "pipefail", "-c", text)
    return run(*command, directory=ROOT, environment=path_with(tools))


def test_grpcurl(server: Tocsin) -> None:
    told = shell(pointed_at(code("grpcurl", "sh", 1), server), [grpcurl()])
    assert "rpc Create (" in told
    assert told.count('"name": "every-minute-by-grpcurl"') == 2


def test_buf_curl(server: Tocsin) -> None:
    told = shell(pointed_at(code("buf curl", "sh", 1), server), [BUF])
    assert "TriggerService/Create" in told


def test_stubs_in_go(server: Tocsin) -> None:
    template = HERE / "go" / "stub" / "buf.gen.yaml"
    assert code("Stubs in Go", "yaml") == template.read_text()
    program = go_stubs() / "page" / "program"
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
    template = HERE / "node" / "stub" / "buf.gen.yaml"
    assert code("Stubs in TypeScript", "yaml") == template.read_text()
    program = typescript_stubs() / "build" / "example.js"
    told = run("node", program, environment=addresses(server))
    assert re.fullmatch(TRIGGER, told)


def test_stubs_in_any_language(tmp_path: Path) -> None:
    lay_out_imports()
    lines = re.sub(r"build/go\b", str(tmp_path), code("Stubs in any language", "sh"))
    shell(lines.replace(".venv/bin/python", sys.executable), go_plugins())
    assert list(tmp_path.rglob("trigger_service_grpc.pb.go"))


def test_the_page_names_the_versions_that_are_tried() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| \[([^]]+)\].*\| ([^|]+) \|$", text, re.MULTILINE))

    def named(file: str, pattern: str) -> str:
        [found] = re.findall(pattern, (HERE / file).read_text())
        return str(found)

    api = named("go/integrations/go.mod", r"google.golang.org/api v(\S+)")
    assert rows["google.golang.org/api/integrations"] == api
    assert rows["googleapis"] == named("node/integrations/package.json", r'"googleapis": "(.+)"')
    runtime = named("java/integrations/pom.xml", r"google-api-client</artifactId>\s+<version>(.+)<")
    assert rows["google-api-client"] == runtime
    assert (
        rows["stubs in TypeScript"]
        == f"ts-proto {named('node/stub/package.json', r'ts-proto.: .(.+).,')}"
    )
    plugin = named("java/stub/pom.xml", r"protoc-gen-grpc-java:([\d.]+):")
    assert rows["stubs in Java"] == f"protoc-gen-grpc-java {plugin}"
    assert rows["grpcurl"] == GRPCURL.removeprefix("v")
    assert rows["buf curl"] == run(BUF, "--version").strip()
    assert rows["grpc-gateway"] == VERSION.removeprefix("v")
    for package, version in {**GO_PLUGINS, PLUGIN: VERSION}.items():
        assert f"go install {package}@{version}\n" in text
