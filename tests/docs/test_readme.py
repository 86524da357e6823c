"""What the README and the pages that continue it show works; only ports are replaced."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from docs.curl_stand_in import path_with_curl
from docs.markdown import README, ROOT, Block, block_after, blocks
from stand.tocsin_process import Tocsin, serving
from stand.vendors.environment import vendor_python
from tocsin import schedule
from tocsin.settings import load_settings

DOCS = ROOT / "docs"
CALLING, CLIENTS, CRON, RUNNING, SOURCES, TARGETS = (
    DOCS / f"{name}.md" for name in ("calling", "clients", "cron", "running", "sources", "targets")
)

# What a block of shell may begin with: what is run, here or where the name says, and what is not:
# it installs, or has tests of its own (tests/demo).
RUN = ("curl ", "tocsin cron ", "tocsin triggers ", "tocsin apply ", "export TOCSIN_FOLDER=")
RUN_BY_THE_FIXTURE = ("python target.py", "tocsin serve --config tocsin.toml\n")
RUN_BY_TEST_TLS_PAGE = ("tocsin dev-certs\n",)
RUN_BY_TEST_OPERATING_PAGE = ("mkdir -p backups\ntocsin backup ",)
# tests/conformance runs the suite.
NOT_RUN = (
    "make demo",
    "make test",
    "python3 -m venv ",
    "pip install ./gen '.[conformance]'\ntocsin ",
)

SHELL = blocks(README, "sh")
EVERY_SHELL = [
    (page, block) for page in (README, CALLING, CRON, RUNNING) for block in blocks(page, "sh")
]
CURL = [each for each in EVERY_SHELL if each[1].code.startswith("curl ")]
# Of the other pages, what needs no id of a trigger and no mail server.
CURL += [
    (page, block)
    for page in (SOURCES, CLIENTS)
    for block in blocks(page, "sh")
    if block.code.startswith("curl ") and not re.search("TRIGGER_ID|smtp:", block.code)
]
PROGRAMS = blocks(CALLING, "python")
CRON_TABLE = re.findall(r"^\| `([^`]+)` \| .+ \|$", CRON.read_text(), flags=re.MULTILINE)

Shell = Callable[[str], str]
PATIENCE = 30


@dataclass(frozen=True)
class Live:
    """The README's server and target, which run on other ports than it says."""

    tocsin: Tocsin
    target_output: Path

    def __call__(self, text: str) -> str:
        """Returns a text of the page with the ports on which they run."""
        text = text.replace("127.0.0.1:8080", self.tocsin.http_address)
        return text.replace("127.0.0.1:50051", self.tocsin.grpc_address)

    def called(self, start: str) -> str:
        """Waits until the target has printed a line that starts so; returns the line."""
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            for line in self.target_output.read_text().splitlines():
                if line.startswith(start):
                    return line
            time.sleep(0.05)
        raise AssertionError(f"no {start!r} in:\n{self.target_output.read_text()}")


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    """Starts what the README's first step starts."""
    [config] = blocks(README, "toml")
    with tempfile.TemporaryDirectory() as made:
        output = Path(made) / "target-output"
        with (
            target(Path(made), output) as port,
            serving(Path(made), config.code.replace(":9000", f":{port}")) as tocsin,
        ):
            yield Live(tocsin, output)


@contextmanager
def target(directory: Path, output: Path) -> Iterator[int]:
    """Runs the README's target.py; gives its port."""
    [code] = [block.code for block in blocks(README, "python") if "HTTPServer" in block.code]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (directory / "target.py").write_text(code.replace("9000", str(port)))
    with output.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "target.py"], cwd=directory, stdout=out, stderr=subprocess.DEVNULL
        )
        yield port
        process.terminate()
        process.wait(PATIENCE)


@pytest.fixture(scope="module")
def shell() -> Iterator[Shell]:
    """Runs a block as a person would who has activated the environment."""
    with tempfile.TemporaryDirectory() as made:
        path = path_with_curl(Path(made))
        yield lambda code: run("sh", "-e", "-c", code, PATH=path)


def run(*command: str, **variables: str) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env={**os.environ, **variables},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def answers(output: str) -> Iterator[Any]:
    """The JSON values that stand one after the other in the output."""
    while output := output.lstrip():
        value, end = json.JSONDecoder().raw_decode(output)
        output = output[end:]
        yield value


def without_ids(value: Any) -> Any:
    uuid = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    return json.loads(re.sub(uuid, "UUID", json.dumps(value)))


def named(each: object) -> str:
    return each.name if isinstance(each, Path) else str(each)


@pytest.mark.parametrize(("page", "block"), EVERY_SHELL, ids=named)
def test_every_block_of_shell_is_run_or_known_not_to_be(page: Path, block: Block) -> None:
    known = RUN + RUN_BY_THE_FIXTURE + RUN_BY_TEST_TLS_PAGE + RUN_BY_TEST_OPERATING_PAGE + NOT_RUN
    assert block.code.startswith(known), page


@pytest.mark.parametrize(("page", "block"), CURL, ids=named)
def test_curl_gets_what_is_shown(page: Path, block: Block, live: Live, shell: Shell) -> None:
    got = list(answers(shell(live(block.code))))
    assert got
    shown = block_after(page, block)
    if shown is not None and shown.language == "json":
        assert [without_ids(each) for each in got] == [without_ids(json.loads(shown.code))]
    else:
        assert not [each for each in got if "code" in each or "error" in each]


def test_the_target_is_called_as_shown(live: Live, shell: Shell) -> None:
    [typed] = [block.code for page, block in CURL if page == README and ":schedule" in block.code]
    [shown] = [
        line
        for block in blocks(README, "text")
        for line in block.code.splitlines()
        if line.startswith("/nightly ")
    ]
    shell(live(typed))
    got = live.called("/nightly ")
    expected, body = (json.loads(line.partition(" ")[2]) for line in (shown, got))
    assert body.keys() == expected.keys()
    for name in ("integration", "triggerId", "parameters"):
        assert body[name] == expected[name]


def test_a_timers_call_looks_as_shown(live: Live, shell: Shell) -> None:
    [create] = [block.code for page, block in CURL if page == README and '"ding"' in block.code]
    [shown] = [block.code for block in blocks(TARGETS, "text")]
    [made] = answers(shell(live(create.replace("every-minute", "once-more"))))
    trigger_id = made["response"]["id"]
    shell(
        live(f"curl -X POST http://127.0.0.1:8080/tocsin/v1/triggers/{trigger_id}:fire -d '{{}}'")
    )
    live.called(shown.partition("{")[0])
    printed = live.target_output.read_text().partition(shown.partition("{")[0])[2]
    got, expected = next(answers(printed)), json.loads(shown[shown.index("{") :])
    assert structure(got) == structure(expected)


def structure(value: Any) -> Any:
    """Returns a JSON value with the names of its fields alone."""
    if isinstance(value, dict):
        return {name: structure(each) for name, each in value.items()}
    return [structure(each) for each in value] if isinstance(value, list) else None


@pytest.mark.parametrize("block", PROGRAMS, ids=str)
def test_a_python_client_works(block: Block, live: Live, tmp_path: Path) -> None:
    script = tmp_path / "client.py"
    script.write_text(live(block.code))
    ours = "tocsin_protos" in block.code
    assert run(sys.executable if ours else str(vendor_python()), str(script)).strip()


def test_the_ready_line_is_as_shown(live: Live) -> None:
    for page in (README, RUNNING):
        last = [block.code.splitlines()[-1] for block in blocks(page, "text")]
        [shown] = [line for line in last if line.startswith("ready")]
        assert live(shown) == live.tocsin.ready.strip()


def test_the_settings_load(tmp_path: Path) -> None:
    [config] = blocks(README, "toml")
    file = tmp_path / "tocsin.toml"
    file.write_text(config.code)
    assert list(load_settings(file).integrations) == ["nightly"]


def test_the_picture_shows_the_demo() -> None:
    assert "docs/terminal.svg" in README.read_text()
    picture = (DOCS / "terminal.svg").read_text()
    for word in ("created", "scheduled", "called", "SUCCEEDED", "every-minute"):
        assert word in picture


def test_the_commands_work_one_after_the_other(live: Live, tmp_path: Path) -> None:
    [nightly] = blocks(README, "yaml")
    (tmp_path / "nightly.yaml").write_text(nightly.code)
    typed = [each for each in SHELL if each.code.startswith(("export ", "tocsin triggers "))]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    script = "\n".join(each.code for each in typed)
    told = run(
        *("sh", "-e", "-c", f"cd {tmp_path}\n{script}"),
        PATH=path,
        TOCSIN_SERVER=live("127.0.0.1:50051"),
    )
    assert "SUCCEEDED" in told
    shown = block_after(README, typed[-1])
    assert shown is not None
    got = told.splitlines()[told.splitlines().index(shown.code.splitlines()[0]) :]
    since = re.compile(r"created only at \S+")
    for line, expected in zip(got, shown.code.splitlines(), strict=False):
        assert since.sub("", line) == since.sub("", expected)
    [applied] = [each for each in SHELL if each.code.startswith("tocsin apply ")]
    told = run(
        *("sh", "-e", "-c", f"cd {tmp_path}\n{typed[0].code.splitlines()[0]}\n{applied.code}"),
        PATH=path,
        TOCSIN_SERVER=live("127.0.0.1:50051"),
    )
    assert told == "Plan: 0 to create, 0 to change, 0 to delete, 1 unchanged.\n"


def test_the_cron_command_prints_what_is_shown(shell: Shell) -> None:
    [block] = blocks(CRON, "sh")
    shown = block_after(CRON, block)
    assert shown is not None
    assert shell(block.code) == shown.code


@pytest.mark.parametrize("expression", CRON_TABLE)
def test_each_expression_of_the_cron_table_fires(expression: str) -> None:
    assert schedule.Cron(expression).next(datetime(2026, 1, 1, tzinfo=UTC)) is not None


def test_there_is_a_cron_table() -> None:
    assert len(CRON_TABLE) >= 10
