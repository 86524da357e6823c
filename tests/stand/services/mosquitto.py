"""A real broker, Debian's mosquitto."""

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from stand.services.debian import debian_program

PATIENCE = 30


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
        program = debian_program("mosquitto", "usr/sbin/mosquitto")
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
                [program.path, "-c", str(config)],
                stdout=log,
                stderr=log,
                env=program.environment,
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
