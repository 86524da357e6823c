"""Names whose server is silent hold up no other name."""

import os
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server.fences.integrations import LOCATION, config_of
from stand.apis.google import GoogleGrpc, schedule
from stand.recording_target import RecordingTarget
from stand.services.amazon import until
from stand.tocsin_process import serving

SILENT = [f"silent-{number}" for number in range(40)]
HEADER = struct.Struct("!6H")
A_RECORD = 1


def question_of(query: bytes) -> tuple[str, int, int]:
    """The name and type that a query asks for, and where the question ends."""
    labels, at = [], HEADER.size
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode())
        at += 1 + length
    return ".".join(labels), int.from_bytes(query[at + 1 : at + 3], "big"), at + 5


def answer_to(query: bytes) -> bytes | None:
    """Every name is 127.0.0.1, but to those that are silent there is no answer."""
    name, kind, end = question_of(query)
    if name.startswith("silent"):
        return None
    found = kind == A_RECORD
    header = HEADER.pack(int.from_bytes(query[:2], "big"), 0x8180, 1, int(found), 0, 0)
    record = struct.pack("!HHHIH4B", 0xC00C, A_RECORD, 1, 60, 4, 127, 0, 0, 1)
    return header + query[HEADER.size : end] + (record if found else b"")


@contextmanager
def name_server() -> Iterator[int]:
    """Serves names; gives its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as served:
        served.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                query, client = served.recvfrom(4096)
                if not query:
                    return
                if (answer := answer_to(query)) is not None:
                    served.sendto(answer, client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield served.getsockname()[1]
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", served.getsockname())
            thread.join()


def own_resolver(directory: Path, port: int) -> tuple[str, ...]:
    """The command that becomes another one whose names are served at this port."""
    made = directory / "resolv.conf"
    made.write_text(f"nameserver 127.0.0.1:{port}\n")
    enter = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
    command = ("unshare", "--map-root-user", "--mount", "sh", "-c", enter, str(made))
    tried = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        told = f"this machine lets no test have a resolver of its own: {tried.stderr.strip()}"
        if os.environ.get("CI") == "true":
            pytest.fail(told, pytrace=False)
        pytest.skip(told)
    return command


def test_names_without_an_answer_hold_up_no_other(directory: Path, target: RecordingTarget) -> None:
    port = target.url.rpartition(":")[2]
    urls = {name: f"http://{name}.example:{port}" for name in SILENT}
    config = config_of(urls | {"named": f"http://named.example:{port}"})
    with (
        name_server() as names,
        serving(directory, config, http="off", within=own_resolver(directory, names)) as server,
        server.channel() as channel,
    ):
        api = GoogleGrpc(channel)
        for name in SILENT:
            schedule(api, LOCATION, name)
        for _ in range(60):
            schedule(api, LOCATION, "named")
        target.wait_for(lambda call: call.path == "/named", count=60, seconds=10)
        # What is under way would be waited for.
        server.kill()


def test_a_name_of_the_hosts_file_is_called(directory: Path, target: RecordingTarget) -> None:
    port = target.url.rpartition(":")[2]
    config = config_of(
        {"local": f"http://localhost:{port}", "unknown": f"http://no-such-name.invalid:{port}"}
    )
    with serving(directory, config, http="off") as server, server.channel() as channel:
        api = GoogleGrpc(channel)
        schedule(api, LOCATION, "local")
        [failed] = schedule(api, LOCATION, "unknown")
        target.wait_for(lambda call: call.path == "/local")
        name = f"{LOCATION}/operations/{failed}"
        found = until(
            lambda: api.call("GetOperation", {"name": name}).get("error"), "the other one fails"
        )
        assert "the name no-such-name.invalid is unknown" in found["message"]
