"""What docs/tls.md and `tocsin dev-certs` tell people to type works, with those clients."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clients.toolchains import need
from docs.markdown import README, ROOT, blocks
from stand.tocsin_process import run_tocsin, serving
from stand.vendors.environment import vendor_python

PAGE = ROOT / "docs" / "tls.md"
SHELL = [block.code for block in blocks(PAGE, "sh")]
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Where the page's first command was typed."""
    with tempfile.TemporaryDirectory() as made:
        (Path(made) / "told").write_text(typed(Path(made), SHELL[0]))
        yield Path(made)


@pytest.fixture(scope="module")
def live(place: Path) -> Iterator[Callable[[str], str]]:
    """Runs the page's second command on a free port; gives what puts that into a text."""
    with running(place, SHELL[1]) as address:
        port = address.rpartition(":")[2]
        yield lambda text: text.replace(":8443", f":{port}")


@contextmanager
def running(place: Path, command: str) -> Iterator[str]:
    words = command.replace("\\\n", " ").split()
    options = words[words.index("--tls") :]
    options[1] = "127.0.0.1:0"
    options = [str(place / each) if each.startswith("tocsin-certs") else each for each in options]
    with serving(place, "", *options, http="off") as server:
        yield server.address("tls")


def typed(place: Path, code: str, **variables: str) -> str:
    done = subprocess.run(
        ["sh", "-e", "-c", code],
        cwd=place,
        env={**os.environ, "PATH": PATH, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_curl_gets_what_is_shown(place: Path, live: Callable[[str], str]) -> None:
    need("curl")
    [shown] = blocks(PAGE, "json")
    assert json.loads(typed(place, live(SHELL[2]))) == json.loads(live(shown.code))


def test_the_vendors_sdk_works(place: Path, live: Callable[[str], str]) -> None:
    [sdk] = blocks(PAGE, "python")
    (place / "client.py").write_text(live(sdk.code))
    assert typed(place, f"{vendor_python()} client.py") == "0\n"


def test_the_readmes_two_commands_work(tmp_path: Path) -> None:
    [block] = [each for each in blocks(README, "sh") if each.code.startswith("tocsin dev-certs\n")]
    first, _, second = block.code.partition("\n")
    typed(tmp_path, first)
    with running(tmp_path, second) as address:
        ca = str(tmp_path / "tocsin-certs" / "ca.pem")
        listing = ("triggers", "list", "--folder", "f", "--server", address, "--ca", ca)
        assert run_tocsin(*listing).status == 0


@pytest.fixture(scope="module")
def lines(place: Path, live: Callable[[str], str]) -> dict[str, str]:
    """What `tocsin dev-certs` has printed for each client."""
    told = live((place / "told").read_text()).splitlines()
    return {name.rstrip(":"): line for name, line in zip(told[::2], told[1::2], strict=True)}


URL = "https://localhost:8443/endpoints/iam"

NODE = f"""
fetch("{URL}").then((answer) => answer.json()).then((endpoint) => console.log(endpoint.id));
"""

GO = f"""
package main

import (
	"io"
	"net/http"
	"os"
)

func main() {{
	answer, err := http.Get("{URL}")
	if err != nil {{
		panic(err)
	}}
	io.Copy(os.Stdout, answer.Body)
}}
"""

JAVA = f"""
import java.net.URI;
import java.net.http.*;

class Asking {{
    public static void main(String[] arguments) throws Exception {{
        var request = HttpRequest.newBuilder(URI.create("{URL}")).build();
        var body = HttpResponse.BodyHandlers.ofString();
        System.out.println(HttpClient.newHttpClient().send(request, body).body());
    }}
}}
"""

GRPC = """
import grpc
from yandex.cloud.endpoint.api_endpoint_service_pb2 import ListApiEndpointsRequest
from yandex.cloud.endpoint.api_endpoint_service_pb2_grpc import ApiEndpointServiceStub

with grpc.secure_channel("localhost:8443", grpc.ssl_channel_credentials()) as channel:
    response = ApiEndpointServiceStub(channel).List(ListApiEndpointsRequest())
    print([endpoint.id for endpoint in response.endpoints if endpoint.id == "iam"])
"""

HTTPLIB2 = f"""
import httplib2
print(httplib2.Http().request("{URL}")[1])
"""


def test_node_trusts_it(place: Path, live: Callable[[str], str], lines: dict[str, str]) -> None:
    need("node")
    (place / "asking.js").write_text(live(NODE))
    line = lines["Node, googleapis and other HTTPS"]
    assert typed(place, f"{line}\nnode asking.js") == "iam\n"


def test_go_trusts_it(place: Path, live: Callable[[str], str], lines: dict[str, str]) -> None:
    need("go")
    (place / "asking.go").write_text(live(GO))
    line = lines["Go, Terraform, yc, on Linux"]
    assert '"id":"iam"' in typed(place, f"{line}\ngo run asking.go")


def test_java_trusts_it(place: Path, live: Callable[[str], str], lines: dict[str, str]) -> None:
    need("java", "keytool")
    (place / "Asking.java").write_text(live(JAVA))
    asking = lines["Java, then"].replace("…", "Asking.java")
    assert '"id":"iam"' in typed(place, f"{lines['Java, once']} 2>&1\n{asking}")


@pytest.mark.parametrize(
    ("script", "client"),
    [(GRPC, "Python and Node, gRPC"), (HTTPLIB2, "Python, google-api-python-client")],
)
def test_python_trusts_it(
    place: Path, live: Callable[[str], str], lines: dict[str, str], script: str, client: str
) -> None:
    (place / "asking.py").write_text(live(script))
    assert "iam" in typed(place, f"{lines[client]}\n{vendor_python()} asking.py")


def test_tocsin_and_curl_trust_it(place: Path, lines: dict[str, str]) -> None:
    assert typed(place, f"{lines['tocsin']}\ntocsin triggers list --folder f") is not None
    need("curl")
    assert '"id":"iam"' in typed(place, lines["curl"])
