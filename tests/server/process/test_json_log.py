"""With `--log-format json`, all that `serve` prints is a JSON object a line, from the first on."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stand.apis.wire import send
from stand.tocsin_process import PATIENCE, TOCSIN, clean_environment, run_tocsin

JSON = ("--log-format", "json")
LISTEN = ("--listen", "127.0.0.1:0", "--http", "127.0.0.1:0")


def lines_of(text: str) -> list[dict[str, Any]]:
    """The lines, each of which has what every line of the log has."""
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        assert {"event", "level", "timestamp"} <= line.keys(), line
        assert line["timestamp"].endswith("Z")
    return lines


def test_a_server_with_an_audit_log_prints_nothing_else(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [str(TOCSIN), "serve", *JSON, *LISTEN, "--access"],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=clean_environment({"PYTHONWARNINGS": "default"}),
        )
        assert process.stdout is not None
        [ready] = lines_of(process.stdout.readline())
        assert ready["event"] == "ready"
        assert ready["grpc"].startswith("127.0.0.1:")
        for path in ("/triggers/v1/triggers?folderId=f", "/nowhere"):
            send(ready["http"], "DELETE", path)
        send(ready["http"], "POST", "/triggers/v1/triggers", b"{}")
        [envoy] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(envoy), signal.SIGSEGV)
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=PATIENCE)[0]
    assert process.returncode == 0
    lines = lines_of(rest) + lines_of((tmp_path / "log").read_text())
    [audited] = [line for line in lines if line["event"].endswith("CreateTrigger")]
    assert audited["outcome"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("config", "words", "status", "says"),
    [
        ("", ["--listen", "nonsense"], 1, "listen: "),
        ("", ["--clock", "broken", "--no-such-option"], 2, "No such option"),
        ("", ["--no-such-option"], 2, "No such option"),
        ("", ["--smtp", "off", "--smtp", "off"], 2, "--smtp is given 2 times"),
        ("", ["--database", "oracle://x"], 1, "database"),
        ("", ["--listen", "0.0.0.0:0"], 1, "--allow-unauthenticated"),
        ("", ["--tls", "127.0.0.1:0", "--tls-cert", "nothing.pem"], 1, "tls_key"),
        ("unknown = 1", [], 1, "unknown: unknown setting"),
        ("no toml", [], 1, "is not TOML"),
    ],
)
def test_what_keeps_it_from_starting_is_a_line_too(
    tmp_path: Path, config: str, words: list[str], status: int, says: str
) -> None:
    file = tmp_path / "tocsin.toml"
    file.write_text(config)
    # Elsewhere it may find what other servers left behind, and say that it removed it.
    own = {"TMPDIR": str(tmp_path)}
    ended = run_tocsin("serve", *JSON, "--config", str(file), *words, environment=own)
    assert (ended.status, ended.stdout) == (status, "")
    [line] = lines_of(ended.stderr)
    assert line["event"] == "could not start"
    assert says in line["error"]


def test_a_port_that_is_taken_is_a_line_too(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        database = f"sqlite:///{tmp_path / 'tocsin.db'}"
        ended = run_tocsin("serve", *JSON, "--listen", address, "--database", database)
    assert ended.status == 1
    assert address in lines_of(ended.stderr)[-1]["error"]


@pytest.mark.parametrize("source", ["variable", "file"])
def test_the_format_may_be_set_elsewhere(tmp_path: Path, source: str) -> None:
    file = tmp_path / "tocsin.toml"
    file.write_text('unknown = 1\nlog_format = "json"' if source == "file" else "unknown = 1")
    environment = {"TOCSIN_LOG_FORMAT": "json"} if source == "variable" else {}
    for words in ([], ["--no-such-option"]):
        ended = run_tocsin("serve", "--config", str(file), *words, environment=environment)
        assert lines_of(ended.stderr)[0]["event"] == "could not start"


def test_for_people_errors_stay_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "tocsin.toml"
    file.write_text("unknown = 1")
    ended = run_tocsin("serve", "--config", str(file))
    assert ended.stderr == "tocsin: unknown: unknown setting\n"


UNCAUGHT = """
import logging, threading, warnings
from tocsin.logs import configure_logs, uncaught_logged

class Fragile:
    def __del__(self):
        raise ValueError("in the end")

configure_logs("json", "info")
with uncaught_logged():
    warnings.warn("an old way\\nof doing it")
    thread = threading.Thread(target=lambda: 1 / 0, name="worker")
    thread.start()
    thread.join()
    Fragile()
    logging.getLogger("library").error("of a library", exc_info=ValueError("why"))
"""


def test_warnings_and_exceptions_that_nobody_catches_are_lines_too() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", UNCAUGHT], capture_output=True, text=True, check=True
    )
    warned, thread, unraisable, library = lines_of(ended.stderr)
    assert "an old way" in warned["event"]
    assert warned["level"] == "warning"
    assert (thread["thread"], "ZeroDivisionError" in thread["exception"]) == ("worker", True)
    assert "in the end" in unraisable["exception"]
    assert "why" in library["exception"]
