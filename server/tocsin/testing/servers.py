"""Runs the server of each test."""

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from tocsin.testing.child import Child
from tocsin.testing.failure import TocsinError
from tocsin.testing.instants import write_instant

# The settings of targets, with what stands for the id in their URLs.
TARGETS = {
    "function": "function_id",
    "container": "container_id",
    "workflow": "workflow_id",
    "websocket_broadcast": "gateway_id",
}

DATABASE = "tocsin.db"


class Serving(Protocol):
    """A server while one test uses it."""

    grpc: str

    def rest(self, now: datetime) -> str:
        """Returns HOST:PORT of REST."""

    def restart(self, now: datetime) -> None:
        """Stops the server, and starts it on the same data with this time."""

    def integrate(self, integration: str) -> None:
        """Lets an integration be scheduled."""

    def end(self) -> None:
        """Ends the test's use of the server."""


class OwnServer:
    """A server that starts for a test, with a database of its own."""

    def __init__(self, child: Child, folder: Path, target: str, start: datetime) -> None:
        self._child = child
        self._folder = folder
        self._settings: dict[str, Any] = {
            "listen": "127.0.0.1:0",
            "http": "off",
            "database": f"sqlite:///{folder / DATABASE}",
            "clock": "manual",
            "targets": {
                kind: f"{target}/{kind}/{{{identifier}}}" for kind, identifier in TARGETS.items()
            },
            "integrations": {},
        }
        self._target = target
        self._http = "off"
        self.grpc = ""
        self._start(start)

    def rest(self, now: datetime) -> str:
        if self._http == "off":
            self._settings["http"] = "127.0.0.1:0"
            try:
                self.restart(now)
            except TocsinError:
                # Where Envoy can't run, the test still has gRPC.
                self._settings["http"] = "off"
                self._start(now)
                raise
        return self._http

    def restart(self, now: datetime) -> None:
        self._child.ask("stop")
        self._start(now)

    def integrate(self, integration: str) -> None:
        integrations = self._settings["integrations"]
        if integration not in integrations:
            integrations[integration] = {
                "triggers": [f"api_trigger/{integration}"],
                "url": f"{self._target}/integration/{integration}",
            }
            self._child.ask("use", settings=self._settings)

    def end(self) -> None:
        try:
            self._child.ask("stop")
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, now: datetime) -> None:
        self._settings["clock_start"] = write_instant(now)
        addresses = self._child.ask("start", settings=self._settings)
        self.grpc, self._http = addresses["grpc"], addresses["http"]
        # A restart keeps its addresses: clients of the test have them.
        self._settings["listen"], self._settings["http"] = self.grpc, self._http
