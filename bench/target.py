"""The target that benchmarks fire at: a bare HTTP server on uvloop, in a process of its own.

It answers every POST with an empty 200 and remembers when it came, its id and its instant.
`GET /` tells what came since the last `GET /`, and forgets it.
"""

import asyncio
import json
import re
import time
from datetime import datetime
from typing import cast

import uvloop

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
ID = re.compile(r"\r\nx-request-id: *(\S+)", re.IGNORECASE)
INSTANT = re.compile(r"\r\nx-scheduled-at: *(\S+)", re.IGNORECASE)

came: list[tuple[float, bytes]] = []


class Target(asyncio.Protocol):
    """One connection, with its requests one after the other."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._unread = b""

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while (end := self._unread.find(b"\r\n\r\n")) >= 0:
            head = self._unread[:end]
            length = LENGTH.search(head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._unread) < whole:
                return
            self._unread = self._unread[whole:]
            if head.startswith(b"GET"):
                self._transport.write(told())
            else:
                came.append((time.time(), head))
                self._transport.write(OK)


def told() -> bytes:
    """Answers with [when it came, its id, the instant it was due] of each request."""
    rows = []
    for at, head in came:
        text = head.decode()
        name, instant = ID.search(text), INSTANT.search(text)
        due = datetime.fromisoformat(instant[1]).timestamp() if instant else None
        rows.append((at, name and name[1], due))
    came.clear()
    body = json.dumps(rows).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Target, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
