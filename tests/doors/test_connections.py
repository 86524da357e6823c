"""How many connections an address has is a setting, and so is who has any number."""

import http.client
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from stand.processes import eventually
from stand.tocsin_process import PATIENCE, serving

PER_ADDRESS = 3
ONE, OTHER = "127.0.0.1", "127.0.0.2"


@contextmanager
def bounded(*settings: str) -> Iterator[str]:
    """Gives the address of REST."""
    config = "\n".join(("[connections]", f"per_address = {PER_ADDRESS}", "exempt = []", *settings))
    with tempfile.TemporaryDirectory() as made, serving(Path(made), config) as server:
        yield server.http_address


def silent(stack: ExitStack, address: str, source: str, number: int) -> list[socket.socket]:
    host, port = address.split(":")
    to = (host, int(port))
    opened = [socket.create_connection(to, PATIENCE, (source, 0)) for _ in range(number)]
    for connection in opened:
        stack.enter_context(connection).setblocking(False)
    return opened


def still_open(connections: list[socket.socket]) -> int:
    def is_open(connection: socket.socket) -> bool:
        try:
            return connection.recv(1) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    return sum(map(is_open, connections))


def is_served(address: str, source: str) -> bool:
    host, port = address.split(":")
    connection = http.client.HTTPConnection(host, int(port), PATIENCE, source_address=(source, 0))
    try:
        connection.request("GET", "/triggers/v1/triggers?folderId=f")
        return connection.getresponse().status == 200
    except (http.client.HTTPException, OSError):
        return False
    finally:
        connection.close()


def test_an_address_has_as_many_as_the_settings_say() -> None:
    with bounded() as address, ExitStack() as stack:
        opened = silent(stack, address, ONE, 2 * PER_ADDRESS)
        eventually(lambda: still_open(opened) <= PER_ADDRESS)
        assert is_served(address, OTHER)


def test_grpc_for_other_machines_counts_with_the_others() -> None:
    settings = f"[connections]\nper_address = {PER_ADDRESS}\nexempt = []\n"
    options = ("--listen", "0.0.0.0:0", "--allow-unauthenticated")
    with (
        tempfile.TemporaryDirectory() as made,
        serving(Path(made), settings, *options) as server,
        ExitStack() as stack,
    ):
        grpc_address = f"{ONE}:{server.grpc_address.rpartition(':')[2]}"
        others = silent(stack, grpc_address, OTHER, PER_ADDRESS)
        opened = silent(stack, server.http_address, ONE, PER_ADDRESS)
        opened += silent(stack, grpc_address, ONE, PER_ADDRESS)
        eventually(lambda: still_open(opened) <= PER_ADDRESS)
        assert still_open(others) == PER_ADDRESS


def test_a_proxy_that_forwards_the_calls_of_many_has_any_number() -> None:
    trusting = (f'trusted_proxies = ["{ONE}/32"]', "forwarded_for = true")
    with bounded(*trusting) as address, ExitStack() as stack:
        its = silent(stack, address, ONE, 4 * PER_ADDRESS)
        opened = silent(stack, address, OTHER, 2 * PER_ADDRESS)
        eventually(lambda: still_open(opened) <= PER_ADDRESS)
        assert is_served(address, ONE)
        assert still_open(its) == len(its)
