"""Talks to the process that runs servers and makes calls: lines of JSON over its pipes."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from tocsin.testing.failure import TocsinError
from tocsin.testing.instants import as_json

# Of a long log, an error shows the end.
SHOWN_BYTES = 4000
STOP_SECONDS = 10


class Child:
    """Runs `python -m tocsin.testing.process`, which ends when this process does.

    Its log goes to a file. Requests may come from several threads at once.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[dict[str, Any]]] = {}
        self._last = 0
        # Unsafe paths stay out, or a `grpc.py` beside the tests would be imported.
        command = [sys.executable, "-P", "-m", "tocsin.testing.process"]
        with log.open("wb") as stderr:
            self._process = subprocess.Popen(  # noqa: S603 - nothing comes from outside
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=_environment(),
            )
        self._requests, answers = self._process.stdin, self._process.stdout
        self._reader = threading.Thread(
            target=self._read, args=(answers,), name="tocsin-answers", daemon=True
        )
        self._reader.start()

    def ask(self, what: str, **arguments: Any) -> Any:
        """Sends a request, and returns its result.

        Raises:
            TocsinError: the request failed, or the process has ended.
        """
        __tracebackhide__ = True
        answered: Future[dict[str, Any]] = Future()
        with self._lock:
            number = self._last + 1
            line = json.dumps({"id": number, "ask": what, **arguments}, default=as_json) + "\n"
            self._last = number
            self._waiting[number] = answered
            if self._requests is None or not _write(self._requests, line.encode()):
                self._waiting.pop(number)
                raise self._ended()
        answer = answered.result()
        if "error" in answer:
            raise _failure(answer["error"])
        return answer["result"]

    def call(self, method: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Calls a method of the server by its full name, with JSON.

        Raises:
            TocsinError: the server refused the call, or can't be reached.
        """
        __tracebackhide__ = True
        called: dict[str, Any] = self.ask("call", method=method, request=request)
        return called

    def read(self, file: Path) -> dict[str, Any]:
        """Returns the fields of a YAML or JSON file that creates a trigger.

        Raises:
            TocsinError: the file can't be read, or is wrong; the message has the lines.
        """
        __tracebackhide__ = True
        fields: dict[str, Any] = self.ask("read", file=str(file))
        return fields

    def logged(self, start: int = 0) -> str:
        """Returns what was logged from a position on."""
        with self._log.open("rb") as log:
            log.seek(start)
            return log.read().decode("utf-8", "replace")

    def log_end(self) -> int:
        """Returns the position at which the log ends now."""
        return self._log.stat().st_size

    def close(self) -> None:
        """Ends the process, with the server that it runs."""
        if self._requests is not None:
            # What could not be sent to a process that has ended is tried once more.
            with suppress(BrokenPipeError):
                self._requests.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()

    def _read(self, answers: IO[bytes]) -> None:
        with answers:
            for line in answers:
                answer = json.loads(line)
                with self._lock:
                    waiting = self._waiting.pop(answer["id"])
                waiting.set_result(answer)
        self._process.wait()
        with self._lock:
            left, self._waiting = [*self._waiting.values()], {}
        for waiting in left:
            waiting.set_exception(self._ended())

    def _ended(self) -> TocsinError:
        status = self._process.wait()
        log = self.logged(max(0, self.log_end() - SHOWN_BYTES)).strip() or "(nothing)"
        return TocsinError(f"Tocsin's process ended with status {status}; its log:\n{log}")


def _write(requests: IO[bytes], line: bytes) -> bool:
    """Returns whether somebody reads it."""
    if requests.closed:
        return False
    try:
        requests.write(line)
        requests.flush()
    except BrokenPipeError:
        return False
    return True


def _failure(error: Mapping[str, Any]) -> TocsinError:
    violations = error.get("violations", [])
    told = [f"{each['field']}: {each['description']}" for each in violations] or [error["message"]]
    code = error.get("code", "")
    message = "\n".join(f"{code}: {line}" if code else line for line in told)
    return TocsinError(message, code=code, fields=[each["field"] for each in violations])


def _environment() -> dict[str, str]:
    """Returns this process's variables without TOCSIN_*, which would be settings of the server."""
    is_setting: Callable[[str], bool] = lambda name: name.upper().startswith("TOCSIN_")  # noqa: E731
    kept = {name: value for name, value in os.environ.items() if not is_setting(name)}
    # gRPC reads them when it loads, as for `tocsin serve`.
    return {**kept, "GRPC_ENABLE_FORK_SUPPORT": "false", "GRPC_VERBOSITY": "NONE"}
