"""Streams of changes as both wires show them: the same JSON."""

import http.client
import json
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import grpc
from google.protobuf import json_format

from stand.apis.wire import Json
from tocsin_protos.tocsin.v1.watch_service_pb2 import WatchRequest, WatchResponse

WATCH = "/tocsin.v1.WatchService/Watch"
PATIENCE = 20.0


class Watched:
    """What a stream has sent so far; a thread reads it."""

    def __init__(self, responses: Iterator[Json]) -> None:
        self.responses: list[Json] = []
        self.error: Exception | None = None
        self.ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, args=(responses,), daemon=True)
        self._thread.start()

    def _read(self, responses: Iterator[Json]) -> None:
        try:
            for response in responses:
                with self._changed:
                    self.responses.append(response)
                    self._changed.notify_all()
        except Exception as error:
            self.error = error
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def wait_for(self, found: Callable[["Watched"], Any], seconds: float = PATIENCE) -> Any:
        """Returns what is found in the stream, once it is."""
        end = time.monotonic() + seconds
        with self._changed:
            while not (result := found(self)):
                left = end - time.monotonic()
                assert left > 0, f"not in {seconds} s: {self.responses[-3:]} {self.error}"
                assert not self.ended, f"ended before: {self.responses[-3:]} {self.error}"
                self._changed.wait(left)
            return result

    def wait_for_end(self, seconds: float = PATIENCE) -> None:
        self._thread.join(seconds)
        assert self.ended, f"the stream goes on after {seconds} s: {self.responses[-3:]}"

    @property
    def cursor(self) -> str:
        return str(self.responses[-1]["cursor"])

    def rows(self, field: str) -> list[Json]:
        """All rows of a topic, as often as they came."""
        return [row for response in list(self.responses) for row in response.get(field, [])]

    def resets(self) -> list[str]:
        return [each["reset"]["reason"] for each in list(self.responses) if "reset" in each]

    def row(self, field: str, **values: object) -> Json:
        """Waits for a row with these values."""

        def found(self: Watched) -> list[Json]:
            return [row for row in self.rows(field) if values.items() <= row.items()]

        return dict(self.wait_for(found)[-1])

    def closing(self) -> Json:
        self.wait_for_end()
        return dict(self.responses[-1]["closing"])


@contextmanager
def watching_grpc(
    address: str, request: Json, authorization: str | None = None
) -> Iterator[Watched]:
    metadata = [] if authorization is None else [("authorization", authorization)]
    with grpc.insecure_channel(address) as channel:
        method = channel.unary_stream(
            WATCH, WatchRequest.SerializeToString, WatchResponse.FromString
        )
        call = method(json_format.ParseDict(request, WatchRequest()), metadata=metadata)
        watched = Watched(json_format.MessageToDict(response) for response in call)
        try:
            yield _begun(watched)
        finally:
            call.cancel()


@contextmanager
def watching_rest(
    address: str, request: Json, authorization: str | None = None
) -> Iterator[Watched]:
    connection = http.client.HTTPConnection(address, timeout=60)
    headers = {} if authorization is None else {"authorization": authorization}
    query = urllib.parse.urlencode(request, doseq=True)
    connection.request("GET", f"/tocsin/v1/watch?{query}", headers=headers)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    assert answer.headers["content-type"] == "text/event-stream"
    watched = Watched(_events(answer))
    try:
        yield _begun(watched)
    finally:
        with suppress(OSError):
            connection.close()


def _events(answer: http.client.HTTPResponse) -> Iterator[Json]:
    """Yields the data of server-sent events."""
    with suppress(ValueError, AttributeError):  # the test has closed it
        for line in answer:
            text = line.decode().rstrip("\n")
            if text.startswith("data: "):
                yield json.loads(text.removeprefix("data: "))
            else:
                assert not text, text


def _begun(watched: Watched) -> Watched:
    watched.wait_for(lambda each: each.responses)
    return watched
