"""The plugin in pytest runs of its own, as users have them."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import grpc
import pytest

from stand.tocsin_process import Tocsin, serving
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as triggers
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

PASSING = """
import sys
import pytest
from tocsin.testing import Delivery

@pytest.mark.parametrize("day", range(1, 5))
def test_ticks(tocsin, day):
    tocsin.create_timer("0 9 * * ? *", function=lambda event: None)
    tocsin.advance(days=day)
    assert len(tocsin.deliveries) == day

def test_nothing_heavy_is_in_the_process(tocsin):
    tocsin.create_timer("0 9 * * ? *", function=lambda event: None)
    tocsin.advance(days=1)
    assert tocsin.rest and tocsin.deliveries
    loaded = {name for name in sys.modules if name.startswith(("grpc", "google.", "tocsin"))}
    assert {name for name in loaded if not name.startswith("tocsin.testing.")} == {
        "tocsin", "tocsin.testing"
    }
    assert "tocsin.testing.process" not in loaded
"""

UNUSED = """
import sys

def test_a_run_without_the_fixture_loads_the_plugin_alone():
    assert {name for name in sys.modules if name.split(".")[0] in ("tocsin", "tocsin_protos")} == {
        "tocsin", "tocsin.testing", "tocsin.testing.plugin"
    }
"""

FAILING = """
def test_a_failed_delivery(tocsin):
    def report(event):
        raise ValueError("no rows")

    tocsin.create_timer("0 9 * * ? *", function=report)
    tocsin.advance(days=1)
    assert [each.error for each in tocsin.deliveries] == [None]

def test_that_passes(tocsin):
    tocsin.create_timer("0 10 * * ? *", function="quiet")
    tocsin.advance(days=1)

def test_with_a_log_of_its_own(tocsin):
    assert tocsin.deliveries
"""


def run_pytest(
    folder: Path, code: str, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    (folder / "test_mine.py").write_text(code)
    (folder / "pytest.ini").write_text(
        "[pytest]\nfilterwarnings = error\naddopts = -p no:cacheprovider\n"
    )
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *arguments],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def section(output: str, test: str) -> str:
    """What pytest tells of a failed test."""
    parts = re.split(r"^_{3,} ", output, flags=re.MULTILINE)
    (found,) = (part for part in parts if part.startswith(f"{test} "))
    return found


def test_it_works_under_xdist_and_keeps_the_process_clean(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, PASSING, "-n", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 passed" in done.stdout


def test_runs_that_do_not_use_it_pay_nothing_for_it(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, UNUSED)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_failed_test_shows_the_log_of_its_server(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, FAILING, "-p", "no:xdist")
    assert "2 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    failed = section(done.stdout, "test_a_failed_delivery")
    assert "Tocsin's log" in failed
    assert re.search(r"delivery failed.*ValueError: no rows", failed.partition("Tocsin's log")[2])
    assert 'raise ValueError("no rows")' in failed
    other = section(done.stdout, "test_with_a_log_of_its_own").partition("Tocsin's log")[2]
    assert "made a key" in other
    assert "delivered" not in other


REFUSED = """
def test_a_wrong_cron(tocsin):
    tocsin.create_timer("0 9 * *", function=lambda event: None)
"""


def test_a_refusal_is_shown_at_the_line_of_the_test(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, REFUSED, "-p", "no:xdist")
    failed = section(done.stdout, "test_a_wrong_cron").partition("Tocsin's log")[0]
    assert "TocsinError: INVALID_ARGUMENT: rule.timer.cron_expression: " in failed, done.stdout
    assert re.findall(r"^(\S+):\d+: ", failed, re.MULTILINE) == ["test_mine.py"], failed


STARTS_AT = """
import pytest

@pytest.mark.tocsin(start="{start}")
def test_something(tocsin):
    pass
"""


@pytest.mark.parametrize(
    ("start", "problem"),
    [
        ("9999-12-31T00:00Z", "the server did not start: "),
        ("tomorrow", "'tomorrow' is not an instant, such as 2026-01-05T09:00Z"),
        ("2026-01-01", "2026-01-01 has no time zone: write 2026-01-01T00:00:00Z for UTC"),
    ],
)
def test_a_server_that_does_not_start_says_why(tmp_path: Path, start: str, problem: str) -> None:
    done = run_pytest(tmp_path, STARTS_AT.format(start=start), "-p", "no:xdist")
    assert "1 error" in done.stdout, done.stdout + done.stderr
    assert problem in done.stdout


def test_a_process_that_cannot_import_the_server_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "uvloop.py").write_text("raise ImportError('no loop here')\n")
    environment = {"PYTHONPATH": str(broken)}
    done = run_pytest(
        tmp_path, "def test_it(tocsin): pass\n", "-p", "no:xdist", environment=environment
    )
    assert "1 error" in done.stdout, done.stdout + done.stderr
    assert "TocsinError: Tocsin's process ended with status 1; its log:" in done.stdout
    assert "ImportError: no loop here" in done.stdout


def test_settings_and_modules_beside_the_tests_do_not_reach_the_server(tmp_path: Path) -> None:
    (tmp_path / "uvloop.py").write_text("raise ImportError('of the tests')\n")
    environment = {"TOCSIN_ACCESS__ENABLED": "true", "TOCSIN_CLOCK": "system"}
    code = "def test_it(tocsin):\n    assert tocsin.now.year == 2026\n"
    done = run_pytest(tmp_path, code, "-p", "no:xdist", environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr


def test_where_envoy_is_missing_grpc_still_works(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    missing.mkdir()
    (missing / "envoy.py").write_text("raise ImportError('not for this platform')\n")
    code = (
        "import pytest\n"
        "from tocsin.testing import TocsinError\n"
        "def test_it(tocsin):\n"
        "    tocsin.create_timer('0 9 * * ? *')\n"
        "    with pytest.raises(TocsinError, match='REST and TLS need Envoy'):\n"
        "        tocsin.rest\n"
        "    tocsin.advance(days=1)\n"
        "    assert len(tocsin.deliveries) == 1\n"
    )
    environment = {"PYTHONPATH": str(missing)}
    done = run_pytest(tmp_path, code, "-p", "no:xdist", environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr


NAMED = """
import pytest
from tocsin.testing import Delivery, TocsinError

@pytest.mark.parametrize("name", ["one", "two"])
def test_a_timer(tocsin, name):
    begun = tocsin.now
    with open("folders", "a") as folders:
        print(tocsin.folder, file=folders)
    tocsin.create_timer("0 9 * * ? *", function=lambda event: name, payload=name)
    tocsin.advance(days=1)
    assert tocsin.deliveries == [Delivery(begun.replace(hour=9), name)]
    with pytest.raises(TocsinError, match="only you"):
        tocsin.restart(hours=1)
    with pytest.raises(TocsinError, match="only you"):
        tocsin.rest
"""


@pytest.fixture
def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


def named(server: Tocsin, port: int) -> list[str]:
    settings = {"tocsin_server": server.grpc_address, "tocsin_target": f"127.0.0.1:{port}"}
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def test_a_named_server_is_used_and_left_as_it_was(tmp_path: Path, free_port: int) -> None:
    config = f'[targets]\nfunction = "http://127.0.0.1:{free_port}/{{function_id}}"\n'
    manual = ("--clock", "manual", "--clock-start", "2026-01-01T00:00:00Z")
    with serving(tmp_path, config, *manual, http="off") as server:
        done = run_pytest(tmp_path, NAMED, "-p", "no:xdist", *named(server, free_port))
        assert done.returncode == 0, done.stdout + done.stderr
        folders = (tmp_path / "folders").read_text().split()
        assert len(set(folders)) == 2
        with grpc.insecure_channel(server.grpc_address) as channel:
            stub = TriggerServiceStub(channel)
            for folder in folders:
                listed = stub.List(triggers.ListTriggersRequest(folder_id=folder))
                assert not listed.triggers


def test_a_named_server_with_the_systems_clock_is_refused(tmp_path: Path, free_port: int) -> None:
    with serving(tmp_path, http="off") as server:
        done = run_pytest(tmp_path, NAMED, "-p", "no:xdist", *named(server, free_port))
    assert "2 errors" in done.stdout
    assert "has the system's clock, which tests can't move: start it with" in done.stdout


def test_a_named_server_that_does_not_answer_is_told(tmp_path: Path, free_port: int) -> None:
    server = f"tocsin_server=127.0.0.1:{free_port}"
    done = run_pytest(tmp_path, NAMED, "-p", "no:xdist", "-o", server)
    assert "2 errors" in done.stdout
    assert f"no server answers at 127.0.0.1:{free_port}" in done.stdout


@pytest.mark.parametrize("target", ["here", "127.0.0.1:port"])
def test_a_target_that_is_not_an_address_is_refused(tmp_path: Path, target: str) -> None:
    done = run_pytest(tmp_path, NAMED, "-p", "no:xdist", "-o", f"tocsin_target={target}")
    assert f"tocsin_target must be HOST:PORT, not '{target}'" in done.stdout
