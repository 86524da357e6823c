"""A queue service that gives messages of a script once, whatever they hold."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ScriptedQueues(ThreadingHTTPServer):
    """Serves one queue by the SQS protocol; `deleted` has the receipts that it was given."""

    daemon_threads = True

    def __init__(self, messages: list[Any]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.messages = messages
        self.deleted: list[str] = []
        self.asked: list[Mapping[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, method: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        if method == "GetQueueUrl":
            return {"QueueUrl": f"{self.url}/1/{asked['QueueName']}"}
        if method == "DeleteMessageBatch":
            self.deleted += [entry["ReceiptHandle"] for entry in asked["Entries"]]
            return {"Successful": [{"Id": entry["Id"]} for entry in asked["Entries"]]}
        self.asked.append(asked)
        given, self.messages = self.messages, []
        return {"Messages": given}


class Handler(BaseHTTPRequestHandler):
    server: ScriptedQueues
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        method = self.headers["X-Amz-Target"].rpartition(".")[2]
        answer = json.dumps(self.server.answer(method, asked)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def scripted_queues(*messages: Any) -> Iterator[ScriptedQueues]:
    with ScriptedQueues(list(messages)) as queues:
        threading.Thread(target=queues.serve_forever, args=(0.05,), daemon=True).start()
        yield queues
        queues.shutdown()
