"""A real broker, Debian's mosquitto: that of the machine, or unpacked from its packages.

Unpacking needs neither root nor the package lists of the machine.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 30
UNPACKED = Path(__file__).parents[3] / "build" / "mosquitto"
# Every Debian or Ubuntu has these, and the rest by its packages' own dependencies.
EVERYWHERE = ("libc6", "libgcc-s1", "libstdc++6")


@dataclass
class Mosquitto:
    """A broker on a port of its own, that keeps its sessions while it is up."""

    port: int
    directory: Path
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self, *more: str) -> None:
        """Starts it, with lines for its configuration."""
        program, libraries = installed()
        lines = (
            f"listener {self.port} 127.0.0.1",
            "allow_anonymous true",
            "user root",
            "persistence true",
            f"persistence_location {self.directory}/",
            "max_inflight_messages 100",
            "max_queued_messages 0",
            *more,
        )
        config = self.directory / "mosquitto.conf"
        config.write_text("\n".join(lines) + "\n")
        with (self.directory / "mosquitto.log").open("a") as log:
            self.process = subprocess.Popen(
                [program, "-c", str(config)],
                stdout=log,
                stderr=log,
                env={**os.environ, "LD_LIBRARY_PATH": libraries},
            )
        give_up = time.monotonic() + PATIENCE
        while not self._answers():
            log_text = (self.directory / "mosquitto.log").read_text()
            assert self.process.poll() is None, log_text
            assert time.monotonic() < give_up, log_text
            time.sleep(0.02)

    def stop(self) -> None:
        """Stops it; what it keeps is there when it is started again."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(PATIENCE)
            self.process = None

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True


@contextmanager
def mosquitto() -> Iterator[Mosquitto]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as made:
        broker = Mosquitto(port, Path(made))
        broker.start()
        try:
            yield broker
        finally:
            broker.stop()


def installed() -> tuple[str, str]:
    """Returns the program and where its libraries are."""
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if program is not None:
        return program, os.environ.get("LD_LIBRARY_PATH", "")
    root = UNPACKED / "root"
    if not root.exists():
        unpack(root)
    libraries = {str(each.parent) for each in root.rglob("*.so.*")}
    return str(root / "usr/sbin/mosquitto"), ":".join(sorted(libraries))


def unpack(root: Path) -> None:
    """Downloads the packages and unpacks them."""
    UNPACKED.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=UNPACKED) as made:
        directory = Path(made)
        wanted, known = ["mosquitto"], set(EVERYWHERE)
        # Its libraries, and theirs.
        for _ in range(3):
            download(wanted, directory)
            known.update(wanted)
            wanted = sorted(libraries_of(directory) - known)
        for archive in directory.glob("*.deb"):
            run("dpkg-deb", "-x", str(archive), f"{made}/root", cwd=directory)
        # Another process may have been as quick.
        if not root.exists():
            (directory / "root").rename(root)


def download(packages: list[str], directory: Path) -> None:
    """By the machine's package lists, or by fresh ones of our own where it has none."""
    command = ("apt-get", "-o", "APT::Sandbox::User=", "download", *packages)
    if subprocess.run(command, cwd=directory, capture_output=True).returncode == 0:
        return
    own = (
        "apt-get",
        *("-o", f"Dir::State::Lists={directory}/lists"),
        *("-o", f"Dir::Cache={directory}/cache"),
        *("-o", "APT::Sandbox::User="),
    )
    if not (directory / "lists").exists():
        for name in ("lists/partial", "cache/archives/partial"):
            (directory / name).mkdir(parents=True)
        run(*own, "update", cwd=directory)
    run(*own, "download", *packages, cwd=directory)


def libraries_of(directory: Path) -> set[str]:
    """The packages of libraries that the downloaded ones depend on."""
    found = set()
    for archive in directory.glob("*.deb"):
        depends = run("dpkg-deb", "-f", str(archive), "Depends", cwd=directory)
        names = [each.split()[0].split(":")[0] for each in depends.split(",") if each.strip()]
        found.update(name for name in names if name.startswith("lib"))
    return found


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout
