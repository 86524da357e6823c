"""A target that closes kept connections without a word loses nothing by it."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.fences.integrations import LOCATION, config_of
from stand.apis.google import GoogleGrpc, schedule
from stand.services.amazon import until
from stand.tocsin_process import serving

EXECUTIONS = 100
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class OnePerConnection(socketserver.StreamRequestHandler):
    """Keeps its connection after an answer, and closes it when the next request comes."""

    def handle(self) -> None:
        if self._read():
            self.wfile.write(ANSWER)
            self.rfile.readline()

    def _read(self) -> bool:
        length = 0
        while (line := self.rfile.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return bool(self.rfile.read(length))


class Server(socketserver.ThreadingTCPServer):
    request_queue_size = 128
    daemon_threads = True


@contextmanager
def closing_target() -> Iterator[str]:
    with Server(("127.0.0.1", 0), OnePerConnection) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_a_target_that_closes_kept_connections_is_called_once_more(directory: Path) -> None:
    with closing_target() as url:
        # One at a time, so that connections are used again.
        config = f"{config_of({'closes': url})}\n[targets]\nconcurrency_per_target = 1\n"
        with serving(directory, config, http="off") as server, server.channel() as channel:
            api = GoogleGrpc(channel)
            made = [schedule(api, LOCATION, "closes")[0] for _ in range(EXECUTIONS)]

            def ended() -> list[dict[str, object]]:
                found = [
                    api.call("GetOperation", {"name": f"{LOCATION}/operations/{each}"})
                    for each in made
                ]
                return found if all(each.get("done") for each in found) else []

            found = until(ended, "all executions end")
            assert [each["error"] for each in found if "error" in each] == []
            assert "made again on a new one" in server.log.read_text()
