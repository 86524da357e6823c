"""The examples of docs/clients.md for the vendor's SDKs, to the letter.

They name the port 8443, so they run in a network of their own.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clients.own_network import in_network_of, own_network
from clients.toolchains import HERE, ROOT, built, java_classpath, need, node_project, run
from clients.yandex.sdk import SHORT_LIVED, trust_store_options
from clients.yandex.servers import Certificates, Served, serving_tls
from docs.markdown import blocks
from stand.tocsin_process import TOCSIN
from stand.vendors.environment import vendor_python

PAGE = ROOT / "docs" / "clients.md"
FOLDER = "b1g00000000000000001"


def example(language: str, mark: str) -> str:
    """The code of the one block that has a mark in it."""
    [found] = [each.code for each in blocks(PAGE, language) if mark in each.code]
    return found


@pytest.fixture(scope="module")
def served(
    certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    hosts = tmp_path_factory.mktemp("network") / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    with serving_tls(certificates, port=8443, within=own_network(hosts)) as served:
        yield served


@pytest.fixture
def directory(served: Served, tmp_path: Path) -> Path:
    """Where `tocsin dev-certs` has made its files."""
    (tmp_path / "tocsin-certs").symlink_to(served.certificates.directory)
    return tmp_path


def python(directory: Path) -> list[str | Path]:
    script = directory / "nightly.py"
    script.write_text(example("python", "yandexcloud.SDK"))
    return [vendor_python(), script]


def node(directory: Path) -> list[str | Path]:
    packages = node_project(HERE / "node" / "yandex") / "node_modules"
    (directory / "node_modules").symlink_to(packages)
    script = directory / "nightly.js"
    script.write_text(example("js", "@yandex-cloud/nodejs-sdk"))
    return ["node", script]


def go(directory: Path) -> list[str | Path]:
    return [go_example('ycsdk "github.com/yandex-cloud/go-sdk"', HERE / "go" / "yandex")]


def go_v2(directory: Path) -> list[str | Path]:
    program = go_example('ycsdk "github.com/yandex-cloud/go-sdk/v2"', HERE / "go" / "yandex_v2")
    return ["env", "SSL_CERT_FILE=tocsin-certs/ca.pem", program]


def go_example(mark: str, versions: Path) -> Path:
    """The program of an example, with the versions of a module that has the same SDK."""
    code = example("go", mark)
    files = [versions / "go.mod", versions / "go.sum"]

    def make(folder: Path) -> None:
        for file in files:
            shutil.copy(file, folder)
        (folder / "main.go").write_text(code)
        run("go", "build", "-o", "program", ".", directory=folder, patience=1200)

    return built(f"page-{versions.name}", ["go"], [code, *files], make) / "program"


def java(directory: Path) -> list[str | Path]:
    need("java", "keytool")
    source = directory / "Nightly.java"
    source.write_text(example("java", "class Nightly"))
    trust = trust_store_options((directory / "tocsin-certs" / "ca.pem").resolve())
    return [
        "java",
        *SHORT_LIVED,
        *trust.split(),
        "-cp",
        java_classpath(HERE / "java" / "yandex"),
        source,
    ]


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("nightly-in-python", python),
        ("nightly-in-node", node),
        ("nightly-in-go", go),
        ("nightly-in-go-v2", go_v2),
        ("nightly-in-java", java),
    ],
)
def test_an_example_makes_its_trigger_and_prints_the_id(
    served: Served, directory: Path, name: str, command: Callable[[Path], list[str | Path]]
) -> None:
    there = in_network_of(served.tocsin.process.pid)
    inside = (*there, f"--wd={directory}")
    printed = run(*inside, *command(directory)).strip()
    at = {"TOCSIN_SERVER": served.tls, "TOCSIN_CA": str(served.ca)}
    shown = run(*there, TOCSIN, "triggers", "list", "--folder", FOLDER, environment=at)
    assert {printed, name} <= {word for line in shown.splitlines() for word in line.split()}
