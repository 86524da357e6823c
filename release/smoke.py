"""Tries an installed Tocsin: its modules load, and a server fires a trigger over gRPC and REST.

It needs nothing beside the standard library, so it runs in the environment that it tries:
`ENVIRONMENT/bin/python release/smoke.py [--without-rest]`.
"""

import contextlib
import importlib
import json
import os
import pkgutil
import re
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.request import Request, urlopen

PROGRAM = Path(sys.executable).with_name("tocsin")
FOLDER = "b1g00000000000000001"
STOP_SECONDS = 30
# What the extras bring; their modules load only with them.
EXTRAS = re.compile(r"opentelemetry(?!\.proto)|_?pytest|xdist|jinja2")

TRIGGER = """\
name: nightly
rule:
  timer:
    cronExpression: 0 3 * * ? *
    payload: report
    invokeFunctionWithRetry: {functionId: d4e00000000000000001}
"""


class Target(BaseHTTPRequestHandler):
    """Answers each delivery, and keeps its path."""

    seen: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def main(arguments: list[str]) -> int:
    """Tries everything, and prints what worked; raises at the first fault."""
    rest = "--without-rest" not in arguments
    # An image sets some of them for its own command.
    for name in [each for each in os.environ if each.startswith("TOCSIN_")]:
        del os.environ[name]
    print(run("version").strip(), "on Python", sys.version.split()[0], flush=True)
    print(f"{load_all()} modules load", flush=True)
    with tempfile.TemporaryDirectory() as folder, target() as url:
        fire(Path(folder), url, rest=rest)
    print("a trigger fired, seen over gRPC" + (" and REST" if rest else ""), flush=True)
    return 0


def load_all() -> int:
    """Imports each module of Tocsin; a missing name of a library that is too old shows here."""
    import tocsin

    count = 0
    for module in pkgutil.walk_packages(tocsin.__path__, "tocsin.", onerror=fail):
        if module.name.startswith(("tocsin.conformance.", "tocsin.store.migrations.")):
            continue  # files that pytest and alembic run
        if module.name.endswith("__main__"):
            continue
        try:
            with warnings.catch_warnings(action="ignore"):
                importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            if not EXTRAS.match(error.name or ""):
                raise
        count += 1
    return count


def fail(name: str) -> None:
    raise SystemExit(f"{name} can't be loaded")


@contextlib.contextmanager
def target() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Target) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{{function_id}}"
        server.shutdown()


def fire(folder: Path, url: str, *, rest: bool) -> None:
    """Serves, creates a trigger by a command, fires it, and reads it over REST."""
    command = [
        PROGRAM,
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--http",
        "127.0.0.1:0" if rest else "off",
    ]
    command += ["--database", f"sqlite:///{folder}/tocsin.db"]
    environment = {**os.environ, "TOCSIN_TARGETS__FUNCTION": url}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        try:
            assert server.stdout is not None
            ready = dict(part.split("=") for part in server.stdout.readline().split()[1:])
            given = ["--server", ready["grpc"], "--folder", FOLDER]
            (folder / "trigger.yaml").write_text(TRIGGER)
            run("triggers", "create", *given, "-f", str(folder / "trigger.yaml"))
            run("triggers", "fire", *given, "nightly", "--wait")
            (path,) = Target.seen
            assert path.startswith("/d4e00000000000000001"), path
            if rest:
                listed = get(f"http://{ready['http']}/triggers/v1/triggers?folderId={FOLDER}")
                assert [each["name"] for each in listed["triggers"]] == ["nightly"], listed
        finally:
            server.terminate()
        status = server.wait(STOP_SECONDS)
        assert status == 0, f"the server ended with {status}"


def get(url: str) -> dict[str, list[dict[str, str]]]:
    with urlopen(Request(url)) as answer:
        found: dict[str, list[dict[str, str]]] = json.load(answer)
    return found


def run(*arguments: str) -> str:
    """Runs a command of Tocsin; returns what it printed."""
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"tocsin {' '.join(arguments)} failed: {done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
