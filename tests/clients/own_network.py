"""A network of the test's own, in which names and ports are what the test says.

It is made of Linux's namespaces and needs no rights: nothing outside notices, neither the port 443
nor /etc/hosts.
"""

import os
import subprocess
from pathlib import Path

import pytest

from clients.toolchains import need

_ENTER = 'mount --bind "$0" /etc/hosts && ip link set lo up && exec "$@"'


def own_network(hosts: Path) -> tuple[str, ...]:
    """The command that becomes another one in a network where `hosts` is the hosts file."""
    need("unshare", "nsenter", "ip", "mount")
    command = ("unshare", "--map-root-user", "--net", "--mount", "sh", "-c", _ENTER, str(hosts))
    tried = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    if tried.returncode == 0:
        return command
    told = f"this machine makes no networks for tests: {tried.stderr.strip()}"
    if os.environ.get("CI") == "true":
        pytest.fail(told, pytrace=False)
    pytest.skip(told)


def in_network_of(pid: int) -> tuple[str, ...]:
    """The command that runs another one where a process is."""
    return ("nsenter", f"--target={pid}", "--user", "--preserve-credentials", "--net", "--mount")
