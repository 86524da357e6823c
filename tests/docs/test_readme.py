"""What the README tells people to type works. Ports are replaced by free ones, nothing else is."""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from docs.curl_stand_in import path_with_curl
from docs.markdown import README, Block, block_after, blocks
from stand.recording_target import RecordingTarget
from stand.tocsin_process import serving
from stand.vendors.environment import vendor_python
from tocsin.schedule import Cron
from tocsin.settings import load_settings

# What a block of shell may begin with: what is run here, and what is not, since it installs, never
# ends, or needs a program that the tests do without.
RUN = ("curl ", "tocsin cron ", "tocsin triggers ", "tocsin access ", "export TOCSIN_FOLDER=")
NOT_RUN = (
    "make ",
    "python3 -m venv ",
    ".venv/bin/",
    "python target.py",
    "tocsin serve ",
    "tocsin dev-certs\n",
    "grpcurl ",
)

SHELL = blocks(README, "sh")
CURL = [block for block in SHELL if block.code.startswith("curl ")]
CLIENTS = [block for block in blocks(README, "python") if "http.server" not in block.code]
CRON_SECTION = README.read_text().partition("## Cron expressions")[2].partition("\n## ")[0]
CRON_TABLE = re.findall(r"^\| `([^`]+)` \| .+ \|$", CRON_SECTION, flags=re.MULTILINE)

Live = Callable[[str], str]
Shell = Callable[[str], str]


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    """Runs a server as the README says; gives what puts its ports into a text."""
    target = RecordingTarget()
    [config] = blocks(README, "toml")
    with (
        tempfile.TemporaryDirectory() as made,
        serving(Path(made), config.code.replace("http://127.0.0.1:9000", target.url)) as tocsin,
    ):

        def with_ports(text: str) -> str:
            for usual, address in (
                ("127.0.0.1:8080", tocsin.http_address),
                ("127.0.0.1:50051", tocsin.grpc_address),
            ):
                text = text.replace(usual, address)
            return text

        yield with_ports
    target.close()


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


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_every_block_of_shell_is_run_or_known_not_to_be(block: Block) -> None:
    assert block.code.startswith(RUN + NOT_RUN)


@pytest.mark.parametrize("block", CURL, ids=str)
def test_curl_gets_what_is_shown(block: Block, live: Live, shell: Shell) -> None:
    got = list(answers(shell(live(block.code))))
    assert got
    shown = block_after(README, block)
    if shown is not None and shown.language == "json":
        assert [without_ids(each) for each in got] == [without_ids(json.loads(shown.code))]
    else:
        assert not [each for each in got if "code" in each or "error" in each]


@pytest.mark.parametrize("block", CLIENTS, ids=str)
def test_a_python_client_works(block: Block, live: Live, tmp_path: Path) -> None:
    script = tmp_path / "client.py"
    script.write_text(live(block.code))
    ours = "tocsin_protos" in block.code
    assert run(sys.executable if ours else str(vendor_python()), str(script)).strip()


def test_the_target_compiles_and_the_settings_load(tmp_path: Path) -> None:
    for block in blocks(README, "python"):
        compile(block.code, f"{README}:{block.line}", "exec")
    [config] = blocks(README, "toml")
    file = tmp_path / "tocsin.toml"
    file.write_text(config.code)
    assert list(load_settings(file).integrations) == ["nightly"]


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
    since = re.compile(r"created at \S+,")
    for line, expected in zip(got, shown.code.splitlines(), strict=False):
        assert since.sub("", line) == since.sub("", expected)


def test_who_calls_is_asked_as_it_says(shell: Shell, tmp_path: Path) -> None:
    first, then = [each.code for each in SHELL if each.code.startswith("tocsin access ")]
    administrator, served = first.splitlines()
    here = f"cd {tmp_path}\n"
    shell(here + administrator)
    assert served == "tocsin serve --config tocsin.toml --access"
    database = f"sqlite:///{tmp_path}/tocsin-data/tocsin.db"
    with serving(tmp_path, "", "--access", "--database", database, http="off") as server:
        as_administrator = (
            f"{here}export TOCSIN_SERVER={server.grpc_address}\n"
            "export TOCSIN_API_KEY=$(cat admin-key)\n"
        )
        create, bind, key = then.splitlines()
        made = shell(as_administrator + create)
        [account] = re.findall(r"^id +(\S+)$", made, flags=re.MULTILINE)
        shell(as_administrator + "\n".join((bind, key)).replace("ID", account))
    assert json.loads((tmp_path / "key.json").read_text())["service_account_id"] == account


def test_the_cron_command_prints_what_is_shown(shell: Shell) -> None:
    [block] = [each for each in SHELL if each.code.startswith("tocsin cron ")]
    shown = block_after(README, block)
    assert shown is not None
    assert shell(block.code) == shown.code


@pytest.mark.parametrize("expression", CRON_TABLE)
def test_each_expression_of_the_cron_table_fires(expression: str) -> None:
    assert Cron(expression).next(datetime(2026, 1, 1, tzinfo=UTC)) is not None


def test_there_is_a_cron_table() -> None:
    assert len(CRON_TABLE) >= 10
