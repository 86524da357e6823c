"""A server's doors, and how a client that trusts its certificate goes through them."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from stand.apis.wire import Reply
from stand.certificates import trusting
from stand.tocsin_process import Tocsin, run_tocsin

LARGEST = 3_000_000
"""What the server takes in one message, in bytes."""


def made_certificates(directory: Path, *names: str) -> Path:
    made = directory / "certificates"
    ended = run_tocsin("dev-certs", "--directory", str(made), *names)
    assert ended.status == 0, ended.stderr
    return made


@dataclass(frozen=True)
class Doors:
    server: Tocsin
    certificates: Path

    @staticmethod
    def options(certificates: Path, tls: str = "127.0.0.1:0") -> tuple[str, ...]:
        """The options of `tocsin serve` for TLS, on a free port."""
        files = ("--tls-cert", "server.pem"), ("--tls-key", "server.key")
        paths = [word for option, name in files for word in (option, str(certificates / name))]
        return ("--tls", tls, *paths)

    @property
    def tls_address(self) -> str:
        return self.server.address("tls")

    @property
    def tls_port(self) -> int:
        return int(self.tls_address.rpartition(":")[2])

    @property
    def ca(self) -> Path:
        return self.certificates / "ca.pem"

    def context(self) -> ssl.SSLContext:
        return trusting(self.ca)

    def channel(self, target: str | None = None, *options: tuple[str, Any]) -> grpc.Channel:
        trusted = grpc.ssl_channel_credentials(self.ca.read_bytes())
        return grpc.secure_channel(target or self.tls_address, trusted, options)

    def send(
        self, verb: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """A REST call over TLS."""
        request = urllib.request.Request(
            f"https://localhost:{self.tls_port}{path}",
            None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **(headers or {})},
            method=verb,
        )
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self.context())
        )
        try:
            with opener.open(request, timeout=30) as answer:
                return Reply(answer.status, dict(answer.headers), answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, dict(error.headers), error.read().decode())
