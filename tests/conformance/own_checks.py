"""The command with checks of a test's own, against a server that answers everything the same."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from typer.testing import CliRunner

from stand.tocsin_process import Ended, clean_environment
from tocsin.cli import app
from tocsin.conformance import running
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_pb2

PATIENCE = 60

RUN = """\
import sys
from pathlib import Path
from tocsin.conformance import running
running.CHECKS = Path(sys.argv.pop(1))
from tocsin.cli import main
main()
"""
HEAD = """\
import pytest
from tocsin.conformance.clauses import MAY, MUST, SHOULD, clause
from tocsin.conformance.made import timer
from tocsin.conformance.peer import Peer
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
"""


def check(id: str, body: str, *, level: str = "MUST", more: str = "") -> str:
    """The text of a check."""
    name = id.replace(".", "_").replace("-", "_")
    return (
        f'@clause("{id}", {level}, "It {level} do.", source="a page"{more})\n'
        f"def test_{name}(peer: Peer) -> None:\n    {body}\n\n"
    )


GET = 'answer = peer.triggers.Get(contract.GetTriggerRequest(trigger_id="a1"))'


class OwnChecks:
    """Folders of checks, and the command that runs them."""

    def __init__(self, directory: Path, target: str) -> None:
        self.directory = directory
        self._target = target
        self._runs = 0

    def run(self, *options: str, triggers: str = "", files: dict[str, str] | None = None) -> Ended:
        """Runs checks of the profile `triggers`, or those in the files, in this process."""
        checks = self._write(files or {"triggers/test_own.py": triggers})
        words = ["conformance", "--target", self._target, *options]
        with pytest.MonkeyPatch.context() as patch, chdir(self.directory):
            patch.setattr(running, "CHECKS", checks)
            patch.setenv("PYTEST_ADDOPTS", "--nonsense")
            done = CliRunner().invoke(app, words)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return Ended(done.exit_code, done.stdout, done.stderr)

    def run_apart(
        self, *options: str, triggers: str = "", files: dict[str, str] | None = None
    ) -> Ended:
        """Runs them in a process of its own."""
        checks = self._write(files or {"triggers/test_own.py": triggers})
        command = [sys.executable, "-c", RUN, str(checks), "conformance"]
        done = subprocess.run(
            [*command, "--target", self._target, *options],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
            cwd=self.directory,
            env=clean_environment({"PYTEST_ADDOPTS": "--nonsense"}),
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def _write(self, files: dict[str, str]) -> Path:
        """Writes the files: checks into a new folder, since Python keeps what it has imported."""
        self._runs += 1
        checks = self.directory / f"checks{self._runs}"
        for name, text in files.items():
            is_check = name.endswith(".py")
            file = (checks if is_check else self.directory) / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(HEAD + text if is_check else text)
        return checks


class _SameForAll(grpc.GenericRpcHandler):
    """Get answers a trigger and shows a secret; all else is not there."""

    def service(self, handler_call_details: Any) -> grpc.RpcMethodHandler | None:
        if not handler_call_details.method.endswith("/Get"):
            return None
        return grpc.unary_unary_rpc_method_handler(_trigger)


def _trigger(_: bytes, context: grpc.ServicerContext) -> bytes:
    context.set_trailing_metadata((("set-cookie", "session-of-somebody"),))
    rule = trigger_pb2.Trigger.Rule(timer=trigger_pb2.Trigger.Timer(payload="\x1b[31mred"))
    return trigger_pb2.Trigger(id="a1", name="nightly", rule=rule).SerializeToString()


@contextmanager
def fake_server() -> Iterator[str]:
    """Serves it; gives its address."""
    server = grpc.server(ThreadPoolExecutor(4), handlers=[_SameForAll()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()
