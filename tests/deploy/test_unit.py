"""The systemd unit: what it says, and its commands as a user that is made for it.

No systemd runs here. docs/containers.md says what was run under one.
"""

import configparser
import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from stand.tocsin_process import TOCSIN, run_tocsin, serving

UNIT = Path(__file__).parents[2] / "deploy" / "tocsin.service"
# A user without an entry, a home, a group of others or a capability. The files of the checkout are
# still its own, wherever they are.
AS_ITS_USER = (
    *("unshare", "--user", "--map-user=61234", "--map-group=61234"),
    *("setpriv", "--no-new-privs"),
)


@pytest.fixture(scope="module")
def unit() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(UNIT.read_text())
    return parser["Service"]


def test_systemd_reads_the_unit_without_a_complaint(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None and "CI" not in os.environ:
        pytest.skip("systemd-analyze is not here: apt-get install systemd")
    here = tmp_path / UNIT.name
    here.write_text(UNIT.read_text().replace("/opt/tocsin/bin", str(TOCSIN.parent)))
    verify = ["systemd-analyze", "verify", str(here)]
    done = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert UNIT.name not in done.stderr, done.stderr
    rate = ["systemd-analyze", "security", "--offline=yes", "--threshold=15", str(here)]
    done = subprocess.run(rate, capture_output=True, text=True, check=False)
    assert done.returncode == 0, "its exposure is more than 1.5 of 10\n" + done.stdout


def test_the_user_of_the_unit_serves_and_is_found_healthy(
    unit: configparser.SectionProxy, tmp_path: Path
) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    limits = ["prlimit", f"--nofile={min(int(unit['LimitNOFILE']), most)}"]
    bare = ["env", "--ignore-environment", f"PATH={os.defpath}"]
    within = [*limits, *AS_ITS_USER, *bare, "sh", "-c", f'umask {unit["UMask"]}; exec "$@"', "sh"]
    assert unit["ExecStart"].split()[:2] == ["/opt/tocsin/bin/tocsin", "serve"]
    with serving(tmp_path, within=within) as server:
        _, *health = unit["ExecStartPost"].split()
        asked = [*AS_ITS_USER, *bare, f"TOCSIN_SERVER={server.grpc_address}", TOCSIN, *health]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "SERVING\n"), done.stderr
        status = Path(f"/proc/{server.process.pid}/status").read_text().split("\n")
        assert {"NoNewPrivs:\t1", f"CapEff:\t{0:016x}"} <= set(status)
        assert (tmp_path / "tocsin.db").stat().st_mode & 0o077 == 0
        assert server.stop() == 0


@pytest.mark.parametrize("home", ["/dev/null", "/nonexistent", "/dev/null/below"])
def test_a_home_that_is_none_has_no_contexts(home: str) -> None:
    done = run_tocsin("health", environment={"HOME": home, "TOCSIN_SERVER": "127.0.0.1:1"})
    assert (done.status, home in done.stderr) == (1, False), done.stderr


def test_who_has_no_home_is_told_where_contexts_can_be(tmp_path: Path) -> None:
    add = ["context", "add", "prod", "--server", "127.0.0.1:1"]
    bare = ["env", "--ignore-environment", f"PATH={os.defpath}"]
    command = [*AS_ITS_USER, *bare, str(TOCSIN), *add]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "TOCSIN_CONTEXTS" in done.stderr
    assert "Traceback" not in done.stderr
    file = {"TOCSIN_CONTEXTS": str(tmp_path / "contexts.json")}
    assert run_tocsin(*add, environment=file).status == 0
